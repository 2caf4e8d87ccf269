"""The networks, and the files that they are kept in."""

import keras
import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy import ndimage

from recon3d_lite import datasets, models  # first: silences TensorFlow

# isort: split
import tensorflow as tf

PICTURES = np.random.default_rng(0).random((3, 64, 64, 4), np.float32)


@pytest.fixture(scope="module")
def tiny():
    keras.utils.set_random_seed(0)
    return models.point_network(points=16, widths=(4, 8), hidden=(8,))


TINY = {"points": 16, "widths": [4, 8], "hidden": [8]}


def test_the_documents_network_is_the_one_it_prints():
    network = models.document_network()
    kinds = [type(layer).__name__ for layer in network.layers]
    assert kinds == ["Conv2D", "MaxPooling2D"] * 3 + ["Flatten"] + ["Dense"] * 4
    assert [layer.filters for layer in network.layers[:6:2]] == [32, 64, 128]
    assert [layer.units for layer in network.layers[7:]] == [512, 256, 128, 3 * 1024]
    assert [layer.activation.__name__ for layer in network.layers[7:]] == ["relu"] * 3 + ["softmax"]
    answer = network(PICTURES).numpy()
    assert answer.shape == (3, 3072)
    np.testing.assert_allclose(answer.sum(1), 1, rtol=1e-5)  # its first fault
    assert (answer > 0).all()


def test_the_point_network_answers_with_points_of_either_sign():
    network = models.point_network()
    answer = network(PICTURES).numpy()
    assert answer.shape == (3, 1024, 3)
    assert (answer < 0).any()
    assert (answer > 0).any()
    assert network.count_params() <= 2_000_000


def test_points_look_where_their_camera_puts_them():
    """Against SciPy's interpolation, with cameras that turn, shift and scale."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.3, 0.3, (2, 50, 3)).astype(np.float32)
    camera = rng.normal(0, 0.3, (2, 8)).astype(np.float32)
    features = rng.normal(size=(2, 8, 8, 5)).astype(np.float32)
    seen = models.Look()([points, camera, features]).numpy()
    for i in range(2):
        A = camera[i].reshape(2, 4) + np.array([[0, 2, 0, 0], [0, 0, -2, 0]])
        uv = points[i] @ A[:, :3].T + A[:, 3]
        np.testing.assert_allclose(seen[i, :, 5:], uv, atol=1e-5)
        where = ((uv[:, ::-1] + 1) * 4 - 0.5).clip(0, 6.999).T  # row, column
        for c in range(5):
            expected = ndimage.map_coordinates(features[i, ..., c], where, order=1)
            np.testing.assert_allclose(seen[i, :, c], expected, atol=1e-3)


def test_where_a_point_looks_can_be_learned():
    """The gradient with respect to the points, against differences: a linear ramp has the slope of its features."""
    ramp = tf.constant(np.linspace(0, 7, 8, dtype=np.float32)[None, None, :, None] * np.ones((1, 8, 1, 1), np.float32))
    points, camera = tf.constant([[[0.1, 0.05, -0.02]]]), tf.zeros((1, 8))
    with tf.GradientTape() as tape:
        tape.watch([points, camera])
        value = models.Look()([points, camera, ramp])[0, 0, 0]
    to_points, to_camera = tape.gradient(value, [points, camera])
    np.testing.assert_allclose(to_points[0, 0], [0, 8, 0], atol=1e-4)  # u = 2y, four cells to a unit of u
    np.testing.assert_allclose(to_camera[0, :4], 4 * np.array([0.1, 0.05, -0.02, 1]), atol=1e-4)


def test_points_must_fall_to_the_guesses_evenly():
    with pytest.raises(ValueError, match="points: 30 is no multiple of children, 4"):
        models.point_network(points=30)


def test_each_picture_is_answered_by_itself():
    network = models.point_network()
    np.testing.assert_allclose(network(PICTURES)[1:2], network(PICTURES[1:2]), atol=1e-5)


def test_every_weight_has_a_say(tiny):
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.square(tiny(PICTURES)))
    for weight, gradient in zip(tiny.trainable_weights, tape.gradient(value, tiny.trainable_weights), strict=True):
        assert gradient is not None, weight.path
        assert np.abs(gradient).max() > 0, weight.path


def test_saved_weights_come_back_rounded_to_float16(tiny, tmp_path):
    models.save(tiny, tmp_path / "w.safetensors", TINY, {"per_category": 3, "categories": ["mug"]})
    back = models.load(tmp_path / "w.safetensors")
    for a, b in zip(tiny.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_array_equal(a.astype(np.float16), b)
    np.testing.assert_allclose(tiny(PICTURES), back(PICTURES), atol=2e-3)
    assert models.recipe(tmp_path / "w.safetensors") == {"per_category": 3, "categories": ("mug",)}
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


@pytest.mark.parametrize(("kind", "answer"), [("points", (1024, 3)), ("voxels", (32, 32, 32))])
def test_the_shipped_weights_load_and_are_small(kind, answer):
    path = models.SHIPPED[kind]
    assert path.stat().st_size <= 5e6
    network = models.load(kind=kind)
    assert network.output_shape == (None, *answer)
    assert network.count_params() <= 2_500_000
    assert path.with_suffix(".md").is_file()
    assert models.recipe(kind=kind)["per_category"] > 0
    assert datasets.Recipe(**models.recipe(kind=kind)).voxels == (32 if kind == "voxels" else 0)


def test_all_shipped_weights_together_are_small():
    assert sum(path.stat().st_size for path in models.SHIPPED.values()) <= 16e6


def broken(tmp_path, tiny, how):
    path = tmp_path / "w.safetensors"
    models.save(tiny, path, TINY)
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    if how == "empty":
        path.write_bytes(b"")
    if how == "garbage":
        path.write_bytes(b"\x93NUMPY and then nothing that makes sense" * 10)
    if how == "another architecture":
        models.save(tiny, path, TINY | {"widths": [4, 12]})
    if how == "another package's":
        save_file({"w": np.zeros(3, np.float32)}, path)
    if how == "arguments that make no network":
        models.save(tiny, path, TINY | {"colour": 3})
    return path


@pytest.mark.parametrize(
    "how",
    [
        "truncated",
        "empty",
        "garbage",
        "another architecture",
        "another package's",
        "arguments that make no network",
    ],
)
def test_bad_weights_are_named(tiny, tmp_path, how):
    path = broken(tmp_path, tiny, how)
    with pytest.raises(ValueError, match=r"w\.safetensors: ") as caught:
        models.load(path)
    assert len(str(caught.value).splitlines()) == 1


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        models.load(tmp_path / "none.safetensors")


def test_a_failed_write_leaves_the_old_file(tiny, tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    models.save(tiny, path, TINY)
    before = path.read_bytes()

    write = type(path).write_bytes

    def full(self, data):
        write(self, data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "write_bytes", full)
    with pytest.raises(OSError, match=r"w\.safetensors: could not be written"):
        models.save(tiny, path, TINY)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_only_this_packages_networks_are_saved(tmp_path):
    other = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)], name="other")
    with pytest.raises(ValueError, match="other"):
        models.save(other, tmp_path / "w.safetensors")


def test_a_compiled_network_answers_as_the_network_does():
    model = models.point_network(points=64, widths=(8, 16), hidden=(32,))
    pictures = np.random.default_rng(0).random((3, 64, 64, 4), np.float32)
    np.testing.assert_allclose(models.compiled(model)(pictures), model(pictures, training=False), atol=1e-5)
    assert models.compiled(model)(pictures[:1]).shape == (1, 64, 3)
    model.set_weights([weight * 2 for weight in model.get_weights()])
    np.testing.assert_allclose(models.compiled(model)(pictures), model(pictures, training=False), atol=1e-4)

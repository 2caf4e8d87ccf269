"""Voxels from the set to the score: frames, mirror images, losses, the network, and what it is compared with."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from recon3d_lite import camera, datasets, evaluation, losses, metrics, models, pipeline, solids, training

TINY = {"widths": (4, 8), "hidden": (16,), "volume": 16, "features": 4}


@pytest.fixture(scope="module")
def solid(tmp_path_factory):
    """60 chairs and mugs with voxels, of two views."""
    recipe = datasets.Recipe(per_category=30, assemblies=0, categories=("chair", "mug"), points=128, voxels=16)
    return datasets.procedural(recipe, cache=tmp_path_factory.mktemp("solid"), progress=False)


# --- sets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", [0, 1])
def test_a_sets_voxels_are_the_mesh_turned_to_the_viewer(solid, view):
    recipe = datasets.Recipe(per_category=30, assemblies=0, categories=("chair", "mug"), points=128, voxels=16)
    for i in (0, 41):
        mesh = recipe.shape(i).mesh.copy()
        mesh.vertices = camera.to_viewer(mesh.vertices, solid.azimuth[i, view])
        expected = solids.occupied(mesh, solids.grid(16).reshape(-1, 3)).reshape(16, 16, 16)
        found = solid[i : i + 1].occupancy(view)[0]
        assert found.any()
        # points that stand for the surface and directions to the sky are others on a turned mesh
        assert metrics.iou(found, expected) > 0.85


def test_points_and_voxels_of_a_set_are_of_one_frame(solid):
    grown = np.stack(
        [tf.nn.max_pool3d(g[None, ..., None].astype("f"), 3, 1, "SAME")[0, ..., 0] for g in solid.occupancy()]
    )
    cells = np.floor((solid.in_view(128) + 0.5) * 16).astype(int).clip(0, 15)
    on = np.mean([grid[tuple(cell.T)] for grid, cell in zip(grown, cells, strict=True)])
    elsewhere = np.mean([grid[tuple(cell.T)] for grid, cell in zip(grown[::-1], cells, strict=True)])
    print(on, elsewhere)
    assert on > 0.95
    assert elsewhere < 0.9


def test_splits_and_parts_keep_the_voxels(solid):
    test = solid.split("test")
    assert test.voxels.shape == (2, 2, 16, 16, 2)
    np.testing.assert_array_equal(solid[np.array([3, 5])].occupancy(1)[1], solid.occupancy(1)[5])
    with pytest.raises(ValueError, match=r"no voxels; ask for them: Recipe\(voxels=32\)"):
        replace(solid, voxels=None).occupancy()
    with pytest.raises(ValueError, match=r"voxels: 12; accepted: 0 for none, or a multiple of 8"):
        datasets.Recipe(voxels=12)


def test_ones_own_meshes_get_voxels(tmp_path):
    (tmp_path / "boxes").mkdir()
    trimesh.creation.box((0.4, 0.4, 0.8)).export(tmp_path / "boxes" / "a.ply")
    found = datasets.mesh_folder(tmp_path, voxels=16, points=128).occupancy()[0]
    high = np.ptp(np.flatnonzero(found.any((0, 1)))) + 1
    assert abs(high / 16 - 0.8 / np.linalg.norm((0.4, 0.4, 0.8))) < 1 / 16
    assert datasets.mesh_folder(tmp_path, points=128).voxels is None


# --- batches ----------------------------------------------------------------------------------------------------


def test_batches_hold_the_voxels_of_the_view_that_is_shown(solid):
    known = {solid.sample(i, v).picture.tobytes(): solid.occupancy(v)[i] for i in range(len(solid)) for v in (0, 1)}
    for pictures, voxels in pipeline.batches(solid, 20, steps=3, truth="voxels", augmented=False):
        for picture, grid in zip(pictures.numpy(), voxels.numpy(), strict=True):
            np.testing.assert_array_equal(grid, known[picture.tobytes()])
    with pytest.raises(ValueError, match=r"truth: the set has no voxels; ask for them: Recipe\(voxels=32\)"):
        pipeline.batches(replace(solid, voxels=None), 20, steps=3, truth="voxels")


def test_a_mirrored_picture_has_mirrored_voxels(solid):
    """The same seeds mirror points and voxels of the same samples."""
    pictures, seed = solid.pictures[:, 0].astype(np.float32) / 255, tf.constant([0, 1], tf.int64)
    X, v = solid.in_view(128), solid.occupancy().astype(np.float32)
    moved, points = pipeline.augment(tf.constant(pictures), tf.constant(X), seed)
    again, voxels = pipeline.augment(tf.constant(pictures), tf.constant(v), seed)
    np.testing.assert_array_equal(moved, again)
    turned = points.numpy()[:, 0, 1] * X[:, 0, 1] < 0
    assert 10 < turned.sum() < 50
    np.testing.assert_array_equal(voxels.numpy()[turned], v[turned][:, :, ::-1])
    np.testing.assert_array_equal(voxels.numpy()[~turned], v[~turned])


# --- losses and scores ------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 8))
def test_cross_entropy_is_its_formula(seed, weight):
    rng = np.random.default_rng(seed)
    v, z = (rng.random((2, 4, 4, 4)) < 0.3).astype(float), rng.normal(size=(2, 4, 4, 4))
    p = 1 / (1 + np.exp(-z))
    expected = -(weight * v * np.log(p) + (1 - v) * np.log(1 - p)).mean((1, 2, 3))
    np.testing.assert_allclose(losses.cross_entropy(v, tf.constant(z), weight), expected, rtol=1e-6)


@pytest.mark.parametrize("loss", [losses.cross_entropy, losses.dice])
def test_gradients_are_the_numerical_ones(loss):
    rng = np.random.default_rng(0)
    v, z = (rng.random((1, 2, 2, 2)) < 0.5).astype(float), rng.normal(size=(1, 2, 2, 2))
    theory, numerical = tf.test.compute_gradient(lambda x: loss(v, x), [tf.constant(z)])
    np.testing.assert_allclose(theory[0], numerical[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"must have the same shape \(batch, \.\.\.\)"):
        loss(v, tf.zeros((1, 2, 2, 3)))


def test_dice_does_not_care_how_much_is_empty():
    v = np.zeros((1, 8, 8, 8), np.float32)
    v[0, 2:4, 2:4, 2:4] = 1
    z = np.where(v > 0, 2.0, -30.0)
    padded = [np.pad(a, ((0, 0), (0, 8), (0, 0), (0, 0)), constant_values=c) for a, c in ((v, 0), (z, -30))]
    z, padded = tf.constant(z), [padded[0], tf.constant(padded[1])]
    np.testing.assert_allclose(losses.dice(v, z), losses.dice(*padded), rtol=1e-6)
    less = losses.cross_entropy(*padded) / losses.cross_entropy(v, z)
    assert float(less[0]) == pytest.approx(0.5, rel=1e-5)


def test_iou_of_shifted_cubes_and_of_emptiness():
    a, b = np.zeros((8, 8, 8), bool), np.zeros((8, 8, 8), bool)
    a[0:4, 0:4, 0:4] = b[2:6, 0:4, 0:4] = True
    assert metrics.iou(a, b) == pytest.approx(2 / 6)
    assert metrics.iou(a & ~a, b & ~b) == 1
    assert metrics.iou(np.stack([a, b]), np.stack([a, a])).shape == (2,)
    with pytest.raises(ValueError, match=r"must both be bool, of one shape"):
        metrics.iou(a, b.astype(float))


# --- the network ------------------------------------------------------------------------------------------------


def test_the_voxel_network_learns_one_shape(solid):
    one = solid[np.zeros(16, int)]
    one = replace(one, pictures=one.pictures[:, :1], voxels=one.voxels[:, :1], azimuth=one.azimuth[:, :1])
    network = models.voxel_network(voxels=16, **TINY)
    training.fit(network, one, steps=150, batch_size=16, learning_rate=1e-2, loss=losses.cross_entropy,
                 augmented=False, every=150, progress=False)  # fmt: skip
    found = training.predict(network, one[:1]) > 0
    assert metrics.iou(found, one[:1].occupancy())[0] > 0.9


def test_cells_look_where_they_would_be_seen():
    """With the code silenced, a change at the picture's left side changes logits on that side alone."""
    network = models.voxel_network(voxels=16, features=4, volume=16, widths=(4, 8), hidden=(16,))
    for name in ("latent", "camera"):
        layer = network.get_layer(name)
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    picture = np.ones((1, 64, 64, 4), np.float32)
    other = picture.copy()
    other[:, :, :8] = 0
    change = np.abs(np.asarray(network(other)) - network(picture))[0].max((0, 2))  # along y: left in the picture is -y
    assert change[:4].max() > 0
    np.testing.assert_allclose(change[8:], 0, atol=1e-6)


def test_the_voxel_network_is_saved_and_loaded(tmp_path):
    arguments = {"voxels": 16, **TINY}
    network = models.voxel_network(**arguments)
    models.save(network, tmp_path / "v.safetensors", arguments)
    picture = np.random.default_rng(0).random((2, 64, 64, 4), np.float32)
    np.testing.assert_allclose(models.load(tmp_path / "v.safetensors")(picture), network(picture), atol=0.02)
    with pytest.raises(ValueError, match=r"voxels: 24; accepted: powers of two from 16 on"):
        models.voxel_network(voxels=24)


def test_a_network_borrows_what_fits_and_nothing_else():
    source, network = models.point_network(points=16, widths=(4, 8), hidden=(16,)), models.voxel_network(**TINY)
    before = network.get_layer("latent").get_weights()
    names = models.borrow(network, source)
    assert {"level0", "level1_down", "level1_a", "level1_b", "level1_code", "hidden0"} <= set(names)
    assert "latent" not in names
    np.testing.assert_array_equal(network.get_layer("level0").kernel, source.get_layer("level0").kernel)
    np.testing.assert_array_equal(network.get_layer("latent").get_weights()[0], before[0])
    assert "level1_a" not in models.borrow(models.voxel_network(**(TINY | {"widths": (4, 16)})), source)


# --- what it is compared with -----------------------------------------------------------------------------------


def test_copied_voxels_are_of_the_training_set(solid):
    train, test = solid.split("train"), solid.split("test")
    rows = evaluation.copied_voxels(train, test)
    truth = test.occupancy()
    grids = np.concatenate([train.occupancy(0), train.occupancy(1)])
    best = [max(metrics.iou(grid, t) for grid in grids) for t in truth]
    np.testing.assert_allclose(metrics.iou(rows["oracle"], truth), best)
    shape, view = evaluation.retrieve(train, test)
    np.testing.assert_array_equal(rows["retrieval"][0], train.occupancy(int(view[0]))[shape[0]])
    assert (rows["average"][0] == rows["average"][1]).all()
    assert rows["average"].any()
    known = evaluation.copied_voxels(test, test)
    np.testing.assert_array_equal(known["oracle"], truth)
    np.testing.assert_array_equal(known["retrieval"], truth)


def test_a_level_is_found_again():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 8, 8, 8))
    level = evaluation.choose_level(values, values > 1.0)
    assert metrics.iou(values > level, values > 1.0).mean() > 0.93


def test_a_table_of_voxels(solid):
    train, test = solid.split("train"), solid.split("test")
    result = evaluation.evaluate_voxels({"network": test.occupancy()}, train, test)
    assert result["overall"]["network"] == {"iou": 1.0, "iou_median": 1.0}
    assert list(result["overall"]) == ["n", "network", "average", "retrieval", "oracle"]
    assert "1.000" in evaluation.table(result).splitlines()[1]


def test_the_shipped_voxels_are_better_than_one_grid_for_all(tmp_path):
    """On shapes of another seed; the card has retrieval and oracle of the whole training set beside it."""
    recipe = datasets.Recipe(per_category=6, assemblies=0, views=1, points=64, voxels=32, seed=7)
    data = datasets.procedural(recipe, cache=tmp_path, progress=False)
    truth = data.occupancy()
    found = training.predict(models.load(kind="voxels"), data) > 0
    average = evaluation.copied_voxels(data, data)["average"]
    print(metrics.iou(found, truth).mean(), metrics.iou(average, truth).mean())
    assert metrics.iou(found, truth).mean() > 1.4 * metrics.iou(average, truth).mean()
    assert metrics.iou(found, truth).mean() > 0.35


def test_the_readme_quotes_the_card():
    card = models.SHIPPED["voxels"].with_suffix(".md").read_text()
    overall = next(line.split() for line in card.splitlines() if line.startswith("overall"))
    said = (Path(__file__).parents[1] / "README.md").read_text()
    said = said[said.index('With `as_="voxels"`') :].split("\n\n")[0]
    assert re.findall(r"\b0\.\d{3}\b", said) == overall[2:]
    assert f"On {overall[1]} held-out" in said

"""Points from several pictures: the batches, the network, its answers, and the way from photographs to them."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial import cKDTree

from recon3d_lite import camera, datasets, models, pipeline, training
from recon3d_lite.__main__ import main
from recon3d_lite.reconstruction import reconstruct

# isort: split
import keras
import tensorflow as tf

RECIPE = datasets.Recipe(per_category=20, assemblies=0, categories=("chair", "mug"), views=5, points=512)
TINY = {"points": 64, "widths": (8, 16), "hidden": (32,), "features": 8, "local": 16}


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """40 chairs and mugs in five views."""
    return datasets.procedural(RECIPE, tmp_path_factory.mktemp("cache"), jobs=1, progress=False)


def network(pooling="mean", noise=0.1):
    """A small one whose answer depends on everything it is told, turns too."""
    keras.utils.set_random_seed(0)
    model, rng = models.views_network(**TINY, pooling=pooling), np.random.default_rng(0)
    model.set_weights([w + rng.normal(0, noise, w.shape) for w in model.get_weights()])
    return model


def seen(data, views=4, known=True):
    return data.pictures[:, :views].astype(np.float32) / 255, pipeline.turns(data.azimuth[:, :views], known)


# --- batches ----------------------------------------------------------------------------------------------------


def test_batches_hold_views_of_one_shape_their_turns_and_the_shape_before_the_first(several):
    known = {several.sample(i, v).picture.tobytes(): (i, v) for i in range(len(several)) for v in range(5)}
    counts, told = set(), []
    kwargs = {"steps": 12, "points": 64, "augmented": False, "views": (1, 2, 5)}
    for (pictures, turns), points in pipeline.batches(several, 20, **kwargs):
        assert pictures.shape == (20, turns.shape[1], 64, 64, 4)
        assert points.shape == (20, 64, 3)
        counts.add(turns.shape[1])
        for some, turn, cloud in zip(pictures.numpy(), turns.numpy(), points.numpy(), strict=True):
            shape, view = zip(*(known[picture.tobytes()] for picture in some), strict=True)
            assert len(set(shape)) == 1
            assert len(set(view)) == len(view)
            truth = several.sample(shape[0], view[0]).points
            assert cKDTree(truth).query(cloud)[0].max() < 1e-6
            angle = several.azimuth[shape[0], list(view)] - several.azimuth[shape[0], view[0]]
            right = np.stack([np.cos(angle), np.sin(angle)], 1)
            np.testing.assert_allclose(turn[0], [1, 0], atol=1e-6)
            if len(view) > 1:
                told.append(bool(turn[1:].any()))
                np.testing.assert_allclose(turn[1:], right[1:] if told[-1] else 0, atol=1e-5)
    assert counts == {1, 2, 5}
    assert 0.5 < np.mean(told) < 0.85  # a third is not told


def test_batches_of_views_resume_and_are_shared_as_others_are(several):
    def collect(**kwargs):
        found = pipeline.batches(several, 16, points=64, views=(1, 2, 3), **kwargs)
        return [(p.numpy(), t.numpy(), x.numpy()) for (p, t), x in found]

    whole = collect(steps=6)
    for expected, found in zip(whole[4:], collect(start=4, steps=6), strict=True):
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_array_equal(a, b)
    shares = [collect(steps=6, share=(worker, 4)) for worker in range(4)]
    for k, batch in enumerate(whole):
        for i, expected in enumerate(batch):
            np.testing.assert_allclose(np.concatenate([share[k][i] for share in shares]), expected, atol=1e-3)


def test_views_of_one_shape_are_mirrored_together_with_turns_and_points_and_lit_each_on_its_own(several):
    kwargs = {"steps": 1, "points": 64, "views": (3,)}
    (plain, turns), points = next(iter(pipeline.batches(several, 32, **kwargs, augmented=False)))
    (moved, moved_turns), moved_points = next(iter(pipeline.batches(several, 32, **kwargs)))
    mirrored = (moved_points[..., 1].numpy() == -points[..., 1].numpy()).all(1)
    assert 8 < mirrored.sum() < 24
    sign = np.where(mirrored, -1, 1)[:, None]
    np.testing.assert_array_equal(moved_points[..., 1], points[..., 1] * sign)
    np.testing.assert_array_equal(moved_turns[..., 0], turns[..., 0])
    np.testing.assert_array_equal(moved_turns[..., 1], turns[..., 1] * sign)
    alpha, new = plain.numpy()[..., 3], moved.numpy()[..., 3]
    wrong = []
    for old, fresh, flip in zip(alpha, new, mirrored, strict=True):
        for a, b in zip(old, fresh, strict=True):
            right, other = (a[:, ::-1], a) if flip else (a, a[:, ::-1])
            if np.abs(right - other).mean() > 0.1:  # a picture that is its own mirror image tells nothing
                wrong.append(np.abs(b - right).mean() > np.abs(b - other).mean())
    assert len(wrong) > 20
    assert not any(wrong)
    inside = np.stack([p[a > 0.9].mean(0) for p, a in zip(moved.numpy()[:, :, ..., :3].reshape(-1, 64, 64, 3),
                                                          new.reshape(-1, 64, 64), strict=True)])  # fmt: skip
    before = np.stack([p[a > 0.9].mean(0) for p, a in zip(plain.numpy()[..., :3].reshape(-1, 64, 64, 3),
                                                           alpha.reshape(-1, 64, 64), strict=True)])  # fmt: skip
    change = (inside - before).mean(1).reshape(-1, 3)
    assert np.abs(np.corrcoef(change.T)[0, 1]) < 0.7  # one light for all views would make it 1


def test_a_single_picture_is_changed_as_it_was(several):
    """Pictures (B, 1, H, W, 4) and (B, H, W, 4) are drawn the same numbers."""
    pictures, _ = seen(several, 1)
    seed, points = tf.constant([0, 1], tf.int64), tf.constant(several.in_view(64))
    one, moved = pipeline.augment(tf.constant(pictures[:, 0]), points, seed)
    same, moved_too = pipeline.augment(tf.constant(pictures), points, seed)
    np.testing.assert_array_equal(same[:, 0], one)
    np.testing.assert_array_equal(moved, moved_too)


@pytest.mark.parametrize("views", [(0, 1), (6,)])
def test_more_views_than_there_are_are_refused(several, views):
    with pytest.raises(ValueError, match=r"views: .* accepted: for points, numbers from 1 to 5"):
        pipeline.batches(several, 16, steps=1, points=64, views=views)


# --- the network ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_with_one_picture_and_borrowed_weights_it_begins_as_the_single_view_network(several, pooling):
    single, model = models.load(), models.views_network(pooling=pooling)
    names = models.borrow(model, single)
    assert {layer.name for layer in single.layers if layer.get_weights()} == set(names)
    found = training.predict(model, several[:4], views=1)
    np.testing.assert_allclose(found, training.predict(single, several[:4]), atol=1e-5)
    assert np.abs(training.predict(model, several[:4], views=2) - found).max() > 0.01


@pytest.mark.parametrize("pooling", models.POOLINGS)
@pytest.mark.parametrize("known", [True, False])
def test_the_order_of_the_others_does_not_matter(several, pooling, known):
    answer = models.compiled(network(pooling))
    pictures, turns = seen(several[:6], 5, known)
    expected = answer(pictures, turns).numpy()
    order = [0, 3, 1, 4, 2]
    np.testing.assert_allclose(answer(pictures[:, order], turns[:, order]), expected, atol=1e-5)
    first = pipeline.turns(several.azimuth[:6, 4::-1], known)
    assert np.abs(answer(pictures[:, ::-1], first) - expected).max() > 0.01  # but which is first does
    assert np.abs(answer(pictures[:, :4], turns[:, :4]) - expected).max() > 1e-3


def test_only_differences_of_azimuths_count(several):
    answer = models.compiled(network())
    pictures, turns = seen(several[:6])
    moved = pipeline.turns(several.azimuth[:6, :4] + 1.3)
    np.testing.assert_allclose(answer(pictures, moved), answer(pictures, turns), atol=1e-4)
    other = several.azimuth[:6, :4] + [0, 0.5, 0, 0]
    assert np.abs(answer(pictures, pipeline.turns(other)) - answer(pictures, turns)).max() > 0.01


def test_guesses_turn_as_the_camera_module_turns_points_and_steps_turn_back():
    rng = np.random.default_rng(0)
    points, azimuth = rng.normal(size=(2, 9, 3)).astype(np.float32), rng.uniform(-3, 3, (2, 4))
    turns = pipeline.turns(azimuth)
    seen_from = models.Turn()([points, turns]).numpy().reshape(2, 4, 9, 3)
    for v in range(4):
        np.testing.assert_allclose(seen_from[:, v], camera.to_viewer(points, azimuth[:, v] - azimuth[:, 0]), atol=1e-5)
    back = models.Turn(back=True)([seen_from.reshape(8, 9, 3), turns]).numpy().reshape(2, 4, 9, 3)
    np.testing.assert_allclose(back, np.repeat(points[:, None], 4, 1), atol=1e-5)


def test_what_a_picture_says_to_the_others_depends_on_both_numbers_of_its_turn(several):
    model = network()
    said = keras.Model(model.inputs, model.get_layer("code_pooled").output)
    pictures, turns = seen(several[:6], 2)
    for i in (0, 1):
        other = turns.copy()
        other[:, 1, i] *= -1
        assert np.abs(said([pictures, other]) - said([pictures, turns])).max() > 1e-2


def test_a_camera_that_is_not_known_is_not_one_that_stands_with_the_first(several):
    unknown = pipeline.turns(several.azimuth[:6, :3], False)
    np.testing.assert_array_equal(unknown, np.broadcast_to(np.float32([[1, 0], [0, 0], [0, 0]]), (6, 3, 2)))
    model, pictures = network(), seen(several[:6], 3)[0]
    beside = np.broadcast_to(np.float32([1, 0]), (6, 3, 2))
    assert np.abs(models.compiled(model)(pictures, unknown) - models.compiled(model)(pictures, beside)).max() > 0.01
    found = training.predict(model, several[:6], views=3, known=False)
    np.testing.assert_allclose(found, models.compiled(model)(pictures, unknown), atol=1e-5)


def test_pictures_without_a_camera_are_not_looked_at_but_count(several):
    """What the guesses see is pooled over known views alone; the code is pooled over all of them."""
    model = network()
    local, code = (keras.Model(model.inputs, model.get_layer(name).output) for name in ("local_pooled", "code_pooled"))
    heard = model.get_layer("code_heard")
    heard.set_weights([np.zeros_like(w) for w in heard.get_weights()])  # so that the first sees what it would alone
    pictures, turns = seen(several[:6], 3, known=False)
    other = pictures.copy()
    other[:, 1:] = other[::-1, 1:]
    np.testing.assert_allclose(local([other, turns]), local([pictures, turns]), atol=1e-5)
    assert np.abs(code([other, turns]) - code([pictures, turns])).max() > 1e-3
    known = pipeline.turns(several.azimuth[:6, :3])
    assert np.abs(local([other, known]) - local([pictures, known])).max() > 1e-3


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_a_view_seen_twice_tells_nothing_new_to_mean_and_max(several, pooling):
    answer = models.compiled(network(pooling))
    pictures, turns = seen(several[:4], 2)
    twice = [np.concatenate([x, x], 1) for x in (pictures, turns)]
    np.testing.assert_allclose(answer(*twice), answer(pictures, turns), atol=1e-5)


def test_pooling_is_what_its_name_says():
    x = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)  # two shapes of three views
    turns = np.tile(np.float32([[1, 0], [0, 0], [0, 1]]), (2, 1, 1))
    views = x.reshape(2, 3, 5, 4)
    np.testing.assert_allclose(models.Pool("mean")([x, turns]), views.mean(1), atol=1e-6)
    np.testing.assert_allclose(models.Pool("max", known=True)([x, turns]), views[:, [0, 2]].max(1), atol=1e-6)
    pool = models.Pool("attention", known=True)
    np.testing.assert_allclose(pool([x, turns]), views[:, [0, 2]].mean(1), atol=1e-6)  # its scores begin at 0
    w = np.float32([[1], [-1], [0.5], [2]])
    pool.score.kernel.assign(w)
    weight = np.exp(views[:, [0, 2]] @ w)
    expected = (weight * views[:, [0, 2]]).sum(1) / weight.sum(1)
    np.testing.assert_allclose(pool([x, turns]), expected, atol=1e-5)
    with pytest.raises(ValueError, match="pooling: 'sum'; accepted: mean, max, attention"):
        models.views_network(pooling="sum")


def test_a_short_training_learns_one_network_for_all_numbers_of_views(several):
    keras.utils.set_random_seed(0)
    model = models.views_network(**TINY)
    before = [training.validate(model, several, views=n) for n in (1, 4)]
    history = training.fit(model, several, steps=60, augmented=False, learning_rate=3e-3, validation=several,
                           progress=False)  # fmt: skip
    after = [training.validate(model, several, views=n) for n in (1, 4)]
    assert history[-1]["validation"] == pytest.approx(after[1], rel=1e-4)
    assert after[0] < 0.8 * before[0]
    assert after[1] < 0.8 * before[1]


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_weights_are_saved_and_loaded(several, tmp_path, pooling):
    model, arguments = network(pooling, 0.03), {**TINY, "pooling": pooling}
    models.save(model, tmp_path / "w.safetensors", arguments)
    again = models.load(tmp_path / "w.safetensors")
    assert models.kind(again) == "views"
    np.testing.assert_allclose(training.predict(again, several[:3]), training.predict(model, several[:3]), atol=0.02)


# --- the shipped weights ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """88 shapes of another seed in eight views, 32 of them of no kind: as many in a hundred as on the card."""
    recipe = datasets.Recipe(per_category=4, assemblies=32, views=8, points=1024, seed=7)
    return datasets.procedural(recipe, tmp_path_factory.mktemp("others"), jobs=1, progress=False)


def test_four_views_beat_one_and_eight_are_no_worse(others):
    model = models.load(kind="views")
    error = {n: training.validate(model, others, views=n) for n in (1, 4, 8)}
    unknown, single = training.validate(model, others, views=4, known=False), training.validate(models.load(), others)
    print(error, unknown, single)
    assert error[4] < 0.85 * error[1]
    assert error[8] < 0.98 * error[4]
    assert error[4] < 0.95 * unknown < 0.95 * error[1]
    assert error[1] < 1.03 * single
    assert models.SHIPPED["views"].stat().st_size < 3.7e6


def test_wrong_cameras_are_worse_than_none(others):
    model = models.load(kind="views")
    rng = np.random.default_rng(0)
    wrong = replace(others, azimuth=rng.uniform(-np.pi, np.pi, others.azimuth.shape).astype(np.float32))
    wrong.azimuth[:, 0] = others.azimuth[:, 0]
    assert training.validate(model, wrong) > 1.1 * training.validate(model, others, known=False)


# --- from pictures, and from the command line -------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(several, tmp_path_factory):
    """Of a network that has learned nothing."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    models.save(network(noise=0.03), path, TINY)
    return path


def test_reconstruct_takes_several_pictures(several, weights):
    pictures = list(several.pictures[3, :3])
    degrees = np.degrees(several.azimuth[3, :3])
    found = reconstruct(pictures, azimuths=degrees, weights=weights)
    assert found.points.shape == (64, 3)
    np.testing.assert_array_equal(found.picture, several.sample(3).picture)
    assert found.mask.shape == (64, 64)
    cutouts = np.stack([reconstruct([picture], weights=weights).cutout for picture in pictures])
    turns = pipeline.turns(several.azimuth[3:4, :3])
    expected = models.compiled(models.load(weights))(cutouts[None], turns)[0]
    np.testing.assert_allclose(found.points, expected, atol=1e-4)
    unknown = reconstruct(pictures, weights=weights).points
    expected = models.compiled(models.load(weights))(cutouts[None], pipeline.turns(turns[..., 0], False))[0]
    np.testing.assert_allclose(unknown, expected, atol=1e-4)
    assert np.abs(unknown - found.points).max() > 1e-3


def test_masks_of_several_pictures_are_a_list(several, weights):
    opaque = [np.ascontiguousarray(picture[..., :3]) for picture in several.pictures[0, :2]]
    masks = list(several.pictures[0, :2, ..., 3] > 127)
    found = reconstruct(opaque, mask=masks, weights=weights)
    np.testing.assert_array_equal(found.mask, masks[0])


PICTURE = np.dstack([np.full((16, 16, 3), 0.5), np.pad(np.ones((8, 8)), 4)])
WRONG = {
    "an empty list": ({"picture": []}, "picture: an empty list; accepted"),
    "too few azimuths": ({"azimuths": [0]}, r"azimuths: \[0\] for 2 pictures; accepted: a number of degrees for each"),
    "an azimuth that is none": ({"azimuths": [0, np.nan]}, "azimuths: .* accepted"),
    "some azimuths unknown": ({"azimuths": [0, None]}, "azimuths: .* accepted"),
    "voxels": ({"as_": "voxels"}, "as_: 'voxels' of a list of pictures; accepted: 'points'"),
    "too few masks": ({"mask": [np.ones((16, 16))]}, "mask: 1 for 2 pictures; accepted"),
    "a box": ({"box": (1, 1, 9, 9)}, "box: given with a list"),
    "azimuths of one picture": ({"picture": PICTURE, "azimuths": [0]}, "azimuths: given for a single picture"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_named(case, weights):
    arguments, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        reconstruct(**{"picture": [PICTURE, PICTURE], "weights": weights} | arguments)


def test_weights_of_one_view_are_refused_for_several(tmp_path):
    models.save(models.point_network(points=16, widths=(4, 8), hidden=(16,)), tmp_path / "w.safetensors",
                {"points": 16, "widths": [4, 8], "hidden": [16]})  # fmt: skip
    with pytest.raises(ValueError, match="point_network, which does not answer with views"):
        reconstruct([PICTURE, PICTURE], weights=tmp_path / "w.safetensors")


def test_the_command_line_trains_scores_and_reconstructs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECON3D_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "v.safetensors"
    train = ["train", "--as", "views", "--steps", "2", "--per-category", "3", "--assemblies", "20", "-o", str(out)]
    assert main(train) == 0
    card = out.with_suffix(".md").read_text()
    assert "train --as views --steps 2 --per-category 3 --assemblies 20`" in card
    assert models.recipe(out)["views"] == 8
    header = next(line for line in card.splitlines() if "retrieval" in line and "1 view" in line)
    assert header.split()[1:] == ["1", "view", "2", "views", "4", "views", "8", "views", "unknown", "retrieval",
                                  "oracle", "floor"]  # fmt: skip
    files = []
    for v in range(2):
        picture = datasets.sample_shape(RECIPE.shape(0), RECIPE.view(0, v))
        files.append(str(tmp_path / f"{v}.png"))
        Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(files[-1])
    capsys.readouterr()
    made = tmp_path / "made.ply"
    assert main(["reconstruct", *files, "--azimuths", "0", "90", "--weights", str(out), "-o", str(made)]) == 0
    assert capsys.readouterr().out == f"{made}: 1024 points\n"
    assert main(["reconstruct", *files, "--azimuths", "0", "--weights", str(out), "-o", str(made)]) == 2
    assert "azimuths: [0.0] for 2 pictures" in capsys.readouterr().err
    assert main(["reconstruct", *files, "--as", "mesh", "-o", str(made)]) == 2
    assert "of a list of pictures; accepted: 'points'" in capsys.readouterr().err


def test_the_readme_quotes_the_card():
    card = models.SHIPPED["views"].with_suffix(".md").read_text()
    overall = next(line for line in card.splitlines() if line.startswith("overall"))
    said = (Path(__file__).parents[1] / "README.md").read_text()
    said = said[said.index("From several pictures") :].split("\n\n")[0]
    quoted = re.findall(r"\b0\.\d{4}\b", overall)[:5]
    assert re.findall(r"\b0\.\d{4}\b", said) == quoted
    one, _, four, eight, unknown = map(float, quoted)
    assert four <= 0.85 * one
    assert eight <= four <= unknown <= one

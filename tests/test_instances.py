"""Scenes, their parts, votes, grouping, average precision, and the shipped network that votes."""

import json
import re
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from sklearn.cluster import DBSCAN

from recon3d_lite import __main__, instances, metrics, models, scenes, shapes

ROOT = Path(__file__).parent.parent


def same(a, b):
    """Whether two labellings make the same groups."""
    pairs = len(np.unique(np.stack([a, b]), axis=1).T)
    return pairs == len(np.unique(a)) == len(np.unique(b))


# --- scenes -------------------------------------------------------------------------------------------------------


def test_a_scene_is_made_from_its_seed():
    a, b, other = scenes.make(5), scenes.make(5), scenes.make(6)
    assert np.array_equal(a.mesh.vertices, b.mesh.vertices)
    assert a.names == b.names
    assert not np.array_equal(a.mesh.vertices[:10], other.mesh.vertices[:10])


@pytest.mark.parametrize("seed", range(6))
def test_objects_stand_on_one_floor_nearly_touching(seed):
    scene = scenes.make(seed)
    points, object, _ = scene.sample(6000, np.random.default_rng(0))
    assert np.linalg.norm(np.ptp(scene.mesh.vertices, axis=0)) == pytest.approx(1)
    assert np.allclose(scene.mesh.bounds.sum(0), 0, atol=1e-6)
    floor = scene.mesh.bounds[0, 2]
    assert 2 <= len(scene.names) <= 6
    assert len(scene.part_names) == scene.part.max() + 1
    for k in range(len(scene.names)):
        own = scene.mesh.vertices[np.unique(scene.mesh.faces[scene.object == k])]
        assert own[:, 2].min() == pytest.approx(floor, abs=1e-6)
        way = cKDTree(points[object != k]).query(points[object == k])[0].min()
        assert 0.0005 < way < 0.13  # a gap, and not a wide one
    for k in range(len(scene.part_names)):
        assert len(np.unique(scene.object[scene.part == k])) == 1  # a part belongs to one object


def test_parts_are_counted_singly_and_keep_their_names():
    shape = shapes.make("chair", 0)
    part, names = scenes.parts_of(shape)
    assert [shape.part_names[k] for k in shape.part] == [names[k] for k in part]
    legs = [np.unique(shape.mesh.faces[part == k]) for k, name in enumerate(names) if name == "leg"]
    assert len(legs) == 4
    centres = np.array([shape.mesh.vertices[own].mean(0) for own in legs])
    assert (np.sign(centres[:, :2]).prod(1)).sum() == 0  # one in each corner
    one = scenes.from_shape(shape)
    assert one.names == ("chair",)
    assert (one.object == 0).all()


def test_many_scenes_are_the_single_ones_side_by_side():
    clouds = scenes.many(3, start=7, styles="held_out", objects=(1, 2), points=50)
    one = scenes.make(8, "held_out", (1, 2)).sample(50, np.random.default_rng([8, 79]))
    for several, single in zip(clouds, one, strict=True):
        assert several.shape[:2] == (3, 50)
        assert np.array_equal(several[1], single)


def test_styles_are_named():
    with pytest.raises(ValueError, match=r"styles: 'new'; known are seen, held_out"):
        scenes.make(0, "new")


# --- cells --------------------------------------------------------------------------------------------------------


def test_cells_hold_the_mean_of_their_points():
    rng = np.random.default_rng(0)
    points, features = rng.uniform(-0.6, 0.6, (2, 300, 3)), rng.normal(size=(2, 300, 5))  # some lie outside
    volume = models.Voxelise(4)([points.astype("f"), features.astype("f")]).numpy()
    cells = np.floor((points + 0.5) * 4).astype(int).clip(0, 3)
    for b in range(2):
        for cell in np.ndindex(4, 4, 4):
            own = features[b][(cells[b] == cell).all(1)]
            assert np.allclose(volume[b][cell], own.mean(0) if len(own) else 0, atol=1e-5)


def test_points_read_what_an_interpolator_reads():
    rng = np.random.default_rng(1)
    volume, points = rng.normal(size=(1, 5, 5, 5, 2)).astype("f"), rng.uniform(-0.39, 0.39, (1, 200, 3)).astype("f")
    centres = (np.arange(5) + 0.5) / 5 - 0.5
    wanted = RegularGridInterpolator((centres,) * 3, volume[0])(points[0])
    assert np.allclose(models.Devoxelise()([points, volume]).numpy()[0], wanted, atol=1e-4)


# --- votes --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(0)
    model = models.vote_network(cells=8, widths=(4, 8), local=8)
    layer = model.get_layer("steps")
    layer.set_weights([np.random.default_rng(0).normal(0, 0.1, w.shape) for w in layer.get_weights()])
    return model


def test_the_order_of_the_points_does_not_matter(small):
    points, order = np.random.default_rng(0).uniform(-0.5, 0.5, (100, 3)), np.random.default_rng(1).permutation(100)
    votes = instances.votes(points, small)
    assert votes.shape == (100, 2, 3)
    assert np.allclose(votes[order], instances.votes(points[order], small), atol=1e-5)


def test_votes_are_in_the_units_of_the_points(small):
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (100, 3))
    moved = instances.votes(40 * points + [3, -5, 7], small)
    assert np.allclose(moved, 40 * instances.votes(points, small) + [3, -5, 7], atol=1e-3)
    for what in instances.HEADS:
        way = (0.05, 3)
        assert same(instances.segment(points, what, small, way), instances.segment(40 * points, what, small, way))


@pytest.mark.parametrize("wrong", [np.zeros((5, 2)), np.full((5, 3), np.nan), np.zeros((5, 3)), np.zeros(3)])
def test_votes_need_a_cloud(small, wrong):
    with pytest.raises(ValueError, match=r"points: .*accepted"):
        instances.votes(wrong, small)
    with pytest.raises(ValueError, match="what: 'legs'"):
        instances.segment(np.eye(3), "legs", small)


def test_middles_follow_the_labels():
    rng = np.random.default_rng(0)
    points, label = rng.normal(size=(50, 3)).astype("f"), rng.integers(-3, 4, 50)
    middles = instances.middles(points, label)
    for k in np.unique(label):
        assert np.allclose(middles[label == k], points[label == k].mean(0), atol=1e-6)


def test_a_batch_depends_on_its_number_alone_and_keeps_what_belongs_together():
    data = scenes.many(4, points=400)
    seen, truth = instances.batch(data, 3, size=4, points=300)
    again, _ = instances.batch(data, 3, size=4, points=300)
    other, _ = instances.batch(data, 4, size=4, points=300)
    assert seen.shape == (4, 300, 3)
    assert truth.shape == (4, 300, 2, 3)
    assert np.array_equal(seen, again)
    assert not np.array_equal(seen, other)
    counts = sorted(len(np.unique(each[:, 0].round(5), axis=0)) for each in truth)
    assert counts == sorted(len(np.unique(label)) for label in data.object)
    off = np.linalg.norm(seen.mean(1) - truth[:, :, 0].mean(1), axis=-1)
    assert off.max() < 0.01  # the mean of the middles, a point each, is the mean of the points


def test_a_batch_turns_and_mirrors_but_does_not_distort(monkeypatch):
    monkeypatch.setattr(instances, "NOISE", 0)
    data = scenes.many(4, points=400)

    def proportions(points):
        spread = np.linalg.eigvalsh(np.cov(points.T))
        return spread / spread.sum()

    wanted = sorted(map(tuple, [proportions(points) for points in data.points]))
    for step in range(6):
        seen, _ = instances.batch(data, step, size=4, points=400)
        assert np.allclose(sorted(map(tuple, [proportions(points) for points in seen])), wanted, atol=1e-4)
        assert np.allclose(np.linalg.norm(np.ptp(seen, axis=1), axis=1), 1, atol=1e-5)


def test_training_lowers_the_loss_and_resumes_to_the_bit(tmp_path):
    data = scenes.many(8, points=128)

    def run(steps, checkpoint=None):
        keras.utils.set_random_seed(0)
        model = models.vote_network(cells=8, widths=(4, 8), local=8)
        return model, instances.fit(model, data, steps=steps, validation=None, batch_size=4, every=10,
                                    checkpoint=checkpoint, progress=False)  # fmt: skip

    model, history = run(40)
    assert history[-1]["loss"] < 0.9 * history[0]["loss"]

    class Stop(Exception):
        pass

    calls, batch = [], instances.batch

    def stops(*args, **options):
        calls.append(1)
        if len(calls) > 25:
            raise Stop
        return batch(*args, **options)

    path = tmp_path / "run.checkpoint"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instances, "batch", stops)
        with pytest.raises(Stop):
            run(40, path)
    resumed, whole = run(40, path)
    assert [row["step"] for row in whole] == [10, 20, 30, 40]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), resumed.get_weights(), strict=True))


def test_a_loss_that_is_no_number_stops_the_training():
    data = scenes.many(4, points=64)
    data.points[:] = np.nan
    model = models.vote_network(cells=8, widths=(4, 8), local=8)
    with pytest.raises(FloatingPointError, match="step 2: the loss is nan"):
        instances.fit(model, data, steps=2, batch_size=2, progress=False)


# --- groups -------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 3, 6]), st.floats(0.03, 0.2))
def test_grouping_is_dbscan_with_nobody_left_over_wherever_the_points_are(seed, least, radius):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 0.03, (80, 3)) + rng.normal(0, 0.3, (4, 3))[rng.integers(4, size=80)]
    library = DBSCAN(eps=radius, min_samples=least).fit(points)
    label = instances.group(points, radius, least)
    core = library.core_sample_indices_
    assert label.min() == 0
    if len(core):
        assert same(label[core], library.labels_[core])
    else:
        assert (label == 0).all()
    turned = Rotation.random(rng=rng).apply(points) + 5
    order = rng.permutation(80)
    assert same(instances.group(turned, radius, least)[core], label[core]) or not len(core)
    assert same(instances.group(points[order], radius, least)[np.argsort(order)][core], label[core]) or not len(core)


def test_a_heap_too_small_to_count_joins_the_nearest():
    points = np.r_[np.zeros(60), np.full(38, 1.0), 1.5, 1.5][:, None]
    assert len(np.unique(instances.group(points, 0.1, 1, share=0))) == 3
    label = instances.group(points, 0.1, 1, share=0.05)
    assert same(label, np.r_[np.zeros(60, int), np.ones(40, int)])
    assert (instances.group(points, 0.1, 1, share=0.7) == 0).all()


def test_choose_takes_what_is_best_for_known_scenes():
    places = [np.float32([[0, 0, 0], [0.1, 0, 0], [0.5, 0, 0], [0.6, 0, 0]])]
    assert instances.choose(places, [np.array([0, 0, 1, 1])], (0.05, 0.2, 0.9), (1,)) == (0.2, 1)
    assert instances.choose(places, [np.array([0, 0, 0, 0])], (0.05, 0.2, 0.9), (1,)) == (0.9, 1)


# --- scores -------------------------------------------------------------------------------------------------------


def slow_average_precision(found, truth, threshold):
    """By the definition, over sets of points: an implementation of its own."""
    things, wanted = [], 0
    for s, (x, y) in enumerate(zip(found, truth, strict=True)):
        asked = [i for i in range(len(y)) if y[i] >= 0]
        for label in sorted({x[i] for i in asked if x[i] >= 0}):
            own = {i for i in asked if x[i] == label}
            things.append((len(own) / len(asked), s, own))
        wanted += len({y[i] for i in asked})
    things.sort(key=lambda thing: -thing[0])
    taken, hits = set(), []
    for _, s, own in things:
        ious = {}
        for label in {k for k in truth[s] if k >= 0} - {k for t, k in taken if t == s}:
            true = {i for i in range(len(truth[s])) if truth[s][i] == label}
            ious[label] = len(own & true) / len(own | true)
        best = max(ious, key=ious.get) if ious else None
        hit = best is not None and ious[best] > threshold
        taken |= {(s, best)} if hit else set()
        hits.append(hit)
    area, best = 0.0, 0.0
    for i in reversed(range(len(hits))):
        best = max(best, sum(hits[: i + 1]) / (i + 1))
        area += hits[i] * best
    return area / wanted


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.05, 0.9))
def test_average_precision_is_that_of_the_definition(seed, threshold):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 60, 3)
    truth = [np.r_[0, rng.integers(-1, rng.integers(1, 6), n - 1)] for n in sizes]
    found = [np.where(rng.random(n) < 0.7, y, rng.integers(-1, 7, n)) for n, y in zip(sizes, truth, strict=True)]
    score = metrics.average_precision(found, truth, threshold)
    assert score == pytest.approx(slow_average_precision(found, truth, threshold))
    assert 0 <= score <= 1
    renamed = [np.where(x < 0, x, 3 * x + 7) for x in found]  # in their order: equal sizes are asked in it
    assert metrics.average_precision(renamed, truth, threshold) == pytest.approx(score)
    assert metrics.average_precision(truth, truth, threshold) == 1
    assert metrics.average_precision(found, truth, 0.9) <= metrics.average_precision(found, truth, 0.5) + 1e-12


def test_scores_of_known_groupings():
    truth = [np.repeat([0, 1], 50)]
    assert instances.scores(truth, truth) == {"ap25": 1, "ap50": 1, "iou": 1}
    assert instances.scores([np.zeros(100, int)], truth) == {"ap25": 0.5, "ap50": 0, "iou": 0.5}  # all is one
    alone = instances.scores([np.arange(100)], truth)
    assert alone == {"ap25": 0, "ap50": 0, "iou": pytest.approx(0.02)}  # each for itself
    halves = instances.scores([np.repeat([0, 1], [30, 70])], [np.zeros(100, int)])
    assert halves["ap25"] == 1  # the larger one is asked first, and what is too many comes after it
    halves = instances.scores([np.repeat([0, 1, 2, 3], [50, 30, 10, 10])], truth)
    assert halves["ap50"] == 1  # what is too many comes last
    assert halves["iou"] == pytest.approx(0.8)


def test_scores_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="found: labels of 1 scenes"):
        metrics.average_precision([[0]], [[0], [0]])
    with pytest.raises(ValueError, match="same points"):
        metrics.average_precision([[0, 1]], [[0]])
    with pytest.raises(ValueError, match="no instance"):
        metrics.average_precision([[0, 1]], [[-1, -1]])
    with pytest.raises(ValueError, match="no instance"):
        metrics.instance_iou([0, 1], [-1, -1])
    assert metrics.average_precision([[-1, -1]], [[0, 0]]) == 0
    assert metrics.instance_iou([-1, -1], [0, 0]) == 0


# --- the shipped network and the commands -------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "objects", "margin"), [("objects", (2, 6), 0.1), ("parts", (1, 1), 0.03)])
def test_the_shipped_network_beats_dbscan_on_new_scenes(what, objects, margin):
    known, test = (scenes.many(20, start, "seen", objects, 1024) for start in (0, 700_000))
    labels = [list(getattr(data, what[:-1])) for data in (known, test)]
    way = instances.choose(list(known.points), labels[0], leasts=(1, 4))
    truth = [instances.large(label) for label in labels[1]]
    found = instances.scores([instances.segment(X, what) for X in test.points], truth)
    by_distance = instances.scores([instances.group(X, *way) for X in test.points], truth)
    assert found["ap50"] > by_distance["ap50"] + margin
    assert found["iou"] > by_distance["iou"]


def test_readme_tells_what_the_card_tells():
    readme, card = " ".join((ROOT / "README.md").read_text().split()), models.SHIPPED["instances"].with_suffix(".md")
    rows = [line.split() for line in card.read_text().splitlines() if re.match(r"(objects|parts), ", line)]
    ap50 = {(row[0], row[1], row[2]): row[-2] for row in rows}
    for what, styles in (("objects,", "seen"), ("objects,", "held_out"), ("parts,", "seen")):
        one, other = (ap50[what, styles, name] for name in ("network", "DBSCAN"))
        assert re.search(rf"{one},? (that of DBSCAN|and) {other}", readme)


def test_all_shipped_weights_stay_within_their_budget():
    assert sum(path.stat().st_size for path in models.SHIPPED.values()) <= 16e6


def test_the_commands_train_and_score(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(__main__, "TEST_SCENES", 2)
    small = partial(models.vote_network, 8, (4, 8), 8)
    monkeypatch.setattr(models, "vote_network", small)
    monkeypatch.setattr(models, "NETWORKS", models.NETWORKS | {"vote_network": small})
    assert __main__.main(["train", "--as", "instances", "--steps", "2", "--scenes", "48"]) == 0
    card = (tmp_path / "instances.md").read_text()
    assert "train --as instances --steps 2 --scenes 48`" in card
    assert not list(tmp_path.glob("*.checkpoint"))
    weights = tmp_path / "instances.safetensors"
    assert set(models.recipe(weights, "instances")) == {"scenes", "objects", "parts"}
    capsys.readouterr()
    command = ["evaluate", "--as", "instances", "--weights", str(weights), "--json", "out.json"]
    assert __main__.main(command) == 0
    result = json.loads((tmp_path / "out.json").read_text())
    assert set(result) == {f"{what}, {styles}" for what in instances.HEADS for styles in ("seen", "held_out")}
    for rows in result.values():
        assert set(rows) == {"network", "DBSCAN", "connected"}
    assert instances.table(result) in card
    assert __main__.main([*command, "--shapes", "."]) == 2
    assert "have no parts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--as", "instances", "--strategy", "mirrored"], "--strategy: 'mirrored'"),
        (["--as", "instances", "--scenes", "29"], "--scenes: 29; accepted: 30 or more"),
        (["--as", "instances", "--per-category", "3"], "give --scenes"),
        (["--as", "voxels", "--scenes", "100"], "--scenes: for --as instances alone"),
    ],
)
def test_the_command_refuses_what_instances_cannot_use(options, said, tmp_path, capsys):
    assert __main__.main(["train", "-o", str(tmp_path / "w.safetensors"), *options]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

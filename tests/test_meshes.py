"""Meshes from a network that is asked about places: the places, the network, the field, the scores, the weights."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, binary_erosion, generate_binary_structure
from scipy.spatial import cKDTree

from recon3d_lite import datasets, evaluation, losses, metrics, models, pipeline, reconstruct, solids, training

# isort: split
import keras
import tensorflow as tf

RECIPE = datasets.Recipe(per_category=20, assemblies=0, categories=("mug", "table"), places=512)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    return datasets.procedural(RECIPE, tmp_path_factory.mktemp("cache"), jobs=1, progress=False)


# --- places -----------------------------------------------------------------------------------------------------


def test_places_are_occupied_where_the_mesh_is_and_half_of_them_near_it(asked):
    assert asked.places.shape == (40, 512, 3)
    for i in (0, 30):
        mesh, places = RECIPE.shape(i).mesh, np.asarray(asked.places[i], float)
        np.testing.assert_array_equal(solids.occupied(mesh, places), np.unpackbits(asked.inside[i]).astype(bool))
        away = cKDTree(mesh.sample(20_000, seed=0)).query(places)[0]
        assert 0.45 < (away < 0.1).mean() < 0.85  # and of those anywhere some by chance
        assert np.abs(places).max() < 0.75


def test_places_turn_with_the_picture(asked):
    places, inside = asked.asked(view=1)
    for i in (0, 30):
        mesh = evaluation.turned(RECIPE.shape(i).mesh, float(asked.azimuth[i, 1]))
        same = solids.occupied(mesh, places[i]) == inside[i]
        assert same.mean() > 0.97  # those at the very surface may differ: it is drawn anew
    with pytest.raises(ValueError, match=r"no places; ask for them: Recipe\(places=4096\)"):
        replace(asked, places=None).asked()
    with pytest.raises(ValueError, match="places: 100; accepted"):
        datasets.Recipe(places=100)


def test_the_recipe_knows_how_each_picture_was_taken(asked):
    """A camera of the recipe draws the very picture, and the set knows which shape is which after a split."""
    part = asked.split("test")
    for i, number in enumerate(part.number):
        shape, view = RECIPE.shape(number), RECIPE.view(number, 1)
        assert part.azimuth[i, 1] == np.float32(view.azimuth)
        drawn = datasets.sample_shape(shape, view)
        np.testing.assert_array_equal(part.pictures[i, 1], np.round(drawn * 255).astype(np.uint8))
        uv, depth = datasets.camera_of(view, shape.mesh).project(part.points[i])
        column, row = np.floor(uv).astype(int).T
        assert (depth > 0).all()
        assert (drawn[row, column, 3] > 0).mean() > 0.9  # the rest lies on an edge


def test_batches_hold_places_of_the_view_that_is_shown(asked):
    known = {asked.sample(i, v).picture.tobytes(): (i, v) for i in range(len(asked)) for v in (0, 1)}
    for (pictures, places), inside in pipeline.batches(asked, 20, steps=2, truth="places", points=64, augmented=False):
        assert places.shape == (20, 64, 3)
        assert inside.shape == (20, 64)
        for picture, asked_at, said in zip(pictures.numpy(), places.numpy(), inside.numpy(), strict=True):
            i, v = known[picture.tobytes()]
            all_places, all_inside = (x[i] for x in asked.asked(v))
            away, which = trimesh.PointCloud(all_places).kdtree.query(asked_at)
            assert away.max() < 1e-6
            np.testing.assert_array_equal(all_inside[which], said.astype(bool))
    with pytest.raises(ValueError, match="points: 600 asked for, but the set has only 512 places"):
        pipeline.batches(asked, 20, steps=1, truth="places", points=600)
    with pytest.raises(ValueError, match="truth: 'faces'; known are points, voxels, places"):
        pipeline.batches(asked, 20, steps=1, truth="faces")


def test_a_mirrored_picture_has_mirrored_places_and_the_same_answers(asked):
    pictures, seed = asked.pictures[:, 0].astype(np.float32) / 255, tf.constant([0, 1], tf.int64)
    places, inside = asked.asked()
    both = np.concatenate([places, inside[..., None]], -1).astype(np.float32)
    moved, with_labels = pipeline.augment(tf.constant(pictures), tf.constant(both), seed)
    again, points = pipeline.augment(tf.constant(pictures), tf.constant(places), seed)
    np.testing.assert_array_equal(moved, again)
    np.testing.assert_array_equal(with_labels[..., :3], points)
    np.testing.assert_array_equal(with_labels[..., 3], inside)
    assert 0 < (with_labels[:, 0, 1].numpy() != both[:, 0, 1]).sum() < len(both)


# --- the network ------------------------------------------------------------------------------------------------


def test_each_place_is_answered_by_itself():
    """In whichever order places are asked about, and beside whichever others, the answers are the same."""
    keras.utils.set_random_seed(0)
    model = models.occupancy_network(widths=(8, 16), hidden=(32,), local=16)
    for layer in model.layers:  # the first weights say the same everywhere
        layer.set_weights([w + np.random.default_rng(0).normal(0, 0.1, w.shape) for w in layer.get_weights()])
    rng = np.random.default_rng(1)
    picture = rng.random((1, 64, 64, 4), np.float32)
    places = rng.uniform(-0.5, 0.5, (1, 50, 3)).astype(np.float32)
    order = rng.permutation(50)
    answers = models.compiled(model)(picture, places).numpy()
    assert answers.std() > 0.01
    np.testing.assert_allclose(models.compiled(model)(picture, places[:, order]).numpy(), answers[:, order], atol=1e-5)
    np.testing.assert_allclose(models.compiled(model)(picture, places[:, :1]).numpy(), answers[:, :1], atol=1e-5)


def test_training_learns_where_the_object_is(asked):
    keras.utils.set_random_seed(0)
    model = models.occupancy_network(widths=(8, 16, 16), hidden=(32,), local=32, blocks=1)
    before = training.validate(model, asked, losses.cross_entropy)
    history = training.fit(model, asked, steps=60, loss=losses.cross_entropy, augmented=False, learning_rate=3e-3,
                           validation=asked, progress=False)  # fmt: skip
    assert history[-1]["validation"] < 0.8 * before
    answers, (_, inside) = training.predict(model, asked), asked.asked()
    assert answers[inside].mean() > answers[~inside].mean() + 0.5


@settings(max_examples=20, deadline=None)
@given(st.integers(16, 80).map(lambda n: 2 * n), st.floats(0.1, 0.45), st.tuples(*[st.floats(-0.2, 0.2)] * 3))
def test_a_field_is_the_same_near_its_surface_as_if_asked_everywhere(n, radius, centre):
    asked_about = []

    def ball(places):
        asked_about.append(len(places))
        return radius - np.linalg.norm(places - centre, axis=-1)

    field = solids.sampled(ball, n)
    whole = ball(solids.grid(n).reshape(-1, 3)).reshape(n, n, n).astype(np.float32)
    # a cap that rises above the coarse grid by less than its step may keep its side
    assert ((field > 0) == (whole > 0)).mean() > 0.999
    inside, cross = whole > 0, generate_binary_structure(3, 1)
    near = binary_dilation(inside, cross) != binary_erosion(
        inside, cross, border_value=1
    )  # what the surface is made of
    # one in some hundreds lies on the right side, but has the coarse grid's value
    assert np.isclose(field[near], whole[near], atol=1e-6).mean() > 0.99
    assert n == 32 or sum(asked_about[:-1]) < 0.9 * n**3


# --- scores -----------------------------------------------------------------------------------------------------


def test_normal_consistency_looks_both_ways():
    x, n = np.float64([[0, 0, 0], [1, 0, 0]]), np.float64([[0, 0, 1], [1, 0, 0]])
    y, m = x[:1], n[:1]
    # from x to y one of two normals agrees, from y to x the only one
    assert metrics.normal_consistency(x, n, y, m) == pytest.approx(0.75)
    assert metrics.normal_consistency(y, m, x, n) == pytest.approx(0.75)


def test_normal_consistency_of_spheres_and_random_directions():
    ball = trimesh.creation.icosphere(4)
    points, face = trimesh.sample.sample_surface(ball, 2000, seed=0)
    normals = ball.face_normals[face]
    assert metrics.normal_consistency(points, normals, points, -normals) == pytest.approx(1)
    larger = metrics.normal_consistency(points, normals, 1.2 * points[::-1], normals[::-1])
    assert larger == pytest.approx(1, abs=1e-4)
    rng = np.random.default_rng(0)
    anywhere = rng.normal(size=(2000, 3))
    anywhere /= np.linalg.norm(anywhere, axis=1, keepdims=True)
    assert metrics.normal_consistency(points, normals, points, anywhere) == pytest.approx(0.5, abs=0.03)
    with pytest.raises(ValueError, match="normals: 3 for 2000 points of x"):
        metrics.normal_consistency(points, normals[:3], points, normals)


def test_mesh_scores_of_known_answers(asked):
    some = asked[[0, 30]]
    truth = [trimesh.creation.box((0.5, 0.5, 0.5)), trimesh.creation.icosphere(3, 0.4)]
    shifted = [mesh.copy().apply_translation([0.1, 0, 0]) for mesh in truth]
    holed = [trimesh.Trimesh(mesh.vertices, mesh.faces[1:]) for mesh in truth]
    result = evaluation.evaluate_meshes({"shifted": shifted, "holed": holed}, truth, some, samples=2000)
    row = result["overall"]
    assert 0.001 < row["floor"]["chamfer_l1"] < 0.02  # another sample of the same surface, not the same sample
    assert row["floor"]["normals"] > 0.95
    assert row["floor"]["chamfer_l1"] < row["shifted"]["chamfer_l1"] < 0.1
    assert (row["shifted"]["watertight"], row["holed"]["watertight"]) == (1, 0)
    assert (row["shifted"]["euler"], row["holed"]["euler"]) == (2, 1)
    assert "shifted" in evaluation.table(result)


# --- the shipped weights ----------------------------------------------------------------------------------------


def test_the_shipped_meshes_are_closed_the_right_way_out_and_near_the_truth(tmp_path):
    """On shapes of another seed, beside one and the same shape for all."""
    recipe = datasets.Recipe(per_category=2, assemblies=0, views=1, seed=7)
    data = datasets.procedural(recipe, cache=tmp_path, progress=False)
    model = models.load(kind="mesh")
    meshes = [
        solids.surface(models.field(model, picture / np.float32(255), 32), 0.0) for picture in data.pictures[:, 0]
    ]
    assert all(mesh.is_watertight and mesh.volume > 0 for mesh in meshes)
    truth = data.in_view(2048)
    found = [metrics.chamfer_l1(mesh.sample(2048, seed=0), true) for mesh, true in zip(meshes, truth, strict=True)]
    rng = np.random.default_rng(0)
    average = truth[rng.integers(len(truth), size=2048), rng.integers(2048, size=2048)]
    assert np.mean(found) < 0.75 * np.mean([metrics.chamfer_l1(average, true) for true in truth])


def test_a_mesh_from_a_picture_is_as_fine_as_one_asks(tmp_path):
    picture = datasets.example("mug", seed=3).picture
    coarse, fine = (reconstruct(picture, as_="mesh", resolution=n) for n in (24, 48))
    assert (coarse.field.shape, fine.field.shape) == ((24,) * 3, (48,) * 3)
    assert len(fine.mesh.faces) > 3 * len(coarse.mesh.faces)
    fine.save(tmp_path / "mug.glb")
    again = trimesh.load(tmp_path / "mug.glb", force="mesh", process=False)
    np.testing.assert_array_equal(again.faces, fine.mesh.faces)
    np.testing.assert_allclose(again.vertices[:, [2, 0, 1]], fine.mesh.vertices, atol=1e-6)
    assert again.is_watertight
    assert again.euler_number == fine.mesh.euler_number


def test_the_readme_quotes_the_card():
    card = models.SHIPPED["mesh"].with_suffix(".md").read_text()
    overall = next(line.split() for line in card.splitlines() if line.startswith("overall"))
    said = (Path(__file__).parents[1] / "README.md").read_text()
    said = said[said.index('With `as_="mesh"`') :].split("\n\n")[0]
    chamfer, normals, copied, copied_normals = (part.strip("()") for part in overall[2:6])
    assert re.findall(r"\b0\.\d+\b", said) == [chamfer, normals, copied, copied_normals]
    assert f"same {overall[1]} shapes" in said

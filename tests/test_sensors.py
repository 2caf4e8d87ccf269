"""Known answers for each simulated sensor, what must not change when something else does, and the fusing networks."""

import numpy as np
import pytest
import trimesh

from recon3d_lite import models, sensors  # first: silences TensorFlow

# isort: split
import keras
from scipy import ndimage

from recon3d_lite.camera import orbit, to_viewer
from recon3d_lite.datasets import Recipe, camera_of


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def wall():
    """A box that fills the picture; its face lies 0.25 before the centre."""
    return sensors.look(trimesh.creation.box((0.5, 2, 2)), orbit(0.0, 0.0, 2.0))


@pytest.fixture(scope="module")
def ball():
    return sensors.look(trimesh.creation.icosphere(4, 0.4), orbit(0.0, 0.3, 2.0))


@pytest.fixture(scope="module")
def many():
    return sensors.scenes(Recipe(per_category=1, assemblies=2, views=1, points=300), range(16))


def test_the_depth_of_a_plane(wall):
    found = sensors.lidar(wall, rng(), noise=0, lost=0)
    back = found[..., 1] == 1
    assert back.sum() == 8 * 16
    np.testing.assert_allclose(found[back][:, 0], -0.25, atol=1e-5)
    assert (found[~back] == 0).all()


def test_the_lidars_noise_and_losses_are_as_large_as_they_say(wall):
    several = sensors.Scene(*(np.stack([channel] * 100) for channel in wall))
    found = sensors.lidar(several, rng(), noise=0.05, lost=0.3)
    back = found[..., 1] == 1
    assert abs(back.sum() / 12800 - 0.7) < 0.02
    assert abs(found[back][:, 0].std() - 0.05) < 0.002
    assert abs(found[back][:, 0].mean() + 0.25) < 0.002


def test_the_lidar_sees_nothing_of_the_ground(ball):
    back = sensors.lidar(ball, rng(), lost=0)[..., 1] == 1
    assert 0 < back.sum() < 8 * 16
    assert (ball.cover[back] > 0).all()


def test_depth_is_least_where_the_object_is_nearest(ball):
    assert ball.depth.min() == pytest.approx(-0.4, abs=0.005)


def test_noise_grows_as_light_falls(wall):
    noise = [sensors.picture(wall, rng(), light).std() for light in (1.0, 0.1, 0.02)]
    assert noise[0] < 0.03
    assert noise[0] < noise[1] / 2 < noise[2] / 4


def test_shot_noise_by_day_is_that_of_counting(wall):
    bright = float(np.median(wall.grey))
    electrons = sensors.WELL * bright
    expected = np.sqrt(electrons + sensors.READ**2) / sensors.WELL
    found = sensors.picture(wall, rng())
    assert found.mean() == pytest.approx(bright, abs=0.005)
    assert found.std() == pytest.approx(expected, rel=0.05)


def test_the_picture_does_not_give_the_outline_away(ball):
    """Outside the object there is no one grey: what a fixed threshold would need."""
    outside = sensors.picture(ball, rng())[ball.cover == 0]
    assert outside.std() > 0.1
    assert not np.allclose(outside, sensors.picture(ball, rng(1))[ball.cover == 0], atol=0.1)


def test_light_changes_the_picture_and_nothing_else(ball):
    day, night = (sensors.sense(ball, rng(), light=light, warmth=0.3) for light in (1.0, 0.002))
    assert np.abs(day[..., 0] - night[..., 0]).mean() > 0.2
    # the generator has moved on by another number of draws: compare what is measured, not its noise
    np.testing.assert_allclose(day[..., 3].mean(), night[..., 3].mean(), atol=0.01)
    same = [sensors.thermal(ball, rng(3), 0.3) for _ in range(2)]
    assert (same[0] == same[1]).all()


def test_the_object_is_warmer_by_its_warmth(ball):
    inside = ball.cover.reshape(16, 4, 16, 4).min((1, 3)).repeat(4, 0).repeat(4, 1) == 1
    middle = np.zeros_like(inside)
    middle[28:36, 28:36] = True
    for warmth in (0.0, 0.2, 0.5):
        found = sensors.thermal(ball, rng(), warmth, noise=0)[..., 0]
        np.testing.assert_allclose(found[middle & inside], 0.3 + warmth, atol=0.01)
        np.testing.assert_allclose(found[:4, :4], 0.3, atol=0.01)


def test_thermal_cells_are_coarse(ball):
    found = sensors.thermal(ball, rng())[..., 0]
    assert (found.reshape(16, 4, 16, 4) == found[::4, ::4][:, None, :, None]).all()


def test_a_light_and_a_warmth_for_each_scene(many):
    seen = sensors.Scene(*(np.stack([channel[0]] * 2) for channel in many[0]))
    found = sensors.sense(seen, rng(), light=np.array([1.0, 0.01]), warmth=np.array([0.0, 0.5]))
    assert found.shape == (2, 64, 64, 4)
    assert found.dtype == np.float32
    flat = [np.abs(np.diff(one[..., 0])).mean() for one in found]
    assert flat[0] < flat[1] / 3
    assert found[0, ..., 3].max() < found[1, ..., 3].max() - 0.2


def test_the_same_seed_measures_the_same(many):
    assert (sensors.sense(many[0], rng(1)) == sensors.sense(many[0], rng(1))).all()
    assert (sensors.sense(many[0], rng(1)) != sensors.sense(many[0], rng(2))).any()


def test_scenes_are_in_the_viewers_frame():
    """A shape's points, turned back to the object's frame, are drawn where the scene has the object."""
    recipe = Recipe(per_category=1, assemblies=0, views=1, points=300)
    seen, points = sensors.scenes(recipe, range(4))
    for i in range(4):
        view, mesh = recipe.view(i, 0), recipe.shape(i).mesh
        uv, depth = camera_of(view, mesh).project(to_viewer(points[i], -view.azimuth))
        u, v = uv.astype(int).T
        assert (ndimage.maximum_filter(seen.cover[i], 3)[v, u] > 0).all()
        front = seen.depth[i][v, u] - (depth - view.distance)  # of each point, the surface before it
        assert np.median(front) < 0.01
        assert np.quantile(front[np.isfinite(front)], 0.9) < 0.03


def test_drop_zeroes_what_is_absent(many):
    readings = sensors.sense(many[0], rng()) + 1
    present = np.ones((16, 3))
    present[3, 1] = 0
    found = sensors.drop(readings, present)
    assert (found[3, ..., 1:3] == 0).all()
    found[3, ..., 1:3] = readings[3, ..., 1:3]
    assert (found == readings).all()


def test_swap_shows_another_object_in_one_sensor_only(many):
    readings = sensors.sense(many[0], rng())
    found = sensors.swap(readings, "lidar", by=2)
    assert (found[2:, ..., 1:3] == readings[:-2, ..., 1:3]).all()
    assert (found[..., [0, 3]] == readings[..., [0, 3]]).all()


def test_batches_drop_as_often_as_they_say_but_never_all(many):
    present = np.concatenate([p for (_, p), _ in sensors.batches(*many, 100, 16, dropped=0.5)])
    assert (present.sum(1) >= 1).all()
    # of independent halves, an eighth has none and is given one of three: 1/2 + 1/24
    np.testing.assert_allclose(present.mean(0), 1 / 2 + 1 / 24, atol=0.04)
    (readings, present), points = next(sensors.batches(*many, 1, 16, dropped=0.5, truth=100))
    assert points.shape == (16, 100, 3)
    assert (readings[present[:, 2] == 0, ..., 3] == 0).all()


def test_batches_mirror_readings_and_points_together():
    """Of one lopsided object: the picture's object lies where the points say that it does."""
    left = trimesh.creation.box((0.3, 0.2, 0.6)).apply_translation((0, -0.3, 0))
    scene = sensors.look(left, orbit(0.0, 0.0, 2.0))
    xyz = trimesh.sample.sample_surface(left, 50, seed=0)[0]
    both = sensors.Scene(*(np.stack([channel] * 16) for channel in scene)), np.stack([xyz] * 16).astype(np.float32)
    (readings, _), points = next(sensors.batches(*both, 1, 16, truth=20))
    middle = np.array([np.flatnonzero(hits)[[0, -1]].mean() for hits in readings[..., 2].any(1)])
    assert ((middle > 32) == (points[..., 1].mean(1) > 0)).all()
    assert 0 < (middle > 32).sum() < 16


@pytest.mark.parametrize("how", [*sensors.FUSIONS, *sensors.SENSORS])
def test_networks_are_about_equally_large(how):
    model = sensors.network(how)
    assert model.output_shape == (None, 512, 3)
    assert 0.95e6 < model.count_params() < 1.1e6


@pytest.mark.parametrize("how", ["late", "attention"])
def test_an_absent_sensor_has_no_say(how, many):
    """Whatever stands in its channels."""
    keras.utils.set_random_seed(0)
    model = sensors.network(how, points=8, width=4, units=8)
    readings, present = sensors.sense(many[0], rng()), np.ones((16, 3), np.float32)
    present[:, 0] = 0
    other = readings.copy()
    other[..., 0] = 0.7
    np.testing.assert_allclose(model([readings, present]), model([other, present]), atol=1e-6)
    assert np.abs(model([readings, present]) - model([readings, np.ones_like(present)])).max() > 1e-4


def test_a_single_sensors_network_sees_only_it(many):
    keras.utils.set_random_seed(0)
    model = sensors.network("lidar", points=8, width=4, units=8)
    readings, present = sensors.sense(many[0], rng()), np.ones((16, 3), np.float32)
    other = np.where(np.arange(4) % 3 == 0, 0, readings)
    np.testing.assert_allclose(model([readings, present]), model([other, present]), atol=1e-6)


def test_attended_gives_the_weights_that_the_network_uses(many):
    keras.utils.set_random_seed(0)
    model = sensors.network("attention", points=8, width=4, units=8)
    pool = model.get_layer("fused").pool
    pool.score.kernel.assign(30 * rng().normal(size=pool.score.kernel.shape))
    readings, present = sensors.sense(many[0], rng()), np.ones((16, 3), np.float32)
    present[0] = [0, 1, 0]
    weights = sensors.attended(model, readings, present)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(weights[0], [0, 1, 0])
    assert weights[1:].std() > 0.01
    codes = keras.Model(model.input, model.get_layer("codes").output)([readings, present]).numpy()
    fused = keras.Model(model.input, model.get_layer("fused").output)([readings, present])
    np.testing.assert_allclose(fused, (weights[..., None] * codes).sum(1), atol=1e-5)
    assert isinstance(pool, models.Pool)


def test_an_unknown_fusion_is_named():
    with pytest.raises(ValueError, match="'middle'; accepted: early, late, attention"):
        sensors.network("middle")

"""Classical routes: round trips with the cameras, closed cases."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from recon3d_lite import geometry
from recon3d_lite.camera import look_at, orbit


@settings(deadline=None)  # the first call loads libraries
@given(st.integers(0, 2**32 - 1))
def test_what_two_cameras_see_is_triangulated(seed):
    rng = np.random.default_rng(seed)
    first = orbit(rng.uniform(-3, 3), rng.uniform(-0.5, 1), rng.uniform(2, 4))
    second = orbit(rng.uniform(-3, 3), rng.uniform(-0.5, 1), rng.uniform(2, 4))
    if np.linalg.norm(first.centre - second.centre) < 0.1:
        return
    X = rng.uniform(-0.3, 0.3, (20, 3))
    # where both cameras and the point stand on one line, the rays say nothing about depth
    rays = [X - camera.centre for camera in (first, second)]
    apart = np.linalg.norm(np.cross(*rays), axis=1) > 0.02 * np.prod(np.linalg.norm(rays, axis=-1), axis=0)
    found = geometry.triangulate(first, second, first.project(X)[0], second.project(X)[0])
    np.testing.assert_allclose(found[apart], X[apart], atol=1e-6)


def test_pixels_without_partners_are_refused():
    camera = orbit(0, 0, 2)
    with pytest.raises(ValueError, match="2 and 3 pixels"):
        geometry.triangulate(camera, orbit(1, 0, 2), np.zeros((2, 2)), np.zeros((3, 2)))


@given(st.floats(1e-6, 3.1), st.integers(0, 2**32 - 1))
def test_the_angle_is_that_of_the_rotation(angle, seed):
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=3)
    turn = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
    start = Rotation.random(rng=rng).as_matrix()
    assert geometry.rotation_angle(start, start @ turn) == pytest.approx(angle, rel=1e-5, abs=1e-8)
    assert geometry.rotation_angle(start, start) < 1e-7


def two_cameras(seed, wrong=0.0, noise=0.0):
    """Two cameras about 20 degrees apart, 60 points, their noisy pixels, a share of them wrong, and which are right."""
    rng = np.random.default_rng(seed)
    azimuth = rng.uniform(-3, 3)
    first = orbit(azimuth, rng.uniform(0, 0.8), 1.5, 0.85, 480, 480)
    eye = orbit(azimuth + 0.35, rng.uniform(0, 0.8), 1.4).centre
    R = Rotation.from_rotvec([0, 0, rng.uniform(-1, 1)]).as_matrix() @ look_at(eye)[0]  # rolled
    second = replace(first, R=R, t=-R @ eye)
    X = rng.uniform(-0.35, 0.35, (60, 3))
    uv, uv_second = (camera.project(X)[0] + rng.normal(0, noise, (60, 2)) for camera in (first, second))
    right = rng.random(60) >= wrong
    uv_second[~right] = rng.uniform(0, 480, (60, 2))[~right]
    return first, second, X, uv, uv_second, right


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_exact_matches_give_the_exact_pose(seed):
    first, second, _, uv, uv_second, _ = two_cameras(seed)
    R, t, inliers = geometry.relative_pose(uv, uv_second, first.K, second.K)
    move = second.t - second.R @ first.R.T @ first.t
    assert geometry.rotation_angle(R, second.R @ first.R.T) < 1e-5
    np.testing.assert_allclose(t, move / np.linalg.norm(move), atol=1e-5)
    assert inliers.all()


@pytest.mark.parametrize("seed", range(5))
def test_wrong_matches_do_not_spoil_the_pose(seed):
    first, second, _, uv, uv_second, right = two_cameras(seed, wrong=0.3, noise=0.2)
    R, _, inliers = geometry.relative_pose(uv, uv_second, first.K, second.K)
    assert geometry.rotation_angle(R, second.R @ first.R.T) < np.radians(0.5)
    assert inliers[right].mean() > 0.9
    assert inliers[~right].mean() < 0.3


def test_a_camera_very_near_the_first_is_found():
    first, second = orbit(0, 0.3, 2.0, 0.85, 480, 480), orbit(0.01, 0.3, 2.0, 0.85, 480, 480)
    X = np.random.default_rng(0).uniform(-0.35, 0.35, (60, 3))
    R, _, inliers = geometry.relative_pose(first.project(X)[0], second.project(X)[0], first.K, second.K, 0.1)
    assert geometry.rotation_angle(R, second.R @ first.R.T) < 1e-4
    assert inliers.all()


@pytest.mark.parametrize("seed", range(5))
def test_a_camera_is_placed_by_known_points(seed):
    _, second, X, _, uv, right = two_cameras(seed, wrong=0.3, noise=0.2)
    R, t, inliers = geometry.resect(X, uv, second.K)
    assert geometry.rotation_angle(R, second.R) < np.radians(0.2)
    np.testing.assert_allclose(-R.T @ t, second.centre, atol=0.01)
    assert inliers[right].mean() > 0.95
    assert inliers[~right].mean() < 0.1


def test_too_few_or_senseless_matches_are_refused():
    K, uv = orbit(0, 0, 2).K, np.random.default_rng(0).uniform(0, 64, (40, 2))
    with pytest.raises(ValueError, match="4 and 4 pixels"):
        geometry.relative_pose(uv[:4], uv[:4], K, K)
    with pytest.raises(ValueError, match="5 points and 5 pixels"):
        geometry.resect(np.zeros((5, 3)), uv[:5], K)
    with pytest.raises(ValueError, match="no pose"):
        geometry.resect(np.random.default_rng(1).uniform(-0.5, 0.5, (40, 3)), uv, K, threshold=0.01)

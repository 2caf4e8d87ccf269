"""Cameras: against OpenCV, round trips, and what a picture's corners see."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recon3d_lite import camera

angles = st.floats(-3, 3)
views = st.tuples(angles, st.floats(-1.4, 1.4), st.floats(1.2, 8.0), st.floats(0.2, 2.0))


def cloud(n=50, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 3))


@given(views)
@settings(max_examples=50, deadline=None)
def test_project_agrees_with_opencv(view):
    cam = camera.orbit(*view, width=80, height=48)
    uv, depth = cam.project(cloud())
    expected, _ = cv2.projectPoints(cloud(), cv2.Rodrigues(cam.R)[0], cam.t, cam.K, None)
    np.testing.assert_allclose(uv, expected[:, 0], atol=1e-6)
    np.testing.assert_allclose(depth, (cloud() @ cam.R.T + cam.t)[:, 2])


@given(views)
@settings(max_examples=50, deadline=None)
def test_unproject_undoes_project(view):
    cam = camera.orbit(*view)
    np.testing.assert_allclose(cam.unproject(*cam.project(cloud())), cloud(), atol=1e-9)


@given(views)
@settings(max_examples=50, deadline=None)
def test_a_camera_is_a_rotation_that_stands_where_it_was_put_and_keeps_up_up(view):
    azimuth, elevation, distance, _ = view
    cam = camera.orbit(*view)
    np.testing.assert_allclose(cam.R @ cam.R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(cam.R) == pytest.approx(1)
    assert np.linalg.norm(cam.centre) == pytest.approx(distance)
    assert cam.centre[2] == pytest.approx(distance * np.sin(elevation))
    assert np.arctan2(cam.centre[1], cam.centre[0]) == pytest.approx(azimuth, abs=1e-9)
    uv, _ = cam.project([[0, 0, 0.1]])
    assert uv[0, 1] < cam.height / 2  # what is above the origin is drawn above the middle


def test_object_left_is_on_the_right_of_a_camera_in_front():
    uv, _ = camera.orbit(0.0, 0.0, 2.0).project([[0, 0.3, 0]])
    assert uv[0, 0] > 32


def test_rays_go_through_their_pixels():
    cam = camera.orbit(0.4, 0.3, 2.0, width=7, height=5)
    centre, directions = cam.rays()
    uv, depth = cam.project(centre + 1.7 * directions)
    np.testing.assert_allclose(uv, cam.pixels(), atol=1e-9)
    np.testing.assert_allclose(depth, 1.7)
    assert cam.pixels()[0].tolist() == [0.5, 0.5]
    assert cam.pixels()[1].tolist() == [1.5, 0.5]  # row by row


def test_finer_rays_average_to_the_pixel_centres():
    cam = camera.orbit(0.4, 0.3, 2.0, width=6, height=4)
    fine = cam.pixels(3).reshape(4, 3, 6, 3, 2).mean((1, 3))
    np.testing.assert_allclose(fine.reshape(-1, 2), cam.pixels())


@given(views, st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_framed_centres_the_box_and_leaves_the_margin(view, seed):
    points = cloud(seed=seed)
    uv, _ = camera.orbit(*view).framed(points, size=64, margin=1.1).project(points)
    low, high = uv.min(0), uv.max(0)
    np.testing.assert_allclose((low + high) / 2, 32, atol=1e-6)
    assert (high - low).max() == pytest.approx(64 / 1.1)


@given(angles, angles)
@settings(max_examples=50, deadline=None)
def test_in_the_viewers_frame_the_camera_stands_at_azimuth_zero(azimuth, elevation):
    eye = camera.orbit(azimuth, elevation / 3, 2.0).centre
    seen = camera.to_viewer(eye[None], azimuth)[0]
    assert seen[1] == pytest.approx(0, abs=1e-9)
    assert seen[0] > 0
    assert seen[2] == pytest.approx(eye[2])


def test_to_viewer_turns_each_cloud_of_a_batch_by_its_own_angle_and_back():
    clouds = np.stack([cloud(seed=s) for s in range(4)]).astype(np.float32)
    azimuth = np.array([0.0, 1.0, -2.0, 3.0], np.float32)
    turned = camera.to_viewer(clouds, azimuth)
    assert turned.dtype == np.float32
    for c, a, t in zip(clouds, azimuth, turned, strict=True):
        np.testing.assert_allclose(t, camera.to_viewer(c, a), atol=1e-6)
    np.testing.assert_allclose(camera.to_viewer(turned, -azimuth), clouds, atol=1e-6)


@pytest.mark.parametrize("fov", [0, -1, np.pi])
def test_a_field_of_view_has_to_be_an_angle(fov):
    with pytest.raises(ValueError, match="fov"):
        camera.intrinsics(fov, 64, 64)


def test_looking_straight_down_has_no_up():
    with pytest.raises(ValueError, match="parallel"):
        camera.look_at([0, 0, 2])


def test_framing_what_lies_behind_is_refused():
    with pytest.raises(ValueError, match="behind"):
        camera.orbit(0, 0, 2).framed(np.array([[3.0, 0, 0]]))

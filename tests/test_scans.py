"""Planes are found among wrong points, and stands find back to where they stood."""

import numpy as np
import pytest

from recon3d_lite import rooms, scans


@pytest.fixture(scope="module")
def scan() -> scans.Scan:
    """Of an L, from two stands."""
    room = rooms.make(7, l_shaped=True)
    return scans.take(room.mesh, scans.places(room, 2), np.random.default_rng(0), turn=0.7)


def test_tries_are_as_many_as_the_formula_says():
    rng = np.random.default_rng(0)
    tries = scans.tries_needed(0.3, sure=0.9)
    met = [(rng.random((tries, 3)) < 0.3).all(1).any() for _ in range(4000)]
    assert np.mean(met) == pytest.approx(0.9, abs=0.02)
    assert scans.tries_needed(0.3, points=1) < scans.tries_needed(0.3, points=2) < scans.tries_needed(0.3)


def test_ransac_finds_the_plane_among_wrong_points():
    rng = np.random.default_rng(0)
    n = np.array([1, 2, 2]) / 3
    flat = rng.uniform(-1, 1, (600, 3))
    flat += (0.5 - flat @ n)[:, None] * n
    found, d, inlier = scans.ransac_plane(np.vstack([flat, rng.uniform(-1, 1, (1400, 3))]), 0.01, 600, rng)
    assert abs(found @ n) > 0.99999
    assert d * np.sign(found @ n) == pytest.approx(0.5, abs=0.002)
    assert inlier[:600].all()
    assert inlier.mean() < 0.35


def test_a_point_drawn_twice_is_no_plane():
    rng = np.random.default_rng(0)
    flat = rng.uniform(-1, 1, (60, 3)) * [1, 1, 0]
    upright = rng.uniform([-0.1, -1, 0], [0.1, 1, 4], (60, 3))  # all together they are flattest along x
    n, _, inlier = scans.ransac_plane(np.vstack([flat, upright]), 0.01, 2000, rng)  # so few that it happens
    assert abs(n[2]) > 0.9999
    assert inlier[:60].all()


def test_weights_of_a_plane_count():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0.5, 0.5, 1.0]])
    n, d = scans.fit_plane(points, np.array([1, 1, 1, 1, 1e-9]))
    assert abs(n[2]) == pytest.approx(1)
    assert d == pytest.approx(0, abs=1e-6)


def test_thinning_keeps_means_and_values():
    x = np.random.default_rng(0).uniform(0, 1, (1000, 3))
    points, height = scans.thinned(x, 0.5, x[:, 2])
    assert len(points) == 8
    np.testing.assert_allclose(points[:, 2], height[:, 0])


def test_moving_a_stand_moves_its_points(scan: scans.Scan):
    R, t = scans.turned(0.3), np.array([1, 2, 3.0])
    moved = scan.moved(1, R, t)
    np.testing.assert_allclose(moved.of(1).points()[0], scan.of(1).points()[0] @ R.T + t, atol=1e-5)
    np.testing.assert_array_equal(moved.of(0).points()[0], scan.of(0).points()[0])


def test_wrong_poses_are_put_right(scan: scans.Scan):
    wrong = scan.moved(1, scans.turned(0.05), np.array([0.1, -0.08, 0.02]))
    right = scans.aligned(wrong)
    for camera, true in zip(right.of(1).cameras, scan.of(1).cameras, strict=True):
        assert np.linalg.norm(camera.centre - true.centre) < 0.01
        assert np.abs(camera.R - true.R).max() < 0.003


def test_alignment_refuses_the_other_face_of_a_thin_wall():
    u, v = np.random.default_rng(0).uniform(-1, 1, (2, 2000))
    front = np.column_stack([u, v, np.zeros(2000)])
    sides = np.vstack([front[:, [2, 0, 1]], front[:, [0, 2, 1]]])  # hold the rest in place
    up, axes = np.tile([0, 0, 1.0], (2000, 1)), np.repeat([[1.0, 0, 0], [0, 1, 0]], 2000, axis=0)
    target, normals = np.vstack([front, sides]), np.vstack([up, axes])
    _, t = scans.align(np.vstack([front - [0, 0, 0.15], sides]), np.vstack([-up, axes]), target, normals)
    assert abs(t[2]) < 0.02

"""Classical routes: round trips with the cameras, closed cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from recon3d_lite import geometry
from recon3d_lite.camera import orbit


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

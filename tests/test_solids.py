"""Solids: known answers, meshes with flaws, agreement with trimesh, and the way back to a surface."""

from itertools import pairwise

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from recon3d_lite import shapes
from recon3d_lite.camera import orbit
from recon3d_lite.render import maps
from recon3d_lite.solids import carve, contains, grid, occupied, surface

RNG = np.random.default_rng(0)
PLACES = RNG.uniform(-0.5, 0.5, (3000, 3))


def box(extents=(0.4, 0.5, 0.6), shift=(0, 0, 0)) -> trimesh.Trimesh:
    mesh = trimesh.creation.box(extents)
    mesh.apply_translation(shift)
    return mesh


def test_the_grid_fills_the_cube_in_order():
    centres = grid(4)
    assert centres.shape == (4, 4, 4, 3)
    np.testing.assert_allclose(centres[0, 1, 3], [-0.375, -0.125, 0.375])
    np.testing.assert_allclose(centres.mean((0, 1, 2)), 0, atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_a_turned_box_contains_what_the_box_contains(seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    mesh = box()
    truth = (np.abs(PLACES) < np.array([0.2, 0.25, 0.3])).all(1)
    mesh.vertices = mesh.vertices @ turn.T
    assert (contains(mesh, PLACES @ turn.T) == truth).mean() > 0.999


@pytest.mark.parametrize("category", ["chair", "mug", "bottle", "truck_bus"])
def test_it_agrees_with_the_winding_of_closed_parts(category):
    """Independent: an object of closed parts contains what one of its parts contains, by trimesh's parity test."""
    mesh = shapes.make(category, 5).mesh
    merged = mesh.copy()
    merged.merge_vertices()
    parts = merged.split(only_watertight=True)
    truth = np.any([part.contains(PLACES) for part in parts], axis=0)
    found = contains(mesh, PLACES)
    assert not (truth & ~found).any() or (truth & ~found).mean() < 0.001
    assert (found & ~truth).mean() < 0.01  # cavities that hardly see the sky


def test_winding_overlap_and_doubled_faces_do_not_matter():
    mesh = trimesh.util.concatenate([box(), box((0.2, 0.2, 0.9), (0.1, 0, 0)), box()])
    truth = contains(mesh, PLACES)
    mesh.faces[::2] = mesh.faces[::2, ::-1]
    assert (contains(mesh, PLACES) == truth).all()
    assert truth[(np.abs(PLACES) < np.array([0.2, 0.25, 0.3])).all(1)].all()


def test_a_box_without_its_lid_is_hollow_and_a_crack_does_not_empty_it():
    mesh = box()
    up = mesh.face_normals[:, 2] > 0.9
    opened = trimesh.Trimesh(mesh.vertices, mesh.faces[~up], process=False)
    assert contains(mesh, np.zeros((1, 3)))[0]
    assert not contains(opened, np.zeros((1, 3)))[0]
    cracked = box((0.4, 0.5, 0.6))
    corners = cracked.triangles.reshape(-1, 3).copy()
    corners[:3] *= 0.999  # one triangle pulled off its neighbours
    apart = trimesh.Trimesh(corners, np.arange(36).reshape(12, 3), process=False)
    assert contains(apart, PLACES[(np.abs(PLACES) < 0.15).all(1)]).all()


def test_a_sheet_has_no_inside_but_is_given_a_thickness():
    sheet = trimesh.Trimesh([[-0.3, -0.3, 0], [0.3, -0.3, 0], [0.3, 0.3, 0], [-0.3, 0.3, 0]], [[0, 1, 2], [0, 2, 3]])
    places = np.array([[0, 0, 0.007], [0, 0, -0.007], [0, 0, 0.013], [0.35, 0, 0]])
    assert not contains(sheet, places).any()
    assert occupied(sheet, places, thickness=0.02).tolist() == [True, True, False, False]
    assert occupied(box(), np.zeros((1, 3)))[0]


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 0.45), st.floats(-0.05, 0.05))
def test_a_balls_surface_has_its_size_and_place(radius, x):
    centre = np.array([x, 0.0, 0.0])
    mesh = surface(radius - np.linalg.norm(grid(48) - centre, axis=-1), 0.0)
    assert mesh.is_watertight
    assert mesh.euler_number == 2
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.03)  # positive: the right way out
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices - centre, axis=1), radius, atol=0.003)


def test_a_surface_closes_at_the_cubes_side():
    full = np.zeros((8, 8, 8))
    full[2:] = 1.0
    mesh = surface(full, 0.5)
    assert mesh.is_watertight
    assert mesh.bounds[1, 0] == pytest.approx(0.5, abs=0.5 / 8)
    with pytest.raises(ValueError, match=r"level: 2\.0, but the field runs from 0 to 1"):
        surface(full, 2.0)
    with pytest.raises(ValueError, match="level"):
        surface(np.ones((4, 4, 4)), 0.5)


def test_voxels_and_back_keep_the_volume():
    voxels = contains(box(), grid(40).reshape(-1, 3)).reshape(40, 40, 40)
    assert voxels.mean() == pytest.approx(0.4 * 0.5 * 0.6, rel=0.06)
    assert surface(voxels, 0.5).volume == pytest.approx(voxels.mean(), rel=0.1)


def test_the_hull_holds_the_object_and_shrinks_with_every_view():
    mesh = shapes.make("chair", 1).mesh
    cameras = [orbit(a, 0.4, 2.0).framed(mesh.vertices, 128) for a in np.linspace(0, 2 * np.pi, 9)[:8]]
    masks = np.array([maps(mesh, camera).mask for camera in cameras])
    truth = contains(mesh, grid(32).reshape(-1, 3)).reshape(32, 32, 32)
    hulls = [carve(masks[:n], cameras[:n], 32) for n in (1, 2, 4, 8)]
    for larger, smaller in pairwise(hulls):
        assert (smaller <= larger).all()
        assert smaller.sum() < larger.sum()
    assert (truth & ~hulls[-1]).sum() <= 0.02 * truth.sum()  # voxels whose centres graze an outline

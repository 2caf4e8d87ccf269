"""Rendering: closed forms, agreement of the maps with each other, invariances of the picture."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon3d_lite import camera, render

CUBE = trimesh.creation.box([1, 1, 1])


def test_a_sphere_is_a_disc_with_the_depth_that_geometry_says():
    mesh = trimesh.creation.icosphere(subdivisions=5, radius=0.5)
    cam = camera.orbit(0.7, 0.3, 2.0, fov=0.8, width=64, height=64)
    seen = render.maps(mesh, cam)
    centre, directions = cam.rays()
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    b = unit @ centre
    hit = b**2 - centre @ centre + 0.25
    expected = np.where(hit > 0, (-b - np.sqrt(hit.clip(0))) / np.linalg.norm(directions, axis=1), np.inf)
    inside = (hit > 0.02).reshape(64, 64)
    assert not seen.mask[(hit < -0.02).reshape(64, 64)].any()
    np.testing.assert_allclose(seen.depth[inside], expected.reshape(64, 64)[inside], atol=2e-3)
    points = cam.unproject(cam.pixels()[inside.ravel()], seen.depth[inside])
    np.testing.assert_allclose(seen.normals[inside], points / 0.5, atol=0.06)  # facets of the icosphere


def test_depth_unprojects_onto_the_surface():
    cam = camera.orbit(0.6, 0.4, 3.0)
    seen = render.maps(CUBE, cam)
    points = cam.unproject(cam.pixels()[seen.mask.ravel()], seen.depth[seen.mask])
    np.testing.assert_allclose(np.abs(points).max(1), 0.5, atol=1e-6)
    axis = np.abs(points).argmax(1)
    expected = np.eye(3)[axis] * np.sign(points[np.arange(len(points)), axis])[:, None]
    off_edge = np.sort(np.abs(points), axis=1)[:, 1] < 0.499
    np.testing.assert_allclose(seen.normals[seen.mask][off_edge], expected[off_edge], atol=1e-6)


def test_outside_the_mask_the_maps_say_nothing():
    seen = render.maps(CUBE, camera.orbit(0.1, 0.2, 4.0))
    assert 0 < seen.mask.sum() < seen.mask.size
    assert np.isinf(seen.depth[~seen.mask]).all()
    assert (seen.normals[~seen.mask] == 0).all()
    assert (seen.face[~seen.mask] == -1).all()
    assert (seen.part[~seen.mask] == -1).all()


def test_the_nearer_of_two_parts_is_seen():
    far = trimesh.creation.box([0.1, 1, 1]).apply_translation([-1, 0, 0])
    near = trimesh.creation.box([0.1, 0.3, 0.3]).apply_translation([1, 0, 0])
    part = np.repeat([0, 1], [len(far.faces), len(near.faces)])
    seen = render.maps(trimesh.util.concatenate([far, near]), camera.orbit(0, 0, 4.0, width=65, height=65), part)
    assert seen.part[32, 32] == 1
    assert set(np.unique(seen.part)) == {-1, 0, 1}


def test_the_picture_covers_the_mask():
    cam = camera.orbit(0.5, 0.3, 3.0)
    picture, seen = render.picture(CUBE, cam, samples=3), render.maps(CUBE, cam)
    assert picture.shape == (64, 64, 4)
    assert picture.dtype == np.float32
    assert picture.min() >= 0
    assert picture.max() <= 1
    solid = (picture[..., 3] == 0) | (picture[..., 3] == 1)
    np.testing.assert_array_equal(picture[..., 3][solid] == 1, seen.mask[solid])
    assert 0.9 < solid.mean() < 1
    assert (picture[picture[..., 3] == 0] == [1, 1, 1, 0]).all()


def test_lamberts_law_on_a_face_that_looks_at_the_camera():
    light, ambient = np.array([1.0, 0.0, 1.0]), 0.2
    cam = camera.orbit(0, 0, 3.0, width=65, height=65)
    pixel = render.picture(CUBE, cam, colours=(0.5, 0.8, 1.0), light=light, ambient=ambient)[32, 32]
    np.testing.assert_allclose(pixel, [*(np.array([0.5, 0.8, 1.0]) * (0.2 + 0.8 * np.sqrt(0.5))), 1], rtol=1e-5)


def test_colours_belong_to_parts():
    part = (CUBE.face_normals[:, 2] > 0.5).astype(int)
    cam = camera.orbit(0, 1.0, 3.0)
    picture = render.picture(CUBE, cam, colours=[[1, 0, 0], [0, 1, 0]], part=part, ambient=0.5, samples=1)
    seen = render.maps(CUBE, cam, part)
    assert (picture[seen.part == 0, 1] == 0).all()
    assert (picture[seen.part == 1, 0] == 0).all()
    assert (picture[seen.part == 1, 1] >= 0.5 - 1e-6).all()


def test_turning_object_and_camera_together_changes_nothing():
    mesh = trimesh.creation.cone(0.3, 0.8, sections=7)
    turned = mesh.copy().apply_transform(trimesh.transformations.rotation_matrix(1.1, [0, 0, 1]))
    a = render.picture(mesh, camera.orbit(0.3, 0.4, 2.5))
    b = render.picture(turned, camera.orbit(1.4, 0.4, 2.5))
    np.testing.assert_allclose(a, b, atol=0.02)
    assert np.abs(a - b).mean() < 1e-4


def test_winding_does_not_matter():
    inside_out = trimesh.Trimesh(CUBE.vertices, CUBE.faces[:, ::-1], process=False)
    cam = camera.orbit(0.5, 0.5, 3.0)
    np.testing.assert_allclose(render.picture(CUBE, cam), render.picture(inside_out, cam), atol=1e-6)


def test_a_mesh_without_faces_or_with_nan_is_refused():
    cam = camera.orbit(0, 0, 3.0)
    with pytest.raises(ValueError, match="no faces"):
        render.picture(trimesh.Trimesh(np.zeros((3, 3)), np.zeros((0, 3), int)), cam)
    broken = CUBE.vertices.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        render.maps(trimesh.Trimesh(broken, CUBE.faces, process=False), cam)


def test_a_mesh_that_was_moved_is_seen_where_it_is_now():
    mesh, cam = CUBE.copy(), camera.orbit(0.2, 0.3, 4.0)
    before = render.picture(mesh, cam)
    mesh.apply_translation([0, 0.4, 0])
    np.testing.assert_array_equal(render.picture(mesh, cam), render.picture(mesh.copy(), cam))
    assert not np.array_equal(render.picture(mesh, cam), before)


def test_a_mesh_partly_or_wholly_outside_the_picture():
    cam = camera.orbit(0.0, 0.0, 4.0)
    at_edge = CUBE.copy().apply_translation([0, 1.4, 0])
    wide = replace(cam, K=np.add(cam.K, [[0, 0, 32], [0, 0, 0], [0, 0, 0]]), width=128)  # 32 pixels more on each side
    seen = render.maps(at_edge, cam)
    assert 0 < seen.mask.sum() < render.maps(CUBE, cam).mask.sum()
    np.testing.assert_array_equal(seen.mask, render.maps(at_edge, wide).mask[:, 32:96])
    outside = CUBE.copy().apply_translation([0, 5, 0])
    assert not render.maps(outside, cam).mask.any()
    assert (render.picture(outside, cam)[..., 3] == 0).all()


def test_a_floor_that_reaches_behind_the_camera_is_seen_down_to_the_pictures_edge():
    floor = trimesh.creation.box([10, 4, 0.1]).apply_translation([0, 0, -1.05])
    seen = render.maps(floor, camera.orbit(0.0, 0.0, 2.0))
    assert seen.mask[-1].all()
    assert not seen.mask[:32].any()

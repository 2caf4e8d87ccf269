"""Drawings and models show what their plans say."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import trimesh

from recon3d_lite import drawings, rooms


def test_a_wall_between_rooms_is_as_thick_as_it_is(scanned: dict):
    plan = scanned["divided"][2]
    thick = [drawings._gap(plan, wall) for walls in plan.rooms for wall in walls if drawings.shared(plan, wall)]
    assert len(thick) == 2
    np.testing.assert_allclose(thick, rooms.THICKNESS, atol=0.005)


def test_the_model_has_openings_and_a_floor(scanned: dict):
    for _, _, plan in scanned.values():
        mesh, part = drawings.model(plan)
        assert set(np.unique(part)) == {0, 1}
        assert mesh.bounds[1, 2] == pytest.approx(plan.height)
        walls = trimesh.Trimesh(mesh.vertices, mesh.faces[part == 0], process=False)
        for wall in plan.rooms[0]:
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])
            for hole in wall.openings:
                for s, blocked in (((hole.start + hole.end) / 2, False), (hole.start - 0.1, True)):
                    origin = [*(wall.a + s * along + 0.2 * inwards), (hole.sill + hole.top) / 2]
                    hits, _, _ = walls.ray.intersects_location([origin], [[*-inwards, 0]])
                    near = len(hits) and np.linalg.norm(hits - origin, axis=1).min() < 0.4
                    assert bool(near) == blocked
        floor = mesh.area_faces[(part == 1) & (mesh.face_normals[:, 2] > 0.9)].sum()
        assert floor == pytest.approx(plan.area, abs=1e-4)


def test_the_drawing_is_valid_and_says_the_lengths(scanned: dict):
    for _, _, plan in scanned.values():
        tree = ET.fromstring(drawings.svg(plan))
        words = {node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")}
        for walls in plan.rooms:
            assert {f"{wall.length:.2f}" for wall in walls if not drawings.shared(plan, wall)} <= words
        assert f"↕ {plan.height:.2f} m" in words
        assert not any(word in drawings.svg(plan) for word in ("nan", "inf"))

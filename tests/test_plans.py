"""Plans agree with the rooms that were scanned, whichever way the rooms are turned."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon3d_lite import plans, rooms
from recon3d_lite.rooms import Opening, Wall

KINDS = {"rectangle": {"l_shaped": False, "partition": False}, "L": {"l_shaped": True}, "divided": {"partition": True}}


@pytest.fixture(scope="module")
def scanned() -> dict:
    """By kind: room, first place, turn, scan and plan."""
    found = {}
    for kind, options in KINDS.items():
        room = rooms.make(7, **options)
        places = plans.places(room, 2)
        scan = plans.scan(room.mesh, places, np.random.default_rng(0), turn=0.7)
        found[kind] = room, places[0], scan, plans.floor_plan(scan)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_is_its_room(scanned: dict, kind: str):
    room, first, _, plan = scanned[kind]
    found = plans.compare(plan, plans.true_plan(room, first, 0.7, plan))
    assert found["same"]
    assert len(found["walls"]) == found["true_walls"]
    assert np.abs(found["walls"]).max() < 0.01
    assert abs(found["height"]) < 0.002
    assert abs(found["area"]) < 0.03
    assert found["found"] == found["answered"] == found["right_kind"]
    assert found["found"] >= found["true"] - 1
    assert np.abs(found["edges"]).mean() < 0.02


def test_a_plan_does_not_depend_on_how_the_scan_is_turned():
    room = rooms.make(4, furniture=0, **KINDS["L"])
    lengths = []
    for turn in (0.0, 1.0, 3.0):
        scan = plans.scan(room.mesh, plans.places(room, 2), np.random.default_rng(0), turn=turn)
        plan = plans.floor_plan(scan, with_openings=False)
        lengths.append(np.sort([wall.length for wall in plan.rooms[0]]))
    np.testing.assert_allclose(lengths, [lengths[0]] * 3, atol=0.005)


def test_the_true_plan_covers_the_floor(scanned: dict):
    for kind, (room, first, _, plan) in scanned.items():
        truth = plans.true_plan(room, first, 0.7, plan)
        x, y = room.outline.T
        area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
        if kind == "divided":
            area -= rooms.THICKNESS * np.ptp(y)
        assert truth.area == pytest.approx(area)
        for walls in truth.rooms:
            assert all(np.allclose(a.b, b.a) for a, b in zip(walls, np.roll(walls, -1), strict=True))


def test_tries_are_as_many_as_the_formula_says():
    rng = np.random.default_rng(0)
    tries = plans.tries_needed(0.3, sure=0.9)
    met = [(rng.random((tries, 3)) < 0.3).all(1).any() for _ in range(4000)]
    assert np.mean(met) == pytest.approx(0.9, abs=0.02)
    assert plans.tries_needed(0.3, points=1) < plans.tries_needed(0.3, points=2) < plans.tries_needed(0.3)


def test_ransac_finds_the_plane_among_wrong_points():
    rng = np.random.default_rng(0)
    n = np.array([1, 2, 2]) / 3
    flat = rng.uniform(-1, 1, (600, 3))
    flat += (0.5 - flat @ n)[:, None] * n
    found, d, inlier = plans.ransac_plane(np.vstack([flat, rng.uniform(-1, 1, (1400, 3))]), 0.01, 600, rng)
    assert abs(found @ n) > 0.99999
    assert d * np.sign(found @ n) == pytest.approx(0.5, abs=0.002)
    assert inlier[:600].all()
    assert inlier.mean() < 0.35


def test_a_point_drawn_twice_is_no_plane():
    rng = np.random.default_rng(0)
    flat = rng.uniform(-1, 1, (60, 3)) * [1, 1, 0]
    upright = rng.uniform([-0.1, -1, 0], [0.1, 1, 4], (60, 3))  # all together they are flattest along x
    n, _, inlier = plans.ransac_plane(np.vstack([flat, upright]), 0.01, 2000, rng)  # so few that it happens
    assert abs(n[2]) > 0.9999
    assert inlier[:60].all()


def test_weights_of_a_plane_count():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0.5, 0.5, 1.0]])
    n, d = plans.fit_plane(points, np.array([1, 1, 1, 1, 1e-9]))
    assert abs(n[2]) == pytest.approx(1)
    assert d == pytest.approx(0, abs=1e-6)


def test_thinning_keeps_means_and_values():
    x = np.random.default_rng(0).uniform(0, 1, (1000, 3))
    points, height = plans.thinned(x, 0.5, x[:, 2])
    assert len(points) == 8
    np.testing.assert_allclose(points[:, 2], height[:, 0])


def test_moving_a_stand_moves_its_points(scanned: dict):
    scan = scanned["L"][2]
    R, t = plans.turned(0.3), np.array([1, 2, 3.0])
    moved = scan.moved(1, R, t)
    np.testing.assert_allclose(moved.of(1).points()[0], scan.of(1).points()[0] @ R.T + t, atol=1e-5)
    np.testing.assert_array_equal(moved.of(0).points()[0], scan.of(0).points()[0])


def test_wrong_poses_are_put_right(scanned: dict):
    scan = scanned["L"][2]
    wrong = scan.moved(1, plans.turned(0.05), np.array([0.1, -0.08, 0.02]))
    right = plans.aligned(wrong)
    for camera, true in zip(right.of(1).cameras, scan.of(1).cameras, strict=True):
        assert np.linalg.norm(camera.centre - true.centre) < 0.01
        assert np.abs(camera.R - true.R).max() < 0.003


def test_alignment_refuses_the_other_face_of_a_thin_wall():
    u, v = np.random.default_rng(0).uniform(-1, 1, (2, 2000))
    front = np.column_stack([u, v, np.zeros(2000)])
    sides = np.vstack([front[:, [2, 0, 1]], front[:, [0, 2, 1]]])  # hold the rest in place
    up, axes = np.tile([0, 0, 1.0], (2000, 1)), np.repeat([[1.0, 0, 0], [0, 1, 0]], 2000, axis=0)
    target, normals = np.vstack([front, sides]), np.vstack([up, axes])
    _, t = plans.align(np.vstack([front - [0, 0, 0.15], sides]), np.vstack([-up, axes]), target, normals)
    assert abs(t[2]) < 0.02


def test_rays_pass_openings_and_stop_at_walls():
    room = rooms.make(3, furniture=0, **KINDS["rectangle"])
    first = room.middle()
    scan = plans.scan(room.mesh, [first], None)
    plan = plans.true_plan(room, first, 0.0, plans.Plan((), 0.0))
    checked = 0
    for wall in plan.rooms[0]:
        places, verdict, reading = plans.evidence(scan.rays(), plan, wall)
        s, z = places.T
        open_ = np.zeros(len(s), bool)
        rim = np.zeros(len(s), bool)
        for hole in wall.openings:
            open_ |= (s > hole.start) & (s < hole.end) & (z > hole.sill) & (z < hole.top)
            rim |= (s > hole.start - 0.2) & (s < hole.end + 0.2) & (z > hole.sill - 0.2) & (z < hole.top + 0.2)
            inner = (np.abs(s - (hole.start + hole.end) / 2) < 0.2) & (np.abs(z - 1.5) < 0.3)
            assert (verdict[inner] == 2).all()
            checked += inner.sum()
        assert (verdict[~rim] == 1).all()
        assert np.nanmax(np.abs(reading[~rim, 0])) < 1e-3
    assert checked > 100


def told(hole: Opening, hidden: tuple[float, float] = (9.0, 9.0)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What 40,000 rays say of a wall of 5 x 2.5 m; nothing between ``hidden``."""
    places = np.random.default_rng(0).uniform(0, [5, 2.5], (40_000, 2))
    s, z = places.T
    through = (s > hole.start) & (s < hole.end) & (z > hole.sill) & (z < hole.top)
    verdict = np.where((s > hole.start + hidden[0]) & (s < hole.start + hidden[1]), 0, np.where(through, 2, 1))
    return places, verdict, np.column_stack([np.where(through, np.nan, 0.0), np.full(len(s), 0.01)])


def test_edges_are_finer_than_cells():
    wall, hole = Wall(np.zeros(2), np.array([5.0, 0])), Opening("window", 1.234, 2.468, 0.876, 2.013)
    (found,) = plans.openings(*told(hole), wall, 2.5)
    assert found.kind == "window"
    for name in ("start", "end", "sill", "top"):
        assert getattr(found, name) == pytest.approx(getattr(hole, name), abs=0.006)


def test_what_is_hidden_is_not_open():
    wall = Wall(np.zeros(2), np.array([5.0, 0]))
    assert plans.openings(*told(Opening("door", 1.0, 2.0, 0.0, 2.0), (-0.5, 1.5)), wall, 2.5) == ()
    (door,) = plans.openings(*told(Opening("door", 1.0, 2.0, 0.0, 2.0)), wall, 2.5)
    assert (door.kind, door.sill) == ("door", 0.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_best_rectangle_is_the_best_of_all(seed: int):
    value = np.random.default_rng(seed).normal(size=(6, 7))
    (bottom, top, left, right), total = plans._best_rectangle(value)
    every = [
        value[a:b, c:d].sum() for a in range(6) for b in range(a + 1, 7) for c in range(7) for d in range(c + 1, 8)
    ]
    assert total == pytest.approx(max(every))
    assert value[bottom:top, left:right].sum() == pytest.approx(total)


def test_outlines_go_round_counterclockwise():
    inside = np.array([[1, 1], [1, 0]], bool)
    corners = plans._traced(inside)
    assert len(corners) == 6
    assert plans._area(corners.astype(float)) == pytest.approx(3)


def test_a_plan_compared_with_itself_is_right(scanned: dict):
    plan = scanned["divided"][3]
    same = plans.compare(plan, plan)
    assert same["same"]
    assert (same["height"], same["area"]) == (0, 0)
    assert same["found"] == same["true"] == same["answered"]
    assert not np.any(same["edges"])
    wall = next(w for w in plan.rooms[0] if w.openings)
    far = tuple(replace(hole, start=hole.start + 1.5, end=hole.end + 1.5) for hole in wall.openings)
    moved = tuple(replace(w, openings=far) if w is wall else w for w in plan.rooms[0])
    other = plans.compare(replace(plan, rooms=(moved, *plan.rooms[1:])), plan)
    assert other["found"] == same["found"] - len(wall.openings)
    assert not plans.compare(replace(plan, rooms=plan.rooms[:1]), plan)["same"]


def test_a_wall_between_rooms_is_as_thick_as_it_is(scanned: dict):
    plan = scanned["divided"][3]
    thick = [plans._gap(plan, wall) for walls in plan.rooms for wall in walls if plans.shared(plan, wall)]
    assert len(thick) == 2
    np.testing.assert_allclose(thick, rooms.THICKNESS, atol=0.005)


def test_the_model_has_openings_and_a_floor(scanned: dict):
    for _, _, _, plan in scanned.values():
        mesh, part = plans.model(plan)
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
    for _, _, _, plan in scanned.values():
        tree = ET.fromstring(plans.svg(plan))
        words = {node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")}
        for walls in plan.rooms:
            assert {f"{wall.length:.2f}" for wall in walls if not plans.shared(plan, wall)} <= words
        assert f"↕ {plan.height:.2f} m" in words
        assert not any(word in plans.svg(plan) for word in ("nan", "inf"))


def test_a_wall_map_measures_a_patch():
    room = rooms.make(4, furniture=0, **KINDS["rectangle"])
    first, rng = room.middle(), np.random.default_rng(0)
    plan = plans.true_plan(room, first, 0.0, plans.Plan((), 0.0))
    wall = min(plan.rooms[0], key=lambda w: len(w.openings))
    along = (wall.b - wall.a) / wall.length
    inwards = np.array([-along[1], along[0]])
    ends = np.array([wall.a + s * along + d * inwards + first for s in (1.0, 1.6) for d in (0, 0.03)])
    patch = trimesh.creation.box(bounds=[[*ends.min(0), 1.2], [*ends.max(0), 1.8]])
    scan = plans.scan(trimesh.util.concatenate([room.mesh, patch]), [first], rng)
    mean, variance = plans.wall_map(scan.rays(), plan, wall)
    rows, columns = mean.shape
    z, s = (np.arange(rows) + 0.5) * plan.height / rows, (np.arange(columns) + 0.5) * wall.length / columns
    on = (np.abs(z[:, None] - 1.5) < 0.2) & (np.abs(s - 1.3) < 0.2)
    off = (np.abs(z[:, None] - 1.5) < 0.2) & (np.abs(s - 2.4) < 0.3)
    assert mean[on].mean() == pytest.approx(0.03, abs=0.004)
    assert abs(mean[off].mean()) < 0.004
    deviations = mean[off] / np.sqrt(variance[off])
    assert 0.4 < deviations.std() < 1.8

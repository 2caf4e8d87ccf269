"""Plans agree with the rooms that were scanned, whichever way the rooms are turned."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh

from recon3d_lite import plans, rooms, scans
from recon3d_lite.rooms import Opening, Wall


@pytest.mark.parametrize("kind", ["rectangle", "L", "divided"])
def test_a_plan_is_its_room(scanned: dict, kind: str):
    room, first, plan = scanned[kind]
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
    room = rooms.make(4, furniture=0, l_shaped=True)
    lengths = []
    for turn in (0.0, 1.0, 3.0):
        scan = scans.take(room.mesh, scans.places(room, 2), np.random.default_rng(0), turn=turn)
        plan = plans.floor_plan(scan, with_openings=False)
        lengths.append(np.sort([wall.length for wall in plan.rooms[0]]))
    np.testing.assert_allclose(lengths, [lengths[0]] * 3, atol=0.005)


def test_the_true_plan_covers_the_floor(scanned: dict):
    for kind, (room, first, plan) in scanned.items():
        truth = plans.true_plan(room, first, 0.7, plan)
        x, y = room.outline.T
        area = (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2
        if kind == "divided":
            area -= rooms.THICKNESS * np.ptp(y)
        assert truth.area == pytest.approx(area)
        for walls in truth.rooms:
            assert all(np.allclose(a.b, b.a) for a, b in zip(walls, np.roll(walls, -1), strict=True))


def test_rays_pass_openings_and_stop_at_walls():
    room = rooms.make(3, furniture=0, l_shaped=False, partition=False)
    first = room.middle()
    scan = scans.take(room.mesh, [first], None)
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
    plan = scanned["divided"][2]
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


def test_a_wall_map_measures_a_patch():
    room = rooms.make(4, furniture=0, l_shaped=False, partition=False)
    first, rng = room.middle(), np.random.default_rng(0)
    plan = plans.true_plan(room, first, 0.0, plans.Plan((), 0.0))
    wall = min(plan.rooms[0], key=lambda w: len(w.openings))
    along = (wall.b - wall.a) / wall.length
    inwards = np.array([-along[1], along[0]])
    ends = np.array([wall.a + s * along + d * inwards + first for s in (1.0, 1.6) for d in (0, 0.03)])
    patch = trimesh.creation.box(bounds=[[*ends.min(0), 1.2], [*ends.max(0), 1.8]])
    scan = scans.take(trimesh.util.concatenate([room.mesh, patch]), [first], rng)
    mean, variance = plans.wall_map(scan.rays(), plan, wall)
    rows, columns = mean.shape
    z, s = (np.arange(rows) + 0.5) * plan.height / rows, (np.arange(columns) + 0.5) * wall.length / columns
    on = (np.abs(z[:, None] - 1.5) < 0.2) & (np.abs(s - 1.3) < 0.2)
    off = (np.abs(z[:, None] - 1.5) < 0.2) & (np.abs(s - 2.4) < 0.3)
    assert mean[on].mean() == pytest.approx(0.03, abs=0.004)
    assert abs(mean[off].mean()) < 0.004
    deviations = mean[off] / np.sqrt(variance[off])
    assert 0.4 < deviations.std() < 1.8

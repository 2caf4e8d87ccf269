"""From a depth scan of rooms to their floor plan: walls, rooms, openings, and how far they are from the truth.

>>> from recon3d_lite import scans
>>> room = rooms.make(4, furniture=0)
>>> one = scans.take(room.mesh, scans.places(room, 2), np.random.default_rng(0), turn=0.4)
>>> plan = floor_plan(one)
>>> bool(abs(plan.height - room.height) < 0.01), [len(walls) for walls in plan.rooms]
(True, [4])
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from . import rooms
from .rooms import Opening, Room, Wall
from .scans import Scan, noise, normals_of, ransac_plane, thinned, tries_needed, turned

__all__ = ["Plan", "compare", "evidence", "floor_plan", "openings", "raster", "true_plan", "wall_map"]

STEEP = np.cos(np.radians(70))  # rays flatter than this say nothing about a wall


@dataclass(frozen=True)
class Plan:
    """Rooms as walls that go round counterclockwise, parallel to the axes, in the plan's own frame.

    A place of the scan is turned by ``-turn`` about z, and ``floor`` is taken from its height, to be a place of the
    plan. ``height`` is the ceiling's, and everything is in metres.
    """

    rooms: tuple[tuple[Wall, ...], ...]
    height: float
    turn: float = 0.0
    floor: float = 0.0

    @property
    def area(self) -> float:
        """Of all rooms' floors, between the walls' faces, in square metres."""
        return float(sum(_area(np.array([wall.a for wall in walls])) for walls in self.rooms))


def true_plan(room: Room, first: np.ndarray, turn: float, plan: Plan) -> Plan:
    """The plan that a room was built from, in the frame of a ``plan`` found in a scan from ``first`` (2,)."""

    def placed(x: np.ndarray) -> np.ndarray:
        return (turned(turn - plan.turn) @ [*(np.asarray(x) - first), 0])[:2]

    depth_of_room = room.outline[:, 1].max()
    found = []
    for left, right in _halves(room):
        walls = []
        for wall in room.walls:
            along = (wall.b - wall.a) / wall.length
            a, b = (np.array([np.clip(p[0], left, right), p[1]]) for p in (wall.a, wall.b))
            if abs(along[1]) > 0.5 and not left <= wall.a[0] <= right:  # it bounds the other half; here the partition
                at_right = wall.a[0] > right
                x = right if at_right else left
                hole = room.partition.openings[0]
                start, end = (
                    (hole.start, hole.end) if at_right else (depth_of_room - hole.end, depth_of_room - hole.start)
                )
                walls.append(
                    Wall(np.array([x, wall.a[1]]), np.array([x, wall.b[1]]), (replace(hole, start=start, end=end),))
                )
                continue
            shift, length = along @ (a - wall.a), np.linalg.norm(b - a)
            holes = [
                replace(hole, start=max(0.0, hole.start - shift), end=min(length, hole.end - shift))
                for hole in wall.openings
            ]
            walls.append(Wall(a, b, tuple(hole for hole in holes if hole.end - hole.start > 0.2)))
        found.append(tuple(Wall(placed(w.a), placed(w.b), w.openings) for w in walls))
    return Plan(tuple(found), room.height, turn=plan.turn, floor=0.0)


def _halves(room: Room) -> list[tuple[float, float]]:
    low, high = room.outline[:, 0].min(), room.outline[:, 0].max()
    if room.partition is None:
        return [(low, high)]
    x = room.partition.a[0]
    return [(low, x), (x + rooms.THICKNESS, high)]


# ---- walls -----------------------------------------------------------------------------------------------------


def floor_plan(scan: Scan, seed: int = 0, *, with_openings: bool = True) -> Plan:
    """Floor and ceiling, walls, rooms and openings of a scan whose z axis is about up.

    Walls are upright and meet at right angles: a Manhattan world. They are looked for below the ceiling, where
    little furniture reaches; a place is inside if the ceiling was seen above it.
    """
    rng = np.random.default_rng(seed)
    raw, depth, frame = scan.points()
    eyes = np.array([camera.centre for camera in scan.cameras])
    points, eye = thinned(raw, 0.05, eyes[frame])
    floor, ceiling = _levels(points, raw, depth, rng)
    height = ceiling - floor
    # below the ceiling, upright: lines of the plan
    high = (points[:, 2] > ceiling - 0.6) & (points[:, 2] < ceiling - 0.06)
    points, eye = points[high], eye[high]
    normals = normals_of(points, eye)
    upright = np.abs(normals[:, 2]) < 0.35
    points, normals = points[upright, :2], normals[upright, :2]
    turn = _direction(points, normals, rng)
    for _ in range(3):
        back = turned(-turn)[:2, :2]
        lines, slope = zip(*(_offsets(points @ back.T, normals @ back.T, axis, rng) for axis in (0, 1)), strict=True)
        turn += (slope[1] * len(lines[1]) - slope[0] * len(lines[0])) / max(1, len(lines[0]) + len(lines[1]))
    flat = raw @ turned(-turn).T
    under = flat[np.abs(raw[:, 2] - ceiling) < 0.03 + 2 * noise(depth)]
    outlines = _outlines(under[:, :2], lines)
    found = []
    for outline in outlines:
        found.append(_placed(outline, flat[:, :2], depth, raw[:, 2] - floor, height))
    plan = Plan(tuple(found), float(height), float(turn), float(floor))
    if not with_openings:
        return plan
    rays = scan.rays()
    return replace(
        plan,
        rooms=tuple(
            tuple(replace(wall, openings=openings(*evidence(rays, plan, wall), wall, height)) for wall in walls)
            for walls in plan.rooms
        ),
    )


def _levels(points, raw, depth, rng) -> tuple[float, float]:
    """Heights of floor and ceiling: the lowest and highest of the large level planes."""
    levels = []
    rest = points
    for _ in range(14):
        n, d, inlier = ransac_plane(rest, 0.04, tries_needed(0.15), rng)
        if abs(n[2]) > 0.95:
            levels.append((d / n[2], inlier.sum()))
        rest = rest[~inlier]
        if len(levels) >= 2 and (np.ptp([z for z, _ in levels]) > 1.8):
            break
    found = []
    for z in (min(levels)[0], max(levels)[0]):
        for _ in range(3):
            near = np.abs(raw[:, 2] - z) < 0.02 + 2.5 * noise(depth)
            z = np.average(raw[near, 2], weights=noise(depth[near]) ** -2)
        found.append(z)
    return found[0], found[1]


def _direction(points, normals, rng) -> float:
    """The angle of one of the two wall directions in [0, pi/2): from the line that most points lie on, then all."""
    i, j = rng.integers(len(points), size=(2, tries_needed(0.1, points=2)))
    along = points[j] - points[i]
    long = np.linalg.norm(along, axis=1) > 0.5
    i, along = i[long], along[long] / np.linalg.norm(along[long], axis=1, keepdims=True)
    count = [(np.abs((points - points[k]) @ [-v[1], v[0]]) < 0.03).sum() for k, v in zip(i, along, strict=True)]
    v = along[int(np.argmax(count))]
    angle = np.arctan2(v[1], v[0])
    facing = np.arctan2(normals[:, 1], normals[:, 0])
    for limit in (0.2, 0.1, 0.1):
        off = (facing - angle + np.pi / 4) % (np.pi / 2) - np.pi / 4
        angle += off[np.abs(off) < limit].mean()
    return float(angle % (np.pi / 2))


def _offsets(points, normals, axis, rng, tolerance: float = 0.04) -> tuple[np.ndarray, float]:
    """Where lines across ``axis`` lie: one point makes a line, the one with most points is kept, and so on.

    And the slope that they still have in common. A thin wall has two lines, which face away from each other.
    """
    found, spread = [], np.zeros(2)
    for side in (-1, 1):
        facing = side * normals[:, axis] > 0.9
        x, along = points[facing, axis], points[facing, 1 - axis]
        while len(x) > 10:
            tries = x[rng.integers(len(x), size=tries_needed(0.05, points=1))]
            best = tries[np.argmax([(np.abs(x - c) < tolerance).sum() for c in tries])]
            for _ in range(3):
                near = np.abs(x - best) < tolerance
                best = x[near].mean()
            if len(np.unique(np.floor(along[near] / 0.1))) >= 5:  # half a metre of wall
                found.append(best)
                off = along[near] - along[near].mean()
                spread += off @ (x[near] - best), off @ off
            elif near.sum() < 10:
                break
            left = np.abs(x - best) > 0.25
            x, along = x[left], along[left]
    return np.sort(found), spread[0] / max(spread[1], 1e-9)


def _outlines(under: np.ndarray, lines: list[np.ndarray]) -> list[np.ndarray]:
    """Rooms' corners, counterclockwise: cells between the lines that have a ceiling (its points: (N, 2)), joined."""
    cell = 0.05
    low = under.min(0) - 0.1
    count = np.zeros(np.ceil((under.max(0) + 0.1 - low) / cell).astype(int))
    np.add.at(count, tuple(((under - low) / cell).astype(int).T), 1)
    covered = count > 0.15 * np.median(count[count > 0])
    cuts = []
    for axis in (0, 1):
        extent = low[axis] + cell * np.flatnonzero(covered.mean(1 - axis) > 0.05)[[0, -1]] + [0, cell]
        own = list(lines[axis])
        if not own or own[0] > extent[0] + 0.25:
            own.insert(0, extent[0])
        if own[-1] < extent[1] - 0.25:
            own.append(extent[1])
        cuts.append(np.array(own)[np.r_[True, np.diff(own) > 0.07]])
    inside = np.zeros([len(c) - 1 for c in cuts], bool)
    for i, j in np.ndindex(*inside.shape):
        a, b = np.array([cuts[0][i], cuts[1][j]]), np.array([cuts[0][i + 1], cuts[1][j + 1]])
        if (b - a).min() < 0.3:  # perhaps a wall between two rooms: count in its middle third
            third = np.where(b - a < 0.3, (b - a) / 3, 0)
            density = ((under > a + third) & (under < b - third)).all(1).sum() / np.prod(b - a - 2 * third)
            inside[i, j] = density > 0.1 * np.median(count[count > 0]) / cell**2
            continue
        first, last = (np.round((p - low) / cell).astype(int).clip(0, count.shape) for p in (a, b))
        part = covered[first[0] : last[0], first[1] : last[1]]
        inside[i, j] = part.size > 0 and part.mean() > 0.5  # a wall's outer face, seen through a window, has no ceiling
    label, number = ndimage.label(inside)
    found = []
    for room in range(1, number + 1):
        corners = _traced(label == room)
        outline = np.column_stack([cuts[0][corners[:, 0]], cuts[1][corners[:, 1]]])
        if _area(outline) > 1.5:
            found.append(outline)
    return sorted(found, key=lambda outline: tuple(outline.mean(0)))


def _traced(inside: np.ndarray) -> np.ndarray:
    """Corners (K, 2) of the outer boundary of cells, counterclockwise, as indices of grid lines."""
    following = {}
    full = np.pad(inside, 1)
    for i, j in np.argwhere(inside):
        for (di, dj), a, b in (
            ((0, -1), (i, j), (i + 1, j)), ((1, 0), (i + 1, j), (i + 1, j + 1)),
            ((0, 1), (i + 1, j + 1), (i, j + 1)), ((-1, 0), (i, j + 1), (i, j)),
        ):  # fmt: skip
            if not full[i + 1 + di, j + 1 + dj]:
                following[a] = b
    start = min(following)
    path = [start]
    while following[path[-1]] != start and len(path) <= len(following):
        path.append(following[path[-1]])
    path = np.array(path)
    before, after = path - np.roll(path, 1, 0), np.roll(path, -1, 0) - path
    return path[before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]]


def _placed(outline, flat, depth, z, height) -> tuple[Wall, ...]:
    """The walls of an outline, each moved to the weighted mean of the points on it."""
    moved = outline.copy()
    for k in range(len(outline)):
        a, b = outline[k], outline[(k + 1) % len(outline)]
        axis = int(np.argmin(np.abs(b - a)))  # the coordinate that is the same all along
        low, high = sorted((a[1 - axis], b[1 - axis]))
        on = (flat[:, 1 - axis] > low + 0.1) & (flat[:, 1 - axis] < high - 0.1)
        on &= (z > 0.1) & (z < height - 0.05) & (np.abs(flat[:, axis] - a[axis]) < 0.12)
        x, sigma, c = flat[on, axis], noise(depth[on]), a[axis]
        for _ in range(3):
            near = np.abs(x - c) < 0.01 + 2.5 * sigma
            if near.sum() > 50:
                c = np.average(x[near], weights=sigma[near] ** -2)
        moved[k, axis] = moved[(k + 1) % len(outline), axis] = c
    return tuple(Wall(a, b) for a, b in zip(moved, np.roll(moved, -1, 0), strict=True))


# ---- openings --------------------------------------------------------------------------------------------------


def evidence(
    rays: tuple[np.ndarray, np.ndarray, np.ndarray], plan: Plan, wall: Wall
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the rays that a wall should stop say of it: places along and above (K, 2), verdicts (K,), readings (K, 2).

    Verdicts: 1 stopped at the wall, 0 stopped before it, 2 went through (a depth behind the wall, or none at all).
    A reading is how far before the wall it lies (nan without one), and its standard deviation.
    """
    centres, directions, depth = rays
    along = (wall.b - wall.a) / wall.length
    R = turned(plan.turn)
    u = (R @ [*along, 0]).astype(np.float32)
    n = (R @ [-along[1], along[0], 0]).astype(np.float32)
    corner = R @ [*wall.a, 0] + [0, 0, plan.floor]
    found = []
    for centre, d, measured in zip(centres, directions, depth, strict=True):
        away = float(n @ (centre - corner))
        if away < 0.1:
            continue  # the camera is behind the wall
        towards = -(d @ n)
        steep = np.flatnonzero(towards > STEEP * np.linalg.norm(d, axis=1))
        d, towards, measured = d[steep], towards[steep], measured[steep]
        expected = away / towards
        place = centre + expected[:, None] * d - corner
        s, z = place @ u, place[:, 2]
        kept = (expected > rooms.NEAR + 0.05) & (expected < rooms.FAR - 0.5)
        kept &= (s > 0) & (s < wall.length) & (z > 0) & (z < plan.height)
        s, z, towards, expected, measured = (x[kept] for x in (s, z, towards, expected, measured))
        before = (expected - measured) * towards
        limit = 0.02 + 3 * noise(expected) * towards
        verdict = np.where(before < -limit, 2, np.where(before > limit, 0, 1))
        before = np.where(np.isfinite(before), before, np.nan)
        found.append(np.column_stack([s, z, verdict, before, noise(expected) * towards]))
    found = np.concatenate(found) if found else np.zeros((0, 5))
    return found[:, :2], found[:, 2].astype(int), found[:, 3:]


def raster(places: np.ndarray, which: np.ndarray, wall: Wall, height: float, cell: float = 0.05) -> np.ndarray:
    """How many of the places (K, 2) chosen by ``which`` (K,) fall into each cell, (rows upwards, columns along)."""
    columns, rows = (max(1, round(length / cell)) for length in (wall.length, height))
    s, z = places[which].T
    return np.histogram2d(z, s, (rows, columns), ((0, height), (0, wall.length)))[0]


def openings(places: np.ndarray, verdict: np.ndarray, before: np.ndarray, wall: Wall, height: float) -> tuple:
    """Rectangles that rays went through, as `Opening`s, from `evidence`; a place that no ray reached is not open."""
    # A hole's own sides lie little behind the wall's face: for its edges, one standard deviation behind is behind.
    through_it = np.where(verdict > 0, (verdict == 2) | (before[:, 0] < -before[:, 1]), -1)
    blocked, stopped, through = (raster(places, verdict == which, wall, height) for which in (0, 1, 2))
    through = np.maximum(0, through - 0.05 * blocked)  # lost readings of what stands before the wall
    seen = stopped + through
    value = np.where(seen > 0, (through - stopped) / np.maximum(seen, 1), -0.1)
    rows, columns = value.shape
    cell_z, cell_s = height / rows, wall.length / columns
    found = []
    for _ in range(4):
        (bottom, top, left, right), total = _best_rectangle(value)
        width, tall = (right - left) * cell_s, (top - bottom) * cell_z
        if total * cell_z * cell_s < 0.2:
            break
        part, known = value[bottom:top, left:right].copy(), seen[bottom:top, left:right] > 0
        value[bottom:top, left:right] = -0.5  # next time another
        if width < 0.4 or tall < 0.5 or known.mean() < 0.5 or part[known].mean() < 0.6:
            continue
        edges = [left * cell_s, right * cell_s, bottom * cell_z, top * cell_z]
        edges = _sharpened(edges, places, through_it, wall.length, height)
        kind = "door" if edges[2] < 0.15 else "window"
        found.append(Opening(kind, edges[0], edges[1], 0.0 if kind == "door" else edges[2], edges[3]))
    return tuple(sorted(found, key=lambda hole: hole.start))


def _best_rectangle(value: np.ndarray) -> tuple[tuple[int, int, int, int], float]:
    """The rectangle of a raster (rows, columns) with the largest sum: bottom, top, left, right; and the sum."""
    rows = len(value)
    above = np.vstack([np.zeros(value.shape[1]), value.cumsum(0)])
    best, where = 0.0, (0, 0, 0, 0)
    for bottom in range(rows):
        strip = above[bottom + 1 :] - above[bottom]  # sums of rows bottom .. top, for every top
        run = np.hstack([np.zeros((len(strip), 1)), strip.cumsum(1)])
        lowest = np.minimum.accumulate(run, 1)
        gain = run - lowest
        k, right = np.unravel_index(np.argmax(gain), gain.shape)
        if gain[k, right] > best:
            left = int(np.argmax(run[k, : right + 1] == lowest[k, right]))
            best, where = float(gain[k, right]), (bottom, bottom + 1 + int(k), left, int(right))
    return where, best


def _sharpened(edges: list[float], places: np.ndarray, through: np.ndarray, length: float, height: float) -> list:
    """Each edge moved to where the fewest rays (1 through, 0 stopped, -1 unknown) are on its wrong side."""
    edges = list(edges)
    told = through >= 0
    places, through = places[told], through[told] == 1
    for number in (0, 1, 2, 3):
        axis, at_end = divmod(number, 2)
        other = edges[2 - 2 * axis : 4 - 2 * axis]
        if edges[number] < 0.1 or edges[number] > (length, height)[axis] - 0.1:
            continue
        near = np.abs(places[:, axis] - edges[number]) < 0.12
        near &= (places[:, 1 - axis] > other[0] + 0.1) & (places[:, 1 - axis] < other[1] - 0.1)
        if near.sum() < 10:
            continue
        order = np.argsort(places[near, axis])
        x, hole = places[near, axis][order], through[near][order]
        hole = hole if at_end else ~hole
        wrong = np.r_[0, (~hole).cumsum()] + np.r_[0, hole[::-1].cumsum()][::-1]
        k = np.flatnonzero(wrong == wrong.min())
        borders = np.r_[x[0], (x[1:] + x[:-1]) / 2, x[-1]]
        edges[number] = float(borders[k].mean())
    return edges


def wall_map(rays: tuple, plan: Plan, wall: Wall, cell: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """How far the readings at a wall lie before its plane, by cells: weighted means in metres, and their variances.

    Each reading weighs one over its variance, as `scans.noise` says. Cells (rows upwards, columns along) without a
    reading within 15 cm of the plane have mean 0 and variance inf.
    """
    places, _, readings = evidence(rays, plan, wall)
    before, sigma = readings.T
    near = np.flatnonzero(np.abs(before) < 0.15)
    shape = [max(1, round(length / cell)) for length in (plan.height, wall.length)]
    row, column = (places[near, ::-1] / [plan.height, wall.length] * shape).astype(int).T
    index = np.ravel_multi_index((row, column), shape)
    weight = np.bincount(index, sigma[near] ** -2, np.prod(shape)).reshape(shape)
    total = np.bincount(index, before[near] * sigma[near] ** -2, np.prod(shape)).reshape(shape)
    with np.errstate(divide="ignore"):
        return total / np.maximum(weight, 1e-12), 1 / weight


# ---- how good a plan is ----------------------------------------------------------------------------------------


def compare(plan: Plan, truth: Plan) -> dict:
    """Errors of a plan in metres: its walls and openings matched with those of the truth, in one frame.

    ``same`` says whether there are as many rooms, with as many walls. An opening is found if it and a true one share
    more than half of what they cover together.
    """
    faces = [wall for walls in plan.rooms for wall in walls]
    lengths, edges, found, true, kinds = [], [], 0, 0, 0
    for wall in (wall for walls in truth.rooms for wall in walls):
        along = (wall.b - wall.a) / wall.length
        across = np.array([-along[1], along[0]])
        true += len(wall.openings)
        shared = [
            np.minimum(along @ (f.b - wall.a), wall.length) - np.maximum(along @ (f.a - wall.a), 0)
            if along @ (f.b - f.a) > 0.95 * f.length and abs(across @ ((f.a + f.b) / 2 - wall.a)) < 0.3
            else -1.0
            for f in faces
        ]
        if max(shared) < 0.5 * wall.length:
            continue
        match = faces[int(np.argmax(shared))]
        lengths.append(match.length - wall.length)
        shift = along @ (match.a - wall.a)
        for hole in wall.openings:
            t = np.array([hole.start, hole.end, hole.sill, hole.top])
            for other in match.openings:
                y = np.array([other.start + shift, other.end + shift, other.sill, other.top])
                low, high = np.maximum(t, y)[[0, 2]], np.minimum(t, y)[[1, 3]]
                both = np.prod(np.maximum(high - low, 0))
                either = sum((q[1] - q[0]) * (q[3] - q[2]) for q in (t, y)) - both
                if both > 0.5 * either:
                    found, kinds = found + 1, kinds + (hole.kind == other.kind)
                    edges.append(y - t)
                    break
    return {
        "same": sorted(map(len, plan.rooms)) == sorted(map(len, truth.rooms)),
        "height": plan.height - truth.height,
        "area": plan.area - truth.area,
        "walls": lengths,
        "true_walls": sum(map(len, truth.rooms)),
        "edges": edges,
        "found": found,
        "right_kind": kinds,
        "answered": sum(len(wall.openings) for wall in faces),
        "true": true,
    }


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)

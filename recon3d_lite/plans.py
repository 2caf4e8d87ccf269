"""From a depth scan of rooms to their floor plan: planes, walls, openings, and the plan as a drawing and as a model.

>>> room = rooms.make(4, furniture=0)
>>> one = scan(room.mesh, places(room, 2), np.random.default_rng(0), turn=0.4)
>>> plan = floor_plan(one)
>>> bool(abs(plan.height - room.height) < 0.01), [len(walls) for walls in plan.rooms]
(True, [4])
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import trimesh
from scipy import ndimage
from scipy.spatial import cKDTree

from . import rooms
from .camera import Camera
from .rooms import Opening, Room, Wall

__all__ = [
    "Plan", "Scan", "align", "aligned", "compare", "evidence", "fit_plane", "floor_plan", "model", "noise",
    "normals_of", "openings", "places", "ransac_plane", "raster", "scan", "svg", "thinned", "tries_needed", "true_plan",
    "turned", "wall_map",
]  # fmt: skip

AZIMUTHS, TILTS = 6, (-0.75, 0.0, 0.75)  # a tripod's full turn: eighteen frames
STEEP = np.cos(np.radians(70))  # rays flatter than this say nothing about a wall


@dataclass(frozen=True)
class Scan:
    """Depth frames (F, H, W) in metres, a camera for each, and the stand (F,) that it was taken from.

    The cameras are where the scan believes that they are, in a frame of its own, z up.
    """

    frames: np.ndarray
    cameras: tuple[Camera, ...]
    stand: np.ndarray

    def of(self, *stands: int) -> Scan:
        """The same scan from some of its stands only."""
        kept = np.flatnonzero(np.isin(self.stand, stands))
        return Scan(self.frames[kept], tuple(self.cameras[i] for i in kept), self.stand[kept])

    def rays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every pixel: where its ray starts, its direction (as `Camera.rays`), and its depth; (F, H W, ..)."""
        centres, directions = zip(*(camera.rays() for camera in self.cameras), strict=True)
        return np.array(centres), np.array(directions, np.float32), self.frames.reshape(len(self.frames), -1)

    def points(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What was measured: points (N, 3), their depths (N,), and the frame (N,) that each comes from."""
        centres, directions, depth = self.rays()
        frame, pixel = np.nonzero(np.isfinite(depth))
        measured = depth[frame, pixel].astype(float)
        return centres[frame] + measured[:, None] * directions[frame, pixel], measured, frame

    def moved(self, stand: int, R: np.ndarray, t: np.ndarray) -> Scan:
        """The same scan, with one stand's cameras believed elsewhere: its points x become R x + t."""
        cameras = [_moved(c, R, t) if s == stand else c for c, s in zip(self.cameras, self.stand, strict=True)]
        return replace(self, cameras=tuple(cameras))


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


def noise(depth: np.ndarray) -> np.ndarray:
    """The standard deviation (N,) in metres of a depth (N,) that `rooms.depth_frame` measures.

    >>> noise(np.array([0.4, 2.4])).round(4).tolist()
    [0.0012, 0.0088]
    """
    return 0.0012 + 0.0019 * (np.asarray(depth) - 0.4) ** 2


def turned(angle: float) -> np.ndarray:
    """The rotation (3, 3) by ``angle`` about z.

    >>> (turned(np.pi / 2) @ [1, 0, 0]).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def places(room: Room, count: int) -> np.ndarray:
    """Where a tripod finds room to stand, (count, 2): far from furniture and walls, and far from each other."""
    low, high = room.outline.min(0), room.outline.max(0)
    grid = np.stack(np.meshgrid(*(np.arange(a + 0.5, b - 0.5, 0.1) for a, b in zip(low, high, strict=True))), -1)
    grid = grid.reshape(-1, 2)
    boxes = [(piece.low[:2], piece.high[:2]) for piece in room.pieces]
    if len(room.walls) == 6:
        boxes.append((room.outline[3], high))
    if room.partition is not None:
        x = room.partition.a[0]
        boxes.append((np.array([x, low[1]]), np.array([x + rooms.THICKNESS, high[1]])))
    gap = np.full(len(grid), 9.0)  # metres: as far as anything
    for a, b in boxes:
        gap = np.minimum(gap, np.linalg.norm(np.maximum(np.maximum(a - grid, grid - b), 0), axis=1))
    free = grid[gap > min(0.5, np.quantile(gap, 0.8))]
    chosen = [free[np.argmin(np.linalg.norm(free - room.middle(), axis=1))]]
    while len(chosen) < count:
        away = np.linalg.norm(free[:, None] - np.array(chosen), axis=2).min(1)
        to_wall = np.minimum(free - low, high - free).min(1)
        chosen.append(free[np.argmax(away + np.minimum(to_wall, 1.0))])
    return np.array(chosen)


def scan(
    mesh: trimesh.Trimesh,
    places: np.ndarray,
    rng: np.random.Generator | None,
    *,
    turn: float = 0.0,
    height: float = 1.5,
    noisy: float = 1.0,
) -> Scan:
    """A depth camera on a tripod makes a full turn, eighteen frames, at each of the ``places`` (K, 2).

    The scan's frame starts at the first place and is turned by ``turn`` against the mesh's. ``noisy`` multiplies the
    noise of `rooms.depth_frame`.
    """
    frames, cameras, stand = [], [], []
    R, t = turned(turn), -turned(turn) @ [*places[0], 0]
    for number, place in enumerate(places):
        for azimuth in 2 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS:
            for tilt in TILTS:
                camera = rooms.stand(place, height, azimuth, tilt)
                frame = rooms.depth_frame(mesh, camera, rng)
                if rng is not None and noisy != 1:
                    exact = rooms.depth_frame(mesh, camera)
                    both = np.isfinite(frame) & np.isfinite(exact)
                    frame[both] = exact[both] + noisy * (frame[both] - exact[both])
                frames.append(frame)
                cameras.append(_moved(camera, R, t))
                stand.append(number)
    return Scan(np.array(frames), tuple(cameras), np.array(stand))


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


# ---- planes ----------------------------------------------------------------------------------------------------


def tries_needed(share: float, points: int = 3, sure: float = 0.99) -> int:
    """How many draws of so many ``points`` hold, with probability ``sure``, one draw of inliers only.

    ``share`` of the data are inliers. Source: Fischler and Bolles, Communications of the ACM 24(6), 1981.

    >>> tries_needed(0.5), tries_needed(0.5, points=1)
    (35, 7)
    """
    return int(np.ceil(np.log(1 - sure) / np.log1p(-(share**points))))


def fit_plane(points: np.ndarray, weight: np.ndarray | None = None) -> tuple[np.ndarray, float]:
    """Least squares: unit normal n (3,) and offset d of the plane n x = d through points (N, 3).

    >>> n, d = fit_plane(np.array([[0, 0, 2], [1, 0, 2], [0, 1, 2], [1, 1, 2.0]]))
    >>> np.abs(n).round(6).tolist(), round(abs(d), 6)
    ([0.0, 0.0, 1.0], 2.0)
    """
    weight = np.ones(len(points)) if weight is None else weight
    middle = weight @ points / weight.sum()
    spread = (points - middle).T @ ((points - middle) * weight[:, None])
    n = np.linalg.eigh(spread)[1][:, 0]
    return n, float(n @ middle)


def ransac_plane(
    points: np.ndarray, tolerance: float, tries: int, rng: np.random.Generator
) -> tuple[np.ndarray, float, np.ndarray]:
    """The plane n x = d that most points (N, 3) are within ``tolerance`` of: n (3,), d, inliers (N,) bool.

    Tries are counted on at most 4,000 of the points; the best is fitted again to its inliers, three times.
    """
    sample = points[rng.permutation(len(points))[:4000]]
    a, b, c = points[rng.integers(len(points), size=(3, tries))]
    n = np.cross(b - a, c - a)
    length = np.linalg.norm(n, axis=1)
    n = n[length > 1e-9] / length[length > 1e-9, None]  # a point drawn twice makes no plane
    d = (n * a[length > 1e-9]).sum(1)
    count = [(np.abs(sample @ one - at) < tolerance).sum() for one, at in zip(n, d, strict=True)]
    best = int(np.argmax(count))
    n, d = n[best], d[best]
    for _ in range(3):
        inlier = np.abs(points @ n - d) < tolerance
        n, d = fit_plane(points[inlier])
    return n, d, np.abs(points @ n - d) < tolerance


def thinned(points: np.ndarray, cell: float, *values: np.ndarray) -> tuple[np.ndarray, ...]:
    """One point a cell of a grid: the means (M, 3) of the points (N, 3) in each, and of their ``values`` (N, ..).

    >>> thinned(np.array([[0, 0, 0], [0.2, 0, 0], [1.5, 0, 0]]), 1.0)[0].tolist()
    [[0.1, 0.0, 0.0], [1.5, 0.0, 0.0]]
    """
    key = np.floor(points / cell).astype(np.int64)
    key -= key.min(0)
    size = key.max(0) + 1
    number = (key[:, 0] * size[1] + key[:, 1]) * size[2] + key[:, 2]
    _, group, count = np.unique(number, return_inverse=True, return_counts=True)
    return tuple(
        np.column_stack([np.bincount(group, column) for column in np.reshape(x, (len(x), -1)).T]) / count[:, None]
        for x in (points, *values)
    )


def normals_of(points: np.ndarray, eye: np.ndarray, neighbours: int = 16) -> np.ndarray:
    """Unit normals (N, 3) at points (N, 3) of a surface, from each one's neighbours, turned towards the eye (N, 3)."""
    near = points[cKDTree(points).query(points, neighbours)[1]]
    near -= near.mean(1, keepdims=True)
    n = np.linalg.eigh(near.transpose(0, 2, 1) @ near)[1][:, :, 0]
    return np.where(((eye - points) * n).sum(1, keepdims=True) < 0, -n, n)


def align(
    points: np.ndarray, normals: np.ndarray, target: np.ndarray, target_normals: np.ndarray, *, reach: float = 0.4
) -> tuple[np.ndarray, np.ndarray]:
    """R (3, 3), t (3,) that lay points (N, 3) on a target (M, 3): iterated closest points, point to plane.

    Source: Chen and Medioni, Image and Vision Computing 10(3), 1992. Pairs are neighbours within ``reach``, which
    shrinks to 6 cm, whose normals differ by less than 37 degrees.
    """
    tree, R, t = cKDTree(target), np.eye(3), np.zeros(3)
    for limit in np.geomspace(reach, 0.06, 25):
        x = points @ R.T + t
        far, nearest = tree.query(x, distance_upper_bound=limit)
        met = np.flatnonzero(np.isfinite(far))
        n, y, x = target_normals[nearest[met]], target[nearest[met]], x[met]
        alike = (n * (normals[met] @ R.T)).sum(1) > 0.8
        n, y, x = n[alike], y[alike], x[alike]
        A = np.hstack([np.cross(x, n), n])  # a small turn w and a shift s move x by w x x + s
        w, s = np.split(np.linalg.lstsq(A, ((y - x) * n).sum(1), rcond=1e-6)[0], 2)
        step = trimesh.transformations.rotation_matrix(np.linalg.norm(w), w)[:3, :3] if w.any() else np.eye(3)
        R, t = step @ R, step @ t + s
    return R, t


def aligned(scan: Scan, *, cell: float = 0.06) -> Scan:
    """The scan with each stand laid on those before it by `align`."""
    target, target_normals, result = None, None, scan
    for stand in np.unique(scan.stand):
        one = scan.of(stand)
        raw, _, frame = one.points()
        points, eye = thinned(raw, cell, np.array([camera.centre for camera in one.cameras])[frame])
        normals = normals_of(points, eye)
        if target is not None:
            R, t = align(points, normals, target, target_normals)
            result = result.moved(stand, R, t)
            points, normals = points @ R.T + t, normals @ R.T
            points, normals = np.vstack([target, points]), np.vstack([target_normals, normals])
        target, target_normals = points, normals
    return result


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

    Each reading weighs one over its variance, as `noise` says. Cells (rows upwards, columns along) without a reading
    within 15 cm of the plane have mean 0 and variance inf.
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


# ---- what becomes of a plan ------------------------------------------------------------------------------------


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


def _gap(plan: Plan, wall: Wall) -> float:
    """How thick a wall with another room behind it is; else `rooms.THICKNESS`, which no scan of one side sees."""
    along = (wall.b - wall.a) / wall.length
    outwards = np.array([along[1], -along[0]])
    for other in (w for walls in plan.rooms for w in walls):
        away = outwards @ (other.a - wall.a)
        ends = [along @ (p - wall.a) for p in (other.a, other.b)]
        common = min(max(ends), wall.length) - max(min(ends), 0)
        facing = along @ (other.b - other.a) < -0.9 * other.length
        if facing and 0.01 < away < 0.5 and common > 0.5 * wall.length:
            return float(away)
    return rooms.THICKNESS


def shared(plan: Plan, wall: Wall) -> bool:
    """Whether another room lies behind the wall, so that both of its faces were measured."""
    return _gap(plan, wall) != rooms.THICKNESS


def model(plan: Plan) -> tuple[trimesh.Trimesh, np.ndarray]:
    """The plan as a mesh in metres, z up, and for each face whether it is a wall's (0) or the floor's (1).

    Walls are boxes around their openings; one between two rooms is made of two halves.
    """
    meshes = []
    for walls in plan.rooms:
        turns = _left_turns(walls)
        for i, wall in enumerate(walls):
            thick = _gap(plan, wall) / 2 if shared(plan, wall) else rooms.THICKNESS
            ends = (thick if turns[i - 1] else 0.0, thick if turns[i] else 0.0)
            meshes += [(brick, 0) for brick in rooms._bricks(wall, plan.height, *ends, thickness=thick)]
        outline = np.array([wall.a for wall in walls])
        xs, ys = np.unique(outline[:, 0].round(6)), np.unique(outline[:, 1].round(6))
        for i, j in np.ndindex(len(xs) - 1, len(ys) - 1):
            low, high = np.array([xs[i], ys[j]]), np.array([xs[i + 1], ys[j + 1]])
            if _inside((low + high) / 2, outline):
                meshes.append((rooms._box([*low, -0.02], [*high, 0.0]), 1))
    part = np.repeat([kind for _, kind in meshes], [len(mesh.faces) for mesh, _ in meshes])
    whole = trimesh.util.concatenate([mesh for mesh, _ in meshes])
    return trimesh.Trimesh(whole.vertices, whole.faces, process=False), part


def svg(plan: Plan) -> str:
    """The plan as a drawing, an SVG document: walls, doors and windows, measures in metres, a scale bar.

    Dark walls were measured on both faces or have a face that was; how thick an outer wall is, is assumed.
    """
    corners = np.array([wall.a for walls in plan.rooms for wall in walls])
    low, high = corners.min(0) - 0.75, corners.max(0) + 0.75
    low = low - [0, 0.35]
    width, height = 100 * (high - low)

    def at(p: np.ndarray) -> np.ndarray:  # centimetres, y down
        return np.array([100 * (p[0] - low[0]), 100 * (high[1] - p[1])])

    def line(a: np.ndarray, b: np.ndarray, style: str) -> str:
        (x1, y1), (x2, y2) = at(a), at(b)
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'

    def text(p: np.ndarray, words: str, along: np.ndarray = (1, 0), size: int = 17, colour: str = "#222") -> str:
        x, y = at(p)
        angle = -90 if abs(along[1]) > 0.5 else 0
        return (
            f'<text transform="translate({x:.1f} {y:.1f}) rotate({angle})" text-anchor="middle" dy="0.35em" '
            f'font-size="{size}" fill="{colour}">{words}</text>'
        )

    thin, thick = 'stroke="#222" stroke-width="1.5"', f'stroke="#444" stroke-width="{200 * rooms.THICKNESS:.0f}"'
    paths = []
    for walls in plan.rooms:
        places = " L".join("{:.1f} {:.1f}".format(*at(wall.a)) for wall in walls)
        paths.append(f"M{places} Z")
    parts = [f'<path d="{d}" fill="none" {thick} stroke-linejoin="miter"/>' for d in paths]
    parts += [f'<path d="{d}" fill="#fff"/>' for d in paths]
    swings: list[np.ndarray] = []
    for walls in plan.rooms:
        turns = _left_turns(walls)
        reflex = [not (turns[k - 1] and turns[k]) for k in range(len(walls))]
        for k, wall in enumerate(walls):
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])
            gap = _gap(plan, wall)
            for hole in wall.openings:
                a, b = wall.a + hole.start * along, wall.a + hole.end * along
                ring = np.array([a, b, b - gap * inwards, a - gap * inwards])
                parts.append(
                    '<polygon points="{}" fill="#fff"/>'.format(" ".join("{:.1f},{:.1f}".format(*at(p)) for p in ring))
                )
                parts += [line(p, p - gap * inwards, thin) for p in (a, b)]
                middle, size = (a + b) / 2, hole.end - hole.start
                if hole.kind == "window":
                    parts += [line(a - f * gap * inwards, b - f * gap * inwards, thin) for f in (0.0, 0.5, 1.0)]
                    words = f"{size:.2f} \u00d7 {hole.top - hole.sill:.2f}"
                    parts.append(text(middle + 0.17 * inwards, words, along, 13, "#0072B2"))
                elif not any(np.linalg.norm(middle - other) < 0.5 for other in swings):
                    swings.append(middle)
                    tip, (x, y) = a + size * inwards, at(b)
                    parts.append(line(a, tip, 'stroke="#222" stroke-width="3"'))
                    parts.append(
                        '<path d="M{:.1f} {:.1f} A{r:.1f} {r:.1f} 0 0 1 {x:.1f} {y:.1f}" fill="none" stroke="#888" '
                        'stroke-dasharray="4 4"/>'.format(*at(tip), r=100 * size, x=x, y=y)
                    )
                    parts.append(text(middle + 0.17 * inwards, f"{size:.2f}", along, 13, "#0072B2"))
            if not shared(plan, wall):
                side = 1 if reflex[k] else -1  # in a notch there is no place for measures
                a, b = (p + side * 0.42 * inwards for p in (wall.a, wall.b))
                parts.append(line(a, b, 'stroke="#888" stroke-width="1"'))
                parts += [line(p - 0.08 * inwards, p + 0.08 * inwards, thin) for p in (a, b)]
                parts.append(text((a + b) / 2 + side * 0.14 * inwards, f"{wall.length:.2f}", along))
        outline = np.array([wall.a for wall in walls])
        area = _area(outline)
        parts.append(text(_middle(outline), f"{area:.1f} m²", size=20))
    parts.append(text(_middle(np.array([w.a for w in plan.rooms[0]])) - [0, 0.3], f"↕ {plan.height:.2f} m", size=15))
    x, y = low[0] + 0.35, low[1] + 0.3
    parts.append(line(np.array([x, y]), np.array([x + 1, y]), 'stroke="#222" stroke-width="5"'))
    parts.append(text(np.array([x + 1.3, y]), "1 m", size=15))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(parts) + "</svg>"
    )  # fmt: skip


def _left_turns(walls: tuple[Wall, ...]) -> list[bool]:
    """Whether the way round turns left at the end of each wall; in a notch's corner it turns right."""
    steps = [wall.b - wall.a for wall in walls]
    return [bool(a[0] * b[1] > a[1] * b[0]) for a, b in zip(steps, [*steps[1:], steps[0]], strict=True)]


def _inside(place: np.ndarray, outline: np.ndarray) -> bool:
    x, y = (outline - place).T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > 0) != (y2 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return bool((crosses & (x - y * (x2 - x) / (y2 - y) > 0)).sum() % 2)


def _middle(outline: np.ndarray) -> np.ndarray:
    """The middle of the largest rectangle of an outline's grid cells."""
    xs, ys = (np.unique(column.round(6)) for column in outline.T)
    cells = [(xs[i], xs[i + 1], ys[j], ys[j + 1]) for i, j in np.ndindex(len(xs) - 1, len(ys) - 1)]
    inside = [c for c in cells if _inside(np.array([c[0] + c[1], c[2] + c[3]]) / 2, outline)]
    a, b, c, d = max(inside, key=lambda c: min(c[1] - c[0], c[3] - c[2]))
    return np.array([a + b, c + d]) / 2


def _area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def _moved(camera: Camera, R: np.ndarray, t: np.ndarray) -> Camera:
    """The camera whose points x are R x + t."""
    turned = camera.R @ R.T
    return replace(camera, R=turned, t=camera.t - turned @ t)

"""A robot in a room that it has not seen: a map from depth frames, a path on it, and driving with further looks.

The robot is an upright cylinder with a depth camera. Its map is a grid of square cells that hold log-odds: above 0
something stands there, below 0 nothing does, 0 is unknown. Lengths are metres, the floor is z = 0.

>>> room = rooms.make(1)
>>> mesh = shut(room)
>>> truth = true_map(mesh)
>>> start, goal = task(truth, np.random.default_rng(1))
>>> trip = drive(mesh, start, goal, np.random.default_rng(0))
>>> trip.ended
'reached'

Elfes, Using occupancy grids for mobile robot perception and navigation, Computer 22 (6), 1989.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import trimesh
from scipy import ndimage, optimize
from skimage import graph
from skimage.draw import line

from . import rooms

__all__ = ["Map", "Trip", "bug", "costs", "drive", "gap", "length", "outlines", "route", "shut", "task", "true_map"]

CELL = 0.05  # side of a cell
RADIUS, HEIGHT = 0.20, 0.60  # of the robot
EYE, TILT, FRAME = 0.50, -0.30, (80, 60)  # its camera: height above the floor, tilt in radians, pixels
FLOOR = 0.05  # what is lower counts as floor
MARGIN = 0.05  # the robot's own, beside its radius
HIT, PASS, LIMITS = np.log(0.7 / 0.3), np.log(0.4 / 0.6), (-2.0, 3.5)  # log-odds of one look, and of all together
SIGHT = 4.0  # what is farther is left out: there the noise is larger than half a cell
REACH, PRIOR = 0.15, 1.0  # of matching: how far a hit may be from its cell (metres), and what moving costs
BEAM = 0.02  # radians: the points of a frame that lie in one upright slice


@dataclass
class Map:
    """Square cells with log-odds (X, Y); ``corner`` (2,) is the first cell's outer corner.

    >>> map = Map.around([0, 0], [1, 2])
    >>> map.log_odds.shape, map.cells([[0.51, 1.02]]).tolist(), map.places([[20, 30]]).round(3).tolist()
    ((40, 60), [[20, 30]], [[0.525, 1.025]])
    """

    corner: np.ndarray
    log_odds: np.ndarray

    @classmethod
    def around(cls, low: np.ndarray, high: np.ndarray, border: float = 0.5) -> Map:
        """An unknown map from ``low`` to ``high``, corners (2,), and a border."""
        corner = np.asarray(low, float) - border
        return cls(corner, np.zeros(np.ceil((np.asarray(high) + border - corner) / CELL - 1e-9).astype(int)))

    def cells(self, places: np.ndarray) -> np.ndarray:
        """Of places (N, 2) in metres the cells (N, 2); they may lie outside of the map."""
        return np.floor((np.asarray(places) - self.corner) / CELL).astype(int)

    def places(self, cells: np.ndarray) -> np.ndarray:
        """The middles (N, 2) of cells (N, 2)."""
        return (np.asarray(cells) + 0.5) * CELL + self.corner

    def inside(self, cells: np.ndarray) -> np.ndarray:
        """Those of the cells (N, 2) that are on the map, as an index (rows, columns)."""
        return tuple(cells[((cells >= 0) & (cells < self.log_odds.shape)).all(1)].T)

    def fuse(self, points: np.ndarray, eye: np.ndarray) -> None:
        """Adds what one frame says, whose points (N, 3) were seen from ``eye`` (2,).

        Points higher than the floor and lower than the robot are hits. In each upright slice of the view all is free
        from the nearest point to the nearest hit, or, if there is none, to the farthest point on the floor. A cell
        is counted once a frame; one with a hit is no free one.

        >>> map = Map.around([0, 0], [1, 1])
        >>> map.fuse(np.array([[0.5, 0.1, 0], [0.8, 0.1, 0.3]]), np.array([0.2, 0.1]))
        >>> [float(np.sign(map.log_odds[tuple(cell)])) for cell in map.cells([[0.7, 0.1], [0.8, 0.1], [0.9, 0.1]])]
        [-1.0, 1.0, 0.0]
        """
        points = points[points[:, 2] < HEIGHT + MARGIN]
        hit = points[:, 2] > FLOOR
        x, y = (points[:, :2] - eye).T
        far, bearing = np.hypot(x, y), np.round(np.arctan2(y, x) / BEAM)
        beams, beam = np.unique(bearing, return_inverse=True)
        near, reach, stop = np.full(len(beams), np.inf), np.zeros(len(beams)), np.full(len(beams), np.inf)
        np.minimum.at(near, beam, far)
        np.maximum.at(reach, beam, far)
        np.minimum.at(stop, beam[hit], far[hit])
        along = np.arange(0, min(far.max(initial=0), SIGHT), CELL / 2)
        row, column = np.nonzero((along >= near[:, None]) & (along <= np.minimum(reach, stop)[:, None]))
        angle = (beams[row, None] + [-1 / 3, 0, 1 / 3]) * BEAM
        passed = eye + along[column, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
        change = np.zeros_like(self.log_odds)
        change[self.inside(self.cells(passed.reshape(-1, 2)))] = PASS
        change[self.inside(self.cells(points[hit & (far < SIGHT), :2]))] = HIT
        self.log_odds = (self.log_odds + change).clip(*LIMITS)

    def stand(self, place: np.ndarray) -> None:
        """Where the robot stands there is nothing else: the cells under it are free."""
        self.log_odds[self._disc(place, RADIUS)] = LIMITS[0]

    def match(self, points: np.ndarray, place: np.ndarray) -> np.ndarray:
        """How a frame's points (N, 3), seen from ``place`` (2,), must move to fit the map: (x, y, angle about place).

        The hits that lie within 15 cm of occupied cells are moved until their mean distance to these is least. The
        others are news, and would pull the robot back to what it knows.

        Source: Thrun, Burgard and Fox, Probabilistic Robotics, MIT Press 2005, chapter 6, where such a map of
        distances is called a likelihood field.

        >>> map = Map.around([0, 0], [2, 2])
        >>> map.log_odds[40, 10:50] = map.log_odds[20:40, 49] = 1.0      # two walls
        >>> wall = map.places(np.argwhere(map.log_odds > 0))
        >>> moved = np.c_[wall + [0.1, -0.05], np.full(len(wall), 0.3)]
        >>> bool(np.allclose(map.match(moved, np.array([1.0, 1.0])), [-0.1, 0.05, 0], atol=0.02))
        True
        """
        hits = points[(points[:, 2] > FLOOR) & (points[:, 2] < HEIGHT + MARGIN), :2]
        if not (self.log_odds > 0).any():
            return np.zeros(3)
        field = self.clearance().clip(0, REACH)

        def distance(places: np.ndarray) -> np.ndarray:
            cells = ((places - self.corner) / CELL - 0.5).T
            return ndimage.map_coordinates(field, cells, order=1, mode="nearest")

        hits = hits[(np.linalg.norm(hits - place, axis=1) < SIGHT) & (distance(hits) < REACH)]
        if len(hits) < 30:
            return np.zeros(3)
        offset = hits[:: len(hits) // 300 + 1] - place

        def miss(change: np.ndarray) -> float:
            c, s = np.cos(change[2]), np.sin(change[2])
            places = offset @ np.array([[c, s], [-s, c]]) + place + change[:2]
            return distance(places).mean() + PRIOR * (change**2).sum()  # what the map does not tell stays as it is

        simplex = np.concatenate([np.zeros((1, 3)), np.diag([0.08, 0.08, 0.06])])
        options = {"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-5, "maxfev": 150}
        return optimize.minimize(miss, np.zeros(3), method="Nelder-Mead", options=options).x

    def _disc(self, place: np.ndarray, radius: float) -> np.ndarray:
        middles = np.stack(np.indices(self.log_odds.shape), -1) + 0.5
        return np.linalg.norm(middles * CELL + self.corner - place, axis=-1) < radius

    def clearance(self) -> np.ndarray:
        """How far each cell's middle is from the nearest occupied cell's, (X, Y); inf if there is none."""
        occupied = self.log_odds > 0
        if not occupied.any():
            return np.full(occupied.shape, np.inf)
        return CELL * ndimage.distance_transform_edt(~occupied)


def shut(room: rooms.Room) -> trimesh.Trimesh:
    """The room's mesh with its outer doors shut, so that the robot stays in.

    >>> len(shut(rooms.make(1)).faces) - len(rooms.make(1).mesh.faces)    # one door: a box
    12
    """
    meshes = [room.mesh]
    for wall in room.walls:
        along = (wall.b - wall.a) / wall.length
        outwards = np.array([along[1], -along[0]]) * rooms.THICKNESS
        for door in (opening for opening in wall.openings if opening.kind == "door"):
            ends = np.array([wall.a + door.start * along, wall.a + door.end * along + outwards])
            bounds = [[*ends.min(0), door.sill], [*ends.max(0), door.top]]
            meshes.append(trimesh.creation.box(bounds=bounds))
    return trimesh.util.concatenate(meshes)


def outlines(mesh: trimesh.Trimesh) -> np.ndarray:
    """What the robot can bump into, from above: the edges, (E, 2, 2), of all triangles between 2 cm and its height.

    >>> box = trimesh.creation.box(bounds=[[0, 0, 0], [1, 2, 3]])
    >>> edges = outlines(box)
    >>> edges.min((0, 1)).tolist(), edges.max((0, 1)).tolist(), round(gap(edges, [3, 1]), 6)
    ([0.0, 0.0], [1.0, 2.0], 2.0)
    """
    vertices, faces = mesh.vertices.view(np.ndarray), mesh.faces.view(np.ndarray)
    for up, z in ((1, 0.02), (-1, HEIGHT)):
        vertices, faces, *_ = trimesh.intersections.slice_faces_plane(vertices, faces, [0, 0, up], [0, 0, z])
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return np.unique(vertices[np.unique(edges, axis=0)][..., :2].round(4), axis=0)


def gap(edges: np.ndarray, place: np.ndarray) -> float:
    """How far a place (2,) is from the nearest edge, of (E, 2, 2).

    >>> round(gap(np.array([[[0.0, 0.0], [1.0, 0.0]]]), [2, 1]) ** 2, 6)
    2.0
    """
    a, along = edges[:, 0], edges[:, 1] - edges[:, 0]
    offset = np.asarray(place) - a
    share = ((offset * along).sum(1) / np.maximum((along**2).sum(1), 1e-12)).clip(0, 1)
    return float(np.linalg.norm(offset - share[:, None] * along, axis=1).min())


def true_map(mesh: trimesh.Trimesh) -> Map:
    """What a perfect map of the room would say: no cell is unknown."""
    map = Map.around(*mesh.bounds[:, :2], border=0.35)
    map.log_odds[:] = LIMITS[0]
    edges = outlines(mesh)
    pieces = np.ceil(np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1) / (CELL / 4)).astype(int)
    edge, piece = np.repeat(np.arange(len(edges)), pieces + 1), np.concatenate([np.arange(n + 1) for n in pieces])
    share = (piece / np.maximum(pieces, 1)[edge])[:, None]
    places = (1 - share) * edges[edge, 0] + share * edges[edge, 1]
    map.log_odds[map.inside(map.cells(places))] = LIMITS[1]
    return map


def task(truth: Map, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A start and a goal, places (2,), both where the robot has room, connected, and far apart as one drives.

    The start is any such place in the largest connected part; the goal is of its farthest tenth.
    """
    wide = truth.clearance() >= RADIUS + 2 * MARGIN
    outside = ndimage.label(truth.log_odds < 0)[0]
    wide &= outside != outside[0, 0]
    label, _ = ndimage.label(wide)
    largest = np.argwhere(label == 1 + np.bincount(label[label > 0] - 1).argmax())
    start = largest[rng.integers(len(largest))]
    far = graph.MCP_Geometric(costs(truth, near=0), fully_connected=True).find_costs([start])[0][tuple(largest.T)]
    goals = largest[far >= np.quantile(far, 0.9)]
    goal = goals[rng.integers(len(goals))]
    return truth.places(start), truth.places(goal)


def costs(
    map: Map, *, unknown: float = 2.0, near: float = 4.0, margin: float = MARGIN, start: np.ndarray | None = None
) -> np.ndarray:
    """What a metre through each cell costs, (X, Y); -1 where the robot does not fit.

    A free cell costs 1; ``near`` is added beside an obstacle and less of it up to 30 cm away; an unknown cell costs
    ``unknown`` times as much, or is closed if that is inf. ``margin`` is kept free beside the robot. Around ``start``
    (2,) all but occupied cells are open.

    >>> map = Map.around([0, 0], [1, 1])
    >>> map.log_odds[30, 20] = 1.0
    >>> cost = costs(map)
    >>> cost[30, [20, 24, 25, 39]].tolist()
    [-1.0, -1.0, 10.0, 2.0]
    """
    clearance = map.clearance()
    cost = 1 + near * (1 - (clearance - RADIUS - MARGIN) / 0.3).clip(0, 1)
    cost[map.log_odds == 0] *= unknown
    blocked = (clearance < RADIUS + margin) | np.isinf(cost)
    if start is not None:  # it may have come too near to something it has just seen
        cell = tuple(map.cells([start])[0])
        escape = map._disc(start, 0.3) & (map.log_odds <= 0) & blocked
        if blocked[cell]:
            cost[escape], blocked = 20, blocked & ~escape
        cost[cell], blocked[cell] = 1, False
    cost[blocked] = -1
    return cost


def route(map: Map, cost: np.ndarray, start: np.ndarray, goal: np.ndarray) -> np.ndarray | None:
    """The cheapest path from place to place, (K, 2) cell middles with start and goal; None if there is none."""
    cells = [tuple(cell) for cell in map.cells([start, goal])]
    if cost[cells[1]] < 0:
        return None
    try:
        path, _ = graph.route_through_array(cost, *cells, fully_connected=True, geometric=True)
    except ValueError:
        return None
    return np.concatenate([[start], map.places(np.array(path[1:-1]).reshape(-1, 2)), [goal]])


def length(path: np.ndarray) -> float:
    """Of a path (K, 2), in metres."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


@dataclass
class Trip:
    """How a drive went. ``ended``: reached, collision, no path, lost (it thinks it has arrived and has not), late."""

    ended: str
    path: np.ndarray  # (K, 2) where it really was
    map: Map
    looks: int = 0
    replans: int = 0
    history: list[dict] = field(default_factory=list)  # of each plan: map, steps driven, plan, points seen

    @property
    def length(self) -> float:
        return length(self.path)


def drive(
    mesh: trimesh.Trimesh,
    start: np.ndarray,
    goal: np.ndarray,
    rng: np.random.Generator,
    *,
    around: int = 6,
    every: int = 4,
    unknown: float = 2.0,
    known: Map | None = None,
    fused: bool = True,
    drift: float = 0.0,
    match: bool = False,
    touch: np.ndarray | None = None,
    keep: bool = False,
) -> Trip:
    """Looks around, plans, drives, looks again each ``every`` cells and plans anew, until the goal or a collision.

    ``around`` is how many looks it takes at the start while it turns once; ``every`` = 0 never looks again. A
    ``known`` map is used as it is, without any look. Without ``fused`` each later look makes the map anew.

    With a ``drift`` the robot does not know quite where it is: its heading and the length of its way err like a
    random walk, with this standard deviation after a metre (radians; share of a metre). With ``match`` each look
    corrects this by `Map.match`. ``touch`` are the room's `outlines` if they are at hand; ``keep`` stores the state at
    each plan.
    """
    touch = outlines(mesh) if touch is None else touch
    map = known or Map.around(*mesh.bounds[:, :2], border=0.35)
    start, goal = np.array(start, float), np.array(goal, float)
    believed, true, error = start.copy(), start.copy(), 0.0  # two places, and by how much the heading is wrong
    trip = Trip("late", start[None], map)
    points = np.zeros((0, 3))

    def look(azimuth: float) -> np.ndarray:
        nonlocal believed, error
        frame = rooms.depth_frame(mesh, rooms.stand(true, EYE, azimuth + error, TILT, size=FRAME), rng)
        seen = rooms.back_project(frame, rooms.stand(believed, EYE, azimuth, TILT, size=FRAME))
        if match and trip.looks >= around:
            change = map.match(seen, believed)
            believed, error, azimuth = believed + change[:2], error - change[2], azimuth + change[2]
            seen = rooms.back_project(frame, rooms.stand(believed, EYE, azimuth, TILT, size=FRAME))
        if not fused and trip.looks >= around:
            map.log_odds[:] = 0
        map.fuse(seen, believed)
        map.stand(believed)
        trip.looks += 1
        return seen

    def turn() -> np.ndarray:
        ahead = np.arctan2(*(goal - believed)[::-1])
        return np.concatenate([look(ahead + 2 * np.pi * i / around) for i in range(around)])

    def planned(**options) -> np.ndarray | None:
        return route(map, costs(map, unknown=unknown, start=believed, **options), believed, goal)

    if known is None and around:
        points = turn()
    driven, steps, limit = [start], 0, 1000
    while steps < limit:
        plan = planned()
        trip.replans += 1
        if plan is None and known is None and every:
            points = turn()
            plan = planned()
            if plan is None:  # the margin is a wish, the radius is not
                plan = planned(margin=0.0)
        if plan is None:
            trip.ended = "no path"
            break
        if keep:
            state = {"log_odds": map.log_odds.copy(), "driven": np.array(driven), "plan": plan, "points": points}
            trip.history.append(state)
        for place in plan[1 : every + 1] if every and known is None else plan[1:]:
            step = place - believed
            far = np.linalg.norm(step)
            error += rng.normal(0, drift * np.sqrt(far)) if drift else 0.0
            turned = np.array([[np.cos(error), -np.sin(error)], [np.sin(error), np.cos(error)]]) @ step
            slip = rng.normal(0, drift * np.sqrt(far)) if drift else 0.0
            believed, true = place.copy(), true + turned * (1 + slip / max(far, 1e-9))
            driven.append(true)
            steps += 1
            if gap(touch, true) < RADIUS:
                trip.ended = "collision"
                break
        if trip.ended == "collision":
            break
        if np.linalg.norm(believed - goal) < 1e-6:
            trip.ended = "reached" if np.linalg.norm(true - goal) < 0.3 else "lost"
            break
        rest = plan[min(every + 8, len(plan) - 1)] - believed  # where the path will be in half a metre
        points = look(np.arctan2(rest[1], rest[0]))
    trip.path = np.array(driven)
    return trip


def bug(truth: Map, start: np.ndarray, goal: np.ndarray) -> np.ndarray | None:
    """The path (K, 2) of a robot that has a bumper and no camera; None if it has gone round in a circle.

    It goes straight towards the goal. At an obstacle it goes round, the obstacle on its left, until it is back on the
    line from start to goal, and nearer to the goal than where it left it.

    Source: Lumelsky and Stepanov, Path-planning strategies for a point mobile automaton moving amidst unknown
    obstacles of arbitrary shape, Algorithmica 2, 1987: their Bug2, on cells.
    """
    free = truth.clearance() >= RADIUS
    here, end = (tuple(int(i) for i in cell) for cell in truth.cells([start, goal]))
    ring = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]  # counterclockwise
    origin, along = np.array(here), np.subtract(end, here)
    path = [here]
    while True:
        straight = [(int(i), int(j)) for i, j in zip(*line(*here, *end), strict=True)]
        stop = next((n for n, cell in enumerate(straight) if not free[cell]), len(straight))
        path += straight[1:stop]
        if stop == len(straight):
            return truth.places(path)
        here, wall = path[-1], straight[stop]  # wall: a blocked cell beside it, to be kept on the left
        met, seen = np.linalg.norm(np.subtract(end, here)), set()
        while True:
            if (here, wall) in seen:
                return None
            seen.add((here, wall))
            first = ring.index((wall[0] - here[0], wall[1] - here[1]))
            for turn in range(1, 8):  # clockwise, to the first cell that is free
                step = ring[(first - turn) % 8]
                cell = here[0] + step[0], here[1] + step[1]
                if free[cell]:
                    break
                wall = cell
            else:
                return None
            here = cell
            path.append(here)
            offset, rest = np.subtract(here, origin), np.subtract(end, here)
            on_line = abs(along[0] * offset[1] - along[1] * offset[0]) <= 0.75 * np.linalg.norm(along)
            if on_line and np.linalg.norm(rest) < met - 1:
                break

"""Furnished rooms, and a depth camera that looks at them. Everything is in metres, the floor at z = 0.

>>> room = make(1)
>>> camera = stand(room.middle(), height=1.2, azimuth=0.5)
>>> frame = depth_frame(room.mesh, camera, np.random.default_rng(0))
>>> points = back_project(frame, camera)
>>> frame.shape, points.shape[1]
((120, 160), 3)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh

from . import render, shapes
from .camera import Camera, intrinsics, look_at, to_viewer

__all__ = ["Opening", "Piece", "Room", "Wall", "back_project", "depth_frame", "make", "stand"]

THICKNESS = 0.15  # of walls, floor and ceiling
DOOR_ZONE = 0.9  # what is left free before and behind a door
# Kinds of furniture: length of the box's diagonal, and whether its back stands at a wall.
FURNITURE = {
    "sofa": (2.0, True),
    "bookshelf": (2.0, True),
    "bed": (2.3, True),
    "table": (1.7, False),
    "chair": (1.2, False),
    "bench": (1.3, False),
    "stool": (0.75, False),
}
PARTS = ("floor", "ceiling", "wall", *FURNITURE)
NEAR, FAR = 0.4, 6.0  # what the depth camera measures between


@dataclass(frozen=True)
class Opening:
    """A door or a window: from ``start`` to ``end`` along its wall, from ``sill`` to ``top`` above the floor."""

    kind: str
    start: float
    end: float
    sill: float
    top: float


@dataclass(frozen=True)
class Wall:
    """A wall's face towards the room: from ``a`` (2,) to ``b`` (2,), the room on its left, the wall on its right."""

    a: np.ndarray
    b: np.ndarray
    openings: tuple[Opening, ...] = ()

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.b - self.a))


@dataclass(frozen=True)
class Piece:
    """A piece of furniture: its kind and its box, corners ``low`` and ``high`` (3,)."""

    kind: str
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Room:
    """A mesh whose faces know what they are part of, and the plan that it was built from.

    ``part`` (F,) int32 gives each face's index into ``part_names``. ``walls`` go round counterclockwise, four of a
    rectangle or six of an L; ``partition``, if there is one, divides a rectangle in two and has a doorway.
    """

    mesh: trimesh.Trimesh
    part: np.ndarray
    part_names: tuple[str, ...]
    walls: tuple[Wall, ...]
    partition: Wall | None
    height: float
    pieces: tuple[Piece, ...]

    @property
    def outline(self) -> np.ndarray:
        """Corners of the floor, (K, 2), counterclockwise.

        >>> make(1).outline.shape
        (4, 2)
        """
        return np.array([wall.a for wall in self.walls])

    def middle(self) -> np.ndarray:
        """A place (2,) between the walls: the middle of the room's larger half. Furniture may stand there.

        >>> room = make(0)                            # an L; the middle of its box would be outside of some
        >>> bool((room.middle() > room.outline.min(0)).all() and (room.middle() < room.outline.max(0)).all())
        True
        """
        halves = _rectangles(self.outline)
        if self.partition is not None:
            (low, high), x = halves[0], self.partition.a[0]
            halves = [(low, np.array([x, high[1]])), (np.array([x + THICKNESS, low[1]]), high)]
        low, high = max(halves, key=lambda half: np.prod(half[1] - half[0]))
        return (low + high) / 2

    def without(self, *names: str) -> trimesh.Trimesh:
        """The mesh without some parts, such as the ceiling, for looking in from above.

        >>> room = make(1)
        >>> bool(room.without("ceiling").bounds[1, 2] < room.mesh.bounds[1, 2])
        True
        """
        unknown = set(names) - set(self.part_names)
        if unknown:
            raise ValueError(f"names: {sorted(unknown)}; accepted: {', '.join(self.part_names)}")
        kept = ~np.isin(self.part, [self.part_names.index(name) for name in names])
        return trimesh.Trimesh(self.mesh.vertices, self.mesh.faces[kept], process=False)


def make(seed: int, *, furniture: int = 8, partition: bool | None = None, l_shaped: bool | None = None) -> Room:
    """A room with this seed: rectangular, L-shaped, or divided in two, with doors, windows and furniture.

    ``furniture`` is how many pieces are tried; one that finds no place is left out. ``partition`` and ``l_shaped``
    say which kind of room it is; what is None the seed decides (a room is never both).

    >>> room = make(2, furniture=0)
    >>> room.part_names[:3], len(room.pieces), 2.4 <= room.height <= 2.9
    (('floor', 'ceiling', 'wall'), 0, True)
    """
    if partition and l_shaped:
        raise ValueError("partition, l_shaped: both True; accepted: at most one of them")
    rng = np.random.default_rng([seed, 91])
    drawn = rng.random(2)
    if l_shaped is None:
        l_shaped = not partition and drawn[0] < 0.35
    if partition is None:
        partition = not l_shaped and drawn[1] < 0.6
    size, height = rng.uniform([5.0, 4.0], [7.5, 6.0]), rng.uniform(2.4, 2.9)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
    if l_shaped:
        notch = size * (1 - rng.uniform(0.3, 0.5, 2))
        corners = np.array([[0, 0], [size[0], 0], [size[0], notch[1]], notch, [notch[0], size[1]], [0, size[1]]])
    walls = _walls(corners, rng)
    divider = None
    if partition:
        x, start = size[0] * rng.uniform(0.4, 0.6), rng.uniform(0.3, size[1] - 1.4)
        divider = Wall(np.array([x, 0]), np.array([x, size[1]]), (Opening("door", start, start + 1.0, 0.0, 2.05),))
    pieces, meshes = _furnish(furniture, corners, walls, divider, rng)
    solids = []
    for low, high in _rectangles(corners):
        low, high = low - THICKNESS, high + THICKNESS
        solids.append(("floor", _box([*low, -THICKNESS], [*high, 0])))
        solids.append(("ceiling", _box([*low, height], [*high, height + THICKNESS])))
    closes = [0.0 if l_shaped and i == 3 else THICKNESS for i in range(len(walls))]  # an L's inner corner is closed
    bricks = [_bricks(wall, height, *ends) for wall, *ends in zip(walls, closes, np.roll(closes, -1), strict=True)]
    bricks += [_bricks(divider, height, 0.0, 0.0)] if divider else []
    solids += [("wall", brick) for bricks_of_wall in bricks for brick in bricks_of_wall]
    solids += [(piece.kind, mesh) for piece, mesh in zip(pieces, meshes, strict=True)]
    part = np.repeat([PARTS.index(name) for name, _ in solids], [len(mesh.faces) for _, mesh in solids])
    mesh = trimesh.util.concatenate([mesh for _, mesh in solids])
    mesh = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    return Room(mesh, part.astype(np.int32), PARTS, walls, divider, float(height), tuple(pieces))


def stand(
    place: np.ndarray, height: float, azimuth: float, tilt: float = 0.0, fov: float = 1.2, size: tuple = (160, 120)
) -> Camera:
    """A camera that stands at ``place`` (2,), ``height`` above the floor, and looks along ``azimuth``.

    Azimuth 0 looks along x and grows towards y; ``tilt`` > 0 looks up. Angles in radians, ``size`` = (width, height)
    in pixels, ``fov`` across the width.

    >>> stand([1, 2], 1.5, 0.0).centre.round(6).tolist()
    [1.0, 2.0, 1.5]
    """
    eye = np.array([*place, height], float)
    ahead = [np.cos(tilt) * np.cos(azimuth), np.cos(tilt) * np.sin(azimuth), np.sin(tilt)]
    return Camera(intrinsics(fov, *size), *look_at(eye, eye + ahead), *size)


def depth_frame(mesh: trimesh.Trimesh, camera: Camera, rng: np.random.Generator | None = None) -> np.ndarray:
    """What a depth camera measures: (H, W) float32, metres along the camera's z axis, inf where it measures nothing.

    It measures from 0.4 to 6 m. With an ``rng`` it errs as Microsoft's Kinect does: normal noise with a standard
    deviation of 1.2 mm + 1.9 mm/m^2 (z - 0.4 m)^2; nothing where the surface is seen at more than 80 degrees from
    its normal; and one pixel in a hundred is lost. Without ``rng`` it is exact.

    Source: Nguyen, Izadi, Lovell, Modeling Kinect sensor noise for improved 3D reconstruction and tracking, 3DIMPVT
    2012, the axial noise; a reading is lost at random by our own choice.
    """
    seen = render.maps(mesh, camera)
    depth = seen.depth.copy()
    if rng is not None:
        _, directions = camera.rays()
        directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).reshape(*depth.shape, 3)
        facing = -(seen.normals * directions).sum(-1)
        z = np.where(np.isfinite(depth), depth, 0)
        depth += rng.normal(0, 1, depth.shape) * (0.0012 + 0.0019 * (z - 0.4) ** 2)
        depth[(facing < np.cos(np.radians(80))) | (rng.random(depth.shape) < 0.01)] = np.inf
    depth[(depth < NEAR) | (depth > FAR)] = np.inf
    return depth.astype(np.float32)


def back_project(frame: np.ndarray, camera: Camera) -> np.ndarray:
    """The points (N, 3) that a depth frame (H, W) saw, in the world's frame; pixels without a depth are left out.

    >>> camera = stand([0, 0], 1.0, 0.0, size=(4, 3))
    >>> points = back_project(np.full((3, 4), 2.0), camera)
    >>> points.shape, bool(np.allclose(points[:, 0], 2.0))
    ((12, 3), True)
    """
    if frame.shape != (camera.height, camera.width):
        raise ValueError(f"frame: shape {frame.shape}; accepted: the camera's, {(camera.height, camera.width)}")
    depth = frame.ravel()
    measured = np.isfinite(depth)
    return camera.unproject(camera.pixels()[measured], depth[measured])


def _walls(corners: np.ndarray, rng: np.random.Generator) -> tuple[Wall, ...]:
    """Walls around the corners: a door in one of those that are long enough, windows in others."""
    ends = np.roll(corners, -1, axis=0)
    lengths = np.linalg.norm(ends - corners, axis=1)
    long = np.flatnonzero(lengths > 2.0)
    with_door = rng.choice(long)
    walls = []
    for i, (a, b) in enumerate(zip(corners, ends, strict=True)):
        openings = ()
        if i == with_door:
            start = rng.uniform(0.3, lengths[i] - 1.3)
            openings = (Opening("door", start, start + 0.9, 0.0, 2.05),)
        elif i in long and rng.random() < 0.6:
            width = rng.uniform(0.8, min(2.0, lengths[i] - 0.8))
            start = rng.uniform(0.3, lengths[i] - width - 0.3)
            openings = (Opening("window", start, start + width, 0.9, 2.1),)
        walls.append(Wall(a, b, openings))
    return tuple(walls)


def _bricks(wall: Wall, height: float, before: float, after: float) -> list[trimesh.Trimesh]:
    """The wall as boxes around its openings, longer by ``before`` and ``after`` at its ends to close the corners."""
    cuts = [-before, *(x for hole in wall.openings for x in (hole.start, hole.end)), wall.length + after]
    blocks = [(start, end, 0.0, height) for start, end in zip(cuts[::2], cuts[1::2], strict=True)]
    for opening in wall.openings:
        blocks += [(opening.start, opening.end, 0.0, opening.sill), (opening.start, opening.end, opening.top, height)]
    along = (wall.b - wall.a) / wall.length
    outwards = np.array([along[1], -along[0]]) * THICKNESS
    bricks = []
    for start, end, bottom, top in blocks:
        if top > bottom:
            ends = np.array([wall.a + start * along, wall.a + end * along + outwards])
            bricks.append(_box([*ends.min(0), bottom], [*ends.max(0), top]))
    return bricks


def _furnish(
    count: int, corners: np.ndarray, walls: tuple[Wall, ...], divider: Wall | None, rng: np.random.Generator
) -> tuple[list[Piece], list[trimesh.Trimesh]]:
    """Furniture that stands free of walls, doors and each other: boxes and meshes."""
    size = corners.max(0)
    taken = [_zone(wall, opening) for wall in walls for opening in wall.openings if opening.kind == "door"]
    if _notch(corners) is not None:
        taken.append(_notch(corners))
    if divider is not None:
        x = divider.a[0]
        taken += [(np.array([x, 0]), np.array([x + THICKNESS, size[1]])), _zone(divider, divider.openings[0])]
    pieces, meshes = [], []
    for _ in range(count):
        kind = tuple(FURNITURE)[rng.integers(len(FURNITURE))]
        diagonal, at_wall = FURNITURE[kind]
        style = shapes.SEEN[kind][rng.integers(len(shapes.SEEN[kind]))]
        mesh = shapes.make(kind, int(rng.integers(1 << 40)), style).mesh
        vertices = mesh.vertices * diagonal * rng.uniform(0.9, 1.1)
        for _ in range(30):
            wall = walls[rng.integers(len(walls))]
            along = (wall.b - wall.a) / wall.length
            # at a wall its front (x) looks into the room, which is on the wall's left
            azimuth = np.arctan2(along[0], -along[1]) if at_wall else rng.uniform(-np.pi, np.pi)
            turned = to_viewer(vertices, -azimuth)
            turned[:, 2] -= turned[:, 2].min()
            low, high = turned.min(0), turned.max(0)
            if at_wall:
                inwards = np.array([-along[1], along[0]])
                depth, width = abs(inwards @ (high - low)[:2]), abs(along @ (high - low)[:2])
                if width > wall.length - 0.1:
                    continue
                along_wall = rng.uniform(width / 2 + 0.05, wall.length - width / 2 - 0.05)
                place = wall.a + along * along_wall + inwards * (depth / 2 + 0.03)
            else:
                place = rng.uniform(0.3, size - 0.3)
            shift = np.r_[place - (low + high)[:2] / 2, 0]
            low, high = low + shift, high + shift
            gap = 0.05 if at_wall else 0.3
            inside = (low[:2] > (0 if at_wall else gap)).all() and (high[:2] < size - (0 if at_wall else gap)).all()
            if inside and not any(_overlap(low[:2] - gap, high[:2] + gap, *box) for box in taken):
                taken.append((low[:2], high[:2]))
                pieces.append(Piece(kind, low, high))
                meshes.append(trimesh.Trimesh(turned + shift, mesh.faces, process=False))
                break
    return pieces, meshes


def _zone(wall: Wall, opening: Opening) -> tuple[np.ndarray, np.ndarray]:
    """The box (two corners) on both sides of a door that stays free."""
    along = (wall.b - wall.a) / wall.length
    across = np.array([-along[1], along[0]]) * DOOR_ZONE
    ends = np.array([wall.a + opening.start * along + across, wall.a + opening.end * along - across])
    return ends.min(0), ends.max(0)


def _notch(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The box that an L lacks of its rectangle."""
    return (corners[3], corners.max(0)) if len(corners) == 6 else None


def _rectangles(corners: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The floor as one rectangle, or an L's as two that overlap, each by two corners."""
    low, high, notch = corners.min(0), corners.max(0), _notch(corners)
    if notch is None:
        return [(low, high)]
    x, y = notch[0]
    return [(low, np.array([x, high[1]])), (low, np.array([high[0], y]))]


def _overlap(low: np.ndarray, high: np.ndarray, other_low: np.ndarray, other_high: np.ndarray) -> bool:
    return bool((low < other_high).all() and (other_low < high).all())


def _box(low: np.ndarray, high: np.ndarray) -> trimesh.Trimesh:
    return trimesh.creation.box(bounds=np.array([low, high], float))

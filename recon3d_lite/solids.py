"""From surfaces to solids and back: which places lie inside a mesh, voxels, and the surface of a field.

All of it lives in the cube of side 1 around the object's frame's origin, which holds every object of diagonal 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import trimesh
from scipy.ndimage import maximum_filter, minimum_filter
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from .camera import Camera
from .render import scene

__all__ = ["carve", "contains", "grid", "occupied", "sampled", "surface"]


def grid(resolution: int) -> np.ndarray:
    """The centres (n, n, n, 3) of the voxels that fill the cube; the first index is x.

    >>> grid(2)[0, 0, 1].tolist()
    [-0.25, -0.25, 0.25]
    """
    centre = (np.arange(resolution) + 0.5) / resolution - 0.5
    return np.stack(np.meshgrid(centre, centre, centre, indexing="ij"), -1)


def contains(mesh: trimesh.Trimesh, points: np.ndarray, directions: int = 64) -> np.ndarray:
    """Which points (P, 3) lie inside: (P,) bool. A point is outside if it sees the sky in any of the directions.

    Made for meshes as people make them: parts that overlap, faces with either winding, small gaps. Counting a ray's
    crossings or adding up angles needs a closed surface, and four real meshes in five are not closed. The price: a
    cavity that sees the sky through a narrow neck alone may be taken for solid, as no direction meets the neck.
    The directions are spread evenly over the sphere (Fibonacci's spiral).

    >>> contains(trimesh.creation.box((0.4, 0.4, 0.4)), np.array([[0, 0, 0.19], [0, 0, 0.21]])).tolist()
    [True, False]
    """
    points = np.asarray(points, float)
    embree, placed = scene(mesh)
    left = np.flatnonzero(((points > mesh.bounds[0]) & (points < mesh.bounds[1])).all(1))
    origins = placed(points)
    # in a random order, so that the first few directions already come from all sides: most points see the sky in them
    for direction in np.random.default_rng(0).permutation(_sphere(directions)).astype(np.float32):
        left = left[embree.run(origins[left], np.tile(direction, (len(left), 1))) >= 0]
    inside = np.zeros(len(points), bool)
    inside[left] = True
    return inside


def _sphere(n: int) -> np.ndarray:
    z = 1 - (2 * np.arange(n) + 1) / n
    angle = np.pi * (1 + np.sqrt(5)) * np.arange(n)
    return np.stack([np.sqrt(1 - z**2) * np.cos(angle), np.sqrt(1 - z**2) * np.sin(angle), z], -1)


def occupied(mesh: trimesh.Trimesh, points: np.ndarray, thickness: float = 0.02, seed: int = 0) -> np.ndarray:
    """Which points (P, 3) the object occupies: (P,) bool, inside or within half a ``thickness`` of the surface.

    A sheet has no inside, and many real meshes are made of sheets: here all of them are at least ``thickness`` thick.
    The distance is that to the nearest of 20,000 points drawn on the surface.
    """
    points = np.asarray(points, float)
    drawn = trimesh.sample.sample_surface(mesh, 20_000, seed=np.random.default_rng(seed))[0]
    near = np.isfinite(cKDTree(drawn).query(points, distance_upper_bound=thickness / 2)[0])
    near[~near] = contains(mesh, points[~near])
    return near


def sampled(ask: Callable[[np.ndarray], np.ndarray], resolution: int, level: float = 0.0) -> np.ndarray:
    """The field (n, n, n) of what ``ask``, from places (P, 3) to values (P,), says at `grid(resolution)`.

    As only the surface at ``level`` will be wanted, all places are asked about on a coarse grid, of 32 voxels a side
    or less, and on finer ones, each twice as fine, only those near voxels of both sides of the level; the others keep
    the coarse value. So the questions grow with the square of the resolution, not its cube (Mescheder et al.,
    "Occupancy Networks", CVPR 2019, section 3.3). A part that the coarse grid misses stays missed.

    >>> ball = lambda places: 0.3 - np.linalg.norm(places, axis=-1)
    >>> field = sampled(ball, 64)
    >>> field.shape, bool(((field > 0) == (ball(grid(64)) > 0)).all())
    ((64, 64, 64), True)
    """
    n = resolution
    while n > 32 and n % 2 == 0:
        n //= 2
    field = np.asarray(ask(grid(n).reshape(-1, 3)), np.float32).reshape(n, n, n)
    while n < resolution:
        above = (field > level).astype(np.uint8)
        near = maximum_filter(above, 3) != minimum_filter(above, 3)
        n *= 2
        near, field = (x.repeat(2, 0).repeat(2, 1).repeat(2, 2) for x in (near, field))
        field[near] = ask(grid(n)[near])
    return field


def surface(field: np.ndarray, level: float) -> trimesh.Trimesh:
    """The closed surface around all places of a field (n, n, n) over the cube whose value is above ``level``.

    Marching cubes (Lorensen and Cline, SIGGRAPH 1987) on the field with one layer of "outside" around it, so that the
    surface closes even where the object touches the cube's side. Raises ValueError if the field is nowhere above the
    level or nowhere below it.

    >>> ball = 0.3 - np.linalg.norm(grid(32), axis=-1)
    >>> mesh = surface(ball, 0.0)
    >>> mesh.is_watertight, round(float(mesh.volume), 2), mesh.euler_number     # 4/3 pi 0.3^3 = 0.113
    (True, 0.11, 2)
    """
    field = np.asarray(field, np.float32)
    if not field.min() <= level < field.max():
        raise ValueError(f"level: {level}, but the field runs from {field.min():.3g} to {field.max():.3g}")
    n = len(field)
    padded = np.pad(field, 1, constant_values=min(field.min(), 2 * level - field.max()))
    vertices, faces, _, _ = marching_cubes(padded, level, spacing=(1 / n,) * 3, allow_degenerate=False)
    # the padded grid's first centre is half a voxel outside the cube's corner; faces turned outwards
    return trimesh.Trimesh(vertices - 0.5 - 0.5 / n, faces[:, ::-1], process=True)


def carve(masks: np.ndarray, cameras: list[Camera], resolution: int) -> np.ndarray:
    """The visual hull (n, n, n) bool: voxels whose centres fall on the object in every one of the masks (V, H, W).

    What lies behind a picture's edge counts as background. Laurentini, "The visual hull concept", PAMI 1994.
    """
    centres = grid(resolution).reshape(-1, 3)
    hull = np.ones(len(centres), bool)
    for mask, camera in zip(masks, cameras, strict=True):
        uv, depth = camera.project(centres)
        column, row = np.floor(uv).astype(int).T
        seen = (depth > 0) & (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height)
        hull &= seen
        hull[seen] &= np.asarray(mask, bool)[row[seen], column[seen]]
    return hull.reshape((resolution,) * 3)

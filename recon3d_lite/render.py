"""A mesh and a camera become a picture, and the maps behind it: depth, normals, mask, parts.

Rays are cast by embree. Nothing is rasterised, so a map is exact at each pixel's centre.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import trimesh
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from .camera import Camera

__all__ = ["Maps", "maps", "picture"]


@dataclass(frozen=True)
class Maps:
    """What each pixel's centre sees. Outside the ``mask``, depth is inf, normals are 0, face and part are -1."""

    mask: np.ndarray  # (H, W) bool
    depth: np.ndarray  # (H, W) float, along the camera's z axis, in world units
    normals: np.ndarray  # (H, W, 3) float, unit, in the world's frame, turned towards the camera
    face: np.ndarray  # (H, W) int, index of the mesh's face
    part: np.ndarray  # (H, W) int, label of that face


@lru_cache(maxsize=2)
def scene(mesh: trimesh.Trimesh) -> tuple[EmbreeScene, Callable[[np.ndarray], np.ndarray]]:
    """What embree makes of a mesh, kept for the next picture, and the map of points (..., 3) to its coordinates."""
    # A mesh's hash follows its contents, so a mesh that was changed is set up anew.
    corner, scale = mesh.vertices.min(0).view(np.ndarray), 100 / mesh.scale

    def placed(points: np.ndarray) -> np.ndarray:  # for embree computes in float32, and likes sizes of about 100
        return ((points - corner) * scale).astype(np.float32)

    scene = EmbreeScene()
    TriangleMesh(scene, placed(mesh.vertices.view(np.ndarray)), mesh.faces.view(np.ndarray).astype(np.int32))
    return scene, placed


def _cast(
    mesh: trimesh.Trimesh, camera: Camera, samples: int
) -> tuple[tuple[slice, slice], tuple[int, int], np.ndarray, np.ndarray, np.ndarray]:
    """The rays of the window (rows, columns) of pixels that may see the mesh, and which of them hit what.

    Returns window, the shape of its grid of samples, and of the rays that hit: place in that grid (K,), face (K,),
    direction (K, 3).
    """
    if len(mesh.faces) == 0:
        raise ValueError("mesh: it has no faces, so there is nothing to see; give a mesh with triangles")
    if not np.isfinite(mesh.vertices).all():
        raise ValueError("mesh: some vertices are NaN or infinite; all coordinates must be finite")
    low, high = np.zeros(2, int), np.array([camera.width, camera.height])
    uv, depth = camera.project(mesh.vertices)
    if (depth > 0).all():  # then nothing is seen outside the box around the projected vertices
        low, high = np.floor(uv.min(0)).clip(0, high).astype(int), np.ceil(uv.max(0)).clip(0, high).astype(int)
    width, height = high - low
    shift = np.array([[0, 0, low[0]], [0, 0, low[1]], [0, 0, 0]])
    centre, directions = replace(camera, K=camera.K - shift, width=width, height=height).rays(samples)
    embree, placed = scene(mesh)
    face = embree.run(np.tile(placed(centre), (len(directions), 1)), directions.astype(np.float32))
    hit = np.flatnonzero(face >= 0)
    window = slice(low[1], high[1]), slice(low[0], high[0])
    return window, (height * samples, width * samples), hit, face[hit], directions[hit]


def _facing(normals: np.ndarray, directions: np.ndarray) -> np.ndarray:
    # real meshes have faces with either winding: a normal is turned so that it faces the camera
    return np.where(np.einsum("ij,ij->i", normals, directions)[:, None] > 0, -normals, normals)


def maps(mesh: trimesh.Trimesh, camera: Camera, part: np.ndarray | None = None) -> Maps:
    """Mask, depth, normals, face and part of what each pixel's centre sees.

    ``part`` (F,) are labels of the mesh's faces; without it every face has part 0.

    >>> sphere = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    >>> from recon3d_lite.camera import orbit
    >>> seen = maps(sphere, orbit(0.0, 0.0, 2.0, width=65, height=65))
    >>> bool(abs(seen.depth[32, 32] - 1.5) < 0.001)       # the sphere's nearest point is 2 - 0.5 away
    True
    """
    window, grid, hit, face, directions = _cast(mesh, camera, 1)
    normals = mesh.face_normals[face]
    corner = mesh.triangles[face, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = ((corner - camera.centre) * normals).sum(-1) / (normals * directions).sum(-1)
    part = np.zeros(len(mesh.faces), int) if part is None else np.asarray(part)

    def whole(values: np.ndarray, outside: float) -> np.ndarray:
        seen = np.full((grid[0] * grid[1], *values.shape[1:]), outside, values.dtype)
        seen[hit] = values
        result = np.full((camera.height, camera.width, *values.shape[1:]), outside, values.dtype)
        result[window] = seen.reshape(*grid, *values.shape[1:])
        return result

    return Maps(
        mask=whole(np.ones(len(hit), bool), False),
        depth=whole(depth, np.inf),
        normals=whole(_facing(normals, directions), 0),
        face=whole(face, -1),
        part=whole(part[face], -1),
    )


def picture(
    mesh: trimesh.Trimesh,
    camera: Camera,
    *,
    colours: np.ndarray = (0.65, 0.65, 0.68),
    part: np.ndarray | None = None,
    light: np.ndarray = (0.5, 0.35, 0.8),
    ambient: float = 0.35,
    samples: int = 2,
) -> np.ndarray:
    """The shaded picture, float32 (H, W, 4): RGB in [0, 1], alpha the share of the pixel that the object covers.

    ``colours`` is one colour (3,), or one a part (P, 3) with ``part`` (F,) the labels of the faces. ``light`` (3,)
    points to the light in the *viewer's* frame (x towards the viewer, z up), so that it moves with the camera.
    Lambert's law: brightness is ambient + (1 - ambient) max(0, n . l). Where alpha is 0, RGB is white.
    ``samples`` x ``samples`` rays a pixel smooth the edges.
    """
    window, grid, hit, face, directions = _cast(mesh, camera, samples)
    normals = _facing(mesh.face_normals[face], directions)
    x, y, z = np.asarray(light, float) / np.linalg.norm(light)
    azimuth = np.arctan2(camera.centre[1], camera.centre[0])
    c, s = np.cos(azimuth), np.sin(azimuth)
    brightness = ambient + (1 - ambient) * np.maximum(normals @ (c * x - s * y, s * x + c * y, z), 0)
    colours = np.asarray(colours, float)
    albedo = colours if colours.ndim == 1 else colours[np.asarray(part)[face]]
    seen = np.zeros((grid[0] * grid[1], 4), np.float32)  # RGB times alpha, and alpha, of each sample
    seen[hit, :3] = albedo * brightness[:, None]
    seen[hit, 3] = 1
    seen = seen.reshape(*grid, 4)
    seen = sum(seen[i::samples, j::samples] for i in range(samples) for j in range(samples)) / samples**2
    result = np.ones((camera.height, camera.width, 4), np.float32)
    result[..., 3] = 0
    alpha = seen[..., 3:]
    np.divide(seen[..., :3], alpha, out=result[window][..., :3], where=alpha > 0)
    result[window][..., 3:] = alpha
    return result.clip(0, 1)

"""A mesh and a camera become a picture, and the maps behind it: depth, normals, mask, parts.

Rays are cast by embree through trimesh. Nothing is rasterised, so a map is exact at each pixel's centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
from trimesh.ray.ray_pyembree import RayMeshIntersector

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


def _cast(mesh: trimesh.Trimesh, camera: Camera, samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Face (R,) first hit by each ray, -1 for none; the rays' directions; the camera's centre."""
    if len(mesh.faces) == 0:
        raise ValueError("mesh: it has no faces, so there is nothing to see; give a mesh with triangles")
    if not np.isfinite(mesh.vertices).all():
        raise ValueError("mesh: some vertices are NaN or infinite; all coordinates must be finite")
    centre, directions = camera.rays(samples)
    origins = np.broadcast_to(centre, directions.shape)
    return RayMeshIntersector(mesh).intersects_first(origins, directions), directions, centre


def _facing(normals: np.ndarray, directions: np.ndarray) -> np.ndarray:
    # real meshes have faces with either winding: a normal is turned so that it faces the camera
    return np.where((normals * directions).sum(-1, keepdims=True) > 0, -normals, normals)


def maps(mesh: trimesh.Trimesh, camera: Camera, part: np.ndarray | None = None) -> Maps:
    """Mask, depth, normals, face and part of what each pixel's centre sees.

    ``part`` (F,) are labels of the mesh's faces; without it every face has part 0.

    >>> sphere = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    >>> from recon3d_lite.camera import orbit
    >>> seen = maps(sphere, orbit(0.0, 0.0, 2.0, width=65, height=65))
    >>> bool(abs(seen.depth[32, 32] - 1.5) < 0.001)       # the sphere's nearest point is 2 - 0.5 away
    True
    """
    face, directions, centre = _cast(mesh, camera, 1)
    hit = face >= 0
    corner = mesh.triangles[face, 0]
    n = mesh.face_normals[face]
    along = (n * directions).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = ((corner - centre) * n).sum(-1) / along
    part = np.zeros(len(mesh.faces), int) if part is None else np.asarray(part)
    shape = (camera.height, camera.width)
    return Maps(
        mask=hit.reshape(shape),
        depth=np.where(hit, depth, np.inf).reshape(shape),
        normals=np.where(hit[:, None], _facing(n, directions), 0.0).reshape(*shape, 3),
        face=face.reshape(shape),
        part=np.where(hit, part[face], -1).reshape(shape),
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
    face, directions, centre = _cast(mesh, camera, samples)
    hit = np.flatnonzero(face >= 0)
    face = face[hit]
    normals = _facing(mesh.face_normals[face], directions[hit])
    azimuth = np.arctan2(centre[1], centre[0])
    c, s = np.cos(azimuth), np.sin(azimuth)
    towards = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ (np.asarray(light, float) / np.linalg.norm(light))
    brightness = ambient + (1 - ambient) * np.maximum(normals @ towards, 0)
    colours = np.asarray(colours, float)
    albedo = colours if colours.ndim == 1 else colours[np.asarray(part)[face]]
    premultiplied = np.zeros((len(directions), 4), np.float32)
    premultiplied[hit, :3] = albedo * brightness[:, None]
    premultiplied[hit, 3] = 1
    H, W = camera.height, camera.width
    rgba = premultiplied.reshape(H, samples, W, samples, 4).mean((1, 3))
    alpha = rgba[..., 3:]
    rgb = np.divide(rgba[..., :3], alpha, out=np.ones_like(rgba[..., :3]), where=alpha > 0)
    return np.concatenate([rgb.clip(0, 1), alpha], -1)

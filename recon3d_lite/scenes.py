"""Scenes: one or several objects on a floor, in one mesh whose faces know their object and their part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import trimesh
from joblib import Parallel, delayed
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from . import shapes
from .camera import to_viewer

__all__ = ["Clouds", "Scene", "from_shape", "make", "many", "parts_of"]

TOUCH = 0.02  # bricks of one name nearer than this (of the object's diagonal) are one part


@dataclass(frozen=True)
class Scene:
    """A mesh of one or several objects: z up, box centred on the origin, its diagonal 1.

    ``object`` and ``part`` (F,) int32 number each face's object and its piece of that object, both from 0 through the
    whole scene: four legs are four parts. ``names`` are the categories of the objects, ``part_names`` of the parts.
    """

    mesh: trimesh.Trimesh
    object: np.ndarray
    part: np.ndarray
    names: tuple[str, ...]
    part_names: tuple[str, ...]

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """n points, uniform by area: (n, 3) float32, each one's object and part: (n,) int32.

        >>> points, object, part = make(3).sample(1000, np.random.default_rng(0))
        >>> points.shape, int(object.max()) + 1
        ((1000, 3), 2)
        """
        points, face = trimesh.sample.sample_surface(self.mesh, n, seed=rng)
        return points.astype(np.float32), self.object[face], self.part[face]


def make(seed: int, styles: str = "seen", objects: tuple[int, int] = (2, 6)) -> Scene:
    """A scene of two to six objects of random kinds and sizes, or as many as ``objects`` says (least, most).

    Each is pushed towards the others until it nearly touches: the gaps, 1 to 10 % of the largest object's diagonal, are
    what makes them hard to tell apart by distance alone. A stool may come to stand under a table. ``styles`` are
    those that training may see (``"seen"``) or those kept from it (``"held_out"``).

    >>> make(3).names
    ('bench', 'stool')
    """
    allowed = {"seen": shapes.SEEN, "held_out": shapes.HELD_OUT}
    if styles not in allowed:
        raise ValueError(f"styles: {styles!r}; known are {', '.join(allowed)}")
    rng = np.random.default_rng([seed, 77])
    kinds = [kind for kind, some in allowed[styles].items() if some and kind != "assembly"]
    meshes, parts, names, part_names = [], [], [], []
    for _ in range(rng.integers(objects[0], objects[1] + 1)):
        kind = kinds[rng.integers(len(kinds))]
        style = allowed[styles][kind][rng.integers(len(allowed[styles][kind]))]
        shape = shapes.make(kind, int(rng.integers(1 << 40)), style)
        part, of_parts = parts_of(shape)
        vertices = to_viewer(shape.mesh.vertices, rng.uniform(-np.pi, np.pi)) * rng.uniform(0.5, 1.0)
        vertices -= [0, 0, vertices[:, 2].min()]
        meshes.append(_pushed(trimesh.Trimesh(vertices, shape.mesh.faces, process=False), meshes, rng))
        parts.append(part + len(part_names))
        names.append(kind)
        part_names += of_parts
    mesh = trimesh.util.concatenate(meshes)
    low, high = mesh.bounds
    mesh = trimesh.Trimesh((mesh.vertices - (low + high) / 2) / np.linalg.norm(high - low), mesh.faces, process=False)
    object = np.repeat(np.arange(len(meshes)), [len(one.faces) for one in meshes]).astype(np.int32)
    return Scene(mesh, object, np.concatenate(parts), tuple(names), tuple(part_names))


def from_shape(shape: shapes.Shape) -> Scene:
    """The scene of one shape, as it is.

    >>> from_shape(shapes.make("chair", 0)).part_names.count("leg")
    4
    """
    part, names = parts_of(shape)
    return Scene(shape.mesh, np.zeros(len(part), np.int32), part, (shape.category,), tuple(names))


def parts_of(shape: shapes.Shape) -> tuple[np.ndarray, list[str]]:
    """The parts of one shape, counted singly: (F,) int32, and their names. Bricks of one name that touch are one part.

    >>> part, names = parts_of(shapes.make("chair", 0))
    >>> len(np.unique(part)) == len(names), names.count("arm")
    (True, 2)
    """
    mesh, rng = shape.mesh, np.random.default_rng([shape.seed, 78])
    a, b, c = mesh.faces.T
    joined = coo_matrix((np.ones(2 * len(a)), (np.r_[a, b], np.r_[b, c])), (len(mesh.vertices),) * 2)
    brick = connected_components(joined, directed=False)[1][a]  # bricks share no vertices
    part, names = np.empty(len(brick), np.int32), []
    for label in np.unique(shape.part):
        bricks = np.unique(brick[shape.part == label])
        clouds = [_on(mesh, np.flatnonzero((brick == b) & (shape.part == label)), rng) for b in bricks]
        trees = [cKDTree(cloud) for cloud in clouds]
        touching = [[j < i and _near(trees[i], clouds[j]) for j in range(len(trees))] for i in range(len(trees))]
        count, piece = connected_components(np.array(touching), directed=False)
        for b, k in zip(bricks, piece, strict=True):
            part[(brick == b) & (shape.part == label)] = len(names) + k
        names += [shape.part_names[label]] * count
    return part, names


class Clouds(NamedTuple):
    """Points on the surfaces of many scenes, and the object and the part that each lies on."""

    points: np.ndarray  # (S, N, 3) float32
    object: np.ndarray  # (S, N) int16
    part: np.ndarray  # (S, N) int16


def many(
    count: int, start: int = 0, styles: str = "seen", objects: tuple[int, int] = (2, 6), points: int = 2048
) -> Clouds:
    """Points of the scenes number ``start`` and on, made on all cores.

    >>> many(2, points=100).points.shape
    (2, 100, 3)
    """

    def one(seed: int) -> tuple[np.ndarray, ...]:
        return make(seed, styles, objects).sample(points, np.random.default_rng([seed, 79]))

    clouds = Parallel(n_jobs=-1)(delayed(one)(seed) for seed in range(start, start + count))
    where, object, part = (np.stack(each) for each in zip(*clouds, strict=True))
    return Clouds(where, object.astype(np.int16), part.astype(np.int16))


def _pushed(mesh: trimesh.Trimesh, others: list[trimesh.Trimesh], rng: np.random.Generator) -> trimesh.Trimesh:
    """The mesh, moved in from afar along a random direction until it is a random gap away from the others."""
    angle, gap = rng.uniform(-np.pi, np.pi), rng.uniform(0.01, 0.1)
    way, away, left = np.array([np.cos(angle), np.sin(angle), 0]), 4.0, np.inf
    if not others:
        return mesh
    there = cKDTree(np.concatenate([trimesh.sample.sample_surface(other, 1500, seed=rng)[0] for other in others]))
    here = trimesh.sample.sample_surface(mesh, 1500, seed=rng)[0]
    while left > 1e-3 and away > 0:  # a step as long as what is left to the gap cannot pass it
        left = there.query(here + away * way)[0].min() - gap
        away -= left
    return trimesh.Trimesh(mesh.vertices + away * way, mesh.faces, process=False)


def _on(mesh: trimesh.Trimesh, faces: np.ndarray, rng: np.random.Generator, n: int = 400) -> np.ndarray:
    """n points on some of the faces, (n, 3)."""
    corners, area = mesh.vertices[mesh.faces[faces]], mesh.area_faces[faces]
    a, b, c = corners[rng.choice(len(faces), n, p=area / area.sum())].transpose(1, 0, 2)
    u, v = np.sort(rng.random((2, n, 1)), axis=0)
    return a + u * (b - a) + (v - u) * (c - a)


def _near(tree: cKDTree, cloud: np.ndarray) -> bool:
    return bool((tree.query(cloud, distance_upper_bound=TOUCH)[0] < TOUCH).any())

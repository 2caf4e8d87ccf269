"""Procedural everyday objects: meshes with part labels, made from a seed.

A family is a module with `PARTS` (the names of its parts), `STYLES` (name -> function `rng -> [(part name, part)]`,
made of the bricks in `parts`) and, if it is to be distorted more than mildly, `VARIETY`. To add one: write the module,
then its line in `_FAMILIES`.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import trimesh

from . import (
    airplane,
    assembly,
    bed,
    bench,
    bookshelf,
    bottle,
    car,
    chair,
    lamp,
    mug,
    sofa,
    stool,
    table,
    truck_bus,
    two_wheeler,
    vase,
)

_FAMILIES = {
    "airplane": airplane,
    "bed": bed,
    "bench": bench,
    "bookshelf": bookshelf,
    "bottle": bottle,
    "car": car,
    "chair": chair,
    "lamp": lamp,
    "mug": mug,
    "sofa": sofa,
    "stool": stool,
    "table": table,
    "truck_bus": truck_bus,
    "two_wheeler": two_wheeler,
    "vase": vase,
    "assembly": assembly,
}
ALL: tuple[str, ...] = tuple(_FAMILIES)
CATEGORIES: tuple[str, ...] = ALL[:-1]  # an assembly belongs to no category
STYLES: dict[str, tuple[str, ...]] = {name: tuple(family.STYLES) for name, family in _FAMILIES.items()}
# Kept out of every training set by default, so that the benchmark can ask about the unseen: one style of each kind
# that stands out among its fellows, and all of one kind that is like no other.
HELD_OUT: dict[str, tuple[str, ...]] = {
    "airplane": ("biplane",),
    "bed": ("canopy",),
    "bench": ("garden",),
    "bookshelf": ("corner",),
    "bottle": ("cleaner",),
    "car": ("beetle",),
    "chair": ("cantilever",),
    "lamp": ("arc",),
    "mug": ("square",),
    "sofa": ("chaise",),
    "stool": ("folding",),
    "table": ("cross",),
    "truck_bus": ("tanker",),
    "two_wheeler": STYLES["two_wheeler"],
    "vase": ("jug",),
    "assembly": (),
}
SEEN: dict[str, tuple[str, ...]] = {
    name: tuple(s for s in styles if s not in HELD_OUT[name]) for name, styles in STYLES.items()
}


@dataclass(frozen=True)
class Shape:
    """A mesh in the object frame (x forward, y left, z up; box centred on 0, its diagonal 1) and its parts.

    `part` (F,) int32 gives each face's index into `part_names`.
    """

    mesh: trimesh.Trimesh
    part: np.ndarray
    part_names: tuple[str, ...]
    category: str
    style: str
    seed: int

    def sample(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """n points, uniform by area: (n, 3) float32, and the part each lies on: (n,) int32.

        >>> points, part = make("chair", 0).sample(1024, np.random.default_rng(0))
        >>> points.shape, part.shape
        ((1024, 3), (1024,))
        """
        points, face = trimesh.sample.sample_surface(self.mesh, n, seed=rng)
        return points.astype(np.float32), self.part[face]


def make(category: str, seed: int, style: str | None = None) -> Shape:
    """The shape of a category (one of `ALL`) with this seed: the same arguments, the same mesh to the bit.

    Without `style` (one of `STYLES[category]`) the seed chooses it. Raises ValueError for an unknown category
    or style and for a seed that is not a whole number >= 0.

    >>> shape = make("table", 7)
    >>> shape.style in STYLES["table"], shape.part_names[:2]
    (True, ('top', 'leg'))
    >>> round(float(np.linalg.norm(shape.mesh.extents)), 6)
    1.0
    """
    if category not in _FAMILIES:
        raise ValueError(f"category {category!r} is unknown; accepted: {', '.join(ALL)}")
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed {seed!r} is not accepted; a seed is a whole number >= 0")
    family = _FAMILIES[category]
    rng = np.random.default_rng([seed, zlib.crc32(category.encode())])
    drawn = STYLES[category][rng.integers(len(STYLES[category]))]  # drawn even if given: the rest stays the same
    style = drawn if style is None else style
    if style not in family.STYLES:
        raise ValueError(f"style {style!r} is unknown for {category}; accepted: {', '.join(STYLES[category])}")

    parts = family.STYLES[style](rng)
    vertices = np.concatenate([v for _, (v, _) in parts])
    offsets = np.cumsum([0] + [len(v) for _, (v, _) in parts[:-1]])
    faces = np.concatenate([f + offset for (_, (_, f)), offset in zip(parts, offsets, strict=True)])
    part = np.repeat([family.PARTS.index(name) for name, _ in parts], [len(f) for _, (_, f) in parts])

    vertices = _normalise(_vary(_normalise(vertices), rng, getattr(family, "VARIETY", 1.0)))
    a, b, c = vertices[faces].transpose(1, 0, 2)
    solid = np.linalg.norm(np.cross(b - a, c - a), axis=1) > 1e-9  # poles leave triangles without area
    mesh = trimesh.Trimesh(vertices, faces[solid], process=False)
    return Shape(mesh, part[solid].astype(np.int32), family.PARTS, category, style, seed)


def _normalise(vertices: np.ndarray) -> np.ndarray:
    low, high = vertices.min(0), vertices.max(0)
    return (vertices - (low + high) / 2) / np.linalg.norm(high - low)


def _vary(vertices: np.ndarray, rng: np.random.Generator, amount: float) -> np.ndarray:
    """Stretch each axis and taper towards the top; beyond the mild amount of 1 also bend one axis along another."""
    vertices = vertices * np.exp(amount * rng.normal(0, 0.12, 3))
    vertices[:, :2] *= 1 + amount * rng.uniform(-0.15, 0.15) * vertices[:, 2:]
    if amount > 1:
        moved, along = rng.permutation(3)[:2]
        vertices[:, moved] += amount * rng.uniform(-0.4, 0.4) * vertices[:, along] ** 2
    return vertices

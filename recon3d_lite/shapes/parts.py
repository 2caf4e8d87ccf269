"""The bricks that the families are made of: one surface through a stack of rings, and what follows from it.

A *part* is a pair `(vertices (V, 3) float64, faces (F, 3) int)`; frame: x forward, y left, z up. Every closed
part has its faces turned outward. A *section* is a closed outline in the plane, `(S, 2)`; a *path* is `(K, 3)`.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

Part = tuple[np.ndarray, np.ndarray]


# --- outlines and curves ---


def superellipse(a: float, b: float, p: float = 2.0, n: int = 16) -> np.ndarray:
    """Outline |x/a|^p + |y/b|^p = 1 as (n, 2) points: p = 2 an ellipse, p = 5 a rectangle with round corners.

    >>> superellipse(2, 1, n=4).round(6).tolist()
    [[2.0, 0.0], [0.0, 1.0], [-2.0, 0.0], [0.0, -1.0]]
    """
    angle = np.arange(n) * (2 * np.pi / n)
    cos_sin = np.round(np.stack([np.cos(angle), np.sin(angle)], axis=1), 12)  # exact zeros on the axes
    return np.sign(cos_sin) * np.abs(cos_sin) ** (2 / p) * (a, b)


def rectangle(width: float, depth: float, n: int = 1) -> np.ndarray:
    """Outline of a rectangle with its centre at 0, the sides along the second axis cut in n: (2 n + 2, 2).

    >>> rectangle(2, 4).tolist()
    [[1.0, -2.0], [1.0, 2.0], [-1.0, 2.0], [-1.0, -2.0]]
    """
    side = np.linspace(-depth / 2, depth / 2, n + 1)
    x = np.full(n + 1, width / 2)
    return np.stack([np.concatenate([x, -x]), np.concatenate([side, side[::-1]])], axis=1)


def spline(points: np.ndarray, n: int = 12) -> np.ndarray:
    """Smooth curve through the points (K, D), as (n, D): uniform Catmull-Rom (1974), ends included.

    >>> spline([(0, 0), (1, 1), (2, 0)], n=3).tolist()
    [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    """
    p = np.asarray(points, float)
    t = np.linspace(0, len(p) - 1, n)
    i = np.minimum(t.astype(int), len(p) - 2)
    t = (t - i)[:, None]
    slope = np.gradient(p, axis=0)
    a, b, da, db = p[i], p[i + 1], slope[i], slope[i + 1]
    return a + t * da + t**2 * (3 * (b - a) - 2 * da - db) + t**3 * (2 * (a - b) + da + db)


# --- surfaces ---


def loft(rings: np.ndarray, caps: bool = True, loop: bool = False) -> Part:
    """Surface through rings (K, S, 3), closed by fans at both ends (`caps`) or joined end to end (`loop`).

    A cap is a fan about the ring's mean, so an end ring has to be star-shaped about it. A ring may shrink to
    one point: the faces without area are left out by `shapes.make`.

    >>> square = np.c_[rectangle(1, 1), np.zeros(4)]
    >>> vertices, faces = loft(np.stack([square, square + (0, 0, 1)]))
    >>> len(vertices), len(faces)
    (10, 16)
    """
    k, s, _ = rings.shape
    caps = caps and not loop
    vertices, faces = rings.reshape(-1, 3), _loft_faces(k, s, caps, loop)
    if caps:
        vertices = np.concatenate([vertices, rings[[0, -1]].mean(1)])
    # The volume's sign (divergence theorem) says whether the faces look outward.
    p, q, r = (vertices - vertices[0])[faces].transpose(1, 0, 2)
    if np.einsum("ij,ij->", p, np.cross(q, r)) < 0:
        faces = faces[:, ::-1]
    return vertices, faces


@lru_cache(maxsize=1024)
def _loft_faces(k: int, s: int, caps: bool, loop: bool) -> np.ndarray:
    """The triangles between k rings of s vertices each; they depend on nothing else, so each kind is made once."""
    index = np.arange(k * s).reshape(k, s)
    if loop:
        index = np.concatenate([index, index[:1]])
    a, b = index[:-1], index[1:]
    a1, b1 = np.roll(a, -1, 1), np.roll(b, -1, 1)
    faces = [np.stack([a, a1, b1], -1).reshape(-1, 3), np.stack([a, b1, b], -1).reshape(-1, 3)]
    if caps:
        first, last = index[0], index[-1]
        faces.append(np.stack([np.roll(first, -1), first, np.full(s, k * s)], -1))
        faces.append(np.stack([last, np.roll(last, -1), np.full(s, k * s + 1)], -1))
    faces = np.concatenate(faces)
    faces.flags.writeable = False  # shared by all lofts of this kind
    return faces


def sweep(path: np.ndarray, section: np.ndarray, scale: float | np.ndarray = 1.0, loop: bool = False) -> Part:
    """Carry a section (S, 2) along a path (K, 3), scaled by a number, (K,) or (K, 2).

    The section's first axis follows the coordinate axis that the path turns to least (x for an upright, y for
    anything that bends in the x-z plane), its second is at right angles to it and to the path.

    >>> vertices, _ = sweep([(0, 0, 0), (0, 0, 3)], rectangle(1, 2))
    >>> np.ptp(vertices, axis=0).tolist()
    [1.0, 2.0, 3.0]
    """
    path = np.asarray(path, float)
    tangent = np.roll(path, -1, 0) - np.roll(path, 1, 0) if loop else np.gradient(path, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    axis = np.argmin(np.round(np.abs(tangent).max(0), 6))  # rounded: a tie has to fall alike everywhere
    first = np.eye(3)[axis] - tangent[:, axis, None] * tangent
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    scale = np.asarray(scale, float)
    scale = scale[:, None] if scale.ndim == 1 else scale  # (K,) -> (K, 1): both axes alike
    a, b = np.moveaxis(section * np.broadcast_to(scale, (len(path), 2))[:, None], -1, 0)[..., None]
    return loft(path[:, None] + a * first[:, None] + b * second[:, None], loop=loop)


def tube(path: np.ndarray, radius: float | np.ndarray, sections: int = 8, loop: bool = False) -> Part:
    """Round bar along a path (K, 3); the radius may change along it: (K,).

    >>> vertices, _ = tube([(0, 0, 0), (0, 0, 1)], [1.0, 0.5])
    >>> np.ptp(vertices, axis=0).round(6).tolist()
    [2.0, 2.0, 1.0]
    """
    return sweep(path, superellipse(1, 1, n=sections), radius, loop)


def beam(start: np.ndarray, end: np.ndarray, width: float, depth: float, taper: float = 1.0) -> Part:
    """Straight bar of rectangular section between two points; its end is `taper` times its start.

    Upright: width along x, depth along y. Level: width is level, depth is z.

    >>> vertices, _ = beam((0, 0, 0), (2, 0, 0), 0.2, 0.1)
    >>> np.ptp(vertices, axis=0).round(6).tolist()
    [2.0, 0.2, 0.1]
    """
    return sweep([start, end], rectangle(width, depth), np.array([1.0, taper]))


def box(size: np.ndarray, at: np.ndarray = (0, 0, 0), top: float | tuple[float, float] = 1.0) -> Part:
    """Box of (x, y, z) size about `at`, its upper face scaled by `top`: 0 makes a pyramid.

    >>> np.ptp(box((1, 2, 3))[0], axis=0).tolist()
    [1.0, 2.0, 3.0]
    """
    return slab(rectangle(size[0], size[1]), at[2] - size[2] / 2, at[2] + size[2] / 2, at[:2], top)


def span(low: np.ndarray, high: np.ndarray) -> Part:
    """Box between two opposite corners.

    >>> span((0, 0, 0), (1, 2, 3))[0].max(0).tolist()
    [1.0, 2.0, 3.0]
    """
    low, high = np.asarray(low), np.asarray(high)
    return box(high - low, (low + high) / 2)


def boxes(sizes: np.ndarray, at: np.ndarray, lean: np.ndarray | float = 0.0) -> Part:
    """Boxes standing on the points `at` (N, 3), of sizes (N, 3) or one size (3,), as one part; leaned along y.

    >>> boxes((1, 1, 2), [(0, 0, 0), (5, 0, 0)])[0].max(0).tolist()
    [5.5, 0.5, 2.0]
    """
    unit, faces = box((1, 1, 1), (0, 0, 0.5))
    vertices = unit * np.reshape(sizes, (-1, 1, 3))
    vertices[..., 1] += vertices[..., 2] * np.reshape(lean, (-1, 1))
    vertices = vertices + np.reshape(at, (-1, 1, 3))
    offsets = len(unit) * np.arange(len(vertices))
    return vertices.reshape(-1, 3), (faces + offsets[:, None, None]).reshape(-1, 3)


def slab(section: np.ndarray, bottom: float, top: float, at: tuple[float, float] = (0, 0), scale: float = 1.0) -> Part:
    """Flat body: a section (S, 2) raised from z = bottom to z = top, scaled on the way.

    >>> vertices, _ = slab(superellipse(1, 1), 0.0, 0.5)
    >>> np.ptp(vertices, axis=0).tolist()
    [2.0, 2.0, 0.5]
    """
    rings = np.empty((2, len(section), 3))
    rings[0, :, :2], rings[1, :, :2] = section + at, section * scale + at
    rings[0, :, 2], rings[1, :, 2] = bottom, top
    return loft(rings)


def plate(widths: np.ndarray, height: float, thickness: float, columns: int = 6) -> Part:
    """Upright plate in the y-z plane from z = 0 up; `widths` at equal steps of height. Made to be warped.

    >>> np.ptp(plate([1.0, 1.0, 0.5], 2.0, 0.1)[0], axis=0).tolist()
    [0.1, 1.0, 2.0]
    """
    widths = np.asarray(widths, float)
    rings = np.empty((len(widths), 2 * columns + 2, 3))
    rings[..., :2] = rectangle(thickness, 1.0, columns)
    rings[..., 1] *= widths[:, None]
    rings[..., 2] = np.linspace(0, height, len(widths))[:, None]
    return loft(rings)


def revolve(profile: np.ndarray, sections: int = 20, loop: bool = False) -> Part:
    """Turn a profile of (radius, z) rows about the z axis, as a lathe does.

    >>> vertices, faces = revolve([(1, 0), (1, 2)])
    >>> np.ptp(vertices, axis=0).tolist()
    [2.0, 2.0, 2.0]
    """
    profile = np.asarray(profile, float)
    rings = np.empty((len(profile), sections, 3))
    rings[..., :2] = profile[:, :1, None] * superellipse(1, 1, n=sections)
    rings[..., 2] = profile[:, 1:]
    return loft(rings, loop=loop)


def ellipsoid(size: np.ndarray, at: np.ndarray = (0, 0, 0), p: float = 2.0, sections: int = 14, rings: int = 9) -> Part:
    """Superellipsoid (Barr 1981) of (x, y, z) size: p = 2 an ellipsoid, p = 5 a cushion, p = 10 a soft box.

    >>> np.ptp(ellipsoid((1, 2, 4), sections=16)[0], axis=0).round(6).tolist()
    [1.0, 2.0, 4.0]
    """
    levels, radii = superellipse(1, 1, p, 2 * (rings - 1))[:rings].T
    stack = np.empty((rings, sections, 3))
    stack[..., :2] = radii[:, None, None] * superellipse(1, 1, p, sections)
    stack[..., 2] = levels[:, None]
    return loft(stack * (np.asarray(size) / 2) + at)


def ring(radius: float, thickness: float, at: np.ndarray = (0, 0, 0), axis: int = 2, sections: int = 16) -> Part:
    """Torus about a coordinate axis; `thickness` is the radius of its tube.

    >>> np.ptp(ring(1.0, 0.25)[0], axis=0).round(6).tolist()
    [2.5, 2.5, 0.5]
    """
    path = np.insert(superellipse(radius, radius, n=sections), axis, 0.0, axis=1)
    return tube(path + at, thickness, loop=True)


# --- moving parts ---


def warp(part: Part, move: Callable[[np.ndarray], np.ndarray]) -> Part:
    """Pass the vertices (V, 3) through a function; the faces stay."""
    return move(part[0]), part[1]


def shift(part: Part, offset: np.ndarray) -> Part:
    """Move a part.

    >>> shift(box((2, 2, 2)), (0, 0, 1))[0].min(0).tolist()
    [-1.0, -1.0, 0.0]
    """
    return part[0] + offset, part[1]


def turn(part: Part, angle: float, axis: int = 2, about: np.ndarray = (0, 0, 0)) -> Part:
    """Turn a part by an angle in radians about a coordinate axis through `about` (right-hand rule).

    >>> turn(box((2, 4, 6)), np.pi / 2)[0].max(0).round(6).tolist()
    [2.0, 1.0, 3.0]
    """
    c, s = np.cos(angle), np.sin(angle)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
    return (part[0] - about) @ matrix.T + about, part[1]


def join(*parts: Part) -> Part:
    """Several parts as one.

    >>> len(join(box((1, 1, 1)), box((1, 1, 1), at=(2, 0, 0)))[1])
    32
    """
    offsets = np.cumsum([0] + [len(vertices) for vertices, _ in parts[:-1]])
    return (
        np.concatenate([vertices for vertices, _ in parts]),
        np.concatenate([faces + offset for (_, faces), offset in zip(parts, offsets, strict=True)]),
    )


def mirror_y(part: Part) -> Part:
    """The part's mirror image across the x-z plane, faces turned so that they still look outward."""
    return part[0] * (1, -1, 1), part[1][:, ::-1]


def pair(part: Part) -> Part:
    """The part and its mirror image: left and right.

    >>> pair(box((1, 1, 1), at=(0, 2, 0)))[0].min(0).tolist()
    [-0.5, -2.5, -0.5]
    """
    return join(part, mirror_y(part))


def around(part: Part, n: int) -> Part:
    """n copies at equal angles about the z axis.

    >>> len(around(box((1, 1, 1), at=(2, 0, 0)), 5)[1])
    80
    """
    return join(*(turn(part, 2 * np.pi * i / n) for i in range(n)))

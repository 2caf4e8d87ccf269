"""Random assemblies of primitives: they belong to no category and teach geometry instead of recognition."""

from collections.abc import Callable

import numpy as np

from .parts import (
    Part,
    box,
    ellipsoid,
    join,
    loft,
    pair,
    revolve,
    ring,
    shift,
    slab,
    spline,
    superellipse,
    tube,
    turn,
)

PARTS = ("box", "cylinder", "cone", "ellipsoid", "ring", "tube", "lathe", "shell")
VARIETY = 2.0  # stretched, tapered and bent more than the named families
Parts = list[tuple[str, Part]]


def _cylinder(rng: np.random.Generator) -> Part:
    return slab(superellipse(0.5, 0.5, rng.choice([2, 2, 4]), 18), -0.5, 0.5)


def _cone(rng: np.random.Generator) -> Part:
    return slab(superellipse(0.5, 0.5, n=rng.choice([4, 6, 18])), -0.5, 0.5, scale=rng.uniform(0.05, 0.7))


def _ring(rng: np.random.Generator) -> Part:
    thick = rng.uniform(0.04, 0.2)
    return ring(0.5 - thick, thick)


def _tube(rng: np.random.Generator) -> Part:
    path = rng.uniform(-0.5, 0.5, (int(rng.integers(2, 5)), 3))
    path[:, 2] = np.linspace(-0.5, 0.5, len(path))  # never doubles back on itself
    return tube(spline(path, 10), np.linspace(*rng.uniform(0.03, 0.12, 2), 10))


def _lathe(rng: np.random.Generator) -> Part:
    """A vase, a bottle, a baluster, a bowl: solid, or hollow with a wall."""
    outer = np.c_[
        np.clip(spline(rng.uniform(0.08, 0.5, (int(rng.integers(2, 6)), 1)), 12), 0.04, 0.5), np.linspace(-0.5, 0.5, 12)
    ]
    if rng.random() < 0.5:
        return revolve(outer, 18)
    inner = outer[:0:-1] * (0.85, 1)
    return revolve(np.concatenate([[(0, -0.5)], outer, inner, [(0, inner[-1, 1])]]), 18)


def _shell(rng: np.random.Generator) -> Part:
    """A tray, a tub, a drawer: an outline raised, with a wall and a floor."""
    outline, t = superellipse(0.5, 0.5, rng.choice([2, 5, 20]), 16), rng.uniform(0.03, 0.12)
    scale, z = np.array([1, 1, 1 - 2 * t, 1 - 2 * t]), np.array([-0.5, 0.5, 0.5, -0.5 + t])
    rings = np.empty((4, 16, 3))
    rings[..., :2], rings[..., 2] = scale[:, None, None] * outline, z[:, None]
    return loft(rings)


# Each fits about a unit cube.
MAKERS: dict[str, Callable[[np.random.Generator], Part]] = {
    "box": lambda rng: box((1, 1, 1), top=rng.choice([1.0, 1.0, rng.uniform(0.3, 1)])),
    "cylinder": _cylinder,
    "cone": _cone,
    "ellipsoid": lambda rng: ellipsoid((1, 1, 1), p=rng.choice([2, 2, 5]), sections=14),
    "ring": _ring,
    "tube": _tube,
    "lathe": _lathe,
    "shell": _shell,
}


def _piece(rng: np.random.Generator, kind: str, size: np.ndarray) -> Part:
    """A primitive of about this size, upright or lying, now and then askew."""
    vertices, faces = MAKERS[kind](rng)
    part = turn((vertices, faces), rng.choice([0, 0, np.pi / 2]), int(rng.integers(2)))
    part = part[0] * size, part[1]
    return turn(part, rng.uniform(-0.8, 0.8), int(rng.integers(3))) if rng.random() < 0.12 else part


def _attach(rng: np.random.Generator, part: Part, host: Part, straight: bool) -> Part:
    """Put a part, or a row or a square of it, on one side of the host's box, sunk in a little."""
    (low, high), (part_low, part_high) = (np.array([p[0].min(0), p[0].max(0)]) for p in (host, part))
    half, size = (high - low) / 2, (part_high - part_low) / 2
    part = shift(part, -(part_low + part_high) / 2)
    axis = int(rng.integers(3))
    room = np.maximum(half - size, 0) * (1 if straight else 0.5)  # a round host is not there at its box's corners
    counts = rng.choice([(1, 1), (1, 1), (2, 1), (2, 2), (rng.integers(3, 6), 1)])
    offset = np.zeros(3)
    offset[axis] = rng.choice([-1, 1]) * (half[axis] + size[axis] - 2 * min(*half, *size) * rng.uniform(0.1, 0.6))
    first, second = rng.permutation([i for i in range(3) if i != axis])
    at = []
    for u in np.linspace(-1, 1, counts[0]) if counts[0] > 1 else [rng.choice([0, rng.uniform(-1, 1)])]:
        for v in np.linspace(-1, 1, counts[1]) if counts[1] > 1 else [rng.choice([0, rng.uniform(-1, 1)])]:
            spot = (low + high) / 2 + offset
            spot[[first, second]] += room[[first, second]] * (u, v)
            at.append(shift(part, spot))
    return join(*at)


def _bow(rng: np.random.Generator, host: Part) -> Part:
    """A bar, mostly bent, from one point of the host to another: strut, handle, rail."""
    start, end = host[0][rng.integers(len(host[0]), size=2)]
    out = rng.choice([0.0, 0.3, 0.6]) * (start + end - 2 * host[0].mean(0)) + rng.uniform(-0.05, 0.05, 3)
    path = spline([start, start * 0.8 + end * 0.2 + out, start * 0.2 + end * 0.8 + out, end + 0.01], 10)
    return tube(path, rng.uniform(0.012, 0.05))


def _assemble(rng: np.random.Generator, kinds: list[str], low: np.ndarray, high: np.ndarray, n: int) -> Parts:
    """n pieces, log-uniform in size between low and high, each attached to an earlier one.

    Most assemblies are mirrored in y, as things made by people are.
    """
    mirrored = rng.random() < 0.8
    parts: Parts = []
    for _ in range(n):
        kind = str(rng.choice(kinds))
        part = _piece(rng, kind, np.exp(rng.uniform(np.log(low), np.log(high))))
        if parts:
            name, host = parts[rng.integers(len(parts))]
            if rng.random() < 0.15:
                kind, part = "tube", _bow(rng, host)
            else:
                part = _attach(rng, part, host, name == "box")
        if mirrored:
            middle = (part[0][:, 1].min() + part[0][:, 1].max()) / 2
            part = pair(part) if abs(middle) > 0.02 and parts else shift(part, (0, -middle, 0))
        parts.append((kind, part))
    return parts


def solids(rng: np.random.Generator) -> Parts:
    """A few stout bodies."""
    return _assemble(rng, ["box", "cylinder", "cone", "ellipsoid", "lathe", "shell"], 0.2, 1.0, int(rng.integers(1, 5)))


def blocks(rng: np.random.Generator) -> Parts:
    """Boxes only, as furniture and buildings are."""
    return _assemble(rng, ["box"], 0.06, 1.2, int(rng.integers(2, 8)))


def plates(rng: np.random.Generator) -> Parts:
    """Thin in one direction or another."""
    sizes = (np.where(np.arange(3) == rng.integers(3), 0.06, 1.0) for _ in range(int(rng.integers(1, 4))))
    return [
        part
        for thin in sizes
        for part in _assemble(rng, ["box", "box", "cylinder"], 0.4 * thin, thin, int(rng.integers(1, 4)))
    ]


def rods(rng: np.random.Generator) -> Parts:
    """A body, and long thin things on it."""
    core = _assemble(rng, ["box", "cylinder", "ellipsoid", "ring", "shell"], 0.3, 1.0, 1)
    for _ in range(int(rng.integers(1, 5))):
        thin = np.where(np.arange(3) == rng.integers(3), rng.uniform(0.3, 1.0), rng.uniform(0.04, 0.09))
        part = _attach(
            rng, _piece(rng, "box" if rng.random() < 0.5 else "cylinder", thin), core[0][1], core[0][0] == "box"
        )
        core.append(("cylinder", part))
    return core


def turned(rng: np.random.Generator) -> Parts:
    """Stacked round things about one axis, hollow or not, often with a handle or a spout."""
    wide, z, parts = rng.uniform(0.2, 0.8), 0.0, []
    for _ in range(int(rng.integers(1, 4))):
        kind = str(rng.choice(["lathe", "lathe", "cylinder", "ellipsoid", "cone"]))
        high = rng.uniform(0.15, 1)
        vertices, faces = MAKERS[kind](rng)
        parts.append((kind, (vertices * (wide, wide, high) + (0, 0, z + high / 2), faces)))
        wide, z = wide * rng.uniform(0.4, 1.3), z + 0.97 * high
    return parts + [("tube", _bow(rng, parts[0][1])) for _ in range(int(rng.integers(0, 3)))]


def mixed(rng: np.random.Generator) -> Parts:
    """Anything."""
    return _assemble(rng, list(PARTS), 0.08, 1.1, int(rng.integers(2, 7)))


STYLES = {f.__name__: f for f in (solids, blocks, plates, rods, turned, mixed)}

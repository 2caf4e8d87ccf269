"""Random assemblies of primitives: they belong to no category and teach geometry instead of recognition."""

from collections.abc import Callable

import numpy as np

from .parts import (
    Part,
    box,
    ellipsoid,
    join,
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

PARTS = ("box", "cylinder", "cone", "ellipsoid", "ring", "tube", "lathe")
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
    path = spline(rng.uniform(-0.5, 0.5, (int(rng.integers(2, 5)), 3)) + np.linspace(-0.3, 0.3, 4)[:1, None], 10)
    path[:, 2] += np.linspace(-0.5, 0.5, 10)  # never doubles back on itself
    return tube(path, np.linspace(rng.uniform(0.03, 0.12), rng.uniform(0.03, 0.12), 10))


def _lathe(rng: np.random.Generator) -> Part:
    return revolve(np.c_[np.abs(spline(rng.uniform(0.08, 0.5, (5, 1)), 14)), np.linspace(-0.5, 0.5, 14)])


# Each fits about a unit cube.
MAKERS: dict[str, Callable[[np.random.Generator], Part]] = {
    "box": lambda rng: box((1, 1, 1), top=rng.choice([1.0, 1.0, rng.uniform(0.3, 1)])),
    "cylinder": _cylinder,
    "cone": _cone,
    "ellipsoid": lambda rng: ellipsoid((1, 1, 1), p=rng.choice([2, 2, 5]), sections=14),
    "ring": _ring,
    "tube": _tube,
    "lathe": _lathe,
}


def _piece(rng: np.random.Generator, kind: str, size: np.ndarray) -> Part:
    """A primitive of about this size, upright or lying, now and then askew."""
    vertices, faces = MAKERS[kind](rng)
    part = turn((vertices, faces), rng.choice([0, 0, np.pi / 2]), int(rng.integers(2)))
    part = part[0] * size, part[1]
    return turn(part, rng.uniform(-0.8, 0.8), int(rng.integers(3))) if rng.random() < 0.25 else part


def _assemble(rng: np.random.Generator, kinds: list[str], low: np.ndarray, high: np.ndarray, n: int) -> Parts:
    """n pieces, log-uniform in size between low and high, each attached to a point of an earlier one.

    Most are mirrored in y, as things made by people are; some are repeated in a row.
    """
    mirrored = rng.random() < 0.8
    parts: Parts = []
    for _ in range(n):
        kind = str(rng.choice(kinds))
        size = np.exp(rng.uniform(np.log(low), np.log(high)))
        part = _piece(rng, kind, size)
        if parts:
            host = parts[rng.integers(len(parts))][1][0]
            at = host[rng.integers(len(host))] * rng.uniform(0.6, 1, 3)
            edge = part[0][rng.integers(len(part[0]))] * rng.uniform(0.3, 0.95)
            part = shift(part, at - edge)
            if rng.random() < 0.2:
                step = np.eye(3)[rng.integers(3)] * rng.uniform(0.15, 0.5)
                part = join(*(shift(part, j * step) for j in range(int(rng.integers(2, 6)))))
            if mirrored:
                part = (
                    pair(part)
                    if rng.random() < 0.6
                    else shift(part, (0, -np.mean([part[0][:, 1].min(), part[0][:, 1].max()]), 0))
                )
        parts.append((kind, part))
    return parts


def solids(rng: np.random.Generator) -> Parts:
    """A few stout bodies."""
    return _assemble(rng, ["box", "cylinder", "cone", "ellipsoid", "lathe"], 0.25, 1.0, int(rng.integers(1, 6)))


def blocks(rng: np.random.Generator) -> Parts:
    """Boxes only, as furniture and buildings are."""
    return _assemble(rng, ["box"], 0.05, 1.2, int(rng.integers(2, 9)))


def plates(rng: np.random.Generator) -> Parts:
    """Thin in one direction."""
    thin = np.ones(3)
    thin[rng.integers(3)] = 0.06
    return _assemble(rng, ["box", "box", "cylinder", "ellipsoid"], 0.3 * thin, 1.2 * thin, int(rng.integers(2, 8)))


def rods(rng: np.random.Generator) -> Parts:
    """Long and thin, with a body or two among them."""
    thin = np.full(3, 0.07)
    thin[rng.integers(3)] = 1.2
    parts = _assemble(rng, ["box", "cylinder", "tube", "cone"], 0.6 * thin, thin, int(rng.integers(3, 9)))
    return parts + _assemble(rng, ["box", "ellipsoid", "ring", "cylinder"], 0.2, 0.7, int(rng.integers(1, 3)))


def turned(rng: np.random.Generator) -> Parts:
    """Round things about one axis, with rings and tubes on them."""
    wide = rng.uniform(0.3, 1)
    core = _assemble(
        rng,
        ["lathe", "cylinder", "ellipsoid", "cone"],
        np.array([wide, wide, 0.5]),
        np.array([wide, wide, 1.2]) * 1.0001,
        1,
    )
    return core + [
        (k, shift(p, (0, 0, 0)))
        for k, p in _assemble(rng, ["ring", "tube", "lathe", "ellipsoid"], 0.2, 0.8, int(rng.integers(1, 4)))
    ]


def mixed(rng: np.random.Generator) -> Parts:
    """Anything."""
    return _assemble(rng, list(PARTS), 0.08, 1.1, int(rng.integers(2, 9)))


STYLES = {f.__name__: f for f in (solids, blocks, plates, rods, turned, mixed)}

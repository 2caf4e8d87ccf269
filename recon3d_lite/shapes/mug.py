"""Mugs and cups: hollow, the handle at +y. Sizes before normalising are in centimetres."""

import numpy as np

from .parts import Part, join, revolve, ring, spline, superellipse, sweep, tube

PARTS = ("body", "handle", "saucer")
Parts = list[tuple[str, Part]]


def _body(rng: np.random.Generator, radii: np.ndarray, high: float, sections: int = 24) -> tuple[Part, np.ndarray]:
    """Hollow body whose outer radius runs smoothly through `radii` from foot to rim, and that outer profile."""
    wall = rng.uniform(0.2, 0.5)
    outer = np.c_[spline(np.asarray(radii, float)[:, None], 9), np.linspace(0, high, 9)]
    inner = outer[::-1] - (wall, 0)
    floor = rng.choice([wall, wall, 0.8 * high], p=[0.4, 0.4, 0.2])  # one in five is full
    inner = inner[inner[:, 1] > floor]
    start = (np.interp(floor, outer[:, 1], outer[:, 0]) - wall, floor)
    foot = [(0, 0), (0.9 * outer[0, 0], 0)]
    if rng.random() < 0.4:  # it stands on a foot ring
        ring = rng.uniform(0.2, 0.6)
        outer, inner = outer + np.array([0, ring]), inner + np.array([0, ring])
        start = (start[0], start[1] + ring)
        foot = [(0, 0), (0.7 * outer[0, 0], 0), (0.65 * outer[0, 0], ring)]
    lip = [(outer[-1, 0] - wall / 2, outer[-1, 1] + wall / 3)]
    return revolve(np.concatenate([foot, outer, lip, inner, [start, (0, start[1])]]), sections), outer


def _handle(rng: np.random.Generator, outer: np.ndarray) -> Part:
    """Ring, D, ear, angle or a wide flat band, from one point of the wall to another."""
    high = np.ptp(outer[:, 1])
    top, low = outer[0, 1] + high * rng.uniform(0.7, 0.95), outer[0, 1] + high * rng.uniform(0.1, 0.35)
    y1, y0 = (np.interp(z, outer[:, 1], outer[:, 0]) - 0.12 for z in (top, low))
    reach = max(y0, y1) + rng.uniform(0.3, 0.6) * (top - low) + 0.4
    kind = rng.choice(["ring", "D", "ear", "angle"])
    if kind == "ring":
        angle = np.linspace(-0.5, 0.5, 12)[:, None] * np.pi
        path = np.c_[
            0 * angle,
            (y0 + y1) / 2 + (reach - (y0 + y1) / 2) * np.cos(angle),
            (top + low) / 2 + (top - low) / 2 * np.sin(angle),
        ]
    elif kind == "D":
        path = spline(
            [
                (0, y1, top),
                (0, 0.8 * reach, top),
                (0, reach, top - 0.25 * (top - low)),
                (0, reach, low + 0.25 * (top - low)),
                (0, 0.8 * reach, low),
                (0, y0, low),
            ],
            14,
        )
    elif kind == "ear":
        path = spline(
            [
                (0, y1, top),
                (0, 0.9 * reach, 1.05 * top),
                (0, reach, 0.85 * top),
                (0, 0.85 * reach, (top + low) / 2),
                (0, y0, low),
            ],
            14,
        )
    else:
        path = np.array([(0, y1, top), (0, reach, top), (0, (y0 + reach) / 2, low), (0, y0, low)])
    thick = rng.uniform(0.3, 0.65)
    if rng.random() < 0.5:
        return tube(path, thick)
    return sweep(path, superellipse(rng.uniform(0.8, 1.6) * thick, 0.7 * thick, rng.choice([2, 6]), 10))


def _mug(rng: np.random.Generator, radii: np.ndarray, high: float, saucer: float = 0.0, handle: float = 0.9) -> Parts:
    body, outer = _body(rng, radii, high)
    parts = [("body", body)]
    if rng.random() < handle:
        parts.append(("handle", _handle(rng, outer)))
    if rng.random() < saucer:
        r, rise = 1.7 * max(radii) * rng.uniform(0.9, 1.2), rng.uniform(0.4, 1.6)
        profile = [
            (0, -0.3),
            (0.45 * r, -0.3),
            (0.7 * r, 0.3 * rise),
            (r, rise),
            (r, rise + 0.2),
            (0.68 * r, 0.3 * rise + 0.3),
            (0.45 * r, 0.05),
            (0, 0.05),
        ]
        parts.append(("saucer", revolve(profile, 24)))
    return parts


def straight(rng: np.random.Generator) -> Parts:
    """A cylinder."""
    r = rng.uniform(3.5, 5)
    return _mug(rng, [r, r, r], rng.uniform(1.7, 2.6) * r)


def tapered(rng: np.random.Generator) -> Parts:
    """Wider above than below, as a rule."""
    r = rng.uniform(3.5, 5)
    return _mug(rng, np.linspace(rng.uniform(0.6, 0.9), rng.uniform(0.95, 1.15), 3) * r, rng.uniform(1.7, 2.8) * r, 0.1)


def barrel(rng: np.random.Generator) -> Parts:
    """Bellied, or waisted."""
    r, belly = rng.uniform(3.5, 5), rng.uniform(-0.15, 0.3)
    return _mug(
        rng, np.array([rng.uniform(0.7, 1), 1 + belly, rng.uniform(0.8, 1.05)]) * r, rng.uniform(1.5, 2.4) * r, 0.15
    )


def cup(rng: np.random.Generator) -> Parts:
    """A tea, coffee or espresso cup: low, a bowl more or less, most with a saucer."""
    r = rng.uniform(3.5, 5.5)
    return _mug(
        rng,
        np.array([rng.uniform(0.35, 0.7), rng.uniform(0.7, 1.0), 0.95, rng.uniform(1, 1.2)]) * r,
        rng.uniform(0.9, 1.7) * r,
        0.65,
    )


def tall(rng: np.random.Generator) -> Parts:
    """A latte glass, a beer mug or a beaker: often without a handle."""
    r = rng.uniform(2.8, 4)
    return _mug(
        rng,
        np.array([rng.uniform(0.6, 1), rng.uniform(0.75, 1.05), rng.uniform(0.9, 1.2)]) * r,
        rng.uniform(2.8, 4.5) * r,
        0,
        0.5,
    )


def square(rng: np.random.Generator) -> Parts:
    """Pressed from a rounded square or another soft outline."""
    parts = straight(rng) if rng.random() < 0.5 else tapered(rng)
    (vertices, faces), p, start = parts[0][1], rng.uniform(3, 6), rng.choice([0, np.pi / 4])
    angle = start + np.append(np.arctan2(vertices[:, 1], vertices[:, 0]), np.pi / 2)
    bulge = (np.abs(np.cos(angle)) ** p + np.abs(np.sin(angle)) ** p) ** (-1 / p)
    bulge = bulge[:-1, None] / bulge[-1]  # the wall stays where the handle is, at +y
    parts[0] = ("body", (vertices * np.c_[bulge, bulge, np.ones_like(bulge)], faces))
    return parts


def disposable(rng: np.random.Generator) -> Parts:
    """A paper or plastic cup: tapered, with a rolled rim, ribs or a sleeve, and no handle."""
    r, sections = rng.uniform(3, 4.5), int(rng.choice([8, 12, 24]))
    body, outer = _body(rng, np.linspace(rng.uniform(0.55, 0.95), 1, 3) * r, rng.uniform(1.4, 3.4) * r, sections)
    (low, z0), (top, z1) = outer[[0, -1]]
    levels = list(np.linspace(0.2, 0.8, rng.integers(2, 6)) if rng.random() < 0.3 else [])
    levels += [1.0] if rng.random() < 0.6 else []
    bead = rng.uniform(0.02, 0.06) * r
    rings = [ring(low + t * (top - low), bead, (0, 0, z0 + t * (z1 - z0)), sections=sections) for t in levels]
    if not levels:
        a, b = np.interp([0.3, 0.75], [0, 1], [low, top]) + 0.1
        za, zb = np.interp([0.3, 0.75], [0, 1], [z0, z1])
        rings = [revolve([(a - 0.2, za), (a, za), (b, zb), (b - 0.2, zb)], sections, loop=True)]
    return [("body", join(body, *rings))]


STYLES = {f.__name__: f for f in (straight, tapered, barrel, cup, tall, square, disposable)}

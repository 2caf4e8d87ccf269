"""Lamps: what stands or hangs, most of it turned on a lathe. Sizes before normalising are in metres."""

import numpy as np

from .parts import (
    Part,
    around,
    ellipsoid,
    join,
    loft,
    revolve,
    ring,
    shift,
    slab,
    spline,
    superellipse,
    tube,
    turn,
)

PARTS = ("base", "pole", "shade", "bulb")
Y = np.array([0.0, 1.0, 0.0])
Parts = list[tuple[str, Part]]


def _shade(rng: np.random.Generator, r: float, high: float, sections: int = 24) -> Part:
    """A shade open below, hanging from z = 0: cone, drum, bell, dome, globe, pleats or box."""
    kind = rng.choice(["cone", "drum", "bell", "dome", "globe", "box", "pleated"])
    if kind == "globe":
        return ellipsoid((2 * r, 2 * r, high * rng.uniform(0.8, 1.3)), (0, 0, -high / 2), sections=sections)
    top = {"cone": rng.uniform(0.2, 0.7), "drum": rng.uniform(0.85, 1.0), "box": rng.uniform(0.6, 1)}.get(kind, 0.3)
    t = np.linspace(0, 1, 7)
    if kind == "bell":
        widths = spline([(top,), (0.45,), (0.6,), (1.0,)], 7)[:, 0]
    elif kind == "dome":
        widths = np.sqrt(1 - (0.97 * (1 - t)) ** 2)
    else:
        t = t[::6]
        widths = np.array([top, 1.0])
    n = 4 if kind == "box" else sections
    outline = superellipse(1, 1, n=n)
    if kind == "box":
        outline = outline @ np.array([[0.7, 0.7], [-0.7, 0.7]])
    if kind == "pleated":
        outline = outline * np.where(np.arange(n) % 2, 1.0, 0.9)[:, None]
    wall = np.concatenate([widths * r, (widths * r - 0.012)[::-1]])  # out and down, in and up again
    z = -high * np.concatenate([t, t[::-1]])
    if kind in ("bell", "dome"):  # closed above
        z[-1] -= 0.01
    rings = np.empty((len(wall), n, 3))
    rings[..., :2] = np.maximum(wall, 0.002)[:, None, None] * outline
    rings[..., 2] = z[:, None]
    if kind in ("bell", "dome"):
        return loft(rings)
    reach = 0.95 * top * r * (0.7 if kind == "box" else 1)
    return join(loft(rings, loop=True), tube([(-reach, 0, -0.02), (reach, 0, -0.02)], 0.005, 6))  # holds it


def _foot(rng: np.random.Generator, r: float) -> Part:
    """What stands on the floor: disc, dome, square plate or tripod."""
    kind = rng.choice(["disc", "dome", "square", "tripod"], p=[0.4, 0.2, 0.2, 0.2])
    if kind == "disc":
        return slab(superellipse(r, r, n=22), 0, rng.uniform(0.1, 0.25) * r, scale=rng.uniform(0.7, 1))
    if kind == "dome":
        return revolve(np.c_[r * np.cos(np.linspace(0, np.pi / 2, 6)), 0.5 * r * np.sin(np.linspace(0, np.pi / 2, 6))])
    if kind == "square":
        return slab(superellipse(r, r, 12, 16), 0, rng.uniform(0.1, 0.3) * r)
    return around(tube(spline([(0, 0, 0.8 * r), (0.5 * r, 0, 0.5 * r), (1.2 * r, 0, 0.04 * r)], 6), 0.08 * r, 6), 3)


def table(rng: np.random.Generator) -> Parts:
    """A turned body (vase, ball, stacked balls, candlestick, block) and a wide shade."""
    high, r = rng.uniform(0.2, 0.45), rng.uniform(0.05, 0.13)
    kind = rng.choice(["vase", "balls", "stick", "block"])
    t = np.linspace(0, 1, 20)
    if kind == "vase":
        radii = r * np.clip(spline(rng.uniform(0.25, 1.2, (6, 1)), 20)[:, 0], 0.15, None)
        radii[-1] = 0.15 * r
        body = revolve(np.c_[radii, high * t])
    elif kind == "balls":
        n = int(rng.integers(1, 5))
        size = 2 * r * np.linspace(1, rng.uniform(0.6, 1), n)
        z = np.cumsum(size) * 0.92
        high = z[-1]
        body = join(
            *(ellipsoid((s, s, s), (0, 0, top - s / 2)) for s, top in zip(size, z, strict=True)),
            slab(superellipse(r, r), 0, 0.02),
        )
    elif kind == "stick":
        radii = 0.35 * r * spline(rng.uniform(0.4, 1.5, (9, 1)), 20)[:, 0]
        body = join(revolve(np.c_[radii, high * t]), _foot(rng, 1.1 * r))
    else:
        body = slab(
            superellipse(r, r * rng.uniform(0.5, 1.2), rng.uniform(2, 12), 20), 0, high, scale=rng.uniform(0.4, 1.1)
        )
    shade_high, shade_r = rng.uniform(0.12, 0.3), rng.uniform(0.1, 0.24)
    top = high + shade_high + rng.uniform(-0.03, 0.06)
    neck = tube([(0, 0, high - 0.01), (0, 0, top - 0.015)], 0.01)
    shade = shift(_shade(rng, shade_r, shade_high), (0, 0, top))
    bulb = ellipsoid((0.05, 0.05, 0.07), (0, 0, high + 0.7 * shade_high), sections=8, rings=5)
    return [("base", body), ("pole", neck), ("shade", shade), ("bulb", bulb)]


def floor(rng: np.random.Generator) -> Parts:
    """A tall pole with a shade, an uplighter's bowl, or a long paper column."""
    high, r = rng.uniform(1.2, 1.8), rng.uniform(0.1, 0.25)
    if rng.random() < 0.3:  # a lit column
        outline = superellipse(0.5 * r, 0.5 * r, rng.choice([2, 12, 12]), 20)
        low = rng.uniform(0.05, 0.4)
        return [
            ("base", _foot(rng, 0.8 * r)),
            ("pole", tube([(0, 0, 0), (0, 0, low)], 0.015)),
            ("shade", slab(outline, low, high, scale=rng.uniform(0.8, 1.2))),
        ]
    pole = tube([(0, 0, 0.01), (0, 0, high)], rng.uniform(0.01, 0.03))
    if rng.random() < 0.25:  # three long legs
        spread = rng.uniform(0.2, 0.35)
        pole = around(tube([(0, 0, high), (spread, 0, 0)], 0.014, 6), 3)
        base = ring(0.5 * spread, 0.01, (0, 0, 0.5 * high))
    else:
        base = _foot(rng, r)
    shade_r, shade_high = rng.uniform(0.12, 0.3), rng.uniform(0.12, 0.4)
    shade = _shade(rng, shade_r, shade_high)
    if rng.random() < 0.25:  # uplighter: the shade upside down
        shade = (shade[0] * (1, 1, -1), shade[1][:, ::-1])
        shade = shift(shade, (0, 0, high - 0.02))
    else:
        shade = shift(shade, (0, 0, high + 0.015))
    return [("base", base), ("pole", pole), ("shade", shade)]


def pendant(rng: np.random.Generator) -> Parts:
    """Hangs from the ceiling: a rose, a cord and one shade, or several on a ring of arms."""
    cord, r = rng.uniform(0.15, 0.9), rng.uniform(0.12, 0.35)
    high = r * rng.uniform(0.5, 1.6)
    parts = [
        ("base", slab(superellipse(0.05, 0.05), cord - 0.02, cord, scale=0.9)),
        ("pole", tube([(0, 0, -0.02), (0, 0, cord)], 0.006, 6)),
    ]
    n = int(rng.choice([1, 3, 4, 5, 6, 8], p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1]))
    if n == 1:
        parts.append(("shade", _shade(rng, r, high)))
        parts.append(("pole", tube([(0, 0, 0), (0, 0, -0.4 * high)], 0.012, 6)))
        return [*parts, ("bulb", ellipsoid((0.06, 0.06, 0.08), (0, 0, -0.4 * high), sections=8, rings=5))]
    up = rng.random() < 0.5
    sag = rng.uniform(-0.1, 0.2) * r
    arm = tube(spline([(0, 0, 0), (0.5 * r, 0, -sag - 0.05), (r, 0, 0)], 7), 0.008, 6)
    small = 0.6 * r * np.sin(np.pi / n)
    shade = _shade(rng, small, 1.2 * small, 12)
    shade = (shade[0] * (1, 1, -1), shade[1][:, ::-1]) if up else shade
    parts += [("pole", around(arm, n)), ("shade", around(shift(shade, (r, 0, 0)), n))]
    return parts


def desk(rng: np.random.Generator) -> Parts:
    """Jointed: foot, two arms, a head that points down and forward."""
    r, a, b = rng.uniform(0.07, 0.18), rng.uniform(0.2, 0.45), rng.uniform(0.15, 0.45)
    back, down = rng.uniform(-0.2, 0.7), rng.uniform(-0.7, 0.6)
    elbow = np.array([-a * np.sin(back), 0, a * np.cos(back) + 0.02])
    hand = elbow + b * np.array([np.cos(down), 0, -np.sin(down)])
    hand[2] = max(hand[2], 0.22)
    thick = rng.uniform(0.006, 0.014)
    if rng.random() < 0.3:  # a goose neck instead of joints
        arm = tube(spline([(0, 0, 0.01), (0, 0, 0.6 * a), elbow + np.array([0.05, 0, 0.12]), hand], 12), thick)
    else:
        double = rng.choice([0, 1]) * 0.02
        arm = join(*(tube([(0, s, 0.01), elbow + s * Y, hand + s * Y], thick) for s in {-double, double}))
        arm = join(arm, ellipsoid((0.04, 0.05, 0.04), elbow, sections=8, rings=5))
    head_r, high = rng.uniform(0.05, 0.11), rng.uniform(0.07, 0.18)
    if rng.random() < 0.25:  # a flat bar of light
        head = slab(superellipse(0.05, rng.uniform(0.1, 0.25), 8), -0.03, 0.0)
    else:
        head = _shade(rng, head_r, high)
    head = shift(turn(shift(head, (0, 0, 0.02)), -rng.uniform(0, 0.9), 1), hand)
    return [("base", _foot(rng, r)), ("pole", arm), ("shade", head)]


def arc(rng: np.random.Generator) -> Parts:
    """A heavy foot and a long bow over to one side; or a street lamp with a straight mast."""
    high, reach = rng.uniform(1.3, 2.2), rng.uniform(0.4, 1.4)
    r = rng.uniform(0.012, 0.03)
    if rng.random() < 0.35:
        path = [(0, 0, 0), (0, 0, 0.5 * high), (0, 0, 0.93 * high), (0.2 * reach, 0, high), (0.6 * reach, 0, high)]
        end = np.array([0.6 * reach, 0, high])
    else:
        end = np.array([reach, 0, rng.uniform(0.6, 0.85) * high])
        path = [(0, 0, 0.01), (0, 0, 0.5 * high), (0.4 * reach, 0, high), (0.85 * reach, 0, 0.95 * high), end]
    size = rng.uniform(0.1, 0.3)
    shade = shift(_shade(rng, size, size * rng.uniform(0.6, 1.4)), end + np.array([0, 0, 0.02]))
    return [("base", _foot(rng, rng.uniform(0.12, 0.25))), ("pole", tube(spline(path, 16), r)), ("shade", shade)]


def chandelier(rng: np.random.Generator) -> Parts:
    """Hangs: a turned stem, one or two tiers of bent arms or hoops, on each a candle or a small shade."""
    r, n = rng.uniform(0.25, 0.5), int(rng.integers(4, 13))
    low, high = -r * rng.uniform(0.2, 0.7), r * rng.uniform(0.2, 0.6)
    size = r * rng.uniform(0.08, 0.2)
    tall, dip, lift = size * rng.uniform(0.8, 2.5), r * rng.uniform(0.1, 0.6), r * rng.uniform(-0.1, 0.3)
    tiers = [(r, low + lift, n), (0.55 * r, 0.1 * r + lift, (n + 1) // 2)][: rng.integers(1, 3)]
    ceiling = max(high, tiers[-1][1] + tall + size) + rng.uniform(0.15, 1)
    radii = 0.06 * r * np.maximum(spline(rng.uniform(0.2, 2.5, (8, 1)), 20)[:, 0], 0.3)
    parts = [
        ("base", slab(superellipse(0.06, 0.06), ceiling - 0.03, ceiling, scale=0.6)),
        ("pole", revolve(np.c_[radii, np.linspace(low, high, 20)], 12)),
        ("pole", tube([(0, 0, high - 0.01), (0, 0, ceiling - 0.01)], 0.008)),
    ]
    hoop, candles, drops = rng.random() < 0.25, rng.random() < 0.6, rng.random() < 0.4
    for reach, z, count in tiers:
        end, start = np.array([reach, 0, z]), (0.01 * reach, 0, np.clip(z, low, high) * 0.9)
        if hoop:
            path = [(0.01 * reach, 0, 0.9 * high), end]
            parts.append(("pole", ring(reach, 0.03 * r, (0, 0, z), sections=24)))
        else:
            path = spline([start, (0.35 * reach, 0, start[2]), (0.75 * reach, 0, z - dip), end], 8)
        parts.append(("pole", around(tube(path, 0.02 * r, 5), count)))
        if candles:
            pan = revolve([(0.2 * size, -0.01), (size, 0.3 * size), (0.2 * size, 0.2 * size)], 10)
            light = join(pan, tube([(0, 0, 0), (0, 0, tall)], 0.35 * size, 7))
            flame = ellipsoid((0.6 * size, 0.6 * size, size), (0, 0, tall + 0.4 * size), sections=6, rings=5)
            parts.append(("bulb", around(shift(flame, end), count)))
        else:
            wide = min(1.5 * size, 0.8 * reach * np.sin(np.pi / count))
            light = shift(_shade(rng, wide, tall, 10), (0, 0, rng.choice([0.01, tall])))
            light = join(light, tube([(0, 0, 0), (0, 0, tall)], 0.2 * wide, 6))
        parts.append(("shade", around(shift(light, end), count)))
        if drops:
            drop = ellipsoid((0.4 * size, 0.4 * size, size), end - np.array([0, 0, 0.5 * size]), sections=6, rings=5)
            parts.append(("pole", around(drop, count)))
    return parts


def _lantern(rng: np.random.Generator, r: float) -> Part:
    """Stands on z = 0: a globe, an acorn, a glazed box with a roof, a drum with a hat, a flat disc."""
    kind = rng.choice(["globe", "acorn", "box", "drum", "disc"])
    if kind == "globe":
        return ellipsoid((2 * r, 2 * r, rng.uniform(1.6, 2.4) * r), (0, 0, 0.8 * r), sections=12)
    if kind == "acorn":
        radii = r * spline([(0.4,), (1,), (0.9,), (0.3,), (0.05,)], 10)[:, 0]
        return revolve(np.c_[radii, r * np.linspace(0, rng.uniform(2, 3), 10)], 12)
    if kind == "disc":
        return revolve([(0.3 * r, 0), (0.3 * r, 0.4 * r), (1.2 * r, 0.5 * r), (0.9 * r, 0.8 * r), (0.2 * r, r)], 14)
    n, high, foot = {"box": int(rng.choice([4, 6])), "drum": 12}[kind], r * rng.uniform(1.5, 3), rng.uniform(0.5, 1)
    hat, roof = rng.uniform(1.05, 1.5) * r, rng.uniform(0.3, 1) * r
    return revolve([(foot * r, 0), (r, high), (hat, high), (0.2 * hat, high + roof), (0.1 * hat, high + 1.3 * roof)], n)


def street(rng: np.random.Generator) -> Parts:
    """A mast with a lantern on top, lanterns on a crown of arms, or arms that bow over the road."""
    high, thick = rng.uniform(2.5, 7), rng.uniform(0.03, 0.08)
    kind = rng.choice(["top", "crown", "road"])
    mast = tube([(0, 0, 0), (0, 0, high)], thick * np.array([rng.uniform(1, 1.8), 1]))
    rings = [ring(1.4 * thick, thick, (0, 0, high * z), sections=10) for z in rng.uniform(0.1, 0.9, rng.integers(0, 3))]
    parts = [("pole", join(mast, *rings))]
    if rng.random() < 0.7:
        plinth = spline([(rng.uniform(2, 4),), (rng.uniform(1.3, 3),), (1.5,)], 6)[:, 0] * thick
        parts.append(
            (
                "base",
                revolve(np.c_[plinth, rng.uniform(0.03, 0.25) * high * np.linspace(0, 1, 6)], rng.choice([4, 8, 16])),
            )
        )
    if kind == "top":
        return [*parts, ("shade", shift(_lantern(rng, rng.uniform(0.12, 0.4)), (0, 0, high - 0.02)))]
    if kind == "crown":
        n, reach = int(rng.integers(2, 6)), rng.uniform(0.3, 0.8)
        lantern = _lantern(rng, rng.uniform(0.1, 0.6 * reach * np.sin(np.pi / max(n, 3))))
        z = high * rng.uniform(0.75, 0.98)
        arm = [(0, 0, z), (0.6 * reach, 0, z - rng.uniform(-0.3, 0.3)), (reach, 0, z + rng.uniform(0, 0.3))]
        if rng.random() < 0.5:
            parts.append(("shade", shift(lantern, (0, 0, high - 0.02))))
        lantern = shift(lantern, np.array(arm[-1]) - (0, 0, 0.02))
        return [*parts, ("pole", around(tube(spline(arm, 8), 0.6 * thick, 6), n)), ("shade", around(lantern, n))]
    reach, z = rng.uniform(0.15, 0.45) * high, high * rng.uniform(0.85, 0.99)
    arm = [(0, 0, z), (0.3 * reach, 0, z + rng.uniform(0, 0.2) * reach), (reach, 0, z + rng.uniform(-0.1, 0.3) * reach)]
    long = rng.uniform(0.4, 0.9)
    head = ellipsoid((long, rng.uniform(0.3, 0.7) * long, rng.uniform(0.15, 0.4) * long), arm[-1], rng.choice([2, 4]))
    n = int(rng.choice([1, 2], p=[0.7, 0.3]))
    return [*parts, ("pole", around(tube(spline(arm, 8), 0.7 * thick, 6), n)), ("shade", around(head, n))]


STYLES = {f.__name__: f for f in (table, floor, pendant, desk, arc, chandelier, street)}

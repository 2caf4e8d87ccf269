"""Tables: the longer side along y as a rule. Sizes before normalising are in metres."""

from itertools import pairwise

import numpy as np

from .parts import (
    Part,
    around,
    beam,
    box,
    join,
    loft,
    pair,
    rectangle,
    revolve,
    ring,
    slab,
    spline,
    superellipse,
    sweep,
    tube,
)

PARTS = ("top", "leg", "apron", "shelf", "drawer")
Parts = list[tuple[str, Part]]


def _size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Depth, width and height; a third of the tables are low, a tenth high."""
    h = rng.choice([rng.uniform(0.3, 0.5), rng.uniform(0.65, 0.8), rng.uniform(0.85, 1.1)], p=[0.35, 0.55, 0.1])
    return rng.uniform(0.4, 1.0), rng.uniform(0.6, 1.8), h


def _top(rng: np.random.Generator, d: float, w: float, h: float) -> tuple[Part, float, float]:
    """A top, the height of its underside, and how far out its corners reach (1 a rectangle, 0.71 an ellipse)."""
    thick, kind = rng.choice([rng.uniform(0.01, 0.04), rng.uniform(0.04, 0.1)]), rng.integers(4)
    if kind < 2:
        return box((d, w, thick), (0, 0, h - thick / 2)), h - thick, 1.0
    p = 2 if kind == 2 else rng.uniform(3, 9)
    bevel = rng.choice([1.0, rng.uniform(0.85, 0.97)])  # the edge may run in below
    part = slab(superellipse(d / 2, w / 2, p, 28) * bevel, h - thick, h, scale=1 / bevel)
    return part, h - thick, bevel * 0.5 ** (1 / p)


def four_legs(rng: np.random.Generator) -> Parts:
    """A top on four legs: square, round, turned, splayed, with apron, rails or a shelf."""
    d, w, h = _size(rng)
    r = rng.uniform(0.015, 0.05)
    inset = rng.uniform(0.0, 0.12) + 1.2 * r
    top, h, corner = _top(rng, d, w, h)
    x, y, splay = corner * d / 2 - inset, corner * w / 2 - inset, rng.choice([0, 1]) * rng.uniform(0, 0.12)
    taper = rng.uniform(0.4, 1.2)
    kind = rng.choice(["square", "round", "turned", "hairpin"])
    radii = r * spline(rng.uniform(0.5, 1.6, (7, 1)), 14)[:, 0]

    def leg(sign: int) -> Part:
        head, foot = np.array([sign * x, y, h - 2 * r * splay / h]), np.array([sign * (x + splay), y + splay, 0])
        if kind == "square":
            return beam(head, foot, 2 * r, 2 * r, taper)
        if kind == "turned":
            return tube(head + (foot - head) * np.linspace(0, 1, 14)[:, None], radii)
        if kind == "hairpin":
            spread = np.array([0, 0.06, 0])
            return tube([head - spread, foot - spread / 4, foot + spread / 4, head + spread], 0.009, 6)
        return tube([head, foot], [r, r * taper])

    parts = [("top", top), ("leg", pair(leg(1))), ("leg", pair(leg(-1)))]
    extra = rng.random(3)
    if kind != "hairpin" and extra[0] < 0.5:
        high = rng.uniform(0.05, 0.15)
        z = h - high / 2
        parts.append(("apron", pair(box((2 * x, 0.02, high), (0, y, z)))))
        parts += [("apron", box((0.02, 2 * y, high), (s * x, 0, z))) for s in (-1, 1)]
    if splay == 0 and extra[1] < 0.3:
        z = rng.uniform(0.12, 0.5) * h
        parts.append(("shelf", box((2 * x, 2 * y, 0.02), (0, 0, z))))
    elif splay == 0 and extra[1] < 0.55:
        z = rng.uniform(0.1, 0.4) * h
        parts.append(("leg", pair(beam((-x, y, z), (x, y, z), r, 1.5 * r))))
        parts.append(("leg", beam((0, -y, z), (0, y, z), r, 1.5 * r)))
    return parts


def pedestal(rng: np.random.Generator) -> Parts:
    """A round, oval or square top on one turned column, with a plate, a trumpet or feet."""
    d, _, h = _size(rng)
    w = d * rng.choice([1.0, rng.uniform(1.0, 1.6)])
    radius, waist = rng.uniform(0.25, 0.42) * d, rng.uniform(0.02, 0.06)
    kind = rng.choice(["trumpet", "plate", "turned", "cross"])
    if kind == "trumpet":
        profile = spline(
            [(radius, 0.015), (0.4 * radius, 0.06), (waist, 0.4 * h), (waist, 0.7 * h), (2.5 * waist, h)], 12
        )
        column = revolve(np.concatenate([[(radius, 0)], profile]), 22)
    elif kind == "plate":
        rim = rng.uniform(0.015, 0.05)
        column = join(
            slab(superellipse(radius, radius, rng.choice([2, 10]), 20), 0, rim), tube([(0, 0, 0), (0, 0, h)], waist, 12)
        )
    else:
        bulges = waist * rng.uniform(0.7, 2.4, (6, 1)) if kind == "turned" else np.full((6, 1), waist)
        z = np.linspace(0.12 * h if kind == "turned" else 0.06, h - 0.005, 18)
        column = revolve(np.c_[spline(bulges, 18)[:, 0], z])
        rise = rng.uniform(0.05, 0.35) * h if kind == "turned" else 0.06
        foot = spline([(0, 0, rise + 0.1 * h), (0.5 * radius, 0, rise), (radius * 1.2, 0, 0.02)], 6)
        column = join(
            column, around(sweep(foot, rectangle(0.05, 0.04), np.linspace(1, 0.6, 6)), int(rng.integers(3, 6)))
        )
    outline = superellipse(d / 2, w / 2, rng.choice([2, 2, rng.uniform(4, 12)]), 28)
    thick = rng.uniform(0.015, 0.06)
    return [("top", slab(outline, h - thick, h)), ("leg", column)]


def trestle(rng: np.random.Generator) -> Parts:
    """Two end frames, A, T, X or U shaped, joined by a beam."""
    d, w, h = _size(rng)
    r = rng.uniform(0.02, 0.06)
    top, h, corner = _top(rng, d, w, h)
    y, x = corner * (w / 2 - rng.uniform(0.06, 0.25) * w), 0.42 * corner * d
    kind = rng.choice(["A", "T", "X", "U"])
    if kind == "A":
        end = [beam((s * 0.3 * x, y, h - 0.7 * r), (s * x, y, 0), 1.3 * r, 2 * r) for s in (-1, 1)]
        end.append(beam((-0.7 * x, y, 0.35 * h), (0.7 * x, y, 0.35 * h), r, 1.6 * r))
    elif kind == "T":
        end = [beam((0, y, 0), (0, y, h), rng.uniform(2, 6) * r, 1.5 * r)]
        end += [beam((-x, y, z), (x, y, z), 2 * r, 2 * r) for z in (r, h - 2 * r)]
    elif kind == "X":
        end = [beam((-s * x, y + 0.4 * s * r, 0), (s * x, y + 0.4 * s * r, h - r), 0.8 * r, 2 * r) for s in (-1, 1)]
    else:
        lean = rng.uniform(-0.1, 0.1) * d
        end = [tube([(-x, y, h), (-x - lean, y, r), (x + lean, y, r), (x, y, h)], 0.7 * r)]
    parts = [("top", top), ("leg", pair(join(*end)))]
    if kind != "U":
        z = {"A": 0.35, "T": rng.uniform(0.15, 0.5), "X": 0.5}[kind] * h
        parts.append(("leg", beam((0, -y, z), (0, y, z), r, 2 * r)))
    return parts


def desk(rng: np.random.Generator) -> Parts:
    """A writing table: side panels or legs, a box of drawers on one side or both, a screen at the back."""
    d, w, h = rng.uniform(0.5, 0.8), rng.uniform(0.9, 1.8), rng.uniform(0.68, 0.8)
    thick, side = rng.uniform(0.02, 0.05), rng.choice([-1, 1])
    wide = rng.uniform(0.2, 0.34) * w
    low = rng.choice([0, 1]) * rng.uniform(0.05, 0.45) * h
    drawers = int(rng.integers(1, 5))
    z = np.linspace(low, h - thick, drawers + 1)
    chest = [
        ("drawer", box((0.94 * d, wide, h - thick - low), (0, side * (w - wide - 0.04) / 2, (h - thick + low) / 2)))
    ]
    for a, b in pairwise(z):
        front = (0.47 * d + 0.01, side * (w - wide - 0.04) / 2, (a + b) / 2)
        chest.append(("drawer", box((0.02, wide - 0.03, 0.88 * (b - a)), front)))
        chest.append(("drawer", box((0.02, 0.3 * wide, 0.015), front + np.array([0.02, 0, 0]))))
    parts = [("top", box((d, w, thick), (0, 0, h - thick / 2))), *chest]
    if rng.random() < 0.3:
        parts += [(name, (v * (1, -1, 1), f[:, ::-1])) for name, (v, f) in chest]
    if rng.random() < 0.5:
        parts.append(("leg", pair(box((0.96 * d, thick, h - thick), (0, w / 2 - thick / 2, (h - thick) / 2)))))
    else:
        r = rng.uniform(0.015, 0.03)
        for s in (-1, 1):
            parts.append(
                (
                    "leg",
                    pair(beam((s * (d / 2 - r), w / 2 - r, h - thick), (s * (d / 2 - r), w / 2 - r, 0), 2 * r, 2 * r)),
                )
            )
    if rng.random() < 0.6:
        high = rng.uniform(0.25, 0.8) * h
        parts.append(("apron", box((0.02, w - 2 * thick, high), (-0.4 * d, 0, h - thick - high / 2))))
    return parts


def coffee(rng: np.random.Generator) -> Parts:
    """Low: glass on a frame, a drum, a block, a waisted plinth, a tray with a rim."""
    d, w, h = rng.uniform(0.45, 0.8), rng.uniform(0.6, 1.3), rng.uniform(0.25, 0.48)
    kind, p = rng.choice(["frame", "drum", "block", "tray", "waterfall"]), rng.choice([2, 4, 12])
    if kind == "drum":
        r = d / 2
        profile = np.c_[r * spline(rng.uniform(0.55, 1.1, (4, 1)), 9)[:, 0], np.linspace(0, h - 0.02, 9)]
        return [("leg", revolve(profile, 24)), ("top", slab(superellipse(1.05 * r, 1.05 * r, n=24), h - 0.025, h))]
    if kind == "block":
        foot = rng.uniform(0, 0.12)
        body = slab(superellipse(d / 2, w / 2, p, 24), foot, h - 0.02, scale=rng.uniform(0.8, 1.2))
        base = slab(superellipse(0.4 * d, 0.4 * w, p, 24), 0, foot + 0.01)
        return [("leg", base), ("leg", body), ("top", slab(superellipse(0.55 * d, 0.55 * w, p, 24), h - 0.03, h))]
    if kind == "waterfall":  # one sheet bent at both ends
        t = rng.uniform(0.02, 0.06)
        bend = rng.uniform(0.03, 0.12)
        side = [(-w / 2, 0), (-w / 2, h - bend), (-w / 2 + bend, h), (w / 2 - bend, h), (w / 2, h - bend), (w / 2, 0)]
        sheet = sweep([(0, y, z) for y, z in side], rectangle(d, t))
        parts = [("top", sheet)]
        if rng.random() < 0.5:
            parts.append(("shelf", box((0.95 * d, w, 0.02), (0, 0, rng.uniform(0.2, 0.6) * h))))
        return parts
    r = rng.uniform(0.012, 0.03)
    outline = superellipse(d / 2, w / 2, p, 24)
    frame = around(beam((0.4 * min(d, w), 0, 0), (0.4 * min(d, w), 0, h), 2 * r, 2 * r), int(rng.integers(3, 5)))
    frame = (frame[0] * (d / min(d, w), w / min(d, w), 1), frame[1])
    parts = [("leg", frame), ("top", slab(outline, h - 0.02, h))]
    if kind == "tray":
        rim = np.c_[superellipse(d / 2, w / 2, p, 24), np.full(24, h + 0.02)]
        parts.append(("top", sweep(rim, rectangle(0.06, 0.012), loop=True)))
    if rng.random() < 0.5:
        parts.append(("shelf", slab(0.8 * outline, 0.3 * h, 0.3 * h + 0.02)))
    return parts


def cross(rng: np.random.Generator) -> Parts:
    """A thin top, glass perhaps, on crossed panels, a cage of bars or a ring."""
    d, w, h = _size(rng)
    thick = rng.uniform(0.01, 0.03)
    p = rng.choice([2, 4, 12])
    outline = superellipse(d / 2, w / 2, p, 28)
    kind = rng.choice(["panels", "bars", "hourglass"])
    if kind == "panels":
        t, top = rng.uniform(0.02, 0.05), rng.uniform(0.6, 1.3)
        legs = [
            box((0.6 * d, t, h - thick), (0, 0, (h - thick) / 2), (top, 1)),
            box((t, 0.6 * w, h - thick), (0, 0, (h - thick) / 2), (1, top)),
        ]
    elif kind == "bars":
        x, y, r = 0.42 * d * 0.5 ** (1 / p), 0.42 * w * 0.5 ** (1 / p), rng.uniform(0.012, 0.035)
        legs = [
            tube([(s * x, -t * y, 0), (-s * x, t * y, h - thick - r)], r)
            for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ]
    else:
        a, n = 0.35 * min(d, w), int(rng.integers(5, 12))
        legs = [around(tube([(a, 0, 0), (a * np.cos(2), a * np.sin(2), h - thick)], rng.uniform(0.007, 0.015), 6), n)]
        legs += [ring(a, 0.012, (0, 0, z)) for z in (0.012, h - thick)]
    return [("top", slab(outline, h - thick, h)), ("leg", join(*legs))]


def draped(rng: np.random.Generator) -> Parts:
    """Under a cloth that falls in folds."""
    d, w, h = _size(rng)
    w = min(w, 1.6 * d)
    n, fold, p = int(rng.integers(6, 13)), rng.uniform(0.03, 0.11), rng.choice([2, 4, 8])
    drop = rng.uniform(0.3, 1.0)
    outline = superellipse(d / 2, w / 2, p, 48)
    wave = np.cos(n * np.arctan2(outline[:, 1], outline[:, 0]))[:, None]
    depth = np.array([0, 0, 0.3, 0.7, 1])[:, None, None]
    hang = np.array([0, 0.02, 0.3, 0.7, 1]) * drop * h
    rings = np.empty((5, 48, 3))
    rings[..., :2] = outline * (1 + depth * (rng.uniform(0.02, 0.2) + fold * wave))
    rings[0, :, :2] *= 0.98
    rings[..., 2] = h - hang[:, None]
    parts = [("top", loft(rings))]
    if drop < 0.95:
        x, y = 0.42 * d * 0.5 ** (1 / p), 0.42 * w * 0.5 ** (1 / p)
        parts += [("leg", pair(beam((s * x, y, 0), (s * x, y, h - 0.02), 0.05, 0.05))) for s in (-1, 1)]
    return parts


STYLES = {f.__name__: f for f in (four_legs, pedestal, trestle, desk, coffee, cross, draped)}

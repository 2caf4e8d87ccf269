"""Stools: a seat for one, on top of whatever carries it. Sizes before normalising are in metres."""

import numpy as np

from .chair import _column, _star
from .parts import (
    Part,
    beam,
    box,
    ellipsoid,
    join,
    loft,
    pair,
    plate,
    rectangle,
    revolve,
    ring,
    shift,
    slab,
    spline,
    superellipse,
    sweep,
    tube,
    warp,
)

PARTS = ("seat", "leg", "rung", "base", "back")
Parts = list[tuple[str, Part]]

# Half-sections of seats from below: (share of the outline, share of the thickness).
SEATS = {
    "board": [(1, 0), (1, 1)],
    "bevelled": [(0.85, 0), (1, 0.5), (1, 1)],
    "dished": [(0.8, 0), (1, 0.6), (1, 0.95), (0.95, 1), (0.6, 0.8), (0.1, 0.7)],
    "cushion": [(0.9, 0), (0.99, 0.2), (1, 0.5), (0.95, 0.8), (0.75, 0.96), (0.3, 1)],
    "on a rim": [(1, 0), (1, 0.3), (0.93, 0.33), (0.98, 0.5), (0.96, 0.8), (0.75, 0.95), (0.3, 1)],
}


def _height(rng: np.random.Generator) -> float:
    """Low for a child, to sit at a table, or to sit at a bar."""
    return rng.choice([rng.uniform(0.22, 0.36), rng.uniform(0.4, 0.52), rng.uniform(0.6, 0.82)], p=[0.2, 0.3, 0.5])


def _seat(rng: np.random.Generator, d: float, w: float, h: float, p: float) -> tuple[Part, float]:
    """A seat of outline |2x/d|^p + |2y/w|^p = 1, its upper face at h; and the height of its underside."""
    kind = rng.choice(list(SEATS))
    thick = rng.uniform(0.02, 0.08) if kind in ("board", "bevelled") else rng.uniform(0.04, 0.12)
    share, z = np.array(SEATS[kind]).T
    rings = np.empty((len(share), 24, 3))
    rings[..., :2] = share[:, None, None] * superellipse(d / 2, w / 2, p, 24)
    rings[..., 2] = (h - thick + thick * z)[:, None]
    return loft(rings), h - thick


def _legs(rng: np.random.Generator, n: int, x: float, y: float, h: float, r: float, kind: str) -> Parts:
    """n legs up to an ellipse of half-axes (x, y) at height h, straight, splayed or bowed; rungs between them."""
    splay, bow = rng.choice([0, 1]) * rng.uniform(0.1, 0.6), rng.choice([1.0, rng.uniform(1.4, 2.5)])
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n

    def at(t: float, angle: np.ndarray = angle) -> np.ndarray:
        """Points of the legs at this share of their height."""
        out = 1 + splay * (1 - t) ** bow
        return np.c_[x * out * np.cos(angle), y * out * np.sin(angle), np.full(len(angle), t * h)]

    steps = np.linspace(0, 1, 2 if bow == 1 and kind != "turned" else 9)
    radii = r * np.linspace(rng.uniform(0.6, 1.1), 1, len(steps))
    if kind == "turned":
        radii = r * spline(rng.uniform(0.6, 1.6, (6, 1)), 9)[:, 0]
    section = rectangle(1.8, rng.choice([1.8, 1.0])) if kind == "square" else superellipse(1, 1, n=8)
    paths = np.stack([at(t) for t in steps], axis=1)
    parts = [("leg", join(*(sweep(path, section, radii) for path in paths)))]

    def bar(start: np.ndarray, end: np.ndarray) -> tuple[str, Part]:
        return "rung", beam(start, end, r, slim * r) if kind == "square" else tube([start, end], 0.6 * r, 6)

    slim, low = rng.uniform(0.8, 2.0), rng.uniform(0.15, 0.4)
    holds = rng.choice(["none", "ring", "rungs", "staggered", "cross"], p=[0.2, 0.2, 0.3, 0.2, 0.1])
    for t in np.linspace(low, 0.8, 4)[: rng.integers(1, 4)] if holds != "cross" else [low]:
        a, b = at(t), at(t + 0.1 if holds == "staggered" else t)
        if holds == "ring":
            parts.append(("rung", tube(at(t, np.linspace(0, 2 * np.pi, 20, endpoint=False)), 0.6 * r, 6, loop=True)))
        elif holds in ("rungs", "staggered"):
            ends = [(a, b)[i % 2] for i in range(n)]
            parts += [bar(ends[i][i], ends[i][(i + 1) % n]) for i in range(n)]
        elif holds == "cross":
            middle = a.mean(0)
            parts += [bar(point, middle + 0.05 * (middle - point)) for point in a]
    return parts


def _back(rng: np.random.Generator, d: float, w: float, h: float) -> Part:
    """The low back of a bar stool: a small board, bent, on two stems."""
    tall, wide, y = rng.uniform(0.12, 0.35), w * rng.uniform(0.5, 1.0), w * rng.uniform(0.1, 0.2)
    high, lean, bow = tall * rng.uniform(0.35, 0.9), rng.uniform(0.02, 0.08), rng.uniform(0, 0.12)
    board = shift(plate([wide] * 4, high, rng.uniform(0.012, 0.04)), (0, 0, tall - high))
    stem = sweep(np.c_[np.zeros(6), np.full(6, y), np.linspace(-0.03, 0.95 * tall, 6)], rectangle(0.025, 0.025))

    def rake(v: np.ndarray) -> np.ndarray:
        out = bow * (2 * v[:, 1] / w) ** 2 - lean * np.maximum(v[:, 2], 0) / tall - 0.42 * d
        return v + np.c_[out, 0 * out, 0 * out + h]

    return warp(join(board, pair(stem)), rake)


def bar(rng: np.random.Generator) -> Parts:
    """A round seat on three to five slender legs, with a ring or rungs; perhaps a low back."""
    d, h = rng.uniform(0.28, 0.42), _height(rng)
    seat, under = _seat(rng, d, d, h, 2)
    reach = d / 2 * rng.uniform(0.55, 0.85)
    kind = rng.choice(["round", "turned", "square"])
    n = int(rng.choice([3, 4, 5], p=[0.25, 0.65, 0.1]))
    parts = [("seat", seat), *_legs(rng, n, reach, reach, under + 0.01, rng.uniform(0.01, 0.024), kind)]
    return parts + ([("back", _back(rng, d, d, h))] if h > 0.55 and rng.random() < 0.35 else [])


def square(rng: np.random.Generator) -> Parts:
    """A square or oblong seat on four legs, stout or slight, with rungs, often with a frame under the seat."""
    d, h = rng.uniform(0.26, 0.42), _height(rng)
    w = d * rng.choice([1.0, rng.uniform(1.0, 1.5)])
    seat, under = _seat(rng, d, w, h, rng.choice([25.0, rng.uniform(4, 9)]))
    r = rng.choice([rng.uniform(0.012, 0.025), rng.uniform(0.025, 0.05)])
    inset = r * rng.uniform(1.1, 1.6)
    x, y = d / 2 - inset, w / 2 - inset
    parts = [("seat", seat)]
    if rng.random() < 0.5:
        high = rng.uniform(0.03, 0.12)
        z = under - high / 2 + 0.004
        parts.append(("base", box((2 * x + r, 2 * y + r, high), (0, 0, z))))
    kind = rng.choice(["square", "square", "round", "turned"])
    return parts + _legs(rng, 4, np.sqrt(2) * x, np.sqrt(2) * y, under + 0.005, r, kind)


def milking(rng: np.random.Generator) -> Parts:
    """A thick round, oval or half-round board on three or four stout legs that spread."""
    r, h = rng.uniform(0.13, 0.2), rng.uniform(0.2, 0.5)
    thick, thin, n = rng.uniform(0.03, 0.07), rng.uniform(0.012, 0.025), int(rng.choice([3, 3, 4]))
    outline = superellipse(r, r * rng.uniform(1, 1.4), n=24)
    if rng.random() < 0.25:  # half-round: cut off behind
        outline[:, 0] = np.maximum(outline[:, 0], -0.35 * r)
    splay = rng.uniform(0.2, 0.8)
    through = rng.choice([-0.008, 0.004]) - 1.2 * thin * splay * r / h  # the heads of spread legs are aslant
    legs = []
    for angle in 2 * np.pi * np.arange(n) / n:
        top = np.array([0.55 * r * np.cos(angle), 0.55 * r * np.sin(angle), h + through])
        top[0] = max(top[0], -0.2 * r)
        foot = top * (1 + splay / 0.55, 1 + splay / 0.55, 0)
        legs.append(tube(top + (foot - top) * np.linspace(0, 1, 5)[:, None], thin * rng.uniform(0.7, 1.5, 5)))
    return [("seat", slab(outline, h - thick, h, scale=rng.uniform(0.88, 1.0))), ("leg", join(*legs))]


def swivel(rng: np.random.Generator) -> Parts:
    """A seat on a column: star on castors, cross, disc or trumpet below; a ring for the feet, a low back perhaps."""
    d, h = rng.uniform(0.3, 0.44), max(_height(rng), 0.4)
    w = d * rng.choice([1.0, rng.uniform(1.0, 1.25)])
    seat, under = _seat(rng, d, w, h, rng.choice([2.0, rng.uniform(2.3, 6)]))
    kind = rng.choice(["star", "cross", "disc", "trumpet"])
    thick = rng.uniform(0.018, 0.035)
    if kind == "trumpet":
        base = _column(rng, under + 0.005)
    else:
        pole = tube(
            np.c_[np.zeros((4, 2)), [0.01, 0.55 * h, 0.55 * h, under + 0.005]], thick * np.array([1, 1, 0.6, 0.6])
        )
        if kind == "disc":
            r = rng.uniform(0.16, 0.26)
            profile = [(r, 0), (r, 0.012), (0.6 * r, 0.03), (0.2 * r, 0.03 + rng.uniform(0, 0.05)), (thick, 0.1)]
            foot = revolve(profile)
        else:
            foot = _star(rng, 5 if kind == "star" else 4)
            pole = shift(pole, (0, 0, 0.004)) if kind == "cross" else pole
        base = join(pole, foot)
    parts = [("seat", seat), ("base", base)]
    if h > 0.55 and rng.random() < 0.6:
        r, z = rng.uniform(0.1, 0.2), h * rng.uniform(0.25, 0.45)
        spokes = [beam((-r, 0, z), (r, 0, z), 0.012, 0.012), beam((0, -r, z), (0, r, z), 0.012, 0.012)]
        parts.append(("rung", join(ring(r, 0.01, (0, 0, z)), *spokes)))
    return parts + ([("back", _back(rng, d, w, h))] if rng.random() < 0.25 else [])


def pouffe(rng: np.random.Generator) -> Parts:
    """Closed to the floor or to short feet: a drum, a barrel, an hourglass, a soft cube, a log, pleats."""
    d, h = rng.uniform(0.3, 0.55), rng.uniform(0.32, 0.5)
    w = d * rng.choice([1.0, rng.uniform(1.0, 1.7)])
    p, n = rng.choice([2.0, 2.0, rng.uniform(3, 6), 16.0]), 28
    foot = rng.choice([0, 1]) * rng.uniform(0.03, 0.14)
    outline = superellipse(d / 2, w / 2, p, n)
    if rng.random() < 0.25:  # pleats, or the bark of a log
        outline *= np.where(np.arange(n) % 2, 1.0, rng.uniform(0.88, 0.96))[:, None]
    t = np.linspace(0, 1, 9)
    swell = rng.choice([0.0, rng.uniform(0.05, 0.25), -rng.uniform(0.1, 0.45)])
    share = (1 + swell * np.sin(np.pi * t)) * np.linspace(rng.uniform(0.75, 1), 1, 9) / max(1, 1 + swell)
    top, d_top, w_top = h - rng.uniform(0.04, 0.1), d * share[-1], w * share[-1]
    if rng.random() < 0.4:
        seat = ellipsoid((d_top, w_top, 2 * (h - top)), (0, 0, top), max(2, min(p, 6)), 20)
    else:
        seat, top = _seat(rng, 1.02 * d_top, 1.02 * w_top, h, p)
    rings = np.empty((9, n, 3))
    rings[..., :2] = share[:, None, None] * outline
    rings[..., 2] = (foot + (top + 0.004 - foot) * t)[:, None]
    parts = [("seat", seat), ("base", loft(rings))]
    if foot:
        x, y = (0.42 * share[0] * 0.5 ** (1 / p) * np.array([d, w])).tolist()
        feet = [tube([(s * x, y, foot + 0.03), (s * x * 1.1, y * 1.1, 0)], [0.025, 0.015]) for s in (-1, 1)]
        parts.append(("leg", pair(join(*feet))))
    return parts


def boards(rng: np.random.Generator) -> Parts:
    """A straight or hollow board on two sides: upright, leaning, cut out below or bowed; a rail or rods between."""
    d, w, h = (
        rng.uniform(0.24, 0.36),
        rng.uniform(0.34, 0.52),
        rng.choice([rng.uniform(0.2, 0.5), rng.uniform(0.6, 0.8)]),
    )
    thick, rise = rng.uniform(0.018, 0.045), rng.choice([0, 1]) * rng.uniform(0.02, 0.08)
    y = np.linspace(-w / 2, w / 2, 11)
    path = np.c_[np.zeros(11), y, h - thick / 2 - rise * (1 - (2 * y / w) ** 2)]
    inset, lean, bow = rng.uniform(0.03, 0.12), rng.uniform(-0.04, 0.08), rng.choice([0, 1]) * rng.uniform(-0.1, 0.1)
    z = h - rise * (1 - (1 - 2 * inset / w) ** 2) - thick  # where the sides meet the seat

    def side(t: np.ndarray) -> np.ndarray:
        """Where the side is, at a share of its height."""
        out = w / 2 - inset + lean * (1 - t) + bow * np.sin(np.pi * t)
        return np.c_[0 * t, out, z * t + 0.5 * thick * (t == 1)]

    t = np.linspace(0, 1, 9)
    whole = rng.random() < 0.5
    if whole:  # one board a side, narrower at the waist
        waist = 1 - rng.uniform(0, 0.5) * np.sin(np.pi * t) ** 2
        sides = pair(sweep(side(t), rectangle(d * rng.uniform(0.75, 1), thick), np.c_[waist, np.ones(9)]))
    else:  # cut out below: two legs a side
        leg, splay = rng.uniform(0.15, 0.35) * d, rng.uniform(0, 0.06)
        out = np.c_[splay * (1 - t) + d / 2 - leg / 2 - 0.02, 0 * t, 0 * t]
        sides = pair(join(*(sweep(side(t) + s * out, rectangle(leg, thick)) for s in (-1, 1))))
    parts = [("seat", sweep(path, rectangle(d, thick))), ("leg", sides)]
    if rng.random() < 0.7:
        share = rng.uniform(0.25, 0.8)
        at = side(np.array([share]))[0]
        if rng.random() < 0.5 or share < 0.5:
            parts.append(("rung", tube([at * (1, -1, 1), at], 0.014)))
        else:
            parts.append(("rung", beam(at * (1, -1, 1), at, 0.02, 0.08)))
        if not whole:  # it needs something to end in
            parts.append(("rung", pair(beam((-0.4 * d, *at[1:]), (0.4 * d, *at[1:]), 0.02, 0.03))))
    return parts


def folding(rng: np.random.Generator) -> Parts:
    """Two crossed frames with cloth or a slatted seat between their heads."""
    d, w, h = rng.uniform(0.3, 0.42), rng.uniform(0.32, 0.5), rng.uniform(0.36, 0.52)
    r, y, reach = rng.uniform(0.008, 0.016), w / 2, rng.uniform(0.9, 1.15)
    if rng.random() < 0.3:  # a bar stool, crossed lower down
        h = rng.uniform(0.6, 0.75)
    square = rng.random() < 0.5
    thick = rng.uniform(0.006, 0.025)
    sides = []
    for s, inner in ((1, y), (-1, y - 2.4 * r)):
        foot, head = (-s * reach * d / 2, inner, 0), (s * 0.94 * d / 2, inner, h - thick)
        sides.append(beam(foot, head, 2.2 * r, 2 * r) if square else tube([foot, head], r))
    rails = [tube([(s * 0.94 * d / 2, -y, h - thick), (s * 0.94 * d / 2, y, h - thick)], r, 6) for s in (-1, 1)]
    share = rng.uniform(0.05, 0.3)
    x = reach * d / 2 * (1 - share) - 0.94 * d / 2 * share
    rails += [tube([(s * x, -y, share * h), (s * x, y, share * h)], 0.8 * r, 6) for s in (-1, 1)]
    parts = [("leg", pair(join(*sides))), ("rung", join(*rails))]
    if rng.random() < 0.6:
        u = np.linspace(-1, 1, 9)
        cloth = np.c_[u * d / 2, 0 * u, h - rng.uniform(0, 0.12) * (1 - u**2)]
        return [*parts, ("seat", sweep(cloth, rectangle(0.96 * w, thick)))]
    n = int(rng.integers(3, 8))
    slats = [box((0.8 * d / n, 1.05 * w, thick), (x, 0, h)) for x in (np.arange(n) + 0.5) / n * d - d / 2]
    bearers = pair(box((d, 0.03, 0.02), (0, 0.3 * w, h - thick / 2 - 0.008)))
    return [*parts, ("seat", join(*slats, bearers))]


def steps(rng: np.random.Generator) -> Parts:
    """To climb on: two or three treads between panels or on four legs that spread, the highest one behind."""
    n, w = int(rng.choice([1, 2, 2, 3])), rng.uniform(0.34, 0.5)
    rise, tread, thick = rng.uniform(0.18, 0.26), rng.uniform(0.16, 0.26), rng.uniform(0.015, 0.035)
    x, z = tread * (n / 2 - 0.5 - np.arange(n)), rise * (1 + np.arange(n))
    names = ["rung"] * (n - 1) + ["seat"]
    parts = [
        (name, box((tread * 1.08, w, thick), (a, 0, b - thick / 2))) for name, a, b in zip(names, x, z, strict=True)
    ]
    y, kind = w / 2 - thick, rng.choice(["panels", "legs"])
    if kind == "panels":  # one upright a tread, a little narrower than it
        return parts + [
            ("leg", pair(box((tread * 1.01, thick, b - thick / 2), (a, y, (b - thick / 2) / 2))))
            for a, b in zip(x, z, strict=True)
        ]
    r, splay = rng.uniform(0.01, 0.022), rng.uniform(0.02, 0.1)
    front = [(x[0] + tread / 2 + splay, y, 0), (x[-1] + 0.4 * tread, y, z[-1] - thick / 2)]
    rear = [(x[-1] - tread / 2 - splay, y, 0), (x[-1] - 0.4 * tread, y, z[-1] - thick / 2)]
    parts += [("leg", pair(tube(leg, r) if rng.random() < 0.5 else beam(*leg, 2 * r, 2 * r))) for leg in (front, rear)]
    share = rng.uniform(0.15, 0.4)
    a, b = (np.array(leg[0]) + share * (np.array(leg[1]) - leg[0]) for leg in (front, rear))
    return [*parts, ("leg", pair(beam(a, b, r, 1.5 * r))), ("rung", beam(b, b * (1, -1, 1), r, 1.5 * r))]


STYLES = {f.__name__: f for f in (bar, square, milking, swivel, pouffe, boards, folding, steps)}

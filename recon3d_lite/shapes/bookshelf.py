"""Bookshelves: open to +x, their back at -x; wide along y. Sizes before normalising are in metres."""

from itertools import pairwise

import numpy as np

from .parts import (
    Part,
    beam,
    box,
    boxes,
    ellipsoid,
    join,
    pair,
    rectangle,
    shift,
    slab,
    spline,
    superellipse,
    sweep,
    tube,
    turn,
)

PARTS = ("side", "shelf", "back", "book", "door", "drawer", "leg")
Parts = list[tuple[str, Part]]
Cell = tuple[float, float, float, float]  # y from, y to, z from, z to: the room between boards


def _height(rng: np.random.Generator) -> float:
    """Low, or as tall as a person."""
    return rng.choice([rng.uniform(0.7, 1.2), rng.uniform(1.4, 2.2)])


def _books(rng: np.random.Generator, d: float, cell: Cell) -> Parts:
    """A row of books in a cell of depth d, upright up to some place, the last ones leaning; or a pile; or a vase."""
    left, right, low, high = cell
    wide, room = right - left, min(high - low, 0.36)
    if room < 0.1 or wide < 0.1:
        return []
    kind = rng.choice(["row", "pile", "vase"], p=[0.8, 0.12, 0.08])
    if kind == "vase":
        r = 0.4 * min(d, wide, room)
        return [("book", ellipsoid((r, r, 1.6 * r), ((0, (left + right) / 2, low + 0.78 * r)), sections=10, rings=6))]
    if kind == "pile":
        n = int(rng.integers(2, 6))
        thick = min(rng.uniform(0.02, 0.05), 0.8 * room / n)
        sizes = np.c_[rng.uniform(0.5, 0.8, n) * d, rng.uniform(0.5, 0.9, n) * min(wide, 0.3), np.full(n, 1.02 * thick)]
        at = np.c_[np.zeros(n), np.full(n, (left + right) / 2), low - 0.002 + thick * np.arange(n)]
        return [("book", boxes(sizes, at))]
    thick = rng.uniform(0.02, 0.06, 40)
    edge = left + np.cumsum(thick)
    n = max(1, int((edge < left + wide * rng.uniform(0.3, 0.98)).sum()))
    height = np.minimum(rng.uniform(0.6, 0.95) * room * rng.uniform(0.8, 1.05, n), 0.97 * room)
    deep = rng.uniform(0.5, 0.85) * d * rng.uniform(0.85, 1.1, n)
    lean = np.zeros(n)
    if edge[n - 1] + 0.15 * height[-1] < right:  # room to lean away from the row
        lean[-int(rng.integers(1, 3)) :] = rng.uniform(0, 0.12)
    front = d / 2 - rng.uniform(0.02, 0.15) * d
    at = np.c_[front - deep / 2, (edge - thick / 2)[:n], np.full(n, low - 0.002)]
    return [("book", boxes(np.c_[deep, 0.96 * thick[:n], height], at, lean))]


def _fill(rng: np.random.Generator, d: float, cells: list[Cell], share: float) -> Parts:
    """Books in about this share of the cells."""
    return [part for cell in cells if rng.random() < share for part in _books(rng, d, cell)]


def _closed(rng: np.random.Generator, d: float, cell: Cell, name: str, n: int) -> Parts:
    """A cell behind n doors side by side, or n drawers one above another, each with a knob or a bar to pull."""
    left, right, low, high = cell
    y, z = np.array([left, right]), np.array([low, high])
    if name == "door":
        y = np.linspace(left, right, n + 1)
    else:
        z = np.linspace(low, high, n + 1)
    proud, pull, gap = rng.choice([-0.008, 0.012]), rng.choice(["knob", "bar", "none"]), rng.uniform(0.004, 0.012)
    parts = []
    for i, (a, b) in enumerate(pairwise(y)):
        for c, e in pairwise(z):
            parts.append(box((0.024, b - a - gap, e - c - gap), (d / 2 + proud, (a + b) / 2, (c + e) / 2)))
            at = np.array([d / 2 + proud + 0.018, (a + b) / 2, (c + e) / 2])
            if name == "door":  # pairs of doors open from the middle
                at[1] = b - 0.12 * (b - a) if i % 2 == 0 else a + 0.12 * (b - a)
            if pull == "knob":
                parts.append(ellipsoid((0.035, 0.03, 0.03), at, sections=8, rings=5))
            elif pull == "bar":
                long = (0.02, 0.02, min(0.3 * (e - c), 0.2)) if name == "door" else (0.02, 0.4 * (b - a), 0.02)
                parts.append(box(long, at))
    return [(name, join(*parts))]


def _stand(rng: np.random.Generator, d: float, w: float, foot: float) -> Parts:
    """What lifts a case off the floor up to `foot`: a plinth or four feet."""
    if rng.random() < 0.5:
        return [("leg", box((0.92 * d, 0.96 * w, foot + 0.005), (-0.02 * d, 0, (foot + 0.005) / 2)))]
    r, splay = rng.uniform(0.012, 0.035), rng.choice([0, 1]) * rng.uniform(0, 0.04)
    x, y = d / 2 - 1.1 * r, w / 2 - 1.1 * r
    feet = [tube([(s * (x - splay), y - splay, foot + 0.005), (s * x, y, 0)], [r, 0.8 * r]) for s in (-1, 1)]
    return [("leg", pair(join(*feet)))]


def _case(d: float, w: float, thick: float, levels: np.ndarray, back: bool) -> Parts:
    """Two sides with boards between them, centred at these levels; the lowest and the highest are bottom and top."""
    high = levels[-1] - levels[0] + thick
    side = box((d, thick, high), (0, w / 2 - thick / 2, levels[0] - thick / 2 + high / 2))
    inner = w - 1.9 * thick
    sizes = np.tile([0.98 * d, inner, thick], (len(levels), 1))
    sizes[[0, -1], 2] *= 0.98
    at = np.c_[np.zeros((len(levels), 2)), levels - sizes[:, 2] / 2]
    parts = [("side", pair(side)), ("shelf", boxes(sizes, at))]
    if back:
        parts.append(("back", box((0.012, inner, high - 0.01), (-0.47 * d, 0, levels[0] - thick / 2 + high / 2))))
    return parts


def _levels(rng: np.random.Generator, low: float, high: float, n: int) -> np.ndarray:
    """n + 1 heights, at equal steps, growing downwards or at random."""
    steps = rng.choice([np.ones(n), np.linspace(rng.uniform(1, 1.6), 1, n), rng.uniform(0.7, 1.3, n)])
    return low + (high - low) * np.concatenate([[0], np.cumsum(steps) / steps.sum()])


def case(rng: np.random.Generator) -> Parts:
    """The plain one: sides, boards, a back or none, one or more bays; a cornice, a plinth, books."""
    d, w, h = rng.uniform(0.22, 0.4), rng.uniform(0.4, 1.2), _height(rng)
    thick, n = rng.uniform(0.015, 0.045), max(2, round(h / rng.uniform(0.26, 0.42)))
    foot = rng.choice([0.0, rng.uniform(0.04, 0.15)])
    levels = _levels(rng, foot + thick / 2, h - thick / 2, n)
    parts = _case(d, w, thick, levels, rng.random() < 0.7)
    bays = np.linspace(-w / 2 + thick / 2, w / 2 - thick / 2, 1 + int(rng.choice([1, 2, 3] if w > 0.7 else [1])))
    parts += [("side", box((0.96 * d, thick, h - foot - thick), (0, y, (h + foot) / 2))) for y in bays[1:-1]]
    if foot:
        parts += _stand(rng, d, w, foot)
    if rng.random() < 0.3:  # mouldings that spread above and below
        out, high = rng.uniform(0.02, 0.06), rng.uniform(0.04, 0.14)
        share = (1 + 2 * out / d, 1 + 2 * out / w)
        parts.append(("shelf", box((1.02 * d, 1.01 * w, high), (0, 0, h + high / 2 - 0.008), share)))
        if not foot:
            flare = (1 / (1 + 2 * out / d), 1 / (1 + 2 * out / w))
            parts.append(("leg", box((d * 1.01 + 2 * out, w * 1.01 + 2 * out, high), (0, 0, -high / 2 + 0.008), flare)))
    if rng.random() < 0.2:  # the sides are frames: posts at the corners stand out
        r = rng.uniform(0.02, 0.04)
        posts = [box((r, r, h), (s * (d - r) / 2, w / 2 + 0.3 * r, h / 2)) for s in (-1, 1)]
        parts.append(("leg", pair(join(*posts))))
    cells = [
        (a + thick / 2, b - thick / 2, c + thick / 2, e - thick / 2)
        for a, b in pairwise(bays)
        for c, e in pairwise(levels)
    ]
    return parts + _fill(rng, d, cells, rng.choice([0, 0.4, 0.9]))


def cupboard(rng: np.random.Generator) -> Parts:
    """With doors or drawers: all of it, the lower part or some bays; deeper below, perhaps; open shelves elsewhere."""
    d, h, thick = rng.uniform(0.28, 0.5), _height(rng), rng.uniform(0.015, 0.035)
    w, foot = h * rng.choice([rng.uniform(0.4, 1), rng.uniform(1, 2)]), rng.choice([0.0, rng.uniform(0.04, 0.12)])
    split = foot + (h - foot) * rng.choice([1.0, rng.uniform(0.25, 0.6)], p=[0.4, 0.6])
    bays = np.linspace(-w / 2, w / 2, 1 + max(1, round(w / rng.uniform(0.4, 0.9))))
    parts: Parts = [("side", box((d, w, split - foot), (0, 0, (split + foot) / 2)))]
    for a, b in pairwise(bays):
        name = rng.choice(["door", "drawer"], p=[0.75, 0.25])
        n = int(rng.integers(1, 3) if name == "door" else rng.integers(2, 5))
        parts += _closed(rng, d, (a + 0.004, b - 0.004, foot + 0.008, split - 0.008), str(name), n)
    if foot:
        parts += _stand(rng, d, w, foot)
    if split == h:
        top = box((1.05 * d, w * rng.uniform(1, 1.03), thick), (0, 0, h + thick / 2 - 0.004))
        return [*parts, ("shelf", top)] if rng.random() < 0.6 else parts
    upper = d * rng.choice([0.99, rng.uniform(0.55, 0.85)])
    n = max(1, round((h - split) / rng.uniform(0.25, 0.4)))
    levels = _levels(rng, split + thick / 2 - 0.004, h - thick / 2, n)
    hutch = _case(upper, w * 0.99, thick, levels, rng.random() < 0.85)
    cells = []
    for c, e in pairwise(levels):  # a divider stands elsewhere in every row
        y = rng.uniform(-0.35, 0.35) * w
        if rng.random() < 0.6:
            hutch.append(("side", box((0.95 * upper, thick, e - c), (0, y, (c + e) / 2))))
        cells += [
            (-w / 2 + thick, y - thick / 2, c + thick / 2, e - thick / 2),
            (y + thick / 2, w / 2 - thick, c + thick / 2, e - thick / 2),
        ]
    hutch += _fill(rng, upper, cells, rng.choice([0, 0.5]))
    return parts + [(name, shift(part, (-(d - upper) / 2, 0, 0))) for name, part in hutch]


def etagere(rng: np.random.Generator) -> Parts:
    """Boards on four posts, square, round or turned; boards oval, braced crosswise, railed, shallower upwards."""
    d, w = rng.uniform(0.25, 0.45), rng.uniform(0.35, 1.1)
    h, n, thick = rng.uniform(0.7, 1.9), int(rng.integers(3, 7)), rng.uniform(0.012, 0.04)
    r, kind = rng.uniform(0.01, 0.03), rng.choice(["square", "round", "turned"])
    levels = _levels(rng, rng.uniform(0.04, 0.2), h * rng.uniform(0.9, 1.0) - thick, n - 1)
    steps = np.linspace(0, h, 2 if kind != "turned" else 4 * n)
    radii = r * (1 if kind != "turned" else 1 + 0.45 * np.cos(np.arange(len(steps)) * 2 * np.pi / 5))
    section = rectangle(1.9, 1.9) if kind == "square" else superellipse(1, 1, n=8)

    def post(x: float, y: float) -> Part:
        return sweep(np.c_[np.full(len(steps), x), np.full(len(steps), y), steps], section, radii)

    p = 2 if rng.random() < 0.12 else rng.choice([8.0, 30.0])
    if p == 2:
        d = w = min(w, 0.6)
    outline = superellipse(d / 2, w / 2, p, 24) if p < 10 else rectangle(d, w)
    x, y = ((np.array([d, w]) / 2 - 0.9 * r) * 0.5 ** (1 / p)).tolist()
    top = 1.0 if p == 2 else rng.choice([1.0, 1.0, rng.uniform(0.5, 0.9)])
    shrink = 1 - (1 - top) * levels / levels[-1]  # the boards grow shallower upwards
    boards = [slab(outline * (s, 1), z, z + thick, (-(1 - s) * d / 2, 0)) for s, z in zip(shrink, levels, strict=True)]
    front = post(x, y)
    front[0][:, 0] -= (1 - top) * d * front[0][:, 2] / levels[-1]
    parts = [("shelf", join(*boards)), ("leg", pair(post(-x, y))), ("leg", pair(front))]
    extra = rng.choice(["none", "cross", "sides", "rails"])
    if extra == "cross":
        a, b = levels[0] + thick, levels[-1]
        parts.append(("back", join(*(beam((-x, s * y, a), (-x, -s * y, b), 0.5 * r, 0.9 * r) for s in (-1, 1)))))
    elif extra != "none":
        high = min(0.1, 0.4 * np.diff(levels).min())
        for s, z in zip(shrink, levels + high, strict=True):
            if z + r < h:
                parts.append(("side", pair(beam((-x, y, z), (x - (1 - s) * d, y, z), r, r))))
                parts += [("side", beam((-x, -y, z), (-x, y, z), r, r))] * (extra == "rails")
    cells = [(-0.3 * w, 0.3 * w, c + thick, e) for c, e in pairwise(levels)] if top == 1 else []
    return parts + _fill(rng, 0.8 * d, cells, rng.choice([0, 0, 0.7]))


def cubes(rng: np.random.Generator) -> Parts:
    """A grid of square cells, whole or in steps like a stair; some behind doors, with drawers or with books."""
    size, thick, d = rng.uniform(0.28, 0.4), rng.uniform(0.012, 0.045), rng.uniform(0.28, 0.4)
    n, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    n, m = (n, m) if n * m > 1 else (2, 3)
    stair, foot = n > 1 and rng.random() < 0.35, rng.choice([0.0, rng.uniform(0.04, 0.12)])
    tall = np.linspace(m, 1, n).round().astype(int) if stair else np.full(n, m)
    if stair:  # down to one side, or to both
        tall = rng.choice([tall, tall[::-1], tall[np.abs(np.arange(n) - n // 2)]])
    w, walls = n * size, np.maximum(np.append(tall, 0), np.append(0, tall))
    y = np.linspace(-w / 2, w / 2, n + 1)
    sides = [box((d, thick, k * size + thick), (0, a, foot + k * size / 2)) for a, k in zip(y, walls, strict=True)]
    at = np.array([(0, y[i] + size / 2, foot + k * size - 0.48 * thick) for i in range(n) for k in range(tall[i] + 1)])
    boards = boxes((0.98 * d, size, 0.96 * thick), at)
    parts: Parts = [("side", join(*sides)), ("shelf", boards)]
    if rng.random() < 0.6:
        at = np.c_[np.full(n, -0.47 * d), y[:-1] + size / 2, np.full(n, foot)]
        parts.append(("back", boxes(np.c_[np.full(n, 0.01), np.full(n, size), size * tall], at)))
    inner = np.array([thick / 2, size - thick / 2])
    cells = [(*(y[i] + inner), *(foot + k * size + inner)) for i in range(n) for k in range(tall[i])]
    closed, books = rng.choice([0, rng.uniform(0.2, 0.6)]), rng.choice([0, 0.5])
    for cell in cells:
        if rng.random() < closed:
            parts += _closed(rng, d, cell, *(("door", 1) if rng.random() < 0.6 else ("drawer", 2)))
        elif rng.random() < books:
            parts += _books(rng, d, cell)
    return parts + (_stand(rng, d, w * 0.98, foot) if foot else [])


def wall(rng: np.random.Generator) -> Parts:
    """Hung on a wall: boards on brackets, on rails or on ropes, or an open box; books on them or none."""
    d, w, n = rng.uniform(0.15, 0.3), rng.uniform(0.5, 1.3), int(rng.integers(1, 5))
    gap, thick = rng.uniform(0.25, 0.4), rng.uniform(0.015, 0.05)
    z, y, kind = gap * np.arange(n), w * rng.uniform(0.28, 0.45), rng.choice(["brackets", "rails", "ropes", "box"])
    if kind == "box":
        levels = gap * np.arange(n + 1)
        parts = _case(d, w, thick, levels, rng.random() < 0.5)
        if rng.random() < 0.5:  # the sides rise above the top and sink below
            deep, high = d * rng.uniform(0.2, 1.01), levels[-1] + rng.uniform(0.1, 0.3)
            fin = box((deep, 1.02 * thick, high), ((deep - d) / 2, w / 2 - thick / 2, levels[-1] / 2))
            parts.append(("side", pair(fin)))
        cells = [(-w / 2 + thick, w / 2 - thick, c + thick / 2, e - thick / 2) for c, e in pairwise(levels)]
        return parts + _fill(rng, d, cells, rng.choice([0, 0.7]))
    widths = w * (np.ones(n) if kind != "brackets" else rng.choice([1.0, rng.uniform(0.7, 1)], n))
    sizes, at = np.c_[np.full(n, d), widths, np.full(n, thick)], np.c_[np.zeros((n, 2)), z - thick]
    parts: Parts = [("shelf", boxes(sizes, at))]
    y, drop, r = min(y, 0.42 * widths.min()), rng.uniform(0.5, 0.9) * d, rng.uniform(0.006, 0.014)
    if kind == "ropes":
        high = z[-1] + rng.uniform(0.1, 0.3)
        x = 0.42 * d
        ropes = [tube([(s * x, y, -thick), (s * x, y, z[-1]), (0, y, high)], r, 6) for s in (-1, 1)]
        parts.append(("leg", join(pair(join(*ropes)), tube([(0, -y, high), (0, y, high)], r, 6))))
    else:
        bow = rng.uniform(0.2, 0.75)
        curve = spline([(0.4 * d, 0), ((0.4 - 0.8 * bow) * d, -bow * drop), (-0.47 * d, -drop)], 7) - (0, thick)
        brace = sweep(np.c_[curve[:, 0], np.full(7, y), curve[:, 1]], rectangle(2.5 * r, 1.5 * r))
        upright = beam((-0.47 * d, y, -thick - drop - 0.02), (-0.47 * d, y, 0), 2 * r, 2.5 * r)
        level = beam((-0.48 * d, y, -thick - r), (0.45 * d, y, -thick - r), 2.5 * r, 2.1 * r)
        parts.append(("leg", pair(join(*(shift(join(brace, upright, level), (0, 0, a)) for a in z)))))
        if kind == "rails" or n > 1:  # or they would float
            long = beam((-0.5 * d, y, -thick - drop - 0.04), (-0.5 * d, y, z[-1] + 0.1), 2 * r, 3 * r)
            parts.append(("side", pair(long)))
    cells = [(-0.45 * a, 0.45 * a, b, b + 0.8 * gap) for a, b in zip(widths, z, strict=True)]
    return parts + _fill(rng, d, cells, rng.choice([0, 0.8]) if n > 1 else 0.9)


def corner(rng: np.random.Generator) -> Parts:
    """Round, cut, square or L-shaped boards in a corner, between two walls at right angles or on three posts."""
    r, h = rng.uniform(0.25, 0.5), rng.uniform(0.5, 1.9)
    n = max(2, round(h / rng.uniform(0.22, 0.42)))
    thick, kind = rng.uniform(0.012, 0.04), rng.choice(["round", "cut", "square", "ell"])
    if kind == "round":
        arc = np.linspace(0, np.pi / 2, 9)
        outline = r * np.c_[np.cos(arc), np.sin(arc)]
    elif kind == "cut":
        a = rng.uniform(0.35, 0.8) * r
        outline = np.array([(r, 0), (r, a), (a, r), (0, r)])
    elif kind == "square":
        outline = np.array([(r, 0), (r, r), (0, r)])
    else:  # along both walls, hollow in front
        a = rng.uniform(0.35, 0.6) * r
        outline = np.array([(r, 0), (r, a), (a, a), (a, r), (0, r)])
    outline = np.concatenate([[(0, 0)], outline])
    levels = np.linspace(rng.choice([0.0, 0.1]), h - thick, n)
    middle = outline.mean(0)
    boards = [slab(outline - middle, z, z + thick, middle) for z in levels]
    parts: Parts = [("shelf", join(*boards))]
    if kind != "ell" and rng.random() < 0.35:
        posts = [box((0.03, 0.03, h), (*at, h / 2)) for at in ((0.016, 0.016), (r - 0.016, 0.016), (0.016, r - 0.016))]
        parts.append(("leg", join(*posts)))
    else:
        low = levels[0] - 0.005
        walls = [(1.01 * r, thick), (thick, 1.01 * r)]
        parts.append(("back", box((*walls[0], h - low + 0.005), (r / 2, 0, (h + low) / 2))))
        parts.append(("back", box((*walls[1], h - low), (0, r / 2, (h + low) / 2))))
        if levels[0]:
            parts.append(("leg", slab(0.9 * (outline - middle), 0, levels[0] + 0.004, middle)))
    if rng.random() < 0.4 and kind != "ell":
        cells = [(0.1 * r, 0.5 * r, c + thick, e) for c, e in pairwise(levels)]
        parts += [(name, shift(part, (0.25 * r, 0, 0))) for name, part in _fill(rng, 0.45 * r, cells, 0.7)]
    angle = rng.choice([0.0, -np.pi / 4, -np.pi / 2])  # the corner behind on the right, in the middle, on the left
    return [(name, turn(part, angle)) for name, part in parts]


def ladder(rng: np.random.Generator) -> Parts:
    """Boards on two leaning ladders: against a wall, as an A, or upright with rungs."""
    h, w, n = rng.uniform(1.2, 2.0), rng.uniform(0.45, 0.9), int(rng.integers(3, 6))
    deep, kind = rng.uniform(0.4, 0.6), rng.choice(["wall", "tent", "upright"])
    r, thick = rng.uniform(0.012, 0.025, 2)
    levels = np.linspace(rng.uniform(0.12, 0.35), rng.uniform(0.85, 0.97) * h, n)
    y, back = w / 2 - r, -deep / 2
    if kind == "upright":
        front, rear = np.full(n, deep * 0.3), np.full(n, -deep * 0.3)
    elif kind == "wall":
        front, rear = deep / 2 - 0.82 * deep * levels / h, np.full(n, back)
    else:
        front = deep / 2 - 0.42 * deep * levels / h
        rear = -front

    def pole(x: np.ndarray) -> Part:
        """Through the points (x, level), on to the floor and to the top."""
        slope = (x[-1] - x[0]) / (levels[-1] - levels[0])
        return pair(beam((x[0] - slope * levels[0], y, 0), (x[0] + slope * (h - levels[0]), y, h), 2.2 * r, 1.6 * r))

    parts: Parts = [("leg", pole(front))]
    if kind != "wall" or rng.random() < 0.35:
        parts.append(("leg", pole(rear)))
    sizes = np.c_[front - rear, np.full(n, w - 2.5 * r), np.full(n, thick)]
    at = np.c_[(front + rear) / 2, np.zeros(n), levels - thick / 2]
    parts.append(("shelf", boxes(sizes, at)))
    rungs = [pair(beam((a, y, z), (b, y, z), 0.8 * r, 1.6 * r)) for a, b, z in zip(rear, front, levels, strict=True)]
    parts.append(("side", join(*rungs)))
    if rng.random() < 0.5:  # trays with a rim
        rim = (0.012, w - 2.6 * r, rng.uniform(0.04, 0.1))
        parts.append(("back", boxes(rim, at + np.c_[(rear - front) / 2 + 0.008, np.zeros((n, 2))])))
    if rng.random() < 0.4:
        for a, b, (c, e) in zip(rear, front, pairwise(levels), strict=False):
            if b - a > 0.15 and rng.random() < 0.7:
                books = _books(rng, 0.7 * (b - a), (-0.42 * w, 0.42 * w, c + thick / 2, c + 0.7 * (e - c)))
                parts += [(name, shift(part, ((a + b) / 2, 0, 0))) for name, part in books]
    return parts


STYLES = {f.__name__: f for f in (case, cupboard, etagere, cubes, wall, corner, ladder)}

"""Beds: the foot end is at +x, the headboard at -x. Sizes before normalising are in metres."""

from itertools import pairwise

import numpy as np

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
    ring,
    shift,
    span,
    spline,
    superellipse,
    sweep,
    tube,
    turn,
    warp,
)

PARTS = ("mattress", "pillow", "blanket", "headboard", "footboard", "frame", "leg", "ladder")
Parts = list[tuple[str, Part]]
LEFT_TO_RIGHT = np.array([1, -1, 1])


def _size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Length, width (single or double) and the height of the mattress's upper face."""
    return rng.uniform(1.85, 2.2), rng.choice([rng.uniform(0.8, 1.1), rng.uniform(1.3, 2.0)]), rng.uniform(0.35, 0.65)


def _bars(at: np.ndarray, low: float, high: float | np.ndarray, r: float) -> Part:
    """Thin upright bars at (K, 2), from z = low to high: a number, or one each."""
    vertices, faces = tube([(0, 0, 0), (0, 0, 1)], r, 6)
    offsets = np.insert(at, 2, low, axis=1)
    scale = np.insert(np.ones((len(at), 2)), 2, high - low, axis=1)
    vertices = vertices * scale[:, None] + offsets[:, None]
    faces = faces + vertices.shape[1] * np.arange(len(at))[:, None, None]
    return vertices.reshape(-1, 3), faces.reshape(-1, 3)


def _pillows(rng: np.random.Generator, d: float, w: float, h: float) -> Parts:
    """One pillow or a pair, flat or leaning, perhaps with smaller ones in front; or a bolster; or none."""
    kind = rng.choice(["flat", "leaning", "bolster", "none"], p=[0.55, 0.2, 0.1, 0.15])
    n, p = 1 if w < 1.2 else 2, rng.uniform(3, 5)
    long, deep = 0.85 * min(w / n, rng.uniform(0.6, 0.95)), d * rng.uniform(0.15, 0.24)
    thick = d * rng.uniform(0.05, 0.1)
    if kind == "none":
        return []
    if kind == "bolster":
        return [("pillow", tube([(0.13 - d / 2, -0.46 * w, h + 0.07), (0.13 - d / 2, 0.46 * w, h + 0.07)], 0.1, 12))]
    one = ellipsoid((deep, long, thick), p=p, sections=16)
    tilt = rng.uniform(0.05, 0.2) if kind == "flat" else rng.uniform(0.7, 1.2)
    rise = 0.45 * deep * np.sin(tilt) + 0.3 * thick
    places = [(deep / 2 * np.cos(tilt) + 0.06, 0, rise)]
    if rng.random() < 0.3:  # a second row
        places.append((places[0][0] + (0.12 if kind == "leaning" else 0.08), 0, 0.85 * rise + 0.05))
    parts = []
    for i, at in enumerate(places):
        for y in ((np.arange(n) + 0.5) / n - 0.5) * w * 0.95:
            leant = turn((one[0] * 0.85**i, one[1]), tilt, 1)
            parts.append(("pillow", shift(leant, at + np.array([-d / 2, y, h]))))
    return parts


def _blanket(rng: np.random.Generator, d: float, w: float, h: float, low: float) -> Part:
    """A cover from the foot end up: its sides hang in folds to somewhere above z = low, its top is a little rough."""
    x1, x0, up = d / 2 + 0.02, d / 2 - d * rng.choice([rng.uniform(0.25, 0.5), rng.uniform(0.6, 0.95)]), 0.02
    thick, waves, fold = rng.uniform(0.015, 0.09), rng.uniform(6, 16), rng.choice([0, 1]) * rng.uniform(0.01, 0.04)
    hang = rng.uniform(0.05, max(0.06, h - low))
    outline = superellipse(w / 2 + up, (hang + thick) / 2, 14, 32) + np.array([0, h + (thick - hang) / 2])
    x = np.concatenate([[x0], np.linspace(x0 + 0.01, x1 - 0.01, 14), [x1]])
    rings = np.empty((16, 32, 3))
    rings[..., 0], rings[..., 1:] = x[:, None], outline
    rings[[0, -1], :, 1:] -= (outline - (0, h - hang / 2)) * 0.03  # soft edges
    rough = rng.uniform(-1, 1, (16, 32)) * rng.choice([0, 1]) * 0.25 * thick
    depth = np.clip((h - rings[..., 2]) / (h - low), 0, 1)
    rings[..., 1] += np.sign(rings[..., 1]) * depth * fold * (1.5 + np.sin(waves * rings[..., 0]))
    rings[..., 2] += np.where(rings[..., 2] > h, rough, 0)
    rings[:3, :, 2] += np.where(rings[:3, :, 2] > h, rng.choice([0, 1]) * 0.04, 0)  # turned down
    return loft(rings)


def _bedding(rng: np.random.Generator, d: float, w: float, h: float, thick: float, low: float) -> Parts:
    """Mattress, pillows and blanket; low is how far the blanket may hang down."""
    if rng.random() < 0.6:
        mattress = ellipsoid((d, w, thick), (0, 0, h - thick / 2), p=rng.uniform(9, 16), sections=16, rings=9)
    else:
        mattress = span((-d / 2, -w / 2, h - thick), (d / 2, w / 2, h))
    blanket = [("blanket", _blanket(rng, d, w, h, low))] if rng.random() < 0.65 else []
    return [("mattress", mattress), *_pillows(rng, d, w, h), *blanket]


def _frame(rng: np.random.Generator, d: float, w: float, low: float, high: float, foot: float) -> Parts:
    """Rails, or a box all through, from low to high, on feet down to the floor under the corners."""
    r, x, y = rng.uniform(0.02, 0.05), d / 2 - rng.uniform(0.03, 0.2), w / 2 - rng.uniform(0.03, 0.12)
    parts = [("frame", span((-d / 2, -w / 2, low), (d / 2, w / 2, high)))]
    if foot < 0.02:
        return parts
    kind = rng.choice(["block", "cone", "plinth", "board"])
    if kind == "plinth":
        return [*parts, ("leg", span((-x, -y, 0), (x, y, foot + 0.01)))]
    if kind == "board":
        return [*parts, *(("leg", box((2 * r, 2 * y, foot + 0.01), (s * x, 0, foot / 2))) for s in (-1, 1))]
    for s in (-1, 1):
        if kind == "block":
            leg = box((2 * r, 2 * r, foot + 0.01), (s * x, y, foot / 2))
        else:
            leg = tube([(s * x, y, foot + 0.01), (s * (x + 0.1 * foot), y + 0.1 * foot, 0)], [r, 0.6 * r])
        parts.append(("leg", pair(leg)))
    return parts


def _board(rng: np.random.Generator, w: float, low: float, high: float, kind: str) -> Part:
    """A head or foot end about x = 0, from z = low to high."""
    tall, thick = high - low, rng.uniform(0.03, 0.08)
    if kind == "padded":
        thick = rng.uniform(0.07, 0.16)
        n = int(rng.choice([1, 1, 2, 3, 5, 7]))
        one = ellipsoid((thick, 1.01 * w / n, tall), (0, 0, (low + high) / 2), p=rng.uniform(5, 12), sections=12)
        return join(*(shift(one, (0, y, 0)) for y in ((np.arange(n) + 0.5) / n - 0.5) * w))
    if kind == "winged":
        wing = pair(span((0, w / 2, low), (rng.uniform(0.1, 0.3), w / 2 + thick, high)))
        return join(span((-thick / 2, -w / 2 - thick, low), (thick / 2, w / 2 + thick, high)), wing)
    if kind == "arched":  # gable, arch, hump or dip, in a plate
        rise, power = tall * rng.uniform(-0.25, 0.45), rng.choice([1, 2, 4])

        def lift(v: np.ndarray) -> np.ndarray:
            z = v[:, 2] * (1 + rise / tall * (1 - np.abs(2 * v[:, 1] / w) ** power))
            return np.c_[v[:, :2], low + z]

        return warp(plate([w] * 3, tall, thick, 16), lift)
    if kind in ("slatted", "panelled"):
        r = rng.uniform(0.02, 0.045)
        post = pair(span((-r, w / 2 - r, low), (r, w / 2 + r, high + rng.uniform(0, 0.08))))
        arch = rng.choice([0, 1]) * rng.uniform(0.02, 0.2)
        t = np.linspace(-1, 1, 9)
        rail = sweep(np.c_[0 * t, t * w / 2, high - r + arch * (1 - t**2)], rectangle(2 * r, 1.6 * r)[:, ::-1])
        z = low + rng.uniform(0.35, 0.6) * tall
        lower = beam((0, -w / 2, z), (0, w / 2, z), 1.4 * r, 2 * r)
        if kind == "panelled":
            return join(post, rail, lower, span((-0.4 * r, -w / 2, low + 0.2 * tall), (0.4 * r, w / 2, high)))
        t = np.linspace(-0.9, 0.9, int(rng.integers(4, 14)))
        return join(post, rail, lower, _bars(np.c_[0 * t, t * w / 2], z, high - r + arch * (1 - t**2), 0.6 * r))
    return span((-thick / 2, -w / 2, low), (thick / 2, w / 2, high))


BOARDS = ["plain", "padded", "winged", "arched", "slatted", "panelled"]


def framed(rng: np.random.Generator) -> Parts:
    """Single or double: rails on legs, a headboard of any kind, often the same lower at the foot."""
    d, w, h = _size(rng)
    thick, rail = rng.uniform(0.12, 0.28), rng.uniform(0.08, 0.2)
    high = h - thick * rng.uniform(0.6, 1)
    foot = max(high - rail, 0.03)
    inset, tall, kind = rng.uniform(0, 0.06), rng.uniform(0.2, 0.75), rng.choice(BOARDS)
    low = rng.choice([0, 0, 0.6]) * foot
    parts = _bedding(rng, d, w, h, thick, foot) + _frame(rng, d + inset, w + 2 * inset, foot, high + 0.01, foot)
    board = _board(rng, w + 2 * inset + 0.02, low, h + tall, kind)
    parts.append(("headboard", shift(board, (-d / 2 - inset / 2 - 0.01, 0, 0))))
    if rng.random() < 0.45:
        board = _board(rng, w + 2 * inset + 0.02, low, high + rng.uniform(0.02, 0.8) * (h - high + tall), kind)
        parts.append(("footboard", shift((board[0] * (-1, -1, 1), board[1]), (d / 2 + inset / 2 + 0.02, 0, 0))))
    if w < 1.2 and rng.random() < 0.15:  # a day bed has a third board, along one side
        board = turn(_board(rng, d + inset, low, h + rng.uniform(0.2, 1) * tall, kind), np.pi / 2)
        parts.append(("headboard", shift(board, (0, rng.choice([-1, 1]) * (w / 2 + inset), 0))))
    return parts


def platform(rng: np.random.Generator) -> Parts:
    """Low and wide: a mattress on a broad slab, a futon, a divan on the floor; the headboard is wide or missing."""
    d, w, h = _size(rng)
    h, thick, ledge = 0.7 * h, rng.uniform(0.12, 0.24), rng.choice([0, 1]) * rng.uniform(0.05, 0.3)
    high = max(h - thick, 0.06)
    foot = rng.choice([0, 1]) * rng.uniform(0.2, 0.6) * high
    parts = _bedding(rng, d, w, high + thick, thick, foot)
    parts += _frame(rng, d + ledge, w + 2 * ledge, foot, high + 0.01, foot)
    if rng.random() < 0.75:
        wide = rng.choice([w + 2 * ledge, w + rng.uniform(0.6, 1.1)])
        kind = rng.choice(["plain", "padded", "padded", "winged", "panelled"])
        board = _board(rng, wide + 0.02, 0.9 * foot, high + thick + rng.uniform(0.15, 0.8), kind)
        parts.append(("headboard", shift(board, (-(d + ledge) / 2 - 0.01, 0, 0))))
        if wide > w + 2 * ledge + 0.5 and rng.random() < 0.6:  # night tables hang on it
            y, z = wide / 2 - 0.15, high + rng.uniform(0, 0.1)
            size = np.array([0.4, wide / 2 - w / 2 - ledge - 0.05, rng.uniform(0.1, 0.25)])
            table = box(size, (-(d + ledge) / 2 + 0.2, y, z))
            parts.append(("frame", pair(table)))
    return parts


def captain(rng: np.random.Generator) -> Parts:
    """A box with drawers under the mattress, on one side or both, between two ends; a shelf at the head perhaps."""
    d, w, h = _size(rng)
    h, thick, t = h + 0.1, rng.uniform(0.12, 0.24), rng.uniform(0.02, 0.05)
    high, foot = h - 0.8 * thick, rng.choice([0, 1]) * rng.uniform(0.03, 0.1)
    n, m = int(rng.integers(2, 5)), int(rng.integers(1, 3))
    parts = _bedding(rng, d - 0.02, w - 0.04, h, thick, high) + _frame(rng, d, w, foot, high, foot)
    sides = (1, -1) if rng.random() < 0.5 else (rng.choice([1, -1]),)
    x, z = np.linspace(-0.48 * d, 0.48 * d, n + 1), np.linspace(foot + 0.02, high - 0.03, m + 1)
    size = np.array([0.93 * (x[1] - x[0]), 0.03, 0.93 * (z[1] - z[0])])
    drawer = join(box(size), box((0.12, 0.09, 0.02)))  # and its handle
    middles = [
        ((a + b) / 2, s * (w / 2 + 0.01), (e + f) / 2) for s in sides for a, b in pairwise(x) for e, f in pairwise(z)
    ]
    parts.append(("frame", join(*(shift(drawer, at) for at in middles))))
    kind, tall = rng.choice(["plain", "panelled", "arched", "slatted", "padded"]), rng.uniform(0.2, 0.6)
    board = _board(rng, w + 2 * t, 0, h + tall, kind)
    if rng.random() < 0.3:  # a bookcase
        deep, top = rng.uniform(0.15, 0.3), h + tall
        board = join(
            span((-deep, -w / 2, 0), (0, w / 2, h + 0.05)),
            pair(span((-deep, w / 2 - t, h), (0, w / 2, top))),
            span((-deep, -w / 2, top - t), (0, w / 2, top)),
            span((-deep, -w / 2, h), (t - deep, w / 2, top)),
            span((-deep, -t / 2, h), (-0.01, t / 2, top)),
        )
    parts.append(("headboard", shift(board, (0.005 - d / 2, 0, 0))))
    if rng.random() < 0.6:
        board = _board(rng, w + 2 * t, 0, h + rng.uniform(0, 1) * tall, kind)
        parts.append(("footboard", shift((board[0] * (-1, -1, 1), board[1]), (d / 2, 0, 0))))
    return parts


def _rods(rng: np.random.Generator, w: float, high: float, low: float, r: float, kind: str, n: int) -> Part:
    """An end of bars about x = 0: posts from the floor to z = high, bars between z = low and the top rail."""
    arch = rng.choice([0, 1]) * rng.uniform(0.05, 0.25)
    t, bend = np.linspace(-1, 1, 11), rng.uniform(0.06, 0.2)
    y = w / 2
    if kind == "hoop":  # one tube, round corners
        hoop = [(0, y, 0), (0, y, high - bend), (0, y - 0.3 * bend, high - 0.3 * bend), (0, y - bend, high)]
        parts = [tube(np.concatenate([hoop, hoop[::-1] * LEFT_TO_RIGHT]), r)]
        arch = 0
    else:
        parts = [tube(np.c_[0 * t, t * y, high - 0.05 + arch * (1 - t**2)], 0.8 * r)]
        posts = [tube([(0, y, 0), (0, y, high)], r)]
        if kind == "finial":
            posts.append(ellipsoid((4 * r, 4 * r, 4.5 * r), (0, y, high + 1.5 * r), sections=10, rings=7))
        parts.append(pair(join(*posts)))
    parts.append(tube([(0, -y, low), (0, y, low)], 0.7 * r))
    if rng.random() < 0.25:  # level bars
        level = np.linspace(low, high, 2 + n // 2)[1:-1]
        return join(*parts, *(tube([(0, -y, z), (0, y, z)], 0.5 * r, 6) for z in level if z < high - bend))
    top = high - 0.05
    at = np.linspace(-1, 1, n + 2)[1:-1]
    ends = high - np.maximum(np.abs(at) * y - y + bend, 0) if kind == "hoop" else top + arch * (1 - at**2)
    parts.append(_bars(np.c_[0 * at, at * y], low, ends, 0.5 * r))
    if rng.random() < 0.5 and top - low > 0.2:  # scrolls
        size = min(0.12, 0.3 * (top - low), 0.3 * w)
        middle = rng.choice([0.5, 0.7]) * (top - low) + low
        parts += [
            ring(size, 0.5 * r, (0, s * (size if w > 1.2 else 0), middle), 0, 14)
            for s in (-1, 1)[: 2 if w > 1.2 else 1]
        ]
    return join(*parts)


def iron(rng: np.random.Generator) -> Parts:
    """Ends of iron rods: hoops or posts with knobs, upright or level bars, scrolls; a thin mattress, the floor free."""
    d, w, h = _size(rng)
    h, thick, r = h + 0.05, rng.uniform(0.08, 0.22), rng.uniform(0.012, 0.028)
    z, kind, n = h - thick - r, rng.choice(["hoop", "post", "finial"]), int(rng.integers(3, 14))
    parts = _bedding(rng, d - 0.04, w - 0.03, h, thick, 0.3 * h)
    side = beam((-d / 2, w / 2, z), (d / 2, w / 2, z), 1.6 * r, 3 * r)
    slat = beam((0, -w / 2, z), (0, w / 2, z), 0.06, 1.6 * r)
    slats = [shift(slat, (x, 0, 0)) for x in np.linspace(-0.42, 0.42, 6) * d]
    parts.append(("frame", join(pair(side), *slats)))
    tall = rng.uniform(0.3, 0.8)
    ends = [("headboard", -d / 2, h + tall), ("footboard", d / 2, h + rng.uniform(0.05, 0.9) * tall)]
    for name, x, high in ends[: 1 if rng.random() < 0.15 else 2]:
        parts.append((name, shift(_rods(rng, w, high, min(h, high - 0.15), r, kind, n), (x, 0, 0))))
    if parts[-1][0] == "headboard":
        parts.append(("leg", pair(tube([(d / 2 - r, w / 2, 0), (d / 2 - r, w / 2, z)], r))))
    return parts


def canopy(rng: np.random.Generator) -> Parts:
    """A post at each corner, turned or square, rails or a roof on top, sometimes curtains at the head."""
    d, w, h = _size(rng)
    thick, r, tall = rng.uniform(0.14, 0.26), rng.uniform(0.02, 0.05), rng.uniform(1.5, 2.2)
    high = h - 0.85 * thick
    low = max(high - rng.uniform(0.1, 0.25), 0.02)
    x, y, kind = d / 2 + 0.8 * r, w / 2 + 0.5 * r, rng.choice(["square", "turned", "tapered"])
    tall = rng.choice([tall, h + rng.uniform(0.5, 0.9)], p=[0.75, 0.25])
    parts = [*_bedding(rng, d - 0.01, w, h, thick, low), ("frame", span((-x, -y, low), (x, y, high)))]
    radii = r * spline(rng.uniform(0.5, 1.5, (9, 1)), 22)[:, 0]
    for s in (-1, 1):
        if kind == "square":
            post = beam((s * x, y, 0), (s * x, y, tall), 2 * r, 2 * r)
        elif kind == "turned":
            post = tube(np.c_[np.full(22, s * x), np.full(22, y), np.linspace(0, tall, 22)], radii)
        else:
            post = tube([(s * x, y, 0), (s * x, y, h), (s * x, y, tall)], [r, 1.3 * r, 0.6 * r])
        parts.append(("frame", pair(post)))
    top = rng.choice(["rails", "roof", "arch", "none"]) if tall > h + 0.9 else "none"
    if top in ("rails", "roof"):
        rails = [pair(beam((-x, y, tall - r), (x, y, tall - r), 1.4 * r, 1.4 * r))]
        rails += [beam((s * x, -y, tall - r), (s * x, y, tall - r), 1.4 * r, 1.4 * r) for s in (-1, 1)]
        rails += [beam((0, -y, tall - r), (0, y, tall - r), r, r)] * int(rng.integers(2))
        parts.append(("frame", join(*rails)))
    if top == "roof":
        deep = rng.uniform(0.04, 0.25)
        parts.append(("frame", box((2 * x + 0.06, 2 * y + 0.06, deep), (0, 0, tall), rng.uniform(0.85, 1))))
    if top == "arch":
        t, rise = np.linspace(-1, 1, 11), rng.uniform(0.1, 0.35)
        arch = tube(np.c_[t * x, np.full(11, y), tall - 0.02 + rise * (1 - t**2)], 0.6 * r)
        ends = [tube([(s * x, -y, tall - 0.02), (s * x, y, tall - 0.02)], 0.6 * r) for s in (-1, 1)]
        parts.append(("frame", join(pair(arch), *ends)))
    if top != "none" and rng.random() < 0.4:  # curtains
        t = np.linspace(0, 1, 17)
        for s in (-1, 1)[: rng.integers(1, 3)]:
            across, wave = s * (x - t * rng.uniform(0.15, 0.5)), y + 0.03 * np.cos(np.arange(17) * 2.5)
            path = np.c_[across, wave, np.full(17, (tall - r) / 2 + 0.08)]
            parts.append(("blanket", pair(sweep(path, rectangle(tall - r - 0.15, 0.015)))))
    board = _board(rng, 2 * y, low, h + rng.uniform(0.2, 0.6), rng.choice(BOARDS[:1] + BOARDS[3:]))
    parts.append(("headboard", shift(board, (-x, 0, 0))))
    if rng.random() < 0.4:
        parts.append(("footboard", shift(_board(rng, 2 * y, low, h + rng.uniform(0, 0.3), "panelled"), (x, 0, 0))))
    return parts


def sleigh(rng: np.random.Generator) -> Parts:
    """Head and foot curve outward like the ends of a sleigh, the foot lower."""
    d, w, h = _size(rng)
    thick, t, rail = rng.uniform(0.14, 0.26), rng.uniform(0.025, 0.07), rng.uniform(0.12, 0.3)
    high = h - 0.8 * thick
    low = max(high - rail, 0.04)
    out, curl, tall = rng.uniform(0.08, 0.25), rng.uniform(0, 0.1), rng.uniform(0.3, 0.7)
    parts = _bedding(rng, d, w, h, thick, low)
    parts.append(("frame", span((-d / 2 - 0.02, -w / 2 - t, low), (d / 2 + 0.02, w / 2 + t, high))))
    for name, s, up in (("headboard", -1, tall), ("footboard", 1, tall * rng.uniform(0.2, 0.9))):
        top = h + up
        line = [
            (0.02, low * rng.choice([0, 0.7])),
            (0, high),
            (0.25 * out, high + 0.5 * (top - high)),
            (0.8 * out, top),
        ]
        line = spline([*line, (1.1 * out + curl, top - 0.3 * curl)], 14) * (s, 1) + (s * (d / 2 + t / 2), 0)
        end = sweep(np.insert(line, 1, 0, axis=1), rectangle(w + 2 * t, t))
        x, z = line[-1]
        roll = tube([(x, -w / 2 - t, z), (x, w / 2 + t, z)], rng.uniform(0.5, 1.1) * t, 10)
        parts.append((name, join(end, roll)))
        parts.append(("leg", pair(box((0.08, 0.07, low + 0.02), (s * (d / 2 - 0.02), w / 2 - 0.03, low / 2)))))
    return parts


def bunk(rng: np.random.Generator) -> Parts:
    """Two beds, one above the other, or a loft over nothing or a desk: posts, guards of bars or boards, a ladder."""
    d, w, h = rng.uniform(1.85, 2.1), rng.uniform(0.8, 1.1), rng.uniform(0.25, 0.5)
    r, thick, rail = rng.uniform(0.02, 0.045), rng.uniform(0.08, 0.18), rng.uniform(0.04, 0.2)
    high_only, up, guard = rng.random() < 0.25, h + rng.uniform(0.8, 1.15), rng.uniform(0.18, 0.4)
    x, y, side = d / 2 + r, w / 2 + r, rng.choice([1, -1])
    kind, n = rng.choice(["bars", "boards", "panel"]), int(rng.integers(4, 16))
    tall = up + guard + rng.uniform(0, 0.1)

    def fence(start: tuple, end: tuple, low: float, count: int) -> Part:
        """A guard above the rail, from (x, y) to (x, y)."""
        a, b = np.array([*start, low]), np.array([*end, low])
        if kind == "panel":
            return shift(beam(a, b, 0.8 * r, guard), (0, 0, guard / 2))
        if kind == "boards":
            board = beam(a, b, r, 0.3 * guard)
            return join(*(shift(board, (0, 0, z * guard)) for z in (0.3, 0.85)))
        top = shift(beam(a, b, r, 1.5 * r), (0, 0, guard))
        return join(top, _bars(np.linspace(a, b, count + 2)[1:-1, :2], low - 0.02, low + guard, 0.3 * r))

    parts: Parts = []
    for level in (up,) if high_only else (h, up):
        frame = span((-x, -y + r / 2, level - thick - rail + 0.03), (x, y - r / 2, level - thick + 0.03))
        parts += [("frame", frame), ("mattress", box((d, w, thick), (0, 0, level - thick / 2)))]
        parts += _pillows(rng, d, w, level)
        if rng.random() < 0.4:
            parts.append(("blanket", _blanket(rng, d, w - 0.02, level, level - 0.7 * thick)))
        base, m = level - 0.02, max(3, n // 2)
        parts.append(("headboard", fence((-x, -y), (-x, y), base, m)))
        if level == up or rng.random() < 0.5:
            parts.append(("footboard", fence((x, -y), (x, y), base, m)))
        if level == up:
            gap = x - rng.uniform(0.4, 0.6)
            parts.append(("frame", fence((-x, -side * y), (x, -side * y), base, n)))
            parts.append(("frame", fence((-x, side * y), (gap, side * y), base, n)))
            if kind != "panel":  # the guard's end
                parts.append(("frame", beam((gap, side * y, up - 0.05), (gap, side * y, up + guard), r, r)))
    for s in (-1, 1):
        parts.append(("leg", pair(beam((s * x, y, 0), (s * x, y, tall), 2 * r, 2 * r))))
    slope, wide, steps = rng.choice([0, 1]) * rng.uniform(0.1, 0.5), rng.uniform(0.3, 0.4), int(rng.integers(3, 7))
    foot, head = np.array([x - 0.06, side * (y + 1.5 * r + slope), 0]), np.array([x - 0.06, side * (y + r), up])
    across = np.array([wide, 0, 0])
    rung = beam((0, 0, 0), -across, 0.05, 0.025)
    ladder = [shift(beam(foot, head, 0.05, 0.035), -a) for a in (0 * across, across)]
    ladder += [shift(rung, foot + (head - foot) * t) for t in np.linspace(0, 1, steps + 2)[1:-1]]
    parts.append(("ladder", join(*ladder)))
    if high_only and rng.random() < 0.6:  # a desk below
        parts.append(("frame", span((-x, -y, 0.7), (x, 0.2 * y, 0.73))))
    return parts


def cot(rng: np.random.Generator) -> Parts:
    """A child's bed: bars all round, the ends of bars or boards, straight or arched, on legs or rockers."""
    d, w, h = rng.uniform(0.9, 1.4), rng.uniform(0.5, 0.75), rng.uniform(0.25, 0.6)
    tall, r, low = rng.uniform(0.3, 0.6), rng.uniform(0.012, 0.025), 0.12
    high, n, ends = h + tall, int(rng.integers(6, 16)), rng.choice(["arched", "plain", "bars"])
    z0 = h - rng.uniform(0.05, 0.12)
    parts = [("mattress", ellipsoid((d, w, 0.1), (0, 0, h - 0.02), p=12, sections=16))]
    parts.append(("frame", span((-d / 2, -w / 2, z0 - 0.06), (d / 2, w / 2, z0 + 0.01))))
    parts += _pillows(rng, d, w, h + 0.03)
    open_ = rng.random() < 0.2  # one side let down
    x = np.linspace(-0.46, 0.46, n) * d
    side = join(
        beam((-d / 2, w / 2, high - r), (d / 2, w / 2, high - r), 2 * r, 2 * r),
        _bars(np.c_[x, 0 * x + w / 2], z0, high - r, 0.45 * r),
    )
    parts.append(("frame", side if open_ else pair(side)))
    legs = [beam((s * d / 2, w / 2, 0), (s * d / 2, w / 2, high), 2 * r, 2 * r) for s in (-1, 1)]
    parts.append(("leg", pair(join(*legs))))
    extra = rng.choice([0, 1]) * rng.uniform(0.03, 0.15)
    for name, s, more in (("headboard", -1, extra), ("footboard", 1, extra * rng.choice([0, 1]))):
        if ends == "bars":
            y = np.linspace(-0.4, 0.4, max(4, n // 2)) * w
            bars = _bars(np.c_[0 * y, y], z0, high - r, 0.45 * r)
            end = join(beam((0, -w / 2, high - r), (0, w / 2, high - r), 2 * r, 2 * r), bars)
        else:
            end = _board(rng, w, z0 - low, high + more, str(ends))
        parts.append((name, shift(end, (s * d / 2, 0, 0))))
    if rng.random() < 0.25:  # rockers
        t = np.linspace(-1, 1, 9)
        for s in (-1, 1):
            curve = np.c_[np.full(9, s * d / 2), t * 0.75 * w, 0.12 * t**2 - 0.02]
            parts.append(("leg", sweep(curve, rectangle(2 * r, 2 * r))))
    if rng.random() < 0.4:
        parts.append(("blanket", _blanket(rng, d - 0.04, w - 0.05, h + 0.03, h)))
    return parts


STYLES = {f.__name__: f for f in (framed, platform, captain, iron, canopy, sleigh, bunk, cot)}

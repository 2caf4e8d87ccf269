"""Sofas: they face +x, so the back is at -x of the seat. Sizes before normalising are in metres."""

import numpy as np

from .parts import (
    Part,
    beam,
    box,
    ellipsoid,
    join,
    loft,
    mirror_y,
    pair,
    plate,
    rectangle,
    shift,
    slab,
    span,
    spline,
    superellipse,
    sweep,
    tube,
    turn,
    warp,
)

PARTS = ("seat", "back", "arm", "cushion", "base", "leg")
Parts = list[tuple[str, Part]]
OUT = np.array([0, 1, 0])  # the left arm leans this way


def _size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Depth of the seat, width between the arms and height of the seat's upper face."""
    return rng.uniform(0.5, 0.8), rng.choice([rng.uniform(1.0, 1.6), rng.uniform(1.4, 2.6)]), rng.uniform(0.34, 0.48)


def _row(n: int, size: np.ndarray, at: np.ndarray, p: float, lean: float = 0.0) -> Part:
    """n cushions side by side along y, leaning back; together they take up `size`."""
    one = turn(ellipsoid((size[0], 1.02 * size[1] / n, size[2]), p=p, sections=16), -lean, 1)
    return join(*(shift(one, at + np.array([0, y, 0])) for y in ((np.arange(n) + 0.5) / n - 0.5) * size[1]))


def _feet(rng: np.random.Generator, corners: np.ndarray, h: float) -> Parts:
    """A foot of height h under each corner (K, 2): a block, a cone, a bun or a thin splayed stick."""
    if h < 0.02:
        return []
    kind, r, up = rng.choice(["block", "cone", "bun", "stick"]), rng.uniform(0.02, 0.045), h + 0.02
    middle = np.mean(corners, 0)

    def foot(x: float, y: float) -> Part:
        if kind == "block":
            return box((2 * r, 2 * r, up), (x, y, up / 2))
        if kind == "bun":
            return ellipsoid((3 * r, 3 * r, up), (x, y, up / 2), sections=10, rings=7)
        splay = np.sign((x, y) - middle) * (0.15 * h if kind == "cone" else 0.4 * h)
        thick = r if kind == "cone" else 0.012 + 0.1 * r
        return tube([(x, y, up), (x + splay[0], y + splay[1], 0)], [thick, 0.6 * thick])

    return [("leg", join(*(foot(x, y) for x, y in corners)))]


def _rectangle(x0: float, x1: float, y: float, inset: float = 0.07) -> np.ndarray:
    return np.array([(a, b) for a in (x0 + inset, x1 - inset) for b in (-y + inset, y - inset)])


def _arm(rng: np.random.Generator, x0: float, x1: float, y: float, low: float, high: float) -> Part:
    """The left arm from z = low to high, outward from y: a box, soft, rolled, falling to the front or leaning out."""
    kind, thick = rng.choice(["box", "soft", "rolled", "falling", "flared", "topped"]), rng.uniform(0.07, 0.26)
    size, at = np.array([x1 - x0, thick, high - low]), np.array([(x0 + x1) / 2, y + thick / 2, (low + high) / 2])
    if kind == "soft":
        return ellipsoid(size, at, p=rng.uniform(6, 12), sections=16)
    if kind == "rolled":
        r = rng.uniform(0.55, 0.75) * thick
        roll = tube([(x0, y + thick / 2, high - 0.7 * r), (x1 + 0.01, y + thick / 2, high - 0.7 * r)], r, 14)
        return join(box(size * (1, 0.8, 1) - (0, 0, r), at - (0, 0, r / 2)), roll)
    if kind == "falling":
        t, power, drop = np.linspace(1, 0, 8), rng.uniform(0.8, 3), rng.uniform(0.3, 0.9) * (high - low) * 0.6
        edge = np.c_[x0 + t * (x1 - x0), high + 0.05 - drop * t**power]
        outline = np.concatenate([[(x0, low), (x1, low)], edge])
        return loft(np.stack([np.insert(outline, 1, side, axis=1) for side in (y, y + thick)]))
    if kind == "flared":
        lean = rng.uniform(0.15, 0.5)
        return warp(box(size, at), lambda v: v + lean * (v[:, 2:] - low) * OUT)
    if kind == "topped":
        soft = ellipsoid((size[0] + 0.03, thick * 1.15, 0.12), (*at[:2], high - 0.03), p=6, sections=16)
        return join(box(size, at), soft)
    return box(size, at)


def _back(rng: np.random.Generator, x: float, w: float, low: float, high: float, thick: float) -> Part:
    """A back behind x: a soft block or a board whose upper edge is level, a hump, a dip or waves; it may lean."""
    lean, hump, humps = rng.uniform(0, 0.3), rng.choice([0, 1]) * rng.uniform(-0.12, 0.25), rng.choice([1, 1, 3])
    if rng.random() < 0.5:
        body = ellipsoid((thick, w, high - low), (0, 0, (high - low) / 2), p=rng.uniform(7, 14), sections=16)
    else:
        body = plate([w] * 3, high - low, thick, 14)

    def rake(v: np.ndarray) -> np.ndarray:
        rise = v[:, 2] * (1 + hump * np.abs(np.cos(np.pi * humps * v[:, 1] / w)) ** 1.5)
        return np.c_[v[:, 0] + x - thick / 2 - lean * np.maximum(rise - 0.2, 0), v[:, 1], rise + low]

    return warp(body, rake)


def _loose(rng: np.random.Generator, x: float, w: float, h: float) -> Parts:
    """Up to four loose cushions thrown against the back at x: square, oblong or round."""
    parts = []
    for y in rng.uniform(-0.42, 0.42, rng.choice([0, 0, 1, 2, 3, 4])) * w:
        size, lean = rng.uniform(0.25, min(0.5, 0.15 + 0.2 * w)), rng.uniform(0.15, 0.5)
        one = ellipsoid((0.4 * size, size * rng.uniform(1, 1.4), size), p=rng.uniform(2, 4.5), sections=16)
        one = turn(turn(one, -lean, 1), rng.uniform(-0.4, 0.4))
        parts.append(("cushion", shift(one, (x + 0.08, y, h + 0.43 * size))))
    return parts


def cushioned(rng: np.random.Generator) -> Parts:
    """One to four seats: a block, a cushion a seat, a back with cushions or without, closed arms."""
    d, w, h = _size(rng)
    tall, thick, p = rng.uniform(0.26, 0.55), rng.uniform(0.08, 0.22), rng.uniform(5, 10)
    foot, low = rng.choice([0, 1], p=[0.3, 0.7]) * rng.uniform(0.03, 0.16), rng.uniform(0.45, 0.75) * h
    n = int(np.clip(np.round(w / 0.65 + rng.uniform(-0.5, 0.5)), 1, 4))
    base = slab(rectangle(d + thick, w + 0.1), foot + 0.01, low + 0.02, (-thick / 2, 0), rng.choice([1, 0.96]))
    seat = _row(n, (d + 0.04, w, 1.15 * (h - low)), (0.02, 0, (h + low) / 2), p)
    parts = [("base", base), ("seat", seat)]
    parts.append(("back", _back(rng, -d / 2 + 0.02, w + 0.05, foot + 0.01, h + tall, thick)))
    if rng.random() < 0.7:
        m = n if rng.random() < 0.8 else int(rng.integers(1, 5))
        fat, up = rng.uniform(0.14, 0.26), tall * rng.uniform(0.75, 1.2)
        at = (-d / 2 + fat / 2, 0, h + up / 2 - 0.02)
        parts.append(("back", _row(m, (fat, w, up), at, rng.uniform(3, 7), rng.uniform(0.1, 0.35))))
    if rng.random() < 0.15:  # headrests
        at = (-d / 2 - thick / 2, 0, h + tall + rng.uniform(0.02, 0.1))
        parts.append(("back", _row(n, (0.13, 0.9 * w, 0.24), at, 5, 0.3)))
    if rng.random() < 0.88:
        arm = _arm(rng, -d / 2 - thick, d / 2 + rng.uniform(-0.08, 0.05), w / 2, foot, h + rng.uniform(0.05, 0.3))
        parts.append(("arm", pair(arm)))
    if rng.random() < 0.08:  # a pouffe pushed against it
        pouffe = ottoman(rng)
        rear = min(vertices[:, 0].min() for _, (vertices, _) in pouffe[:2])
        at = (d / 2 + 0.03 - rear, rng.uniform(-0.3, 0.3) * w, 0)
        parts += [(name, shift(part, at)) for name, part in pouffe]
    return parts + _loose(rng, -d / 2 + 0.15, w, h) + _feet(rng, _rectangle(-d / 2, d / 2, w / 2), foot)


def corner(rng: np.random.Generator) -> Parts:
    """L or U: the seat runs on to the front at one end (a chaise, or a second row with its back) or at both."""
    d, w, h = rng.uniform(0.55, 0.8), rng.uniform(1.7, 3.0), rng.uniform(0.34, 0.46)
    kind = rng.choice(["chaise", "row", "both"], p=[0.45, 0.4, 0.15])
    long, wide = rng.uniform(0.4, 0.9) if kind == "chaise" else rng.uniform(0.6, 1.9), rng.uniform(0.55, 0.95)
    foot, low = rng.choice([0, 1]) * rng.uniform(0.03, 0.14), rng.uniform(0.45, 0.75) * h
    tall, thick, p = rng.uniform(0.2, 0.45), rng.uniform(0.08, 0.25), rng.uniform(6, 12)
    fat, end, y = rng.uniform(0.13, 0.22), d / 2 + long, w / 2
    n = max(1, round((w - wide) / rng.uniform(0.6, 1.0)))
    soft, puffed = rng.uniform(0.5, 1.0) * tall, rng.random() < 0.75

    def seat(n: int, deep: float, width: float, x: float, y: float) -> tuple[str, Part]:
        return "seat", _row(n, (deep, width, 1.1 * (h - low)), (x, y, (h + low) / 2), p)

    wing = [("base", span((d / 2 - 0.01, y - wide, foot), (end, y, low)))]
    if kind == "chaise":
        wing.append(seat(1, d + long, wide, long / 2, y - wide / 2))
    else:
        m = max(1, round(long / rng.uniform(0.5, 1.0)))
        wing += [seat(1, long / m, wide, d / 2 + (i + 0.5) * long / m, y - wide / 2) for i in range(m)]
        wing.append(seat(1, d, wide, 0, y - wide / 2))
        wing.append(("back", span((-d / 2 - 0.9 * thick, y - 0.01, foot), (end, y + thick, h + tall - 0.01))))
        if puffed:
            row = turn(_row(m, (fat, long, soft), (0, 0, 0), 4.5, 0.2), -np.pi / 2)
            wing.append(("back", shift(row, ((d / 2 + end) / 2, y - fat / 2 + 0.02, h + soft / 2 - 0.02))))
    wing += _feet(rng, np.array([(end - 0.07, y - wide + 0.07), (end - 0.07, y - 0.07)]), foot)
    parts = [("base", span((-d / 2 - 0.9 * thick, 0.01 - y, foot), (d / 2, y - 0.01, low)))]
    parts.append(("back", span((-d / 2 - thick, -y, foot + 0.01), (-d / 2, y, h + tall))))
    parts += _feet(rng, _rectangle(-d / 2, d / 2, y), foot) + wing
    inner = w - wide * (2 if kind == "both" else 1)
    middle = 0 if kind == "both" else -wide / 2
    parts.append(seat(n, d, inner, 0, middle))
    if puffed:  # cushions along the back, behind a chaise too
        m, across, middle = (n + 1, w, 0) if kind == "chaise" else (n, inner, middle)
        at = (-d / 2 + fat / 2 - 0.02, middle, h + soft / 2 - 0.02)
        parts.append(("back", _row(m, (fat, across, soft), at, 4.5, 0.2)))
    high = h + rng.choice([rng.uniform(0.05, 0.2), tall])
    if kind == "both":
        parts += [(name, mirror_y(part)) for name, part in wing]
    elif rng.random() < 0.8:
        parts.append(("arm", mirror_y(_arm(rng, -d / 2 - thick, d / 2, y - 0.01, foot, high))))
    if kind == "chaise" and rng.random() < 0.6:  # an arm beside the chaise, short or along it
        parts.append(("arm", _arm(rng, -d / 2 - thick, rng.choice([d / 2, end]), y - 0.01, foot, high)))
    parts += _loose(rng, -d / 2 + 0.15, w, h)
    return parts if rng.random() < 0.5 else [(name, mirror_y(part)) for name, part in parts]


def chesterfield(rng: np.random.Generator) -> Parts:
    """Back and arms one wall around the seat, rolled outward above; it may fall towards the front."""
    d, w, h = _size(rng)
    high, foot, r = h + rng.uniform(0.15, 0.42), rng.uniform(0.03, 0.14), rng.uniform(0.05, 0.12)
    bend, drop = rng.uniform(0.05, 0.3), rng.choice([0, 1]) * rng.uniform(0.1, 0.8) * (high - h)
    thick, low = rng.uniform(0.08, 0.16), 0.6 * h
    x0, y = -d / 2 - thick / 2, w / 2 + thick / 2
    angle = np.linspace(0, np.pi / 2, 5)
    bow = np.c_[x0 + bend * (1 - np.sin(angle)), y - bend * (1 - np.cos(angle))]
    side = np.concatenate([np.c_[np.linspace(d / 2, x0 + bend, 6)[:-1], np.full(5, y)], bow])
    plan = np.concatenate([side, side[::-1] * (1, -1)])
    fall = drop * np.clip((plan[:, 0] - x0 - bend) / (d - bend), 0, 1) ** rng.uniform(1, 2.5)
    rings = np.empty((len(plan), 4, 3))
    normal = np.c_[-np.gradient(plan[:, 1]), np.gradient(plan[:, 0])]
    normal /= -np.linalg.norm(normal, axis=1, keepdims=True)
    rings[..., :2] = plan[:, None] + normal[:, None] * (thick * np.array([-0.5, 0.5, 0.5, -0.5]))[:, None]
    rings[..., 2] = np.stack([0 * fall + foot, 0 * fall + foot, high - fall, high - fall], 1)
    roll = tube(np.c_[plan + normal * 0.4 * r, high - fall - 0.3 * r], r, 12)
    parts = []
    for (vertices, faces), s in ((loft(rings), 4), (roll, 12)):
        station = faces.min(1) // s
        is_back = (station >= 6) & (station < len(plan) - 7)
        parts += [("arm", (vertices, faces[~is_back])), ("back", (vertices, faces[is_back]))]
    n = int(rng.integers(1, 4))
    parts.append(("base", span((-d / 2 - 0.02, -w / 2 - 0.02, foot + 0.01), (d / 2 - 0.01, w / 2 + 0.02, low + 0.02))))
    parts.append(("seat", _row(n, (d + 0.06, w, 1.15 * (h - low)), (0, 0, (h + low) / 2), rng.uniform(5, 9))))
    return parts + _loose(rng, -d / 2 + 0.06, w, h) + _feet(rng, _rectangle(-d / 2, d / 2, w / 2 + thick, 0.05), foot)


def framed(rng: np.random.Generator) -> Parts:
    """A frame of wood or tube that shows: thin legs, open arms or none, slats or cushions for a back."""
    d, w, h = _size(rng)
    r, tall, lean = rng.uniform(0.012, 0.03), rng.uniform(0.25, 0.5), rng.uniform(0.08, 0.3)
    pad, n, y = rng.uniform(0.06, 0.18), int(rng.integers(1, 4)), w / 2 + rng.uniform(0, 0.05)
    z, up, splay = h - pad, rng.uniform(0.14, 0.28), rng.choice([0, 1]) * rng.uniform(0, 0.1)
    low, kind, arms = z - rng.uniform(0.02, 0.08), rng.choice(["wood", "tube"]), rng.random() < 0.65
    head = np.array([-d / 2 - lean * tall, y, h + tall * rng.uniform(0.7, 1)])
    foot = np.array([-d / 2 - splay, y, 0])
    parts = [("base", span((-d / 2, -y, low), (d / 2, y, z + 0.01)))]
    parts.append(("seat", _row(n, (d, w, pad), (0, 0, h - pad / 2), rng.uniform(6, 14))))
    front = [(d / 2 - r + splay, y, 0), (d / 2 - r, y, h + up if arms else z)]
    rear = np.array([foot, (-d / 2 + r, y, z), head])
    if kind == "wood":
        side = [beam(*front, 2.5 * r, 2 * r), beam(*rear[:2], 2.5 * r, 2 * r)]
    else:
        side = [tube(front, r), tube(rear[:2], r)]
    parts.append(("leg", pair(join(*side))))
    if arms:
        at = rear[1] + (head - rear[1]) * up / (head[2] - rear[1][2])
        rest = sweep([(*at[:2], h + up), (d / 2 + 0.03, y, h + up + rng.uniform(0, 0.04))], rectangle(3 * r, 1.2 * r))
        parts.append(("arm", pair(rest)))
    slats, m = rng.choice(["upright", "level", "board"]), int(rng.integers(4, 14))
    back = [pair(tube(rear[1:], r)), tube([head, head * (1, -1, 1)], r)]
    if slats == "upright":
        back += [tube([rear[1] * (1, s, 1), head * (1, s, 1)], 0.6 * r, 6) for s in np.linspace(-0.9, 0.9, m)]
    elif slats == "level":
        for t in np.linspace(0.25, 0.9, 2 + m // 4):
            at = rear[1] + t * (head - rear[1])
            back.append(beam(at, at * (1, -1, 1), 0.6 * r, 0.08))
    else:
        back.append(sweep([rear[1] * (1, 0, 1), head * (1, 0, 1)], rectangle(2 * y, r)))
    parts.append(("back", join(*back)))
    if slats == "board" or rng.random() < 0.7:
        fat = rng.uniform(0.1, 0.2)
        at = (-d / 2 + 0.4 * fat - 0.4 * lean * tall, 0, h + tall / 2 - 0.01)
        parts.append(("back", _row(n, (fat, w, tall), at, rng.uniform(4, 9), np.arctan(lean))))
    return parts + _loose(rng, -d / 2 + 0.1, w, h)


def _scrolled(rng: np.random.Generator, d: float, w: float, h: float) -> Parts:
    """Seat and left arm one bent mattress that ends in a scroll; the back, if any, falls away from it."""
    tall, thick, r, foot = (
        rng.uniform(0.25, 0.5),
        rng.uniform(0.08, 0.16),
        rng.uniform(0.03, 0.08),
        rng.uniform(0.05, 0.2),
    )
    far = rng.choice([0.0, rng.uniform(0.2, 0.6)]) * tall  # how far the other end comes up
    line = [(-0.55 * w, h + far), (-0.45 * w, h + far / 3), (-0.3 * w, h), (0.25 * w, h), (0.42 * w, h + 0.2 * tall)]
    line = spline([*line, (0.5 * w, h + 0.7 * tall), (0.58 * w, h + tall)], 22)
    vertices, faces = sweep(np.insert(line - (0, thick / 2), 0, 0, axis=1), rectangle(d, thick))
    is_arm = faces.min(1) // 4 >= 14
    scroll = tube([(-d / 2, 0.58 * w + r, h + tall - r), (d / 2, 0.58 * w + r, h + tall - r)], r + 0.4 * thick, 12)
    parts = [("seat", (vertices, faces[~is_arm])), ("arm", (vertices, faces[is_arm])), ("arm", scroll)]
    parts.append(("base", span((-0.48 * d, -0.42 * w, foot), (0.48 * d, 0.4 * w, h - 0.6 * thick))))
    reach, power = rng.uniform(0.4, 0.95) * w, rng.uniform(0.5, 2.5)

    def fall(v: np.ndarray) -> np.ndarray:
        t = 0.5 - v[:, 1]
        z = v[:, 2] * np.maximum(1 - t**power, 0.1)
        return np.c_[v[:, 0] + 0.03 - d / 2, 0.5 * w - t * reach, h - 0.1 + z]

    if rng.random() < 0.8:
        back = plate([1] * 3, tall * rng.uniform(0.8, 1.1) + 0.1, 0.07, 14)
        parts.append(("back", warp(back, fall)))
    if rng.random() < 0.5:
        bolster = tube([(-0.4 * d, 0.33 * w, h + 0.1), (0.4 * d, 0.33 * w, h + 0.1)], 0.11, 12)
        parts.append(("cushion", bolster))
    return parts + _feet(rng, _rectangle(-d / 2, d / 2, 0.42 * w), foot)


def _daybed(rng: np.random.Generator, d: float, w: float, h: float) -> Parts:
    """A mattress between two like ends."""
    pad, high, t = rng.uniform(0.1, 0.2), h + rng.uniform(0.1, 0.45), rng.uniform(0.03, 0.08)
    low, lean = h - pad - 0.1, rng.uniform(0, 0.4)
    parts = [("base", span((-d / 2, -w / 2, low), (d / 2, w / 2, h - pad + 0.01)))]
    parts.append(("seat", ellipsoid((d, w, pad), (0, 0, h - pad / 2), p=rng.uniform(6, 12), sections=20)))
    end = span((-(d + t) / 2, w / 2 - 0.01, low - 0.01), ((d + t) / 2, w / 2 + t, high))
    parts.append(("arm", pair(warp(end, lambda v: v + lean * (v[:, 2:] - low + 0.01) * OUT))))
    if rng.random() < 0.6:
        parts.append(("back", _back(rng, -d / 2 + 0.02, w + t, low, high, t)))
        parts.append(("back", _row(3, (0.16, w, 0.3), (-d / 2 + 0.09, 0, h + 0.13), 4, 0.2)))
    if rng.random() < 0.6:
        bolster = tube([(-0.45 * d, w / 2 - 0.08, h + 0.08), (0.45 * d, w / 2 - 0.08, h + 0.08)], 0.1, 12)
        parts.append(("cushion", pair(bolster)))
    return parts + _feet(rng, _rectangle(-d / 2, d / 2, w / 2, 0.04), low)


def _deep(rng: np.random.Generator, w: float, d: float, h: float) -> Parts:
    """A seat long enough for the legs, its back at the short side, an arm on the left."""
    w, tall, thick = w * rng.uniform(0.9, 1.5), rng.uniform(0.25, 0.5), rng.uniform(0.1, 0.2)
    foot, low, p = rng.uniform(0.05, 0.2), 0.55 * h, rng.uniform(6, 12)
    parts = [("base", span((-d / 2, -w / 2, foot), (d / 2, w / 2, low + 0.02)))]
    parts.append(("seat", ellipsoid((d, w, 1.1 * (h - low)), (0, 0, (h + low) / 2), p=p, sections=20)))
    parts.append(("back", _back(rng, 0.02 - d / 2, w, foot, h + tall, thick)))
    parts.append(("back", _row(1, (0.2, w, tall), (0.08 - d / 2, 0, h + tall / 2), 5, 0.3)))
    if rng.random() < 0.75:
        reach = rng.uniform(-0.1, 0.3) * d
        parts.append(("arm", _arm(rng, -d / 2 - thick, reach, w / 2, foot, h + rng.uniform(0.1, 0.25))))
    return parts + _feet(rng, _rectangle(-d / 2, d / 2, w / 2), foot) + _loose(rng, 0.2 - d / 2, w, h)


def chaise(rng: np.random.Generator) -> Parts:
    """Made to lie on: one end scrolled up, two ends on a daybed, or a deep seat that stretches to the front."""
    kind = (_scrolled, _daybed, _deep)[rng.integers(3)]
    parts = kind(rng, rng.uniform(0.55, 0.85), rng.uniform(1.3, 1.9), rng.uniform(0.32, 0.46))
    return parts if rng.random() < 0.5 else [(name, mirror_y(part)) for name, part in parts]


def opened(rng: np.random.Generator) -> Parts:
    """A sofa bed pulled out to the front: two or three mattress leaves, the last on thin legs or a box."""
    d, w, h = rng.uniform(0.55, 0.8), rng.uniform(1.1, 1.9), rng.uniform(0.26, 0.44)
    pad, n, p = rng.uniform(0.08, 0.2), int(rng.integers(1, 4)), rng.uniform(6, 14)
    long, low, tall = rng.uniform(1.2, 2.1), h - pad, rng.uniform(0.08, 0.45)
    x1, leaf = long - d / 2, long / n
    leaves = [ellipsoid((1.02 * leaf, w, pad), (-d / 2 + (i + 0.5) * leaf, 0, h - pad / 2), p, 20) for i in range(n)]
    parts = [("seat", join(*leaves))]
    foot = rng.choice([0, 1]) * rng.uniform(0.03, 0.12)
    parts.append(("base", span((-d / 2, -w / 2, min(foot, low - 0.06)), (d / 2, w / 2, low + 0.01))))
    parts += _feet(rng, _rectangle(-d / 2, d / 2, w / 2), min(foot, low - 0.06))
    parts.append(("base", span((d / 2 - 0.02, -0.47 * w, low - 0.04), (0.98 * x1, 0.47 * w, low + 0.01))))
    if rng.random() < 0.3:
        parts.append(("base", span((0.7 * x1, -0.47 * w, 0), (0.97 * x1, 0.47 * w, low))))
    else:
        r, x = rng.uniform(0.01, 0.025), 0.9 * x1
        y = 0.45 * w
        path = [(x, y, low), (x, y, r), (x, -y, r), (x, -y, low)]
        legs = tube(path, r) if rng.random() < 0.4 else pair(tube(path[:2], r))
        parts.append(("leg", legs))
    thick = rng.uniform(0.08, 0.25)
    parts.append(("back", _back(rng, 0.03 - d / 2, w, min(foot, low - 0.06) + 0.01, h + tall, thick)))
    if rng.random() < 0.55:
        arm = _arm(rng, -d / 2 - thick, d / 2, w / 2 - 0.01, min(foot, low - 0.06), h + rng.uniform(0.03, 0.3))
        parts.append(("arm", pair(arm)))
    if rng.random() < 0.4:
        at = (-d / 2 + 0.25, 0, h + 0.03)
        parts.append(("cushion", _row(2, (0.42, 0.9 * w, 0.13), at, rng.uniform(3, 5))))
    return parts + _loose(rng, -d / 2 + 0.1, w, h)


def curved(rng: np.random.Generator) -> Parts:
    """Bent round whoever stands before it: seat and back on an arc."""
    radius, d, h = rng.uniform(0.9, 2.2), rng.uniform(0.5, 0.75), rng.uniform(0.34, 0.46)
    reach = rng.uniform(0.9, 1.8) / radius
    reach, p = min(reach, 0.75 * np.pi), rng.uniform(4, 10)
    low, foot, tall = rng.uniform(0.45, 0.7) * h, rng.choice([0, 1]) * rng.uniform(0.04, 0.16), rng.uniform(0.2, 0.45)
    thick, power, drop = rng.uniform(0.1, 0.25), rng.uniform(1.5, 5), rng.choice([0, 1]) * rng.uniform(0.3, 1)

    def arc(r: float, half: float, z: float = 0, n: int = 15) -> np.ndarray:
        angle = np.pi + np.linspace(-half, half, n)
        return np.c_[radius + r * np.cos(angle), r * np.sin(angle), np.full(n, z)]

    n = int(rng.integers(1, 5))
    parts = [("base", sweep(arc(radius, 0.97 * reach, (foot + low) / 2), rectangle(low - foot + 0.02, 0.94 * d)))]
    tip = np.r_[0.85, 0.97, np.ones(11), 0.97, 0.85]
    for i in range(n):  # leaves of the seat
        path = arc(radius, reach / n, (h + low) / 2)
        leaf = sweep(path, superellipse((h - low) * 0.57, d / 2, p, 16), tip if n == 1 else 1.0)
        parts.append(("seat", turn(leaf, (2 * i - n + 1) * reach / n, 2, (radius, 0, 0))))
    path = arc(radius + d / 2, reach * rng.uniform(0.75, 1.02), 0)
    t = np.abs(np.linspace(-1, 1, 15)) ** power
    high = (h + tall) - drop * tall * t
    path[:, 2] = (foot + high) / 2
    back = sweep(path, superellipse(1, 1, p + 2, 16), np.c_[(high - foot) / 2, np.full(15, thick / 2)])
    parts.append(("back", back))
    ends = arc(radius, reach * 0.88, 0, 4)[:, :2]
    parts += _feet(rng, np.concatenate([ends + s * np.array([0.25 * d, 0]) for s in (-1, 1)]), foot)
    if rng.random() < 0.3:
        end = arc(radius, reach, 0, 2)[1]
        arm = box((d, 0.16, h + 0.15 - foot), (0, 0, (h + 0.15 + foot) / 2))
        angle = np.arctan2(end[1], end[0] - radius)
        parts.append(("arm", pair(shift(turn(arm, angle), end))))
    return parts + _loose(rng, -d / 2 + 0.2, reach * radius, h)


def ottoman(rng: np.random.Generator) -> Parts:
    """The pouffe or bench that goes with it: no back; square, long, round or a drum, on legs or on the floor."""
    d, h = rng.uniform(0.4, 0.8), rng.uniform(0.3, 0.5)
    w = d * rng.choice([1.0, rng.uniform(1, 1.4), rng.uniform(1.4, 3)])
    p, foot = rng.choice([2, 4, 20]), rng.choice([0, 1], p=[0.3, 0.7]) * rng.uniform(0.06, 0.3) * h / 0.4
    low = foot + rng.uniform(0.05, 0.75) * (h - foot)
    corner = 0.5 ** (1 / p) * 0.9
    outline = superellipse(d / 2, w / 2, p, 24)
    base = slab(outline, foot, low + 0.01, scale=rng.choice([1.0, rng.uniform(0.9, 1.1)]))
    if rng.random() < 0.4:
        seat = slab(1.03 * outline, low, h, scale=rng.choice([1.0, rng.uniform(0.85, 1)]))
    else:
        size = (1.04 * d, 1.04 * w, 1.1 * (h - low))
        seat = ellipsoid(size, (0, 0, (h + low) / 2), p=max(min(p, rng.uniform(5, 12)), 3), sections=24)
    parts = [("base", base), ("seat", seat)]
    if p == 20 and rng.random() < 0.35:  # ends that roll up, as on a window seat
        r = rng.uniform(0.05, 0.09)
        roll = pair(tube([(-d / 2, w / 2, h + r / 2), (d / 2, w / 2, h + r / 2)], r, 12))
        parts.append(("arm", roll))
    if rng.random() < 0.2:
        parts.append(("cushion", ellipsoid((0.7 * d, 0.5 * d, 0.15), (0, 0, h + 0.05), p=4, sections=16)))
    return parts + _feet(rng, _rectangle(-corner * d / 2, corner * d / 2, corner * w / 2, 0.05), foot)


STYLES = {f.__name__: f for f in (cushioned, corner, chesterfield, framed, chaise, opened, curved, ottoman)}

"""Benches: long along y; who sits on one looks to +x. Sizes before normalising are in metres."""

import numpy as np

from .parts import (
    Part,
    around,
    beam,
    box,
    boxes,
    ellipsoid,
    join,
    loft,
    pair,
    plate,
    rectangle,
    revolve,
    shift,
    slab,
    spline,
    superellipse,
    sweep,
    tube,
    turn,
    warp,
)

PARTS = ("seat", "back", "leg", "arm", "cushion", "table", "box")
Parts = list[tuple[str, Part]]


def _size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Depth, width and height of the seat's upper face: from one that holds two to one that holds six."""
    d = rng.uniform(0.3, 0.52)
    return d, d * rng.choice([rng.uniform(1.7, 3), rng.uniform(3, 5)]), rng.uniform(0.36, 0.5)


def _prism(outline: np.ndarray, thick: float, y: float = 0.0) -> Part:
    """An outline in the x-z plane (S, 2), given a thickness along y about `y`."""
    x, z = np.asarray(outline, float).T
    return loft(np.stack([np.c_[x, np.full(len(x), y + s * thick / 2), z] for s in (-1, 1)]))


def _planks(rng: np.random.Generator, d: float, w: float, h: float, thick: float) -> Part:
    """The seat: one board, boards lengthwise or many short ones across, on bearers, their upper face at h."""
    kind, gap, z = rng.choice(["board", "round", "along", "across"]), rng.uniform(0.55, 0.93), h - thick / 2
    if kind == "board":
        return box((d, w, thick), (0, 0, z))
    if kind == "round":
        return slab(superellipse(d / 2, w / 2, rng.uniform(5, 12), 24), h - thick, h)
    low = h - 1.4 * thick
    if kind == "along":
        n = int(rng.integers(2, 8))
        x = (np.arange(n) + 0.5) / n * d - d / 2
        bearers = pair(box((0.96 * d, 0.05, thick), (0, 0.38 * w, low)))
        return join(bearers, boxes((gap * d / n, w, thick), np.c_[x, 0 * x, 0 * x + h - thick]))
    n = int(rng.integers(10, 25))
    y = (np.arange(n) + 0.5) / n * w - w / 2
    bearers = [box((0.05, 0.97 * w, thick), (s * 0.35 * d, 0, low)) for s in (-1, 1)]
    return join(*bearers, boxes((d, gap * w / n, thick), np.c_[0 * y, y, 0 * y + h - thick]))


def plank(rng: np.random.Generator) -> Parts:
    """Without a back: planks on blocks, panels, four legs, trestles, crosses, or bent tubes that may rise to arms."""
    d, w, h = _size(rng)
    thick, y, r = rng.uniform(0.02, 0.09), w / 2 * rng.uniform(0.6, 0.94), rng.uniform(0.014, 0.03)
    parts = [("seat", _planks(rng, d, w, h, thick))]
    kind, z = rng.choice(["blocks", "four", "trestle", "cross", "tube"]), h - 0.8 * thick
    x, splay, bar = 0.42 * d, rng.choice([0, 1]) * rng.uniform(0, 0.1), rng.uniform(0.03, 0.08)
    if kind == "blocks":
        wide = rng.choice([rng.uniform(0.03, 0.06), rng.uniform(0.1, 0.3)])
        size = (d * rng.uniform(0.7, 0.98), wide, z)
        return [*parts, ("leg", pair(box(size, (0, y - wide / 2, z / 2), (rng.uniform(0.7, 1.1), 1))))]
    if kind == "tube":  # an arch a side, under the seat or above it
        up, out = h + rng.choice([-0.02, rng.uniform(0.1, 0.25)]), d / 2 + rng.uniform(0, 0.03)
        path = [(out + splay, 0), (out, h - 0.02), (0.9 * out, up - 0.03), (0.6 * out, up)]
        path = spline(path + [(-a, b) for a, b in path[::-1]], 22)
        arch = tube(np.c_[path[:, 0], np.full(22, w / 2 - r), path[:, 1]], r)
        rail = beam((-out, w / 2 - r, h - thick), (out, w / 2 - r, h - thick), r, r)
        return [*parts, ("arm" if up > h else "leg", pair(arch)), ("leg", pair(rail))]
    legs, aside, taper = [], splay * rng.integers(2), rng.uniform(0.6, 1)
    radii = spline(rng.uniform(0.6, 1.3, (5, 1)), 9)[:, 0] * bar / 2
    turned = rng.random() < 0.3
    for s in (-1, 1):
        head, foot = np.array([s * x, y, z]), np.array([s * (x + splay), y + aside, 0])
        if kind == "cross":
            foot[0] *= -1
        path = head + (foot - head) * np.linspace(0, 1, 9)[:, None]
        legs.append(tube(path, radii) if turned else beam(head, foot, bar, bar * (1 + 0.1 * s), taper))
    parts.append(("leg", pair(join(*legs))))
    low = h * rng.uniform(0.15, 0.45)
    if kind == "trestle" or rng.random() < 0.4:
        parts.append(("leg", pair(beam((-x, y, low), (x, y, low), bar, bar))))
        parts.append(("leg", beam((0, -y, low), (0, y, low), 0.7 * bar, bar)))
    if kind != "cross" and rng.random() < 0.4:  # the frame under the seat
        parts.append(("leg", join(*(box((0.03, 2 * y, 0.08), (s * x, 0, z - 0.03)) for s in (-1, 1)))))
    return parts


def park(rng: np.random.Generator) -> Parts:
    """Slats along a bent profile, seat and back in one, on ends of iron, concrete, wood or tube, often with arms."""
    d, w, h = _size(rng)
    tall, lean, dip = rng.uniform(0.28, 0.5), rng.uniform(0.05, 0.28), rng.uniform(0, 0.05)
    corner = (-d / 2 + 0.03, h - dip)
    knots = [(d / 2, h - rng.uniform(0, 0.05)), (0.15 * d, h - dip / 2), corner]
    knots += [(corner[0] - 0.25 * lean - 0.03, h + 0.25 * tall), (corner[0] - lean - 0.03, h + tall)]
    profile = spline(knots, 41)  # the seat up to row 20, the back from there
    angle = np.arctan2(*np.gradient(profile, axis=0).T[::-1])
    thick, n_seat, n_back = rng.uniform(0.015, 0.045), int(rng.integers(2, 8)), int(rng.integers(1, 7))
    parts: Parts = []
    for name, n, rows in (("seat", n_seat, (1, 18)), ("back", n_back, (25 - n_back // 2, 39))):
        at = np.linspace(*rows, n).round().astype(int) if n > 1 else np.array([rng.integers(33, 37)])
        wide = min(0.9 * (d if name == "seat" else 0.85 * tall) / n * rng.uniform(0.6, 1), 0.2)
        slats = [shift(turn(box((wide, w, thick)), -angle[i], 1), np.insert(profile[i], 1, 0)) for i in at]
        parts.append((name, join(*slats)))
    deep = rng.uniform(0.02, 0.05)
    inset, thin = rng.uniform(0.0, 0.15) * w, rng.uniform(0.02, 0.06)
    under = profile + 0.45 * (thick + deep) * np.c_[np.sin(angle), -np.cos(angle)]
    x, y = d / 2, np.full(41, w / 2 - inset - thin / 2)
    rail = sweep(np.c_[under[:, 0], y, under[:, 1]][::4], rectangle(thin, deep))
    kind = rng.choice(["iron", "concrete", "wood", "sled"])
    rear, front, y = -d / 2 - rng.uniform(-0.05, 0.12), d / 2 + rng.uniform(-0.04, 0.05), y[0]
    if kind == "iron":  # cast in a bow
        sway, steps = rng.uniform(-0.06, 0.08), np.linspace(thin * 0.8, thin * 0.5, 9)
        fore = spline([(0.4 * d, y, h - 0.03), (0.4 * d + sway, y, 0.55 * h), (0.36 * d, y, 0.2 * h), (front, y, 0)], 9)
        hind = spline([(-0.4 * d, y, h - 0.03), (-0.4 * d + sway, y, 0.55 * h), (rear, y, 0)], 9)
        legs = [tube(fore, steps), tube(hind, steps), beam((0.36 * d, y, 0.25 * h), (-0.4 * d, y, 0.4 * h), thin, thin)]
    elif kind == "concrete":
        narrow, cut = rng.uniform(0.4, 1.0), rng.uniform(0.3, 0.8) * h
        outline = [(x, h - 0.03), (x * narrow, cut), (x * 0.95, 0), (rear, 0), (-x * narrow, cut), (-x, h - 0.03)]
        legs = [_prism(outline, thin * 1.8, y)]
    elif kind == "wood":
        legs = [beam((0.42 * d, y, h - 0.03), (front, y, 0), thin, thin), beam((-x, y, h), (rear, y, 0), thin, thin)]
        legs.append(beam((0.42 * d, y, 0.4 * h), (rear / 2 - x / 2, y, 0.4 * h), thin, thin))
    else:
        path = [(0.4 * d, y, h - 0.03), (front, y, 0.05), (front - 0.04, y, 0.01), (rear + 0.04, y, 0.01)]
        legs = [tube([*path, (rear, y, 0.05), (-0.45 * d, y, h - 0.02)], 0.5 * thin)]
    ends = pair(join(rail, *legs))
    if w > 1.5 and rng.random() < 0.4:  # a third one in the middle
        ends = join(ends, shift(join(rail, *legs), (0, -y, 0)))
    parts.append(("leg", ends))
    if rng.random() < 0.6:
        up = h + min(rng.uniform(0.16, 0.26), 0.8 * tall)
        i = 20 + np.argmin(np.abs(profile[20:, 1] - up))
        bend = [(0.9 * x, y, up), (x, y, up - 0.07), (0.85 * x, y, h - 0.04)]
        bend = [(x, y, up), (0.85 * x, y, h - 0.04)] if rng.random() < 0.4 else bend
        path = spline([(*profile[i, :1], y, up), (0, y, up + rng.uniform(-0.01, 0.03)), *bend], 14)
        parts.append(("arm", pair(sweep(path, rectangle(max(thin, 0.04), 0.02)))))
    return parts


def settle(rng: np.random.Generator) -> Parts:
    """Joined of wood: posts that run up into the back, rails or slats between them, stretchers, arms or none."""
    d, w, h = _size(rng)
    r, tall, lean = rng.uniform(0.02, 0.05), rng.uniform(0.28, 0.6), rng.choice([0, 1]) * rng.uniform(0.02, 0.12)
    x, y, thick = d / 2 - r, w / 2 - r, rng.uniform(0.025, 0.08)
    seat = _planks(rng, d, w, h, thick) if rng.random() < 0.5 else box((d, w, thick), (0, 0, h - thick / 2))
    parts = [("seat", seat)]
    parts.append(("leg", pair(join(*(beam((s * x, y, h - 0.01), (s * x, y, 0), 2 * r, 2 * r) for s in (-1, 1))))))
    low = h * rng.uniform(0.15, 0.45)
    if rng.random() < 0.7:
        parts.append(("leg", pair(beam((-x, y, low), (x, y, low), 1.2 * r, 1.6 * r))))
        at = rng.choice([0, 1]) * -x
        parts.append(("leg", beam((at, -y, low), (at, y, low), 1.2 * r, 1.6 * r)))
    inner, kind = w - 2 * r, rng.choice(["rails", "slats", "board", "cross"])
    rail_low, high = rng.uniform(0.1, 0.4) * tall, rng.uniform(0.06, 0.14)
    cap = rng.choice([w, inner])  # the top rail lies on the posts or between them
    bars = [box((1.5 * r, cap, high), (0, 0, tall - high / 2 + (0.002 if cap == w else -0.02)))]
    if kind == "rails":
        n = int(rng.integers(1, 4))
        bars += [box((r, inner, high * 0.8), (0, 0, z)) for z in np.linspace(rail_low, tall - high, n, endpoint=False)]
    elif kind == "board":
        bars.append(box((r, inner, tall - rail_low), (0, 0, (tall + rail_low) / 2 - 0.02)))
    else:
        bars.append(box((1.2 * r, inner, 0.05), (0, 0, rail_low)))
        n = int(w * rng.uniform(4, 10)) if kind == "slats" else max(1, round(w / 0.7))
        wide = inner / n
        for b in (np.arange(n) + 0.5) * wide - inner / 2:
            if kind == "slats":
                bars.append(box((0.7 * r, 0.5 * wide, tall - rail_low), (0, b, (tall + rail_low) / 2)))
            else:
                ends = np.array([(0, -wide / 2, rail_low), (0, wide / 2, tall - high / 2)])
                bars += [shift(beam(*(ends * (1, s, 1)), r * (1 + 0.1 * s), r), (0, b, 0)) for s in (-1, 1)]
    posts = pair(beam((0, y, -0.02), (0, y, tall), 2 * r, 2 * r))
    rake = np.array([-x, 0, h])
    parts.append(("back", warp(join(posts, *bars), lambda v: v + rake - np.c_[lean * v[:, 2:] / tall, 0 * v[:, :2]])))
    if rng.random() < 0.4:
        up = rng.uniform(0.16, 0.25)
        arm = join(beam((x, y, h - 0.02), (x, y, h + up), 2 * r, 2 * r), box((d, 2.4 * r, 0.03), (0, y, h + up)))
        parts.append(("arm", pair(arm)))
    if rng.random() < 0.25:
        parts.append(("cushion", ellipsoid((0.95 * d, 0.95 * w, 0.09), (0, 0, h + 0.035), p=7, sections=20)))
    return parts


def block(rng: np.random.Generator) -> Parts:
    """Stone or concrete: a solid, a slab on blocks, a bent sheet; some with boards on top, some with a back."""
    d, w, h = _size(rng)
    d, w = np.array([d, w]) * rng.uniform(1, 1.4)
    p = rng.choice([4.0, 14.0])
    outline, thick = superellipse(d / 2, w / 2, p, 28), rng.uniform(0.07, 0.16)
    kind, boards = rng.choice(["solid", "slab", "sheet", "bowed"]), rng.random() < 0.35
    if kind == "solid":
        foot = rng.choice([0.0, rng.uniform(0.03, 0.08)])
        stone = slab(outline, foot, h, scale=rng.uniform(0.85, 1.15))
        parts = [("leg", slab(outline * (0.85, 0.9), 0, foot + 0.01)), ("seat", stone)] if foot else [("seat", stone)]
    elif kind == "slab":
        wide, flare = rng.uniform(0.1, 0.3), rng.uniform(0.7, 1.2)
        at = (0, w * rng.uniform(0.25, 0.38))
        feet = slab(superellipse(0.4 * d, wide / 2, p, 16), 0, h - thick + 0.01, at, flare)
        parts = [("seat", slab(outline, h - thick, h)), ("leg", pair(feet))]
    elif kind == "sheet":
        lean = rng.uniform(-0.1, 0.1)
        path = [(0, -w / 2 - lean, 0), (0, -w / 2, h - thick / 2), (0, w / 2, h - thick / 2), (0, w / 2 + lean, 0)]
        parts = [("seat", sweep(path, rectangle(d, 0.7 * thick)))]
    else:  # a solid with a hollow seat
        y = np.linspace(-w / 2, w / 2, 9)
        top = h - rng.uniform(0.03, 0.09) * (1 - (2 * y / w) ** 2)
        rings = np.zeros((9, 4, 3))
        rings[..., 0], rings[..., 1], rings[:, 1:3, 2] = rectangle(d, 1)[:, 0], y[:, None], top[:, None]
        parts = [("seat", loft(rings))]
    if boards and kind != "bowed":
        n = int(rng.integers(2, 6))
        x = ((np.arange(n) + 0.5) / n - 0.5) * 0.85 * d
        parts.append(("seat", boxes((0.65 * d / n, 0.9 * w, 0.04), np.c_[x, 0 * x, 0 * x + h - 0.005])))
    if kind != "sheet" and rng.random() < 0.3:
        tall, lean = rng.uniform(0.25, 0.45), rng.uniform(0, 0.12)
        back = plate(np.linspace(0.94, rng.uniform(0.8, 0.94), 6) * w, tall + 0.05, rng.uniform(0.06, 0.14))
        at = np.array([-0.4 * d, 0, h - 0.05])
        parts.append(("back", warp(back, lambda v: v + at - np.c_[lean * v[:, 2:] / tall, 0 * v[:, :2]])))
    return parts


def upholstered(rng: np.random.Generator) -> Parts:
    """A padded seat, whole, in two or tufted, on legs or a plinth; with rolls at the ends, or a low back."""
    d, w, h = _size(rng)
    d, w = np.array([d, w]) * rng.uniform(1, 1.3)
    thick, p = rng.uniform(0.07, 0.2), rng.uniform(5, 9)
    low, z = h - thick, h - thick / 2
    n, m = (1, 1) if rng.random() < 0.55 else (int(rng.integers(1, 4)), int(rng.integers(2, 6)))
    tuft = ellipsoid((1.03 * d / n, 1.03 * w / m, thick), (0, 0, z), p, 16, 7)
    middles = [(d * ((i + 0.5) / n - 0.5), w * ((j + 0.5) / m - 0.5), 0) for i in range(n) for j in range(m)]
    rail = rng.uniform(0.03, 0.1)
    parts = [("cushion", join(*(shift(tuft, at) for at in middles)))]
    parts += [("seat", box((0.96 * d, 0.98 * w, rail), (0, 0, low - rail / 2 + 0.02)))]
    kind, r, top = rng.choice(["legs", "cross", "plinth", "swept"]), rng.uniform(0.015, 0.035), low - rail + 0.03
    x, y, splay = 0.44 * d, 0.46 * w, rng.choice([0, 1]) * rng.uniform(0, 0.08)
    if kind == "plinth":
        parts.append(("leg", box((0.88 * d, 0.94 * w, top), (0, 0, top / 2), rng.uniform(0.95, 1.06))))
    elif kind == "cross":
        bars = [beam((s * x, 0.85 * y, top), (-s * x, 0.85 * y, 0), 1.5 * r, 1.5 * r) for s in (-1, 1)]
        parts.append(("leg", join(pair(join(*bars)), beam((0, -0.85 * y, top / 2), (0, 0.85 * y, top / 2), r, r))))
    else:
        radii = r * (spline(rng.uniform(0.5, 1.5, (5, 1)), 8)[:, 0] if kind == "legs" else np.linspace(1.6, 0.7, 8))
        t, sway = np.linspace(0, 1, 8), rng.uniform(0.01, 0.04) * (kind == "swept")
        out = x + splay * t + sway * np.sin(2 * np.pi * t)
        legs = [tube(np.c_[s * out, y + splay * t, top * (1 - t)], radii) for s in (-1, 1)]
        parts.append(("leg", pair(join(*legs))))
    extra = rng.choice(["none", "rolls", "sides", "back"], p=[0.35, 0.2, 0.2, 0.25])
    if extra == "rolls":
        roll = rng.uniform(0.05, 0.1)
        ends = [(s * d / 2, w / 2 - roll, h + 0.7 * roll) for s in (-1, 1)]
        parts.append(("arm", pair(tube(ends, roll, 12))))
    elif extra == "sides":  # they rise and curl outward
        up = rng.uniform(0.12, 0.35)
        path = spline([(0, w / 2 - 0.02, low), (0, w / 2 + 0.01, h + 0.6 * up), (0, w / 2 + 0.08, h + up)], 8)
        parts.append(("arm", pair(sweep(path, rectangle(0.95 * d, 0.05)))))
    elif extra == "back":
        tall = rng.uniform(0.22, 0.5)
        pad = ellipsoid((0.1, w, tall + thick), p=p, sections=18, rings=9)
        parts.append(("back", shift(turn(pad, -rng.uniform(0, 0.2), 1), (-d / 2, 0, h + (tall - thick) / 2))))
    return parts


def hall(rng: np.random.Generator) -> Parts:
    """A seat that stores: a chest, drawers, doors or open cells below; a panelled back and arms or none."""
    d, w, h = _size(rng)
    thick, foot, n = rng.uniform(0.015, 0.04), rng.choice([0, 1]) * rng.uniform(0.04, 0.12), int(rng.integers(1, 5))
    lid, kind = h - thick, rng.choice(["chest", "drawers", "cells", "shelf"])
    parts = [("seat", box((d + 0.03, w + 0.03, thick), (0, 0, h - thick / 2)))]
    z, high, y = (lid + foot) / 2, lid - foot + 0.004, np.linspace(-w / 2 + thick / 2, w / 2 - thick / 2, n + 1)
    if kind in ("chest", "drawers"):
        parts.append(("box", box((d, w, high), (0, 0, z), rng.choice([1.0, rng.uniform(0.9, 1.05)]))))
        middle, wide = (y[1:] + y[:-1]) / 2, w / n
        size = (0.03, 0.88 * wide, 0.8 * high)
        parts.append(("box", join(*(box(size, (d / 2, b, z)) for b in middle))))
        if kind == "drawers":
            parts.append(("box", join(*(box((0.02, 0.3 * wide, 0.02), (d / 2 + 0.024, b, z)) for b in middle))))
    else:
        walls = y if kind == "cells" else y[[0, -1]]
        parts.append(("box", join(*(box((0.99 * d, thick, high), (0, b, z)) for b in walls))))
        shelves = rng.integers(1, 3) if kind == "shelf" else 1
        levels = foot + thick / 2 + np.arange(shelves) * (lid - foot) * 0.5
        parts.append(("box", join(*(box((0.97 * d, w - 0.01, thick), (0, 0, b)) for b in levels))))
        if rng.random() < 0.6:
            parts.append(("box", box((0.01, w - 0.01, 0.98 * high), (-0.49 * d, 0, z))))
    if foot:
        feet = [box((0.05, 0.05, foot + 0.01), (s * 0.45 * d, 0.46 * w, (foot + 0.01) / 2), 1.2) for s in (-1, 1)]
        parts.append(("leg", pair(join(*feet))))
    if rng.random() < 0.5:
        parts.append(("cushion", ellipsoid((0.96 * d, 0.96 * w, 0.1), (0, 0, h + 0.04), p=8, sections=20, rings=7)))
    if rng.random() < 0.5:
        tall = rng.choice([rng.uniform(0.25, 0.5), rng.uniform(0.9, 1.4)])
        swell = 1 + rng.choice([0.0, rng.uniform(0, 0.12)]) * np.sin(np.pi * np.linspace(0, 1, 5))
        back = [shift(plate(w * swell / swell.max(), tall + thick, 0.03), (-d / 2, 0, lid))]
        if tall > 0.8:  # a coat rack above
            back.append(box((0.22, w, 0.025), (-d / 2 + 0.1, 0, h + 0.98 * tall)))
            pegs = np.linspace(-0.42, 0.42, int(rng.integers(3, 7))) * w
            back += [tube([(-d / 2, b, h + 0.8 * tall), (-d / 2 + 0.08, b, h + 0.83 * tall)], 0.012, 6) for b in pegs]
        parts.append(("back", join(*back)))
    if rng.random() < 0.35:
        up = rng.uniform(0.15, 0.3)
        outline = [(d / 2, lid), (d / 2, h + 0.7 * up), (0.3 * d, h + up), (-0.5 * d, h + up), (-0.5 * d, lid)]
        parts.append(("arm", pair(_prism(outline, 0.035, w / 2))))
    return parts


def garden(rng: np.random.Generator) -> Parts:
    """Bent in plan: an arc of slats or of stone about a place in front, with a back or none, or a ring about a tree."""
    reach = np.pi if rng.random() < 0.2 else rng.uniform(0.25, 0.85) * np.pi  # to each side
    ring = reach == np.pi
    r, d, h = rng.uniform(0.6, 1.3), rng.uniform(0.32, 0.5), rng.uniform(0.38, 0.48)
    n = int(rng.choice([6, 8, 24]) if ring else rng.choice([5, 19]))
    angle = np.pi + np.linspace(-reach, reach, n + ring)[: n if ring else None]

    def bow(radius: float, z: float, section: np.ndarray) -> Part:
        """An arc at this height; the section's first axis is radial."""
        out = np.c_[np.cos(angle), np.sin(angle), 0 * angle]
        radial = section[:, 0, None] * out[:, None] / np.cos(reach / n if ring else 0)
        return loft(radius * out[:, None] + radial + section[:, 1, None] * (0, 0, 1) + (0, 0, z), loop=ring)

    slats, thick = int(rng.choice([1, 2, 3, 4, 5])), rng.uniform(0.03, 0.1)
    radii = r + d * ((np.arange(slats) + 0.5) / slats - 0.5)
    wide = d / slats * (1.0 if slats == 1 else 0.85)
    parts = [("seat", join(*(bow(a, h - thick / 2, rectangle(wide, thick)) for a in radii)))]
    posts = int(rng.integers(3, 7)) if reach > 1.5 else int(rng.integers(2, 4))
    where = np.pi + np.linspace(-1, 1, posts + ring)[: posts if ring else None] * (reach if ring else 0.85 * reach)
    kind, bar = rng.choice(["legs", "block", "panel"]), rng.uniform(0.04, 0.09)
    z = h - 0.7 * thick
    if kind == "legs":
        stand = join(*(beam((r + s * 0.38 * d, 0, z), (r + s * 0.38 * d, 0, 0), bar, bar) for s in (-1, 1)))
    else:
        stand = box((0.75 * d, bar if kind == "panel" else 0.25, z), (r, 0, z / 2), rng.uniform(0.9, 1.15))
    bearer = box((0.9 * d, bar, 0.05), (r, 0, h - thick - 0.015))
    parts.append(("leg", join(*(turn(join(stand, bearer), a) for a in where))))
    if rng.random() < 0.5:
        tall, side = rng.uniform(0.3, 0.5), -1 if ring else 1
        rails, lean = int(rng.integers(1, 4)), rng.uniform(0, 0.1)
        high = tall / rails * rng.uniform(0.4, 0.8)
        edge = r + side * 0.46 * d
        levels = tall - high / 2 - np.arange(rails) * tall / rails
        back = [bow(edge + side * lean * b / tall, h + b, rectangle(0.03, high)) for b in levels]
        post = beam((edge, 0, h - thick), (edge + side * lean, 0, h + tall - 0.02), 0.05, 0.05)
        parts.append(("back", join(*back, *(turn(post, a) for a in where))))
    return parts


def picnic(rng: np.random.Generator) -> Parts:
    """A table with a bench on either side, on legs that spread or stand upright; or round, with benches about it."""
    w, h, seat = rng.uniform(1.0, 2.0), rng.uniform(0.68, 0.78), rng.uniform(0.4, 0.46)
    d, wide, out, thick = rng.uniform([0.6, 0.22, 0.55, 0.03], [0.8, 0.32, 0.75, 0.06])
    if rng.random() < 0.25:
        r, n = d * rng.uniform(0.6, 0.9), int(rng.integers(3, 6))
        bench = box((wide, 1.1 * r, thick), (r + 0.3, 0, seat - thick / 2))
        arm = beam((0, 0, seat - 0.1), (r + 0.3, 0, seat - thick), 0.07, 0.07)
        leg = beam((r + 0.3, 0, seat - thick), (r + 0.3, 0, 0), 0.08, 0.07)
        column = revolve([(0.2, 0), (0.08, 0.1), (0.08, h - thick + 0.01)], 12)
        top = slab(superellipse(r, r, n=24), h - thick, h)
        return [("table", top), ("leg", join(column, around(join(arm, leg), n))), ("seat", around(bench, n))]

    def boards(size: float, n: int, z: float) -> Part:
        x = ((np.arange(n) + 0.5) / n - 0.5) * size
        return boxes((0.9 * size / n, w, thick), np.c_[x, 0 * x, 0 * x + z - thick])

    bearers = pair(box((0.95 * d, 0.05, 0.08), (0, 0.36 * w, h - thick - 0.03)))
    table = join(boards(d, int(rng.integers(1, 7)), h), bearers)
    half = boards(wide, int(rng.integers(1, 4)), seat)
    seats = join(*(shift(half, (s * out, 0, 0)) for s in (-1, 1)))
    y, bar, kind = 0.36 * w - 0.04, rng.uniform(0.04, 0.08), rng.choice(["spread", "upright", "apart"])
    if kind == "spread":
        foot = out * rng.uniform(0.75, 1.05)
        legs = [beam((s * 0.3 * d, y, h - thick), (s * foot, y, 0), bar, bar) for s in (-1, 1)]
    else:
        legs = [beam((s * 0.3 * d, y, h - thick), (s * 0.3 * d, y, 0), bar, bar) for s in (-1, 1)]
        legs += [beam((s * out, y, seat - thick), (s * out, y, 0), bar, bar) for s in (-1, 1)]
    level = seat - thick - 0.04 if kind != "apart" else 0.1
    legs.append(beam((-out - wide / 2, y, level), (out + wide / 2, y, level), bar, 0.09))
    brace = beam((0, -y, level), (0, y, level), 0.05, 0.08)
    return [("table", table), ("seat", seats), ("leg", join(pair(join(*legs)), brace))]


STYLES = {f.__name__: f for f in (plank, park, settle, block, upholstered, hall, garden, picnic)}

"""Bicycles, motorcycles, scooters and their three-wheeled kin: driving along +x on z = 0. Units: metres."""

import numpy as np

from .parts import (
    Part,
    around,
    beam,
    box,
    ellipsoid,
    join,
    loft,
    mirror_y,
    pair,
    revolve,
    shift,
    spline,
    superellipse,
    sweep,
    tube,
    turn,
    warp,
)

PARTS = ("frame", "wheel", "fork", "handlebar", "seat", "body", "pedal", "detail")
Parts = list[tuple[str, Part]]


def _vec(x: float, y: float, z: float) -> np.ndarray:
    return np.array([x, y, z], float)


def _wheel(rng: np.random.Generator, r: float, deep: float, wide: float, kind: str) -> Part:
    """Tyre, hub and what joins them (`spokes`, `blades` or a `disc`), about y and standing on z = 0."""
    tyre = revolve(superellipse(deep, wide / 2, 2.5, 8) + np.array([r - deep, 0]), 18, loop=True)
    inner, hub = r - 1.6 * deep, rng.uniform(0.07, 0.2) * r
    middle = [revolve([(hub, -0.6 * wide), (hub, 0.6 * wide)], 8)]
    if kind == "disc":
        bulge = wide * rng.uniform(0.15, 0.5)
        middle.append(revolve([(hub, -bulge), (inner, -0.2 * wide), (inner, 0.2 * wide), (hub, bulge)], 14))
    elif kind == "blades":
        n, broad = int(rng.integers(3, 8)), rng.uniform(0.08, 0.2) * r
        middle.append(around(sweep([(0, 0, 0), (inner, 0, 0)], superellipse(broad, 0.25 * wide, 3, 6), [1, 0.7]), n))
    else:
        thick = rng.uniform(0.008, 0.016) * r
        across = tube([(-inner, 0, 0), (inner, 0, 0)], thick, 3)
        middle.append(around(across, 2 * int(rng.integers(2, 6)) + 1))  # an odd number of diameters: no two coincide
    return shift(turn(join(tyre, *middle), np.pi / 2, 0), (0, 0, r))


def _resize(wheel: Part, size: float, width: float = 1.0) -> Part:
    return warp(wheel, lambda v: v * (size, width, size))


def _fork(x: float, r: float, angle: float, high: float, gap: float, thick: float, rake: float = 0.0) -> tuple:
    """Two blades from the axle at (x, 0, r) up to the crown, leaning back by `angle` from level; crown, direction."""
    up, axle = _vec(-np.cos(angle), 0, np.sin(angle)), _vec(x, 0, r)
    foot = axle - rake * _vec(np.sin(angle), 0, np.cos(angle))
    crown = foot + high * up
    side = _vec(0, gap, 0)
    blade = tube(spline([axle, foot + 0.35 * high * up, crown], 6) + side, thick, 7)
    return [("fork", join(pair(blade), tube([crown - side, crown + side], 1.1 * thick, 7)))], crown, up


def _bars(rng: np.random.Generator, at: np.ndarray, kind: str, wide: float, thick: float = 0.013) -> Parts:
    """A handlebar about `at`, `wide` to each side, with grips."""
    w, lift = wide, rng.uniform(0.6, 1.3)
    half = {
        "flat": [(0, 0, 0), (0.01, 0.4 * w, 0.01), (-0.1 * w, w, 0.02)],
        "swept": [(0, 0, 0), (0.04, 0.3 * w, 0.06), (0.0, 0.8 * w, 0.08), (-0.2 * lift, w, 0.06)],
        "drop": [(0, 0, 0), (0, 0.9 * w, 0), (0.09, w, -0.01), (0.11, w, -0.08), (0.04, w, -0.14), (-0.06, w, -0.14)],
        "high": [(0, 0, 0), (0.01, 0.3 * w, 0.03), (-0.02, 0.6 * w, 0.75 * lift * w), (-0.15, w, 0.8 * lift * w)],
    }[kind]
    path = spline(half, 9)
    path = np.concatenate([path[:0:-1] * (1, -1, 1), path]) + at
    grip = tube(path[-3:], 1.6 * thick, 7)
    return [("handlebar", join(tube(path, thick, 7), pair(grip)))]


def _saddle(rng: np.random.Generator, at: np.ndarray) -> Part:
    """A saddle, broad behind, its nose in front."""
    long, wide, high = rng.uniform(0.22, 0.3), rng.uniform(0.13, 0.24), rng.uniform(0.05, 0.1)
    taper = rng.uniform(0.2, 0.5)
    seat = ellipsoid((long, wide, high), p=2.5, sections=12, rings=7)
    knots = (-0.5 * long, -0.1 * long, 0.15 * long, 0.5 * long), (1, 0.9, taper, taper)
    return shift(
        warp(seat, lambda v: v * np.stack([np.ones(len(v)), np.interp(v[:, 0], *knots), np.ones(len(v))], 1)), at
    )


def _shell(rows: list, p: float = 2.5, n: int = 11, sections: int = 14) -> Part:
    """A body lofted along x; each row is (x, half-width, lower z, upper z), with a smooth course between them."""
    x, half, low, high = spline(np.array(sorted(rows), float), n).T
    rings = np.empty((n, sections, 3))
    section = superellipse(1, 1, p, sections)
    rings[..., 0] = x[:, None]
    rings[..., 1] = np.maximum(half, 0.004)[:, None] * section[:, 0]
    rings[..., 2] = ((low + high) / 2)[:, None] + np.maximum((high - low) / 2, 0.004)[:, None] * section[:, 1]
    return loft(rings)


def _guard(x: float, r: float, wide: float, start: float, end: float) -> Part:
    """A mudguard over the wheel at x: an arched band between two angles (0 in front, pi behind)."""
    angle = np.linspace(start, end, 9)
    path = _vec(x, 0, r) + 1.1 * r * np.stack([np.cos(angle), 0 * angle, np.sin(angle)], 1)
    arch = np.array([(1, 0.1), (0.5, 0.28), (-0.5, 0.28), (-1, 0.1), (-0.7, -0.05), (0.7, -0.05)])
    return sweep(path, arch * wide * (0.6, -1))


def _tub(size: tuple, at: np.ndarray, flare: float, t: float = 0.015) -> Part:
    """An open box with leaning sides; `at` is the middle of its floor."""
    (x, y, z), bottom = size, np.asarray(at)
    outline = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
    scales = [(1, 0), (flare, z), (flare - 2 * t / x, z), (1 - 2 * t / x, t)]
    return loft(np.stack([np.c_[outline * (x / 2 * s, y / 2 * s), np.full(4, h)] + bottom for s, h in scales]))


def _pedals(rng: np.random.Generator, at: np.ndarray, crank: float, ring: float, y: float) -> Parts:
    """Chainring on the right, two cranks at a drawn angle, two pedals."""
    angle = rng.uniform(0, 2 * np.pi)
    arm = crank * _vec(np.cos(angle), 0, np.sin(angle)) + (0, y, 0)
    left = join(tube([at, at + _vec(0, y, 0), at + arm], 0.012, 6), box((0.09, 0.09, 0.025), at + arm + (0, 0.05, 0)))
    right = turn(mirror_y(left), np.pi, 1, at)
    parts = [("pedal", join(left, right))]
    if ring:
        plate = tube([at - _vec(0, y - 0.005, 0), at - _vec(0, y - 0.015, 0)], ring, 14)
        parts.append(("pedal", plate))
    return parts


# --- pedalled ---


def _cycle(rng: np.random.Generator, r: float, low: bool, bars: list, spread: float = 0.0) -> tuple[Parts, dict]:
    """A bicycle with its rear axle at x = 0; `low` for a frame to step through, `spread` for two rear wheels.

    Also its points that accessories hang on.
    """
    front = r * (rng.uniform(0.75, 1.0) if rng.random() < 0.15 else 1.0)
    base, angle, thick = rng.uniform(0.97, 1.13), np.radians(rng.uniform(66, 74)), rng.uniform(0.013, 0.026)
    deep = rng.uniform(0.012, 0.034)
    kind = rng.choice(["spokes", "spokes", "spokes", "blades", "disc"])
    axle, crank = _vec(0, 0, r), _vec(rng.uniform(0.4, 0.47), 0, rng.uniform(0.26, 0.31))
    fork, crown, up = _fork(
        base, front, angle, front + rng.uniform(0.04, 0.12), deep + 0.035, 0.6 * thick + 0.003, 0.05
    )
    head = crown + up * (max(rng.uniform(0.72, 0.95) - crown[2], 0.1) / up[2])
    lean = _vec(-np.cos(1.27), 0, np.sin(1.27))
    seat = crank + lean * rng.uniform(0.4, 0.6)
    saddle = crank + lean * max(rng.uniform(0.6, 0.75), seat[2] - crank[2] + 0.12)

    joint = crown + 0.15 * (head - crown)
    tubes = [tube([crown, head + 0.03 * up], 1.25 * thick, 8), tube([crank, seat], thick, 8)]
    if low:
        sag, at = rng.uniform(0.0, 0.18), crank + rng.uniform(0.25, 0.7) * (seat - crank)
        bend = [head - 0.04 * up, (head + at) / 2 - (0, 0, sag + 0.05), at]
        down = [joint, (joint + crank) / 2 - (0.03, 0, sag), crank]
        tubes += [tube(spline(down, 7), 1.2 * thick, 8)]
        tubes += [tube(spline(bend, 7), thick, 8)] if rng.random() < 0.65 else []
    else:
        tubes += [tube([head - 0.04 * up, seat - 0.03 * lean], thick, 8), tube([joint, crank], 1.2 * thick, 8)]
    side = _vec(0, deep + 0.04, 0)
    stays = [tube([p, axle + side], 0.6 * thick, 6) for p in (crank + 0.4 * side, seat - 0.04 * lean + 0.4 * side)]
    parts = [("frame", join(*tubes, pair(join(*stays)))), *fork]
    parts.append(("frame", tube([axle - side, axle + side], 0.012, 6)))

    rear = _wheel(rng, r, deep, 2 * deep, kind)
    turned = _wheel(rng, front, deep, 2 * deep, "spokes") if kind == "disc" else _resize(rear, front / r)
    if spread:
        parts.append(("frame", tube([axle - _vec(0, spread, 0), axle + _vec(0, spread, 0)], 0.015, 7)))
        rear = pair(shift(rear, (0, spread, 0)))
    parts += [("wheel", rear), ("wheel", shift(turned, (base, 0, 0)))]
    parts += [("seat", _saddle(rng, saddle + _vec(0, 0, 0.02))), ("frame", tube([seat, saddle], 0.75 * thick, 7))]
    stem, reach = head + up * rng.uniform(0.03, 0.18), rng.uniform(0, 0.11)
    at = stem + _vec(reach, 0, 0.02)
    parts.append(("handlebar", tube([head, stem, at], 0.8 * thick, 7)))
    parts += _bars(rng, at, rng.choice(bars), rng.uniform(0.21, 0.34))
    parts += _pedals(rng, crank, rng.uniform(0.14, 0.18), rng.uniform(0.06, 0.11), 0.07)
    if rng.random() < 0.6:  # the chain
        parts.append(
            ("pedal", beam(crank - (0, 0.06, 0), axle - _vec(0, 0.06, 0), 0.012, rng.uniform(0.06, 0.14), 0.6))
        )
    return parts, {
        "crown": crown,
        "head": head,
        "seat": seat,
        "axle": axle,
        "front": _vec(base, 0, front),
        "deep": deep,
    }


def _extras(rng: np.random.Generator, points: dict, chance: float) -> Parts:
    """Mudguards, a rack, a basket, a lamp, stabilisers: each with its chance."""
    axle, front, crown, head, deep = (points[k] for k in ("axle", "front", "crown", "head", "deep"))
    some, parts = rng.random(5) / max(chance, 1e-9), []
    if some[0] < 1:
        wide = 2.4 * deep + 0.02
        parts.append(("detail", _guard(0, axle[2], wide, rng.uniform(0.6, 1.2), rng.uniform(2.6, 3.6))))
        parts.append(("detail", _guard(front[0], front[2], wide, rng.uniform(0.4, 1.2), rng.uniform(2.6, 3.5))))
        struts = [tube([p + _vec(0, 0.05, 0), p + _vec(0, 0.04, 1.1 * p[2])], 0.006, 5) for p in (axle, front)]
        parts.append(("detail", pair(join(*struts))))
    if some[1] < 0.8:
        z, long = 2 * axle[2] + 0.09, rng.uniform(0.3, 0.42)
        rack = [box((long, 0.02, 0.015), (-0.02, 0.06, z)), tube([axle + _vec(0, 0.06, 0), (-0.08, 0.06, z)], 0.008, 5)]
        rack.append(tube([(0.1, 0.06, z), points["seat"] + (0, 0.02, -0.06)], 0.007, 5))
        bars = [box((0.02, 0.13, 0.015), (x - 0.02, 0, z)) for x in np.linspace(-long / 2, long / 2, 4)]
        parts.append(("detail", join(pair(join(*rack)), *bars)))
        if some[2] < 0.3:
            parts.append(("detail", box((0.9 * long, 0.32, 0.25), (-0.02, 0, z + 0.12), rng.uniform(0.9, 1.1))))
        elif some[2] < 0.6:
            bag = ellipsoid((0.34, 0.14, 0.32), (-0.04, 0.12, z - 0.16), 5, 10, 7)
            parts.append(("detail", pair(bag)))
    if some[3] < 0.8:
        size = rng.uniform(0.22, 0.3), rng.uniform(0.28, 0.4), rng.uniform(0.18, 0.26)
        at = _vec(head[0] + size[0] / 2 + 0.03, 0, head[2] - 0.14)
        parts.append(
            ("detail", join(_tub(size, at, rng.uniform(1.0, 1.25)), tube([crown, at + _vec(0, 0, 0.01)], 0.012, 6)))
        )
    elif some[3] < 1.2:
        parts.append(("detail", tube([head - _vec(0.02, 0, 0.06), head + _vec(0.1, 0, -0.06)], [0.025, 0.04], 10)))
    if some[4] < 0.2:
        small = shift(_wheel(rng, 0.09, 0.02, 0.04, "disc"), (-0.04, 0.2, 0))
        parts += [
            ("wheel", pair(small)),
            ("frame", pair(tube([axle, (-0.02, 0.15, 0.6 * axle[2]), (-0.04, 0.22, 0.09)], 0.01, 6))),
        ]
    return parts


def bicycle(rng: np.random.Generator) -> Parts:
    """Diamond frame: road, mountain, city or child's bicycle."""
    r = rng.uniform(0.3, 0.37) if rng.random() < 0.8 else rng.uniform(0.2, 0.28)
    parts, points = _cycle(rng, r, False, ["flat", "flat", "drop", "swept", "high"])
    return parts + _extras(rng, points, 0.3)


def step_through(rng: np.random.Generator) -> Parts:
    """A low frame: Dutch bicycle with basket and rack, folding bicycle, adult's tricycle."""
    r, spread = rng.choice([rng.uniform(0.3, 0.36), rng.uniform(0.19, 0.26)]), 0.0
    if rng.random() < 0.2:
        spread = rng.uniform(0.26, 0.36)
    parts, points = _cycle(rng, r, True, ["swept", "swept", "flat", "high"], spread)
    if not spread:
        return parts + _extras(rng, points, 0.7)
    z = 2 * r - rng.uniform(0, 0.2)
    tub = _tub((rng.uniform(0.4, 0.6), 1.6 * spread, rng.uniform(0.2, 0.35)), _vec(-0.1, 0, z), rng.uniform(1, 1.15))
    post = join(
        box((0.03, 0.25, z - r + 0.03), (0, 0, (z + r) / 2)),
        beam((-0.1, 0, z + 0.02), points["seat"] - (0, 0, 0.1), 0.03, 0.03),
    )
    return [*parts, ("detail", tub), ("frame", post)]


def cargo_bike(rng: np.random.Generator) -> Parts:
    """A box before the rider, above one small front wheel or between two."""
    r, small = rng.uniform(0.28, 0.35), rng.uniform(0.2, 0.28)
    parts, points = _cycle(rng, r, True, ["flat", "swept"])
    drop = [id(p) for name, p in parts if name == "fork"] + [id([p for name, p in parts if name == "wheel"][1])]
    parts = [(name, p) for name, p in parts if id(p) not in drop]
    crown, deep, z = points["crown"], points["deep"], rng.uniform(0.2, 0.3)
    size = rng.uniform(0.6, 0.9), rng.uniform(0.45, 0.65), rng.uniform(0.3, 0.55)
    flare, start = rng.uniform(1.0, 1.2), crown[0] + rng.uniform(0.08, 0.15)
    two = rng.random() < 0.45
    middle = _vec(start + 0.5 * size[0] * flare, 0, z + 0.03)
    beams = [
        tube([crown, (crown[0], 0, z)], 0.03, 8),
        tube([(0.42, 0, z + 0.06), (crown[0], 0, z), (start + size[0], 0, z)], 0.028, 8),
    ]
    wheel = _wheel(rng, small, deep, 2 * deep, "spokes")
    if two:
        x, y = start + rng.uniform(0.4, 0.7) * size[0], size[1] / 2 * flare + 0.07
        parts.append(("wheel", pair(shift(wheel, (x, y, 0)))))
        beams += [
            tube([(x, -y, small), (x, y, small)], 0.018, 7),
            box((0.05, 0.4, abs(small - z) + 0.06), (x, 0, (small + z) / 2)),
        ]
    else:
        x = start + size[0] * flare + small + 0.12
        fork, top, up = _fork(x, small, 1.2, small + 0.08, deep + 0.03, 0.015)
        parts += [*fork, ("wheel", shift(wheel, (x, 0, 0)))]
        beams += [
            tube([top, top + 0.15 * up], 0.03, 8),
            tube([(start + size[0], 0, z), top + 0.1 * up - (0.03, 0, 0), top + 0.12 * up], 0.025, 8),
        ]
    parts += [("frame", join(*beams)), ("body", _tub(size, middle, flare, 0.03))]
    if rng.random() < 0.3:  # a hood for children
        top = middle[2] + size[2]
        hood = [
            (start + 0.02, 0.4 * size[1], top - 0.1, top + 0.35),
            (start + 0.35, 0.5 * size[1], top - 0.1, top + 0.45),
            (start + size[0], 0.5 * size[1], top - 0.1, top + 0.05),
        ]
        parts.append(("detail", _shell(hood, 4, 7)))
    return parts + _extras(rng, points | {"front": points["axle"], "head": points["crown"]}, 0.0)


def tricycle(rng: np.random.Generator) -> Parts:
    """A child's: pedals on the front wheel, two wheels behind, a seat between, often a tray or a bar to push."""
    r, small = rng.uniform(0.13, 0.21), rng.uniform(0.08, 0.15)
    base, y, thick = rng.uniform(0.42, 0.6), rng.uniform(0.16, 0.26), rng.uniform(0.014, 0.028)
    wide, kind = rng.uniform(0.04, 0.11), rng.choice(["disc", "blades", "spokes"])
    deep = rng.uniform(0.02, 0.04)
    fork, crown, up = _fork(
        base, r, np.radians(rng.uniform(66, 82)), r + rng.uniform(0.03, 0.07), wide / 2 + 0.015, 0.8 * thick
    )
    top = crown + up * rng.uniform(0.15, 0.3)
    front = _wheel(rng, r, deep, wide, kind)
    rear = _resize(front, small / r, rng.uniform(0.9, 1.4))
    parts = [*fork, ("wheel", shift(front, (base, 0, 0))), ("wheel", pair(shift(rear, (0, y, 0))))]
    parts += [
        ("fork", tube([crown, top], thick, 8)),
        *_bars(rng, top, rng.choice(["flat", "swept", "high"]), rng.uniform(0.15, 0.24), 0.012),
    ]
    parts += _pedals(rng, _vec(base, 0, r), rng.uniform(0.07, 0.11), 0, wide / 2 + 0.04)
    seat = _vec(rng.uniform(0.05, 0.18), 0, rng.uniform(0.28, 0.42))
    bend = spline(
        [
            crown + 0.06 * up,
            crown + _vec(-0.12, 0, rng.uniform(-0.1, 0.02)),
            (seat[0] + 0.04, 0, seat[2] - rng.uniform(0.02, 0.12)),
            (0, 0, small),
        ],
        9,
    )
    frame = [
        tube(bend, 1.2 * thick, 8),
        tube([(0, -y - 0.02, small), (0, y + 0.02, small)], 0.7 * thick, 8),
        tube([bend[5], seat], thick, 8),
    ]
    parts.append(("frame", join(*frame)))
    if rng.random() < 0.6:
        cushion = ellipsoid((0.22, rng.uniform(0.18, 0.26), 0.05), seat, 3, 12, 7)
        high = rng.uniform(0.12, 0.28)
        back = ellipsoid((0.04, 0.22, high), seat + _vec(-0.11, 0, high / 2), 3, 12, 7)
        parts += [("seat", cushion), ("seat", turn(back, -rng.uniform(0.05, 0.35), 1, seat - _vec(0.1, 0, 0)))]
    else:
        parts.append(("seat", _saddle(rng, seat)))
    some = rng.random(3)
    high = rng.uniform(0.07, 0.16)
    if some[0] < 0.3:
        tray = _tub((rng.uniform(0.18, 0.28), 1.4 * y, high), _vec(-0.06, 0, small), rng.uniform(1.0, 1.4))
        parts.append(("detail", tray))
    elif some[0] < 0.55:  # a round basket
        low, rim = y * rng.uniform(0.5, 0.7), y * rng.uniform(0.75, 0.95)
        basket = revolve([(low, 0), (rim, high), (rim - 0.02, high), (low, 0.015)], 16)
        parts.append(("detail", shift(basket, (0, 0, small))))
    elif some[0] < 0.75:
        parts.append(("detail", box((0.12, 1.7 * y, 0.025), (-0.06, 0, small + 0.01))))
    if some[1] < 0.25:
        bar = [(0, 0, small), (-0.2, 0, 0.5), (-0.4, 0, rng.uniform(0.75, 0.95))]
        parts.append(("detail", join(tube(spline(bar, 5), 0.014, 7), box((0.03, 0.25, 0.03), bar[-1]))))
    if some[2] < 0.4:
        parts.append(("detail", _guard(base, r, 1.2 * wide, 0.6, 2.7)))
    return parts


def kick_scooter(rng: np.random.Generator) -> Parts:
    """A board low between small wheels, a steering column; two wheels in front or behind for small children."""
    r = rng.choice([rng.uniform(0.05, 0.08), rng.uniform(0.09, 0.15)])
    rear = r * rng.uniform(0.7, 1.0)
    base, wide, kind = rng.uniform(0.65, 1.05), rng.uniform(0.03, 0.06), rng.choice(["disc", "blades"])
    angle = np.radians(rng.uniform(70, 82))
    thick, deep, z = rng.uniform(0.015, 0.025), 0.3 * rear, rng.uniform(0.6, 1.2) * r
    up, axle = _vec(-np.cos(angle), 0, np.sin(angle)), _vec(base, 0, r)
    two, twin = rng.random(2) < (0.3, 0.12)
    wheel = _wheel(rng, r, deep, wide, kind)
    back = _resize(wheel, rear / r)
    y, crown = (rng.uniform(0.1, 0.16) if two else 0), axle + up * (1.4 * r if not two else 0.3 * r)
    parts = [("wheel", pair(shift(wheel, (base, y, 0))) if two else shift(wheel, axle * (1, 0, 0)))]
    parts.append(("wheel", pair(shift(back, (0, 0.07, 0))) if twin else back))
    high = rng.uniform(0.5, 0.85)
    if two:
        parts.append(
            (
                "fork",
                join(
                    tube([axle - _vec(0, y, 0), axle + _vec(0, y, 0)], 0.018, 8),
                    ellipsoid((0.14, 1.5 * y, 1.4 * r), axle, 3, 10, 7),
                ),
            )
        )
    else:
        parts += _fork(base, r, angle, 1.4 * r, wide / 2 + 0.012, 0.01)[0]
    top = crown + up * high
    parts.append(("fork", tube([crown, crown + 0.5 * high * up, top], thick * np.array([1.3, 1.1, 0.8]), 8)))
    parts += _bars(rng, top, rng.choice(["flat", "flat", "high"]), rng.uniform(0.17, 0.28), 0.013)
    broad, end = rng.uniform(0.05, 0.1), base - rng.uniform(1.6, 2.2) * r - 0.06
    t, start = rng.uniform(0.015, 0.04), 1.2 * rear
    outline = [
        (start, 0.6 * broad, z - t, z + t),
        (start + 0.06, broad, z - t, z + t),
        (end - 0.1, broad, z - t, z + t),
        (end, 0.4 * broad, z - t, z + t),
    ]
    neck = spline([(end - 0.04, 0, z), (end + 0.05, 0, z + 0.01), crown + 0.1 * up], 6)
    stays = pair(
        beam(
            (start + 0.05, 0.6 * wide + 0.01 + 0.07 * twin, z), (0, 0.6 * wide + 0.01 + 0.07 * twin, rear), 0.012, 0.03
        )
    )
    parts += [("frame", _shell(outline, 6, 10)), ("frame", join(tube(neck, 1.2 * thick, 8), stays))]
    parts.append(
        (
            "frame",
            tube(
                [(0, -0.6 * wide - 0.07 * twin - 0.02, rear), (0, 0.6 * wide + 0.07 * twin + 0.02, rear)], 0.3 * rear, 7
            ),
        )
    )
    some = rng.random(3)
    if some[0] < 0.7 and not twin:
        parts.append(("detail", _guard(0, rear, 1.2 * wide, 0.5, 2.4)))
        parts.append(("detail", beam((start + 0.03, 0, z), (0.95 * rear, 0, 1.5 * rear), wide, 0.015)))
    if some[1] < 0.25:
        post = tube([(start + 0.12, 0, z), (start + 0.06, 0, z + 0.42)], 0.016, 7)
        parts += [("frame", post), ("seat", _saddle(rng, _vec(start + 0.06, 0, z + 0.44)))]
    if some[2] < 0.3:
        parts.append(("detail", ellipsoid((0.08, 0.07, 0.09), top - 0.05 * up + (0.03, 0, 0), 3, 8, 7)))
    return parts


# --- with an engine ---


def _motor(rng: np.random.Generator, base: float, r: tuple, wide: tuple, angle: float, high: float, kind: str) -> tuple:
    """Wheels, fork, swing arm and exhaust of a motorcycle, its rear axle at x = 0; crown and direction of the fork."""
    rear = _wheel(rng, r[0], rng.uniform(0.2, 0.3) * r[0], wide[0], kind)
    front = _resize(rear, r[1] / r[0], wide[1] / wide[0])
    fork, crown, up = _fork(base, r[1], angle, high, wide[1] / 2 + 0.045, rng.uniform(0.022, 0.034))
    parts = [("wheel", rear), ("wheel", shift(front, (base, 0, 0))), *fork]
    y = wide[0] / 2 + 0.035
    arm = beam((0.42 * base, 0.7 * y, r[0] + 0.06), (-0.03, y, r[0]), 0.035, 0.07)
    parts.append(("frame", join(pair(arm), tube([(0, -y, r[0]), (0, y, r[0])], 0.025, 8))))
    shock = tube([(0.12 * base, y, r[0] + 0.02), (0.22 * base, y, r[0] + 0.42)], 0.025, 7)
    parts += [("frame", pair(shock))] if rng.random() < 0.5 else []
    guard = rng.uniform(0.3, 1.0), rng.uniform(2.0, 2.8)
    parts.append(("detail", _guard(base, r[1], 1.2 * wide[1], *guard)))
    parts.append(
        ("detail", pair(tube([(base, wide[1] / 2 + 0.045, r[1]), (base, 0.4 * wide[1], 2.05 * r[1])], 0.008, 5)))
    )
    return parts, crown, up


def _exhaust(rng: np.random.Generator, base: float, y: float, z: float, rise: float) -> Part:
    """A pipe from the engine's front, below it and back to a silencer on the right."""
    long, thick = rng.uniform(0.3, 0.6), rng.uniform(0.04, 0.065)
    pipe = spline(
        [
            (0.68 * base, -0.6 * y, z + 0.2),
            (0.66 * base, -0.9 * y, z - 0.02),
            (0.4 * base, -y, z - 0.04),
            (0.25 * base, -y, z),
        ],
        8,
    )
    end = pipe[-1] + long * _vec(-np.cos(rise), 0, np.sin(rise))
    can = tube([pipe[-1], pipe[-1] + 0.2 * (end - pipe[-1]), end], thick * np.array([0.5, 1, 1]), 9)
    return join(tube(pipe, 0.022, 7), can)


def _engine(rng: np.random.Generator, x: float, z: float, wide: float, vee: bool) -> Part:
    """Crankcase and cylinders: a vee of two or a block that leans forward."""
    case = ellipsoid((0.44, wide, 0.26), (x, 0, z), 5, 12, 7)
    if vee:
        cylinder = tube([(x, 0, z), (x, 0, z + 0.22), (x, 0, z + 0.3), (x, 0, z + 0.36)], [0.08, 0.09, 0.1, 0.06], 10)
        cylinders = [turn(cylinder, a, 1, (x, 0, z)) for a in (rng.uniform(0.3, 0.6), -rng.uniform(0.3, 0.6))]
        return join(
            case,
            *cylinders,
            shift(turn(tube([(0, 0, 0), (0, wide + 0.06, 0)], 0.12, 10), 0), (x + 0.02, -wide / 2 - 0.03, z)),
        )
    return join(
        case, turn(box((0.2, 0.75 * wide, 0.36), (x + 0.05, 0, z + 0.2), 1.1), rng.uniform(0, 0.5), 1, (x, 0, z))
    )


def _seat(rows: list) -> Part:
    return _shell(rows, 3, 9, 12)


def _face(rng: np.random.Generator, at: np.ndarray, bar: np.ndarray, mirrors: float) -> Parts:
    """Headlamp at `at` and mirrors on the bar."""
    size = rng.uniform(0.07, 0.11)
    lamp = tube(
        [at - _vec(0.12, 0, 0), at - _vec(0.04, 0, 0), at + _vec(0.03, 0, 0)], size * np.array([0.4, 0.95, 1]), 12
    )
    parts = [("detail", lamp)]
    if rng.random() < mirrors:
        out, up = rng.uniform(0.26, 0.4), rng.uniform(0.1, 0.22)
        arm = tube([bar + _vec(0, 0.2, 0.0), bar + _vec(0.02, out, up)], 0.009, 5)
        glass = ellipsoid((0.04, 0.13, 0.09), bar + _vec(0.02, out, up), sections=8, rings=5)
        parts.append(("detail", pair(join(arm, glass))))
    return parts


def racer(rng: np.random.Generator) -> Parts:
    """Sports motorcycle: fairing, humped tank, raised tail, low bars; stripped of its fairing at times."""
    base, r = rng.uniform(1.3, 1.48), rng.uniform(0.28, 0.32)
    wide = rng.uniform(0.15, 0.2), rng.uniform(0.11, 0.13)
    parts, crown, up = _motor(
        rng, base, (r, r), wide, np.radians(rng.uniform(62, 68)), rng.uniform(0.48, 0.56), "blades"
    )
    head, half = crown + 0.12 * up, rng.uniform(0.15, 0.22)
    seat, tail = rng.uniform(0.72, 0.82), rng.uniform(0.85, 1.0)
    x, top = head[0], head[2] + rng.uniform(0.02, 0.12)
    tank = [
        (x - 0.06, 0.09, top - 0.18, top - 0.06),
        (x - 0.2, half, top - 0.28, top),
        (x - 0.42, 0.85 * half, seat - 0.18, seat + 0.12),
        (x - 0.58, 0.4 * half, seat - 0.12, seat + 0.01),
    ]
    parts.append(("body", _shell(tank, 2.6)))
    end = -rng.uniform(0.1, 0.35)
    back = [
        (x - 0.5, 0.1, seat - 0.12, seat),
        (0.45 * base - 0.15, 0.12, seat - 0.1, seat),
        (0.1, 0.12, (seat + tail) / 2 - 0.06, (seat + tail) / 2 + 0.05),
        (end, 0.04, tail - 0.04, tail),
    ]
    parts += [
        ("seat", _seat(back)),
        ("frame", pair(beam((x - 0.05, 0.1, head[2] - 0.08), (0.4 * base, 0.14, r + 0.1), 0.05, 0.11))),
    ]
    parts += [("frame", join(tube([crown, head], 0.04, 8), box((0.2, 0.2, seat - r), (0.4 * base, 0, (seat + r) / 2))))]
    parts.append(("body", _engine(rng, 0.5 * base, r + 0.08, 1.6 * half, False)))
    pipes = _exhaust(rng, base, rng.uniform(0.17, 0.22), r - 0.04, rng.uniform(0.1, 0.7))
    parts.append(("detail", pipes if rng.random() < 0.7 else pair(pipes)))
    bar = head - 0.02 * up
    parts += _bars(rng, bar, "flat", rng.uniform(0.28, 0.36), 0.016)
    nose, some = x + rng.uniform(0.25, 0.42), rng.random(3)
    if some[0] < 0.75:
        cheek = half * rng.uniform(1.0, 1.2)
        upper = [
            (nose, 0.03, head[2] - 0.12, head[2] - 0.06),
            (nose - 0.12, 0.6 * cheek, head[2] - 0.26, head[2] + 0.03),
            (nose - 0.3, cheek, head[2] - 0.36, head[2] + 0.12),
            (x - 0.12, cheek, head[2] - 0.36, head[2] - 0.03),
        ]
        parts.append(("body", _shell(upper, 2.5, 9)))
        low = rng.uniform(0.16, 0.3) if some[1] < 0.75 else head[2] - 0.45
        belly = [
            (x - 0.02, 0.8 * cheek, head[2] - 0.45, head[2] - 0.15),
            (x - 0.2, cheek, low + 0.08, head[2] - 0.12),
            (0.5 * base, cheek, low, head[2] - 0.25),
            (0.3 * base, 0.7 * cheek, low + 0.02, r + 0.18),
        ]
        parts.append(("body", _shell(belly, 3.5, 9)))
        screen = [
            (nose - 0.1, 0.05, head[2] - 0.05, head[2] + 0.02),
            (nose - 0.25, 0.5 * cheek, head[2] - 0.05, head[2] + 0.16),
            (x - 0.02, 0.45 * cheek, head[2] - 0.05, head[2] + 0.22),
        ]
        parts += [
            ("detail", _shell(screen, 2, 6)),
            *_face(rng, _vec(nose - 0.06, 0, head[2] - 0.1), bar + _vec(0.1, 0, 0.02), 0.8),
        ]
    else:
        parts += _face(rng, head + _vec(0.16, 0, -0.06), bar, 0.7)
    if some[2] < 0.5:
        plate = beam((end + 0.06, 0, tail - 0.02), (end - rng.uniform(0, 0.12), 0, tail - 0.25), 0.03, 0.14)
        parts.append(("detail", plate))
    return parts


def dirt_bike(rng: np.random.Generator) -> Parts:
    """Motocross or enduro: long fork, beak over the front wheel, narrow level seat, broad bars."""
    base, r = rng.uniform(1.3, 1.5), rng.uniform(0.3, 0.34)
    sizes, wide = (r, r * rng.uniform(1.03, 1.15)), (rng.uniform(0.1, 0.14), rng.uniform(0.07, 0.1))
    parts, crown, up = _motor(rng, base, sizes, wide, np.radians(rng.uniform(61, 66)), rng.uniform(0.6, 0.75), "spokes")
    head, seat = crown + 0.12 * up, rng.uniform(0.85, 0.98)
    x, tail = head[0], -rng.uniform(0.1, 0.35)
    top = min(head[2] - 0.02, seat + rng.uniform(0.06, 0.2))
    tank = [
        (x - 0.05, 0.06, top - 0.2, top - 0.04),
        (x - 0.2, 0.17, top - 0.38, top),
        (x - 0.45, 0.1, seat - 0.2, seat),
    ]
    parts += [
        ("body", _shell(tank, 2.5, 8)),
        (
            "seat",
            _seat(
                [
                    (x - 0.3, 0.07, seat - 0.05, seat + 0.05),
                    (0.4, 0.1, seat - 0.1, seat),
                    (0.05, 0.09, seat - 0.06, seat + 0.02),
                ]
            ),
        ),
    ]
    beak = [
        (base + rng.uniform(0.1, 0.3), 0.03, 2 * sizes[1] + 0.1, 2 * sizes[1] + 0.12),
        (base - 0.1, 0.07, 2 * sizes[1] + 0.12, 2 * sizes[1] + 0.17),
        (crown[0] - 0.03, 0.05, crown[2] - 0.1, crown[2]),
    ]
    fin = [
        (0.25, 0.07, seat - 0.1, seat - 0.03),
        (0.0, 0.08, seat - 0.07, seat - 0.01),
        (tail, 0.05, seat + 0.02, seat + 0.05),
    ]
    parts += [("detail", _shell(beak, 4, 8, 10)), ("detail", _shell(fin, 4, 8, 10))]
    cradle = spline(
        [
            head,
            (x - 0.08, 0, 0.7 * head[2]),
            (0.6 * base, 0, r - 0.02),
            (0.42 * base, 0, r + 0.02),
            (0.36 * base, 0, seat - 0.06),
        ],
        12,
    )
    rail = tube([(0.36 * base, 0.05, seat - 0.12), (0.0, 0.06, seat - 0.06)], 0.018, 7)
    parts.append(("frame", join(tube([crown, head], 0.04, 8), tube(cradle, 0.032, 8), pair(rail))))
    parts.append(("body", _engine(rng, 0.5 * base, r + 0.1, rng.uniform(0.2, 0.3), rng.random() < 0.2)))
    parts.append(("detail", _exhaust(rng, base, 0.12, r + rng.uniform(0.05, 0.2), rng.uniform(0.3, 0.6))))
    bar = head + 0.1 * up
    parts += [
        ("handlebar", tube([head, bar], 0.03, 8)),
        *_bars(rng, bar, rng.choice(["swept", "flat"]), rng.uniform(0.36, 0.44), 0.015),
    ]
    some = rng.random(2)
    if some[0] < 0.5:
        parts.append(("detail", box((0.04, 0.2, 0.24), head + _vec(0.09, 0, -0.03), 0.8)))
        parts.append(("detail", box((0.1, 0.06, 0.08), head + _vec(0.05, 0, -0.03))))
    else:
        parts += _face(rng, head + _vec(0.16, 0, -0.06), bar, 0.6)
    if some[1] < 0.25:
        parts.append(("detail", pair(box((0.36, 0.18, 0.3), (0.05, 0.19, seat - 0.15)))))
    return parts


def cruiser(rng: np.random.Generator) -> Parts:
    """Cruiser, chopper or roadster: raked fork, teardrop tank, low seat, a vee engine, high bars, bags."""
    base, rake = rng.uniform(1.45, 1.85), rng.uniform(50, 64)
    r = rng.uniform(0.29, 0.34), rng.uniform(0.29, 0.36)
    wide = rng.uniform(0.13, 0.24), rng.uniform(0.08, 0.14)
    kind, angle = rng.choice(["spokes", "blades"]), np.radians(rake)
    parts, crown, up = _motor(rng, base, r, wide, angle, rng.uniform(0.52, 0.62) + 0.012 * (64 - rake), kind)
    head, seat = crown + 0.12 * up, rng.uniform(0.6, 0.72)
    x, z = head[0], head[2]
    top, fat, middle = min(z - 0.02, seat + rng.uniform(0.17, 0.34)), rng.uniform(0.12, 0.18), 0.35 * base
    tank = [(x - 0.04, 0.06, top - 0.16, top - 0.03), (x - 0.22, fat, top - 0.24, top)]
    tank += [(middle + 0.05, 0.05, seat - 0.08, seat + 0.05)]
    parts.append(("body", _shell(tank, 2.3)))
    rise = rng.uniform(0, 0.12)
    saddle = [
        (middle + 0.1, 0.08, seat - 0.1, seat),
        (middle - 0.12, 0.17, seat - 0.1, seat - 0.02),
        (middle - 0.28, 0.15, seat - 0.08, seat + rise),
    ]
    saddle += [(-0.05, 0.12, 2.12 * r[0], max(2.12 * r[0] + 0.06, seat + rise))] if rng.random() < 0.6 else []
    parts.append(("seat", _seat(saddle)))
    cradle = [
        (x + 0.02, 0, z - 0.05),
        (x - 0.05, 0, z - 0.3),
        (0.64 * base, 0, 0.2),
        (0.36 * base, 0, 0.2),
        (middle - 0.1, 0, seat - 0.05),
    ]
    parts.append(
        (
            "frame",
            join(
                pair(shift(tube(spline(cradle, 12), 0.022, 7), (0, 0.06, 0))),
                tube([crown, head], 0.045, 8),
                tube([(x, 0, z - 0.1), (middle, 0, seat - 0.05)], 0.035, 8),
            ),
        )
    )
    parts.append(("body", _engine(rng, 0.5 * base, 0.34, rng.uniform(0.26, 0.36), rng.random() < 0.75)))
    pipe = _exhaust(rng, base, rng.uniform(0.16, 0.22), rng.uniform(0.2, 0.3), rng.uniform(0, 0.15))
    parts += [("detail", pair(pipe) if rng.random() < 0.5 else join(pipe, shift(pipe, (-0.1, 0, 0.11))))]
    parts.append(("detail", _guard(0, r[0], 1.15 * wide[0], rng.uniform(0.3, 0.8), rng.uniform(2.3, 3.3))))
    parts.append(
        ("frame", pair(beam((middle - 0.1, 0.08, seat - 0.08), (-0.05, wide[0] / 2 + 0.03, 1.9 * r[0]), 0.03, 0.05)))
    )
    bar = head + 0.08 * up
    parts += [
        ("handlebar", tube([head, bar], 0.04, 8)),
        *_bars(rng, bar, rng.choice(["high", "high", "swept", "flat"]), rng.uniform(0.3, 0.42), 0.015),
    ]
    parts += _face(rng, head + _vec(0.17, 0, -0.04), bar + _vec(0, 0, 0.06), 0.0)
    some = rng.random(3)
    if some[0] < 0.35:
        bag = ellipsoid((0.5, 0.2, 0.3), (-0.02, wide[0] / 2 + 0.13, r[0] + 0.16), 6, 12, 7)
        parts.append(("detail", pair(bag)))
    if some[1] < 0.3:
        back = spline(
            [(0.05, 0.09, 2 * r[0]), (-0.12, 0.09, 2.2 * r[0]), (-0.2, 0.08, seat + 0.4), (-0.2, 0, seat + 0.45)], 8
        )
        parts.append(("detail", pair(tube(back, 0.014, 6))))
    if some[2] < 0.25:
        screen = [(0.18, 0.24, -0.1), (0.1, 0.27, 0.15), (0.02, 0.2, 0.45)]
        rings = np.array(
            [
                [
                    (a - 0.25 * y**2 / b + t, y, h)
                    for t, y in ((0, -b), (0, 0), (0, b), (-0.02, b), (-0.02, 0), (-0.02, -b))
                ]
                for a, b, h in screen
            ]
        )
        parts.append(("detail", shift(loft(rings), bar)))
    return parts


def scooter(rng: np.random.Generator) -> Parts:
    """Motor scooter: a leg shield, a flat floor, a round body below the seat, small wheels."""
    base, r = rng.uniform(1.15, 1.4), rng.uniform(0.2, 0.28)
    wide, kind = rng.uniform(0.09, 0.14), rng.choice(["disc", "blades"])
    wheel = _wheel(rng, r, 0.33 * r, wide, kind)
    angle, floor = np.radians(rng.uniform(63, 70)), rng.uniform(0.24, 0.34)
    fork, crown, up = _fork(base, r, angle, 1.5 * r, wide / 2 + 0.03, 0.02)
    head = crown + up * (rng.uniform(0.88, 1.0) - crown[2]) / up[2]
    parts = [("wheel", wheel), ("wheel", shift(wheel, (base, 0, 0))), *fork, ("fork", tube([crown, head], 0.04, 8))]
    fender = [
        (base + 1.2 * r, 0.03, 1.3 * r, 1.3 * r + 0.05),
        (base + 0.8 * r, 0.09, 1.4 * r, 2 * r),
        (base, 0.11, 1.3 * r, 2.25 * r),
        (base - 1.1 * r, 0.1, 1.0 * r, 2.1 * r),
    ]
    parts.append(("detail", _shell(fender, 2.5, 9)))
    seat, half, p = rng.uniform(0.7, 0.8), rng.uniform(0.17, 0.25), rng.uniform(2, 3.5)
    step, end = base * rng.uniform(0.42, 0.5), -rng.uniform(0.25, 0.4)
    shield_half, foot = rng.uniform(0.18, 0.27), base - 1.3 * r - 0.05
    levels = np.array([floor - 0.04, floor + 0.12, 0.55, 0.75, head[2] - 0.06])
    widths = shield_half * np.array([0.8, 1.0, 1.0, 0.85, 0.35])
    curl = np.linspace(-1, 1, 7)
    rings = np.empty((5, 14, 3))
    for i, (z, w) in enumerate(zip(levels, widths, strict=True)):  # round the fork above the wheel, flat below
        edge = np.interp(z, (floor, head[2]), (foot, head[0] - 0.05))
        column = base + (z - r) * up[0] / up[2] + 0.05
        x = edge + np.interp(z, (2 * r, 2 * r + 0.15), (0.06, column - edge)) * (1 - curl**2)
        rings[i] = np.concatenate([np.c_[x, w * curl, np.full(7, z)], np.c_[x - 0.03, w * curl, np.full(7, z)][::-1]])
    parts.append(("body", loft(rings)))
    t = rng.uniform(0.04, 0.08)
    board = [(foot + 0.08, 0.8 * shield_half, floor - t, floor), (step - 0.1, 0.8 * half, floor - t, floor)]
    parts.append(("body", _shell([*board, ((foot + step) / 2, 0.8 * half, floor - t, floor)], 7, 5)))
    cowl = [
        (step + 0.02, 0.6 * half, floor - t, seat - 0.08),
        (0.65 * step, 0.85 * half, floor - 0.02, seat - 0.03),
        (0.1, half, r + 0.08, seat - 0.02),
        (0.5 * end, 0.75 * half, 1.5 * r, seat - 0.04),
        (end, 0.05, 0.62, 0.7),
    ]
    parts.append(("body", _shell(cowl, p, 11)))
    cushion = [
        (step + 0.02, 0.08, seat - 0.1, seat - 0.02),
        (0.7 * step, 0.14, seat - 0.08, seat),
        (0.1, 0.15, seat - 0.06, seat + rng.uniform(0.0, 0.08)),
        (0.8 * end, 0.1, seat - 0.08, seat),
    ]
    parts.append(("seat", _seat(cushion)))
    engine = join(
        beam((0.3, -0.1, r + 0.06), (-0.02, -0.1, r), 0.08, 0.14), tube([(0, -0.13, r), (0, 0.08, r)], 0.05, 8)
    )
    parts += [("frame", engine), ("detail", tube([(0.15, -0.17, r + 0.02), (-0.25, -0.18, r + 0.06)], 0.05, 9))]
    parts.append(("handlebar", ellipsoid((0.2, 0.22, 0.16), head + _vec(0.03, 0, 0.02), 2.5, 10, 7)))
    parts += [
        *_bars(rng, head, "flat", rng.uniform(0.28, 0.36), 0.016),
        *_face(rng, head + _vec(0.12, 0, 0.02), head, 0.7),
    ]
    some = rng.random(3)
    if some[0] < 0.35:
        parts.append(("detail", ellipsoid((0.36, 0.38, 0.3), (end + 0.02, 0, seat + 0.14), 5, 12, 7)))
        parts.append(("detail", box((0.3, 0.16, 0.08), (end + 0.12, 0, seat - 0.04))))
    elif some[0] < 0.6:
        rack = spline([(end + 0.15, 0.1, seat - 0.08), (end - 0.05, 0.09, seat + 0.02), (end - 0.1, 0, seat + 0.03)], 6)
        parts.append(("detail", pair(tube(rack, 0.012, 6))))
    if some[1] < 0.2:
        parts.append(("detail", turn(box((0.015, 0.42, 0.5), head + _vec(0.12, 0, 0.26), (1, 0.7)), -0.35, 1, head)))
    if some[2] < 0.25:
        parts.append(
            (
                "detail",
                shift(turn(ellipsoid((0.14, 2 * r, 2 * r), (0, 0, 0), 3, 12, 7), 0), (foot - 0.06, 0, floor + 0.1)),
            )
        )
    return parts


STYLES = {
    f.__name__: f
    for f in (bicycle, step_through, cargo_bike, tricycle, kick_scooter, racer, dirt_bike, cruiser, scooter)
}

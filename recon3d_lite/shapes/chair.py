"""Chairs: they face +x, so the back is at -x of the seat. Sizes before normalising are in metres."""

import numpy as np

from .parts import (
    Part,
    around,
    beam,
    box,
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

PARTS = ("seat", "back", "leg", "arm", "base")
Parts = list[tuple[str, Part]]


def _size(rng: np.random.Generator) -> tuple[float, float, float]:
    """Depth, width and height of the seat's upper face."""
    return rng.uniform(0.36, 0.52), rng.uniform(0.36, 0.54), rng.uniform(0.36, 0.54)


def _seat(rng: np.random.Generator, d: float, w: float, h: float) -> Part:
    thick = rng.uniform(0.02, 0.11)
    kind = rng.choice(["board", "round", "cushion", "trapezium"])
    if kind == "board":
        return box((d, w, thick), (0, 0, h - thick / 2))
    if kind == "round":
        return slab(superellipse(d / 2, w / 2, rng.uniform(2, 5), 20), h - thick, h)
    if kind == "cushion":
        thick = max(thick, 0.05)
        return ellipsoid((d, w, thick), (0, 0, h - thick / 2), p=rng.uniform(4, 8), sections=16)
    outline = rectangle(d, w) * np.where(rectangle(d, w)[:, :1] > 0, 1, (1, rng.uniform(0.75, 0.95)))
    return slab(outline, h - thick, h)


def _legs(rng: np.random.Generator, d: float, w: float, h: float) -> Parts:
    """Four legs up to height h: square, round, turned or swept, often splayed, sometimes with rails."""
    r = rng.uniform(0.012, 0.03)
    x, y = d / 2 - 1.3 * r, w / 2 - 1.3 * r
    splay_x, splay_y = rng.choice([0, 1]) * rng.uniform(0, 0.09, 2)
    kind = rng.choice(["square", "round", "turned", "swept"])

    def leg(sign: int) -> Part:
        top, foot = np.array([sign * x, y, h]), np.array([sign * (x + splay_x), y + splay_y, 0])
        if kind == "square":
            return beam(top, foot, 2 * r, 2 * r, taper)
        if kind == "round":
            return tube([top, foot], [r, r * taper])
        t = np.linspace(0, 1, len(radii))[:, None]
        path = top + (foot - top) * t
        if kind == "swept":
            path[:, 0] += sign * sway * np.sin(2 * np.pi * t[:, 0])
        return tube(path, radii)

    taper, sway = rng.uniform(0.5, 1.1), rng.uniform(0.01, 0.04)
    radii = spline(rng.uniform(0.6, 1.6, (6, 1)), 10)[:, 0] * r if kind == "turned" else np.linspace(1.3, 0.8, 9) * r
    parts = [("leg", pair(leg(1))), ("leg", pair(leg(-1)))]
    if rng.random() < 0.4:
        t = rng.uniform(0.35, 0.8)  # how far down the rails are
        fx, fy, z = x + splay_x * t, y + splay_y * t, h * (1 - t)
        parts.append(("leg", pair(beam((-fx, fy, z), (fx, fy, z), r, 1.5 * r))))
        if rng.random() < 0.6:
            fx *= rng.choice([-1, 0, 1])
            parts.append(("leg", beam((fx, -fy, z), (fx, fy, z), r, 1.5 * r)))
    if rng.random() < 0.4:  # the frame under the seat
        parts.append(("leg", pair(beam((-x, y, h - 0.04), (x, y, h - 0.04), r, 0.06))))
        parts += [("leg", beam((s * x, -y, h - 0.04), (s * x, y, h - 0.04), r, 0.06)) for s in (-1, 1)]
    return parts


def _back(rng: np.random.Generator, d: float, w: float, h: float) -> Part:
    """A back, made flat and then leaned and bowed: board, slats, rails, spindles, oval, ring."""
    tall = rng.uniform(0.28, 0.6)
    lean, power, bow = rng.uniform(0, 0.16), rng.uniform(1, 2), rng.choice([0, 1]) * rng.uniform(0, 0.12)
    bar = rng.uniform(0.012, 0.03)
    kind = rng.choice(["board", "panel", "slats", "rails", "spindles", "oval", "hoop", "cushion"])
    steps = np.linspace(0, 1, 8)
    posts = pair(beam((0, w / 2 - bar, -0.02), (0, w / 2 - bar, tall), 2 * bar, 2 * bar))
    if kind in ("slats", "rails", "spindles", "panel"):  # posts may bend with the rest
        posts = pair(sweep(np.c_[0 * steps, 0 * steps + w / 2 - bar, tall * steps], rectangle(2 * bar, 2 * bar)))
    inner, n = w - 2 * bar, int(rng.integers(2, 8))
    if kind == "board":
        back = plate(w * (1 - rng.uniform(-0.15, 0.3) * steps**2), tall, 1.5 * bar)
    elif kind == "panel":
        low = rng.uniform(0.1, 0.5) * tall
        back = join(posts, shift(plate([inner] * 4, tall - low, bar), (0, 0, low)))
    elif kind in ("slats", "spindles"):
        wide = inner / n * rng.uniform(0.3, 0.75) if kind == "slats" else 0.7 * bar
        rail = shift(plate([w] * 2, 0.05 + bar, 2.2 * bar), (0, 0, tall - 0.03))
        ys = (np.arange(n) + 0.5) / n * inner - inner / 2
        back = join(posts, rail, *(shift(plate([wide] * 6, tall, 0.7 * bar, 1), (0, y, 0)) for y in ys))
    elif kind == "rails":
        n = min(n, 5)
        high = tall / n * rng.uniform(0.3, 0.7)
        zs = np.linspace(tall, 0, n, endpoint=False) - high
        back = join(posts, *(shift(plate([inner] * 2, high, bar), (0, 0, z)) for z in zs))
    elif kind == "cushion":
        back = shift(ellipsoid((0.12, w, tall), p=rng.uniform(3, 7), sections=16), (0.02, 0, tall / 2))
    else:
        angle = np.linspace(-0.4 * np.pi, 1.4 * np.pi, 15) if kind == "hoop" else np.linspace(0, 2 * np.pi, 15)[:-1]
        low = 0 if kind == "hoop" else 0.1 * tall
        path = np.c_[0 * angle, w / 2 * np.cos(angle), low + (tall - low) * (0.5 + 0.5 * np.sin(angle))]
        if kind == "hoop":  # straight at the foot
            path[0, 1:], path[-1, 1:] = (0.35 * w, 0), (-0.35 * w, 0)
        back = tube(path, bar, 6, loop=kind == "oval")
        if kind == "oval":
            widths = w * np.sin(np.arccos(np.clip(1 - 2 * np.linspace(0.02, 0.98, 9), -1, 1)))
            stems = pair(tube([(0, 0.15 * w, -0.03), (0, 0.15 * w, 0.2 * tall)], bar))
            back = join(back, stems, shift(plate(widths, tall - low, bar), (0, 0, low)))
        else:
            ys = np.linspace(-0.25, 0.25, n // 2 + 1) * w
            back = join(back, *(tube([(0, 0.7 * y, 0), (0, y, 0.94 * tall)], 0.6 * bar, 6) for y in ys))

    def rake(v: np.ndarray) -> np.ndarray:
        t = np.maximum(v[:, 2] / tall, 0)
        return (
            v
            + np.c_[
                bow * (2 * v[:, 1] / w) ** 2 * t**0.5 - lean * t**power - d / 2 + 1.5 * bar, 0 * t, 0 * t + h - 0.01
            ]
        )

    return warp(back, rake)


def _arms(rng: np.random.Generator, d: float, w: float, h: float) -> Part:
    """A pair of arms: a loop of tube, or a board on a post."""
    up, r, y = rng.uniform(0.16, 0.26), rng.uniform(0.012, 0.022), w / 2 + 0.005
    if rng.random() < 0.5:
        z = h - 0.03
        path = [
            (-d / 2, y, h + up),
            (0.1 * d, y, h + up),
            (0.4 * d, y, h + up * 0.9),
            (0.35 * d, y, z),
            (0.1 * d, y, z),
        ]
        return pair(tube(spline(path, 14), r))
    post = tube([(0.3 * d, y, h - 0.05), (0.25 * d, y, h + up)], r)
    return pair(join(post, box((d, rng.uniform(0.04, 0.08), 0.025), (-0.05 * d, y, h + up))))


def dining(rng: np.random.Generator) -> Parts:
    """Four legs, a seat, any back, sometimes arms."""
    d, w, h = _size(rng)
    parts = [("seat", _seat(rng, d, w, h)), ("back", _back(rng, d, w, h)), *_legs(rng, d, w, h - 0.01)]
    if rng.random() < 0.25:
        parts.append(("arm", _arms(rng, d, w, h)))
    return parts


def sled(rng: np.random.Generator) -> Parts:
    """Two runners of bent tube."""
    d, w, h = _size(rng)
    r, y, rake = rng.uniform(0.009, 0.018), w / 2 - 0.02, rng.uniform(-0.05, 0.1)
    path = [
        (-d / 2, y, h),
        (-d / 2 - rake, y, r),
        (-d / 2 - rake + 0.03, y, r),
        (d / 2 - 0.03, y, r),
        (d / 2, y, r),
        (0.45 * d, y, h),
    ]
    runners = pair(tube(path, r))
    if rng.random() < 0.4:
        upper = _shell(rng, d, w, h)
    else:
        upper = [("seat", _seat(rng, d, w, h)), ("back", _back(rng, d, w, h))]
    return [("leg", runners), *upper] + ([("arm", _arms(rng, d, w, h))] if rng.random() < 0.2 else [])


def _shell(rng: np.random.Generator, d: float, w: float, h: float) -> Parts:
    """Seat and back as one bent sheet, wider or narrower along it, dished across."""
    tall, lean = rng.uniform(0.25, 0.48), rng.uniform(0.04, 0.16)
    side = spline([(d / 2, h - 0.03), (d / 4, h), (-d / 4, h), (-d / 2, h + 0.06), (-d / 2 - lean, h + tall)], 15)
    path = np.c_[side[:, 0], 0 * side[:, 0], side[:, 1]]
    widths = spline(np.c_[rng.uniform([0.75, 0.9, 0.85, 0.8, 0.45], [1, 1, 1, 1, 0.95])], 15)[:, 0]
    dish = rng.uniform(0, 0.1)
    section = rectangle(rng.uniform(0.012, 0.03), w, 8)[:, ::-1]  # first axis y, second the sheet's normal
    sheet = sweep(path, section, np.c_[widths, np.ones(15)])

    def bend(v: np.ndarray) -> np.ndarray:
        on_back = np.clip((v[:, 2] - h) / tall, 0, 1)
        edge = dish * (2 * v[:, 1] / w) ** 2
        return v + np.c_[edge * on_back**0.3 * (on_back > 0), 0 * edge, edge * (1 - on_back)]

    vertices, faces = warp(sheet, bend)
    is_back = faces.min(1) // len(section) >= 9  # the stations from the bend on
    return [("seat", (vertices, faces[~is_back])), ("back", (vertices, faces[is_back]))]


def shell(rng: np.random.Generator) -> Parts:
    """One bent shell on four thin legs, on a column or on a swivel cross."""
    d, w, h = _size(rng)
    kind = rng.choice(["legs", "column", "cross"])
    if kind == "legs":
        base = _legs(rng, 0.75 * d, 0.75 * w, h)
    elif kind == "column":
        base = [("base", _column(rng, h))]
    else:
        base = [("base", join(_star(rng, 4), tube([(0, 0, 0.06), (0, 0, h)], 0.02)))]
    return _shell(rng, d, w, h) + base


def _column(rng: np.random.Generator, h: float) -> Part:
    """Trumpet foot of a tulip chair."""
    foot, waist = rng.uniform(0.16, 0.26), rng.uniform(0.02, 0.04)
    profile = spline([(foot, 0.01), (0.4 * foot, 0.04), (waist, 0.4 * h), (waist, 0.7 * h), (3 * waist, h)], 10)
    return revolve(np.concatenate([[(foot, 0)], profile]))


def _star(rng: np.random.Generator, n: int) -> Part:
    """n arms on the floor, on castors if there are five."""
    reach = rng.uniform(0.22, 0.34)
    arm = beam((0.0, 0, 0.1), (reach, 0, 0.05), 0.05, 0.04, 0.6)
    if n == 5:
        wheel = tube([(reach, -0.02, 0.03), (reach, 0.02, 0.03)], 0.03)
        arm = join(shift(arm, (0, 0, 0.02)), wheel)
    return around(arm, n)


def office(rng: np.random.Generator) -> Parts:
    """Five-star foot, gas spring, cushioned seat and back, often arms."""
    d, w, h = _size(rng)
    tall, lean, gap = rng.uniform(0.3, 0.7), rng.uniform(0, 0.12), rng.uniform(0, 0.15)
    base = join(
        _star(rng, 5),
        tube([(0, 0, 0.1), (0, 0, 0.6 * h), (0, 0, 0.6 * h), (0, 0, h - 0.05)], [0.03, 0.03, 0.018, 0.018]),
    )
    seat = ellipsoid((d, w, 0.09), (0, 0, h - 0.045), p=rng.uniform(3, 6), sections=16)
    width = w * rng.uniform(0.8, 1.02)
    bow = rng.uniform(0, 0.1)
    cushion = ellipsoid((rng.uniform(0.05, 0.12), width, tall), p=rng.uniform(2.5, 6), sections=18, rings=13)
    at = np.array([-d / 2, 0, h + gap + tall / 2])

    def rake(v: np.ndarray) -> np.ndarray:
        return v + np.c_[bow * (2 * v[:, 1] / w) ** 2 - lean * (v[:, 2] / tall + 0.5), 0 * v[:, 0], 0 * v[:, 0]] + at

    spine = [
        (-0.2 * d, 0, h - 0.08),
        (-0.5 * d, 0, h - 0.07),
        (-0.5 * d - 0.05, 0, h),
        (-0.5 * d - 0.03 - lean / 2, 0, h + gap + tall / 2),
    ]
    parts = [
        ("base", base),
        ("seat", seat),
        ("back", warp(cushion, rake)),
        ("back", sweep(spline(spine, 9), rectangle(0.06, 0.02))),
    ]
    return parts + ([("arm", _arms(rng, 0.8 * d, w + 0.03, h))] if rng.random() < 0.6 else [])


def cantilever(rng: np.random.Generator) -> Parts:
    """One bent tube a side: floor, up at the front, along the seat, up the back (Stam, Breuer 1926)."""
    d, w, h = _size(rng)
    r, y, tall, lean = rng.uniform(0.01, 0.018), w / 2, rng.uniform(0.3, 0.5), rng.uniform(0.03, 0.12)
    front = d / 2 + rng.uniform(0, 0.05)
    path = [(-d / 2, y, r), (front - 0.04, y, r), (front, y, r + 0.04), (front, y, h - 0.04), (front - 0.04, y, h)]
    path += [(-d / 2 + 0.03, y, h), (-d / 2, y, h + 0.03), (-d / 2 - lean, y, h + tall)]
    cross = beam((-d / 2, -y, r), (-d / 2, y, r), 2 * r, 2 * r)
    seat = box((d * 0.95, w, rng.uniform(0.02, 0.06)), (0, 0, h + 0.01))
    low = rng.uniform(0, 0.6) * tall
    back = plate([w] * 4, tall - low, rng.uniform(0.015, 0.04))
    bow = rng.uniform(-0.06, 0.0)

    def rake(v: np.ndarray) -> np.ndarray:
        z = v[:, 2] + low
        return np.c_[v[:, 0] - d / 2 - lean * z / tall + bow * (1 - (2 * v[:, 1] / w) ** 2), v[:, 1], z + h]

    parts = [("leg", join(pair(tube(path, r)), cross)), ("seat", seat), ("back", warp(back, rake))]
    if rng.random() < 0.35:
        parts.append(
            (
                "arm",
                pair(
                    tube(
                        spline(
                            [
                                (front, y, h - 0.1),
                                (front, y, h + 0.17),
                                (front - 0.05, y, h + 0.2),
                                (-d / 2 - 0.03, y, h + 0.2),
                            ],
                            10,
                        ),
                        r,
                    )
                ),
            )
        )
    return parts


def folding(rng: np.random.Generator) -> Parts:
    """Two crossed frames, a seat and a back between the longer pair; the back may be missing (a stool)."""
    d, w, h = _size(rng)
    tall = rng.choice([0, 1], p=[0.25, 0.75]) * rng.uniform(0.3, 0.42)
    r, y = rng.uniform(0.009, 0.018), w / 2
    slope = d / h  # the long frame runs from the front of the floor to the seat's rear and on
    top = np.array([-d / 2 - slope * tall * rng.uniform(0.1, 0.5), y, h + tall])
    long = tube([(d / 2, y, r), (-d / 2 + 0.02, y, h), top][: 3 if tall else 2], r)
    short = tube([(-d / 2 - 0.02, y - 2.5 * r, r), (d / 2 - 0.03, y - 2.5 * r, h)], r)
    rails = [beam((s * d / 2 * 0.96, -y, 0.05), (s * d / 2 * 0.96, y, 0.05), 1.5 * r, 1.5 * r) for s in (-1, 1)]
    sag = rng.uniform(0, 0.04)
    section = rectangle(rng.uniform(0.01, 0.03), w, 6)[:, ::-1]
    seat = sweep([(-d / 2, 0, h), (0, 0, h - sag), (d / 2, 0, h)], section)
    parts = [("leg", join(pair(long), pair(short), *rails)), ("seat", seat)]
    if tall:
        high = rng.uniform(0.3, 0.8) * tall
        back = plate([w - r] * 4, high, 0.02)
        foot = top + (np.array([-d / 2 + 0.02, y, h]) - top) * high / tall
        parts.append(
            ("back", warp(back, lambda v: v + (foot[0], 0, foot[2]) + v[:, 2:] / high * ((top - foot) * (1, 0, 0))))
        )
    return parts


def armchair(rng: np.random.Generator) -> Parts:
    """Upholstered: block, cushions, closed arms, on short feet or on the floor."""
    d, w, h = rng.uniform(0.5, 0.7), rng.uniform(0.45, 0.9), rng.uniform(0.36, 0.46)
    thick, foot = rng.uniform(0.1, 0.2), rng.choice([0, 1]) * rng.uniform(0.04, 0.16)
    tall, arm, p = rng.uniform(0.3, 0.55), rng.uniform(0.12, 0.28), rng.uniform(5, 12)
    low = 0.62 * h
    seat = ellipsoid((d + 0.02, w, 1.1 * (h - low)), (0, 0, (h + low) / 2), p=p, sections=16)
    block = box((d, w + 0.1, low - foot), (0, 0, (low + foot) / 2))
    back = ellipsoid((thick, w + thick, h + tall - foot), (0, 0, (h + tall + foot) / 2), p=p, sections=16)
    lean = rng.uniform(0.02, 0.2)
    back = warp(back, lambda v: v + np.c_[-lean * np.maximum(v[:, 2] - low, 0) - d / 2 - thick / 3, 0 * v[:, :2]])
    y = w / 2 + thick / 2
    side = ellipsoid((d + thick / 2, thick, h + arm - foot), (-thick / 4, y, (h + arm + foot) / 2), p=p, sections=16)
    if rng.random() < 0.35:  # a rolled arm
        roll = tube([(-d / 2, y, h + arm), (d / 2, y, h + arm)], 0.6 * thick, 12)
        side = join(box((d, thick * 0.7, h + arm - foot), (0, y, (h + arm + foot) / 2)), roll)
    parts = [("seat", seat), ("seat", block), ("back", back), ("arm", pair(side))]
    if rng.random() < 0.4:
        cushion = ellipsoid((0.14, 0.8 * w, 0.8 * tall), p=3.5, sections=16)
        parts.append(("back", shift(turn(cushion, -lean, 1), (-d / 2 + thick / 2, 0, h + 0.4 * tall))))
    if foot:
        feet = [tube([(s * 0.42 * d, y, foot + 0.02), (s * 0.44 * d, y, 0)], [0.03, 0.02]) for s in (-1, 1)]
        parts.append(("leg", pair(join(*feet))))
    return parts


def tub(rng: np.random.Generator) -> Parts:
    """A round seat in a curved back that runs into the arms."""
    r, h = rng.uniform(0.24, 0.32), rng.uniform(0.36, 0.48)
    reach, flare = rng.uniform(0.35, 0.62) * np.pi, rng.uniform(1.0, 1.25)
    high = rng.uniform(0.2, 0.4)
    low = rng.uniform(-0.2, 0.08) if rng.random() < 0.7 else 0.6 * high
    thick, drop, power = rng.uniform(0.02, 0.07), rng.uniform(0.2, 0.9) * high, rng.uniform(1, 4)
    angle = np.pi + np.linspace(-reach, reach, 17)
    rings = []
    for a in angle:
        top = high - drop * (abs(a - np.pi) / reach) ** power
        for radius, z in (
            (r, low),
            (r + thick, low),
            (r * flare + thick, max(top, low + 0.04)),
            (r * flare, max(top, low + 0.04)),
        ):
            rings.append((radius * np.cos(a), radius * np.sin(a), h + z))
    back = loft(np.array(rings).reshape(17, 4, 3))
    seat = ellipsoid((2 * r, 2 * r, 0.1), (0, 0, h - 0.05), p=4, sections=18)
    seat = slab(superellipse(r, r, n=20), h - 0.08, h) if rng.random() < 0.5 else seat
    base = [("base", _column(rng, h - 0.05))] if rng.random() < 0.3 else _legs(rng, 1.5 * r, 1.5 * r, h - 0.05)
    if low > 0.05:
        stems = [
            tube(
                [
                    (r * np.cos(a), r * np.sin(a), h - 0.05),
                    ((r + thick) * np.cos(a), (r + thick) * np.sin(a), h + low + 0.03),
                ],
                0.012,
                6,
            )
            for a in np.pi + np.linspace(-0.9, 0.9, 6) * reach
        ]
        return [("seat", seat), ("back", join(back, *stems)), *base]
    return [("seat", seat), ("back", back), *base]


def lounge(rng: np.random.Generator) -> Parts:
    """A long chair: seat, back and leg rest as one bent mattress on a low frame."""
    length, w, h = rng.uniform(1.1, 1.7), rng.uniform(0.45, 0.65), rng.uniform(0.25, 0.4)
    thick, tall = rng.uniform(0.03, 0.12), rng.uniform(0.25, 0.6)
    knee = rng.uniform(0, 0.12)
    side = spline([(0.6 * length, h - knee), (0.25 * length, h + knee), (0, h), (-0.4 * length, h + tall)], 14)
    bed = sweep(np.c_[side[:, 0], 0 * side[:, 0], side[:, 1]], rectangle(thick, w)[:, ::-1])
    r = rng.uniform(0.012, 0.03)
    z = h - thick / 2 - r
    frame = [tube([(-0.3 * length, w / 2, z), (0.55 * length, w / 2, z)], r)]
    frame += [beam((x * length, w / 2, z), (x * length, w / 2, 0), 2 * r, 2 * r) for x in (-0.25, 0.45)]
    frame.append(tube([(-0.3 * length, w / 2, z), (-0.38 * length, w / 2, h + 0.9 * tall)], r))
    vertices, faces = bed
    is_back = faces.min(1) // 4 >= 9
    parts = [("seat", (vertices, faces[~is_back])), ("back", (vertices, faces[is_back])), ("leg", pair(join(*frame)))]
    if rng.random() < 0.4:
        parts.append(("arm", pair(box((0.35 * length, 0.06, 0.04), (-0.1 * length, w / 2 + 0.04, h + 0.2)))))
        parts.append(("arm", pair(box((0.04, 0.04, 0.26), (0.04 * length, w / 2 + 0.04, h + 0.09)))))
        parts.append(("arm", pair(box((0.04, 0.04, 0.26), (-0.22 * length, w / 2 + 0.04, h + 0.09)))))
    return parts


STYLES = {f.__name__: f for f in (dining, sled, shell, office, cantilever, folding, armchair, tub, lounge)}

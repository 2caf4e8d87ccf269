"""Trucks and buses: driving along +x on z = 0. A truck's cab ends at x = 0, its load lies behind. Units: metres."""

from itertools import pairwise

import numpy as np

from .parts import Part, beam, box, ellipsoid, join, loft, pair, revolve, shift, superellipse, tube, turn, warp

PARTS = ("cab", "body", "window", "wheel", "chassis", "detail")
Parts = list[tuple[str, Part]]


def _hull(
    name: str,
    top: list,
    half: float,
    floor: float,
    belt: float,
    crown: float = 0.1,
    lean: float = 0.0,
    ends: tuple[float, float] = (0.0, 0.0),
    axles: tuple = (),
    radius: float = 0.5,
    panes: list = (),
) -> Parts:
    """A closed body and its windows under the silhouette `top`, rows of (x, z): one loft of sections along x.

    Above the `belt` the sides `lean` in and the `panes`, pairs of x, lie deeper; the roof is `crown` high. `ends` says
    by how much the plan narrows behind and in front. Over each of the `axles` the floor is arched.
    """
    knots, arch = np.array(sorted(top)), 1.12 * radius
    tail, nose = knots[[0, -1], 0]
    near = [a + arch * np.array([-1.02, -1, -0.75, -0.3, 0.3, 0.75, 1, 1.02]) for a in axles]
    edges = [(a, a + 0.03, b - 0.03, b) for a, b in panes]
    round_ends = [(tail + 0.08, tail + 0.3), (nose - 0.3, nose - 0.08)]
    x = np.unique(np.round(np.concatenate([knots[:, 0], *near, *edges, *round_ends]), 3))
    x = x[(x >= round(tail, 3)) & (x <= round(nose, 3))]
    z = np.interp(x, *knots.T)
    bottom = np.full(len(x), floor)
    for a in axles:
        over = radius + np.sqrt(np.maximum(arch**2 - (x - a) ** 2, 0))
        bottom = np.where(np.abs(x - a) < 1.01 * arch, np.maximum(bottom, over), bottom)
    bottom = np.minimum(bottom, z - 0.08)

    narrow = [end * np.maximum(1 - far / 0.6, 0) ** 2 for end, far in zip(ends, (x - tail, nose - x), strict=True)]
    plan, high = half * (1 - narrow[0] - narrow[1]), z - bottom
    shoulder = z - np.minimum(crown, 0.3 * high)
    sill = bottom + np.minimum(0.12, 0.06 * high)
    waist = np.clip(belt, sill + 0.02 * high, shoulder - 0.2 * high)
    deep = sum((0.05 * ((x > a + 0.01) & (x < b - 0.01)) for a, b in panes), np.zeros(len(x)))
    roof = plan - lean * (shoulder - waist)
    left = [(0.95 * plan, bottom), (plan, sill), (plan, waist), (plan - deep, waist + 0.04 * high)]
    left += [(roof - deep, shoulder - 0.02 * high), (roof, shoulder)]
    left += [(0.8 * roof, 0.35 * shoulder + 0.65 * z), (0.4 * roof, z)]
    left = np.stack([np.stack([x, y, z], -1) for y, z in left], 1)
    vertices, faces = loft(np.concatenate([left, left[:, ::-1] * (1, -1, 1)], 1))

    strip, station = np.arange(len(faces)) % 16, np.arange(len(faces)) // 16 % (len(x) - 1)  # as loft numbers them
    pane = np.minimum(deep[1:], deep[:-1])[station] > 0
    steep = (np.abs(np.diff(z) / np.diff(x)) > 0.8) & (np.minimum(z[1:], z[:-1]) > belt - 0.1)
    glass = (np.isin(strip, (3, 11)) & pane) | (np.isin(strip, (6, 7, 8)) & steep[station] & bool(len(panes)))
    glass[-32:] = False  # the caps
    hull = [(name, (vertices, faces[~glass]))]
    return [*hull, ("window", (vertices, faces[glass]))] if glass.any() else hull


def _panes(start: float, end: float, n: int, gap: float) -> list:
    """n windows from `start` to `end` with pillars of width `gap` between them."""
    edge = np.linspace(start, end + gap, n + 1)
    return [(a, b - gap) for a, b in pairwise(edge)]


def _wheels(rng: np.random.Generator, axles: list, half: float, r: float) -> Part:
    wide, rim, hub = r * rng.uniform(0.45, 0.8), r * rng.uniform(0.5, 0.72), r * rng.uniform(-0.2, 0.15)
    profile = [(0.9 * r, -wide), (r, -0.8 * wide), (r, -0.15 * wide), (0.9 * r, 0), (rim, 0), (0.8 * rim, hub)]
    wheel = shift(turn(revolve(profile, 13), -np.pi / 2, 0), (0, half, r))
    return pair(join(*(shift(wheel, (x, 0, 0)) for x in axles)))


def _mirrors(rng: np.random.Generator, x: float, y: float, z: float) -> Parts:
    out, high = rng.uniform(0.15, 0.35), rng.uniform(0.25, 0.6)
    arm = tube([(x, y - 0.1, z), (x + 0.1, y + out, z)], 0.03, 5)
    return [("detail", pair(join(arm, box((0.09, 0.22, high), (x + 0.1, y + out, z - 0.3 * high)))))]


def _ladder(start: np.ndarray, end: np.ndarray, wide: float, rungs: int, truss: float = 0.0) -> Part:
    """Two rails and rungs between two points of the x-z plane; `truss` is the height of railings above them."""
    start, end = np.asarray(start), np.asarray(end)
    at = start + (end - start) * np.linspace(0.04, 0.96, rungs)[:, None]
    y, up = np.array([0, wide / 2, 0]), np.array([0, 0, truss])
    rung = beam(at[0] - y, at[0] + y, 0.06, 0.06)
    side = [beam(start + y, end + y, 0.09, 0.1)]
    if truss:
        side.append(beam(at[0] + y + up, at[-1] + y + up, 0.07, 0.07))
        post = beam(at[0] + y, at[1] + y + up, 0.05, 0.05), beam(at[0] + y + up, at[1] + y, 0.05, 0.05)
        side += [shift(post[i % 2], p - at[0]) for i, p in enumerate(at[:-1])]
    return join(pair(join(*side)), *(shift(rung, p - at[0]) for p in at))


# --- buses ---


def _bus(rng: np.random.Generator, long: float, half: float, high: float, belt: float, panes: int) -> Parts:
    """One hull with a flat, round or raked front, two or three axles, doors, mirrors."""
    a, r, floor = long / 2, rng.uniform(0.42, 0.52), rng.uniform(0.25, 0.45)
    rake, back = rng.uniform(0.05, 0.9) * rng.random(), rng.uniform(0.02, 0.4)
    bulge = rng.uniform(0.02, 0.15)
    top = [(-a, belt - 0.2), (-a + 0.04, belt), (-a + back, high - 0.15), (-a + back + 0.3, high - 0.02), (0, high)]
    top += [(a - rake - bulge - 0.3, high - 0.01), (a - rake - bulge, high - 0.2)]
    top += [(a - 0.5 * rake - 0.3 * bulge, (high + belt) / 2), (a - 0.03, belt - 0.1), (a, belt - 0.5)]
    rear, front = -a + rng.uniform(0.2, 0.32) * long, a - rng.uniform(0.16, 0.28) * long
    axles = [front, rear, *([rear - 2.4 * r] if long > 11 and rng.random() < 0.4 else [])]
    glazed = _panes(-a + back + 0.4, a - rake - 0.45, panes, rng.uniform(0.08, 0.25))
    ends = rng.uniform(0.02, 0.15), rng.uniform(0.02, 0.25)
    crown, lean = rng.uniform(0.08, 0.35), rng.uniform(0, 0.1)
    parts = _hull("body", top, half, floor, belt, crown, lean, ends, axles, r, glazed)
    parts.append(("wheel", _wheels(rng, axles, half - 0.02, r)))
    parts.append(("chassis", join(*(box((0.3, 2 * half - 0.3, 0.3), (x, 0, r + 0.05)) for x in axles))))
    if rng.random() < 0.7:
        parts += _mirrors(rng, a - rake - 0.1, half * (0.97 - ends[1]), 0.5 * (belt + high))
    for x in (front + r + 0.55, 0.3, rear + r + 0.9)[: int(rng.integers(1, 4))]:  # doors on the right
        parts.append(("detail", box((0.9, 0.08, belt + 0.3 - floor), (x, -half, (belt + 0.3 + floor) / 2 + 0.05))))
    return parts


def bus(rng: np.random.Generator) -> Parts:
    """City bus, midibus or coach: one box, a row of windows; boxes for air or gas on the roof of some."""
    long, high = rng.uniform(6.5, 13.5), rng.uniform(2.7, 3.7)
    belt = high - rng.uniform(1.0, 1.5)
    parts = _bus(rng, long, rng.uniform(1.1, 1.3), high, belt, int(rng.integers(3, 9)))
    for _ in range(int(rng.integers(0, 3))):
        size = rng.uniform(0.8, 3.0), rng.uniform(1.0, 1.8), rng.uniform(0.25, 0.5)
        at = rng.uniform(-0.3, 0.25) * long, 0, high + 0.4 * size[2] - 0.1
        parts.append(("detail", box(size, at, rng.uniform(0.8, 1.0))))
    if rng.random() < 0.4:
        parts.append(("detail", box((0.12, 2.1, 0.25), (long / 2 - 0.02, 0, 0.5))))
    return parts


def double_decker(rng: np.random.Generator) -> Parts:
    """Two rows of windows; the upper deck of some is open."""
    long, half, high = rng.uniform(8, 12), rng.uniform(1.15, 1.3), rng.uniform(3.9, 4.6)
    n, deck = int(rng.integers(4, 8)), 0.52 * high
    open_top = rng.random() < 0.25
    if open_top:
        parts = _bus(rng, long, half, deck + 0.1, 0.3 * high, n)
        a, t = long / 2 - 0.35, 0.08
        end = a if rng.random() < 0.5 else 0.2 * a  # the front of the upper deck may be covered
        z, rail = deck + 0.35, rng.uniform(0.7, 1.0)
        side = box((end + a, t, rail), ((end - a) / 2, half - 0.15, z))
        parts.append(("body", pair(side)))
        parts += [("body", box((t, 2 * half - 0.25, rail), (x, 0, z))) for x in (-a, end)]
        seats = np.linspace(-a + 0.8, end - 0.6, int(rng.integers(3, 7)))
        parts.append(("detail", pair(join(*(box((0.12, 0.8, 0.8), (x, 0.55, deck + 0.3)) for x in seats)))))
        if end < a:
            top = [(end, high), (a - 0.2, high), (a, deck + 0.7), (a + 0.1, deck + 0.4)]
            panes = _panes(end + 0.3, a - 0.4, 2, 0.15)
            parts += _hull("body", top, half - 0.05, deck - 0.1, deck + 0.6, 0.2, 0.03, panes=panes)
        return parts
    parts = _bus(rng, long, half, high, high - rng.uniform(1.0, 1.3), n)
    lower = rng.uniform(0.7, 1.0)
    for a, b in _panes(-0.36 * long, 0.36 * long, n, 0.2):  # the lower row stands out a little
        parts.append(("window", pair(box((b - a, 0.06, lower), ((a + b) / 2, half, 0.36 * high)))))
    return parts


def school_bus(rng: np.random.Generator) -> Parts:
    """A bonnet before a high body with a domed roof."""
    long, half, high = rng.uniform(4.5, 10), rng.uniform(1.05, 1.3), rng.uniform(2.6, 3.2)
    bonnet, hood = rng.uniform(0.7, 1.7), rng.uniform(1.2, 1.7)
    r, floor, belt = rng.uniform(0.3, 0.5), rng.uniform(0.35, 0.65), high - rng.uniform(1.1, 1.35)
    rear, front = -long * rng.uniform(0.68, 0.8), bonnet * rng.uniform(0.3, 0.65)
    slope = rng.uniform(0.02, 0.4)
    top = [(-long, high - 0.35), (-long + 0.06, high - 0.1), (-long + 0.3, high), (-slope - 0.25, high)]
    top += [(-slope, high - 0.1), (0, hood - 0.05), (0.02, hood - 0.3)]
    crown, lean = rng.uniform(0.15, 0.7), rng.uniform(0, 0.06)
    panes = _panes(-long + 0.35, -slope - 0.3, int(rng.integers(4, 11)), rng.uniform(0.08, 0.2))
    ends = (rng.uniform(0, 0.12), 0.03)
    parts = _hull("body", top, half, floor, belt, crown, lean, ends, (rear,), r, panes)
    fall = rng.uniform(0.05, 0.35)
    nose = [(-0.1, hood), (0.6 * bonnet, hood - 0.4 * fall), (bonnet - 0.08, hood - fall), (bonnet, hood - fall - 0.2)]
    wide = half * rng.uniform(0.7, 0.95)
    parts += _hull("cab", nose, wide, floor, 9, 0.2, 0, (0, rng.uniform(0, 0.3)), (front,), r)
    parts.append(("wheel", _wheels(rng, [front, rear], half - 0.05, r)))
    parts.append(("chassis", join(*(box((0.3, 1.9 * wide, 0.3), (x, 0, r + 0.05)) for x in (front, rear)))))
    parts.append(("detail", box((0.15, 2 * half, 0.25), (bonnet, 0, floor + 0.1))))
    if wide < 0.88 * half:  # wings beside a narrow bonnet
        parts.append(("cab", pair(ellipsoid((2.9 * r, 0.5, r), (front, wide, 1.8 * r), sections=10, rings=7))))
    if rng.random() < 0.6:
        parts.append(("detail", box((0.15, 2 * half, 0.25), (-long, 0, floor + 0.1))))
    if rng.random() < 0.6:
        parts += _mirrors(rng, -0.2, half, belt + 0.5)
    if rng.random() < 0.3:  # the roof reaches out
        over, y = rng.uniform(0.05, 0.3), half + rng.uniform(0.02, 0.12)
        low = high - crown - 0.1
        roof = [(-long - over, high + 0.08), (over - slope, high + 0.08)]
        parts += _hull("body", roof, y, low, 9, crown)
    for x in (-0.3 - slope, 0.15 - long)[: int(rng.integers(0, 3))]:
        parts.append(("detail", pair(box((0.2, 0.5, 0.16), (x, 0.5 * half, high - 0.05)))))
    return parts


def tram(rng: np.random.Generator) -> Parts:
    """One to three carriages low over the rails, alike at both ends, with a pantograph."""
    n, half, high = int(rng.integers(1, 4)), rng.uniform(1.15, 1.35), rng.uniform(3.0, 3.5)
    long = rng.uniform(8, 13) / (1 + 0.3 * (n > 1))
    r, floor, belt, gap = rng.uniform(0.3, 0.42), rng.uniform(0.2, 0.5), high - rng.uniform(1.2, 1.7), 0.3
    rake, end, crown, lean = rng.uniform(0.05, 1.3), rng.uniform(0, 0.4), rng.uniform(0.15, 0.5), rng.uniform(0, 0.08)
    panes, parts = int(rng.integers(3, 8)) // n + 1, []
    for i in range(n):
        tail, nose = (i - n / 2) * long + gap / 2, (i + 1 - n / 2) * long - gap / 2
        first, last = rake * (i == 0), rake * (i == n - 1)
        top = [(tail, high - 0.1), (nose, high - 0.1), (tail + 0.2 + first, high), (nose - 0.2 - last, high)]
        if i == 0:
            top[0] = (tail, belt - 0.4)
            top += [(tail + 0.1 * rake, belt - 0.1), (tail + 0.8 * rake, high - 0.2)]
        if i == n - 1:
            top[1] = (nose, belt - 0.4)
            top += [(nose - 0.1 * rake, belt - 0.1), (nose - 0.8 * rake, high - 0.2)]
        glazed = _panes(tail + 0.3 + first, nose - 0.3 - last, panes, 0.2)
        ends = end * (i == 0), end * (i == n - 1)
        parts += _hull("body", top, half, floor, belt, crown, lean, ends, panes=glazed)
        if i:
            parts.append(("detail", box((gap + 0.2, 1.8 * half, high - floor - 0.4), (tail - gap / 2, 0, high / 2))))
        axles = np.array([tail + 0.25 * long, nose - 0.25 * long])
        axles = np.concatenate([axles - 1.3 * r, axles + 1.3 * r])
        parts.append(("wheel", _wheels(rng, axles, 0.75 * half, r)))
        parts.append(
            ("chassis", join(*(box((4.2 * r, 1.3 * half, 0.3), (x, 0, r + 0.1)) for x in axles[:2] + 1.3 * r)))
        )
    x, up = (rng.integers(n) - n / 2 + 0.5) * long, rng.uniform(0.5, 1.0)
    arm = beam((x, 0, high - 0.05), (x + 0.6, 0, high + up / 2), 0.1, 0.1)
    bow = box((0.12, 1.6, 0.08), (x, 0, high + up))
    parts.append(("detail", join(arm, beam((x + 0.6, 0, high + up / 2), (x, 0, high + up), 0.1, 0.1), bow)))
    if rng.random() < 0.5:  # a lantern roof or boxes
        parts += [
            ("detail", box((0.6 * long, half, 0.3), ((i + 0.5 - n / 2) * long, 0, high + 0.05))) for i in range(n)
        ]
    return parts


# --- trucks ---


def _cab(rng: np.random.Generator, half: float, r: float, over: float = 0.55, crew: float = 0.2) -> tuple[Parts, float]:
    """A cab over its engine (with probability `over`) or behind a bonnet, and the x of its axle."""
    high, floor, slope = rng.uniform(2.2, 3.1), rng.uniform(0.4, 0.65), rng.uniform(0.02, 0.5)
    belt = floor + rng.uniform(0.5, 0.62) * (high - floor)
    deep = rng.uniform(1.3, 1.9) + (rng.random() < crew) * rng.uniform(0.5, 1.1)
    top = [(0, high - 0.12), (0.1, high - 0.02), (deep / 2, high)]
    if rng.random() < over:
        front, ends = deep + slope / 2, (0, rng.uniform(0.02, 0.25))
        axle = front * rng.uniform(0.45, 0.65)
        top += [(front - slope - 0.2, high - 0.02), (front - slope - 0.08, high - 0.14), (front - 0.06, belt)]
        top += [(front, belt - 0.3), (front + 0.03, floor + 0.3)]
        parts = _hull(
            "cab", top, half, floor, belt, 0.15, rng.uniform(0, 0.12), ends, (axle,), r, [(0.25, front - slope - 0.25)]
        )
    else:
        bonnet, hood, fall = rng.uniform(0.7, 1.8), belt - rng.uniform(0, 0.2), rng.uniform(0.05, 0.4)
        front, axle = deep + slope + bonnet, deep + slope + bonnet * rng.uniform(0.3, 0.6)
        top += [(deep - 0.2, high - 0.02), (deep - 0.05, high - 0.14), (deep + slope, hood + 0.02)]
        if rng.random() < 0.5:  # one hull, as a van
            top += [(front - 0.3, hood - fall), (front - 0.05, hood - fall - 0.15), (front, hood - fall - 0.5)]
            parts = _hull(
                "cab",
                top,
                half,
                floor,
                belt,
                0.15,
                0.08,
                (0, rng.uniform(0.05, 0.3)),
                (axle,),
                r,
                [(0.25, deep - 0.25)],
            )
        else:  # a narrow bonnet between wings
            wide = rng.uniform(0.6, 0.8) * half
            parts = _hull(
                "cab",
                [*top, (deep + slope + 0.03, hood - 0.4)],
                half,
                floor,
                belt,
                0.15,
                0.04,
                panes=[(0.25, deep - 0.25)],
            )
            nose = [(deep - 0.1, hood), (front - 0.1, hood - fall), (front, hood - fall - 0.12)]
            parts += _hull("cab", nose, wide, floor + 0.1, 9, rng.uniform(0.1, 0.4), 0, (0, rng.uniform(0, 0.2)))
            wing = ellipsoid((2.8 * r, half - wide + 0.5, 1.3 * r), (axle, (half + wide) / 2 - 0.15, 1.7 * r), 3, 10, 7)
            parts.append(("cab", pair(wing)))
    some = rng.random(6)
    parts.append(("detail", box((0.25, 2 * half, rng.uniform(0.2, 0.4)), (front - 0.05, 0, floor + 0.05))))
    if some[0] < 0.7:
        parts += _mirrors(rng, deep - slope / 2 - 0.25, half * 0.97, belt + 0.5)
    if some[1] < 0.3:  # a deflector
        rise = rng.uniform(0.3, 0.9)
        top = [(0.05, high + rise), (0.3 * deep, high + 0.9 * rise), (0.7 * deep, high + 0.1)]
        parts += _hull("cab", top, 0.85 * half, high - 0.2, 9, 0.15)
    elif some[2] < 0.3:
        parts.append(("detail", box((0.25, 1.5 * half, 0.18), (0.5 * deep, 0, high + 0.04))))
    if some[3] < 0.3:  # a chimney behind the cab
        chimney = tube(
            [(-0.1, 0.8 * half, 0.8), (-0.1, 0.8 * half, high + rng.uniform(0.1, 0.7))], rng.uniform(0.06, 0.11), 8
        )
        parts.append(("detail", chimney if some[4] < 0.5 else pair(chimney)))
    return parts, axle


def _truck(rng: np.random.Generator, long: float, over: float = 0.55, crew: float = 0.2) -> tuple[Parts, float, float]:
    """Cab, frame and wheels of a truck with `long` metres for its load; and its half-width and the load's height."""
    half, r = rng.uniform(0.95, 1.25), rng.uniform(0.38, 0.55)
    deck = 2 * r + rng.uniform(0.05, 0.35)
    parts, front = _cab(rng, half, r, over, crew)
    n = int(rng.choice([1, 2, 2, 3]) if long > 4.5 else 1)
    axles = -long * rng.uniform(0.6, 0.78) + (np.arange(n) - (n - 1) / 2) * rng.uniform(2.1, 2.6) * r
    axles = [front, *([front - 2.4 * r] if long > 6 and rng.random() < 0.2 else []), *axles]
    return [*parts, *_frame(rng, front, -long, axles, half, r, deck)], half, deck


def _frame(
    rng: np.random.Generator, front: float, tail: float, axles: list, half: float, r: float, deck: float
) -> Parts:
    """Two rails with the wheels below, and what hangs between the axles: tanks, boxes, mudguards, a bar behind."""
    rail = box((front - tail - 0.1, 0.16, 0.26), ((front + tail) / 2, 0.42, deck - 0.13))
    blocks = _axles(axles, half, r, deck)
    parts = [("chassis", join(pair(rail), *blocks)), ("wheel", _wheels(rng, axles, half - 0.03, r))]
    inner = (
        min(x for x in axles if x > -2.5 * r) - 1.3 * r,
        max([x for x in axles if x < -2.5 * r], default=tail) + 1.3 * r,
    )
    room, some = inner[0] - inner[1], rng.random(4)
    y, z, size = 0.72 * half, deck - 0.35, rng.uniform(0.25, 0.33)
    if room > 0.8 and some[0] < 0.7:
        long, x = room * rng.uniform(0.3, 0.8), (inner[0] + inner[1]) / 2
        tank = tube([(x - long / 2, y, z), (x + long / 2, y, z)], size, 10)
        tank = tank if some[1] < 0.5 else box((long, 1.6 * size, 2 * size), (x, y, z))
        parts.append(("chassis", pair(tank) if some[1] < 0.8 else tank))
    if some[2] < 0.5:
        low = box((0.1, 1.9 * half, 0.18), (tail + 0.1, 0, 0.55))
        parts.append(("chassis", join(low, pair(box((0.1, 0.12, deck - 0.45), (tail + 0.1, 0.42, (deck + 0.45) / 2))))))
    if some[3] < 0.4:
        wide, angle = 0.5 * r, np.linspace(0.1, np.pi - 0.1, 7)
        arc = 1.15 * r * np.stack([np.cos(angle), 0 * angle, np.sin(angle)], -1)
        for x in axles:
            if x < -r:
                parts.append(("detail", pair(_strip(arc + np.array([x, half - wide / 2, r]), wide))))
    return parts


def _axles(axles: list, half: float, r: float, deck: float) -> list[Part]:
    """From wheel to wheel, and a block between each axle and the deck."""
    bars = [box((0.15, 2 * half - 0.3, 0.15), (x, 0, r)) for x in axles]
    return bars + [box((0.25, 1.2 * half, deck - r), (x, 0, (deck + r) / 2 - 0.05)) for x in axles]


def _strip(path: np.ndarray, wide: float) -> Part:
    """A band along a path in an x-z plane, `wide` in y."""
    return join(*(beam(p, q, wide, 0.05) for p, q in pairwise(path)))


def _cargo(rng: np.random.Generator, front: float, tail: float, half: float, deck: float, top: float) -> Parts:
    """A closed box for goods: flat or domed, ribbed, with a skirt or a machine for cold."""
    crown, some = rng.choice([0.04, 0.04, 0.04, 0.25, 0.6]), rng.random(4)
    nose, back = (rng.uniform(0, 0.5) * (x < 0.2) for x in some[:2])
    rows = [(tail, top - back), (tail + back + 0.1, top), (front - nose - 0.1, top), (front, top - nose)]
    parts = _hull("body", rows, half, deck, 9, crown, lean=0.0)
    if some[2] < 0.3:
        ribs = np.linspace(tail + 0.15, front - 0.15, int(rng.integers(5, 14)))
        high = 0.9 * (top - back - nose - deck) - crown
        parts.append(("body", pair(join(*(box((0.09, 0.1, high), (x, half, deck + 0.05 + high / 2)) for x in ribs)))))
    if some[3] < 0.25:
        parts.append(("detail", box((0.5, 1.4 * half, 0.7), (front + 0.15, 0, top - 0.5 - nose))))
    elif some[3] < 0.5:
        x, long = (front + tail) / 2 + 0.05 * (front - tail), 0.3 * (front - tail)
        parts.append(("detail", pair(box((long, 0.06, 0.5), (x, half - 0.06, deck - 0.2)))))
    return parts


def box_truck(rng: np.random.Generator) -> Parts:
    """A closed box behind the cab, sometimes reaching over it."""
    long, gap = rng.uniform(2.8, 8), rng.uniform(0, 0.3)
    parts, half, deck = _truck(rng, long)
    top, wide = deck + rng.uniform(1.6, 2.8), half * rng.uniform(0.97, 1.12)
    parts += _cargo(rng, -gap, -long, wide, deck, top)
    roof = max(v[:, 2].max() for name, (v, _) in parts if name == "cab")
    if top > roof + 0.3 and rng.random() < 0.4:
        over = rng.uniform(0.5, 1.2)
        parts += _hull("body", [(-gap - 0.1, top), (over - 0.2, top), (over, top - 0.3)], wide, roof - 0.05, 9, 0.04)
    if rng.random() < 0.3:
        parts.append(("detail", box((0.3, 1.8 * half, 0.12), (-long - 0.12, 0, deck + 0.02))))
    return parts


def open_truck(rng: np.random.Generator) -> Parts:
    """Flatbed, dropside or tipper (raised at times), empty or with logs, crates or a heap."""
    long = rng.uniform(2.8, 7.5)
    parts, half, deck = _truck(rng, long)
    kind = rng.choice(["flat", "sides", "tipper", "tipper"])
    t, wide, tail = rng.uniform(0.06, 0.12), half * rng.uniform(0.95, 1.08), -long - rng.uniform(0, 0.4)
    front = -rng.uniform(0.1, 0.3)
    mid, span = (front + tail) / 2, front - tail
    bed = [box((span, 2 * wide, 0.14), (mid, 0, deck + 0.05))]
    wall = {"flat": 0.0, "sides": rng.uniform(0.3, 0.7), "tipper": rng.uniform(0.7, 1.5)}[kind]
    head = max(wall, rng.uniform(0.6, 1.6))
    if wall:
        side = beam((mid, wide - rng.uniform(0, 0.25), deck), (mid, wide - t / 2, deck + wall), span, t)
        ribs = [
            box((0.1, 0.12, wall), (x, wide, deck + wall / 2))
            for x in np.linspace(tail + 0.2, front - 0.2, int(rng.integers(2, 8)))
        ]
        bed += [pair(join(side, *ribs)), box((t, 1.9 * wide, wall), (tail + t, 0, deck + wall / 2))]
    bed.append(box((t, 2 * wide, head), (front - t / 2, 0, deck + head / 2)))
    load = rng.random()
    if load < 0.3:
        high = 2 * (wall + rng.uniform(0.1, 0.5))
        heap = ellipsoid((0.9 * span, 1.8 * wide, high), (mid, 0, deck), rng.uniform(1.5, 2.5))
        heap = warp(heap, lambda v: np.c_[v[:, :2], np.maximum(v[:, 2], deck + 0.05)])
        cargo = [("detail", heap)]
    elif load < 0.5:
        r = wide / int(rng.integers(2, 5))
        rows = [
            (i, y)
            for i in range(int(rng.integers(1, 4)))
            for y in np.arange(-wide + r * (1 + i), wide - r * (0.9 + i), 2 * r)
        ]
        cargo = [
            (
                "detail",
                join(
                    *(
                        tube(
                            [(tail + 0.1, y, deck + r * (1 + 1.73 * i)), (front - 0.15, y, deck + r * (1 + 1.73 * i))],
                            r,
                            9,
                        )
                        for i, y in rows
                    )
                ),
            )
        ]
    elif load < 0.7:
        n = int(rng.integers(1, 4))
        crates = [
            box((0.8 * span / n, rng.uniform(1, 1.8) * wide, h), (front - (i + 0.5) * span / n, 0, deck + h / 2 + 0.05))
            for i, h in enumerate(rng.uniform(0.5, 1.8, n))
        ]
        cargo = [("detail", join(*crates))]
    else:
        cargo = []
    if kind == "tipper" and rng.random() < 0.5:  # a shield over the cab
        roof = max(v[:, 2].max() for name, (v, _) in parts if name == "cab")
        bed.append(
            box(
                (t, 1.9 * wide, max(roof + 0.1 - deck, head)),
                (front - t / 2, 0, (max(roof + 0.1, deck + head) + deck) / 2),
            )
        )
        bed.append(box((1.1, 1.9 * wide, t), (front + 0.5, 0, max(roof + 0.1, deck + head))))
    body = [("body", join(*bed)), *cargo]
    if kind == "tipper" and rng.random() < 0.4:
        angle = rng.uniform(0.2, 0.8)
        about = np.array([tail + 0.4, 0, deck])
        body = [(name, turn(part, -angle, 1, about)) for name, part in body]
        foot, far = np.array([mid, 0, deck - 0.1]), 0.8 * span
        body.append(("chassis", tube([foot, about + far * np.array([np.cos(angle), 0, np.sin(angle)])], 0.12, 8)))
    return parts + body


def _tank(rng: np.random.Generator, front: float, tail: float, half: float, deck: float) -> Parts:
    """A tank with bulging ends on saddles: round, oval or nearly square."""
    high, p = half * rng.uniform(0.65, 1.0), rng.uniform(2, 4)
    z, bulge = deck + high - 0.05, rng.uniform(0.1, 0.5)
    x = np.array([0, 0.15 * bulge, 0.5 * bulge, bulge])
    x = np.concatenate([tail + x, front - x[::-1]])
    scale = np.array([0.4, 0.7, 0.92, 1, 1, 0.92, 0.7, 0.4])
    rings = np.empty((8, 18, 3))
    rings[..., 0] = x[:, None]
    rings[..., 1:] = scale[:, None, None] * superellipse(half, high, p, 18) + (0, z)
    parts, span = [("body", loft(rings))], front - tail
    lids = tail + span * (np.arange(n := int(rng.integers(1, 6))) + 0.5) / n
    lid = revolve([(0.28, -0.15), (0.28, 0.1), (0.2, 0.16)], 10)
    parts.append(("detail", join(*(shift(lid, (a, 0, z + high)) for a in lids))))
    some = rng.random(3)
    if some[0] < 0.5:
        parts.append(("detail", box((0.8 * span, 0.5, 0.1), ((front + tail) / 2, 0, z + high + 0.02))))
    if some[1] < 0.5:
        for a in np.linspace(tail + bulge, front - bulge, int(rng.integers(2, 5))):
            hoop = np.insert(superellipse(half, high, p, 18), 0, 0.0, axis=1) + np.array([a, 0, z])
            parts.append(("body", tube(hoop, 0.05, 5, loop=True)))
    if some[2] < 0.6:
        parts.append(("detail", _ladder((tail + 0.02, 0, deck), (tail + 0.05, 0, z + high + 0.1), 0.5, 6)))
    saddle = box((0.92 * span, 1.3 * half, 0.4), ((front + tail) / 2, 0, deck + 0.1))
    return [*parts, ("chassis", saddle)]


def tanker(rng: np.random.Generator) -> Parts:
    """A tank lying behind the cab, or the drum of a concrete mixer."""
    mixer = rng.random() < 0.35
    long = rng.uniform(3.3, 5.2) if mixer else rng.uniform(3.5, 7.5)
    parts, half, deck = _truck(rng, long)
    if not mixer:
        return parts + _tank(rng, -rng.uniform(0.1, 0.4), -long, half * rng.uniform(0.85, 1.03), deck)
    r, tilt = rng.uniform(0.95, 1.2), rng.uniform(0.15, 0.35)
    span = 0.85 * long
    profile = [(0.45 * r, 0), (0.75 * r, 0.06), (r, 0.3), (r, 0.5), (0.5 * r, 0.95), (0.4 * r, 1.0)]
    drum = turn(revolve(np.array(profile) * (1, span), 18), -np.pi / 2 + tilt, 1)
    low, high = deck + 0.75 * r, deck + 0.75 * r + span * np.sin(tilt)
    parts.append(("body", shift(drum, (-0.25, 0, low))))
    frame = [
        box((0.3, 1.2 * half, low - deck + 0.2), (-0.3, 0, (low + deck) / 2)),
        pair(beam((-0.92 * long, 0.5, deck - 0.1), (-0.9 * long + 0.1, 0.4, high), 0.2, 0.15)),
    ]
    frame.append(box((span, half, 0.3), (-0.5 * long, 0, deck + 0.1)))
    tail = -0.25 - span * np.cos(tilt)
    hopper = shift(revolve([(0.25, 0), (0.6, 0.6)], 8), (tail - 0.05, 0, high + 0.1))
    chute = beam(
        (tail - 0.1, 0, high - 0.1), (tail - rng.uniform(0.5, 1.2), 0, deck + rng.uniform(-0.1, 0.5)), 0.45, 0.2
    )
    return [*parts, ("chassis", join(*frame)), ("detail", join(hopper, chute))]


def semi(rng: np.random.Generator) -> Parts:
    """A tractor with a long trailer: box, container, tank, flatbed, low loader; or without."""
    half, r = rng.uniform(1.15, 1.28), rng.uniform(0.45, 0.54)
    deck = 2 * r + rng.uniform(0.1, 0.3)
    parts, front = _cab(rng, half, r, 0.5, 0.6)
    back, n = rng.uniform(2.4, 3.6), int(rng.integers(1, 3))
    drive = -back + 0.9 + (np.arange(n) - (n - 1)) * -2.3 * r
    parts += _frame(rng, front, -back, [front, *drive], half, r, deck)
    parts.append(("chassis", box((1.0, 1.0, 0.2), (-back + 0.9, 0, deck + 0.02))))
    kind = rng.choice(["box", "box", "tank", "flat", "container", "none"])
    if kind == "none":
        return parts
    long, floor, nose = rng.uniform(7, 13), deck + 0.12, -rng.uniform(0.3, 0.9)
    tail, m = nose - long, int(rng.integers(1, 4))
    axles = tail + rng.uniform(0.7, 2.5) + np.arange(m) * 2.4 * r
    rails = pair(box((long - 0.2, 0.16, 0.4), ((nose + tail) / 2, 0.42, floor - 0.02)))
    blocks = _axles(axles, half, r, floor)
    legs = pair(box((0.15, 0.15, floor - rng.uniform(0.05, 0.4)), (-back - 0.7, 0.7, floor / 2 + 0.15)))
    parts += [("chassis", join(rails, *blocks, legs)), ("wheel", _wheels(rng, axles, half - 0.03, r))]
    parts.append(("chassis", box((0.2, 1.5, 0.2), (-back - 0.7, 0, floor - 0.12))))
    if kind == "tank":
        return parts + _tank(rng, nose, tail, half * rng.uniform(0.85, 1), floor)
    if kind == "box":
        return parts + _cargo(rng, nose, tail, half * 1.01, floor, floor + rng.uniform(2.2, 2.9))
    parts.append(("body", box((long, 2 * half, 0.2), ((nose + tail) / 2, 0, floor + 0.1))))
    if kind == "container":
        inner = tail + rng.uniform(0, 0.5) * long * rng.integers(2)
        return parts + _cargo(rng, nose - 0.2, inner, half * 0.98, floor + 0.15, floor + rng.uniform(2.4, 2.8))
    parts.append(("body", box((0.12, 2 * half, 1.2), (nose, 0, floor + 0.7))))
    stakes = np.linspace(tail + 0.2, nose - 0.5, int(rng.integers(2, 8)))
    parts.append(("detail", pair(join(*(box((0.1, 0.1, 1.3), (x, half - 0.05, floor + 0.7)) for x in stakes)))))
    if rng.random() < 0.6:
        s = half / 2.6
        logs = [
            (y, floor + 0.2 + s * (1 + 1.7 * i))
            for i in range(2)
            for y in np.arange(-1.6 + i * 0.8, 1.7 - i * 0.8, 1.6) * s * 1.2
        ]
        parts.append(("detail", join(*(tube([(tail + 0.3, y, z), (nose - 0.4, y, z)], s, 9) for y, z in logs))))
    return parts


def fire_engine(rng: np.random.Generator) -> Parts:
    """Lockers up to the roof and a ladder over them, on a turntable or lying flat."""
    long = rng.uniform(3.5, 8)
    parts, half, deck = _truck(rng, long, 0.8, 0.7)
    roof = max(v[:, 2].max() for name, (v, _) in parts if name == "cab")
    top, low = deck + rng.uniform(0.3, 1.05) * (roof - deck), rng.uniform(0.45, 0.7)
    axles = [x for x in np.unique(next(p for n, p in parts if n == "wheel")[0][:, 0].round(1)) if x < 0]
    mid, room = np.mean([min(axles), max(axles)]), np.ptp(axles)
    parts += _hull("body", [(-long, top), (-0.1, top)], half * 0.99, deck - 0.2, 9, 0.06)
    for a, b in ((-long, mid - room / 2 - 0.1), (mid + room / 2 + 0.1, -0.15)):  # lockers before and behind the wheels
        if b - a > 0.4:
            parts.append(("body", box((b - a, 1.97 * half, deck - low), ((a + b) / 2, 0, (deck + low) / 2))))
    doors = np.linspace(-long + 0.2, -0.3, int(rng.integers(2, 6)) + 1)
    for a, b in pairwise(doors):
        parts.append(
            ("detail", pair(box((b - a - 0.15, 0.06, 0.8 * (top - deck)), ((a + b) / 2, half, (top + deck) / 2))))
        )
    parts.append(("detail", box((0.3, 1.4 * half, 0.2), (0.9, 0, roof + 0.04))))
    start, wide, rungs = -long + rng.uniform(0.4, 1.5), rng.uniform(0.7, 1.1), int(rng.integers(8, 15))
    if rng.random() < 0.65:
        stand, base = np.array([start, 0, top - 0.1]), rng.uniform(0.3, 0.7)
        rise = rng.uniform(0, 0.12) if rng.random() < 0.7 else rng.uniform(0.2, 0.8)
        z = max(top + base, roof + 0.2 - rise * long)
        reach = -start + rng.uniform(0, 2.5)
        table = shift(
            revolve([(0.9 * half, 0), (0.9 * half, 0.2), (0.5 * half, 0.25), (0.4 * half, z - stand[2])], 14), stand
        )
        foot, end = np.array([start - 0.3, 0, z]), np.array([start + reach * np.cos(rise), 0, z + reach * np.sin(rise)])
        arm = _ladder(foot, end, wide, rungs, rng.choice([0.0, 0.3, 0.45]))
        inner = shift(_ladder(foot + 0.2 * (end - foot), end + 0.1 * (end - foot), 0.75 * wide, 6), (0, 0, 0.08))
        parts += [("detail", join(table, arm, inner))]
        if rng.random() < 0.4:
            parts.append(("detail", box((0.8, 1.2, 0.9), end + 0.08 * (end - foot) + (0.3, 0, 0.1))))
    else:
        z = top + 0.15
        stands = [box((0.15, wide, 0.25), (x, 0, top + 0.05)) for x in (start + 0.2, -0.5)]
        side = rng.choice([0, 0.4 * half])
        parts.append(
            ("detail", shift(join(_ladder((start, 0, z), (-0.25, 0, z), 0.6 * wide, rungs), *stands), (0, side, 0)))
        )
    return parts


STYLES = {
    f.__name__: f for f in (bus, double_decker, school_bus, tram, box_truck, open_truck, tanker, semi, fire_engine)
}

"""Cars: the nose at +x. A body is one loft of cross-sections along x under a side silhouette. Units: metres."""

import numpy as np

from .parts import Part, box, ellipsoid, join, loft, pair, ring, tube

PARTS = ("body", "window", "wheel", "detail")
Parts = list[tuple[str, Part]]


def _body(
    rng: np.random.Generator,
    top: list,
    belt: float,
    half: float,
    clear: float,
    wheels: tuple,
    radius: float,
    glazed: float,
) -> tuple[Part, Part]:
    """Body and windows under the silhouette `top`, rows of (x, z) from the tail to the nose.

    Above the `belt` the sides lean in (tumblehome) and are glass from x = `glazed` forward. Over each of the
    `wheels` (x) the floor is arched.
    """
    knots = np.array(sorted(top))
    tail, nose = knots[0, 0], knots[-1, 0]
    arch = 1.15 * radius
    near = [w + arch * np.array([-1.02, -1, -0.8, -0.4, 0, 0.4, 0.8, 1, 1.02]) for w in wheels]
    ends = np.array([0.03, 0.1, 0.25])
    x = np.unique(np.round(np.concatenate([knots[:, 0], *near, tail + ends, nose - ends]), 2))
    x = x[(x >= tail) & (x <= nose)]
    z_top = np.interp(x, *knots.T)
    u = (2 * x - tail - nose) / (nose - tail)  # -1 at the tail, 1 at the nose
    rest = floor = clear + rng.uniform(0, 0.2) * np.abs(u) ** 8  # overhangs rise a little
    for w in wheels:
        floor = np.maximum(floor, radius + np.sqrt(np.maximum(arch**2 - (x - w) ** 2, 0)) * (np.abs(x - w) < arch))
    floor = np.where(floor > radius, floor, rest)
    floor = np.minimum(floor, z_top - 0.06)

    corner, squeeze = rng.uniform(4, 12), rng.uniform(0.08, 0.4)
    plan = half * (1 - squeeze * np.abs(u) ** corner) * (1 - rng.uniform(0, 0.1) * np.maximum(u, 0) ** 2)
    belt_z = np.maximum(np.minimum(belt, z_top - 0.04), floor + 0.01)
    lean, sill = rng.uniform(0.1, 0.4), rng.uniform(0.86, 1.0)
    roof = plan * 0.96 - lean * (z_top - belt_z)
    crown = 0.25 * (z_top - belt_z)
    mid = 0.6 * belt_z + 0.4 * floor
    half_section = [
        (sill * plan, floor),
        (0.98 * plan, 0.7 * floor + 0.3 * mid),
        (plan, mid),
        (0.97 * plan, belt_z),
        (roof, z_top - np.minimum(0.07, crown)),
        (0.85 * roof, z_top),
    ]
    left = np.stack([np.stack(np.broadcast_arrays(x, y, z), -1) for y, z in half_section], 1)
    vertices, faces = loft(np.concatenate([left, left[:, ::-1] * (1, -1, 1)], 1))
    strip, station = np.arange(len(faces)) % 12, np.arange(len(faces)) // 12 % (len(x) - 1)  # as loft numbers them
    cabin = np.maximum(z_top[1:], z_top[:-1])[station] > belt + 0.12
    side = np.isin(strip, (3, 7)) & (x[station] > glazed)
    screen = np.isin(strip, (4, 5, 6)) & (np.abs(np.diff(z_top) / np.diff(x)) > 0.2)[station]
    glass = cabin & (side | screen)
    glass[-24:] = False  # the caps
    return (vertices, faces[~glass]), (vertices, faces[glass])


def _wheels(rng: np.random.Generator, wheels: tuple, half: float, radius: float) -> Part:
    wide = rng.uniform(0.14, 0.28)
    y = half + rng.uniform(-0.06, 0.0)
    rim = rng.uniform(0.5, 0.75) * radius

    def wheel(x: float) -> Part:
        depth = [y - wide, y, y, y - 0.04]  # the hub lies deeper than the tyre
        rings = np.array([[radius, radius, rim, rim * 0.95]]).T
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        tyre = np.stack(
            [x + rings * np.cos(angle), np.repeat(depth, 16).reshape(4, 16), radius + rings * np.sin(angle)], -1
        )
        return loft(tyre)

    return pair(join(*(wheel(x) for x in wheels)))


def _finish(
    rng: np.random.Generator, top: list, belt: float, half: float, clear: float, radius: float, glazed: float = -9.0
) -> Parts:
    tail, nose = min(top)[0], max(top)[0]
    wheels = (tail + rng.uniform(0.16, 0.24) * (nose - tail), nose - rng.uniform(0.16, 0.23) * (nose - tail))
    body, window = _body(rng, top, belt, half, clear, wheels, radius, glazed)
    parts = [("body", body), ("window", window), ("wheel", _wheels(rng, wheels, half, radius))]
    extra = rng.random(3)
    if extra[0] < 0.6:
        windscreen = next(x for x, z in sorted(top, reverse=True) if z > belt + 0.02)
        parts.append(
            (
                "detail",
                pair(ellipsoid((0.1, 0.2, 0.13), (windscreen - 0.25, half + 0.06, belt + 0.05), sections=8, rings=5)),
            )
        )
    if extra[1] < 0.4:
        z = clear + 0.15
        parts += [("detail", box((0.1, 1.6 * half, 0.14), (x, 0, z))) for x in (tail - 0.02, nose + 0.02)]
    return parts


def saloon(rng: np.random.Generator) -> Parts:
    """Three boxes: bonnet, cabin, boot."""
    long, high, belt = rng.uniform(3.9, 5.0), rng.uniform(1.3, 1.55), rng.uniform(0.8, 0.95)
    a = long / 2
    nose, boot = belt - rng.uniform(0.02, 0.25), belt + rng.uniform(-0.02, 0.12)
    cowl, roof_front = rng.uniform(0.32, 0.5) * a, rng.uniform(0.02, 0.18) * a
    deck, roof_rear = -rng.uniform(0.55, 0.75) * a, -rng.uniform(0.25, 0.45) * a
    top = [
        (-a, boot - 0.2),
        (-a + 0.06, boot),
        (deck, boot + 0.02),
        (roof_rear, high - 0.03),
        ((roof_rear + roof_front) / 2, high),
    ]
    top += [(roof_front, high - 0.03), (cowl, belt + 0.04), (a - 0.1, nose), (a, nose - 0.2)]
    return _finish(rng, top, belt, rng.uniform(0.78, 0.95), rng.uniform(0.15, 0.3), rng.uniform(0.28, 0.37))


def hatchback(rng: np.random.Generator) -> Parts:
    """Two boxes: the roof runs on to a steep tail; long for an estate."""
    long, high, belt = rng.uniform(3.2, 4.7), rng.uniform(1.4, 1.65), rng.uniform(0.82, 1.0)
    a = long / 2
    nose = belt - rng.uniform(0.02, 0.25)
    cowl, roof_front = rng.uniform(0.4, 0.65) * a, rng.uniform(0.05, 0.3) * a
    rear = -a + rng.uniform(0.15, 0.7)
    top = [
        (-a, belt - 0.1),
        (-a + 0.04, belt + 0.05),
        (rear, high - 0.06),
        ((rear + roof_front) / 2, high),
        (roof_front, high - 0.04),
    ]
    top += [(cowl, belt + 0.05), (a - 0.12, nose), (a, nose - 0.22)]
    parts = _finish(rng, top, belt, rng.uniform(0.76, 0.9), rng.uniform(0.15, 0.3), rng.uniform(0.27, 0.36))
    if rng.random() < 0.3:
        parts.append(("detail", pair(tube([(rear, 0.45, high - 0.01), (roof_front, 0.45, high - 0.01)], 0.03, 6))))
    return parts


def suv(rng: np.random.Generator) -> Parts:
    """High, upright, big wheels; a spare wheel at the back of some."""
    long, high, belt = rng.uniform(3.8, 5.0), rng.uniform(1.65, 2.0), rng.uniform(1.05, 1.2)
    a = long / 2
    nose = belt - rng.uniform(0, 0.15)
    cowl, roof_front = rng.uniform(0.35, 0.55) * a, rng.uniform(0.12, 0.32) * a
    top = [
        (-a, belt - 0.2),
        (-a + 0.03, belt),
        (-a + rng.uniform(0.05, 0.35), high - 0.04),
        (-0.2 * a, high),
        (roof_front, high - 0.03),
    ]
    top += [(cowl, belt + 0.04), (a - 0.06, nose), (a, nose - 0.3)]
    parts = _finish(rng, top, belt, rng.uniform(0.85, 1.0), rng.uniform(0.3, 0.5), rng.uniform(0.36, 0.46))
    if rng.random() < 0.35:
        parts.append(("wheel", ring(0.24, 0.11, (-a - 0.08, 0, 1.0), axis=0, sections=14)))
    if rng.random() < 0.4:
        parts.append(("detail", pair(tube([(-0.7 * a, 0.5, high + 0.01), (roof_front, 0.5, high + 0.01)], 0.035, 6))))
    return parts


def van(rng: np.random.Generator) -> Parts:
    """One box with a short sloping nose, or a cab before a separate square body."""
    long, high, belt = rng.uniform(4.2, 6.2), rng.uniform(1.9, 2.8), rng.uniform(1.1, 1.35)
    a, half = long / 2, rng.uniform(0.85, 1.05)
    nose = belt - rng.uniform(0.05, 0.3)
    cowl = a - rng.uniform(0.25, 1.0)
    roof_front = cowl - rng.uniform(0.3, 0.9)
    split = rng.random() < 0.3
    roof = belt + rng.uniform(0.6, 0.8) if split else high
    top = [
        (-a, roof - 0.12),
        (-a + 0.06, roof),
        (roof_front - 0.2, roof),
        (roof_front, roof - 0.06),
        (cowl, belt + 0.05),
        (a - 0.08, nose),
        (a, nose - 0.25),
    ]
    if split:
        top[:2] = [(-a, 0.8), (-a + 0.02, 0.85), (roof_front - 0.95, 0.86), (roof_front - 0.9, roof)]
    glazed = rng.choice([-9.0, roof_front - 1.0])  # a delivery van has no windows behind its doors
    parts = _finish(rng, top, belt, half, rng.uniform(0.2, 0.35), rng.uniform(0.3, 0.4), glazed)
    if split:
        end = roof_front - rng.uniform(0.3, 0.8)
        parts.append(
            (
                "body",
                box((end + a, 2 * half * rng.uniform(1, 1.12), high - 0.75), ((end - a) / 2, 0, (high + 0.75) / 2)),
            )
        )
    return parts


def sports(rng: np.random.Generator) -> Parts:
    """Low and wedge-shaped: a long bonnet or a mid engine, a fast back, sometimes open or with a wing."""
    long, high, belt = rng.uniform(3.7, 4.7), rng.uniform(1.05, 1.3), rng.uniform(0.68, 0.82)
    a = long / 2
    nose, move = belt - rng.uniform(0.12, 0.32), rng.uniform(-0.2, 0.25) * a
    tail = belt + rng.uniform(-0.05, 0.12)
    top = [
        (-a, tail - 0.15),
        (-a + 0.05, tail),
        (-rng.uniform(0.55, 0.9) * a, tail + 0.02),
        (move - 0.25 * a, high - 0.03),
        (move, high),
    ]
    top += [
        (move + 0.15 * a, high - 0.05),
        (move + rng.uniform(0.4, 0.6) * a, belt + 0.03),
        (0.85 * a, (belt + nose) / 2),
        (a, nose - 0.12),
    ]
    if rng.random() < 0.2:  # open: only the screen stands
        front = move + 0.25 * a
        top = [
            (-a, tail - 0.15),
            (-a + 0.05, tail),
            (move - 0.3 * a, tail),
            (move - 0.28 * a, belt - 0.15),
            (front - 0.06, belt - 0.15),
        ]
        top += [
            (front - 0.05, high - 0.05),
            (front, high - 0.06),
            (front + 0.3, belt),
            (0.85 * a, (belt + nose) / 2),
            (a, nose - 0.12),
        ]
    parts = _finish(rng, top, belt, rng.uniform(0.85, 1.0), rng.uniform(0.1, 0.18), rng.uniform(0.29, 0.36))
    if rng.random() < 0.35:
        z = tail + rng.uniform(0.1, 0.3)
        parts.append(("detail", box((0.25, 1.5, 0.04), (-a + 0.15, 0, z))))
        parts.append(("detail", pair(box((0.12, 0.04, z - tail + 0.06), (-a + 0.15, 0.5, (z + tail - 0.05) / 2)))))
    return parts


def pickup(rng: np.random.Generator) -> Parts:
    """A cab and an open bed with sides and a tailgate."""
    long, high, belt = rng.uniform(4.4, 5.8), rng.uniform(1.55, 1.95), rng.uniform(0.95, 1.15)
    a, half = long / 2, rng.uniform(0.82, 1.0)
    cowl, roof_front = rng.uniform(0.4, 0.55) * a, rng.uniform(0.18, 0.34) * a
    cab = -rng.uniform(0.02, 0.32) * a
    deck, t = belt - rng.uniform(0.25, 0.4), 0.07
    nose = belt - rng.uniform(0, 0.15)
    top = [
        (-a, deck),
        (cab - 0.12, deck),
        (cab - 0.08, belt + 0.1),
        (cab, high - 0.04),
        ((cab + roof_front) / 2, high),
        (roof_front, high - 0.04),
    ]
    top += [(cowl, belt + 0.04), (a - 0.08, nose), (a, nose - 0.3)]
    parts = _finish(rng, top, belt, half, rng.uniform(0.25, 0.45), rng.uniform(0.34, 0.44))
    low = deck - 0.1
    side = box((cab + a, t, belt - low), ((cab - a) / 2, 0.98 * half - t / 2, (belt + low) / 2))
    gate = box((t, 1.9 * half, belt - low), (-a + t / 2, 0, (belt + low) / 2))
    return [*parts, ("body", pair(side)), ("body", gate)]


def beetle(rng: np.random.Generator) -> Parts:
    """Round: a silhouette without corners."""
    long, high, belt = rng.uniform(3.2, 4.2), rng.uniform(1.4, 1.6), rng.uniform(0.85, 0.95)
    a, power = long / 2, rng.uniform(1.6, 2.6)
    u = np.linspace(-1, 1, 15)
    bow = (1 - np.abs(u) ** power) ** (1 / power)
    bonnet = np.where(u > 0.35, 1 - rng.uniform(0.1, 0.4) * np.sin(np.pi * (u - 0.35) / 0.65), 1)
    top = list(zip(a * u, 0.5 + (high - 0.5) * bow * bonnet, strict=True))
    return _finish(rng, top, belt, rng.uniform(0.65, 0.8), rng.uniform(0.18, 0.28), rng.uniform(0.3, 0.38))


STYLES = {f.__name__: f for f in (saloon, hatchback, suv, van, sports, pickup, beetle)}

"""Bottles: a handle at +y, what pours or sprays at -y. Sizes before normalising are in centimetres."""

import numpy as np

from .parts import Part, beam, ellipsoid, join, loft, revolve, ring, spline, superellipse, tube
from .vase import handle, lathe

PARTS = ("body", "neck", "cap", "handle")
Parts = list[tuple[str, Part]]
ROUND = superellipse(1, 1, n=24)
RIBBED = superellipse(1, 1, n=32) * np.where(np.arange(32) % 2, 1, 0.95)[:, None]


def _profile(rng: np.random.Generator, side: np.ndarray, high: float, neck: float, shoulder: float) -> np.ndarray:
    """Outer profile (K, 2) of (radius, z) up to the neck: radii `side`, then a shoulder, a share of the height.

    Its curve is (1 - t^a)^b: a = b = 1 a cone, a > 1 rounds it off at the wall, b > 1 lets it flow into the neck,
    b < 1 makes a dome.
    """
    a, b = rng.choice([(2, 0.5), (1.5, 0.7), (1, 1), (2, 1), (2, 2), (1.3, 1.7)]) * rng.uniform(0.85, 1.15, 2)
    straight, t = high * (1 - shoulder), np.linspace(0, 1, 9)[1:]
    edge = rng.uniform(0.02, 0.06) * high
    wall = np.c_[side, np.linspace(edge, straight, len(side))]
    slope = np.c_[neck + (side[-1] - neck) * (1 - t**a) ** b, straight + (high - straight) * t]
    return np.concatenate([[(rng.uniform(0.75, 0.95) * side[0], 0)], wall, slope])


def _body(rng: np.random.Generator, profile: np.ndarray, outline: np.ndarray = ROUND) -> Part:
    """The profile turned; another `outline` than a circle becomes one towards the neck. The bottom may be hollow."""
    r, z = profile.T
    share = np.clip((r - r[-1]) / (r.max() - r[-1]) * 1.3, 0, 1)
    round_ = superellipse(1, 1, n=len(outline))
    rings = np.empty((len(r), len(outline), 3))
    rings[..., :2] = r[:, None, None] * (round_ + share[:, None, None] * (outline - round_))
    rings[..., 2] = z[:, None]
    punt = rng.uniform(0.3, 0.7) * rings[:1] + (0, 0, rng.choice([0, 0.15]) * r[0])  # z is 0 there
    return loft(np.concatenate([punt, rings]))


def _neck(rng: np.random.Generator, r: float, top: float, low: float, high: float, bulge: float = 0.0) -> Part:
    """From radius `r` at z = `low` to `top` at z = `low` + `high`, with a lip or rings, and a bore."""
    t = np.linspace(0, 1, 6)
    wall = np.c_[r + (top - r) * t + bulge * np.sin(np.pi * t), low + high * t]
    lip = [(w * top, low + high * (1 - h)) for w, h in [(1, 0.2), (1.25, 0.18), (1.25, 0.1), (1, 0.08), (1.12, 0)]]
    kind = rng.choice([0, 1, 2])  # plain, one lip, a ring under it
    if kind:
        wall = np.concatenate([wall[:-2], lip[1:] if kind == 1 else lip])
    end = low + high
    bore = [(0.75 * top, end), (0.7 * top, end - 0.6 * high), (0, end - 0.6 * high)]
    return revolve([(0, low - 0.2), (r, low - 0.2), *wall, *bore], 16)


# --- what closes it: on a neck of radius r that ends at z ---


def _screw(rng: np.random.Generator, r: float, z: float, high: float) -> Part:
    wide = r * rng.uniform(1.3, 1.6)
    top = wide * rng.uniform(0.8, 1)
    return lathe([(wide, z - high), (wide, z - 0.1 * high), (top, z + 0.2)], RIBBED if rng.random() < 0.5 else ROUND)


def _cork(rng: np.random.Generator, r: float, z: float, high: float) -> Part:
    """Cork, wooden head, glass ball or drop."""
    plug = revolve([(0.72 * r, z - high), (rng.uniform(0.75, 0.95) * r, z + rng.uniform(0.2, 1) * high)], 14)
    size = r * rng.uniform(2, 3.5)
    kind = rng.choice(["cork", "head", "ball"])
    if kind == "head":
        plug = join(plug, revolve([(0.5 * size, z + 0.05), (0.55 * size, z + 0.4 * size)], 14))
    elif kind == "ball":
        plug = join(plug, ellipsoid((size, size, rng.uniform(1, 2) * size), (0, 0, z + 0.6 * size), sections=12))
    return plug


def _crown(rng: np.random.Generator, r: float, z: float) -> Part:
    wave = superellipse(1, 1, n=42) * np.where(np.arange(42) % 2, 1, 0.92)[:, None]
    return lathe([(1.4 * r, z - 0.5), (1.25 * r, z), (rng.uniform(0.9, 1.1) * r, z + 0.15)], wave)


def _pump(rng: np.random.Generator, r: float, z: float, high: float) -> Part:
    """A collar, a thin stem and a head with a beak."""
    up, reach, thick = rng.uniform(0.8, 2.5) * r + 1, rng.uniform(1.5, 4) * r, rng.uniform(0.25, 0.5) * r
    beak = spline([(0, 0, z + up), (0, -0.7 * reach, z + up), (0, -reach, z + up - rng.uniform(0, 1.5) * thick)], 6)
    head = rng.uniform(0.5, 1.1) * r
    return join(
        _screw(rng, r, z, high),
        tube([(0, 0, z), (0, 0, z + up)], 0.25 * r),
        revolve([(head, z + up - thick), (head, z + up + thick), (0.7 * head, z + up + 1.4 * thick)], 14),
        tube(beak, np.linspace(thick, 0.6 * thick, 6), 8),
    )


def _trigger(rng: np.random.Generator, r: float, z: float, high: float) -> Part:
    """A spray head: collar, housing, nozzle, lever."""
    size, long = rng.uniform(1, 1.5) * r, rng.uniform(3, 5) * r
    level = z + rng.uniform(1.5, 2.5) * size
    back, front = 0.35 * long, -0.65 * long
    low = z - rng.uniform(0.2, 1) * size
    lever = [(0, 0.5 * front, level), (0, 0.75 * front, z + 0.5 * size), (0, 0.9 * front, low)]
    return join(
        _screw(rng, r, z, high),
        revolve([(0.9 * r, z), (0.7 * size, level)], 12),
        beam((0, back, level), (0, front, level), 1.3 * size, size, rng.uniform(0.5, 1)),
        tube([(0, front, level), (0, front - 0.5 * size, level)], 0.35 * size),
        tube(spline(lever, 6), 0.22 * size, 6),
    )


# --- styles ---


def wine(rng: np.random.Generator) -> Parts:
    """Bordeaux, Burgundy, flute, champagne: a long neck, a cork, a capsule or nothing on it."""
    r, neck = rng.uniform(3.3, 4.6), rng.uniform(1.2, 1.6)
    high, long = r * rng.uniform(4.5, 6.5), rng.uniform(3, 9)
    side = r * np.array([rng.uniform(0.88, 1.02), 1, 1])
    top = neck * rng.uniform(0.75, 1)
    parts = [
        ("body", _body(rng, _profile(rng, side, high, neck, rng.uniform(0.15, 0.55)))),
        ("neck", _neck(rng, neck, top, high, long, rng.choice([0, 0.15]) * neck)),
    ]
    kind = rng.choice(["open", "cork", "capsule"])
    if kind == "cork":
        parts.append(("cap", _cork(rng, top, high + long, 1.5)))
    elif kind == "capsule":
        wide = 1.3 * max(neck, top)
        parts.append(("cap", revolve([(wide, high + rng.uniform(0.2, 0.7) * long), (1.3 * top, high + long + 0.1)])))
    return parts


def beer(rng: np.random.Generator) -> Parts:
    """Long-necked, stubby or with a swing top; most with a crown cap or open; also sauce and soda."""
    r, neck = rng.uniform(2.7, 3.8), rng.uniform(1.2, 1.9)
    high, long = r * rng.uniform(2.6, 5.5), rng.uniform(1.5, 8)
    side = r * spline([(rng.uniform(0.9, 1),), (rng.uniform(0.85, 1.02),), (1,)], 7)[:, 0]
    top = neck * rng.uniform(0.65, 0.95)
    end = high + long
    parts = [
        ("body", _body(rng, _profile(rng, side, high, neck, rng.uniform(0.15, 0.5)))),
        ("neck", _neck(rng, neck, top, high, long, rng.choice([0, 0.2]) * neck)),
    ]
    kind = rng.choice(["open", "crown", "swing"], p=[0.35, 0.45, 0.2])
    if kind == "crown":
        parts.append(("cap", _crown(rng, top, end)))
    elif kind == "swing":
        out = 1.9 * top
        bow = [(0, 0, end + 0.6), (0, out, end), (0, out, end - 2), (0, 0.7 * top, end - min(3, 0.8 * long))]
        wires = [tube(np.array(bow) * (1, s, 1), 0.15, 6) for s in (-1, 1)]
        stopper = revolve([(0.7 * top, end - 0.5), (1.2 * top, end + 0.1), (0.8 * top, end + 1)], 14)
        parts.append(("cap", join(stopper, *wires)))
    return parts


def medicine(rng: np.random.Generator) -> Parts:
    """Pills, syrup, cosmetics, spices, preserves: short, a short wide neck and a screw cap, some with a dropper."""
    r = rng.uniform(2.5, 5)
    neck, high, long = r * rng.uniform(0.35, 0.9), r * rng.uniform(1.4, 4.5), rng.uniform(0.8, 2)
    outline = superellipse(1, rng.choice([1, rng.uniform(0.5, 1)]), rng.choice([2, 2, 5, 10]), 24)
    side = r * np.array([rng.uniform(0.85, 1.05), 1])
    parts = [
        ("body", _body(rng, _profile(rng, side, high, neck, rng.uniform(0.08, 0.35)), outline)),
        ("neck", _neck(rng, neck, neck, high, long)),
    ]
    kind = rng.choice(["screw", "tall", "dropper", "open"], p=[0.4, 0.3, 0.15, 0.15])
    if kind == "screw":
        parts.append(("cap", _screw(rng, neck, high + long, 0.85 * long)))
    elif kind == "tall":
        wide, end = neck * rng.uniform(1.26, 1.4), high + long + rng.uniform(0, 0.8) * r
        parts.append(("cap", lathe([(wide, high + 0.1), (wide, end), (0.9 * wide, end + 0.2)])))
    elif kind == "dropper":
        tip = rng.uniform(0.3, 0.6) * neck
        end = high + long
        bulb = revolve([(tip, end), (1.1 * tip, end + 2 * tip), (tip, end + 4 * tip), (0.4 * tip, end + 5 * tip)], 14)
        parts.append(("cap", join(_screw(rng, neck, end, 0.85 * long), bulb)))
    return parts


def drink(rng: np.random.Generator) -> Parts:
    """Plastic, for water, soda or milk: ribs or a waist, a screw cap or a sports cap, large ones with a handle."""
    r, neck = rng.uniform(3, 5), rng.uniform(1.1, 1.6)
    high, long = r * rng.uniform(2.5, 5.5), rng.uniform(1.2, 2.2)
    t = np.linspace(0, 1, 25)
    kind = rng.choice(["ribs", "waist", "plain"])
    if kind == "ribs":
        side = 1 - rng.uniform(0.02, 0.06) * (np.sin(2 * np.pi * rng.integers(3, 7) * t) > 0)
    else:
        side = spline([(1,), (1 - (kind == "waist") * rng.uniform(0.08, 0.3),), (rng.uniform(0.9, 1.05),)], 25)[:, 0]
    outline = ROUND if rng.random() < 0.7 else superellipse(rng.uniform(0.7, 1), 1, rng.uniform(4, 8), 24)
    profile = _profile(rng, r * side, high, neck, rng.uniform(0.15, 0.45))
    parts = [("body", _body(rng, profile, outline)), ("neck", _neck(rng, neck, neck, high, long))]
    end = high + long
    kind = rng.choice(["screw", "sports", "open"], p=[0.6, 0.2, 0.2])
    if kind != "open":
        parts.append(("cap", _screw(rng, neck, end, 0.8 * long)))
    if kind == "sports":
        w, h = neck * rng.uniform(0.5, 0.9), neck * rng.uniform(1, 2)
        parts.append(("cap", revolve([(w, end), (0.7 * w, end + 0.5 * h), (w, end + 0.7 * h), (0.8 * w, end + h)], 14)))
    if rng.random() < 0.2:
        parts.append(("handle", handle(rng, profile, rng.uniform(0.4, 0.6) * high, 0.95 * high, 0.12 * r)))
    return parts


def flask(rng: np.random.Generator) -> Parts:
    """Thermos, drinking bottle or shaker: a cylinder with a cup, a lid with a loop, a sipper; some with a handle."""
    r = rng.uniform(3, 5.5)
    high, neck = r * rng.uniform(3, 6), r * rng.uniform(0.55, 0.9)
    side = r * np.array([rng.uniform(0.85, 1), 1, rng.uniform(0.9, 1.05), 1])
    profile = _profile(rng, side, high, neck, rng.uniform(0.04, 0.25))
    long = rng.uniform(0.5, 2)
    end = high + long
    parts = [("body", _body(rng, profile)), ("neck", _neck(rng, neck, neck, high, long))]
    wide = neck * rng.uniform(1.26, 1.45)
    kind = rng.choice(["cup", "loop", "sipper"])
    tall = end + r * (rng.uniform(0.7, 1.8) if kind == "cup" else rng.uniform(0.1, 0.5))
    lid = lathe([(wide, high + 0.1), (wide * rng.uniform(0.8, 1), tall), (0.75 * wide, tall + 0.2)])
    if kind == "loop":
        size = neck * rng.uniform(0.4, 0.7)
        lid = join(lid, ring(size, 0.25 * size, (0, 0, tall + 0.7 * size), rng.choice([0, 1]), 14))
    elif kind == "sipper":
        out = -rng.uniform(0, 0.6) * neck
        path = [(0, out, tall - 0.2), (0, out, tall + 1), (0, out - rng.uniform(0, 1), tall + rng.uniform(1.5, 4))]
        lid = join(lid, tube(spline(path, 6), rng.uniform(0.12, 0.25) * neck))
    parts.append(("cap", lid))
    if rng.random() < 0.4:
        low, top = rng.uniform(0.15, 0.45) * high, rng.uniform(0.7, 0.9) * high
        parts.append(("handle", handle(rng, profile, low, top, rng.uniform(0.1, 0.16) * r)))
    return parts


def cleaner(rng: np.random.Generator) -> Parts:
    """Spray, soap or lotion with a pump, detergent or a canister with a handle: round, oval or square."""
    r, neck = rng.uniform(3.5, 6), rng.uniform(1, 1.6)
    high, long = r * rng.uniform(1.8, 4.5), rng.uniform(1, 2.5)
    outline = superellipse(rng.uniform(0.45, 1), 1, rng.choice([2, 3, 6]), 24)
    side = r * spline(rng.uniform(0.8, 1.05, (4, 1)), 10)[:, 0]
    profile = _profile(rng, side, high, neck, rng.uniform(0.1, 0.5))
    parts = [("body", _body(rng, profile, outline)), ("neck", _neck(rng, neck, neck, high, long))]
    kind = rng.choice(["trigger", "pump", "jug"])
    if kind == "jug":
        low, top = rng.uniform(0.3, 0.5) * high, rng.uniform(0.85, 1) * high
        parts.append(("handle", handle(rng, profile, low, top, rng.uniform(0.08, 0.15) * r)))
        parts.append(("cap", _screw(rng, neck, high + long, rng.uniform(0.8, 1) * long)))
    else:
        parts.append(("cap", (_trigger if kind == "trigger" else _pump)(rng, neck, high + long, 0.9 * long)))
    return parts


def carafe(rng: np.random.Generator) -> Parts:
    """Decanter or oil bottle with a stopper, carafe with a wide mouth, or flat: spirits, scent, a hip flask."""
    r, neck = rng.uniform(4, 7), rng.uniform(1, 1.8)
    flat = rng.random() < 0.4
    high, long = r * rng.uniform(1.2, 3), rng.uniform(1, 3) if flat else rng.uniform(1.5, 9)
    outline = superellipse(rng.uniform(0.25, 0.6), 1, rng.choice([2, 4, 8]), 24) if flat else ROUND
    side = r * spline([(rng.uniform(0.6, 1),), (1,), (rng.uniform(0.7, 1),)], 9)[:, 0]
    profile = _profile(rng, side, high, neck, rng.uniform(0.1, 0.7))
    top = neck * (1 if flat else rng.uniform(0.8, 2))
    parts = [("body", _body(rng, profile, outline)), ("neck", _neck(rng, neck, top, high, long))]
    if rng.random() < 0.6:
        parts.append(("cap", (_screw if flat and rng.random() < 0.5 else _cork)(rng, top, high + long, 0.8 * long)))
    if not flat and rng.random() < 0.35:
        wall = np.concatenate([profile, [(top, high + long)]])
        thick = rng.uniform(0.06, 0.1) * r
        parts.append(("handle", handle(rng, wall, rng.uniform(0.3, 0.6) * high, high + 0.7 * long, thick)))
    return parts


STYLES = {f.__name__: f for f in (wine, beer, medicine, drink, flask, cleaner, carafe)}

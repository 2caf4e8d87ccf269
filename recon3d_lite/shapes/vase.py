"""Vases, jars and jugs: hollow, a handle at +y, a spout at -y. Sizes before normalising are in centimetres."""

import numpy as np

from .parts import Part, around, ellipsoid, join, loft, pair, ring, slab, spline, superellipse, sweep, tube, turn

PARTS = ("body", "foot", "handle", "spout", "lid", "plant")
Parts = list[tuple[str, Part]]
ROUND = superellipse(1, 1, n=24)


def lathe(profile: np.ndarray, outline: np.ndarray = ROUND) -> Part:
    """`revolve` with an outline (S, 2) of about radius 1 in place of the circle."""
    profile = np.asarray(profile, float)
    rings = np.empty((len(profile), len(outline), 3))
    rings[..., :2] = profile[:, :1, None] * outline
    rings[..., 2] = profile[:, 1:]
    return loft(rings)


def handle(rng: np.random.Generator, outer: np.ndarray, low: float, top: float, thick: float) -> Part:
    """A bow at +y from the wall at the level `low` to the wall at `top`; `outer` (K, 2) is the wall's profile."""
    r, z = outer.T
    y0, y1 = np.interp([low, top], z, r) - 0.4 * thick
    between = r[(z > low) & (z < top)]
    reach = max(y0, y1, *between) + thick + rng.uniform(0.15, 0.5) * (top - low)
    rise, belly = rng.uniform(-0.1, 0.2), rng.uniform(0.4, 0.8)
    level = low + (top - low) * np.array([1, 1 + rise, belly, 0.1 * belly, 0])
    path = spline(np.c_[np.zeros(5), [y1, (y1 + reach) / 2, reach, (y0 + reach) / 2, y0], level], 12)
    return sweep(path, superellipse(rng.uniform(0.8, 2) * thick, thick, rng.choice([2, 5]), 8))


def _outer(rng: np.random.Generator, radii: np.ndarray, high: float) -> np.ndarray:
    """Profile (K, 2) of (radius, z) through `radii`: smooth, one time in six with edges; the power moves the belly."""
    n = len(radii) if rng.random() < 1 / 6 else 18
    r = np.maximum(spline(np.asarray(radii, float)[:, None], n)[:, 0], 0.2 * max(radii))
    return np.c_[r, high * np.linspace(0, 1, n) ** rng.uniform(0.75, 1.35)]


def _hollow(rng: np.random.Generator, outer: np.ndarray, outline: np.ndarray) -> Part:
    wall = rng.uniform(0.2, 0.7)
    floor = rng.uniform(1.2, 3) * wall
    inside = np.c_[np.maximum(outer[:, 0] - wall, 0.4 * outer[:, 0]), outer[:, 1]]
    bottom = np.interp(floor, inside[:, 1], inside[:, 0])
    inside = inside[inside[:, 1] > floor][::-1]
    rim = (outer[-1] + inside[0]) / 2 + (0, wall / 3)
    return lathe(np.concatenate([[(0, 0)], outer, [rim], inside, [(bottom, floor), (0, floor)]]), outline)


def _foot(rng: np.random.Generator, r: float) -> Part:
    """What carries the body, from a little above z = 0 down: plinth, ring, stem or small feet."""
    kind = rng.choice(["plinth", "ring", "stem", "feet"])
    if kind == "plinth":
        square = superellipse(1, 1, rng.choice([2, 12]), 20)
        return slab(rng.uniform(1, 1.4) * r * square, -rng.uniform(0.1, 0.5) * r, 0.1, scale=rng.uniform(0.75, 1))
    if kind == "ring":
        return lathe([(0, -0.3 * r), (0.8 * r, -0.3 * r), (rng.uniform(0.7, 0.9) * r, 0.1), (0, 0.1)])
    if kind == "stem":
        high, thin = r * rng.uniform(0.5, 2.5), rng.uniform(0.3, 0.6)
        radii = r * spline([(rng.uniform(1, 1.5),), (thin + 0.3,), (thin,), (thin,), (0.9,)], 10)
        return lathe(np.c_[radii, np.linspace(-high, 0.1, 10)])
    return around(ellipsoid((0.5 * r, 0.5 * r, 0.6 * r), (0.75 * r, 0, -0.1 * r), sections=8, rings=6), 4)


def _plant(rng: np.random.Generator, outer: np.ndarray) -> Part:
    """Stems from the floor of the vase through its mouth, bare or with flowers or leaves at their ends."""
    kind = rng.choice(["bare", "flower", "leaf"])
    top, narrow = outer[-1, 1], 0.6 * outer[:, 0].min()
    tall, size = top * rng.uniform(0.4, 1.5), outer[:, 0].max() * rng.uniform(0.25, 1.1)
    spread, thick = tall * rng.uniform(0.15, 0.7), rng.uniform(0.14, 0.3)
    flat = rng.uniform(0.4, 1)
    stems = []
    for _ in range(4):  # a few kinds, repeated all around
        out, up = np.sqrt(rng.random()), rng.uniform(0.6, 1)
        tip = np.array([out * spread, 0, top + up * tall])
        path = [(0, 0, 0.2), (out * narrow, 0, top), (0.5 * out * spread + 0.3 * narrow, 0, top + 0.6 * up * tall), tip]
        stem = tube(spline(path, 7), np.linspace(thick, 0.6 * thick, 7), 5)
        if kind == "flower":
            stem = join(stem, ellipsoid((size, size, flat * size), tip, sections=8, rings=6))
        elif kind == "leaf":
            leaf = ellipsoid((2.5 * size, size, 0.15 * size), tip, sections=8, rings=5)
            stem = join(stem, turn(leaf, rng.uniform(-1, 0.6), 1, tip))
        stems.append(stem)
    return join(*(turn(stems[i % 4], angle) for i, angle in enumerate(rng.uniform(0, 2 * np.pi, rng.integers(3, 13)))))


def _lid(rng: np.random.Generator, mouth: float, top: float) -> Part:
    """On a rim of radius `mouth` at z = `top`: flat or domed; a knob, a finial, a loop or nothing on it."""
    wide, dome, edge = mouth * rng.uniform(1.02, 1.2), mouth * rng.uniform(0.1, 0.8), rng.uniform(0.05, 0.6) * mouth
    arc = np.linspace(0, 0.45 * np.pi, 6)
    z = top + edge + dome
    lid = [lathe([(0, top), (wide, top), *np.c_[wide * np.cos(arc), top + edge + dome * np.sin(arc)], (0, z)])]
    knob = mouth * rng.uniform(0.12, 0.3)
    kind = rng.choice(["ball", "finial", "loop", "none"])
    if kind == "ball":
        lid.append(ellipsoid((2 * knob, 2 * knob, 2 * knob), (0, 0, z + 0.7 * knob), sections=12))
    elif kind == "finial":
        radii = knob * np.array([0.6, rng.uniform(0.4, 0.6), rng.uniform(0.8, 1.3), rng.uniform(0.3, 1), 0.1])
        lid.append(lathe(np.c_[spline(radii[:, None], 12), z + knob * np.linspace(-0.6, rng.uniform(2, 4), 12)]))
    elif kind == "loop":
        lid.append(ring(knob, 0.25 * knob, (0, 0, z + 0.8 * knob), 0, 12))
    return join(*lid)


def _vase(
    rng: np.random.Generator, outer: np.ndarray, outline: np.ndarray = ROUND, foot: float = 0.3, plant: float = 0.15
) -> Parts:
    if outline is ROUND and rng.random() < (0.1 if len(outer) == 18 else 0.6):  # coarse, as in games
        outline = superellipse(1, 1, n=int(rng.choice([8, 12])))
    parts = [("body", _hollow(rng, outer, outline))]
    if outline is ROUND and rng.random() < 0.25:  # a bead around the rim or the belly
        r, z = outer[rng.choice([-1, outer[:, 0].argmax()])]
        bead = rng.uniform(0.03, 0.08) * r
        parts.append(("body", ring(r, bead, (0, 0, max(z, bead)), sections=24)))
    if rng.random() < foot:
        parts.append(("foot", _foot(rng, outer[0, 0])))
    if rng.random() < plant:
        parts.append(("plant", _plant(rng, outer)))
    return parts


def baluster(rng: np.random.Generator) -> Parts:
    """Foot, belly or high shoulder, neck, flaring lip."""
    r = rng.uniform(5, 9)
    neck, low = rng.uniform(0.3, 0.65), rng.uniform(0.4, 0.8)
    rise = np.linspace(low, 1, int(rng.integers(2, 6))) + rng.uniform(-0.15, 0.15)
    radii = [low, *rise[1:], rng.uniform(0.65, 1.05), neck, neck + rng.uniform(0, 0.4)]
    return _vase(rng, _outer(rng, r * np.array(radii), r * rng.uniform(2, 4)))


def amphora(rng: np.random.Generator) -> Parts:
    """Two handles, from the shoulder to the neck, or small ones on the shoulder or the belly."""
    r = rng.uniform(5, 9)
    neck = rng.uniform(0.3, 0.55)
    radii = [rng.uniform(0.2, 0.5), rng.uniform(0.5, 0.8), 1, rng.uniform(0.75, 1), neck, neck, neck + 0.15]
    outer = _outer(rng, r * np.array(radii), r * rng.uniform(2.2, 4))
    low, top = np.array([(0.55, 0.93), (0.4, 0.8), (0.35, 0.6)][rng.integers(3)]) * outer[-1, 1]
    return [*_vase(rng, outer, foot=0.5), ("handle", pair(handle(rng, outer, low, top, rng.uniform(0.05, 0.12) * r)))]


def bowl(rng: np.random.Generator) -> Parts:
    """Low and wide: dish, bowl on a foot, urn, ball with a wide mouth."""
    r = rng.uniform(7, 14)
    radii = [rng.uniform(0.25, 0.7), rng.uniform(0.6, 0.95), rng.uniform(0.85, 1.1), rng.uniform(0.6, 1.3)]
    outer = _outer(rng, r * np.array(radii), r * rng.uniform(0.35, 1.5))
    parts = _vase(rng, outer, foot=0.7)
    if rng.random() < 0.25:
        low, top = np.array([0.45, 0.9]) * outer[-1, 1]
        parts.append(("handle", pair(handle(rng, outer, low, top, 0.06 * r))))
    return parts


def tall(rng: np.random.Generator) -> Parts:
    """Cylinder, bucket, tulip or trumpet: nothing narrower above."""
    r = rng.uniform(4, 7)
    radii = np.linspace(rng.uniform(0.4, 1.1), 1, 4)
    radii[1] += rng.uniform(-0.15, 0.2)
    radii[3] += rng.choice([0, rng.uniform(0, 0.7)])
    return _vase(rng, _outer(rng, r * radii, r * rng.uniform(2, 6)), foot=0.35, plant=0.4)


def gourd(rng: np.random.Generator) -> Parts:
    """A ball, a drop or two balls under a long narrow neck."""
    r, neck = rng.uniform(5, 8), rng.uniform(0.15, 0.35)
    bulb = [rng.uniform(0.4, 0.8), rng.uniform(0.85, 1.05), rng.uniform(0.7, 1)]
    if rng.random() < 0.35:
        bulb += [rng.uniform(0.3, 0.5), rng.uniform(0.5, 0.8)]
    radii = bulb + [neck] * int(rng.integers(1, 5)) + [neck * rng.uniform(1, 2.5)]
    return _vase(rng, _outer(rng, r * np.array(radii), r * rng.uniform(2.2, 4.2)), plant=0.1)


def jar(rng: np.random.Generator) -> Parts:
    """With a lid: ginger jar, storage jar, covered urn."""
    r, mouth = rng.uniform(5, 9), rng.uniform(0.4, 1)
    radii = [rng.uniform(0.5, 1), rng.uniform(0.8, 1.05), 1, rng.uniform(0.8, 1.1), mouth]
    outer = _outer(rng, r * np.array(radii), r * rng.uniform(1.2, 3))
    parts = [*_vase(rng, outer, plant=0), ("lid", _lid(rng, *outer[-1]))]
    if rng.random() < 0.25:
        low, top = np.array([0.5, 0.8]) * outer[-1, 1]
        parts.append(("handle", pair(handle(rng, outer, low, top, 0.07 * r))))
    return parts


def pressed(rng: np.random.Generator) -> Parts:
    """Not round: square, oblong, with facets, flutes or pleats; straight or twisted."""
    r = rng.uniform(4, 8)
    angle = np.arange(32) * np.pi / 16
    kind = rng.choice(["square", "facets", "flutes"])
    if kind == "square":
        outline = superellipse(1, rng.uniform(0.4, 1), rng.uniform(4, 16), 32)
    elif kind == "facets":
        outline = superellipse(1, 1, n=int(rng.integers(3, 9)))
    else:
        wave = np.cos(rng.choice([3, 4, 5, 6, 8, 16]) * angle)
        outline = superellipse(1, 1, n=32) * (1 - rng.uniform(0.05, 0.15) * (1 - wave))[:, None]
    if rng.random() < 0.5:
        radii = np.linspace(rng.uniform(0.6, 1.1), rng.uniform(0.9, 1.2), 3)
    else:
        radii = rng.uniform(0.5, 1.1, 5)
    outer = _outer(rng, r * radii, r * rng.uniform(1.2, 4.5))
    parts = _vase(rng, outer, outline, foot=0.15, plant=0.35)
    if len(outline) == 32 and len(outer) == 18 and rng.random() < 0.4:  # twisted
        vertices, faces = parts[0][1]
        angle = rng.uniform(-1.5, 1.5) * vertices[:, 2] / outer[-1, 1]
        (c, s), (x, y, z) = (np.cos(angle), np.sin(angle)), vertices.T
        parts[0] = ("body", (np.c_[c * x - s * y, s * x + c * y, z], faces))
    return parts


def jug(rng: np.random.Generator) -> Parts:
    """One handle; the lip pulled to a beak, or a spout from the belly as on a teapot or a watering can."""
    r = rng.uniform(5, 8)
    neck = rng.uniform(0.45, 0.9)
    radii = [rng.uniform(0.5, 1), 1, rng.uniform(0.8, 1.05), neck, neck + rng.uniform(0, 0.2)]
    outer = _outer(rng, r * np.array(radii), r * rng.uniform(1.5, 3.5))
    beak = rng.random() < 0.6
    parts = _vase(rng, outer, foot=0.2, plant=0.15 * beak)
    high = outer[-1, 1]
    low, top = high * rng.uniform(0.2, 0.5), high * rng.uniform(0.75, 0.95)
    parts.append(("handle", handle(rng, outer, low, top, rng.uniform(0.06, 0.12) * r)))
    if beak:
        vertices, faces = parts[0][1]
        x, y, z = vertices.T
        pull = rng.uniform(0.3, 0.7) * np.clip(z / high - rng.uniform(0.6, 0.85), 0, None) * 3
        pull = pull * np.exp(-((x / (0.5 * outer[-1, 0])) ** 2)) * (y < 0)
        parts[0] = ("body", (np.c_[x, y * (1 + pull), z], faces))
    else:
        z = high * rng.uniform(0.25, 0.6)
        y = np.interp(z, outer[:, 1], outer[:, 0])
        out = y + r * rng.uniform(0.5, 1.5)
        path = [(0, 0.2 - y, z), (0, -(y + out) / 2, z + 0.2 * high), (0, -out, high * rng.uniform(0.85, 1.1))]
        parts.append(
            ("spout", tube(spline(path, 8), np.linspace(rng.uniform(0.15, 0.4), rng.uniform(0.08, 0.18), 8) * r, 10))
        )
        if rng.random() < 0.6:
            parts.append(("lid", _lid(rng, *outer[-1])))
    return parts


STYLES = {f.__name__: f for f in (baluster, amphora, bowl, tall, gourd, jar, pressed, jug)}

"""Aeroplanes: the nose at +x, the fuselage's axis at z = 0. Sizes in lengths of the fuselage, which is about 1."""

import numpy as np

from .parts import (
    Part,
    ellipsoid,
    join,
    loft,
    pair,
    revolve,
    shift,
    slab,
    spline,
    superellipse,
    tube,
    turn,
)

PARTS = ("fuselage", "wing", "tail", "engine", "propeller", "gear")
Parts = list[tuple[str, Part]]
# A wing section from the leading edge (0) to the trailing edge (-1): x over the chord, z over the thickness.
AIRFOIL = np.array(
    [(0, 0), (-0.08, 0.4), (-0.3, 0.5), (-0.65, 0.3), (-1, 0.03), (-1, -0.03), (-0.5, -0.35), (-0.1, -0.35)]
)


def _fuselage(rng: np.random.Generator, stations: list, p: float = 2.0, n: int = 13) -> Part:
    """Loft along x; each station is (x, half-width, half-height, z), with a smooth course between them."""
    x, half_y, half_z, z = spline(np.array(stations, float), n).T
    rings = np.empty((n, 14, 3))
    section = superellipse(1, 1, p, 14)
    rings[..., 0] = x[:, None]
    rings[..., 1] = np.maximum(half_y, 0.003)[:, None] * section[:, 0]
    rings[..., 2] = z[:, None] + np.maximum(half_z, 0.003)[:, None] * section[:, 1]
    return loft(rings)


def _wing(
    root: np.ndarray, span: float, chord: float, taper: float, sweep: float, rise: float, thick: float = 0.12
) -> Part:
    """Left wing from `root` (its leading edge) out along y; `sweep` and `rise` are how far the tip lies back and up."""
    t = np.array([0.0, 0.5, 0.93, 1.0])
    chords = chord * (1 - (1 - taper) * t) * (1, 1, 1, 0.7)
    section = AIRFOIL * (1, thick)
    rings = np.empty((4, len(AIRFOIL), 3))
    rings[..., 0] = root[0] - sweep * t[:, None] + chords[:, None] * section[:, 0]
    rings[..., 1] = root[1] + span * t[:, None]
    rings[..., 2] = root[2] + rise * t[:, None] + chords[:, None] * section[:, 1]
    return loft(rings)


def _fin(root: np.ndarray, high: float, chord: float, taper: float, sweep: float) -> Part:
    """Upright fin: a wing turned about x."""
    vertices, faces = _wing((root[0], 0, 0), high, chord, taper, sweep, 0)
    return turn((vertices, faces), np.pi / 2, 0)[0] + (0, *root[1:]), faces


def _tail(rng: np.random.Generator, x: float, z: float, size: float, chord: float, tee: float = 0.2) -> Parts:
    """Fin and tailplane at x; with probability `tee` the plane sits on the fin."""
    high, taper, sweep = size * rng.uniform(0.5, 0.8), rng.uniform(0.35, 0.8), rng.uniform(0.2, 1.0) * chord
    fin = _fin(np.array([x, 0, z]), high, chord, taper, sweep)
    at = np.array([x - sweep * 0.9, 0, z + 0.95 * high]) if rng.random() < tee else np.array([x - 0.3 * chord, 0, z])
    plane = pair(
        _wing(
            at, size * rng.uniform(0.7, 1.1), 0.8 * chord, rng.uniform(0.4, 0.9), rng.uniform(0.05, 0.6) * chord, 0.02
        )
    )
    return [("tail", fin), ("tail", plane)]


def _propeller(rng: np.random.Generator, at: np.ndarray, r: float, hub: float) -> Part:
    """Spinner and two to four blades before `at`."""
    blade = slab(superellipse(0.1 * r, r / 2, 2.5, 10), -0.015 * r, 0.015 * r, at=(0, r / 2))
    blade, n = turn(blade, np.pi / 2 - 0.4, 1), int(rng.integers(2, 5))
    blades = join(*(turn(blade, 2 * np.pi * i / n, 0) for i in range(n)))
    spinner = ellipsoid((4 * hub, 2 * hub, 2 * hub), sections=10, rings=7)
    return shift(join(blades, spinner), at)


def _gear(x: float, y: float, z: float, drop: float, r: float, third: float) -> Part:
    """Two main wheels on legs from (x, +-y, z), and a third below the nose or the tail, at x = `third`."""
    foot = (x, 1.3 * y + 0.03, z - drop)
    side = join(tube([(x, y, z), foot], 0.3 * r, 6), _wheel(foot, r))
    other = (third, 0, z - drop * 0.95)
    return join(pair(side), _wheel(other, 0.7 * r), tube([other, (third, 0, 0)], 0.25 * r, 6))


def _wheel(at: tuple, r: float) -> Part:
    return tube([(at[0], at[1] - 0.4 * r, at[2]), (at[0], at[1] + 0.4 * r, at[2])], r, 10)


def _nacelle(rng: np.random.Generator, at: np.ndarray, long: float, r: float) -> Part:
    """Jet engine along x, open in front, its middle at `at`."""
    profile = [
        (0, -0.3),
        (0.6 * r, -0.5),
        (0.9 * r, -0.2),
        (r, 0.2),
        (0.9 * r, 0.5),
        (0.75 * r, 0.48),
        (0.7 * r, 0.2),
        (0, 0.2),
    ]
    engine = revolve(np.array(profile) * (1, long), 12)
    return shift(turn(engine, np.pi / 2, 1), at)


def airliner(rng: np.random.Generator) -> Parts:
    """A tube with swept wings; two or four engines under them, or two at the rear (a business jet)."""
    r = rng.uniform(0.045, 0.095)
    lift = rng.uniform(0.3, 0.8) * r
    body = _fuselage(
        rng,
        [
            (0.5, 0, 0, -0.3 * r),
            (0.47, 0.6 * r, 0.6 * r, -0.15 * r),
            (0.38, r, r, 0),
            (0, r, r, 0),
            (-0.25, r, r, 0),
            (-0.4, 0.6 * r, 0.6 * r, lift * 0.6),
            (-0.5, 0.1 * r, 0.15 * r, lift),
        ],
        n=17,
    )
    span, chord, sweep, rise = (
        rng.uniform(0.35, 0.55),
        rng.uniform(0.14, 0.24),
        rng.uniform(0.08, 0.3),
        rng.uniform(0, 0.08),
    )
    x, z, taper = rng.uniform(0.06, 0.18), rng.choice([-0.6, -0.6, 0.7]) * r, rng.uniform(0.2, 0.5)
    parts = [("fuselage", body), ("wing", pair(_wing((x, 0, z), span, chord, taper, sweep, rise)))]
    rear = rng.random() < 0.35
    parts += _tail(rng, -0.32, 0.5 * r, rng.uniform(0.15, 0.24), rng.uniform(0.11, 0.17), 0.9 if rear else 0.1)
    size, long = rng.uniform(0.022, 0.04), rng.uniform(0.08, 0.14)
    if rear:
        parts.append(("engine", pair(_nacelle(rng, np.array([-0.26, r + size, 0.3 * r]), long, size))))
    else:
        for t in ((0.33,), (0.3, 0.6))[rng.integers(2)]:
            at = np.array([x - sweep * t, t * span, z + rise * t - 1.1 * size])
            parts.append(("engine", pair(_nacelle(rng, at, long, size))))
    if rng.random() < 0.3:
        parts.append(("gear", _gear(-0.02, 0.6 * r, -0.6 * r, rng.uniform(0.05, 0.09), 0.018, 0.36)))
    return parts


def glider(rng: np.random.Generator) -> Parts:
    """A slim body, very long narrow wings, a high tail."""
    r, boom = rng.uniform(0.035, 0.055), rng.uniform(0.008, 0.016)
    body = _fuselage(
        rng,
        [
            (0.5, 0, 0, 0),
            (0.4, 0.8 * r, r, 0),
            (0.25, r, 1.2 * r, 0.1 * r),
            (0.05, 0.6 * r, 0.7 * r, 0.2 * r),
            (-0.15, boom, boom, 0.3 * r),
            (-0.5, 0.7 * boom, boom, 0.4 * r),
        ],
        n=15,
    )
    wing = pair(
        _wing(
            (rng.uniform(0.14, 0.24), 0, 0.6 * r),
            rng.uniform(0.7, 1.3),
            rng.uniform(0.07, 0.13),
            rng.uniform(0.3, 0.7),
            rng.uniform(-0.03, 0.06),
            rng.uniform(0.02, 0.12),
        )
    )
    canopy = ellipsoid((0.22, 1.5 * r, 1.5 * r), (0.3, 0, 0.7 * r), sections=10, rings=7)
    return [
        ("fuselage", body),
        ("fuselage", canopy),
        ("wing", wing),
        *_tail(rng, -0.39, 0.4 * r, rng.uniform(0.13, 0.2), rng.uniform(0.07, 0.11), 0.75),
    ]


def propeller(rng: np.random.Generator) -> Parts:
    """One or two propellers, straight wings above or below, cabin, wheels."""
    r, p = rng.uniform(0.05, 0.11), rng.uniform(2, 4)
    body = _fuselage(
        rng,
        [
            (0.44, 0.5 * r, 0.5 * r, 0),
            (0.4, 0.75 * r, 0.75 * r, 0),
            (0.24, 0.95 * r, r, 0),
            (0.02, r, 1.1 * r, 0.1 * r),
            (-0.2, 0.6 * r, 0.6 * r, 0.25 * r),
            (-0.5, 0.12 * r, 0.3 * r, 0.4 * r),
        ],
        p,
        15,
    )
    cabin = ellipsoid(
        (rng.uniform(0.25, 0.4), 1.7 * r, 1.4 * r), (0.06, 0, 0.65 * r), p=rng.uniform(2, 4), sections=12, rings=9
    )
    high = rng.random() < 0.5
    z = 1.25 * r if high else -0.6 * r
    x, span, chord = rng.uniform(0.16, 0.26), rng.uniform(0.4, 0.7), rng.uniform(0.13, 0.2)
    parts = [("fuselage", body), ("fuselage", cabin)]
    parts.append(
        (
            "wing",
            pair(_wing((x, 0, z), span, chord, rng.uniform(0.5, 1), rng.uniform(-0.02, 0.08), rng.uniform(0, 0.08))),
        )
    )
    parts += _tail(rng, -0.36, 0.3 * r, r + rng.uniform(0.13, 0.18), rng.uniform(0.11, 0.15))
    size = rng.uniform(0.1, 0.17)
    if rng.random() < 0.7:
        parts.append(("propeller", _propeller(rng, np.array([0.46, 0, 0]), size, 0.35 * r)))
    else:
        y = 0.35 * span
        at = np.array([x + 0.08, y, z])
        parts.append(("engine", pair(ellipsoid((0.3, 0.07, 0.07), at - (0.1, 0, 0), sections=10, rings=7))))
        parts.append(("propeller", pair(_propeller(rng, at, 0.8 * size, 0.012))))
    if high and rng.random() < 0.6:
        parts.append(("wing", pair(tube([(x - 0.06, 0.8 * r, -0.5 * r), (x - 0.06, 0.5 * span, z + 0.01)], 0.008, 6))))
    if rng.random() < 0.8:
        parts.append(
            (
                "gear",
                _gear(
                    rng.uniform(0.08, 0.18),
                    0.5 * r,
                    -0.7 * r,
                    rng.uniform(0.06, 0.12),
                    rng.uniform(0.022, 0.04),
                    rng.choice([0.34, -0.3]),
                ),
            )
        )
    return parts


def biplane(rng: np.random.Generator) -> Parts:
    """Two wings one above the other, struts, an open seat, fixed wheels."""
    r = rng.uniform(0.06, 0.095)
    body = _fuselage(
        rng,
        [
            (0.38, r, r, 0),
            (0.3, 1.05 * r, 1.05 * r, 0),
            (0.0, r, 1.1 * r, 0),
            (-0.25, 0.6 * r, 0.7 * r, 0.1 * r),
            (-0.5, 0.1 * r, 0.3 * r, 0.3 * r),
        ],
        rng.uniform(2, 4),
    )
    low, up = -0.7 * r, r + rng.uniform(0.06, 0.16)
    span, chord, stagger = rng.uniform(0.4, 0.62), rng.uniform(0.13, 0.2), rng.uniform(-0.02, 0.08)
    x, taper = rng.uniform(0.2, 0.28), rng.uniform(0.75, 1)
    short = span * rng.uniform(0.8, 1)
    wings = [
        pair(_wing((x, 0, low), short, chord, taper, 0, 0.02)),
        pair(_wing((x + stagger, 0, up), span, chord, taper, 0, 0.02)),
    ]
    struts = []
    for t in (0.7, 0.25)[: int(rng.integers(1, 3))]:
        for c in (0.2, 0.75):
            struts.append(
                tube([(x - c * chord, t * short, low), (x + stagger - c * chord, t * short, up + 0.015)], 0.007, 6)
            )
    mid = [
        tube([(x - c * chord, 0.5 * r, 0.8 * r), (x - c * chord + stagger, 0.7 * r, up)], 0.007, 6) for c in (0.2, 0.75)
    ]
    parts = [("fuselage", body), ("wing", join(*wings)), ("wing", pair(join(*struts, *mid)))]
    parts += _tail(rng, -0.36, 0.3 * r, rng.uniform(0.15, 0.2), rng.uniform(0.11, 0.15), 0)
    parts.append(("fuselage", ellipsoid((0.14, 0.9 * r, 0.9 * r), (-0.06, 0, r), sections=10, rings=7)))
    parts.append(("propeller", _propeller(rng, np.array([0.4, 0, 0]), rng.uniform(0.12, 0.18), 0.3 * r)))
    gear = _gear(rng.uniform(0.16, 0.24), 0.6 * r, -0.8 * r, rng.uniform(0.07, 0.12), rng.uniform(0.03, 0.05), -0.3)
    return [*parts, ("gear", gear)]


def fighter(rng: np.random.Generator) -> Parts:
    """Pointed, delta or swept wings, one fin or two, a canopy; sometimes canards or missiles."""
    r, wide = rng.uniform(0.035, 0.055), rng.uniform(1, 2)
    body = _fuselage(
        rng,
        [
            (0.5, 0, 0, -0.2 * r),
            (0.35, 0.6 * r, 0.7 * r, -0.1 * r),
            (0.15, r, r, 0),
            (-0.1, wide * r, r, 0),
            (-0.42, 0.8 * wide * r, 0.8 * r, 0),
        ],
        rng.uniform(2, 4),
        15,
    )
    canopy = ellipsoid((0.22, 0.9 * r, 1.3 * r), (0.23, 0, 0.8 * r), sections=10, rings=7)
    chord, span, taper = rng.uniform(0.28, 0.55), rng.uniform(0.22, 0.38), rng.uniform(0.08, 0.4)
    sweep = (1 - taper) * chord * rng.uniform(0.6, 1.05)
    x = -0.4 + chord
    parts = [("fuselage", body), ("fuselage", canopy)]
    parts.append(("wing", pair(_wing((x, 0.3 * r, 0), span, chord, taper, sweep, rng.uniform(-0.02, 0.03), 0.05))))
    fin_high, fin_chord = rng.uniform(0.12, 0.2), rng.uniform(0.13, 0.22)
    fin = _fin(np.array([-0.24, 0, 0.6 * r]), fin_high, fin_chord, rng.uniform(0.3, 0.6), 0.8 * fin_chord)
    if rng.random() < 0.5:
        parts.append(("tail", pair(shift(turn(fin, -rng.uniform(0, 0.5), 0, (0, 0, 0.6 * r)), (0, 0.7 * wide * r, 0)))))
    else:
        parts.append(("tail", fin))
    if rng.random() < 0.7:
        at = np.array([-0.3, 0.5 * r, 0]) if rng.random() < 0.6 else np.array([0.3, 0.3 * r, 0.2 * r])
        parts.append(("tail", pair(_wing(at, rng.uniform(0.12, 0.2), 0.15, 0.4, 0.1, 0, 0.06))))
    for y in (-0.5, 0.5)[: int(rng.integers(1, 3))] if wide > 1.4 else ():
        parts.append(("engine", tube([(-0.35, y * wide * r, 0), (-0.5, y * wide * r, 0)], [0.8 * r, 0.6 * r], 12)))
    if wide <= 1.4:
        parts.append(("engine", tube([(-0.4, 0, 0), (-0.5, 0, 0)], [0.8 * r, 0.65 * r], 12)))
    if rng.random() < 0.4:
        at = np.array([x - 0.8 * sweep, 0.75 * span, -0.03])
        parts.append(("engine", pair(ellipsoid((0.24, 0.025, 0.025), at, sections=8, rings=7))))
    return parts


def pusher(rng: np.random.Generator) -> Parts:
    """Twin booms, a pod between them, a propeller behind."""
    r, y = rng.uniform(0.05, 0.08), rng.uniform(0.1, 0.18)
    pod = _fuselage(
        rng,
        [
            (0.45, 0, 0, 0),
            (0.36, 0.7 * r, 0.8 * r, 0),
            (0.2, r, r, 0),
            (0.0, 0.8 * r, 0.8 * r, 0),
            (-0.08, 0.5 * r, 0.5 * r, 0),
        ],
    )
    span, chord = rng.uniform(0.45, 0.7), rng.uniform(0.14, 0.2)
    wing = pair(
        _wing((0.16, 0, 0.3 * r), span, chord, rng.uniform(0.4, 0.9), rng.uniform(0, 0.1), rng.uniform(0, 0.06))
    )
    boom = tube([(0.14, y, 0.3 * r), (-0.46, y, 0.3 * r)], [0.025, 0.014])
    fin = shift(_fin(np.array([-0.36, 0, 0.3 * r]), rng.uniform(0.1, 0.16), 0.12, 0.6, 0.06), (0, y, 0))
    plane = pair(_wing((-0.38, 0, 0.3 * r), y, 0.09, 1, 0, 0))
    prop = turn(_propeller(rng, np.array([0.1, 0, 0]), rng.uniform(0.6, 0.95) * y, 0.015), np.pi)
    gear = _gear(0.05, 0.05, -0.3 * r, rng.uniform(0.06, 0.12), 0.025, 0.3)
    return [
        ("fuselage", pod),
        ("wing", wing),
        ("tail", pair(join(boom, fin))),
        ("tail", plane),
        ("propeller", prop),
        ("gear", gear),
    ]


STYLES = {f.__name__: f for f in (airliner, glider, propeller, biplane, fighter, pusher)}

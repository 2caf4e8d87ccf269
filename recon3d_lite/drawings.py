"""What becomes of a floor plan: a drawing with measures, and a model.

>>> room = rooms.make(4, furniture=0)
>>> plan = Plan((room.walls,), room.height)
>>> svg(plan)[:4], bool(np.ptp(model(plan)[0].vertices[:, 2]) > room.height)
('<svg', True)
"""

from __future__ import annotations

import numpy as np
import trimesh

from . import plans, rooms
from .plans import Plan
from .rooms import Wall

__all__ = ["model", "svg"]


def _gap(plan: Plan, wall: Wall) -> float:
    """How thick a wall with another room behind it is; else `rooms.THICKNESS`, which no scan of one side sees."""
    along = (wall.b - wall.a) / wall.length
    outwards = np.array([along[1], -along[0]])
    for other in (w for walls in plan.rooms for w in walls):
        away = outwards @ (other.a - wall.a)
        ends = [along @ (p - wall.a) for p in (other.a, other.b)]
        common = min(max(ends), wall.length) - max(min(ends), 0)
        facing = along @ (other.b - other.a) < -0.9 * other.length
        if facing and 0.01 < away < 0.5 and common > 0.5 * wall.length:
            return float(away)
    return rooms.THICKNESS


def shared(plan: Plan, wall: Wall) -> bool:
    """Whether another room lies behind the wall, so that both of its faces were measured."""
    return _gap(plan, wall) != rooms.THICKNESS


def model(plan: Plan) -> tuple[trimesh.Trimesh, np.ndarray]:
    """The plan as a mesh in metres, z up, and for each face whether it is a wall's (0) or the floor's (1).

    Walls are boxes around their openings; one between two rooms is made of two halves.
    """
    meshes = []
    for walls in plan.rooms:
        turns = _left_turns(walls)
        for i, wall in enumerate(walls):
            thick = _gap(plan, wall) / 2 if shared(plan, wall) else rooms.THICKNESS
            ends = (thick if turns[i - 1] else 0.0, thick if turns[i] else 0.0)
            meshes += [(brick, 0) for brick in rooms._bricks(wall, plan.height, *ends, thickness=thick)]
        outline = np.array([wall.a for wall in walls])
        xs, ys = np.unique(outline[:, 0].round(6)), np.unique(outline[:, 1].round(6))
        for i, j in np.ndindex(len(xs) - 1, len(ys) - 1):
            low, high = np.array([xs[i], ys[j]]), np.array([xs[i + 1], ys[j + 1]])
            if _inside((low + high) / 2, outline):
                meshes.append((rooms._box([*low, -0.02], [*high, 0.0]), 1))
    part = np.repeat([kind for _, kind in meshes], [len(mesh.faces) for mesh, _ in meshes])
    whole = trimesh.util.concatenate([mesh for mesh, _ in meshes])
    return trimesh.Trimesh(whole.vertices, whole.faces, process=False), part


def svg(plan: Plan) -> str:
    """The plan as a drawing, an SVG document: walls, doors and windows, measures in metres, a scale bar.

    Dark walls were measured on both faces or have a face that was; how thick an outer wall is, is assumed.
    """
    corners = np.array([wall.a for walls in plan.rooms for wall in walls])
    low, high = corners.min(0) - 0.75, corners.max(0) + 0.75
    low = low - [0, 0.35]
    width, height = 100 * (high - low)

    def at(p: np.ndarray) -> np.ndarray:  # centimetres, y down
        return np.array([100 * (p[0] - low[0]), 100 * (high[1] - p[1])])

    def line(a: np.ndarray, b: np.ndarray, style: str) -> str:
        (x1, y1), (x2, y2) = at(a), at(b)
        return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'

    def text(p: np.ndarray, words: str, along: np.ndarray = (1, 0), size: int = 17, colour: str = "#222") -> str:
        x, y = at(p)
        angle = -90 if abs(along[1]) > 0.5 else 0
        return (
            f'<text transform="translate({x:.1f} {y:.1f}) rotate({angle})" text-anchor="middle" dy="0.35em" '
            f'font-size="{size}" fill="{colour}">{words}</text>'
        )

    thin, thick = 'stroke="#222" stroke-width="1.5"', f'stroke="#444" stroke-width="{200 * rooms.THICKNESS:.0f}"'
    paths = []
    for walls in plan.rooms:
        places = " L".join("{:.1f} {:.1f}".format(*at(wall.a)) for wall in walls)
        paths.append(f"M{places} Z")
    parts = [f'<path d="{d}" fill="none" {thick} stroke-linejoin="miter"/>' for d in paths]
    parts += [f'<path d="{d}" fill="#fff"/>' for d in paths]
    swings: list[np.ndarray] = []
    for walls in plan.rooms:
        turns = _left_turns(walls)
        reflex = [not (turns[k - 1] and turns[k]) for k in range(len(walls))]
        for k, wall in enumerate(walls):
            along = (wall.b - wall.a) / wall.length
            inwards = np.array([-along[1], along[0]])
            gap = _gap(plan, wall)
            for hole in wall.openings:
                a, b = wall.a + hole.start * along, wall.a + hole.end * along
                ring = np.array([a, b, b - gap * inwards, a - gap * inwards])
                parts.append(
                    '<polygon points="{}" fill="#fff"/>'.format(" ".join("{:.1f},{:.1f}".format(*at(p)) for p in ring))
                )
                parts += [line(p, p - gap * inwards, thin) for p in (a, b)]
                middle, size = (a + b) / 2, hole.end - hole.start
                if hole.kind == "window":
                    parts += [line(a - f * gap * inwards, b - f * gap * inwards, thin) for f in (0.0, 0.5, 1.0)]
                    words = f"{size:.2f} \u00d7 {hole.top - hole.sill:.2f}"
                    parts.append(text(middle + 0.17 * inwards, words, along, 13, "#0072B2"))
                elif not any(np.linalg.norm(middle - other) < 0.5 for other in swings):
                    swings.append(middle)
                    tip, (x, y) = a + size * inwards, at(b)
                    parts.append(line(a, tip, 'stroke="#222" stroke-width="3"'))
                    parts.append(
                        '<path d="M{:.1f} {:.1f} A{r:.1f} {r:.1f} 0 0 1 {x:.1f} {y:.1f}" fill="none" stroke="#888" '
                        'stroke-dasharray="4 4"/>'.format(*at(tip), r=100 * size, x=x, y=y)
                    )
                    parts.append(text(middle + 0.17 * inwards, f"{size:.2f}", along, 13, "#0072B2"))
            if not shared(plan, wall):
                side = 1 if reflex[k] else -1  # in a notch there is no place for measures
                a, b = (p + side * 0.42 * inwards for p in (wall.a, wall.b))
                parts.append(line(a, b, 'stroke="#888" stroke-width="1"'))
                parts += [line(p - 0.08 * inwards, p + 0.08 * inwards, thin) for p in (a, b)]
                parts.append(text((a + b) / 2 + side * 0.14 * inwards, f"{wall.length:.2f}", along))
        outline = np.array([wall.a for wall in walls])
        area = plans._area(outline)
        parts.append(text(_middle(outline), f"{area:.1f} m²", size=20))
    parts.append(text(_middle(np.array([w.a for w in plan.rooms[0]])) - [0, 0.3], f"↕ {plan.height:.2f} m", size=15))
    x, y = low[0] + 0.35, low[1] + 0.3
    parts.append(line(np.array([x, y]), np.array([x + 1, y]), 'stroke="#222" stroke-width="5"'))
    parts.append(text(np.array([x + 1.3, y]), "1 m", size=15))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(parts) + "</svg>"
    )  # fmt: skip


def _left_turns(walls: tuple[Wall, ...]) -> list[bool]:
    """Whether the way round turns left at the end of each wall; in a notch's corner it turns right."""
    steps = [wall.b - wall.a for wall in walls]
    return [bool(a[0] * b[1] > a[1] * b[0]) for a, b in zip(steps, [*steps[1:], steps[0]], strict=True)]


def _inside(place: np.ndarray, outline: np.ndarray) -> bool:
    x, y = (outline - place).T
    x2, y2 = np.roll(x, -1), np.roll(y, -1)
    crosses = (y > 0) != (y2 > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return bool((crosses & (x - y * (x2 - x) / (y2 - y) > 0)).sum() % 2)


def _middle(outline: np.ndarray) -> np.ndarray:
    """The middle of the largest rectangle of an outline's grid cells."""
    xs, ys = (np.unique(column.round(6)) for column in outline.T)
    cells = [(xs[i], xs[i + 1], ys[j], ys[j + 1]) for i, j in np.ndindex(len(xs) - 1, len(ys) - 1)]
    inside = [c for c in cells if _inside(np.array([c[0] + c[1], c[2] + c[3]]) / 2, outline)]
    a, b, c, d = max(inside, key=lambda c: min(c[1] - c[0], c[3] - c[2]))
    return np.array([a + b, c + d]) / 2

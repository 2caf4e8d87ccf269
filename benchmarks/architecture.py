"""Floor plans from depth scans of many rooms, their errors in metres; and what changes between two scans are noticed.

    python benchmarks/architecture.py

First 45 rooms, fifteen rectangles, L-shapes and divided rooms each: plans from one to four stands, with wrong poses
(5 cm, 1.5 degrees) as they are and aligned, with three times the noise, with no and with twice the furniture; areas
and heights by boxes for comparison. Then 15 rooms scanned twice, a patch of a wall standing out by 0 to 5 cm in the
second scan: by method and threshold how many false alarms a room has, and which patches are noticed. Rows go to
`architecture.json` one by one; a run that was stopped goes on. About a quarter of an hour on one core.
"""

import json
import platform
import time
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import trimesh
from scipy import ndimage

from recon3d_lite import plans, rooms, scans
from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
KINDS = {"rectangle": {"partition": False, "l_shaped": False}, "L": {"l_shaped": True}, "divided": {"partition": True}}
PLANS, CHANGES, STANDS = 15, 5, 3  # rooms of each kind, and stands if nothing else is said
SIZES = (0.01, 0.02, 0.03, 0.05)  # how far a patch stands out, metres
PATCH = 0.4  # its side
MEANS, SIGMAS = np.geomspace(0.001, 0.1, 25), np.geomspace(1, 60, 25)  # thresholds: metres, standard deviations
SYSTEMATIC = 0.0015  # metres that a pose is off, added to the noise model's variance


def summary(plan: plans.Plan, truth: plans.Plan) -> dict:
    found = plans.compare(plan, truth)
    edges = np.abs(np.array(found.pop("edges")).reshape(-1, 4))
    found["walls"] = np.abs(found["walls"]).tolist()
    return found | {"sides": edges[:, :2].ravel().tolist(), "sill_top": edges[:, 2:].ravel().tolist()}


def boxes(scan: scans.Scan) -> dict:
    """Area and height by boxes around the points."""
    raw, depth, _ = scan.points()
    points, _ = scans.thinned(raw, 0.05, depth)
    flat = points[:, :2].astype(np.float32)
    top = np.quantile(raw[:, 2], 0.995)
    rectangles = {"rectangle": flat, "rectangle_ceiling": flat[points[:, 2] > top - 0.15]}
    areas = {name: float(np.prod(cv2.minAreaRect(each)[1])) for name, each in rectangles.items()}
    return areas | {
        "box": float(np.prod(np.ptp(raw[:, :2], axis=0))),
        "height": float(np.ptp(raw[:, 2])),
        "height_quantile": float(top - np.quantile(raw[:, 2], 0.005)),
    }


def disturbed(scan: scans.Scan, rng: np.random.Generator, first: int = 1) -> scans.Scan:
    """Stands from ``first`` on are believed 5 cm and 1.5 degrees off (standard deviations; heights 1 cm)."""
    for stand in np.unique(scan.stand)[first:]:
        R, shift = scans.turned(rng.normal(0, np.radians(1.5))), rng.normal(0, [0.05, 0.05, 0.01])
        centre = scan.of(stand).cameras[0].centre
        scan = scan.moved(stand, R, centre - R @ centre + shift)
    return scan


def plans_of(seed: int, kind: str) -> dict:
    rng = np.random.default_rng([seed, 5])
    turn, row = rng.uniform(0, 2 * np.pi), {}

    def answer(name: str, room: rooms.Room, scan: scans.Scan, first: np.ndarray) -> None:
        try:
            plan = plans.floor_plan(scan)
        except (ValueError, IndexError) as error:
            row[name] = {"failed": repr(error)[:80]}
            return
        row[name] = summary(plan, plans.true_plan(room, first, turn, plan))

    for furniture in (8, 0, 16):
        room = rooms.make(seed, furniture=furniture, **KINDS[kind])
        places = scans.places(room, 4 if furniture == 8 else STANDS)
        scan = scans.take(room.mesh, places, rng, turn=turn)
        if furniture != 8:
            answer(f"furniture {furniture}", room, scan, places[0])
            continue
        for count in (1, 2, 3, 4):
            answer(f"stands {count}", room, scan.of(*range(count)), places[0])
        scan = scan.of(*range(STANDS))
        row["boxes"] = boxes(scan) | {"true_height": room.height}
        row["boxes"]["true_area"] = plans.true_plan(room, places[0], turn, plans.Plan((), 0.0)).area
        wrong = disturbed(scan, rng)
        answer("poses wrong", room, wrong, places[0])
        answer("poses aligned", room, scans.aligned(wrong), places[0])
        noisy = scans.take(room.mesh, places[:STANDS], rng, turn=turn, noisy=3.0)
        answer("noise x 3", room, noisy, places[0])
    return row


def with_patch(room: rooms.Room, rng: np.random.Generator, out: float) -> tuple[trimesh.Trimesh, np.ndarray]:
    """The room's mesh with a patch of a wall standing out, away from openings and furniture, and its middle (3,)."""
    while True:
        wall = room.walls[rng.integers(len(room.walls))]
        along = (wall.b - wall.a) / wall.length
        s, z = rng.uniform(0.4, wall.length - 0.4), rng.uniform(1.0, room.height - 0.5)
        ends = np.array([wall.a + (s + side * PATCH / 2) * along for side in (-1, 1)])
        inwards = np.array([-along[1], along[0]])
        free = all(s + PATCH < hole.start or s - PATCH > hole.end for hole in wall.openings)
        front = wall.a + s * along + 0.3 * inwards
        if room.partition is not None:
            free &= abs(front[0] - room.partition.a[0]) > 0.6
        free &= all((front < p.low[:2] - 0.3).any() or (front > p.high[:2] + 0.3).any() for p in room.pieces)
        if free:
            break
    corners = np.array([*ends, *(ends + max(out, 1e-6) * inwards)])
    box = rooms._box([*corners.min(0), z - PATCH / 2], [*corners.max(0), z + PATCH / 2])
    return trimesh.util.concatenate([room.mesh, box]), np.array([*(wall.a + s * along), z])


def regions(changed: np.ndarray, least: int, true: np.ndarray) -> tuple[int, bool]:
    """How many connected regions of ``least`` cells there are off the ``true`` cells, and whether one lies on them."""
    label, number = ndimage.label(changed, np.ones((3, 3)))
    sizes = np.bincount(label.ravel(), minlength=number + 1)[1:]
    on = np.bincount(label.ravel(), true.ravel(), number + 1)[1:]
    large = sizes >= least
    return int((large & (on < 0.5 * sizes)).sum()), bool((large & (on >= 0.5 * sizes)).any())


def by_cells(plan: plans.Plan, first: list, scan: scans.Scan, patch: np.ndarray, systematic: float) -> dict:
    """By threshold false alarms and hits, of mean differences (``fixed``) and of standard deviations (``sigma``)."""
    rays, values = scan.rays(), []
    x = scans.turned(-plan.turn) @ patch - [0, 0, plan.floor]
    for wall, (mean, variance) in zip((w for walls in plan.rooms for w in walls), first, strict=True):
        now, spread = plans.wall_map(rays, plan, wall)
        along = (wall.b - wall.a) / wall.length
        s, away = along @ (x[:2] - wall.a), [-along[1], along[0]] @ (x[:2] - wall.a)
        rows, columns = now.shape
        z_of, s_of = (np.arange(rows) + 0.5) * plan.height / rows, (np.arange(columns) + 0.5) * wall.length / columns
        true = (np.abs(z_of[:, None] - x[2]) < PATCH / 2 + 0.08) & (np.abs(s_of - s) < PATCH / 2 + 0.08)
        known = np.isfinite(spread) & np.isfinite(variance)
        change = np.where(known, now - mean, 0)
        deviation = np.sqrt(np.where(known, spread + variance + systematic**2, 1))
        values.append((change, change / deviation, true & (abs(away) < 0.1)))
    result = {}
    for name, thresholds, which in (("fixed", MEANS, 0), ("sigma", SIGMAS, 1)):
        found = [[regions(np.abs(v[which]) > limit, 3, v[2]) for v in values] for limit in thresholds]
        result[name] = [(sum(f for f, _ in each), any(hit for _, hit in each)) for each in found]
    return result


def by_frames(first: scans.Scan, second: scans.Scan, exact: scans.Scan, without: scans.Scan) -> dict:
    """The same of single frames: differences of pixels, regions of twelve pixels."""
    with np.errstate(invalid="ignore"):
        change = np.nan_to_num(np.abs(second.frames - first.frames), nan=0, posinf=0)
        true = np.nan_to_num(np.abs(exact.frames - without.frames), nan=0, posinf=0) > 0.0005
    found = [
        [regions(c > limit, 12, ndimage.binary_dilation(t, iterations=2) if t.any() else t)
         for c, t in zip(change, true, strict=True)] for limit in MEANS
    ]  # fmt: skip
    return {"frames": [(sum(f for f, _ in each), any(hit for _, hit in each)) for each in found]}


def changes_of(seed: int, kind: str) -> dict:
    rng = np.random.default_rng([seed, 6])
    room = rooms.make(seed, **KINDS[kind])
    places, turn, row = scans.places(room, STANDS), rng.uniform(0, 2 * np.pi), {}
    first = scans.take(room.mesh, places, rng, turn=turn)
    plan = plans.floor_plan(first)
    rays = first.rays()
    maps = [plans.wall_map(rays, plan, wall) for walls in plan.rooms for wall in walls]
    without = scans.take(room.mesh, places, None, turn=turn)
    R = scans.turned(turn)
    for size in (0.0, *SIZES):
        mesh, middle = with_patch(room, np.random.default_rng([seed, 8]), size)
        patch = R @ (middle - [*places[0], 0])
        mesh = mesh if size else room.mesh
        second = scans.take(mesh, places, rng, turn=turn)
        exact = scans.take(mesh, places, None, turn=turn) if size else without
        found = by_frames(first, second, exact, without) | by_cells(plan, maps, second, patch, 0.0)
        moved = registered(first, disturbed(second, rng, first=0))
        found |= {f"{name} registered": v for name, v in by_cells(plan, maps, moved, patch, SYSTEMATIC).items()}
        row[f"{100 * size:.0f}"] = {k: [[f for f, _ in v], [int(hit) for _, hit in v]] for k, v in found.items()}
    return row


def registered(first: scans.Scan, second: scans.Scan) -> scans.Scan:
    """The second scan's stands, each laid on the whole first scan."""
    target, normals = surface(first)
    for stand in np.unique(second.stand):
        second = second.moved(stand, *scans.align(*surface(second.of(stand)), target, normals))
    return second


def surface(scan: scans.Scan) -> tuple[np.ndarray, np.ndarray]:
    raw, _, frame = scan.points()
    points, eye = scans.thinned(raw, 0.06, np.array([camera.centre for camera in scan.cameras])[frame])
    return points, scans.normals_of(points, eye)


def main() -> None:
    log = json.loads(LOG.read_text()) if LOG.exists() else {"plans": [], "changes": [], "minutes": 0.0}
    todo = [("plans", plans_of, kind, 1000 + i) for i in range(PLANS) for kind in KINDS]
    todo += [("changes", changes_of, kind, 2000 + i) for i in range(CHANGES) for kind in KINDS]
    for part, make, kind, seed in todo:
        if any(row["kind"] == kind and row["seed"] == seed for row in log[part]):
            continue
        start = time.process_time()
        row = json.loads(json.dumps(make(seed, kind)), parse_float=lambda number: round(float(number), 4))
        log[part].append({"kind": kind, "seed": seed} | row)
        log["minutes"] = round(log["minutes"] + (time.process_time() - start) / 60, 2)
        about = {
            "date": str(date.today()), "machine": f"{platform.machine()}, one core", "minutes": log["minutes"],
            "sizes_cm": [round(100 * s) for s in SIZES], "means": MEANS.round(5).tolist(),
            "sigmas": SIGMAS.round(3).tolist(),
        }  # fmt: skip
        log |= about
        print(part, kind, seed, log["minutes"], flush=True)
        with whole(LOG) as partial:  # a line a row
            tail = ",\n".join(
                f' "{p}": [\n  ' + ",\n  ".join(map(json.dumps, log[p])) + "\n ]" for p in ("plans", "changes")
            )
            partial.write_text(json.dumps(about, indent=1)[:-2] + ",\n" + tail + "\n}\n")


if __name__ == "__main__":
    main()

"""Does a robot that looks again find its way through furnished rooms? Against a true map, one look, no map, a bumper.

    python benchmarks/navigation.py

In each room a start and a goal, far apart. ``known`` plans on the true map; ``again`` looks around, plans, drives
20 cm, looks, and so on; ``first`` never looks again; ``one frame`` looks once, towards the goal; ``no map`` takes the
room for empty; ``bug`` has only a bumper. Then variants of ``again``; drift of the pose, in radians (and shares of the
way) after a metre, with and without matching each look to the map; and rooms with twice as much furniture. For every
trip `navigation.json` tells how it ended, its length in metres, its looks and what it bumped into; for every room the
shortest path on the true map. A run that was stopped goes on. Eleven minutes on one core.
"""

import json
import platform
import time
from datetime import date
from pathlib import Path

import numpy as np

from recon3d_lite import navigation, rooms
from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
FIRST, ROOMS, FEWER = 1000, 200, 100  # the first seed; how many for the methods, and for what is varied
DRIFTS = (0.02, 0.05, 0.1, 0.2)
METHODS = {
    "known": {"known": True},
    "again": {},
    "first": {"every": 0},
    "one frame": {"around": 1, "every": 0},
    "no map": {"known": False},
    "bug": None,
}
VARIANTS = {
    "one frame, then again": {"around": 1},
    "every 40 cm": {"every": 8},
    "every 80 cm": {"every": 16},
    "unknown costs 1": {"unknown": 1.0},
    "unknown costs 8": {"unknown": 8.0},
    "unknown is closed": {"unknown": np.inf},
    "not fused": {"fused": False},
    "matched": {"match": True},
}
VARIANTS |= {f"drift {drift}": {"drift": drift} for drift in DRIFTS}
VARIANTS |= {f"drift {drift}, matched": {"drift": drift, "match": True} for drift in DRIFTS}


class Place:
    """A room with this seed, what the robot can bump into, and its task."""

    def __init__(self, seed: int, furniture: int) -> None:
        self.seed, self.room = seed, rooms.make(seed, furniture=furniture)
        self.mesh = navigation.shut(self.room)
        self.touch, self.truth = navigation.outlines(self.mesh), navigation.true_map(self.mesh)
        self.start, self.goal = navigation.task(self.truth, np.random.default_rng([seed, 5]))
        self.kind = "L" if len(self.room.walls) == 6 else "divided" if self.room.partition else "plain"

    def about(self) -> dict:
        costs = navigation.costs(self.truth, near=0)
        shortest = navigation.length(navigation.route(self.truth, costs, self.start, self.goal))
        straight = float(np.linalg.norm(self.goal - self.start))
        return {"kind": self.kind, "pieces": len(self.room.pieces), "shortest": shortest, "straight": straight}

    def bumped(self, place: np.ndarray) -> str:
        """The kind of thing at a place (2,)."""
        for piece in self.room.pieces:
            offset = np.maximum(np.maximum(piece.low[:2] - place, place - piece.high[:2]), 0)
            if np.linalg.norm(offset) < navigation.RADIUS:
                return piece.kind
        return "wall"

    def go(self, options: dict | None) -> dict:
        if options is None:
            path = navigation.bug(self.truth, self.start, self.goal)
            return {"ended": "no path" if path is None else "reached",
                    "length": 0.0 if path is None else navigation.length(path), "looks": 0, "bumped": ""}  # fmt: skip
        options = dict(options)
        if "known" in options:
            empty = navigation.Map(self.truth.corner, np.full_like(self.truth.log_odds, -1.0))
            options["known"] = self.truth if options["known"] else empty
        rng = np.random.default_rng([self.seed, 6])
        trip = navigation.drive(self.mesh, self.start, self.goal, rng, touch=self.touch, **options)
        bumped = self.bumped(trip.path[-1]) if trip.ended == "collision" else ""
        return {"ended": trip.ended, "length": trip.length, "looks": trip.looks, "bumped": bumped}


def table(rows: list[dict]) -> dict:
    """Rows with the same keys as one list a key, metres to the centimetre."""
    return {key: [round(row[key], 2) if isinstance(row[key], float) else row[key] for row in rows] for key in rows[0]}


def main() -> None:
    log = json.loads(LOG.read_text()) if LOG.exists() else {}
    log |= {"date": str(date.today()), "machine": f"one core, {platform.machine()}, Python {platform.python_version()}"}
    plan = [("rooms", 8, ROOMS, METHODS), ("rooms", 8, FEWER, VARIANTS), ("crowded", 16, FEWER, METHODS)]
    for group, furniture, count, methods in plan:
        places = [Place(FIRST + n, furniture) for n in range(count)]
        part = log.setdefault(group, {"furniture": furniture, "trips": {}})
        part.setdefault("about", table([place.about() for place in places]))
        for name, options in methods.items():
            if name in part["trips"]:
                continue
            start = time.process_time()
            rows = [place.go(options) for place in places]
            spent = round((time.process_time() - start) / 60, 2)
            part["trips"][name] = table(rows) | {"minutes": spent}
            print(group, name, sum(row["ended"] == "reached" for row in rows), "of", count, f"{spent} min", flush=True)
            with whole(LOG) as partial:
                partial.write_text(written(log))


def written(log: dict) -> str:
    """JSON with a line for each list of trips."""
    text = json.dumps(log, indent=1)
    for values in [v for part in ("rooms", "crowded") if part in log for v in listed(log[part])]:
        inner = json.dumps(values, indent=1)
        for depth in range(3, 6):
            text = text.replace(inner.replace("\n", "\n" + " " * depth), json.dumps(values))
    return text + "\n"


def listed(value: object) -> list[list]:
    if isinstance(value, dict):
        return [found for each in value.values() for found in listed(each)]
    return [value] if isinstance(value, list) else []


if __name__ == "__main__":
    main()

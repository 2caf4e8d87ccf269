"""What more pictures are worth: error against number of views, known and unknown cameras, hulls, averages; pooling.

    python benchmarks/many_views.py [--jobs 1]

First six trainings of a small network, on one core each, three minutes a row: three ways of pooling, two seeds. Then,
without training, on the 330 test shapes, by 1 to 8 pictures of each: the shipped network, told the cameras and not;
what it was before it was trained; the visual hull, carved by true cameras; single-view answers turned into one frame
and put together, as they are (``union``) and after a vote (``vote``); and, for comparison, the shipped single-view
network, retrieval, oracle and floor. Scores are Chamfer-L1 in box diagonals, of 1,024 points in `curves` and `kinds`.
They go to `many_views.json`; a run that was stopped goes on. Half an hour on one core.
"""

import argparse
import json
from pathlib import Path

from recon3d_lite import camera, datasets, evaluation, losses, models, solids, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import trimesh
from runs import SMALL, run_all, small_network
from scipy.spatial import cKDTree

from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400, views=8)  # the shipped network's
POINTS, VIEWS = 1024, range(1, 9)
STEPS = {"alone": 1200, "together": 600}


def scores(clouds: np.ndarray, data: datasets.ShapeSet) -> np.ndarray:
    """Chamfer-L1 (S,) of clouds (S, N, 3) in the viewer's frame of the first picture."""
    truth = data.in_view(POINTS)
    return np.concatenate([losses.chamfer_l1(truth[i : i + 32], clouds[i : i + 32]) for i in range(0, len(data), 32)])


def answers_of_one(data: datasets.ShapeSet) -> np.ndarray:
    """What the single-view network answers for each picture, in the frame of the first: (S, V, N, 3)."""
    answer, found = models.compiled(models.load()), []
    for v in range(data.azimuth.shape[1]):
        parts = np.array_split(data.pictures[:, v], len(data) // 50 + 1)
        points = np.concatenate([answer(part.astype(np.float32) / 255) for part in parts])
        found.append(camera.to_viewer(points, data.azimuth[:, 0] - data.azimuth[:, v]))
    return np.stack(found, 1)


def union(clouds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """``POINTS`` of all points of clouds (V, N, 3), drawn by chance."""
    return rng.permutation(clouds.reshape(-1, 3))[:POINTS]


def vote(clouds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same of the half of all points that have other views' points nearest, on the mean over these views."""
    trees = [cKDTree(cloud) for cloud in clouds]
    others = max(1, len(clouds) - 1)
    far = np.stack([sum(tree.query(cloud)[0] for tree in trees) / others for cloud in clouds])  # own distance: 0
    kept = clouds[far <= np.median(far)]
    return rng.permutation(kept)[:POINTS]


def hulls(data: datasets.ShapeSet, resolution: int = 64) -> np.ndarray:
    """Points on the visual hulls of the first 1, 2, .. pictures, (V, S, N, 3), in the frame of the first."""
    found = np.empty((len(VIEWS), len(data), POINTS, 3), np.float32)
    for s, number in enumerate(data.number):
        mesh, hull = RECIPE.shape(number).mesh, np.ones((resolution,) * 3, bool)
        for v in range(len(VIEWS)):
            seen = data.pictures[s, v : v + 1, ..., 3] > 0
            hull &= solids.carve(seen, [datasets.camera_of(RECIPE.view(number, v), mesh)], resolution)
            surface = solids.surface(hull, 0.5)
            points = trimesh.sample.sample_surface(surface, POINTS, seed=np.random.default_rng(s))[0]
            found[v, s] = camera.to_viewer(points, data.azimuth[s, 0])
    return found


def curves() -> dict:
    """By method the mean score for each number of views, and by method and kind for one, four and eight."""
    data = datasets.procedural(RECIPE, progress=False)
    train, test = data.split("train"), data.split("test")
    shipped, untrained = models.load(kind="views"), models.views_network()
    models.borrow(untrained, models.load())
    single, rng = answers_of_one(test), np.random.default_rng(0)
    clouds = {
        "network": [training.predict(shipped, test, views=n) for n in VIEWS],
        "unknown": [training.predict(shipped, test, views=n, known=False) for n in VIEWS],
        "untrained": [training.predict(untrained, test, views=n) for n in VIEWS],
        "hull": hulls(test),
        "union": [np.stack([union(each[:n], rng) for each in single]) for n in VIEWS],
        "vote": [np.stack([vote(each[:n], rng) for each in single]) if n > 1 else single[:, 0] for n in VIEWS],
    }
    found = {name: np.stack([scores(each, test) for each in several]) for name, several in clouds.items()}
    shape, view = evaluation.retrieve(train, test)
    nearest = camera.to_viewer(train.points[evaluation.oracle(train, test, POINTS)][:, :POINTS], test.azimuth[:, 0])
    alone = {
        "single": single[:, 0],
        "retrieval": train[shape].in_view(POINTS, view),
        "oracle": nearest,
        "floor": test.in_view(2 * POINTS)[:, POINTS:],
    }
    found |= {name: np.stack([scores(each, test)]) for name, each in alone.items()}
    kinds = {name: test.category == c for c, name in enumerate(test.names)}
    return {
        "curves": {name: [round(float(x), 5) for x in each.mean(1)] for name, each in found.items()},
        "kinds": {
            name: {
                kind: [round(float(each[i, which].mean()), 5) for i in ((0, 3, 7) if len(each) > 1 else (0,))]
                for kind, which in kinds.items()
            }
            for name, each in found.items()
        },
    }


def train(task: dict) -> dict:
    """One small network learns from one picture at a time; another begins with its weights and learns to pool."""
    data = datasets.procedural(RECIPE, progress=False)
    train, validation, test = (data.split(name) for name in datasets.SPLITS)
    keras.utils.set_random_seed(task["seed"])
    single, model = small_network(), models.views_network(**SMALL, pooling=task["pooling"])
    training.fit(single, train, steps=STEPS["alone"], seed=task["seed"], every=STEPS["alone"], progress=False)
    models.borrow(model, single)
    steps = STEPS["together"]
    history = training.fit(model, train, steps=steps, validation=validation, seed=task["seed"], every=steps // 4,
                           progress=False)  # fmt: skip
    found = {"single": training.validate(single, test)}
    found |= {f"views {n}": training.validate(model, test, views=n) for n in (1, 2, 4, 8)}
    found |= {f"unknown {n}": training.validate(model, test, views=n, known=False) for n in (4, 8)}
    return found | {"curves": {key: [row[key] for row in history] for key in ("step", "loss", "validation")}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    options = parser.parse_args()
    datasets.procedural(RECIPE)
    tasks = [{"pooling": pooling, "seed": seed} for seed in (0, 1) for pooling in models.POOLINGS]
    run_all(train, tasks, LOG, {"steps": STEPS, "loss": "Chamfer-L1"}, options.jobs)
    log = json.loads(LOG.read_text()) | curves()
    with whole(LOG) as partial:
        rows = ",\n  ".join(map(json.dumps, log.pop("rows")))
        partial.write_text(json.dumps(log, indent=1)[:-2] + f',\n "rows": [\n  {rows}\n ]\n}}\n')


if __name__ == "__main__":
    main()

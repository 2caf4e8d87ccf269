"""Every route from a picture to a shape, and what it has to beat, by one protocol: 1,024 points against 1,024 points.

    python benchmarks/routes.py [--shapes FOLDER] [--jobs 1]

Four tests: 210 new shapes of the styles that training saw; 210 of styles kept from it; 100 of a kind kept from it;
and, with ``--shapes``, real meshes as FOLDER/category/name.ply (those of the stored figures are the README's 103).
Routes: the shipped networks for points, voxels and meshes, from the first picture; and the one for several pictures,
from one, from four, and from four whose cameras are not known. Voxels and meshes answer with points drawn evenly from
their surface. Beside them: one average cloud, the shape of the nearest training picture, by pixels and by the code
that the network for points makes of it, from that network's training set; the truth through its own 32 x 32 x 32
voxels; and the truth sampled a second time, the floor. A row holds for each shape, in the set's
order, Chamfer-L1 and the F-score at 2 % of the diagonal, and for every fifth shape the earth mover's distance of 512
points. Rows go to `routes.json` one by one; a run that was stopped goes on, and a route is measured anew when its
weights have changed. About six minutes on one core, and as long again to make the training set.
"""

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path

from recon3d_lite import (  # first: silences TensorFlow
    datasets,
    evaluation,
    metrics,
    models,
    shapes,
    solids,
    training,
)

# isort: split
import keras
import numpy as np
import trimesh
from runs import run_all

LOG = Path(__file__).with_suffix(".json")
POINTS, EMD_POINTS, EMD_EVERY = 1024, 512, 5
NEW = {"assemblies": 0, "views": 4, "seed": 1}  # the networks' own sets have seed 0
KEPT = tuple(name for name in shapes.CATEGORIES if not shapes.SEEN[name])
TESTS = {
    "seen_styles": datasets.Recipe(per_category=15, **NEW),
    "held_out_styles": datasets.Recipe(per_category=15, styles="held_out", **NEW),
    "held_out_category": datasets.Recipe(per_category=100, categories=KEPT, styles="held_out", **NEW),
}
ROUTES = ("points", "voxels", "mesh", "views")


def drawn(meshes: list[trimesh.Trimesh]) -> np.ndarray:
    """Points (S, N, 3) drawn evenly from each surface."""
    return np.stack([trimesh.sample.sample_surface(m, POINTS, seed=np.random.default_rng(0))[0] for m in meshes])


def around(field: np.ndarray) -> trimesh.Trimesh:
    """The surface at level 0; where nothing is above it, around what is most nearly so."""
    return solids.surface(field, min(0.0, float(np.quantile(field, 0.999))))


def copier() -> Callable[[datasets.ShapeSet], dict[str, np.ndarray]]:
    """What makes the rows that are copied from a training set, whose pictures are looked through once."""
    train = datasets.procedural(datasets.Recipe(**models.recipe()), progress=False).split("train")
    network, rng = models.load(), np.random.default_rng(0)
    encoder = models.compiled(keras.Model(network.input, network.get_layer("hidden1").output))

    def codes(pictures: np.ndarray) -> np.ndarray:
        parts = np.split(pictures, range(256, len(pictures), 256))
        return np.concatenate([encoder(part / np.float32(255)).numpy() for part in parts])

    views = train.pictures.shape[1]
    known = codes(train.pictures.reshape(-1, *train.pictures.shape[2:]))
    average = train.in_view(POINTS)[rng.integers(len(train), size=POINTS), rng.integers(POINTS, size=POINTS)]

    def copies(test: datasets.ShapeSet) -> dict[str, np.ndarray]:
        # squared distances, less what ranks nothing
        D = (known**2).sum(axis=1) - 2 * codes(test.pictures[:, 0]) @ known.T
        (shape, view), (coded, seen) = evaluation.retrieve(train, test), np.divmod(D.argmin(axis=1), views)
        return {
            "average": np.broadcast_to(average, (len(test), POINTS, 3)),
            "retrieval": train[shape].in_view(POINTS, view),
            "retrieval by code": train[coded].in_view(POINTS, seen),
        }

    return copies


def truths(test: datasets.ShapeSet, meshes: list[trimesh.Trimesh]) -> dict[str, np.ndarray]:
    places, n = solids.grid(32).reshape(-1, 3), 32
    full = [solids.occupied(mesh, places).reshape(n, n, n).astype(np.float32) for mesh in meshes]
    return {
        "true voxels": drawn([solids.surface(field, 0.5) for field in full]),
        "floor": test.in_view(2 * POINTS)[:, POINTS:],
    }


def true_meshes(name: str, test: datasets.ShapeSet, folder: Path | None) -> list[trimesh.Trimesh]:
    """In the frame of each shape's first picture."""
    files = datasets.mesh_files(folder) if name == "real" else None
    true = [datasets.load_mesh(files[i]) if files else TESTS[name].shape(i).mesh for i in test.number]
    return [evaluation.turned(*pair) for pair in zip(true, test.azimuth[:, 0], strict=True)]


def route(model: keras.Model, test: datasets.ShapeSet) -> dict[str, np.ndarray]:
    """Clouds (S, N, 3) by row."""
    kind = models.kind(model)
    if kind == "views":
        said = {"one picture": {"views": 1}, "four pictures": {"views": 4}, "four, unknown": {"known": False}}
        return {row: training.predict(model, test, **options) for row, options in said.items()}
    if kind == "points":
        return {"points": training.predict(model, test)}
    if kind == "voxels":
        return {"voxels": drawn([around(field) for field in training.predict(model, test)])}
    fields = [models.field(model, picture / np.float32(255)) for picture in test.pictures[:, 0]]
    return {"mesh": drawn([around(field) for field in fields])}


def scores(clouds: np.ndarray, truth: np.ndarray) -> dict[str, list[float]]:
    # a network's points may stand in an order that means something, so a part of them is drawn, not cut off
    some = np.random.default_rng(0).permutation(POINTS)[:EMD_POINTS]
    pairs = list(zip(clouds, truth, strict=True))
    return {
        "chamfer_l1": [round(metrics.chamfer_l1(*pair), 4) for pair in pairs],
        "f_score": [round(metrics.f_score(*pair), 3) for pair in pairs],
        "emd": [round(metrics.earth_movers_distance(y[some], x[some]), 4) for y, x in pairs[::EMD_EVERY]],
    }


def measure(task: dict, folder: Path | None) -> dict:
    way, rows = task["way"], {}
    copies = copier() if way == "copies" else None
    for name in task["tests"]:
        real = name == "real"
        test = datasets.mesh_folder(folder, views=4) if real else datasets.procedural(TESTS[name], progress=False)
        if way == "copies":
            clouds = copies(test)
        elif way == "truth":
            clouds = truths(test, true_meshes(name, test, folder))
        else:
            clouds = route(models.load(kind=way), test)
        rows[name] = {row: scores(cloud, test.in_view(POINTS)) for row, cloud in clouds.items()}
    return {"rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="tasks at once, one core each")
    options = parser.parse_args()
    for recipe in (datasets.Recipe(**models.recipe()), *TESTS.values()):
        datasets.procedural(recipe)
    digest = {kind: hashlib.sha256(models.SHIPPED[kind].read_bytes()).hexdigest()[:8] for kind in ROUTES}
    # what is copied is chosen by a network, too: that for points
    ways = {"copies": digest["points"], "truth": ""} | digest
    names = [*TESTS, *["real"] * bool(options.shapes)]
    tasks = [{"way": way, "weights": weights, "tests": names} for way, weights in ways.items()]
    run_all(measure, tasks, LOG, {"points": POINTS}, options.jobs, options.shapes)


if __name__ == "__main__":
    main()

"""How good the meshes are, beside other ways to a surface, and what each part of the network and its targets is worth.

    python benchmarks/meshes.py [--shapes FOLDER] [--jobs 1]

The shipped network's surfaces at 32, 64 and 128 are scored on every fourth held-out shape, and on real meshes
(without 128), beside marching cubes of the voxel network, a surface around the predicted points, the mesh of the most
similar training picture, and the true shape itself: through its voxels, as a solid at 128, and sampled a second time.
A Euler characteristic counts as right if it is that of the solid.

Then small networks are trained, 300 steps each: as it is; with places anywhere, or near the surface,
alone; without looking at the picture where a place would be seen; without waves. All know equally many places of a
shape. A network's level is chosen on validation shapes, as always. The scores are the mean IoU with the set's voxels
and Chamfer-L1 of the surface at 64. Rows go to `meshes.json` one by one; a run that was
stopped goes on. About 35 minutes on one core.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from recon3d_lite import datasets, evaluation, losses, metrics, models, shapes, solids, training  # silences TensorFlow

# isort: split
import keras
import numpy as np
import trimesh
from runs import SMALL, run_all
from scipy.ndimage import binary_fill_holes
from scipy.spatial import cKDTree

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400, voxels=32, places=4096)  # as the shipped network's
STEPS = 300
VARIANTS = ("as it is", "anywhere", "near", "not looking", "no waves")
RADII = (0.02, 0.03, 0.04, 0.05)


# --- what each part is worth --------------------------------------------------------------------------------------


def near_ones(recipe: datasets.Recipe) -> np.ndarray:
    """Which places of a set (S, Q) were drawn near the surface: its random numbers are drawn once more."""
    near = []
    for i in range(recipe.count):
        c, place = recipe.place(i)
        n, category = recipe.places, shapes.ALL.index(recipe.names[c])
        rng = np.random.default_rng([recipe.seed, category, place, n, 0])
        rng.random(n // 2), rng.random((n // 2, 2, 1))  # faces, and where on each
        rng.normal(0, 1, (n // 2, 3)), rng.uniform(-0.5, 0.5, (n // 2, 3))
        near.append(rng.permutation(np.stack([np.arange(n) < n // 2], -1))[:, 0])
    return np.array(near)


def chosen(data: datasets.ShapeSet, name: str) -> datasets.ShapeSet:
    """The set with half of its places: those near the surface, those anywhere, or half of each."""
    half = data.places.shape[1] // 2
    near = near_ones(RECIPE)
    surface = cKDTree(data.points[7])  # on one shape: are they?
    away = surface.query(np.asarray(data.places[7], float))[0]
    assert away[near[7]].max() < 0.3 < away[~near[7]].max()
    order = {"anywhere": np.argsort(near, axis=1, kind="stable"), "near": np.argsort(~near, axis=1, kind="stable")}
    which = order.get(name, np.tile(np.arange(2 * half), (len(data), 1)))[:, :half]
    inside = np.take_along_axis(np.unpackbits(data.inside, axis=-1), which, axis=1)
    places = np.take_along_axis(np.asarray(data.places), which[..., None], axis=1)
    return replace(data, places=places, inside=np.packbits(inside, axis=-1))


def network(name: str) -> keras.Model:
    """The small network, or the same without one of its parts."""
    sizes = {key: SMALL[key] for key in ("widths", "hidden", "local")}
    model = models.occupancy_network(**sizes, octaves=0 if name == "no waves" else 4)

    def call(layer: keras.Layer, *inputs: keras.KerasTensor | list, **options) -> keras.KerasTensor:
        # the places once more; the pyramid falls away, so nothing of it is computed in vain
        return inputs[0][0] if isinstance(layer, models.Look) else layer(*inputs, **options)

    return keras.models.clone_model(model, call_function=call) if name == "not looking" else model


def fields(model: keras.Model, data: datasets.ShapeSet, resolution: int) -> np.ndarray:
    return np.stack([models.field(model, picture / np.float32(255), resolution) for picture in data.pictures[:, 0]])


def train(task: dict) -> dict:
    data, name = datasets.procedural(RECIPE, progress=False), task["network"]
    keras.utils.set_random_seed(task["seed"])
    model = network(name)
    history = training.fit(model, chosen(data, name).split("train"), steps=STEPS, loss=losses.cross_entropy,
                           seed=task["seed"], every=STEPS // 5, progress=False)  # fmt: skip
    validation, test = data.split("validation")[::10], data.split("test")[::4]
    few = test[::2]
    level = evaluation.choose_level(fields(model, validation, 32), validation.occupancy())
    (bias,) = model.get_layer("logits").bias.numpy()
    model.get_layer("logits").bias.assign([bias - level])
    meshes = [closed(field) for field in fields(model, few, 64)]
    row = evaluation.evaluate_meshes({"it": meshes}, true_meshes(few), few)["overall"]["it"]
    return {
        "level": level,
        "iou": float(metrics.iou(fields(model, test, 32) > 0, test.occupancy()).mean()),
        **{key: row[key] for key in ("chamfer_l1", "f_score", "normals", "watertight")},
        "parameters": model.count_params(),
        "loss": [step["loss"] for step in history],
    }


# --- ways to a surface --------------------------------------------------------------------------------------------


def closed(field: np.ndarray) -> trimesh.Trimesh:
    """The surface at level 0; where nothing is above it, around what is most nearly so."""
    return solids.surface(field, min(0.0, float(np.quantile(field, 0.999))))


def around(points: np.ndarray, radius: float, resolution: int = 64) -> trimesh.Trimesh:
    """The surface of all places within ``radius`` of a point, and of what these shut in."""
    tree = cKDTree(points)
    field = solids.sampled(lambda places: radius - tree.query(places, workers=1)[0], resolution)
    return solids.surface(np.where(binary_fill_holes(field > 0), np.maximum(field, 1e-4), field), 0.0)


def solid(mesh: trimesh.Trimesh, resolution: int = 128) -> trimesh.Trimesh:
    """What `solids.occupied` means, as a surface; of 200,000 points, as 20,000 leave pinholes in a shell 0.02 thick."""
    tree = cKDTree(trimesh.sample.sample_surface(mesh, 200_000, seed=np.random.default_rng(0))[0])

    def ask(places: np.ndarray) -> np.ndarray:
        full = np.isfinite(tree.query(places, distance_upper_bound=0.01)[0])
        full[~full] = solids.contains(mesh, places[~full])
        return full

    return solids.surface(solids.sampled(ask, resolution, 0.5), 0.5)


def true_meshes(data: datasets.ShapeSet, folder: Path | None = None) -> list[trimesh.Trimesh]:
    """The meshes of a set, in the frame of the first picture of each."""
    files = datasets.mesh_files(folder) if folder else None
    meshes = [datasets.load_mesh(files[i]) if folder else RECIPE.shape(i).mesh for i in data.number]
    return [evaluation.turned(*pair) for pair in zip(meshes, data.azimuth[:, 0], strict=True)]


def choose_radius(clouds: np.ndarray, data: datasets.ShapeSet) -> tuple[float, dict[str, float]]:
    """The radius of `around` with the least Chamfer-L1."""
    answers = {str(radius): [around(cloud, radius) for cloud in clouds] for radius in RADII}
    overall = evaluation.evaluate_meshes(answers, true_meshes(data), data)["overall"]
    tried = {radius: overall[radius]["chamfer_l1"] for radius in answers}
    return float(min(tried, key=tried.get)), tried


def ways(test: datasets.ShapeSet, folder: Path | None, radius: float) -> Iterator[dict[str, trimesh.Trimesh]]:
    """For each shape the meshes by name, first the true one."""
    model = models.load(kind="mesh")
    clouds, grids = (training.predict(models.load(kind=kind), test) for kind in ("points", "voxels"))
    train = datasets.procedural(RECIPE, progress=False).split("train")
    shape, view = evaluation.retrieve(train, test)
    for i, true in enumerate(true_meshes(test, folder)):
        picture, found = test.pictures[i, 0] / np.float32(255), RECIPE.shape(train.number[shape[i]]).mesh
        meshes = {"truth": true}
        meshes |= {
            f"network {n}": closed(models.field(model, picture, n)) for n in ((32, 64) if folder else (32, 64, 128))
        }
        meshes |= {"voxels": closed(grids[i]), "points": around(clouds[i], radius)}
        meshes["retrieval"] = evaluation.turned(found, train.azimuth[shape[i], view[i]])
        full = test.occupancy()[i].astype(np.float32)
        meshes["true voxels"] = solids.surface(full, 0.5) if full.any() else trimesh.Trimesh()
        if not folder:
            meshes["true solid"] = solid(true)
        yield meshes


def score(task: dict, folder: Path | None) -> dict:
    folder = folder if task["scores on"] == "real meshes" else None
    data = datasets.procedural(RECIPE, progress=False)
    test = datasets.mesh_folder(folder, voxels=RECIPE.voxels) if folder else data.split("test")[::4]
    some = data.split("validation")[::10]
    radius, tried = choose_radius(training.predict(models.load(), some), some)
    each, right = [], []
    for i, meshes in enumerate(ways(test, folder, radius)):
        truth = meshes.pop("truth")
        meshes = {name: mesh for name, mesh in meshes.items() if len(mesh.faces)}
        answers = {name: [mesh] for name, mesh in meshes.items()}
        each.append(evaluation.evaluate_meshes(answers, [truth], test[[i]])["overall"])
        if not folder:
            right.append(
                {name: mesh.euler_number == meshes["true solid"].euler_number for name, mesh in meshes.items()}
            )
    names = [name for name in each[0] if name != "n"]
    keys = ("chamfer_l1", "f_score", "normals", "watertight")

    def mean(name: str, key: str, of: str | None = None) -> float:
        kind = [test.names[c] for c in test.category]
        return float(
            np.mean([row[name][key] for row, k in zip(each, kind, strict=True) if name in row and of in (None, k)])
        )

    return {
        "shapes": len(test),
        "radius": radius,
        "radii": tried,
        "overall": {name: {key: mean(name, key) for key in keys} for name in names},
        "kinds": {
            kind: {name: {key: mean(name, key, kind) for key in ("chamfer_l1", "normals")} for name in names}
            for kind in sorted({test.names[c] for c in test.category})
        },
        "euler right": {
            name: float(np.mean([row[name] for row in right if name in row]))
            for name in names
            if right and name != "floor"
        },
        "each": {name: [row[name]["chamfer_l1"] if name in row else None for row in each] for name in names},
        "number": test.number.tolist(),
    }


def run(task: dict, folder: Path | None) -> dict:
    return train(task) if "network" in task else score(task, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="tasks at once, one core each")
    options = parser.parse_args()
    datasets.procedural(RECIPE)
    tasks = [{"scores on": "held-out shapes"}] + [{"network": name, "seed": 0} for name in VARIANTS]
    tasks += [{"scores on": "real meshes"}] * bool(options.shapes)
    run_all(run, tasks, LOG, {"steps": STEPS, "loss": "cross entropy"}, options.jobs, options.shapes)


if __name__ == "__main__":
    main()

"""The book's main table: every way to answer, on shapes that are ever less like the training set.

    python benchmarks/generalisation.py [--few] [--shapes FOLDER] [--minutes 3] [--seeds 3] [--json OUT]

Four tests: other shapes of the styles that training saw; styles kept from it; a kind kept from it; and, with
``--shapes``, real meshes as FOLDER/category/name.ply (those of the stored figures are the README's 103). Rows: one
average cloud; the document's network after the document's training; a ResNet18 with a fully connected decoder and
the package's network, ``--seeds`` trainings of ``--minutes`` each, on one core; the shipped network; the shape of
the nearest training picture; the oracle over the whole training set; the floor. All learn from, or copy from, the
training set of the shipped weights. Training is resumed if it was stopped. About half an hour on two cores, 6 GB.
"""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from recon3d_lite import datasets, evaluation, models, shapes, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from platformdirs import user_cache_path

SHARED = "average", "document", "retrieval", "oracle", "floor", "shipped"  # one row each; the others have seeds


def resnet18_network(points: int = 1024, code: int = 256) -> keras.Model:
    """ResNet18 (He et al., CVPR 2016) and four fully connected layers: "PSGN" in the code of Occupancy Networks."""

    def conv(x, width, kernel, stride=1):
        x = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=0.9)(x)

    picture = layers.Input((64, 64, 4))
    x = layers.ReLU()(conv(layers.Rescaling(2.0, offset=-1.0)(picture), 64, 7, 2))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    for width, stride in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
        short = x if stride == 1 else conv(x, width, 1, stride)
        x = conv(layers.ReLU()(conv(x, width, 3, stride)), width, 3)
        x = layers.ReLU()(layers.Add()([x, short]))
    x = layers.Dense(code)(layers.GlobalAveragePooling2D()(x))
    for _ in range(3):
        x = layers.Dense(512, activation="relu")(x)
    x = layers.Dense(3 * points)(x)
    return keras.Model(picture, layers.Reshape((points, 3))(x), name="resnet18_network")


NETWORKS = {"point_network": models.point_network, "resnet18_network": resnet18_network}


def seconds_a_step(network: keras.Model, train: datasets.ShapeSet) -> float:
    """Measured on a copy, so that the training starts from untouched weights; the first steps trace and warm up."""
    copy = keras.models.clone_model(network)
    first, second = training.fit(copy, train, steps=60, every=30, progress=False)
    return 60 * (second["minutes"] - first["minutes"]) / 30


def train_one(name: str, seed: int, minutes: float, folder: Path) -> dict:
    """One training on one core: its weights go to ``folder``, its figures are returned."""
    kept = folder / f"{name}-{seed}.json"
    weights = folder / f"{name}-{seed}.weights.h5"
    if not kept.exists():
        tf.config.threading.set_intra_op_parallelism_threads(1)
        train = datasets.procedural(datasets.Recipe(**models.recipe()), progress=False).split("train")
        keras.utils.set_random_seed(seed)
        network = NETWORKS[name]()
        steps = max(10, round(60 * minutes / seconds_a_step(network, train)))
        start = time.monotonic()
        training.fit(network, train, steps=steps, seed=seed, progress=False)
        network.save_weights(weights)
        kept.write_text(json.dumps({"steps": steps, "minutes": (time.monotonic() - start) / 60}))
    return json.loads(kept.read_text())


def milliseconds(network: keras.Model) -> float:
    """Median time of one picture's answer on one core."""
    answer, picture = models.compiled(network), np.zeros((1, *network.input_shape[1:]), np.float32)
    times = []
    for _ in range(60):
        start = time.perf_counter()
        answer(picture).numpy()
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times[10:]))


def document_network(train: datasets.ShapeSet) -> tuple[keras.Model, float]:
    """The document's network after the document's training (ten epochs, Adam, squared error), and its minutes."""
    keras.utils.set_random_seed(0)
    network = models.document_network()
    network.compile(optimizer="adam", loss="mse")
    pictures = train.pictures[:, 0].astype(np.float32) / 255
    flat = train.in_view().transpose(0, 2, 1).reshape(len(train), -1)  # 3 x N, as the document writes a shape
    start = time.monotonic()
    network.fit(pictures, flat, epochs=10, batch_size=32, verbose=2)
    return network, (time.monotonic() - start) / 60


def average_cloud(train: datasets.ShapeSet, points: int = 1024) -> np.ndarray:
    """One cloud (N, 3) for all pictures: points drawn from all training shapes together, in the viewer's frame."""
    rng = np.random.default_rng(0)
    clouds = train.in_view(points)
    return clouds[rng.integers(len(clouds), size=points), rng.integers(points, size=points)]


def tests(data: datasets.ShapeSet, folder: Path | None, few: bool) -> dict[str, datasets.ShapeSet]:
    """The test sets by name, from the most to the least familiar."""
    partly = tuple(name for name in shapes.CATEGORIES if shapes.SEEN[name])
    every = 4 if few else 1
    wholly = tuple(name for name in shapes.CATEGORIES if not shapes.SEEN[name])
    unseen = {"assemblies": 0, "styles": "held_out", "views": 1, "seed": 1}
    found = {
        "seen_styles": data.split("test")[::every],
        "held_out_styles": datasets.procedural(datasets.Recipe(per_category=30, categories=partly, **unseen))[::every],
        "held_out_category": datasets.procedural(datasets.Recipe(per_category=200, categories=wholly, **unseen))[
            ::every
        ],
    }
    return found | ({"real": datasets.mesh_folder(folder)} if folder else {})


def by_method(row: dict) -> dict:
    """A row of `evaluate` with the seeds of one network brought together: mean over seeds, and their spread."""
    found = {"n": row["n"]} | {name: row[name] for name in SHARED if name in row}
    for name in NETWORKS:
        seeds = [scores for key, scores in row.items() if key.startswith(f"{name}-")]
        if not seeds:
            continue
        found[name] = {score: float(np.mean([s[score] for s in seeds])) for score in seeds[0]}
        found[name]["spread"] = {score: float(np.ptp([s[score] for s in seeds])) for score in seeds[0]}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--minutes", type=float, default=3, help="of each training, on one core")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--few", action="store_true", help="no training, and a quarter of the shapes: five minutes")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once, one core each")
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    if options.few:
        options.seeds = 0

    cache = Path(os.environ.get("RECON3D_CACHE") or user_cache_path("recon3d_lite"))
    recipe = datasets.Recipe(**models.recipe())
    data = datasets.procedural(recipe)
    train = data.split("train")
    folder = cache / f"generalisation-{recipe.key()}-{options.minutes:g}"
    folder.mkdir(exist_ok=True)

    runs = [(name, seed) for seed in range(options.seeds) for name in NETWORKS]
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        futures = {run: pool.submit(train_one, *run, options.minutes, folder) for run in runs}
        figures = {run: future.result() for run, future in futures.items()}

    tf.config.threading.set_intra_op_parallelism_threads(1)
    networks = {"shipped": models.load()}
    facts = {"shipped": {}}
    if not options.few:
        networks["document"], minutes = document_network(train)
        facts["document"] = {"minutes": minutes}
    for name, seed in runs:
        networks[f"{name}-{seed}"] = NETWORKS[name]()
        networks[f"{name}-{seed}"].load_weights(folder / f"{name}-{seed}.weights.h5")
        facts[name] = {key: [figures[name, s][key] for s in range(options.seeds)] for key in ("steps", "minutes")}
    for name, fact in facts.items():
        network = networks.get(name) or networks[f"{name}-0"]
        fact |= {"parameters": network.count_params(), "milliseconds": milliseconds(network)}

    result = {"date": str(date.today()), "few": options.few, "recipe": models.recipe(), "networks": facts, "tests": {}}
    for name, test in tests(data, options.shapes, options.few).items():
        clouds = {key: training.predict(network, test) for key, network in networks.items()}
        if "document" in clouds:
            clouds["document"] = clouds["document"].reshape(len(test), 3, -1).transpose(0, 2, 1)
        clouds["average"] = np.broadcast_to(average_cloud(train), (len(test), 1024, 3))
        scores = evaluation.evaluate(clouds, train, test, progress=True)
        print(name, evaluation.table(scores), sep="\n", flush=True)
        parts = {kind: by_method(row) for kind, row in scores["categories"].items()}
        result["tests"][name] = {"overall": by_method(scores["overall"]), "categories": parts}
    rounded = json.loads(json.dumps(result), parse_float=lambda number: round(float(number), 5))
    options.json.write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()

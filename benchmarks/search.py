"""What was tried on the way to the shipped network: short trainings that differ from the first in what they name.

    python benchmarks/search.py                                   # print the log
    python benchmarks/search.py --test-time                       # average several answers of the shipped network
    python benchmarks/search.py "decoder=fully_connected" "loss=squared,learning_rate=0.002"

Each variant is trained for 1,000 batches of 32 (or as many pictures in other batches) of 6,600 shapes with two views,
in a process of its own on one core, two at a time, and its row is added to `search.json`: Chamfer-L1 on the
validation pictures after each quarter, and at the end, on ``--shapes FOLDER`` of real meshes, Chamfer-L1 and the earth
mover's distance of 512 points. About six minutes each.

Short trainings mislead about what only pays in the long run; with one seed, differences below 0.0004 mean nothing.
"""

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock

from recon3d_lite import datasets, losses, metrics, models, shapes, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from recon3d_lite import pipeline
from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400, views=2)
DEFAULTS = {
    "decoder": "look",  # look: point_network; fully_connected: the code's last layer answers with all the points;
    # last_level: the same, with a code of the encoder's last level alone
    "widths": "32-64-96-128",
    "hidden": "384-256",
    "children": 4,
    "loss": "l1",  # l1, squared, l1+wasserstein (sliced), l1+repulsion
    "truth": 512,  # true points a step
    "views": 2,  # pictures of each shape
    "frame": "viewer",  # viewer, object, camera (gravity not kept up: tilted as the camera is; takes views=1)
    "augmented": True,
    "optimizer": "Adam",  # a name in keras.optimizers
    "learning_rate": 1e-3,
    "batch": 32,
    "pictures": 32_000,  # in all
    "average": 0.0,  # of weights: the momentum of an exponential mean
    "seed": 0,
}


def network(decoder: str, widths: str, hidden: str, children: int) -> keras.Model:
    """`models.point_network`, or the same encoder with nothing but a fully connected decoder."""
    shape = {"widths": tuple(map(int, widths.split("-"))), "hidden": tuple(map(int, hidden.split("-")))}
    model = models.point_network(**shape, children=children)
    if decoder == "look":
        return model
    if decoder == "fully_connected":
        code = model.get_layer(f"hidden{len(shape['hidden']) - 1}").output
    else:
        code = layers.Flatten()(model.get_layer(f"level{len(shape['widths']) - 1}_code").output)
        for units in shape["hidden"]:
            code = layers.Dense(units, activation="relu")(code)
    return keras.Model(model.input, layers.Reshape((1024, 3))(layers.Dense(3072)(code)), name=decoder)


def some(points: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """A random part of each cloud."""
    return tf.gather(points, tf.random.shuffle(tf.range(tf.shape(points)[1]))[:count], axis=1)


def with_wasserstein(y_true: tf.Tensor, y_pred: tf.Tensor, weight: float = 0.1) -> tf.Tensor:
    """And the mean distance of sorted projections on 32 random directions (Bonneel et al., JMIV 2015)."""
    v = tf.random.normal((3, 32))
    v /= tf.norm(v, axis=0)
    # it compares sets of equal size
    along = [tf.sort(tf.matmul(p, v), axis=1) for p in (y_true, some(y_pred, tf.shape(y_true)[1]))]
    return losses.chamfer_l1(y_true, y_pred) + weight * tf.reduce_mean(tf.abs(along[0] - along[1]), axis=(1, 2))


def with_repulsion(y_true: tf.Tensor, y_pred: tf.Tensor, weight: float = 0.1, radius: float = 0.04) -> tf.Tensor:
    """And a push between predicted points that are nearer than ``radius`` (after Yu et al., "PU-Net", CVPR 2018)."""
    points = some(y_pred, 256)
    squared = tf.reduce_sum(tf.square(points[:, :, None] - points[:, None]), -1) + 9.0 * tf.eye(256)
    nearest = tf.sqrt(tf.maximum(tf.reduce_min(squared, axis=-1), 1e-12))
    return losses.chamfer_l1(y_true, y_pred) + weight * tf.reduce_mean(tf.nn.relu(radius - nearest), axis=-1)


LOSSES = {
    "l1": losses.chamfer_l1, "squared": losses.chamfer_distance, "l1+wasserstein": with_wasserstein,
    "l1+repulsion": with_repulsion,
}  # fmt: skip


def in_frame(data: datasets.ShapeSet, frame: str, seeds: list[list[int]]) -> datasets.ShapeSet:
    """The set with its targets in another frame; ``seeds`` are those of each shape's first view."""
    if frame == "viewer":
        return data
    if frame == "object":
        return replace(data, azimuth=np.zeros_like(data.azimuth))
    e = np.array([datasets.random_view(np.random.default_rng(seed)).elevation for seed in seeds])[:, None]
    x, y, z = np.moveaxis(data.in_view(data.points.shape[1]), -1, 0)
    tilted = np.stack([np.cos(e) * x + np.sin(e) * z, y, np.cos(e) * z - np.sin(e) * x], -1).astype(np.float32)
    return replace(data, points=tilted, azimuth=np.zeros_like(data.azimuth[:, :1]), pictures=data.pictures[:, :1])


def training_sets(views: int, frame: str) -> dict[str, datasets.ShapeSet]:
    data = datasets.procedural(RECIPE, progress=False)
    data = replace(data, pictures=data.pictures[:, :views], azimuth=data.azimuth[:, :views])
    places = [RECIPE.place(i) for i in range(RECIPE.count)]
    seeds = [[RECIPE.seed, shapes.ALL.index(RECIPE.names[c]), place, 0] for c, place in places]
    data = in_frame(data, frame, seeds)
    return {name: data.split(name) for name in ("train", "validation")}


def train(changes: dict, folder: Path | None) -> dict:
    options = DEFAULTS | changes
    sets = training_sets(options["views"], options["frame"])
    keras.utils.set_random_seed(options["seed"])
    model = network(*(options[key] for key in ("decoder", "widths", "hidden", "children")))
    steps = options["pictures"] // options["batch"]
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=options["learning_rate"], warmup_steps=steps // 20
    )
    average = {"use_ema": True, "ema_momentum": options["average"]} if options["average"] else {}
    optimizer = getattr(keras.optimizers, options["optimizer"])(rate, **average)
    optimizer.build(model.trainable_variables)
    loss = LOSSES[options["loss"]]

    @tf.function(autograph=False)
    def update(pictures: tf.Tensor, points: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(points, model(pictures, training=True)))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)

    validation, spent, start = [], 0.0, time.monotonic()
    batches = pipeline.batches(
        sets["train"], options["batch"], steps=steps, points=options["truth"], seed=options["seed"],
        augmented=options["augmented"],
    )  # fmt: skip
    for step, (pictures, points) in enumerate(batches, start=1):
        update(pictures, points)
        if step % (steps // 4) == 0:
            spent += time.monotonic() - start
            if step == steps:
                optimizer.finalize_variable_values(model.trainable_variables)
            validation.append(round(training.validate(model, sets["validation"]), 4))
            start = time.monotonic()
    row = {
        "changes": changes, "steps": steps, "parameters": model.count_params(),
        "ms_a_step": round(1000 * spent / steps), "validation": validation,
    }  # fmt: skip
    if folder:
        real = datasets.mesh_folder(folder)
        real = in_frame(real, options["frame"], [[0, i, 0] for i in range(len(real))])
        row["real"] = round(training.validate(model, real), 4)
        clouds = zip(training.predict(model, real)[:, ::2], real.in_view(512), strict=True)
        row["real_emd"] = round(float(np.mean([metrics.earth_movers_distance(x, y) for x, y in clouds])), 4)
    return row


def shifted(pictures: np.ndarray, right: float, down: float, zoom: float) -> np.ndarray:
    """Pictures moved by shares of their width, and enlarged."""
    corner, side = np.array([down, right]) + (1 - 1 / zoom) / 2, 1 / zoom
    box = np.tile([*corner, *(corner + side)], (len(pictures), 1))
    premultiplied = np.concatenate([pictures[..., :3] * pictures[..., 3:], pictures[..., 3:]], -1)
    moved = tf.image.crop_and_resize(premultiplied, box, tf.range(len(pictures)), pictures.shape[1:3]).numpy()
    alpha = moved[..., 3:]
    rgb = np.divide(moved[..., :3], alpha, out=np.ones_like(moved[..., :3]), where=alpha > 0)
    return np.concatenate([rgb.clip(0, 1), alpha], -1)


def averaged_answers(folder: Path | None) -> dict:
    """Several answers of the shipped network to one picture, made into one: Chamfer-L1 of each way."""
    shipped = models.compiled(models.load())
    tests = {"validation": datasets.procedural(datasets.Recipe(**models.recipe())).split("validation")}
    tests |= {"real": datasets.mesh_folder(folder)} if folder else {}
    rows = {}
    for name, data in tests.items():
        pictures, truth = data.pictures[:, 0].astype(np.float32) / 255, data.in_view(1024)

        def answer(x: np.ndarray) -> np.ndarray:
            return np.concatenate([shipped(x[i : i + 64]).numpy() for i in range(0, len(x), 64)])

        moves = [(0.02, 0, 1), (-0.02, 0, 1), (0, 0.02, 1), (0, -0.02, 1), (0, 0, 1.03), (0, 0, 0.97)]
        plain, mirrored = answer(pictures), answer(pictures[:, :, ::-1]) * np.float32([1, -1, 1])
        ways = {
            "plain": plain,
            "mean over seven shifts and zooms": np.mean([plain, *(answer(shifted(pictures, *m)) for m in moves)], 0),
            "half the points from the mirrored picture": np.concatenate([plain[:, ::2], mirrored[:, ::2]], 1),
        }
        for way, clouds in ways.items():
            pairs = zip(clouds, truth, strict=True)
            rows.setdefault(way, {})[name] = round(float(np.mean([metrics.chamfer_l1(x, y) for x, y in pairs])), 4)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", help="name=value,name=value; names: " + ", ".join(DEFAULTS))
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument(
        "--test-time", action="store_true", help="average several answers of the shipped network instead"
    )
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # train in this process and print
    options = parser.parse_args()
    if options.one:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        changes = dict(pair.split("=") for pair in options.variants[0].split(",") if pair)
        unknown = set(changes) - set(DEFAULTS)
        if unknown:
            raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(DEFAULTS)}")
        kinds = {key: type(DEFAULTS[key]) for key in changes}
        changes = {k: v == "True" if kinds[k] is bool else kinds[k](v) for k, v in changes.items()}
        print(json.dumps(train(changes, options.shapes)))
        return

    if options.test_time:
        log = json.loads(LOG.read_text()) | {"test_time": averaged_answers(options.shapes)}
        with whole(LOG) as partial:
            partial.write_text(json.dumps(log, indent=1) + "\n")
        print(json.dumps(log["test_time"], indent=1))
        return

    datasets.procedural(RECIPE)
    folder = [f"--shapes={options.shapes}"] if options.shapes else []
    lock = Lock()

    def run(variant: str) -> None:
        command = [sys.executable, __file__, "--one", *folder, variant]
        row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        with lock, whole(LOG) as partial:
            log = json.loads(LOG.read_text())
            log["rows"].append(row)
            partial.write_text(json.dumps(log, indent=1) + "\n")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, options.variants))
    for row in json.loads(LOG.read_text())["rows"]:
        print(json.dumps(row))


if __name__ == "__main__":
    main()

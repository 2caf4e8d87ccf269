"""What was tried on the way to the shipped network: short trainings that differ from the first in what they name.

    python benchmarks/search.py                                   # print the log
    python benchmarks/search.py "decoder=fully_connected" "loss=squared,learning_rate=0.002"

Each variant is trained for 1,000 batches of 32 (or as many pictures in other batches) of 6,600 shapes with two views,
in a process of its own on one core, two at a time, and its row is added to `search.json`: Chamfer-L1 on the
validation pictures after each quarter, and on ``--shapes FOLDER`` of real meshes at the end. About six minutes each.

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

from recon3d_lite import datasets, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from recon3d_lite import pipeline

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400, views=2)
DEFAULTS = {
    "decoder": "look",  # look: point_network; fully_connected: the code's last layer answers with all the points
    "widths": "32-64-96-128",
    "hidden": "384-256",
    "children": 4,
    "loss": "l1",  # l1, squared, l1+wasserstein (a tenth of a sliced Wasserstein distance)
    "truth": 512,  # true points a step
    "frame": "viewer",  # viewer, object
    "augmented": True,
    "optimizer": "Adam",  # a name in keras.optimizers
    "learning_rate": 1e-3,
    "batch": 32,
    "average": 0.0,  # of weights: the momentum of an exponential mean
    "seed": 0,
}


def network(decoder: str, widths: str, hidden: str, children: int) -> keras.Model:
    """`models.point_network`, or the same encoder with nothing but a fully connected decoder."""
    shape = {"widths": tuple(map(int, widths.split("-"))), "hidden": tuple(map(int, hidden.split("-")))}
    model = models.point_network(**shape, children=children)
    if decoder == "look":
        return model
    code = model.get_layer(f"hidden{len(shape['hidden']) - 1}").output
    return keras.Model(model.input, layers.Reshape((1024, 3))(layers.Dense(3072)(code)), name="fully_connected")


def sliced_wasserstein(x: tf.Tensor, y: tf.Tensor, directions: int = 32) -> tf.Tensor:
    """Mean distance of sorted projections on random directions (Bonneel et al., JMIV 2015): (B, N, 3) -> (B,)."""
    v = tf.random.normal((3, directions))
    v /= tf.norm(v, axis=0)
    along = [tf.sort(tf.matmul(p, v), axis=1) for p in (x, y)]
    return tf.reduce_mean(tf.abs(along[0] - along[1]), axis=(1, 2))


def with_wasserstein(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Of the predicted points a random part takes part in the Wasserstein distance: it needs as many as are true."""
    some = tf.random.shuffle(tf.range(tf.shape(y_pred)[1]))[: tf.shape(y_true)[1]]
    return losses.chamfer_l1(y_true, y_pred) + 0.1 * sliced_wasserstein(y_true, tf.gather(y_pred, some, axis=1))


LOSSES = {"l1": losses.chamfer_l1, "squared": losses.chamfer_distance, "l1+wasserstein": with_wasserstein}


def in_frame(data: datasets.ShapeSet, frame: str) -> datasets.ShapeSet:
    """The set with its targets in the viewer's frame, or (all azimuths zero) in the object's."""
    return data if frame == "viewer" else replace(data, azimuth=np.zeros_like(data.azimuth))


def train(changes: dict, folder: Path | None) -> dict:
    options = DEFAULTS | changes
    data = datasets.procedural(RECIPE, progress=False)
    sets = {name: in_frame(data.split(name), options["frame"]) for name in ("train", "validation")}
    keras.utils.set_random_seed(options["seed"])
    model = network(*(options[key] for key in ("decoder", "widths", "hidden", "children")))
    steps = 32_000 // options["batch"]
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
        row["real"] = round(training.validate(model, in_frame(datasets.mesh_folder(folder), options["frame"])), 4)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", help="name=value,name=value; names: " + ", ".join(DEFAULTS))
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
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

    datasets.procedural(RECIPE)
    shapes = [f"--shapes={options.shapes}"] if options.shapes else []

    def run(variant: str) -> None:
        command = [sys.executable, __file__, "--one", *shapes, variant]
        row = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines()[-1])
        log = json.loads(LOG.read_text())
        log["rows"].append(row)
        LOG.write_text(json.dumps(log, indent=1) + "\n")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, options.variants))
    for row in json.loads(LOG.read_text())["rows"]:
        print(json.dumps(row))


if __name__ == "__main__":
    main()

"""Which optimiser, rate, schedule and batch: many trainings of a tiny network, and the curves of three diseases.

    python benchmarks/schedules.py

A network of 147,000 parameters learns 256 points from 972 procedural shapes, 300 batches of 32 unless a row says
otherwise, without augmentation, on one core. Rows go to `schedules.json` one by one; a run that was stopped goes on.
Scores are Chamfer-L1 on 54 shapes that training has not seen (``validation``; two views each) and on as many that it
has (``seen``), in box diagonals, at the end and along the way. About fifteen minutes on one core.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, losses, models, pipeline, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras.optimizers import schedules

from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=60, assemblies=240, views=2)
NETWORK = {"widths": (8, 16, 32), "hidden": (128, 128), "points": 256, "local": 32}
DEFAULTS = {
    "optimizer": "Adam",  # SGD, momentum (SGD with 0.9), Adam, AdamW (with Keras' decay of 0.004)
    "rate": 0.003,
    "schedule": "warm-up and cosine",  # constant, steps, cosine
    "average": 0.0,  # of weights: how much of the running mean is kept at each step
    "batch": 32,
    "pictures": 9600,  # in all
    "shapes": 972,
    "width": 1.0,  # of the network
    "seed": 0,
}
RATES = {
    "SGD": (0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    "momentum": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "Adam": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "AdamW": (3e-4, 1e-3, 3e-3, 1e-2),
}


def tasks() -> list[dict]:
    """What each row changes of `DEFAULTS`, by the question that it answers."""
    found = [{"question": "rate", "optimizer": name, "rate": rate, "seed": seed}
             for seed in (0, 1) for name, rates in RATES.items() for rate in rates]  # fmt: skip
    found += [{"question": "defaults", "optimizer": name, "rate": rate, "seed": seed}
              for seed in (0, 1) for name, rate in (("SGD", 0.01), ("momentum", 0.01))]  # fmt: skip
    ways = [("constant", 0.0), ("constant", 0.98), ("steps", 0.0), ("cosine", 0.0), ("warm-up and cosine", 0.0)]
    found += [{"question": "schedule", "schedule": way, "average": average, "rate": rate, "seed": seed}
              for seed in (0, 1, 2) for rate in (0.003, 0.01) for way, average in ways]  # fmt: skip
    found += [{"question": "batch", "batch": batch, "rate": round(0.003 * factor, 5), "seed": seed}
              for seed in (0, 1) for batch, factor in ((8, 1), (8, 0.5), (8, 0.25), (32, 1), (128, 1), (128, 2), (128, 4))]  # fmt: skip
    found += [{"question": "curve", "name": "underfits", "width": 0.25, "pictures": 9600},
              {"question": "curve", "name": "fits", "pictures": 48_000},
              {"question": "curve", "name": "memorises", "shapes": 54, "pictures": 48_000},
              {"question": "curve", "name": "rate too high", "rate": 0.05, "schedule": "constant"}]  # fmt: skip
    return found


def make_optimizer(options: dict, steps: int) -> keras.optimizers.Optimizer:
    rate, warm = options["rate"], max(1, steps // 20)
    if options["schedule"] == "cosine":
        rate = schedules.CosineDecay(rate, steps)
    elif options["schedule"] == "warm-up and cosine":
        rate = schedules.CosineDecay(0.0, steps - warm, warmup_target=rate, warmup_steps=warm)
    elif options["schedule"] == "steps":
        rate = schedules.PiecewiseConstantDecay([steps // 2, 3 * steps // 4], [rate, rate / 10, rate / 100])
    average = {"use_ema": True, "ema_momentum": options["average"]} if options["average"] else {}
    momentum = {"momentum": 0.9} if options["optimizer"] == "momentum" else {}
    name = "SGD" if options["optimizer"] == "momentum" else options["optimizer"]
    return getattr(keras.optimizers, name)(rate, **momentum, **average)


def train(task: dict, data: datasets.ShapeSet) -> dict:
    options = DEFAULTS | {k: v for k, v in task.items() if k in DEFAULTS}
    few = data.split("train")
    few = few[np.sort(np.random.default_rng(0).permutation(len(few))[: options["shapes"]])]
    validation, seen = data.split("validation"), few[:: len(few) // 54]
    keras.utils.set_random_seed(options["seed"])
    size = {k: tuple(int(options["width"] * w) for w in v) for k, v in NETWORK.items() if k in ("widths", "hidden")}
    network = models.point_network(**(NETWORK | size))
    steps = options["pictures"] // options["batch"]
    optimizer = make_optimizer(options, steps)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)
    def update(pictures: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(losses.chamfer_l1(points, network(pictures, training=True)))
        optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)
        return value

    curve, values, spent, start = [], [], 0.0, time.monotonic()
    rows = 20 if task["question"] == "curve" else 5
    marks = {round(steps * k / rows) for k in range(1, rows + 1)}
    batches = pipeline.batches(few, options["batch"], steps=steps, points=128, seed=options["seed"], augmented=False)
    for step, pair in enumerate(batches, start=1):
        values.append(update(*pair))
        if step in marks:
            value, values = float(np.mean(values)), []
            spent += time.monotonic() - start
            if step == steps:
                optimizer.finalize_variable_values(network.trainable_variables)
            scores = {
                name: training.validate(network, part) for name, part in (("validation", validation), ("seen", seen))
            }
            curve.append({"step": step, "loss": value} | scores)
            start = time.monotonic()
    last = {key: curve[-1][key] for key in ("validation", "seen")}
    return last | {"steps": steps, "seconds": spent, "parameters": network.count_params(), "curve": curve}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    data = datasets.procedural(RECIPE)
    rows = json.loads(LOG.read_text())["rows"] if LOG.exists() else []
    for task in tasks():
        if any(row["task"] == task for row in rows):
            continue
        row = {"task": task} | train(task, data)
        print(json.dumps(row | {"curve": "..."}), flush=True)
        rows.append(json.loads(json.dumps(row), parse_float=lambda x: float(f"{float(x):.4g}")))  # a NaN stays one
        rows = [row for task in tasks() for row in rows if row["task"] == task]
        head = json.dumps({"date": str(date.today()), "defaults": DEFAULTS, "loss": "Chamfer-L1"}, indent=1)[:-2]
        with whole(LOG) as partial:  # a line a row
            partial.write_text(f'{head},\n "rows": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]\n}\n")


if __name__ == "__main__":
    main()

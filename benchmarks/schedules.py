"""Which optimiser, rate, schedule and batch: many trainings of one small network, with their curves.

    python benchmarks/schedules.py

A `models.point_network` of 146,000 weights learns 256 points from pictures of 32 x 32 pixels, 972 procedural shapes,
300 batches of 32 unless a row says otherwise, without augmentation, on one core. Rows go to `schedules.json` one by
one; a run that was stopped goes on. Each row holds what it changes of `DEFAULTS`, and along the way Chamfer-L1 in box
diagonals: ``loss`` on the batches since the last mark, ``validation`` on 54 shapes that training has not seen,
``seen`` on 54 that it has; of a constant rate also ``averaged``, the validation error of the weights' running mean.
``seconds`` is processor time in training alone, thirteen minutes in all; with the rest the benchmark takes about
twenty-five minutes on one core, and up to 4 GB. Seed 0 has all rows, the last one fewer.
"""

import argparse
import json
import time
from dataclasses import replace
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
NETWORK = {"widths": (8, 16, 32), "hidden": (128, 128)}
DEFAULTS = {
    "optimizer": "Adam",  # SGD, momentum (SGD with 0.9), Adam, AdamW (with Keras' decay of 0.004)
    "rate": 0.003,
    "schedule": "warm-up and cosine",  # constant, steps, cosine
    "batch": 32,
    "pictures": 9600,  # in all
    "shapes": 972,
    "width": 1.0,  # of the network
    "seed": 0,
}
RATES = {  # with Keras' own rates
    "SGD": (0.01, 0.3, 1.0, 3.0, 10.0),
    "momentum": (0.01, 0.1, 0.3, 1.0, 3.0),
    "Adam": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
    "AdamW": (1e-3, 3e-3, 1e-2),
}
BATCHES = {8: 4000, 128: 12_000}  # how many pictures they look at in about the time of 9,600 in batches of 32
LONG = 24_000  # pictures of the runs that compare schedules
AVERAGE = 0.98  # how much of the weights' running mean is kept at each step


def tasks() -> list[dict]:
    """What each row changes of `DEFAULTS`, the first seeds first."""
    found = []
    for seed in (0, 1, 2):
        rows = [{"optimizer": name, "rate": rate} for name, rates in RATES.items() for rate in rates]
        rows += [{"rate": rate, "schedule": "cosine"} for rate in (0.003, 0.03)]  # without warm-up
        rows += [{"rate": rate, "schedule": way, "pictures": LONG} for rate in (0.003, 0.01)
                 for way in ("constant", "steps", "cosine", "warm-up and cosine")]  # fmt: skip
        if seed < 2:
            for batch, pictures in BATCHES.items():
                rates = [round(0.003 * (batch / 32) ** power, 5) for power in (0, 0.5, 1)]
                rows += [{"batch": batch, "rate": rate} for rate in rates]
                rows += [{"batch": batch, "rate": rates[1], "pictures": pictures}]
            rows += [{"shapes": 54, "pictures": LONG, "schedule": "constant"}]
        if seed == 0:
            rows += [{"shapes": 54, "pictures": LONG}, {"width": 0.25, "pictures": LONG}]
            rows += [{"rate": 0.1, "schedule": "constant"}]
        for row in rows:
            changes = {k: v for k, v in (row | {"seed": seed}).items() if v != DEFAULTS[k]}
            found += [changes] if changes not in found else []
    return found


def make_optimizer(options: dict, steps: int) -> keras.optimizers.Optimizer:
    rate, warm = options["rate"], max(1, steps // 20)
    if options["schedule"] == "cosine":
        rate = schedules.CosineDecay(rate, steps)
    elif options["schedule"] == "warm-up and cosine":
        rate = schedules.CosineDecay(0.0, steps - warm, warmup_target=rate, warmup_steps=warm)
    elif options["schedule"] == "steps":
        rate = schedules.PiecewiseConstantDecay([steps // 2, 3 * steps // 4], [rate, rate / 10, rate / 100])
    average = {"use_ema": True, "ema_momentum": AVERAGE} if options["schedule"] == "constant" else {}
    momentum = {"momentum": 0.9} if options["optimizer"] == "momentum" else {}
    name = "SGD" if options["optimizer"] == "momentum" else options["optimizer"]
    return getattr(keras.optimizers, name)(rate, **momentum, **average)


def small(data: datasets.ShapeSet) -> datasets.ShapeSet:
    """The set with pictures of half the size, each pixel the mean of four, and a quarter of the points."""
    S, V, H, W, C = data.pictures.shape
    halves = np.asarray(data.pictures, np.float32).reshape(S, V, H // 2, 2, W // 2, 2, C).mean(axis=(3, 5))
    return replace(data, pictures=halves.round().astype(np.uint8), points=np.ascontiguousarray(data.points[:, :512]))


def network(width: float = 1.0) -> keras.Model:
    size = {name: tuple(int(width * value) for value in values) for name, values in NETWORK.items()}
    return models.point_network(size=32, points=256, local=32, features=16, **size)


def train(changes: dict, data: datasets.ShapeSet) -> dict:
    options = DEFAULTS | changes
    few = data.split("train")
    few = few[np.sort(np.random.default_rng(0).permutation(len(few))[: options["shapes"]])]
    parts = {"validation": data.split("validation"), "seen": few[:: len(few) // 54]}
    keras.utils.set_random_seed(options["seed"])
    model, steps = network(options["width"]), options["pictures"] // options["batch"]
    optimizer = make_optimizer(options, steps)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def update(pictures: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(losses.chamfer_l1(points, model(pictures, training=True)))
        optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    curve, values, spent = [], [], 0.0
    marks = 30 if options["pictures"] == LONG else 6
    ends = {round(steps * k / marks) for k in range(1, marks + 1)}
    batches = pipeline.batches(few, options["batch"], steps=steps, points=128, seed=options["seed"], augmented=False)
    start = time.process_time()
    for step, pair in enumerate(batches, start=1):
        values.append(update(*pair))
        start = time.process_time() if step == 1 else start  # the first step builds the graph
        if step in ends:
            spent += time.process_time() - start
            row = {"step": step, "loss": float(np.mean(values))}
            row |= {name: training.validate(model, part) for name, part in parts.items()}
            if optimizer.use_ema:
                now = model.get_weights()
                optimizer.finalize_variable_values(model.trainable_variables)  # puts the mean in the weights' place
                row["averaged"] = training.validate(model, parts["validation"])
                model.set_weights(now)
            curve.append({key: value if key == "step" else float(f"{value:.4g}") for key, value in row.items()})
            values, start = [], time.process_time()
    return {"steps": steps, "seconds": round(spent, 2), "parameters": model.count_params(), "curve": curve}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    data = small(datasets.procedural(RECIPE, progress=False))
    rows = json.loads(LOG.read_text())["rows"] if LOG.exists() else []
    for changes in tasks():
        if any(row["changes"] == changes for row in rows):
            continue
        row = {"changes": changes} | train(changes, data)
        print(json.dumps(row | {"curve": row["curve"][-1]}), flush=True)
        rows.append(row)
        head = json.dumps({"date": str(date.today()), "defaults": DEFAULTS, "average": AVERAGE}, indent=1)[:-2]
        with whole(LOG) as partial:  # a line a row
            partial.write_text(f'{head},\n "rows": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]\n}\n")
        keras.backend.clear_session()
        models.compiled.cache_clear()


if __name__ == "__main__":
    main()

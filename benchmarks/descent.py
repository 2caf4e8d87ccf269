"""SGD, SGD with momentum and Adam on one small point network: equal steps, each with its own best learning rate.

    python benchmarks/descent.py            # about twenty minutes on one core; writes descent.json

The network answers pictures of 32 x 32 pixels with 128 points and is trained on 504 shapes for 600 batches of 32 with
Chamfer-L1. First each method is tried with several learning rates, with warm-up and cosine, on three seeds; its best
rate is the one with the smallest loss on the training pictures in the last 60 steps, so the held-out shapes choose
nothing. Then come two more seeds at that rate, five with the cosine but without warm-up ("cold"), and five without a
schedule: at the same rate, at a third of it, and at the rate that Keras takes if it is told nothing. A seed fixes the
first weights and the order of the pictures, and they are the same for all methods. Two answers that never look at the
picture stand beside them: points drawn from all training shapes, and the one cloud that descent fits to all of them.
"""

import json
import time
from itertools import product
from pathlib import Path

from recon3d_lite import datasets, losses  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=40, assemblies=0, views=1)
STEPS, BATCH, POINTS, EVERY = 600, 32, 128, 60
DEFAULT = {"SGD": 0.01, "momentum": 0.01, "Adam": 0.001}  # what Keras takes if it is told nothing
RATES = {
    "SGD": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0],
    "momentum": [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
    "Adam": [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03],
}


def optimizer(method: str, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> keras.Optimizer:
    if method == "Adam":
        return keras.optimizers.Adam(rate)
    return keras.optimizers.SGD(rate, momentum=0.9 if method == "momentum" else 0.0)


def rate_at(rate: float, schedule: str) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Cosine is as in `training.fit`: up during the first 5 % of the steps, then down to zero along a cosine."""
    if schedule == "constant":
        return rate
    if schedule == "cold":
        return keras.optimizers.schedules.CosineDecay(rate, STEPS)
    warm = STEPS // 20
    return keras.optimizers.schedules.CosineDecay(0.0, STEPS - warm, warmup_target=rate, warmup_steps=warm)


def network() -> keras.Model:
    x = picture = layers.Input((32, 32, 4))
    for width in (16, 32, 64):
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Dense(128, activation="relu")(layers.Flatten()(x))
    return keras.Model(picture, layers.Reshape((POINTS, 3))(layers.Dense(3 * POINTS)(x)))


def pictures_and_points(data: datasets.ShapeSet) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of half the size (S, 32, 32, 4), each pixel the mean of four, and true points (S, 128, 3)."""
    large = np.asarray(data.pictures[:, 0], np.float32) / 255
    return large.reshape(len(large), 32, 2, 32, 2, 4).mean(axis=(2, 4)), data.in_view(POINTS)


def train(method: str, rate: float, schedule: str, seed: int, sets: dict) -> dict:
    keras.utils.set_random_seed(seed)
    model = network()
    opt = optimizer(method, rate_at(rate, schedule))
    opt.build(model.trainable_variables)
    pictures, points = map(tf.constant, sets["train"])

    @tf.function(autograph=False)
    def update(chosen: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            answer = model(tf.gather(pictures, chosen), training=True)
            value = tf.reduce_mean(losses.chamfer_l1(tf.gather(points, chosen), answer))
        opt.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
        return value

    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(len(points)) for _ in range(STEPS * BATCH // len(points) + 1)])
    values, curves = [], {"train": [], "held_out": []}
    for i in range(STEPS):
        values.append(float(update(tf.constant(order[i * BATCH : (i + 1) * BATCH]))))
        if (i + 1) % EVERY == 0:
            answers = model(sets["held out"][0])
            curves["train"].append(np.mean(values[-EVERY:]))
            curves["held_out"].append(np.mean(losses.chamfer_l1(sets["held out"][1], answers)))
    row = {"method": method, "learning_rate": rate, "schedule": schedule, "seed": seed}
    return row | {k: [round(float(v), 5) if np.isfinite(v) else None for v in curve] for k, curve in curves.items()}


def fitted(clouds: np.ndarray, average: np.ndarray) -> np.ndarray:
    """The one cloud (128, 3) that is nearest to all training shapes: descent on its points, without any picture."""
    points, opt = tf.Variable(average), keras.optimizers.Adam(rate_at(0.003, "cosine"))
    opt.build([points])

    @tf.function(autograph=False)
    def update(truth: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(losses.chamfer_l1(truth, tf.repeat(points[None], BATCH, 0)))
        opt.apply(tape.gradient(value, [points]), [points])

    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        update(tf.constant(clouds[rng.choice(len(clouds), BATCH, replace=False)]))
    return points.numpy()


def best(rows: list[dict], method: str) -> float:
    """The learning rate with the smallest mean loss on the training pictures; a run that diverged rules a rate out."""
    ends = {rate: [r["train"][-1] for r in rows if (r["method"], r["learning_rate"]) == (method, rate)]
            for rate in RATES[method]}  # fmt: skip
    return min(ends, key=lambda rate: np.inf if None in ends[rate] else np.mean(ends[rate]))


def main() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)  # the network is small: a second core hardly helps
    data = datasets.procedural(RECIPE, progress=False)
    parts = {name: pictures_and_points(data.split(name)) for name in datasets.SPLITS}
    held_out = tuple(np.concatenate(pair) for pair in zip(parts["validation"], parts["test"], strict=True))
    sets = {"train": parts["train"], "held out": held_out}
    start, rows = time.monotonic(), []

    def run(*what: str | float) -> None:
        rows.append(train(*what, sets))
        print(*what, rows[-1]["train"][-1], rows[-1]["held_out"][-1], flush=True)

    for method, seed in product(RATES, range(3)):
        for rate in RATES[method]:
            run(method, rate, "cosine", seed)
    chosen = {method: best(rows, method) for method in RATES}
    for method, rate in chosen.items():
        for seed in (3, 4):
            run(method, rate, "cosine", seed)
        for seed in range(5):
            run(method, rate, "cold", seed)
        constant = sorted({rate, float(f"{rate / 3:.1g}"), DEFAULT[method]})
        for other, seed in product(constant, range(5)):
            run(method, other, "constant", seed)

    clouds, truth = sets["train"][1], sets["held out"][1]
    rng = np.random.default_rng(0)
    average = clouds[rng.integers(len(clouds), size=POINTS), rng.integers(POINTS, size=POINTS)]
    same = {name: np.repeat(cloud[None], len(truth), 0) for name, cloud in
            {"average": average, "fitted": fitted(clouds, average)}.items()}  # fmt: skip
    again = np.concatenate([data.split(name).in_view(2 * POINTS)[:, POINTS:] for name in ("validation", "test")])
    log = {
        "about": "Chamfer-L1 (box diagonal = 1) every 60 steps; train: mean of the 60 batches; held_out: at their end",
        "steps": STEPS, "batch": BATCH, "points": POINTS, "every": EVERY, "shapes": [len(clouds), len(truth)],
        "parameters": network().count_params(), "minutes": round((time.monotonic() - start) / 60, 1),
        **{name: round(float(np.mean(losses.chamfer_l1(truth, answers))), 5) for name, answers in same.items()},
        "floor": round(float(np.mean(losses.chamfer_l1(truth, again))), 5),
        "best": chosen, "default": DEFAULT, "rows": rows,
    }  # fmt: skip
    with whole(LOG) as partial:
        partial.write_text(json.dumps(log) + "\n")


if __name__ == "__main__":
    main()

"""A picture, a lidar and a thermal camera, alone and fused: which fusion, what when one is missing, what when one lies?

    python benchmarks/sensors.py                               # about twenty minutes on one core

Each row is a training of a `sensors.network`, one seed: a sensor alone, or all fused early, late or by attention;
`training` says whether sensors were dropped in it (each with the chance 0.3), or dropped and, in three pictures of ten,
one of them swapped for another object's. ``nothing`` learns one cloud for every shape. All train for as many steps, on
measurements drawn anew at each step, and three of them once more for four times as many. 300 other shapes test. Scores
are Chamfer-L1 in box diagonals, of 512 points against 1,024 of the truth; ``weights`` are the shares of the sensors in
attention. `baselines`: retrieval is the training shape whose readings, averaged to 16 x 16 cells, are nearest; floor is
the truth sampled a second time.
"""

import os
import platform
import time
from pathlib import Path

from recon3d_lite import losses, sensors  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from runs import run_all

from recon3d_lite.datasets import Recipe

LOG = Path(__file__).with_suffix(".json")
STEPS, RATE, CHANCE = 700, 2e-3, 0.3
TRAIN = Recipe(per_category=110, assemblies=960, views=1)
TEST = Recipe(per_category=15, assemblies=90, views=1, seed=1)
DROPPED = {"all present": 0.0, "dropped": CHANCE, "dropped and swapped": CHANCE}
SHOWN = {"all": 0, "no picture": 0, "no lidar": 0, "no thermal": 0}  # conditions whose answer for one shape is kept
EXAMPLE = 9 * 15 + 3  # of the test shapes


def conditions(scene: sensors.Scene) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Readings and present of the test shapes, by condition; the same for all networks."""

    def rng():
        return np.random.default_rng(5)

    readings = sensors.sense(scene, rng())
    present = np.ones((len(readings), 3), np.float32)
    found = {"all": (readings, present)}
    for i, sensor in enumerate(sensors.SENSORS):
        without, only = present.copy(), 0 * present
        without[:, i], only[:, i] = 0, 1
        found[f"no {sensor}"] = sensors.drop(readings, without), without
        found[f"only {sensor}"] = sensors.drop(readings, only), only
        found[f"wrong {sensor}"] = sensors.swap(readings, sensor, by=len(readings) // 3), present
    for name, light in sensors.LIGHTS.items():
        found[name] = sensors.sense(scene, rng(), light=light), present
    found["warm"] = sensors.sense(scene, rng(), warmth=0.4), present
    found["cold"] = sensors.sense(scene, rng(), warmth=0.0), present
    return found


def distance(truth: np.ndarray, answers: np.ndarray) -> float:
    parts = [losses.chamfer_l1(truth[i : i + 25], answers[i : i + 25]) for i in range(0, len(truth), 25)]
    return float(np.mean(np.concatenate(parts)))


def constant() -> keras.Model:
    """One cloud for every shape: its points are the weights."""
    readings, present = keras.Input((64, 64, 4)), keras.Input((3,))
    one = keras.layers.Lambda(lambda flags: tf.ones_like(flags[:, :1]), (1,))(present)
    start = keras.initializers.RandomUniform(-0.3, 0.3)
    cloud = keras.layers.Dense(3 * 512, use_bias=False, kernel_initializer=start)(one)
    return keras.Model([readings, present], keras.layers.Reshape((512, 3))(cloud))


def train(task: dict, train_set: tuple, test_set: tuple) -> dict:
    start = time.process_time()
    keras.utils.set_random_seed(task["seed"])
    how, training = task["how"], task["training"]
    model = constant() if how == "nothing" else sensors.network(how)
    rate = keras.optimizers.schedules.CosineDecay(0.0, task["steps"] * 19 // 20, warmup_target=RATE,
                                                  warmup_steps=task["steps"] // 20)  # fmt: skip
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def update(readings: tf.Tensor, present: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.chamfer_l1(points, model([readings, present], training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    answer = tf.function(lambda readings, present: model([readings, present]), autograph=False)
    curve = []
    swapped = CHANCE if "swapped" in training else 0.0
    for (readings, present), points in sensors.batches(
        *train_set, task["steps"], dropped=DROPPED[training], swapped=swapped, seed=task["seed"]
    ):
        curve.append(float(update(readings, present, points)))
    scene, truth = test_set
    row = {"parameters": model.count_params(), "scores": {}, "weights": {}, "shown": {}}
    for name, (readings, present) in conditions(scene).items():
        both = [tf.constant(x, tf.float32) for x in (readings, present)]
        answers = np.concatenate([answer(*(x[i : i + 50] for x in both)) for i in range(0, len(truth), 50)])
        row["scores"][name] = distance(truth[:, :1024], answers)
        if how == "attention":
            row["weights"][name] = sensors.attended(model, *(x.numpy() for x in both)).mean(0).tolist()
        if name in SHOWN and how == "late":  # thousandths of the diagonal
            row["shown"][name] = np.round(1000 * answers[EXAMPLE % len(answers)]).astype(int).ravel().tolist()
    row["curve"] = [float(np.mean(part)) for part in np.array_split(curve, 20)]
    return row | {"seconds": round(time.process_time() - start, 1)}


def cells(readings: np.ndarray) -> np.ndarray:
    """Readings averaged to 16 x 16 cells, each channel's spread being 1: (S, 1024)."""
    small = readings.reshape(len(readings), 16, readings.shape[1] // 16, 16, -1, 4).mean((2, 4))
    return (small / small.std((0, 1, 2))).reshape(len(readings), -1)


def baselines(train_set: tuple, test_set: tuple) -> dict:
    (scene, points), (_, truth) = train_set, test_set
    library = cells(sensors.sense(scene, np.random.default_rng(6)))
    scores = {}
    for name, (readings, _) in conditions(test_set[0]).items():
        if name in ("all", *sensors.LIGHTS):
            asked = cells(readings)
            squared = (library**2).sum(1) - 2 * asked @ library.T
            scores[name] = round(distance(truth[:, :1024], points[squared.argmin(1), :512]), 5)
    return {"retrieval": scores, "floor": round(distance(truth[:, :1024], truth[:, 1024:1536]), 5)}


def main(steps: int = STEPS, shapes: tuple[Recipe, Recipe] = (TRAIN, TEST), log: Path = LOG) -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    train_set, test_set = (sensors.scenes(recipe, range(recipe.count)) for recipe in shapes)
    tasks = [{"how": how, "training": "all present"} for how in (*sensors.SENSORS, "nothing")]
    tasks += [{"how": how, "training": training} for training in DROPPED for how in sensors.FUSIONS]
    tasks = [task | {"seed": 0, "steps": steps} for task in tasks]
    longer = [("lidar", "all present"), ("late", "all present"), ("late", "dropped")]  # is it the short training?
    tasks += [{"how": how, "training": training, "seed": 0, "steps": 4 * steps} for how, training in longer]
    about = {
        "machine": f"one of {os.cpu_count()} cores, {platform.machine()}", "train": len(train_set[1]),
        "test": len(test_set[1]), "chance": CHANCE, "rate": RATE, "example": EXAMPLE,
        "baselines": baselines(train_set, test_set),
    }  # fmt: skip
    run_all(train, tasks, log, about, 1, train_set, test_set)


if __name__ == "__main__":
    main()

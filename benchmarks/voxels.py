"""What a voxel network's loss, level, eyes and borrowed encoder are worth, and what finer voxels cost.

    python benchmarks/voxels.py [--jobs 1]

Sixteen trainings at 16 x 16 x 16 voxels, 800 batches of 16 each, and four resolutions at which nothing but a step's
time and memory is measured, each in a process and on a core of its own. Rows go to `voxels.json` one by one; a run
that was stopped goes on. Scores are mean IoU on test shapes: with a probability above 0.5 counted as occupied
(``natural``), with the level chosen on validation shapes (``chosen``), and, to know how much it flatters, with the
level chosen on the test shapes themselves (``flattered``). Half an hour on one core.
"""

import argparse
import resource
import sys
import time
from functools import partial
from pathlib import Path

from recon3d_lite import datasets, evaluation, losses, metrics, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from runs import run_all

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=150, assemblies=1200, voxels=16)
STEPS, BATCH = 800, 16
SMALL = {"widths": (16, 32, 64, 96), "hidden": (256, 256), "features": 16, "volume": 32}
NETWORKS = {"small": SMALL, "blind": SMALL | {"features": 0}, "whole": {}, "borrowed": {}}
WEIGHTS = (3, 10)  # of an occupied voxel
SIDES = (16, 32, 64, 128)


def tasks() -> list[dict]:
    """The rows: by loss with the small network, then other networks with cross entropy; then the resolutions."""
    losses_tried = [
        {"loss": "cross entropy"},
        *({"loss": "cross entropy", "weight": w} for w in WEIGHTS),
        {"loss": "dice"},
    ]
    variants = [{"network": "small"} | kind for kind in losses_tried]
    variants += [{"network": name, "loss": "cross entropy"} for name in ("blind", "whole", "borrowed")]
    found = [variant | {"seed": seed} for seed in (0, 1) for variant in variants]
    found += [variants[k] | {"seed": 2} for k in (0, 3)]
    return [{"voxels": n} for n in SIDES] + found


def loss_of(task: dict):
    if task["loss"] == "dice":
        return losses.dice
    loss = partial(losses.cross_entropy, weight=task.get("weight", 1.0))
    loss.__name__ = losses.cross_entropy.__name__  # `training.fit` asks for it
    return loss


def train(task: dict) -> dict:
    if "voxels" in task:
        return cost(task["voxels"])
    data = datasets.procedural(RECIPE, progress=False)
    keras.utils.set_random_seed(task["seed"])
    network = models.voxel_network(voxels=16, **NETWORKS[task["network"]])
    if task["network"] == "borrowed":
        models.borrow(network, models.load())  # the shipped point network, which has seen none of the test shapes
    start = time.process_time()
    history = training.fit(network, data.split("train"), steps=STEPS, batch_size=BATCH, loss=loss_of(task),
                           seed=task["seed"], every=STEPS // 4, progress=False)  # fmt: skip
    seconds = time.process_time() - start
    parts = {name: data.split(name) for name in ("validation", "test")}
    answers = {name: training.predict(network, part) for name, part in parts.items()}
    truth = {name: part.occupancy() for name, part in parts.items()}
    level = {name: evaluation.choose_level(answers[name], truth[name]) for name in parts}
    found = answers["test"]
    score = metrics.iou(found > level["validation"], truth["test"])
    kinds = {name: float(score[parts["test"].category == i].mean()) for i, name in enumerate(data.names)}
    return {
        "natural": float(metrics.iou(found > 0, truth["test"]).mean()), "chosen": float(score.mean()),
        "flattered": float(metrics.iou(found > level["test"], truth["test"]).mean()), "level": level["validation"],
        "volume": float((found > 0).sum() / truth["test"].sum()), "parameters": network.count_params(),
        "seconds": seconds, "loss": [row["loss"] for row in history], "kinds": kinds,
    }  # fmt: skip


def cost(n: int, steps: int = 5) -> dict:
    """Processor time of a step of 16 pictures and of one answer, and the peak of memory before and after."""
    rng, peak = np.random.default_rng(0), 1000 if sys.platform != "darwin" else 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / peak
    network = models.voxel_network(voxels=n)
    optimizer = keras.optimizers.Adam()
    optimizer.build(network.trainable_variables)
    pictures = tf.constant(rng.random((BATCH, 64, 64, 4)), tf.float32)
    truth = tf.constant(rng.random((BATCH, n, n, n)) < 0.05, tf.float32)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(losses.cross_entropy(truth, network(pictures, training=True)))
        optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)
        return value

    def seconds(function, *arguments) -> float:
        start = time.process_time()
        np.asarray(function(*arguments))
        return time.process_time() - start

    answer = models.compiled(network)
    times = [[seconds(step), seconds(answer, pictures[:1])] for _ in range(2 + steps)][2:]
    a_step, an_answer = np.median(times, axis=0)
    return {
        "step_ms": 1000 * a_step, "answer_ms": 1000 * an_answer, "before_mb": before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / peak, "parameters": network.count_params(),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    options = parser.parse_args()
    # before the set is read: a process counts what the one that started it had in memory then as its own peak
    run_all(train, [{"voxels": n} for n in SIDES], LOG, {}, 1)
    data = datasets.procedural(RECIPE, jobs=options.jobs, progress=False)
    rows = evaluation.evaluate_voxels({}, data.split("train"), data.split("test"))
    copied = {name: scores["iou"] for name, scores in rows["overall"].items() if name != "n"}
    kinds = {
        kind: {name: s["iou"] for name, s in row.items() if name != "n"} for kind, row in rows["categories"].items()
    }
    truth = data.split("test").occupancy()
    about = {
        "steps": STEPS, "batch": BATCH, "shapes": len(data.split("train")), "tested": len(truth),
        "occupied": round(float(truth.mean()), 5), "copied": _rounded(copied),
        "copied_kinds": {kind: _rounded(row) for kind, row in kinds.items()},
    }  # fmt: skip
    run_all(train, tasks(), LOG, about, options.jobs)


def _rounded(scores: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in scores.items()}


if __name__ == "__main__":
    main()

"""What the benchmarks of many short trainings share: each in a process and on a core of its own, its row kept."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from recon3d_lite import models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf

from recon3d_lite.datasets import Recipe, procedural
from recon3d_lite.files import whole

# two fifths of the shipped network's weights: 50 ms a step of 32 pictures on one core, so many trainings can be made
SMALL = {"widths": (16, 32, 64, 96), "hidden": (256, 256), "points": 512, "local": 64}


def one_core() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)


def run_all(train: Callable[..., dict], tasks: list[dict], log: Path, about: dict, jobs: int, *arguments) -> None:
    """Calls ``train(task, *arguments)`` for every task that has no row in the log yet; a row is task and answer.

    The log is written after every row, in the tasks' order, so that a benchmark that was stopped goes on where it was.
    """
    rows = json.loads(log.read_text())["rows"] if log.exists() else []
    missing = [task for task in tasks if not any(row["task"] == task for row in rows)]
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=one_core, max_tasks_per_child=1) as pool:
        futures = {pool.submit(train, task, *arguments): task for task in missing}
        for future in as_completed(futures):
            row = {"task": futures[future]} | future.result()
            print(json.dumps(row | {"curves": "..."}), flush=True)
            rows.append(json.loads(json.dumps(row), parse_float=lambda number: round(float(number), 5)))
            rows = [row for task in tasks for row in rows if row["task"] == task]
            head = json.dumps({"date": str(date.today())} | about, indent=1)[:-2]
            with whole(log) as partial:  # a line a row
                partial.write_text(f'{head},\n "rows": [\n  ' + ",\n  ".join(map(json.dumps, rows)) + "\n ]\n}\n")


def small_network(**changes):
    """`models.point_network` at the size of these benchmarks."""
    return models.point_network(**(SMALL | changes))


def calibrate(network: Callable[[str], keras.Model], names: Sequence[str], recipe: Recipe) -> dict[str, float]:
    """Seconds of processor time a step of each network takes on one core, measured in a process of its own.

    The median of three rounds in which each has its turn.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=one_core) as pool:
        return {
            name: round(value, 5) for name, value in pool.submit(_calibrate, network, names, recipe).result().items()
        }


def _calibrate(network: Callable[[str], keras.Model], names: Sequence[str], recipe: Recipe) -> dict[str, float]:
    train = procedural(recipe, progress=False).split("train")
    found = {name: [] for name in names}
    for _ in range(3):
        for name, times in found.items():
            spent = []
            for steps in (20, 80):  # both trace and warm up
                start = time.process_time()
                training.fit(network(name), train, steps=steps, every=steps, progress=False)
                spent.append(time.process_time() - start)
            times.append((spent[1] - spent[0]) / 60)
    return {name: float(np.median(times)) for name, times in found.items()}

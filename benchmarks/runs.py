"""What the benchmarks of many short trainings share: each in a process and on a core of its own, its row kept."""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from multiprocessing import get_context
from pathlib import Path

from recon3d_lite import models  # first: silences TensorFlow

# isort: split
import tensorflow as tf

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

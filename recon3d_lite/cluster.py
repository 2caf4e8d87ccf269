"""Which machines train together: the strategies of `training.fit`, and what each process knows of the others.

``single`` is one process with one replica of the network, ``mirrored`` one process with a replica on each of its GPUs,
``multi-worker`` one process on each of several machines. These find each other by the environment variable TF_CONFIG,
which is the same for all but for the index at its end.
"""

from __future__ import annotations

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
import json
import os
import re
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

__all__ = ["from_chief", "place", "strategy", "task"]

STRATEGIES = ("single", "mirrored", "multi-worker")
EXAMPLE = '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}'
LOST = "another worker is gone; start the same on all of them again to go on"


def task(environment: Mapping[str, str] = os.environ) -> tuple[int, list[str]]:
    """The number of this process and the addresses of all, from TF_CONFIG; number 0 is the chief, who writes the files.

    Raises ValueError that says what TF_CONFIG must hold.

    >>> task({"TF_CONFIG": EXAMPLE})
    (0, ['10.0.0.1:2222', '10.0.0.2:2222'])
    """
    text = environment.get("TF_CONFIG", "")
    hint = f"it must list every worker's host:port, and say which one this process is, such as {EXAMPLE}"
    if not text.strip():
        raise ValueError(f"TF_CONFIG: not set; {hint}")
    try:
        config = json.loads(text)
        jobs, own = config["cluster"], config["task"]
        addresses, kind, index = jobs["worker"], own["type"], own["index"]
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"TF_CONFIG: not understood ({type(error).__name__}: {error}); {hint}") from error
    if set(jobs) != {"worker"} or kind != "worker":
        raise ValueError(f"TF_CONFIG: only workers are known here, not {sorted({*jobs, kind} - {'worker'})}; {hint}")
    if not isinstance(addresses, list) or not all(re.fullmatch(r".+:\d+", str(a)) for a in addresses):
        raise ValueError(f"TF_CONFIG: 'worker' is {addresses}, no list of host:port; {hint}")
    if len(set(addresses)) < len(addresses):
        raise ValueError(f"TF_CONFIG: an address stands twice in {addresses}; {hint}")
    if type(index) is not int or not 0 <= index < len(addresses):
        raise ValueError(f"TF_CONFIG: index {index!r} is none of 0 to {len(addresses) - 1}; {hint}")
    return index, addresses


def strategy(name: str = "single") -> tf.distribute.Strategy:
    """The strategy to make a network in (``with strategy.scope():``) and to hand to `training.fit`.

    ``multi-worker`` has to be asked for before anything else is computed. It returns when all workers are there;
    if one is still missing after an hour, it raises ConnectionError.

    >>> strategy("single").num_replicas_in_sync
    1
    """
    if name == "single":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name != "multi-worker":
        raise ValueError(f"strategy: {name!r}; known are {', '.join(STRATEGIES)}")
    task()  # whose errors say more
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise ValueError(f"strategy: {name} must be the first thing that a process asks TensorFlow for") from error
    except tf.errors.OpError as error:
        raise ConnectionError(f"the workers did not find each other: {error.message.splitlines()[0]}") from error


def place(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """The number of this process and how many there are.

    >>> place(tf.distribute.get_strategy())
    (0, 1)
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return 0, 1
    resolver = strategy.cluster_resolver
    return resolver.task_id, resolver.cluster_spec().num_tasks("worker")


def from_chief(strategy: tf.distribute.Strategy, value: np.ndarray) -> np.ndarray:
    """The chief's ``value`` on every worker. All must call this; each waits for the chief.

    Raises ConnectionError if the chief is lost.

    >>> int(from_chief(tf.distribute.get_strategy(), np.int64(7)))
    7
    """
    if place(strategy)[1] == 1:
        return value
    try:
        with strategy.scope():  # where a variable starts everywhere from what the chief says
            return tf.Variable(value).numpy()
    except tf.errors.OpError as error:
        raise ConnectionError(LOST) from error

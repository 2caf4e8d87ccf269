"""The training loop: seeded, with checkpoints, resumed after a kill; the same loop on one machine and on many."""

from __future__ import annotations

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import cluster, losses, models
from .datasets import ShapeSet
from .pipeline import batches, turns

__all__ = ["fit", "predict", "validate"]

# what a network that answers with .. learns from
TRUTH = {"points": "points", "views": "points", "voxels": "voxels", "mesh": "places"}
PLACES = 512  # of each shape, a step
VIEWS = (1, 2, 3, 4)  # of each shape: so many pictures, drawn anew each step


def fit(
    model: keras.Model,
    data: ShapeSet,
    *,
    steps: int,
    validation: ShapeSet | None = None,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = losses.chamfer_l1,
    seed: int = 0,
    augmented: bool = True,
    checkpoint: str | Path | None = None,
    every: int = 200,
    progress: bool = True,
    strategy: tf.distribute.Strategy | None = None,
) -> list[dict[str, float]]:
    """Trains ``model`` for ``steps`` batches with Adam; returns the history, one row each ``every`` steps.

    The learning rate climbs to ``learning_rate`` in the first 5 % of the steps and falls to zero along a cosine.
    A row is ``{"step", "loss", "minutes"}``, the loss averaged since the last row, and ``"validation"``, the loss on
    ``validation`` without augmentation, if that is given.

    With ``checkpoint``, weights and optimizer are written to that file at each row and when Ctrl-C stops the run. If
    the file exists, training goes on where it stopped, and ends with the same weights as if it had never been
    interrupted. Raises ValueError if the file belongs to another run.

    With a ``strategy`` (`cluster.strategy`), in whose scope ``model`` must have been made, its replicas compute equal
    shares of each batch and add up their gradients: it is the same training, but for rounding. Of many workers, each
    calling this with the same arguments, the chief alone validates, prints and reads and writes ``checkpoint``; the
    others take from it where to begin, and their histories begin there. Raises ConnectionError if a worker is lost:
    all must then be started anew.
    """
    strategy = strategy or tf.distribute.get_strategy()
    worker, workers = cluster.place(strategy)
    replicas = strategy.num_replicas_in_sync
    local = replicas // workers
    if batch_size % replicas:
        raise ValueError(f"batch_size: {batch_size} pictures can't be shared equally among {replicas} replicas")
    if not all(strategy.extended.variable_created_in_scope(v.value) for v in model.variables):
        raise ValueError("model: it must be made inside `with strategy.scope():`")
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - steps // 20), warmup_target=learning_rate, warmup_steps=max(1, steps // 20)
    )
    with strategy.scope():
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(model.trainable_variables)
    run = {
        "model": model.name, "parameters": model.count_params(), "shapes": len(data), "steps": steps,
        "batch_size": batch_size, "learning_rate": learning_rate, "loss": loss.__name__, "seed": seed,
        "augmented": augmented,
    }  # fmt: skip
    variables = [*model.variables, *optimizer.variables]
    kind = models.kind(model)

    @tf.function(reduce_retracing=True)
    def update(seen: tf.Tensor | tuple, truth: tf.Tensor) -> tf.Tensor:
        def replica(seen: tf.Tensor | tuple, truth: tf.Tensor) -> tf.Tensor:
            if local > 1:
                i = tf.distribute.get_replica_context().replica_id_in_sync_group % local
                seen, truth = tf.nest.map_structure(lambda x: tf.stack(tf.split(x, local))[i], (seen, truth))
            with tf.GradientTape() as tape:
                # the shares are equal: the mean over the batch is the sum of their means, each divided by replicas
                value = tf.reduce_mean(loss(truth, model(seen, training=True))) / replicas
            # gradients are added up over all replicas here
            optimizer.apply(tape.gradient(value, model.trainable_variables), model.trainable_variables)
            return value

        return strategy.reduce("SUM", strategy.run(replica, (seen, truth)), axis=None)

    # Half as many true points as the network answers with, drawn anew each step: the loss takes half the time, and
    # the network learns as well (benchmarks/search.json).
    points = model.output_shape[1] // 2 if TRUTH[kind] == "points" else PLACES
    step, history, values, stopped = 0, [], [], None
    try:
        if worker == 0:
            step, history = restore(checkpoint, run, variables)
        if workers > 1:
            own = zlib.crc32(json.dumps([run, every, validation is not None]).encode())
            if own != cluster.from_chief(strategy, np.int64(own)):
                raise ValueError(f"worker {worker} was started with other arguments than the chief: {run}")
            step = int(cluster.from_chief(strategy, np.int64(step)))
            for variable in variables if step else ():
                variable.assign(cluster.from_chief(strategy, variable.numpy()))
        started = time.monotonic() - 60 * (history[-1]["minutes"] if history else 0)
        for pair in batches(
            data, batch_size, steps=steps, start=step, seed=seed, truth=TRUTH[kind], points=points,
            augmented=augmented, share=(worker, workers), views=VIEWS if kind == "views" else (),
        ):  # fmt: skip
            values.append(update(*pair))
            step += 1
            if step % every and step < steps:
                continue
            row = {"step": step, "loss": float(np.mean(values)), "minutes": (time.monotonic() - started) / 60}
            values = []
            if not np.isfinite(row["loss"]):
                raise FloatingPointError(f"step {step}: the loss is {row['loss']}; try a smaller learning_rate")
            if validation is not None:
                score = validate(model, validation, loss) if worker == 0 else 0.0
                row["validation"] = float(cluster.from_chief(strategy, np.float64(score)))
            history.append(row)
            if worker == 0:
                keep(checkpoint, run, variables, step, history)
                if progress:
                    print("  ".join(f"{k} {v:.5g}" for k, v in row.items()), flush=True)
    except KeyboardInterrupt:
        # the rows' means would differ if the steps since the last one were counted twice: go back to that row
        where = f"; run the same again to go on from step {history[-1]['step']}" if checkpoint and history else ""
        stopped = KeyboardInterrupt(f"training stopped at step {step} of {steps}{where}")
    except tf.errors.OpError as error:
        if workers == 1:
            raise
        raise ConnectionError(f"step {step}: {cluster.LOST}") from error
    if stopped:
        # raised here, for the old interrupt's traceback would keep the pipeline and its threads alive at Python's end
        raise stopped
    return history


def keep(
    checkpoint: str | Path | None, run: dict, variables: list[keras.Variable], step: int, history: list[dict]
) -> None:
    """Writes a checkpoint of ``run``, what tells it from other runs, at ``step``; without a path it does nothing."""
    if checkpoint is not None:
        tensors = {f"{i:03d}": np.atleast_1d(v.numpy()) for i, v in enumerate(variables)}
        header = {"run": run, "step": step, "history": history}
        models.write_tensors(checkpoint, tensors, header)


def restore(checkpoint: str | Path | None, run: dict, variables: list[keras.Variable]) -> tuple[int, list[dict]]:
    """Fills the variables from a checkpoint and returns its step and history: 0 and none if there is none yet.

    Raises ValueError if it belongs to another run.
    """
    if checkpoint is None or not Path(checkpoint).exists():
        return 0, []
    tensors, header = models.read_tensors(checkpoint)
    found = header.get("run", {})
    if found != run:
        other = [f"{k} {found.get(k)!r}, not {v!r}" for k, v in run.items() if found.get(k) != v]
        raise ValueError(f"{checkpoint}: belongs to another run ({'; '.join(other)}); delete it or name another file")
    for variable, tensor in zip(variables, tensors.values(), strict=True):
        variable.assign(tensor.reshape(variable.shape))
    return header["step"], header["history"]


def predict(
    model: keras.Model, data: ShapeSet, batch_size: int = 64, *, views: int = 4, known: bool = True
) -> np.ndarray:
    """The network's answer to the first picture of every shape, in the viewer's frame.

    That is (S, N, 3) or (S, n, n, n), or, of a network that answers about places, (S, Q), about those of the set. A
    network of several views sees the first ``views`` pictures of every shape, or all if there are fewer, and is told
    where their cameras stand if ``known``.
    """
    answer, kind = models.compiled(model), models.kind(model)
    pictures = data.pictures[:, :views] if kind == "views" else data.pictures[:, 0]
    more = [data.asked()[0]] if kind == "mesh" else []
    more = [turns(data.azimuth[:, :views], known)] if kind == "views" else more

    def part(i: int) -> np.ndarray:
        seen = np.asarray(pictures[i : i + batch_size], np.float32) / 255
        return answer(seen, *(x[i : i + batch_size] for x in more)).numpy()

    return np.concatenate([part(i) for i in range(0, len(data), batch_size)])


def validate(
    model: keras.Model,
    data: ShapeSet,
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = losses.chamfer_l1,
    **options: int | bool,
) -> float:
    """The mean ``loss`` of what `predict` with these ``options`` answers for every shape, without augmentation."""
    answers, kind = predict(model, data, **options), models.kind(model)
    if TRUTH[kind] == "points":
        truth = data.in_view(answers.shape[1])
    else:
        truth = data.occupancy() if kind == "voxels" else data.asked()[1]
    return float(
        np.mean(np.concatenate([loss(truth[i : i + 32], answers[i : i + 32]) for i in range(0, len(data), 32)]))
    )

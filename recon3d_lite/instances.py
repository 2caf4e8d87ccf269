"""Which points belong together: objects of a scene, parts of an object, by votes for their middles and clustering."""

from __future__ import annotations

from . import models  # first: it silences TensorFlow

# isort: split
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from sklearn.cluster import DBSCAN

from . import metrics, scenes, training
from .scenes import Clouds

__all__ = ["HEADS", "batch", "choose", "evaluate", "fit", "group", "large", "middles", "scores", "segment", "votes"]

HEADS = ("objects", "parts")
POINTS = 1024  # that a network trains with, and the shipped networks answer with
RADII = tuple(np.geomspace(0.006, 0.1, 12).round(4).tolist())  # that `choose` tries, in diagonals
LEASTS = (1, 4, 10, 20)
NOISE = 0.02  # diagonals: reconstructed points do not lie on a surface


def middles(points: np.ndarray, label: np.ndarray) -> np.ndarray:
    """For each point (N, 3) the mean of those with its label (N,): (N, 3).

    >>> middles(np.float32([[0, 0, 0], [2, 0, 0], [9, 9, 9]]), np.array([4, 4, 7])).tolist()
    [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [9.0, 9.0, 9.0]]
    """
    _, own, count = np.unique(label, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(own, weights=x) for x in points.T], axis=1)
    return (sums / count[:, None])[own].astype(points.dtype)


def boxed(points: np.ndarray) -> np.ndarray:
    """The points (N, 3), moved and scaled so that their box has its centre on the origin and diagonal 1."""
    low, high = points.min(0), points.max(0)
    return (points - (low + high) / 2) / np.linalg.norm(high - low)


def batch(
    data: Clouds, step: int, *, size: int = 16, points: int = POINTS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Batch number ``step``: points (B, N, 3) of scenes turned about the vertical, and what to vote for, (B, N, 2, 3).

    Which scenes, points, turns, mirrorings and how much noise are drawn from ``seed`` and ``step`` alone.
    """
    rng, seen, truth = np.random.default_rng([seed, step]), [], []
    for s in rng.choice(len(data.points), size, replace=False):
        some = rng.permutation(data.points.shape[1])[:points]
        angle, sign = rng.uniform(-np.pi, np.pi), rng.choice([-1.0, 1.0])
        c, s_ = np.cos(angle), np.sin(angle)
        cloud = data.points[s, some] @ np.array([[c, s_, 0], [-sign * s_, sign * c, 0], [0, 0, 1]])
        cloud = boxed(cloud)
        truth.append(np.stack([middles(cloud, label[s, some]) for label in (data.object, data.part)], axis=1))
        seen.append(cloud + rng.normal(0, rng.uniform(0, NOISE), cloud.shape))
    return np.float32(seen), np.float32(truth)


def distance(truth: tf.Tensor, answer: tf.Tensor) -> tf.Tensor:
    """How far votes (B, N, 2, 3) are from the true middles, the mean over points, objects and parts."""
    return tf.reduce_mean(tf.norm(truth - answer + 1e-9, axis=-1))


def sets(count: int, start: int) -> Clouds:
    """``count`` scenes of seen styles, number ``start`` and on: a third of two to six objects, the rest of one."""
    several = count // 3
    pair = scenes.many(several, start), scenes.many(count - several, start + several, objects=(1, 1))
    return Clouds(*(np.concatenate(each) for each in zip(*pair, strict=True)))


def fit(
    model: keras.Model, data: Clouds, *, steps: int, validation: Clouds | None = None, batch_size: int = 16,
    learning_rate: float = 3e-3, seed: int = 0, checkpoint: str | Path | None = None, every: int = 200,
    progress: bool = True,
) -> list[dict[str, float]]:  # fmt: skip
    """Trains a `models.vote_network` with Adam; returns the history, one row each ``every`` steps.

    Learning rate, rows and ``checkpoint`` are as in `training.fit`. Stopped by Ctrl-C it goes on from its last row.
    """
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - steps // 20), warmup_target=learning_rate, warmup_steps=max(1, steps // 20)
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)
    variables = [*model.variables, *optimizer.variables]
    run = {"model": model.name, "parameters": model.count_params(), "scenes": len(data.points), "steps": steps,
           "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}  # fmt: skip

    @tf.function
    def update(seen: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = distance(truth, model(seen, training=True))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    begin, history = training.restore(checkpoint, run, variables)
    started = time.monotonic() - 60 * (history[-1]["minutes"] if history else 0)
    values = []
    for step in range(begin, steps):
        values.append(float(update(*batch(data, step, size=batch_size, seed=seed))))
        if (step + 1) % every and step + 1 < steps:
            continue
        row = {"step": step + 1, "loss": float(np.mean(values)), "minutes": (time.monotonic() - started) / 60}
        values = []
        if not np.isfinite(row["loss"]):
            raise FloatingPointError(f"step {step + 1}: the loss is {row['loss']}; try a smaller learning_rate")
        if validation is not None:
            size = min(batch_size, len(validation.points))
            pairs = [batch(validation, i, size=size, seed=seed) for i in range(len(validation.points) // size)]
            row["validation"] = float(np.mean([distance(truth, model(seen)) for seen, truth in pairs]))
        history.append(row)
        training.keep(checkpoint, run, variables, step + 1, history)
        if progress:
            print("  ".join(f"{k} {v:.5g}" for k, v in row.items()), flush=True)
    return history


def votes(points: ArrayLike, model: keras.Model | None = None) -> np.ndarray:
    """Where the network places the middles of each point's object and part: points (N, 3) in any units to (N, 2, 3).

    The z axis is up. Without ``model`` the shipped network is asked. Raises ValueError for other shapes, and if not
    all points are finite or all are the same.
    """
    x = np.asarray(points, float)
    if x.ndim != 2 or x.shape[1] != 3 or not np.isfinite(x).all() or len(x) < 2 or not np.ptp(x, axis=0).any():
        raise ValueError(f"points: {x.shape}; accepted: finite numbers, (N, 3), not all at one place")
    low, high = x.min(0), x.max(0)
    scale = np.linalg.norm(high - low)
    answer = models.compiled(model or _shipped())(np.float32(boxed(x))[None])
    return answer[0].numpy() * scale + (low + high) / 2


@lru_cache(maxsize=1)
def _shipped() -> keras.Model:
    return models.load(kind="instances")


def group(votes: np.ndarray, radius: float, least: int = 5, share: float = 0.01) -> np.ndarray:
    """Numbers the dense heaps of votes (N, D), by DBSCAN: labels (N,) int from 0. Who is left over joins the nearest.

    A vote with at least ``least`` votes within ``radius``, itself among them, is in a heap with all of these
    (Ester et al., "A density-based algorithm for discovering clusters in large spatial databases with noise",
    KDD 1996). With ``least=1`` the heaps are the connected components. Left over is what is in no heap, or in one with
    less than ``share`` of all votes. If no heap remains, all is one.

    >>> group(np.float32([[0], [0.1], [5], [5.1], [4.5]]), 0.2, 2).tolist()
    [0, 0, 1, 1, 1]
    """
    label = large(DBSCAN(eps=radius, min_samples=least).fit_predict(votes), share)
    left, known = label < 0, label >= 0
    if not known.any():
        return np.zeros(len(votes), int)
    label[left] = label[known][cKDTree(votes[known]).query(votes[left])[1]]
    return np.unique(label, return_inverse=True)[1]


def segment(
    points: ArrayLike, what: str = "objects", model: keras.Model | None = None, grouping: tuple | None = None
) -> np.ndarray:
    """Which object of a scene, or which part of an object, each point belongs to: (N, 3) to (N,) int from 0.

    ``what`` is "objects" or "parts", ``grouping`` the radius (in diagonals of the box) and least number of votes for
    `group`, by default those that were best on the shipped network's validation scenes; the rest is as in `votes`.
    """
    if what not in HEADS:
        raise ValueError(f"what: {what!r}; accepted: {', '.join(HEADS)}")
    x = np.asarray(points, float)
    own = model or _shipped()
    return group(votes(boxed(x), own)[:, HEADS.index(what)], *(grouping or models.recipe(kind="instances")[what]))


def large(label: np.ndarray, share: float = 0.01) -> np.ndarray:
    """The labels (N,), but -1 for those with less than ``share`` of the points: nobody can be asked to find them.

    >>> large(np.array([0, 0, 0, 1, 2, 2]), 0.3).tolist()
    [0, 0, 0, -1, 2, 2]
    """
    kept, count = np.unique(label, return_counts=True)
    return np.where(np.isin(label, kept[count >= share * len(label)]), label, -1)


def scores(found: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> dict[str, float]:
    """AP at 0.25 and 0.5 and the mean over scenes of the instances' IoU, of labels (N,) a scene."""
    return {
        "ap25": metrics.average_precision(found, truth, 0.25),
        "ap50": metrics.average_precision(found, truth, 0.5),
        "iou": float(np.mean([metrics.instance_iou(x, y) for x, y in zip(found, truth, strict=True)])),
    }


def choose(
    places: Sequence[np.ndarray], truth: Sequence[np.ndarray], radii: Sequence[float] = RADII,
    leasts: Sequence[int] = LEASTS,
) -> tuple[float, int]:  # fmt: skip
    """The radius and least number for `group` with the best AP at 0.5 on points or votes (N, 3) of known scenes."""
    known = [large(label) for label in truth]

    def score(way: tuple[float, int]) -> float:
        return metrics.average_precision([group(each, *way) for each in places], known)

    return max(((radius, least) for least in leasts for radius in radii), key=score)


def grouping(model: keras.Model, count: int = 100) -> dict[str, tuple[float, int]]:
    """Of objects and parts: radius and least number that `choose` finds for votes on the first ``count`` scenes."""
    found = {}
    for head, (what, objects) in enumerate({"objects": (2, 6), "parts": (1, 1)}.items()):
        data = scenes.many(count, 0, objects=objects, points=POINTS)
        truth = data.object if what == "objects" else data.part
        found[what] = choose([votes(points, model)[:, head] for points in data.points], list(truth))
    return found


def evaluate(model: keras.Model, validation: Clouds, test: Clouds, what: str) -> dict[str, dict]:
    """Scores on ``test`` of the network's votes, and of DBSCAN and connected components on the points themselves.

    Radius and least number are chosen for each on ``validation``; they stand beside its scores as ``"grouping"``.
    Both sets are used with their first 1,024 points. ``what`` is "objects" or "parts".
    """
    label = {"objects": "object", "parts": "part"}[what]
    sets = [(data.points[:, :POINTS], list(getattr(data, label)[:, :POINTS])) for data in (validation, test)]
    voted = [[votes(points, model)[:, HEADS.index(what)] for points in each] for each, _ in sets]
    ways = {"network": (voted, LEASTS), "DBSCAN": ([list(x) for x, _ in sets], LEASTS),
            "connected": ([list(x) for x, _ in sets], (1,))}  # fmt: skip
    truth, found = [large(y) for y in sets[1][1]], {}
    for name, (places, leasts) in ways.items():
        grouping = choose(places[0], sets[0][1], leasts=leasts)
        answers = [group(each, *grouping) for each in places[1]]
        found[name] = scores(answers, truth) | {"grouping": grouping}
    return found


def table(result: dict) -> str:
    """What `evaluate` found, by test and method, as text."""
    lines = [f"{'':20}{'':11}{'AP 0.25':>9}{'AP 0.5':>9}{'IoU':>9}"]
    for test, rows in result.items():
        for name, row in rows.items():
            lines.append(f"{test:20}{name:11}{row['ap25']:9.3f}{row['ap50']:9.3f}{row['iou']:9.3f}")
    return "\n".join(lines)

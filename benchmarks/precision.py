"""What buys most: four times the shapes, steps, parameters, points or pixels, or refining the answer at test time?

    python benchmarks/precision.py [--scale 1]        # some twenty minutes on one core

One training of a small network (`DEFAULTS`: 2,000 shapes, 800 steps, 256 points, 32 x 32 pixels) and trainings that
depart from it in one thing, by a factor of four; each is a row of `precision.json`, written when it is
done. A run that was stopped goes on.

Scores are distances in box diagonals on 400 shapes of another recipe, against 8,192 true points: ``accuracy`` from an
answer's points to the truth, ``completeness`` from the truth to the answer's points, both means; half their sum is
Chamfer-L1. They are given for the ``whole`` answer, and for as many of its points as are ``drawn`` by chance or
``spread`` (farthest points first). ``ms`` and ``minutes`` are processor time, of one answer and of the training.
``truth`` is the same for points drawn from the true surface.

Rows with ``refine`` move the points of an answer towards the picture's outline (`refine`), for a weight ``gamma``, a
number of ``moves``, and a camera that is ``off`` by so many degrees, or only fit the outline's ``box``. They hold four
numbers for each of 100 shapes: Chamfer-L1 and overlap of the outlines, before and after.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

from recon3d_lite import camera, datasets, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from platformdirs import user_cache_path
from runs import SMALL, run_all, small_network
from scipy.spatial import cKDTree

LOG = Path(__file__).with_suffix(".json")
TRAIN = datasets.Recipe(per_category=520, assemblies=1620, views=1, size=128)
TEST = datasets.Recipe(per_category=20, assemblies=120, views=1, size=128, points=16_384, seed=1)
TRUTH = 8192  # points; those behind them in the test set are other samples of the same surfaces
SIZES = {
    "base": {},
    "four": {"widths": (32, 64, 128, 208), "hidden": (640, 576), "features": 64, "local": 128},
}
DEFAULTS = {"shapes": 2000, "steps": 800, "parameters": "base", "points": 256, "size": 32, "seed": 0}
UP = {"shapes": 8000, "steps": 3200, "parameters": "four", "points": 1024, "size": 64}
GAMMA, MOVES, RATE, PIXELS = 0.3, 40, 0.003, 1024


def tasks() -> list[dict]:
    found = [{"truth": True}, {}, {"seed": 1}]
    found += [{name: value} for name, value in UP.items()]
    found += [{"refine": "shipped", "gamma": gamma} for gamma in (0.3, 0.0, 0.1, 1.0, 3.0)]
    found += [{"refine": "shipped", "off": degrees} for degrees in (5, 10, 20)]
    found += [{"refine": "shipped", "box": True}, {"refine": "base", "gamma": 0.3}]
    found += [{"refine": "base", "moves": moves} for moves in (10, 160)]
    return found


# --- training ---------------------------------------------------------------------------------------------------------


def smaller(data: datasets.ShapeSet, size: int) -> datasets.ShapeSet:
    """The set with pictures averaged down to ``size`` pixels a side, colours weighted by how much they cover."""
    k = data.pictures.shape[-2] // size
    pictures = np.empty((*data.pictures.shape[:2], size, size, 4), np.uint8)
    for i, picture in enumerate(data.pictures):
        rgb, alpha = np.split(picture.astype(np.float32) / 255, [3], axis=-1)
        mean = np.concatenate([rgb * alpha, alpha], -1).reshape(-1, size, k, size, k, 4).mean((2, 4))
        rgb, alpha = np.split(mean, [3], axis=-1)
        rgb = np.where(alpha > 0, rgb / np.maximum(alpha, 1e-6), 1.0)
        pictures[i] = np.round(np.concatenate([rgb, alpha], -1).clip(0, 1) * 255)
    return replace(data, pictures=pictures)


def trained(options: dict, scale: int) -> tuple[keras.Model, float]:
    """A network of `DEFAULTS` with other ``options``, and the minutes of processor time that its training took."""
    train = datasets.procedural(TRAIN, progress=False).split("train")
    chosen = np.sort(np.random.default_rng(options["seed"]).permutation(len(train))[: options["shapes"]])
    data = smaller(train[chosen], options["size"])
    keras.utils.set_random_seed(options["seed"])
    network = small_network(size=options["size"], points=options["points"], **SIZES[options["parameters"]])
    steps, start = options["steps"] // scale, time.process_time()
    training.fit(network, data, steps=steps, every=steps, seed=options["seed"], progress=False)
    return network, (time.process_time() - start) / 60


def train(task: dict, scale: int) -> dict:
    if "refine" in task:
        return refinement(task, scale)
    data = datasets.procedural(TEST, progress=False)
    truth = data.in_view(2 * TRUTH)
    trees = [cKDTree(points[:TRUTH]) for points in truth]
    if "truth" in task:
        return {"whole": {n: scores(truth[:, TRUTH:][:, :n], trees) for n in (64, 256, 1024, 4096)}}
    options = DEFAULTS | task
    network, minutes = trained(options, scale)
    data = smaller(data, options["size"])
    answers = training.predict(network, data)
    rng, drawn, spread = np.random.default_rng(0), {}, {}
    for n in (64, 256):
        if n < options["points"]:
            drawn[n] = scores(some(answers, n, rng), trees)
            spread[n] = scores([apart(points, n) for points in answers], trees)
    row = {"whole": scores(answers, trees), "drawn": drawn, "spread": spread, "minutes": minutes}
    return row | {"parameters": network.count_params(), "ms": milliseconds(network, data)}


def some(answers: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` points of each cloud, drawn by chance."""
    which = rng.permuted(np.tile(np.arange(answers.shape[1]), (len(answers), 1)), axis=1)[:, :n, None]
    return np.take_along_axis(answers, which, axis=1)


def apart(points: np.ndarray, n: int) -> np.ndarray:
    """``n`` points of a cloud that lie far apart: each time the one farthest from those chosen before."""
    chosen, distance = [0], np.full(len(points), np.inf)
    for _ in range(n - 1):
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(1))
        chosen.append(int(distance.argmax()))
    return points[chosen]


def both(answer: np.ndarray, tree: cKDTree) -> tuple[float, float]:
    """Accuracy and completeness."""
    return tree.query(answer)[0].mean(), cKDTree(answer).query(tree.data)[0].mean()


def scores(answers: np.ndarray | list, trees: list[cKDTree]) -> dict[str, float]:
    accuracy, completeness = np.mean([both(*pair) for pair in zip(answers, trees, strict=True)], axis=0)
    return {"accuracy": accuracy, "completeness": completeness}


def milliseconds(network: keras.Model, data: datasets.ShapeSet) -> float:
    """Of processor time for one answer, the median of two hundred."""
    answer, times = models.compiled(network), []
    for i in range(220):
        picture = data.pictures[i % len(data)].astype(np.float32) / 255
        start = time.process_time()
        answer(picture).numpy()
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times[20:]))


# --- refining ---------------------------------------------------------------------------------------------------------


def matrix(recipe: datasets.Recipe, i: int) -> np.ndarray:
    """P (3, 4) of the first picture of shape ``i``: the viewer's frame to the picture, whose side counts as 1."""
    view = recipe.view(i, 0)
    seen_by = datasets.camera_of(view, recipe.shape(i).mesh, size=1)
    back = camera.to_viewer(np.eye(3), -view.azimuth).T
    return seen_by.K @ np.column_stack([seen_by.R @ back, seen_by.t])


def seen(P: tf.Tensor, Y: tf.Tensor) -> tf.Tensor:
    """Where points (B, N, 3) are seen by cameras (B, 3, 4): (B, N, 2)."""
    uvw = tf.matmul(Y, P[:, :, :3], transpose_b=True) + P[:, None, :, 3]
    return uvw[..., :2] / uvw[..., 2:]


def refine(Y: np.ndarray, P: np.ndarray, M: np.ndarray, gamma: float, moves: int) -> np.ndarray:
    """Points (B, N, 3), moved so that they are seen all over the outlines' places M (B, Q, 2), and nowhere else."""
    moved, begun, flat = tf.Variable(Y), tf.constant(Y), [[0, 0], [0, 0], [0, 1]]
    adam = keras.optimizers.Adam(RATE)
    adam.build([moved])

    @tf.function(autograph=False)
    def move() -> None:
        with tf.GradientTape() as tape:
            outline = losses.chamfer_distance(tf.pad(M, flat), tf.pad(seen(P, moved), flat))
            away = tf.reduce_mean(tf.reduce_sum((moved - begun) ** 2, -1), -1)
            value = tf.reduce_sum(outline + gamma * away)
        adam.apply(tape.gradient(value, [moved]), [moved])

    for _ in range(moves):
        move()
    return moved.numpy()


def boxed(Y: np.ndarray, P: np.ndarray, M: np.ndarray) -> np.ndarray:
    """Points shifted and scaled, each in the plane of its depth, so that the box around them is the outline's."""
    uv = seen(tf.constant(P), tf.constant(Y)).numpy()
    low, high, wanted_low, wanted_high = uv.min(1), uv.max(1), M.min(1), M.max(1)
    scale = ((wanted_high - wanted_low) / (high - low))[:, None]
    uv = wanted_low[:, None] + scale * (uv - low[:, None])
    depth = np.einsum("bj,bnj->bn", P[:, 2, :3], Y) + P[:, 2, 3, None]
    uvw = np.concatenate([uv, np.ones_like(uv[..., :1])], -1) * depth[..., None]
    return np.einsum("bij,bnj->bni", np.linalg.inv(P[:, :, :3]), uvw - P[:, None, :, 3]).astype(np.float32)


def turned(P: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Cameras that are wrong by an angle, each about an axis of its own through the middle of the object."""
    axis = rng.normal(size=(len(P), 3))
    a = np.radians(degrees) * axis / np.linalg.norm(axis, axis=1, keepdims=True)
    turn = tf.linalg.expm(np.cross(np.eye(3), a[:, None])).numpy()
    return np.concatenate([P[:, :, :3] @ turn, P[:, :, 3:]], -1).astype(np.float32)


def overlap(uv: np.ndarray, mask: np.ndarray, radius: float = 1.5) -> float:
    """Intersection over union of an outline (n, n) and of points drawn as discs of so many pixels."""
    n = len(mask)
    centres = (np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) + 0.5) / n
    covered = (cKDTree(uv).query(centres)[0] < radius / n).reshape(n, n)
    return float((covered & mask).sum() / (covered | mask).sum())


def places(masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`PIXELS` places in each outline (B, n, n), all pixels about as often: (B, PIXELS, 2), the picture's side is 1."""
    found = [rng.permutation(np.argwhere(mask)[:, ::-1]) for mask in masks]
    return np.float32([(np.resize(each, (PIXELS, 2)) + 0.5) / masks.shape[1] for each in found])


def paid(Y: np.ndarray, P: np.ndarray, M: np.ndarray, moves: int) -> float:
    """Milliseconds of processor time that refining one answer takes, without building its graph; median of three."""
    found = []
    for _ in range(3):
        times = []
        for n in (20, 120):
            start = time.process_time()
            refine(Y[:1], P[:1], M[:1], GAMMA, n)
            times.append(time.process_time() - start)
        found.append(10 * moves * (times[1] - times[0]))
    return float(np.median(found))


def refinement(task: dict, scale: int) -> dict:
    if task["refine"] == "shipped":
        network = models.load()
    else:
        path = user_cache_path("recon3d_lite") / f"precision-{scale}-{TRAIN.key()}.safetensors"
        if not path.exists():
            models.save(
                trained(DEFAULTS, scale)[0], path, SMALL | {name: DEFAULTS[name] for name in ("size", "points")}
            )
        network = models.load(path)
    data = smaller(datasets.procedural(TEST, progress=False)[::4], network.input_shape[1])
    trees = [cKDTree(points) for points in data.in_view(TRUTH)]
    masks = data.pictures[:, 0, ..., 3] > 127
    rng = np.random.default_rng(0)
    P, M = np.float32([matrix(TEST, i) for i in data.number]), places(masks, rng)
    Y = training.predict(network, data)

    given = turned(P, task.get("off", 0), rng)
    gamma, moves = task.get("gamma", GAMMA), task.get("moves", MOVES)
    after = boxed(Y, given, M) if "box" in task else refine(Y, given, M, gamma, moves)
    row = {"ms": paid(Y, P, M, moves)} if gamma == GAMMA and not {"box", "off"} & set(task) else {}
    row |= {"moved": float(np.linalg.norm(after - Y, axis=-1).mean())}
    for name, clouds in (("before", Y), ("after", after)):
        found = np.array([both(*pair) for pair in zip(clouds, trees, strict=True)])
        uv = seen(tf.constant(P), tf.constant(clouds)).numpy()
        shared = [overlap(*pair) for pair in zip(uv, masks, strict=True)]
        row[name] = {"accuracy": found[:, 0].mean(), "completeness": found[:, 1].mean()}
        row[name] |= {"chamfer": found.mean(1).round(5).tolist(), "overlap": np.round(shared, 3).tolist()}
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=1, help="divides the steps, for a trial; another log is written")
    options = parser.parse_args()
    for recipe in (TEST, TRAIN):
        datasets.procedural(recipe)
    about = {"defaults": DEFAULTS, "refine": {"gamma": GAMMA, "moves": MOVES, "rate": RATE, "pixels": PIXELS}}
    log = LOG if options.scale == 1 else LOG.with_name(f"precision-trial-{options.scale}.json")
    run_all(train, tasks(), log, about, 1, options.scale)


if __name__ == "__main__":
    main()

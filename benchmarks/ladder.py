"""The program that this book started from, repaired one fault at a time; and the repaired one, broken again.

    python benchmarks/ladder.py [--shapes FOLDER] [--steps 800] [--json OUT]

The ladder: each rung keeps the repairs below it. The reverse: all repairs but one. Every training has the same number
of steps (but those of the program's own ten), pictures a step and points (512), on one core; the score is Chamfer-L1
to 512 points of each of the 860 test shapes, and with ``--shapes`` of real meshes (FOLDER/category/name.ply). A row
is written when it is done, and is not trained again. A seed fixes first weights, the order of the pictures and, where
training has one picture, which one. About half an hour on one core.
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, evaluation, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers

from recon3d_lite.camera import to_viewer
from recon3d_lite.files import whole
from recon3d_lite.pipeline import batches

POINTS, BATCH, CODE = 512, 32, (256, 256)
PRINTED = {
    "head": "softmax", "loss": "mse", "steps": 10, "shapes": "one", "pictures": "0 to 255", "frame": "object",
    "encoder": "document", "decoder": "connected", "rate": "constant", "augmented": False, "optimizer": "Adam",
    "learning_rate": 1e-3,
}  # fmt: skip
REPAIRS = {  # in the order of the ladder, one a rung
    "head": "linear", "steps": "all", "loss": "chamfer", "shapes": "all", "pictures": "-1 to 1", "frame": "viewer",
    "encoder": "levels", "decoder": "look", "rate": "warm-up and cosine", "augmented": True,
}  # fmt: skip
UNDONE = [
    {name: PRINTED[name]} for name in REPAIRS if name != "augmented"
]  # without augmentation: the last rung but one
UNDONE += [{"optimizer": "SGD", "learning_rate": rate} for rate in (0.01, 1.0)]  # Keras' own rate; a good one


def rungs() -> list[dict]:
    """The options of each rung, from the program as printed to all repairs."""
    names = list(REPAIRS)
    return [PRINTED | {name: REPAIRS[name] for name in names[:k]} for k in range(len(names) + 1)]


def network(options: dict) -> keras.Model:
    """Pictures (B, 64, 64, 4) in [0, 1] to points (B, 512, 3); what `options` say of pictures is its first layer."""
    x = picture = layers.Input((64, 64, 4))
    raw = options["pictures"] == "0 to 255"
    if options["encoder"] == "levels":
        base = models.point_network(widths=(16, 32, 64, 96), hidden=CODE, points=POINTS, local=64)
        # the network itself takes 1 from twice its input
        x = layers.Rescaling(255 / 2, offset=1 / 2)(x) if raw else x
        if options["decoder"] == "look":
            points = base(x)
        else:
            code = keras.Model(base.input, base.get_layer(f"hidden{len(CODE) - 1}").output, name="encoder")(x)
            points = layers.Reshape((POINTS, 3))(layers.Dense(3 * POINTS, name="coordinates")(code))
    else:
        x = layers.Rescaling(255.0)(x) if raw else layers.Rescaling(2.0, offset=-1.0)(x)
        levels = []
        for i, width in enumerate((32, 64, 128)):
            x = layers.MaxPooling2D()(layers.Conv2D(width, 3, activation="relu", name=f"convolution{i}")(x))
            levels.append(x)
        x = layers.Flatten()(x)
        for i, units in enumerate((512, 256, 128)):
            x = layers.Dense(units, activation="relu", name=f"dense{i}")(x)
        if options["decoder"] == "look":
            points = looking(x, levels)
        else:  # all x, then all y, then all z: the target is 3 x N
            x = layers.Reshape((3, POINTS))(layers.Dense(3 * POINTS, name="coordinates")(x))
            points = layers.Permute((2, 1))(x)
    if options["head"] == "softmax":  # over all coordinates of a shape
        points = layers.Reshape((POINTS, 3))(layers.Softmax()(layers.Flatten()(points)))
    return keras.Model(picture, points)


def looking(code: tf.Tensor, levels: list[tf.Tensor], children: int = 4, local: int = 64) -> tf.Tensor:
    """The decoder of `models.point_network` on other levels, whose sizes are no halves of each other."""
    guesses = layers.Reshape((POINTS // children, 3))(layers.Dense(3 * POINTS // children, name="guesses")(code))
    shown = [layers.Conv2D(32, 1, name=f"level{i}_shown")(level) for i, level in enumerate(levels)]
    side = levels[0].shape[1]
    pyramid = layers.Add()([layers.Resizing(side, side)(level) for level in shown])
    return layers.Reshape((POINTS, 3))(models.refined(guesses, code, pyramid, children, local))


def pairs(train: datasets.ShapeSet, options: dict, steps: int, seed: int) -> tuple[Iterable, datasets.ShapeSet]:
    """Batches of pictures and points, and the shapes that they come from."""
    # Chamfer-L1 needs half the points, drawn anew; the mean squared error as many as are answered
    count = POINTS // 2 if options["loss"] == "chamfer" else POINTS
    if options["shapes"] == "one":
        i = np.random.default_rng(seed).integers(len(train))
        train = train[[i] * (BATCH if options["augmented"] else 1)]
        if not options["augmented"]:  # two files, loaded once
            pair = tf.constant(train.pictures[:, 0] / np.float32(255)), tf.constant(train.in_view(POINTS))
            return itertools.repeat(pair, steps), train
    return batches(train, BATCH, steps=steps, points=count, seed=seed, augmented=options["augmented"]), train


@tf.function(reduce_retracing=True)
def chamfer_l1(truth: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    return losses.chamfer_l1(truth, answers)


def chamfer(answers: np.ndarray, data: datasets.ShapeSet) -> float:
    truth = data.in_view(POINTS)
    values = [chamfer_l1(truth[i : i + 32], answers[i : i + 32]) for i in range(0, len(truth), 32)]
    return float(np.mean(np.concatenate(values)))


def misread(answers: np.ndarray) -> np.ndarray:
    """Answers written as 3 x N and read three by three."""
    return np.ascontiguousarray(answers.swapaxes(1, 2)).reshape(answers.shape)


def train_one(options: dict, seed: int, sets: dict[str, datasets.ShapeSet], all_steps: int) -> dict:
    if options["frame"] == "object":
        sets = {name: replace(data, azimuth=np.zeros_like(data.azimuth)) for name, data in sets.items()}
    steps = all_steps if options["steps"] == "all" else options["steps"]
    keras.utils.set_random_seed(seed)
    model = network(options)
    rate, warm = options["learning_rate"], max(1, steps // 20)
    if options["rate"] != "constant":
        rate = keras.optimizers.schedules.CosineDecay(0.0, steps - warm, warmup_target=rate, warmup_steps=warm)
    optimizer = getattr(keras.optimizers, options["optimizer"])(rate)
    optimizer.build(model.trainable_variables)
    loss = {"mse": losses.mse, "chamfer": losses.chamfer_l1}[options["loss"]]

    def gradients(pictures: tf.Tensor, points: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss(points, model(pictures, training=True)))
        return value, tape.gradient(value, model.trainable_variables)

    @tf.function(autograph=False)
    def update(pictures: tf.Tensor, points: tf.Tensor) -> tf.Tensor:
        value, g = gradients(pictures, points)
        optimizer.apply(g, model.trainable_variables)
        return value

    def norms(pair: tuple) -> list[float]:
        g = zip(gradients(*pair)[1], model.trainable_variables, strict=True)
        return [float(f"{tf.norm(x):.3g}") for x, w in g if len(w.shape) > 1]

    stream, seen = pairs(sets["train"], options, steps, seed)
    some = {"seen": seen[:: max(1, len(seen) // 120)], "validation": sets["validation"][::7]}
    marks, values, spent, start = {round(steps * k / 10) for k in range(1, 11)}, [], 0.0, time.monotonic()
    curve, first, before = [], None, []
    for step, pair in enumerate(stream, start=1):
        if step == 1:
            first, before = pair, norms(pair)
        values.append(float(update(*pair)))
        if step in marks:
            spent += time.monotonic() - start
            scores = {name: chamfer(training.predict(model, data), data) for name, data in some.items()}
            curve.append({"step": step, "loss": float(np.mean(values))} | scores)
            values, start = [], time.monotonic()

    answers = {name: training.predict(model, data) for name, data in sets.items() if name in ("test", "real")}
    row = {"seed": seed, "steps": steps, "parameters": model.count_params(), "ms_a_step": round(1000 * spent / steps)}
    row |= {name: chamfer(clouds, sets[name]) for name, clouds in answers.items()}
    row["misread"] = chamfer(misread(answers["test"]), sets["test"])
    parts = seen[:: max(1, len(seen) // 860)]
    clouds = training.predict(model, parts)
    row |= {"seen": chamfer(clouds, parts), "seen_misread": chamfer(misread(clouds), parts)}
    clouds = answers["test"]
    row["output"] = {
        "min": clouds.min(), "max": clouds.max(), "sum": clouds.sum((1, 2)).mean(),
        "varies": np.linalg.norm(clouds - clouds.mean(0), axis=-1).mean(),  # by how much from picture to picture
    }  # fmt: skip
    names = [w.path for w in model.trainable_variables if len(w.shape) > 1]
    row["gradients"] = dict(zip(names, zip(before, norms(first), strict=True), strict=True))
    row["curve"] = curve
    return row | {"answer": np.round(1000 * clouds[shown(sets["test"])]).astype(int).ravel().tolist()}


def shown(test: datasets.ShapeSet, kind: str = "chair") -> int:
    """The test shape whose answers are kept."""
    return int(np.flatnonzero(test.category == test.names.index(kind))[0])


def baselines(train: datasets.ShapeSet, test: datasets.ShapeSet) -> dict:
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(train), size=POINTS)
    views = rng.integers(train.azimuth.shape[1], size=POINTS)
    average = to_viewer(train.points[chosen, rng.integers(train.points.shape[1], size=POINTS)][:, None],
                        train.azimuth[chosen, views])[:, 0]  # fmt: skip
    shape, view = evaluation.retrieve(train, test)
    best = evaluation.oracle(train, test, POINTS)
    rows = {
        "average": np.repeat(average[None], len(test), 0),
        "retrieval": train[shape].in_view(POINTS, view),
        "oracle": to_viewer(train.points[best][:, :POINTS], test.azimuth[:, 0]),
        "shipped": rng.permuted(np.arange(1024))[None, :POINTS, None],
        "floor": test.in_view(2 * POINTS)[:, POINTS:],
    }
    rows["shipped"] = np.take_along_axis(training.predict(models.load(), test), rows["shipped"], axis=1)
    return {name: chamfer(clouds, test) for name, clouds in rows.items()}


def rounded(value: object) -> object:
    return json.loads(json.dumps(value, default=float), parse_float=lambda number: float(f"{float(number):.4g}"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    data = datasets.procedural(datasets.Recipe(**models.recipe()), progress=False)
    sets = {name: data.split(name) for name in datasets.SPLITS}
    if options.shapes:
        sets["real"] = datasets.mesh_folder(options.shapes)

    log = {"steps": options.steps, "points": POINTS, "repairs": list(REPAIRS), "rows": []}
    if options.json.exists():
        log = json.loads(options.json.read_text())
        if log["steps"] != options.steps:
            raise SystemExit(f"{options.json}: holds trainings of {log['steps']} steps; name another file")
    for name in ("test", "real"):
        if name in sets and name not in log.get("baselines", {}):
            log.setdefault("baselines", {})[name] = rounded(baselines(sets["train"], sets[name]))
            keep(options.json, log)
    ladder = rungs()
    jobs = [("ladder", k, ladder[k], seed) for seed in range(5) for k in range(4)]  # one picture each: cheap
    jobs += [("ladder", k, ladder[k], 0) for k in range(4, len(ladder))]
    jobs += [("undone", next(iter(change)), ladder[-1] | change, 0) for change in UNDONE]
    jobs += [("ladder", k, ladder[k], 1) for k in range(4, len(ladder))]
    done = [(row["part"], row["options"], row["seed"]) for row in log["rows"]]
    for part, name, what, seed in jobs:
        if (part, what, seed) in done:
            continue
        row = {"part": part, "name": name, "options": what} | train_one(what, seed, sets, options.steps)
        if part == "ladder" and seed:
            del row["answer"]
        log["rows"].append(rounded(row))
        scores = {key: log["rows"][-1].get(key) for key in ("ms_a_step", "test", "misread", "seen", "real")}
        print(part, name, seed, scores, flush=True)
        keep(options.json, log)
    sample = sets["test"].sample(shown(sets["test"]))
    log["shown"] = {"truth": np.round(1000 * sample.points[:POINTS]).astype(int).ravel().tolist(),
                    "azimuth": sample.azimuth, "number": shown(sets["test"])}  # fmt: skip
    keep(options.json, log)


def keep(path: Path, log: dict) -> None:
    with whole(path) as partial:
        partial.write_text(json.dumps(log | {"date": str(date.today())}) + "\n")


if __name__ == "__main__":
    main()

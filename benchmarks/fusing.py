"""What joining an encoder's levels is worth: one level or several, in the code and at the points, at equal time.

    python benchmarks/fusing.py [--shapes FOLDER] [--jobs 1] [--seconds 40]

Seven networks with the same encoder, four seeds each, every training as many steps as fit in ``--seconds`` of one
core by the step's processor time, measured before all else, in turns; then, for equal steps, each of the faster ones
with as many steps as the slowest had, two seeds. Rows go to `fusing.json` one by one; a run that was stopped goes on.
Scores are Chamfer-L1, on test shapes, on real meshes, by kind of test shape, and, for thin parts, one way only: how
far a true point is from the nearest of the answer's. Forty rows, about three quarters of an hour on one core.
"""

import argparse
import json
from pathlib import Path

from recon3d_lite import datasets, evaluation, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
from keras import layers
from runs import calibrate, run_all, small_network
from scipy.spatial import cKDTree

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400)  # as in `search.py`
NETWORKS = ("last", "wide", "joined", "pyramid", "blind", "look_last", "look")


def cell(x: keras.KerasTensor, width: int = 16) -> keras.KerasTensor:
    """A level as 4 x 4 cells of ``width`` numbers, in one row."""
    x = layers.AveragePooling2D(x.shape[1] // 4)(x) if x.shape[1] > 4 else x
    return layers.Flatten()(layers.Conv2D(width, 1, activation="relu")(x))


def shown(model: keras.Model, name: str) -> keras.Model:
    """`models.point_network` whose points see less: the last level as it is (``look_last``), or nothing (``blind``).

    The pyramid is left out, not filled with zeros: it would cost as much time as the whole one.
    """
    unseen = []

    def call(layer: keras.Layer, inputs: keras.KerasTensor | list, **options) -> keras.KerasTensor:
        if isinstance(layer, models.Look) and name == "blind":
            return inputs[0]  # the guesses, once more
        if isinstance(layer, layers.UpSampling2D):
            return inputs  # the coarse level stays as it is ...
        if layer.name.endswith("_shown") and not layer.name.startswith("level3"):
            unseen.append(inputs)
            return inputs
        if isinstance(layer, layers.Add) and any(inputs[1] is x for x in unseen):
            return inputs[0]  # ... and nothing is added to it
        return layer(inputs, **options)

    return keras.models.clone_model(model, call_function=call)


def network(name: str) -> keras.Model:
    """One of `NETWORKS`.

    With a fully connected decoder: ``last``, whose code comes from the last level alone; ``wide``, the same with as
    many numbers as the next; ``joined``, from all levels but the first, side by side; ``pyramid``, from a feature
    pyramid (Lin et al., CVPR 2017), in which each level has been added to what the coarser ones say. With guesses
    that are refined one by one: ``look``, `models.point_network`; ``look_last``, the same when the guesses look at
    the last level alone; ``blind``, the same when they look at nothing.
    """
    model = small_network()
    if name in ("blind", "look_last"):
        return shown(model, name)
    if name == "look":
        return model
    levels = [model.get_layer(f"level{i}_shown").input for i in range(4)]
    if name == "last":
        code = cell(levels[3])
    elif name == "wide":
        code = cell(levels[3], 48)
    elif name == "joined":
        code = layers.Concatenate()([cell(level) for level in levels[1:]])
    else:
        merged = [layers.Conv2D(48, 1)(levels[3])]
        for level in (levels[2], levels[1]):
            finer = layers.UpSampling2D(interpolation="bilinear")(merged[-1])
            merged.append(layers.Add()([finer, layers.Conv2D(48, 1)(level)]))
        smooth = [layers.Conv2D(48, 3, padding="same", activation="relu")(x) for x in merged]
        code = layers.Concatenate()([cell(x) for x in smooth])
    for units in (256, 256):
        code = layers.Dense(units, activation="relu")(code)
    return keras.Model(model.input, layers.Reshape((512, 3))(layers.Dense(3 * 512)(code)), name=name)


def by_kind(model: keras.Model, data: datasets.ShapeSet) -> dict[str, float]:
    """The score of each category's shapes."""
    kinds = {name: data[data.category == i] for i, name in enumerate(data.names)}
    return {name: training.validate(model, kind) for name, kind in kinds.items() if len(kind)}


def by_thickness(model: keras.Model, data: datasets.ShapeSet, radius: float = 0.1) -> dict[str, float]:
    """Mean distance of true points from the answer: of the fifth of each shape that has fewest others near, and rest.

    Points are spread evenly over the surface, so few within ``radius`` means little surface: a leg, a handle, a rim.
    """
    answers, truth, found = training.predict(model, data), data.in_view(1024), []
    for X, Y in zip(truth, answers, strict=True):
        near = cKDTree(X).query_ball_point(X, radius, return_length=True)
        order, distance = np.argsort(near, kind="stable"), cKDTree(Y).query(X)[0]
        found.append([distance[order[: len(X) // 5]].mean(), distance[order[len(X) // 5 :]].mean()])
    return dict(zip(("thin", "rest"), np.mean(found, axis=0).tolist(), strict=True))


def baselines() -> dict[str, float]:
    """What needs no network, on the test shapes: the shape of the most similar training picture, and one cloud for all.

    As many points as the networks answer with; the cloud for all is drawn from all training shapes together.
    """
    data, rng = datasets.procedural(RECIPE, progress=False), np.random.default_rng(0)
    train, test = data.split("train"), data.split("test")
    shape, view = evaluation.retrieve(train, test)
    clouds, truth = train.in_view(512), test.in_view(512)
    average = clouds[rng.integers(len(clouds), size=512), rng.integers(512, size=512)]
    answers = {"retrieval": train[shape].in_view(512, view), "average": np.broadcast_to(average, truth.shape)}
    return {name: round(float(np.mean(losses.chamfer_l1(truth, x))), 5) for name, x in answers.items()}


def train(task: dict, steps: dict[str, int], folder: Path | None) -> dict:
    data, name = datasets.procedural(RECIPE, progress=False), task["network"]
    keras.utils.set_random_seed(task["seed"])
    model = network(name)
    count = steps[name] if task["equal"] == "time" else min(steps.values())
    history = training.fit(model, data.split("train"), steps=count, validation=data.split("validation"),
                           seed=task["seed"], every=count // 5, progress=False)  # fmt: skip
    test = data.split("test")
    scores = {"test": training.validate(model, test)}
    if folder:
        scores["real"] = training.validate(model, datasets.mesh_folder(folder))
    scores |= by_thickness(model, test) | {"kinds": {k: round(v, 5) for k, v in by_kind(model, test).items()}}
    curves = {key: [row[key] for row in history] for key in ("step", "loss", "validation")}
    return scores | {"steps": count, "parameters": model.count_params(), "curves": curves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    parser.add_argument("--seconds", type=float, default=40, help="of processor time, for each training")
    options = parser.parse_args()
    datasets.procedural(RECIPE)
    seconds = json.loads(LOG.read_text())["seconds_a_step"] if LOG.exists() else calibrate(network, NETWORKS, RECIPE)
    steps = {name: round(options.seconds / value) for name, value in seconds.items()}
    slowest = min(steps, key=steps.get)
    tasks = [{"network": name, "seed": seed, "equal": "time"} for seed in range(4) for name in NETWORKS]
    tasks += [task | {"equal": "steps"} for task in tasks if task["network"] != slowest and task["seed"] < 2]
    about = {"seconds": options.seconds, "seconds_a_step": seconds, "baselines": baselines(), "loss": "Chamfer-L1"}
    run_all(train, tasks, LOG, about, options.jobs, steps, options.shapes)


if __name__ == "__main__":
    main()

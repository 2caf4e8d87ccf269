"""What joining an encoder's levels is worth: one level or several, in the code and at the points, at equal time.

    python benchmarks/fusing.py [--shapes FOLDER] [--jobs 1] [--seconds 40]

Five networks with the same encoder, four seeds each, every training as many steps as fit in ``--seconds`` of one
core by the step's processor time, measured before all else, in turns. Rows go to `fusing.json` one by one; a run
that was stopped goes on. Scores as in `scaling.py`. Twenty rows, about 25 minutes on one core.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from recon3d_lite import datasets, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
from keras import layers
from runs import one_core, run_all, small_network

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400)  # as in `search.py`
NETWORKS = ("last", "joined", "pyramid", "look_last", "look")


def cell(x: keras.KerasTensor) -> keras.KerasTensor:
    """A level as 4 x 4 cells of 16 numbers, in one row."""
    x = layers.AveragePooling2D(x.shape[1] // 4)(x) if x.shape[1] > 4 else x
    return layers.Flatten()(layers.Conv2D(16, 1, activation="relu")(x))


def network(name: str) -> keras.Model:
    """One of `NETWORKS`.

    With a fully connected decoder: ``last``, whose code comes from the last level alone; ``joined``, from all levels
    but the first, side by side; ``pyramid``, from a feature pyramid (Lin et al., CVPR 2017), in which each level has
    been added to what the coarser ones say. With points that look features up: ``look``, `models.point_network`, and
    ``look_last``, the same when the points are shown the last level alone.
    """
    model = small_network()
    shown = [layer for layer in model.layers if layer.name.endswith("_shown")]
    if name in ("look", "look_last"):
        for layer in [s for s in shown if s.name != "level3_shown"] if name == "look_last" else []:
            layer.kernel.assign(np.zeros(layer.kernel.shape))  # says nothing, and learns nothing
            layer.trainable = False
        return model
    levels = [model.get_layer(f"level{i}_shown").input for i in range(4)]
    if name == "last":
        code = cell(levels[3])
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


def calibrate(rounds: int = 3) -> dict[str, float]:
    """Seconds of processor time a step of each network takes: the median of rounds in which each has its turn."""
    train = datasets.procedural(RECIPE, progress=False).split("train")
    found = {name: [] for name in NETWORKS}
    for _ in range(rounds):
        for name, times in found.items():
            spent = []
            for steps in (20, 80):  # both trace and warm up
                start = time.process_time()
                training.fit(network(name), train, steps=steps, every=steps, progress=False)
                spent.append(time.process_time() - start)
            times.append((spent[1] - spent[0]) / 60)
    return {name: float(np.median(times)) for name, times in found.items()}


def train(task: dict, steps: dict[str, int], folder: Path | None) -> dict:
    data, name = datasets.procedural(RECIPE, progress=False), task["network"]
    keras.utils.set_random_seed(task["seed"])
    model = network(name)
    history = training.fit(model, data.split("train"), steps=steps[name], validation=data.split("validation"),
                           seed=task["seed"], every=steps[name] // 5, progress=False)  # fmt: skip
    tests = {"test": data.split("test")} | ({"real": datasets.mesh_folder(folder)} if folder else {})
    scores = {key: training.validate(model, test) for key, test in tests.items()}
    curves = {key: [row[key] for row in history] for key in ("step", "loss", "validation")}
    return scores | {"steps": steps[name], "parameters": model.count_params(), "curves": curves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    parser.add_argument("--seconds", type=float, default=40, help="of processor time, for each training")
    options = parser.parse_args()
    datasets.procedural(RECIPE)
    if LOG.exists():
        seconds = json.loads(LOG.read_text())["seconds_a_step"]
    else:
        with ProcessPoolExecutor(1, get_context("spawn"), initializer=one_core) as pool:
            seconds = {name: round(value, 5) for name, value in pool.submit(calibrate).result().items()}
    steps = {name: round(options.seconds / value) for name, value in seconds.items()}
    tasks = [{"network": name, "seed": seed} for seed in range(4) for name in NETWORKS]
    about = {"seconds": options.seconds, "seconds_a_step": seconds, "loss": "Chamfer-L1"}
    run_all(train, tasks, LOG, about, options.jobs, steps, options.shapes)


if __name__ == "__main__":
    main()

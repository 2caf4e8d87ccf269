"""Which decoder makes the best points of a code, at equal time; and in which frame: the object's or the viewer's.

    python benchmarks/decoders.py [--shapes FOLDER] [--jobs 1] [--seconds 60]

Five decoders behind the same encoder, three seeds each, every training as many steps as fit in ``--seconds`` of one
core by the step's processor time, measured before all else, in turns. Then two of them once more with the targets in
the object's frame. Rows go to `decoders.json` one by one; a run that was stopped goes on. Scores are Chamfer-L1, on
test shapes, on styles and kinds kept from training, and on real meshes. Twenty-one rows, half an hour on one core.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from recon3d_lite import datasets, shapes, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
from keras import layers
from runs import calibrate, run_all, small_network

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(per_category=300, assemblies=2400)  # as in `search.py`
KEPT = datasets.Recipe(per_category=40, assemblies=0, views=1, styles="held_out",
                       categories=tuple(name for name, styles in shapes.HELD_OUT.items() if styles))  # fmt: skip
DECODERS = ("connected", "folding", "upconvolution", "queries", "look")


def folded(code: keras.KerasTensor, rows: int, columns: int, width: int = 128) -> keras.KerasTensor:
    """A square sheet of rows x columns points, bent twice by a small network that knows the code.

    Yang et al., "FoldingNet", CVPR 2018.
    """
    v, u = np.meshgrid(np.linspace(-0.5, 0.5, rows), np.linspace(-0.5, 0.5, columns), indexing="ij")
    sheet = np.stack([u, v], -1).reshape(1, -1, 2).astype("float32")
    sheet = keras.ops.zeros_like(code[:, :1, None]) + sheet

    def fold(x: keras.KerasTensor) -> keras.KerasTensor:
        told = layers.Reshape((1, width))(layers.Dense(width)(code))
        y = layers.ReLU()(layers.Add()([layers.Dense(width)(x), told]))
        return layers.Dense(3)(layers.Dense(width, activation="relu")(y))

    return fold(fold(sheet))


def upconvolved(code: keras.KerasTensor) -> keras.KerasTensor:
    """256 points from a map of 16 x 16 pixels, each with three numbers, and 256 from a fully connected layer.

    Fan, Su and Guibas, "A point set generation network", CVPR 2017, its two branches.
    """
    x = layers.Reshape((4, 4, 64))(layers.Dense(4 * 4 * 64, activation="relu")(code))
    for width in (48, 32):
        x = layers.Conv2DTranspose(width, 4, strides=2, padding="same", activation="relu")(x)
    mapped = layers.Reshape((256, 3))(layers.Conv2D(3, 3, padding="same")(x))
    return layers.Concatenate(axis=1)([mapped, layers.Reshape((256, 3))(layers.Dense(3 * 256)(code))])


class Queries(layers.Layer):
    """Learned vectors (count, width), the same for every picture: one for each point that is wanted."""

    def __init__(self, count: int, width: int) -> None:
        super().__init__()
        self.vectors = self.add_weight(shape=(1, count, width), initializer="random_normal", name="queries")

    def call(self, code: keras.KerasTensor) -> keras.KerasTensor:
        return self.vectors + keras.ops.zeros_like(code[:, :1, None])


def asked(code: keras.KerasTensor, cells: keras.KerasTensor, count: int = 512, width: int = 64) -> keras.KerasTensor:
    """Each of ``count`` query tokens looks at the picture's cells (B, n, n, C) by attention and says its point.

    Carion et al., "End-to-end object detection with transformers", ECCV 2020, with points for boxes.
    """
    n = cells.shape[1]
    memory = layers.Dense(width)(layers.Reshape((n * n, cells.shape[-1]))(cells))
    memory = layers.Add()([memory, Queries(n * n, width)(code)])  # where in the picture each cell is
    x = layers.Add()([Queries(count, width)(code), layers.Reshape((1, width))(layers.Dense(width)(code))])
    for _ in range(2):
        x = layers.Add()([x, layers.MultiHeadAttention(4, width // 4)(layers.LayerNormalization()(x), memory)])
        y = layers.Dense(2 * width, activation="relu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(width)(y)])
    return layers.Dense(3)(x)


def network(name: str) -> keras.Model:
    """`models.point_network` at the size of these benchmarks, with one of the `DECODERS` behind its code."""
    model = small_network()
    if name == "look":
        return model
    code, cells = model.get_layer("hidden1").output, model.get_layer("level2_shown").input
    if name == "connected":
        points = layers.Reshape((512, 3))(layers.Dense(3 * 512)(code))
    elif name == "folding":
        points = folded(code, 16, 32)
    elif name == "upconvolution":
        points = upconvolved(code)
    else:
        points = asked(code, cells)
    return keras.Model(model.input, points, name=name)


def train(task: dict, steps: dict[str, int], folder: Path | None) -> dict:
    def framed(data: datasets.ShapeSet) -> datasets.ShapeSet:
        return data if task["frame"] == "viewer" else replace(data, azimuth=np.zeros_like(data.azimuth))

    data, count = datasets.procedural(RECIPE, progress=False), steps[task["decoder"]]
    keras.utils.set_random_seed(task["seed"])
    model = network(task["decoder"])
    history = training.fit(model, framed(data.split("train")), steps=count, validation=framed(data.split("validation")),
                           seed=task["seed"], every=count // 5, progress=False)  # fmt: skip
    kept = framed(datasets.procedural(KEPT, progress=False))
    unseen = kept.category == kept.names.index("two_wheeler")  # the kind of which training sees no style
    sets = {"test": framed(data.split("test")), "styles": kept[~unseen], "kind": kept[unseen]}
    if folder:
        sets["real"] = framed(datasets.mesh_folder(folder))
    scores = {name: training.validate(model, some) for name, some in sets.items()}
    curves = {key: [row[key] for row in history] for key in ("step", "loss", "validation")}
    return scores | {"steps": count, "parameters": model.count_params(), "curves": curves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    parser.add_argument("--seconds", type=float, default=60, help="of processor time, for each training")
    options = parser.parse_args()
    for recipe in (RECIPE, KEPT):
        datasets.procedural(recipe)
    seconds = json.loads(LOG.read_text())["seconds_a_step"] if LOG.exists() else calibrate(network, DECODERS, RECIPE)
    steps = {name: round(options.seconds / value) for name, value in seconds.items()}
    tasks = [{"decoder": name, "frame": "viewer", "seed": seed} for seed in range(3) for name in DECODERS]
    tasks += [task | {"frame": "object"} for task in tasks if task["decoder"] in ("connected", "look")]
    about = {"seconds": options.seconds, "seconds_a_step": seconds, "loss": "Chamfer-L1"}
    run_all(train, tasks, LOG, about, options.jobs, steps, options.shapes)


if __name__ == "__main__":
    main()

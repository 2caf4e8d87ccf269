"""What more shapes, more views, more steps, more parameters and augmentation are worth.

    python benchmarks/scaling.py [--shapes FOLDER] [--jobs 1]

Thirty-five trainings of a network with two fifths of the shipped one's weights (or what a row names instead), on one
core each: two minutes a row, an hour and a half in all. Rows go to `scaling.json` one by one; a run that was stopped
goes on. Scores are Chamfer-L1 to 512 true points, in box diagonals: on the training pictures (``seen``), on 860 shapes
that training has not seen (``test``), on the same with the disturbances of `pipeline.augment` (``disturbed``), and,
with ``--shapes``, on real meshes as FOLDER/category/name.ply (``real``).
"""

import argparse
from dataclasses import replace
from pathlib import Path

from recon3d_lite import datasets, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from runs import run_all, small_network

from recon3d_lite import pipeline

LOG = Path(__file__).with_suffix(".json")
RECIPE = datasets.Recipe(**models.recipe())  # the shipped network's
MANY_VIEWS = datasets.Recipe(per_category=100, assemblies=600, views=8)
SIZES = {"half": (8, 16, 32, 48), "base": (16, 32, 64, 96), "double": (32, 64, 128, 192)}
DEFAULTS = {"shapes": 15_480, "views": 2, "steps": 1500, "width": "base", "augmented": True, "seed": 0}


def tasks() -> list[dict]:
    """The rows: each departs from `DEFAULTS` in one or two things."""
    shapes = [125, 250, 500, 1000, 2000, 5000, 10_000, 15_480]
    found = [{"shapes": n, "seed": seed} for seed in (0, 1) for n in shapes]
    found += [{"shapes": n, "augmented": False, "seed": seed} for seed in (0, 1) for n in (500, 2000, 10_000)]
    found += [{"steps": n} for n in (375, 750, 3000, 6000)] + [{"shapes": 1000, "steps": 6000}]
    found += [{"width": width, "shapes": n} for width in ("half", "double") for n in (1000, 15_480)]
    pictures = ((250, 8), (500, 4), (1000, 2), (1000, 8))
    found += [{"shapes": n, "views": views, "set": "many views"} for n, views in pictures]
    return found


def subset(data: datasets.ShapeSet, count: int, views: int, seed: int) -> datasets.ShapeSet:
    """``count`` shapes drawn from a set, and their first views; a smaller draw is part of a larger one."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(data))[:count])
    data = data[chosen]
    return replace(data, pictures=data.pictures[:, :views], azimuth=data.azimuth[:, :views])


def disturbed(data: datasets.ShapeSet) -> datasets.ShapeSet:
    """The first picture of every shape as `pipeline.augment` disturbs it, not mirrored."""
    pictures, points = data.pictures[:, 0].astype(np.float32) / 255, data.in_view(2)
    moved, mirrored = pipeline.augment(tf.constant(pictures), tf.constant(points), tf.constant([0, 0], tf.int64))
    back = (mirrored[:, 0, 1].numpy() * points[:, 0, 1] < 0)[:, None, None, None]
    pictures = np.where(back, moved.numpy()[:, :, ::-1], moved.numpy())
    return replace(data, pictures=np.round(pictures * 255).astype(np.uint8)[:, None], azimuth=data.azimuth[:, :1])


def train(task: dict, folder: Path | None) -> dict:
    options = DEFAULTS | {k: v for k, v in task.items() if k != "set"}
    data = datasets.procedural(RECIPE, progress=False)
    source = datasets.procedural(MANY_VIEWS, progress=False) if "set" in task else data
    seed = options["seed"]
    few = subset(source.split("train"), options["shapes"], options["views"], seed)
    keras.utils.set_random_seed(seed)
    network = small_network(widths=SIZES[options["width"]])
    history = training.fit(network, few, steps=options["steps"], validation=data.split("validation")[::2], seed=seed,
                           augmented=options["augmented"], every=options["steps"] // 10, progress=False)  # fmt: skip
    test = data.split("test")
    tests = {"seen": few[:: max(1, len(few) // 860)], "test": test, "disturbed": disturbed(test)}
    tests |= {"real": datasets.mesh_folder(folder)} if folder else {}
    scores = {name: training.validate(network, each, losses.chamfer_l1) for name, each in tests.items()}
    curves = {key: [row[key] for row in history] for key in ("step", "loss", "validation")}
    return scores | {"parameters": network.count_params(), "minutes": history[-1]["minutes"], "curves": curves}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", type=Path, help="real meshes, as FOLDER/category/name.ply")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at once, one core each")
    options = parser.parse_args()
    for recipe in (RECIPE, MANY_VIEWS):
        datasets.procedural(recipe)
    about = {"defaults": DEFAULTS, "network": "small", "loss": "Chamfer-L1"}
    run_all(train, tasks(), LOG, about, options.jobs, options.shapes)


if __name__ == "__main__":
    main()

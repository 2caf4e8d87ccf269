"""What holds the shipped network back from the oracle? Two measurements that need no picture.

    python benchmarks/held_back.py [--steps 8000] [--json OUT]

- `oracle`: the error of the oracle over ever more of the training shapes. How many does it take to match the network?
- `shown`: a network that is *shown the answer*. It gets 256 points of the true surface instead of a picture, and has
  to give back 1,024, through a code of 256 numbers and with about as many parameters as the shipped network. Nothing is
  hidden from it, so what it lacks is not the picture's fault.

Both on the held-out shapes of seen styles. About 15 minutes on two cores.
"""

import argparse
import json
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, evaluation, losses, metrics, models, pipeline, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZES = (50, 150, 500, 1500, 5000)


def mean_error(clouds: np.ndarray, truth: np.ndarray) -> float:
    return float(np.mean([metrics.chamfer_l1(x, y) for x, y in zip(clouds, truth, strict=True)]))


def oracle_error(train: datasets.ShapeSet, test: datasets.ShapeSet) -> float:
    best = evaluation.oracle(train, test, progress=True)
    return mean_error(train.points[best][:, :1024], test.points[:, :1024])


def shown_network(points: int = 1024, code: int = 256) -> keras.Model:
    """Points in (any number of them), points out: PointNet (Qi et al., CVPR 2017) and a fully connected decoder."""
    x = shown = layers.Input((None, 3))
    for width in (64, 128, 256):
        x = layers.Dense(width, activation="relu")(x)
    x = layers.GlobalMaxPooling1D()(x)
    for width in (448, code, 448):
        x = layers.Dense(width, activation="relu")(x)
    x = layers.Dense(3 * points)(x)
    return keras.Model(shown, layers.Reshape((points, 3))(x), name="shown_network")


def train_shown(train: datasets.ShapeSet, steps: int) -> keras.Model:
    """As `training.fit` trains the shipped network, but from points."""
    keras.utils.set_random_seed(0)
    network = shown_network()
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - steps // 20, warmup_target=1e-3, warmup_steps=steps // 20
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)
    def update(points: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(losses.chamfer_l1(points[:, 256:], network(points[:, :256], training=True)))
        optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)
        return value

    values = []
    for _, points in pipeline.batches(train, steps=steps, points=256 + 512, augmented=False):
        values.append(update(points))
        if len(values) == steps // 20:
            print(f"loss {np.mean(values):.4f}", flush=True)
            values = []
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    data = datasets.procedural(datasets.Recipe(**models.recipe()))
    train, test = data.split("train"), data.split("test")
    truth = test.in_view(1024)

    network = train_shown(train, options.steps)
    shown = test.in_view(1024 + 256)[:, 1024:]  # not those that are compared with
    result = {
        "date": str(date.today()),
        "n": len(test),
        "shipped": mean_error(training.predict(models.load(), test), truth),
        "shown": {
            "steps": options.steps,
            "parameters": network.count_params(),
            "chamfer_l1": mean_error(network.predict(shown, verbose=0), truth),
        },
        "floor": mean_error(test.in_view(2048)[:, 1024:], truth),
    }
    order = np.random.default_rng(0).permutation(len(train))
    sets = {size: train[np.sort(order[:size])] for size in SIZES} | {len(train): train}
    result["oracle"] = [{"shapes": size, "chamfer_l1": oracle_error(some, test)} for size, some in sets.items()]
    rounded = json.loads(json.dumps(result), parse_float=lambda number: round(float(number), 5))
    print(json.dumps(rounded, indent=1))
    options.json.write_text(json.dumps(rounded, indent=1) + "\n")


if __name__ == "__main__":
    main()

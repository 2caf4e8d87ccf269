"""Time and peak memory of one forward and backward Chamfer loss, for the ways it is commonly written.

    python benchmarks/chamfer_loss.py [--batch 32] [--points 1024] [--runs 21]

Prints JSON: for each way the median and the least milliseconds of `runs` calls, and the megabytes that the peak of
the process rose by. Each way runs in a process of its own, on two threads, without XLA unless it says so.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

WAYS = ("broadcast", "product_min", "one_product", "two_products", "package", "package_xla", "tree")


def measure(way: str, batch: int, points: int, runs: int) -> dict[str, float]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from scipy.spatial import cKDTree

    from recon3d_lite import losses

    tf.config.threading.set_intra_op_parallelism_threads(2)

    def mean_of_minima(squared):
        return tf.reduce_mean(tf.reduce_min(squared, 2), 1) + tf.reduce_mean(tf.reduce_min(squared, 1), 1)

    def products(x, y):
        x2, y2 = (tf.reduce_sum(p * p, axis=-1) for p in (x, y))
        return x2[:, :, None] + y2[:, None] - 2 * tf.matmul(x, y, transpose_b=True)

    def between(x, y, nearest_y, nearest_x):
        to_y = tf.reduce_sum((x - tf.gather(y, nearest_y, batch_dims=1)) ** 2, axis=-1)
        to_x = tf.reduce_sum((y - tf.gather(x, nearest_x, batch_dims=1)) ** 2, axis=-1)
        return tf.reduce_mean(to_y, axis=1) + tf.reduce_mean(to_x, axis=1)

    def broadcast(x, y):
        return mean_of_minima(tf.reduce_sum((x[:, :, None] - y[:, None]) ** 2, axis=-1))

    def product_min(x, y):
        return mean_of_minima(products(x, y))

    def one_product(x, y):
        squared = products(x, y)
        return between(x, y, tf.argmin(squared, 2), tf.argmin(squared, 1))

    def two_products(x, y):
        def search(x, y):
            x1 = tf.concat([x, tf.ones_like(x[..., :1])], axis=-1)
            y1 = tf.concat([y, -tf.reduce_sum(y * y, axis=-1, keepdims=True) / 2], axis=-1)
            return tf.argmax(tf.matmul(x1, y1, transpose_b=True), axis=-1)

        return between(x, y, search(x, y), search(y, x))

    def tree(x, y):
        def search(x, y):
            return np.stack([cKDTree(b).query(a)[1] for a, b in zip(x, y, strict=True)])

        nearest = [tf.numpy_function(search, pair, tf.int64) for pair in ((x, y), (y, x))]
        return between(x, y, *(tf.ensure_shape(index, x.shape[:2]) for index in nearest))

    loss = {
        "broadcast": broadcast,
        "product_min": product_min,
        "one_product": one_product,
        "two_products": two_products,
        "package": losses.chamfer_distance,
        "package_xla": losses.chamfer_distance,
        "tree": tree,
    }[way]

    @tf.function(jit_compile=way.endswith("_xla"))
    def step(x, y):
        with tf.GradientTape() as tape:
            tape.watch(y)
            value = loss(x, y)
        return value, tape.gradient(value, y)

    # Spheres: points on a surface, as in training.
    x, y = np.random.default_rng(0).normal(size=(2, batch, points, 3)).astype(np.float32)
    x, y = (tf.constant(p / (2 * np.linalg.norm(p, axis=-1, keepdims=True))) for p in (x, y))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        value, gradient = step(x, y)
        gradient.numpy()
        seconds.append(time.perf_counter() - start)
    kibi = 1 if sys.platform == "linux" else 1024  # macOS counts bytes
    return {
        "median_ms": round(1000 * float(np.median(seconds[1:])), 1),  # the first call traces
        "least_ms": round(1000 * min(seconds[1:]), 1),
        "peak_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / kibi / 1000),
        "loss": round(float(value[0]), 6),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--points", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--way", choices=WAYS, help="measure only this one, in this process")
    arguments = vars(parser.parse_args())
    way = arguments.pop("way")
    if way:
        print(json.dumps(measure(way, **arguments)))
    else:
        options = [f"--{name}={value}" for name, value in arguments.items()]
        command = [sys.executable, __file__, *options, "--way"]
        outputs = {way: subprocess.check_output([*command, way], stderr=subprocess.DEVNULL) for way in WAYS}
        print(json.dumps({way: json.loads(output) for way, output in outputs.items()}, indent=2))

"""How small and how fast the network becomes, and what that costs: formats, pruning, smaller networks.

    python benchmarks/real_time.py [--folder _build/real_time]

Thirteen trainings on one core, half an hour in all, then every variant is converted with LiteRT, scored and timed.
Trained networks stay in the folder, so a run that was stopped goes on. All times are of one picture on one core, in
milliseconds: rounds in which each variant has its turn, the first calls of a turn not counted.

Errors are Chamfer-L1 to 1,024 true points of 640 shapes that no training has seen, in box diagonals.
"""

import argparse
import json
import os
import platform
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from recon3d_lite import datasets, losses, models, training  # first: silences TensorFlow

# isort: split
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from recon3d_lite.camera import to_viewer
from recon3d_lite.files import whole

LOG = Path(__file__).with_suffix(".json")
TRAIN = datasets.Recipe(per_category=300, assemblies=1200, views=1)  # the shipped network has seen these, too
TEST = datasets.Recipe(per_category=40, assemblies=80, views=1, seed=3)
SIZES = {
    "whole": {},
    "half": {"widths": (16, 32, 64, 80), "hidden": (192, 128), "features": 16, "local": 64},
    "quarter": {"widths": (8, 16, 32, 40), "hidden": (96, 64), "features": 8, "local": 32},
}
SPARSITIES = (0.5, 0.7, 0.8, 0.9, 0.95)
STEPS, MORE = 1500, 400  # of a training from scratch; after pruning
FORMATS = ("float32", "float16", "int8 weights", "int8")
ROUNDS, CALLS = 10, 60


class Masked(keras.constraints.Constraint):
    """Keeps weights at zero where the mask is, after every step."""

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = tf.constant(mask, tf.float32)

    def __call__(self, weights: tf.Tensor) -> tf.Tensor:
        return weights * self.mask


def pruned(sparsity: float) -> keras.Model:
    """The shipped network with the share ``sparsity`` of its kernels' weights, those nearest to zero, kept at zero."""
    model = models.load()
    kernels = [w for w in model.trainable_variables if len(w.shape) > 1]
    size = np.quantile(np.concatenate([np.abs(w.numpy()).ravel() for w in kernels]), sparsity)
    for w in kernels:
        w.constraint = Masked(np.abs(w.numpy()) > size)
        w.assign(w.constraint(w.value))
    return model


def convert(model: keras.Model, how: str, path: Path, examples: np.ndarray) -> bytes:
    """The network as LiteRT's file, for one picture (1, 64, 64, 4) at a time."""
    options = {} if how == "float32" else {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if how == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    if how == "int8":
        options["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
        options["representative_dataset"] = lambda: ([picture[None]] for picture in examples)
    picture = keras.InputSpec(shape=(1, *model.input_shape[1:]), dtype="float32")
    model.export(path, format="litert", input_signature=[picture], verbose=False, **options)
    return path.read_bytes()


def runner(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Calls a LiteRT file on one core: a picture (64, 64, 4) to points (N, 3)."""
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    told, asked = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def run(picture: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(told, picture[None])
        interpreter.invoke()
        return interpreter.get_tensor(asked)[0]

    return run


def timed(calls: dict[str, Callable], picture: np.ndarray) -> dict[str, list[float]]:
    """Milliseconds of each call: the median and the 95th percentile."""
    found = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            for i in range(CALLS + 10):
                start = time.perf_counter()
                call(picture)
                if i >= 10:
                    found[name].append(1000 * (time.perf_counter() - start))
    return {name: [round(float(np.percentile(ms, q)), 3) for q in (50, 95)] for name, ms in found.items()}


def trained(name: str, folder: Path, make: Callable[[], keras.Model], data: datasets.ShapeSet, **options) -> dict:
    """The network that ``make`` begins, trained, or as the folder has it; its arguments follow from its name."""
    path = folder / f"{name.replace(' ', '_')}.safetensors"
    size = name.split()[0]
    if not path.exists():
        keras.utils.set_random_seed(options.get("seed", 0))
        model = make()
        history = training.fit(model, data, every=options["steps"], progress=False, **options)
        models.save(model, path, SIZES.get(size, {}))
        print(name, history[-1], flush=True)
    return models.load(path)


def networks(folder: Path, data: datasets.ShapeSet) -> dict[str, keras.Model]:
    """Every network by its name: the shipped one, pruned, and smaller ones trained alike and on its answers."""
    shipped = models.load()
    found = {"shipped": shipped}
    for sparsity in SPARSITIES:
        found[f"pruned {sparsity}"] = pruned(sparsity)
        found[f"pruned {sparsity} tuned"] = trained(
            f"pruned {sparsity} tuned", folder, lambda s=sparsity: pruned(s), data, steps=MORE, learning_rate=3e-4
        )
    answers = to_viewer(training.predict(shipped, data), -data.azimuth[:, 0])
    taught = replace(data, points=answers)
    for size, arguments in SIZES.items():
        for seed in (0, 1):
            found[f"{size} {seed}"] = trained(
                f"{size} {seed}", folder, lambda a=arguments: models.point_network(**a), data, steps=STEPS, seed=seed
            )
        if size != "whole":
            found[f"{size} taught"] = trained(
                f"{size} taught", folder, lambda a=arguments: models.point_network(**a), taught, steps=STEPS
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("_build/real_time"), help="where networks are kept")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    data = datasets.procedural(TRAIN, progress=False).split("train")
    test = datasets.procedural(TEST, progress=False)
    pictures, truth = test.pictures[:, 0].astype(np.float32) / 255, test.in_view(1024)
    examples = data.pictures[::25, 0].astype(np.float32) / 255

    rows, calls = {}, {}
    for name, model in networks(folder, data).items():
        for how in FORMATS if name in ("shipped", "whole 0", "half 0", "quarter 0") else ("int8 weights",):
            content = convert(model, how, folder / "variant.tflite", examples)
            run = calls[f"{name}, {how}"] = runner(content)
            error = losses.chamfer_l1(truth, np.stack([run(picture) for picture in pictures]))
            rows[f"{name}, {how}"] = {
                "network": name, "format": how, "parameters": model.count_params(),
                "kb": len(content) / 1000, "zipped_kb": len(zlib.compress(content, 9)) / 1000,
                "error": round(float(np.mean(error)), 5),
            }  # fmt: skip
            print(rows[f"{name}, {how}"], flush=True)
    shipped = models.load()
    answer = models.compiled(shipped)
    calls["shipped, model()"] = lambda picture: shipped(picture[None], training=False).numpy()
    calls["shipped, compiled"] = lambda picture: answer(picture[None]).numpy()
    times = timed(calls, pictures[0])
    for name, (median, late) in times.items():
        rows.setdefault(name, dict(zip(("network", "format"), name.split(", "), strict=True)))
        rows[name] |= {"ms": median, "ms_95": late}
    head = {
        "date": str(date.today()), "processor": processor(), "examples": len(examples), "tests": len(test),
        "steps": STEPS, "more": MORE,
    }  # fmt: skip
    with whole(LOG) as partial:
        lines = ",\n  ".join(map(json.dumps, rows.values()))
        partial.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "rows": [\n  {lines}\n ]\n}}\n')


def processor() -> str:
    """What the machine calls its processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

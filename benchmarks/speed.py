"""The package beside what one would pick instead, side by side: pictures, the Chamfer loss, one answer.

    python -m pip install -r benchmarks/peers.txt     # the peers; a venv of its own is wise, torch is large
    python benchmarks/speed.py [--runs 15] [--json OUT]

Prints and writes, for each way, the median milliseconds, the peak of memory that it added, and the ratio to the
package's own time (above 1: the package is faster). Each way runs in a process of its own, in rounds, so that a slow
minute of the machine meets all of them. A peer that is not installed, or does not run here, is listed with the reason.

- picture: 64 x 64 pixels, 2 x 2 samples each, shaded, with alpha, two of each of 20 procedural meshes of 15 kinds, the
  scene set up anew for each mesh, on one core: a training set is made by a process a core. A peer whose silhouettes
  overlap the package's by less than 0.9 (intersection over union) drew something else and counts as failed.
- loss: Chamfer, squared, forward and backward, 32 pairs of 1,024 points, on all cores.
- answer: the shipped network's points for one picture.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


# --- pictures: a function of nothing that draws all the meshes -------------------------------------------------------


def scenes() -> list[tuple]:
    """Meshes with two cameras each."""
    from recon3d_lite import camera, shapes

    made = [shapes.make(shapes.CATEGORIES[i % len(shapes.CATEGORIES)], i).mesh for i in range(20)]
    azimuths = 0.3 * np.arange(40).reshape(20, 2)
    pairs = zip(made, azimuths, strict=True)
    views = [[camera.orbit(a, 0.4, 2.0).framed(mesh.vertices, 64) for a in pair] for mesh, pair in pairs]
    return list(zip(made, views, strict=True))


def picture_package() -> Callable:
    from recon3d_lite import render

    made = scenes()
    return lambda: [render.picture(mesh, cam) for mesh, pair in made for cam in pair]


def picture_open3d() -> Callable:
    import open3d

    def draw(mesh, pair):
        scene = open3d.t.geometry.RaycastingScene()
        vertices, faces = (open3d.core.Tensor(np.asarray(a, t)) for a, t in ((mesh.vertices, "f4"), (mesh.faces, "u4")))
        scene.add_triangles(vertices, faces)
        return [shaded(scene, cam) for cam in pair]

    def shaded(scene, cam):
        centre, directions = cam.rays(2)
        rays = np.concatenate([np.broadcast_to(centre, directions.shape), directions], 1).astype(np.float32)
        hit = scene.cast_rays(open3d.core.Tensor(rays))
        n, depth = hit["primitive_normals"].numpy(), hit["t_hit"].numpy()
        light = np.abs(n @ np.array([0.5, 0.35, 0.8], np.float32))
        inside = np.isfinite(depth)
        rgba = np.where(inside[:, None], np.stack([light, light, light, inside], 1), 0)
        return rgba.reshape(64, 2, 64, 2, 4).mean((1, 3))

    made = scenes()
    return lambda: [picture for mesh, pair in made for picture in draw(mesh, pair)]


def gl_camera(cam) -> np.ndarray:
    """Pose (4, 4) of the same camera in OpenGL's frame: y up, looking along -z."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = cam.R.T * (1, -1, -1), cam.centre
    return pose


def picture_pyrender() -> Callable:
    os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")
    np.infty = np.inf  # noqa: NPY201  (pyrender 0.1.45 was written for NumPy 1)
    import pyrender

    renderer = pyrender.OffscreenRenderer(128, 128)

    def draw(mesh, pair):
        scene = pyrender.Scene(bg_color=(0, 0, 0, 0), ambient_light=(0.3, 0.3, 0.3))
        scene.add(pyrender.Mesh.from_trimesh(mesh, smooth=False))
        return [shaded(scene, cam) for cam in pair]

    def shaded(scene, cam):
        K = 2 * cam.K
        seen_by = pyrender.IntrinsicsCamera(K[0, 0], K[1, 1], K[0, 2], K[1, 2])
        nodes = [scene.add(thing, pose=gl_camera(cam)) for thing in (seen_by, pyrender.DirectionalLight(intensity=3.0))]
        rgb, depth = renderer.render(scene, flags=pyrender.RenderFlags.SKIP_CULL_FACES)
        for node in nodes:
            scene.remove_node(node)
        rgba = np.dstack([rgb[..., :3] / 255, depth > 0])
        return rgba.reshape(64, 2, 64, 2, 4).mean((1, 3))

    made = scenes()
    return lambda: [picture for mesh, pair in made for picture in draw(mesh, pair)]


def picture_pyvista() -> Callable:
    import pyvista

    plotter = pyvista.Plotter(off_screen=True, window_size=(128, 128))

    def draw(mesh, pair):
        plotter.clear_actors()
        plotter.add_mesh(pyvista.wrap(mesh), color="grey", smooth_shading=False, reset_camera=False, render=False)
        return [shaded(cam) for cam in pair]

    def shaded(cam):
        seen_by, forward = plotter.camera, cam.R[2]
        seen_by.position, seen_by.focal_point, seen_by.up = cam.centre, cam.centre + forward, -cam.R[1]
        seen_by.view_angle = np.degrees(2 * np.arctan(32 / cam.K[1, 1]))
        seen_by.SetWindowCenter(1 - cam.K[0, 2] / 32, cam.K[1, 2] / 32 - 1)
        plotter.render()  # a screenshot alone shows the first picture again
        rgba = plotter.screenshot(transparent_background=True, return_img=True) / 255
        return rgba.reshape(64, 2, 64, 2, 4).mean((1, 3))

    made = scenes()
    return lambda: [picture for mesh, pair in made for picture in draw(mesh, pair)]


# --- the loss: a function of nothing that returns value and gradient -------------------------------------------------


def pairs() -> tuple[np.ndarray, np.ndarray]:
    """Spheres: points on a surface, as in training."""
    x, y = np.random.default_rng(0).normal(size=(2, 32, 1024, 3)).astype(np.float32)
    return tuple(p / (2 * np.linalg.norm(p, axis=-1, keepdims=True)) for p in (x, y))


def _tensorflow(loss: Callable) -> Callable:
    import tensorflow as tf

    x, y = map(tf.constant, pairs())

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            tape.watch(y)
            value = loss(x, y)
        return value, tape.gradient(value, y)

    return lambda: [part.numpy() for part in step()]


def loss_package() -> Callable:
    from recon3d_lite import losses

    return _tensorflow(losses.chamfer_distance)


def loss_tf_graphics() -> Callable:
    from tensorflow_graphics.nn.loss import chamfer_distance

    return _tensorflow(chamfer_distance.evaluate)


def loss_torch() -> Callable:
    import torch

    x, y = map(torch.from_numpy, pairs())
    y.requires_grad_()

    def step():
        y.grad = None
        squared = torch.cdist(x, y) ** 2
        value = squared.min(2).values.mean(1) + squared.min(1).values.mean(1)
        value.sum().backward()
        return value.detach().numpy(), y.grad.numpy()

    return step


# --- one answer ------------------------------------------------------------------------------------------------------


def answer_package() -> Callable:
    from recon3d_lite import models

    answer, picture = models.compiled(models.load()), np.zeros((1, 64, 64, 4), np.float32)
    return lambda: answer(picture).numpy()


def answer_predict() -> Callable:
    from recon3d_lite import models

    network, picture = models.load(), np.zeros((1, 64, 64, 4), np.float32)
    return lambda: network.predict(picture, verbose=0)


def answer_call() -> Callable:
    from recon3d_lite import models

    network, picture = models.load(), np.zeros((1, 64, 64, 4), np.float32)
    return lambda: network(picture, training=False).numpy()


WAYS = {
    "picture": (picture_package, picture_open3d, picture_pyrender, picture_pyvista),
    "loss": (loss_package, loss_tf_graphics, loss_torch),
    "answer": (answer_package, answer_predict, answer_call),
}


def check(drawn: list[np.ndarray]) -> None:
    """Raises RuntimeError if these are not the pictures that the package draws."""
    covered = [np.stack(pictures)[..., 3] for pictures in (picture_package()(), drawn)]
    overlap = np.minimum(*covered).sum((1, 2)) / np.maximum(*covered).sum((1, 2))
    if overlap.min() < 0.9:
        raise RuntimeError(f"silhouettes overlap those of the package by only {overlap.min():.2f}")


def measure(way: Callable, runs: int) -> dict:
    """Milliseconds of each run, after two that warm up, and the megabytes by which the first raised the peak."""
    task = way.__name__.split("_")[0]
    if task == "picture" and hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    call = way()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        found = call()
        times.append(1000 * (time.perf_counter() - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if task == "picture":
        check(found)
    return {"ms": times[2:], "mb": peak / (1000 if sys.platform == "linux" else 1_000_000)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--way", help=argparse.SUPPRESS)  # measure only this one, in this process
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(globals()[options.way], options.runs)))
        return
    result = {"date": str(date.today()), "cores": os.cpu_count()}
    for task, ways in WAYS.items():
        found = {way.__name__.removeprefix(f"{task}_"): {"ms": [], "mb": 0.0} for way in ways}
        for _ in range(options.rounds):
            for name, row in found.items():
                command = [sys.executable, __file__, "--runs", str(options.runs), "--way", f"{task}_{name}"]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    found[name] = row = {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
                if "failed" not in row:
                    figures = json.loads(done.stdout.splitlines()[-1])
                    row["ms"] += figures["ms"]
                    row["mb"] = max(row["mb"], figures["mb"])
        measured = {name: float(np.median(row["ms"])) for name, row in found.items() if "ms" in row}
        each = 2 * len(scenes()) if task == "picture" else 1
        result[task] = {name: {"failed": row["failed"]} for name, row in found.items() if "failed" in row}
        for name, ms in measured.items():
            ratio = ms / measured["package"]
            result[task][name] = {"ms": round(ms / each, 2), "mb": round(found[name]["mb"]), "ratio": round(ratio, 2)}
        print(task, json.dumps(result[task], indent=1), flush=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

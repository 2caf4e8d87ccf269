"""Which signs of trouble know an answer's error? Photographs with truth, some spoilt, and all signs of trouble.

    python benchmarks/unattended.py                               # about two minutes on one core

Each of 240 made-up photographs shows an object of a held-out style on a plain or a photographed ground. Four in ten
are spoilt: the object is cut off by the picture's side, there are two objects, the picture is blurred, or the object
is tiny. A row has the error of the unattended answer and of one with the true mask (Chamfer-L1 in box diagonals), the
found mask's intersection over union with the true one, and the signs: those of
`report.signs`, and those that were rejected. Of two objects the better fitting is the truth.
Rows go to `unattended.json`, in groups of twenty; a run that was stopped goes on.
"""

import io
import json
import os
import platform
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

from recon3d_lite import _quiet, camera, datasets, metrics, shapes  # noqa: F401

# isort: split
import cv2
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data

from recon3d_lite import report
from recon3d_lite.files import whole
from recon3d_lite.reconstruction import find_mask, reconstruct

LOG = Path(__file__).with_suffix(".json")
COUNT, SIDE = 240, 192
FAULTS = ("",) * 6 + ("cut off", "two objects", "blurred", "tiny")
GROUNDS = ("plain", "plain", "plain", "gravel", "brick", "grass")
KINDS = [name for name in shapes.CATEGORIES if shapes.HELD_OUT[name]]


def thing(rng, n):
    """A held-out shape's picture (n, n, 4), and 1,024 of its points in the viewer's frame."""
    name = KINDS[rng.integers(len(KINDS))]
    styles = shapes.HELD_OUT[name]
    shape = shapes.make(name, datasets.UNSEEN + int(rng.integers(1_000_000)), styles[rng.integers(len(styles))])
    view = datasets.random_view(rng)
    return datasets.sample_shape(shape, view, n), camera.to_viewer(shape.sample(1024, rng)[0], view.azimuth)


def ground(kind, rng):
    """A surface (SIDE, SIDE, 3): smoothly lit, or photographed."""
    if kind == "plain":
        slope = np.linspace(-0.5, 0.5, SIDE)
        light = rng.normal(0, 0.1) * slope[:, None] + rng.normal(0, 0.1) * slope
        return rng.uniform(0.3, 0.95, 3) + light[..., None]
    i, j = rng.integers(0, 512 - SIDE, 2)
    texture = getattr(data, kind)()[i : i + SIDE, j : j + SIDE, None] / 255
    return rng.uniform(0.3, 0.8) * rng.uniform(0.8, 1.1, 3) + rng.uniform(0.3, 0.9) * (texture - texture.mean())


def photograph(i):
    """Number ``i``: the picture (SIDE, SIDE, 3) uint8, true masks, true clouds, fault and ground."""
    rng, fault = np.random.default_rng([i, 7]), FAULTS[i % len(FAULTS)]
    kind = GROUNDS[rng.integers(len(GROUNDS))]
    scene, masks, clouds = ground(kind, rng), [], []
    for k in range(2 if fault == "two objects" else 1):
        n = {"tiny": 24, "two objects": 88}.get(fault, int(rng.integers(96, 150)))
        picture, points = thing(rng, n)
        top, left = rng.integers(10, SIDE - n - 10), rng.integers(10, SIDE - n - 10)
        if fault == "two objects":
            left = 6 + 92 * k
        if fault == "cut off":  # three tenths of it
            left = rng.choice([-3 * n // 10, SIDE - 7 * n // 10])
        whole_scene = np.zeros((SIDE + 2 * n, SIDE + 2 * n, 4))
        whole_scene[n + top : 2 * n + top, n + left : 2 * n + left] = picture
        rgba = whole_scene[n:-n, n:-n]
        alpha = rgba[..., 3:]
        shadow = gaussian_filter(np.roll(alpha[..., 0], (n // 20, n // 14), (0, 1)), n / 20)[..., None]
        scene = alpha * rgba[..., :3] + (1 - alpha) * scene * (1 - rng.uniform(0, 0.4) * shadow)
        masks.append(alpha[..., 0] > 0.5)
        clouds.append(points)
    blur = 5 if fault == "blurred" else rng.uniform(0.3, 1.2)
    scene = gaussian_filter(scene, (blur, blur, 0)) + rng.normal(0, rng.uniform(0.005, 0.02), scene.shape)
    file = io.BytesIO()
    Image.fromarray((scene.clip(0, 1) * 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return np.asarray(Image.open(file)), masks, clouds, fault, kind


def rejected(result):
    """Signs that were tried and did not make it into `report.signs`, each the larger the more trouble."""
    mask, found = result.mask.astype(np.uint8), {}
    corners = (np.argwhere(mask)[:, None] + [[0, 0], [0, 1], [1, 0], [1, 1]]).reshape(-1, 2).astype(np.int32)
    found["ragged"] = 1 - mask.sum() / cv2.contourArea(cv2.convexHull(corners))  # of the pixels' corners
    found["another mask, mirrored"] = 1.0
    with suppress(ValueError):
        other = find_mask(result.picture[:, ::-1].copy())[:, ::-1]
        found["another mask, mirrored"] -= (result.mask & other).sum() / (result.mask | other).sum()
    # how strongly the picture changes away from the outline, over how strongly along it
    rgb = cv2.GaussianBlur(result.picture[..., :3], (0, 0), 1)
    change = np.linalg.norm([cv2.Sobel(rgb, cv2.CV_32F, *way) for way in ((1, 0), (0, 1))], axis=(0, -1))
    kernel = np.ones((3, 3), np.uint8)
    along, away = mask > cv2.erode(mask, kernel), cv2.dilate(mask, kernel, iterations=3) == 0
    found["faint outline"] = change[away].mean() / max(change[along].mean(), 1e-6)
    mirrored = reconstruct(result.picture[:, ::-1], mask=result.mask[:, ::-1]).points * [1, -1, 1]
    found["another answer, mirrored"] = metrics.chamfer_l1(result.points, mirrored)
    found["another answer, voxels"] = report.another_answer(result, "voxels")
    found["off the silhouette"] = off_silhouette(result.points, result.cutout[..., 3] > 0.5)
    return {name: round(float(value), 4) for name, value in found.items()}


def off_silhouette(points, mask):
    """One minus the best intersection over union of the points' silhouette with the mask, over cameras of training."""
    kernel, best = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)), 0.0
    for degrees in (-10, 5, 20, 35, 50):
        for distance in (1.6, 3.0):
            view = camera.orbit(0, np.radians(degrees), distance).framed(points, len(mask))
            column, line = np.floor(view.project(points)[0]).astype(int).clip(0, len(mask) - 1).T
            drawn = np.zeros(mask.shape, np.uint8)
            drawn[line, column] = 1
            drawn = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, kernel) > 0  # the gaps between points closed
            best = max(best, (drawn & mask).sum() / (drawn | mask).sum())
    return 1 - best


def row(i):
    picture, masks, clouds, fault, kind = photograph(i)
    told = {"i": i, "fault": fault, "ground": kind}
    try:
        result = reconstruct(picture)
    except ValueError as error:
        return told | {"failed": str(error)[:60]}
    errors = [metrics.chamfer_l1(result.points, cloud) for cloud in clouds]
    best = int(np.argmin(errors))
    exact = reconstruct(picture, mask=masks[best]).points
    iou = (result.mask & masks[best]).sum() / (result.mask | masks[best]).sum()
    told |= {"error": errors[best], "exact": metrics.chamfer_l1(exact, clouds[best]), "iou": float(iou)}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in told.items()} | {
        "signs": report.signs(result), "rejected": rejected(result)
    }  # fmt: skip


def main():
    log = json.loads(LOG.read_text()) if LOG.exists() else {"seconds": 0.0, "rows": []}
    rows, spent = log["rows"], log["seconds"]
    machine = f"one of {os.cpu_count()} cores, {platform.machine()}"
    while len(rows) < COUNT:
        start = time.process_time()
        rows += [row(i) for i in range(len(rows), min(len(rows) + 20, COUNT))]
        spent += time.process_time() - start
        print(len(rows), round(spent), flush=True)
        about = {"date": str(date.today()), "machine": machine, "seconds": round(spent, 1)}
        with whole(LOG) as partial:  # a line a row
            lines = ",\n  ".join(map(json.dumps, rows))
            partial.write_text(json.dumps(about, indent=1)[:-2] + f',\n "rows": [\n  {lines}\n ]\n}}\n')


if __name__ == "__main__":
    main()

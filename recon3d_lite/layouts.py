"""Other people's data as it comes: ModelNet, ShapeNet, and 3D-R2N2's pictures of ShapeNet.

Each reader takes the folder as it was unpacked and gives a `datasets.ShapeSet` in the book's frame: z up, the bounding
box centred, its diagonal 1. Nothing is downloaded; who may use these data for what, their authors say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import trimesh
from PIL import Image
from tqdm.auto import tqdm

from .camera import Camera, orbit
from .datasets import ShapeSet, load_mesh, random_view, sample_mesh

__all__ = ["SYNSETS", "modelnet", "r2n2_camera", "r2n2_renderings", "shapenet"]

SYNSETS = {
    "02691156": "airplane", "02828884": "bench", "02933112": "cabinet", "02958343": "car", "03001627": "chair",
    "03211117": "display", "03636649": "lamp", "03691459": "loudspeaker", "04090263": "rifle", "04256520": "sofa",
    "04379243": "table", "04401088": "telephone", "04530566": "watercraft",
}  # fmt: skip
"""The thirteen categories that papers on reconstruction from one picture use, by their WordNet numbers."""

# Where a model's mesh lies, and its forward, left and up: version 1 faces +x, version 2 -z (README of ShapeNetCore).
_AXES = {
    "model.obj": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "models/model_normalized.obj": np.array([[0, 0, -1.0], [-1, 0, 0], [0, 1, 0]]),
}
_MODELNET = "category/train/category_0001.off"
_METADATA = "rendering/rendering_metadata.txt"


def modelnet(
    folder: str | Path, split: str = "train", categories: Sequence[str] | None = None, *, views: int = 1,
    size: int = 64, points: int = 2048, seed: int = 0, progress: bool = False,
) -> ShapeSet:  # fmt: skip
    """The ``"train"`` or ``"test"`` split of ModelNet10 or ModelNet40: ``folder/category/train/category_0001.off``.

    Many of the files have their first two lines glued together (``OFF490 518 0``); they are read all the same. The
    meshes have z up and are taken as they are. ModelNet40's do not all face the same way, so x is not always forward.
    Pictures are drawn as by `datasets.mesh_folder`, from views that depend on ``seed`` and on the file's place in
    sorted order. Raises FileNotFoundError or ValueError naming the file or folder and what is accepted.
    """
    folder = _folder(folder, _MODELNET)
    if split not in ("train", "test"):
        raise ValueError(f"split: {split!r}; ModelNet has train and test")
    found = {f.name: f.name for f in folder.iterdir() if (f / "train").is_dir() or (f / "test").is_dir()}
    files = []
    for name in _chosen(found, categories, folder, _MODELNET):
        where = _folder(folder / name / split, f"the {split} split, as {name}_0001.off")
        files += [(file, name) for file in sorted(where.glob("*.off"))]
    if not files:
        raise ValueError(f"{folder}: no .off files in the {split} split; it must hold {_MODELNET}")
    return _set(files, _drawn(load_mesh, views, size, seed), points, seed, progress)


def shapenet(
    folder: str | Path, categories: Sequence[str] | None = None, *, count: int | None = None, views: int = 1,
    size: int = 64, points: int = 2048, seed: int = 0, progress: bool = False,
) -> ShapeSet:  # fmt: skip
    """ShapeNetCore: ``folder/synset/model/model.obj`` (version 1) or ``.../model/models/model_normalized.obj`` (2).

    ``categories`` are names or WordNet numbers (default: all), ``count`` the number of models of each (the first in
    sorted order). A category is called as in `SYNSETS`, else as in ``folder/taxonomy.json``, else by its number. A
    model without a mesh is left out. y is up in the files; version 1 faces +x, version 2 -z (whose README says that 1
    is mirrored). Both are turned to x forward, z up. This is one set: split it by shape. Views and errors: `modelnet`.
    """
    files = _models(folder, categories, count, tuple(_AXES))
    return _set(files, _drawn(_load_turned, views, size, seed), points, seed, progress)


def r2n2_renderings(
    folder: str | Path, shapenet: str | Path, categories: Sequence[str] | None = None, *, count: int | None = None,
    views: int = 24, size: int = 64, points: int = 2048, seed: int = 0, progress: bool = False,
) -> tuple[ShapeSet, list[list[Camera]]]:  # fmt: skip
    """3D-R2N2's ``folder/synset/model/rendering/00.png``, and the meshes they show, from ``shapenet``, version 1.

    Returns the set and its cameras: ``cameras[i][v].project(data.points[i])`` falls on the object in
    ``data.pictures[i, v]``. Like all pictures of a set these are cropped to the object, by `Camera.framed`, and so are
    the cameras. Other arguments, and errors, as for `shapenet`.
    """
    cameras: list[list[Camera]] = []

    def read(i: int, file: Path) -> tuple[trimesh.Trimesh, list[np.ndarray], list[float]]:
        model, names, lines = file.parents[1], _lines(file.with_name("renderings.txt")), _lines(file)
        if min(len(names), len(lines)) < views:
            raise ValueError(f"{file}: {min(len(names), len(lines))} views, {views} wanted; give views=")
        source = Path(shapenet) / model.parent.name / model.name / "model.obj"
        mesh = _load_turned(source)
        turned = trimesh.load(source, force="mesh", process=False).vertices @ _AXES["model.obj"].T
        scale = np.ptp(turned, axis=0).max() / np.ptp(mesh.vertices, axis=0).max()
        centre = turned[0] - scale * mesh.vertices[0]  # turned = scale * mesh + centre
        pictures, seen = [], []
        for name, line in zip(names[:views], lines, strict=False):
            pixels = _pixels(file.with_name(name))
            try:
                cam = r2n2_camera(line, pixels.shape[1], pixels.shape[0])
            except ValueError as error:
                raise ValueError(f"{file}: {error}") from error
            cam = replace(cam, t=(cam.R @ centre + cam.t) / scale)
            seen.append(cam.framed(mesh.vertices, size))
            pictures.append(_cropped(pixels, seen[-1].K @ np.linalg.inv(cam.K), size))
        cameras.append(seen)
        return mesh, pictures, [np.arctan2(cam.centre[1], cam.centre[0]) for cam in seen]

    return _set(_models(folder, categories, count, (_METADATA,)), read, points, seed, progress), cameras


def r2n2_camera(line: str, width: int = 137, height: int = 137) -> Camera:
    """The camera of a line of ``rendering_metadata.txt``, in ShapeNet's units with the axes turned to the book's.

    The line holds azimuth, elevation and in-plane rotation in degrees, the distance as a share of 1.75, and a field of
    view. 3D-R2N2's renderer turned the camera by minus the azimuth and left the field of view alone: its lens had
    35 mm before a sensor of 32 mm, 49 degrees, whatever the line says.

    >>> r2n2_camera("90 0 0 0.8 25").centre.round(6).tolist()
    [0.0, -1.4, 0.0]
    """
    try:
        azimuth, elevation, roll, distance, _ = map(float, line.split())
    except ValueError:
        raise ValueError(f"{line!r}: not azimuth, elevation, in-plane rotation, distance, field of view") from None
    azimuth, elevation, roll = np.radians([azimuth, elevation, roll])
    cam = orbit(-azimuth, elevation, 1.75 * distance, 2 * np.arctan(16 / 35), width, height)
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return replace(cam, R=turn @ cam.R, t=turn @ cam.t)


def _folder(folder: str | Path, holds: str) -> Path:
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give one that holds {holds}")
    return Path(folder)


def _chosen(found: dict[str, str], categories: Sequence[str] | None, folder: Path, holds: str) -> dict[str, str]:
    """Of the categories found, folder to name, those asked for by either."""
    if not found:
        raise ValueError(f"{folder}: no categories found; it must hold {holds}")
    unknown, names = sorted(set(categories or ()) - set(found) - set(found.values())), sorted(found.values())
    if unknown:
        raise ValueError(f"categories: {', '.join(unknown)} not in {folder}; it has {', '.join(names)}")
    return {f: n for f, n in sorted(found.items()) if categories is None or {f, n} & set(categories)}


def _models(
    folder: str | Path, categories: Sequence[str] | None, count: int | None, inside: tuple[str, ...]
) -> list[tuple[Path, str]]:
    """In ``folder/synset/model`` the first file of each model that is one of ``inside``, with the category's name."""
    holds = " or ".join(f"synset/model/{name}" for name in inside)
    folder, names = _folder(folder, holds), dict(SYNSETS)
    if (folder / "taxonomy.json").is_file():
        try:
            for entry in json.loads((folder / "taxonomy.json").read_text()):
                names.setdefault(entry["synsetId"], entry["name"].split(",")[0])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{folder / 'taxonomy.json'}: not a list of synsetId and name ({error!r})") from error
    found = {f.name: names.get(f.name, f.name) for f in folder.iterdir() if f.is_dir() and f.name.isdigit()}
    files = []
    for synset, name in _chosen(found, categories, folder, holds).items():
        present = [[m / i for i in inside if (m / i).is_file()] for m in sorted((folder / synset).iterdir())]
        present = [paths[0] for paths in present if paths]
        if not present:
            raise ValueError(f"{folder / synset}: no models found; {folder} must hold {holds}")
        files += [(path, name) for path in present[:count]]
    return files


def _load_turned(file: Path) -> trimesh.Trimesh:
    mesh = load_mesh(file)
    axes = next(axes for inside, axes in _AXES.items() if file.as_posix().endswith(inside))
    return trimesh.Trimesh(mesh.vertices @ axes.T, mesh.faces, process=False)


def _drawn(load: Callable[[Path], trimesh.Trimesh], views: int, size: int, seed: int) -> Callable:
    def draw(i: int, file: Path) -> tuple[trimesh.Trimesh, list[np.ndarray], list[float]]:
        mesh, seen = load(file), [random_view(np.random.default_rng([seed, i, v])) for v in range(views)]
        return mesh, [np.round(sample_mesh(mesh, view, size) * 255) for view in seen], [v.azimuth for v in seen]

    return draw


def _set(files: list[tuple[Path, str]], shots: Callable, points: int, seed: int, progress: bool) -> ShapeSet:
    names, rows = tuple(dict.fromkeys(name for _, name in files)), []
    for i, (file, name) in enumerate(tqdm(files, desc="reading shapes", unit="shape", disable=not progress)):
        mesh, pictures, azimuths = shots(i, file)
        xyz = trimesh.sample.sample_surface(mesh, points, seed=np.random.default_rng([seed, i]))[0]
        rows.append((np.array(pictures, np.uint8), xyz, azimuths, names.index(name)))
    types = np.uint8, np.float32, np.float32, np.int16
    return ShapeSet(*(np.array(a, t) for a, t in zip(zip(*rows, strict=True), types, strict=True)), names)


def _lines(file: Path) -> list[str]:
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such file; it must hold one line a view")
    return file.read_text().strip().splitlines()


def _pixels(file: Path) -> np.ndarray:
    """A picture (H, W, 4), colours in [0, 255] multiplied by alpha in [0, 1]."""
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image, np.float32)
    except OSError as error:
        raise ValueError(f"{file}: could not be read as a picture ({error})") from error
    if pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(f"{file}: no alpha channel; accepted: a PNG whose transparency is the background")
    return np.concatenate([pixels[..., :3] * pixels[..., 3:] / 255, pixels[..., 3:] / 255], axis=-1)


def _cropped(pixels: np.ndarray, crop: np.ndarray, size: int) -> np.ndarray:
    """The picture (size, size, 4) in [0, 255] under an affine map (3, 3) of pixel coordinates."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV's pixel centres are whole numbers
    seen = cv2.warpAffine(pixels, (np.linalg.inv(half) @ crop @ half)[:2], (size, size))
    rgb, alpha = seen[..., :3], seen[..., 3:]
    rgb = np.divide(rgb, alpha, out=np.full_like(rgb, 255), where=alpha > 0)
    return np.round(np.concatenate([rgb, 255 * alpha], axis=-1)).clip(0, 255)

"""Pictures with the shapes they show: procedural sets, made once and kept, and folders of meshes.

A set is described by a `Recipe`. The same recipe gives the same arrays on any number of processes, because every
shape and every view draws its random numbers from its own seed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trimesh
from joblib import Parallel, delayed
from platformdirs import user_cache_path
from tqdm.auto import tqdm

from . import camera, render, shapes, solids

__all__ = ["Recipe", "Sample", "ShapeSet", "View", "camera_of", "example", "load_mesh", "mesh_files", "mesh_folder",
           "procedural", "random_view", "sample_mesh", "sample_shape", "shard"]  # fmt: skip

SPLITS = ("train", "validation", "test")
MESH_SUFFIXES = (".glb", ".obj", ".off", ".ply")
NEAR = 0.04  # how far from the surface, in diagonals, the places near it lie (standard deviation along each axis)
UNSEEN = 1_000_000_000  # a recipe's shapes have the seeds from a million times its own on
_STYLES = {"seen": shapes.SEEN, "held_out": shapes.HELD_OUT, "all": shapes.STYLES}
_ARRAYS = ("pictures", "points", "azimuth", "category", "number", "voxels", "places", "inside")


class View(NamedTuple):
    """How one picture is taken; angles in radians, distance in box diagonals, light as in `render.picture`."""

    azimuth: float
    elevation: float
    distance: float
    light: np.ndarray  # (3,)
    ambient: float
    colours: np.ndarray  # (8, 3), the colour of each part


class Sample(NamedTuple):
    """One picture with the shape it shows."""

    picture: np.ndarray  # (64, 64, 4) float32 in [0, 1]
    points: np.ndarray  # (N, 3) float32, in the viewer's frame
    category: str
    azimuth: float  # radians; `camera.to_viewer(points, -azimuth)` goes back to the object's frame


@dataclass(frozen=True)
class Recipe:
    """What a procedural set holds.

    ``per_category`` shapes of each of the ``categories`` and ``assemblies`` shapes that belong to none; ``views``
    pictures of ``size`` x ``size`` pixels of each; ``points`` surface points of each; with ``voxels``, a multiple of
    8, as many voxels a side for each picture, in the viewer's frame; with ``places``, a multiple of 16, as many places
    of each shape of which is known whether it occupies them. Of each category the ``styles`` are made that training
    may see (``"seen"``), those kept from it (``"held_out"``, `shapes.HELD_OUT`), or ``"all"``.

    >>> Recipe(per_category=10, assemblies=0).count
    140
    """

    per_category: int = 800
    assemblies: int = 6000
    categories: tuple[str, ...] = tuple(name for name in shapes.CATEGORIES if shapes.SEEN[name])
    styles: str = "seen"
    views: int = 2
    size: int = 64
    points: int = 2048
    voxels: int = 0
    places: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.categories) - set(shapes.ALL)
        if unknown:
            raise ValueError(f"categories: unknown {sorted(unknown)}; known are {', '.join(shapes.ALL)}")
        if self.styles not in _STYLES:
            raise ValueError(f"styles: {self.styles!r}; known are {', '.join(_STYLES)}")
        empty = [name for name in self.categories if not _STYLES[self.styles][name]]
        if empty:
            raise ValueError(f"categories: of {', '.join(empty)} no style is {self.styles}; leave out or take others")
        if self.count < 1 or min(self.per_category, self.assemblies) < 0:
            raise ValueError("per_category, assemblies: a set needs at least one shape")
        if not 0 <= self.seed < 1000 or max(self.per_category, self.assemblies) > 1_000_000:
            raise ValueError("seed, per_category, assemblies: seeds are 0 to 999, a category has at most a million")
        if min(self.views, self.size, self.points) < 1:
            raise ValueError("views, size, points: each must be at least 1")
        if self.voxels < 0 or self.voxels % 8:
            raise ValueError(f"voxels: {self.voxels}; accepted: 0 for none, or a multiple of 8")
        if self.places < 0 or self.places % 16:
            raise ValueError(f"places: {self.places}; accepted: 0 for none, or a multiple of 16")

    @property
    def names(self) -> tuple[str, ...]:
        """The categories with ``"assembly"`` last, if there are any."""
        return self.categories + (("assembly",) if self.assemblies else ())

    @property
    def count(self) -> int:
        """How many shapes."""
        return self.per_category * len(self.categories) + self.assemblies

    def place(self, i: int) -> tuple[int, int]:
        """Of the set's shape number ``i``: the index of its category in `names`, and its place in that category."""
        if i < self.per_category * len(self.categories):
            return divmod(i, self.per_category)
        return len(self.categories), i - self.per_category * len(self.categories)

    def shape(self, i: int) -> shapes.Shape:
        """The set's shape number ``i`` with its mesh, made anew.

        >>> Recipe(per_category=10).shape(25).category
        'bench'
        """
        c, place = self.place(i)
        name = self.names[c]
        allowed = _STYLES[self.styles][name] or shapes.STYLES[name]  # assemblies have no style held out
        rng = np.random.default_rng([self.seed, shapes.ALL.index(name), place, 0, 0])
        return shapes.make(name, self.seed * 1_000_000 + place, allowed[rng.integers(len(allowed))])

    def view(self, i: int, v: int) -> View:
        """How picture number ``v`` of the set's shape number ``i`` was taken."""
        c, place = self.place(i)
        return random_view(np.random.default_rng([self.seed, shapes.ALL.index(self.names[c]), place, v]))

    def key(self) -> str:
        """The name of the set's folder: a hash of the recipe and of the code that cooks it."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        here = Path(__file__).parent
        modules = [here / f"{name}.py" for name in ("camera", "datasets", "render", "solids")]
        for name in sorted([*here.glob("shapes/*.py"), *modules]):
            digest.update(name.read_bytes().replace(b"\r\n", b"\n"))
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class ShapeSet:
    """S shapes with V pictures each. Arrays may be memory-mapped: they are read, never written."""

    pictures: np.ndarray  # (S, V, H, W, 4) uint8 RGBA
    points: np.ndarray  # (S, N, 3) float32, in the object's frame
    azimuth: np.ndarray  # (S, V) float32, radians
    category: np.ndarray  # (S,) int16, index into `names`
    names: tuple[str, ...]
    number: np.ndarray | None = None  # (S,) int32, which shape of its recipe, or which file of its folder, each is
    voxels: np.ndarray | None = None  # (S, V, n, n, n // 8) uint8, 8 voxels along z a byte; see `occupancy`
    places: np.ndarray | None = None  # (S, Q, 3) float16, in the object's frame
    inside: np.ndarray | None = None  # (S, Q // 8) uint8, which places the shape occupies, 8 a byte

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: slice | np.ndarray) -> ShapeSet:
        """The shapes at ``index``: a slice, an array of indices or a mask (S,)."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        return replace(self, **{name: array[index] for name, array in arrays.items() if array is not None})

    def split(self, name: str) -> ShapeSet:
        """The shapes of one split: of every twenty shapes of a category, 18 train, one validates, one tests.

        Whole shapes are split, never views, and a shape's place in its category decides: a larger set of the same
        seed keeps every shape in the split where it was.
        """
        if name not in SPLITS:
            raise ValueError(f"split: {name!r}; known are {', '.join(SPLITS)}")
        place = np.zeros(len(self), int)
        for c in range(len(self.names)):
            place[self.category == c] = np.arange((self.category == c).sum())
        return self[np.flatnonzero(np.digitize(place % 20, [18, 19]) == SPLITS.index(name))]

    def in_view(self, points: int = 1024, view: int | np.ndarray = 0) -> np.ndarray:
        """The first ``points`` of every shape, (S, points, 3), in the viewer's frame of picture number ``view``."""
        return camera.to_viewer(self.points[:, :points], self.azimuth[np.arange(len(self)), view])

    def occupancy(self, view: int | np.ndarray = 0) -> np.ndarray:
        """Which voxels of `solids.grid` each shape occupies, (S, n, n, n) bool, in the frame of picture ``view``.

        Raises ValueError if the set has no voxels.
        """
        if self.voxels is None:
            raise ValueError("the set has no voxels; ask for them: Recipe(voxels=32)")
        return np.unpackbits(self.voxels[np.arange(len(self)), view], axis=-1).astype(bool)

    def asked(self, view: int | np.ndarray = 0) -> tuple[np.ndarray, np.ndarray]:
        """The places (S, Q, 3) in the frame of picture ``view``, and (S, Q) bool, which of them each shape occupies.

        Half of them lie anywhere in the cube, half near the surface. Raises ValueError if the set has none.
        """
        if self.places is None:
            raise ValueError("the set has no places; ask for them: Recipe(places=4096)")
        places = camera.to_viewer(np.asarray(self.places, np.float32), self.azimuth[np.arange(len(self)), view])
        return places, np.unpackbits(self.inside, axis=-1).astype(bool)

    def sample(self, i: int, view: int = 0) -> Sample:
        """Picture and shape number ``i`` as the network sees them: floats, in the viewer's frame."""
        azimuth = float(self.azimuth[i, view])
        return Sample(
            np.asarray(self.pictures[i, view], np.float32) / 255,
            camera.to_viewer(np.asarray(self.points[i]), azimuth),
            self.names[self.category[i]],
            azimuth,
        )


def random_view(rng: np.random.Generator) -> View:
    """A view from any side, 10 degrees below to 50 above the floor, with random light and colours."""
    light = np.array([1.0, 0.0, 0.4]) + rng.normal(0, 0.6, 3) * [0.6, 1, 1]
    base = rng.uniform(0.2, 0.95, 3)
    spread = rng.choice([0.0, 0.1, 0.4])  # one colour, shades of it, or each part its own
    return View(
        azimuth=float(rng.uniform(-np.pi, np.pi)),
        elevation=float(np.radians(rng.uniform(-10, 50))),
        distance=float(rng.uniform(1.4, 4.0)),
        light=light,
        ambient=float(rng.uniform(0.2, 0.6)),
        colours=(base + spread * rng.normal(size=(8, 3))).clip(0.05, 1),
    )


def camera_of(view: View, mesh: trimesh.Trimesh, size: int = 64) -> camera.Camera:
    """The camera, in the object's frame, of the picture that shows this mesh under a view."""
    return camera.orbit(view.azimuth, view.elevation, view.distance).framed(mesh.vertices, size)


def sample_shape(shape: shapes.Shape, view: View, size: int = 64) -> np.ndarray:
    """The picture (size, size, 4) float32 of a procedural shape under a view, framed as `Camera.framed` says."""
    return _picture(shape.mesh, view, size, shape.part)


def sample_mesh(mesh: trimesh.Trimesh, view: View, size: int = 64) -> np.ndarray:
    """The same for any mesh in the object's frame; it is drawn in one colour."""
    return _picture(mesh, view, size, None)


def _picture(mesh: trimesh.Trimesh, view: View, size: int, part: np.ndarray | None) -> np.ndarray:
    colours = view.colours[0] if part is None else view.colours
    lamp = {"light": view.light, "ambient": view.ambient}
    return render.picture(mesh, camera_of(view, mesh, size), colours=colours, part=part, **lamp)


def example(category: str, seed: int = 0, points: int = 1024) -> Sample:
    """One procedural shape with one picture, made on the spot; no training set of a recipe's seed < 1000 has it.

    >>> example("mug", seed=3).picture.shape
    (64, 64, 4)
    """
    shape = shapes.make(category, UNSEEN + seed)
    rng = np.random.default_rng([seed, shapes.ALL.index(category), 1])
    view = random_view(rng)
    xyz = camera.to_viewer(shape.sample(points, rng)[0], view.azimuth)
    return Sample(sample_shape(shape, view), xyz, category, view.azimuth)


# --- procedural sets --------------------------------------------------------------------------------------------


def _cook(recipe: Recipe, start: int, stop: int) -> dict[str, np.ndarray]:
    """The arrays of a set, for the shapes ``start`` to ``stop`` of a recipe."""
    rows = [_cook_one(recipe, i) for i in range(start, stop)]
    return {name: np.array([row[name] for row in rows], kind) for name, (_, kind) in _layout(recipe, 0).items()}


def _cook_one(recipe: Recipe, i: int) -> dict[str, np.ndarray]:
    c, place = recipe.place(i)
    seeds = [recipe.seed, shapes.ALL.index(recipe.names[c]), place]
    shape, views = recipe.shape(i), [recipe.view(i, v) for v in range(recipe.views)]
    row = {
        "pictures": [np.round(sample_shape(shape, v, recipe.size) * 255).astype(np.uint8) for v in views],
        "points": shape.sample(recipe.points, np.random.default_rng(seeds))[0],
        "azimuth": [v.azimuth for v in views],
        "category": c,
    }
    if recipe.voxels:
        row["voxels"] = _voxels(shape.mesh, row["azimuth"], recipe.voxels)
    if recipe.places:
        row["places"] = places = _places(shape.mesh, recipe.places, np.random.default_rng([*seeds, recipe.places, 0]))
        row["inside"] = np.packbits(solids.occupied(shape.mesh, places))
    return row


def _places(mesh: trimesh.Trimesh, n: int, rng: np.random.Generator) -> np.ndarray:
    """Places (n, 3) to ask about in training, half anywhere in the cube, half near the surface, shuffled."""
    near = trimesh.sample.sample_surface(mesh, n // 2, seed=rng)[0] + rng.normal(0, NEAR, (n // 2, 3))
    both = np.concatenate([near, rng.uniform(-0.5, 0.5, (n // 2, 3))])
    return rng.permutation(both).astype(np.float16)


def _voxels(mesh: trimesh.Trimesh, azimuths: Sequence[float], n: int) -> np.ndarray:
    """The voxels (V, n, n, n // 8) of a mesh as it stands before the viewer of each picture, packed."""
    centres = solids.grid(n).reshape(-1, 3)
    places = np.concatenate([camera.to_viewer(centres, -azimuth) for azimuth in azimuths])  # in the object's frame
    return np.packbits(solids.occupied(mesh, places).reshape(-1, n, n, n), axis=-1)


def procedural(recipe: Recipe, cache: str | Path | None = None, jobs: int = -1, progress: bool = True) -> ShapeSet:
    """The set of a recipe: read from the cache, or made (about 100 shapes a second on two cores) and kept there.

    ``cache`` is a folder (default: the environment's RECON3D_CACHE, else the user's cache folder); the set lies
    below it under `Recipe.key`. It is made under another name and renamed when whole, so a kill leaves no broken set.
    ``jobs`` processes make it, -1 being one a core. Where there are shards of the set (`shard`), they are joined.
    Raises FileNotFoundError if some are missing, and OSError if the folder can't be written.
    """
    folder = _folder(recipe, cache)
    if not folder.is_dir():
        counts = sorted(int(part.name.rpartition("-")[2]) for part in folder.parent.glob(f"{folder.name}.shard-*"))
        of = next((of for of in counts if not _missing(folder, of)), counts[0] if counts else 0)
        missing = ", ".join(f"{number}/{of}" for number in _missing(folder, of))
        if missing and not folder.is_dir():
            raise FileNotFoundError(
                f"{folder}: missing shards: {missing}; make each (python -m recon3d_lite data --shard 1/{of} and so "
                f"on, with the same numbers of shapes), or delete {folder.name}.shard-* to make the set here"
            )
        pieces = _joined(recipe, folder, of) if of else _cooked(recipe, 0, recipe.count, jobs)
        _keep(recipe, folder, recipe.count, pieces, progress)
    for part in folder.parent.glob(f"{folder.name}.shard-*"):
        shutil.rmtree(part, ignore_errors=True)
    return ShapeSet(**_read(recipe, folder), names=recipe.names, number=np.arange(recipe.count, dtype=np.int32))


def shard(
    recipe: Recipe, number: int, of: int, cache: str | Path | None = None, jobs: int = -1, progress: bool = True
) -> list[int]:
    """Makes shard ``number``, from 1, ``of`` so many of a recipe's set; returns the numbers of those still missing.

    This is for machines that share the folder ``cache``: each makes a shard, and once none is missing `procedural`
    joins them to what one process would have made, byte for byte. What is already there is not made again.
    """
    if not 1 <= number <= of:
        raise ValueError(f"shard: {number}/{of}; the first of four is 1/4, the last 4/4")
    folder = _folder(recipe, cache)
    part = _part(folder, number, of)
    if not folder.is_dir() and not part.is_dir():
        start, stop = (recipe.count * n // of for n in (number - 1, number))
        _keep(recipe, part, stop - start, _cooked(recipe, start, stop, jobs), progress)
    missing = _missing(folder, of)
    return [] if folder.is_dir() else missing  # asked last: shards disappear when the set is there


def _folder(recipe: Recipe, cache: str | Path | None) -> Path:
    return Path(cache or os.environ.get("RECON3D_CACHE") or user_cache_path("recon3d_lite")) / recipe.key()


def _part(folder: Path, number: int, of: int) -> Path:
    return folder.with_suffix(f".shard-{number}-of-{of}")


def _missing(folder: Path, of: int) -> list[int]:
    return [number for number in range(1, of + 1) if not _part(folder, number, of).is_dir()]


def _cooked(recipe: Recipe, start: int, stop: int, jobs: int) -> Iterator[dict[str, np.ndarray]]:
    chunks = [(i, min(i + 25, stop)) for i in range(start, stop, 25)]
    yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(_cook)(recipe, *chunk) for chunk in chunks)


def _joined(recipe: Recipe, folder: Path, of: int) -> Iterator[dict[str, np.ndarray]]:
    for number in range(1, of + 1):
        yield _read(recipe, _part(folder, number, of))


def _read(recipe: Recipe, folder: Path) -> dict[str, np.ndarray]:
    return {n: np.load(folder / f"{n}.npy", mmap_mode="r", allow_pickle=False) for n in _layout(recipe, 0)}


def _keep(recipe: Recipe, folder: Path, count: int, pieces: Iterator[dict[str, np.ndarray]], progress: bool) -> None:
    """Writes ``count`` shapes, which come in pieces, to a folder that appears whole or not at all."""
    root = folder.parent
    for left in root.glob("*.partial-*"):  # by a process that was killed
        with suppress(OSError):  # another process has just renamed it
            if time.time() - max(f.stat().st_mtime for f in [left, *left.iterdir()]) > 3600:
                shutil.rmtree(left, ignore_errors=True)
    partial = folder.with_suffix(f".partial-{uuid.uuid4().hex}")  # process numbers of two machines may be the same
    try:
        partial.mkdir(parents=True)
        _write(recipe, partial, count, pieces, progress)
        partial.rename(folder)
    except OSError as error:
        if not folder.is_dir():  # else another process made the same in the meantime
            raise OSError(f"{root}: the data set could not be written there ({error}); {_need(recipe)}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _need(recipe: Recipe) -> str:
    size = sum(np.prod(shape) * np.dtype(kind).itemsize for shape, kind in _layout(recipe, recipe.count).values()) / 1e6
    return f"it takes {size:.0f} MB; free some space or name another folder in RECON3D_CACHE"


def _layout(recipe: Recipe, n: int) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape and type of each array of a set of ``n`` shapes."""
    v, s = recipe.views, recipe.size
    layout = {"pictures": ((n, v, s, s, 4), np.uint8), "points": ((n, recipe.points, 3), np.float32),
              "azimuth": ((n, v), np.float32), "category": ((n,), np.int16)}  # fmt: skip
    if recipe.voxels:
        layout["voxels"] = ((n, v, recipe.voxels, recipe.voxels, recipe.voxels // 8), np.uint8)
    if recipe.places:
        layout |= {"places": ((n, recipe.places, 3), np.float16), "inside": ((n, recipe.places // 8), np.uint8)}
    return layout


def _write(recipe: Recipe, folder: Path, n: int, pieces: Iterator[dict[str, np.ndarray]], progress: bool) -> None:
    with ExitStack() as stack, tqdm(total=n, desc="making shapes", unit="shape", disable=not progress) as bar:
        files = {}
        for name, (shape, dtype) in _layout(recipe, n).items():
            files[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
            header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(files[name], header)
        # plain writes, not a memory map: on a full disk they raise OSError, where a map dies of SIGBUS
        for arrays in pieces:
            for name, array in arrays.items():
                files[name].write(np.ascontiguousarray(array).data)
            bar.update(len(arrays["category"]))
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))


# --- one's own meshes -------------------------------------------------------------------------------------------


def load_mesh(path: str | Path) -> trimesh.Trimesh:
    """A mesh file (OFF, OBJ, PLY, GLB) in the object's frame: box centred on the origin, box diagonal 1.

    glTF has y up and z forward, so a GLB is turned to the book's x forward, z up; other files are taken as they are.
    Raises ValueError naming the file if it is not such a mesh.
    """
    path = Path(path)
    if path.suffix.lower() not in MESH_SUFFIXES:
        raise ValueError(f"{path}: not a mesh file; accepted are {', '.join(MESH_SUFFIXES)}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        mesh = trimesh.load(path, force="mesh", process=False)
    except Exception as error:  # trimesh's parsers raise whatever they stumble on
        raise ValueError(f"{path}: could not be read as a {path.suffix[1:].upper()} mesh ({error})") from error
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise ValueError(f"{path}: it has no faces; a mesh needs triangles")
    if not np.isfinite(mesh.vertices).all():
        raise ValueError(f"{path}: some vertices are NaN or infinite; all coordinates must be finite")
    vertices = mesh.vertices[:, [2, 0, 1]] if path.suffix.lower() == ".glb" else mesh.vertices
    used = vertices[np.unique(mesh.faces)]
    low, high = used.min(0), used.max(0)
    diagonal = np.linalg.norm(high - low)
    if diagonal == 0 or mesh.area == 0:
        raise ValueError(f"{path}: all its faces are degenerate, so it has no surface")
    return trimesh.Trimesh((vertices - (low + high) / 2) / diagonal, mesh.faces, process=False)


def mesh_files(folder: str | Path) -> list[Path]:
    """The meshes ``folder/category/name.ply`` (or .off, .obj, .glb) in sorted order.

    Raises FileNotFoundError, or ValueError if there are none.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give one that holds category/name.ply")
    files = sorted(
        (f for f in folder.glob("*/*") if f.suffix.lower() in MESH_SUFFIXES),
        key=lambda f: f.relative_to(folder).parts,
    )
    if not files:
        raise ValueError(f"{folder}: no meshes found; it must hold category/name with {', '.join(MESH_SUFFIXES)}")
    return files


def mesh_folder(folder: str | Path, *, views: int = 1, size: int = 64, points: int = 2048, voxels: int = 0,
                seed: int = 0, progress: bool = False) -> ShapeSet:  # fmt: skip
    """A set from one's own meshes, in the layout ``folder/category/name.ply`` (or .off, .obj, .glb).

    Each is moved into the object's frame by `load_mesh` and seen from ``views`` seeded random views: which ones
    depends on ``seed`` and on the file's place in sorted order.
    """
    files = mesh_files(folder)
    names = tuple(sorted({f.parent.name for f in files}))
    pictures = np.empty((len(files), views, size, size, 4), np.uint8)
    xyz = np.empty((len(files), points, 3), np.float32)
    azimuth = np.empty((len(files), views), np.float32)
    solid = np.empty((len(files), views, voxels, voxels, voxels // 8), np.uint8)
    for i, file in enumerate(tqdm(files, desc="reading meshes", unit="mesh", disable=not progress)):
        mesh = load_mesh(file)
        xyz[i] = trimesh.sample.sample_surface(mesh, points, seed=np.random.default_rng([seed, i]))[0]
        for v in range(views):
            view = random_view(np.random.default_rng([seed, i, v]))
            pictures[i, v] = np.round(sample_mesh(mesh, view, size) * 255)
            azimuth[i, v] = view.azimuth
        if voxels:
            solid[i] = _voxels(mesh, azimuth[i], voxels)
    category = np.array([names.index(f.parent.name) for f in files], np.int16)
    number = np.arange(len(files), dtype=np.int32)
    return ShapeSet(pictures, xyz, azimuth, category, names, number, solid if voxels else None)

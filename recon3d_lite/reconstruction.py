"""From photographs to a shape: read the picture, find the object, cut it out, ask the network, keep the answer.

>>> import numpy as np
>>> picture = np.ones((120, 160, 3))
>>> picture[30:90, 50:100] = [0.8, 0.2, 0.1]
>>> rgba = load_picture(picture)
>>> mask = find_mask(rgba)
>>> int(mask.sum()), cut_out(rgba, mask).shape
(3000, (64, 64, 4))
"""

from __future__ import annotations

import functools
import io
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import cv2
import numpy as np
import trimesh
from numpy.typing import ArrayLike
from PIL import Image, ImageOps

from . import figures, solids
from .files import whole

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["Reconstruction", "cut_out", "find_mask", "load_picture", "reconstruct"]

MARGIN = 1.1  # side of the square around the object, over the longer side of its box; `Camera.framed` uses the same
SUFFIXES = (".ply", ".glb", ".html")
KINDS = ("points", "voxels", "mesh")
Picture = str | os.PathLike | BinaryIO | Image.Image | ArrayLike  # whatever `load_picture` reads
_FORMATS = "a picture file such as PNG, JPEG, WebP, TIFF or BMP"
_MIN_SIDE, _MAX_PIXELS = 8, 100_000_000


@dataclass(eq=False, repr=False)
class Reconstruction:
    """A reconstructed object, with what it was made from.

    Attributes:
        picture: (H, W, 4) float32, straight RGBA in [0, 1], upright.
        mask: (H, W) bool, where the object is in it.
        cutout: (64, 64, 4) float32, what the network saw.
        points: (N, 3) float32 in the viewer's frame: x towards the viewer, z up, unit: the box's diagonal.
        field: (n, n, n) float32 over the cube of side 1 around the frame's origin, above 0 where the object is; None
            if points were asked for.
        mesh: the closed surface of what is above 0, from which ``points`` are then drawn; else None.
    """

    picture: np.ndarray
    mask: np.ndarray
    cutout: np.ndarray
    points: np.ndarray
    field: np.ndarray | None = None
    mesh: trimesh.Trimesh | None = None

    @property
    def what(self) -> str:
        """In words, such as "1024 points"."""
        return f"{len(self.points)} points" if self.mesh is None else f"{len(self.mesh.faces)} triangles"

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return f"Reconstruction({self.what} from a picture of {width} x {height} pixels)"

    def show(self) -> go.Figure:
        """The picture, its background paled, beside the points or the surface to turn."""
        picture = self.picture.copy()
        picture[~self.mask, 3] *= 0.2
        shape = f"{self.what}, coloured by height" if self.mesh is None else f"the {self.what}"
        said = {
            "title": "One picture, and the shape made from it",
            "alt": f"A picture with its background paled; beside it {shape}, which are the shape reconstructed "
            "from it.",
            "picture": picture,
        }
        return figures.cloud(self.points, **said) if self.mesh is None else figures.mesh(self.mesh, **said)

    def save(self, path: str | os.PathLike, *, height: float | None = None, faces: int | None = None) -> None:
        """Save the shape; the ending says how. The file appears whole or not at all.

        - ``.ply``: the points or the surface as they are, binary.
        - ``.glb``: a model for 3D viewers, in glTF's frame (y up, front towards +z, metres). A bare point becomes a
          small octahedron, since viewers draw glTF's points one pixel wide.
        - ``.html``: the figure of :meth:`show` as a page that opens offline.

        Args:
            path: where to.
            height: of a ``.glb``, in metres: the model is made so high and stands on the floor, the middle of its
                box's base in the origin. None: 1 diagonal is 1 m, and the object's frame keeps its origin.
            faces: of a ``.glb`` with a surface: reduced to about so many triangles. Edges are collapsed, first those
                that move the surface least (Garland and Heckbert, "Surface simplification using quadric error
                metrics", SIGGRAPH 1997). Thin parts may open or meet. None: all triangles.

        Raises:
            ValueError: another ending, or a height or number of triangles that cannot be.
            OSError: the folder does not exist or cannot be written, or the disk is full.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise ValueError(
                f"{path}: cannot save as {suffix or 'a file without ending'!r}; accepted: {', '.join(SUFFIXES)}"
            )
        if suffix != ".glb" and (height, faces) != (None, None):
            raise ValueError(f"{path}: height and faces are for models in metres; accepted: with .glb")
        if suffix == ".html":
            return figures.save_html(self.show(), path)
        shape = self._model(height, faces) if suffix == ".glb" else self.mesh or trimesh.PointCloud(self.points)
        with whole(path) as partial:
            partial.write_bytes(shape.export(file_type=suffix[1:]))

    def _model(self, height: float | None, faces: int | None) -> trimesh.Trimesh:
        """What a ``.glb`` holds."""
        if height is not None and not (isinstance(height, Real) and 0 < height < np.inf and height is not True):
            raise ValueError(f"height: {height!r}; accepted: metres, a number above 0")
        if faces is not None and self.mesh is None:
            raise ValueError("faces: given for bare points; accepted: with a surface, of as_='mesh' or as_='voxels'")
        if faces is not None and not (isinstance(faces, Integral) and faces >= 4):
            raise ValueError(f"faces: {faces!r}; accepted: whole numbers from 4")
        mesh = self.mesh or _octahedra(self.points)
        if faces is not None and faces < len(mesh.faces):
            mesh = mesh.simplify_quadric_decimation(face_count=int(faces))
        return _for_viewers(mesh, height)


def reconstruct(
    picture: Picture | Sequence[Picture],
    *,
    as_: str = "points",
    azimuths: Sequence[float] | None = None,
    mask: ArrayLike | Sequence[ArrayLike] | None = None,
    box: Sequence[float] | None = None,
    weights: str | os.PathLike | None = None,
    resolution: int = 64,
) -> Reconstruction:
    """Reconstruct the object in one picture, or in several.

    Of several, a list, a network of its own makes points, in the viewer's frame of the first. The answer's picture,
    mask and cutout are the first's; which order the others have does not matter.

    Args:
        picture: as for :func:`load_picture`, or a list of such.
        as_: ``"points"``, ``"voxels"``, which have a closed surface, or ``"mesh"``, a smoother one.
        azimuths: of a list, where the camera of each stood, in degrees around the object, growing to its left (seen
            from above counterclockwise); only their differences matter. None: not known.
        mask: (H, W) of True and False (or 0 and 1, or 0 and 255): where the object is. Else it is found. Of a list
            of pictures a list.
        box: as for :func:`find_mask`; helps to find the object in a single picture.
        weights: a file that ``python -m recon3d_lite train`` wrote; None for the shipped one.
        resolution: of the mesh: in how many steps a side of the cube around the object is divided.

    Raises:
        ValueError, OSError: naming the file or argument, what was wrong with it and what is accepted.
    """
    if as_ not in KINDS:
        raise ValueError(f"as_: {as_!r}; accepted: {', '.join(map(repr, KINDS))}")
    if not (isinstance(resolution, int) and 8 <= resolution <= 512):
        raise ValueError(f"resolution: {resolution!r}; accepted: whole numbers from 8 to 512")
    if isinstance(picture, list | tuple):
        return _from_several(picture, as_, azimuths, mask, box, weights)
    if azimuths is not None:
        raise ValueError("azimuths: given for a single picture; accepted: with a list of pictures, one for each")
    found = _found(picture, mask, box)
    answer = np.asarray(_network(_path(weights), as_, resolution)(found[2][None]), np.float32)[0]
    if as_ == "points":
        return Reconstruction(*found, answer)
    if answer.max() <= 0:
        raise ValueError("picture: the network finds nothing solid in it; accepted: a picture of one object")
    surface = solids.surface(answer, 0.0)
    points, _ = trimesh.sample.sample_surface(surface, 1024, seed=np.random.default_rng(0))
    return Reconstruction(*found, points.astype(np.float32), answer, surface)


def _from_several(
    pictures: Sequence[Picture],
    as_: str,
    azimuths: Sequence[float] | None,
    masks: Sequence[ArrayLike] | None,
    box: Sequence[float] | None,
    weights: str | os.PathLike | None,
) -> Reconstruction:
    if not pictures:
        raise ValueError("picture: an empty list; accepted: one picture, or a list of one or more")
    if as_ != "points":
        raise ValueError(f"as_: {as_!r} of a list of pictures; accepted: 'points', or one picture")
    if box is not None:
        raise ValueError("box: given with a list of pictures; accepted: with one picture; give a list of masks instead")
    if masks is not None and len(masks) != len(pictures):
        raise ValueError(f"mask: {len(masks)} for {len(pictures)} pictures; accepted: a list, one for each")
    degrees = np.zeros(len(pictures)) if azimuths is None else np.asarray(azimuths)
    if degrees.shape != (len(pictures),) or degrees.dtype.kind not in "uif" or not np.isfinite(degrees).all():
        raise ValueError(f"azimuths: {azimuths} for {len(pictures)} pictures; accepted: a number of degrees for each")
    from .pipeline import turns  # brings TensorFlow, which takes seconds

    found = [_found(*pair, None) for pair in zip(pictures, masks or [None] * len(pictures), strict=True)]
    seen = np.stack([cutout for _, _, cutout in found])[None]
    network = _network(_path(weights), "views", 0)
    answer = network(seen, turns(np.radians(degrees)[None], known=azimuths is not None))
    return Reconstruction(*found[0], np.asarray(answer, np.float32)[0])


def _found(
    picture: Picture, mask: ArrayLike | None, box: Sequence[float] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture as RGBA, the object's mask and its cutout."""
    rgba = load_picture(picture)
    if mask is None:
        try:
            mask = find_mask(rgba, box=box)
        except ValueError as error:
            if not isinstance(picture, str | os.PathLike):
                raise
            raise ValueError(f"{os.fspath(picture)}: {str(error).removeprefix('picture: ')}") from error
    elif box is not None:
        raise ValueError("box: says where to look for the object, but mask already says where it is; give one of them")
    else:
        mask = _as_mask(mask, rgba.shape[:2])
    return rgba, mask, cut_out(rgba, mask)


def _path(weights: str | os.PathLike | None) -> str | None:
    return None if weights is None else os.fspath(weights)


@functools.lru_cache(maxsize=4)
def _network(weights: str | None, kind: str, resolution: int) -> Callable[[np.ndarray], ArrayLike]:
    from . import models  # brings TensorFlow, which takes seconds

    model = models.load(weights, kind)
    if models.kind(model) != kind:
        raise ValueError(f"weights: {weights} are of a {model.name}, which does not answer with {kind}")
    if kind == "mesh":
        return lambda cutouts: models.field(model, cutouts[0], resolution)[None]
    return models.compiled(model)


def load_picture(picture: Picture) -> np.ndarray:
    """Read a picture of any usual kind: (H, W, 4) float32, straight RGBA in [0, 1], turned upright.

    Args:
        picture: a file's path, an open binary file, a PIL image, or an array (H, W), (H, W, 1) grey,
            (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA: bool, floats in [0, 1], uint16, or other
            whole numbers from 0 to 255. At least 8 x 8 pixels, at most 100 megapixels. A camera's EXIF orientation
            is followed; of an animation the first picture is taken.

    Raises:
        FileNotFoundError, IsADirectoryError: the path leads to no file.
        ValueError: anything else that is no such picture, or is damaged.

    >>> load_picture(np.full((8, 8), 0.5))[0, 0].tolist()
    [0.5, 0.5, 0.5, 1.0]
    """
    if isinstance(picture, str | os.PathLike):
        path = Path(picture)
        if path.is_dir():
            raise IsADirectoryError(f"{path}: is a folder; accepted: {_FORMATS}")
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file; accepted: {_FORMATS}")
        if not path.stat().st_size:
            raise ValueError(f"{path}: the file is empty; accepted: {_FORMATS}")
        with path.open("rb") as file:
            return _decode(file, str(path))
    if isinstance(picture, io.IOBase):
        return _decode(picture, str(getattr(picture, "name", "picture")))
    if isinstance(picture, Image.Image):
        return _from_image(picture, "picture")
    return _from_array(np.asarray(picture), "picture")


def find_mask(rgba: np.ndarray, *, box: Sequence[float] | None = None) -> np.ndarray:
    """Where the object is: (H, W) bool.

    The picture's transparency says it, if it has any (alpha below one half somewhere). Else GrabCut does: it takes
    the colours at the border for the background's, and what differs from them for the object; of several pieces the
    largest is kept, with its holes. It cannot part two things of one colour: then give :func:`reconstruct` a mask.

    Source: Rother, Kolmogorov, Blake, "GrabCut": interactive foreground extraction using iterated graph cuts,
    SIGGRAPH 2004, as OpenCV implements it, on at most 256 x 256 pixels, seeded.

    Args:
        rgba: (H, W, 4) from :func:`load_picture`.
        box: (left, top, right, bottom) in pixels; the object is inside. Else all but a border of 4 %.

    Raises:
        ValueError: nothing was found, or the box is not in the picture.
    """
    height, width = rgba.shape[:2]
    seen_through = (rgba[..., 3] < 0.5).any()
    border = 0 if seen_through else 0.04
    left, top, right, bottom = _as_box(box, width, height, border)
    inside = np.zeros((height, width), bool)
    inside[top:bottom, left:right] = True
    if seen_through:
        mask = (rgba[..., 3] >= 0.5) & inside
        if not mask.any():
            raise ValueError("picture: transparent everywhere (in the box); accepted: an opaque object on transparency")
    else:
        # A margin around the box shows the background but keeps far-off things out.
        margin = max(right - left, bottom - top) // 4
        part = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
        mask = np.zeros((height, width), bool)
        mask[part] = _grab_cut(rgba[part][..., :3], inside[part])
        mask &= inside
    share = mask.sum() / inside.sum()
    if share < 0.001 or (box is None and share > 0.99):
        raise ValueError(
            f"picture: no object stands out from the background (found {100 * share:.1f} % of the picture); accepted: "
            "one object on a plain background, a transparent background, or a box or mask that says where it is"
        )
    return mask


def cut_out(rgba: np.ndarray, mask: np.ndarray, size: int = 64) -> np.ndarray:
    """The object alone, framed as the network knows it: (size, size, 4) float32, straight RGBA in [0, 1].

    The square is centred on the mask's box and 1.1 times its longer side long. Each pixel is a mean over its area,
    of alpha in the mask (1 there in a photograph), and of colour weighted by it; where alpha is 0 colour is white.
    A small object is enlarged linearly. Neither scale nor place in the picture matters.

    Args:
        rgba: (H, W, 4) from :func:`load_picture`.
        mask: (H, W) bool.
        size: pixels of a side.

    Raises:
        ValueError: the mask is of another shape, or empty, or lies where the picture is transparent.
    """
    mask = _as_mask(mask, rgba.shape[:2])
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    low = np.array([rows[0], columns[0]])
    extent = np.array([rows[-1], columns[-1]]) + 1 - low
    side = MARGIN * extent.max()
    inside = np.s_[low[0] : low[0] + extent[0], low[1] : low[1] + extent[1]]  # all that counts
    weighted = rgba[inside] * mask[inside][..., None]
    weighted[..., :3] *= weighted[..., 3:]
    if not weighted[..., 3].any():
        raise ValueError("mask: the picture is transparent all over it; accepted: a mask on something visible")
    down, across = (_area_weights(int(n), side, size) for n in extent)
    mean = np.einsum("ih,hwc,jw->ijc", down, weighted, across, optimize=True)
    alpha = mean[..., 3:]
    # Divided by alpha, colours at the edge are the object's own: the background does not shine through.
    colour = np.divide(mean[..., :3], alpha, out=np.ones_like(mean[..., :3]), where=alpha > 0)
    return np.concatenate([colour, alpha], -1).clip(0, 1).astype(np.float32)


def _area_weights(n: int, side: float, size: int) -> np.ndarray:
    """(size, n): the share of each of n pixels in each of ``size`` steps along ``side``, whose middle is theirs.

    A step narrower than a pixel averages over a pixel's width, which is linear interpolation.
    """
    step = side / size
    middle = n / 2 + step * (np.arange(size) + 0.5 - size / 2)
    half = max(step, 1) / 2
    edges = np.arange(n)
    overlap = np.minimum(middle[:, None] + half, edges + 1) - np.maximum(middle[:, None] - half, edges)
    return (overlap.clip(0) / (2 * half)).astype(np.float32)


def _grab_cut(rgb: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The largest piece that GrabCut finds ``inside`` (H, W) bool of ``rgb`` (H, W, 3): (H, W) bool."""
    if np.ptp(rgb, axis=(0, 1)).max() < 0.02:
        raise ValueError("picture: all one colour, so no object can be found; accepted: an object on a background")
    height, width = inside.shape
    scale = min(1, 256 / max(height, width))
    small = (max(3, round(width * scale)), max(3, round(height * scale)))
    pixels = (cv2.resize(rgb, small, interpolation=cv2.INTER_AREA) * 255).round().astype(np.uint8)
    labels = cv2.resize(inside.astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) * cv2.GC_PR_FGD
    labels[[0, -1]] = labels[:, [0, -1]] = cv2.GC_BGD  # GrabCut needs some background, even if the box leaves none
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(pixels, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    except cv2.error as error:  # fewer pixels than colours in its model
        raise ValueError("box: too narrow to tell an object from its background; accepted: a wider box") from error
    found = np.isin(labels, [cv2.GC_FGD, cv2.GC_PR_FGD]).astype(np.uint8)
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(found)
    if len(statistics) == 1:
        return np.zeros_like(inside)
    largest = pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()
    return cv2.resize(largest.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5


def _decode(file: BinaryIO, name: str) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            # Between its warning and its error lies our own limit.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(file)
    except Image.DecompressionBombError as error:
        size = str(error).partition(" exceeds")[0]  # PIL tells the size nowhere else
        raise ValueError(f"{name}: too large: {size}; accepted: at most 100 megapixels") from error
    except Exception as error:  # a damaged header can raise more than UnidentifiedImageError
        raise ValueError(f"{name}: not a picture that can be read; accepted: {_FORMATS}") from error
    with image:
        return _from_image(image, name)


def _from_image(image: Image.Image, name: str) -> np.ndarray:
    _check_size(*image.size, name)  # from the header, before anything is decoded
    try:
        image = ImageOps.exif_transpose(image)
        if image.mode[0] not in "IF":
            image = image.convert("RGBA")
        array = np.asarray(image)
    except Exception as error:  # PIL's decoders raise many kinds on damaged files
        raise ValueError(f"{name}: damaged or cut off ({error}); accepted: {_FORMATS}") from error
    if image.mode == "I" and array.min() >= 0 and array.max() > 255:
        array = array.astype(np.uint16) if array.max() < 2**16 else array
    return _from_array(array, name)


def _from_array(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name}: {array.dtype} values; accepted: a path, a PIL image, or an array of numbers")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or not 1 <= array.shape[2] <= 4:
        raise ValueError(f"{name}: shape {array.shape}; accepted: (H, W) or (H, W, C) with C from 1 to 4")
    _check_size(array.shape[1], array.shape[0], name)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: NaN or infinite values; accepted: floats in [0, 1]")
        top, kind = 1, "floats in [0, 1]"
    elif array.dtype == bool:
        top, kind = 1, "bool"
    elif array.dtype == np.uint16:
        top, kind = 65535, "uint16"
    else:
        top, kind = 255, "whole numbers from 0 to 255 (or uint16)"
    slack = 1e-4 if array.dtype.kind == "f" else 0  # what resizing may add
    low, high = array.min(), array.max()
    if low < -slack or high > top + slack:
        raise ValueError(f"{name}: values from {low:g} to {high:g}; accepted: {kind}")
    channels = array.shape[2]
    rgba = np.empty((*array.shape[:2], 4), np.float32)
    rgba[..., :3] = array[..., : 3 if channels > 2 else 1]
    rgba[..., 3] = array[..., -1] if channels in (2, 4) else top
    rgba /= top
    return rgba.clip(0, 1, out=rgba)


def _check_size(width: int, height: int, name: str) -> None:
    if min(width, height) < _MIN_SIDE:
        raise ValueError(f"{name}: {width} x {height} pixels; accepted: at least {_MIN_SIDE} x {_MIN_SIDE}")
    if width * height > _MAX_PIXELS:
        raise ValueError(f"{name}: too large: {width} x {height} pixels; accepted: at most 100 megapixels")


def _as_mask(mask: ArrayLike, shape: tuple[int, int]) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.shape != tuple(shape):
        raise ValueError(f"mask: shape {mask.shape}; accepted: the picture's height and width, {tuple(shape)}")
    if not np.isin(mask, [0, 1, 255]).all():
        raise ValueError("mask: values other than True and False; accepted: True and False, 0 and 1, or 0 and 255")
    mask = mask.astype(bool)
    if not mask.any():
        raise ValueError("mask: nowhere True, so there is no object; accepted: a mask that is True on the object")
    return mask


def _as_box(box: Sequence[float] | None, width: int, height: int, border: float) -> tuple[int, int, int, int]:
    if box is None:
        x, y = round(border * width), round(border * height)
        return x, y, width - x, height - y
    edges = np.asarray(box)
    if edges.shape != (4,) or edges.dtype.kind not in "uif" or not np.isfinite(edges).all():
        raise ValueError(f"box: {box}; accepted: four numbers, (left, top, right, bottom) in pixels")
    left, top, right, bottom = (round(float(edge)) for edge in edges)
    if not (left >= 0 and left + 4 <= right <= width and top >= 0 and top + 4 <= bottom <= height):
        raise ValueError(
            f"box: {left}, {top}, {right}, {bottom}; accepted: (left, top, right, bottom) at least 4 pixels wide and "
            f"high, inside the picture of {width} x {height}"
        )
    return left, top, right, bottom


def _octahedra(points: np.ndarray, radius: float = 0.008) -> trimesh.Trimesh:
    """One small octahedron a point."""
    corners = radius * np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    sides = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    return trimesh.Trimesh(
        (np.asarray(points)[:, None] + corners).reshape(-1, 3),
        (6 * np.arange(len(points))[:, None, None] + sides).reshape(-1, 3),
        process=False,
    )


def _for_viewers(mesh: trimesh.Trimesh, height: float | None) -> trimesh.Trimesh:
    """The mesh in glTF's frame and in a colour: y up, front towards +z, so that a viewer sees what the camera saw.

    With a ``height`` in metres it stands on the floor, y = 0.
    """
    vertices = mesh.vertices[:, [1, 2, 0]]
    if height is not None:
        low, high = vertices.min(0), vertices.max(0)
        base = np.array([low[0] + high[0], 2 * low[1], low[2] + high[2]]) / 2
        vertices = (vertices - base) * (height / (high - low)[1])
    mesh = trimesh.Trimesh(vertices, mesh.faces, process=False)
    # glTF's colours are linear; without a material viewers show dark metal
    blue = ((np.array([0x00, 0x72, 0xB2]) / 255) ** 2.2 * 255).round().astype(np.uint8)
    material = trimesh.visual.material.PBRMaterial(
        baseColorFactor=[*blue, 255], metallicFactor=0.0, roughnessFactor=0.8
    )
    mesh.visual = trimesh.visual.TextureVisuals(material=material)
    return mesh

"""Sets become batches: a `tf.data` pipeline, and augmentation that moves picture and shape together."""

from __future__ import annotations

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import tensorflow as tf

from .camera import to_viewer
from .datasets import ShapeSet

__all__ = ["augment", "batches", "turns"]

UNKNOWN = 1 / 3  # of the shapes with several pictures: so many come without their cameras
TRUTHS = {"points": 2048, "voxels": 32, "places": 4096}  # by what the truth is: how many of it a recipe may ask for


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(count)


def batches(
    data: ShapeSet, batch_size: int = 32, *, steps: int, start: int = 0, seed: int = 0, truth: str = "points",
    points: int = 1024, augmented: bool = True, share: tuple[int, int] = (0, 1), views: Sequence[int] = (),
) -> tf.data.Dataset:  # fmt: skip
    """Batches number ``start`` to ``steps`` as a `tf.data.Dataset` of pictures (B, 64, 64, 4), points (B, N, 3).

    With ``truth`` ``"voxels"`` the pictures come with voxels (B, n, n, n), 1 where the object is, instead of points;
    with ``"places"`` the pictures come with ``points`` places (B, N, 3) to be asked about, and the truth is 1 or 0,
    whether the object occupies them, (B, N).

    Batch k depends on ``seed`` and k alone, so that training resumed at step k sees what it would have seen. Each
    epoch goes through all shapes in a new order; each time a shape comes up, a view and ``points`` of its points or
    places are drawn. All of them are in the viewer's frame.

    With ``views``, such as (1, 2, 4), each batch draws one of them, V, and V different pictures of each shape. They
    come as (pictures (B, V, 64, 64, 4), `turns` (B, V, 2)), as `models.views_network` asks, and the truth is in the
    viewer's frame of the first. Of a third of the shapes no turn but the first's is told.

    ``share`` (w, W) gives number w of W equal shares of every batch, B = batch_size / W, for W workers that train
    together: side by side the shares are the batch, but for rounding.
    """
    part, of = share
    if batch_size % of:
        raise ValueError(f"batch_size: {batch_size} pictures can't be shared equally among {of}")
    if len(data) < batch_size:
        raise ValueError(f"batch_size: {batch_size}, but the set has only {len(data)} shapes")
    if truth not in TRUTHS:
        raise ValueError(f"truth: {truth!r}; known are {', '.join(TRUTHS)}")
    known = getattr(data, truth)
    if known is None:
        raise ValueError(f"truth: the set has no {truth}; ask for them: Recipe({truth}={TRUTHS[truth]})")
    if truth != "voxels" and known.shape[1] < points:
        raise ValueError(f"points: {points} asked for, but the set has only {known.shape[1]} {truth} a shape")
    if views and (truth != "points" or not 1 <= min(views) <= max(views) <= data.azimuth.shape[1]):
        raise ValueError(
            f"views: {tuple(views)}; accepted: for points, numbers from 1 to {data.azimuth.shape[1]}, the set's own"
        )
    per_epoch = len(data) // batch_size
    size = batch_size // of
    mine = slice(part * size, (part + 1) * size)
    shape = {"points": (points, 3), "places": (points, 4), "voxels": known.shape[2:3] * 3}[truth]

    def gather(step: np.int64) -> tuple[np.ndarray, np.ndarray]:
        epoch, b = divmod(int(step), per_epoch)
        chosen = np.sort(_order(len(data), seed, epoch)[b * batch_size : (b + 1) * batch_size])[mine]
        rng = np.random.default_rng([seed, int(step), 1])  # its numbers are drawn for the whole batch
        view = rng.integers(data.azimuth.shape[1], size=batch_size)[mine]
        if views:
            several = rng.permuted(np.tile(np.arange(data.azimuth.shape[1]), (batch_size, 1)), axis=1)
            several, told = several[mine, : rng.choice(views)], rng.random((batch_size, 1))[mine] >= UNKNOWN
            view = several[:, 0]
        pictures = data.pictures[chosen, view]
        if truth == "voxels":
            return pictures, np.unpackbits(known[chosen, view], axis=-1).astype(np.float32)
        which = rng.permuted(np.tile(np.arange(known.shape[1]), (batch_size, 1)), axis=1)[mine, :points, None]
        xyz = np.take_along_axis(known[chosen], which, axis=1).astype(np.float32)
        xyz = to_viewer(xyz, data.azimuth[chosen, view])
        if truth == "places":
            inside = np.unpackbits(data.inside[chosen], axis=-1)[..., None]
            xyz = np.concatenate([xyz, np.take_along_axis(inside, which, axis=1)], -1)
        if views:
            pictures = data.pictures[chosen[:, None], several]
            stands = np.pad(turns(data.azimuth[chosen[:, None], several], told), ((0, 0), (0, 0), (0, 1)))
            xyz = np.concatenate([xyz, stands], 1)  # where the cameras stand: mirrored as points are
        return pictures, xyz.astype(np.float32)

    def load(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pictures, answers = tf.numpy_function(gather, [step], [tf.uint8, tf.float32])
        several = (None,) if views else ()
        pictures = tf.ensure_shape(tf.cast(pictures, tf.float32) / 255, (size, *several, *data.pictures.shape[2:]))
        answers = tf.ensure_shape(answers, (size, None, 3) if views else (size, *shape))
        if augmented:
            pictures, answers = augment(pictures, answers, tf.stack([tf.constant(seed, tf.int64), step]), share)
        if views:
            return (pictures, answers[:, points:, :2]), tf.ensure_shape(answers[:, :points], (size, *shape))
        return ((pictures, answers[..., :3]), answers[..., 3]) if truth == "places" else (pictures, answers)

    return tf.data.Dataset.range(start, steps).map(load, num_parallel_calls=2, deterministic=True).prefetch(4)


def turns(azimuth: np.ndarray, known: bool | np.ndarray = True) -> np.ndarray:
    """How far each camera is turned from the first: (cos, sin), (B, V, 2) float32, of azimuths (B, V) in radians.

    Where it is not ``known``, (B, V) or what broadcasts to it, (0, 0); but the first always is (1, 0).

    >>> turns(np.radians([[30, 120, 30]])).round(2).tolist()
    [[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]]
    >>> turns(np.radians([[30, 120]]), known=False).tolist()
    [[[1.0, 0.0], [0.0, 0.0]]]
    """
    angle = np.asarray(azimuth) - azimuth[:, :1]
    known = np.broadcast_to(known, angle.shape) | (np.arange(angle.shape[1]) == 0)
    return (np.stack([np.cos(angle), np.sin(angle)], -1) * known[..., None]).astype(np.float32)


def augment(
    pictures: tf.Tensor, truth: tf.Tensor, seed: tf.Tensor, share: tuple[int, int] = (0, 1)
) -> tuple[tf.Tensor, tf.Tensor]:
    """Random changes under which picture and shape still belong together; a function of ``seed`` (2,) alone.

    Half the pairs are mirrored, picture and truth together (left becomes right, y becomes -y in the viewer's
    frame). A shift and zoom of a few per cent change the picture alone, as its frame is not part of the answer. So
    do brightness, contrast and tint, uneven light, pixel noise, and, in a third of the pictures, an outline that is
    wrong by a pixel here and there, as outlines found in photographs are. Pictures (B, H, W, 4), and for the
    truth points (B, N, 3), of which more numbers than x, y, z stay as they are, or voxels (B, n, n, n). Of pictures
    (B, V, H, W, 4) those of one shape are mirrored together, and else changed each on its own.

    With ``share`` (w, W) they are share number w of W of a larger batch, and are changed as they would be within it.
    """
    B, (H, W) = pictures.shape[0], pictures.shape[-3:-1]
    part, of = share

    def draw(random: Callable, shape: tuple, salt: int, *between: float) -> tf.Tensor:
        # for the whole batch, of which these may be a share
        n = shape[0]
        numbers = random((n * of, *shape[1:]), seed + tf.constant([0, salt << 32], tf.int64), *between)
        return numbers[part * n : (part + 1) * n] if of > 1 else numbers

    def uniform(shape: tuple, low: float, high: float, salt: int) -> tf.Tensor:
        return draw(tf.random.stateless_uniform, shape, salt, low, high)

    flip = uniform((B, 1, 1), 0.0, 1.0, 1) < 0.5
    across = [-1.0 if axis == 1 else 1.0 for axis in range(truth.shape[-1])]
    mirrored = truth * across if truth.shape.rank == 3 else truth[:, :, ::-1]
    truth = tf.where(tf.reshape(flip, (B,) + (1,) * (truth.shape.rank - 1)), mirrored, truth)
    several = tf.shape(pictures)
    pictures = tf.where(tf.reshape(flip, (B,) + (1,) * (pictures.shape.rank - 1)), pictures[..., ::-1, :], pictures)
    if pictures.shape.rank == 5:
        pictures = tf.reshape(pictures, (-1, H, W, 4))
        B *= several[1]

    centre = 0.5 + uniform((B, 1, 2), -0.04, 0.04, 2)
    half = 0.5 * uniform((B, 1, 1), 0.92, 1.06, 3)
    boxes = tf.concat([centre - half, centre + half], -1)[:, 0]
    premultiplied = tf.concat([pictures[..., :3] * pictures[..., 3:], pictures[..., 3:]], -1)
    moved = tf.image.crop_and_resize(premultiplied, boxes, tf.range(B), (H, W))
    alpha = moved[..., 3:]
    rgb = tf.math.divide_no_nan(moved[..., :3], alpha)

    # patches, a few pixels wide, of outline too far out (showing some background) or too far in
    patches = tf.image.resize(uniform((B, 12, 12, 1), 0.0, 1.0, 9), (H, W))
    wrong = uniform((B, 1, 1, 1), 0.0, 1.0, 10) < 1 / 3
    wide, narrow = tf.nn.max_pool2d(alpha, 3, 1, "SAME"), -tf.nn.max_pool2d(-alpha, 3, 1, "SAME")
    rgb = tf.where(alpha > 0, rgb, uniform((B, 1, 1, 3), 0.0, 1.0, 11))
    alpha = tf.where(wrong & (patches > 0.65), wide, tf.where(wrong & (patches < 0.35), narrow, alpha))

    gain = uniform((B, 1, 1, 1), 0.7, 1.3, 4) * uniform((B, 1, 1, 3), 0.9, 1.1, 5)
    light = uniform((B, 1, 1, 1), 0.0, 0.3, 12) * tf.image.resize(uniform((B, 4, 4, 1), -1.0, 1.0, 13), (H, W))
    noise = draw(tf.random.stateless_normal, (B, H, W, 3), 6)
    noise *= uniform((B, 1, 1, 1), 0.0, 0.04, 7)
    rgb = (rgb - 0.5) * gain + 0.5 + uniform((B, 1, 1, 1), -0.15, 0.15, 8) + light + noise
    changed = tf.concat([tf.where(alpha > 0, tf.clip_by_value(rgb, 0.0, 1.0), 1.0), alpha], -1)
    return tf.reshape(changed, several), truth

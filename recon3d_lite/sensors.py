"""Three simulated sensors of one object, and networks that fuse what they say.

A `Scene` is what there is to be measured. A picture, a lidar and a thermal camera each measure it in their own way;
together they are the readings, (..., 64, 64, 4) float32: one channel of the picture, two of the lidar (depth, and
whether a ray came back), one of the thermal camera. They are stand-ins, made to fail in different ways at different
times. No physics of heat or of weather is in them.
"""

from __future__ import annotations

from . import models  # first: silences TensorFlow

# isort: split
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
import trimesh
from keras import layers
from scipy import ndimage

from . import camera, render
from .datasets import Recipe, camera_of

__all__ = ["Scene", "attended", "batches", "drop", "lidar", "look", "network", "picture", "scenes", "sense", "swap",
           "thermal"]  # fmt: skip

SENSORS = ("picture", "lidar", "thermal")
CHANNELS = (slice(0, 1), slice(1, 3), slice(3, 4))
OWNER = [0, 1, 1, 2]  # whose each channel is
LIGHTS = {"day": 1.0, "dusk": 0.02, "night": 0.002}  # exposure: a share of the day's
WELL, READ = 1000, 3.0  # electrons that a white pixel collects by day, and noise of reading them out
FUSIONS = ("early", "late", "attention")


class Scene(NamedTuple):
    """What there is to be measured, of one object or of many; float32."""

    grey: np.ndarray  # (..., H, W), brightness of the object
    cover: np.ndarray  # (..., H, W), the share of the pixel that the object covers
    depth: np.ndarray  # (..., H, W), how far behind the object's centre, in box diagonals; inf where nothing is


def look(mesh: trimesh.Trimesh, seen_by: camera.Camera, **options) -> Scene:
    """What a camera could measure of a mesh; ``options`` are those of `render.picture`.

    >>> from recon3d_lite.camera import orbit
    >>> seen = look(trimesh.creation.box((0.5, 2, 2)), orbit(0.0, 0.0, 2.0))
    >>> seen.cover.min().tolist(), seen.depth[32, 32].round(3).tolist()   # all box; its face is 0.25 before the centre
    (1.0, -0.25)
    """
    rgba = render.picture(mesh, seen_by, **options)
    depth = render.maps(mesh, seen_by).depth - seen_by.t[2]
    return Scene(rgba[..., :3].mean(-1), rgba[..., 3], depth.astype(np.float32))


def scenes(recipe: Recipe, numbers: Sequence[int]) -> tuple[Scene, np.ndarray]:
    """The scenes of a recipe's shapes, each in its first view, and their points (S, N, 3) in the viewer's frame."""
    seen, points = [], []
    for i in numbers:
        shape, view = recipe.shape(i), recipe.view(i, 0)
        lamp = {"light": view.light, "ambient": view.ambient, "colours": view.colours, "part": shape.part}
        seen.append(look(shape.mesh, camera_of(view, shape.mesh, recipe.size), **lamp))
        xyz = shape.sample(recipe.points, np.random.default_rng([recipe.seed, i]))[0]
        points.append(camera.to_viewer(xyz, view.azimuth))
    return Scene(*map(np.stack, zip(*seen, strict=True))), np.stack(points).astype(np.float32)


def _column(number: float | np.ndarray) -> np.ndarray:
    """One number for all scenes, or one for each (S,), to be combined with (S, H, W)."""
    return np.asarray(number, np.float32)[..., None, None]


def _clutter(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Backgrounds (..., H, W): four boxes of grey on grey."""
    height, width = shape[-2:]
    ground = np.empty((int(np.prod(shape[:-2])), height, width), np.float32)
    for one in ground:
        one[:] = rng.uniform(0.1, 0.9)
        for (v, u), (h, w), grey in zip(rng.random((4, 2)), rng.uniform(0.1, 0.6, (4, 2)), rng.random(4), strict=True):
            top, left = int((v * 1.4 - 0.4) * height), int((u * 1.4 - 0.4) * width)
            one[max(top, 0) : top + int(h * height), max(left, 0) : left + int(w * width)] = grey
    return ground.reshape(shape)


def picture(scene: Scene, rng: np.random.Generator, light: float | np.ndarray = 1.0) -> np.ndarray:
    """A grey picture (..., H, W, 1) before a cluttered background, with the noise of little light.

    ``light`` is the exposure, 1 by day, one number or one a scene. Electrons arrive by chance (shot noise) and are
    read out with noise; what was collected is amplified to the brightness of day, noise and all. There is no alpha.
    """
    cover, white = scene.cover, WELL * _column(light)
    bright = cover * scene.grey + (1 - cover) * _clutter(cover.shape, rng)
    electrons = rng.poisson(white * bright) + READ * rng.standard_normal(bright.shape, np.float32)
    return (electrons.astype(np.float32) / white).clip(0, 1)[..., None]


def lidar(
    scene: Scene, rng: np.random.Generator, lines: int = 8, rays: int = 16, noise: float = 0.02, lost: float = 0.2
) -> np.ndarray:
    """Sparse depth (..., H, W, 2): where one of ``lines`` x ``rays`` beams came back its depth and 1, else 0 and 0.

    Depth is as in `Scene`, with ``noise`` box diagonals of standard deviation; a share ``lost`` of the beams that hit
    the object does not come back. The ground behind it sends nothing back.
    """
    down, across = scene.depth.shape[-2] // lines, scene.depth.shape[-1] // rays
    beams = (..., slice(down // 2, None, down), slice(across // 2, None, across))
    depth = scene.depth[beams]
    back = np.isfinite(depth) & (rng.random(depth.shape) >= lost)
    found = np.zeros((*scene.depth.shape, 2), np.float32)
    found[(*beams, 0)] = np.where(back, depth + rng.normal(0, noise, depth.shape), 0)
    found[(*beams, 1)] = back
    return found


def thermal(
    scene: Scene, rng: np.random.Generator, warmth: float | np.ndarray = 0.3, cells: int = 16, noise: float = 0.04
) -> np.ndarray:
    """A thermal camera's picture (..., H, W, 1): few cells, blurred, noisy, and the same by day and night.

    The object is ``warmth`` above its surroundings, one number or one a scene; at 0 nothing of it is seen.
    """
    *many, height, width = scene.cover.shape
    warm = scene.cover.reshape(*many, cells, height // cells, cells, width // cells).mean((-3, -1))
    warm = 0.3 + _column(warmth) * ndimage.gaussian_filter(warm, (*[0] * len(many), 0.7, 0.7))
    warm = (warm + rng.normal(0, noise, warm.shape)).clip(0, 1).astype(np.float32)
    return warm.repeat(height // cells, -2).repeat(width // cells, -1)[..., None]


def sense(
    scene: Scene, rng: np.random.Generator, light: float | np.ndarray | None = None,
    warmth: float | np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """All readings (..., H, W, 4). A light or warmth that is not given is drawn for each scene.

    Light is drawn from 0.001 to 1, evenly in its logarithm; warmth from 0.1 to 0.5, but one object in five has none.
    """
    many = scene.cover.shape[:-2]
    light = 10 ** rng.uniform(-3, 0, many) if light is None else light
    warmth = rng.uniform(0.1, 0.5, many) * (rng.random(many) > 0.2) if warmth is None else warmth
    return np.concatenate([picture(scene, rng, light), lidar(scene, rng), thermal(scene, rng, warmth)], -1)


def drop(readings: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The readings (..., H, W, 4) with 0 in the channels of sensors that are not ``present`` (..., 3).

    >>> drop(np.ones((1, 1, 4)), np.array([1, 0, 1])).tolist()
    [[[1.0, 0.0, 0.0, 1.0]]]
    """
    return readings * present[..., None, None, OWNER]


def swap(readings: np.ndarray, sensor: str, by: int = 1) -> np.ndarray:
    """A sensor that fails and does not say so: of each of the readings (S, H, W, 4) it shows another object.

    >>> swap(np.arange(2.0)[:, None, None, None] * np.ones(4), "lidar").reshape(2, 4).tolist()
    [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """
    channels = CHANNELS[SENSORS.index(sensor)]
    readings = readings.copy()
    readings[..., channels] = np.roll(readings[..., channels], by, axis=0)
    return readings


def batches(
    seen: Scene, points: np.ndarray, steps: int, batch_size: int = 32, truth: int = 256, dropped: float = 0.0,
    swapped: float = 0.0, seed: int = 0,
) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], np.ndarray]]:  # fmt: skip
    """Batches ((readings, present), points (B, truth, 3)), measured anew each time, half of them mirrored.

    Each sensor is absent with the chance ``dropped``, but never all three; in a share ``swapped`` of the batch one
    sensor, drawn for each batch, shows another object.
    """
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = rng.choice(len(points), batch_size, replace=False)
        readings = sense(Scene(*(channel[chosen] for channel in seen)), rng)
        xyz = points[chosen][:, rng.choice(points.shape[1], truth, replace=False)]
        mirrored = rng.random(batch_size) < 0.5
        readings[mirrored] = readings[mirrored, :, ::-1]
        xyz[mirrored, :, 1] *= -1
        wrong = rng.random(batch_size) < swapped
        readings[wrong] = swap(readings, SENSORS[rng.integers(3)])[wrong]
        present = (rng.random((batch_size, 3)) >= dropped).astype(np.float32)
        none = ~present.any(1)
        present[none, rng.integers(3, size=none.sum())] = 1
        yield (drop(readings, present), present), xyz


def _code(x: keras.KerasTensor, width: int, units: int, name: str) -> keras.KerasTensor:
    """An encoder: four convolutions, each of which halves the picture, and the code (B, units)."""
    # He's initial weights: with Keras' own the first hundreds of steps hardly learn from the picture
    how = {"strides": 2, "padding": "same", "activation": "relu", "kernel_initializer": "he_normal"}
    for i, channels in enumerate((width, 2 * width, 4 * width, 4 * width)):
        x = layers.Conv2D(channels, 3 if i else 5, name=f"{name}{i}", **how)(x)
    return layers.Dense(units, activation="relu", name=f"{name}_code")(layers.Flatten()(x))


def network(how: str, size: int = 64, points: int = 512, width: int = 16, units: int = 128) -> keras.Model:
    """Readings (B, size, size, 4) and present (B, 3) to points (B, points, 3) in the viewer's frame.

    ``how`` is ``"early"``: all channels go into one encoder; ``"late"``: a sensor has an encoder of its own, and the
    codes stand side by side, 0 for an absent one; ``"attention"``: the codes are averaged by `models.Pool`, absent
    ones having no weight; or a sensor's name: only that one is looked at. Where one encoder is alone it is 1.75 times
    as wide, so that all networks have about as many weights.

    >>> network("late").output_shape
    (None, 512, 3)
    """
    if how not in (*FUSIONS, *SENSORS):
        raise ValueError(f"how: {how!r}; accepted: {', '.join((*FUSIONS, *SENSORS))}")
    readings, present = layers.Input((size, size, 4), name="readings"), layers.Input((3,), name="present")
    if how in ("late", "attention"):
        codes = [_code(readings[..., own], width, units, name) for own, name in zip(CHANNELS, SENSORS, strict=True)]
        codes = layers.Lambda(lambda each: tf.stack(each, 1), (3, units), name="codes")(codes)
        fused = _Fuse(how, name="fused")([codes, present])
    else:
        own = readings if how == "early" else readings[..., CHANNELS[SENSORS.index(how)]]
        fused = _code(own, width * 7 // 4, units * 7 // 4, how)
    hidden = layers.Dense(256, activation="relu", name="hidden")(fused)
    answer = layers.Reshape((points, 3))(layers.Dense(3 * points, name="points")(hidden))
    return keras.Model([readings, present], answer, name=how)


class _Fuse(layers.Layer):
    """Codes (B, 3, K) and present (B, 3) to one code: (B, 3 K) side by side, or (B, K) by attention."""

    def __init__(self, how: str, **options) -> None:
        super().__init__(**options)
        self.pool = models.Pool("attention", known=True) if how == "attention" else None

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        codes, present = inputs
        if self.pool is None:
            return tf.reshape(codes * present[..., None], (-1, 3 * codes.shape[-1]))
        # of each sensor Pool asks for two numbers that are not both 0 if it counts
        return self.pool([tf.reshape(codes, (-1, codes.shape[-1])), tf.stack([present, present], -1)])


def attended(model: keras.Model, readings: np.ndarray, present: np.ndarray) -> np.ndarray:
    """The share (B, 3) of each sensor in an ``"attention"`` network's code."""
    codes = keras.Model(model.input, model.get_layer("codes").output)([readings, present])
    score = model.get_layer("fused").pool.score(codes)[..., 0]
    return tf.nn.softmax(tf.where(present > 0, score, -np.inf), axis=1).numpy()

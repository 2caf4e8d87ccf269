"""The networks, and the files they are kept in.

Every network but one maps pictures (B, 64, 64, C), one or several of each object, to points, to voxels, or to what is
at a place; the last one tells points apart. Weights are kept as float16 in a safetensors file, whose header names the
network and its arguments, so that one file is enough to rebuild it; nothing in it is executed.
"""

from __future__ import annotations

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .files import whole
from .solids import grid, sampled

__all__ = [
    "Devoxelise",
    "Look",
    "Pool",
    "Turn",
    "Voxelise",
    "borrow",
    "compiled",
    "document_network",
    "field",
    "kind",
    "load",
    "occupancy_network",
    "point_network",
    "refined",
    "save",
    "views_network",
    "vote_network",
    "voxel_network",
]

KINDS = ("points", "views", "voxels", "mesh", "instances")
POOLINGS = ("mean", "max", "attention")
CODE_RANK, LOCAL_RANK = 40, 24  # of `heard` in `views_network`
SHIPPED = {kind: Path(__file__).parent / "weights" / f"{kind}.safetensors" for kind in KINDS}


def document_network(size: int = 64, channels: int = 4, points: int = 1024) -> keras.Model:
    """The document's network, layer by layer as it is printed: (B, size, size, channels) to (B, 3 * points).

    Only the undefined names are supplied, and the input's shape is given by an `Input`, as Keras 3 asks. It is kept
    with its faults: the softmax makes all coordinates positive with sum 1, and nothing reshapes the flat output.

    >>> document_network(points=100).output_shape
    (None, 300)
    """
    return keras.Sequential(
        [
            layers.Input((size, size, channels)),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(128, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(3 * points, activation="softmax"),
        ],
        name="document_network",
    )


class Look(layers.Layer):
    """What a picture's features say where points would be seen.

    Called with points (B, P, 3), cameras (B, 8) and features (B, n, n, C) it returns (B, P, C + 2): at each point's
    place in the picture the features, blended from the four nearest cells, and behind them that place (u, v), which
    runs from -1 to 1 across the picture. A camera is an affine map from (x, y, z, 1) to (u, v), given as what it
    differs by from u = 2y, v = -2z, the view of an object of diagonal 1 from straight ahead. (Points that look
    features up in a picture: Wang et al., "Pixel2Mesh", ECCV 2018.)

    >>> point = np.float32([[[0.3, 0.5, 0.0]]])                    # half a diagonal to the right of the centre
    >>> picture = np.float32([[[1, 2], [3, 4]]])[..., None]        # right of the middle 2 above, 4 below
    >>> Look()([point, np.zeros((1, 8), np.float32), picture]).numpy().round(2).tolist()
    [[[3.0, 1.0, 0.0]]]
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        points, camera, features = inputs
        n, channels = features.shape[1], features.shape[3]
        straight = tf.constant([[0.0, 2, 0, 0], [0, 0, -2, 0]])
        A = straight + tf.reshape(camera, (-1, 2, 4))
        uv = tf.matmul(points, A[..., :3], transpose_b=True) + A[:, None, :, 3]
        # in cells, whose centres are whole numbers; (uv + 1) * n / 2 - 0.5 would not survive rounding to eight bits
        place = tf.clip_by_value(uv * (n / 2) + (n - 1) / 2, 0.0, n - 1.001)
        cell = tf.floor(place)
        (across, down), index = tf.split(place - cell, 2, -1), tf.cast(cell, tf.int32)
        # the clip changes nothing but the index of a NaN, so that training gone wrong is told by its loss
        index = tf.clip_by_value(n * index[..., 1] + index[..., 0], 0, n * n - n - 2)
        flat = tf.reshape(features, (-1, n * n, channels))

        def at(step: int) -> tf.Tensor:
            return tf.gather(flat, index + step, batch_dims=1)

        upper = (1 - across) * at(0) + across * at(1)
        lower = (1 - across) * at(n) + across * at(n + 1)
        return tf.concat([(1 - down) * upper + down * lower, uv], -1)


def refined(
    guesses: keras.KerasTensor,
    code: keras.KerasTensor,
    pyramid: keras.KerasTensor,
    children: int,
    local: int,
    turns: keras.KerasTensor | None = None,
    pooling: str = "mean",
) -> keras.KerasTensor:
    """The decoder's second half: each guess (B, G, 3), having looked at the picture, becomes points near it.

    By `Look` it finds the features (B, n, n, C) of ``pyramid`` where it would be seen, by a camera that the ``code``
    (B, K) answers. Of these and the code ``local`` numbers are made, and of them ``children`` steps: the points are
    (B, G, children, 3).

    With ``turns`` (B, V, 2) code and pyramid are of V pictures each, (B * V, ...). A guess is turned to each view,
    where it looks at that picture; the views tell each other what they see (`heard`), each proposes steps, and these,
    turned back, are averaged by attention. Views with unknown cameras have no say.

    >>> a, b, c = layers.Input((25, 3)), layers.Input((64,)), layers.Input((16, 16, 8))
    >>> refined(a, b, c, children=4, local=32).shape
    (None, 25, 4, 3)
    """
    count = guesses.shape[1]
    seen_from = guesses if turns is None else Turn(name="seen_from")([guesses, turns])
    camera = layers.Dense(8, kernel_initializer="zeros", name="camera")(code)
    seen = Look(name="look")([seen_from, camera, layers.ReLU()(pyramid)])

    x = layers.Dense(local, name="local0")(layers.Concatenate()([seen, seen_from]))
    x = layers.ReLU()(layers.Add()([x, layers.Reshape((1, local))(layers.Dense(local, name="context")(code))]))
    if turns is not None:
        x = layers.ReLU()(layers.Add()([x, heard(x, turns, LOCAL_RANK, pooling, "local", known=True)]))
    x = layers.Dense(local, activation="relu", name="local1")(x)
    small, apart = keras.initializers.RandomNormal(stddev=0.01), keras.initializers.RandomNormal(stddev=0.03)
    steps = layers.Dense(3 * children, kernel_initializer=small, bias_initializer=apart, name="steps")(x)
    if turns is not None:
        steps = Turn(back=True, name="turned_back")([layers.Reshape((count * children, 3))(steps), turns])
        steps = layers.Reshape((count, 3 * children))(steps)
        steps = Pool("attention", known=True, name="agreed")([steps, turns, x])
    steps = layers.Reshape((count, children, 3))(steps)
    return layers.Add()([layers.Reshape((count, 1, 3))(guesses), steps])


def _encoder(
    picture: keras.KerasTensor, widths: tuple[int, ...], hidden: tuple[int, ...]
) -> tuple[list[keras.KerasTensor], keras.KerasTensor]:
    """A picture's levels, each half as large as the one before, and the code (B, K) made of all but the first."""
    x = layers.Rescaling(2.0, offset=-1.0)(picture)
    x = layers.Conv2D(widths[0], 5, strides=2, padding="same", activation="relu", name="level0")(x)
    levels, cells = [x], []
    for i, width in enumerate(widths[1:], start=1):
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", name=f"level{i}_down")(x)
        y = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"level{i}_a")(x)
        y = layers.Conv2D(width, 3, padding="same", name=f"level{i}_b")(y)
        x = layers.ReLU()(layers.Add()([x, y]))
        levels.append(x)
        y = layers.AveragePooling2D(x.shape[1] // 4)(x) if x.shape[1] > 4 else x
        cells.append(layers.Flatten()(layers.Conv2D(16, 1, activation="relu", name=f"level{i}_code")(y)))
    code = layers.Concatenate(name="fused")(cells)
    for i, units in enumerate(hidden):
        code = layers.Dense(units, activation="relu", name=f"hidden{i}")(code)
    return levels, code


def _guessed(code: keras.KerasTensor, points: int, children: int) -> keras.KerasTensor:
    """The guesses (B, points // children, 3) that a fully connected layer makes of the code (B, K)."""
    if points % children:
        raise ValueError(f"points: {points} is no multiple of children, {children}")
    count = points // children
    return layers.Reshape((count, 3), name="guesses")(layers.Dense(3 * count, name="guessed")(code))


def _pyramid(levels: list[keras.KerasTensor], features: int) -> keras.KerasTensor:
    """All levels added up at the size of the first, (B, n, n, features): a feature pyramid (Lin et al., CVPR 2017)."""
    pyramid = layers.Conv2D(features, 1, name=f"level{len(levels) - 1}_shown")(levels[-1])
    for i in reversed(range(len(levels) - 1)):  # from coarse to fine
        pyramid = layers.UpSampling2D(interpolation="bilinear")(pyramid)
        pyramid = layers.Add()([pyramid, layers.Conv2D(features, 1, name=f"level{i}_shown")(levels[i])])
    return pyramid


def point_network(
    size: int = 64,
    channels: int = 4,
    points: int = 1024,
    widths: tuple[int, ...] = (32, 64, 128, 160),
    hidden: tuple[int, ...] = (384, 256),
    children: int = 4,
    features: int = 32,
    local: int = 128,
) -> keras.Model:
    """The network that works: (B, size, size, channels) in [0, 1] to (B, points, 3) in the viewer's frame.

    The encoder halves the picture once a level. All levels but the first are pooled to 4 x 4 cells, squeezed and
    joined to a code: fine levels know where edges are, coarse ones what they belong to. From the code a fully
    connected decoder (Fan, Su and Guibas, CVPR 2017) guesses points // children points. Each guess then looks, by
    `Look`, at the levels' features where it would be seen in the picture, and is replaced by ``children`` points near
    it. ``widths`` are the levels' channels, ``hidden`` the code's layers, ``features`` what a level shows to the
    points, ``local`` the width of what they make of it.

    Raises ValueError if ``points`` is no multiple of ``children``.

    >>> point_network(points=100).output_shape
    (None, 100, 3)
    """
    picture = layers.Input((size, size, channels), name="picture")
    levels, code = _encoder(picture, widths, hidden)
    guesses = _guessed(code, points, children)
    pyramid = _pyramid(levels, features)
    x = refined(guesses, code, pyramid, children, local)
    return keras.Model(picture, layers.Reshape((points, 3), name="points")(x), name="point_network")


class Pool(layers.Layer):
    """One of many views, whatever their number and order: x (B * V, ..., K) and turns (B, V, 2) to (B, ..., K).

    ``how`` is ``"mean"``, ``"max"`` or ``"attention"``: a mean whose weights, positive with sum 1, are the softmax of
    one number made of each view (Yang et al., "AttSets", IJCV 2020, with one weight for all of a view's numbers); made
    of x, or of a third input (B * V, ..., L). With ``known`` only views count whose turn is not (0, 0).

    >>> x, turns = np.float32([[1, 5], [3, 2]]), np.float32([[[1, 0], [0, 0]]])           # one object, two views
    >>> [Pool(how)([x, turns]).numpy().tolist() for how in ("mean", "max")]
    [[[2.0, 3.5]], [[3.0, 5.0]]]
    >>> Pool("max", known=True)([x, turns]).numpy().tolist()
    [[1.0, 5.0]]
    """

    def __init__(self, how: str, known: bool = False, **options) -> None:
        super().__init__(**options)
        if how not in POOLINGS:
            raise ValueError(f"pooling: {how!r}; accepted: {', '.join(POOLINGS)}")
        self.how, self.known = how, known
        self.score = layers.Dense(1, kernel_initializer="zeros") if how == "attention" else None

    def build(self, shapes: list[tuple]) -> None:
        if self.score:
            self.score.build(shapes[-1] if len(shapes) == 3 else shapes[0])

    def call(self, inputs: tuple[tf.Tensor, ...]) -> tf.Tensor:
        x, turns, about = inputs if len(inputs) == 3 else (*inputs, inputs[0])
        counts = tf.reduce_any(turns != 0, -1) if self.known else tf.ones_like(turns[..., 0], bool)
        counts = counts[(..., *[None] * (x.shape.rank - 1))]
        if self.how == "max":
            return tf.reduce_max(tf.where(counts, _by_object(x, turns), -np.inf), 1)
        score = self.score(about) if self.score else tf.zeros_like(x[..., :1])
        weight = tf.nn.softmax(tf.where(counts, _by_object(score, turns), -np.inf), axis=1)
        return tf.reduce_sum(weight * _by_object(x, turns), 1)


def _by_object(x: tf.Tensor, turns: tf.Tensor) -> tf.Tensor:
    """What V views of B objects say, (B * V, ...), as (B, V, ...)."""
    parted = tf.reshape(x, tf.concat([tf.shape(turns)[:2], tf.shape(x)[1:]], 0))
    return tf.ensure_shape(parted, (*turns.shape[:2], *x.shape[1:]))


class Turn(layers.Layer):
    """Points as each view sees them: points (B, P, 3) and turns (B, V, 2) to (B * V, P, 3), as `camera.to_viewer`.

    With ``back`` each view's points, (B * V, P, 3), in the first's frame: (B * V, P, 3).

    >>> turns = np.float32([[[1, 0], [0, 1]]])
    >>> seen = Turn()([np.float32([[[0, 1, 0.5]]]), turns])
    >>> seen.numpy().tolist(), Turn(back=True)([seen, turns]).numpy().tolist()
    ([[[0.0, 1.0, 0.5]], [[1.0, 0.0, 0.5]]], [[[0.0, 1.0, 0.5]], [[0.0, 1.0, 0.5]]])
    """

    def __init__(self, back: bool = False, **options) -> None:
        super().__init__(**options)
        self.back = back

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        points, turns = inputs
        c, s = turns[..., :1], turns[..., 1:] * (-1 if self.back else 1)
        parted = _by_object(points, turns) if self.back else points[:, None]
        x, y, z = (parted[..., i] for i in range(3))
        return tf.reshape(tf.stack([c * x + s * y, c * y - s * x, z + 0 * c], -1), (-1, *points.shape[1:]))


class First(layers.Layer):
    """What the first view says: x (B * V, ...) and turns (B, V, 2) to (B, ...)."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return _by_object(*inputs)[:, 0]


class Spread(layers.Layer):
    """What is one for all views, (B, ...), once for each: with turns (B, V, 2) to (B * V, ...)."""

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        x, turns = inputs
        return tf.repeat(x, tf.shape(turns)[1], axis=0)


def heard(
    x: keras.KerasTensor, turns: keras.KerasTensor, rank: int, pooling: str, name: str, known: bool = False
) -> keras.KerasTensor:
    """What each view learns from all: of x (B * V, ..., K) and turns (B, V, 2) numbers to add to x, which begin as 0.

    Each view says ``rank`` numbers, made of as many numbers of x and of their products with cosine and sine of its
    turn: so it can learn to speak in the first's frame. `Pool` makes one message of what all say (Zaheer et al.,
    "Deep Sets", NeurIPS 2017), and each view understands it with its own turn, in the same way.

    >>> heard(layers.Input((256,)), layers.Input((None, 2)), rank=48, pooling="mean", name="code").shape
    (None, 256)
    """
    turn = keras.ops.reshape(turns, (-1, *[1] * (len(x.shape) - 2), 2))

    def with_turn(z: keras.KerasTensor) -> keras.KerasTensor:
        return layers.Concatenate()([z, z * turn[..., :1], z * turn[..., 1:]])

    said = layers.Dense(rank, name=f"{name}_said0")(x)
    said = layers.Dense(rank, activation="relu", name=f"{name}_said1")(with_turn(said))
    message = Spread()([Pool(pooling, known, name=f"{name}_pooled")([said, turns]), turns])
    return layers.Dense(x.shape[-1], kernel_initializer="zeros", name=f"{name}_heard")(with_turn(message))


def views_network(
    size: int = 64,
    channels: int = 4,
    points: int = 1024,
    widths: tuple[int, ...] = (32, 64, 128, 160),
    hidden: tuple[int, ...] = (384, 256),
    children: int = 4,
    features: int = 32,
    local: int = 128,
    pooling: str = "max",
) -> keras.Model:
    """Several pictures of each object, (B, V, size, size, channels) in [0, 1], and turns (B, V, 2) to (B, points, 3).

    The points are in the viewer's frame of the first picture. A picture's turn is the cosine and sine of its camera's
    azimuth minus that of the first, so (1, 0) for the first, and (0, 0) if it is not known. V may differ from call to
    call. The order of the pictures behind the first changes nothing but rounding.

    It is a `point_network` that all pictures go through and whose views hear each other (`heard`), once about the
    whole and once about each guess. The guesses are those of the first view; each looks at every picture whose camera
    is known (`refined`). With one picture and borrowed weights it begins as the `point_network` that they come from.

    Raises ValueError if ``points`` is no multiple of ``children``, or ``pooling`` not mean, max or attention.

    >>> model = views_network(points=100)
    >>> model([np.zeros((2, 3, 64, 64, 4), np.float32), np.zeros((2, 3, 2), np.float32)]).shape
    TensorShape([2, 100, 3])
    """
    pictures = layers.Input((None, size, size, channels), name="pictures")
    turns = layers.Input((None, 2), name="turns")
    levels, code = _encoder(keras.ops.reshape(pictures, (-1, size, size, channels)), widths, hidden)
    code = layers.ReLU()(layers.Add()([code, heard(code, turns, CODE_RANK, pooling, "code")]))
    first = First(name="first")([code, turns])
    guesses = _guessed(first, points, children)
    x = refined(guesses, code, _pyramid(levels, features), children, local, turns, pooling)
    return keras.Model([pictures, turns], layers.Reshape((points, 3), name="points")(x), name="views_network")


def voxel_network(
    size: int = 64,
    channels: int = 4,
    voxels: int = 32,
    widths: tuple[int, ...] = (32, 64, 128, 160),
    hidden: tuple[int, ...] = (384, 256),
    features: int = 32,
    volume: int = 48,
) -> keras.Model:
    """Pictures (B, size, size, channels) in [0, 1] to logits (B, voxels, voxels, voxels) in the viewer's frame.

    A logit above 0 says: more likely occupied than not. The encoder is that of `point_network`. Its code becomes a
    volume of 4 x 4 x 4 cells with ``volume`` channels, and transposed convolutions double that, with half as many
    channels each time (Choy et al., "3D-R2N2", ECCV 2016, without its recurrence). When there are 16 x 16 x 16, each
    also looks, by `Look`, at the picture where it would be seen. ``features`` is what a level shows to the cells; with
    0 they see the code alone.

    Raises ValueError if ``voxels`` is not 16 or more and a power of two.

    >>> voxel_network(voxels=16).output_shape
    (None, 16, 16, 16)
    """
    doublings = voxels.bit_length() - 3
    if doublings < 2 or voxels != 4 << doublings:
        raise ValueError(f"voxels: {voxels}; accepted: powers of two from 16 on")
    picture = layers.Input((size, size, channels), name="picture")
    levels, code = _encoder(picture, widths, hidden)
    x = layers.Dense(4**3 * volume, activation="relu", name="latent")(code)
    x = layers.Reshape((4, 4, 4, volume))(x)
    for i in range(doublings):
        x = layers.Conv3DTranspose(volume >> (i + 1), 4, strides=2, padding="same", activation="relu", name=f"up{i}")(x)
        if features and i == 1:
            centres = keras.ops.zeros_like(code[:, :1, None]) + grid(16).reshape(-1, 3).astype("float32")
            camera = layers.Dense(8, kernel_initializer="zeros", name="camera")(code)
            seen = Look(name="look")([centres, camera, layers.ReLU()(_pyramid(levels, features))])
            x = layers.Concatenate()([x, layers.Reshape((16, 16, 16, features + 2))(seen)])
            x = layers.Dense(volume >> 2, activation="relu", name="joined")(x)
    x = layers.Conv3D(1, 3, padding="same", bias_initializer=keras.initializers.Constant(-2.0), name="logits")(x)
    return keras.Model(picture, layers.Reshape((voxels,) * 3, name="voxels")(x), name="voxel_network")


def occupancy_network(
    size: int = 64,
    channels: int = 4,
    widths: tuple[int, ...] = (32, 64, 128, 160),
    hidden: tuple[int, ...] = (384, 256),
    features: int = 32,
    local: int = 128,
    blocks: int = 3,
    octaves: int = 4,
) -> keras.Model:
    """Pictures (B, size, size, channels) in [0, 1] and places (B, Q, 3) in the viewer's frame to logits (B, Q).

    A logit above 0 says: more likely inside the object than not. The shape is not listed but asked for, place by place
    (Mescheder et al., "Occupancy Networks", CVPR 2019), so it has no resolution. The encoder is that of
    `point_network`. By `Look` each place finds the picture's features where it would be seen (Saito et al., "PIFu",
    ICCV 2019). These, the place, and sines and cosines of its coordinates at ``octaves`` frequencies (Mildenhall et
    al., "NeRF", ECCV 2020) are made to ``local`` numbers, which ``blocks`` of two layers improve, each told the code.

    >>> model = occupancy_network()
    >>> model([np.zeros((2, 64, 64, 4), np.float32), np.zeros((2, 5, 3), np.float32)]).shape
    TensorShape([2, 5])
    """
    picture = layers.Input((size, size, channels), name="picture")
    levels, code = _encoder(picture, widths, hidden)
    places = layers.Input((None, 3), name="places")
    camera = layers.Dense(8, kernel_initializer="zeros", name="camera")(code)
    seen = Look(name="look")([places, camera, layers.ReLU()(_pyramid(levels, features))])
    angles = [2.0**k * np.pi * places for k in range(octaves)]
    waves = [wave(angle) for angle in angles for wave in (keras.ops.sin, keras.ops.cos)]
    x = layers.Dense(local, name="local0")(layers.Concatenate()([seen, places, *waves]))
    for i in range(blocks):
        told = layers.Reshape((1, local))(layers.Dense(local, name=f"block{i}_context")(code))
        y = layers.Dense(local, activation="relu", name=f"block{i}_a")(layers.ReLU()(layers.Add()([x, told])))
        x = layers.Add()([x, layers.Dense(local, kernel_initializer="zeros", name=f"block{i}_b")(y)])
    logits = layers.Dense(1, bias_initializer=keras.initializers.Constant(-1.0), name="logits")(layers.ReLU()(x))
    return keras.Model([picture, places], logits[..., 0], name="occupancy_network")


class Voxelise(layers.Layer):
    """Points (B, N, 3) and their features (B, N, C) to the mean of the features in each cell of the cube of side 1.

    A cell without points gets zeros: (B, n, n, n, C).

    >>> points, features = np.float32([[[-0.3, 0, 0], [-0.2, 0, 0], [0.3, 0, 0]]]), np.float32([[[1], [3], [7]]])
    >>> Voxelise(2)([points, features]).numpy()[0, :, 1, 1, 0].tolist()
    [2.0, 7.0]
    """

    def __init__(self, cells: int, **options) -> None:
        super().__init__(**options)
        self.cells = cells

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        points, features = inputs
        n, batch = self.cells, tf.shape(points)[0]
        i, j, k = tf.unstack(tf.clip_by_value(tf.cast(tf.floor((points + 0.5) * n), tf.int32), 0, n - 1), axis=-1)
        cell = (n * (n * i + j) + k) + n**3 * tf.range(batch)[:, None]
        flat = tf.reshape(features, (-1, features.shape[-1]))
        mean = tf.math.unsorted_segment_mean(flat, tf.reshape(cell, (-1,)), batch * n**3)
        return tf.reshape(mean, (batch, n, n, n, features.shape[-1]))

    def compute_output_shape(self, shapes: list) -> tuple:
        return (shapes[0][0], self.cells, self.cells, self.cells, shapes[1][-1])


class Devoxelise(layers.Layer):
    """What a volume (B, n, n, n, C) says at points (B, N, 3), blended from the eight nearest cells: (B, N, C).

    >>> volume = np.float32([[2, 7]]).reshape(1, 2, 1, 1, 1).repeat(2, 2).repeat(2, 3)
    >>> Devoxelise()([np.float32([[[0, 0, 0], [0.25, 0.1, 0]]]), volume]).numpy().round(2).ravel().tolist()
    [4.5, 7.0]
    """

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        points, volume = inputs
        n, channels = volume.shape[1], volume.shape[-1]
        place = tf.clip_by_value((points + 0.5) * n - 0.5, 0.0, n - 1.001)
        cell = tf.floor(place)
        far = place - cell
        # the second clip changes nothing but the index of a NaN, so that training gone wrong is told by its loss
        i, j, k = tf.unstack(tf.clip_by_value(tf.cast(cell, tf.int32), 0, n - 2), axis=-1)
        flat = tf.reshape(volume, (-1, n**3, channels))
        total = 0.0
        for corner in np.ndindex(2, 2, 2):
            weight = tf.reduce_prod(tf.where(np.array(corner, bool), far, 1 - far), -1, keepdims=True)
            index = n * (n * (i + corner[0]) + j + corner[1]) + k + corner[2]
            total += weight * tf.gather(flat, index, batch_dims=1)
        return total

    def compute_output_shape(self, shapes: list) -> tuple:
        return (*shapes[0][:2], shapes[1][-1])


def vote_network(cells: int = 24, widths: tuple[int, ...] = (16, 24, 32, 48), local: int = 32) -> keras.Model:
    """Points (B, N, 3) of a scene to votes (B, N, 2, 3): where the middles are of the object and part of each point.

    Votes of one thing lie close together even where things touch, so they are easily grouped (Qi et al., "Deep Hough
    voting", ICCV 2019; Jiang et al., "PointGroup", CVPR 2020). Each point's features are averaged in ``cells`` cells a
    side; 3D convolutions of ``widths`` channels, each level half as fine, and back again (Cicek et al., "3D U-Net",
    MICCAI 2016) tell them what is around; each point reads its place (Liu et al., "Point-voxel CNN", NeurIPS 2019),
    and says how far it is to the middles.

    >>> vote_network(cells=8)(np.zeros((2, 100, 3), np.float32)).shape
    TensorShape([2, 100, 2, 3])
    """
    points = layers.Input((None, 3), name="points")
    place = (points + 0.5) * cells
    within = place - keras.ops.floor(place) - 0.5
    x = layers.Dense(local, activation="relu", name="local0")(layers.Concatenate()([points, within]))
    x = layers.Dense(widths[0], activation="relu", name="local1")(x)
    y, levels = Voxelise(cells, name="voxelise")([points, x]), []
    for i, width in enumerate(widths):
        y = layers.Conv3D(
            width, 3, strides=2 if i else 1, padding="same", activation="relu", name=f"down{i}")(y)  # fmt: skip
        levels.append(y)
    for i in reversed(range(len(widths) - 1)):
        y = layers.Conv3DTranspose(widths[i], 2, strides=2, activation="relu", name=f"up{i}")(y)
        y = layers.Concatenate()([y, levels[i]])
        y = layers.Conv3D(widths[i], 3, padding="same", activation="relu", name=f"joined{i}")(y)
    x = layers.Concatenate()([x, points, Devoxelise(name="devoxelise")([points, y])])
    x = layers.Dense(2 * local, activation="relu", name="said")(x)
    steps = layers.Reshape((-1, 2, 3))(layers.Dense(6, kernel_initializer="zeros", name="steps")(x))
    votes = layers.Add(name="votes")([layers.Reshape((-1, 1, 3))(points), steps])
    return keras.Model(points, votes, name="vote_network")


NETWORKS = {
    f.__name__: f
    for f in (document_network, point_network, views_network, voxel_network, occupancy_network, vote_network)
}


def kind(model: keras.Model) -> str:
    """What a network answers with: ``"points"``, ``"voxels"``, or, if it is asked about places, ``"mesh"``.

    Of points from several views it is ``"views"``, of votes for objects and parts ``"instances"``.

    >>> kind(point_network()), kind(voxel_network()), kind(occupancy_network()), kind(views_network())
    ('points', 'voxels', 'mesh', 'views')
    """
    if len(model.inputs) == 2:
        return "views" if len(model.inputs[0].shape) == 5 else "mesh"
    if len(model.inputs[0].shape) == 3:
        return "instances"
    return "voxels" if len(model.output_shape) == 4 else "points"


@lru_cache(maxsize=8)
def compiled(model: keras.Model) -> Callable[..., tf.Tensor]:
    """The network as one TensorFlow function, to answer with: pictures (B, size, size, channels) in [0, 1] to answers.

    A call of the model itself runs layer by layer through Python, which for one picture takes many times as long. The
    same model gets the same function, which follows its weights. A network with two inputs gets both.

    >>> compiled(point_network(points=100))(np.zeros((1, 64, 64, 4), np.float32)).shape
    TensorShape([1, 100, 3])
    """
    inputs = [tf.TensorSpec((None, *x.shape[1:]), tf.float32) for x in model.inputs]
    return tf.function(
        lambda *x: model(x if len(x) > 1 else x[0], training=False), input_signature=inputs, autograph=False
    )


def field(model: keras.Model, picture: np.ndarray, resolution: int = 64) -> np.ndarray:
    """The logits (n, n, n) that an `occupancy_network` answers for a picture (64, 64, 4), at `solids.grid`.

    >>> field(occupancy_network(), np.zeros((64, 64, 4), np.float32), 16).shape
    (16, 16, 16)
    """

    def ask(places: np.ndarray) -> np.ndarray:
        parts = np.split(places.astype(np.float32), range(2**15, len(places), 2**15))
        return np.concatenate([compiled(model)(picture[None], part[None]).numpy()[0] for part in parts])

    return sampled(ask, resolution)


def save(model: keras.Model, path: str | Path, arguments: dict | None = None, recipe: dict | None = None) -> None:
    """Writes a network's weights as float16, with what it takes to rebuild the network and to know its training set.

    ``arguments`` are those that the network's function was called with, ``recipe`` the fields of the
    `datasets.Recipe` that it was trained on. The file appears whole or not at all.
    """
    if model.name not in NETWORKS:
        raise ValueError(f"model: {model.name!r} is no network of this package; known are {', '.join(NETWORKS)}")
    tensors = {f"{i:03d}": np.ascontiguousarray(v, np.float16) for i, v in enumerate(model.get_weights())}
    header = {"network": model.name, "arguments": arguments or {}, "recipe": recipe or {}}
    write_tensors(path, tensors, header)


def borrow(model: keras.Model, source: keras.Model) -> list[str]:
    """Copies the weights of ``source``'s layers to those of the same name and shapes in ``model``; tells their names.

    So a network that answers otherwise may begin with an encoder that has learned to see.

    >>> new, old = voxel_network(widths=(8, 16), hidden=(32,)), point_network(widths=(8, 16), hidden=(32,))
    >>> [name for name in borrow(new, old) if name.endswith(("0", "_a"))]
    ['level0', 'level1_a', 'hidden0']
    """
    known, found = {layer.name: layer.get_weights() for layer in source.layers}, []
    for layer in model.layers:
        weights = layer.get_weights()
        if weights and [w.shape for w in weights] == [w.shape for w in known.get(layer.name, [])]:
            layer.set_weights(known[layer.name])
            found.append(layer.name)
    return found


def load(path: str | Path | None = None, kind: str = "points") -> keras.Model:
    """The network in a file that `save` wrote; without a path the shipped one that answers with ``kind``.

    Raises FileNotFoundError, or ValueError naming the file if it is damaged or of another architecture.
    """
    path = Path(path or SHIPPED[kind])
    tensors, header = read_tensors(path)
    if header.get("network") not in NETWORKS:
        raise ValueError(f"{path}: no weights of this package; networks it knows are {', '.join(NETWORKS)}")
    try:
        model = NETWORKS[header["network"]](**header["arguments"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: its header does not describe a {header['network']} ({error})") from error
    wanted, found = [w.shape for w in model.get_weights()], [t.shape for t in tensors.values()]
    if wanted != found:
        raise ValueError(
            f"{path}: its weights do not fit {header['network']}; "
            f"{len(wanted)} arrays starting {wanted[:2]} are wanted, the file has {len(found)} starting {found[:2]}"
        )
    model.set_weights([t.astype(np.float32) for t in tensors.values()])
    return model


def recipe(path: str | Path | None = None, kind: str = "points") -> dict:
    """The fields of the `datasets.Recipe` that the weights in a file (by default the shipped ones) were trained on.

    Of a network that tells points apart it is what `instances.segment` needs.
    """
    fields = read_tensors(path or SHIPPED[kind])[1].get("recipe", {})
    return fields | {"categories": tuple(fields["categories"])} if "categories" in fields else fields


def write_tensors(path: str | Path, tensors: dict[str, np.ndarray], header: dict) -> None:
    """Writes arrays, and a header of what JSON can hold, to a safetensors file, whole or not at all."""
    with whole(path) as partial:
        # one entry: safetensors writes several in any order, and the same run should write the same bytes
        partial.write_bytes(to_bytes(tensors, {"recon3d_lite": json.dumps(header)}))


def read_tensors(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays, in the order of their names, and the header of a safetensors file."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; weights are a .safetensors file written by `train`")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get("recon3d_lite", "{}"))
            return {key: file.get_tensor(key) for key in sorted(file.keys())}, header
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path}: damaged, or not a safetensors file ({error})") from error

"""The networks, and the files they are kept in.

Every network maps pictures (B, 64, 64, C) to points. Weights are kept as float16 in a safetensors file, whose header
names the network and its arguments, so that one file is enough to rebuild it; nothing in it is executed.
"""

from __future__ import annotations

from . import _quiet  # noqa: F401  (before TensorFlow is imported)

# isort: split
import json
from pathlib import Path

import keras
import numpy as np
from keras import layers
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from .files import whole

__all__ = ["document_network", "load", "point_network", "save"]

SHIPPED = Path(__file__).parent / "weights" / "points.safetensors"


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


def point_network(
    size: int = 64,
    channels: int = 4,
    points: int = 1024,
    widths: tuple[int, ...] = (32, 64, 96, 128),
    hidden: tuple[int, ...] = (384, 256),
) -> keras.Model:
    """The network that works: (B, size, size, channels) in [0, 1] to (B, points, 3) in the viewer's frame.

    The encoder halves the picture once a level. Every level is pooled to 4 x 4 cells and squeezed, and all of them
    are joined: fine levels know where edges are, coarse ones what they belong to. The decoder is fully connected
    and ends in a linear layer (Fan, Su and Guibas, "A Point Set Generation Network for 3D Object Reconstruction
    from a Single Image", CVPR 2017, in its simplest form).

    >>> point_network(points=100).output_shape
    (None, 100, 3)
    """
    picture = layers.Input((size, size, channels), name="picture")
    x = layers.Rescaling(2.0, offset=-1.0)(picture)
    x = layers.Conv2D(widths[0], 5, strides=2, padding="same", activation="relu", name="level0")(x)
    levels = []
    for i, width in enumerate(widths[1:], start=1):
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", name=f"level{i}_down")(x)
        y = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"level{i}_a")(x)
        y = layers.Conv2D(width, 3, padding="same", name=f"level{i}_b")(y)
        x = layers.ReLU()(layers.Add()([x, y]))
        cells = layers.AveragePooling2D(x.shape[1] // 4)(x) if x.shape[1] > 4 else x
        levels.append(layers.Flatten()(layers.Conv2D(16, 1, activation="relu", name=f"level{i}_out")(cells)))
    x = layers.Concatenate(name="fused")(levels)
    for i, units in enumerate(hidden):
        x = layers.Dense(units, activation="relu", name=f"hidden{i}")(x)
    x = layers.Dense(3 * points, name="coordinates")(x)
    return keras.Model(picture, layers.Reshape((points, 3), name="points")(x), name="point_network")


NETWORKS = {"document_network": document_network, "point_network": point_network}


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


def load(path: str | Path | None = None) -> keras.Model:
    """The network in a file that `save` wrote; without a path the shipped one.

    Raises FileNotFoundError, or ValueError naming the file if it is damaged or of another architecture.
    """
    path = Path(path or SHIPPED)
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


def recipe(path: str | Path | None = None) -> dict:
    """The fields of the `datasets.Recipe` that the weights in a file (the shipped ones by default) were trained on."""
    fields = read_tensors(path or SHIPPED)[1].get("recipe", {})
    return fields | {"categories": tuple(fields["categories"])} if fields else {}


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

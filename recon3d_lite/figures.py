"""Figures of arrays: point clouds and meshes that the reader turns, and rows of pictures.

Every figure states in words what it shows: the keyword ``alt`` is required and kept in ``layout.meta["alt"]``
(of a Matplotlib figure: in its label). 3D figures share one fixed cube, [-0.55, 0.55] in units of the object's
bounding-box diagonal, and one first view, from the viewer's side (+x points towards the reader, z up), so that two
figures can be compared at a glance. Colours are Okabe and Ito's and "Viridis", safe for colour-blind readers.
"""

import base64
import html
import io
import os
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from PIL import Image

from .files import whole

PREDICTION, TRUTH = "#0072B2", "#E69F00"
PALETTE = (PREDICTION, TRUTH, "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
_LIMIT = 0.55  # half the side of the cube that every scene shows
_PICTURE = 0.24  # share of a figure's width that a picture beside one scene takes
_BAND = 120  # pixels of height that a picture above two scenes takes
_NOTE = "x towards the viewer, z up; unit: the box's diagonal"


def cloud(
    points: ArrayLike,
    *,
    title: str,
    alt: str,
    colour: ArrayLike | str | None = None,
    part: ArrayLike | None = None,
    picture: ArrayLike | None = None,
) -> go.Figure:
    """A point cloud to turn.

    Args:
        points: (N, 3), in units of the object's bounding-box diagonal, z up.
        title: what the figure shows or finds; ``<br>`` breaks the line.
        alt: the figure in words, for readers who cannot see it.
        colour: a CSS colour, or (N,) numbers drawn from dark (low) to light (high); None colours by height.
        part: (N,) whole numbers, labels with a colour each (`PALETTE`, from the front again after its end).
        picture: (H, W), (H, W, 3) or (H, W, 4) in [0, 1], shown at the left: what the points were made from.

    Raises:
        ValueError: a blank ``alt``, or an array of another shape or not finite.

    >>> figure = cloud([[0, 0, 0.5], [0, 0, -0.5]], title="Two points", alt="A point above another.")
    >>> figure.layout.meta["alt"]
    'A point above another.'
    """
    return go.Figure([_points(points, colour, part=part)], _layout(title, alt, scenes=1, picture=picture))


def compare(
    prediction: ArrayLike,
    truth: ArrayLike,
    *,
    title: str,
    alt: str,
    picture: ArrayLike | None = None,
    overlay: bool = False,
) -> go.Figure:
    """Prediction (blue) and truth (orange) in two scenes with one camera and one scale, or laid over each other.

    ``layout.meta["linked"]`` tells the book's pages to turn the two scenes together.

    Args:
        prediction, truth: (N, 3) and (M, 3), as for :func:`cloud`.
        title, alt: as for :func:`cloud`.
        picture: (H, W), (H, W, 3) or (H, W, 4) in [0, 1], shown above (beside an overlay): what the prediction
            was made from.
        overlay: both in one scene; a click on the legend hides or shows one.

    >>> figure = compare([[0, 0, 0]], [[0, 0, 0.1]], title="Too low", alt="The prediction is below the truth.")
    >>> figure.layout.scene.camera == figure.layout.scene2.camera
    True
    """
    pairs = [(prediction, PREDICTION, "Prediction"), (truth, TRUTH, "Truth")]
    traces = [_points(points, colour, name) for points, colour, name in pairs]
    layout = _layout(title, alt, scenes=1 if overlay else 2, picture=picture)
    if overlay:
        layout["showlegend"] = True
        layout["legend"] = {
            "itemsizing": "constant",
            "orientation": "h",
            "x": 0.5,
            "xanchor": "center",
            "y": 1,
            "yanchor": "bottom",
        }
    else:
        traces[1]["scene"] = "scene2"
    return go.Figure(traces, layout)


def slider(
    clouds: Sequence[ArrayLike],
    labels: Sequence[object],
    *,
    name: str,
    title: str,
    alt: str,
    truth: ArrayLike | Sequence[ArrayLike] | None = None,
    parts: Sequence[ArrayLike] | None = None,
) -> go.Figure:
    """A slider through point clouds that needs no kernel; the reader's camera stays as it is turned.

    Args:
        clouds: K arrays (N, 3), as for :func:`cloud`; the first is shown first.
        labels: K labels of the slider's steps.
        name: what the slider changes, such as ``"epoch"``.
        title, alt: as for :func:`cloud`.
        truth: (M, 3), shown beside them all along, with the same camera; or K such arrays, one for each step.
        parts: K arrays (N,), as `part` for :func:`cloud`.

    >>> figure = slider([[[0, 0, 0]], [[0, 0, 0.1]]], [1, 2], name="epoch", title="Up", alt="A point rises.")
    >>> [list(step.args[1]) for step in figure.layout.sliders[0].steps]
    [[True, False], [False, True]]
    """
    if len(clouds) != len(labels) or not len(clouds):
        raise ValueError(f"labels: {len(labels)} labels for {len(clouds)} clouds; give one each, at least one")
    alone = truth is None
    shared = alone or np.ndim(truth[0]) == 1  # one truth for all steps
    if not shared and len(truth) != len(clouds):
        raise ValueError(f"truth: {len(truth)} truths for {len(clouds)} clouds; give one for each, or one for all")
    truths = [] if alone else [truth] if shared else truth
    if parts is not None and len(parts) != len(clouds):
        raise ValueError(f"parts: {len(parts)} arrays for {len(clouds)} clouds; give one each")
    colour, parts = None if alone else PREDICTION, parts or [None] * len(clouds)
    traces = [_points(points, colour, str(x), own) for points, x, own in zip(clouds, labels, parts, strict=True)]
    traces += [_points(points, TRUTH, "Truth") | {"scene": "scene2"} for points in truths]
    layout = _layout(title, alt, scenes=1 if alone else 2)

    def visible(step: int) -> list[bool]:
        return [i == step for i in range(len(clouds))] + [shared or i == step for i in range(len(truths))]

    for trace, shown in zip(traces, visible(0), strict=True):
        if not shown:
            trace["visible"] = False
    # A restyle of "visible" works in every viewer (frames do not) and leaves the camera alone.
    steps = [
        {"method": "restyle", "label": str(label), "args": ["visible", visible(i)]} for i, label in enumerate(labels)
    ]
    layout["sliders"] = [
        {"steps": steps, "currentvalue": {"prefix": f"{name}: "}, "pad": {"t": 18, "b": 25, "l": 10, "r": 10}}
    ]
    layout["height"] += 80
    layout["margin"]["b"] += 80
    return go.Figure(traces, layout)


def mesh(
    mesh_or_vertices_faces: object,
    *,
    title: str,
    alt: str,
    part: ArrayLike | None = None,
    picture: ArrayLike | None = None,
) -> go.Figure:
    """A triangle mesh to turn, flat-shaded.

    Args:
        mesh_or_vertices_faces: anything with ``vertices`` (V, 3) and ``faces`` (F, 3), such as a
            ``trimesh.Trimesh``, or the two arrays as a pair.
        title, alt: as for :func:`cloud`.
        part: (F,) whole numbers from 0, a label for each face: each label gets a colour of its own (seven in turn).
        picture: as for :func:`cloud`.

    >>> figure = mesh(([[0, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 1, 2]]), title="A face", alt="One triangle.")
    >>> figure.data[0].type
    'mesh3d'
    """
    if hasattr(mesh_or_vertices_faces, "faces"):
        vertices, faces = mesh_or_vertices_faces.vertices, mesh_or_vertices_faces.faces
    else:
        vertices, faces = mesh_or_vertices_faces
    x, y, z = _columns(vertices, "vertices")
    faces = np.asarray(faces)
    if faces.ndim != 2 or faces.shape[1] != 3 or not np.issubdtype(faces.dtype, np.integer):
        raise ValueError(f"faces: {faces.dtype} {faces.shape}; accepted: whole numbers (F, 3)")
    if faces.size and not (faces.min() >= 0 and faces.max() < len(x)):
        raise ValueError(f"faces: index {faces.min()} to {faces.max()}, but there are {len(x)} vertices")
    i, j, k = faces.T.astype(np.int32)
    trace = {"type": "mesh3d", "x": x, "y": y, "z": z, "i": i, "j": j, "k": k, "color": PALETTE[4]}
    if part is not None:
        part = np.asarray(part)
        if part.shape != i.shape or not np.issubdtype(part.dtype, np.integer) or (part < 0).any():
            raise ValueError(f"part: {part.dtype} {part.shape}; accepted: whole numbers from 0, shape {i.shape}")
        last = len(PALETTE) - 1
        trace |= {"intensity": (part % len(PALETTE)).astype(np.uint8), "intensitymode": "cell"}
        trace |= {"cmin": 0, "cmax": last, "showscale": False}
        trace["colorscale"] = [[n / last, colour] for n, colour in enumerate(PALETTE)]
    trace |= {"flatshading": True, "hoverinfo": "skip"}
    trace["lighting"] = {"ambient": 0.6, "diffuse": 0.6, "specular": 0.05, "roughness": 0.9}
    trace["lightposition"] = {"x": 1000, "y": 500, "z": 2000}
    return go.Figure([trace], _layout(title, alt, scenes=1, picture=picture))


def pictures(images: Sequence[ArrayLike], titles: Sequence[str], *, alt: str) -> Figure:
    """A row of pictures, each under its own title.

    Args:
        images: K pictures in [0, 1]: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with straight alpha.
        titles: K titles, each saying what is to be seen.
        alt: the row in words; kept as the figure's label.

    >>> row = pictures([np.eye(8), np.ones((8, 8))], ["Identity", "Ones"], alt="A diagonal; a plain square.")
    >>> row.get_label()
    'A diagonal; a plain square.'
    """
    if len(images) != len(titles) or not len(images):
        raise ValueError(f"titles: {len(titles)} titles for {len(images)} images; give one each, at least one")
    _said(alt)
    figure, axes = plt.subplots(1, len(images), figsize=(2.6 * len(images), 2.9), squeeze=False, layout="constrained")
    for axis, image, title in zip(axes[0], images, titles, strict=True):
        axis.imshow(_pixels(image), interpolation="nearest")
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    figure.set_label(alt)
    plt.close(figure)  # else a notebook shows it twice
    return figure


def save_html(figure: go.Figure, path: str | os.PathLike) -> None:
    """Save a figure as one page that opens offline in any browser (4.9 MB: plotly.js is inside).

    Raises:
        OSError: the folder does not exist or cannot be written, or the disk is full; nothing is left behind.

    >>> save_html(cloud([[0, 0, 0]], title="A point", alt="A point."), "/nowhere/point.html")
    Traceback (most recent call last):
    FileNotFoundError: /nowhere/point.html: the folder /nowhere does not exist; create it first
    """
    alt = html.escape((figure.layout.meta or {}).get("alt", ""), quote=True)
    title = html.escape((figure.layout.title.text or "Figure").replace("<br>", " "))
    drawing = figure.to_html(full_html=False, include_plotlyjs=True, config={"responsive": True, "displaylogo": False})
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title></head>\n'
        f'<body><main role="figure" aria-label="{alt}">{drawing}</main></body></html>\n'
    )
    with whole(path) as partial:
        partial.write_text(page, encoding="utf-8")


def data_uri(picture: ArrayLike) -> str:
    """A picture as the address of an ``<img>`` that needs no file: at most 192 x 192 pixels, transparency kept.

    >>> data_uri(np.eye(8))[:22]
    'data:image/webp;base64'
    """
    image = Image.fromarray((_pixels(picture) * 255).round().astype(np.uint8))
    image.thumbnail((192, 192))  # it is shown about this large, and stored with every figure
    stored = io.BytesIO()
    image.save(stored, "WEBP", quality=85)  # an eighth of a PNG's size, and keeps transparency
    return "data:image/webp;base64," + base64.b64encode(stored.getvalue()).decode()


def _said(alt: str) -> str:
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt: blank; accepted: a sentence that says what the figure shows")
    return alt


def _columns(points: ArrayLike, name: str) -> np.ndarray:
    points = np.asarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] != 3 or not len(points):
        raise ValueError(f"{name}: shape {points.shape}; accepted: (N, 3) with N at least 1")
    if not np.isfinite(points).all():
        raise ValueError(f"{name}: NaN or infinite values; accepted: finite numbers")
    return points.T.round(3)  # a thousandth of the object is below a screen's pixel


def _points(
    points: ArrayLike, colour: ArrayLike | str | None, name: str = "points", part: ArrayLike | None = None
) -> dict:
    x, y, z = _columns(points, name.lower())
    marker = {"size": 2.5, "color": colour}
    if part is not None:
        label = np.asarray(part)
        if label.shape != z.shape or not np.issubdtype(label.dtype, np.integer):
            raise ValueError(
                f"part: {label.shape} {label.dtype}; accepted: {z.shape} whole numbers, one for each point"
            )
        last = len(PALETTE) - 1
        level = (np.unique(label, return_inverse=True)[1] % len(PALETTE)).astype(np.uint8)
        scale = [[i / last, own] for i, own in enumerate(PALETTE)]
        marker |= {"color": level, "colorscale": scale, "cmin": 0, "cmax": last}
    elif not isinstance(colour, str):
        value = z if colour is None else np.asarray(colour, float)
        if value.shape != z.shape or not np.isfinite(value).all():
            raise ValueError(f"colour: shape {value.shape}; accepted: a CSS colour or {z.shape} finite numbers")
        spread = np.ptp(value) or 1
        # One byte a point: a stored figure is a quarter smaller than with float32 colours.
        level = np.round(255 * (value - value.min()) / spread).astype(np.uint8)
        marker |= {"color": level, "colorscale": "Viridis", "cmin": 0, "cmax": 255}
    hover = "x %{x:.2f}, y %{y:.2f}, z %{z:.2f}<extra></extra>"
    return {
        "type": "scatter3d", "mode": "markers", "x": x, "y": y, "z": z, "marker": marker, "name": name,
        "hovertemplate": hover,
    }  # fmt: skip


def _layout(title: str, alt: str, *, scenes: int, picture: ArrayLike | None = None) -> dict:
    # A scene's scale follows its height alone. Two scenes side by side on a phone are 195 pixels wide each:
    # 310 pixels of height are the most that do not cut a wide object off.
    height = 350 if scenes == 1 else 310
    lines = 1 + title.count("<br>")
    top, bottom = 32 + 20 * lines, 24
    left, band = 0.0, 0.0
    if picture is not None and scenes == 1:
        left = _PICTURE
    elif picture is not None:
        height += _BAND
        band = _BAND / height
    layout = {
        # plotly's default template would add 17 kB to every stored figure
        "template": "none",
        "meta": {"alt": _said(alt)} | ({"linked": True} if scenes == 2 else {}),
        "title": {"text": title, "font": {"size": 15}, "x": 0.5, "y": 1, "yanchor": "top"},
        "height": top + height + bottom,
        "margin": {"l": 0, "r": 0, "t": top, "b": bottom},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "uirevision": "keep",
        "annotations": [_text(_NOTE, 0.5, 0) | {"yanchor": "top", "font": {"size": 10}}],
    }
    layout["title"]["pad"] = {"t": 1 + 9 * lines}  # plotly.js hangs a title of several lines by its middle
    axis = {
        "range": [-_LIMIT, _LIMIT], "dtick": _LIMIT, "showticklabels": False, "showspikes": False, "zeroline": False,
        "gridcolor": "#bbb", "showbackground": False,
    }  # fmt: skip
    axes = {f"{name}axis": axis | {"title": {"text": name, "font": {"size": 10}}} for name in "xyz"}
    for number in range(scenes):
        start, end = (left + (1 - left) * n / scenes for n in (number, number + 1))
        layout["scene2" if number else "scene"] = axes | {
            "domain": {"x": [start, end], "y": [0, 1 - band]},
            "aspectmode": "cube",
            "camera": {"eye": {"x": 1.5, "y": 0.55, "z": 0.65}, "up": {"x": 0, "y": 0, "z": 1}},
            "bgcolor": "rgba(0,0,0,0)",
        }
        if scenes == 2:
            name, colour = [("Prediction", PREDICTION), ("Truth", TRUTH)][number]
            # The colour goes into a bullet: orange letters on white are too pale to read.
            text = f'<span style="color:{colour}">●</span> {name}'
            layout["annotations"].append(_text(text, (start + end) / 2, 1 - band))
    if picture is not None:
        where = {"x": 0, "y": 0.5, "sizex": left, "sizey": 1, "xanchor": "left", "yanchor": "middle"}
        if band:
            where = {"x": 0.5, "y": 1, "sizex": 1, "sizey": band * 0.8, "xanchor": "center", "yanchor": "top"}
        layout["images"] = [
            where | {"source": data_uri(picture), "sizing": "contain", "xref": "paper", "yref": "paper"}
        ]
    return layout


def _text(text: str, x: float, y: float) -> dict:
    return {
        "text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom",
        "showarrow": False,
    }  # fmt: skip


def _pixels(image: ArrayLike) -> np.ndarray:
    image = np.asarray(image, np.float32)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim == 2:
        image = np.stack([image] * 3, axis=-1)
    if image.ndim != 3 or image.shape[2] not in (3, 4) or not image.size:
        raise ValueError(f"picture: shape {image.shape}; accepted: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)")
    if not (image.min() >= 0 and image.max() <= 1):  # also refuses NaN
        raise ValueError("picture: values outside [0, 1]; accepted: numbers from 0 to 1")
    return image

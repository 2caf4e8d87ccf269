"""A panel for JupyterLab: choose an example or upload a picture, turn the answer, read the scores."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Sequence

import ipywidgets
import numpy as np
import plotly.graph_objects as go

from . import datasets, figures, metrics
from .reconstruction import Reconstruction, reconstruct
from .shapes import ALL

__all__ = ["explorer"]

_TABLE = """<table><caption>The sampling floor is what a perfect answer of as many points scores: the truth,
sampled a second time. Chamfer-L1 in units of the box's diagonal.</caption>
<tr><th></th><th scope="col">Chamfer-L1 (small is good)</th><th scope="col">F at 2 % (1 is best)</th></tr>
<tr><th scope="row">prediction</th><td>{:.4f}</td><td>{:.2f}</td></tr>
<tr><th scope="row">sampling floor</th><td>{:.4f}</td><td>{:.2f}</td></tr></table>"""


def explorer(shapes: Sequence[tuple[str, int]] | None = None) -> ipywidgets.VBox:
    """A panel that reconstructs built-in examples and one's own pictures with the shipped network.

    It shows the picture, what the network saw of it, and the points to turn. Where the truth is known it lies in the
    same scene and turns with them; a click on the legend hides either. Tab reaches every control, the space bar
    presses it. Bad pictures are answered by a message in the panel.

    The panel lives with its kernel. Clear its output before you save a notebook: stored, it is large and dead.

    Args:
        shapes: examples to choose from, (category, seed) as :func:`recon3d_lite.datasets.example` takes them; None
            for one of each category.

    Raises:
        ValueError: no examples, or an unknown category.

    >>> panel = explorer([("mug", 3), ("chair", 7)])
    """
    if shapes is None:
        shapes = [(category, 0) for category in ALL]
    unknown = sorted({category for category, _ in shapes} - set(ALL))
    if unknown or not shapes:
        raise ValueError(f"shapes: {unknown or 'none'}; accepted: (category, seed), a category being {', '.join(ALL)}")

    # Not a Dropdown: JupyterLab takes its keys for commands to the notebook.
    choice = ipywidgets.ToggleButtons(
        options={_name(shapes, *shape): shape for shape in shapes},
        value=None,
        description="Built-in example:",
        style={"description_width": "initial", "button_width": "auto"},
    )
    upload = ipywidgets.FileUpload(accept="image/*", description="or upload a picture", layout={"width": "max-content"})
    message = ipywidgets.HTML("Choose an example, or upload a picture of one object.")
    pictures, scores, view = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.Output()

    def answer(picture: object, name: str, example: tuple[str, int] | None = None) -> None:
        pictures.value, scores.value, view.outputs = "", "", ()
        message.value = f'<p role="status">Reconstructing {html.escape(name)} ...</p>'
        try:
            truth = None
            if example is not None:
                picture, points = datasets.example(*example, points=2048)[:2]
                truth, again = points[::2], points[1::2]
            result = reconstruct(picture)
        except (ValueError, OSError) as error:
            message.value = f'<p role="alert"><b>This did not work.</b> {html.escape(str(error))}</p>'
            return
        pictures.value = _pictures(result)
        view.outputs = (_output(_figure(result.points, truth, name)),)
        if truth is not None:
            scores.value = _TABLE.format(*_scores(result.points, truth), *_scores(again, truth))
        message.value = f'<p role="status">{html.escape(name)}: {len(result.points)} points.</p>'

    def chosen(change: dict) -> None:
        if change["new"] is not None:
            answer(None, _name(shapes, *change["new"]), change["new"])

    def uploaded(change: dict) -> None:
        if change["new"]:
            file = io.BytesIO(change["new"][0]["content"])
            file.name = change["new"][0]["name"]
            # Emptied, so that the same example or file can be asked for again.
            choice.value, upload.value = None, ()
            answer(file, file.name)

    choice.observe(chosen, "value")
    upload.observe(uploaded, "value")
    return ipywidgets.VBox([choice, upload, message, pictures, view, scores])


def _scores(points: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    return metrics.chamfer_l1(points, truth), metrics.f_score(points, truth)


def _name(shapes: Sequence[tuple[str, int]], category: str, seed: int) -> str:
    alone = [c for c, _ in shapes].count(category) == 1
    return category if alone else f"{category} {seed}"


def _pictures(result: Reconstruction) -> str:
    shown = [
        (result.picture, "The picture", "The picture given."),
        (result.cutout, "What the network saw", "The object cut out of it."),
    ]
    return "".join(
        f'<figure style="display:inline-block;margin:0 1em 0 0"><img src="{figures.data_uri(picture)}" alt="{alt}" '
        f'style="height:128px"><figcaption>{caption}</figcaption></figure>'
        for picture, caption, alt in shown
    )


def _figure(points: np.ndarray, truth: np.ndarray | None, name: str) -> go.Figure:
    if truth is None:
        return figures.cloud(points, title="Turn it", alt=f"The points reconstructed from {name}.")
    alt = f"The points reconstructed from {name} in blue, the true ones in orange, in one scene."
    return figures.compare(points, truth, title="Turn them", alt=alt, overlay=True)


def _output(figure: go.Figure) -> dict:
    # Written out, because a display() inside a callback depends on the front end. FigureWidget would need anywidget.
    data = {"application/vnd.plotly.v1+json": json.loads(figure.to_json()), "text/plain": figure.layout.meta["alt"]}
    return {"output_type": "display_data", "data": data, "metadata": {}}

"""Sphinx extension of the book: Plotly figures that turn, Mermaid diagrams, models for phones; their JavaScript.

MyST-NB drops Plotly's outputs silently and points at other hosts for MathJax and for widgets. Here every
script comes from ``node_modules`` (``npm ci``, versions fixed in ``package-lock.json``), is copied into the
book once, and is loaded only by the pages that need it. Nothing here is needed to use the package.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.osutil import relative_uri

PLOTLY = "application/vnd.plotly.v1+json"
KEYS = "Drag it or use the arrow keys to turn it, plus and minus to zoom."

# where a file or folder of node_modules goes below _static
ASSETS = {
    "plotly.js-gl3d-dist-min/plotly-gl3d.min.js": "plotly/plotly-gl3d.min.js",
    "@mermaid-js/tiny/dist/mermaid.tiny.js": "mermaid/mermaid.tiny.js",
    "@google/model-viewer/dist/model-viewer-umd.min.js": "model-viewer/model-viewer-umd.min.js",
    "@jupyter-widgets/html-manager/dist/embed.js": "ipywidgets/embed.js",
    "mathjax/es5/tex-mml-chtml.js": "mathjax/tex-mml-chtml.js",
    "mathjax/es5/input": "mathjax/input",
    "mathjax/es5/output/chtml": "mathjax/output/chtml",
    "mathjax/es5/a11y": "mathjax/a11y",
    "mathjax/es5/sre": "mathjax/sre",
}
# the scripts of a page that holds such a node, in order
SCRIPTS = {
    "plotly_book": ["plotly/plotly-gl3d.min.js", "plotly-book.js"],
    "mermaid_book": ["mermaid/mermaid.tiny.js", "mermaid-book.js"],
    # its own script last would be too late to name the file instead of the address that holds the model
    "model_book": ["model-viewer-book.js", "model-viewer/model-viewer-umd.min.js"],
}
MODEL = re.compile(r'<model-viewer\b[^>]*\ssrc="data:model/gltf-binary;base64,([^"]+)"[^>]*>')

logger = logging.getLogger(__name__)


def plotly_html(figure: dict[str, Any]) -> str:
    """The HTML of a figure, given as Plotly's JSON: its words, and its data for ``plotly-book.js`` to draw.

    The words (``layout.meta.alt``) stay where JavaScript or WebGL is missing, and screen readers read them.

    Raises:
        ValueError: if ``layout.meta.alt`` is missing or empty.

    >>> print(plotly_html({"data": [], "layout": {"height": 300, "meta": {"alt": "A <cup>."}}}))  # doctest: +ELLIPSIS
    <div class="output plotly-book" role="img" aria-label="A &lt;cup&gt;." style="height:300px">...
    """
    layout = figure.get("layout", {})
    meta = layout.get("meta")
    alt = meta.get("alt", "").strip() if isinstance(meta, dict) else ""
    if not alt:
        raise ValueError("a Plotly figure without alt text: set layout.meta = {'alt': 'what it shows'}")
    body = json.dumps(figure, separators=(",", ":")).replace("</", "<\\/")
    role, keys = 'role="img"', ""
    if any("z" in trace for trace in figure.get("data", [])):  # it turns: screen readers hand an application its keys
        role, keys = 'role="application" aria-roledescription="figure that turns" tabindex="0"', f" <span>{KEYS}</span>"
    return (
        f'<div class="output plotly-book" {role} aria-label="{escape(alt)}" '
        f'style="height:{layout.get("height") or 450}px"><p class="plotly-alt">{escape(alt)}{keys}</p>'
        f'<script type="{PLOTLY}">{body}</script></div>'
    )


class PlotlyMimeRenderer:
    """MyST-NB's renderer of stored Plotly outputs (entry point ``myst_nb.mime_renderers``)."""

    # every builder, or gettext and linkcheck would warn of an unknown type; LaTeX prefers the PNG
    mime_priority_overrides = (("*", PLOTLY, 5), ("latex", PLOTLY, 95))

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the figure's node, or None for other types; a figure without alt text is a warning."""
        if inline or data.mime_type != PLOTLY:
            return None
        figure = data.content if isinstance(data.content, dict) else json.loads(data.content)
        try:
            html = plotly_html(figure)
        except ValueError as error:
            renderer.logger.warning(f"cell {data.cell_index}: {error}", subtype="plotly", line=data.line)
            return []
        return [nodes.raw("", html, format="html", plotly_book=True)]


class Mermaid(SphinxDirective):
    """A ``mermaid`` fence. JupyterLab draws the same fence by itself."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the diagram's source for ``mermaid-book.js`` to draw."""
        source = "\n".join(self.content)
        if "accDescr" not in source:
            logger.warning(
                "a Mermaid diagram without alt text: add a line 'accDescr: what it shows'", location=self.get_location()
            )
        html = f'<pre class="mermaid-book">{escape(source)}</pre>'
        return [nodes.raw("", html, format="html", mermaid_book=True)]


def model_html(html: str, write: Callable[[str, bytes], str]) -> str:
    """Give every ``<model-viewer>`` of a cell's HTML, whose ``src`` holds its model, the address of a file beside it.

    A page from the disk may load no files, a phone's viewer loads nothing but files: ``model-viewer-book.js`` chooses.

    Args:
        html: with ``<model-viewer src="data:model/gltf-binary;base64,.." alt="..">``.
        write: keeps a file, given its name and content, and returns its address.

    Raises:
        ValueError: if one has no ``alt``.

    >>> model = '<model-viewer alt="A cup." src="data:model/gltf-binary;base64,Z2xURg==">'
    >>> model_html(model, lambda name, content: f"_static/{content.decode()}.glb")[:61]
    '<model-viewer class="model-book" data-file="_static/glTF.glb"'
    """

    def with_file(found: re.Match) -> str:
        if not re.search(r'\salt="\s*[^"\s]', found[0]):
            raise ValueError('a <model-viewer> without alt text: give it alt="what it shows"')
        content = base64.b64decode(found[1])
        address = write(f"{hashlib.sha256(content).hexdigest()[:12]}.glb", content)
        return found[0].replace("<model-viewer", f'<model-viewer class="model-book" data-file="{escape(address)}"', 1)

    return MODEL.sub(with_file, html)


def add_models(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Find the models among the outputs of a page; their files go to ``_static/models``."""

    def write(name: str, content: bytes) -> str:
        path = Path(app.outdir, "_static", "models", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return relative_uri(app.builder.get_target_uri(page), f"_static/models/{name}")

    if app.builder.format != "html":
        return
    for node in doctree.findall(nodes.raw):
        if node.get("format") != "html" or not MODEL.search(node.astext()):
            continue
        try:
            html = model_html(node.astext(), write)
        except ValueError as error:
            logger.warning(f"{page}: {error}", type="model", subtype="alt")
            continue
        node["model_book"] = True
        node.children = [nodes.Text(html)]


def add_page_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Give a page the scripts of the figures and diagrams that it holds."""
    raws = list(doctree.findall(nodes.raw)) if doctree is not None else []
    for kind, scripts in SCRIPTS.items():
        if any(node.get(kind) for node in raws):
            for script in scripts:
                app.add_js_file(script, defer="defer")


def copy_assets(app: Sphinx) -> None:
    """Copy the scripts into the book's ``_static``, before the pages refer to them."""
    if app.builder.format != "html":
        return
    modules, static = Path(app.srcdir, "node_modules"), Path(app.outdir, "_static")
    missing = [name for name in ASSETS if not (modules / name).exists()]
    if missing:
        raise ExtensionError(f"{modules}: {missing[0]} is missing; run 'make book', or 'npm ci' first")
    for source, target in ASSETS.items():
        (static / target).parent.mkdir(parents=True, exist_ok=True)
        if (modules / source).is_dir():
            shutil.copytree(modules / source, static / target, dirs_exist_ok=True)
        else:
            shutil.copy(modules / source, static / target)
    for script in Path(__file__).parent.glob("*.js"):
        shutil.copy(script, static)


def leave_thebe_out(app: Sphinx) -> None:
    """Jupyter Book puts sphinx-thebe on every page, switched off or not; it names another host, twice."""
    for event in ("env-before-read-docs", "doctree-resolved"):
        listeners = app.events.listeners.get(event, [])
        listeners[:] = [item for item in listeners if not item.handler.__module__.startswith("sphinx_thebe")]


def inherit_html_visitors(app: Sphinx) -> None:
    """Let the one-page builder draw what the page builder draws.

    sphinx-exercise registers visitors for "singlehtml", which hides every other extension's "html" ones.
    """
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = {**handlers.get("html", {}), **handlers.get("singlehtml", {})}


def backticks_are_code(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Read `code` in a docstring as in Markdown; reStructuredText would set it in italics, or trip over a colon."""
    lines[:] = [re.sub(r"(?<![`:])`([^`]+)`(?![`_])", r"``\1``", line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # autodoc imports TensorFlow
    app.add_directive("mermaid", Mermaid)
    app.connect("builder-inited", leave_thebe_out)
    app.connect("builder-inited", inherit_html_visitors)
    app.connect("builder-inited", copy_assets)
    app.connect("doctree-resolved", add_models)
    app.connect("html-page-context", add_page_scripts)
    app.connect("autodoc-process-docstring", backticks_are_code, priority=400)  # before napoleon
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

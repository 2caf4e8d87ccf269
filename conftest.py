"""For all tests: a quiet, seeded TensorFlow in kernels; nbval's view of figures; the built book and a browser."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent

# set before any kernel or worker starts: they inherit them
os.environ.update(PYTHONHASHSEED="0", TF_CPP_MIN_LOG_LEVEL="3")

# WebGL without a graphics card, and no calls home
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def figure_skeleton(value: Any) -> Any:
    """Reduce a Plotly figure to what should repeat on every machine: structure, texts, layout, sizes of arrays."""
    if isinstance(value, dict) and "bdata" in value:
        return [value["dtype"], value.get("shape", len(base64.b64decode(value["bdata"])))]
    if isinstance(value, dict):
        return {key: figure_skeleton(item) for key, item in value.items()}
    if isinstance(value, list):
        return [figure_skeleton(item) for item in value] if len(value) < 50 else ["list", len(value)]
    if isinstance(value, str) and value.startswith("data:image/"):
        return "picture"
    return round(value, 3) if isinstance(value, float) else value


def pytest_configure(config: pytest.Config) -> None:
    """Teach nbval to compare figures by their skeleton; keep the package's tests off oneDNN, whose sums vary."""
    if not getattr(config.option, "nbval", False):
        # not in chapters: without it a 3D convolution takes seventy times as long, and readers have it
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
        return
    from nbval.plugin import IPyNbCell

    sanitize = IPyNbCell.sanitize

    def sanitize_figures(cell: IPyNbCell, output: Any) -> Any:
        if isinstance(output, dict) and {"data", "layout"} <= output.keys():
            return json.dumps(figure_skeleton(output), indent=1, sort_keys=True)
        return sanitize(cell, output)

    IPyNbCell.sanitize = sanitize_figures


@pytest.fixture
def skeleton() -> Callable[[Any], Any]:
    """The comparison above, for its own test."""
    return figure_skeleton


def build_book(folder: Path, *options: str) -> None:
    """Build the book below ``folder`` as ``make book`` does: a warning is an error."""
    command = [shutil.which("jupyter-book", path=Path(sys.executable).parent), "build", ROOT, "--path-output", folder]
    command += ["-W", "-n", "--keep-going", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"the book does not build:\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the book's pages, freshly built."""
    folder = tmp_path_factory.mktemp("book")
    build_book(folder)
    return folder / "_build" / "html"


@pytest.fixture(scope="session")
def catalogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the book's texts for translators."""
    folder = tmp_path_factory.mktemp("gettext")
    build_book(folder, "--builder", "custom", "--custom-builder", "gettext")
    return folder / "_build" / "gettext"


def _installed_chromium() -> str | None:
    names = ("chromium", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium: the one in $CHROMIUM, on the path, or Playwright's own; without any, the test is skipped.

    With RECON3D_REQUIRE_BROWSER=1 (set by .ci/run) a missing browser is a failure.
    """
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=_installed_chromium(), args=CHROMIUM_FLAGS)
        except Error as error:
            reason = f"no Chromium that starts; install one or set CHROMIUM=/path/to/it ({str(error).splitlines()[0]})"
            if os.environ.get("RECON3D_REQUIRE_BROWSER") == "1":
                pytest.fail(reason)
            pytest.skip(reason)
        yield chromium
        chromium.close()

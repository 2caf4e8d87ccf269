"""The chapters in JupyterLab: they run, their boxes are drawn, the panel answers."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = [pytest.mark.book, pytest.mark.timeout(600)]

ROOT = Path(__file__).parent.parent
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}


class Lab:
    """A running JupyterLab: its folder, and how to open one of its notebooks."""

    def __init__(self, folder: Path, address: str, token: str) -> None:
        self.folder, self.address, self.token = folder, address, token

    def open(self, browser: Any, notebook: str) -> Any:
        """A browser page on the notebook, its kernel ready."""
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(f"{self.address}/doc/tree/{notebook}?token={self.token}&reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        kernel = "jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
        page.wait_for_function(f"() => window.{kernel} === 'idle'")
        return page

    def run_all(self, page: Any, notebook: str) -> list[dict]:
        """Run every cell and save; returns the code cells as saved."""
        page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        path = self.folder / notebook
        until = time.monotonic() + 300
        while time.monotonic() < until:
            page.wait_for_timeout(1000)
            page.evaluate("jupyterapp.commands.execute('docmanager:save')")
            try:
                cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
            except json.JSONDecodeError:  # caught in the middle of being saved
                continue
            failed = [out for cell in cells for out in cell["outputs"] if out["output_type"] == "error"]
            if failed or all(cell["execution_count"] for cell in cells if "".join(cell["source"]).strip()):
                return cells
        pytest.fail(f"{notebook}: not all cells ran within 5 minutes")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a port, in folders and with a token of its own."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "book"
    shutil.copytree(ROOT / "book", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    names += ("JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name.lower()) for name in names}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += ["--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.news_url="]
    command += [
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    with open(home / "log.txt", "w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            address = f"http://127.0.0.1:{port}"
            until = time.monotonic() + 90
            while True:
                try:
                    urllib.request.urlopen(f"{address}/api/status?token={token}", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    if server.poll() is not None or time.monotonic() > until:
                        pytest.fail(f"JupyterLab does not start:\n{(home / 'log.txt').read_text()[-3000:]}")
                    time.sleep(0.5)
            yield Lab(folder, address, token)
        finally:
            server.terminate()
            server.wait(30)


def errors(cells: list[dict]) -> list[str]:
    return [f"{out['ename']}: {out['evalue']}" for cell in cells for out in cell["outputs"] if "ename" in out]


def test_first_chapter_runs_and_is_drawn(lab: Lab, browser: Any):
    page = lab.open(browser, "intro.ipynb")
    assert errors(lab.run_all(page, "intro.ipynb")) == []
    page.wait_for_selector(".jp-NotebookPanel aside.admonition, .jp-NotebookPanel .admonition, .myst-admonition")
    # no directive shows raw, once all have been drawn
    page.wait_for_function("() => !document.querySelector('.jp-NotebookPanel').innerText.includes('```{')")
    page.wait_for_selector(".js-plotly-plot canvas", state="attached")
    page.close()


def test_panel_answers(lab: Lab, browser: Any):
    """The explorer draws, and draws something else when another example is chosen."""
    cells = [new_code_cell("import recon3d_lite as r3d\n\npanel = r3d.explorer()\npanel")]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), lab.folder / "panel.ipynb")
    page = lab.open(browser, "panel.ipynb")
    assert errors(lab.run_all(page, "panel.ipynb")) == []
    choices = page.locator(".widget-toggle-buttons", has_text=re.compile("example", re.IGNORECASE)).locator("button")
    choices.nth(1).wait_for()
    shown = """() => [...document.querySelectorAll('.jp-OutputArea .js-plotly-plot')]
        .filter(plot => plot.querySelector('canvas')).map(plot => JSON.stringify(plot.data)).join()"""
    before = page.evaluate(shown)
    for choice in (choices.nth(0), choices.nth(1)):
        choice.click()
        page.wait_for_function(f"before => !['', before].includes(({shown})())", arg=before)
        before = page.evaluate(shown)
    page.close()

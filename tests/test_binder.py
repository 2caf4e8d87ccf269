"""The files for repo2docker, in `binder/`: its two steps make an environment in which a chapter and a lab run.

Without Docker the image itself cannot be built here. What repo2docker 2026.4 does with these files was read off the
Dockerfile that it writes (`jupyter-repo2docker --no-build --debug .`): a conda Python of the version in runtime.txt;
`pip install -r binder/requirements.txt` in the repository's folder; `./binder/postBuild`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import build  # labs/
import pytest

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.binder, pytest.mark.timeout(1200)]


def test_python_is_one_that_the_package_takes():
    version = (ROOT / "binder" / "runtime.txt").read_text().strip()
    assert re.fullmatch(r"python-3\.1[12]", version)


def test_environment_runs_a_chapter_and_a_lab(tmp_path: Path):
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", ROOT, copy], check=True)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    binaries = tmp_path / "env" / "bin"
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHONPATH", "JUPYTER"))}
    environment = outside | {"PATH": f"{binaries}:{os.environ['PATH']}", "HOME": str(tmp_path)}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    run("pip", "install", "--quiet", "--disable-pip-version-check", "-r", "binder/requirements.txt")
    run("./binder/postBuild")
    run("pip", "check")
    chapter = copy / "book" / "mathematics" / "distances.ipynb"
    lab = build.build(ROOT / "labs" / "lab2_distances.md") / "solution" / "lab2_distances.ipynb"
    for notebook in (chapter, lab):
        run("jupyter", "execute", "--timeout=300", str(notebook), "--output=run.ipynb")
    run("python", "-c", "import nbgitpuller")  # links that bring a teacher's notebooks
    assert (binaries / "jupyterhub-singleuser").exists()

"""Makes of each master, labs/*.md, what students and graders get: python labs/build.py [LAB ...]

In labs/dist/LAB lie `student/` (one notebook to hand out, its visible checks inside), `solution/` and `autograder/`
(all tests, and the zip for Gradescope). `otter assign` runs the solution and stops if it fails its own tests.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent

# Otter looks for its tests beside the notebook, under the name that the notebook had: lost when a student renames it,
# and on Colab, which keeps the notebook elsewhere. So the first cell carries them.
FIRST = """\
# @title Run this cell first: it gets the checks ready
import importlib.util
import tempfile
from pathlib import Path

if not importlib.util.find_spec("recon3d_lite"):  # on Colab
    %pip install --quiet "recon3d_lite[labs] @ git+https://github.com/recon3d-lite/recon3d-lite"

import otter

CHECKS = {checks}

folder = tempfile.mkdtemp()
for name, text in CHECKS.items():
    Path(folder, name).write_text(text, encoding="utf8")
grader = otter.Notebook(tests_dir=folder)
"""


def build(master: Path) -> Path:
    """Builds one lab; returns its folder."""
    made = HERE / "dist" / master.stem
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / f"{master.stem}.ipynb"
        shutil.copy(HERE / "otter.yml", folder)
        run("jupytext", "--quiet", "--to", "ipynb", "--output", notebook, master)
        run("otter", "assign", "--no-pdfs", notebook, Path(folder) / "dist")
        shutil.rmtree(made, ignore_errors=True)
        made.parent.mkdir(exist_ok=True)
        shutil.move(Path(folder) / "dist", made)
    tests = made / "student" / "tests"
    checks = {path.name: path.read_text(encoding="utf8") for path in sorted(tests.glob("*.py"))}
    shutil.rmtree(tests)
    (made / "solution").mkdir()
    shutil.move(made / "autograder" / notebook.name, made / "solution" / notebook.name)
    for part in ("student", "solution"):
        carry(checks, made / part / notebook.name)
    next((made / "autograder").glob("*.zip")).rename(made / "autograder" / f"{master.stem}.zip")
    return made


def carry(checks: dict[str, str], notebook: Path) -> None:
    """Writes the visible checks into the notebook's first cell, folded, in the place of otter's own."""
    content = nbformat.read(notebook, as_version=4)
    first = content.cells[0]
    assert "otter.Notebook" in first.source
    first.source = FIRST.format(checks=json.dumps(checks, indent=4))
    first.metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
    nbformat.write(content, notebook)


def run(module: str, *arguments: object) -> None:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.md") if path.stem.startswith("lab"))
    for name in names:
        print(build(HERE / f"{name}.md"))


if __name__ == "__main__":
    main()

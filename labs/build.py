"""Makes of each master, labs/*.md, what students and graders get: python labs/build.py [LAB ...]

In labs/dist/LAB lie `student/` (the notebook to hand out, and its visible tests), `solution/` and `autograder/` (all
tests, and the zip for Gradescope). `otter assign` runs the solution and stops if it fails its own tests.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def build(master: Path) -> Path:
    """Builds one lab; returns its folder."""
    made = HERE / "dist" / master.stem
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / f"{master.stem}.ipynb"
        run("jupytext", "--quiet", "--to", "ipynb", "--output", notebook, master)
        run("otter", "assign", "--no-pdfs", notebook, Path(folder) / "dist")
        shutil.rmtree(made, ignore_errors=True)
        made.parent.mkdir(exist_ok=True)
        shutil.move(Path(folder) / "dist", made)
    (made / "solution").mkdir()
    shutil.move(made / "autograder" / notebook.name, made / "solution" / notebook.name)
    next((made / "autograder").glob("*.zip")).rename(made / "autograder" / f"{master.stem}.zip")
    return made


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

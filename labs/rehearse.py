"""A class that does not exist, to rehearse the grading with: python labs/rehearse.py LAB SUBMISSIONS [--students 200]

LAB is a folder that `make labs` built. SUBMISSIONS gets a notebook a student, named after what is the matter with it:
right, unfinished, with one to three of the mistakes in labs/mistakes, broken, or hostile in one of the ways below.
"""

import argparse
import copy
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

HERE = Path(__file__).resolve().parent

# Code that a submission runs after its fourth cell. {tests} is a file of hidden tests, {neighbour} another submission.
HOSTILE = {
    "endless": "while True: pass",
    "memory": "kept = bytearray(8_000_000_000)",
    "import-error": "raise ImportError",
    "fills-disk": "with open('full', 'wb') as file:\n    while True:\n        file.write(bytes(10_000_000))",
    "quits": "import os; os._exit(0)",
    "reads-tests": "open({tests!r}).read()",
    "reads-tests-in-c": "import numpy as np; np.fromfile({tests!r})",
    "reads-neighbour": "open({neighbour!r}).read()",
    "starts-program": "import os; os.system('ls')",
    "network": "import urllib.request as u; u.urlopen('http://127.0.0.1:9')",
}


class Lab:
    """A built lab: its solution, what is handed out, and plausible mistakes."""

    def __init__(self, folder: Path) -> None:
        self.folder, name = folder, folder.name
        self.solution, self.student = (
            nbformat.read(folder / part / f"{name}.ipynb", as_version=4) for part in ("solution", "student")
        )
        self.mistakes = tomllib.loads((HERE / "mistakes" / f"{name}.toml").read_text(encoding="utf8"))["mistake"]


def replaced(notebook: NotebookNode, right: str, wrong: str) -> NotebookNode:
    """A copy with some code replaced. Raises ValueError if that code is not there."""
    changed, count = copy.deepcopy(notebook), 0
    for cell in changed.cells:
        if cell.cell_type == "code" and right in cell.source:
            cell.source, count = cell.source.replace(right, wrong), count + 1
    if not count:
        raise ValueError(f"not in the notebook: {right}")
    return changed


def added(notebook: NotebookNode, code: str, at: int = 4) -> NotebookNode:
    changed = copy.deepcopy(notebook)
    changed.cells.insert(at, new_code_cell(code, id="attempt"))
    return changed


def without_checks(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    notebook = copy.deepcopy(lab.solution)
    notebook.cells = [cell for cell in notebook.cells if "grader.check" not in cell.source]
    return notebook


def doubled(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    """One answer is there twice."""
    notebook = copy.deepcopy(lab.solution)
    at = next(i for i, cell in enumerate(notebook.cells) if "grader.check" in cell.source) - 1
    notebook.cells.insert(at, new_code_cell(notebook.cells[at].source, id="again"))
    return notebook


def forging(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    """Answers for the tests, without an answer of its own."""
    return added(lab.student, "import builtins; builtins.exec = lambda *_: None", at=len(lab.student.cells))


def unfinished(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    """Right so far, and then as it was handed out."""
    checks = [i for i, cell in enumerate(lab.solution.cells) if "grader.check(" in cell.source]
    last = lab.solution.cells[rng.choice(checks)].source
    notebook, rest = copy.deepcopy(lab.solution), [cell.source for cell in lab.student.cells]
    notebook.cells = notebook.cells[: [cell.source for cell in notebook.cells].index(last) + 1]
    notebook.cells += copy.deepcopy(lab.student.cells[rest.index(last) + 1 :])
    return notebook


def mistaken(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    """One to three mistakes, each in a question of its own."""
    of_question = {m["question"]: m for m in rng.permutation(lab.mistakes)}
    notebook = lab.solution
    for question in rng.choice(list(of_question), rng.integers(1, 4), replace=False):
        notebook = replaced(notebook, of_question[question]["right"], of_question[question]["wrong"])
    return notebook


def hostile_code(lab: Lab, kind: str) -> str:
    tests = lab.folder.resolve() / "autograder" / "tests" / "q1.py"
    return HOSTILE[kind].format(tests=str(tests), neighbour="../neighbour/x_1.ipynb")


def hostile(kind: str) -> Callable[[Lab, np.random.Generator], NotebookNode]:
    """The solution, or one with mistakes, and in it an attempt."""

    def make(lab: Lab, rng: np.random.Generator) -> NotebookNode:
        notebook = lab.solution if rng.random() < 0.5 else mistaken(lab, rng)
        return added(notebook, hostile_code(lab, kind))

    return make


def borrowed(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    """Everybody's data are made those of student 0."""
    notebook = copy.deepcopy(lab.solution)
    for cell in notebook.cells:
        cell.source = re.sub(r"(def my_\w+\(student.*\):\n)", r"\1    student = 0\n", cell.source)
    return notebook


def typo(lab: Lab, rng: np.random.Generator) -> NotebookNode:
    answers = [cell.source for cell in lab.solution.cells if cell.cell_type == "code" and "def " in cell.source]
    code = rng.choice(answers[1:])
    return replaced(lab.solution, code, code.replace("return", "retrun"))


KINDS: dict[str, tuple[int, Callable[[Lab, np.random.Generator], NotebookNode]]] = {  # of every hundred
    "right": (35, lambda lab, rng: lab.solution),
    "mistaken": (24, mistaken),
    "unfinished": (14, unfinished),
    "untouched": (3, lambda lab, rng: lab.student),
    "typo": (3, typo),
    "without-checks": (2, without_checks),
    "doubled": (2, doubled),
    "forging": (2, forging),
    "borrowed": (1, borrowed),
    **{kind: (1, hostile(kind)) for kind in HOSTILE},
}
BROKEN = {"empty": "", "cut-off": '{"cells": [{"cell_type": "co', "list": "[]", "cells-of-a-number": '{"cells": 3}'}


def rehearse(lab: Lab, folder: Path, students: int, seed: int = 0) -> None:
    """Writes the submissions of a class."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    shares = [kind for kind, (share, _) in KINDS.items() for _ in range(share)] + list(BROKEN)
    for i, kind in enumerate(np.resize(rng.permutation(shares), students)):
        path = folder / f"{kind}_{1000 + i}.ipynb"
        if kind in BROKEN:
            path.write_text(BROKEN[kind])
        else:
            notebook = replaced(KINDS[kind][1](lab, rng), "STUDENT = 0", f"STUDENT = {1000 + i}")
            nbformat.write(notebook, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", type=Path, help="a folder that `make labs` built")
    parser.add_argument("submissions", type=Path, help="a folder to make")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not (options.lab / "solution").is_dir():
        parser.error(f"{options.lab}: no solution in it; build the lab first: make labs")
    if options.submissions.exists():
        parser.error(f"{options.submissions}: is there already; name a new folder")
    rehearse(Lab(options.lab), options.submissions, options.students, options.seed)


if __name__ == "__main__":
    main()

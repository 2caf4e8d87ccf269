"""Grade a folder of notebooks.

    python labs/grade.py LAB SUBMISSIONS [-o GRADES] [--jobs 2] [--seconds 120] [--memory 2]

LAB is a folder that `make labs` built, as labs/dist/lab2_distances. Every notebook in SUBMISSIONS runs in a process of
its own, under limits of time and memory, and then the lab's tests run in it, visible and hidden ones. GRADES gets
scores.csv, a page of feedback for each student, and index.html with statistics. A run that was stopped goes on where it
was; the same submission and lab always give the same score.

On Linux a submission sees neither the network nor the folders of submissions, tests and grades. Elsewhere the worker
refuses to open them, which stops Python code, but not a library that opens files by itself.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import report
import sandbox
from report import Case, points
from sandbox import Stopped, Worker

from recon3d_lite.files import whole

CONTROL = "assert 1 + 1 == 3"  # must fail: a submission whose controls pass answers for the tests


def cases(lab: Path) -> list[Case]:
    """The tests of a lab, as `otter assign` wrote them, read without running anything."""
    found = []
    for path in sorted((lab / "autograder" / "tests").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf8"))
        values = {n.targets[0].id: n.value for n in tree.body if isinstance(n, ast.Assign)}
        for suite in ast.literal_eval(values["test"])["suites"]:
            for case in suite["cases"]:
                code = "\n".join(line[4:] for line in case["code"].splitlines())
                message = case.get("failure_message", "")
                found.append(Case(path.stem, code, case["points"], case["hidden"], message))
    if not found:
        raise FileNotFoundError(f"{lab}: no tests in autograder/tests; build the lab first: make labs")
    return found


def submissions(folder: Path) -> dict[str, Path]:
    """All files by name, those in folders too, as learning platforms pack them; what is no notebook will be named."""
    found = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = [path for path in found if not any(part.startswith(".") for part in path.parts)]  # no checkpoints
    return {path.as_posix().removesuffix(".ipynb"): folder / path for path in shown}


def data_cell(template: nbformat.NotebookNode) -> str:
    """The cell after the student's number, which makes that student's data."""
    sources = [cell.source for cell in template.cells if cell.cell_type == "code"]
    return sources[next(i for i, source in enumerate(sources) if source.startswith("STUDENT = ")) + 1]


def changed(notebook: nbformat.NotebookNode, template: nbformat.NotebookNode) -> list[str]:
    """What differs from the notebook that was handed out, beside the answers."""
    own = Counter(cell.source.strip() for cell in notebook.cells if cell.source.strip())
    fixed = [c.source.strip() for c in template.cells if not c.metadata.get("editable", True) and c.source.strip()]
    missing = [source for source in fixed if not own[source]]
    doubled = [source for source in own if own[source] > 1 and source not in Counter(fixed) - Counter(set(fixed))]
    found = [f"{cells(missing)} of the lab deleted or changed"] if missing else []
    found += [] if own[data_cell(template).strip()] else ["the cell that makes the data deleted or changed"]
    return found + ([f"{cells(doubled)} there more than once"] if doubled else [])


def cells(some: list) -> str:
    return f"{len(some)} cell{'s' * (len(some) != 1)}"


def grade(path: Path, lab: Path, tests: list[Case], hidden: list[Path], seconds: float, memory: float) -> dict:
    """Points of each test, in order, and notes; whatever a submission does, this returns."""
    result = {"passed": [False] * len(tests), "errors": [None] * len(tests), "notes": [], "seconds": 0.0}
    try:
        with warnings.catch_warnings(action="ignore"):  # of cells that are there twice, which are noted below
            notebook = nbformat.reads(path.read_text(encoding="utf8"), as_version=4)
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # nbformat raises many kinds
        return result | {"notes": [f"no notebook that can be read ({type(error).__name__})"]}
    template = nbformat.read(next((lab / "student").glob("*.ipynb")), as_version=4)
    result["notes"] += changed(notebook, template)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Path(folder), hidden, seconds, memory)
        try:
            failed = [source for source in sources if worker.run(source) is not None]
            result["notes"] += [f"{cells(failed)} with an error"] * bool(failed)
            worker.run(data_cell(template))  # again, as it was handed out: answers from other data will not fit
            numbers = [int(digits) for digits in re.findall("[0-9]+", re.sub("lab *[0-9]", "", path.stem))]
            if error := worker.run(f"assert STUDENT in {numbers}, repr(STUDENT)[:30]", test=True):
                number = error.removeprefix("AssertionError: ")
                result["notes"].append(f"the file's name does not hold its STUDENT number, {number}")
            for i, case in enumerate(tests):
                if worker.run(CONTROL, test=True) is None:
                    raise Stopped("it answers for the tests: all points are taken away")
                result["errors"][i] = worker.run(case.code, test=True)
                result["passed"][i] = result["errors"][i] is None
        except Stopped as stop:
            result["notes"].append(f"stopped: {stop}")
            if "answers for" in str(stop):
                result["passed"] = [False] * len(tests)
        finally:
            worker.stop()
        result["notes"] += [f"tried {what}" for what in sorted(worker.seen)]
    return result | {"seconds": round(time.monotonic() - started, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", type=Path, help="a folder that `make labs` built")
    parser.add_argument("submissions", type=Path, help="a folder of notebooks, or of folders of them")
    parser.add_argument("-o", "--output", type=Path, default=Path("grades"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="submissions at once")
    parser.add_argument("--seconds", type=float, default=120, help="for each submission")
    parser.add_argument("--memory", type=float, default=2, help="GB for each submission")
    options = parser.parse_args()
    try:
        tests = cases(options.lab)
    except FileNotFoundError as error:
        parser.error(str(error))
    paths = submissions(options.submissions)
    if not paths:
        parser.error(f"{options.submissions}: no files in it")
    hidden = [path.resolve() for path in (options.lab, options.submissions, options.output)]
    limits = {"seconds": options.seconds, "memory": options.memory}
    programs = [path.read_bytes() for path in (Path(__file__), Path(sandbox.__file__), sandbox.WORKER)]
    same = [*programs, repr((tests, limits)).encode()]

    def one(name: str) -> dict:
        digest = hashlib.sha256(b"\0".join([*same, paths[name].read_bytes()])).hexdigest()
        kept = options.output / "results" / f"{name}.json"
        if kept.exists() and (found := json.loads(kept.read_text(encoding="utf8")))["digest"] == digest:
            return found
        found = {"digest": digest} | grade(paths[name], options.lab, tests, hidden, **limits)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with whole(kept) as partial:
            partial.write_text(json.dumps(found), encoding="utf8")
        print(f"{name}: {points(found, tests):g}  {'; '.join(found['notes'])}", flush=True)
        return found

    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(paths, pool.map(one, paths), strict=True))
    report.write(results, tests, options.output)
    if not sandbox.CAN_ISOLATE:
        print("this system hides no folders from a submission: see the instructor's guide")
    print(f"{len(results)} submissions: {options.output / 'scores.csv'}")


if __name__ == "__main__":
    main()

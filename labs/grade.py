"""Grade a folder of notebooks.

    python labs/grade.py LAB SUBMISSIONS [-o GRADES] [--jobs 2] [--seconds 120] [--memory 2]

LAB is a folder that `make labs` built, as labs/dist/lab2_distances. Every .ipynb in SUBMISSIONS runs in a process of
its own, under limits of time and memory, and then the lab's tests run in it, visible and hidden ones. GRADES gets
scores.csv, a page of feedback for each student, and index.html with statistics. A run that was stopped goes on where it
was; the same submission and lab always give the same score.

On Linux a submission sees neither the network nor the folders of submissions, tests and grades. Elsewhere the worker
refuses to open them, which stops Python code, but not a library that opens files by itself.
"""

import argparse
import ast
import csv
import hashlib
import html
import json
import os
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

from recon3d_lite.files import whole

WORKER = Path(__file__).with_name("worker.py")
CONTROL = "assert 1 + 1 == 3"  # must fail: a submission whose controls pass answers for the tests


@dataclass(frozen=True)
class Case:
    """One test: what it runs, what it is worth, and what a student is told if it fails."""

    question: str
    code: str
    points: float
    hidden: bool
    message: str


class Stopped(Exception):
    """The submission's process had to be ended, or ended itself."""


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


class Worker:
    """A process that runs code, with what it may use."""

    def __init__(self, folder: Path, hidden: list[Path], seconds: float, memory: float) -> None:
        command = [sys.executable, "-P", str(WORKER)]
        environment = {
            **os.environ,
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "HOME": str(folder),
            "TMPDIR": str(folder),
        }
        self.process = subprocess.Popen(
            isolated(hidden) + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
        self.ends, self.limit, self.memory = time.monotonic() + seconds, seconds, memory
        self.answers: queue.Queue[str] = queue.Queue()
        self.seen: set[str] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put("")

    def run(self, code: str, test: bool = False) -> str | None:
        """Runs a cell or a test; returns its error, or None. Raises Stopped."""
        token = secrets.token_hex(8)
        try:
            self.process.stdin.write(json.dumps({"token": token, "code": code, "test": test}) + "\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Stopped("its process ended by itself") from error
        while True:
            try:
                line = self.answers.get(timeout=0.05)
            except queue.Empty:
                if time.monotonic() > self.ends:
                    raise Stopped(f"it took longer than {self.limit:g} seconds") from None
                if self._used() > self.memory:
                    raise Stopped(f"it used more than {self.memory:g} GB of memory") from None
                continue
            try:
                answer = json.loads(line)
                if answer["token"] == token:
                    self.seen.update(answer["seen"])
                    return answer["error"]
            except (ValueError, TypeError, KeyError):
                if not line:
                    raise Stopped("its process ended by itself") from None

    def _used(self) -> float:
        try:
            own = psutil.Process(self.process.pid)
            return sum(p.memory_info().rss for p in [own, *own.children(recursive=True)]) / 1e9
        except psutil.Error:
            return 0.0

    def stop(self) -> None:
        try:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
        except psutil.Error:
            pass
        self.process.kill()
        self.process.wait()


def isolated(hidden: list[Path]) -> list[str]:
    """The beginning of a command that runs without network and finds these folders empty; [] where none can."""
    if not CAN_ISOLATE:
        return []
    empty = "; ".join(f'mount -t tmpfs none "${i + 1}"' for i in range(len(hidden)))
    shift = f"shift {len(hidden)}"
    return ["unshare", "-rmn", "sh", "-c", f'{empty}; {shift}; exec "$@"', "sh", *map(str, hidden)]


def can_isolate() -> bool:
    """Whether this system lets a user hide folders and the network from a process."""
    try:
        done = subprocess.run(["unshare", "-rmn", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


CAN_ISOLATE = can_isolate()


def changed(notebook: nbformat.NotebookNode, template: nbformat.NotebookNode) -> list[str]:
    """What differs from the notebook that was handed out, beside the answers."""
    own = Counter(cell.source.strip() for cell in notebook.cells if cell.source.strip())
    fixed = [c.source.strip() for c in template.cells if not c.metadata.get("editable", True) and c.source.strip()]
    missing = [source for source in fixed if not own[source]]
    doubled = [source for source in own if own[source] > 1 and source not in Counter(fixed) - Counter(set(fixed))]
    found = [f"{len(missing)} cells of the lab deleted or changed"] if missing else []
    return found + ([f"{len(doubled)} cells there more than once"] if doubled else [])


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
            failed = sum(worker.run(source) is not None for source in sources)
            result["notes"] += [f"{failed} cells raise an error"] * bool(failed)
            if worker.run(f"assert str(STUDENT) in {path.stem!r}", test=True):
                result["notes"].append("the file's name does not hold its STUDENT number")
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


# --- what the teacher and the students get ---------------------------------------------------------------------------

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>body{{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse}}td,th{{border-bottom:1px solid #ccc;padding:.2em .8em .2em 0;text-align:left}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}}}</style><h1>{title}</h1>{body}</html>
"""


def table(head: list[str], rows: list[list[object]]) -> str:
    lines = [f"<tr>{''.join(f'<{tag}>{html.escape(str(x))}</{tag}>' for x in row)}</tr>"
             for tag, row in [("th", head), *(("td", row) for row in rows)]]  # fmt: skip
    return f"<table>{''.join(lines)}</table>"


def points(result: dict, tests: list[Case], question: str | None = None) -> float:
    pairs = zip(tests, result["passed"], strict=True)
    return sum(case.points for case, passed in pairs if passed and question in (None, case.question))


def feedback(name: str, result: dict, tests: list[Case]) -> str:
    """The page for one student. Of hidden tests it shows the hint, not the code."""
    rows = []
    for case, passed, error in zip(tests, result["passed"], result["errors"], strict=True):
        if passed and not case.points:
            continue
        why = "" if passed else case.message or ("a hidden test failed" if case.hidden else str(error))
        rows.append([case.question, f"{case.points if passed else 0:g} of {case.points:g}", why])
    total = sum(case.points for case in tests)
    notes = "".join(f"<p>{html.escape(note)}.</p>" for note in result["notes"])
    score = f"<p><b>{points(result, tests):g} of {total:g} points.</b></p>"
    body = score + notes + table(["question", "points", ""], rows)
    return PAGE.format(title=html.escape(name), body=body)


def statistics(results: dict[str, dict], tests: list[Case]) -> str:
    """The page for the teacher: what failed most, and whose submission needs a look."""
    worth = {question: sum(c.points for c in tests if c.question == question) for question in questions(tests)}
    rows = []
    for question, most in worth.items():
        scores = [points(result, tests, question) for result in results.values()]
        full, none = sum(s == most for s in scores), sum(s == 0 for s in scores)
        rows.append([question, f"{most:g}", f"{sum(scores) / len(scores):.2f}", full, none])
    failed = Counter()
    for result in results.values():
        failed.update(i for i, passed in enumerate(result["passed"]) if not passed)
    worst = [[tests[i].question, tests[i].message or tests[i].code, n] for i, n in failed.most_common()]
    noted = [[name, "; ".join(result["notes"])] for name, result in results.items() if result["notes"]]
    body = f"<p>{len(results)} submissions.</p>{table(['question', 'points', 'mean', 'full', 'none'], rows)}"
    body += f"<h2>Tests that failed most</h2>{table(['question', 'test', 'failed'], worst)}"
    body += f"<h2>Submissions to look at</h2>{table(['submission', 'why'], noted)}"
    return PAGE.format(title="Grades", body=body)


def questions(tests: list[Case]) -> list[str]:
    return list(dict.fromkeys(case.question for case in tests))


def report(results: dict[str, dict], tests: list[Case], grades: Path) -> None:
    for name, result in results.items():
        with whole(grades / "feedback" / f"{name}.html") as partial:
            partial.write_text(feedback(name, result, tests), encoding="utf8")
    with whole(grades / "scores.csv") as partial, partial.open("w", newline="", encoding="utf8") as file:
        writer = csv.writer(file)
        writer.writerow(["submission", "total", *questions(tests), "notes"])
        for name, result in results.items():
            each = [f"{points(result, tests, question):g}" for question in questions(tests)]
            writer.writerow([name, f"{points(result, tests):g}", *each, "; ".join(result["notes"])])
    with whole(grades / "index.html") as partial:
        partial.write_text(statistics(results, tests), encoding="utf8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", type=Path, help="a folder that `make labs` built")
    parser.add_argument("submissions", type=Path, help="a folder of .ipynb files")
    parser.add_argument("-o", "--output", type=Path, default=Path("grades"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="submissions at once")
    parser.add_argument("--seconds", type=float, default=120, help="for each submission")
    parser.add_argument("--memory", type=float, default=2, help="GB for each submission")
    options = parser.parse_args()
    try:
        tests = cases(options.lab)
    except FileNotFoundError as error:
        parser.error(str(error))
    paths = {path.stem: path for path in sorted(options.submissions.glob("*.ipynb"))}
    if not paths:
        parser.error(f"{options.submissions}: no .ipynb files in it")
    for name in ("feedback", "results"):
        (options.output / name).mkdir(parents=True, exist_ok=True)
    hidden = [path.resolve() for path in (options.lab, options.submissions, options.output)]
    code = [Path(__file__).read_bytes(), WORKER.read_bytes(), repr(tests).encode()]
    limits = {"seconds": options.seconds, "memory": options.memory}

    def one(name: str) -> dict:
        digest = hashlib.sha256(b"\0".join([*code, paths[name].read_bytes(), repr(limits).encode()])).hexdigest()
        kept = options.output / "results" / f"{name}.json"
        if kept.exists() and (found := json.loads(kept.read_text(encoding="utf8")))["digest"] == digest:
            return found
        found = {"digest": digest} | grade(paths[name], options.lab, tests, hidden, **limits)
        with whole(kept) as partial:
            partial.write_text(json.dumps(found), encoding="utf8")
        print(f"{name}: {points(found, tests):g}  {'; '.join(found['notes'])}", flush=True)
        return found

    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(paths, pool.map(one, paths), strict=True))
    report(results, tests, options.output)
    if not CAN_ISOLATE:
        print("this system hides no folders from a submission: see the instructor's guide")
    print(f"{len(results)} submissions: {options.output / 'scores.csv'}")


if __name__ == "__main__":
    main()

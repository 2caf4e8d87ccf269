"""The labs: solutions get all points, untouched notebooks none, mistakes lose theirs, and nothing stops the grader."""

import ast
import copy
import csv
import functools
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import build  # labs/
import grade
import nbformat
import numpy as np
import psutil
import pytest
import rehearse
import report
import sandbox
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from rehearse import replaced

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.labs
LABS = sorted((ROOT / "labs").glob("lab*.md"))


class Lab(rehearse.Lab):
    """A lab, built and graded."""

    def __init__(self, master: Path) -> None:
        super().__init__(build.build(master))
        self.tests = grade.cases(self.folder)

    def grade(self, path: Path, seconds: float = 120, memory: float = 2) -> dict:
        result = grade.grade(path, self.folder, self.tests, [self.folder, path.parent], seconds, memory)
        return result | {q: report.points(result, self.tests, q) for q in report.questions(self.tests)}

    @property
    def most(self) -> dict[str, float]:
        return {q: sum(c.points for c in self.tests if c.question == q) for q in report.questions(self.tests)}


built = functools.cache(Lab)


def in_turn(name: str) -> pytest.MarkDecorator:
    """Tests of one lab run one after the other, for each builds it in the same place."""
    return pytest.mark.xdist_group(name)


@pytest.fixture(scope="module", params=[pytest.param(p, marks=in_turn(p.stem), id=p.stem) for p in LABS])
def lab(request: pytest.FixtureRequest) -> Lab:
    return built(request.param)


@pytest.fixture(scope="module")
def distances() -> Lab:
    return built(ROOT / "labs" / "lab2_distances.md")


def saved(notebook: nbformat.NotebookNode, path: Path) -> Path:
    nbformat.write(notebook, path)
    return path


def test_solution_gets_all_points_whatever_the_student_number(lab: Lab, tmp_path: Path):
    for number in (0, 1, 32):
        own = replaced(lab.solution, "STUDENT = 0", f"STUDENT = {number}")
        result = lab.grade(saved(own, tmp_path / f"s_{number}.ipynb"))
        assert {q: result[q] for q in lab.most} == lab.most, (number, result["errors"])
        assert result["notes"] == []


def test_untouched_notebook_gets_none(lab: Lab, tmp_path: Path):
    result = lab.grade(saved(lab.student, tmp_path / "s_0.ipynb"))
    assert not any(result[q] for q in lab.most), result["errors"]


def test_what_is_handed_out_is_one_notebook_that_python_reads_without_hidden_tests(lab: Lab):
    assert [path.name for path in (lab.folder / "student").iterdir()] == [f"{lab.folder.name}.ipynb"]
    text = (lab.folder / "student" / f"{lab.folder.name}.ipynb").read_text(encoding="utf8")
    assert "'hidden': True" not in text
    for cell in lab.student.cells:
        if cell.cell_type == "code":
            ast.parse(TransformerManager().transform_cell(cell.source))
    for case in lab.tests:
        if case.hidden and len(case.code) > 60:
            assert json.dumps(case.code.splitlines()[-1])[1:-1] not in text


def test_lab_has_the_size_of_a_lab(lab: Lab):
    assert 5 <= len(lab.most) <= 8
    for question in lab.most:
        own = [case for case in lab.tests if case.question == question]
        assert any(not case.hidden for case in own), question
        assert all(case.message for case in own), question
    found = [mistake["question"] for mistake in lab.mistakes]
    few = [question for question in lab.most if found.count(question) < 2]
    assert not few, f"labs/mistakes/{lab.folder.name}.toml: write two plausible mistakes for {few}"


def test_guide_says_what_each_question_is_worth_and_how_long_the_solution_ran(lab: Lab):
    guide = (ROOT / "book" / "teaching" / "guide.md").read_text(encoding="utf8")
    number = lab.folder.name[3]
    section = re.search(rf"^### Lab {number}:.*?(?=^##)", guide, re.DOTALL | re.MULTILINE)[0]
    assert int(re.search(r"[*][*](\d+) points[*][*]", section)[1]) == sum(lab.most.values())
    listed = re.findall(r"^\d\. .* \((\d+)\)$", section, re.MULTILINE)
    assert [int(points) for points in listed] == list(lab.most.values())
    measured = json.loads((ROOT / "benchmarks" / "labs.json").read_text())["labs"][lab.folder.name]["seconds"]
    assert f"runs in {measured:.0f} seconds" in section


@pytest.mark.timeout(1800)
def test_plausible_mistakes_lose_points_in_their_question(lab: Lab, tmp_path: Path):
    def unnoticed(mistake: dict) -> bool:
        wrong = replaced(lab.solution, mistake["right"], mistake["wrong"])
        check = f'grader.check("{mistake["question"]}")'
        wrong.cells = wrong.cells[: [cell.source for cell in wrong.cells].index(check)]  # what follows takes longer
        own = [case for case in lab.tests if case.question == mistake["question"]]
        path = saved(wrong, tmp_path / "m_0.ipynb")
        return all(grade.grade(path, lab.folder, own, [lab.folder], seconds=120, memory=2)["passed"])

    assert [(m["question"], m["what"]) for m in lab.mistakes if unnoticed(m)] == []


EXPECTED = {  # points of 20, and what the report says
    "without-checks": (20, "8 cells of the lab deleted or changed"),
    "doubled": (20, "1 cell there more than once"),
    "endless": (0, "took longer than 45 seconds"),
    "memory": (0, "more than 1 GB of memory"),
    "import-error": (20, "1 cell with an error"),
    "fills-disk": (20, "1 cell with an error"),
    "quits": (0, "ended by itself"),
    "reads-tests": (20, "tried to read q1.py"),
    "reads-tests-in-c": (20, "tried to read q1.py"),
    "reads-neighbour": (20, "tried to read x_1.ipynb"),
    "starts-program": (20, "tried to start a program"),
    "network": (20, "tried to use the network"),
    "forging": (0, "answers for the tests"),
}


def hostile(lab: Lab, kind: str) -> nbformat.NotebookNode:
    if kind in rehearse.HOSTILE:
        return rehearse.added(lab.solution, rehearse.hostile_code(lab, kind))
    return rehearse.KINDS[kind][1](lab, np.random.default_rng(0))


@in_turn("lab2_distances")
@pytest.mark.parametrize("kind", EXPECTED)
def test_hostile_submissions_are_named(kind: str, distances: Lab, tmp_path: Path):
    total, note = EXPECTED[kind]
    result = distances.grade(saved(hostile(distances, kind), tmp_path / "x_0.ipynb"), seconds=45, memory=1)
    assert sum(result[q] for q in distances.most) == total
    assert re.search(note, "; ".join(result["notes"]))


def test_every_hostile_kind_is_expected():
    assert set(rehearse.HOSTILE) < set(EXPECTED)


@in_turn("lab2_distances")
@pytest.mark.parametrize("content", rehearse.BROKEN.values(), ids=rehearse.BROKEN)
def test_what_is_no_notebook_is_named(content: str, distances: Lab, tmp_path: Path):
    path = tmp_path / "x_0.ipynb"
    path.write_text(content)
    assert "no notebook that can be read" in distances.grade(path)["notes"][0]


@in_turn("lab2_distances")
def test_endless_submission_ends_with_the_grader(distances: Lab, tmp_path: Path):
    (tmp_path / "in").mkdir()
    saved(hostile(distances, "endless"), tmp_path / "in" / "x_0.ipynb")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = psutil.Popen(command(distances, tmp_path / "in", tmp_path / "out"), env=environment)
    until = time.monotonic() + 60
    while not (workers := run.children()) or workers[0].cpu_times().user < 5:  # in its loop
        assert time.monotonic() < until
        time.sleep(0.2)
    run.kill()
    run.wait()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


@in_turn("lab2_distances")
@pytest.mark.parametrize(("name", "fits"), [("lab2_0", True), ("x 000", True), ("lab2_12345", False), ("x_10", False)])
def test_borrowed_numbers_are_noticed(name: str, fits: bool, distances: Lab, tmp_path: Path):
    few = copy.deepcopy(distances.student)
    few.cells = few.cells[:5]  # the number and the data
    note = "the file's name does not hold its STUDENT number, 0"
    assert (note not in distances.grade(saved(few, tmp_path / f"{name}.ipynb"))["notes"]) == fits


@pytest.mark.parametrize("name", [pytest.param(p.stem, marks=in_turn(p.stem)) for p in LABS if p.stem[3] not in "47"])
def test_borrowed_data_are_noticed_and_do_not_fit(name: str, tmp_path: Path):
    """Not of the labs that train, where this takes half a minute each and goes the same way."""
    lab = built(ROOT / "labs" / f"{name}.md")
    own = replaced(rehearse.borrowed(lab, np.random.default_rng(0)), "STUDENT = 0", "STUDENT = 7")
    result = lab.grade(saved(own, tmp_path / "x_7.ipynb"))
    assert "the cell that makes the data deleted or changed" in result["notes"]
    assert sum(result[q] for q in lab.most) < sum(lab.most.values())


@in_turn("lab2_distances")
def test_weakened_checks_change_nothing(distances: Lab, tmp_path: Path):
    weak = replaced(distances.student, 'grader.check("q1")', "print('all passed')")
    result = distances.grade(saved(weak, tmp_path / "x_0.ipynb"))
    assert not any(result["passed"])
    assert "1 cell of the lab deleted or changed" in result["notes"]


@in_turn("lab2_distances")
def test_where_folders_cannot_be_hidden_python_is_still_refused(distances: Lab, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sandbox, "CAN_ISOLATE", False)
    result = distances.grade(saved(hostile(distances, "reads-tests"), tmp_path / "x_0.ipynb"))
    assert "tried to read q1.py" in result["notes"]


@in_turn("lab2_distances")
@pytest.mark.skipif(not sandbox.CAN_ISOLATE, reason="this system hides no folders from a process")
def test_libraries_in_c_find_hidden_folders_empty(distances: Lab, tmp_path: Path):
    hidden = str(distances.folder / "autograder" / "tests" / "q1.py")
    code = f"import tensorflow as tf; found = tf.io.gfile.exists({hidden!r})"
    result = distances.grade(saved(rehearse.added(distances.solution, code), tmp_path / "x_0.ipynb"))
    assert result["notes"] == []
    tests = [report.Case("q1", "assert found is False", 1, True, "")]
    assert grade.grade(tmp_path / "x_0.ipynb", distances.folder, tests, [distances.folder], 60, 2)["passed"] == [True]


def command(lab: Lab, submissions: Path, grades: Path) -> list[str]:
    return [sys.executable, str(ROOT / "labs" / "grade.py"), str(lab.folder), str(submissions), "-o", str(grades)]


@in_turn("lab2_distances")
def test_checks_answer_whatever_the_notebook_is_called(distances: Lab, tmp_path: Path):
    saved(distances.student, tmp_path / "another.ipynb")
    solved = NotebookClient(copy.deepcopy(distances.solution), resources={"metadata": {"path": tmp_path}}).execute()
    checks = [cell for cell in solved.cells if "grader.check(" in cell.source]
    said = {cell.source: cell.outputs[0]["data"]["text/plain"] for cell in checks}
    assert [re.search("passed", text) is not None for text in said.values()] == [True] * len(distances.most)
    wrong = replaced(distances.solution, "((X[:, None] - Y[None]) ** 2).sum(-1)", "abs(X[:, None] - Y[None]).sum(-1)")
    wrong.cells = wrong.cells[: [cell.source for cell in wrong.cells].index('grader.check("q1")') + 1]
    told = NotebookClient(wrong, resources={"metadata": {"path": tmp_path}}).execute().cells[-1].outputs[0]
    assert "from (0, 0, 0) to (3, 4, 0) it is 25, squared" in told["data"]["text/plain"]


@in_turn("lab2_distances")
def test_folders_of_a_learning_platform_are_read_and_every_file_named(distances: Lab, tmp_path: Path):
    place = tmp_path / "in" / "Ada <L>_12_file_"
    (place / ".ipynb_checkpoints").mkdir(parents=True)
    saved(distances.student, place / "lab2_0.ipynb")
    saved(distances.student, place / ".ipynb_checkpoints" / "lab2_0.ipynb")
    (tmp_path / "in" / "lab2_1.pdf").write_text("%PDF")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command(distances, tmp_path / "in", tmp_path / "out"), env=environment, check=True)
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").read_text().splitlines()))
    assert [(row["submission"], row["total"]) for row in rows] == [
        ("Ada <L>_12_file_/lab2_0", "0"),
        ("lab2_1.pdf", "0"),
    ]
    assert "no notebook" in rows[1]["notes"]
    page = (tmp_path / "out" / "index.html").read_text()
    assert 'href="feedback/Ada%20%3CL%3E_12_file_/lab2_0.html"' in page
    assert "<L>" not in page
    assert (tmp_path / "out" / "feedback" / "Ada <L>_12_file_" / "lab2_0.html").exists()


@in_turn("lab2_distances")
def test_rehearsed_class_is_the_same_each_time_and_has_all_kinds(distances: Lab, tmp_path: Path):
    for name in ("a", "b"):
        rehearse.rehearse(distances, tmp_path / name, 103)
    classes = [{path.name: path.read_text() for path in (tmp_path / name).iterdir()} for name in ("a", "b")]
    assert {name.split("_")[0] for name in classes[0]} == set(rehearse.KINDS) | set(rehearse.BROKEN)
    assert len(classes[0]) == 103
    assert classes[0] == classes[1]


def test_tests_that_never_ran_give_no_hints_and_count_for_nobody():
    tests = [report.Case("q1", "assert f(7) == 3", 1, True, "f counts"), report.Case("q1", "", 1, False, "")]
    stray = {"passed": [False, False], "errors": [None, None], "notes": ["no notebook that can be read"]}
    half = {"passed": [False, True], "errors": ["AssertionError: ", None], "notes": []}
    assert "f counts" not in report.feedback("stray", stray, tests)
    assert "f counts" in report.feedback("half", half, tests)
    page = report.overview({"half": half, "stray": stray}, tests)
    assert "2 submissions, 1 of which could be tested; of 2 points their mean is 1.0" in page
    assert "<td>f counts</td><td>1</td>" in page
    assert "of which could be tested" in report.overview({"stray": stray}, tests)


def test_feedback_keeps_the_code_of_hidden_tests():
    tests = [report.Case("q1", "assert f(7) == 3", 1, hidden, "f counts") for hidden in (False, True)]
    result = {"passed": [False, False], "errors": ["NameError: f", "NameError: secret"], "notes": []}
    page = report.feedback("x", result, tests)
    assert page.count("f counts") == 1
    assert "NameError: f" in page
    assert "secret" not in page
    assert "f(7)" not in page


@in_turn("lab2_distances")
def test_zip_for_gradescope_grades_alike(distances: Lab, tmp_path: Path):
    first = distances.mistakes[0]
    path = saved(replaced(distances.solution, first["right"], first["wrong"]), tmp_path / "x_0.ipynb")
    archive = distances.folder / "autograder" / f"{distances.folder.name}.zip"
    arguments = ["otter", "run", "--autograder", archive, "--output-dir", tmp_path, path]
    subprocess.run([sys.executable, "-m", *map(str, arguments)], cwd=tmp_path, check=True, capture_output=True)
    scores = {test["name"]: test.get("score") for test in json.loads((tmp_path / "results.json").read_text())["tests"]}
    result = distances.grade(path)
    assert {q: scores[q] for q in distances.most} == {q: result[q] for q in distances.most}
    assert result["q1"] < 2
    with zipfile.ZipFile(archive) as content:
        assert "recon3d_lite @" in content.read("environment.yml").decode()


@in_turn("lab2_distances")
def test_a_run_that_was_killed_goes_on_and_gives_the_same(distances: Lab, tmp_path: Path):
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    for number in range(5):
        own = distances.solution if number else distances.student
        saved(replaced(own, "STUDENT = 0", f"STUDENT = {number}"), submissions / f"s_{number}.ipynb")
    (submissions / "t_9.ipynb").write_text("nothing")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    once = subprocess.run(command(distances, submissions, tmp_path / "once"), env=environment, capture_output=True)
    assert once.returncode == 0, once.stderr.decode()
    run = subprocess.Popen(command(distances, submissions, tmp_path / "twice"), env=environment)
    while not list((tmp_path / "twice" / "results").glob("*.json")):
        time.sleep(0.1)
    run.kill()
    run.wait()
    assert len(list((tmp_path / "twice" / "results").glob("[!.]*.json"))) < 6
    subprocess.run(command(distances, submissions, tmp_path / "twice"), env=environment, check=True)
    scores = [(tmp_path / name / "scores.csv").read_text() for name in ("once", "twice")]
    assert scores[0] == scores[1]
    rows = list(csv.DictReader(scores[0].splitlines()))
    assert [row["total"] for row in rows] == ["0", "20", "20", "20", "20", "0"]
    assert len(list((tmp_path / "twice" / "feedback").glob("*.html"))) == 6
    assert "6 submissions" in (tmp_path / "twice" / "index.html").read_text()

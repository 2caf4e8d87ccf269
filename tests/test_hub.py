"""A class's JupyterHub, started with the repository's files: a student does a lab in the browser and hands it in."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import build  # labs/
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
LAB = "lab2_distances"
ANSWER = "def squared_distances(X, Y): return ((X[:, None] - Y[None]) ** 2).sum(-1)"  # a line needs no indenting
pytestmark = [pytest.mark.hub, pytest.mark.timeout(600)]


class Hub:
    """A running hub: where it keeps things, and browsers logged in to it."""

    def __init__(self, state: Path, address: str, browser: Any) -> None:
        self.state, self.address, self.browser = state, address, browser

    def log_in(self, name: str, password: str) -> Any:
        """A page of a browser without memory, on which somebody tries to log in."""
        page = self.browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{self.address}/hub/login?next=%2Fhub%2Fhome")
        page.fill("#username_input", name)
        page.fill("#password_input", password)
        page.click("#login_submit")
        page.wait_for_load_state()
        return page

    def hand_in(self, page: Any, name: str, content: bytes) -> str:
        """Uploads a file on the page for it; returns what the page says."""
        page.goto(f"{self.address}/services/hand-in/")
        page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/json", "buffer": content})
        page.click("button")
        return page.inner_text("[role=alert], [role=status]")


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20_000, 30_000, count):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise OSError("no free ports")


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with a lab to hand out, as a teacher makes one."""
    folder = tmp_path_factory.mktemp("handout") / "course"
    notebook = next((build.build(ROOT / "labs" / f"{LAB}.md") / "student").glob("*.ipynb"))
    folder.mkdir()
    (folder / notebook.name).write_bytes(notebook.read_bytes())
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Lab 2"]):
        who = ["-c", "user.name=Teacher", "-c", "user.email=teacher@example.org"]
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return folder


@contextmanager
def running(state: Path) -> Iterator[str]:
    """The hub, with what it keeps in this folder; gives its address."""
    port = free_ports(4)
    environment = os.environ | {"HUB_STATE": str(state), "HUB_PORT": str(port)}
    command = [str(Path(sys.executable).with_name("jupyterhub")), "-f", str(ROOT / "deploy/hub/jupyterhub_config.py")]
    command += ["--JupyterHub.spawner_class=simple"]  # systemd's would need a system to itself
    with (state / "log").open("w") as log:
        # who runs this in the background may ignore SIGINT and hand that down; by it the hub ends its services
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, cwd=state,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        try:
            until = time.monotonic() + 90
            address = f"http://127.0.0.1:{port}"
            while True:
                try:
                    urllib.request.urlopen(f"{address}/services/hand-in/", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    if process.poll() is not None or time.monotonic() > until:
                        pytest.fail(f"the hub does not start:\n{(state / 'log').read_text()[-3000:]}")
                    time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            process.wait(120)
            for each in range(port, port + 4):  # nothing outlives the hub, or it could not start again
                with socket.socket() as asked:
                    assert asked.connect_ex(("127.0.0.1", each)), (state / "log").read_text()[-2000:]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Hub]:
    state = tmp_path_factory.mktemp("hub")
    # as a spreadsheet on Windows writes a list
    (state / "students.txt").write_bytes("s1234\r\nS5678\r\n".encode("utf-8-sig"))
    (state / "teachers.txt").write_text("teacher\n")
    with running(state) as address:
        yield Hub(state, address, browser)


def run_and_save(page: Any, path: Path) -> list[nbformat.NotebookNode]:
    """Runs all cells and saves, by menu and keys; returns the code cells."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    until = time.monotonic() + 180
    while time.monotonic() < until:
        page.wait_for_timeout(2000)
        page.keyboard.press("Control+s")
        cells = [cell for cell in nbformat.reads(path.read_text(), 4).cells if cell.cell_type == "code"]
        failed = any(output.output_type == "error" for cell in cells for output in cell.outputs)
        if failed or all(cell.execution_count or not cell.source for cell in cells):
            return cells
    pytest.fail("not all cells ran within 3 minutes")


def test_student_gets_does_and_hands_in_a_lab(hub: Hub, handout: Path, tmp_path: Path):
    page = hub.log_in("s1234", "correct horse")
    link = f"git-pull?repo={quote(str(handout), safe='')}&branch=main&urlpath={quote(f'lab/tree/course/{LAB}.ipynb')}"
    page.goto(f"{hub.address}/hub/user-redirect/{link}")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    # written as a person would: into the cell of the first answer
    cell = page.locator(".jp-CodeCell", has_text="def squared_distances(X, Y):").locator(".cm-content").first
    cell.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(ANSWER)
    own = hub.state / "users" / "s1234" / "course" / f"{LAB}.ipynb"
    cells = run_and_save(page, own)
    assert [out for cell in cells for out in cell.outputs if out.output_type == "error"] == []
    checks = {cell.source: cell.outputs for cell in cells if 'grader.check("q1")' in cell.source}
    assert "passed" in checks['grader.check("q1")'][0]["data"]["text/plain"]

    said = hub.hand_in(page, "lab2_1234.ipynb", own.read_bytes())
    assert f"{LAB} is handed in" in said
    kept = hub.state / "submissions" / LAB / "s1234.ipynb"
    assert kept.read_bytes() == own.read_bytes()
    assert "s1234" in page.inner_text("body")
    assert LAB in page.inner_text("table")

    command = [sys.executable, "labs/grade.py", f"labs/dist/{LAB}", str(kept.parent), "-o", str(tmp_path / "grades")]
    subprocess.run(command, cwd=ROOT, check=True)
    row = next(csv.DictReader((tmp_path / "grades" / "scores.csv").open()))
    assert (row["submission"], row["q1"]) == ("s1234", "2")

    shutil.copytree(tmp_path / "grades" / "feedback", hub.state / "feedback" / LAB)
    page.goto(f"{hub.address}/services/hand-in/")
    page.click("text=feedback")
    assert "of 20 points" in page.inner_text("body")
    other = hub.log_in("s5678", "battery staple")
    assert other.goto(f"{hub.address}/services/hand-in/feedback/{LAB}").status == 404

    hub.hand_in(page, "again.ipynb", own.read_bytes() + b"\n")
    assert kept.read_bytes() == own.read_bytes() + b"\n"
    assert [path.read_bytes() for path in (hub.state / "submissions" / "earlier").rglob("*.ipynb")] == [
        own.read_bytes()
    ]


def test_hub_lets_in_whom_it_should(hub: Hub):
    for name, password in [("mallory", "long enough"), ("s5678", "short")]:
        assert "/hub/login" in hub.log_in(name, password).url
    assert hub.log_in("s5678", "battery staple").url.endswith("/hub/home")
    assert "/hub/login" in hub.log_in("s5678", "wrong password").url
    assert hub.state.stat().st_mode & 0o077 == 0


def test_who_hands_in_is_who_is_logged_in(hub: Hub, handout: Path):
    page = hub.log_in("s5678", "battery staple")
    content = (handout / f"{LAB}.ipynb").read_bytes()
    page.goto(f"{hub.address}/services/hand-in/")
    page.evaluate("document.forms[0].insertAdjacentHTML('beforeend', '<input name=user value=s9999>')")
    page.set_input_files("input[type=file]", {"name": "../s9999.ipynb", "mimeType": "", "buffer": content})
    page.click("button")
    assert "is handed in" in page.inner_text("[role=status]")
    assert (hub.state / "submissions" / LAB / "s5678.ipynb").read_bytes() == content
    assert not list(hub.state.rglob("*s9999*"))
    assert page.locator("table tr").count() == 2  # nothing of others
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390  # a phone shows all of it
    status = page.evaluate("async () => (await fetch('', {method: 'POST', body: new FormData()})).status")
    assert status == 403  # a form that another page made


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"%PDF", "no notebook"),
        (b"[]", "no notebook"),
        (json.dumps(nbformat.v4.new_notebook()).encode(), "none of the labs"),
        (b" " * 5_000_001, "5.0 MB"),
    ],
    ids=["pdf", "list", "another", "large"],
)
def test_what_is_no_lab_is_refused_and_not_kept(content: bytes, why: str, hub: Hub):
    page = hub.log_in("s5678", "battery staple")
    before = {path: path.stat().st_mtime_ns for path in (hub.state / "submissions").rglob("*")}
    assert why in hub.hand_in(page, "lab2_5678.ipynb", content)
    assert before == {path: path.stat().st_mtime_ns for path in (hub.state / "submissions").rglob("*")}


def test_after_a_restart_who_left_the_list_is_out_and_the_others_keep_their_password(tmp_path: Path, browser: Any):
    (tmp_path / "teachers.txt").write_text("teacher\n")
    for students, lets_in in [("s1234\ns5678\n", True), ("s1234\n", False)]:
        (tmp_path / "students.txt").write_text(students)
        with running(tmp_path) as address:
            hub = Hub(tmp_path, address, browser)
            assert hub.log_in("s1234", "correct horse").url.endswith("/hub/home")
            assert hub.log_in("s5678", "battery staple").url.endswith("/hub/home") == lets_in
            assert "/hub/login" in hub.log_in("s1234", "wrong password").url

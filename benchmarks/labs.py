"""What a class needs: seconds and memory of each lab's solution in a kernel, of a student's server, of many at once.

    make labs && python benchmarks/labs.py          # 10 minutes on two cores, writes benchmarks/labs.json

A solution runs in a Jupyter kernel as a student's notebook does, cell after cell without a pause. Memory is what would
be free again if the process ended (its unique set size), at its highest of samples five times a second.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from recon3d_lite.files import whole

ROOT = Path(__file__).resolve().parent.parent
LABS = sorted((ROOT / "labs").glob("lab*.md"))
LOG = Path(__file__).with_suffix(".json")
AT_ONCE = (1, 4, 16)


class Watch:
    """Samples the memory of processes, and how much of it the machine has left."""

    def __init__(self) -> None:
        self.of: dict[int, float] = {}
        self.free = psutil.virtual_memory().available
        self.lowest, self.ended = self.free, threading.Event()
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        while not self.ended.wait(0.2):
            self.lowest = min(self.lowest, psutil.virtual_memory().available)
            for pid in list(self.of):
                with suppress(psutil.Error, KeyError):  # it has ended
                    self.of[pid] = max(self.of[pid], psutil.Process(pid).memory_full_info().uss)

    @property
    def taken(self) -> float:
        """GB that the machine had less at the worst moment."""
        return (self.free - self.lowest) / 1e9


def run(notebook: Path, watch: Watch) -> dict:
    """Runs a notebook in a kernel of its own."""
    content = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(content, timeout=1800, resources={"metadata": {"path": folder}})
        started = time.monotonic()
        with client.setup_kernel():
            pid = client.km.provisioner.process.pid
            watch.of[pid] = 0.0
            for index, cell in enumerate(client.nb.cells):
                client.execute_cell(cell, index)
            seconds = time.monotonic() - started
            used = psutil.Process(pid).cpu_times()
            return {
                "seconds": round(seconds, 1),
                "cpu_seconds": round(used.user + used.system, 1),
                "memory_gb": round(watch.of.pop(pid) / 1e9, 2),
            }


def server() -> float:
    """GB of a JupyterLab server that nobody has opened a kernel in."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
        command += [f"--ServerApp.root_dir={folder}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(15)
        used = psutil.Process(process.pid).memory_full_info().uss / 1e9
        process.terminate()
        process.wait()
    return round(used, 2)


def solution(lab: Path) -> Path:
    return ROOT / "labs" / "dist" / lab.stem / "solution" / f"{lab.stem}.ipynb"


def class_of(students: int, lab: Path) -> dict:
    """So many students who start the same lab in the same second and never pause."""
    watch = Watch()
    with ThreadPoolExecutor(students) as pool:
        runs = list(pool.map(lambda _: run(solution(lab), watch), range(students)))
    watch.ended.set()
    return {
        "lab": lab.stem,
        "students": students,
        "slowest": max(r["seconds"] for r in runs),
        "gb": round(watch.taken, 1),
    }


def main() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    found = {"date": str(date.today()), "cores": os.cpu_count(), "server_gb": server(), "labs": {}, "classes": []}
    for lab in LABS:
        watch = Watch()
        runs = sorted((run(solution(lab), watch) for _ in range(3)), key=lambda r: r["seconds"])
        watch.ended.set()
        found["labs"][lab.stem] = runs[1]
        print(lab.stem, runs[1], flush=True)
    for lab in (LABS[1], LABS[3]):  # the lightest, and one with TensorFlow
        for students in AT_ONCE:
            found["classes"].append(class_of(students, lab))
            print(found["classes"][-1], flush=True)
    with whole(LOG) as partial:
        partial.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

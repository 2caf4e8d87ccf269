"""A process that runs a submission: within limits, without network, unable to see some folders."""

import json
import os
import queue
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

WORKER = Path(__file__).with_name("worker.py")


class Stopped(Exception):
    """The submission's process had to be ended, or ended itself."""


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

"""Runs one submission's cells, and then the tests' code, in a process of its own; `grade.py` starts it.

It is told what to run on standard input, a JSON object a line, and answers on standard output in the same way:
``{"token", "code", "test"}`` gets ``{"token", "error", "seen"}``, where ``error`` is None if all went well and ``seen``
names what the code tried and must not. A test's variables are its own: they overwrite none of the submission's. The
tests' files are never seen here: a test's code arrives when all cells have run.

What is refused here is refused to Python code. Libraries written in C can open files past it; on Linux `grade.py`
hides the folders from the whole process.
"""

import contextlib
import importlib.util
import json
import os
import random
import re
import site
import sys
import threading
import time
import types
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg"}

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import recon3d_lite.figures  # noqa: F401  (Matplotlib asks another program for fonts when it is imported)

PACKAGE = Path(importlib.util.find_spec("recon3d_lite").origin).parent
LIBRARIES = [sys.prefix, sys.base_prefix, *site.getsitepackages(), PACKAGE, "/usr", "/lib"]
LIBRARIES = tuple({str(path) + os.sep for folder in LIBRARIES for path in (folder, Path(folder).resolve())})
READABLE = (*LIBRARIES, "/etc/", "/dev/", os.path.realpath(os.getcwd()) + os.sep, str(Path(__file__).resolve()))
SEARCHED = {os.path.realpath(folder) for folder in sys.path}  # their names, to find packages
MACHINE = re.compile(r"/proc(/self|/\d+)?(/stat|/status|/cmdline|/cpuinfo|/meminfo)?$")  # libraries ask what runs there
STARTS = ("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn")
LARGEST_FILE = 200_000_000  # bytes that a submission may write into one
NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo")
seen: list[str] = []


def guard(event: str, arguments: tuple) -> None:
    """Refuses to read outside the folders above, to start programs and to use the network; notes the attempt."""
    tried = None
    if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str | bytes | os.PathLike):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        allowed = (path + os.sep).startswith(READABLE) or path in SEARCHED or MACHINE.match(path)
        tried = None if allowed else f"to read {Path(path).name}"
    elif event in STARTS:
        tried = "to start a program"
    elif event in NETWORK:
        tried = "to use the network"
    if tried and not importing():
        seen.append(tried)
        raise PermissionError(f"the grader does not allow a submission {tried}")


def importing() -> bool:
    """Whether it is a library that does this while it is being imported, as some ask what machine they are on."""
    frame = sys._getframe(2)
    while frame and frame.f_code.co_filename.startswith(LIBRARIES):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")


class Notebook:
    """Stands in for otter's: the checks in a submission say nothing, since the grader's own tests run later."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __getattr__(self, name: str):
        return lambda *_, **__: None


def error_of(code: str, names: dict) -> BaseException | None:
    try:
        exec(compile(code, "<test>", "exec"), names)
    except BaseException as error:  # a submission's function may even exit
        return error
    return None


def end_with_grader(grader: int) -> None:
    """Ends this process when the one that started it is gone, for a cell may run for ever."""
    while os.getppid() == grader:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    threading.Thread(target=end_with_grader, args=[os.getppid()], daemon=True).start()
    # the answers' channel is kept apart from what cells print
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    otter = types.ModuleType("otter")
    otter.Notebook = Notebook
    sys.modules["otter"] = otter
    shell = InteractiveShell.instance()
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (for submissions that use it)
    sys.addaudithook(guard)
    for line in orders:
        order = json.loads(line)
        with capture_output():
            if order["test"]:
                error = error_of(order["code"], dict(shell.user_ns))
            else:
                result = shell.run_cell(order["code"])
                error = result.error_before_exec or result.error_in_exec
        told = None if error is None else f"{type(error).__name__}: {error}"[:500]
        answers.write(json.dumps({"token": order["token"], "error": told, "seen": sorted(set(seen))}) + "\n")
        answers.flush()
        seen.clear()


if __name__ == "__main__":
    main()

"""Files appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole"]


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Gives another name to write to, in the same folder and with the same ending; renames it at the end.

    If the body fails, the half-written file is removed and whatever stood at ``path`` stays. Raises
    FileNotFoundError if the folder does not exist, OSError naming ``path`` if it can't be written.

    >>> with whole("notes.txt") as partial:
    ...     _ = partial.write_text("all of it")
    >>> Path("notes.txt").read_text()
    'all of it'
    >>> Path("notes.txt").unlink()
    """
    path = Path(path)
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"{path}: the folder {path.parent} does not exist; create it first")
    if path.is_dir():
        raise IsADirectoryError(f"{path}: is a folder; name a file")
    partial = path.with_name(f".{path.stem}.partial-{os.getpid()}{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise OSError(f"{path}: could not be written ({error})") from error
    finally:
        partial.unlink(missing_ok=True)

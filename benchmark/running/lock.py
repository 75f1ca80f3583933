"""The lock of a run: one process at a time is at work in its folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["locked"]


SHARED = ("references", ".features")
"""Folders beside those of runs that several runs write to."""

HOUR = 3600.0


@contextlib.contextmanager
def locked(folder: Path, stop: Callable[[], str | None]) -> Iterator[bool]:
    """Hold the run's lock and clear what a killed write left; yields False where it was asked to
    stop while it waited. A lock ends with its holder, however that ends."""
    file = _taken(folder / ".lock", stop)
    if file is None:
        yield False
        return
    with file:
        try:
            _clear(folder)
            for shared in SHARED:  # where another process may be at work: a write lasts no hour
                _clear(folder.parent / shared, older_than=HOUR)
            yield True
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # a process that was forked meanwhile has it open too


def _taken(path: Path, stop: Callable[[], str | None]) -> BinaryIO | None:
    """Return the lock file, open and locked; None where it was asked to stop while it waited."""
    while True:
        file = _opened(path)
        try:
            while not _is_free(file):
                if stop() is not None:
                    file.close()
                    return None
                time.sleep(0.1)
            if _is_at(file, path):
                return file
        except BaseException:
            file.close()
            raise
        file.close()  # the folder was deleted while it waited: nobody else would wait for this file


def _is_free(file: BinaryIO) -> bool:
    """Lock ``file`` and return True, or False where another process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # some file systems of a network say the latter
        return False
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether ``path`` is still the open ``file``."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False


def _clear(folder: Path, older_than: float = 0.0) -> None:
    """Remove what killed writes left in a folder, where it was left so many seconds ago."""
    for leftover in folder.glob(".*.*.??????*"):
        with contextlib.suppress(OSError):
            if not older_than or time.time() - leftover.lstat().st_mtime > older_than:
                leftover.unlink()


def _opened(path: Path) -> BinaryIO:
    """Return the lock file, open; made where there is none. It is not followed where it is a link,
    and nothing is cut off: the folder may be a stranger's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    return os.fdopen(handle, "r+b", buffering=0)

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


@contextlib.contextmanager
def locked(folder: Path, stop: Callable[[], str | None]) -> Iterator[bool]:
    """Hold the run's lock and clear what a killed write left; yields False where it was asked to
    stop while it waited."""
    with _opened(folder / ".lock") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if stop() is not None:
                    yield False
                    return
                time.sleep(0.1)
            else:
                break
        for leftover in folder.glob(".*.*.??????*"):
            leftover.unlink(missing_ok=True)
        yield True


def _opened(path: Path) -> BinaryIO:
    """Return the lock file, open; made where there is none. It is not followed where it is a link,
    and nothing is cut off: the folder may be a stranger's."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    return os.fdopen(handle, "r+b", buffering=0)

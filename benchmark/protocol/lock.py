"""The lock of a run: one process at a time is at work in its folder."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["locked"]


@contextlib.contextmanager
def locked(folder: Path, stop: Callable[[], str | None]) -> Iterator[bool]:
    """Hold the run's lock and clear what a killed write left; yields False where it was asked to
    stop while it waited."""
    with (folder / ".lock").open("w") as file:
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

"""What the own process of a run does; it is forked from the server."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.faults import error_text, one_line

__all__ = ["work"]


def work(job: Job, settings: Settings, events: Connection) -> None:
    """In the run's own process: carry the job out, tell the parent now and then, and stop at a
    step's edge when asked to."""
    from benchmark.running.job import execute
    from benchmark.training.eager import never_capture

    if settings.eager:
        never_capture()
    asked: list[str] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append("interrupted"))
    last = 0.0

    def progress(step: int, values: Mapping[str, float]) -> None:
        nonlocal last
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            try:
                events.send(("progress", step, dict(values)))
            except OSError:
                asked.append("the parent is gone")

    def tell(*message: Any) -> None:
        with contextlib.suppress(OSError):
            events.send(message)

    try:
        record = execute(
            job,
            settings,
            lambda: asked[0] if asked else None,
            progress,
            lambda: tell("begun"),
            lambda: tell("measured"),
        )
    except Exception as error:  # a full disk, say: its record cannot be written
        tell("unsaved", "failed", one_line(f"{type(error).__name__}: {error_text(error)}"))
        return
    tell("ended", *(("interrupted", None) if record is None else (record.status, record.error)))

"""What a machine of a cluster does with a run: it carries it out in a process of its own, as this
machine would, and tells the driver now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.processes import Events, run_jobs

__all__ = ["Outcome", "Progress", "carry_out", "unnumbered"]

Progress = tuple[int, Mapping[str, float]]
"""Finished steps, and the last logged values."""

Outcome = tuple[str, str | None, bool]
"""Status, error, and whether the run was trained rather than only measured again."""


class _Reports(Events):
    """Calls ``tell`` with the progress of one run every ``interval`` seconds."""

    def __init__(self, tell: Callable[[Progress | None], int], interval: float) -> None:
        self.tell, self.interval, self.asked, self.last = tell, interval, 0, -interval
        self.progress: Progress | None = None

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        self.progress = (step, dict(values))

    def interrupted(self) -> int:
        if time.monotonic() - self.last > self.interval:
            self.last = time.monotonic()
            self.asked = self.tell(self.progress)
        return self.asked


def carry_out(
    job: Job, settings: Settings, tell: Callable[[Progress | None], int], interval: float
) -> Outcome:
    """Carry ``job`` out and return how it ended. ``tell`` hears every ``interval`` seconds how far
    it is (None: nothing was logged yet) and returns how often the run was asked to stop."""
    reports = _Reports(tell, interval)
    outcomes = run_jobs([job], settings, 1, reports, reports.interrupted)
    if not outcomes:  # asked to stop before it began
        return "interrupted", None, True
    return outcomes[0].status, outcomes[0].error, outcomes[0].trained


def unnumbered(device: str) -> str:
    """Return a device as a run on a cluster has it: the cluster shows it the GPUs that are its own,
    so that ``cuda:1`` is there as ``cuda``."""
    return "cuda" if device.startswith("cuda") else device

"""TensorBoard while runs go on: what a run tells of its progress, as scalars."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.exports.trackers import require
from benchmark.planning.jobs import Job
from benchmark.running.processes import Events, JobOutcome

__all__ = ["LiveTensorboard", "Several"]


class LiveTensorboard(Events):
    """Writes the scalars of runs under way to ``folder/KEY/live``. A run tells of itself a few
    times a second at most; ``bench export`` writes all of its curves."""

    def __init__(self, folder: Path) -> None:
        require("tensorboard")
        self.folder = folder
        self.writers: dict[str, Any] = {}

    def started(self, job: Job) -> None:
        """Open the run's file."""
        from torch.utils.tensorboard import SummaryWriter

        folder = self.folder / job.spec.key / "live"
        self.writers[job.spec.key] = SummaryWriter(log_dir=str(folder))

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        """Write the last logged values."""
        writer = self.writers[job.spec.key]
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    def ended(self, outcome: JobOutcome) -> None:
        """Close the run's file."""
        writer = self.writers.pop(outcome.job.spec.key, None)
        if writer is not None:
            writer.close()


class Several(Events):
    """Tells several watchers the same."""

    def __init__(self, *watchers: Events) -> None:
        self.watchers = watchers

    def announced(self, text: str) -> None:
        """Tell each a line about all runs."""
        for watcher in self.watchers:
            watcher.announced(text)

    def started(self, job: Job) -> None:
        """Tell each that a run began."""
        for watcher in self.watchers:
            watcher.started(job)

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        """Tell each how far a run is."""
        for watcher in self.watchers:
            watcher.progressed(job, step, values)

    def ended(self, outcome: JobOutcome) -> None:
        """Tell each how a run ended."""
        for watcher in self.watchers:
            watcher.ended(outcome)

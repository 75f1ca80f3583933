"""When a stored record makes a run unnecessary, and the settings that never change a result.
Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.protocol.suite import Job
from benchmark.records import Store
from benchmark.spec import Record

__all__ = ["Settings", "finished"]


@dataclass(frozen=True)
class Settings:
    """How jobs are carried out; none of it changes a result."""

    results: Path
    device: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False


def finished(job: Job, store: Store) -> Record | None:
    """Return the stored record of ``job`` if it was made by the same code and trained to the end
    (or diverged, which is an end too)."""
    record = store.read(job.spec.key)
    reusable = (
        record is not None and record.code == job.code and record.status in ("done", "diverged")
    )
    return record if reusable else None

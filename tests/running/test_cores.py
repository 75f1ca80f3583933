"""The runs at once are the cores that are ours: of the process, and of the Slurm job."""

from __future__ import annotations

import os

import pytest

from benchmark.cli.run import default_workers
from benchmark.running.cores import usable_cores


@pytest.mark.parametrize(
    ("granted", "bound", "count"),
    [
        (None, 8, 8),
        ("4", 8, 4),
        ("1", 8, 1),
        ("16", 8, 8),
        ("0", 8, 8),
        ("two", 8, 8),
        ("", 3, 3),
    ],
)
def test_a_slurm_job_has_the_cores_it_asked_for(
    monkeypatch: pytest.MonkeyPatch, granted: str | None, bound: int, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(bound)), raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    if granted is not None:
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", granted)
    assert usable_cores() == count == default_workers("cpu")

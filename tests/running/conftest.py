"""Runs that tests of what is done with them start from, and a clock for the driver of Slurm
jobs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import slurm
from benchmark.running.job import execute


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder, and the key of a run of three steps on the digits in it, metrics of tier core."""
    folder = tmp_path_factory.mktemp("runs")
    (job,) = plan(Grid(["vae"], ["digits"], steps=3), folder)
    record = execute(job, Settings(folder, device="cpu"))
    assert record is not None and record.status == "done"
    return folder, record.key


@pytest.fixture
def copied_run(finished_run: tuple[Path, str], tmp_path: Path) -> tuple[Store, str]:
    """A store of a copy of that run, which a test may change, and its key."""
    shutil.copytree(finished_run[0] / finished_run[1], tmp_path / finished_run[1])
    return Store(tmp_path), finished_run[1]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A short run of pca on the circle."""
    return plan(Grid(["pca"], ["circle"], [2]), tmp_path)[0]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that a sleep of the Slurm driver sets forward."""
    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        assert now[0] < 2000, "it waits for ever"

    monkeypatch.setattr(slurm.time, "sleep", sleep)
    monkeypatch.setattr(slurm.time, "monotonic", lambda: now[0])
    return now

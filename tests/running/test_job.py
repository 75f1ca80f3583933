"""One run in this process: it starts only on the data and the code that were planned, and whatever
goes wrong becomes a record."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings, finished
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running import job as job_module
from benchmark.running.job import execute


@pytest.fixture
def job() -> Job:
    (planned,) = plan(Grid(["pca"], ["circle"], budget="smoke"), Path())
    return planned


def test_a_run_leaves_the_record_that_makes_it_unnecessary(job: Job, tmp_path: Path) -> None:
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    assert finished(job, Store(tmp_path)) == record


def test_code_that_changed_since_planning_is_not_run_under_the_planned_digest(
    job: Job, tmp_path: Path
) -> None:
    for other in (replace(job, code="0" * 16), replace(job, harness="0" * 16)):
        record = execute(other, Settings(tmp_path, device="cpu"))
        assert record is not None and (record.status, record.measurements) == ("failed", {})
        assert "the code of 'pca' or of the training loop changed" in str(record.error)


def test_data_that_changed_since_planning_is_not_run_under_the_planned_digest(
    job: Job, tmp_path: Path
) -> None:
    record = execute(
        replace(job, spec=replace(job.spec, data="0" * 64)), Settings(tmp_path, device="cpu")
    )
    assert record is not None and (record.status, record.measurements) == ("failed", {})
    assert "the data of 'circle' changed" in str(record.error)


MEANINGS = [
    (MemoryError(), "out-of-memory"),
    (torch.OutOfMemoryError("full"), "out-of-memory"),
    (
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
        "out-of-memory",
    ),
    (ValueError("odd"), "failed"),
]


@pytest.mark.parametrize(("error", "status"), MEANINGS)
def test_errors_become_the_status_they_mean(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(job_module, "_run", fail)
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == status
    assert Store(tmp_path).read(job.spec.key) == record


def test_a_time_limit_leaves_room_for_a_step_so_that_calls_come_to_an_end(tmp_path: Path) -> None:
    (job,) = plan(Grid(["vae"], ["circle"], [2], steps=3), Path())
    settings = Settings(tmp_path, device="cpu", time_limit=1e-9)
    records = [execute(job, settings) for _ in range(3)]
    statuses = [record.status for record in records if record is not None]
    assert statuses == ["timed-out", "timed-out", "done"]
    whole = execute(job, Settings(tmp_path / "whole", device="cpu"))
    assert whole is not None and records[-1] is not None
    assert records[-1].measurements == whole.measurements

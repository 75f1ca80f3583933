"""What runs tell of their progress while they go on, as TensorBoard's own reader finds it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from benchmark.exports.live import LiveTensorboard, Several
from benchmark.planning.jobs import Grid, Job, plan
from benchmark.running.processes import Events, JobOutcome
from benchmark.spec import BenchError


def job(tmp_path: Path) -> Job:
    return plan(Grid(["vae"], ["circle"], [2], 1, "smoke"), tmp_path)[0]


class Ledger(Events):
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def announced(self, text: str) -> None:
        self.told.append(text)

    def started(self, job: Job) -> None:
        self.told.append("started")

    def progressed(self, job: Job, step: int, values: dict[str, float]) -> None:
        self.told.append(f"step {step}")

    def ended(self, outcome: JobOutcome) -> None:
        self.told.append(outcome.status)


def tell(events: Events, job: Job) -> None:
    events.announced("all are well")
    events.started(job)
    events.progressed(job, 3, {"loss": 0.5})
    events.progressed(job, 7, {"loss": 0.25})
    events.ended(JobOutcome(job, "done"))


def test_several_watchers_are_told_the_same(tmp_path: Path) -> None:
    first, second = Ledger(), Ledger()
    tell(Several(first, second), job(tmp_path))
    assert first.told == second.told == ["all are well", "started", "step 3", "step 7", "done"]


@pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is not None, reason="the package is installed"
)
def test_without_the_package_it_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"\[log\]"):
        LiveTensorboard(tmp_path)


@pytest.mark.extras
def test_tensorboard_reads_what_a_run_told(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = job(tmp_path)
    tell(LiveTensorboard(tmp_path), run)
    reader = EventAccumulator(str(tmp_path / run.spec.key / "live"))
    reader.Reload()
    assert [(point.step, point.value) for point in reader.Scalars("loss")] == [(3, 0.5), (7, 0.25)]

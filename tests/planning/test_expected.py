"""Which run of a grid is expected to take longest, and that several workers start with it."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from baselines import vae
from benchmark import registry
from benchmark.planning import jobs
from benchmark.planning.expected import (
    EVALUATION,
    MILLISECONDS,
    UNKNOWN,
    expected_seconds,
    longest_first,
)
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import processes
from benchmark.running.processes import Events, JobOutcome, run_jobs


@pytest.fixture(autouse=True)
def alike_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans need a digest and a count, not the arrays."""
    data = jobs.Described("0" * 64, 10_000, (64,))
    monkeypatch.setattr(jobs, "described", lambda choice, data_dir, seen: data)


def seconds(method: str, dataset: str, **settings: Any) -> float:
    (job,) = plan(Grid([method], [dataset], **settings), Path())
    return expected_seconds(job)


def test_every_method_with_steps_has_its_figures() -> None:
    named = {
        entry.name for entry in registry.METHODS if not entry.source.constants.get("closed_form")
    }
    assert set(MILLISECONDS) == named


def test_seconds_are_steps_times_the_table_in_proportion_to_batch_and_image() -> None:
    small, image = MILLISECONDS["vae"]
    assert seconds("vae", "latent-8", steps=1000) == pytest.approx(EVALUATION + small)
    assert seconds("vae", "latent-8", steps=1000, batch_size=32) == pytest.approx(
        EVALUATION + small / 4
    )
    assert seconds("vae", "sprites[size=32]", steps=1000) == pytest.approx(EVALUATION + image)
    assert seconds("vae", "sprites", steps=1000) == pytest.approx(EVALUATION + 4 * image)
    assert seconds("pca", "sprites") == EVALUATION


def test_methods_and_data_that_say_nothing_are_taken_for_middling(tmp_path: Path) -> None:
    text = Path(vae.__file__).read_text()
    file = tmp_path / "mine.py"
    file.write_text(text)
    assert seconds(str(file), "latent-8", steps=1000) == pytest.approx(EVALUATION + UNKNOWN[0])


def test_the_longest_comes_first_and_equal_ones_keep_their_order() -> None:
    jobs = plan(
        Grid(["pca", "vae", "flexae"], ["circle", "sprites[size=32]"], [2], seeds=2, steps=300),
        Path(),
    )
    order = [(job.spec.method, job.spec.dataset, job.spec.seed) for job in longest_first(jobs)]
    assert order == [
        *(("flexae", "sprites", seed) for seed in (0, 1)),
        *(("vae", "sprites", seed) for seed in (0, 1)),
        *(("flexae", "circle", seed) for seed in (0, 1)),
        *(("vae", "circle", seed) for seed in (0, 1)),
        *(("pca", dataset, seed) for dataset in ("circle", "sprites") for seed in (0, 1)),
    ]


def ended() -> Connection:
    """A pipe whose other end is closed."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sender.close()
    return receiver


class Ended:
    """A process that has ended at once."""

    def __init__(self) -> None:
        self.sentinel = ended()
        self.exitcode = 0

    def is_alive(self) -> bool:
        return False

    def join(self) -> None: ...


class Started(Events):
    """Writes down which runs were started."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    def started(self, job: Job) -> None:
        self.methods.append(job.spec.method)


def test_several_workers_start_the_longest_run_and_one_keeps_the_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def start(server: Any, job: Job, settings: Settings) -> processes._RunningJob:
        return processes._RunningJob(Ended(), ended(), job)

    monkeypatch.setattr(processes, "_start", start)
    monkeypatch.setattr(processes, "_conclude", lambda run, settings: JobOutcome(run.job, "done"))
    jobs = plan(Grid(["pca", "vae", "flexae"], ["circle"]), Path())
    for workers, expected in ((1, ["pca", "vae", "flexae"]), (2, ["flexae", "vae", "pca"])):
        events = Started()
        outcomes = run_jobs(jobs, Settings(tmp_path), workers, events)
        assert events.methods == expected
        assert {outcome.job.spec.key for outcome in outcomes} == {job.spec.key for job in jobs}

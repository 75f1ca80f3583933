"""Lanes: several runs of one process have the bits that each has alone, and none is lost with a
lane or with the process."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from equal_bits import assert_equal_bits
from odd import TEXT
from performance.gpu import Bench, identical

from benchmark import registry
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import job as job_module
from benchmark.running import lane
from benchmark.running.executors import executor_of
from benchmark.running.lane import Turns, lanes_that_fit
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.spec import BenchError
from benchmark.training.checkpoint import method_state

METHODS = ["vae", "wae-gan"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Job], Path]:
    """Runs of several kinds, and what processes of their own make of them."""
    folder = tmp_path_factory.mktemp("home")
    jobs = plan(Grid(METHODS, ["circle"], [2], seeds=2, steps=8), folder)
    run_jobs(jobs, Settings(folder / "runs", "cpu"), 1, Events())
    return jobs, folder / "runs"


class Watch(Events):
    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def started(self, job: Job) -> None:
        self.heard.append(("started", job.spec.key))

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        self.heard.append(("progressed", job.spec.key))

    def ended(self, outcome: JobOutcome) -> None:
        self.heard.append((outcome.status, outcome.job.spec.key))


def odd(folder: Path, how: str) -> list[Job]:
    (folder / "odd.py").write_text(TEXT, encoding="utf-8")
    return plan(Grid([f"{folder}/odd.py[how={how}]"], ["circle"], [2], steps=12), folder)


@pytest.mark.parametrize("runs", ["3", "auto"])
def test_lanes_have_the_bits_of_processes(
    home: tuple[list[Job], Path], tmp_path: Path, runs: str
) -> None:
    watch = Watch()
    executor = executor_of(f"lanes[runs={runs}]")
    settings = Settings(tmp_path, "cpu", checkpoint_seconds=0.0)
    outcomes = executor.run_jobs(home[0], settings, 9, watch)
    assert sorted(outcome.status for outcome in outcomes) == ["done"] * len(home[0])
    assert sorted(word for word, _ in watch.heard if word != "progressed") == (
        ["done"] * len(home[0]) + ["started"] * len(home[0])
    )
    assert_equal_bits(*home, tmp_path)


def test_a_run_that_kills_the_process_costs_the_others_nothing(
    home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    watch = Watch()
    jobs = [*odd(tmp_path, "kills_itself"), *home[0]]
    outcomes = executor_of("lanes[runs=4]").run_jobs(jobs, Settings(tmp_path, "cpu"), 9, watch)
    endings = {outcome.job.spec.method: (outcome.status, outcome.error) for outcome in outcomes}
    assert endings["odd"][0] == "killed" and "ended by signal 9" in str(endings["odd"][1])
    assert len(outcomes) == len(jobs) == sum(word == "started" for word, _ in watch.heard)
    assert_equal_bits(*home, tmp_path)


def test_a_run_without_room_beside_others_is_done_alone(
    home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    jobs = [*odd(tmp_path, "lacks_memory_beside_others"), *home[0]]
    outcomes = executor_of("lanes[runs=3]").run_jobs(jobs, Settings(tmp_path, "cpu"), 9, Events())
    assert [outcome.status for outcome in outcomes] == ["done"] * len(jobs)
    assert outcomes[-1].job.spec.method == "odd"
    assert_equal_bits(*home, tmp_path)


def test_a_run_that_has_no_room_alone_either_says_so(tmp_path: Path) -> None:
    jobs = [*odd(tmp_path, "lacks_memory"), *odd(tmp_path, "well")]
    outcomes = executor_of("lanes[runs=2]").run_jobs(jobs, Settings(tmp_path, "cpu"), 9, Events())
    assert sorted(outcome.status for outcome in outcomes) == ["done", "out-of-memory"]


def test_an_interrupt_leaves_checkpoints_and_the_same_call_goes_on(
    home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    watch = Watch()
    settings = Settings(tmp_path, "cpu", checkpoint_seconds=0.0)
    executor = executor_of("lanes[runs=4]")
    first = executor.run_jobs(
        home[0], settings, 9, watch, lambda: any(word == "progressed" for word, _ in watch.heard)
    )
    assert any(outcome.status == "interrupted" for outcome in first)
    assert len(first) == sum(word == "started" for word, _ in watch.heard)
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/record.json")}
    executor.run_jobs(home[0], settings, 9, Events())
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert_equal_bits(*home, tmp_path)


def test_turns_go_round() -> None:
    turns, order = Turns(), []

    def in_turn(name: int, start: Callable[[], Any]) -> None:
        turns.take()
        start()
        for _ in range(5):
            order.append(name)
            turns.give()
            turns.take()
        turns.give()

    waiting = threading.Event()
    threads = [
        threading.Thread(target=in_turn, args=(0, waiting.wait)),
        threading.Thread(target=in_turn, args=(1, lambda: None)),
        threading.Thread(target=in_turn, args=(2, lambda: None)),
    ]
    for number, thread in enumerate(threads):
        thread.start()
        while turns._last <= number:
            pass
    waiting.set()
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2] * 5


@pytest.mark.parametrize(
    ("taken", "free", "most", "lanes"), [(2, 10, 16, 5), (2, 10, 3, 3), (9, 1, 16, 1), (0, 9, 4, 4)]
)
def test_lanes_fit_into_memory(taken: int, free: int, most: int, lanes: int) -> None:
    assert lanes_that_fit(taken, free, most) == lanes


def test_more_lanes_fit_by_what_those_at_work_have_taken() -> None:
    assert lanes_that_fit(8, 10, 99, lanes=4) == 4 + lanes_that_fit(2, 10, 99) - 1 == 8
    assert lanes_that_fit(8, 10, 6, lanes=4) == 6 and lanes_that_fit(8, 0, 99, lanes=4) == 4


def test_memory_is_that_of_the_machine() -> None:
    cpu = torch.device("cpu")
    assert 10_000_000 < lane._memory_taken(cpu) < lane._memory_free(cpu) + (1 << 40)


@pytest.mark.parametrize("runs", ["0", "17", "-1", "many", "1.5"])
def test_a_number_of_lanes_that_cannot_be_is_refused(runs: str) -> None:
    with pytest.raises(BenchError, match="expected auto, or a number from 1 to 16"):
        executor_of(f"lanes[runs={runs}]")


@pytest.mark.slow
def test_every_method_trains_in_lanes_as_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [entry.name for entry in registry.METHODS]
    bench = Bench(torch.device("cpu"), tmp_path, names, short=True, end=math.inf)
    jobs = bench.plan(names, 6)
    trained: dict[str, Mapping[str, torch.Tensor]] = {}

    def train(job: Job, settings: Settings, stop: Callable[[], str | None], *_: Any) -> Any:
        trainer = bench.trainer(job)
        trainer.stop = stop
        trainer.fit()
        trained[job.spec.key] = method_state(trainer.method)
        return SimpleNamespace(status="done", error=None)

    for job in jobs:
        train(job, Settings(tmp_path), lambda: None)
    alone, trained = trained, {}
    monkeypatch.setattr(job_module, "execute", train)
    said: list[Any] = []
    pipe = SimpleNamespace(send=said.append)
    settings = Settings(tmp_path)
    waiting = deque(jobs)
    work = lane._Work(waiting, settings, bench.device, pipe, [])  # type: ignore[arg-type]  # double
    work.run(6, measure=False)
    assert [rest for kind, *rest in said if kind == "ended" and rest[1] != "done"] == []
    assert alone.keys() == trained.keys() == {job.spec.key for job in jobs}
    differing = [key for key in alone if not identical(alone[key], trained[key])]
    assert differing == []

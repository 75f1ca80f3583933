"""How many lanes keep a device busy: told from what lanes do in a second, against a clock that
stands for devices which carry out so many steps at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import job as job_module
from benchmark.running import lane, occupancy
from benchmark.running.occupancy import BLOCKS, ROUNDS, Throughput, lanes_that_pay


class Clock:
    """Stands for the module ``time`` where steps are timed."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    own = Clock()
    monkeypatch.setattr(occupancy, "time", own)
    return own


class Device:
    """Carries out ``at_once`` steps in the time of one, and has ``memory`` for so many lanes."""

    def __init__(self, at_once: float, memory: int = 16) -> None:
        self.at_once, self.memory, self.lanes = at_once, memory, 0
        self.begun: list[int] = []

    def begin(self, lanes: int) -> int:
        self.lanes = lanes
        self.begun.append(lanes)
        return lanes

    def rate(self) -> float:
        return min(self.lanes, self.at_once)

    def lanes_that_pay(self) -> int:
        return lanes_that_pay(self.begin, self.rate, lambda: self.memory)


@pytest.mark.parametrize(
    ("at_once", "memory", "lanes", "begun"),
    [
        (1, 16, 1, [1, 2]),  # a CPU: a second lane is no faster
        (1.05, 16, 1, [1, 2]),
        (1.5, 16, 2, [1, 2, 4]),
        (4, 16, 4, [1, 2, 4, 8]),
        (99, 16, 16, [1, 2, 4, 8, 16]),
        (99, 5, 5, [1, 2, 4, 5]),
        (99, 1, 1, [1]),
        (3, 3, 3, [1, 2, 3]),
    ],
)
def test_lanes_are_as_many_as_pay_and_fit(
    at_once: float, memory: int, lanes: int, begun: list[int]
) -> None:
    device = Device(at_once, memory)
    assert device.lanes_that_pay() == lanes and device.begun == begun


def test_where_nothing_can_be_told_or_begun_lanes_stay_as_they_are() -> None:
    assert lanes_that_pay(lambda lanes: lanes, lambda: None, lambda: 16) == 1
    rates = iter([1.0, 2.0, None])
    assert lanes_that_pay(lambda lanes: lanes, lambda: next(rates), lambda: 16) == 4
    assert lanes_that_pay(lambda lanes: min(lanes, 3), lambda: 1.0, lambda: 16) == 1
    growing = iter(float(number) for number in range(1, 9))
    assert lanes_that_pay(lambda lanes: min(lanes, 3), lambda: next(growing), lambda: 16) == 3


def test_only_steps_that_nothing_came_between_are_timed(clock: Clock) -> None:
    finished: list[float] = []
    pace = Throughput(lambda: finished.append(clock.now))
    pace.step(9.0)  # nobody asked
    assert finished == [] and pace.wait(0.0) is None
    pace.begin(2)
    pace.step(9.0)  # the time of this one is over
    for _ in range(BLOCKS):
        for number in range(2 * ROUNDS):
            if number == ROUNDS:  # a run ended, and was evaluated
                clock.now += 1000.0
                pace.disturb()
                pace.step(9.0)
            clock.now += 0.5
            pace.step(2.0)
        assert pace.wait(0.0) is None
        for _ in range(ROUNDS):
            clock.now += 0.5
            pace.step(2.0)
        pace.step(9.0)
    assert pace.wait(0.0) == pytest.approx(4.0)
    assert finished and finished == sorted(finished)
    count = len(finished)
    pace.step(2.0)
    assert len(finished) == count  # it is timed no more


def test_quick_steps_are_timed_for_a_second(clock: Clock) -> None:
    pace = Throughput()
    pace.begin(1)
    steps = 0
    while pace.wait(0.0) is None:
        clock.now += 0.001
        pace.step(3.0)
        steps += 1
    assert 1000 <= steps < 1300 and pace.wait(0.0) == pytest.approx(3000.0)


STEPS = 120


@dataclass
class Lanes:
    """Lanes that carry ``count`` runs out on a device that does ``at_once`` of their steps in the
    second that one takes, and has ``capacity`` bytes: a run takes one, and fails beside ``room``
    others. Lanes wait for what is decided about them, as a device is slower than this one."""

    clock: Clock
    folder: Path
    at_once: float = 99
    capacity: int = 1000
    room: int = 1000
    said: list[Any] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)
    beside: list[int] = field(default_factory=list)
    peak: int = 0

    def carry_out(self, count: int, most: int, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
        monkeypatch.setattr(job_module, "execute", self.execute)
        monkeypatch.setattr(lane, "_memory_taken", lambda device: self.peak)
        monkeypatch.setattr(
            lane, "_memory_free", lambda device: (self.capacity - self.peak) / lane.SHARE
        )
        jobs = plan(Grid(["vae"], ["circle"], [2], seeds=count, steps=STEPS), self.folder)
        pipe = SimpleNamespace(send=self.said.append)
        settings, waiting, cpu = Settings(self.folder), deque(jobs), torch.device("cpu")
        self.work = lane._Work(waiting, settings, cpu, pipe, [])  # type: ignore[arg-type]  # double
        self.work.run(most, measure=True)
        return jobs

    def execute(self, job: Job, settings: Settings, stop: Callable[[], Any], *_: Any) -> Any:
        self.under_way.add(job.spec.key)
        self.peak = max(self.peak, len(self.under_way))
        for _ in range(STEPS):
            if len(self.under_way) > self.room:
                self.under_way.remove(job.spec.key)
                return SimpleNamespace(status="out-of-memory", error="no room")
            self.clock.now += 1.0 / min(len(self.under_way), self.at_once)
            stop()
            while self.work.pace.wait(0.0) is not None and not self.announced:
                time.sleep(0.001)
        self.beside.append(len(self.under_way))
        self.under_way.remove(job.spec.key)
        return SimpleNamespace(status="done", error=None)

    @property
    def announced(self) -> list[str]:
        return [rest[0] for kind, *rest in self.said if kind == "announced"]

    def keys(self, kind: str) -> list[str]:
        return sorted(key for word, key, *_ in self.said if word == kind)


@pytest.mark.parametrize(
    ("at_once", "capacity", "most", "lanes"),
    [(1, 1000, 16, 1), (4, 1000, 16, 4), (99, 1000, 6, 6), (99, 3, 16, 3), (99, 1, 16, 1)],
)
def test_runs_are_carried_out_in_as_many_lanes_as_pay_and_each_once(
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    at_once: float,
    capacity: int,
    most: int,
    lanes: int,
) -> None:
    own = Lanes(clock, tmp_path, at_once, capacity)
    jobs = own.carry_out(60, most, monkeypatch)
    assert own.keys("ended") == sorted(job.spec.key for job in jobs)
    (text,) = own.announced
    assert text.startswith(f"lanes: {lanes}, by their pace and memory")
    assert max(own.beside[30:]) == lanes  # those that were one too many have ended


def test_lanes_grow_no_further_once_a_run_lacked_memory(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = Lanes(clock, tmp_path, room=3)
    jobs = own.carry_out(40, 16, monkeypatch)
    assert len(own.keys("crowded")) == 1 and own.peak == 4
    assert sorted(own.keys("ended") + own.keys("crowded")) == own.keys("taken")
    assert own.keys("taken") == sorted(job.spec.key for job in jobs)

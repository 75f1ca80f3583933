"""Several runs in one process, for a GPU that one run leaves idle: each is a lane, a thread with
its own stream, generator and captured graphs.

Lanes take turns: between two steps a lane hands on to the next, and nothing else of the host runs
meanwhile. As every draw is seeded within the turn that draws, a run has the bits that it has alone.
A lane that runs out of memory ends, and its run is done again by itself afterwards; so are the runs
of a process that was lost, and fewer lanes do the rest.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.planning.expected import longest_first
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.forkserver import context
from benchmark.running.lane import work_in_lanes
from benchmark.running.pool import Pool, Worker, forked
from benchmark.running.processes import ELSEWHERE, GRACE, PATIENCE, Events, JobOutcome, run_jobs

__all__ = ["MOST", "run_with"]

MOST = 16
"""Lanes of a process, at most."""


def run_with(lanes: int | None) -> Callable[..., list[JobOutcome]]:
    """Return the executor of so many lanes; None: as many as there is memory for and do more work
    together than fewer (:mod:`benchmark.running.occupancy`), :data:`MOST` at most."""

    def run(
        jobs: Sequence[Job],
        settings: Settings,
        workers: int,
        events: Events,
        interrupted: Callable[[], int] = lambda: 0,
    ) -> list[JobOutcome]:
        most = min(workers, lanes or MOST)
        queue = _LaneQueue(list(longest_first(jobs)), settings, most, _Once(events))
        return queue.run(interrupted, measure=lanes is None)

    return run


class _Once(Events):
    """Tells a watcher of each run once that it was started, however often it is."""

    def __init__(self, events: Events) -> None:
        self.events, self.begun = events, set[str]()

    def announced(self, text: str) -> None:
        self.events.announced(text)

    def started(self, job: Job) -> None:
        if job.spec.key not in self.begun:
            self.begun.add(job.spec.key)
            self.events.started(job)

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        self.events.progressed(job, step, values)

    def ended(self, outcome: JobOutcome) -> None:
        self.events.ended(outcome)


@dataclass
class _LaneProcess(Worker):
    """The process of the lanes. ``under_way``: the runs that it took, by their keys, and since
    when; ``measured``: the keys of those that were not trained."""

    under_way: dict[str, float] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)


@dataclass
class _LaneQueue:
    """``waiting`` runs for ``lanes`` lanes; ``alone``: those that are to be done by themselves."""

    waiting: list[Job]
    settings: Settings
    lanes: int
    events: Events
    alone: list[Job] = field(default_factory=list)
    outcomes: list[JobOutcome] = field(default_factory=list)
    asked_at: float | None = None

    def run(self, interrupted: Callable[[], int], *, measure: bool) -> list[JobOutcome]:
        while self.waiting and self.lanes > 1 and self.asked_at is None:
            self._watch(interrupted, measure)
        if self.asked_at is None:
            rest = [*self.waiting, *self.alone]
            self.outcomes += run_jobs(rest, self.settings, 1, self.events, interrupted)
        return self.outcomes

    def _watch(self, interrupted: Callable[[], int], measure: bool) -> None:
        """Start a process that takes what waits, and watch it to its end."""
        jobs: dict[str, Job] = {job.spec.key: job for job in self.waiting}
        server = context(self.waiting)
        arguments = (self.waiting, self.settings, self.lanes, measure)
        pool = Pool([None], 1, lambda _: _LaneProcess(*forked(server, work_in_lanes, *arguments)))
        while pool.busy:
            asked = interrupted()
            if asked and self.asked_at is None:
                self.asked_at = time.monotonic()
                for process in pool.workers:
                    process.send(signal.SIGTERM)
            list(pool.begin())
            for process, ended in pool.turn():
                for kind, *details in process.messages():
                    if kind == "announced":
                        self.events.announced(*details)
                    else:
                        self._hear(process, jobs, kind, *details)
                if ended:
                    self._conclude(process, jobs)
                elif self._must_end(process, asked):
                    process.send(signal.SIGKILL)

    def _must_end(self, process: _LaneProcess, asked: int) -> bool:
        """Whether somebody asked twice, or long ago, or a run overstays its limit in one step."""
        now, limit = time.monotonic(), self.settings.time_limit
        late = limit is not None and any(
            now - begun > limit + GRACE for begun in process.under_way.values()
        )
        return late or asked > 1 or (self.asked_at is not None and now - self.asked_at > PATIENCE)

    def _hear(
        self, process: _LaneProcess, jobs: Mapping[str, Job], kind: str, key: str, *rest: Any
    ) -> None:
        job = jobs[key]
        if kind == "taken":
            self.waiting.remove(job)
            process.under_way[key] = time.monotonic()
            self.events.started(job)
        elif kind == "begun":
            process.under_way[key] = time.monotonic()
        elif kind == "measured":
            process.measured.add(key)
        elif kind == "progress":
            self.events.progressed(job, *rest)
        elif kind == "crowded":
            del process.under_way[key]
            self.alone.append(job)
            self.lanes -= 1
        else:
            del process.under_way[key]
            status, error = rest
            if status == "interrupted" and self.asked_at is None:
                error = ELSEWHERE
            self._end(JobOutcome(job, status, error, trained=key not in process.measured))

    def _conclude(self, process: _LaneProcess, jobs: Mapping[str, Job]) -> None:
        """Do by themselves the runs of a process that was lost with them, and the others with half
        as many lanes."""
        lost = [jobs[key] for key in process.under_way]
        if self.asked_at is not None:
            for job in lost:
                self._end(JobOutcome(job, "interrupted"))
        elif lost or process.process.exitcode != 0:
            self.alone += lost
            self.lanes //= 2

    def _end(self, outcome: JobOutcome) -> None:
        self.outcomes.append(outcome)
        self.events.ended(outcome)

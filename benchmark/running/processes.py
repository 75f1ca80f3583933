"""Runs in processes of their own, several at once: a crash, a kill or a full memory ends one run
and no other.

Processes are forked from a server that has imported torch once. What a run computes does not depend
on how many run beside it.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.planning.expected import longest_first
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings, trained
from benchmark.records import Store
from benchmark.running.faults import error_text, one_line
from benchmark.running.forkserver import context
from benchmark.running.lock import locked
from benchmark.running.pool import SERVER_GONE, Pool, Worker, forked
from benchmark.running.worker import work
from benchmark.spec import BenchError, Record

__all__ = ["Events", "JobOutcome", "run_jobs"]

GRACE = 60.0
"""Seconds a run may overstay its time limit (one long step) before its process is killed."""

LINGER = 5.0
"""Seconds a process may live on after it told how its run ended (threads left behind, say)."""

PATIENCE = 30.0
"""Seconds that interrupted runs have to finish their step; a second signal ends them at once."""

ELSEWHERE = (
    "a signal from elsewhere asked its process to stop; the same command goes on from its "
    "checkpoint"
)


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended: its record's status, or ``interrupted``; the error in one line; whether it
    was trained, or only measured again."""

    job: Job
    status: str
    error: str | None = None
    trained: bool = True


class Events:
    """What a watcher may be told; does nothing by itself."""

    def announced(self, text: str) -> None:
        """A line about all runs: what is asked for them, say."""

    def started(self, job: Job) -> None: ...

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None: ...

    def ended(self, outcome: JobOutcome) -> None: ...


@dataclass
class _RunningJob(Worker):
    """A run under way. ``stamp``: of the record that stood in the store before it; ``unsaved``: it
    could not write the record that it ended with."""

    job: Job
    stamp: tuple[int, int] | None = None
    begun: float | None = None
    result: tuple[str, str | None] | None = None
    told_at: float = 0.0
    trained: bool = True
    unsaved: bool = False
    asked_to_stop: bool = False
    overstayed: bool = False


def run_jobs(
    jobs: Sequence[Job],
    settings: Settings,
    workers: int,
    events: Events,
    interrupted: Callable[[], int] = lambda: 0,
) -> list[JobOutcome]:
    """Run ``jobs``, ``workers`` at a time, and return how each ended, in the order they ended;
    after an interrupt only those begun.

    One worker takes them as they come; several start the longest run first
    (:mod:`benchmark.planning.expected`). ``interrupted`` returns how often somebody asked to stop:
    once, and runs stop at the edge of a step; again, or after :data:`PATIENCE`, they are killed.
    """
    server = context(jobs)
    waiting = list(reversed(jobs if workers == 1 else longest_first(jobs)))
    pool = Pool(waiting, workers, lambda job: _start(server, job, settings))
    outcomes = []
    asked_at: float | None = None
    while pool.busy:
        asked = interrupted()
        if asked:
            pool.waiting.clear()
            asked_at = time.monotonic() if asked_at is None else asked_at
            _stop(pool.workers, now=asked > 1 or time.monotonic() - asked_at > PATIENCE)
        for run in pool.begin():
            events.started(run.job)
        for run, ended in pool.turn():
            _listen(run, events)
            if ended:
                outcomes.append(_conclude(run, settings))
                events.ended(outcomes[-1])
            else:
                _enforce(run, settings)
    return outcomes


def _start(server: Any, job: Job, settings: Settings) -> _RunningJob:
    stamp = Store(settings.results).stamp(job.spec.key)
    process, pipe = forked(server, work, job, settings)
    return _RunningJob(process, pipe, job, stamp)


def _stop(running: Sequence[_RunningJob], *, now: bool) -> None:
    """Ask runs to stop at the edge of a step, or end them."""
    for run in running:
        run.asked_to_stop = True
        run.send(signal.SIGKILL if now else signal.SIGTERM)


def _listen(run: _RunningJob, events: Events) -> None:
    """Note what a run said, and pass its progress on."""
    for kind, *details in run.messages():
        if kind in ("ended", "unsaved"):
            status, error = details
            run.result, run.told_at = (status, error), time.monotonic()
            run.unsaved = kind == "unsaved"
        elif kind == "begun":
            run.begun = time.monotonic()
        elif kind == "measured":
            run.trained = False
        else:
            step, values = details
            with contextlib.suppress(OSError):  # a watcher whose disk is full, say
                events.progressed(run.job, step, values)


def _enforce(run: _RunningJob, settings: Settings) -> None:
    """Kill a run that overstays its limit inside one step (time spent waiting for another process
    does not count), and a process that lingers after it told how its run ended."""
    now = time.monotonic()
    if run.result is not None:
        if now - run.told_at > LINGER:
            run.send(signal.SIGKILL)
    elif (
        settings.time_limit is not None
        and run.begun is not None
        and now - run.begun > settings.time_limit + GRACE
    ):
        run.overstayed = True
        run.send(signal.SIGKILL)


def _conclude(run: _RunningJob, settings: Settings) -> JobOutcome:
    """Return the outcome of an ended process. What it told stands; a record that it wrote and did
    not live to tell of stands; else one is written that says how it ended."""
    if run.result is not None and not run.unsaved:
        status, error = run.result
        if status == "interrupted" and not run.asked_to_stop:
            error = ELSEWHERE
        return JobOutcome(run.job, status, error, trained=run.trained)
    try:
        return _recorded(run, settings)
    except (OSError, BenchError) as reason:
        status, error = _end(run, settings)
        why = one_line(f"{error}; its record could not be written: {error_text(reason)}")
        return JobOutcome(run.job, status, why)


def _recorded(run: _RunningJob, settings: Settings) -> JobOutcome:
    """Return the outcome of a run that told nothing of a record, by what stands in the store; its
    end is written there, except where another process is at work on the run."""
    store, key = Store(settings.results), run.job.spec.key
    folder = store.folder(key)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, lambda: "busy") as held:
        record = store.read(key) if store.stamp(key) != run.stamp else None
        if record is not None:
            return JobOutcome(run.job, record.status, record.error, trained=run.trained)
        status, error = _end(run, settings)
        measuring = not settings.force and trained(run.job, store) is not None
        if status != "interrupted" and held and not measuring:
            job = run.job
            record = Record(
                job.spec.document(),
                key,
                code=job.code,
                harness=job.harness,
                status=status,
                error=error,
            )
            store.write(record)
    return JobOutcome(run.job, status, error)


def _end(run: _RunningJob, settings: Settings) -> tuple[str, str | None]:
    """Return the status and error of a run that left no record."""
    if run.result is not None:
        return run.result
    if run.overstayed:
        limit = f"time limit of {settings.time_limit:g} s reached inside one step"
        return "timed-out", f"{limit}; its process was killed"
    if run.asked_to_stop:
        return "interrupted", None
    return "killed", _cause(run.process.exitcode)


def _cause(code: int | None) -> str:
    if code == SERVER_GONE:
        return "the process and the server it was forked from were ended"
    if code is not None and code < 0:
        hint = ", perhaps because memory ran out" if -code == 9 else ""
        return f"the process was ended by signal {-code}{hint}"
    return f"the process ended with exit code {code}"

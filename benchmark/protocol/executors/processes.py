"""Runs in processes of their own, several at once: a crash, a kill or a full memory ends one run
and no other.

Processes are forked from a server that has imported torch once. What a run computes does not depend
on how many run beside it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmark.protocol.expected import longest_first
from benchmark.protocol.reuse import Settings, trained
from benchmark.protocol.suite import Job
from benchmark.records import Store
from benchmark.spec import BenchError, Record

__all__ = ["Events", "Outcome", "context", "run_jobs"]

GRACE = 60.0
"""Seconds a run may overstay its time limit (one long step) before its process is killed."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended: its record's status, or ``interrupted``; the error in one line; whether it
    was trained, or only measured again."""

    job: Job
    status: str
    error: str | None = None
    trained: bool = True


class Events:
    """What a watcher may be told; does nothing by itself."""

    def started(self, job: Job) -> None: ...

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    events: Connection
    begun: float | None = None
    result: tuple[str, str | None] | None = None
    trained: bool = True
    asked_to_stop: bool = False
    overstayed: bool = False


def run_jobs(
    jobs: Sequence[Job],
    settings: Settings,
    workers: int,
    events: Events,
    interrupted: Callable[[], bool] = lambda: False,
) -> list[Outcome]:
    """Run ``jobs``, ``workers`` at a time, and return how each ended, in the order they ended;
    after an interrupt only those begun.

    One worker takes them as they come; several start the longest run first
    (:mod:`benchmark.protocol.expected`).
    """
    processes = context(jobs)
    waiting = list(reversed(jobs if workers == 1 else longest_first(jobs)))
    running, outcomes = [], []
    while waiting or running:
        if interrupted():
            waiting.clear()
            for each in running:
                each.asked_to_stop = True
                each.process.terminate()
        while waiting and len(running) < workers:
            running.append(_start(processes, waiting.pop(), settings))
            events.started(running[-1].job)
        wait(
            [each.events for each in running] + [each.process.sentinel for each in running],
            timeout=0.2,
        )
        for each in list(running):
            _listen(each, events)
            _enforce(each, settings)
            if not each.process.is_alive():
                _listen(each, events)
                running.remove(each)
                outcomes.append(_conclude(each, settings))
                events.ended(outcomes[-1])
    return outcomes


def context(jobs: Sequence[Job] = ()) -> Any:
    """Return the server that runs are forked from, which imports our datasets among those of
    ``jobs`` when it starts.

    It must find this package and no file of the same name that lies where the command was called.
    """
    root = str(Path(__file__).resolve().parents[3])
    if root not in (entry.rstrip("/") for entry in sys.path[1:]):
        os.environ["PYTHONPATH"] = os.pathsep.join(
            filter(None, (root, os.environ.get("PYTHONPATH")))
        )
    os.environ["PYTHONSAFEPATH"] = "1"
    found = multiprocessing.get_context("forkserver")
    modules = {job.dataset.entry.target.partition(":")[0] for job in jobs}
    ours = sorted(
        name for name in modules if name.startswith("benchmark.")
    )  # a module of somebody else's may fail to import
    found.set_forkserver_preload(["benchmark.protocol.executors.preload", *ours])
    return found


def _start(processes: Any, job: Job, settings: Settings) -> _Running:
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=_work, args=(job, settings, sender), daemon=True)
    try:
        process.start()
    except (EOFError, ConnectionError):
        raise BenchError(
            "the server that runs are forked from did not start; its own message stands above"
        ) from None
    sender.close()
    return _Running(job, process, receiver)


def _work(job: Job, settings: Settings, events: Connection) -> None:
    """In the run's own process: carry the job out, tell the parent now and then, and stop at a
    step's edge when asked to."""
    from benchmark.protocol.job import execute

    asked: list[str] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append("interrupted"))
    last = 0.0

    def progress(step: int, values: Mapping[str, float]) -> None:
        nonlocal last
        if time.monotonic() - last > 0.2:
            last = time.monotonic()
            try:
                events.send(("progress", step, dict(values)))
            except OSError:
                asked.append("the parent is gone")

    def tell(*message: Any) -> None:
        with contextlib.suppress(OSError):
            events.send(message)

    record = execute(
        job,
        settings,
        lambda: asked[0] if asked else None,
        progress,
        lambda: tell("begun"),
        lambda: tell("measured"),
    )
    tell("ended", *(("interrupted", None) if record is None else (record.status, record.error)))


def _listen(each: _Running, events: Events) -> None:
    try:
        while each.events.poll():
            kind, *rest = each.events.recv()
            if kind == "ended":
                each.result = (rest[0], rest[1])
            elif kind == "begun":
                each.begun = time.monotonic()
            elif kind == "measured":
                each.trained = False
            else:
                events.progressed(each.job, rest[0], rest[1])
    except (EOFError, OSError):
        return


def _enforce(each: _Running, settings: Settings) -> None:
    """Kill a run that overstays its limit inside one step; time spent waiting for another process
    does not count."""
    if (
        settings.time_limit is not None
        and each.begun is not None
        and time.monotonic() - each.begun > settings.time_limit + GRACE
    ):
        each.overstayed = True
        each.process.kill()


def _conclude(each: _Running, settings: Settings) -> Outcome:
    """Return the outcome of an ended process, writing the record that a killed one could not
    write."""
    each.process.join()
    if each.result is not None and not each.overstayed:
        return Outcome(each.job, *each.result, trained=each.trained)
    if each.asked_to_stop:
        return Outcome(each.job, "interrupted")
    limit = (
        f"time limit of {settings.time_limit:g} s reached inside one step; its process was killed"
        if each.overstayed
        else ""
    )
    status, error = (
        ("timed-out", limit) if each.overstayed else ("killed", _cause(each.process.exitcode))
    )
    spec, job = each.job.spec, each.job
    made_by = {"code": job.code, "harness": job.harness, "given": job.given}
    store = Store(settings.results)
    if settings.force or trained(each.job, store) is None:  # else it was killed while it measured
        store.write(Record(spec.document(), spec.key, **made_by, status=status, error=error))
    return Outcome(each.job, status, error)


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        hint = ", perhaps because memory ran out" if -code == 9 else ""
        return f"the process was ended by signal {-code}{hint}"
    return f"the process ended with exit code {code}"

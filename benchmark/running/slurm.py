"""Runs as jobs of a Slurm cluster, one for each, submitted by submitit. A job does what this
machine would do (:mod:`benchmark.running.remote`).

Checkpoints, records and what jobs report lie in the results folder, which every machine sees under
the same path. A job that is lost, or reaches its time limit, is submitted again and goes on from
the checkpoint. Jobs live on without their driver: the same command takes up those that are left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.planning.expected import longest_first
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.processes import Events, JobOutcome
from benchmark.running.remote import unnumbered
from benchmark.running.shares import Share, Shares
from benchmark.running.slurm_limits import check, memory_bytes
from benchmark.running.slurm_queue import FOLDER, Queue, read_report
from benchmark.spec import BenchError

__all__ = ["run_with"]

LOOK = 1.0
"""Seconds between two looks at what jobs reported."""

LOST = 6.0
"""Seconds after which a job that Slurm calls ended, or no longer knows, will not report."""

PATIENCE = 90.0
"""Seconds that cancelled jobs have to end before the driver leaves them to Slurm."""

TRIES = 3
"""Jobs in a row that may be lost before a run took another step."""

BATCH = 10
"""Jobs that are submitted between two looks at reports."""

REFUSED = 60.0
"""Seconds after which a cluster that took no more jobs is offered one again."""

HINTS = {
    "TIMEOUT": "; a longer slurm[time=..] may do",
    "OUT_OF_MEMORY": "; more of slurm[mem=..] may do",
}
"""What helps runs whose jobs end in these states again and again."""

LACKING = ("killed", "out-of-memory")
"""How a run may end that lacked memory, which its job's state tells."""

CANCELLED = "somebody cancelled its Slurm job; the same command goes on from its checkpoint"


def run_with(options: Mapping[str, str]) -> Callable[..., list[JobOutcome]]:
    """Return the executor that submits jobs with these ``options`` of ``sbatch``: partition,
    account, qos, constraint, time, mem, cpus, gpus. Memory and cores that they do not name are what
    a probe of a run alike took."""
    cores = int(options["cpus"]) if "cpus" in options else None
    shares = Shares(Share(cores, memory_bytes(options["mem"]) if "mem" in options else None))

    def run(
        jobs: Sequence[Job],
        settings: Settings,
        workers: int,
        events: Events,
        interrupted: Callable[[], int] = lambda: 0,
    ) -> list[JobOutcome]:
        check(options, settings.device)
        settings = replace(
            settings, results=settings.results.absolute(), device=unnumbered(settings.device)
        )
        folder = settings.results / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        queue = Queue(folder, options, settings, tell=events.announced)
        queue.refresh()
        gpus = _gpus(options, settings.device)
        shares.asked = replace(shares.asked, gpus=gpus)
        new = [job for job in jobs if queue.number(job) is None]
        device = settings.device if gpus else "cpu"
        queue.shares = shares.of(new, device, events.announced, interrupted)
        return _SlurmDriver(list(longest_first(jobs)), queue, workers, events).run(interrupted)

    return run


def _gpus(options: Mapping[str, str], device: str) -> float | None:
    """Return the GPUs of a job; None where it has none. Slurm gives them as a whole."""
    if "gpus" in options:
        number = options["gpus"].rpartition(":")[2]  # as in a100:2
        return float(number) if number.isdecimal() else 1.0
    return 1.0 if device.startswith("cuda") else None


@dataclass
class _Submitted:
    """A run that has a job. ``lost``: its jobs that were, in a row; ``step``: where the run stood
    when the last was; ``gone_at``: when its job was first seen to be over without a report."""

    job: Job
    number: str
    report: Path
    lost: int = 0
    step: int = 0
    begun: bool = False
    reported: Any = None
    gone_at: float | None = None


@dataclass
class _SlurmDriver:
    """Submits ``jobs``, ``workers`` at most at once, and watches what they report."""

    jobs: list[Job]
    queue: Queue
    workers: int
    events: Events
    under_way: list[_Submitted] = field(default_factory=list)
    outcomes: list[JobOutcome] = field(default_factory=list)
    asked_at: float | None = None
    refused_at: float = -REFUSED

    def run(self, interrupted: Callable[[], int]) -> list[JobOutcome]:
        self.queue.refresh()
        waiting = list(reversed(self.jobs))
        while waiting or self.under_way:
            if asked := interrupted():
                waiting.clear()
                self._stop(at_once=asked > 1)
            self._submit(waiting)
            self.queue.refresh()
            for run in list(self.under_way):
                self._look(run)
            if waiting or self.under_way:
                time.sleep(LOOK)
        return self.outcomes

    def _stop(self, *, at_once: bool) -> None:
        """Cancel every job once; after a while, or ``at_once``, wait no longer for their end."""
        if self.asked_at is None and self.under_way:
            self.queue.cancel([run.number for run in self.under_way])
            self.asked_at = time.monotonic()
            self.queue.forget()
        if at_once or (self.asked_at and time.monotonic() - self.asked_at > PATIENCE):
            for run in list(self.under_way):
                self._conclude(run, "interrupted")

    def _submit(self, waiting: list[Job]) -> None:
        """Submit some of the runs that wait, or take up the jobs that they have. Where Slurm takes
        no more, those under way are waited for."""
        room = min(BATCH, self.workers - len(self.under_way))
        if time.monotonic() - self.refused_at < REFUSED:
            return
        for job in waiting[: -room - 1 : -1] if room > 0 else []:
            try:
                number = self.queue.number(job) or self.queue.submit(job)
            except BenchError:
                if not self.under_way:
                    raise
                self.refused_at = time.monotonic()
                return
            waiting.pop()
            self.under_way.append(_Submitted(job, number, self.queue.report(job)))

    def _look(self, run: _Submitted) -> None:
        """Tell the watcher what a run reported, and see whether its job is over."""
        report = read_report(run.report)
        if report:
            self._tell(run, report)
        outcome, alive = report.get("outcome"), self.queue.is_alive(run.number)
        lacking = outcome is not None and outcome[0] in LACKING and self.queue.may_grow(run.job)
        if outcome is not None and outcome[0] != "interrupted" and not lacking:
            self._conclude(run, *outcome)
        elif alive:
            run.gone_at = None
        elif run.gone_at is None:
            run.gone_at = time.monotonic()
        elif outcome is not None or time.monotonic() - run.gone_at > LOST:
            self._end(run, outcome)

    def _tell(self, run: _Submitted, report: Mapping[str, Any]) -> None:
        if not run.begun:
            run.begun = True
            self.events.started(run.job)
        progress = report.get("progress")
        if progress is not None and progress != run.reported:
            run.reported = progress
            self.events.progressed(run.job, int(progress[0]), progress[1])

    def _end(self, run: _Submitted, outcome: Sequence[Any] | None) -> None:
        """Decide about a run that is unfinished though its job is over: it was asked to stop, was
        cancelled by somebody, or is given another job, with more memory where it lacked some; or
        has ended, and lacked none."""
        state = self.queue.state(run.number)
        step = int(run.reported[0]) if run.reported else 0
        run.lost = 1 if step > run.step else run.lost + 1
        run.step = step
        if state == "OUT_OF_MEMORY" and self.asked_at is None and self.queue.may_grow(run.job):
            self.queue.grow(run.job)
            self._submit_again(run)
        elif outcome is not None and outcome[0] != "interrupted":
            self._conclude(run, *outcome)
        elif self.asked_at is not None:
            self._conclude(run, "interrupted")
        elif state == "CANCELLED":
            self._conclude(run, "interrupted", CANCELLED)
        elif run.lost >= TRIES:
            logs = f"what its jobs printed is in {self.queue.folder}"
            why = f"Slurm lost its job {TRIES} times, the last is {state}; {logs}"
            self._conclude(run, "killed", why + HINTS.get(state, ""))
        else:
            self._submit_again(run)

    def _submit_again(self, run: _Submitted) -> None:
        """Give a run another job; where Slurm takes none now, that counts as one that was lost."""
        try:
            run.number, run.gone_at = self.queue.submit(run.job), None
        except BenchError:
            run.gone_at = time.monotonic()

    def _conclude(
        self, run: _Submitted, status: str, error: str | None = None, trained: bool = True
    ) -> None:
        """Note how a run ended, and tell the watcher unless it was stopped before it began."""
        self.under_way.remove(run)
        if status == "done":
            self.queue.clear(run.number, run.report)
        if status == "interrupted" and not run.begun and error is None:
            return
        if not run.begun:
            self.events.started(run.job)
        self.outcomes.append(JobOutcome(run.job, status, error, trained))
        self.events.ended(self.outcomes[-1])

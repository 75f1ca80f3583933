"""Runs on the machines of a Ray cluster, each with a share of one. A task does what this machine
would do (:mod:`benchmark.running.remote`).

Checkpoints and records lie in the results folder, which every machine sees under the same path. A
task whose machine is lost is started on another and goes on from the checkpoint; where the driver
is lost, runs stop at the edge of a step, and the same command goes on from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from benchmark.planning.expected import longest_first
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.faults import one_line
from benchmark.running.processes import Events, JobOutcome
from benchmark.running.ray_asks import Asks, asks_of, capped, fits
from benchmark.running.remote import Outcome, Progress, carry_out, unnumbered
from benchmark.running.shares import Share, Shares
from benchmark.spec import BenchError

__all__ = ["run_on"]

INTERVAL = 1.0
"""Seconds between two words of a run to the driver, and of the driver's looks at them."""


def run_on(address: str, asked: Share) -> Callable[..., list[JobOutcome]]:
    """Return the executor on the cluster at ``address``: ``HOST:PORT``, ``auto`` for the one this
    machine belongs to, or ``local`` for one that is started here and ends with the command. A run
    takes the share of a machine that is ``asked`` for, and for what that leaves open what a probe
    of a run alike took."""
    shares = Shares(asked)

    def run(
        jobs: Sequence[Job],
        settings: Settings,
        workers: int,
        events: Events,
        interrupted: Callable[[], int] = lambda: 0,
    ) -> list[JobOutcome]:
        settings = replace(
            settings, results=settings.results.absolute(), device=unnumbered(settings.device)
        )
        with _cluster(address):
            asks = _asks(shares, jobs, settings, events, interrupted)
            driver = _Driver(list(longest_first(jobs)), settings, workers, events, asks)
            return driver.run(interrupted)

    return run


def _asks(
    shares: Shares,
    jobs: Sequence[Job],
    settings: Settings,
    events: Events,
    interrupted: Callable[[], int],
) -> dict[str, Asks]:
    """Return what is asked of Ray for each run, by its key."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    on_gpu = settings.device == "cuda" or (
        settings.device == "auto" and any("GPU" in machine for machine in machines)
    )
    shares.default = Share(1, gpus=1.0 if on_gpu else None)
    if not on_gpu:
        shares.asked = replace(shares.asked, gpus=None)
    device = settings.device if on_gpu else "cpu"
    by_key = shares.of(jobs, device, events.announced, interrupted)
    asks = {key: asks_of(share, on_gpu=on_gpu) for key, share in by_key.items()}
    if shares.asked.memory is None:
        asks, measured = {key: capped(ask, machines) for key, ask in asks.items()}, asks
        cut = sum(asks[key] != measured[key] for key in asks)
        if cut:
            events.announced(f"{cut} of them ask for all the memory of the largest machine instead")
    waiting = sum(not any(fits(ask, machine) for machine in machines) for ask in asks.values())
    if waiting:
        events.announced(
            f"{waiting} of {len(asks)} runs wait for a machine: the cluster has none now that "
            "could take one of them"
        )
    return asks


@contextlib.contextmanager
def _cluster(address: str) -> Any:
    """Belong to the cluster for a while."""
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BenchError(
            f"there is no Ray cluster at '{address}' ({one_line(str(error))}); start one with `ray "
            "start --head`, or give --executor 'ray[address=local]'"
        ) from None
    try:
        yield
    finally:
        ray.shutdown()


class Board:
    """What runs tell the driver, and how often it was asked to stop. Lives where the driver
    does, so that it is there as long as the driver is."""

    def __init__(self) -> None:
        self.progress: dict[str, Progress | None] = {}
        self.asked = 0

    def report(self, key: str, progress: Progress | None) -> int:
        """Note that a run has begun, or how far it is; return how often it was asked to stop."""
        self.progress[key] = progress or self.progress.get(key)
        return self.asked

    def read(self, asked: int) -> dict[str, Progress | None]:
        """Return the reports since the last time, and note how often somebody asked to stop."""
        self.asked, progress, self.progress = asked, self.progress, {}
        return progress


def _carry_out(job: Job, settings: Settings, board: Any) -> Outcome:
    """On a machine of the cluster. Where the board is gone, so is the driver: stop."""
    asked = 0

    def tell(progress: Progress | None) -> int:
        nonlocal asked
        try:
            asked = ray.get(board.report.remote(job.spec.key, progress))
        except RayError:
            asked = max(1, asked)
        return asked

    return carry_out(job, settings, tell, INTERVAL)


@dataclass
class _Driver:
    """Hands out ``jobs``, ``workers`` at most at once, and listens."""

    jobs: list[Job]
    settings: Settings
    workers: int
    events: Events
    asks: Mapping[str, Asks]
    under_way: dict[Any, Job] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def run(self, interrupted: Callable[[], int]) -> list[JobOutcome]:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        board = ray.remote(num_cpus=0, scheduling_strategy=here)(Board).remote()
        task = ray.remote(max_retries=-1)(_carry_out)
        waiting, outcomes = list(reversed(self.jobs)), []
        while waiting or self.under_way:
            if asked := interrupted():
                waiting.clear()
            while waiting and len(self.under_way) < self.workers:
                job = waiting.pop()
                sent = replace(job, data_dir=job.data_dir.absolute())
                asked_for = task.options(**self.asks[job.spec.key])
                self.under_way[asked_for.remote(sent, self.settings, board)] = job
            done, _ = (
                ray.wait(list(self.under_way), timeout=INTERVAL) if self.under_way else ([], [])
            )
            self._listen(ray.get(board.read.remote(asked)))
            if asked:
                self._cancel_those_that_did_not_begin()
            outcomes += [self._conclude(reference) for reference in done]
        return [outcome for outcome in outcomes if outcome.status != "unbegun"]

    def _listen(self, progress_by_key: Mapping[str, Progress | None]) -> None:
        """Tell the watcher which runs have begun, and how far they are."""
        for job in list(self.under_way.values()):
            key = job.spec.key
            if key in progress_by_key:
                self._begin(job)
                if progress := progress_by_key[key]:
                    self.events.progressed(job, *progress)

    def _begin(self, job: Job) -> None:
        if job.spec.key not in self.begun:
            self.begun.add(job.spec.key)
            self.events.started(job)

    def _cancel_those_that_did_not_begin(self) -> None:
        for reference, job in self.under_way.items():
            if job.spec.key not in self.begun:
                ray.cancel(reference)

    def _conclude(self, reference: Any) -> JobOutcome:
        """Return how an ended task's run did, and tell the watcher unless it never began."""
        job = self.under_way.pop(reference)
        try:
            outcome = JobOutcome(job, *ray.get(reference))
        except ray.exceptions.TaskCancelledError:
            return JobOutcome(job, "unbegun")
        except RayError as error:
            outcome = JobOutcome(job, "killed", one_line(f"Ray: {type(error).__name__}: {error}"))
        self._begin(job)
        self.events.ended(outcome)
        return outcome

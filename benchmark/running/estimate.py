"""What a grid would cost, from a short probe of each group of runs alike: hours, memory, disk.
Imports no torch."""

from __future__ import annotations

import math
import signal
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job
from benchmark.running import memory
from benchmark.running.cost import LIMIT, Cost, CostGroup, completed
from benchmark.running.forkserver import context
from benchmark.running.pool import Pool, Worker, forked

__all__ = ["evaluated_in_full", "measure"]


@dataclass
class _RunningProbe(Worker):
    """A probe under way: of which group, counted from 0, the group with what is known of its cost,
    and since when it has been at work."""

    number: int
    group: CostGroup
    begun: float | None = None


def evaluated_in_full(groups: Sequence[CostGroup]) -> list[int]:
    """Return the numbers of the groups whose probe evaluates in full: of each kind the one that is
    expected to be quickest among those that are trained by steps, as closed forms lack a posterior
    and with it some of the passes."""
    quickest: dict[Hashable, int] = {}
    for number in sorted(range(len(groups)), key=lambda number: _haste(groups[number].probe)):
        quickest.setdefault(groups[number].kind, number)
    return sorted(quickest.values())


def _haste(job: Job) -> tuple[bool, float]:
    return job.spec.steps == 0, expected_seconds(job)


def measure(
    groups: Sequence[CostGroup],
    workers: int,
    device: str,
    limit: float = LIMIT,
    interrupted: Callable[[], int] = lambda: 0,
) -> list[CostGroup]:
    """Return the groups with their costs, ``workers`` probes at once so that they disturb each
    other as runs will.

    After ``limit`` seconds for all together, or once ``interrupted``, the probes under way are
    ended; the memory that one had until then is in its cost. Those that evaluate in full, which is
    most of a probe, start first.
    """
    in_full = evaluated_in_full(groups)
    order = [*in_full, *(number for number in range(len(groups)) if number not in in_full)]
    server = context([group.probe for group in groups])
    results = list(groups)
    end = math.inf
    with tempfile.TemporaryDirectory(prefix="bench-estimate-") as folder:

        def start(number: int) -> _RunningProbe:
            group, whole = groups[number], number in in_full
            process, pipe = forked(server, _work, group.probe, Path(folder), device, whole)
            return _RunningProbe(process, pipe, number, group)

        pool = Pool(list(reversed(order)), workers, start)
        try:
            while pool.busy and time.monotonic() < end and not interrupted():
                list(pool.begin())
                for probe, ended in pool.turn():
                    _listen(probe, ended=ended)
                    results[probe.number] = probe.group
                    if probe.begun is not None:
                        end = min(end, probe.begun + limit)
        finally:
            _cut_off(pool.workers, results)
            pool.kill()  # they write into the folder
    return completed(results)


def _work(job: Job, folder: Path, device: str, whole: bool, pipe: Connection) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent hears them, and ends this process
        signal.signal(number, signal.SIG_IGN)
    from benchmark.running.probe import probe

    pipe.send(None)
    probe(job, folder, device, pipe, whole=whole)


def _cut_off(probes: Sequence[_RunningProbe], results: list[CostGroup]) -> None:
    """Note in the costs of probes that are about to be ended what memory they have had."""
    for probe in probes:
        cost, process = probe.group.cost, probe.process.pid
        if cost is not None and process is not None:
            cost = replace(cost, host=max(cost.host, memory.peak(process)))
            results[probe.number] = replace(probe.group, cost=cost)


def _listen(probe: _RunningProbe, *, ended: bool) -> None:
    """Note what a probe said, and of one that ended without a word how it did."""
    for message in probe.messages():
        if message is None:  # it has begun: waiting for the server of processes does not count
            probe.begun = time.monotonic()
        elif isinstance(message, Cost):
            probe.group = replace(probe.group, cost=message)
        else:
            probe.group = replace(probe.group, error=message)
    if ended and probe.group.cost is None and not probe.group.error:
        code = probe.process.exitcode
        probe.group = replace(probe.group, error=f"its process was ended (exit code {code})")

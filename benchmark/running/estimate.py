"""What a grid would cost, from a short probe of each group of runs alike: hours, memory, disk.
Imports no torch."""

from __future__ import annotations

import math
import signal
import tempfile
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job
from benchmark.running.cost import LIMIT, Cost, CostGroup, completed
from benchmark.running.server import context, launch

__all__ = ["evaluated_in_full", "measure"]


@dataclass
class _RunningProbe:
    place: int
    process: BaseProcess
    pipe: Connection
    begun: float | None = None


def evaluated_in_full(found: Sequence[CostGroup]) -> list[int]:
    """Return the places of the groups whose probe evaluates in full: of each kind the one that is
    expected to be quickest among those that are trained by steps, as closed forms lack a posterior
    and with it some of the passes."""
    best: dict[Hashable, int] = {}
    for place in sorted(range(len(found)), key=lambda place: _haste(found[place].probe)):
        best.setdefault(found[place].kind, place)
    return sorted(best.values())


def _haste(job: Job) -> tuple[bool, float]:
    return job.spec.steps == 0, expected_seconds(job)


def measure(
    found: Sequence[CostGroup],
    workers: int,
    device: str,
    tell: Callable[[CostGroup], None] = lambda group: None,
    limit: float = LIMIT,
    interrupted: Callable[[], int] = lambda: 0,
) -> list[CostGroup]:
    """Return the groups with their costs, ``workers`` probes at once so that they disturb each
    other as runs will; ``tell`` hears of each.

    After ``limit`` seconds for all together, or once ``interrupted``, the probes under way are
    ended. Those that evaluate in full, which is most of a probe, start first.
    """
    full = evaluated_in_full(found)
    order = [*full, *(place for place in range(len(found)) if place not in full)]
    results, waiting = list(found), list(reversed(order))
    running: list[_RunningProbe] = []
    server = context([group.probe for group in found])
    end = math.inf
    with tempfile.TemporaryDirectory(prefix="bench-estimate-") as folder:
        try:
            while (waiting or running) and time.monotonic() < end and not interrupted():
                while waiting and len(running) < workers:
                    place = waiting.pop()
                    job, whole = found[place].probe, place in full
                    running.append(_start(server, place, job, Path(folder), device, whole))
                wait([each.pipe for each in running], timeout=0.2)
                for each in list(running):
                    results[each.place] = _listen(each, results[each.place])
                    if each.begun is not None:
                        end = min(end, each.begun + limit)
                    if not each.process.is_alive():
                        results[each.place] = _end(each, _listen(each, results[each.place]))
                        running.remove(each)
                        tell(results[each.place])
        finally:
            for each in running:
                each.process.kill()
                each.process.join()  # it writes into the folder
    return completed(results)


def _start(
    server: Any, place: int, job: Job, folder: Path, device: str, whole: bool
) -> _RunningProbe:
    receiver, sender = server.Pipe(duplex=False)
    process = launch(server, _work, (job, folder, device, sender, whole))
    sender.close()
    return _RunningProbe(place, process, receiver)


def _work(job: Job, folder: Path, device: str, pipe: Connection, whole: bool) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent hears them, and ends this process
        signal.signal(number, signal.SIG_IGN)
    from benchmark.running.probe import probe

    pipe.send(None)
    probe(job, folder, device, pipe, whole=whole)


def _listen(each: _RunningProbe, group: CostGroup) -> CostGroup:
    try:
        while each.pipe.poll():
            said = each.pipe.recv()
            if said is None:  # it has begun: waiting for the server of processes does not count
                each.begun = time.monotonic()
            elif isinstance(said, Cost):
                group = replace(group, cost=said)
            else:
                group = replace(group, error=said)
    except (EOFError, OSError):
        pass
    return group


def _end(each: _RunningProbe, group: CostGroup) -> CostGroup:
    each.process.join()
    if group.cost is None and not group.error:
        code = each.process.exitcode
        return replace(group, error=f"its process was ended (exit code {code})")
    return group

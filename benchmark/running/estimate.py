"""What a grid would cost, from a short probe of each method on each dataset: hours, memory, disk.
Imports no torch."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmark.planning.jobs import Job
from benchmark.running.cost import LIMIT, Cost, CostGroup
from benchmark.running.server import context, launch

__all__ = ["measure"]


@dataclass
class _RunningProbe:
    place: int
    process: BaseProcess
    pipe: Connection
    begun: float | None = None


def measure(
    found: Sequence[CostGroup],
    workers: int,
    device: str,
    tell: Callable[[CostGroup], None] = lambda group: None,
    limit: float = LIMIT,
) -> list[CostGroup]:
    """Return the groups with their costs, ``workers`` probes at once so that they disturb each
    other as runs will; ``tell`` hears of each."""
    results, waiting, running = list(found), list(reversed(range(len(found)))), []
    server = context([group.probe for group in found])
    with tempfile.TemporaryDirectory(prefix="bench-estimate-") as folder:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    place = waiting.pop()
                    running.append(_start(server, found[place].probe, place, Path(folder), device))
                wait([each.pipe for each in running], timeout=0.2)
                for each in list(running):
                    results[each.place] = _listen(each, results[each.place])
                    if (
                        not each.process.is_alive()
                        or time.monotonic() - (each.begun or math.inf) > limit
                    ):
                        results[each.place] = _end(each, _listen(each, results[each.place]), limit)
                        running.remove(each)
                        tell(results[each.place])
        finally:
            for each in running:
                each.process.kill()
    return results


def _start(server: Any, job: Job, place: int, folder: Path, device: str) -> _RunningProbe:
    receiver, sender = server.Pipe(duplex=False)
    process = launch(server, _work, (job, folder, device, sender))
    sender.close()
    return _RunningProbe(place, process, receiver)


def _work(job: Job, folder: Path, device: str, pipe: Connection) -> None:
    from benchmark.running.probe import probe

    pipe.send(None)
    probe(job, folder, device, pipe)


def _listen(each: _RunningProbe, group: CostGroup) -> CostGroup:
    try:
        while each.pipe.poll():
            said = each.pipe.recv()
            if said is None:  # it has begun: waiting for the server of processes does not count
                each.begun = time.monotonic()
                continue
            group = (
                replace(group, cost=said) if isinstance(said, Cost) else replace(group, error=said)
            )
    except (EOFError, OSError):
        pass
    return group


def _end(each: _RunningProbe, group: CostGroup, limit: float) -> CostGroup:
    each.process.kill()
    each.process.join()
    if group.cost is None and not group.error:
        return replace(
            group,
            error=f"no answer within {limit:g} s, or its process was ended (exit code {each.process.exitcode})",
        )
    return group

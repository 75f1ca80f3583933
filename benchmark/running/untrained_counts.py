"""Untrained networks of finished cells, counted in a process of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from benchmark.planning.jobs import Job
from benchmark.running.faults import error_text, one_line
from benchmark.running.forkserver import context, launch
from benchmark.spec import BenchError

__all__ = ["count_untrained"]


def count_untrained(
    jobs: Sequence[Job],
    results: Path,
    device: str = "auto",
    tell: Callable[[str], None] = lambda text: None,
) -> None:
    """Count L* of untrained networks for the cell of each of ``jobs``, whose records stand in
    ``results``; ``tell`` hears of each that could not be counted."""
    if not jobs:
        return
    server = context(jobs)
    receiver, sender = server.Pipe(duplex=False)
    process = launch(server, _count, (jobs, results.absolute(), device, sender))
    sender.close()
    try:
        while True:
            tell(receiver.recv())
    except EOFError:
        process.join()
        if process.exitcode:
            tell(f"counting untrained networks ended early, exit code {process.exitcode}")
    finally:
        process.kill()


def _count(jobs: Sequence[Job], results: Path, device: str, pipe: Connection) -> None:
    """In a process of its own: the counts are written as they are made."""
    from benchmark.evaluation.untrained import count_once
    from benchmark.planning.jobs import instance, load
    from benchmark.records import Store
    from benchmark.training import runtime

    runtime.make_deterministic()
    where = runtime.use_device(device)
    store = Store(results)
    for job in jobs:
        try:
            record = store.read(job.spec.key)
            if record is not None:
                splits = load(instance(job.dataset, job.data_dir))
                count_once(job, record, splits, results, where)
        except (BenchError, OSError) as error:
            pipe.send(one_line(f"no null of {job.spec.key}: {error_text(error)}"))

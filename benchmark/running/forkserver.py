"""The server that runs are forked from: it has imported torch once."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmark.planning.jobs import Job
from benchmark.spec import BenchError

__all__ = ["context", "launch", "package_importable"]

TRIES = 3
"""How often a server that was ended is started before giving up on it."""


def context(jobs: Sequence[Job] = ()) -> Any:
    """Return the server that runs are forked from, which imports our datasets among those of
    ``jobs`` when it starts."""
    server = multiprocessing.get_context("forkserver")
    modules = {job.dataset.entry.target.partition(":")[0] for job in jobs}
    # a module of somebody else's may fail to import
    ours = sorted(name for name in modules if name.startswith("benchmark."))
    server.set_forkserver_preload(["benchmark.running.preload", *ours])
    return server


def launch(server: Any, target: Callable[..., None], arguments: tuple[Any, ...]) -> BaseProcess:
    """Return a new process that calls ``target`` with ``arguments``. A server that was ended is
    started again; ``BenchError`` where it does not start."""
    with package_importable():
        resource_tracker.ensure_running()  # now, since starting it unblocks the signals below
        for _ in range(TRIES):
            process = server.Process(target=target, args=arguments, daemon=True)
            try:
                with _signals_held():
                    process.start()
            except (EOFError, ConnectionError):  # ended before it could answer
                time.sleep(0.1)
            else:
                return process
    raise BenchError(
        f"the server that runs are forked from did not start in {TRIES} tries; its own message, "
        "if it left one, stands above"
    )


@contextlib.contextmanager
def package_importable() -> Iterator[None]:
    """A Python that is started meanwhile finds this package, and no file of the same name that lies
    where the command was called. Afterwards the caller's environment is as before."""
    wanted = {"PYTHONSAFEPATH": "1"}
    root = str(Path(__file__).resolve().parents[2])
    if root not in (entry.rstrip("/") for entry in sys.path[1:]):
        paths = filter(None, (root, os.environ.get("PYTHONPATH")))
        wanted["PYTHONPATH"] = os.pathsep.join(paths)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back. A server that is started meanwhile inherits that, and lets them
    through once it ignores them (:mod:`benchmark.running.preload`)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

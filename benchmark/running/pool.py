"""A pool of processes, so many at once, each forked from the server and heard through a pipe of its
own: runs are carried out in one, and so are the probes of an estimate."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from benchmark.running.forkserver import launch

__all__ = ["Pool", "Worker", "forked"]

TURN = 0.2
"""Seconds after which a pool looks at its processes though none of them said anything."""

SERVER_GONE = 255
"""The exit code that multiprocessing gives where the server can no longer tell the real one."""


def forked(
    server: Any, target: Callable[..., None], *arguments: Any
) -> tuple[BaseProcess, Connection]:
    """Return a new process that calls ``target(*arguments, pipe)``, and our end of that pipe."""
    receiver, sender = server.Pipe(duplex=False)
    process = launch(server, target, (*arguments, sender))
    sender.close()
    return process, receiver


@dataclass
class Worker:
    """A process under way, and our end of the pipe that it speaks through; ``closed``: its own end
    of the pipe is."""

    process: BaseProcess
    pipe: Connection
    closed: bool = field(default=False, init=False)

    @property
    def orphaned(self) -> bool:
        """Whether the server that it was forked from is gone, and with it word of its exit."""
        return self.process.exitcode == SERVER_GONE

    def has_ended(self) -> bool:
        """Whether its process has; that of a server that is gone ends when its pipe does."""
        if self.process.is_alive():
            return False
        return not self.orphaned or self.closed or not _exists(self.process.pid)

    def messages(self) -> Iterator[Any]:
        """Yield what it has said since the last time."""
        while not self.closed:
            try:
                if not self.pipe.poll():
                    return
                message = self.pipe.recv()
            except (EOFError, OSError):
                self.closed = True
                return
            yield message

    def send(self, number: int) -> None:
        """Send a signal to its process, which has not ended."""
        if self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)


Task = TypeVar("Task")
SomeWorker = TypeVar("SomeWorker", bound=Worker)


@dataclass
class Pool(Generic[Task, SomeWorker]):
    """Tasks that wait, of which the last begins next, and the workers that ``start`` made of
    others, ``size`` at once."""

    waiting: list[Task]
    size: int
    start: Callable[[Task], SomeWorker]
    workers: list[SomeWorker] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether anything is left to do."""
        return bool(self.waiting or self.workers)

    def begin(self) -> Iterator[SomeWorker]:
        """Start what waits while there is room, and yield each worker once it has begun."""
        while self.waiting and len(self.workers) < self.size:
            self.workers.append(self.start(self.waiting.pop()))
            yield self.workers[-1]

    def turn(self) -> Iterator[tuple[SomeWorker, bool]]:
        """Wait until a worker said something or ended, or a moment; then yield each with whether it
        has ended, which takes it out of the pool. What an ended one said is all there."""
        self._wait()
        for worker in list(self.workers):
            ended = worker.has_ended()
            if ended:
                self.workers.remove(worker)
                worker.process.join()
            yield worker, ended

    def kill(self) -> None:
        """End what is under way, now."""
        for worker in self.workers:
            worker.process.kill()
            worker.process.join()

    def _wait(self) -> None:
        objects: list[Any] = [worker.pipe for worker in self.workers if not worker.closed]
        objects += [worker.process.sentinel for worker in self.workers if not worker.orphaned]
        wait(objects, timeout=TURN)


def _exists(pid: int | None) -> bool:
    try:
        os.kill(pid or 0, 0)
    except ProcessLookupError:
        return False
    return True

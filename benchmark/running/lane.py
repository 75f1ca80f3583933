"""What the process of the lanes does: runs in threads that take turns."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.faults import error_text, one_line

if TYPE_CHECKING:
    import torch

    from benchmark.spec import Record, RunKey

__all__ = ["Turns", "lanes_that_fit", "work_in_lanes"]

TRIED = 5
"""Steps of the first run after which its memory is measured."""

SHARE = 0.8
"""Of the free memory that lanes may take."""

TELL = 0.2
"""Seconds between two reports of a run's progress."""


class Turns:
    """One thread at a time has its turn, in the order in which they asked."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._last = self._now = 0

    def take(self) -> None:
        """Wait for a turn."""
        with self._changed:
            ticket, self._last = self._last, self._last + 1
            self._changed.wait_for(lambda: self._now == ticket)

    def give(self) -> None:
        """End the turn."""
        with self._changed:
            self._now += 1
            self._changed.notify_all()


def lanes_that_fit(taken: int, free: int, most: int) -> int:
    """Return how many lanes there can be where one has ``taken`` bytes of memory and ``free`` are
    left: 1 + SHARE * free / taken, ``most`` at most.

    >>> lanes_that_fit(taken=2, free=10, most=16)
    5
    """
    return max(1, min(most, 1 + int(SHARE * free / max(1, taken))))


def work_in_lanes(
    jobs: Sequence[Job], settings: Settings, lanes: int, measure: bool, pipe: Connection
) -> None:
    """In a process of its own: carry ``jobs`` out in so many lanes, or with ``measure`` in as many
    as fit, and say through ``pipe`` what becomes of each."""
    from benchmark.training.eager import never_capture
    from benchmark.training.runtime import make_deterministic, use_device

    if settings.eager:
        never_capture()
    asked: list[str] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.append("interrupted"))
    make_deterministic()
    work = _Work(deque(jobs), settings, use_device(settings.device), pipe, asked)
    work.run(lanes, measure=measure)


@dataclass
class _Work:
    """Runs that wait, and the lanes that take them. ``tried``: the first run's memory can be
    measured."""

    waiting: deque[Job]
    settings: Settings
    device: torch.device
    pipe: Connection
    asked: list[str]
    turns: Turns = field(default_factory=Turns)
    lanes: list[threading.Thread] = field(default_factory=list)
    tried: threading.Event = field(default_factory=threading.Event)

    def run(self, most: int, *, measure: bool) -> None:
        """Start the lanes and wait for their end; signals are heard meanwhile."""
        before = _memory_taken(self.device)
        self.settings = replace(self.settings, results=self.settings.results.absolute())
        if measure:
            self._start(1)
            while not self.tried.wait(0.1) and self.lanes[0].is_alive():
                pass
            taken = _memory_taken(self.device) - before
            most = lanes_that_fit(taken, _memory_free(self.device), most)
        self._start(most - len(self.lanes))
        for lane in self.lanes:
            while lane.is_alive():
                lane.join(0.2)

    def _start(self, count: int) -> None:
        for _ in range(min(count, len(self.waiting))):
            self.lanes.append(threading.Thread(target=self._lane, daemon=True))
            self.lanes[-1].start()

    def _lane(self) -> None:
        """Carry out what waits, one run after the other, until memory runs out."""
        block, begin_turn = _own_stream(self.device)
        with block:
            while not self.asked:
                self.turns.take()
                try:
                    begin_turn()
                    if not self.waiting or self.asked or not self._carry_out(begin_turn):
                        return
                finally:
                    self.turns.give()

    def _carry_out(self, begin_turn: Callable[[], object]) -> bool:
        """Carry the next run out; whether there was memory for it beside the others."""
        from benchmark.running.job import execute

        job = self.waiting.popleft()
        key, last, steps = job.spec.key, -TELL, 0
        self._tell("taken", key)

        def stop() -> str | None:
            nonlocal steps
            steps += 1
            if steps > TRIED:
                self.tried.set()
            self.turns.give()
            self.turns.take()
            begin_turn()
            return self.asked[0] if self.asked else None

        def progress(step: int, values: Mapping[str, float]) -> None:
            nonlocal last
            if time.monotonic() - last > TELL:
                last = time.monotonic()
                self._tell("progress", key, step, dict(values))

        try:
            record = execute(
                job,
                self.settings,
                stop,
                progress,
                lambda: self._tell("begun", key),
                lambda: self._tell("measured", key),
            )
        except Exception as error:  # a full disk, say: its record cannot be written
            self._tell(
                "ended", key, "failed", one_line(f"{type(error).__name__}: {error_text(error)}")
            )
            return True
        return self._ended(key, record)

    def _ended(self, key: RunKey, record: Record | None) -> bool:
        """Tell how a run ended; whether there was memory for it beside the others."""
        self.tried.set()
        status = "interrupted" if record is None else record.status
        crowded = status == "out-of-memory" and sum(lane.is_alive() for lane in self.lanes) > 1
        if crowded:
            _give_memory_back(self.device)
            self._tell("crowded", key)
        else:
            self._tell("ended", key, status, None if record is None else record.error)
        return not crowded

    def _tell(self, *message: Any) -> None:
        """Say something to the parent; where it is gone, stop."""
        try:
            self.pipe.send(message)
        except OSError:
            self.asked.append("the parent is gone")


def _own_stream(device: torch.device) -> tuple[Any, Callable[[], object]]:
    """Return the block in which a lane works, on a stream of its own, and what it does when a turn
    of its begins: ordinary draws come from its own generator, whose seed graphs on other streams do
    not see."""
    if device.type != "cuda":
        return contextlib.nullcontext(), lambda: None
    import torch

    stream = torch.cuda.Stream(device)
    generator = torch.cuda.default_generators[device.index or torch.cuda.current_device()]
    own = generator.clone_state()
    return torch.cuda.stream(stream), lambda: generator.graphsafe_set_state(own)


def _give_memory_back(device: torch.device) -> None:
    """Leave what the allocator keeps to the other lanes."""
    if device.type == "cuda":
        import torch

        torch.cuda.empty_cache()


def _memory_taken(device: torch.device) -> int:
    """Return the bytes that this process has: of the GPU, or of the machine."""
    if device.type == "cuda":
        import torch

        return torch.cuda.max_memory_reserved(device)
    return _kilobytes(Path("/proc/self/status"), "VmHWM:") * 1024


def _memory_free(device: torch.device) -> int:
    """Return the bytes that are free; a great number where the machine does not say."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return (_kilobytes(Path("/proc/meminfo"), "MemAvailable:") or sys.maxsize) * 1024


def _kilobytes(path: Path, name: str) -> int:
    """Return the number that stands after ``name`` in a file of /proc; 0 where there is none."""
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0

"""What the process of the lanes does: runs in threads that take turns."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running import memory
from benchmark.running.faults import error_text, one_line
from benchmark.running.occupancy import Throughput, lanes_that_pay

if TYPE_CHECKING:
    import torch

    from benchmark.spec import Record, RunKey

__all__ = ["Turns", "lanes_that_fit", "work_in_lanes"]

TRIED = 5
"""Steps of a run after which its memory and its pace count."""

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


def lanes_that_fit(taken: int, free: int, most: int, lanes: int = 1) -> int:
    """Return how many lanes there can be where ``lanes`` have ``taken`` bytes of memory together
    and ``free`` are left: lanes (1 + SHARE * free / taken), ``most`` at most.

    >>> lanes_that_fit(taken=2, free=10, most=16)
    5
    """
    return max(1, min(most, lanes + int(SHARE * free * lanes / max(1, taken))))


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
    """Runs that wait, and the lanes that take them, ``most`` at most: a lane that is one too many
    ends with its run. ``crowded``: a run lacked memory beside others; ``left``: the lanes that take
    nothing more."""

    waiting: deque[Job]
    settings: Settings
    device: torch.device
    pipe: Connection
    asked: list[str]
    most: int = 1
    turns: Turns = field(default_factory=Turns)
    lanes: list[threading.Thread] = field(default_factory=list)
    left: set[threading.Thread] = field(default_factory=set)
    crowded: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.pace = Throughput(lambda: _finish(self.device))

    def run(self, most: int, *, measure: bool) -> None:
        """Start the lanes and wait for their end; signals are heard meanwhile."""
        self.settings = replace(self.settings, results=self.settings.results.absolute())
        if measure:
            before = _memory_taken(self.device)
            self.most = lanes_that_pay(self._start, self._rate, lambda: self._fit(most, before))
            self._announce(before)
        else:
            self._start(most)
        for lane in self.lanes:
            while lane.is_alive():
                lane.join(0.2)

    @property
    def active(self) -> int:
        """Lanes that are at work."""
        return len(self.lanes) - len(self.left)

    def _start(self, lanes: int) -> int:
        """Start lanes until so many are at work, or for as many as there are runs; return how many
        are."""
        self.most = lanes
        for _ in range(min(lanes - self.active, len(self.waiting))):
            self.lanes.append(threading.Thread(target=self._lane, daemon=True))
            self.lanes[-1].start()
        return self.active

    def _rate(self) -> float | None:
        """Return the work that the lanes do in a second; None where no more may be of use."""
        self.pace.begin(self.active)
        while self._may_grow():
            rate = self.pace.wait(0.1)
            if rate is not None and not self.crowded.is_set():
                return rate
        return None

    def _may_grow(self) -> bool:
        """Whether further lanes may be of use."""
        at_work = any(lane.is_alive() for lane in self.lanes)
        return bool(self.waiting) and at_work and not (self.asked or self.crowded.is_set())

    def _fit(self, most: int, before: int) -> int:
        """Return for how many lanes there is memory, by what those have taken that are at work."""
        taken, lanes = _memory_taken(self.device) - before, self.active
        return lanes_that_fit(taken, _memory_free(self.device), most, lanes)

    def _announce(self, before: int) -> None:
        """Say how many lanes there are, and why."""
        gigabytes = (_memory_taken(self.device) - before) / 1e9
        free = _memory_free(self.device) / 1e9
        self._tell(
            "announced",
            f"lanes: {self.most}, by their pace and memory ({gigabytes:.2g} GB taken by "
            f"{self.active}, {free:.3g} GB free)",
        )

    def _lane(self) -> None:
        """Carry out what waits, one run after the other, until memory runs out."""
        block, begin_turn = _own_stream(self.device)
        with block:
            goes_on = True
            while goes_on:
                self.turns.take()
                goes_on = False
                try:
                    begin_turn()
                    goes_on = self._goes_on() and self._carry_out(begin_turn)
                finally:
                    if not goes_on:
                        self.left.add(threading.current_thread())
                    self.turns.give()

    def _goes_on(self) -> bool:
        """Whether there is a run for this lane, and it is not one too many."""
        return bool(self.waiting) and not self.asked and self.active <= self.most

    def _carry_out(self, begin_turn: Callable[[], object]) -> bool:
        """Carry the next run out; whether there was memory for it beside the others."""
        job = self.waiting.popleft()
        key, last, steps = job.spec.key, -TELL, 0
        work = expected_seconds(job) / max(1, job.spec.steps)
        self._tell("taken", key)

        def stop() -> str | None:
            nonlocal steps
            steps += 1
            self._time(steps, work)
            self.turns.give()
            self.turns.take()
            begin_turn()
            return self.asked[0] if self.asked else None

        def progress(step: int, values: Mapping[str, float]) -> None:
            nonlocal last
            if time.monotonic() - last > TELL:
                last = time.monotonic()
                self._tell("progress", key, step, dict(values))

        return self._attempt(job, stop, progress)

    def _attempt(
        self,
        job: Job,
        stop: Callable[[], str | None],
        progress: Callable[[int, Mapping[str, float]], None],
    ) -> bool:
        """Carry a run out and tell how it ended; as :meth:`_carry_out`."""
        from benchmark.running.job import execute

        key, tell = job.spec.key, self._tell
        self.pace.disturb()
        try:
            begun, measured = (lambda: tell("begun", key)), (lambda: tell("measured", key))
            record = execute(job, self.settings, stop, progress, begun, measured)
        except Exception as error:  # a full disk, say: its record cannot be written
            tell("ended", key, "failed", one_line(f"{type(error).__name__}: {error_text(error)}"))
            return True
        finally:
            self.pace.disturb()
        return self._ended(key, record)

    def _time(self, steps: int, work: float) -> None:
        """Note a step of so much work; memory is laid out, and steps are captured, in the first."""
        if steps > TRIED:
            self.pace.step(work)
        else:
            self.pace.disturb()

    def _ended(self, key: RunKey, record: Record | None) -> bool:
        """Tell how a run ended; whether there was memory for it beside the others."""
        status = "interrupted" if record is None else record.status
        crowded = status == "out-of-memory" and self.active > 1
        if crowded:
            self.crowded.set()
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


def _finish(device: torch.device) -> None:
    """Wait for what the device has to do."""
    if device.type == "cuda":
        import torch

        torch.cuda.synchronize(device)


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
    return memory.peak()


def _memory_free(device: torch.device) -> int:
    """Return the bytes that are free; a great number where the machine does not say."""
    if device.type == "cuda":
        import torch

        return torch.cuda.mem_get_info(device)[0]
    return memory.available()

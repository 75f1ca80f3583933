"""A short run that tells what the whole one will cost: some real steps of each phase are timed, the
rest is done in full. Runs in its own process."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import torch

from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running import job as jobs
from benchmark.running.cost import Cost
from benchmark.training import runtime
from benchmark.training.trainer import CURVE_POINTS, Trainer

__all__ = ["Probe", "probe"]

WARM_UP = 3
"""Steps of each phase that are not timed: memory is laid out and kernels are chosen in them."""

FEWEST, SECONDS = 3, 1.0
"""Steps of each phase that are timed at least, and seconds after which no more are."""


@dataclass
class Probe(Trainer):
    """A trainer that takes a few steps of each phase only; ``train_seconds`` and ``curve_bytes``
    are what all steps would take."""

    told: Callable[[Probe], None] = lambda probe: None
    begun: float = field(default=0.0, init=False)
    train_seconds: float = field(default=0.0, init=False)
    curve_bytes: int = field(default=0, init=False)

    def fit(self) -> None:
        """Train for a moment, with everything before and after the steps as in a real run."""
        self.begun, self._in_steps = time.perf_counter(), 0.0
        super().fit()
        self.train_seconds += time.perf_counter() - self.begun - self._in_steps
        self.told(self)

    def _run(self) -> None:
        begun = time.perf_counter()
        phases = Counter(self.method.phase(step) for step in range(self.steps))
        first = {
            label: next(step for step in range(self.steps) if self.method.phase(step) == label)
            for label in phases
        }
        take = self._stepping()
        for label, count in phases.items():
            self.train_seconds += count * self._seconds_per_step(
                take, first[label] + count // 2, label
            )
        self.step = self.steps
        self._in_steps = time.perf_counter() - begun

    def _seconds_per_step(
        self, take: Callable[[int], Mapping[str, torch.Tensor]], middle: int, label: str
    ) -> float:
        """The median over steps from the middle of a phase on."""
        candidates = [
            step for step in range(middle, self.steps) if self.method.phase(step) == label
        ] or [middle]
        values: Mapping[str, torch.Tensor] = {}
        for step in candidates[:WARM_UP]:
            values = take(step)
        self.curve_bytes = (
            2
            * min(self.steps, CURVE_POINTS + 1)
            * (8 + 4 * sum(value.numel() for value in values.values()))
        )
        taken: list[float] = []
        end = time.perf_counter() + SECONDS
        for step in candidates[WARM_UP:] or candidates:
            if len(taken) >= FEWEST and time.perf_counter() > end:
                break
            mark = time.perf_counter()
            take(step)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            taken.append(time.perf_counter() - mark)
        return median(taken)


def probe(job: Job, folder: Path, device: str, pipe: Connection) -> None:
    """In a process of its own: send the :class:`Cost` of ``job`` once its steps were timed, and
    again when the evaluation was done."""
    begun = time.perf_counter()
    settings = Settings(folder, device=device, force=True)
    where = runtime.resolve_device(device)
    (folder / job.spec.key).mkdir(parents=True, exist_ok=True)
    seen: list[Cost] = []

    def told(trained: Probe) -> None:
        before = trained.begun - begun
        disk = trained.path.stat().st_size + trained.curve_bytes
        seen.append(
            Cost(before + trained.train_seconds, None, job.spec.steps, _memory(where), disk)
        )
        pipe.send(seen[-1])

    record = jobs.attempt(
        job, settings, make=lambda *given, **named: Probe(*given, **named, told=told)
    )
    if record is None or record.status != "done" or not seen:
        pipe.send(str(record.error if record else "it was interrupted"))
        return
    cost = seen[-1]
    artifacts = sum(
        path.stat().st_size for path in (folder / job.spec.key).glob("artifacts.npz")
    ) + len(record.to_json())
    pipe.send(
        Cost(
            cost.training,
            record.timing["evaluate_seconds"],
            cost.steps,
            _memory(where),
            cost.disk + artifacts,
        )
    )


def _memory(device: torch.device) -> int:
    """Peak memory of this process in bytes; on a GPU, of what torch allocated there."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

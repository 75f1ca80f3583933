"""A short run that tells what the whole one will cost: some real steps of each phase are timed, and
what comes before and after them. Runs in its own process."""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import torch

from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import artifacts
from benchmark.evaluation.outcome import evaluate
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running import job as jobs
from benchmark.running.cost import Cost
from benchmark.running.faults import error_text, one_line
from benchmark.running.passes import IMAGES, Passes, seconds_per_image
from benchmark.training import runtime
from benchmark.training.trainer import CURVE_POINTS, Trainer

__all__ = ["Probe", "probe"]

WARM_UP = 3
"""Steps of each phase that are not timed, at most: memory is laid out and kernels are chosen in
them."""

FEWEST, SECONDS = 3, 1.0
"""Steps of each phase that are timed, and seconds after which no more are (nor warmed up with)."""

CONCLUDED = 6000
"""Training images that ``conclude`` sees, at most; its seconds are in proportion."""

CONTEXT = 600_000_000
"""Bytes of a GPU's memory that a process takes before it computes anything, about."""


@dataclass
class Probe(Trainer):
    """A trainer that takes a few steps of each phase only; ``step_seconds``, ``other_seconds`` and
    ``curve_bytes`` are what all of them would take."""

    step_seconds: float = field(default=0.0, init=False)
    other_seconds: float = field(default=0.0, init=False)
    curve_bytes: int = field(default=0, init=False)

    def fit(self) -> None:
        """Train for a moment, with ``prepare`` as in a real run, and ``conclude`` on some of the
        images."""
        whole, begun = self.train, time.perf_counter()
        self._steps_begun = self._steps_ended = begun
        super().fit()
        before, after = self._steps_begun - begun, time.perf_counter() - self._steps_ended
        self.other_seconds = before + after * len(whole) / len(self.train)
        self.train = whole

    def _run(self) -> None:
        self._steps_begun = time.perf_counter()
        phases = Counter(self.method.phase(step) for step in range(self.steps))
        first = {
            label: next(step for step in range(self.steps) if self.method.phase(step) == label)
            for label in phases
        }
        take = self._stepping()
        for label, count in phases.items():
            self.step_seconds += count * self._seconds_per_step(
                take, first[label] + count // 2, label
            )
        self.step = self.steps
        self.train = _part(self.train, CONCLUDED)
        self._steps_ended = time.perf_counter()

    def _seconds_per_step(
        self, take: Callable[[int], Mapping[str, torch.Tensor]], middle: int, label: str
    ) -> float:
        """The median over steps from the middle of a phase on."""
        candidates = [
            step for step in range(middle, self.steps) if self.method.phase(step) == label
        ] or [middle]
        values: Mapping[str, torch.Tensor] = {}
        end = time.perf_counter() + SECONDS
        for step in candidates[:WARM_UP]:
            values = take(step)
            if time.perf_counter() > end:
                break
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
            if taken and time.perf_counter() > end + SECONDS:
                break
            mark = time.perf_counter()
            take(step)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            taken.append(time.perf_counter() - mark)
        return median(taken)


def probe(job: Job, folder: Path, device: str, pipe: Connection, *, whole: bool) -> None:
    """In a process of its own: send the :class:`Cost` of ``job`` once its steps were timed; where
    the ``whole`` evaluation is carried out, again when that is done. An error is sent in words."""
    try:
        _measure(job, folder, device, pipe, whole)
    except Exception as error:
        pipe.send(one_line(f"{type(error).__name__}: {error_text(error)}"))


def _measure(job: Job, folder: Path, device: str, pipe: Connection, whole: bool) -> None:
    begun, where = time.perf_counter(), runtime.use_device(device)
    runtime.make_deterministic()
    (folder / job.spec.key).mkdir(parents=True, exist_ok=True)
    splits = jobs._load_as_planned(job)
    trainer = jobs._trainer(job, Settings(folder, device=device), where, splits, Probe)
    assert isinstance(trainer, Probe)
    before, processor = time.perf_counter() - begun, time.process_time()
    trainer.fit()
    fitting, busy = time.perf_counter() - begun - before, time.process_time() - processor
    images = splits.test if job.spec.kind == "train" else None
    pace = (
        {}
        if images is None
        else seconds_per_image(copy(trainer.method), TensorSplit(images, where).some(IMAGES))
    )
    cost = Cost(
        start=before + trainer.other_seconds,
        training=trainer.step_seconds,
        evaluation=None,
        steps=job.spec.steps,
        memory=_memory(where),
        disk=trainer.path.stat().st_size + trainer.curve_bytes,
        pace=pace,
        host=_host_memory(),
        gpu=_gpu_part(where),
        cores=busy / max(fitting, 1e-9),
    )
    pipe.send(cost)
    if whole:
        pipe.send(_evaluated(job, trainer, splits, folder, cost))


def _evaluated(job: Job, trainer: Probe, splits: Splits, folder: Path, cost: Cost) -> Cost:
    """Return ``cost`` with the whole evaluation, carried out, and what of it the method's functions
    took."""
    begun, passes = time.perf_counter(), Passes(trainer.method, trainer.device)
    arrays = evaluate(job, trainer, splits, folder).arrays
    size = len(artifacts.npz_bytes(arrays)) if arrays else 0
    seconds = time.perf_counter() - begun
    return replace(
        cost,
        evaluation=seconds,
        memory=_memory(trainer.device),
        host=_host_memory(),
        gpu=_gpu_part(trainer.device),
        disk=cost.disk + size,
        artifacts=size,
        pace=passes.pace,
        passes=dict(passes.images),
        arithmetic=seconds - sum(passes.seconds.values()),
    )


def _part(train: TensorSplit, most: int) -> TensorSplit:
    """Return the first ``most`` images of a split, all where there are fewer."""
    part = copy(train)
    part.stored = train.stored[:most]
    return part


def _memory(device: torch.device) -> int:
    """Peak memory of this process in bytes; on a GPU, of what torch allocated there."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _host_memory()


def _host_memory() -> int:
    """Peak memory of this process in the machine, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _gpu_part(device: torch.device) -> float:
    """Part of a GPU's memory that this process has, with what CUDA itself takes; 0 on none."""
    if device.type != "cuda":
        return 0.0
    total = torch.cuda.get_device_properties(device).total_memory
    return (torch.cuda.max_memory_reserved(device) + CONTEXT) / total

"""The method under test: a few steps on small random images, trained once or cut in two, always
from addressed randomness."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method, Tick
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct, make_deterministic, seed_noise
from benchmark.training.trainer import Stopped, Trainer

__all__ = [
    "BATCH",
    "CPU",
    "LATENT_DIM",
    "PER_EPOCH",
    "SHAPE",
    "STEPS",
    "Candidate",
    "Check",
    "CheckFailed",
    "Skipped",
    "digest",
    "is_frozen_dataclass",
]

STEPS, PER_EPOCH, BATCH, LATENT_DIM, SHAPE = 12, 4, 16, 3, (1, 8, 8)
CPU = torch.device("cpu")


class CheckFailed(AssertionError):
    """A promise is broken; the message says what was found, what was expected and what to
    change."""


class Skipped(Exception):
    """A check that cannot be made here, or does not apply; the message says why."""


@dataclass(frozen=True)
class Check:
    """A promise and the function that tries to break it."""

    name: str
    promise: str
    run: Callable[[Candidate], None]


class Candidate:
    """A method as ``reference`` names it on the command line, with the options that ``conformance``
    of its class asks for; ``shape`` is the shape of its images."""

    def __init__(
        self,
        reference: str,
        folder: Path,
        elsewhere: Mapping[str, str] | None = None,
        shape: tuple[int, ...] = SHAPE,
    ) -> None:
        make_deterministic()
        self.reference, self.folder, self.elsewhere = reference, folder, elsewhere
        self.shape = shape
        self.choice = registry.choose("methods", reference)
        self.entry = self.choice.entry
        self.count = 0
        self.train = TensorSplit(self.images)

    @cached_property
    def kind(self) -> type[Method]:
        return registry.load(self.entry.target)

    @cached_property
    def options(self) -> dict[str, Any]:
        return {**self.choice.options, **self.kind.conformance}

    @property
    def closed_form(self) -> bool:
        return self.kind.closed_form

    @property
    def steps(self) -> int:
        return 0 if self.closed_form else STEPS

    def need_steps(self) -> None:
        """Skip a check about steps where the method has none."""
        if self.closed_form:
            raise Skipped("the method is a closed form: it takes no steps")

    def build(self, seed: int = 0) -> Method:
        """Return a fresh method; nothing of another one is shared."""
        steps, batch = (0, 0) if self.closed_form else (STEPS, BATCH)
        size = {
            "shape": self.shape,
            "latent_dim": LATENT_DIM,
            "steps": steps,
            "steps_per_epoch": PER_EPOCH,
            "batch_size": batch,
        }
        return construct(self.kind, self.kind.Config(**self.options), seed, **size)

    @cached_property
    def images(self) -> Split:
        """Random grey images, the training split of every check."""
        return Split(
            np.random.default_rng(0).random((PER_EPOCH * BATCH, *self.shape), dtype=np.float32),
            self.shape,
        )

    def trainer(
        self,
        seed: int = 0,
        stop_at: int | None = None,
        path: Path | None = None,
        device: torch.device = CPU,
    ) -> Trainer:
        """Return a trainer of a fresh method, not started; ``stop_at`` is the step before which it
        is told to stop."""
        self.count += 1
        path = path or self.folder / f"{self.count}.safetensors"
        trainer = Trainer(
            self.build(seed).to(device),
            TensorSplit(self.images, device),
            seed=seed,
            steps=self.steps,
            batch_size=BATCH if self.steps else 0,
            device=device,
            path=path,
            identity={},
        )
        trainer.stop = lambda: "stop" if trainer.step == stop_at else None
        return trainer

    def trained(self, seed: int = 0, **where: Any) -> Trainer:
        """Return a trainer that has run to the end, or to ``stop_at``."""
        trainer = self.trainer(seed, **where)
        with contextlib.suppress(Stopped):
            trainer.fit()
        return trainer

    @cached_property
    def whole(self) -> Trainer:
        """The run of seed 0, in one go. Checks may look at it but must not change it."""
        return self.trained()

    def inputs(self, method: Method, step: int = 0) -> tuple[Batch, Tick]:
        """Return a batch and a tick for one ``train_step`` in the phase of ``step``."""
        count = BATCH * int(getattr(method.config, "batches_per_step", 1))
        index = (torch.arange(count) * 7 + step) % (PER_EPOCH * BATCH)
        tick = Tick(torch.tensor(step), torch.tensor(step / max(1, self.steps)), method.phase(step))
        return Batch(self.train.images(index), index), tick

    def phases(self, method: Method) -> dict[str, int]:
        """Return each phase label with its first step."""
        return {method.phase(step): step for step in reversed(range(self.steps))}

    def walk(self) -> None:
        """Build a method and call everything that training calls, one step per phase."""
        method = self.build()
        method.prepare(self.train)
        for step in self.phases(method).values():
            seed_noise(step, CPU)
            method.train_step(*self.inputs(method, step))
        method.conclude(self.train)


def is_frozen_dataclass(options: type) -> bool:
    """Return whether a class of options is one whose objects cannot be changed."""
    if not is_dataclass(options):
        return False
    return options.__dataclass_params__.frozen  # type: ignore[attr-defined]  # no type


def digest(trainer: Trainer) -> str:
    """Return the sha256 of everything a run produced: parameters, buffers, optimiser state and
    curves."""
    hasher = hashlib.sha256()
    state = {
        name: tensor.detach().cpu().numpy() for name, tensor in method_state(trainer.method).items()
    }
    for name, array in sorted(
        {**state, **{f"curve/{name}": values for name, values in trainer.curves().items()}}.items()
    ):
        hasher.update(f"{name}{array.shape}{array.dtype}".encode())
        hasher.update(np.ascontiguousarray(array).tobytes())
    return hasher.hexdigest()

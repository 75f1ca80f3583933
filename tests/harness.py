"""What tests of the harness share: toy data, a small honest method, variants that each break one
promise, and comparing whole runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.datasets.split import Split, Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Discovery, Method, Tick
from benchmark.nn.optim import Adam
from benchmark.training.checkpoint import method_state
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

CPU = torch.device("cpu")


class Honest(Method):
    """A noisy linear autoencoder with two players and two phases; every tensor it needs is a
    buffer."""

    @dataclass(frozen=True)
    class Config:
        batches_per_step: int = 2

    def build(self) -> None:
        self.encoder = nn.Linear(self.shape[0], self.latent_dim)
        self.decoder = nn.Linear(self.latent_dim, self.shape[0])
        self.scale = nn.Parameter(torch.zeros(self.latent_dim))
        self.register_buffer("average", torch.zeros(()))
        self.model = self.add_player("model", self.encoder, self.decoder, optimiser=Adam(1e-2))
        self.gate = self.add_player("gate", self.scale)

    def phase(self, step: int) -> str:
        return "early" if step < 5 else "late"

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        first, second = batch.chunk(2)
        error = self.error(first.x)
        self.descend(error, self.model)
        if tick.phase == "late":
            grad = torch.autograd.grad(self.error(second.x), self.scale)
            self.gate.apply(grad, when=tick.progress > 0.3)
        self.average.lerp_(error.detach(), 0.1)
        return {"loss": error, "scale": self.scale}

    def error(self, x: Tensor) -> Tensor:
        z = self.encode(x)
        return (self.decode(z + 0.1 * torch.randn_like(z)) - x).square().mean()

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z * torch.exp(self.scale))

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.latent_dim))

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.encode(x).var(0)
        return Discovery(relevance, relevance > 0.1)


class PythonCounter(Honest):
    """Breaks "state = tensors + one integer": counts its steps in Python."""

    count = 0

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        self.count += 1
        return super().train_step(Batch(batch.x * (1.0 + 0.1 * self.count), batch.index), tick)


class OwnGenerator(Honest):
    """Breaks "randomness is addressed": carries a generator of its own."""

    def build(self) -> None:
        super().build()
        self.generator = torch.Generator().manual_seed(0)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        noise = torch.randn(batch.x.shape, generator=self.generator)
        return super().train_step(Batch(batch.x + noise, batch.index), tick)


def split(count: int = 60, numbers: int = 6, seed: int = 0) -> Split:
    """Random float vectors."""
    return Split(
        np.random.default_rng(seed).normal(size=(count, numbers)).astype(np.float32), (numbers,)
    )


def splits() -> Splits:
    """A train and a test split of random vectors."""
    return Splits(split(), split(40, seed=1))


def trainer(
    kind: type[Method], path: Path, *, steps: int = 20, seed: int = 0, **settings: Any
) -> Trainer:
    """A trainer of ``kind`` on the toy data: 60 vectors in batches of 10, so that epochs end inside
    and between steps."""
    method = construct(
        kind, kind.Config(), seed, shape=(6,), latent_dim=3, steps=steps, steps_per_epoch=6
    )
    identity = {"key": "toy", "code": "0"}
    return Trainer(
        method,
        TensorSplit(split()),
        seed=seed,
        steps=steps,
        batch_size=10,
        device=CPU,
        path=path,
        identity=identity,
        **settings,
    )


def outcome(run: Trainer) -> dict[str, np.ndarray]:
    """Everything a run produced: state and curves."""
    state = {name: tensor.clone().numpy() for name, tensor in method_state(run.method).items()}
    return {**state, **{f"curve/{name}": values for name, values in run.curves().items()}}


def identical(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def in_one_go(kind: type[Method], path: Path) -> dict[str, np.ndarray]:
    run = trainer(kind, path / "whole.safetensors")
    run.fit()
    return outcome(run)


Values = dict[str, Tensor]

"""Adapters on a few small images, as tests of their identities build and call them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct


def build(
    kind: Any, shape: tuple[int, ...] = (6,), latent_dim: int = 4, steps: int = 90, **config: Any
) -> Any:
    sizes = {"shape": shape, "latent_dim": latent_dim, "steps": steps}
    return construct(kind, replace(kind.Config(), **config), 0, **sizes)


def tick(progress: float = 1.0, phase: str = "train") -> Tick:
    return Tick(torch.tensor(round(90 * progress)), torch.tensor(progress), phase)


def images(count: int = 8, shape: tuple[int, ...] = (6,)) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(0))


def batch(x: torch.Tensor) -> Batch:
    return Batch(x, torch.arange(len(x)))

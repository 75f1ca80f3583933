"""MaskAAE and its baseline on a few small vectors and images, with a mask that is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from baselines.maskaae import MaskAAE
from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct

B, L = 6, 5
MASK = (0.0, 0.2, 0.7, 2.0, 5.0)


def build(
    kind: type[Any] = MaskAAE,
    *,
    shape: tuple[int, ...] = (7,),
    steps: int = 300,
    latent_dim: int = L,
    **config: Any,
) -> Any:
    method = construct(
        kind,
        replace(kind.Config(), **config),
        0,
        shape=shape,
        latent_dim=latent_dim,
        steps=steps,
        steps_per_epoch=10,
        batch_size=B,
    )
    if kind is MaskAAE and latent_dim == L:
        set_mask(method, MASK)
    return method


def set_mask(method: MaskAAE, values: tuple[float, ...]) -> None:
    with torch.no_grad():
        method.mask.a.copy_(torch.tensor(values))


def images(shape: tuple[int, ...], count: int = B) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1))


def batch(method: Any) -> Batch:
    x = images(method.shape, B * method.config.batches_per_step)
    return Batch(x, torch.arange(len(x)))


def tick(step: int, phase: str = "train") -> Tick:
    return Tick(torch.tensor(step), torch.tensor(0.5), phase)


def moved(method: MaskAAE, act: Any) -> set[str]:
    """The top-level modules whose parameters ``act`` changes."""
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    act()
    return {
        name.split(".")[0]
        for name, p in method.named_parameters()
        if not torch.equal(before[name], p)
    }


def losses(method: Any, phase: str = "train", step: int = 200) -> list[tuple[str, float]]:
    """Take one outer step at a fixed seed; return player and loss of each descent. Nothing is
    updated."""
    seen: list[tuple[str, float]] = []
    method.descend = lambda loss, player: seen.append((player.name, float(loss.detach())))
    torch.manual_seed(2)
    method.train_step(batch(method), tick(step, phase))
    return seen

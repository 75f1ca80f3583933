"""Optimisers as pure updates of declared state: a table of slots, one list of tensors per slot,
filled at construction.

``torch.optim`` creates state at the first step; here a fresh state already has the shape of a
trained one, so checkpoints can be compared name by name and a captured step never allocates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

__all__ = ["Adam", "Optimiser"]

State = dict[str, list[Tensor]]


class Optimiser(Protocol):
    """What a player needs: the state at the start (with a slot ``step``), and an in-place
    update."""

    def initial_state(self, parameters: Sequence[Tensor]) -> State: ...

    def update(self, parameters: list[Tensor], grads: list[Tensor], state: State) -> None: ...


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015; https://arxiv.org/abs/1412.6980) in torch's fused kernel, which is
    fast on CPU and reads nothing back."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def initial_state(self, parameters: Sequence[Tensor]) -> State:
        """Zeros: first and second moments like the parameters, one float32 step counter each."""
        return {
            "step": [torch.zeros((), dtype=torch.float32, device=p.device) for p in parameters],
            "exp_avg": [torch.zeros_like(p, requires_grad=False) for p in parameters],
            "exp_avg_sq": [torch.zeros_like(p, requires_grad=False) for p in parameters],
        }

    def update(self, parameters: list[Tensor], grads: list[Tensor], state: State) -> None:
        """One Adam step in place; call it without gradient tracking."""
        adam(
            parameters,
            grads,
            state["exp_avg"],
            state["exp_avg_sq"],
            [],
            state["step"],
            fused=True,
            amsgrad=False,
            beta1=self.betas[0],
            beta2=self.betas[1],
            lr=self.lr,
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
        )

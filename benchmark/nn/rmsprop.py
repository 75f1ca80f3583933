"""RMSProp as TensorFlow 1 has it, which is not torch's: the second moment starts at one and epsilon
stands inside the root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.nn.optim import State
from benchmark.nn.schedules import Schedule

__all__ = ["RMSProp"]


@dataclass(frozen=True)
class RMSProp:
    r"""RMSProp with decay 0.9, no momentum and eps 1e-10, in the dialect of TensorFlow 1.

    .. math:: v \leftarrow 0.9\, v + 0.1\, g^2, \quad v_0 = 1,
        \qquad p \leftarrow p - r\, g / \sqrt{v + \epsilon}

    Starting at one warms the step size up over about a hundred steps; torch's zeros make the first
    steps up to ten times too long. The rate r is part of the state (slot ``rate``, one 0-d tensor
    per parameter) so that a method can lower it on the device; ``schedule`` scales it over the run.
    """

    lr: float
    decay: float = 0.9
    eps: float = 1e-10
    schedule: Schedule | None = None

    def initial_state(self, parameters: Sequence[Tensor]) -> State:
        """Ones like the parameters; one float32 step counter and one rate each."""
        return {
            "step": [torch.zeros((), dtype=torch.float32, device=p.device) for p in parameters],
            "square_avg": [torch.ones_like(p, requires_grad=False) for p in parameters],
            "rate": [
                torch.full((), self.lr, dtype=torch.float32, device=p.device) for p in parameters
            ],
        }

    def update(
        self,
        parameters: list[Tensor],
        grads: list[Tensor],
        state: State,
        factor: Tensor | None = None,
    ) -> None:
        """One step in place; call it without gradient tracking."""
        torch._foreach_add_(state["step"], 1.0)
        second = state["square_avg"]
        torch._foreach_mul_(second, self.decay)
        torch._foreach_addcmul_(second, grads, grads, 1.0 - self.decay)
        root = torch._foreach_add(second, self.eps)
        torch._foreach_sqrt_(root)
        rates = state["rate"] if factor is None else torch._foreach_mul(state["rate"], factor)
        torch._foreach_div_(root, rates)
        torch._foreach_addcdiv_(parameters, grads, root, value=-1.0)

"""Optimisers as pure updates of declared state: a table of slots, one list of tensors per slot,
filled at construction.

``torch.optim`` creates state at the first step; here a fresh state already has the shape of a
trained one, so checkpoints can be compared name by name and a captured step never allocates.
Kernels may walk the memory of parameters, gradients and state side by side, so a player lays every
gradient out as its parameter before it calls :meth:`Optimiser.update`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

from benchmark.nn.schedules import Schedule

__all__ = ["Adam", "Optimiser", "laid_out", "refuse_views"]

State = dict[str, list[Tensor]]


class Optimiser(Protocol):
    """What a player needs: the state at the start (with a slot ``step``), and an in-place
    update."""

    @property
    def schedule(self) -> Schedule | None:
        """The factor of the step size over the run; None keeps the step size."""

    def initial_state(self, parameters: Sequence[Tensor]) -> State: ...

    def update(
        self,
        parameters: list[Tensor],
        grads: list[Tensor],
        state: State,
        factor: Tensor | None = None,
    ) -> None:
        """Step in place at the step size times ``factor`` (0-d). Each gradient and each tensor of
        the state has the strides of its parameter."""


def laid_out(grads: Iterable[Tensor], parameters: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients with the strides of their parameters, copied where they differ.

    ``torch.autograd.grad`` may return a transposed gradient (the second derivative of a
    convolution) or an expanded one (of a sum); a kernel that walks raw memory would hand its
    numbers to the wrong parameters.
    """
    return [
        grad if grad.stride() == parameter.stride() else torch.empty_like(parameter).copy_(grad)
        for grad, parameter in zip(grads, parameters, strict=True)
    ]


def refuse_views(player: str, parameters: Mapping[str, Tensor]) -> None:
    """Raise ``ValueError`` where a parameter has no dense memory of its own, which no optimiser can
    step in place; no other tensor would have its strides."""
    for name, tensor in parameters.items():
        if torch.empty_like(tensor).stride() != tensor.stride():
            raise ValueError(
                f"parameter '{name}' of player '{player}' is a view with gaps or shared numbers "
                f"(strides {tensor.stride()} for shape {tuple(tensor.shape)}); give it memory of "
                "its own: tensor.clone(memory_format=torch.contiguous_format)"
            )


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015; https://arxiv.org/abs/1412.6980) in torch's fused kernel, which is
    fast on CPU and reads nothing back. ``schedule`` scales ``lr`` over the run."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    schedule: Schedule | None = None

    def initial_state(self, parameters: Sequence[Tensor]) -> State:
        """Zeros: first and second moments like the parameters, one float32 step counter each."""
        return {
            "step": [torch.zeros((), dtype=torch.float32, device=p.device) for p in parameters],
            "exp_avg": [torch.zeros_like(p, requires_grad=False) for p in parameters],
            "exp_avg_sq": [torch.zeros_like(p, requires_grad=False) for p in parameters],
        }

    def update(
        self,
        parameters: list[Tensor],
        grads: list[Tensor],
        state: State,
        factor: Tensor | None = None,
    ) -> None:
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
            lr=self.lr if factor is None else _scaled(self.lr, factor),
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
        )


def _scaled(lr: float, factor: Tensor) -> Tensor:
    """Return ``lr * factor`` as the kernel takes it: float64 on the CPU, where a factor of one
    gives the bits of the plain ``lr``; float32 on CUDA."""
    return (factor.double() * lr).to(
        torch.float64 if factor.device.type == "cpu" else torch.float32
    )

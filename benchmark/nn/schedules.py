"""How a step size falls over a run: functions from progress (0-d, from 0 to 1) to a factor (0-d),
in tensor algebra alone, so that a captured step reads them on the device.

An optimiser takes one as ``schedule``; its method then hands the tick to ``descend`` or ``apply``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

__all__ = ["Schedule", "cosine", "exponential", "linear", "milestones", "staircase"]

Schedule = Callable[[Tensor], Tensor]
"""Progress = step / steps to the factor of the step size, both 0-d."""


def linear(end: float = 0.0) -> Schedule:
    """Return the straight line from 1 at the first step to ``end`` at the end of the run."""
    return partial(_linear, end=end)


def cosine(end: float = 0.0) -> Schedule:
    r"""Return half a cosine, :math:`e + (1 - e)(1 + \cos \pi p) / 2` with e = ``end``.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017
    (https://arxiv.org/abs/1608.03983), without restarts.
    """
    return partial(_cosine, end=end)


def exponential(factor: float, every: int, steps: int) -> Schedule:
    """Return ``factor ** (step / every)`` for a run of ``steps`` outer steps; an epoch's steps as
    ``every`` make it exponential per epoch."""
    return partial(_exponential, factor=factor, every=every, steps=steps)


def staircase(factor: float, every: int, steps: int) -> Schedule:
    """Return ``factor ** (step // every)`` for a run of ``steps`` outer steps: constant within
    ``every`` steps, times ``factor`` at each edge."""
    return partial(_staircase, factor=factor, every=every, steps=steps)


def milestones(factor: float, *at: float) -> Schedule:
    """Return 1, times ``factor`` from each share ``at`` of the run onward."""
    return partial(_milestones, factor=factor, at=at)


def _linear(progress: Tensor, end: float) -> Tensor:
    return 1.0 - (1.0 - end) * progress


def _cosine(progress: Tensor, end: float) -> Tensor:
    return end + (1.0 - end) * 0.5 * (1.0 + torch.cos(math.pi * progress))


def _exponential(progress: Tensor, factor: float, every: int, steps: int) -> Tensor:
    return (factor ** (_step(progress, steps) / every)).to(progress.dtype)


def _staircase(progress: Tensor, factor: float, every: int, steps: int) -> Tensor:
    return (factor ** torch.floor(_step(progress, steps) / every)).to(progress.dtype)


def _milestones(progress: Tensor, factor: float, at: tuple[float, ...]) -> Tensor:
    passed = torch.zeros_like(progress)
    for share in at:
        passed = passed + (progress >= share)
    return factor**passed


def _step(progress: Tensor, steps: int) -> Tensor:
    """Return the number of the step, whole and exact up to 2^23 steps: the edges of a staircase
    must not hang on the rounding of a quotient."""
    return torch.round(progress.double() * steps)

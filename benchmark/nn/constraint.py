r"""A constraint :math:`E[C] \le 0` held by a Lagrange multiplier that rises while the constraint is
broken and falls while it is kept.

Sources: Rezende and Viola, "Taming VAEs", 2018 (https://arxiv.org/abs/1810.00597), whose GECO takes
the value of C from a moving average and its gradient from the batch; the squared softplus is the
form of the code its authors released.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "Constraint",
    "ascent_gradient",
    "effective",
    "moving_average",
    "multiplier",
    "raw_multiplier",
]

BOUNDS = (0.0, 1e4)
"""Smallest and largest multiplier."""

_DECAY = 0.99


def multiplier(raw: Tensor, bounds: tuple[float, float] = BOUNDS) -> Tensor:
    r"""Return :math:`\lambda = \mathrm{softplus}(r)^2`, clamped to ``bounds``; shape of ``raw``."""
    return F.softplus(raw).square().clamp(*bounds)


def raw_multiplier(value: float) -> float:
    r"""Return r with :math:`\mathrm{softplus}(r)^2` = ``value`` > 0: 0.541325 for 1; ``ValueError``
    for values that no r has."""
    if value <= 0.0:
        raise ValueError(f"a multiplier starts above 0, got {value}; choose for example 1")
    return math.log(math.expm1(math.sqrt(value)))


def ascent_gradient(raw: Tensor, average: Tensor, bounds: tuple[float, float] = BOUNDS) -> Tensor:
    r"""Return the gradient whose *descent* raises :math:`\lambda \cdot` ``average``: :math:`-\bar
    C\, d\lambda/dr`, shape of ``raw``.

    .. math:: d\lambda/dr = 2\, \mathrm{softplus}(r)\, \mathrm{sigmoid}(r)

    as if nothing were clamped, so that a multiplier at a bound can come back; zero only where it
    would go further beyond one.
    """
    root = F.softplus(raw)
    value = root.square()
    beyond = ((value < bounds[0]) & (average < 0)) | ((value > bounds[1]) & (average > 0))
    return torch.where(beyond, 0.0, -average * 2.0 * root * torch.sigmoid(raw))


def moving_average(
    average: Tensor, value: Tensor, started: Tensor, decay: float = _DECAY
) -> Tensor:
    """Return ``decay * average + (1 - decay) * value``, and ``value`` itself where the bool
    ``started`` is false; all 0-d."""
    return torch.where(started, decay * average + (1.0 - decay) * value, value)


def effective(value: Tensor, average: Tensor) -> Tensor:
    """Return a tensor with the value of ``average`` and the gradient of ``value``."""
    return value + (average - value).detach()


class Constraint(nn.Module):
    """The parameter r, the moving average of C, and whether C was ever met; all 0-d.

    Arguments:
        start: multiplier at the start, more than 0.
        bounds: smallest and largest multiplier.
    """

    average: Tensor
    started: Tensor
    ever_met: Tensor

    def __init__(self, start: float = 1.0, bounds: tuple[float, float] = BOUNDS) -> None:
        super().__init__()
        self.bounds = bounds
        self.raw = nn.Parameter(torch.tensor(raw_multiplier(start)))
        self.register_buffer("average", torch.zeros(()))
        self.register_buffer("started", torch.zeros((), dtype=torch.bool))
        self.register_buffer("ever_met", torch.zeros((), dtype=torch.bool))

    def multiplier(self) -> Tensor:
        """Return lambda without gradient: r moves by :meth:`ascent_gradient` only."""
        return multiplier(self.raw.detach(), self.bounds)

    def observe(self, value: Tensor) -> Tensor:
        """Take the batch's mean C into the average; return C with the average's value and the
        batch's gradient."""
        with torch.no_grad():
            self.average.copy_(moving_average(self.average, value, self.started))
            self.started.fill_(True)
        return effective(value, self.average)

    def ascent_gradient(self) -> Tensor:
        """Return what the player of r descends along."""
        return ascent_gradient(self.raw.detach(), self.average, self.bounds)

    @torch.no_grad()
    def latch(self, value: Tensor) -> None:
        """Remember for good that the batch's mean C was below 0."""
        self.ever_met.logical_or_(value < 0)

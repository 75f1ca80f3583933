"""The soft mask of masking adversarial autoencoders: its values, its two regularisers, its schedule
and its counting rule.

Source: Mondal, Chowdhury, Jayendran, Singla, Asnani, AP, "MaskAAE: Latent space optimization for
Adversarial Auto-Encoders", 2020 (https://arxiv.org/abs/1912.04564), and its reference code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = [
    "ACTIVE",
    "DECIDED",
    "Mask",
    "keep",
    "mask_rule",
    "polarisation",
    "polarisation_weight",
    "ramp_period",
    "undecided",
    "variance_penalty",
]

ACTIVE, DECIDED = 0.1, 0.9
"""A dimension is active where its mask is at least the first; masks between both are undecided."""

_CAP = 2048.0


class Mask(nn.Module):
    """One parameter a_j >= 0 per dimension, drawn uniformly from [0, 5]; the mask is mu = 1 -
    exp(-a), in [0, 1)."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.empty(latent_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.uniform_(self.a, 0.0, 5.0)

    def forward(self) -> Tensor:
        return keep(self.a)

    @torch.no_grad()
    def clamp(self) -> None:
        """Move negative parameters back to zero, in place."""
        self.a.clamp_min_(0.0)


def keep(a: Tensor) -> Tensor:
    r"""Return the mask :math:`\mu = 1 - e^{-a}`, elementwise; its slope is :math:`1 - \mu`."""
    return -torch.expm1(-a)


def variance_penalty(z: Tensor, mask: Tensor) -> Tensor:
    r"""Return :math:`\frac1{BL} \sum_{bj} (z_{bj} - \bar z_j)^2 e^{-10 \mu_j^2}` of unmasked codes
    z (B, L), 0-d.

    It makes the encoder constant where the mask is closed, so that nothing leaks through a small
    mask: the weight is 1 at mu = 0 and 4.5e-5 at mu = 1.
    """
    return ((z - z.mean(0)).square() * torch.exp(-10.0 * mask.square())).mean()


def polarisation(mask: Tensor) -> Tensor:
    r"""Return :math:`\sum_j \mu_j (1 - \mu_j)`, 0-d: zero where every mask is 0 or 1, L / 4 where
    all are 0.5."""
    return (mask * (1.0 - mask)).sum()


def ramp_period(latent_dim: int, steps: int, *, reference: bool) -> int:
    """Return R: the weight of :func:`polarisation` doubles every 4 R outer steps.

    ``reference``: the code's absolute numbers, 75 up to 20 dimensions and min(10000, floor(112.5
    L)) beyond, meant for 500,000 steps. Otherwise the second formula for every L, scaled by
    ``steps`` / 500,000, at least 1.
    """
    period = min(10_000, int(112.5 * latent_dim))
    if reference:
        return 75 if latent_dim <= 20 else period
    return max(1, round(steps * period / 500_000))


def polarisation_weight(step: Tensor, latent_dim: int, period: int) -> Tensor:
    r"""Return the weight :math:`c(t) = \min(2048, \frac2L 2^{\lfloor t / 4R \rfloor})` of outer
    step ``t`` (0-d, integer), 0-d float32."""
    doublings = torch.div(step, 4 * period, rounding_mode="floor")
    return (2.0 / latent_dim * torch.exp2(doublings.to(torch.float32))).clamp_max(_CAP)


def mask_rule(mask: Tensor) -> Tensor:
    """Return which dimensions are active, mu >= 0.1 inclusive, bool (L,)."""
    return mask >= ACTIVE


def undecided(mask: Tensor) -> Tensor:
    """Return which masks have not reached either end, 0.1 <= mu < 0.9, bool (L,). They count as
    active."""
    return (mask >= ACTIVE) & (mask < DECIDED)

r"""Hard gates on latent dimensions: nu_j in {0, 1}, :math:`P(\nu_j = 1) = p_j = \mathrm{sigmoid}(k
\gamma_j)`, one gamma (L,) for all images.

A gate is 0 or 1 in training too, so its probability has no pathwise gradient; ARM estimates one
from two evaluations of the loss.

Sources: Yin and Zhou, "ARM: Augment-REINFORCE-Merge Gradient for Stochastic Binary Networks", 2019
(https://arxiv.org/abs/1807.11143);
Li and Ji, "L0-ARM: Network Sparsification via Stochastic Binary Optimization", 2019
(https://arxiv.org/abs/1904.04432), which adds the slope k and the expected L0 norm.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = [
    "SLOPE",
    "HardGates",
    "antithetic_gates",
    "arm_gradient",
    "l0_gradient",
    "open_gates",
    "undecided_gates",
]

SLOPE = 7.0
"""k of L0-ARM."""

_ROUNDING = 1e-6
"""A gate that starts at 0.9 is not undecided because float32 writes 0.8999999."""


def antithetic_gates(p: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Return two draws of the gates from one uniform draw, ``a = 1[u < p]`` and ``b = 1[u >= 1 -
    p]``, bool (N, L) each.

    Both are 1 with probability p (L,). ``u`` (N, L) is in [0, 1); the half-open comparison makes
    gates of p = 0 and p = 1 constant.
    """
    return u < p, u >= 1.0 - p


def arm_gradient(first: Tensor, second: Tensor, u: Tensor, slope: float = SLOPE) -> Tensor:
    r"""Return the ARM estimate of :math:`\nabla_\gamma E[F(\nu)]`, (L,), unbiased for each row of
    ``u`` and averaged over rows.

    .. math:: \frac1N \sum_n k\, (F_n(b_n) - F_n(a_n))\, (u_n - \tfrac12)

    Arguments:
        first, second: F of the gates ``a`` and ``b`` of :func:`antithetic_gates`, (N,) each. With
            one row of gates for a whole batch, N = 1 and F is the batch's mean.
        u: the draws behind both, (N, L).

    ``ValueError`` where the rows do not match: a batch mean of F with a draw per image would have
    1/N of the gradient and all of the noise.
    """
    if first.shape != second.shape or first.shape != u.shape[:1]:
        raise ValueError(
            f"ARM needs one F per row of u, got F of {tuple(first.shape)} and "
            f"{tuple(second.shape)} for u of {tuple(u.shape)}"
        )
    return slope * ((second - first).unsqueeze(1) * (u - 0.5)).mean(0)


def l0_gradient(p: Tensor, slope: float = SLOPE) -> Tensor:
    r"""Return the gradient in gamma of the expected number of open gates :math:`\sum_j p_j`,
    exactly: :math:`k\, p_j (1 - p_j)`, (L,)."""
    return slope * p * (1.0 - p)


def open_gates(p: Tensor) -> Tensor:
    """Return which gates count as open, bool (L,): p > 0.5; a gate at 0.5 is closed."""
    return p > 0.5


def undecided_gates(p: Tensor) -> Tensor:
    """Return which gates are neither surely open nor surely closed, bool (L,): 0.1 < p < 0.9."""
    return (p - 0.5).abs() < 0.4 - _ROUNDING


class HardGates(nn.Module):
    """The parameter gamma (L,), the same for every gate at the start.

    Arguments:
        latent_dim: number of gates L.
        start: probability of an open gate at the start, in (0, 1).
        slope: k.
    """

    def __init__(self, latent_dim: int, start: float, slope: float = SLOPE) -> None:
        super().__init__()
        if not 0.0 < start < 1.0:
            raise ValueError(
                f"gates start open with a probability inside (0, 1), got {start}; "
                "choose for example 0.9"
            )
        self.slope = slope
        self.gamma = nn.Parameter(
            torch.full((latent_dim,), math.log(start / (1.0 - start)) / slope)
        )

    def probability(self) -> Tensor:
        """Return p (L,), without gradient: gamma moves by :func:`arm_gradient` and
        :func:`l0_gradient` only."""
        return torch.sigmoid(self.slope * self.gamma.detach())

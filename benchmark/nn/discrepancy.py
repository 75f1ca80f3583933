"""How far a batch of codes is from a batch of prior draws, by kernels; differentiable.

Source: Tolstikhin, Bousquet, Gelly, Schoelkopf, "Wasserstein Auto-Encoders", 2018
(https://arxiv.org/abs/1711.01558), and its code.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["SCALES", "imq_discrepancy"]

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Multiples of 2 L, the mean squared distance of two draws of N(0, I)."""


def imq_discrepancy(z: Tensor, n: Tensor) -> Tensor:
    r"""Return the unbiased estimate of the squared maximum mean discrepancy of codes z and prior
    draws n, (B, L) both, 0-d, under a sum of inverse multiquadratic kernels.

    .. math:: \sum_C \frac{\sum_{i \ne j} k_C(z_i, z_j) + \sum_{i \ne j} k_C(n_i, n_j)}{B (B - 1)}
              - \frac{2}{B^2} \sum_{ij} k_C(z_i, n_j), \qquad k_C(a, b) = \frac{C}{C + \|a - b\|^2}

    C runs over 2 L times :data:`SCALES`. Negative values are right: the mean is zero where both
    come from one distribution.
    """
    count, size = z.shape
    off = 1.0 - torch.eye(count, device=z.device, dtype=z.dtype)
    within_z, within_n, across = (_squared(a, b) for a, b in ((z, z), (n, n), (z, n)))
    total = torch.zeros((), device=z.device, dtype=z.dtype)
    for scale in SCALES:
        c = 2.0 * size * scale
        same = (c / (c + within_z) + c / (c + within_n)) * off
        total = total + same.sum() / (count * (count - 1)) - 2.0 * (c / (c + across)).mean()
    return total


def _squared(a: Tensor, b: Tensor) -> Tensor:
    """Return the squared distances (B, B) of the rows."""
    products = a @ b.T
    return (a.square().sum(1)[:, None] + b.square().sum(1) - 2.0 * products).clamp_min(0.0)

"""Data and models of the uniqueness study: ``x = nu(W z) + noise`` in the plane, and a small model
of each trial, all trials at once.

Tensors have the trial first and the point last, (T, 2, N), so that the products of 2 x 2 matrices
with all points run along memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "NOISE",
    "NONLINEARITIES",
    "Posterior",
    "bound",
    "draw_codes",
    "draw_mixing",
    "expected_error",
    "random_turns",
]

NOISE = 0.05
"""Standard deviation of the pixels' noise, in the data and in the model."""

NONLINEARITIES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda value: value,
    "tanh": torch.tanh,
    "elu": F.elu,
    "sigmoid": torch.sigmoid,
}

_NODES = 7
"""Nodes of the quadrature in each direction."""


def draw_codes(points: int) -> Tensor:
    """Return normal codes (2, N), moved and scaled to mean 0 and covariance I exactly, so that
    sampling does not turn the best codes."""
    raw = torch.randn(points, 2, dtype=torch.float64)
    return torch.linalg.qr(raw - raw.mean(0))[0].mT * math.sqrt(points)


def draw_mixing(kind: str) -> Tensor:
    """Return W (2, 2) with columns of norm 2 and 1: ``printed``: normal entries, scaled;
    ``orthogonal``: made orthogonal first."""
    raw = torch.randn(2, 2, dtype=torch.float64)
    columns = torch.linalg.qr(raw)[0] if kind == "orthogonal" else raw
    return columns / columns.norm(dim=0) * torch.tensor([2.0, 1.0], dtype=torch.float64)


def random_turns(count: int) -> Tensor:
    """Return uniformly distributed rotations (count, 2, 2)."""
    angles = 2.0 * math.pi * torch.rand(count)
    return torch.stack([angles.cos(), -angles.sin(), angles.sin(), angles.cos()], -1).view(
        count, 2, 2
    )


class Posterior:
    """Gaussians N(mean, O D D' O') of T trials; ``diagonal`` ones keep only the diagonal of the
    covariance.

    Arguments:
        mean: (T, 2, N).
        entries: of the lower triangular D, (T, 3, N), or (T, 3, 1) for one covariance per trial:
            the logarithm of the first diagonal number, the number below it, the logarithm of the
            second.
        turn: the rotations O (T, 2, 2).
    """

    def __init__(self, mean: Tensor, entries: Tensor, turn: Tensor, *, diagonal: bool) -> None:
        self.mean, self.diagonal = mean, diagonal
        one, below, other = entries.split(1, dim=1)
        self.first, self.second = (
            turn @ torch.cat([one.exp(), below], 1),
            turn[:, :, 1:] * other.exp(),
        )
        self.variance = self.first.square() + self.second.square()
        self.log_det = self.variance.log().sum(1) if diagonal else 2.0 * (one + other).squeeze(1)

    def at(self, noise: Tensor) -> Tensor:
        """Return the codes (T, 2, N) that standard normal numbers ``noise``, (T, 2, N) or (2, 1),
        stand for."""
        one, other = noise.split(1, dim=-2)
        if self.diagonal:
            return self.mean + self.variance.sqrt() * noise
        return self.mean + self.first * one + self.second * other

    def kl(self) -> Tensor:
        """Return the divergence from N(0, I) in nats, mean over points, (T,)."""
        spread = 0.5 * (self.variance.sum(1) - self.log_det) - 1.0
        return spread.mean(-1) + 0.5 * self.mean.square().sum(1).mean(-1)


def squared_error(x: Tensor, z: Tensor, weight: Tensor, bias: Tensor, nu: str) -> Tensor:
    """Return ``||x - nu(A z) - b||^2``, mean over points, (T,), for x (2, N), z (T, 2, N), A (T, 2,
    2), b (T, 2, 1)."""
    return (NONLINEARITIES[nu](weight @ z) + bias - x).square().sum(1).mean(-1)


def expected_error(
    x: Tensor, posterior: Posterior, weight: Tensor, bias: Tensor, nu: str
) -> Tensor:
    """Return the mean of :func:`squared_error` over the posterior, (T,), by Gauss-Hermite
    quadrature; exact where nu is the identity."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    total = torch.zeros(len(weight), dtype=x.dtype, device=x.device)
    for one, share in zip(nodes, weights, strict=True):
        for other, part in zip(nodes, weights, strict=True):
            noise = torch.tensor([[one], [other]], dtype=x.dtype, device=x.device)
            total += (
                share
                * part
                / (2.0 * math.pi)
                * squared_error(x, posterior.at(noise), weight, bias, nu)
            )
    return total


def bound(error: Tensor, kl: Tensor) -> Tensor:
    """Return the ELBO in nats per point (T,) of expected squared errors and divergences (T,), for
    two pixels of variance NOISE^2."""
    return -0.5 * error / NOISE**2 - math.log(2.0 * math.pi * NOISE**2) - kl

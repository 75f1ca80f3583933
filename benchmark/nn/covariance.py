"""Gaussian posteriors with correlated coordinates: blocks of a few coordinates, or all of them.

A posterior N(mean, C C') has a lower triangular factor C with one block per group of ``block``
neighbouring coordinates: block = 1 is the diagonal posterior, block = L the full one. Sources of
the shapes: Kumar and Poole, "On Implicit Regularization in beta-VAEs", 2020
(https://arxiv.org/abs/2002.00041), appendix D. Their network gives the entries of C; here the
diagonal ones are logarithms of variances, so that C is never singular and block = 1 reads a
network's output as every other method does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "ACTIVE_NATS",
    "covariance",
    "draw",
    "factor",
    "head_size",
    "kl_parts",
    "marginal_variance",
    "rate_rule",
]

ACTIVE_NATS = 0.5 * math.log(1.1)
"""Rate above which a coordinate counts, 0.0477 nats: a linear Gaussian channel whose signal and
noise have 1.1 times the variance of the noise."""


def head_size(latent_dim: int, block: int) -> int:
    """Return how many numbers describe a factor: ``block + 1`` halves per coordinate.
    ``ValueError`` where blocks do not fill the code."""
    if block < 1 or latent_dim % block:
        raise ValueError(
            f"blocks of {block} coordinates do not fill a code of {latent_dim}; "
            f"choose a divisor of {latent_dim}"
        )
    return latent_dim * (block + 1) // 2


def factor(raw: Tensor, latent_dim: int, block: int) -> Tensor:
    """Return the factors C (B, L / block, block, block) that the numbers ``raw`` (B, head_size)
    stand for.

    The first L numbers are the logarithms of the squared diagonal; the others fill the blocks below
    the diagonal, row by row.
    """
    log_var, below = raw.split([latent_dim, raw.shape[1] - latent_dim], dim=1)
    diagonal = torch.exp(0.5 * log_var).unflatten(1, (-1, block))
    if block == 1:
        return diagonal.unsqueeze(-1)
    parts = below.unflatten(1, (latent_dim // block, -1)).split(list(range(1, block)), dim=2)
    rows = [F.pad(part, (0, block - part.shape[2])) for part in parts]
    return torch.diag_embed(diagonal) + torch.stack([torch.zeros_like(rows[0]), *rows], dim=2)


def draw(mean: Tensor, factors: Tensor) -> Tensor:
    """Return one draw ``mean + C eps`` per row, shape (B, L); gradients flow to both arguments."""
    noise = torch.randn_like(mean).view(*factors.shape[:3], 1)
    return mean + (factors @ noise).flatten(1)


def marginal_variance(factors: Tensor) -> Tensor:
    """Return the variance of each coordinate (B, L)."""
    return factors.square().sum(-1).flatten(1)


def covariance(factors: Tensor) -> Tensor:
    """Return ``C C'`` with its blocks in place, (B, L, L)."""
    blocks = factors @ factors.transpose(-1, -2)
    count, size = blocks.shape[1:3]
    placed = torch.einsum(
        "bkij,kl->bkilj", blocks, torch.eye(count, dtype=blocks.dtype, device=blocks.device)
    )
    return placed.reshape(-1, count * size, count * size)


def kl_parts(mean: Tensor, factors: Tensor) -> Tensor:
    r"""Return parts (B, L), in nats, whose sum over coordinates is the divergence of N(mean, C C')
    from N(0, I).

    .. math:: \tfrac12 (\mu_i^2 + \Sigma_{ii} - 1) - \log C_{ii}

    Without correlations part i is the divergence of coordinate i; else the information it shares
    with those before it in its block comes on top.
    """
    diagonal = factors.diagonal(dim1=-2, dim2=-1).flatten(1)
    return 0.5 * (mean.square() + marginal_variance(factors) - 1.0) - diagonal.log()


def rate_rule(rate: Tensor, threshold: float = ACTIVE_NATS) -> Tensor:
    """Return which coordinates carry more than ``threshold`` nats, a bool mask (L,), given the mean
    rate of each (L,)."""
    return rate > threshold

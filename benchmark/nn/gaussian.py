"""Diagonal Gaussians: divergence from the standard normal, reparameterised draws, and rates."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["channel_rate", "kl_standard", "reparameterise"]


def kl_standard(mean: Tensor, log_var: Tensor) -> Tensor:
    r"""Return the divergence of N(mean, diag(exp(log_var))) from N(0, I) per coordinate, in nats.

    .. math:: \tfrac12 (\mu^2 + \sigma^2 - 1 - \log \sigma^2)

    Arguments and result have shape (B, L).
    """
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var)


def reparameterise(mean: Tensor, log_var: Tensor) -> Tensor:
    """Return one draw ``mean + exp(log_var / 2) * eps`` per row, shape (B, L); gradients flow to
    both arguments."""
    return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)


def channel_rate(mean: Tensor, log_var: Tensor) -> Tensor:
    r"""Return the rate of each coordinate taken as a Gaussian channel, (L,), in nats.

    .. math:: \tfrac12 \ln (1 + V_l / S_l)

    V is the variance of the means (B, L) over images (divisor B), S the mean of the variances
    exp(log_var); no prior enters.
    """
    return 0.5 * torch.log1p(mean.var(0, correction=0) / log_var.exp().mean(0))

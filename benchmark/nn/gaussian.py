"""Diagonal Gaussians: divergence from the standard normal, and reparameterised draws."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["kl_standard", "reparameterise"]


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

"""Decoder likelihoods. Everything sums over the D numbers of an image and keeps all constants, so
losses are real nats.

Source of the shared-variance Gaussian: Rybkin, Daniilidis, Levine, "Simple and effective VAE
training with calibrated decoders", 2021 (https://arxiv.org/abs/2006.13202); its clip of the log
standard deviation is kept as a stabiliser.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["LOG_SIGMA_FLOOR", "gaussian_nll", "optimal_log_sigma", "softclip", "squared_error"]

LOG_SIGMA_FLOOR = -6.0
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


def softclip(log_sigma: Tensor, floor: float = LOG_SIGMA_FLOOR) -> Tensor:
    """Return ``floor + softplus(log_sigma - floor)``: a smooth lower bound. Not the identity: 0
    maps to 0.002476 for the floor -6."""
    return floor + F.softplus(log_sigma - floor)


def squared_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Return the squared error summed over each image, shape (B,)."""
    return (x - reconstruction).square().flatten(1).sum(1)


def gaussian_nll(x: Tensor, reconstruction: Tensor, log_sigma: Tensor) -> Tensor:
    r"""Return the negative log-likelihood of each image under N(reconstruction, sigma^2 I), shape
    (B,), in nats.

    .. math:: D (\log \sigma + \tfrac12 \log 2\pi) + \frac{\|x - \hat x\|^2}{2 \sigma^2}

    Arguments:
        x, reconstruction: images (B, *shape) with D numbers each.
        log_sigma: log standard deviation, a 0-d tensor shared by all pixels.
    """
    numbers = x[0].numel()
    return numbers * (log_sigma + _HALF_LOG_2PI) + 0.5 * torch.exp(
        -2.0 * log_sigma
    ) * squared_error(x, reconstruction)


def optimal_log_sigma(x: Tensor, reconstruction: Tensor) -> Tensor:
    """Return the log standard deviation that maximises the likelihood of the whole batch, ``0.5
    log(mean squared error)``, 0-d.

    With it the batch's summed NLL is ``0.5 B D (1 + log(2 pi MSE))``.
    """
    return 0.5 * torch.log((x - reconstruction).square().mean())

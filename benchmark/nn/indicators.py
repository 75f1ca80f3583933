"""Relevance indicators r in (0, 1), one per latent dimension, and the terms of RF-VAE that they
enter.

Source: Kim, Wang, Sahu, Pavlovic, "Relevance Factor VAE: Learning and identifying disentangled
factors", 2019 (https://arxiv.org/abs/1902.01568), and the authors' code; total correlation by a
discriminator: Kim, Mnih, "Disentangling by factorising", 2018 (https://arxiv.org/abs/1802.05983).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = [
    "Indicators",
    "RawIndicators",
    "SettlingKL",
    "binary_entropy",
    "discriminator_loss",
    "first_indicator_step",
    "kl_has_settled",
    "kl_threshold",
    "kl_weight",
    "negative_entropy",
    "total_correlation",
]

_MARGIN = 1e-6

_AVERAGING = 0.02, 0.005
"""Weights of a step in the fast and the slow moving average of the KL: some 50 and 200 steps."""


class Indicators(nn.Module):
    """Relevances r = sigmoid(l) with trained logits l (L,), which start at 0.001 N(0, 1): r is
    about one half."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.empty(latent_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.logits, std=0.001)

    def forward(self) -> Tensor:
        return torch.sigmoid(self.logits)

    def exact(self) -> Tensor:
        """Return r in float64, detached: inside (0, 1) up to logits of 36, in float32 only up to
        16."""
        return torch.sigmoid(self.logits.detach().double())


class RawIndicators(nn.Module):
    """Relevances r (L,) that are themselves the parameter, starting at one half; nothing but
    :meth:`clamp` keeps them inside (0, 1)."""

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.relevance = nn.Parameter(torch.empty(latent_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.constant_(self.relevance, 0.5)

    def forward(self) -> Tensor:
        return self.relevance

    def exact(self) -> Tensor:
        """Return r, detached."""
        return self.relevance.detach()

    @torch.no_grad()
    def clamp(self) -> None:
        """Move r back into [1e-6, 1 - 1e-6], in place."""
        self.relevance.clamp_(_MARGIN, 1.0 - _MARGIN)


def kl_weight(relevance: Tensor, low: float = 0.1, high: float = 10.0) -> Tensor:
    r"""Return :math:`\lambda(r) = \lambda_{\max} - (\lambda_{\max} - \lambda_{\min}) r`,
    elementwise: 10 at r = 0, 0.1 at r = 1."""
    return high - (high - low) * relevance


def binary_entropy(logits: Tensor) -> Tensor:
    r"""Return the entropy of Bernoulli(sigmoid(l)) elementwise, in nats, at most log 2.

    .. math:: H = \mathrm{softplus}(-|l|) + |l|\, \mathrm{sigmoid}(-|l|),
        \qquad dH/dl = -l\, r (1 - r)

    It is even in l; the negative side loses no digits at large logits, value and gradient. A
    cross-entropy against a detached sigmoid has the same value and no gradient.
    """
    size = logits.abs()
    return F.softplus(-size) + size * torch.sigmoid(-size)


def negative_entropy(relevance: Tensor) -> Tensor:
    """Return ``r log r + (1 - r) log(1 - r)`` elementwise, in nats, least (-log 2) at one half; NaN
    outside [0, 1]."""
    return relevance * relevance.log() + (1.0 - relevance) * (1.0 - relevance).log()


def total_correlation(logits: Tensor) -> Tensor:
    """Return the discriminator's estimate of KL(q(z) || prod_j q(z_j)) in nats, 0-d: the mean of
    joint minus permuted logit (B, 2)."""
    return (logits[:, 0] - logits[:, 1]).mean()


def discriminator_loss(joint: Tensor, permuted: Tensor) -> Tensor:
    """Return half the sum of the mean cross-entropies of ``joint`` logits (B, 2) as class 0 and
    ``permuted`` ones as class 1, nats, 0-d."""
    return -0.5 * (F.log_softmax(joint, 1)[:, 0].mean() + F.log_softmax(permuted, 1)[:, 1].mean())


def kl_threshold(eta_s: float, low: float = 0.1, high: float = 10.0) -> float:
    r"""Return the KL in nats above which a dimension's indicator rises when it starts to move,
    :math:`\eta_s / (\lambda_{\max} - \lambda_{\min})`: at r = 1/2 the entropy does not pull, and
    the slope of the other terms in r is :math:`\eta_s - (\lambda_{\max} - \lambda_{\min}) KL`."""
    return eta_s / (high - low) if high > low else math.inf


def kl_has_settled(fast: Tensor, slow: Tensor, threshold: float) -> Tensor:
    """Return, 0-d bool, whether it is settled which indicators rise, by a fast and a slow moving
    average of the KL (L,).

    Some dimension lies above ``threshold``, none within a factor of two of it, and in none do the
    averages differ by more than a tenth of the slow one, or of the threshold where that is more.
    """
    in_doubt = (fast > 0.5 * threshold) & (fast < 2.0 * threshold)
    moving = (fast - slow).abs() > 0.1 * slow.clamp_min(threshold)
    return (fast > threshold).any() & ~(in_doubt | moving).any()


class SettlingKL(nn.Module):
    """Whether the KL of L dimensions has ever settled about ``threshold`` nats: two moving averages
    (2, L) and a latch, 0-d bool, all of them buffers."""

    averages: Tensor
    settled: Tensor

    def __init__(self, latent_dim: int, threshold: float) -> None:
        super().__init__()
        self.threshold = threshold
        self.register_buffer("averages", torch.zeros(2, latent_dim))
        self.register_buffer("settled", torch.zeros((), dtype=torch.bool))

    @torch.no_grad()
    def observe(self, kl: Tensor, step: Tensor, *, judge: bool) -> None:
        """Renew the averages with the mean KL (L,) of a batch at ``step``, 0-d; with ``judge`` note
        whether it has settled."""
        for average, weight in zip(self.averages, _AVERAGING, strict=True):
            average.lerp_(kl, (1.0 / (step + 1.0)).clamp_min(weight))
        if judge:
            apart = step * _AVERAGING[1] >= 1.0  # before, the averages are over the same steps
            self.settled.logical_or_(
                kl_has_settled(  # type: ignore[call-arg]  # two averages
                    *self.averages, self.threshold
                )
                & apart
            )


def first_indicator_step(warm_up: float, steps: int) -> int:
    """Return the first outer step that trains the indicators, ceil(``warm_up`` x ``steps``); before
    it they keep their start."""
    if not 0.0 <= warm_up < 1.0:
        raise ValueError(
            f"warm_up is a share of the steps, expected 0 or more and less than 1, got {warm_up}"
        )
    return math.ceil(warm_up * steps - 1e-9)

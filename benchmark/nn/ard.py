r"""Automatic relevance determination: a Gaussian prior whose precision alpha per dimension has a
Gamma posterior.

Formulas of "RENs: Relevance Encoding Networks" (https://arxiv.org/abs/2205.13061) with their
misprints resolved; see the docstrings of ``baselines/r_vae.py`` and ``baselines/r_dpvae.py``. b is
always the rate of a Gamma.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["HYPERPRIOR", "conjugate_posterior", "gamma_kl", "kl_ard", "rate_ard", "sample_gamma"]

HYPERPRIOR = (1e-3, 1e-4)
"""Concentration a0 and rate b0 of the prior on alpha: mean 10. Never sample it: over 90 % of its
float32 mass lies below 1e-30."""

_SMALLEST = 1e-8


def kl_ard(mean: Tensor, log_var: Tensor, alpha: Tensor) -> Tensor:
    r"""Return the divergence of N(mean, diag(exp(log_var))) from N(0, diag(1/alpha)) per coordinate
    (B, L), in nats.

    .. math:: \tfrac12 (\alpha (\mu^2 + \sigma^2) - 1 - \log\alpha - \log\sigma^2)

    With alpha (L,) all 1 it is ``gaussian.kl_standard`` bit for bit.
    """
    return 0.5 * (alpha * (mean.square() + log_var.exp()) - 1.0 - alpha.log() - log_var)


def rate_ard(log_var: Tensor, z0: Tensor, log_det: Tensor, alpha: Tensor) -> Tensor:
    r"""Return one draw's estimate of KL(q(z|x) || p(z|alpha)) under a flow prior, (B,), in nats.

    .. math:: -\tfrac12 \sum_l \log\sigma_l^2 - \tfrac{L}{2} + \tfrac12 \sum_l \alpha_l z_{0,l}^2 - \tfrac12 \sum_l \log\alpha_l
              - \log\left|\det \frac{dg}{dz}\right|

    The entropy of q is exact, the prior term is taken at z0 = g(z) (B, L) of the drawn z;
    ``log_det`` (B,).
    """
    entropy = 0.5 * log_var.sum(1) + 0.5 * log_var.shape[1]
    return 0.5 * (alpha * z0.square()).sum(1) - 0.5 * alpha.log().sum() - log_det - entropy


def gamma_kl(a: Tensor, b: Tensor, prior: tuple[float, float] = HYPERPRIOR) -> Tensor:
    r"""Return KL(Gamma(a, b) || Gamma(a0, b0)) elementwise, in nats.

    .. math:: (a - a_0)\psi(a) - \log\Gamma(a) + \log\Gamma(a_0) + a_0 (\log b - \log b_0) + a \frac{b_0 - b}{b}
    """
    a0, b0 = prior
    return (
        (a - a0) * torch.digamma(a)
        - torch.lgamma(a)
        + math.lgamma(a0)
        + a0 * (b.log() - math.log(b0))
        + a * (b0 - b) / b
    )


def sample_gamma(a: Tensor, b: Tensor) -> Tensor:
    """Return one reparameterised draw of Gamma(a, b) elementwise, at least 1e-8; gradients flow to
    concentration and rate."""
    return (torch._standard_gamma(a) / b).clamp_min(_SMALLEST)


def conjugate_posterior(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the exact posterior of alpha given codes z (B, L): a = a0 + B / 2 and b = b0 + 0.5 sum
    z^2, (L,) each."""
    a = torch.full_like(z[0], HYPERPRIOR[0] + 0.5 * len(z))
    return a, HYPERPRIOR[1] + 0.5 * z.square().sum(0)

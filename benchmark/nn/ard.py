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

__all__ = [
    "HYPERPRIOR",
    "conjugate_posterior",
    "gamma_kl",
    "kl_ard",
    "rate_ard",
    "sample_log_gamma",
]

HYPERPRIOR = (1e-3, 1e-4)
"""Concentration a0 and rate b0 of the prior on alpha: mean 10. Never sample it: over 90 % of its
float32 mass lies below 1e-30."""


def kl_ard(mean: Tensor, log_var: Tensor, log_alpha: Tensor) -> Tensor:
    r"""Return the divergence of N(mean, diag(exp(log_var))) from N(0, diag(1/alpha)) per coordinate
    (B, L), in nats.

    .. math:: \tfrac12 (\alpha (\mu^2 + \sigma^2) - 1 - \log\alpha - \log\sigma^2)

    With log alpha (L,) all 0 it is ``gaussian.kl_standard`` bit for bit.
    """
    squares = mean.square() + log_var.exp()
    return 0.5 * (log_alpha.exp() * squares - 1.0 - log_alpha - log_var)


def rate_ard(log_var: Tensor, z0: Tensor, log_det: Tensor, log_alpha: Tensor) -> Tensor:
    r"""Return one draw's estimate of KL(q(z|x) || p(z|alpha)) under a flow prior, (B,), in nats.

    .. math:: -\tfrac12 \sum_l \log\sigma_l^2 - \tfrac{L}{2} + \tfrac12 \sum_l \alpha_l z_{0,l}^2
        - \tfrac12 \sum_l \log\alpha_l
              - \log\left|\det \frac{dg}{dz}\right|

    The entropy of q is exact, the prior term is taken at z0 = g(z) (B, L) of the drawn z;
    ``log_det`` (B,), ``log_alpha`` (L,).
    """
    entropy = 0.5 * log_var.sum(1) + 0.5 * log_var.shape[1]
    prior = 0.5 * (log_alpha.exp() * z0.square()).sum(1) - 0.5 * log_alpha.sum()
    return prior - log_det - entropy


def gamma_kl(a: Tensor, b: Tensor, prior: tuple[float, float] = HYPERPRIOR) -> Tensor:
    r"""Return KL(Gamma(a, b) || Gamma(a0, b0)) elementwise, in nats.

    .. math:: (a - a_0)\psi(a) - \log\Gamma(a) + \log\Gamma(a_0) + a_0 (\log b - \log b_0)
        + a \frac{b_0 - b}{b}
    """
    a0, b0 = prior
    return (
        (a - a0) * torch.digamma(a)
        - torch.lgamma(a)
        + math.lgamma(a0)
        + a0 * (b.log() - math.log(b0))
        + a * (b0 - b) / b
    )


def sample_log_gamma(a: Tensor, b: Tensor) -> Tensor:
    r"""Return log alpha for one reparameterised draw of Gamma(a, b) elementwise; gradients flow to
    concentration and rate.

    .. math:: \log\alpha = \log G - E / a - \log b,
        \qquad G \sim \mathrm{Gamma}(a + 1, 1),\; E \sim \mathrm{Exp}(1)

    For G U^{1/a} with U uniform is a Gamma(a, 1). The logarithm is finite where alpha itself
    underflows: at a = 0.01 two draws in five lie below 1e-38. G carries torch's implicit
    gradient. Source of the identity: Marsaglia and Tsang, "A simple method for generating gamma
    variables", 2000 (https://doi.org/10.1145/358407.358414).
    """
    gamma = torch._standard_gamma(a + 1.0)
    return gamma.log() - torch.empty_like(a).exponential_() / a - b.log()


def conjugate_posterior(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return the exact posterior of alpha given codes z (B, L): a = a0 + B / 2 and b = b0 + 0.5 sum
    z^2, (L,) each."""
    a = torch.full_like(z[0], HYPERPRIOR[0] + 0.5 * len(z))
    return a, HYPERPRIOR[1] + 0.5 * z.square().sum(0)

r"""A categorical latent variable: its relaxed and exact draws, its divergence from the uniform
prior, and its entropies, all in nats.

Source of the relaxation: Jang, Gu, Poole, "Categorical Reparameterization with Gumbel-Softmax",
2017 (https://arxiv.org/abs/1611.01144).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "category_information",
    "draw_one_hot",
    "entropy",
    "gumbel_softmax",
    "kl_uniform",
    "shares_of_tenths",
    "temperature",
]

_FIRST_TEMPERATURE = 1.0
_COOLING = 0.5


def _gumbel(log_p: Tensor) -> Tensor:
    """Return standard Gumbel noise like ``log_p``. An exponential draw of exactly 0, which float32
    allows, would make it infinite."""
    return -torch.empty_like(log_p).exponential_().clamp_min(torch.finfo(log_p.dtype).tiny).log()


def gumbel_softmax(log_p: Tensor, temperature: Tensor | float) -> Tensor:
    r"""Return one relaxed draw per row, points of the simplex (B, K), :math:`y =
    \mathrm{softmax}((\log \pi + G) / T)`.

    The largest coordinate of y is distributed as pi for every temperature; y nears a one-hot vector
    as T falls to 0 and the uniform one as it grows. Its mean is *not* pi at finite temperatures.

    Arguments:
        log_p: log probabilities (B, K); unnormalised ones give the same draw.
        temperature: more than 0, 0-d.
    """
    return ((log_p + _gumbel(log_p)) / temperature).softmax(-1)


def draw_one_hot(log_p: Tensor) -> Tensor:
    """Return one exact draw per row as a one-hot vector (B, K), without gradient; ``log_p`` as in
    :func:`gumbel_softmax`."""
    return F.one_hot((log_p + _gumbel(log_p)).argmax(-1), log_p.shape[-1]).to(log_p.dtype)


def temperature(progress: Tensor, final: float) -> Tensor:
    """Return the temperature, 0-d: from 1 to ``final`` exponentially over the first half of a run
    (``progress`` in [0, 1]), then ``final``."""
    return _FIRST_TEMPERATURE * torch.exp(
        math.log(final / _FIRST_TEMPERATURE) * (progress / _COOLING).clamp_max(1.0)
    )


def kl_uniform(log_p: Tensor) -> Tensor:
    r"""Return the divergence of each row from the uniform distribution, :math:`\sum_k \pi_k \log(K
    \pi_k)`, (B,), between 0 and ln K.

    It is the divergence of the categorical distributions, not of the densities of their
    relaxations. ``log_p`` is normalised, (B, K).
    """
    return (log_p.exp() * (log_p + math.log(log_p.shape[-1]))).sum(-1)


def entropy(p: Tensor) -> Tensor:
    """Return the entropy of the distributions in the last axis of ``p`` (..., K); 0 log 0 counts as
    0, and gradients stay finite there."""
    return -(p * p.clamp_min(torch.finfo(p.dtype).tiny).log()).sum(-1)


def category_information(p: Tensor) -> Tensor:
    r"""Return what a category tells about which of B images it came from, 0-d: :math:`H(\bar\pi) -
    \overline{H(\pi)}`.

    The mean of :func:`kl_uniform` is this plus the divergence of the mean posterior from the
    uniform prior. ``p``: posteriors (B, K).
    """
    return entropy(p.mean(0)) - entropy(p).mean()


def shares_of_tenths(pi: Tensor) -> Tensor:
    """Return the share of the probabilities ``pi`` (B, K) that lie in each tenth of 0 to 1, (10,)
    float32; 1 is in the last."""
    tenth = (pi.detach() * 10.0).floor().clamp_max(9.0).flatten()
    return (tenth.unsqueeze(0) == torch.arange(10, device=pi.device).unsqueeze(1)).float().mean(1)

r"""Information in nats: variational lower bounds by a critic Q, and what an encoder tells per
dimension.

Source of the bounds: Barber and Agakov, "The IM algorithm: a variational approach to information
maximization", 2003, as MI-VAE uses them (see ``baselines/mi_vae.py``): :math:`I(s; x') \ge E[\log
Q(s | x')] + H(s)`, with equality where Q is the posterior of s given x'.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from benchmark.nn.categorical import entropy

__all__ = [
    "THRESHOLD",
    "VARIANCE_BOUNDS",
    "categorical_bound",
    "categorical_log_q",
    "gaussian_bound",
    "gaussian_log_q",
    "informative",
    "mixture_information",
]

VARIANCE_BOUNDS = (0.01, 2.0)
"""Of a Gaussian critic. x' is a deterministic function of the code, so without a floor the bound
has none either; with it, it is at most 2.80 nats per dimension, and 2.30 for a calibrated
critic."""

THRESHOLD = 0.5 * math.log(1.1)
"""0.047655 nats: the rate of a linear Gaussian channel whose input variance is a tenth of its
noise's."""

_LOG_2PI = math.log(2.0 * math.pi)


def gaussian_log_q(s: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Return the log density (B,) of ``s`` (B, S) under N(mean, diag(variance)), the variance kept
    within :data:`VARIANCE_BOUNDS`."""
    low, high = VARIANCE_BOUNDS
    log_var = log_var.clamp(math.log(low), math.log(high))
    return -0.5 * (_LOG_2PI + log_var + (s - mean).square() * torch.exp(-log_var)).sum(1)


def gaussian_bound(s: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    r"""Return :math:`\overline{\log Q(s | x')} + \tfrac12 \sum_i \log (2 \pi e \min(V_i, 1))`, 0-d,
    with V the variance of s over the batch.

    The entropy is that of a normal variable with the codes' variance, but no more than the standard
    normal prior's, and V counts as at least the critic's smallest variance. The prior's entropy
    alone would be earned by a constant code of small variance, which tells nothing; the codes'
    alone could be raised without end by spreading them. ``s`` (B, S) is the code that was decoded,
    ``mean`` and ``log_var`` (B, S) are the critic's.
    """
    variance = s.var(0, correction=0).clamp(VARIANCE_BOUNDS[0], 1.0)
    return gaussian_log_q(s, mean, log_var).mean() + 0.5 * (_LOG_2PI + 1.0 + variance.log()).sum()


def categorical_log_q(y: Tensor, logits: Tensor) -> Tensor:
    r"""Return :math:`\sum_k y_k \log Q_k` (B,) for a relaxed or one-hot ``y`` (B, K) and the
    critic's ``logits`` (B, K)."""
    return (y * logits.log_softmax(1)).sum(1)


def categorical_bound(y: Tensor, logits: Tensor, p: Tensor) -> Tensor:
    r"""Return :math:`\overline{\log Q(y | x')} + H(\bar\pi)`, 0-d, with the entropy of the mean of
    the posteriors ``p`` (B, K).

    The entropy of the uniform prior in its place would be no bound: a constant category would earn
    ln K and tell nothing.
    """
    return categorical_log_q(y, logits).mean() + entropy(p.mean(0))


def mixture_information(z: Tensor, mean: Tensor, log_var: Tensor, *, rows: int = 32) -> Tensor:
    r"""Return what each coordinate of a Gaussian posterior tells about which of N images it came
    from, (L,), at most ln N.

    .. math:: I_i = E_x\, \mathrm{KL}(q(z_i|x) \,\|\, q(z_i)),
        \quad q(z_i) = \frac1N \sum_n q(z_i|x_n)

    estimated with one draw per image, so an uninformative coordinate may come out slightly
    negative. The mean KL to the prior is this plus the divergence of the aggregate q(z_i) from the
    prior.

    Arguments:
        z, mean, log_var: the draws and the posteriors they come from, (N, L).
        rows: draws compared with all posteriors at a time; bounds the memory.
    """
    spread, offset = torch.exp(-0.5 * log_var), -0.5 * log_var  # the constant -1/2 log 2 pi cancels
    own = offset - 0.5 * ((z - mean) * spread).square()
    log_mixture = torch.empty_like(own)
    for i in range(z.shape[1]):
        for start in range(0, len(z), rows):
            distance = (z[start : start + rows, i, None] - mean[:, i]) * spread[:, i]
            log_mixture[start : start + rows, i] = (
                offset[:, i] - 0.5 * distance.square()
            ).logsumexp(1)
    return (own - log_mixture).mean(0) + math.log(len(z))


def informative(information: Tensor, threshold: float = THRESHOLD) -> Tensor:
    """Return which dimensions (L,) carry more than ``threshold`` nats, a bool mask; a value equal
    to it does not count."""
    return information > threshold

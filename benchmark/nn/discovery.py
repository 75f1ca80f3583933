"""Rules that turn relevances into a number of dimensions. Pure functions, so that null controls can
call them on chance relevances."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = [
    "above_half",
    "above_mean",
    "active_units",
    "cumulative_rule",
    "is_degenerate",
    "many_undecided",
    "one_sided",
    "participation_ratio",
    "relevance_gap",
]

_TOLERANCE = 1e-9

_NIL = 1e-3
"""Share of the largest relevance below which a relevance counts as that share: nil beside nil is no
gap."""


def cumulative_rule(relevance: Tensor, share: float = 0.95) -> Tensor:
    r"""Return which dimensions are needed to hold ``share`` of the total relevance, a bool mask
    (L,).

    The k largest are taken, :math:`k = \min\{k : \sum_{i \le k} e_{(i)} \ge s - 10^{-9}\}` with
    :math:`e = v / \sum v`; ties go to the lower index. Equal relevances give ceil(s L): 20 equal
    ones at 95 % give 19, which needs the tolerance. A zero vector gives no dimension.

    Arguments:
        relevance: non-negative and finite, shape (L,); ``ValueError`` otherwise.
        share: fraction of the total, in (0, 1].

    Source: the 95 % rule of "RENs: Relevance Encoding Networks" (https://arxiv.org/abs/2205.13061).
    """
    v = relevance.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(v).all()) or bool((v < 0).any()):
        raise ValueError(f"relevances must be finite and non-negative, got {v.tolist()}")
    total = v.sum()
    active = torch.zeros(len(v), dtype=torch.bool)
    if total > 0:
        order = torch.argsort(v, descending=True, stable=True)
        reached = torch.cumsum(v[order] / total, 0) >= share - _TOLERANCE
        count = len(v) - int(reached.sum()) + 1
        active[order[:count]] = True
    return active.to(relevance.device)


def participation_ratio(relevance: Tensor) -> float:
    r"""Return the effective number of dimensions :math:`(\sum v)^2 / \sum v^2`, in [1, L]; 0 for a
    zero vector."""
    v = relevance.detach().to("cpu", torch.float64)
    squares = v.square().sum()
    return float(v.sum().square() / squares) if squares > 0 else 0.0


def relevance_gap(relevance: Tensor) -> tuple[float, int]:
    r"""Return the largest ratio of neighbouring sorted relevances (L,), in [1, 1000], and how many
    relevances lie above it.

    .. math:: \max_k \frac{w_{(k)}}{w_{(k+1)}}, \quad w = \max(v, 10^{-3} \max v)

    The first of several. Equal relevances, and fewer than two, have no gap: (1.0, L). The torch
    twin of ``metrics.dimension``'s.
    """
    v = relevance.detach().to("cpu", torch.float64)
    if not bool(torch.isfinite(v).all()) or bool((v < 0).any()):
        raise ValueError(f"relevances must be finite and non-negative, got {v.tolist()}")
    if len(v) < 2 or v.max() == 0:
        return 1.0, len(v)
    w = (v / v.max()).clamp_min(_NIL).sort(descending=True).values
    ratios = w[:-1] / w[1:]
    gap = float(ratios.max())
    return gap, int(ratios.argmax()) + 1 if gap > 1.0 else len(v)


def active_units(mean: Tensor, log_var: Tensor) -> int:
    r"""Return how many coordinates have posterior means (B, L) that vary more than their noise:
    :math:`\#\{l : V_l > S_l\}`.

    V is the variance of the means over the images, S the mean of the posterior variances; the torch
    twin of ``metrics.dimension``'s.
    """
    spread = mean.double().var(0, correction=0)
    return int((spread > log_var.double().exp().mean(0)).sum())


def above_mean(relevance: Tensor) -> Tensor:
    r"""Return which dimensions are strictly more relevant than the average, :math:`r_j > \frac1L
    \sum_k r_k`, a bool mask (L,).

    Both sides are measured from the smallest relevance, in float64, so that equal relevances give
    no dimension and no rounding decides. Otherwise the count lies in [1, L - 1]. Source: how "RENs:
    Relevance Encoding Networks" (https://arxiv.org/abs/2205.13061) reads RF-VAE.
    """
    r = relevance.detach().double()
    excess = r - r.min()
    return excess > excess.mean()


def above_half(relevance: Tensor) -> Tensor:
    """Return which dimensions have an indicator r in (0, 1) of more than one half, a bool mask
    (L,)."""
    return relevance.detach() > 0.5


def many_undecided(probability: Tensor) -> bool:
    """Return whether more than a tenth of ``probability`` (L,) lies between 0.1 and 0.9."""
    between = (probability > 0.1) & (probability < 0.9)
    return int(between.sum()) > 0.1 * len(probability)


def one_sided(relevance: Tensor) -> bool:
    """Return whether all indicators (L,) lie on one side of one half, so that none is told from the
    others."""
    half = above_half(relevance)
    return bool(half.all()) or not bool(half.any())


def is_degenerate(relevance: Tensor, tolerance: float = 1e-3) -> bool:
    """Return whether all relevances (L,) lie within ``tolerance`` of each other, so that a
    comparison among them counts noise."""
    r = relevance.detach().double()
    return bool(r.max() - r.min() < tolerance)

"""How many latent dimensions a model uses: its own verdict, and counts that are the same rule for
every method."""

from __future__ import annotations

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = [
    "ACTIVE_UNITS",
    "GAP",
    "GAP_AT",
    "LSTAR",
    "LSTAR_90",
    "LSTAR_99",
    "LSTAR_ERROR",
    "active_units",
    "relevance_gap",
    "smallest_share",
]

_NIL = 1e-3
"""Share of the largest relevance below which a relevance counts as that share: nil beside nil is no
gap."""

_STILL = 1e-8
"""Share of the largest variance of a deterministic code below which a coordinate counts as
constant."""

_ROUNDING = 1e-12
"""Share of a coordinate's mean square that rounding to float32 may leave as variance."""


def smallest_share(relevance: np.ndarray, share: float) -> int:
    """Return the fewest dimensions that hold ``share`` of the total relevance (L,); 0 for no
    relevance at all.

    The NumPy twin of ``nn.discovery.cumulative_rule``; a test keeps both equal.
    """
    v = np.sort(np.asarray(relevance, dtype=np.float64))[::-1]
    if not np.isfinite(v).all() or (v < 0).any():
        raise Absent("relevances are not finite and non-negative")
    if v.sum() == 0:
        return 0
    return int(np.argmax(np.cumsum(v / v.sum()) >= share - 1e-9)) + 1


def relevance_gap(relevance: np.ndarray) -> tuple[float, int]:
    r"""Return the largest ratio of neighbouring sorted relevances (L,), in [1, 1000], and how many
    relevances lie above it.

    .. math:: \max_k \frac{w_{(k)}}{w_{(k+1)}}, \quad w = \max(v, 10^{-3} \max v)

    The first of several. Equal relevances, and fewer than two, have no gap: (1.0, L). The NumPy
    twin of ``nn.discovery.relevance_gap``; a test keeps both equal.
    """
    v = np.asarray(relevance, dtype=np.float64)
    if not np.isfinite(v).all() or (v < 0).any():
        raise Absent("relevances are not finite and non-negative")
    if len(v) < 2 or v.max() == 0:
        return 1.0, len(v)
    w = np.sort(np.maximum(v / v.max(), _NIL))[::-1]
    ratios = w[:-1] / w[1:]
    gap = float(ratios.max())
    return gap, int(ratios.argmax()) + 1 if gap > 1.0 else len(v)


def active_units(
    mean_variance: np.ndarray, posterior_variance: np.ndarray, centre: np.ndarray | float = 0.0
) -> int:
    r"""Return the number of coordinates whose posterior mean tells more than its noise hides.

    .. math:: \#\{l : S_l / (S_l + V_l) < 1/2\}, \quad V_l = \mathrm{var}_n\, \mu_{nl}, \;
        S_l = \mathrm{mean}_n\, \sigma^2_{nl}

    Scale-free, so valid for any prior. A deterministic code has S = 0; there a coordinate counts
    unless it is constant: V below 1e-8 of the largest V, or below what rounding leaves of a mean
    ``centre`` (L,).
    """
    v, s = np.asarray(mean_variance), np.asarray(posterior_variance)
    moves = v > np.maximum(_STILL * v.max(initial=0.0), _ROUNDING * np.square(centre))
    return int(((v > s) & (moves | (s > 0))).sum())


def _lstar(evidence: Evidence) -> tuple[float, int]:
    return int(evidence.active.sum()), evidence.reference_count


def _share(evidence: Evidence, share: float) -> tuple[float, int]:
    return smallest_share(evidence.relevance, share), evidence.reference_count


def _lstar_error(evidence: Evidence) -> tuple[float, int]:
    if evidence.intrinsic_dim is None:
        raise Absent("the intrinsic dimension of the data is not known")
    return abs(int(evidence.active.sum()) - evidence.intrinsic_dim), evidence.reference_count


def _active_units(evidence: Evidence) -> tuple[float, int, str]:
    n = len(evidence.squared_error)
    if n < 2:
        raise Absent(f"the variance of a code needs two test images at least, there is {n}")
    variance, noise = evidence.code_moments
    remark = "" if noise.any() else _MOVING
    return active_units(variance, noise, evidence.code_centre), n, remark


_MOVING = "the code has no noise, so every coordinate that moves counts"


def _gap(evidence: Evidence) -> tuple[float, int]:
    return relevance_gap(evidence.relevance)[0], evidence.reference_count


def _gap_at(evidence: Evidence) -> tuple[float, int]:
    return relevance_gap(evidence.relevance)[1], evidence.reference_count


LSTAR = Metric(
    name="lstar",
    unit="dimensions",
    direction="none",
    tier="core",
    reference="the published rule of the method; see Discovery in `bench show METHOD`",
    compute=_lstar,
    protocol="the method's own rule on 4,096 test images at most",
)

LSTAR_90 = Metric(
    name="lstar-90",
    unit="dimensions",
    direction="none",
    tier="core",
    reference="the cumulative rule of RENs at 90 % instead of 95 %",
    compute=lambda evidence: _share(evidence, 0.90),
    protocol="fewest dimensions holding 90 % of the method's relevance",
)

LSTAR_99 = Metric(
    name="lstar-99",
    unit="dimensions",
    direction="none",
    tier="core",
    reference="the cumulative rule of RENs at 99 % instead of 95 %",
    compute=lambda evidence: _share(evidence, 0.99),
    protocol="fewest dimensions holding 99 % of the method's relevance",
)

LSTAR_ERROR = Metric(
    name="lstar-error",
    unit="dimensions",
    direction="min",
    tier="core",
    reference=(
        "the question of MaskAAE's experiment on data of known dimension "
        "(https://arxiv.org/abs/1912.04564)"
    ),
    compute=_lstar_error,
    protocol=(
        "|L* - n| of the method's own rule, where the intrinsic dimension n of the data is known"
    ),
)

GAP = Metric(
    name="gap",
    unit="ratio",
    direction="none",
    tier="core",
    reference="ours: a count of relevant dimensions says something where a gap ends them",
    compute=_gap,
    protocol=(
        "largest ratio of neighbouring sorted relevances, those below a thousandth of the largest "
        "taken for that"
    ),
)

GAP_AT = Metric(
    name="gap-at",
    unit="dimensions",
    direction="none",
    tier="core",
    reference="ours: see gap",
    compute=_gap_at,
    protocol="how many relevances lie above the gap; L where all are equal",
)

ACTIVE_UNITS = Metric(
    name="active-units",
    unit="dimensions",
    direction="none",
    tier="core",
    reference=(
        "after Burda, Grosse, Salakhutdinov, 2016 (https://arxiv.org/abs/1509.00519); "
        "the scale-free threshold is ours"
    ),
    compute=_active_units,
    protocol=(
        "test split, posterior variance below half of the total variance of the coordinate; "
        "of deterministic codes, every coordinate that moves"
    ),
)

"""Precision and recall of a distribution (PRD): how much of the samples lies where the data are,
and how much of the data is covered.

Source: Sajjadi, Bachem, Lucic, Bousquet, Gelly, "Assessing generative models via precision and
recall", 2018 (https://arxiv.org/abs/1806.00035), with the constants of the authors' code: 20
clusters, 1,001 angles, 10 clusterings, beta = 8.

The authors' code takes (evaluated, reference) and returns (F_8, F_1/8), and its own example passes
(real, generated), which swaps the two. Here both distributions are named in every call, and the two
numbers have names.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = [
    "ANGLES",
    "CLUSTERS",
    "RUNS",
    "Curve",
    "clustering_noise",
    "curve",
    "f_score",
    "histograms",
    "mean_curve",
    "prd_runs",
]

CLUSTERS = 20
"""Bins of the two histograms."""

ANGLES = 1001
"""Points of the curve."""

RUNS = 10
"""Clusterings whose curves are averaged."""

BETA = 8.0
"""Weight of recall over precision in F_8; its inverse in F_1/8."""

_EPSILON = 1e-10


@dataclass(frozen=True)
class Curve:
    """Points (1001,) of the trade-off: ``precision`` that the samples can have at a ``recall`` of
    the reference, both in 0..1."""

    precision: np.ndarray
    recall: np.ndarray

    @property
    def recall_like(self) -> float:
        """F_8, the largest on the curve."""
        return f_score(self, BETA)

    @property
    def precision_like(self) -> float:
        """F_1/8, the largest on the curve."""
        return f_score(self, 1.0 / BETA)


def curve(*, reference: np.ndarray, evaluated: np.ndarray) -> Curve:
    r"""Return the PRD curve of two histograms over the same W bins: P, the ``reference`` (W,), and
    Q, the ``evaluated`` (W,); each sums to 1.

    .. math:: \alpha(s) = \sum_w \min(s\, p_w, q_w), \quad \beta(s) = \sum_w \min(p_w, q_w / s),
        \quad s = \tan\theta

    for 1,001 angles equally spaced in [1e-10, pi / 2 - 1e-10]; alpha is the precision, beta the
    recall.
    """
    p, q = np.asarray(reference, dtype=np.float64), np.asarray(evaluated, dtype=np.float64)
    if p.ndim != 1 or p.shape != q.shape:
        raise ValueError(
            f"histograms have shapes {p.shape} and {q.shape}; expected two of the same bins, (W,) "
            "each"
        )
    for name, bins in (("reference", p), ("evaluated", q)):
        if not np.isfinite(bins).all() or (bins < 0).any() or abs(bins.sum() - 1.0) > 1e-6:
            raise ValueError(
                f"the {name} histogram sums to {bins.sum():g}; expected shares that sum to 1"
            )
    slopes = np.tan(np.linspace(_EPSILON, np.pi / 2 - _EPSILON, ANGLES))
    precision = np.minimum(slopes[:, None] * p, q).sum(1)
    return Curve(precision.clip(0.0, 1.0), (precision / slopes).clip(0.0, 1.0))


def f_score(points: Curve, beta: float) -> float:
    r"""Return the largest :math:`F_\beta = (1 + \beta^2)\, \alpha \beta / (\beta^2 \alpha + \beta)`
    on a curve; beta > 1 favours recall."""
    alpha, recall = points.precision, points.recall
    return float(((1.0 + beta**2) * alpha * recall / (beta**2 * alpha + recall + _EPSILON)).max())


def histograms(
    reference: np.ndarray, evaluated: np.ndarray, run: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of ``reference`` (n, d) and ``evaluated`` (m, d) in each of 20 clusters of
    their union, (20,) each.

    Mini-batch k-means of scikit-learn, seeded by ``run``. Rows are sorted by a digest of their
    bytes first, so the clusters depend neither on the order of the rows nor on which set is the
    reference.
    """
    from sklearn.cluster import MiniBatchKMeans

    union = np.concatenate((reference, evaluated))
    order = sorted(
        range(len(union)),
        key=lambda row: hashlib.blake2b(union[row].tobytes(), digest_size=16).digest(),
    )
    kinds = min(CLUSTERS, len(np.unique(union, axis=0)))
    with threadpool_limits(1), warnings.catch_warnings():
        # Fewer distinct rows than clusters is no fault of the caller.
        warnings.simplefilter("ignore")
        clustering = MiniBatchKMeans(kinds, n_init=10, random_state=run).fit(union[order])
        labels = clustering.predict(union)
    p, q = (
        np.bincount(labels[: len(reference)], minlength=CLUSTERS),
        np.bincount(labels[len(reference) :], minlength=CLUSTERS),
    )
    return p / len(reference), q / len(evaluated)


def prd_runs(*, reference: np.ndarray, evaluated: np.ndarray) -> list[Curve]:
    """Return the curves of two sets of vectors (n, d) by 10 clusterings."""
    return [
        curve(reference=p, evaluated=q)
        for p, q in (histograms(reference, evaluated, run) for run in range(RUNS))
    ]


def mean_curve(runs: Sequence[Curve]) -> Curve:
    """Return the mean of the curves of several clusterings, angle by angle."""
    return Curve(
        np.mean([points.precision for points in runs], axis=0),
        np.mean([points.recall for points in runs], axis=0),
    )


def clustering_noise(runs: Sequence[Curve], score: Callable[[Curve], float]) -> float:
    """Return the standard error of ``score`` over several clusterings: its spread over the root of
    their number."""
    return float(np.std([score(points) for points in runs], ddof=1)) / math.sqrt(len(runs))

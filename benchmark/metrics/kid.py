"""Kernel inception distance: an unbiased distance between two sets of features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Images
from benchmark.metrics.fid import feature_metric

__all__ = ["KID", "KID_CNN", "KID_CNN_FLOOR", "KID_FLOOR", "kernel_distance"]

BLOCK = 1000
"""Rows and columns of the kernel matrix held at a time: 8 MB."""


def _blocks(x: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(x), BLOCK):
        yield np.asarray(x[start : start + BLOCK], dtype=np.float64)


def _kernel_sum(x: np.ndarray, y: np.ndarray) -> float:
    """Sum of k(x_i, y_j) over all pairs, k(a, b) = (a.b / D + 1)^3."""
    dim = x.shape[1]
    return sum(
        float(((rows @ columns.T / dim + 1.0) ** 3).sum())
        for rows in _blocks(x)
        for columns in _blocks(y)
    )


def _off_diagonal_mean(x: np.ndarray) -> float:
    n, dim = x.shape
    diagonal = sum(float(((np.square(rows).sum(1) / dim + 1.0) ** 3).sum()) for rows in _blocks(x))
    return (_kernel_sum(x, x) - diagonal) / (n * (n - 1))


def kernel_distance(x: np.ndarray, y: np.ndarray) -> float:
    r"""Return the unbiased estimate of the squared maximum mean discrepancy of two sets of
    features, x (n, D) and y (m, D), n and m at least 2.

    .. math:: \frac{\sum_{i \ne j} k(x_i, x_j)}{n (n - 1)}
        + \frac{\sum_{i \ne j} k(y_i, y_j)}{m (m - 1)} - \frac{2 \sum_{i, j} k(x_i, y_j)}{n m},
        \quad k(a, b) = (a \cdot b / D + 1)^3

    In float64, over all pairs at once and not averaged over random subsets, so it has no noise of
    its own; a block of the kernel matrix is held at a time. It may be negative: where both sets
    come from one distribution its mean is 0.

    Source: Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", 2018,
    https://arxiv.org/abs/1801.01401.
    """
    return (
        _off_diagonal_mean(x) + _off_diagonal_mean(y) - 2.0 * _kernel_sum(x, y) / (len(x) * len(y))
    )


def _distance(evidence: Evidence, kind: str, of: Images) -> tuple[float, int, str]:
    evidence.extractor(kind)
    if evidence.feature_count < 2:
        raise Absent("the unbiased estimate needs two test images at least")
    found = evidence.features(kind, of)
    return kernel_distance(found, evidence.features(kind, "test")), len(found), ""


_SOURCE = (
    "Binkowski et al., 2018 (https://arxiv.org/abs/1801.01401); "
    "all pairs instead of averages over subsets"
)

KID = feature_metric("kid", "inception", "samples", "full", _SOURCE, _distance, unit="squared MMD")
KID_FLOOR = feature_metric(
    "kid-floor", "inception", "train", "full", _SOURCE, _distance, unit="squared MMD"
)
KID_CNN = feature_metric(
    "kid-cnn",
    "cnn",
    "samples",
    "full",
    f"{_SOURCE}; features as for fd-cnn",
    _distance,
    unit="squared MMD",
)
KID_CNN_FLOOR = feature_metric(
    "kid-cnn-floor",
    "cnn",
    "train",
    "full",
    f"{_SOURCE}; features as for fd-cnn",
    _distance,
    unit="squared MMD",
)

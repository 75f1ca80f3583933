"""Frechet distance between two sets of vectors, in float64 and without a matrix square root."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmark.metrics.base import Absent, Evidence, Metric

__all__ = ["FD_RAW", "FD_RAW_FLOOR", "frechet_distance", "moments"]

RAW_LIMIT = 64
"""Raw space is meaningful for vectors, toys and digits: data of up to so many numbers."""

SAMPLES = 10_000
"""Samples and reference vectors at most; fewer where the test split has fewer."""


def moments(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean (D,) and covariance (D, D, divisor n - 1) of the rows of ``vectors`` (n, D) in
    float64."""
    vectors = np.asarray(vectors, dtype=np.float64)
    mean = vectors.mean(0)
    centred = vectors - mean
    return mean, centred.T @ centred / (len(vectors) - 1)


def frechet_distance(
    mean_p: np.ndarray, cov_p: np.ndarray, mean_q: np.ndarray, cov_q: np.ndarray
) -> float:
    r"""Return the squared 2-Wasserstein distance of two Gaussians.

    .. math:: \|m_p - m_q\|^2 + \mathrm{tr}\, C_p + \mathrm{tr}\, C_q
        - 2\, \mathrm{tr} (C_p^{1/2} C_q C_p^{1/2})^{1/2}

    The last trace is the sum of square roots of the eigenvalues of a symmetric matrix (``eigh`` for
    C_p^{1/2}, ``eigvalsh`` for the product), so singular covariances are no special case. Means
    (D,), covariances (D, D), result in squared units, never negative.

    Source: Dowson and Landau, "The Frechet distance between multivariate normal distributions",
    1982.
    """
    # A tenth of a second, which tables that only ask for this metric's direction do without.
    from scipy import linalg

    values, vectors = linalg.eigh(cov_p)
    root = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    product = root @ cov_q @ root
    del vectors, root  # 34 MB each for 2048 features
    product += product.T.copy()
    cross = np.sqrt(linalg.eigvalsh(product / 2.0, overwrite_a=True).clip(min=0.0)).sum()
    distance = np.square(mean_p - mean_q).sum() + np.trace(cov_p) + np.trace(cov_q) - 2.0 * cross
    return max(float(distance), 0.0)


def _count(evidence: Evidence) -> int:
    return min(SAMPLES, len(evidence.test_vectors))


def _fd_raw(evidence: Evidence, vectors: Callable[[int], np.ndarray]) -> tuple[float, int]:
    if math.prod(evidence.shape) > RAW_LIMIT:
        raise Absent(
            f"raw space is used for data of up to {RAW_LIMIT} numbers, "
            f"this has {math.prod(evidence.shape)}"
        )
    n = _count(evidence)
    if n < 2:
        raise Absent("a covariance needs two test vectors at least")
    found = vectors(n)
    if not np.isfinite(found).all():
        raise Absent("samples are not finite")
    return frechet_distance(*moments(found), *moments(evidence.test_vectors[:n])), n


def _identify(evidence: Evidence) -> str:
    return f"[n={_count(evidence)},reference={_count(evidence)},split=test]"


FD_RAW = Metric(
    name="fd-raw",
    unit="squared data units",
    direction="min",
    tier="core",
    reference=(
        "Dowson and Landau, 1982; the distance inside FID (https://arxiv.org/abs/1706.08500), "
        "here on the data itself"
    ),
    compute=lambda evidence: _fd_raw(evidence, evidence.sample_vectors),
    protocol="samples of the method's prior against the test split, raw data space, float64",
    identify=_identify,
)

FD_RAW_FLOOR = Metric(
    name="fd-raw-floor",
    unit="squared data units",
    direction="none",
    tier="core",
    reference="as fd-raw",
    compute=lambda evidence: _fd_raw(evidence, evidence.train_vectors),
    protocol=(
        "as many training vectors, drawn once for all runs, against the test split: "
        "what a perfect generator would get; raw data space, float64"
    ),
    identify=_identify,
)

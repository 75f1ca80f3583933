"""Distances of two samples beyond their first two moments: sliced Wasserstein-2 and the maximum
mean discrepancy."""

from __future__ import annotations

import numpy as np

from benchmark.metrics.distances import blocks

__all__ = ["BANDWIDTHS", "PROJECTIONS", "median_distance", "mmd", "sliced_wasserstein"]

PROJECTIONS = 256
"""Fixed directions, the same for every method."""

BANDWIDTHS = (0.5, 1.0, 2.0)
"""Widths of the Gaussian kernels, in median distances."""

MEDIAN_ROWS = 2000
"""Reference vectors whose distances give the median, at most."""


def sliced_wasserstein(p: np.ndarray, q: np.ndarray, *, seed: int = 0) -> float:
    r"""Return the sliced 2-Wasserstein distance of two sets of as many vectors, ``p`` and ``q`` (n,
    d), in their unit.

    .. math:: \Bigl(\frac{1}{256} \sum_\theta \frac1n \sum_i (\theta^T p_{(i)}
        - \theta^T q_{(i)})^2\Bigr)^{1/2}

    over seeded directions theta on the unit sphere, projections sorted. A shift by v adds |v|^2 / d
    to the square, in the mean over theta.

    Source: Bonneel, Rabin, Peyre, Pfister, "Sliced and Radon Wasserstein barycenters of measures",
    2015.
    """
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    if p.ndim != 2 or p.shape != q.shape:
        raise ValueError(f"vectors have shapes {p.shape} and {q.shape}; expected (n, d) twice")
    directions = np.random.Generator(np.random.PCG64(seed)).normal(size=(PROJECTIONS, p.shape[1]))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    total = sum(
        float(np.square(np.sort(p @ theta) - np.sort(q @ theta)).mean()) for theta in directions
    )
    return float(np.sqrt(total / PROJECTIONS))


def median_distance(vectors: np.ndarray) -> float:
    """Return the median Euclidean distance between two different rows of ``vectors`` (n, d), the
    first 2,000 at most."""
    some = vectors[:MEDIAN_ROWS]
    squared = np.concatenate([distances for _, distances in blocks(some, some)])
    return float(np.median(np.sqrt(squared[np.triu_indices(len(some), 1)])))


def mmd(p: np.ndarray, q: np.ndarray, width: float) -> float:
    r"""Return the unbiased estimate of the squared maximum mean discrepancy of ``p`` (n, d) and
    ``q`` (m, d); it may be below zero.

    .. math:: \overline{k(p_i, p_j)}_{i \ne j} + \overline{k(q_i, q_j)}_{i \ne j}
        - 2\, \overline{k(p_i, q_j)}, \quad
        k(x, y) = \tfrac13 \sum_{b \in \{1/2, 1, 2\}} \exp(-\|x - y\|^2 / 2 (b w)^2)

    ``width`` w is a distance, the median among the reference vectors. Its mean is zero where both
    come from one distribution.

    Source: Gretton, Borgwardt, Rasch, Scholkopf, Smola, "A kernel two-sample test", 2012, lemma 6.
    """
    n, m = len(p), len(q)
    if min(n, m) < 2:
        raise ValueError(f"{n} and {m} vectors; expected two at least of each")
    within = (_kernel_sum(p, p, width) - n) / (n * (n - 1)) + (_kernel_sum(q, q, width) - m) / (
        m * (m - 1)
    )
    return within - 2.0 * _kernel_sum(p, q, width) / (n * m)


def _kernel_sum(a: np.ndarray, b: np.ndarray, width: float) -> float:
    """Sum of the kernel over all pairs. The widths are powers of two apart, so each kernel is the
    fourth power of the next wider one."""
    total = 0.0
    for _, distances in blocks(a, b):
        kernel = np.exp(distances / (-2.0 * (BANDWIDTHS[-1] * width) ** 2))
        for _ in BANDWIDTHS:
            total += float(kernel.sum())
            kernel = np.square(np.square(kernel))
    return total / len(BANDWIDTHS)

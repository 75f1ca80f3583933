"""Precision, recall and coverage by nearest neighbours: whether samples lie among the data, and the
data among the samples.

Sources: Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for
assessing generative models", 2019 (https://arxiv.org/abs/1904.06991), k = 3; Naeem, Oh, Uh, Choi,
Yoo, "Reliable fidelity and diversity metrics for generative models", 2020
(https://arxiv.org/abs/2002.09797), k = 5.
"""

from __future__ import annotations

import numpy as np

from benchmark.metrics.distances import blocks

__all__ = ["coverage", "inside", "radii"]


def radii(vectors: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance (n,) of each row of ``vectors`` (n, d) to its ``k``-th nearest
    neighbour, itself not counted."""
    if len(vectors) <= k:
        raise ValueError(
            f"{len(vectors)} vectors have no {k}-th neighbour; expected {k + 1} at least"
        )
    found = np.empty(len(vectors))
    for rows, distances in blocks(vectors, vectors):
        distances[
            np.arange(len(distances)), np.arange(rows.start, rows.stop)
        ] = -1.0  # itself comes first, whatever its twins
        found[rows] = np.partition(distances, k, axis=1)[:, k]
    return found


def inside(vectors: np.ndarray, support: np.ndarray, k: int = 3) -> float:
    r"""Return the share of ``vectors`` (n, d) that lie in the union of balls around the rows of
    ``support`` (m, d).

    .. math:: \frac1n \#\{i : \exists j\; \|x_i - y_j\| \le \mathrm{NND}_k(y_j)\}

    Precision where the vectors are samples and the support is the data; recall the other way round.
    """
    reach = radii(support, k)
    return sum(
        int((distances <= reach).any(1).sum()) for _, distances in blocks(vectors, support)
    ) / len(vectors)


def coverage(*, reference: np.ndarray, evaluated: np.ndarray, k: int = 5) -> float:
    """Return the share of ``reference`` rows (n, d) whose ball, as wide as the k-th nearest
    reference row, holds an ``evaluated`` row (m, d)."""
    reach = radii(reference, k)
    return sum(
        int((distances.min(1) <= reach[rows]).sum())
        for rows, distances in blocks(reference, evaluated)
    ) / len(reference)

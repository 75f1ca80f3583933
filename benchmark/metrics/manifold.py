r"""Precision, recall, density and coverage by nearest neighbours: whether samples lie among the
data, and the data among the samples.

Sources: Kynkaanniemi, Karras, Laine, Lehtinen, Aila, "Improved precision and recall metric for
assessing generative models", 2019 (https://arxiv.org/abs/1904.06991), k = 3; Naeem, Oh, Uh, Choi,
Yoo, "Reliable fidelity and diversity metrics for generative models", 2020
(https://arxiv.org/abs/2002.09797), k = 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.metrics.distances import blocks

__all__ = ["Neighbours", "neighbours", "radii"]


@dataclass(frozen=True)
class Neighbours:
    r"""Four numbers of n reference rows x and m evaluated rows y; B_k(x) is the ball around x that
    reaches to its k-th neighbour among its own kind.

    .. math::
        \mathrm{precision} &= \tfrac1m \#\{j : \exists i\; y_j \in B_3(x_i)\}, \quad
        \mathrm{recall} = \tfrac1n \#\{i : \exists j\; x_i \in B_3(y_j)\} \\
        \mathrm{density} &= \tfrac{1}{5m} \#\{(i, j) : y_j \in B_5(x_i)\}, \quad
        \mathrm{coverage} = \tfrac1n \#\{i : \exists j\; y_j \in B_5(x_i)\}

    Density has no upper limit; it is 1 in the mean where both are drawn from one distribution.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def radii(vectors: np.ndarray, *ks: int) -> np.ndarray:
    """Return the squared distances (len(ks), n) of each row of ``vectors`` (n, d) to its ``ks``-th
    nearest neighbours, itself not counted."""
    if len(vectors) <= max(ks):
        raise ValueError(
            f"{len(vectors)} vectors have no {max(ks)}-th neighbour; "
            f"expected {max(ks) + 1} at least"
        )
    distances_by_k = np.empty((len(ks), len(vectors)))
    for rows, distances in blocks(vectors, vectors):
        # itself comes first, whatever its twins
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = -1.0
        distances_by_k[:, rows] = np.partition(distances, ks, axis=1)[:, ks].T
    return distances_by_k


def neighbours(
    *, reference: np.ndarray, evaluated: np.ndarray, k: int = 3, k_coverage: int = 5
) -> Neighbours:
    """Return all four of ``reference`` (n, d) and ``evaluated`` (m, d), from one pass over each
    kind's distances and one over those between them. ``k`` is of precision and recall,
    ``k_coverage`` of density and coverage."""
    reach, wide = radii(reference, k, k_coverage)
    (sampled,) = radii(evaluated, k)
    recalled = np.zeros(len(reference), dtype=bool)
    covered = np.zeros(len(reference), dtype=bool)
    precise = pairs = 0
    for rows, distances in blocks(evaluated, reference):
        precise += int((distances <= reach).any(1).sum())
        recalled |= (distances <= sampled[rows, None]).any(0)
        near = distances <= wide
        covered |= near.any(0)
        pairs += int(near.sum())
    m = len(evaluated)
    return Neighbours(
        precise / m, float(recalled.mean()), pairs / (k_coverage * m), float(covered.mean())
    )

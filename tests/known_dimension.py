"""What tests of data of known dimension measure it by: the Jacobian of a map, and TwoNN."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.neighbors import NearestNeighbors


def jacobian(
    f: Callable[[np.ndarray], np.ndarray], z: np.ndarray, step: float = 1e-6
) -> np.ndarray:
    """Central differences of f at one code z (n,): (D, n)."""
    moved = np.vstack((np.eye(len(z)), -np.eye(len(z)))) * step + z
    ahead, behind = np.split(f(moved).reshape(2 * len(z), -1), 2)
    return (ahead - behind).T / (2 * step)


def two_nn(x: np.ndarray) -> float:
    """Facco et al. (2017), maximum likelihood: N / sum log(r2 / r1), without the tenth of the
    points with the largest ratio (censored)."""
    rows = x.reshape(len(x), -1)
    distance, _ = NearestNeighbors(n_neighbors=3).fit(rows).kneighbors(rows)
    log_mu = np.sort(np.log(distance[:, 2] / distance[:, 1]))
    kept = log_mu[: int(0.9 * len(log_mu))]
    return len(kept) / (kept.sum() + (len(log_mu) - len(kept)) * kept[-1])

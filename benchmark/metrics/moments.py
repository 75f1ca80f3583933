"""Mean and covariance of vectors that pass by in chunks, in float64."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["Moments"]

CHUNK = 500
"""Rows turned into float64 at a time."""


class Moments:
    r"""Count, mean (D,) and scatter (D, D) of the rows seen so far.

    Two sets are merged by the pairwise rule of Chan, Golub and LeVeque (1983), which subtracts no
    large numbers:

    .. math:: M = M_a + M_b + \frac{n_a n_b}{n_a + n_b}\, \delta \delta^\top,
        \quad \delta = m_b - m_a
    """

    def __init__(self, dim: int) -> None:
        self.n = 0
        self.mean = np.zeros(dim)
        self.scatter = np.zeros((dim, dim))

    @classmethod
    def of(cls, vectors: np.ndarray, chunk: int = CHUNK) -> Moments:
        """Return the moments of the rows of ``vectors`` (n, D) of any float type; no more than
        ``chunk`` rows are held in float64."""
        found = cls(vectors.shape[1])
        found.update(vectors[start : start + chunk] for start in range(0, len(vectors), chunk))
        return found

    def update(self, chunks: Iterable[np.ndarray]) -> None:
        """Add the rows of every chunk (B, D)."""
        for chunk in chunks:
            rows = np.asarray(chunk, dtype=np.float64)
            if len(rows):
                mean = rows.mean(0)
                centred = rows - mean
                self._add(len(rows), mean, centred.T @ centred)

    def merge(self, other: Moments) -> None:
        """Add the rows that ``other`` saw."""
        if other.n:
            self._add(other.n, other.mean, other.scatter)

    def _add(self, n: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total = self.n + n
        delta = mean - self.mean
        self.scatter += scatter + np.outer(delta, delta) * (self.n * n / total)
        self.mean = self.mean + delta * (n / total)
        self.n = total

    @property
    def covariance(self) -> np.ndarray:
        """Covariance (D, D), divisor n - 1; ``ValueError`` for fewer than two rows."""
        if self.n < 2:
            raise ValueError(f"a covariance needs two vectors at least, got {self.n}")
        return self.scatter / (self.n - 1)

"""Arithmetic for generated data, the same bits on every machine.

The digest of the data is part of every run's key, so a record made elsewhere is found only where
the data agree to the last bit. Matrix products and factorisations of BLAS and LAPACK do not: their
order of summation follows the processor. Here every sum has a fixed order (or is exactly rounded),
and only elementwise operations, which IEEE 754 fixes, do the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmark.spec import BenchError

__all__ = ["Noisy", "affine", "generator", "orthonormal", "standardise"]

BLOCK = 1024
"""Rows worked on at a time, so that they stay in the cache."""


@dataclass(frozen=True)
class Noisy:
    """Options of a dataset that can add Gaussian noise of standard deviation ``noise``, 0 or
    more."""

    noise: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise) and self.noise >= 0):
            raise BenchError(
                f"option 'noise' is {self.noise}; expected a finite number, 0 (no noise) or more"
            )


def generator(seed: int) -> np.random.Generator:
    """Return the random stream PCG64(seed)."""
    return np.random.Generator(np.random.PCG64(seed))


def orthonormal(matrix: np.ndarray) -> np.ndarray:
    """Return Q (m, k) of the factorisation ``matrix`` = Q R with positive diagonal of R, m >= k, by
    Gram-Schmidt.

    Each column is orthogonalised twice, which brings Q^T Q to the identity within rounding (Giraud,
    Langou, Rozloznik, 2005).
    """
    q = matrix.astype(np.float64)
    for j in range(q.shape[1]):
        for _ in range(2):
            for i in range(j):
                q[:, j] -= math.fsum(q[:, i] * q[:, j]) * q[:, i]
        q[:, j] /= math.sqrt(math.fsum(q[:, j] * q[:, j]))
    return q


def affine(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return ``x weight^T + bias`` for x (N, k), weight (m, k), bias (m,), summed over k from first
    to last."""
    out = np.empty((len(x), len(weight)))
    for start in range(0, len(x), BLOCK):
        columns = np.ascontiguousarray(x[start : start + BLOCK].T)
        total = np.zeros((len(weight), columns.shape[1]))
        for k, column in enumerate(columns):
            total += weight[:, k, None] * column
        out[start : start + BLOCK] = (total + bias[:, None]).T
    return out


def standardise(train: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return all arrays (N, D) less the mean of ``train``, divided by its standard deviation
    (divisor N), feature by feature."""
    mean = _row_sum(train) / len(train)
    centred = train - mean
    scale = np.sqrt(_row_sum(centred * centred) / len(train))
    return (centred / scale, *((part - mean) / scale for part in others))


def _row_sum(x: np.ndarray) -> np.ndarray:
    """Return the sum over the first axis; a C-contiguous array is added row by row, in order."""
    return np.add.reduce(np.ascontiguousarray(x), axis=0)

"""Squared distances between many vectors, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["blocks"]

ROWS = 500
"""Rows of a block: 500 x 10,000 distances take 40 MB."""

_ROUNDING = 1e-12
"""Vectors closer than this share of their squared lengths are one point: what is left of their
distance is rounding."""


def blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the squared Euclidean distances of the rows of ``a`` (n, d) to those of ``b`` (m, d),
    as (rows, (r, m)) in float64.

    By |a|^2 - 2 ab + |b|^2 about the mean of ``b``, where equal points are at distance zero
    exactly.
    """
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"vectors have shapes {a.shape} and {b.shape}; expected (n, d) and (m, d)")
    centre = b.mean(0)
    b = b - centre
    lengths = np.einsum("md,md->m", b, b)
    for start in range(0, len(a), ROWS):
        part = a[start : start + ROWS] - centre
        scale = np.einsum("rd,rd->r", part, part)[:, None] + lengths
        found = scale - 2.0 * (part @ b.T)
        found[found <= _ROUNDING * scale] = 0.0
        yield slice(start, start + len(part)), found

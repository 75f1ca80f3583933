"""Which values of curves to show where their first steps would flatten all the rest. NumPy only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["OUT_OF_VIEW", "later_range"]

START = 0.1
"""The share of a run whose values may leave the view."""

OUT_OF_VIEW = "first steps out of view"
"""What a drawing says where they did."""


def later_range(
    curves: Iterable[tuple[np.ndarray, np.ndarray]],
) -> tuple[float, float] | None:
    """Return the smallest and the largest value of ``curves``, steps (T,) and values (T, ...),
    after the first tenth of their steps, where they span less than a quarter of what all values
    span; None where the first steps need not leave the view."""
    every, later = [np.empty(0)], [np.empty(0)]
    for steps, values in curves:
        if len(steps):
            every.append(values[np.isfinite(values)])
            end = values[steps > START * steps[-1]]
            later.append(end[np.isfinite(end)])
    rest = np.concatenate(later)
    if not len(rest) or not 0 < np.ptp(rest) < np.ptp(np.concatenate(every)) / 4:
        return None
    return float(rest.min()), float(rest.max())

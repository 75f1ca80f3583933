"""Which values of curves are shown where their first steps would flatten all the rest."""

from __future__ import annotations

import numpy as np

from benchmark.reporting.figures.window import later_range

STEPS = np.arange(100)


def falling(start: float) -> np.ndarray:
    """From ``start`` to 1 within ten steps, then to 0."""
    return np.where(STEPS < 10, start, 1.0 - (STEPS - 10.0) / 89.0)


def test_steep_first_steps_leave_the_view_and_gentle_ones_stay() -> None:
    assert later_range([(STEPS, falling(100.0))]) == (0.0, falling(100.0)[10])
    assert later_range([(STEPS, falling(2.0))]) is None


def test_values_that_never_move_later_stay_in_view() -> None:
    assert later_range([(STEPS, np.where(STEPS < 10, 9.0, 1.0))]) is None
    assert later_range([]) is None
    assert later_range([(STEPS[:0], np.empty(0)), (STEPS, np.full(100, np.nan))]) is None


def test_what_is_not_finite_counts_nowhere_and_columns_count_together() -> None:
    values = falling(100.0)
    values[[3, 50]] = np.inf, np.nan
    two = np.stack([values, values - 1.0], axis=1)
    later = later_range([(STEPS, two)])
    assert later is not None and later[0] == -1.0
    assert later == later_range([(STEPS, values), (STEPS, values - 1.0)])

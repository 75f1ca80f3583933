r"""Whether a metric got worse between two sets of seeds: one-sided tests, and the smallest effect
that they detect.

Values are oriented so that more is worse. The seeds of both sides are independent draws: a change
of code that draws one number more makes pairs of one seed independent as well, so nothing is gained
that can be relied on by pairing them. With ``n`` old and ``k`` new seeds the *permutation test*
counts the divisions of all values into groups of ``n`` and ``k`` whose difference of means is at
least the one seen,

.. math:: p = \#\{\bar x_{new}^\pi - \bar x_{old}^\pi \ge \bar x_{new} - \bar x_{old}\} \,/\, \binom{n + k}{n}

which is exact whatever the distribution of seeds, but never below :math:`1 / \binom{n + k}{n}`
(1/252 for five against five). Where that is above the level asked for, the permutation test could
never reject, and *Welch's t test* stands in, which takes seeds to be normal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

__all__ = ["MOST_DIVISIONS", "Test", "choose", "detectable", "p_worse", "power"]

Test = Literal["permutation", "welch"]

MOST_DIVISIONS = 20_000
"""Divisions up to which every one is gone through; with more seeds (9 against 9) Welch's test is
used."""

_FEWEST = 3
"""Seeds below which a spread is no spread."""

_SIMULATIONS = 4000


def choose(old: int, new: int, level: float) -> Test | None:
    """Return the test for ``old`` against ``new`` seeds that can reject at ``level``; None where
    there are too few for any.

    >>> choose(5, 5, 0.05 / 12), choose(5, 5, 0.05 / 13), choose(2, 5, 0.05)
    ('permutation', 'welch', None)
    """
    if min(old, new) < _FEWEST:
        return None
    return "permutation" if 1.0 / level <= math.comb(old + new, old) <= MOST_DIVISIONS else "welch"


def p_worse(old: Sequence[float], new: Sequence[float], test: Test) -> float:
    """Return the one-sided p value of "the mean of ``new`` is not above that of ``old``"."""
    both = np.concatenate([np.asarray(old, float), np.asarray(new, float)])
    if test == "permutation":
        return float(_permutation(both[None], len(old))[0])
    return float(_welch(both[None], len(old))[0])


def _permutation(values: np.ndarray, old: int) -> np.ndarray:
    """p values (R,) of the rows of ``values`` (R, n + k), the first n of each the old ones. Ties
    within rounding count as at least as large."""
    new_sums = values @ _divisions(old, values.shape[1] - old).T
    seen = values[:, old:].sum(1, keepdims=True)
    slack = 1e-9 * np.ptp(values, axis=1, keepdims=True)
    return (new_sums >= seen - slack).mean(1)


@cache
def _divisions(old: int, new: int) -> np.ndarray:
    """Every choice of the ``new`` members among all, as rows of zeros and ones, float64 (C, old +
    new)."""
    rows = np.zeros((math.comb(old + new, new), old + new))
    for row, members in zip(rows, combinations(range(old + new), new), strict=True):
        row[list(members)] = 1.0
    return rows


def _welch(values: np.ndarray, old: int) -> np.ndarray:
    """p values (R,) of Welch's test; where no seed differs from another of its side, 0 or 1."""
    first, second = values[:, :old], values[:, old:]
    found = np.where(second.mean(1) > first.mean(1), 0.0, 1.0)
    spread = (np.ptp(first, axis=1) > 0) | (np.ptp(second, axis=1) > 0)
    if spread.any():
        found[spread] = stats.ttest_ind(
            second[spread], first[spread], axis=1, equal_var=False, alternative="greater"
        ).pvalue
    return found


@cache
def _noise(old: int, new: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((_SIMULATIONS, old + new))


@cache
def power(shift: float, old: int, new: int, level: float, test: Test) -> float:
    """Return how often ``test`` finds normal seeds worse at ``level`` when their mean moved by
    ``shift`` standard deviations (4,000 simulations)."""
    values = _noise(old, new).copy()
    values[:, old:] += shift
    return float(((_permutation if test == "permutation" else _welch)(values, old) <= level).mean())


@cache
def detectable(old: int, new: int, level: float, test: Test, wanted: float = 0.8) -> float:
    """Return the smallest shift, in standard deviations, that is found at ``level`` with power
    ``wanted``, by bisection."""
    low, high = 0.0, 1.0
    while power(high, old, new, level, test) < wanted:
        low, high = high, 2.0 * high
        if high > 1e4:
            return math.inf
    while high - low > 0.005:
        middle = 0.5 * (low + high)
        low, high = (
            (middle, high) if power(middle, old, new, level, test) < wanted else (low, middle)
        )
    return high

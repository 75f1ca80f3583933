r"""Whether a metric got worse between two runs of the same seeds: one-sided tests, the smallest p
they can give, and the smallest worsening that they find.

Values are oriented so that more is worse. Which test is used is decided by the values:

- *paired* for continuous metrics: the t test of the differences :math:`d_i` of equal seeds, which
  a seed's initial weights and batches share,

  .. math:: t = \frac{\bar d}{s_d / \sqrt n}, \quad p = P(T_{n-1} \ge t),

  beside the permutation test below, which sees seeds that get worse by very different amounts:
  twice the smaller p of the two counts (to eight seeds; beyond, the t test alone). Where a change
  of code makes pairs independent, the level holds as before. :math:`s_d` is taken to be at least
  :data:`NEGLIGIBLE` of the values, so that equal differences are not p = 0. Where the sides are
  apart by more than either's range, seeds of two modes (a run collapses or it does not) are as
  likely an explanation, with a chance of up to :math:`\max_q (q(1-q))^n = 4^{-n}`: p is not below
  that.
- *permutation* for counts, and where a side has no spread: the share of the divisions of all
  values into two groups of n whose difference of means is at least the one seen. It holds
  whatever the distribution of seeds, and is never below :math:`1 / \binom{2n}{n}` (1/252 for five
  seeds).
- *welch* in place of the permutation test where the divisions are too many to go through, floored
  at the same smallest p.

A seed that diverged has no value. Where q is the chance of that, "none of n before and at least d
of n now" has the probability :math:`(1 - q)^n P(B_{n,q} \ge d)`; its largest over q is the p value
(an unconditional exact test, as Barnard's, Nature 1945): 1/4 for one of five, 4^-n for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

__all__ = [
    "FEWEST",
    "NEGLIGIBLE",
    "Test",
    "choose",
    "detectable",
    "p_diverged",
    "p_values",
    "p_worse",
    "seeds_for",
    "smallest_p",
]

Test = Literal["paired", "permutation", "welch"]

NEGLIGIBLE = 1e-5
"""Relative change below which values moved by rounding: sums of float32 in another order, or on
another processor."""

FEWEST = 3
"""Seeds below which a spread is no spread."""

_MOST_DIVISIONS = 20_000
"""Divisions up to which every one is gone through: eight seeds against eight."""

_SIMULATIONS = 20_000

_ROWS = 500
"""Rows of simulated seeds whose divisions are summed at once."""


def choose(old: Sequence[float], new: Sequence[float] = ()) -> Test:
    """Return the test for values ``old`` against ``new`` (n,), or the one that ``old`` alone asks
    for.

    >>> choose([0.1, 0.2, 0.3]), choose([8, 9, 8]), choose([0.1, 0.2, 0.3], [0.5, 0.5, 0.5])
    ('paired', 'permutation', 'permutation')
    """
    sides = [side for side in (old, new) if len(side)]
    counts = all(float(value).is_integer() for side in sides for value in side)
    if not counts and all(map(_has_spread, sides)):
        return "paired"
    return "permutation" if math.comb(2 * len(old), len(old)) <= _MOST_DIVISIONS else "welch"


def _has_spread(values: Sequence[float]) -> bool:
    return max(values) - min(values) > NEGLIGIBLE * max(map(abs, values))


def smallest_p(seeds: int, test: Test) -> float:
    """Return the smallest p that ``test`` gives ``seeds`` values that lie far from as many others.

    >>> smallest_p(3, "permutation"), smallest_p(3, "paired")
    (0.05, 0.015625)
    """
    return 4.0**-seeds if test == "paired" else 1.0 / math.comb(2 * seeds, seeds)


def seeds_for(level: float, test: Test) -> int:
    """Return how many seeds ``test`` needs to reject at ``level``, however large the difference.

    >>> seeds_for(0.05, "permutation"), seeds_for(0.05 / 24, "permutation")
    (3, 6)
    >>> seeds_for(0.05 / 24, "paired")
    5
    """
    seeds = FEWEST
    while smallest_p(seeds, test) > level:
        seeds += 1
    return seeds


def p_worse(old: Sequence[float], new: Sequence[float], test: Test) -> float:
    """Return the one-sided p value of "``new`` (n,) is not above ``old`` (n,)", of equal seeds in
    equal places."""
    return float(p_values(np.asarray(old, float)[None], np.asarray(new, float)[None], test)[0])


def p_values(old: np.ndarray, new: np.ndarray, test: Test) -> np.ndarray:
    """Return the one-sided p values (R,) of the rows of ``new`` (R, n) against those of ``old``
    (R, n)."""
    return {"paired": _paired, "permutation": _permutation, "welch": _welch}[test](old, new)


def _paired(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    gaps, n = new - old, old.shape[1]
    rounding = NEGLIGIBLE * np.maximum(np.abs(old), np.abs(new)).max(1)
    spread = np.maximum(gaps.std(1, ddof=1), np.maximum(rounding, np.finfo(float).tiny))
    p = stats.t.sf(gaps.mean(1) * math.sqrt(n) / spread, n - 1)
    if math.comb(2 * n, n) <= _MOST_DIVISIONS:
        p = np.minimum(2.0 * np.minimum(p, _permutation(old, new)), 1.0)
    apart = new.min(1) - old.max(1) > np.maximum(np.ptp(old, axis=1), np.ptp(new, axis=1))
    return np.where(apart, np.maximum(p, smallest_p(n, "paired")), p)


def _permutation(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Ties within rounding count as at least as large."""
    values = np.hstack([old, new])
    slack = 1e-9 * np.ptp(values, axis=1, keepdims=True)
    least, divisions = new.sum(1, keepdims=True) - slack, _divisions(old.shape[1])
    parts = [
        (values[rows] @ divisions >= least[rows]).mean(1)
        for rows in (slice(start, start + _ROWS) for start in range(0, len(values), _ROWS))
    ]
    return np.concatenate(parts)


@cache
def _divisions(n: int) -> np.ndarray:
    """Every choice of n members among 2n, as columns of zeros and ones, float64 (2n, C)."""
    columns = np.zeros((2 * n, math.comb(2 * n, n)))
    for index, members in enumerate(combinations(range(2 * n), n)):
        columns[list(members), index] = 1.0
    return columns


def _welch(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    floor = smallest_p(old.shape[1], "welch")
    p = np.where(new.mean(1) > old.mean(1), floor, 1.0)
    spread = (np.ptp(old, axis=1) > 0) | (np.ptp(new, axis=1) > 0)
    if spread.any():
        p[spread] = stats.ttest_ind(
            new[spread], old[spread], axis=1, equal_var=False, alternative="greater"
        ).pvalue
    return np.maximum(p, floor)


@cache
def p_diverged(diverged: int, seeds: int) -> float:
    """Return the p value of ``diverged`` of ``seeds`` runs that diverged where none of as many did
    before; 1 for none.

    >>> round(p_diverged(1, 5), 6), p_diverged(5, 5) == 4.0**-5
    (0.25, True)
    """
    if diverged == 0:
        return 1.0
    chance = np.linspace(0.0, 1.0, 20_001)
    joint = (1.0 - chance) ** seeds * stats.binom.sf(diverged - 1, seeds, chance)
    return float(joint.max())


@cache
def detectable(seeds: int, level: float, test: Test, power: float) -> float:
    """Return the shift, in standard deviations as ``seeds`` values estimate them, that ``test``
    finds at ``level`` with ``power``; infinity where it can find none.

    Seeds are normal, and independent of those of the same number before (pairs that move together
    show less). The spread of each simulated baseline is estimated from its seeds, as that of a real
    one is: 20,000 simulations, 2,000 where a permutation test goes through thousands of divisions.
    """
    if smallest_p(seeds, test) > level:
        return math.inf
    count = _SIMULATIONS if math.comb(2 * seeds, seeds) < 1000 else _SIMULATIONS // 10
    old, new = np.random.default_rng(0).standard_normal((2, count, seeds))
    spread = old.std(1, ddof=1, keepdims=True)
    low, high = 0.0, 1.0
    while _power(old, new + high * spread, test, level) < power:
        low, high = high, 2.0 * high
    while high - low > 0.005 * high:
        middle = 0.5 * (low + high)
        if _power(old, new + middle * spread, test, level) < power:
            low = middle
        else:
            high = middle
    return high


def _power(old: np.ndarray, new: np.ndarray, test: Test, level: float) -> float:
    return float((p_values(old, new, test) <= level).mean())

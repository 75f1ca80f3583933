r"""Whether two methods differ, judged from a few seeds: t intervals of the difference, permutation
tests, Holm's correction.

The seed is the only replicate. Seeds that both methods ran are paired, since a seed fixes the order
of the data and the noise of both:

.. math:: \bar d \pm t_{0.975,\, n-1} \frac{s_d}{\sqrt n}

elsewhere Welch's test is used. Beside it stands an exact permutation test, which assumes no normal
distribution but has few values to take: with three seeds against three its p is never below 0.1,
whatever they are. Sources: Welch, Biometrika 1947; Holm, Scand. J. Statist. 1979.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
from scipy.special import stdtr, stdtrit

from benchmark.reporting.statistics.estimate import Direction, Estimate, estimate

__all__ = ["ALPHA", "Comparison", "best_of_pairs", "compare", "holm", "smallest_p"]

ALPHA = 0.05

_EXACT = 14
"""Pairs, or values of both sides together, up to which every relabelling is gone through."""

_ROUNDING = 1e-12
"""Relative spread below which values are taken for equal."""

Values = Mapping[int, float]
"""Seed -> value."""


@dataclass(frozen=True)
class Comparison:
    """``difference`` is the mean of ``first`` minus that of ``second`` with its 95 % interval;
    ``paired`` says whether values belong in pairs.

    ``p`` is two-sided, of the t test; None where one side has one seed.
    """

    first: tuple[float, ...]
    second: tuple[float, ...]
    paired: bool
    difference: Estimate
    p: float | None

    @property
    def n(self) -> tuple[int, int]:
        """The seeds of both sides."""
        return len(self.first), len(self.second)

    @cached_property
    def p_permutation(self) -> float | None:
        """The two-sided p of the exact permutation test; None where p is None, or where the
        relabellings are too many to go through."""
        if self.p is None or (self.n[0] if self.paired else sum(self.n)) > _EXACT:
            return None
        from scipy import stats  # half a second, which tables without such a test do without

        if self.paired:
            gaps = np.subtract(self.first, self.second)
            return float(
                stats.permutation_test(
                    (gaps,),
                    np.mean,
                    permutation_type="samples",
                    vectorized=True,
                    n_resamples=np.inf,
                ).pvalue
            )
        return float(
            stats.permutation_test(
                (self.first, self.second), _gap, vectorized=True, n_resamples=np.inf
            ).pvalue
        )

    def p_beyond(self, margin: float) -> float | None:
        """Return the p of the t test that the difference is ``margin``, two-sided; None where p is
        None."""
        if self.p is None or not margin:
            return self.p
        shifted = tuple(value - margin for value in self.first)
        return _comparison(shifted, self.second, paired=self.paired).p

    @property
    def test(self) -> str:
        """The name of the test that ``p`` is of."""
        if self.p is None:
            return "no test"
        if self.difference.half_width == 0.0:
            kind = "sign" if self.paired else "permutation"
            return f"{kind} test (no spread)"
        return "paired t test" if self.paired else "Welch's t test"

    @property
    def means(self) -> str:
        """The means of the seeds that were compared, and how many they are."""
        counts = f"{self.n[0]} pairs" if self.paired else f"{self.n[0]} and {self.n[1]} seeds"
        return f"{_mean(self.first):.4g} against {_mean(self.second):.4g}, means of {counts}"

    def means_beside(self, name: str) -> str:
        """The mean of the seeds beside a number that is called ``name``."""
        number = f"{_mean(self.second):.4g}"
        called = "" if name == number else f" ({name})"
        return f"{_mean(self.first):.4g}, mean of {self.n[0]} seeds, against {number}{called}"

    @property
    def smallest(self) -> float:
        """The smallest p the permutation test could give for these numbers of seeds."""
        return smallest_p(*self.n, paired=self.paired)

    @property
    def limit(self) -> str:
        """What these seeds could never show, in one sentence; empty where they could."""
        if self.p is None:
            return "one seed has no spread, so no test can tell a difference from chance"
        if self.smallest > ALPHA:
            sides = (
                f"{self.n[0]} pairs" if self.paired else f"{self.n[0]} against {self.n[1]} seeds"
            )
            return f"a permutation test of {sides} can never give p below {self.smallest:.3g}"
        return ""


@cache
def smallest_p(first: int, second: int, *, paired: bool) -> float:
    """Return the smallest two-sided p of an exact permutation test: twice the share of the single
    most extreme relabelling.

    >>> smallest_p(3, 3, paired=False), smallest_p(5, 5, paired=True), smallest_p(1, 1, paired=True)
    (0.1, 0.0625, 1.0)
    """
    return min(2.0 / (2**first if paired else math.comb(first + second, first)), 1.0)


def compare(first: Values, second: Values, *, exact: bool = False) -> Comparison:
    """Return how ``first`` differs from ``second`` (seed -> value each, at least one): paired over
    common seeds where there are two or more. Where no seed differs from another, p is the smallest
    that so many seeds can give: equal values are no proof of anything.

    ``exact``: neither is random, so that one value is enough to know the difference.
    """
    if exact:
        gap = next(iter(first.values())) - next(iter(second.values()))
        return Comparison(
            tuple(first.values()),
            tuple(second.values()),
            True,
            Estimate(gap, 0.0, 1),
            0.0 if gap else 1.0,
        )
    common = sorted(set(first) & set(second))
    if len(common) >= 2:
        return _comparison(
            [first[seed] for seed in common], [second[seed] for seed in common], paired=True
        )
    return _comparison(list(first.values()), list(second.values()), paired=False)


def _comparison(first: Sequence[float], second: Sequence[float], *, paired: bool) -> Comparison:
    gap = _mean(first) - _mean(second)
    comparison = partial(Comparison, tuple(first), tuple(second), paired)
    n = min(len(first), len(second))
    if n == 1:
        return comparison(Estimate(gap, None, 1), None)
    spread = np.ptp(first) + np.ptp(second)
    if paired:
        gaps = [one - other for one, other in zip(first, second, strict=True)]
        spread = max(gaps) - min(gaps)
    if spread <= _ROUNDING * max(map(abs, (*first, *second))):
        least = smallest_p(len(first), len(second), paired=paired)
        return comparison(Estimate(gap, 0.0, n), least if gap else 1.0)
    if paired:
        return comparison(*_paired_test(gaps))
    return comparison(*_welch_test(first, second))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _paired_test(gaps: Sequence[float]) -> tuple[Estimate, float]:
    """Return the mean of ``gaps`` (n,) with its t interval, and the two-sided p of the t test that
    it is 0.

    This is scipy's ``ttest_rel``, which takes twenty times as long over its arguments: a large
    table asks thousands of times.
    """
    n, mean = len(gaps), _mean(gaps)
    error = math.sqrt(math.fsum((gap - mean) ** 2 for gap in gaps) / (n - 1) / n)
    interval = estimate(gaps)
    return interval, float(2.0 * stdtr(n - 1, -abs(interval.mean) / error))


def _welch_test(first: Sequence[float], second: Sequence[float]) -> tuple[Estimate, float]:
    """Return the difference of the means of ``first`` (n,) and ``second`` (k,) with its t interval,
    and the two-sided p of Welch's test that it is 0.

    This is scipy's ``ttest_ind`` with unequal variances, likewise.
    """
    squares = [
        math.fsum((value - _mean(side)) ** 2 for value in side) / (len(side) - 1) / len(side)
        for side in (first, second)
    ]
    degrees = sum(squares) ** 2 / sum(
        square**2 / (len(side) - 1) for square, side in zip(squares, (first, second), strict=True)
    )
    gap, error = _mean(first) - _mean(second), math.sqrt(sum(squares))
    half_width = float(stdtrit(degrees, 0.975)) * error
    interval = Estimate(gap, half_width, min(len(first), len(second)))
    return interval, float(2.0 * stdtr(degrees, -abs(gap) / error))


def _gap(first: np.ndarray, second: np.ndarray, axis: int = 0) -> np.ndarray:
    return np.asarray(np.mean(first, axis=axis) - np.mean(second, axis=axis))


def holm(values: Sequence[float]) -> list[float]:
    """Return p values corrected for being the best of several: ordered from the smallest, the k-th
    of m is multiplied with m - k + 1.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    corrected = [0.0] * len(values)
    highest = 0.0
    for smaller, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - smaller) * values[index]))
        corrected[index] = highest
    return corrected


def best_of_pairs(
    values: Sequence[Values], direction: Direction, *, counts: bool = False
) -> int | None:
    """Return the index of the values that are better than each of the others in paired t tests,
    Holm-corrected; None where none are.

    A paired test sees differences that the spread between seeds hides from intervals; it needs two
    common seeds at least. ``counts``: by the permutation test, which needs six.
    """
    if direction == "none" or len(values) < 2 or not all(values):
        return None
    sign = 1.0 if direction == "min" else -1.0
    means = [sign * _mean(list(by_seed.values())) for by_seed in values]
    best = means.index(min(means))
    p_values: list[float] = []
    for other in (*values[:best], *values[best + 1 :]):
        pair = compare(values[best], other)
        p = pair.p_permutation if counts else pair.p
        if not pair.paired or p is None or p >= ALPHA or sign * pair.difference.mean >= 0.0:
            return None  # a correction only raises p
        p_values.append(p)
    return best if max(holm(p_values)) < ALPHA else None

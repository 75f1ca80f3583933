r"""What a few seeds tell: mean, 95 % t interval, how many digits it supports, and whether a best
value is one. Of counts, the smallest and the largest.

.. math:: \bar v \pm t_{0.975,\, n-1} \frac{s}{\sqrt n}, \quad
          s^2 = \frac{1}{n-1} \sum (v_i - \bar v)^2

Source: Student, "The probable error of a mean", 1908. Seeds are taken as independent draws from a
normal distribution. Counts of dimensions are none: where seeds agree the interval has no width, and
at three seeds it may hold the mean in a quarter of cases (docs/statistics.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from scipy.special import stdtrit

__all__ = ["Direction", "Estimate", "Written", "clearly_best", "estimate", "written"]

Direction = Literal["min", "max", "none"]

_LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """The mean of ``n`` seeds and the half width of its interval (None for one seed, and for
    counts). ``whole``: every seed gave the same integer. ``extremes``: of counts, the smallest and
    the largest."""

    mean: float
    half_width: float | None
    n: int
    whole: bool = False
    extremes: tuple[float, float] | None = None

    @property
    def low(self) -> float:
        """Lower end of the interval; minus infinity where there is none."""
        return -math.inf if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval; infinity where there is none."""
        return math.inf if self.half_width is None else self.mean + self.half_width

    @property
    def reach(self) -> tuple[float, float]:
        """How far an error bar reaches below and above the mean: the interval, of counts to their
        extremes; NaN where there is nothing to draw."""
        if self.extremes is not None and self.extremes[0] < self.extremes[1]:
            return self.mean - self.extremes[0], self.extremes[1] - self.mean
        return (self.half_width or math.nan,) * 2


@dataclass(frozen=True)
class Written:
    """A number as it is printed: ``(value ± half_width) × 10^exponent``, no interval where
    ``half_width`` is None."""

    value: str
    half_width: str | None = None
    exponent: int = 0


@cache
def _quantile(degrees: int) -> float:
    return float(stdtrit(degrees, 0.5 + _LEVEL / 2.0))


def estimate(values: Sequence[float], *, counts: bool = False) -> Estimate:
    """Return mean and interval of ``values`` (n,), n >= 1, all finite; equal values have an
    interval of exactly 0, ``counts`` have their extremes instead.

    >>> estimate([1.0, 2.0, 3.0]).half_width.__round__(4)
    2.4841
    >>> estimate([8, 8, 9], counts=True).extremes
    (8, 9)
    """
    n = len(values)
    if n == 0 or not all(map(math.isfinite, values)):
        raise ValueError(f"expected finite values, got {list(values)}")
    if counts:
        extremes = min(values), max(values)
        whole = extremes[0] == extremes[1] and float(extremes[0]).is_integer()
        return Estimate(math.fsum(values) / n, None, n, whole, extremes)
    if min(values) == max(values):
        return Estimate(
            float(values[0]), 0.0 if n > 1 else None, n, whole=float(values[0]).is_integer()
        )
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    return Estimate(mean, _quantile(n - 1) * math.sqrt(variance / n), n)


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else 0


def _fixed(value: float, decimals: int) -> str:
    rounded = round(value, decimals) + 0.0
    return f"{rounded:.{max(decimals, 0)}f}"


def written(seeds: Estimate) -> Written:
    """Return an estimate over ``seeds`` with the digits it supports.

    The half width has one significant digit, two where it begins with 1 to 3.5, and the mean ends
    at the same digit. Without an interval (or one of width 0) the mean has four significant digits.
    Counts that differ are written from the smallest to the largest.
    Powers of ten are split off below 1e-4 and from 1e6 on.

    >>> written(Estimate(0.0123456, 0.0012, 3)), written(Estimate(8.0, 0.0, 3, whole=True)).value
    (Written(value='0.0123', half_width='0.0012', exponent=0), '8')
    """
    if seeds.whole and abs(seeds.mean) < 1e6:
        return Written(str(int(seeds.mean)))
    if seeds.extremes is not None and seeds.extremes[0] < seeds.extremes[1]:
        return Written("–".join(f"{end:g}" for end in seeds.extremes))
    half = seeds.half_width or 0.0
    size = (
        max(_magnitude(seeds.mean), _magnitude(half))
        if half and seeds.mean
        else _magnitude(seeds.mean or half)
    )
    exponent = 0 if -4 <= size < 6 else size
    mean, half = seeds.mean / 10.0**exponent, half / 10.0**exponent
    if not half:
        return Written(_fixed(mean, max(3 - _magnitude(mean), 0)), None, exponent)
    digit = _magnitude(half)
    leading = half / 10.0**digit
    decimals = (1 if leading < 3.55 else 0) - digit
    return Written(_fixed(mean, decimals), _fixed(half, decimals), exponent)


def clearly_best(estimates: Sequence[Estimate], direction: Direction) -> int | None:
    """Return the index of the estimate whose interval lies wholly on the better side of every other
    one, None where none does.

    One seed has no interval, so nothing is best beside it. Separate 95 % intervals are a stricter
    test than p < 0.05.
    """
    if direction == "none" or len(estimates) < 2:
        return None
    signs = [
        (-interval.high, -interval.low) if direction == "min" else (interval.low, interval.high)
        for interval in estimates
    ]
    best = max(range(len(signs)), key=lambda index: signs[index][0])
    worst = signs[best][0]
    others = [high for index, (_, high) in enumerate(signs) if index != best]
    return best if all(worst > high for high in others) else None

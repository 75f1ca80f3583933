r"""Whether two lists put the same things in the same order: Kendall's tau, and how far seeds leave
it open.

.. math:: \tau = \frac{S}{\sqrt{n_1 n_2}}, \quad
          S = \sum_{i<j} \operatorname{sign}(x_i - x_j) \operatorname{sign}(y_i - y_j)

over pairs of things, :math:`n_1` and :math:`n_2` the pairs that differ on either side (tau-b).
One side is a mean over seeds, the other one number each, as papers print. The sign of a pair of
means is decided where a t test over seeds is below 5 % after Holm's correction over all pairs; the
ends of the interval count every other pair against and for. So with probability 0.95 at least no
decided sign is wrong, and the tau of the means that endless seeds would give lies
between the ends; what one more run of the paper would print is not in it.
Source: Kendall, Biometrika 1938 and 1945.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmark.reporting.statistics.significance import ALPHA, compare, holm

__all__ = ["FEWEST", "Agreement", "order_agreement"]

FEWEST = 3
"""Things that an order is asked of: of two there is one pair, whose tau is -1 or 1."""


@dataclass(frozen=True)
class Agreement:
    """Kendall's ``tau`` of ``n`` things, and the ends of what the seeds leave open; ``undecided``
    of ``pairs`` are the pairs that no test tells apart. None for tau where one side is all
    equal."""

    tau: float | None
    low: float
    high: float
    n: int
    undecided: int
    pairs: int


def order_agreement(
    ours: Sequence[Mapping[int, float]], others: Sequence[float]
) -> Agreement | None:
    """Return how the means of ``ours`` (seed -> value each) are ordered as ``others`` are, one
    number each; None of fewer than three.

    >>> seeds = [{0: base, 1: base + 0.1, 2: base + 0.2} for base in (0.0, 100.0, 200.0)]
    >>> order_agreement(seeds, [1.0, 3.0, 2.0]).tau.__round__(3)
    0.333
    """
    if len(ours) != len(others):
        raise ValueError(f"expected as many lists of seeds as numbers, got {len(ours)}")
    if len(ours) < FEWEST:
        return None
    pairs = list(combinations(range(len(ours)), 2))
    signs = [_sign(_mean(ours[i]) - _mean(ours[j])) for i, j in pairs]
    printed = [_sign(others[i] - others[j]) for i, j in pairs]
    decided = _decided(ours, pairs)
    scale = math.sqrt(sum(map(abs, signs)) * sum(map(abs, printed)))
    score = sum(one * other for one, other in zip(signs, printed, strict=True))
    certain, open_pairs = 0, 0
    for one, other, is_decided in zip(signs, printed, decided, strict=True):
        certain += one * other * is_decided
        open_pairs += abs(other) * (not is_decided)
    # Endless seeds tie no pair, so the ends are of orders without ties on our side.
    untied = math.sqrt(len(pairs) * sum(map(abs, printed))) or 1.0
    return Agreement(
        score / scale if scale else None,
        (certain - open_pairs) / untied,
        (certain + open_pairs) / untied,
        len(ours),
        sum(not is_decided for is_decided in decided),
        len(pairs),
    )


def _decided(ours: Sequence[Mapping[int, float]], pairs: Sequence[tuple[int, int]]) -> list[bool]:
    """Return for each pair whether the seeds tell which is larger."""
    tested = [compare(ours[i], ours[j]).p for i, j in pairs]
    corrected = holm([1.0 if p is None else p for p in tested])
    return [p < ALPHA for p in corrected]


def _mean(values: Mapping[int, float]) -> float:
    return math.fsum(values.values()) / len(values)


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)

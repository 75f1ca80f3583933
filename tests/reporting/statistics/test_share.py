"""The exact interval of a share, against the binomial distribution it inverts."""

from __future__ import annotations

import pytest
from scipy.stats import binom

from benchmark.reporting.statistics.share import share_interval


@pytest.mark.parametrize(("hits", "count"), [(1, 5), (3, 5), (4, 15), (14, 15)])
def test_the_ends_leave_a_fortieth_on_either_side(hits: int, count: int) -> None:
    low, high = share_interval(hits, count)
    assert low < hits / count < high
    assert binom.sf(hits - 1, count, low) == pytest.approx(0.025)
    assert binom.cdf(hits, count, high) == pytest.approx(0.025)


def test_never_and_always_reach_the_ends() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)
    assert share_interval(0, 5)[0] == 0.0 and share_interval(5, 5)[1] == 1.0
    assert share_interval(0, 5)[1] == pytest.approx(1 - 0.025**0.2)
    low, high = share_interval(3, 5, level=0.5)
    assert share_interval(3, 5)[0] < low < 0.6 < high < share_interval(3, 5)[1]


@pytest.mark.parametrize(("hits", "count"), [(-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(hits: int, count: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        share_interval(hits, count)

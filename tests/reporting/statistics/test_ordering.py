"""Kendall's tau is scipy's, and its interval counts pairs that seeds leave open."""

from __future__ import annotations

import pytest
from scipy.stats import kendalltau

from benchmark.reporting.statistics.ordering import order_agreement

CLEAR = [{0: base, 1: base + 0.001, 2: base + 0.003} for base in (0.0, 10.0, 20.0, 30.0)]


@pytest.mark.parametrize("printed", [[1, 2, 3, 4], [4, 3, 2, 1], [1, 3, 2, 4], [1, 1, 2, 3]])
def test_tau_is_that_of_the_means(printed: list[float]) -> None:
    agreement = order_agreement(CLEAR, printed)
    means = [sum(seeds.values()) / 3 for seeds in CLEAR]
    assert agreement is not None and agreement.tau == pytest.approx(
        kendalltau(means, printed).statistic
    )


def test_decided_pairs_leave_nothing_open_and_single_seeds_everything() -> None:
    spread = [{0: base, 1: base + 0.1, 2: base - 0.12} for base in (0.0, 1e3, 2e3)]
    decided = order_agreement([*spread], [1.0, 2.0, 3.0])
    welch = order_agreement([{0: 0.0}, {0: 1.0}, {0: 2.0}], [1.0, 2.0, 3.0])
    assert decided is not None and welch is not None
    assert (welch.low, welch.high, welch.undecided) == (-1.0, 1.0, 3) and welch.tau == 1.0
    assert decided.low <= decided.tau <= decided.high


def test_one_side_all_equal_has_no_tau_and_two_things_no_order() -> None:
    assert order_agreement(CLEAR[:2], [1.0, 2.0]) is None
    equal = order_agreement(CLEAR, [1.0, 1.0, 1.0, 1.0])
    assert equal is not None and equal.tau is None

"""Rules that count dimensions, on the edge cases their sources leave open."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.metrics.base import Absent
from benchmark.metrics.dimension import relevance_gap as gap_of_array
from benchmark.metrics.dimension import smallest_share
from benchmark.nn.discovery import (
    above_half,
    above_mean,
    cumulative_rule,
    is_degenerate,
    participation_ratio,
    relevance_gap,
)


@pytest.mark.parametrize(
    ("size", "expected"), [(2, 2), (10, 10), (15, 15), (16, 16), (20, 19), (32, 31), (64, 61)]
)
def test_equal_relevances_give_ceil_of_95_percent(size: int, expected: int) -> None:
    assert int(cumulative_rule(torch.ones(size)).sum()) == expected


def test_largest_relevances_are_taken_and_ties_go_to_the_lower_index() -> None:
    assert cumulative_rule(torch.tensor([0.0, 5.0, 5.0, 0.0, 90.0]), 0.95).tolist() == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_one_dominant_dimension_is_enough_and_zero_relevance_gives_none() -> None:
    assert int(cumulative_rule(torch.tensor([1e-3, 1.0])).sum()) == 1
    assert not cumulative_rule(torch.zeros(4)).any()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_relevances_that_are_no_numbers_are_an_error(bad: float) -> None:
    with pytest.raises(ValueError, match="finite and non-negative"):
        cumulative_rule(torch.tensor([1.0, bad]))


POSITIVE = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=40)


@given(POSITIVE, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_mask_is_the_smallest_set_that_reaches_the_share(values: list[float], share: float) -> None:
    v = torch.tensor(values, dtype=torch.float64)
    mask = cumulative_rule(v, share)
    count, ordered = int(mask.sum()), torch.sort(v / v.sum(), descending=True)[0]
    assert 1 <= count <= len(values)
    assert float(ordered[:count].sum()) >= share - 2e-9
    assert count == 1 or float(ordered[: count - 1].sum()) < share
    assert v[mask].min() >= v[~mask].max() if count < len(values) else True


@given(POSITIVE, st.sampled_from([0.9, 0.95, 0.99]))
def test_numpy_twin_counts_the_same(values: list[float], share: float) -> None:
    assert smallest_share(np.array(values), share) == int(
        cumulative_rule(torch.tensor(values, dtype=torch.float64), share).sum()
    )


@pytest.mark.parametrize(
    ("relevance", "gap", "above"),
    [
        ([8.0, 1.0, 4.0, 2.0], 2.0, 1),  # the first of several
        ([1.7] * 8 + [0.4] + [0.1] * 7, 4.25, 8),
        ([1.0] * 15 + [0.0], 1000.0, 15),  # nil counts as a thousandth of the largest
        ([1.0, 0.0, 0.0], 1000.0, 1),
        ([5e-4, 1.0, 1e-9], 1000.0, 1),  # nil beside nil is no gap
        ([2.0, 2.0, 2.0], 1.0, 3),
        ([0.0, 0.0], 1.0, 2),
        ([0.3], 1.0, 1),
        ([5e-324, 0.0], 1000.0, 1),
    ],
)
def test_the_gap_is_the_largest_ratio_of_neighbours(
    relevance: list[float], gap: float, above: int
) -> None:
    largest, at = relevance_gap(torch.tensor(relevance, dtype=torch.float64))
    assert largest == pytest.approx(gap) and at == above


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=40), st.floats(1e-3, 1e3))
def test_both_gaps_are_one_and_no_unit_changes_them(values: list[float], unit: float) -> None:
    gap, above = relevance_gap(torch.tensor(values, dtype=torch.float64))
    assert gap_of_array(np.array(values)) == (gap, above)
    assert 1.0 <= gap <= 1000.0 * (1 + 1e-12) and 1 <= above <= len(values)
    assert relevance_gap(torch.tensor(values, dtype=torch.float64) * unit)[0] == pytest.approx(gap)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
def test_there_is_no_gap_among_relevances_that_are_no_numbers(bad: float) -> None:
    with pytest.raises(ValueError, match="finite and non-negative"):
        relevance_gap(torch.tensor([1.0, bad]))
    with pytest.raises(Absent, match="finite and non-negative"):
        gap_of_array(np.array([1.0, bad]))


def test_participation_ratio_counts_equal_dimensions() -> None:
    assert participation_ratio(torch.tensor([2.0, 2.0, 0.0])) == pytest.approx(2.0)
    assert participation_ratio(torch.zeros(3)) == 0.0


def test_above_mean_is_strict() -> None:
    """The mean of 0, 0.5 and 1 is 0.5, which is not above itself."""
    assert above_mean(torch.tensor([0.0, 0.5, 1.0])).tolist() == [False, False, True]
    assert above_half(torch.tensor([0.0, 0.5, 1.0])).tolist() == [False, False, True]


@pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 1.0, 1.0 - 1e-9])
@pytest.mark.parametrize("size", [1, 3, 10, 16, 49])
def test_equal_relevances_are_not_above_their_mean_whatever_the_rounding(
    value: float, size: int
) -> None:
    r = torch.full((size,), value, dtype=torch.float64)
    assert not above_mean(r).any() and is_degenerate(r)
    assert int(above_half(r).sum()) == (size if value > 0.5 else 0)


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=40))
def test_above_mean_counts_one_to_all_but_one_of_different_relevances(values: list[float]) -> None:
    r = torch.tensor(values, dtype=torch.float64)
    mask = above_mean(r)
    if r.max() - r.min() > 1e-12:  # nearer ones are equal for rounding
        assert 1 <= int(mask.sum()) <= len(values) - 1
        assert r[mask].min() > r[~mask].max() - 1e-12
    assert is_degenerate(r) is bool(max(values) - min(values) < 1e-3)


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(lambda v: 0 < sum(v) < len(v)))
def test_both_readings_agree_on_decided_indicators(values: list[bool]) -> None:
    r = torch.tensor(values, dtype=torch.float64).clamp(1e-3, 1 - 1e-3)
    assert above_mean(r).tolist() == above_half(r).tolist() == values
    assert not is_degenerate(r)


def test_readings_differ_where_all_indicators_lie_on_one_side() -> None:
    r = torch.tensor([0.6, 0.7, 0.9])
    assert (int(above_half(r).sum()), int(above_mean(r).sum())) == (3, 1)


def test_relevances_within_a_thousandth_are_degenerate() -> None:
    assert is_degenerate(torch.tensor([0.5, 0.5005, 0.5009]))
    assert not is_degenerate(torch.tensor([0.5, 0.5005, 0.5011]))
    assert is_degenerate(torch.tensor([0.2, 0.3]), tolerance=0.2)

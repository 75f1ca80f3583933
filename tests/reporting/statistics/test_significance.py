"""Differences between methods over a few seeds: scipy's numbers, honest error rates, and what few
seeds can never show."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from benchmark.reporting.statistics.significance import best_of_pairs, compare, holm, smallest_p


def seeded(values: list[float], start: int = 0) -> dict[int, float]:
    return dict(enumerate(values, start))


@pytest.mark.parametrize("n", [2, 3, 5])
def test_common_seeds_are_paired_and_others_are_not(n: int) -> None:
    rng = np.random.default_rng(n)
    first, second = rng.normal(size=n).tolist(), rng.normal(1.0, 2.0, size=n).tolist()
    paired, apart = (
        compare(seeded(first), seeded(second)),
        compare(seeded(first), seeded(second, 100)),
    )
    assert paired.paired and not apart.paired
    assert paired.p == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert apart.p == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue)
    low, high = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (paired.difference.low, paired.difference.high) == (
        pytest.approx(low),
        pytest.approx(high),
    )
    assert (
        paired.difference.mean
        == pytest.approx(np.mean(first) - np.mean(second))
        == apart.difference.mean
    )


def test_only_the_seeds_of_both_sides_are_paired() -> None:
    comparison = compare({0: 1.0, 1: 2.0, 2: 4.0, 7: 99.0}, {0: 0.5, 1: 1.0, 2: 1.5, 9: -99.0})
    assert comparison.n == (3, 3) and comparison.difference.mean == pytest.approx(
        (0.5 + 1.0 + 2.5) / 3
    )


def test_a_permutation_test_is_exact_and_its_smallest_p_is_the_one_said() -> None:
    first, second = [1.0, 2.0, 3.5], [2.5, 4.0, 5.0]
    gap = abs(np.mean(first) - np.mean(second))
    pool = np.array(first + second)
    splits = [
        abs(pool[list(chosen)].mean() - np.delete(pool, list(chosen)).mean())
        for chosen in itertools.combinations(range(6), 3)
    ]
    by_hand = np.mean([split >= gap - 1e-12 for split in splits])
    assert compare(seeded(first), seeded(second, 9)).p_permutation == pytest.approx(by_hand)
    for n, m in ((3, 3), (3, 4), (5, 5), (4, 4)):
        extreme = compare(
            seeded([float(i) for i in range(n)]), seeded([100.0 + i for i in range(m)], 50)
        )
        assert (
            extreme.p_permutation
            == pytest.approx(extreme.smallest)
            == pytest.approx(smallest_p(n, m, paired=False))
        )
    paired = compare(seeded([1.0, 2.0, 3.0]), seeded([11.0, 13.0, 12.5]))
    assert paired.p_permutation == pytest.approx(paired.smallest) == pytest.approx(0.25)


def test_what_few_seeds_can_never_show_is_said() -> None:
    assert (
        "can never give p below 0.1"
        in compare(seeded([1.0, 2.0, 3.0]), seeded([4.0, 5.0, 6.5], 9)).limit
    )
    assert "5 pairs" in compare(seeded([1.0, 2, 3, 4, 5]), seeded([4.0, 5, 6, 8, 9])).limit
    assert compare(seeded([1.0, 2, 3, 4, 5]), seeded([4.0, 5, 6, 8, 9], 9)).limit == ""  # 2 of 252
    single = compare({0: 1.0}, {0: 2.0})
    assert single.p is None and single.difference.half_width is None and "one seed" in single.limit


def test_seeds_that_all_agree_have_an_interval_of_zero_and_the_smallest_p_of_their_number() -> None:
    for start, p, test in ((0, 0.25, "sign"), (9, 0.1, "permutation")):
        comparison = compare(seeded([8.0, 8.0, 8.0]), seeded([16.0, 16.0, 16.0], start))
        assert (comparison.difference.mean, comparison.difference.half_width, comparison.p) == (
            -8.0,
            0.0,
            p,
        )
        assert comparison.test == f"{test} test (no spread)"
        same = compare(seeded([8.0, 8.0]), seeded([8.0, 8.0], start))
        assert (same.difference.mean, same.p) == (0.0, 1.0)


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("paired", [True, False])
def test_intervals_of_differences_cover_zero_in_95_of_100_cases(n: int, paired: bool) -> None:
    rng = np.random.default_rng(n)
    draws = rng.normal(size=(1000, 2, n))
    start = 0 if paired else 50
    intervals = [
        compare(seeded(first.tolist()), seeded(second.tolist(), start)).difference
        for first, second in draws
    ]
    covered = sum(interval.low <= 0.0 <= interval.high for interval in intervals)
    # One standard deviation of 1,000 draws is 0.007; Welch is on the safe side at n = 3.
    assert 0.93 < covered / len(draws) < (0.97 if paired else 0.985)


def test_holm_by_hand_and_never_below_the_raw_value() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_keeps_the_family_error_below_five_percent() -> None:
    rng = np.random.default_rng(1)
    p = rng.random((4000, 5))
    assert 0.03 < np.mean([min(holm(row.tolist())) < 0.05 for row in p]) < 0.06
    assert np.mean(p.min(axis=1) < 0.05) > 0.2  # without it


def test_a_paired_test_sees_what_the_spread_between_seeds_hides() -> None:
    spread = [1.0, 2.0, 3.0]
    first, second, third = (seeded([value + gap for value in spread]) for gap in (0.0, 0.5, 0.9))
    second[0] += 0.01
    third[1] += 0.02
    assert best_of_pairs([second, first, third], "min") == 1
    assert best_of_pairs([second, first, third], "max") == 2
    assert best_of_pairs([first, second], "none") is None
    assert best_of_pairs([first, seeded([9.0, 9.5, 9.1], 50)], "min") is None  # no common seeds
    assert best_of_pairs([first, dict(first)], "min") is None
    assert best_of_pairs([first, seeded([1.4, 2.0, 3.9])], "min") is None
    assert best_of_pairs([{0: 1.0}, {0: 2.0}], "min") is None
    # Three p of 0.029 pass alone, not together.
    rivals = [seeded([1.07, 2.10, 3.13]), seeded([1.13, 2.07, 3.10]), seeded([1.10, 2.13, 3.07])]
    assert all(best_of_pairs([first, rival], "min") == 0 for rival in rivals)
    assert best_of_pairs([first, *rivals], "min") is None

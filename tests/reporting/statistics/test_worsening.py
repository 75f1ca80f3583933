"""The tests of the gate: exact where they say so, as powerful as they say, and never p = 0 for
seeds without spread."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.reporting.statistics.worsening import (
    NEGLIGIBLE,
    Test,
    choose,
    detectable,
    p_diverged,
    p_values,
    p_worse,
    seeds_for,
    smallest_p,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("seeds", [3, 5])
def test_permutation_is_scipys_exact_test(seeds: int) -> None:
    first, second = RNG.normal(size=seeds), RNG.normal(0.7, size=seeds)
    reference = stats.permutation_test(
        (second, first),
        lambda a, b: np.mean(a) - np.mean(b),
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert p_worse(first, second, "permutation") == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize("seeds", [3, 5, 9])
def test_paired_is_scipys_test_of_related_samples_beside_permutations(seeds: int) -> None:
    first = RNG.normal(size=seeds)
    second = first + RNG.normal(0.3, 0.4, size=seeds)
    reference = stats.ttest_rel(second, first, alternative="greater").pvalue
    if seeds < 9:
        reference = 2 * min(reference, p_worse(first, second, "permutation"))
    assert p_worse(first, second, "paired") == pytest.approx(min(reference, 1.0), rel=1e-9)


def test_seeds_that_blow_up_by_very_different_amounts_are_seen() -> None:
    """The spread of the differences hides them from any t test."""
    before, after = [0.48, 0.47, 0.51, 0.46, 0.5], [0.9, 11.0, 20000.0, 3.0, 1900.0]
    assert stats.ttest_rel(after, before, alternative="greater").pvalue > 0.1
    assert p_worse(before, after, "paired") == pytest.approx(2 / 252)


def test_welch_is_scipys_down_to_the_smallest_p_of_a_permutation_test() -> None:
    first, second = RNG.normal(size=9), RNG.normal(0.5, 3.0, size=9)
    reference = stats.ttest_ind(second, first, equal_var=False, alternative="greater").pvalue
    assert p_worse(first, second, "welch") == pytest.approx(reference, rel=1e-9)
    assert p_worse(first, first + 1e6, "welch") == 1 / math.comb(18, 9)


def test_counts_and_values_without_spread_are_permuted_and_continuous_ones_paired() -> None:
    continuous, counts, flat = [0.1, 0.2, 0.3], [8.0, 9.0, 8.0], [0.5, 0.5, 0.5 * (1 + 1e-7)]
    assert choose(continuous) == choose(continuous, [0.1, 0.2, 0.4]) == "paired"
    assert choose(counts) == choose(flat) == choose(continuous, flat) == "permutation"
    assert choose(flat, continuous) == "permutation"
    assert choose(list(range(9))) == "welch"


@pytest.mark.parametrize("test", ["permutation", "welch"])
@pytest.mark.parametrize("seeds", [3, 5])
def test_no_p_of_seeds_without_spread_is_below_one_division(test: Test, seeds: int) -> None:
    smallest = 1 / math.comb(2 * seeds, seeds)
    assert smallest_p(seeds, test) == smallest
    assert p_worse([2.0] * seeds, [2.1] * seeds, test) == pytest.approx(smallest)
    assert p_worse([2.0] * seeds, [2.0] * seeds, test) == 1.0
    assert p_worse([2.0] * seeds, [1.9] * seeds, test) == 1.0


def test_equal_differences_of_unequal_seeds_are_judged_by_rounding() -> None:
    values = np.array([1.0, 1.1, 0.9, 1.2, 1.0])
    assert 0.0 < p_worse(values, values + 0.01, "paired") < 1e-6
    assert p_worse(values, values + 0.1 * NEGLIGIBLE, "paired") > 0.3
    assert p_worse(values, values, "paired") == 1.0


@pytest.mark.parametrize("test", ["permutation", "paired"])
@pytest.mark.parametrize("cells", [1, 3, 12, 24, 100])
def test_seeds_for_a_level_are_the_fewest_that_reach_it(cells: int, test: Test) -> None:
    seeds = seeds_for(0.05 / cells, test)
    assert smallest_p(seeds, test) <= 0.05 / cells
    assert seeds == 3 or smallest_p(seeds - 1, test) > 0.05 / cells


@pytest.mark.parametrize("seeds", [3, 5])
def test_two_modes_explain_what_is_far_apart(seeds: int) -> None:
    """Beyond either side's range p stops falling; within it, equal moves of all seeds are seen."""
    values = np.linspace(1.0, 1.1, seeds)
    moved = values[::-1] * 1e-3
    assert p_worse(values, values + 9.0 + moved, "paired") == 4.0**-seeds
    assert p_worse(values, values + 0.09 + moved, "paired") < 4.0**-seeds


@pytest.mark.parametrize("seeds", [3, 5])
def test_no_chance_of_divergence_makes_its_p_value_too_small(seeds: int) -> None:
    for chance in (0.05, 0.2, 0.5, 0.8):
        none = (1 - chance) ** seeds
        for diverged in range(1, seeds + 1):
            joint = none * stats.binom.sf(diverged - 1, seeds, chance)
            assert joint <= p_diverged(diverged, seeds) + 1e-9
    assert p_diverged(0, seeds) == 1.0
    assert p_diverged(seeds, seeds) == pytest.approx(4.0**-seeds)


@pytest.mark.parametrize(
    ("seeds", "test"), [(3, "paired"), (5, "paired"), (5, "permutation"), (10, "paired")]
)
@pytest.mark.parametrize("cells", [1, 3])
def test_the_detectable_effect_is_found_as_often_as_it_says(
    seeds: int, test: Test, cells: int
) -> None:
    """The effect is stated in spreads of the baseline, which five seeds only estimate."""
    level = 0.05 / cells
    shift = detectable(seeds, level, test, 0.8)
    old, new = np.random.default_rng(1).standard_normal((2, 5000, seeds))
    spread = old.std(1, ddof=1, keepdims=True)
    power = (p_values(old, new + shift * spread, test) <= level).mean()
    assert power == pytest.approx(0.8, abs=0.03)


def test_what_no_number_of_spreads_could_show_is_infinite() -> None:
    assert math.isinf(detectable(5, 0.05 / 24, "permutation", 0.8))
    assert math.isfinite(detectable(6, 0.05 / 24, "permutation", 0.8))

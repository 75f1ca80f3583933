"""The tests of the gate: exact where they say so, as powerful as they say, and never one that
cannot reject."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.reporting.regression import choose, detectable, p_worse, power

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("old", "new"), [(3, 3), (5, 5), (4, 6)])
def test_permutation_is_scipys_exact_test(old: int, new: int) -> None:
    first, second = RNG.normal(size=old), RNG.normal(0.7, size=new)
    reference = stats.permutation_test(
        (second, first),
        lambda a, b: np.mean(a) - np.mean(b),
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    assert p_worse(first, second, "permutation") == pytest.approx(reference, abs=1e-12)


def test_welch_is_the_textbooks_formula() -> None:
    first, second = RNG.normal(size=5), RNG.normal(1.0, 3.0, size=8)
    squares = first.var(ddof=1) / 5, second.var(ddof=1) / 8
    degrees = sum(squares) ** 2 / (squares[0] ** 2 / 4 + squares[1] ** 2 / 7)
    t = (second.mean() - first.mean()) / math.sqrt(sum(squares))
    assert p_worse(first, second, "welch") == pytest.approx(stats.t.sf(t, degrees), rel=1e-9)


def test_the_smallest_permutation_p_is_one_in_all_divisions() -> None:
    assert p_worse([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], "permutation") == 1 / 252
    assert p_worse([6, 7, 8, 9, 10], [1, 2, 3, 4, 5], "permutation") == 1.0


@pytest.mark.parametrize("test", ["permutation", "welch"])
def test_equal_constants_are_never_worse_and_unequal_ones_are(test: str) -> None:
    assert p_worse([2.0] * 5, [2.0] * 5, test) == 1.0  # type: ignore[arg-type]
    assert p_worse([2.0] * 5, [2.1] * 5, test) <= 1 / 252  # type: ignore[arg-type]
    assert p_worse([2.0] * 5, [1.9] * 5, test) == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize("cells", [1, 3, 12, 13, 40])
@pytest.mark.parametrize("seeds", [3, 4, 5, 10])
def test_the_chosen_test_can_reject_at_the_first_step_of_holm(seeds: int, cells: int) -> None:
    test = choose(seeds, seeds, 0.05 / cells)
    assert test is not None
    assert p_worse(np.arange(seeds), 1e6 + np.arange(seeds), test) <= 0.05 / cells


def test_too_few_seeds_have_no_test() -> None:
    assert choose(2, 2, 0.05) is None and choose(1, 30, 0.05) is None


@pytest.mark.parametrize("level", [0.05, 0.05 / 3, 0.05 / 12])
def test_the_level_holds_and_power_is_that_of_the_t_test(level: float) -> None:
    """Normal seeds: the exact test loses little against the t test, whose power is a noncentral t
    probability (at 1/240 one division is left)."""
    test = choose(5, 5, level)
    assert power(0.0, 5, 5, level, test) <= level + 4 * math.sqrt(level / 4000)  # type: ignore[arg-type]
    reference = stats.nct.sf(stats.t.isf(level, 8), 8, 2.0 / math.sqrt(2 / 5))
    assert power(2.0, 5, 5, level, test) == pytest.approx(reference, abs=0.07)  # type: ignore[arg-type]


def test_the_detectable_effect_is_found_as_often_as_it_says() -> None:
    shift = detectable(5, 5, 0.05 / 6, "permutation", 0.8)
    rng = np.random.default_rng(1)
    found = [
        p_worse(rng.normal(size=5), rng.normal(shift, size=5), "permutation") <= 0.05 / 6
        for _ in range(1000)
    ]
    assert np.mean(found) == pytest.approx(
        0.8, abs=0.055
    )  # four standard errors, and those of the 4,000 simulations

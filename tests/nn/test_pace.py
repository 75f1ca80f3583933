"""Short runs step faster, long ones as published, and nothing faster than what it follows."""

from __future__ import annotations

import pytest

from benchmark.nn.pace import INDICATORS, LAGRANGE, LOG_SIGMA, MASKS, Pace


@pytest.mark.parametrize("pace", [LAGRANGE, LOG_SIGMA])
@pytest.mark.parametrize(
    ("updates", "expected"),
    [(240_000, 1e-3), (30_000, 1e-3), (12_000, 2.5e-3), (3000, 1e-2), (1200, 1e-2), (0, 1e-2)],
)
def test_short_runs_step_faster(pace: Pace, updates: int, expected: float) -> None:
    assert pace.rate(updates) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("pace", "steps", "expected"),
    [
        (INDICATORS, 300, 10 / 300),
        (INDICATORS, 5000, 2e-3),
        (INDICATORS, 1_000_000, 1e-4),
        (INDICATORS, 0, 10.0),
        (MASKS, 4000, 0.01),
        (MASKS, 500_000, 5e-4),
    ],
)
def test_a_run_of_any_length_crosses(pace: Pace, steps: int, expected: float) -> None:
    assert pace.rate(steps) == pytest.approx(expected)


@pytest.mark.parametrize("pace", [LOG_SIGMA, LAGRANGE, INDICATORS, MASKS])
def test_the_way_is_covered_below_the_ceiling_and_the_rate_never_rises_with_length(
    pace: Pace,
) -> None:
    lengths = [1, 30, 300, 3000, 30_000, 300_000]
    rates = [pace.rate(updates) for updates in lengths]
    assert rates == sorted(rates, reverse=True) and rates[-1] == pace.published
    for updates, rate in zip(lengths, rates, strict=True):
        assert rate == pace.ceiling or rate * updates >= pace.travel * (1.0 - 1e-12)

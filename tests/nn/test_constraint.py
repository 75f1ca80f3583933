"""The multiplier and its moving average: values and signs against the formulas and autograd, in
float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmark.method import Player
from benchmark.nn.constraint import (
    BOUNDS,
    Constraint,
    ascent_gradient,
    effective,
    moving_average,
    multiplier,
    raw_multiplier,
)
from benchmark.nn.optim import Adam

F64 = torch.float64


def scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=F64)


def test_multiplier_of_one_starts_at_the_published_value() -> None:
    assert raw_multiplier(1.0) == pytest.approx(0.541325, abs=1e-6)
    for value in (0.01, 1.0, 40.0):
        assert float(multiplier(scalar(raw_multiplier(value)))) == pytest.approx(value, rel=1e-12)
    with pytest.raises(ValueError, match="starts above 0"):
        raw_multiplier(0.0)


def test_effective_constraint_has_the_average_as_value_and_the_batch_as_gradient() -> None:
    weight = torch.tensor([1.0, -2.0], dtype=F64, requires_grad=True)
    value = (weight**3).sum()
    smoothed = effective(value, scalar(5.0))
    assert float(smoothed.detach()) == pytest.approx(5.0, abs=1e-14)
    assert torch.equal(torch.autograd.grad(smoothed, weight)[0], 3.0 * weight.detach() ** 2)


def test_moving_average_starts_at_the_first_value_and_includes_the_current_one() -> None:
    constraint = Constraint().double()
    values = [3.0, -1.0, 2.0]
    expected = values[0]
    for k, value in enumerate(values):
        expected = expected if k == 0 else 0.99 * expected + 0.01 * value
        assert float(constraint.observe(scalar(value))) == pytest.approx(expected, rel=1e-14)
        assert float(constraint.average) == pytest.approx(expected, rel=1e-14)
    assert float(moving_average(scalar(7.0), scalar(1.0), torch.tensor(False))) == 1.0


@pytest.mark.parametrize("raw", [-2.0, 0.5, 6.0])
@pytest.mark.parametrize("average", [-3.0, 2.0])
def test_ascent_follows_the_gradient_of_the_lagrangian(raw: float, average: float) -> None:
    r = scalar(raw).requires_grad_()
    truth = torch.autograd.grad(-multiplier(r) * average, r)[0]
    torch.testing.assert_close(ascent_gradient(scalar(raw), scalar(average)), truth)


def step(raw: float, average: float, bounds: tuple[float, float] = BOUNDS) -> tuple[float, float]:
    """The multiplier before and after one Adam step of a fresh player."""
    parameter = nn.Parameter(scalar(raw))
    player = Player("multiplier", {"raw": parameter}, Adam(1e-2))
    before = float(multiplier(parameter.detach(), bounds))
    player.apply([ascent_gradient(parameter.detach(), scalar(average), bounds)])
    return before, float(multiplier(parameter.detach(), bounds))


def test_multiplier_rises_while_the_constraint_is_broken_and_falls_while_it_is_kept() -> None:
    before, after = step(0.5, 1.0)
    assert after > before
    before, after = step(0.5, -1.0)
    assert after < before


def test_multiplier_stays_at_a_bound_and_comes_back_at_the_next_step() -> None:
    bounds = (0.5, 20.0)
    above, below = raw_multiplier(20.0) + 1e-3, raw_multiplier(0.5) - 1e-3
    assert step(above, 1.0, bounds) == (20.0, 20.0)
    assert step(below, -1.0, bounds) == (0.5, 0.5)
    assert step(above, -1.0, bounds)[1] < 20.0
    assert step(below, 1.0, bounds)[1] > 0.5
    assert float(ascent_gradient(scalar(above), scalar(1.0), bounds)) == 0.0


def test_a_constraint_once_met_stays_so() -> None:
    constraint = Constraint()
    for value, expected in ((1.0, False), (0.0, False), (-1e-3, True), (5.0, True)):
        constraint.latch(torch.tensor(value))
        assert bool(constraint.ever_met) == expected

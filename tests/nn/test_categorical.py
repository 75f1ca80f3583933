"""Draws of a categorical variable against their distribution, and its information quantities
against their identities."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from benchmark.nn.categorical import (
    category_information,
    draw_one_hot,
    entropy,
    gumbel_softmax,
    kl_uniform,
    shares_of_tenths,
    temperature,
)
from benchmark.training.host_reads import no_host_reads

PI = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)
DRAWS = 100_000
FIVE_ERRORS = 5.0 * torch.sqrt(PI * (1.0 - PI) / DRAWS)
"""Five standard errors of a frequency."""

TABLES = st.integers(1, 6).flatmap(
    lambda rows: st.lists(
        st.lists(st.floats(-8.0, 8.0), min_size=4, max_size=4), min_size=rows, max_size=rows
    )
)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def relaxed(t: float, count: int = DRAWS) -> Tensor:
    return gumbel_softmax(PI.log().expand(count, 4), t)


@pytest.mark.parametrize("t", [0.01, 0.5, 1.0, 100.0])
def test_largest_coordinate_of_a_relaxed_draw_is_distributed_as_pi_at_every_temperature(
    t: float,
) -> None:
    y = relaxed(t)
    torch.testing.assert_close(y.sum(1), torch.ones(DRAWS, dtype=torch.float64))
    assert bool(((torch.bincount(y.argmax(1), minlength=4) / DRAWS - PI).abs() < FIVE_ERRORS).all())


def test_cold_draws_are_one_hot_with_mean_pi_and_hot_ones_uniform() -> None:
    cold, hot = relaxed(0.01), relaxed(100.0)
    assert float(cold.max(1)[0].mean()) > 0.99
    assert bool(((cold.mean(0) - PI).abs() < FIVE_ERRORS).all())
    assert float(hot.max(1)[0].mean()) < 0.25 + 0.01


@pytest.mark.parametrize(("t", "mean"), [(0.5, 0.475), (1.0, 0.430)])
def test_mean_of_relaxed_draws_is_not_pi(t: float, mean: float) -> None:
    assert float(relaxed(t)[:, 0].mean()) == pytest.approx(
        mean, abs=0.004
    )  # 0.001 of chance, printed to three digits


def test_relaxed_draws_carry_a_gradient_and_exact_ones_do_not() -> None:
    log_p = PI.log().expand(7, 4).clone().requires_grad_()
    (grad,) = torch.autograd.grad(gumbel_softmax(log_p, 0.5)[:, 0].sum(), log_p)
    assert bool((grad[:, 0] > 0).all()) and bool((grad[:, 1:] < 0).all())
    assert not draw_one_hot(log_p).requires_grad


def test_exact_draws_are_one_hot_and_distributed_as_pi() -> None:
    c = draw_one_hot(PI.log().expand(DRAWS, 4))
    assert c.dtype == torch.float64 and set(c.unique().tolist()) == {0.0, 1.0}
    assert bool((c.sum(1) == 1).all())
    assert bool(((c.mean(0) - PI).abs() < FIVE_ERRORS).all())


def test_an_exponential_draw_of_zero_leaves_a_draw_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "exponential_", lambda self: self.zero_())
    assert bool(torch.isfinite(gumbel_softmax(PI.log().float().expand(3, 4), 0.5)).all())


def test_temperature_falls_exponentially_over_the_first_half() -> None:
    temperatures = [
        float(temperature(torch.tensor(progress, dtype=torch.float64), 0.5))
        for progress in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)
    ]
    assert temperatures == pytest.approx([1.0, 0.5**0.25, 0.5**0.5, 0.5, 0.5, 0.5], abs=1e-15)


@settings(max_examples=50, deadline=None)
@given(TABLES)
def test_mean_divergence_is_information_plus_divergence_of_the_mean(
    rows: list[list[float]],
) -> None:
    log_p = torch.tensor(rows, dtype=torch.float64).log_softmax(1)
    divergence, mean = kl_uniform(log_p), log_p.exp().mean(0)
    information = category_information(log_p.exp())
    assert float(divergence.mean()) == pytest.approx(
        float(information + kl_uniform(mean.log())), abs=1e-12
    )
    assert bool((divergence >= -1e-15).all()) and bool(
        (divergence <= math.log(4) + 1e-15).all()
    )  # rounding of sums of about 1
    assert -1e-15 <= float(information) <= math.log(min(4, len(rows))) + 1e-12


def test_divergence_from_uniform_equals_torch_and_reaches_both_ends() -> None:
    uniform = torch.distributions.Categorical(probs=torch.full((4,), 0.25, dtype=torch.float64))
    expected = torch.distributions.kl_divergence(torch.distributions.Categorical(probs=PI), uniform)
    assert float(kl_uniform(PI.log())) == pytest.approx(float(expected), abs=1e-14)
    certain = torch.tensor([[200.0, 0.0, 0.0, 0.0]], dtype=torch.float64).log_softmax(1)
    assert float(kl_uniform(certain)) == pytest.approx(math.log(4), abs=1e-14)
    assert float(kl_uniform(torch.zeros(1, 4, dtype=torch.float64).log_softmax(1))) == 0.0


def test_entropy_and_its_gradient_are_finite_where_a_category_never_occurs() -> None:
    p = torch.tensor([1.0, 0.0, 0.0], requires_grad=True)
    (grad,) = torch.autograd.grad(entropy(p), p)
    assert float(entropy(p).detach()) == 0.0
    assert bool(torch.isfinite(grad).all())
    assert float(entropy(PI)) == pytest.approx(
        float(torch.distributions.Categorical(probs=PI).entropy()), abs=1e-14
    )


def test_shares_of_tenths_count_every_probability_once() -> None:
    pi = torch.tensor([[0.0, 0.05, 0.95], [1.0, 0.0, 0.0], [0.55, 0.25, 0.2]])
    expected = torch.tensor([4.0, 0, 2, 0, 0, 1, 0, 0, 0, 2]) / 9.0
    torch.testing.assert_close(shares_of_tenths(pi), expected)
    with no_host_reads():
        shares_of_tenths(pi)

"""Relevance indicators: weights, entropies and their gradients, total correlation, and the traps
that published code fell into."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal
from torch.nn import functional as F

from benchmark.nn.critics import permute_columns
from benchmark.nn.indicators import (
    Indicators,
    RawIndicators,
    binary_entropy,
    discriminator_loss,
    first_indicator_step,
    kl_has_settled,
    kl_threshold,
    kl_weight,
    negative_entropy,
    total_correlation,
)

F64 = torch.float64
LOG2 = math.log(2.0)


def f64(*values: float) -> Tensor:
    return torch.tensor(values, dtype=F64)


def slope(function: nn.Module | object, at: Tensor) -> Tensor:
    at = at.clone().requires_grad_()
    return torch.autograd.grad(function(at).sum(), at)[0]


def test_kl_weight_falls_from_ten_to_a_tenth() -> None:
    torch.testing.assert_close(
        kl_weight(f64(0.0, 0.5, 1.0)), f64(10.0, 5.05, 0.1), rtol=1e-12, atol=0
    )
    torch.testing.assert_close(
        kl_weight(f64(0.0, 0.25, 1.0), 2.0, 4.0), f64(4.0, 3.5, 2.0), rtol=1e-12, atol=0
    )
    assert torch.equal(kl_weight(f64(0.0, 0.3, 1.0), 1.0, 1.0), f64(1.0, 1.0, 1.0))


def test_entropy_is_that_of_a_coin() -> None:
    logits = torch.linspace(-12, 12, 49, dtype=F64)
    torch.testing.assert_close(
        binary_entropy(logits),
        torch.distributions.Bernoulli(logits=logits).entropy(),
        rtol=1e-9,
        atol=1e-15,
    )
    assert binary_entropy(f64(0.0)).item() == pytest.approx(LOG2, rel=1e-15)
    assert 0.0 <= float(binary_entropy(10 * torch.randn(50, dtype=F64)).sum()) <= 50 * LOG2


def test_entropy_gradient_is_minus_l_r_one_minus_r() -> None:
    """I: dH/dl at 0.5, -2 and 3, and the closed form elsewhere."""
    torch.testing.assert_close(
        slope(binary_entropy, f64(0.5, -2.0, 3.0)),
        f64(-0.117502, 0.209987, -0.135530),
        rtol=0,
        atol=5e-7,
    )
    logits = torch.linspace(-30, 30, 61, dtype=F64)
    r = torch.sigmoid(logits)
    torch.testing.assert_close(
        slope(binary_entropy, logits), -logits * r * torch.sigmoid(-logits), rtol=1e-12, atol=0
    )


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_entropy_keeps_its_digits_at_large_logits_in_float32(sign: float) -> None:
    """exp(-25) (1 + 25) is below float32's resolution around 1; the other form, softplus(l) - l
    sigmoid(l), gives 0 there for l > 0."""
    at = torch.tensor([sign * 25.0])
    assert binary_entropy(at).item() == pytest.approx(26.0 * math.exp(-25.0), rel=1e-5)
    assert slope(binary_entropy, at).item() == pytest.approx(
        -sign * 25.0 * math.exp(-25.0), rel=1e-5
    )


def test_cross_entropy_against_its_own_detached_sigmoid_has_the_value_but_no_gradient() -> None:
    def trap(logits: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            logits, torch.sigmoid(logits).detach(), reduction="none"
        )

    logits = f64(0.5, -2.0, 3.0)
    torch.testing.assert_close(trap(logits), binary_entropy(logits), rtol=1e-12, atol=0)
    assert float(slope(trap, logits).abs().max()) < 1e-15
    assert float(slope(binary_entropy, logits).abs().min()) > 0.1


def test_descending_the_entropy_decides_and_descending_its_negative_undecides() -> None:
    r = f64(0.1, 0.4, 0.6, 0.9)
    away = f64(-1.0, -1.0, 1.0, 1.0)
    torch.testing.assert_close(
        negative_entropy(r), -binary_entropy(torch.logit(r)), rtol=1e-12, atol=0
    )
    assert torch.equal(-slope(binary_entropy, torch.logit(r)).sign(), away)
    assert torch.equal(-slope(negative_entropy, r).sign(), -away)
    torch.testing.assert_close(slope(negative_entropy, r), torch.logit(r), rtol=1e-12, atol=0)


@pytest.mark.parametrize("outside", [-1e-3, 1.001])
def test_negative_entropy_outside_the_unit_interval_is_not_a_number(outside: float) -> None:
    assert math.isnan(negative_entropy(f64(outside)).item())


def test_true_log_densities_give_the_total_correlation_of_a_gaussian() -> None:
    torch.manual_seed(0)
    joint = MultivariateNormal(
        torch.zeros(2, dtype=F64), torch.tensor([[1.0, 0.8], [0.8, 1.0]], dtype=F64)
    )
    z = joint.sample((100_000,))
    logits = torch.stack((joint.log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(1)), 1)
    expected = -0.5 * math.log(1.0 - 0.8**2)
    spread = float((logits[:, 0] - logits[:, 1]).std()) / math.sqrt(len(z))
    assert total_correlation(logits).item() == pytest.approx(expected, abs=5 * spread)
    assert total_correlation(logits.flip(1)).item() == pytest.approx(
        -total_correlation(logits).item(), rel=1e-12
    )


def test_discriminator_loss_is_the_mean_cross_entropy_of_both_classes() -> None:
    joint, permuted = torch.randn(2, 9, 2, dtype=F64, generator=torch.Generator().manual_seed(0))
    zeros = torch.zeros(9, dtype=torch.long)
    expected = 0.5 * (F.cross_entropy(joint, zeros) + F.cross_entropy(permuted, zeros + 1))
    torch.testing.assert_close(discriminator_loss(joint, permuted), expected, rtol=1e-12, atol=0)
    assert discriminator_loss(100 * f64(1, -1)[None], 100 * f64(-1, 1)[None]).item() < 1e-80


def train(network: nn.Module, correlation: float, steps: int) -> tuple[float, float]:
    """Return the loss and the total correlation in nats after training on two correlated Gaussian
    codes; the codes are not trained."""
    mixing = torch.linalg.cholesky(torch.tensor([[1.0, correlation], [correlation, 1.0]]))
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(steps):
        z = torch.randn(256, 2) @ mixing.T
        optimiser.zero_grad()
        discriminator_loss(network(z), network(permute_columns(z))).backward()
        optimiser.step()
    with torch.no_grad():
        z = torch.randn(20_000, 2) @ mixing.T
        return discriminator_loss(
            network(z), network(permute_columns(z))
        ).item(), total_correlation(network(z)).item()


def test_trained_discriminator_finds_the_correlation_and_none_in_independent_codes() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 2))
    loss, correlation = train(network, 0.9, 400)
    assert loss < LOG2 - 0.1
    assert correlation == pytest.approx(
        -0.5 * math.log(1 - 0.9**2), rel=0.25
    )  # 0.83 nats; a small network is biased low
    loss, correlation = train(network, 0.0, 400)
    assert loss == pytest.approx(LOG2, abs=0.01)
    assert correlation == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize(
    ("warm_up", "steps", "expected"),
    [
        (0.1, 5000, 500),
        (0.1, 30, 3),
        (0.07, 100, 7),
        (0.1, 12, 2),
        (0.1, 1, 1),
        (0.0, 300, 0),
        (0.5, 0, 0),
    ],
)
def test_indicators_stand_still_for_their_share_of_the_steps(
    warm_up: float, steps: int, expected: int
) -> None:
    assert first_indicator_step(warm_up, steps) == expected


@pytest.mark.parametrize("bad", [-0.1, 1.0])
def test_warm_up_that_is_no_share_is_an_error(bad: float) -> None:
    with pytest.raises(ValueError, match=f"got {bad}"):
        first_indicator_step(bad, 10)


def test_indicators_start_at_one_half_and_stay_inside_the_unit_interval() -> None:
    torch.manual_seed(0)
    indicators = Indicators(10_000)
    assert float(indicators.logits.detach().std()) == pytest.approx(
        0.001, rel=5 / math.sqrt(2 * 10_000)
    )  # five standard errors
    assert torch.equal(indicators().detach(), torch.sigmoid(indicators.logits.detach()))
    with torch.no_grad():
        indicators.logits[:2] = torch.tensor([-30.0, 30.0])
    assert float(indicators().detach()[1]) == 1.0
    assert float(indicators.exact()[0]) > 0.0 and float(indicators.exact()[1]) < 1.0


def test_raw_indicators_start_at_one_half_and_are_clamped_on_demand() -> None:
    indicators = RawIndicators(3)
    assert indicators().tolist() == [0.5, 0.5, 0.5]
    with torch.no_grad():
        indicators.relevance.copy_(torch.tensor([-3.0, 0.25, 7.0]))
    indicators.clamp()
    assert indicators().tolist() == pytest.approx([1e-6, 0.25, 1.0 - 1e-6], rel=1e-6)
    assert float(indicators().detach().min()) > 0.0 and float(indicators().detach().max()) < 1.0


def test_the_threshold_is_where_an_indicator_at_one_half_neither_rises_nor_falls() -> None:
    """Slope of lambda(r) KL + eta_s r + eta_h H(r) in the logit, at zero."""
    logit = torch.zeros((), dtype=torch.float64, requires_grad=True)
    r, kl = torch.sigmoid(logit), kl_threshold(1.0)
    loss = kl_weight(r) * kl + r + 100.0 * binary_entropy(logit)
    assert float(torch.autograd.grad(loss, logit)[0]) == pytest.approx(0.0, abs=1e-12)
    assert kl_threshold(1.0, 2.0, 2.0) == math.inf


@pytest.mark.parametrize(
    ("fast", "slow", "expected"),
    [
        ((1.4, 0.04), (1.4, 0.045), True),
        ((1.4, 0.06), (1.4, 0.06), False),  # in doubt, below
        ((1.4, 0.19), (1.4, 0.19), False),  # in doubt, above
        ((1.4, 0.6), (1.4, 0.8), False),  # falls
        ((1.6, 0.04), (1.4, 0.04), False),  # rises
        ((0.01, 0.04), (0.01, 0.04), False),  # nothing above
        ((1.4, 0.6), (1.4, 0.6), True),
    ],
)
def test_the_kl_has_settled_where_no_dimension_moves_or_is_in_doubt(
    fast: tuple[float, ...], slow: tuple[float, ...], expected: bool
) -> None:
    settled = kl_has_settled(torch.tensor(fast), torch.tensor(slow), 0.1)
    assert settled.shape == () and bool(settled) is expected

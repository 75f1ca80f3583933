"""Losses that adversarial autoencoders share: the mean reconstruction error, and the critic between
prior draws and codes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from benchmark.nn.adversarial import critic_loss, reconstruction_loss

F64 = torch.float64


def test_error_of_images_is_the_mean_bernoulli_cross_entropy() -> None:
    x, p = torch.rand(4, 2, 3, 3, dtype=F64), torch.rand(4, 2, 3, 3, dtype=F64)
    expected = -torch.distributions.Bernoulli(p, validate_args=False).log_prob(x).mean()
    torch.testing.assert_close(reconstruction_loss(x, p), expected, rtol=1e-12, atol=0)


def test_error_of_images_is_clipped_and_keeps_the_floor_of_grey_pixels() -> None:
    one, zero, grey = (torch.full((1, 1, 2, 2), value, dtype=F64) for value in (1.0, 0.0, 0.5))
    assert float(reconstruction_loss(one, zero)) == pytest.approx(-math.log(1e-7), rel=1e-12)
    assert float(reconstruction_loss(zero, one)) == pytest.approx(
        -math.log(1e-7), rel=1e-8
    )  # 1 - (1 - 1e-7) in float64
    assert float(reconstruction_loss(grey, grey)) == pytest.approx(math.log(2.0), rel=1e-12)


def test_error_of_vectors_is_the_mean_squared_error() -> None:
    x, y = torch.tensor([[0.0, 1.0], [2.0, -3.0]]), torch.tensor([[1.0, 1.0], [0.0, -3.0]])
    assert float(reconstruction_loss(x, y)) == 1.25


def test_loss_of_a_constant_critic_is_ten() -> None:
    """No slope anywhere: the penalty is (0 - 1)^2 at weight ten."""
    critic = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    nn.init.zeros_(critic[2].weight)
    loss, distance = critic_loss(critic, torch.randn(5, 3), torch.randn(5, 3))
    assert (float(loss.detach()), float(distance.detach())) == (10.0, 0.0)


def test_loss_of_a_linear_critic_is_exact_and_swapping_negates_all_but_the_penalty() -> None:
    w, codes, prior = (
        torch.tensor([[1.0], [2.0], [-2.0]], dtype=F64),
        torch.randn(6, 3, dtype=F64),
        torch.randn(6, 3, dtype=F64),
    )
    loss, distance = critic_loss(lambda z: z @ w, codes, prior)
    swapped, other = critic_loss(lambda z: z @ w, prior, codes)
    expected = (prior.mean(0) - codes.mean(0)) @ w
    assert float(distance) == pytest.approx(float(expected), rel=1e-12)
    assert float(loss) == pytest.approx(10.0 * (3.0 - 1.0) ** 2 - float(expected), rel=1e-12)
    assert float(other) == pytest.approx(-float(distance), rel=1e-12)
    assert float(loss + swapped) == pytest.approx(80.0, rel=1e-12)


def test_penalty_lies_on_segments_between_codes_and_prior() -> None:
    """C(z) = z^2 / 2 has the slope z: with codes at 0 and prior at 1 it is uniform on [0, 1], so 10
    E (z - 1)^2 = 10 / 3."""
    torch.manual_seed(0)
    count = 20_000
    loss, distance = critic_loss(
        lambda z: 0.5 * z.square(),
        torch.zeros(count, 1, dtype=F64),
        torch.ones(count, 1, dtype=F64),
    )
    spread = 10.0 * math.sqrt(1 / 5 - 1 / 9)
    assert float(distance) == 0.5
    assert float((loss + distance).detach()) == pytest.approx(
        10.0 / 3.0, abs=5 * spread / math.sqrt(count)
    )


def test_descending_the_loss_raises_the_prior_and_lowers_the_codes() -> None:
    critic = nn.Linear(1, 1, bias=False)
    nn.init.ones_(critic.weight)  # the penalty is at its minimum
    loss, _ = critic_loss(critic, torch.full((4, 1), -1.0), torch.full((4, 1), 1.0))
    (grad,) = torch.autograd.grad(loss, critic.weight)
    assert float(grad) == pytest.approx(-2.0, abs=1e-6)

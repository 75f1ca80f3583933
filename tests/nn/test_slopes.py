"""Distance and penalty of a critic in closed form, against autograd's gradient of a gradient."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmark.nn import slopes
from benchmark.nn.critics import PiecewiseLinear, gradient_penalty, image_critic, latent_critic
from benchmark.nn.slopes import distance_and_penalty, piecewise_linear_distance_and_penalty
from benchmark.training.host_reads import no_host_reads

F64 = torch.float64


def critic_of(*widths: int) -> PiecewiseLinear:
    """A critic in float64 whose biases are not zero, so that kinks lie anywhere."""
    torch.manual_seed(0)
    critic = PiecewiseLinear(*widths).double()
    for p in critic.parameters():
        nn.init.normal_(p, std=0.4)
    return critic


def by_autograd(critic: Any, high: Tensor, low: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    distance = critic(high).mean() - critic(low).mean()
    return distance, gradient_penalty(critic, points)


@pytest.mark.parametrize("widths", [(3, 8), (3, 8, 5), (5, 16, 7, 9), (2, 12, 12, 12, 12)])
@pytest.mark.parametrize(("a", "b"), [(-1.0, 10.0), (0.7, -0.3), (0.0, 1.0), (1.0, 0.0)])
def test_values_and_gradients_are_autograds(widths: tuple[int, ...], a: float, b: float) -> None:
    """For any weights of distance and penalty in the loss, in float64."""
    critic = critic_of(*widths)
    rows = torch.randn(3, 11, widths[0], dtype=F64)
    ours, theirs = (
        compute(critic, *rows) for compute in (piecewise_linear_distance_and_penalty, by_autograd)
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
    parameters = dict(critic.named_parameters())
    grads, expected = (
        torch.autograd.grad(
            a * distance + b * penalty, list(parameters.values()), allow_unused=True
        )
        for distance, penalty in (ours, theirs)
    )
    for name, grad, other in zip(parameters, grads, expected, strict=True):
        other = torch.zeros_like(grad) if other is None else other
        torch.testing.assert_close(grad, other, rtol=1e-10, atol=1e-13, msg=name)


@pytest.mark.parametrize("shape", [(64,), (1, 8, 8), (1, 28, 28), (3, 32, 32)])
@pytest.mark.parametrize("of_images", [False, True])
def test_every_critic_is_penalised_as_autograd_does(
    shape: tuple[int, ...], of_images: bool
) -> None:
    """At the sizes in use, latent critics and image critics, convolutions too, in float64."""
    torch.manual_seed(0)
    critic = (image_critic(shape) if of_images else latent_critic(6, shape)).double()
    high, low = torch.rand(2, 3, *(shape if of_images else (6,)), dtype=F64)
    torch.manual_seed(1)
    distance, penalty = distance_and_penalty(critic, high, low)
    torch.manual_seed(1)
    share = torch.rand(3, *(1,) * (high.dim() - 1), dtype=F64)
    theirs = by_autograd(critic, high, low, high + share * (low - high))
    torch.testing.assert_close((distance, penalty), theirs, rtol=1e-10, atol=1e-12)
    parameters = list(critic.parameters())
    grads = torch.autograd.grad(10.0 * penalty - distance, parameters)
    expected = torch.autograd.grad(10.0 * theirs[1] - theirs[0], parameters)
    torch.testing.assert_close(grads, expected, rtol=1e-8, atol=1e-12)


def test_closed_form_serves_dense_critics_and_autograd_convolutions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    for name in ("piecewise_linear_distance_and_penalty", "gradient_penalty"):
        original = getattr(slopes, name)
        monkeypatch.setattr(
            slopes,
            name,
            lambda *arguments, name=name, original=original: (
                calls.append(name) or original(*arguments)
            ),
        )
    for critic, shape in (
        (latent_critic(4, (1, 28, 28)), (4,)),
        (latent_critic(4, (64,)), (4,)),
        (image_critic((1, 8, 8)), (1, 8, 8)),
        (image_critic((1, 28, 28)), (1, 28, 28)),
    ):
        distance_and_penalty(critic, *torch.rand(2, 3, *shape))
    assert calls == ["piecewise_linear_distance_and_penalty"] * 3 + ["gradient_penalty"]


def test_flat_critic_has_the_penalty_one_and_finite_gradients() -> None:
    critic = critic_of(3, 8, 5)
    nn.init.zeros_(critic[-1].weight)
    distance, penalty = distance_and_penalty(critic, *torch.randn(2, 7, 3, dtype=F64))
    assert (float(distance.detach()), float(penalty.detach())) == (0.0, 1.0)
    grads = torch.autograd.grad(10.0 * penalty - distance, list(critic.parameters()))
    assert all(bool(torch.isfinite(grad).all()) for grad in grads)


@pytest.mark.parametrize("critic", [critic_of(3, 8), nn.Linear(3, 1, dtype=F64)])
def test_codes_are_constants(critic: Any) -> None:
    codes = torch.randn(4, 3, dtype=F64, requires_grad=True)
    distance, penalty = distance_and_penalty(critic, codes, torch.randn(4, 3, dtype=F64))
    assert torch.autograd.grad(distance + penalty, codes, allow_unused=True) == (None,)


def test_nothing_is_read_back_to_the_host() -> None:
    critic, rows = latent_critic(4, (64,)), torch.randn(2, 5, 4)
    with no_host_reads():
        distance, penalty = distance_and_penalty(critic, *rows)
        torch.autograd.grad(10.0 * penalty - distance, list(critic.parameters()))

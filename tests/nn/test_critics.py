"""Critics, their penalty, and column permutations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from benchmark.nn.critics import (
    Rectifier,
    discriminator,
    gradient_penalty,
    image_critic,
    interpolate,
    latent_critic,
    latent_generator,
    permute_columns,
)

F64 = torch.float64


@pytest.mark.parametrize("norm", [0.0, 0.3, 1.0, 4.0])
def test_penalty_of_a_linear_critic_is_its_norm_less_one_squared(norm: float) -> None:
    w = torch.tensor([3.0, -4.0, 0.0], dtype=F64) / 5.0 * norm
    for points in (torch.zeros(2, 3, dtype=F64), torch.randn(7, 3, dtype=F64)):
        assert float(gradient_penalty(lambda p: p @ w, points)) == pytest.approx(
            (norm - 1.0) ** 2, abs=1e-12
        )


def test_penalty_counts_every_number_of_an_image() -> None:
    """C(p) = sum of all D numbers has the gradient 1 everywhere, norm sqrt(D)."""
    value = gradient_penalty(lambda p: p.flatten(1).sum(1), torch.randn(5, 2, 3, 3, dtype=F64))
    assert float(value) == pytest.approx((math.sqrt(18.0) - 1.0) ** 2, abs=1e-12)


def test_penalty_trains_the_critic_and_not_the_points() -> None:
    critic, points = nn.Linear(3, 1, bias=False), torch.randn(6, 3, requires_grad=True)
    penalty = gradient_penalty(critic, points)
    grad, none = torch.autograd.grad(penalty, [critic.weight, points], allow_unused=True)
    w = critic.weight.detach()
    torch.testing.assert_close(grad, 2.0 * (w.norm() - 1.0) * w / w.norm())
    assert none is None


def test_penalty_of_a_zero_critic_is_one_with_a_finite_gradient() -> None:
    w = torch.zeros(3, 1, requires_grad=True)
    penalty = gradient_penalty(lambda p: p @ w, torch.randn(4, 3))
    assert float(penalty.detach()) == 1.0
    assert bool(torch.isfinite(torch.autograd.grad(penalty, w)[0]).all())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_rectifiers_penalise_like_relu_bit_for_bit_and_leave_no_path_through_activations(
    shape: tuple[int, ...],
) -> None:
    """With ReLU the biases have a gradient of zeros, for which the whole network is walked once
    more; here they have none."""
    critic, plain = image_critic(shape), image_critic(shape)
    plain.load_state_dict(critic.state_dict())
    for module in plain.modules():
        for name, child in module.named_children():
            if isinstance(child, Rectifier):
                setattr(module, name, nn.ReLU())
    assert any(isinstance(module, nn.ReLU) for module in plain.modules())
    x = torch.randn(5, *shape)
    assert torch.equal(critic(x), plain(x))
    ours, theirs = (
        torch.autograd.grad(
            gradient_penalty(network, x), list(network.parameters()), allow_unused=True
        )
        for network in (critic, plain)
    )
    for (name, _), grad, other in zip(critic.named_parameters(), ours, theirs, strict=True):
        if name.endswith("bias"):
            assert grad is None and other is not None and not bool(other.any())
        else:
            assert torch.equal(grad, other)
    ours, theirs = (
        torch.autograd.grad(network(x).mean(), list(network.parameters()))
        for network in (critic, plain)
    )
    assert all(torch.equal(grad, other) for grad, other in zip(ours, theirs, strict=True))


def test_interpolation_draws_one_share_per_row() -> None:
    torch.manual_seed(0)
    start, end = torch.zeros(1000, 2, 3, dtype=F64), torch.ones(1000, 2, 3, dtype=F64)
    share = interpolate(start, end)
    assert torch.equal(share, share[:, :1, :1].expand_as(share))
    assert float(share.min()) >= 0.0 and float(share.max()) < 1.0
    assert float(share.mean()) == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / 1000))


def test_permutation_keeps_each_columns_multiset_and_breaks_rows() -> None:
    torch.manual_seed(0)
    z = torch.randn(64, 5, dtype=F64)
    permuted = permute_columns(z)
    assert torch.equal(permuted.sort(0).values, z.sort(0).values)
    rows = (permuted[:, None, :] == z[None, :, :]).all(-1)
    assert not bool(rows.any()), (
        "a row of the joint survived; with independent columns that has a chance below 64^-3"
    )
    assert not torch.equal(
        (permuted[:, :1] == z[:, 0]).int().argmax(1), (permuted[:, 1:2] == z[:, 1]).int().argmax(1)
    )


def test_permutations_are_uniform() -> None:
    """Three rows have six orders; each comes up a sixth of the time, within five standard
    errors."""
    torch.manual_seed(0)
    orders = permute_columns(torch.arange(3.0)[:, None].expand(3, 6000))
    code = (orders * torch.tensor([[9.0], [3.0], [1.0]])).sum(0)
    counts = torch.unique(code, return_counts=True)[1]
    assert len(counts) == 6
    assert float((counts - 1000.0).abs().max()) < 5 * math.sqrt(1000 * 5 / 6)


def linears(network: nn.Module) -> list[tuple[int, int, bool]]:
    return [
        (m.in_features, m.out_features, m.bias is not None)
        for m in network.modules()
        if isinstance(m, nn.Linear)
    ]


def test_networks_have_the_sizes_of_the_papers_code_and_small_ones_for_small_inputs() -> None:
    image, small = (1, 28, 28), (64,)
    assert linears(latent_critic(16, image)) == [
        (16, 1024, True),
        *[(1024, 1024, True)] * 3,
        (1024, 1, False),
    ]
    assert linears(latent_critic(16, small)) == [
        (16, 256, True),
        *[(256, 256, True)] * 2,
        (256, 1, False),
    ]
    assert linears(latent_generator(16, image)) == [
        (16, 1024, True),
        *[(1024, 1024, True)] * 3,
        (1024, 16, True),
    ]
    assert linears(latent_generator(16, image, ())) == [(16, 16, True)]
    assert linears(discriminator(16, image)) == [
        (16, 1000, True),
        *[(1000, 1000, True)] * 4,
        (1000, 2, True),
    ]
    assert linears(discriminator(16, small)) == [
        (16, 256, True),
        *[(256, 256, True)] * 4,
        (256, 2, True),
    ]
    assert linears(image_critic(image)) == [(128 * 7 * 7, 1024, True), (1024, 1, False)]
    assert linears(image_critic((1, 8, 8))) == [(64, 256, True), (256, 256, True), (256, 1, False)]


@pytest.mark.parametrize("shape", [(64,), (1, 8, 8), (1, 28, 28), (1, 32, 32), (3, 64, 64)])
def test_every_network_gives_its_shape(shape: tuple[int, ...]) -> None:
    z, x = torch.randn(2, 3), torch.rand(2, *shape)
    assert latent_critic(3, shape)(z).shape == (2, 1)
    assert latent_generator(3, shape)(z).shape == (2, 3)
    assert discriminator(3, shape)(z).shape == (2, 2)
    assert image_critic(shape)(x).shape == (2, 1)


def scale(layer: nn.Module) -> float:
    layer.reset_parameters()
    weight: Tensor = layer.weight
    return float(weight.detach().square().mean().sqrt())


def test_weights_start_as_the_papers_code_draws_them() -> None:
    """Standard deviations within 2 %: each layer has at least 60,000 weights (one fan: 16 x 1024
    has 16,384, 4 %)."""
    torch.manual_seed(0)
    critic = latent_critic(16, (1, 28, 28))
    assert scale(critic[0]) == pytest.approx(math.sqrt(2 / (16 + 1024)), rel=0.04)
    assert scale(critic[2]) == pytest.approx(math.sqrt(2 / 2048), rel=0.02)
    assert scale(discriminator(16, (1, 28, 28))[2]) == pytest.approx(0.02, rel=0.02)
    convolution = image_critic((1, 28, 28))[2]
    assert scale(convolution) == pytest.approx(math.sqrt(2 / (64 * 16 + 128 * 16)), rel=0.02)
    assert all(
        bool((m.bias == 0).all())
        for m in critic.modules()
        if isinstance(m, nn.Linear) and m.bias is not None
    )

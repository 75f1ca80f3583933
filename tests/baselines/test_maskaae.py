"""MaskAAE: who moves in which step, and what each step descends (its baseline too)."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from maskaae_runs import MASK, B, L, batch, build, images, losses, moved, set_mask, tick
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.maskaae import MaskAAE
from baselines.wae_gan import WAEGAN
from benchmark.nn.critics import gradient_penalty

SHAPES = pytest.mark.parametrize("shape", [(7,), (1, 4, 4)], ids=["vectors", "images"])


@SHAPES
def test_each_step_moves_its_own_parameters_alone(shape: tuple[int, ...]) -> None:
    method, x = build(shape=shape), images(shape)
    assert moved(method, lambda: method.autoencoder_step(x)) == {"encoder", "decoder"}
    assert moved(method, lambda: method.critic_steps(images(shape, 5 * B))) == {"critic"}
    assert moved(method, lambda: method.encoder_step(x)) == {"encoder"}
    assert moved(method, lambda: method.mask_step(x, torch.tensor(1.0))) == {"mask"}


def rec(x: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(y, x) if x.dim() == 2 else F.binary_cross_entropy(y, x)


@SHAPES
@pytest.mark.parametrize("kind", [MaskAAE, WAEGAN])
def test_steps_descend_the_stated_losses_each_on_its_own_batch(
    kind: type[Any], shape: tuple[int, ...]
) -> None:
    method = build(kind, shape=shape)
    named_losses = losses(method)
    mask = 1.0 - torch.exp(-torch.tensor(MASK)) if kind is MaskAAE else torch.ones(L)
    encoder, decoder, critic = method.encoder, method.decoder, lambda z: method.critic(z).squeeze(1)
    parts = batch(method).x.split(B)
    torch.manual_seed(2)
    z = encoder(parts[0])
    penalty = ((z - z.mean(0)).square() * torch.exp(-10.0 * mask**2)).sum() / (B * L)
    expected = [
        (
            "autoencoder",
            rec(parts[0], decoder(mask * z)) + (100.0 * penalty if kind is MaskAAE else 0.0),
        )
    ]
    draws = (mask * torch.randn(5 * B, L)).split(B)
    for x, prior in zip(parts[1:6], draws, strict=True):
        codes = mask * encoder(x)
        slope = gradient_penalty(critic, prior + torch.rand(B, 1) * (codes - prior))
        expected.append(("critic", critic(codes).mean() - critic(prior).mean() + 10.0 * slope))
    expected.append(("encoder", -critic(mask * encoder(parts[6])).mean()))
    if kind is MaskAAE:
        z, prior = encoder(parts[7]), torch.randn(B, L)
        adversarial = (1.0 - (critic(mask * z).mean() - critic(mask * prior).mean())) ** 2
        weight = min(2048.0, 2.0 / L * 2.0 ** ((200 - 100) // (4 * method.period)))
        error = rec(parts[7], decoder(mask * z))
        expected.append(
            (
                "mask",
                (1000.0 if len(shape) == 3 else 100.0) * error
                + adversarial
                + weight * (mask * (1.0 - mask)).sum(),
            )
        )
    assert [name for name, _ in named_losses] == [name for name, _ in expected]
    assert [value for _, value in named_losses] == pytest.approx(
        [float(value.detach()) for _, value in expected], rel=1e-5
    )  # float32


def test_closed_mask_hides_its_dimension_from_decoder_and_critic_bit_for_bit() -> None:
    method = build()
    z, noise = torch.randn(B, L), torch.randn(B, L)
    other = torch.cat((noise[:, :1], z[:, 1:]), 1)
    mask = method.mask()
    for network in (method.decoder, method.critic):
        assert torch.equal(network(mask * z), network(mask * other))
        assert not torch.equal(network(z), network(other))


class Answer(nn.Module):
    """A decoder that knows the images."""

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.x = x

    def forward(self, z: Tensor) -> Tensor:
        return self.x + 0.0 * z.sum()


@SHAPES
def test_mask_loss_has_the_floor_one_with_a_constant_critic_and_a_binary_mask(
    shape: tuple[int, ...],
) -> None:
    method, x = build(shape=shape), images(shape)
    set_mask(method, (0.0, 0.0, 100.0, 100.0, 0.0))
    nn.init.zeros_(method.critic[-1].weight)
    method.decoder = Answer(x)
    p = x.double().clamp(1e-7, 1 - 1e-7)
    entropy = (
        -(x * p.log() + (1 - x) * (1 - p).log()).mean() if len(shape) == 3 else torch.zeros(())
    )
    loss = float(method.mask_loss(x, torch.tensor(2048.0)).detach())
    assert loss == (
        1.0 if len(shape) == 1 else pytest.approx(1.0 + 1000.0 * float(entropy), rel=1e-6)
    )  # float32


def test_gradient_reaches_the_mask_through_codes_and_through_prior_draws() -> None:
    """With a linear critic w and decoder answers fixed, d/da of (1 + W)^2 is 2 (1 + W) (1 - mu) w
    (mean n - mean z)."""
    method, x = build(), images((7,))
    method.decoder, method.critic = Answer(x), nn.Linear(L, 1, bias=False)
    torch.manual_seed(3)
    (grad,) = torch.autograd.grad(method.mask_loss(x, torch.tensor(0.0)), method.mask.a)
    torch.manual_seed(3)
    z = method.encoder(x)
    gap = torch.randn_like(z).mean(0) - z.mean(0)
    mask, w = method.mask().detach(), method.critic.weight[0]
    torch.testing.assert_close(
        grad,
        (2.0 * (1.0 + (w * mask * gap).sum()) * (1.0 - mask) * w * gap).detach(),
        rtol=1e-4,
        atol=1e-6,
    )  # float32


def test_no_mask_goes_below_zero() -> None:
    method = build(mask_lr=3.0)
    lowest = []
    for step in range(100, 110):
        method.train_step(batch(method), tick(step))
        lowest.append(float(method.mask.a.detach().min()))
    assert min(lowest) == 0.0


def test_codes_and_samples_pass_the_soft_mask() -> None:
    method, x = build(), images((7,))
    mask = 1.0 - torch.exp(-torch.tensor(MASK))
    torch.testing.assert_close(method.encode(x), mask * method.encoder(x))
    torch.manual_seed(4)
    samples = method.sample(3)
    torch.manual_seed(4)
    torch.testing.assert_close(samples, method.decoder(mask * torch.randn(3, L)))

"""VAE with an implicit optimal prior: the VAE without its ratio, and what the ratio changes."""

from __future__ import annotations

import math

import pytest
import torch
from adapters import build, images
from torch import nn

from baselines.vae import VAE
from baselines.vae_iop import VAEIOP

# vae-iop


def silent(method: VAEIOP) -> VAEIOP:
    nn.init.zeros_(method.ratio.last.weight)
    return method


def test_a_silent_ratio_leaves_the_vae() -> None:
    method, plain, x = silent(build(VAEIOP)), build(VAE), images()
    torch.manual_seed(0)
    ours = method.negative_bound(x)
    torch.manual_seed(0)
    torch.testing.assert_close(ours["loss"], plain.negative_bound(x)["loss"])
    codes, draws = torch.randn(2, 50, 4)
    assert float(method.ratio_loss(codes, draws)) == pytest.approx(2 * math.log(2.0))


def test_a_constant_in_the_ratio_shifts_the_loss_and_changes_no_sample() -> None:
    method, x = build(VAEIOP), images()
    results = []
    for shift in (0.0, 3.0):
        with torch.no_grad():
            method.ratio.last.bias.fill_(shift)
        torch.manual_seed(0)
        kl = method.negative_bound(x)["kl"]
        slopes = torch.autograd.grad(kl, list(method.encoder.parameters()))
        torch.manual_seed(1)
        results.append((kl, slopes, method.sample(20)))
    assert float(results[0][0] - results[1][0]) == pytest.approx(3.0, abs=1e-5)
    for one, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(results[0][2], results[1][2])


def test_dropout_acts_in_the_ratios_own_loss_alone() -> None:
    method, z = build(VAEIOP), torch.randn(6, 4)
    assert torch.equal(method.ratio(z), method.ratio(z))
    assert not torch.equal(method.ratio(z, dropout=True), method.ratio(z, dropout=True))


def test_resampling_follows_the_ratio() -> None:
    """T(z) = m.z tilts N(0, I) to N(m, I)."""
    method, m = build(VAEIOP), torch.tensor([0.5, 0.0, -0.5, 0.0])
    method.ratio.forward = lambda z, dropout=False: z @ m
    torch.manual_seed(0)
    codes = torch.cat([method.resampled(500) for _ in range(20)])
    torch.testing.assert_close(codes.mean(0), m, rtol=0, atol=0.06)

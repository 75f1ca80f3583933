"""Injective flows: the volume between its bounds, priors that train alike, a flat decoder."""

from __future__ import annotations

import math

import pytest
import torch
from adapters import batch, build, images, tick
from torch import nn

from baselines.injflow import InjFlow
from benchmark.nn.gaussian import channel_rate

# injflow


def test_the_volume_lies_between_determinant_and_frobenius_norm() -> None:
    generator = torch.Generator().manual_seed(0)
    size = 6
    j = torch.randn(20, size, generator=generator, dtype=torch.float64)
    v = torch.randn(200_000, size, generator=generator, dtype=torch.float64)
    v = v / v.norm(dim=1, keepdim=True)
    middle = 0.5 * size * ((v @ j.T) ** 2).sum(1).log().mean()
    low = 0.5 * torch.linalg.slogdet(j.T @ j)[1]
    high = 0.5 * size * (j.square().sum() / size).log()
    assert float(low) < float(middle) < float(high)
    q = 3.0 * torch.linalg.qr(j)[0]
    exact = 0.5 * size * ((v[:50] @ q.T) ** 2).sum(1).log()
    torch.testing.assert_close(exact, torch.full_like(exact, size * math.log(3.0)))


def test_both_priors_train_alike() -> None:
    one, other, x = build(InjFlow), build(InjFlow, prior="gmm"), images()
    for method in (one, other):
        torch.manual_seed(0)
        method.train_step(batch(x), tick())
    ours = dict(other.named_parameters())
    assert all(torch.equal(p, ours[name]) for name, p in one.named_parameters())


def test_a_flat_decoder_is_flagged() -> None:
    method, x = build(InjFlow), images(40)
    assert method.discover(x).flags == ("no_selection",)
    nn.init.zeros_(method.decoder[-2].weight)
    assert method.discover(x).flags == ("no_selection", "collapsed")


def test_the_rate_of_a_channel_needs_no_prior() -> None:
    mean = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    log_var = torch.zeros(2, 2)
    assert channel_rate(mean, log_var).tolist() == pytest.approx([0.5 * math.log(2.0), 0.0])

"""AAE: what its classifier costs when it is silent, and which one is best."""

from __future__ import annotations

import math

import pytest
import torch
from adapters import build
from torch import nn

from baselines.aae import AAE

# aae


def test_a_silent_classifier_costs_a_bit_each() -> None:
    method = build(AAE)
    nn.init.zeros_(method.discriminator[-1].weight)
    codes, draws = torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(0))
    assert float(method.discriminator_loss(codes, draws)) == pytest.approx(2 * math.log(2))
    assert float(method.encoder_loss(codes)) == pytest.approx(math.log(2))


def test_the_best_classifier_of_a_shifted_normal_is_linear() -> None:
    """D = |m|^2 / 2 - m.z; turning or scaling it costs more."""
    method, m = build(AAE), torch.tensor([1.0, -0.5, 0.0, 0.3])
    generator = torch.Generator().manual_seed(1)
    draws = torch.randn(200_000, 4, generator=generator)
    codes = torch.randn(200_000, 4, generator=generator) + m

    def loss(scale: float, shift: float) -> float:
        method.discriminator = lambda z: (scale * (0.5 * m @ m - z @ m) + shift)[:, None]
        return float(method.discriminator_loss(codes, draws))

    del method.discriminator
    best = loss(1.0, 0.0)
    assert all(loss(s, c) > best for s, c in ((0.8, 0.0), (1.2, 0.0), (1.0, 0.2), (1.0, -0.2)))

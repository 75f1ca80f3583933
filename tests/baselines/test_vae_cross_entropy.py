"""VAE with cross entropy for images: the slope of a logit, the entropy below, a silent model."""

from __future__ import annotations

import math

import pytest
import torch
from adapters import build, images
from torch import nn

from baselines.vae_cross_entropy import VAECrossEntropy
from benchmark.nn.bernoulli import bernoulli_nll, in_logits

# vae-cross-entropy


def test_cross_entropy_pulls_each_logit_by_the_error_of_its_pixel() -> None:
    method, x = build(VAECrossEntropy, (1, 8, 8)), images(5, (1, 8, 8))
    logits = in_logits(method.decoder)(torch.zeros(5, 4)).detach().requires_grad_()
    (slope,) = torch.autograd.grad(bernoulli_nll(x, logits).mean(), logits)
    torch.testing.assert_close(slope, (torch.sigmoid(logits) - x) / 5, rtol=1e-4, atol=1e-6)


def test_cross_entropy_of_grey_images_stays_above_their_entropy() -> None:
    method, x = build(VAECrossEntropy, (1, 8, 8)), images(5, (1, 8, 8))
    parts = method.terms(x)
    entropy = -(x * x.log() + (1 - x) * (1 - x).log()).flatten(1).sum(1)
    assert bool((parts["nll"] >= entropy).all())
    values = method.negative_bound(x)
    assert float(values["loss"]) == pytest.approx(float(values["nll"] + values["kl"]))


def test_cross_entropy_of_a_silent_model_is_a_bit_per_pixel() -> None:
    method = build(VAECrossEntropy, (1, 8, 8))
    for last in (method.encoder[-1], method.decoder[-3]):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    values = method.negative_bound(images(5, (1, 8, 8)).round())
    assert float(values["loss"]) == pytest.approx(64 * math.log(2.0), rel=1e-6)
    with pytest.raises(ValueError, match="use vae"):
        build(VAECrossEntropy)

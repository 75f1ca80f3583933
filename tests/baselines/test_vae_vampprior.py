"""VAE with the VampPrior: bounds of the divergence from a mixture of pseudo-inputs."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from adapters import batch, build, images, tick

from baselines.vae_iop import VAEIOP
from baselines.vae_vampprior import VampPrior
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.nn.gaussian import reparameterise


def split(x: torch.Tensor) -> TensorSplit:
    return TensorSplit(Split(x.numpy(), tuple(x.shape[1:])))


# vae-vampprior


def vamp(images_of_prior: torch.Tensor) -> Any:
    method = build(VampPrior, components=len(images_of_prior)).double()
    with torch.no_grad():
        method.pseudo.images.copy_(images_of_prior)
    return method


def test_one_pseudo_input_gives_a_gaussian_prior() -> None:
    x = images(3).double()
    method = vamp(x[:1])
    with torch.no_grad():
        mean, log_var = method.posterior(x[1:2].expand(40_000, 6))
        torch.manual_seed(0)
        rates = method.divergence(mean, log_var, reparameterise(mean, log_var))
        q, p = (
            torch.distributions.Normal(m[0], (0.5 * v[0]).exp())
            for m, v in ((mean, log_var), method.posterior(x[:1]))
        )
        expected = torch.distributions.kl_divergence(q, p).sum()
        assert float((rates.mean() - expected).abs()) < 5 * float(rates.std()) / 200
        own = method.posterior(x[:1].expand(50, 6))
        zero = method.divergence(*own, reparameterise(*own))
    torch.testing.assert_close(zero, torch.zeros_like(zero), rtol=0, atol=1e-12)


def test_an_image_among_k_pseudo_inputs_costs_ln_k_at_most() -> None:
    x = images(6).double()
    method = vamp(x)
    with torch.no_grad():
        mean, log_var = method.posterior(x.repeat(200, 1))
        rates = method.divergence(mean, log_var, reparameterise(mean, log_var))
        assert float(rates.max()) <= math.log(6.0) + 1e-12
        same = vamp(x[:1].expand(5, 6))
        one = vamp(x[:1])
        z = torch.randn(7, 4, dtype=torch.float64)
        torch.testing.assert_close(same.log_prior(z), one.log_prior(z))


def test_pseudo_inputs_start_at_data_and_stay_in_range() -> None:
    x = images(5, (1, 8, 8)).round()  # zeros and ones
    method = build(VampPrior, (1, 8, 8), components=7)
    method.prepare(split(x))
    shuffled = split(x).some(5)
    assert float((method.pseudo.images - shuffled[torch.arange(7) % 5]).abs().max()) < 0.06
    for _ in range(3):
        method.train_step(batch(x[:4]), tick())
        assert 0.0 <= float(method.pseudo.images.min()) <= float(method.pseudo.images.max()) <= 1.0
    with pytest.raises(ValueError, match="start=noise is for images"):
        build(VampPrior, start="noise")


@pytest.mark.parametrize("kind", [VampPrior, VAEIOP])
def test_the_divergence_warms_up(kind: Any) -> None:
    method = build(kind, warm_up=0.5)
    assert [float(method.weight(tick(p))) for p in (0.0, 0.25, 0.5, 0.9)] == [0.0, 0.5, 1.0, 1.0]
    assert float(build(kind, warm_up=0.0).weight(tick(0.0))) == 1.0

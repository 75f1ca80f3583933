"""The sigma-VAE adapter: its objective term by term, its modes, and learning on real digits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from baselines.vae import VAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.likelihood import gaussian_nll, optimal_log_sigma, softclip
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def build(shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 4, **config: Any) -> VAE:
    return construct(VAE, replace(VAE.Config(), **config), 0, shape=shape, latent_dim=latent_dim)


def batch(shape: tuple[int, ...] = (1, 8, 8), count: int = 8) -> Batch:
    return Batch(
        torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)), torch.arange(count)
    )


@pytest.mark.parametrize("sigma", ["learned", "optimal", "fixed"])
@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (1, 28, 28)])
def test_step_moves_every_parameter_without_a_host_read(sigma: str, shape: tuple[int, ...]) -> None:
    method = build(shape, sigma=sigma)
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    with no_host_reads():
        values = method.train_step(batch(shape), TICK)
    assert all(not torch.equal(before[name], p) for name, p in method.named_parameters())
    assert {name: tuple(value.shape) for name, value in values.items()} == dict.fromkeys(
        ("loss", "nll", "kl", "log_sigma"), ()
    )
    assert method.model.updates == 4


def test_loss_is_the_negative_elbo_with_all_constants() -> None:
    method, x = build(chunks=1), batch().x
    torch.manual_seed(5)
    values = method.train_step(Batch(x, torch.arange(8)), TICK)
    torch.manual_seed(5)
    fresh = build(chunks=1)
    torch.manual_seed(5)
    mean, log_var = fresh.posterior(x)
    reconstruction = fresh.decode(mean + torch.exp(0.5 * log_var) * torch.randn_like(mean))
    density = (
        torch.distributions.Normal(reconstruction, torch.exp(softclip(torch.zeros(()))))
        .log_prob(x)
        .flatten(1)
        .sum(1)
    )
    expected = (kl_standard(mean, log_var).sum(1) - density).mean()
    torch.testing.assert_close(values["loss"], expected, rtol=1e-5, atol=0)


def test_fixed_mode_has_no_trainable_sigma_and_uses_gamma() -> None:
    method = build(sigma="fixed", gamma=0.25)
    assert "noise.log_sigma" not in dict(method.named_parameters())
    assert float(method.train_step(batch(), TICK)["log_sigma"]) == pytest.approx(math.log(0.5))
    with pytest.raises(ValueError, match="gamma is a variance"):
        build(sigma="fixed", gamma=0.0)


def test_decoder_and_sigma_start_at_the_data() -> None:
    """The mean image of random pixels is far from 0 and 1, so no margin acts."""
    method, x = build(), batch(count=30).x
    method.prepare(TensorSplit(Split(x.numpy(), (1, 8, 8))))
    mean = x.double().mean(0)
    bias = torch.sigmoid(list(method.decoder.parameters())[-1].double())
    torch.testing.assert_close(bias, mean.flatten(), rtol=1e-5, atol=0)
    spread = float((x.double() - mean).square().mean())
    assert float(method.noise.current().detach().exp()) == pytest.approx(
        math.sqrt(spread), rel=1e-5
    )


def test_sigma_starts_at_one_where_asked_to() -> None:
    method, x = build(sigma_start="one"), batch(count=30).x
    method.prepare(TensorSplit(Split(x.numpy(), (1, 8, 8))))
    assert float(method.noise.log_sigma.detach()) == 0.0


def test_sigma_has_a_pace_of_its_own_in_short_runs() -> None:
    rates = {
        steps: construct(VAE, VAE.Config(), 0, shape=(2,), latent_dim=2, steps=steps)
        .players["sigma"]
        .optimiser.lr
        for steps in (300, 3000, 60_000)
    }
    assert rates == pytest.approx({300: 1e-2, 3000: 2.5e-3, 60_000: 1e-3})
    assert build(lr_sigma=5e-4).players["sigma"].optimiser.lr == 5e-4
    assert "sigma" not in build(sigma="optimal").players


def test_optimal_mode_uses_and_remembers_the_batch_value() -> None:
    method, x = build(sigma="optimal"), batch().x
    reconstruction = method.decode(method.encode(x))
    log_sigma = method.noise(x, reconstruction)
    torch.testing.assert_close(log_sigma, softclip(optimal_log_sigma(x, reconstruction)))
    assert torch.equal(method.noise.current(), log_sigma.detach())


def test_terms_add_up_to_the_loss_in_expectation() -> None:
    method, x = build(sigma="fixed"), batch().x
    with torch.no_grad():
        torch.manual_seed(1)
        terms = method.terms(x)
        torch.manual_seed(1)
        mean, log_var = method.posterior(x)
        nll = gaussian_nll(
            x,
            method.decode(mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)),
            torch.zeros(()),
        )
    torch.testing.assert_close(terms["nll"], nll)
    assert terms["kl"].shape == (8, 4)


def test_discovery_selects_nothing_and_says_so() -> None:
    discovery = build().discover(batch().x)
    assert discovery.active.all() and discovery.flags == ("no_selection",)
    assert bool((discovery.relevance >= 0).all())


def test_shuffled_chunks_are_quarters_of_the_batch() -> None:
    with pytest.raises(ValueError, match="10 images cannot be cut into 4"):
        build().train_step(batch(count=10), TICK)

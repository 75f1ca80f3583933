"""The beta-VAE adapter: its objective, the three covariances, its count of dimensions."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from baselines.beta_vae import BetaVAE
from baselines.vae import VAE
from benchmark.method import Batch, Tick
from benchmark.nn import covariance
from benchmark.nn.gaussian import kl_standard
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")
KINDS = {"diagonal": 4 + 4, "block": 4 + 6, "full": 4 + 10}
"""Outputs of the encoder for four coordinates, blocks of two."""


def build(shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 4, **config: Any) -> BetaVAE:
    return construct(
        BetaVAE, replace(BetaVAE.Config(), **config), 0, shape=shape, latent_dim=latent_dim
    )


def batch(shape: tuple[int, ...] = (1, 8, 8), count: int = 8) -> Batch:
    return Batch(
        torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)), torch.arange(count)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2,), (1, 28, 28)])
def test_step_moves_every_parameter_without_a_host_read(kind: str, shape: tuple[int, ...]) -> None:
    method = build(shape, covariance=kind)
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    with no_host_reads():
        values = method.train_step(batch(shape), TICK)
    assert all(not torch.equal(before[name], p) for name, p in method.named_parameters())
    assert {name: tuple(value.shape) for name, value in values.items()} == dict.fromkeys(
        ("loss", "reconstruction", "kl"), ()
    )
    assert method.encoder(batch(shape).x).shape[1] == KINDS[kind]


def test_loss_sums_pixels_and_coordinates_and_drops_the_constant() -> None:
    method, x = build(chunks=1, beta=0.3), batch().x
    mean, log_var = method.posterior(x)
    torch.manual_seed(5)
    z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
    expected = (
        0.5 * (x - method.decode(z)).square().sum((1, 2, 3))
        + 0.3 * kl_standard(mean, log_var).sum(1)
    ).mean()
    torch.manual_seed(5)
    torch.testing.assert_close(
        method.train_step(Batch(x, torch.arange(8)), TICK)["loss"], expected, rtol=1e-5, atol=0.0
    )


@pytest.mark.parametrize("gamma", [0.05, 0.4, 2.0])
def test_a_vae_of_constant_variance_has_the_same_gradients_up_to_a_factor(gamma: float) -> None:
    """beta plays the constant decoder variance: this adapter's loss is gamma times the VAE's and a
    constant. Rybkin et al. (2021) have beta / 2 because their beta-VAE leaves out the half of the
    squared error; with ``||x - g||^2 + b KL``, twice this adapter's loss at beta = b / 2, they say
    the same."""
    x = batch().x
    method = build(chunks=1, beta=gamma)
    vae: VAE = construct(
        VAE,
        replace(VAE.Config(), sigma="fixed", gamma=gamma, chunks=1),
        0,
        shape=x.shape[1:],
        latent_dim=4,
    )
    (loss, grads), (vae_loss, vae_grads) = first_gradient(method, x), first_gradient(vae, x)
    constant = 0.5 * x[0].numel() * math.log(2.0 * math.pi * gamma)
    torch.testing.assert_close(loss, gamma * (vae_loss - constant), rtol=1e-4, atol=1e-4)
    assert len(grads) == len(vae_grads)
    for mine, other in zip(grads, vae_grads, strict=True):
        torch.testing.assert_close(mine, gamma * other, rtol=1e-3, atol=1e-5)
        assert bool(mine.any())


def first_gradient(method: Any, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The loss of the first step on ``x`` and its gradients by encoder and decoder."""
    parameters = [*method.encoder.parameters(), *method.decoder.parameters()]
    steps: list[tuple[torch.Tensor, list[torch.Tensor]]] = []

    def descend(loss: torch.Tensor, *players: object) -> None:
        steps.append((loss.detach(), list(torch.autograd.grad(loss, parameters))))

    method.descend = descend
    torch.manual_seed(5)
    method.train_step(Batch(x, torch.arange(len(x))), TICK)
    (only,) = steps
    return only


@pytest.mark.parametrize("kind", KINDS)
def test_terms_are_the_elbo_of_a_decoder_of_variance_beta(kind: str) -> None:
    method, x, beta = build(covariance=kind, beta=0.3), batch().x, 0.3
    torch.manual_seed(5)
    terms = method.terms(x)
    torch.manual_seed(5)
    reconstruction = method.decode(covariance.draw(*method.gaussian(x)))
    nll = -torch.distributions.Normal(reconstruction, beta**0.5).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(terms["nll"], nll, rtol=1e-5, atol=1e-4)
    mean, factors = method.gaussian(x)
    posterior = torch.distributions.MultivariateNormal(mean, covariance.covariance(factors))
    standard = torch.distributions.MultivariateNormal(torch.zeros(4), torch.eye(4))
    torch.testing.assert_close(
        terms["kl"].sum(1),
        torch.distributions.kl_divergence(posterior, standard),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.parametrize("kind", ["block", "full"])
def test_sampled_codes_have_the_posteriors_correlations(kind: str) -> None:
    method, x = build(covariance=kind), batch(count=1).x
    with torch.no_grad():
        method.encoder[-1].weight.zero_()
        method.encoder[-1].bias.copy_(torch.tensor([0.0] * 8 + [1.0] * (KINDS[kind] - 8)))
        torch.manual_seed(0)
        codes = method.sampled_code(x.expand(20_000, 1, 8, 8))
        expected = covariance.covariance(method.gaussian(x)[1])[0]
    tolerance = (
        5 * float(expected.diagonal().max()) * (2 / 20_000) ** 0.5
    )  # five standard errors of a variance
    torch.testing.assert_close(torch.cov(codes.mT), expected, rtol=0.0, atol=tolerance)
    torch.testing.assert_close(method.posterior(x)[1][0].exp(), expected.diagonal())
    assert float((expected - torch.diag(expected.diagonal())).abs().max()) > 5 * tolerance


def test_discovery_counts_coordinates_above_the_common_rate() -> None:
    method, x = build((6,), 4), batch((6,), 64).x
    layer = torch.nn.Linear(6, 8)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(
            torch.tensor([0.31, 0.30, 0.0, 0.0, 0.0, 0.0, -4.0, 0.0])
        )  # KL of a mean m is m^2 / 2: 0.0481, 0.045
    method.encoder = layer
    discovery = method.discover(x)
    assert discovery.active.tolist() == [True, False, True, False] and discovery.flags == ()
    assert discovery.extra["lstar_precision"] == 1.0 and discovery.extra["shared"] == pytest.approx(
        0.0, abs=1e-9
    )
    torch.testing.assert_close(
        discovery.relevance, kl_standard(*method.posterior(x)).mean(0), rtol=1e-5, atol=1e-7
    )


def test_precision_count_survives_a_turned_code() -> None:
    """One informative direction across two coordinates: the axes count two, the eigenvalues one."""
    method, x = build((6,), 2, covariance="full"), batch((6,), 8).x
    direction = torch.tensor([[1.0], [1.0]]) / 2**0.5
    root = torch.linalg.cholesky(torch.eye(2) - 0.9 * direction @ direction.mT)
    layer = torch.nn.Linear(6, 5)
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.copy_(
            torch.tensor([0.0, 0.0, 2 * root[0, 0].log(), 2 * root[1, 1].log(), root[1, 0]])
        )
    method.encoder = layer
    discovery = method.discover(x)
    assert int(discovery.active.sum()) == 2 and discovery.extra["lstar_precision"] == 1.0
    assert discovery.extra["shared"] > 0.1


def test_a_posterior_at_the_prior_is_flagged() -> None:
    method = build((6,), 4)
    torch.nn.init.zeros_(method.encoder[-1].weight)
    assert method.discover(batch((6,)).x).flags == ("collapsed",)


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="covariance=full is for latent sizes up to 32, got 33"):
        build(latent_dim=33, covariance="full")
    with pytest.raises(ValueError, match="blocks of 3 coordinates do not fill a code of 4"):
        build(covariance="block", block=3)
    with pytest.raises(ValueError, match="beta is a variance"):
        build(beta=-1.0)

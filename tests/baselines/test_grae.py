"""The GRAE adapter: its objective term by term, limits, the rotation of its code, its count of
dimensions and the flags."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.grae import GRAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn import jacobian
from benchmark.nn.likelihood import squared_error
from benchmark.training.host_reads import no_host_reads
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")
F64 = torch.float64


def build(shape: tuple[int, ...] = (1, 8, 8), latent_dim: int = 4, **config: Any) -> GRAE:
    return construct(GRAE, replace(GRAE.Config(), **config), 0, shape=shape, latent_dim=latent_dim)


def batch(shape: tuple[int, ...] = (1, 8, 8), count: int = 8) -> Batch:
    return Batch(
        torch.rand(count, *shape, generator=torch.Generator().manual_seed(0)), torch.arange(count)
    )


def linear(decoder: Tensor, encoder: Tensor, **config: Any) -> GRAE:
    """GRAE with linear maps (D, L) and (L, D) without biases for its networks, in float64."""
    method = build((len(decoder),), decoder.shape[1], **config)
    for name, weight in (("encoder", encoder), ("decoder", decoder)):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight.data = weight.float()
        setattr(method, name, layer)
    method.model = method.add_player(
        "model", method.encoder, method.decoder, optimiser=method.model.optimiser
    )
    return method.double()


@pytest.mark.parametrize("regularizer", ["hadamard-1", "exact"])
@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (1, 28, 28)])
def test_step_moves_every_parameter_without_a_host_read(
    regularizer: str, shape: tuple[int, ...]
) -> None:
    method = build(shape, regularizer=regularizer)
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    with no_host_reads():
        values = method.train_step(batch(shape), TICK)
    assert all(not torch.equal(before[name], p) for name, p in method.named_parameters())
    assert set(values) == {"loss", "reconstruction", "norm", "volume", "column_energy"}
    assert method.model.updates == 4


def test_exact_loss_is_the_objective() -> None:
    method, x, beta = (
        build(regularizer="exact", chunks=1, beta=0.3).double(),
        batch().x.double(),
        0.3,
    )
    h = method.encoder(x)
    matrix = torch.stack(
        [
            torch.func.jacfwd(lambda row: method.decoder(row.unsqueeze(0)).flatten())(row)
            for row in h
        ]
    )
    volume = torch.logdet(torch.eye(4, dtype=F64) + matrix.mT @ matrix / beta)
    expected = (
        0.5 * (x - method.decoder(h)).square().sum((1, 2, 3))
        + 0.5 * beta * h.square().sum(1)
        + 0.5 * beta * volume
    ).mean()
    values = method.train_step(Batch(x, torch.arange(8)), TICK)
    torch.testing.assert_close(values["loss"], expected, rtol=1e-10, atol=0.0)
    torch.testing.assert_close(
        values["reconstruction"] + values["norm"] + values["volume"], values["loss"]
    )


def test_sampled_regulariser_is_the_hadamard_sum_on_average() -> None:
    method = build().double()
    h = method.encoder(batch(count=1).x.double())
    bound = jacobian.hadamard_term(jacobian.all_grams(method.decoder, h), method.config.beta)[
        0
    ].detach()
    torch.manual_seed(0)
    drawn = method.regulariser(h.repeat(4000, 1))[1].detach()
    assert len(drawn.round(decimals=9).unique()) == 4  # one of the columns each
    assert abs(float(drawn.mean() - bound)) < 5 * float(drawn.std()) / 4000**0.5


def test_columns_are_drawn_for_each_image_alone() -> None:
    method = build().double()
    h = method.encoder(batch(count=1).x.double()).repeat(64, 1)
    torch.manual_seed(0)
    assert len(method.regulariser(h)[1].detach().round(decimals=9).unique()) > 1


def test_a_picture_shown_twice_doubles_the_pixel_term() -> None:
    decoder, encoder, x = torch.randn(6, 3), torch.randn(3, 6), torch.rand(8, 6, dtype=F64)
    once, twice = (
        linear(decoder, encoder, chunks=1),
        linear(decoder.repeat(2, 1), torch.cat([encoder, encoder], 1) / 2.0, chunks=1),
    )
    one = once.train_step(Batch(x, torch.arange(8)), TICK)
    two = twice.train_step(Batch(x.repeat(1, 2), torch.arange(8)), TICK)
    torch.testing.assert_close(
        two["reconstruction"], 2.0 * one["reconstruction"], rtol=1e-6, atol=0.0
    )  # weights pass through float32
    torch.testing.assert_close(two["norm"], one["norm"], rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("regularizer", ["hadamard-1", "exact"])
def test_beta_towards_zero_leaves_a_plain_autoencoder(regularizer: str) -> None:
    method, x = build(regularizer=regularizer, beta=1e-12, chunks=1).double(), batch().x.double()
    expected = 0.5 * squared_error(x, method.decoder(method.encoder(x))).mean()
    torch.testing.assert_close(
        method.train_step(Batch(x, torch.arange(8)), TICK)["loss"], expected, rtol=1e-9, atol=0.0
    )


SPECTRUM = torch.tensor(
    [5.0, 3.0, 2.0, 1.2, 0.7, 0.45, *torch.linspace(0.04, 0.01, 14).tolist()], dtype=F64
)


def gaussian(count: int) -> Tensor:
    """Points (count, 20), centred, with these principal variances along turned axes."""
    generator = torch.Generator().manual_seed(1)
    raw = torch.randn(count, 20, generator=generator, dtype=F64)
    turned = torch.linalg.qr(torch.randn(20, 20, generator=generator, dtype=F64))[0]
    return torch.linalg.qr(raw - raw.mean(0))[0] * math.sqrt(count) * SPECTRUM.sqrt() @ turned.mT


def optimum(x: Tensor, beta: float, size: int) -> tuple[Tensor, Tensor]:
    """Decoder (20, size) and encoder (size, 20) of probabilistic PCA with noise beta, its code
    turned at random."""
    values, vectors = torch.linalg.eigh(x.mT @ x / len(x))
    s, v = values.flip(0)[:size], vectors.flip(1)[:, :size]
    turn = torch.linalg.qr(
        torch.randn(size, size, generator=torch.Generator().manual_seed(2), dtype=F64)
    )[0]
    decoder = v * (s - beta).clamp_min(0.0).sqrt() @ turn
    return decoder, torch.linalg.solve(
        decoder.mT @ decoder + beta * torch.eye(size, dtype=F64), decoder.mT
    )


@pytest.mark.parametrize(("beta", "expected"), [(0.1, 6), (0.4, 6), (1.0, 4)])
def test_count_is_that_of_pca_and_conclude_turns_the_code_to_its_axes(
    beta: float, expected: int
) -> None:
    x = gaussian(1024)
    method = linear(*optimum(x, beta, 10), beta=beta)
    method.conclude(TensorSplit(Split(x.numpy(), (20,))))
    discovery = method.discover(x)
    assert (
        int(discovery.active.sum())
        == int((torch.linalg.eigvalsh(x.mT @ x / len(x)) > 1.1 * beta).sum())
        == expected
    )
    expected_relevance = (SPECTRUM[:10] / beta - 1.0).clamp_min(0.0)
    torch.testing.assert_close(
        discovery.relevance.double(), expected_relevance, rtol=1e-5, atol=1e-5
    )  # weights pass through float32
    assert discovery.flags == () and discovery.extra["code_units"] == expected
    variance = method.encode(x).var(0, correction=0)
    torch.testing.assert_close(
        variance, (1.0 - beta / SPECTRUM[:10]).clamp_min(0.0), rtol=1e-5, atol=1e-5
    )
    unturned = method.encoder(x).var(0, correction=0)
    assert int((unturned > 0.01).sum()) == 10, (
        "the trap: variances along the trained axes count every coordinate"
    )


def test_stochastic_training_finds_the_count_of_pca() -> None:
    """The sampled bound on linear networks, Adam on quarters: the rule is the same at the end of
    real training."""
    x, beta = gaussian(512), 0.4
    torch.manual_seed(0)
    method = linear(
        0.3 * torch.randn(20, 10, dtype=F64),
        0.3 * torch.randn(10, 20, dtype=F64),
        beta=beta,
        lr=1e-2,
    ).float()
    for step in range(250):
        torch.manual_seed(step)
        method.train_step(Batch(x.float()[torch.randperm(512)[:256]], torch.arange(256)), TICK)
    assert int(method.discover(x.float()).active.sum()) == 6


def test_turning_leaves_reconstructions_as_they_are() -> None:
    method, x = build(), batch(count=300).x
    plain = method.decoder(method.encoder(x))
    method.conclude(TensorSplit(Split(x.numpy(), (1, 8, 8))))
    assert not torch.equal(method.rotation, torch.eye(4))
    torch.testing.assert_close(method.decode(method.encode(x)), plain, rtol=1e-5, atol=1e-6)
    grams = (
        jacobian.all_grams(method.decode, method.encode(x)).double().mean(0) / method.config.beta
    )
    torch.testing.assert_close(
        grams, torch.diag(method.spectrum).double(), rtol=1e-3, atol=1e-4
    )  # float32 Jacobians


def test_terms_are_the_negative_elbo_and_on_linear_decoders_the_objective() -> None:
    """Divided by beta and with the constant restored, the exact objective is the marginal
    likelihood, and the posterior is exact: no gap."""
    x, beta = gaussian(64), 0.4
    method = linear(*optimum(x, beta, 5), beta=beta)
    weight = method.decoder.weight
    marginal = torch.distributions.MultivariateNormal(
        torch.zeros(20, dtype=F64), weight @ weight.mT + beta * torch.eye(20, dtype=F64)
    ).log_prob(x)
    torch.manual_seed(0)
    repeated = method.terms(x[:1].expand(4000, 20))
    elbo = -(repeated["nll"] + repeated["kl"].sum(1)).detach()
    assert repeated["kl"].shape == (4000, 5)
    assert abs(float((elbo.mean() - marginal[0]).detach())) < 5 * float(elbo.std()) / 4000**0.5
    other = torch.distributions.MultivariateNormal(
        method.encode(x)[0].detach(),
        jacobian.optimal_covariance((weight.mT @ weight)[None], beta)[0],
    )
    standard = torch.distributions.MultivariateNormal(
        torch.zeros(5, dtype=F64), torch.eye(5, dtype=F64)
    )
    torch.testing.assert_close(
        repeated["kl"][0].sum(),
        torch.distributions.kl_divergence(other, standard),
        rtol=1e-8,
        atol=0.0,
    )
    assert build(latent_dim=33).terms(batch().x) == {}


def test_large_beta_collapses_and_says_so() -> None:
    discovery = build(beta=1e6).discover(batch(count=16).x)
    assert int(discovery.active.sum()) == 0 and discovery.flags == ("collapsed",)


class Staircase(nn.Module):
    """A decoder that is flat wherever one looks, and yet tells codes apart."""

    def forward(self, z: Tensor) -> Tensor:
        return torch.round(4.0 * z)


def test_a_decoder_that_is_flat_where_it_is_looked_at_is_flagged() -> None:
    method = build((8,), 8)
    method.encoder, method.decoder = nn.Identity(), Staircase()
    discovery = method.discover(torch.randn(500, 8, generator=torch.Generator().manual_seed(0)))
    assert int(discovery.active.sum()) == 0
    assert "jacobian_evasion" in discovery.flags and discovery.extra["code_units"] == 8.0


def test_noise_in_active_coordinates_only() -> None:
    decoder = torch.diag(torch.tensor([3.0, 2.0, 0.01, 0.0], dtype=F64))
    for noise, still in (("full", 0), ("active", 2)):
        method = linear(decoder, torch.eye(4, dtype=F64), noise=noise)
        method.conclude(TensorSplit(Split(np.random.default_rng(0).normal(size=(64, 4)), (4,))))
        method.decoder.weight.data = torch.eye(4, dtype=F64) @ method.rotation.mT
        samples = method.float().sample(50)
        assert int((samples.std(0) < 1e-6).sum()) == still
    torch.testing.assert_close(samples[0, 2:], method.centre[2:])


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match=r"regularizer=exact takes 33 .* up to 32.*hadamard-1"):
        build(latent_dim=33, regularizer="exact")
    with pytest.raises(ValueError, match="beta is a variance"):
        build(beta=0.0)

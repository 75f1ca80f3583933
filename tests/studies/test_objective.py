"""Three objectives of one network: where theory says by how much they differ, they do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from baselines.beta_vae import BetaVAE
from baselines.grae import GRAE
from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn import covariance, jacobian
from benchmark.nn.likelihood import squared_error
from benchmark.studies.objective import Objective, objectives, off_block_share, use_elu
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def network(
    kind: type, latent_dim: int = 4, shape: tuple[int, ...] = (1, 8, 8), **config: Any
) -> Any:
    return construct(
        kind, replace(kind.Config(), **config), 0, shape=shape, latent_dim=latent_dim
    ).double()


def images(count: int = 8, shape: tuple[int, ...] = (1, 8, 8)) -> torch.Tensor:
    return torch.rand(
        count, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )


@pytest.mark.parametrize("kind", ["diagonal", "block", "full"])
def test_taylor_exceeds_grae_by_beta_times_the_divergence_from_the_best_covariance(
    kind: str,
) -> None:
    method, x = network(BetaVAE, covariance=kind, beta=0.3), images()
    terms = objectives(method, x)
    spread = covariance.covariance(method.gaussian(x)[1])
    precision = jacobian.posterior_precision(terms["gram"], 0.3)
    zero = torch.zeros(8, 4, dtype=torch.float64)
    divergence = torch.distributions.kl_divergence(
        torch.distributions.MultivariateNormal(zero, spread),
        torch.distributions.MultivariateNormal(zero, precision_matrix=precision),
    )
    torch.testing.assert_close(
        terms["taylor"] - terms["grae"], 0.3 * divergence, rtol=1e-9, atol=1e-9
    )
    assert bool((divergence > 0.01).all())


def test_beta_vae_equals_taylor_on_average_where_the_decoder_is_linear() -> None:
    method = network(BetaVAE, shape=(7,), covariance="full")
    method.decoder = nn.Linear(4, 7).double()
    terms = objectives(method, images(1, (7,)), draws=20_000)
    torch.manual_seed(0)
    single = torch.stack(
        [objectives(method, images(1, (7,)), draws=1)["beta-vae"] for _ in range(200)]
    )
    error = float(single.std()) / 20_000**0.5
    assert abs(float(terms["beta-vae"] - terms["taylor"])) < 5 * error


def test_a_grae_network_gets_the_best_covariance_and_its_own_objective() -> None:
    method, x = network(GRAE, beta=0.3, regularizer="exact", chunks=1), images()
    terms = objectives(method, x)
    torch.testing.assert_close(terms["taylor"], terms["grae"], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        method.train_step(Batch(x, torch.arange(8)), TICK)["loss"].detach(),
        terms["grae"].mean(),
        rtol=1e-9,
        atol=0.0,
    )


def test_beta_vae_objective_is_its_loss() -> None:
    method, x = network(BetaVAE, chunks=1), images()
    torch.manual_seed(4)
    terms = objectives(method, x, draws=1)
    torch.manual_seed(4)
    torch.testing.assert_close(
        method.train_step(Batch(x, torch.arange(8)), TICK)["loss"].detach(),
        terms["beta-vae"].mean(),
        rtol=1e-9,
        atol=0.0,
    )


def test_off_block_share_is_none_for_blocks_and_all_for_the_rest() -> None:
    blocks = torch.block_diag(*(torch.ones(2, 2) for _ in range(3)))
    assert off_block_share(blocks, 2) == pytest.approx(0.0)
    assert off_block_share(torch.ones(6, 6), 2) == pytest.approx(1 - 12 / 36)
    assert off_block_share(torch.ones(6, 6) - blocks, 2) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["diagonal", "block"])
def test_outcome_says_objectives_gaps_and_blocks(kind: str) -> None:
    study = construct(
        Objective,
        replace(Objective.Config(), covariance=kind, draws=4),
        0,
        shape=(1, 8, 8),
        latent_dim=4,
    )
    data = np.random.default_rng(0).random((300, 1, 8, 8), dtype=np.float32)
    torch.manual_seed(0)
    measurements = study.outcome(TensorSplit(Split(data, (1, 8, 8)))).measurements
    values = {name: measurement.value for name, measurement in measurements.items()}
    assert values["gap-taylor-grae"] == pytest.approx(
        values["objective-taylor"] - values["objective-grae"], rel=1e-6
    )
    assert values["gap-beta-vae-grae"] == pytest.approx(
        values["gap-beta-vae-taylor"] + values["gap-taylor-grae"], rel=1e-6
    )
    with torch.no_grad():
        error = (
            squared_error(
                torch.from_numpy(data), study.decode(study.encode(torch.from_numpy(data)))
            ).mean()
            / 64
        )
    assert values["mse"] == pytest.approx(float(error), rel=1e-5)
    assert ("off-block" in values) == (kind == "block")
    assert measurements["objective-grae"].n == 300


def test_options_are_those_of_the_beta_vae_and_it_trains_as_one() -> None:
    mine = {
        field.name: (field.default, field.type)
        for field in registry.find("studies", "grae-objective").source.fields("Config")
    }
    theirs = {
        field.name: (field.default, field.type)
        for field in registry.find("methods", "beta-vae").source.fields("Config")
    }
    ours = ("draws", "activation")
    assert {name: value for name, value in mine.items() if name not in ours} == theirs
    assert Objective.train_step is BetaVAE.train_step


@pytest.mark.parametrize(
    ("activation", "used", "gone"), [("elu", nn.ELU, nn.LeakyReLU), ("relu", nn.LeakyReLU, nn.ELU)]
)
def test_the_networks_have_the_nonlinearity_asked_for_and_the_same_initial_weights(
    activation: str, used: type[nn.Module], gone: type[nn.Module]
) -> None:
    shape, config = (1, 8, 8), Objective.Config(activation=activation)
    study = construct(Objective, config, 0, shape=shape, latent_dim=4)
    plain = construct(BetaVAE, BetaVAE.Config(), 0, shape=shape, latent_dim=4)
    layers = [*study.encoder, *study.decoder]
    assert any(isinstance(layer, used) for layer in layers)
    assert not any(isinstance(layer, gone) for layer in layers)
    for (name, mine), theirs in zip(
        study.encoder.named_parameters(), plain.encoder.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs), name


def test_elu_takes_the_place_of_leaky_units_too() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(0.2), nn.Linear(2, 2), nn.Sigmoid())
    use_elu(network)
    assert [type(layer) for layer in network] == [nn.Linear, nn.ELU, nn.Linear, nn.Sigmoid]

"""Blocks of a posterior found again in J'J: shares that are known, and the structure where theory
puts it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from baselines.beta_vae import BetaVAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.nn import covariance
from benchmark.studies.jacobian import Blocks, outside_share, same_block
from benchmark.training.runtime import construct

TICK = Tick(torch.tensor(0), torch.tensor(0.0), "train")


def study(
    latent_dim: int = 8, block: int = 3, shape: tuple[int, ...] = (1, 8, 8), **config: Any
) -> Blocks:
    return construct(
        Blocks,
        replace(Blocks.Config(), block=block, **config),
        0,
        shape=shape,
        latent_dim=latent_dim,
    )


def images(count: int = 300) -> np.ndarray:
    return np.random.default_rng(0).random((count, 1, 8, 8), dtype=np.float32)


def test_the_last_block_takes_what_is_left() -> None:
    sizes = same_block(8, 3).sum(1).tolist()
    assert sizes == [3, 3, 3, 3, 3, 3, 2, 2]
    assert torch.equal(
        same_block(6, 2), torch.block_diag(*(torch.ones(2, 2) for _ in range(3))).bool()
    )


def test_shares_outside_blocks_are_counted_entry_by_entry() -> None:
    inside = same_block(6, 2)
    blocks = inside.double()
    grams = torch.stack([blocks, torch.ones(6, 6, dtype=torch.float64), 2.0 * (1.0 - blocks)])
    torch.testing.assert_close(
        outside_share(grams, inside), torch.tensor([0.0, 24 / 36, 1.0], dtype=torch.float64)
    )


@pytest.mark.parametrize(("latent_dim", "block"), [(8, 3), (8, 2), (20, 3)])
def test_covariance_is_correlated_inside_blocks_and_only_there(latent_dim: int, block: int) -> None:
    network = study(latent_dim, block)
    spread = covariance.covariance(network.gaussian(torch.from_numpy(images(5)))[1])
    inside = same_block(latent_dim, block)
    assert bool((spread[:, ~inside] == 0.0).all()) and bool((spread[:, inside] != 0.0).all())
    assert bool((torch.linalg.eigvalsh(spread.double()) > 0.0).all())


def test_every_entry_of_a_factor_has_its_own_output_of_the_encoder() -> None:
    network = study(8, 3)
    entries = network.below.shape[1]
    assert entries == 3 + 3 + 1
    network.encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 16 + entries))
    with torch.no_grad():
        network.encoder[1].weight.zero_()
        network.encoder[1].bias.copy_(
            torch.cat([torch.zeros(16), 1.0 + torch.arange(float(entries))])
        )
    mean, factors = network.gaussian(torch.from_numpy(images(2)))
    expected = torch.eye(8)
    (
        expected[1, 0],
        expected[2, 0],
        expected[2, 1],
        expected[4, 3],
        expected[5, 3],
        expected[5, 4],
        expected[7, 6],
    ) = 1, 2, 3, 4, 5, 6, 7
    assert mean.shape == (2, 8) and torch.equal(factors, expected.expand(2, 1, 8, 8))


def test_outcome_finds_blocks_where_they_are_and_only_there() -> None:
    """A linear decoder whose J'J has the posterior's blocks, then the same with its columns in
    another order. Six coordinates have 15 partitions."""
    network = study(6, 2, shape=(12,), beta=0.5)
    root = torch.block_diag(*(torch.tensor([[1.0, 0.9], [0.0, 0.5]]) for _ in range(3)))
    data = TensorSplit(Split(np.random.default_rng(0).random((40, 12), dtype=np.float32), (12,)))
    by_decoder = []
    for order in ([0, 1, 2, 3, 4, 5], [0, 2, 4, 1, 3, 5]):
        network.decoder = nn.Linear(6, 12)
        with torch.no_grad():
            network.decoder.weight.copy_(torch.cat([root[:, order], torch.zeros(6, 6)]))
        torch.manual_seed(0)
        outcome = network.outcome(data)
        by_decoder.append(
            {name: measurement.value for name, measurement in outcome.measurements.items()}
        )
        np.testing.assert_allclose(
            outcome.arrays["gram"],
            (network.decoder.weight.mT @ network.decoder.weight).detach().numpy(),
            atol=1e-6,
        )
    blocks, mixed = by_decoder
    assert (
        blocks["off-block"] == pytest.approx(0.0, abs=1e-10)
        and blocks["off-block[partition=random]"] > 0.1
    )
    assert blocks["chance"] == pytest.approx(
        1 / 15, abs=0.03
    )  # 4 standard errors of 1,000 partitions
    assert mixed["off-block"] > 0.1 and mixed["chance"] > 0.5
    assert (
        set(outcome.arrays) == {"gram", "precision", "grams", "precisions", "inside"}
        and len(outcome.arrays["grams"]) == 8
    )


def test_precision_gap_is_zero_where_the_covariance_is_the_best_one() -> None:
    network = study(4, 2, shape=(9,), beta=0.5)
    root = torch.block_diag(*(torch.tensor([[1.0, 0.9], [0.0, 0.5]]) for _ in range(2)))
    network.decoder = nn.Linear(4, 9)
    with torch.no_grad():
        network.decoder.weight.copy_(torch.cat([root, torch.zeros(5, 4)]))
    best = torch.linalg.inv(torch.eye(4) + root.mT @ root / 0.5)
    factor = torch.linalg.cholesky(best)
    network.gaussian = lambda x: (x[:, :4], factor.expand(len(x), 1, 4, 4))
    data = TensorSplit(Split(np.random.default_rng(0).random((20, 9), dtype=np.float32), (9,)))
    assert network.outcome(data).measurements["precision-gap"].value == pytest.approx(0.0, abs=1e-5)


def test_it_trains_as_the_beta_vae_does() -> None:
    network = study(8, 3)
    assert Blocks.train_step is BetaVAE.train_step
    before = [value.clone() for value in network.parameters()]
    x = torch.from_numpy(images(8))
    network.train_step(Batch(x, torch.arange(8)), TICK)
    assert all(
        not torch.equal(old, new) for old, new in zip(before, network.parameters(), strict=True)
    )


@pytest.mark.parametrize(("latent_dim", "block"), [(8, 1), (8, 8), (40, 2)])
def test_sizes_without_blocks_are_refused(latent_dim: int, block: int) -> None:
    with pytest.raises(ValueError, match="blocks hold 2 coordinates or more"):
        study(latent_dim, block)

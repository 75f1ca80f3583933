"""WAE-GAN is MaskAAE with its mask frozen at one; and both learn to reconstruct within the default
budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from harness import CPU

from baselines.maskaae import MaskAAE
from baselines.wae_gan import WAEGAN
from benchmark.datasets.digits import Digits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.method import Batch, Tick
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

B, L = 6, 5


def build(kind: type[Any], shape: tuple[int, ...], **config: Any) -> Any:
    size = {"shape": shape, "latent_dim": L, "steps": 300, "steps_per_epoch": 10, "batch_size": B}
    return construct(kind, replace(kind.Config(), **config), 0, **size)


@pytest.mark.parametrize("shape", [(7,), (1, 4, 4)], ids=["vectors", "images"])
def test_mask_frozen_at_one_is_the_baseline_bit_for_bit(shape: tuple[int, ...]) -> None:
    """a = 100 is a mask of exactly one with no slope in float32; the mask's own batch is the eighth
    and comes last."""
    masked, plain = build(MaskAAE, shape, variance_weight=0.0), build(WAEGAN, shape)
    torch.nn.init.constant_(masked.mask.a, 100.0)
    x = torch.rand(8 * B, *shape)
    for step in range(3):
        for method in (masked, plain):
            count = B * method.config.batches_per_step
            torch.manual_seed(step)
            method.train_step(
                Batch(x[:count], torch.arange(count)),
                Tick(torch.tensor(step), torch.tensor(0.5), "train"),
            )
    theirs = dict(plain.named_parameters())
    assert {name for name, _ in masked.named_parameters()} == {*theirs, "mask.a"}
    assert all(
        torch.equal(p, theirs[name]) for name, p in masked.named_parameters() if name in theirs
    )
    assert torch.equal(masked.encode(x), plain.encode(x))
    assert torch.equal(masked.mask(), torch.ones(L))


def test_baseline_takes_seven_batches_and_keeps_every_dimension() -> None:
    plain, masked = build(WAEGAN, (7,)), build(MaskAAE, (7,))
    assert (plain.config.batches_per_step, masked.config.batches_per_step) == (7, 8)
    x = torch.rand(10, 7)
    discovery = plain.discover(x)
    assert discovery.flags[0] == "no_selection" and bool(discovery.active.all())
    torch.testing.assert_close(discovery.relevance, plain.encoder(x).var(0, correction=0))
    assert {name: player.optimiser.lr for name, player in plain.players.items()} == {
        "autoencoder": 5e-4,
        "critic": 1e-4,
        "encoder": 1e-4,
    }


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MaskAAE, WAEGAN])
def test_digits_are_reconstructed_within_the_default_budget(
    kind: type[Any], tmp_path: Path
) -> None:
    """Test error below half of what the mean image gives (0.0727); measured 0.027 and 0.020."""
    splits = Digits(Digits.Options(), data_dir=tmp_path).load()
    train, test = TensorSplit(splits.train), TensorSplit(splits.test)
    method = construct(
        kind,
        kind.Config(),
        0,
        shape=(1, 8, 8),
        latent_dim=16,
        steps=300,
        steps_per_epoch=22,
        batch_size=64,
    )
    Trainer(
        method,
        train,
        seed=0,
        steps=300,
        batch_size=64,
        device=CPU,
        path=tmp_path / "c",
        identity={},
    ).fit()
    mean = torch.cat(list(train.batches(500))).mean(0)
    floor = float(
        torch.cat([(x - mean).square().flatten(1).mean(1) for x in test.batches(500)]).mean()
    )
    assert float(np.mean(Evaluator(method, test, seed=0, device=CPU).squared_error)) < 0.5 * floor

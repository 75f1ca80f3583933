"""What RF-VAE and the port learn: reconstructions, the dimension of known data, and where the KL
weight leaves nothing to learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import CPU

from baselines.rf_vae import RFVAE
from baselines.rf_vae_port import RFVAEPort
from benchmark.datasets.digits import Digits
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

BATCH = 64


def manifold() -> Split:
    """Three dimensions under a smooth map into thirty, standardised."""
    rng = np.random.default_rng(0)
    x = np.tanh(rng.normal(size=(40 * BATCH, 3)) @ rng.normal(size=(3, 30)))
    return Split(((x - x.mean(0)) / x.std(0)).astype(np.float32), (30,))


def learn(
    kind: type[Method], data: Split, path: Path, steps: int, latent_dim: int = 8, **config: Any
) -> tuple[Any, float, float]:
    """Return the trained method, its mean squared error on its training images, and that of their
    mean image."""
    images, size = (
        TensorSplit(data),
        {"shape": data.shape, "latent_dim": latent_dim, "steps": steps, "batch_size": BATCH},
    )
    method = construct(kind, replace(kind.Config(), **config), 0, **size)
    Trainer(
        method, images, seed=0, steps=steps, batch_size=BATCH, device=CPU, path=path, identity={}
    ).fit()
    x = images.head(len(images))
    error = (x - method.decode(method.encode(x))).square().mean()
    return method, float(error.detach()), float((x - x.mean(0)).square().mean())


@pytest.mark.parametrize("kind", [RFVAE, RFVAEPort])
def test_vectors_are_reconstructed_better_than_by_their_mean(
    kind: type[Method], tmp_path: Path
) -> None:
    _, error, mean = learn(kind, manifold(), tmp_path / "c", 100)
    assert error < 0.6 * mean


@pytest.mark.slow
def test_long_warm_up_finds_the_three_dimensions_by_both_readings(tmp_path: Path) -> None:
    method, error, mean = learn(RFVAE, manifold(), tmp_path / "c", 4000, warm_up=0.5)
    discovery = method.discover(TensorSplit(manifold()).head(1000))
    assert (
        int(discovery.active.sum())
        == discovery.extra["lstar_above_mean"]
        == discovery.extra["active_kl"]
        == 3.0
    )
    assert discovery.flags == ()
    assert error < 0.1 * mean


@pytest.mark.slow
def test_small_grey_digits_carry_too_few_nats_for_the_kl_weight(tmp_path: Path) -> None:
    """At a weight of 5.05 every dimension of 8x8 digits is dropped; at 0.55 some are kept."""
    digits = Digits(Digits.Options(), data_dir=tmp_path, argument=None).load().train
    method, error, mean = learn(RFVAE, digits, tmp_path / "dropped", 300, latent_dim=16)
    assert error > 0.9 * mean
    assert "collapsed" in method.discover(TensorSplit(digits).head(1000)).flags
    _, error, mean = learn(RFVAE, digits, tmp_path / "kept", 300, latent_dim=16, lambda_max=1.0)
    assert error < 0.75 * mean

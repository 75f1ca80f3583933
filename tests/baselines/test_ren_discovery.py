"""What R-VAE discovers where the truth is known: three dimensions under a smooth map into thirty,
noise 0.05, L = 10 (minutes: slow)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from harness import CPU

from baselines.r_vae import RVAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.protocol.runtime import construct
from benchmark.protocol.trainer import Trainer

EPOCHS, PER_EPOCH, BATCH, L = 750, 32, 128, 10


def manifold() -> Split:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(PER_EPOCH * BATCH, 3)) @ rng.normal(size=(3, 30))
    return Split((np.tanh(codes) + 0.05 * rng.normal(size=codes.shape)).astype(np.float32), (30,))


@pytest.mark.slow
@pytest.mark.parametrize("posterior", ["learned", "conjugate"])
def test_prior_variances_separate_the_three_used_dimensions(tmp_path: Path, posterior: str) -> None:
    """L* = 3 is asserted for the exact posterior only: the learned one falls more slowly (see
    docs/decisions.md)."""
    data, steps = TensorSplit(manifold()), EPOCHS * PER_EPOCH
    size = {
        "shape": (30,),
        "latent_dim": L,
        "steps": steps,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    method = construct(
        RVAE, replace(RVAE.Config(), ren_posterior=posterior, burn_in=0.2), 0, **size
    )
    Trainer(
        method,
        data,
        seed=0,
        steps=steps,
        batch_size=BATCH,
        device=CPU,
        path=tmp_path / "c",
        identity={},
    ).fit()
    found = method.discover(data.head(4096))
    ordered = found.relevance.sort(descending=True).values
    assert found.extra["active_units"] == 3.0
    assert float(ordered[2]) > 3.0 * float(ordered[3])
    if posterior == "conjugate":
        assert int(found.active.sum()) == 3

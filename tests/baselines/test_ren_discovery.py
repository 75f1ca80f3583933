"""What the relevance networks discover where the truth is known: three dimensions under a smooth
map into thirty, noise 0.05, L = 10, or 6 with a flow (minutes: slow)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness import CPU

from baselines.r_dpvae import RDPVAE
from baselines.r_vae import RVAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Method
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

PER_EPOCH, BATCH = 32, 128


def manifold() -> Split:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(PER_EPOCH * BATCH, 3)) @ rng.normal(size=(3, 30))
    return Split((np.tanh(codes) + 0.05 * rng.normal(size=codes.shape)).astype(np.float32), (30,))


def train(kind: type[Method], folder: Path, latent_dim: int, steps: int, **config: Any) -> Method:
    size = {
        "shape": (30,),
        "latent_dim": latent_dim,
        "steps": steps,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    method = construct(kind, replace(kind.Config(), **config), 0, **size)
    Trainer(
        method,
        TensorSplit(manifold()),
        seed=0,
        steps=steps,
        batch_size=BATCH,
        device=CPU,
        path=folder / "checkpoint.safetensors",
        identity={},
    ).fit()
    return method


@pytest.mark.slow
@pytest.mark.parametrize("posterior", ["learned", "conjugate"])
def test_prior_variances_separate_the_three_used_dimensions(tmp_path: Path, posterior: str) -> None:
    """L* = 3 is asserted for the exact posterior only: the learned one falls more slowly (see
    docs/decisions.md)."""
    method = train(RVAE, tmp_path, 10, 750 * PER_EPOCH, ren_posterior=posterior, burn_in=0.2)
    discovery = method.discover(TensorSplit(manifold()).head(4096))
    ordered = discovery.relevance.sort(descending=True).values
    assert discovery.extra["active_units"] == 3.0
    assert float(ordered[2]) > 3.0 * float(ordered[3])
    if posterior == "conjugate":
        assert int(discovery.active.sum()) == 3


@pytest.mark.slow
def test_a_flow_in_joint_steps_leaves_the_three_used_dimensions_to_be_found(tmp_path: Path) -> None:
    """The gap stands at the truth after 1,500 steps, long before L* reaches it; a flow that trains
    in the small steps too leaves all six alike."""
    x = TensorSplit(manifold()).head(4096)
    discovery = train(RDPVAE, tmp_path, 6, 1500).discover(x)
    assert (
        discovery.extra["gap_position"] == 3.0
        and discovery.extra["gap"] > 1.5
        and not discovery.flags
    )
    (tmp_path / "both").mkdir()
    mixed = train(RDPVAE, tmp_path / "both", 6, 1500, flow_steps="both").discover(x)
    assert mixed.extra["gap"] < 1.05 and mixed.flags == ("degenerate",)

"""What GECO-L0 discovers where the truth is known: five dimensions under a smooth map into 32,
noise 0.1, L = 12 (half a minute: slow)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from harness import CPU

from baselines.geco_l0 import GecoL0
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.nn.gates import undecided_gates
from benchmark.training.runtime import construct
from benchmark.training.trainer import Trainer

UPDATES, CHUNKS, BATCH, L = 9000, 4, 128, 12
TRUE, NUMBERS, NOISE = 5, 32, 0.1


def manifold(seed: int) -> Split:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(4096, TRUE)) @ rng.normal(size=(TRUE, NUMBERS)) / TRUE**0.5
    return Split(
        (np.tanh(codes) + NOISE * rng.normal(size=codes.shape)).astype(np.float32), (NUMBERS,)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_as_many_gates_stay_open_as_the_manifold_has_dimensions(tmp_path: Path, seed: int) -> None:
    """tau is 2.5 times the variance of the noise."""
    data, steps = TensorSplit(manifold(seed)), UPDATES // CHUNKS
    size = {
        "shape": (NUMBERS,),
        "latent_dim": L,
        "steps": steps,
        "steps_per_epoch": 4096 // BATCH,
        "batch_size": BATCH,
    }
    config = replace(GecoL0.Config(), tau_per_pixel=2.5 * NOISE**2, chunks=CHUNKS)
    method = construct(GecoL0, config, seed, **size)
    Trainer(
        method,
        data,
        seed=seed,
        steps=steps,
        batch_size=BATCH,
        device=CPU,
        path=tmp_path / "c",
        identity={},
    ).fit()
    discovery = method.discover(data.head(1))
    assert int(discovery.active.sum()) == TRUE
    assert discovery.flags == () and not undecided_gates(discovery.relevance).any()
    assert abs(discovery.extra["constraint"]) < 0.1 * discovery.extra["tau_per_pixel"], (
        "the multiplier holds the error at tau"
    )

"""MI-VAE with a category on a few small images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from baselines.mi_vae_joint import JointMIVAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Method
from benchmark.training.runtime import construct

STEPS, PER_EPOCH, BATCH, L, K = 10, 5, 16, 3, 4
DATA = Split(
    np.random.default_rng(0).random((PER_EPOCH * BATCH, 1, 8, 8), dtype=np.float32), (1, 8, 8)
)


def build(kind: type[Method] = JointMIVAE, **config: Any) -> Any:
    size = {
        "shape": (1, 8, 8),
        "latent_dim": L,
        "steps": STEPS,
        "steps_per_epoch": PER_EPOCH,
        "batch_size": BATCH,
    }
    return construct(kind, replace(kind.Config(), **{"categories": K, **config}), 0, **size)


def batch() -> Batch:
    return Batch(TensorSplit(DATA).head(BATCH), torch.arange(BATCH))

"""Codes beside the known factors of the data, for the metrics that compare them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from benchmark.datasets.split import Split, Splits, shuffled
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import CHUNK, Evaluator
from benchmark.metrics.factors import HANDED
from benchmark.spec import derive_seed
from benchmark.training.runtime import seed_noise

__all__ = ["MOST", "CodesAndFactors", "hand_factors"]

MOST = 10_000
"""Images of each split, at most."""


class CodesAndFactors:
    """The counted coordinates of the deterministic code of images, float64 (N, L), and their
    factors (N, F), each taken when asked for."""

    def __init__(self, evidence: Evaluator, splits: Splits) -> None:
        self.evidence, self.splits = evidence, splits

    @cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """Of 10,000 training images at most, in their shuffled order."""
        return self._of(self.splits.train, "train")

    @cached_property
    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """Of as many test images."""
        return self._of(self.splits.test, "test")

    @torch.no_grad()
    def _of(self, split: Split, role: str) -> tuple[np.ndarray, np.ndarray]:
        evidence = self.evidence
        assert split.factors is not None
        images = TensorSplit(split, evidence.device).some(MOST)
        codes = []
        for chunk, x in enumerate(images.split(CHUNK)):
            seed_noise(derive_seed(evidence.seed, f"factors/{role}", chunk), evidence.device)
            code = evidence.method.encode(x)[:, : evidence.latent_dim]
            codes.append(code.to("cpu", torch.float64).numpy())
        return np.concatenate(codes), split.factors[shuffled(len(split))[:MOST]]


def hand_factors(evidence: Evaluator, splits: Splits) -> Evaluator:
    """Return ``evidence``, which from now on knows the factors of the data where they have any."""
    if splits.train.factors is not None and splits.test.factors is not None:
        evidence.once(HANDED, lambda: CodesAndFactors(evidence, splits))
    return evidence

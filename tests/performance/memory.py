"""Peak memory of evaluating 10,000 samples of 64x64x3: every stage of FID, in one process on one
thread.

    python tests/performance/memory.py [--images 10000]

Stages: the data (uint8, train and test), one chunk of 500 samples of the convolutional VAE, one
batch through InceptionV3 (random weights), then FID of samples, of reconstructions and its floor
for a linear model, with a pooling in place of Inception's convolutions that gives as many features
(2048); those would take an hour on one core and no more memory than the batch did. Prints the peak
resident size after each stage.
"""

from __future__ import annotations

import argparse
import math
import resource
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from baselines.vae import VAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.extractors import inception
from benchmark.extractors.extractor import Network
from benchmark.extractors.fid_inception import FIDInception
from benchmark.metrics.base import Extractor
from benchmark.metrics.fid import FID, FID_FLOOR, FID_RECONSTRUCTION
from benchmark.training import runtime

CPU = torch.device("cpu")
SHAPE = (3, 64, 64)


def pooled(images: Tensor) -> Tensor:
    """As many features as Inception has, by averaging pixels: (B, 2048)."""
    return nn.functional.adaptive_avg_pool2d(images.mean(1, keepdim=True), (32, 64)).flatten(1)


class Linear(nn.Module):
    """A linear model with random weights: what evaluation needs of a method, at no cost."""

    latent_dim, shape = 16, SHAPE

    def __init__(self) -> None:
        super().__init__()
        self.basis = nn.Parameter(0.1 * torch.randn(16, math.prod(SHAPE)), requires_grad=False)

    def encode(self, x: Tensor) -> Tensor:
        return (x.flatten(1) - 0.5) @ self.basis.T / 100.0

    def decode(self, z: Tensor) -> Tensor:
        return (z @ self.basis).view(-1, *SHAPE) + 0.5

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, 16))


def tell(stage: str) -> None:
    print(  # noqa: T201
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:6.2f} GB  {stage}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=10_000)
    options = parser.parse_args()
    runtime.make_deterministic()
    rng = np.random.Generator(np.random.PCG64(0))
    train, test = (
        TensorSplit(
            Split(rng.integers(0, 256, size=(options.images, *SHAPE), dtype=np.uint8), SHAPE)
        )
        for _ in range(2)
    )
    tell("imports and data")
    size = {"shape": SHAPE, "latent_dim": 16}
    method = runtime.construct(
        VAE, VAE.Config(), 0, steps=1, steps_per_epoch=1, batch_size=100, **size
    )
    next(Evaluator(method, test, seed=0, device=CPU).samples(500))
    tell("500 samples of the convolutional VAE")
    network = inception.network_of(FIDInception().trunk.state_dict(), "random")
    network.features(
        test.batches(inception.BATCH)
        if options.images <= inception.BATCH
        else [test.head(inception.BATCH)]
    )
    del network
    tell(f"{inception.BATCH} images through InceptionV3")
    evidence = Evaluator(Linear(), test, seed=0, device=CPU, train=train)
    about = Extractor("inception", Path(__file__).stem, inception.DIM, "299", "uint8")
    evidence._features._networks["inception"] = Network(
        about, pooled, nn.Identity(), inception.BATCH
    )
    for metric in (FID, FID_RECONSTRUCTION, FID_FLOOR):
        metric.measure(evidence)
        tell(f"{metric.name}, {evidence.feature_count} images")


if __name__ == "__main__":
    main()

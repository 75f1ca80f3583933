"""What the harness costs: the trainer against a bare loop a researcher would write, alternating in
one process.

    python tests/performance/overhead.py [--pairs 11] [--steps-conv 60] [--steps-mlp 600]

Both train the same VAE (same networks, batches, quarter-batch updates) with torch's fused Adam on
one thread. The bare loop holds float images in memory, shuffles with torch.randperm and keeps
nothing: no addressed noise, log, checkpoint or stop. Prints the ratio of seconds per outer step
(median, minimum and maximum over pairs) and the difference in microseconds.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from baselines.vae import VAE
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.likelihood import gaussian_nll, softclip
from benchmark.training import runtime
from benchmark.training.trainer import Trainer

CPU = torch.device("cpu")


def fresh(shape: tuple[int, ...], latent_dim: int, steps: int) -> VAE:
    return runtime.construct(
        VAE, VAE.Config(), 0, shape=shape, latent_dim=latent_dim, steps=steps, steps_per_epoch=11
    )


def harness(split: Split, latent_dim: int, steps: int, batch_size: int) -> float:
    """Seconds per outer step of the trainer (one step before the clock starts creates what is
    created once)."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "seed": 0,
            "steps": steps + 1,
            "batch_size": batch_size,
            "device": CPU,
            "identity": {},
        }
        run = Trainer(
            fresh(split.shape, latent_dim, steps),
            TensorSplit(split),
            path=Path(folder) / "c",
            **settings,
        )
        marks: list[float] = []
        run.stop = lambda: marks.append(time.perf_counter())
        run.fit()
        return (marks[-1] - marks[1]) / (steps - 1)


def bare(images: torch.Tensor, latent_dim: int, steps: int, batch_size: int) -> float:
    """Seconds per outer step of a loop without any harness."""
    method = fresh(tuple(images.shape[1:]), latent_dim, steps)
    encoder, decoder, log_sigma = method.encoder, method.decoder, method.noise.log_sigma
    optimiser = torch.optim.Adam(method.parameters(), lr=1e-3, fused=True)
    order, position, marks = torch.randperm(len(images)), 0, []
    for _ in range(steps + 1):
        marks.append(time.perf_counter())
        if position + batch_size > len(images):
            order, position = torch.randperm(len(images)), 0
        batch = images[order[position : position + batch_size]]
        position += batch_size
        for x in batch.chunk(4):
            mean, log_var = encoder(x).chunk(2, dim=1)
            z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
            loss = (gaussian_nll(x, decoder(z), softclip(log_sigma)).mean()) + kl_standard(
                mean, log_var
            ).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return (marks[-1] - marks[1]) / (steps - 1)


def compare(
    name: str, split: Split, latent_dim: int, steps: int, batch_size: int, pairs: int
) -> None:
    images = TensorSplit(split).head(len(split))
    ratios, gaps = [], []
    for pair in range(pairs + 1):
        first = bare(images, latent_dim, steps, batch_size) if pair % 2 else None
        ours = harness(split, latent_dim, steps, batch_size)
        theirs = first if first is not None else bare(images, latent_dim, steps, batch_size)
        if pair:  # the first pair warms up
            ratios.append(ours / theirs)
            gaps.append((ours - theirs) * 1e6)
    print(  # noqa: T201
        f"{name}: harness / bare = {statistics.median(ratios):.3f} ({min(ratios):.3f} to "
        f"{max(ratios):.3f}), {statistics.median(gaps):+.0f} us per outer step ({min(gaps):+.0f} "
        f"to {max(gaps):+.0f}); {pairs} pairs of {steps} steps"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--steps-conv", type=int, default=60)
    parser.add_argument("--steps-mlp", type=int, default=600)
    options = parser.parse_args()
    runtime.make_deterministic()
    rng = np.random.default_rng(0)
    small = Split(rng.integers(0, 17, size=(1437, 1, 8, 8)).astype(np.float32) / 16, (1, 8, 8))
    compare("8x8 MLP VAE, batch 128", small, 16, options.steps_mlp, 128, options.pairs)
    large = Split(rng.integers(0, 256, size=(6000, 1, 28, 28), dtype=np.uint8), (1, 28, 28))
    compare("28x28 conv VAE, batch 100", large, 16, options.steps_conv, 100, options.pairs)


if __name__ == "__main__":
    main()

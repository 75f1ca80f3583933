"""WAE-MMD: a Wasserstein autoencoder whose codes match the prior by kernels.

Citation
    Tolstikhin, Bousquet, Gelly, Schoelkopf, "Wasserstein Auto-Encoders", 2018
    (https://arxiv.org/abs/1711.01558); constants from the authors' code.

Objective
    z = E(x), n as many draws of N(0, I); mean over images, summed over the numbers of an image:

        ||x - decode(z)||^2 + weight MMD(z, n)

    MMD: unbiased estimate of the squared maximum mean discrepancy, summed over seven inverse
    multiquadratic kernels C / (C + ||a - b||^2), C from 0.2 L to 20 L. It may be negative.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the variance of the codes.

Deviations
    The code weighs 0.05 ||x - decode(z)||^2 with 10 on MNIST, which is 200 here; CelebA's is 100 on
    images in [-1, 1], 500 here; other data have no constants, and vectors keep the 200, which lies
    between codes apart from the prior (10) and blurred data (1,000; docs/decisions.md). Its step
    size falls by 1/2 at 30 % and by 1/5 at half of the run on MNIST, which is the default here
    (``schedule=constant`` for none; CelebA's falls smoothly by 100). No noise on the inputs, no
    pretraining of the encoder, shared backbones without batch normalisation; the decoder starts at
    the mean training image, which is ours (nn/start.py). One update per batch: the estimate's
    spread is as 1 / B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from baselines.wae_gan import WAEGAN
from benchmark.method import Batch, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones
from benchmark.nn.discrepancy import imq_discrepancy
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.schedules import milestones

__all__ = ["WAEMMD"]


def published(progress: Tensor) -> Tensor:
    """Return the factor of the step size on MNIST: halved at epoch 30 of 100, divided by 5 at
    50."""
    return milestones(0.5, 0.3)(progress) * milestones(0.2, 0.5)(progress)


class WAEMMD(WAEGAN):
    """The Wasserstein autoencoder without a critic: encoder and decoder are one player."""

    reference = {
        "mnist": {"epochs": 100, "batch_size": 100},
        "celeba": {"epochs": 50, "batch_size": 100},
    }
    images_per_batch = None  # type: ignore[assignment]  # the dataset's, not WAE-GAN's

    @dataclass(frozen=True)
    class Config:
        weight: Annotated[
            float, Ge(0), Needs("batch_size >= 2", "two images in a batch at least")
        ] = 200.0
        """of the discrepancy against the squared error summed over pixels"""
        schedule: Literal["published", "constant"] = "published"
        """of the step size: that of the code on MNIST, or none"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        schedule = published if self.config.schedule == "published" else None
        optimiser = Adam(self.config.lr, betas=(0.5, 0.999), schedule=schedule)
        self.model = self.add_player("model", self, optimiser=optimiser)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step on the whole batch."""
        z = self.encode(batch.x)
        reconstruction = squared_error(batch.x, self.decode(z)).mean()
        discrepancy = imq_discrepancy(z, torch.randn_like(z))
        loss = reconstruction + self.config.weight * discrepancy
        self.descend(loss, self.model, tick=tick)
        return {"loss": loss, "reconstruction": reconstruction, "discrepancy": discrepancy}

    def critic_flags(self) -> tuple[str, ...]:
        """Return nothing: there is no critic whose distance could have flattened."""
        return ()

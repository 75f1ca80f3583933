"""AAE: an adversarial autoencoder, whose codes a classifier cannot tell from prior draws.

Citation
    Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders", 2016
    (https://arxiv.org/abs/1511.05644).

Objective
    z = E(x), prior draws n ~ N(0, I), D a classifier with one logit. An outer step takes one update
    of each kind, each with its own Adam and a fresh batch, means over images:

        autoencoder     ||x - decode(z)||^2, summed over an image     E, decoder
        discriminator   softplus(-D(n)) + softplus(D(z))              D
        encoder         softplus(-D(z))                               E

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the variance of the codes.

Deviations
    Unlike ``wae-gan`` there is a logistic classifier, no gradient penalty and one update each.
    Of the paper only the public descendants were read: the GAN variant of the code of Wasserstein
    autoencoders labels draws 1 and codes 0, with a non-saturating loss, D at 5e-4, decay 0.5, and
    one loss for reconstruction and encoder. Adam has an optimiser for each here, so that no weight
    between them does anything; the encoder's step size of 1e-4 is ours: on latent-8, 2,000 steps,
    3e-5 leaves the codes apart from the draws and 1e-3 disturbs both (docs/decisions.md).
    Deterministic encoder (the paper also allows a Gaussian one). D has the widths of our critics of
    codes. Shared backbones; the decoder starts at the mean training image (nn/start.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn import functional as F

from baselines.wae_gan import WAEGAN
from benchmark.method import Batch, Tick
from benchmark.nn import backbones
from benchmark.nn.critics import latent_classifier
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam

__all__ = ["AAE"]


class AAE(WAEGAN):
    """Three players take turns: autoencoder, discriminator, encoder."""

    reference = {}
    images_per_batch = None  # type: ignore[assignment]  # the dataset's, not WAE-GAN's

    @dataclass(frozen=True)
    class Config:
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of the autoencoder"""
        lr_discriminator: Annotated[float, Ge(0)] = 5e-4
        """step size of the discriminator"""
        lr_encoder: Annotated[float, Ge(0)] = 1e-4
        """step size of the encoder's adversarial update"""

        @property
        def batches_per_step(self) -> int:
            return 3

    def build(self) -> None:
        config = self.config
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.discriminator = latent_classifier(self.latent_dim, self.shape)
        optimiser = lambda lr: Adam(lr, betas=(0.5, 0.999))  # noqa: E731
        self.autoencoder_player = self.add_player(
            "autoencoder", self.encoder, self.decoder, optimiser=optimiser(config.lr)
        )
        self.discriminator_player = self.add_player(
            "discriminator", self.discriminator, optimiser=optimiser(config.lr_discriminator)
        )
        self.encoder_player = self.add_player(
            "encoder", self.encoder, optimiser=optimiser(config.lr_encoder)
        )

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One update of each player on a batch of its own."""
        first, second, third = (part.x for part in batch.chunk(3))
        reconstruction = squared_error(first, self.decoder(self.encoder(first))).mean()
        self.descend(reconstruction, self.autoencoder_player)
        with torch.no_grad():
            codes = self.encoder(second)
        judged = self.discriminator_loss(codes, torch.randn_like(codes))
        self.descend(judged, self.discriminator_player)
        fooled = self.encoder_loss(self.encoder(third))
        self.descend(fooled, self.encoder_player)
        return {"loss": reconstruction, "discriminator": judged, "encoder": fooled}

    def discriminator_loss(self, codes: Tensor, draws: Tensor) -> Tensor:
        """Return the cross-entropy of telling codes from draws, (B, L) both, 0-d, in nats; 2 ln 2
        where they cannot be told."""
        real, fake = self.discriminator(draws), self.discriminator(codes)
        return F.softplus(-real).mean() + F.softplus(fake).mean()

    def encoder_loss(self, codes: Tensor) -> Tensor:
        """Return the non-saturating loss of codes (B, L) taken for draws, 0-d, in nats."""
        return F.softplus(-self.discriminator(codes)).mean()

    def critic_flags(self) -> tuple[str, ...]:
        """Return nothing: there is no critic whose distance could have flattened."""
        return ()

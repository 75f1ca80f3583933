"""WAE-GAN: a Wasserstein autoencoder with a critic of codes; MaskAAE with every mask frozen at one.

Citation
    Tolstikhin, Bousquet, Gelly, Schoelkopf, "Wasserstein Auto-Encoders", 2018
    (https://arxiv.org/abs/1711.01558), in the form that serves MaskAAE
    (https://arxiv.org/abs/1912.04564) as its baseline.

Objective
    z = E(x), prior draws n ~ N(0, I). An outer step takes three kinds of updates, each with its own
    RMSProp and a fresh batch (7 in all); C is a critic of codes:

        autoencoder         E, decoder    rec
        critic, five times  C             mean C(z) - mean C(n) + 10 (||grad C|| - 1)^2
        encoder             E             -mean C(z)

    rec: mean over images *and* numbers of the binary cross-entropy in nats (images) or of the
    squared error (vectors). The critic's penalty is taken on points between codes and prior draws.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the variance of the codes. Flag
    ``critic_unsettled``: the critic's distance has not flattened, by the rule of MaskAAE.

Deviations
    MaskAAE's slides print a WAE-GAN's FID and a WAE's NAC and do not say how it was trained. Ours
    is what MaskAAE's code runs with ``--mask_on 0``: its training with mu = 1, no variance penalty
    and no mask step, in batches of 64. Against Tolstikhin et al.: their discriminator is a
    classifier, here a critic with a gradient penalty, and their weight of the adversarial term is
    the ratio of the step sizes. Backbones are the shared ones, the critic is smaller on small
    inputs and has no output bias. The decoder starts at the mean training image, which is ours
    (nn/start.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.adversarial import critic_loss, reconstruction_loss
from benchmark.nn.critics import latent_critic
from benchmark.nn.plateau import CRITIC_UNSETTLED, Plateau
from benchmark.nn.rmsprop import RMSProp
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["WAEGAN"]

CRITIC_STEPS = 5


class WAEGAN(Method):
    """Three players take turns: autoencoder, critic, encoder."""

    reference = {"mnist": {"steps": 500_000, "batch_size": 64}}
    images_per_batch = 64

    @dataclass(frozen=True)
    class Config:
        lr: Annotated[float, Ge(0)] = 5e-4
        """step size of the autoencoder; critic and encoder take a fifth of it"""

        @property
        def batches_per_step(self) -> int:
            return 2 + CRITIC_STEPS

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.critic = latent_critic(self.latent_dim, self.shape)
        self.plateau = Plateau()
        lr = self.config.lr
        self.autoencoder_player = self.add_player(
            "autoencoder", self.encoder, self.decoder, optimiser=RMSProp(lr)
        )
        self.critic_player = self.add_player("critic", self.critic, optimiser=RMSProp(lr / 5.0))
        self.encoder_player = self.add_player("encoder", self.encoder, optimiser=RMSProp(lr / 5.0))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        mean, _ = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One outer step on seven batches; ``distance`` is what the last critic step saw between
        prior draws and codes."""
        first, *critics, last = (part.x for part in batch.chunk(self.config.batches_per_step))
        rec = reconstruction_loss(first, self.decoder(self.encoder(first)))
        self.descend(rec, self.autoencoder_player)
        distance = self.critic_steps(torch.cat(critics))
        self.plateau.add(distance, tick.progress)
        self.descend(-self.critic(self.encoder(last)).mean(), self.encoder_player)
        return {"loss": rec, "distance": distance}

    def critic_steps(self, x: Tensor) -> Tensor:
        """Train the critic five times, on five batches (5 B, *shape) that are encoded at once.
        Returns the distance of the last step."""
        with torch.no_grad():
            codes = self.encoder(x)
            prior = torch.randn_like(codes)
        for code, draw in zip(codes.chunk(CRITIC_STEPS), prior.chunk(CRITIC_STEPS), strict=True):
            loss, distance = critic_loss(self.critic, code, draw)
            self.descend(loss, self.critic_player)
        return distance

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        device = next(self.decoder.parameters()).device
        return self.decode(torch.randn(n, self.latent_dim, device=device))

    def critic_flags(self) -> tuple[str, ...]:
        """Return what is to be doubted of the critic."""
        return () if self.plateau.flat() else (CRITIC_UNSETTLED,)

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.encode(x).var(0, correction=0)
        flags = ("no_selection", *self.critic_flags())
        return Discovery(relevance, torch.ones_like(relevance, dtype=torch.bool), flags=flags)

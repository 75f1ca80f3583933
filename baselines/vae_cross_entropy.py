"""VAE with independent Bernoulli pixels, grey images taken as they are.

Citation
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014 (https://arxiv.org/abs/1312.6114);
    the row "VAE (cross-entr.)" of Dai and Wipf, "Diagnosing and Enhancing VAE Models", 2019
    (https://arxiv.org/abs/1903.05789), an option of whose code this is.

Objective
    Mean over images, one draw of z per image, p = decode(z), in nats:

        - sum_d [ x_d ln p_d + (1 - x_d) ln(1 - p_d) ] + KL(q(z|x) || N(0, I))

    Both sum over dimensions. For grey x this is no normalised likelihood: the entropies of the
    pixels are its floor, and its parts must not be compared with those of a Gaussian decoder.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the mean KL of each dimension
    in nats.

Deviations
    The code keeps p from 0 and 1 inside the logarithms; here the logits are taken, without a clip.
    Everything else is that of ``vae`` here: Adam at 1e-3 on quarters of the batch, shared
    backbones, no batch normalisation, a decoder that starts at the mean training image. Samples are
    p, not draws of pixels. Images only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from baselines.vae import VAE
from benchmark.method import Discovery, Images
from benchmark.nn import backbones
from benchmark.nn.bernoulli import bernoulli_nll, in_logits
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["VAECrossEntropy"]


class VAECrossEntropy(VAE):
    """The VAE without a decoder variance."""

    images_only = True

    @dataclass(frozen=True)
    class Config:
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        if len(self.shape) != 3:
            raise ValueError(
                f"its likelihood is for images in [0, 1], the data have shape {self.shape}; use vae"
            )
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))
        self.small = [self.model]

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        start_at_mean(self.decoder, image_moments(train.batches(1000))[0])

    def negative_bound(self, x: Tensor) -> dict[str, Tensor]:
        """Return the loss of images (B, *shape) and its two parts, 0-d."""
        parts = self.terms(x)
        nll, kl = parts["nll"].mean(), parts["kl"].sum(1).mean()
        return {"loss": nll + kl, "nll": nll, "kl": kl}

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and ``kl`` (B, L), in nats."""
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        nll = bernoulli_nll(x, in_logits(self.decoder)(z))
        return {"nll": nll, "kl": self.divergence(mean, log_var, z)}

    def sample(self, n: int) -> Tensor:
        device = next(self.decoder.parameters()).device
        return self.decode(torch.randn(n, self.latent_dim, device=device))

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.relevances(x)
        active = torch.ones_like(relevance, dtype=torch.bool)
        return Discovery(relevance, active, flags=("no_selection",))

"""RAE-GMM: a deterministic autoencoder with small codes and a small decoder, and a mixture of
Gaussians fitted to its codes afterwards; without the codes' price, ``ae-gmm``.

Citation
    Ghosh, Sajjadi, Vergari, Black, Schoelkopf, "From Variational to Deterministic Autoencoders",
    2020 (https://arxiv.org/abs/1903.12436), RAE-L2; constants from the authors' code.

Objective
    z = E(x), mean over images, the first norm summed over the D numbers of an image:

        ||x - decode(z)||^2 + D beta/L ||z||^2 + D decoder_l2 sum_w w^2

    w: decoder tensors of two dimensions and more. beta and decoder_l2 are for means over numbers
    and coordinates, as in the code; D times that keeps Adam's epsilon out of play. ``ae-gmm``:
    beta = 0.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the variance of the codes.
    ``extra``: iterations of the fit, and the mean log-density of the training codes in nats.

Deviations
    Defaults are MNIST's and CelebA's; CIFAR-10 has ten times both weights. The code halves 5e-4
    when the validation loss stalls, which no method here sees: 1e-3 throughout. It decays the
    kernels of transposed convolutions, here all matrices of the decoder. The label "AE + GMM (L2)"
    of the tables is not explained: decoder_l2 is kept, ``ae-gmm[decoder_l2=0]`` is the code's
    plain AE. The mixture has 10 full covariances and is fitted to all training codes by EM in
    float64 of our own (nn/mixture.py): a library's fit reads files and random numbers that no
    method may touch. Shared backbones, without batch normalisation; the decoder starts at the mean
    training image (nn/start.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.likelihood import squared_error
from benchmark.nn.mixture import GaussianMixture
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["RAEGMM"]


class RAEGMM(Method):
    """Encoder without variances and decoder, one player; the mixture is a buffer."""

    reference = {
        "mnist": {"epochs": 100, "batch_size": 100},
        "cifar10": {"epochs": 100, "batch_size": 100},
        "celeba": {"epochs": 70, "batch_size": 100},
    }

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Ge(0)] = 1e-4
        """price of the mean squared coordinate against the mean squared error"""
        decoder_l2: Annotated[float, Ge(0)] = 1e-7
        """price of a squared weight of the decoder against the mean squared error"""
        components: Annotated[int, Ge(1)] = 10
        """Gaussians in the mixture; 1 is a fitted Gaussian"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.prior = GaussianMixture(self.config.components, self.latent_dim)
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        start_at_mean(self.decoder, image_moments(train.batches(1000))[0])

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step on the whole batch."""
        z = self.encode(batch.x)
        reconstruction, penalty = self.error(batch.x, z).mean(), self.penalty(z)
        loss = reconstruction + penalty
        self.descend(loss, self.model)
        return {"loss": loss, "reconstruction": reconstruction, "penalty": penalty}

    def error(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the squared error of each image from its code, (B,)."""
        return squared_error(x, self.decode(z))

    def penalty(self, z: Tensor) -> Tensor:
        """Return the price of codes (B, L) and of the decoder, 0-d."""
        weights = sum(p.square().sum() for p in self.decoder.parameters() if p.dim() > 1)
        codes = self.config.beta * z.square().mean()
        return math.prod(self.shape) * (codes + self.config.decoder_l2 * weights)

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Fit the prior to the training codes."""
        self.prior.fit(torch.cat([self.encode(x) for x in train.batches(500)]))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.prior.draw(n))

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.encode(x).var(0, correction=0)
        extra = {
            "gmm_iterations": float(self.prior.iterations),
            "gmm_log_density": float(self.prior.log_density),
        }
        active = torch.ones_like(relevance, dtype=torch.bool)
        return Discovery(relevance, active, flags=("no_selection",), extra=extra)

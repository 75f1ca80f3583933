"""Implicit rank-minimising autoencoder: linear layers behind the encoder make gradient descent
prefer codes of low rank.

Citation
    Jing, Zbontar, LeCun, "Implicit Rank-Minimizing Autoencoder", 2020
    (https://arxiv.org/abs/2010.00679).

Objective
    ||x - decode(W_l ... W_1 encoder(x))||^2, the squared error summed over an image, mean over the batch. W are l square matrices without bias
    or activation. Nothing is added to the loss: the low rank comes from descending through a
    product of matrices.

Discovery
    s = singular values of the covariance of the codes, largest first. L* = #{i : s_i > 0.01 s_1}.
    Relevance is s; it belongs to the principal directions of the code, not to its coordinates.
    ``extra.participation_ratio`` is their effective number.

Deviations
    The paper reads the rank off a plot; 1 % of the largest value is our threshold. W start as torch
    starts linear layers, the step size 1e-3 is meant for short runs, and backbones and sizes are
    this benchmark's. Samples are drawn from the Gaussian with the mean and covariance of the
    training codes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.discovery import participation_ratio
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean


class IRMAE(Method):
    """An autoencoder with ``layers`` linear layers between encoder and decoder."""

    @dataclass(frozen=True)
    class Config:
        layers: int = 4
        """linear layers behind the encoder; 0 is a plain autoencoder"""
        lr: float = 1e-3
        """step size of Adam"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.linear = nn.Sequential(
            *(
                nn.Linear(self.latent_dim, self.latent_dim, bias=False)
                for _ in range(self.config.layers)
            )
        )
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.register_buffer("mean", torch.zeros(self.latent_dim))
        self.register_buffer("factor", torch.eye(self.latent_dim))
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        start_at_mean(self.decoder, image_moments(train.batches(1000))[0])

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step on the whole batch."""
        loss = squared_error(batch.x, self.decode(self.encode(batch.x))).mean()
        self.descend(loss, self.model)
        return {"loss": loss}

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Fit the Gaussian that samples are drawn from."""
        codes = torch.cat([self.encode(x) for x in train.batches(500)]).double()
        values, vectors = torch.linalg.eigh(codes.T.cov().reshape(self.latent_dim, self.latent_dim))
        self.mean.copy_(codes.mean(0))
        self.factor.copy_(vectors * values.clamp_min(0.0).sqrt())

    def encode(self, x: Tensor) -> Tensor:
        return self.linear(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(
            self.mean + torch.randn(n, self.latent_dim, device=self.mean.device) @ self.factor.T
        )

    def discover(self, x: Tensor) -> Discovery:
        codes = self.encode(x).double()
        values = torch.linalg.svdvals(codes.T.cov().reshape(self.latent_dim, self.latent_dim))
        return Discovery(
            values,
            values > 0.01 * values[0],
            extra={"participation_ratio": participation_ratio(values)},
        )

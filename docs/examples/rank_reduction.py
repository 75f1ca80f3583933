"""Rank reduction autoencoder: the codes of a batch are cut down to their largest singular values.

Citation
    "Rank Reduction Autoencoders", 2024 (https://arxiv.org/abs/2405.13980); form and constants are
    those of the authors' code.

Objective
    ||x - decode(Z_k)||^2, the squared error summed over an image, mean over the batch. Z_k is the
    matrix of the batch's codes (B, L) without all but its ``rank`` largest singular values. Nothing
    is added to the loss.

Discovery
    s = lengths of the columns of the reference images' codes along the basis. L* = #{i : s_i > 0.01
    max s}, at most ``rank``. Relevance is s; coordinates are the directions of the basis.

Deviations
    Their error is relative to the norm of the batch; here it is squared, as this benchmark's
    autoencoders have it. Their adaptive form lowers the rank while the loss allows, which needs a
    plateau and a return to earlier weights; here the rank is given. The directions are constants in
    the gradient. Codes would depend on their batch, so after training the basis is fixed to the
    leading directions of the training codes. Samples are normal along these, with the training
    codes' second moments. Backbones and sizes are this benchmark's, and the decoder starts at the
    mean training image.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean


class RankReduction(Method):
    """An autoencoder whose code passes through the leading singular vectors of its batch."""

    @dataclass(frozen=True)
    class Config:
        rank: int = 8
        """singular values that are kept"""
        lr: float = 1e-3
        """step size of Adam"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.register_buffer("basis", torch.eye(self.latent_dim))
        self.register_buffer("scale", torch.ones(self.latent_dim))
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        start_at_mean(self.decoder, image_moments(train.batches(1000))[0])

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step on the whole batch."""
        code = self.encoder(batch.x)
        basis = torch.linalg.eigh((code.T @ code).detach()).eigenvectors.flip(1)
        decoded = self.decoder(self.cut(code @ basis) @ basis.T)
        loss = squared_error(batch.x, decoded).mean()
        self.descend(loss, self.model)
        return {"loss": loss}

    def cut(self, along: Tensor) -> Tensor:
        """Return codes (B, L) along a basis with zeros after the first ``rank`` directions."""
        return along * (torch.arange(self.latent_dim, device=along.device) < self.config.rank)

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Fix the basis to the leading directions of the training codes."""
        code = torch.cat([self.encoder(x) for x in train.batches(500)]).double()
        values, vectors = torch.linalg.eigh(code.T @ code / len(code))
        self.basis.copy_(vectors.flip(1))
        self.scale.copy_(values.flip(0).clamp_min(0.0).sqrt())

    def encode(self, x: Tensor) -> Tensor:
        return self.cut(self.encoder(x) @ self.basis)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z @ self.basis.T)

    def sample(self, n: int) -> Tensor:
        noise = torch.randn(n, self.latent_dim, device=self.scale.device)
        return self.decode(self.cut(noise * self.scale))

    def discover(self, x: Tensor) -> Discovery:
        length = torch.linalg.vector_norm(self.encode(x).double(), dim=0)
        return Discovery(length, length > 0.01 * length.max())

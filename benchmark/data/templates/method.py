"""$title: a variational autoencoder to start from. Say in this line what is new.

Citation
    Where the method comes from: authors, title, year, address.

Objective
    ||x - decode(z)||^2 / (2 sigma^2) + KL(q(z|x) || N(0, I)), z ~ q(z|x): sums over dimensions, mean over the batch, nats.

Discovery
    L* = the number of dimensions whose mean KL exceeds 0.1 nats. Relevance is that KL.

Deviations
    What differs from the paper or its code, and why.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.method import Batch, Discovery, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam


class $name(Method):
    @dataclass(frozen=True)
    class Config:
        sigma: float = 0.1
        """standard deviation of the decoder"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.model = self.add_player("model", self, optimiser=Adam(1e-3))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        mean, log_var = self.posterior(batch.x)
        nll = squared_error(batch.x, self.decode(reparameterise(mean, log_var))).mean() / (2.0 * self.config.sigma**2)
        kl = kl_standard(mean, log_var).sum(1).mean()
        self.descend(nll + kl, self.model)
        return {"nll": nll, "kl": kl}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder(x).chunk(2, dim=1)

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.latent_dim, device=next(self.parameters()).device))

    def discover(self, x: Tensor) -> Discovery:
        relevance = kl_standard(*self.posterior(x)).mean(0).clamp_min(0.0)
        return Discovery(relevance, relevance > 0.1)

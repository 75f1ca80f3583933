"""R-VAE: a relevance encoding network on a VAE. The prior precision of each dimension is inferred
from whole sets of images.

Citation
    Iyer, Bhalodia, Elhabian, "RENs: Relevance Encoding Networks", 2022
    (https://arxiv.org/abs/2205.13061), Algorithm 1, on a VAE.

Objective
    alpha_l ~ Gamma(1e-3, rate 1e-4) once per set, z_n | alpha ~ N(0, diag(1/alpha)), x_n | z_n as
    in the VAE. A large batch of B images is a set; its posterior over alpha is Gamma(a, b) with a,
    b from a permutation-invariant network of (x, z). Losses in nats:

        small steps, on quarters:   mean_n [ NLL_n + KL_n(alpha_hat) ],   alpha_hat carried, not trained
        joint step, on the batch:   mean_n [ NLL_n + KL_n(alpha) ] + KL(Gamma(a, b) || Gamma(a0, b0)) / B,   alpha ~ Gamma(a, b)
        KL_n(alpha) = 1/2 sum_l [ alpha_l (mu_l^2 + s_l^2) - 1 - log alpha_l - log s_l^2 ]

    After a joint step alpha_hat is a / b. Joint steps begin after the burn-in (phases ``burn-in``
    and ``joint``); Adam at 1e-3 for small steps, a second Adam at 1e-5 for joint ones, over the
    same parameters and the network's.

Discovery
    v_l = 1 / alpha_l with alpha the mean of a / b over sets of neighbouring training images. L* =
    the fewest dimensions that hold 95 % of sum v. Relevance is v. The paper does not say which
    alpha: ``extra`` has the count for the mean, the last carried value and one posterior draw, with
    90 % and 99 %, the participation ratio, and active units. 1/alpha is the learned *scale* of a
    dimension, which the bound hardly identifies.

Deviations
    The set's KL is counted once per set. Algorithm 1 prints the N(0, I) prior for the small steps;
    alpha_hat is used, as the paper's section 4.2 says (``small_prior=standard`` for the letter).
    The burn-in is never given: a tenth of the epochs, and joint steps come in epochs e > burn_in E
    as the algorithm counts; in runs of fewer than ten epochs, after that share of the steps.
    Between joint steps the mean a / b is carried, not a draw. Sizes of the network are ours. Also
    ours: both optimisers (Adam, moments of their own), the scale B / 2 of a and b that the network
    starts with, and the decoder, which reads z alone where the paper writes p(x | z, alpha). On
    dsprites the schedule's epochs are of the images chosen, 9,000 by default; the paper trained on
    663,552 (``dsprites[count=737280]``), and L* moves with the steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.ard import gamma_kl, kl_ard, sample_gamma
from benchmark.nn.discovery import active_units
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.nn.optim import Adam
from benchmark.nn.relevance import Relevance, first_joint_step

__all__ = ["RVAE"]


class RVAE(Method):
    """Algorithm 1 with the prior of the VAE."""

    reference = {
        "mnist": {"epochs": 100, "batch_size": 100},
        "fashion-mnist": {"epochs": 100, "batch_size": 100},
        "sprites": {"epochs": 100, "batch_size": 128},
        "dsprites": {"epochs": 100, "batch_size": 128},
        "circle": {"epochs": 1500, "batch_size": 128},
        "one-moon": {"epochs": 1500, "batch_size": 128},
    }

    @dataclass(frozen=True)
    class Config:
        sigma: Literal["learned", "optimal", "fixed"] = "learned"
        """decoder standard deviation: a trained scalar, the best value of each batch, or
        sqrt(gamma)"""
        gamma: float = 1.0
        """decoder variance where sigma is fixed"""
        small_prior: Literal["alpha", "standard"] = "alpha"
        """prior of the small steps: precision alpha_hat, or N(0, I) as Algorithm 1 prints"""
        alpha_carry: Literal["mean", "sample"] = "mean"
        """what a joint step carries into the small steps: a / b, or its draw of alpha"""
        ren_scale: Literal["half-batch", "one"] = "half-batch"
        """factor of the network's a and b"""
        ren_posterior: Literal["learned", "conjugate"] = "learned"
        """posterior of alpha: of the network, or exact given the codes of the set"""
        burn_in: float = 0.1
        """share of the epochs without joint steps; 1: never a joint step, which is the VAE bit for
        bit"""
        chunks: int = 4
        """equal parts of a batch, one small step each"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.noise = DecoderNoise(self.config.sigma, self.config.gamma)
        scale = 0.5 * self.batch_size if self.config.ren_scale == "half-batch" else 1.0
        self.relevance = Relevance(
            math.prod(self.shape), self.latent_dim, posterior=self.config.ren_posterior, scale=scale
        )
        self.small = self.add_player(
            "small", self.encoder, self.decoder, self.noise, optimiser=Adam(1e-3)
        )
        self.joint = self.add_player("joint", self, optimiser=Adam(1e-5))
        self.first_joint_step = first_joint_step(
            self.config.burn_in, self.steps, self.steps_per_epoch
        )

    def phase(self, step: int) -> str:
        return "joint" if step >= self.first_joint_step else "burn-in"

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """Algorithm 1 on one large batch; the values of the last chunk are returned, and
        alpha_hat."""
        carried = self.relevance.carried
        prior = carried if self.config.small_prior == "alpha" else torch.ones_like(carried)
        for part in batch.chunk(self.config.chunks):
            mean, log_var = self.posterior(part.x)
            nll = self.nll(part.x, reparameterise(mean, log_var))
            rate = kl_ard(mean, log_var, prior).sum(1).mean()
            loss = nll + rate
            self.descend(loss, self.small)
        if tick.phase == "joint":
            self.joint_step(batch)
        return {"loss": loss, "nll": nll, "rate": rate, "alpha": carried}

    def joint_step(self, batch: Batch) -> None:
        """One end-to-end step on the whole batch, the set; then alpha_hat is renewed."""
        mean, log_var = self.posterior(batch.x)
        z = reparameterise(mean, log_var)
        a, b = self.relevance.posterior(batch.x, z, z)
        alpha = sample_gamma(a, b)
        rate = kl_ard(mean, log_var, alpha).sum(1).mean()
        self.descend(self.nll(batch.x, z) + rate + gamma_kl(a, b).sum() / len(batch), self.joint)
        self.relevance.carry(a / b if self.config.alpha_carry == "mean" else alpha)

    def nll(self, x: Tensor, z: Tensor) -> Tensor:
        reconstruction = self.decoder(z)
        return gaussian_nll(x, reconstruction, self.noise(x, reconstruction)).mean()

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Take alpha as the mean over the training sets; without joint steps it stays 1."""
        if self.phase(self.steps - 1) == "joint":
            self.relevance.summarise(
                [
                    self.set_posterior(x)
                    for x in train.batches(self.batch_size)
                    if len(x) == self.batch_size
                ]
            )

    def set_posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = reparameterise(*self.posterior(x))
        return self.relevance.posterior(x, z, z)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        alpha = self.relevance.mean
        return self.decode(torch.randn(n, self.latent_dim, device=alpha.device) / alpha.sqrt())

    def discover(self, x: Tensor) -> Discovery:
        variance, active, extra = self.relevance.verdict()
        return Discovery(
            variance,
            active,
            extra={**extra, "active_units": float(active_units(*self.posterior(x)))},
        )

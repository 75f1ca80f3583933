"""ARD-VAE: a VAE whose prior has a variance for each dimension, estimated from the codes.

Citation
    Saha, Joshi, Whitaker, "ARD-VAE", WACV 2025 (https://arxiv.org/abs/2501.10901). The final text
    was not obtained: equations and constants are those of the authors' preprint, and of their code
    where it says more.

Objective
    Mean over images, one draw of z per image, s (L,) constant in the gradient:

        ||x - decode(z)||^2
            + beta 1/2 sum_l (ln s_l - ln sigma_l^2 - 1 + (mu_l^2 + sigma_l^2) / s_l)

    so beta is twice the decoder's variance. s is the mean of mu^2 + sigma^2 over recent codes: with
    a Gamma hyperprior of shape and rate zero this is what n codes leave of a Gaussian's precision.
    ``prior=fixed`` keeps s at one. That is a beta-VAE at half this beta, and rescaling a
    coordinate turns each into the other, so both have one optimum; the paths differ.
    ``likelihood=bernoulli``: the cross-entropy of the logits in place of the squared error.

Discovery
    On the first 100 reference images, J = d decode / dz at mu: r_l = s_l mean_i sum_d J_dl^2, and
    L* counts the largest r that hold 99 % of their sum. Relevance is r, in squared pixel units.
    ``extra``: ``lstar_code``, with (mean_i |J_dl|)^2 in place of the mean square, as the code has
    it; ``lstar_variance``, the rule on s alone, which counts collapsed coordinates too;
    ``lstar_nats``, coordinates of more than 1/2 ln 1.1 nats mean divergence; the least and the
    largest s. Flag ``collapsed``: L* = 0.

Deviations
    The code redraws 10,000 images at every epoch, takes s from them and trains on the others; here
    s is the mean over the batches since it last changed, every epoch or fiftieth of the run,
    whichever is sooner, after a first one from 10,000 images before step 0. The expectation over
    the draw of z is taken exactly. Step size constant (the paper halves it when the validation loss
    stalls, which no method here sees) and 1e-3 on quarters of the batch instead of 5e-4. Default
    beta is that of MNIST; 0.05 is CIFAR-10's, CelebA's is 3 on [-1, 1], 0.75 here, and dSprites
    have 5 with ``likelihood=bernoulli``. J is taken at mu, as in the paper; the code takes it at a
    draw. The code's loss has s where the paper has ln s: same gradient. Samples have the mean and
    the second moment of the training codes, with irrelevant coordinates at their mean, as in the
    code, which is too wide where means are not zero. Shared backbones, without batch normalisation;
    the decoder starts at the mean training image, which is ours (nn/start.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from baselines.vae import VAE
from benchmark.method import Batch, Discovery, Images, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones
from benchmark.nn.ard import kl_ard
from benchmark.nn.bernoulli import bernoulli_nll, in_logits
from benchmark.nn.discovery import cumulative_rule
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.information import informative
from benchmark.nn.jacobian import column_energies
from benchmark.nn.likelihood import gaussian_nll, squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["ARDVAE"]

JUDGED = 100
"""Images over which Jacobians are averaged."""

COUNTED = 25
"""Images over which they are averaged while training."""

SHARE = 0.99
"""Of the relevance, which the counted dimensions hold."""

FIRST = 10_000
"""Training images from which s is taken before step 0."""

BOUND = 1e8
"""s is kept between 1 / BOUND and BOUND."""


class ARDVAE(VAE):
    """The VAE whose prior has variances, a buffer, and whose decoder has a fixed variance."""

    null = ({"relevances": "untrained"},)

    reference = {
        "mnist": {"epochs": 50, "batch_size": 100},
        "celeba": {"epochs": 50, "batch_size": 100},
        "cifar10": {"epochs": 100, "batch_size": 100},
        "dsprites": {"epochs": 35, "batch_size": 100},
    }

    variance: Tensor
    total: Tensor
    count: Tensor
    second: Tensor
    centre: Tensor
    relevant: Tensor

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Gt(0)] = 0.5
        """weight of the divergence against the squared error summed over pixels: twice the
        decoder's variance"""
        prior: Literal["estimated", "fixed"] = "estimated"
        """variances of the prior: of the codes, or one"""
        likelihood: Annotated[
            Literal["gaussian", "bernoulli"],
            Needs("likelihood != 'bernoulli' or images", "images in [0, 1]"),
        ] = "gaussian"
        """squared error, or cross-entropy in nats (images)"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        if self.config.beta <= 0.0:
            raise ValueError(f"beta is a variance, expected more than 0, got {self.config.beta}")
        if self.config.likelihood == "bernoulli" and len(self.shape) != 3:
            raise ValueError(
                f"a Bernoulli likelihood is for images in [0, 1], the data are vectors of shape "
                f"{self.shape}; use likelihood=gaussian"
            )
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.register_buffer("variance", torch.ones(self.latent_dim))
        self.register_buffer("total", torch.zeros(self.latent_dim))
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("second", torch.ones(self.latent_dim))
        self.register_buffer("centre", torch.zeros(self.latent_dim))
        self.register_buffer("relevant", torch.ones(self.latent_dim, dtype=torch.bool))
        self.every = max(1, min(self.steps_per_epoch, self.steps // 50))
        self.model = self.add_player(
            "model", self.encoder, self.decoder, optimiser=Adam(self.config.lr)
        )

    @torch.no_grad()
    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image, and s at the codes of 10,000 images."""
        start_at_mean(self.decoder, image_moments(train.batches(1000))[0])
        for x in train.sets(min(500, len(train))):
            self.remember(*self.posterior(x))
            if int(self.count) >= FIRST:
                break
        self.refresh(torch.ones((), dtype=torch.bool, device=self.count.device))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step per chunk, then a new s where it is time; the values of the last chunk are
        returned."""
        for part in batch.chunk(self.config.chunks):
            mean, log_var = self.posterior(part.x)
            z = reparameterise(mean, log_var)
            error = self.error(part.x, z).mean()
            kl = self.divergence(mean, log_var, z).sum(1).mean()
            loss = error + self.config.beta * kl
            self.descend(loss, self.model)
            self.remember(mean.detach(), log_var.detach())
        self.refresh((tick.step + 1) % self.every == 0)
        return {"loss": loss, "reconstruction": error, "kl": kl, "variance": self.variance.clone()}

    def error(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the squared error or the cross-entropy of each image, (B,)."""
        if self.config.likelihood == "bernoulli":
            return bernoulli_nll(x, in_logits(self.decoder)(z))
        return squared_error(x, self.decoder(z))

    def divergence(self, mean: Tensor, log_var: Tensor, z: Tensor | None = None) -> Tensor:
        """Return the divergence from N(0, s) by coordinate, (B, L), in nats."""
        return kl_ard(mean, log_var, -self.variance.log())

    @torch.no_grad()
    def remember(self, mean: Tensor, log_var: Tensor) -> None:
        """Add the second moments of posteriors (B, L) to the sum of those since s last changed."""
        self.total += (mean.square() + log_var.exp()).sum(0)
        self.count += len(mean)

    @torch.no_grad()
    def refresh(self, due: Tensor) -> None:
        """Where ``due`` (0-d bool), take s from the sum, unless it is fixed, and start a new
        one."""
        if self.config.prior == "estimated":
            fresh = (self.total / self.count).clamp(1.0 / BOUND, BOUND)
            self.variance.copy_(torch.where(due, fresh, self.variance))
        self.total.mul_(~due)
        self.count.mul_(~due)

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Take from the training codes what samples are drawn from."""
        means, moments = [], []
        for x in train.batches(500):
            mean, log_var = self.posterior(x)
            means.append(mean.double())
            moments.append((mean.square() + log_var.exp()).double())
        self.centre.copy_(torch.cat(means).mean(0))
        self.second.copy_(torch.cat(moments).mean(0))
        some = next(train.sets(min(JUDGED, len(train))))
        self.relevant.copy_(cumulative_rule(self.both_relevances(some)[0], SHARE))

    def both_relevances(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return r (L,) by the paper and by the code, float64, at the codes of images x."""
        square, absolute = column_energies(self.decoder, self.encode(x))
        variance = self.variance.double()
        return square * variance, absolute * variance

    def sample(self, n: int) -> Tensor:
        noise = torch.randn(n, self.latent_dim, device=self.second.device)
        return self.decode(self.centre + (self.second * self.relevant).sqrt() * noise)

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z, for a decoder of variance beta / 2, and ``kl``
        (B, L), in nats; nothing for a cross-entropy, whose weight makes it no bound."""
        if self.config.likelihood == "bernoulli":
            return {}
        mean, log_var = self.posterior(x)
        log_sigma = torch.full((), 0.5 * math.log(0.5 * self.config.beta), device=x.device)
        z = reparameterise(mean, log_var)
        nll = gaussian_nll(x, self.decoder(z), log_sigma)
        return {"nll": nll, "kl": self.divergence(mean, log_var, z)}

    @torch.no_grad()
    def lstar_so_far(self, x: Tensor) -> Tensor:
        """Count on a few images: a Jacobian costs as much as L of them."""
        return cumulative_rule(self.both_relevances(x[:COUNTED])[0], SHARE).sum()

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        relevance, by_code = self.both_relevances(x[:JUDGED])
        active = cumulative_rule(relevance, SHARE)
        rate = self.divergence(*self.posterior(x)).mean(0)
        extra = {
            "lstar_code": float(cumulative_rule(by_code, SHARE).sum()),
            "lstar_variance": float(cumulative_rule(self.variance, SHARE).sum()),
            "lstar_nats": float(informative(rate).sum()),
            "least_variance": float(self.variance.min()),
            "largest_variance": float(self.variance.max()),
        }
        flags = () if bool(active.any()) else ("collapsed",)
        return Discovery(relevance.float(), active, flags=flags, extra=extra)

"""Variational autoencoder with a calibrated Gaussian decoder (sigma-VAE), the baseline every method
here is measured against.

Citation
    Kingma and Welling, "Auto-Encoding Variational Bayes", 2014 (https://arxiv.org/abs/1312.6114).
    Decoder: Rybkin, Daniilidis, Levine, "Simple and effective VAE training with calibrated
    decoders", 2021 (https://arxiv.org/abs/2006.13202). Schedule: "RENs: Relevance Encoding
    Networks", 2022 (https://arxiv.org/abs/2205.13061), whose VAE rows this is the counterpart of.

Objective
    The negative ELBO in nats, mean over images, one draw of z per image:

        D (log sigma + 1/2 log 2 pi) + ||x - decode(z)||^2 / (2 sigma^2) + KL(q(z|x) || N(0, I))

    Both terms sum over dimensions; sigma is one scalar; there is no beta. ``sigma=learned``: log
    sigma starts at the data's (``sigma_start``) and is clipped softly at -6; ``optimal``: the
    maximum-likelihood value of each batch, clipped likewise; ``fixed``: sigma^2 = ``gamma``.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the mean KL of each dimension
    in nats, so that L*90 and L*99 count the dimensions that carry the rate. ``extra.gamma`` is the
    decoder variance sigma^2 at the end.

Deviations
    RENs give neither the optimiser nor the baselines' step size: Adam at 1e-3 on quarters of the
    large batch, as their small steps do, so that an R-model with burn-in over the whole run is this
    model, bit for bit. Layer sizes are those of the dpVAE code; its decoder has no sigmoid, ours
    has one on images, and therefore needs He initialisation (see nn/backbones.py). Ours as well:
    the decoder's last bias starts at the mean training image, and sigma at the root mean square
    about it, without which sprites end as black images, or below where no direction of the data
    stands out, without which circles end at the mean image (nn/start.py; ``sigma_start=one`` is log
    sigma = 0, as in Algorithm 1 of the RENs and in the code of the sigma-VAE); and a step size of
    log sigma that lets it arrive in runs of fewer than 30,000 updates (nn/pace.py;
    ``lr_sigma=0.001`` for the same in every run).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.nn.optim import Adam
from benchmark.nn.pace import LOG_SIGMA
from benchmark.nn.start import image_moments, noise_variance, start_at_mean

__all__ = ["VAE", "per_image"]


class VAE(Method):
    """Encoder and decoder from the shared backbones, one shared decoder variance."""

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
        gamma: Annotated[float, Gt(0)] = 1.0
        """decoder variance where sigma is fixed"""
        sigma_start: Literal["data", "one"] = "data"
        """where a learned sigma starts: at the root mean square of the training data about their
        mean, or below where all directions are alike; or at 1"""
        lr_sigma: Annotated[float, Ge(0)] | None = None
        """step size of Adam for a learned log sigma; none: from the number of updates, 1e-3 from
        30,000 on"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.noise = DecoderNoise(self.config.sigma, self.config.gamma)
        self.build_players()

    def model_parts(self) -> list[nn.Module]:
        """Return what the steps on the parts of a batch train: every module built so far, but for
        sigma, which has a pace of its own."""
        return [part for part in self.children() if part is not self.noise]

    def build_players(self) -> None:
        """Create the players of the steps on parts of a batch, ``small``: ``model``, and ``sigma``
        where it is learned."""
        self.model = self.add_player("model", *self.model_parts(), optimiser=Adam(self.config.lr))
        self.small = [self.model]
        if self.config.sigma == "learned":
            given = self.config.lr_sigma
            rate = LOG_SIGMA.rate(self.steps * self.config.chunks) if given is None else given
            self.small.append(self.add_player("sigma", self.noise, optimiser=Adam(rate)))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image, and sigma at the root mean square about it
        or below."""
        mean, variance = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)
        if self.config.sigma_start == "data":
            some = next(train.sets(min(len(train), 1000)))
            self.noise.start(noise_variance(some, variance))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step per chunk; the values of the last chunk are returned."""
        for part in batch.chunk(self.config.chunks):
            values = self.negative_bound(part.x)
            self.descend(values["loss"], *self.small)
        return values

    def negative_bound(self, x: Tensor) -> dict[str, Tensor]:
        """Return the negative ELBO of images (B, *shape), its two parts and log sigma, 0-d."""
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        nll, log_sigma = self.nll(x, z)
        kl = per_image(self.divergence(mean, log_var, z)).mean()
        return {"loss": nll + kl, "nll": nll, "kl": kl, "log_sigma": log_sigma}

    def nll(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean NLL of images given their drawn codes z (B, L), and log sigma, 0-d."""
        reconstruction = self.decoder(z)
        log_sigma = self.noise(x, reconstruction)
        return gaussian_nll(x, reconstruction, log_sigma).mean(), log_sigma

    def divergence(self, mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
        """Return KL(q(z|x) || p(z)) in nats: (B, L) by coordinate, or an estimate (B,) from the
        draw z where the prior does not factorise."""
        return kl_standard(mean, log_var)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.latent_dim, device=self.noise.log_sigma.device))

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and ``kl`` as :meth:`divergence`, in nats."""
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        nll = gaussian_nll(x, self.decoder(z), self.noise.current())
        return {"nll": nll, "kl": self.divergence(mean, log_var, z)}

    def relevances(self, x: Tensor) -> Tensor:
        """Return the mean KL of each dimension (L,), in nats."""
        kl = kl_standard(*self.posterior(x)).mean(0)
        return kl.clamp_min(0.0)  # rounding may leave -1e-8

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.relevances(x)
        gamma = float(torch.exp(2.0 * self.noise.current().detach()))
        return Discovery(
            relevance,
            torch.ones_like(relevance, dtype=torch.bool),
            flags=("no_selection",),
            extra={"gamma": gamma},
        )


def per_image(kl: Tensor) -> Tensor:
    """Return the divergence of each image, (B,), from its coordinates' (B, L) or itself (B,)."""
    return kl.sum(1) if kl.dim() == 2 else kl

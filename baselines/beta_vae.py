"""beta-VAE with Gaussian pixels of unit variance, the stochastic twin of GRAE; its posterior is
diagonal, blockwise or full.

Citation
    Higgins et al., "beta-VAE", ICLR 2017. As compared with GRAE: Kumar and Poole, "On Implicit
    Regularization in beta-VAEs", ICML 2020 (https://arxiv.org/abs/2002.00041), equation 2 and
    appendix D.

Objective
    Mean over images, one draw of z per image:

        1/2 ||x - decode(z)||^2 + beta KL(N(mu, C C') || N(0, I))

    Both sum over dimensions and (D/2) ln 2 pi is dropped. Divided by beta it is the negative ELBO
    of a decoder of variance beta, up to a constant; ``terms`` gives that ELBO in nats, constants
    included. ``covariance``: C is diagonal, or lower triangular in blocks of ``block`` neighbouring
    coordinates, or lower triangular.

Discovery
    Relevance is the mean divergence of each coordinate's own posterior N(mu_i, Sigma_ii) from N(0,
    1), in nats; L* counts those above
    1/2 ln 1.1 = 0.0477, the rate of a channel whose signal and noise have 1.1 times the variance of
    the noise. ``extra.lstar_precision`` counts the eigenvalues of the mean of Sigma^-1 above 1.1,
    GRAE's rule, which turning the code does not change (with a full covariance the axes mean
    nothing); ``extra.shared`` is what correlations add to the divergence, in nats. Flag
    ``collapsed``: L* = 0.

Deviations
    The paper's network gives the entries of C; here its diagonal is the exponential of what the
    network gives, as everywhere. Shared backbone, without batch normalisation; Adam at 1e-3 on
    quarters of the large batch. The paper's schedule counts updates, four to an outer step here,
    and gives no batch size. Blocks and full covariances for latent sizes up to 32. The decoder
    starts at the mean training image, which is ours (nn/start.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones, covariance
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.jacobian import precision_rule
from benchmark.nn.likelihood import gaussian_nll, squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["BetaVAE"]

CORRELATED_LIMIT = 32
"""Latent size up to which posteriors may have correlations."""


class BetaVAE(Method):
    """Encoder and decoder from the shared backbones; the encoder gives means and the numbers of the
    factor C."""

    reference = {"mnist": {"steps": 5000}, "celeba": {"steps": 12500}}

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Gt(0)] = 0.4
        """weight of the divergence against half the squared error summed over pixels: the decoder's
        variance"""
        covariance: Annotated[
            Literal["diagonal", "block", "full"],
            Needs("covariance == 'diagonal' or latent_dim <= 32", "a latent size of 32 at most"),
        ] = "diagonal"
        """correlations of the posterior: none, inside blocks, all (latent sizes up to 32)"""
        block: Annotated[
            int,
            Ge(1),
            Needs("covariance != 'block' or latent_dim % block == 0", "a latent size it divides"),
        ] = 2
        """coordinates in a block where covariance is block; divides the latent size"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        kind = self.config.covariance
        if self.config.beta <= 0.0:
            raise ValueError(f"beta is a variance, expected more than 0, got {self.config.beta}")
        if kind != "diagonal" and self.latent_dim > CORRELATED_LIMIT:
            raise ValueError(
                f"covariance={kind} is for latent sizes up to {CORRELATED_LIMIT}, "
                f"got {self.latent_dim}; choose covariance=diagonal"
            )
        self.block = {"diagonal": 1, "block": self.config.block, "full": self.latent_dim}[kind]
        self.encoder = backbones.encoder(
            self.shape, self.latent_dim + covariance.head_size(self.latent_dim, self.block)
        )
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        mean, _ = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step per chunk; the values of the last chunk are returned."""
        for part in batch.chunk(self.config.chunks):
            mean, factors = self.gaussian(part.x)
            reconstruction = (
                0.5 * squared_error(part.x, self.decoder(covariance.draw(mean, factors))).mean()
            )
            kl = covariance.kl_parts(mean, factors).sum(1).mean()
            loss = reconstruction + self.config.beta * kl
            self.descend(loss, self.model)
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior's mean (B, L) and factors C (B, L / block, block, block)."""
        raw = self.encoder(x)
        mean, rest = raw.split([self.latent_dim, raw.shape[1] - self.latent_dim], dim=1)
        return mean, covariance.factor(rest, self.latent_dim, self.block)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the logarithm of the marginal variance of each coordinate, (B, L)
        both."""
        mean, factors = self.gaussian(x)
        return mean, covariance.marginal_variance(factors).log()

    def sampled_code(self, x: Tensor) -> Tensor:
        """Return one draw from the posterior with its correlations, (B, L)."""
        return covariance.draw(*self.gaussian(x))

    def encode(self, x: Tensor) -> Tensor:
        return self.gaussian(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decoder(torch.randn(n, self.latent_dim, device=next(self.parameters()).device))

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z, for a decoder of variance beta, and ``kl`` (B,
        L), whose sum is the divergence, in nats."""
        mean, factors = self.gaussian(x)
        log_sigma = torch.full((), 0.5 * math.log(self.config.beta), device=x.device)
        nll = gaussian_nll(x, self.decoder(covariance.draw(mean, factors)), log_sigma)
        return {"nll": nll, "kl": covariance.kl_parts(mean, factors)}

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        mean, factors = (part.double() for part in self.gaussian(x))
        # rounding may leave -1e-16
        rate = kl_standard(mean, covariance.marginal_variance(factors).log()).mean(0).clamp_min(0.0)
        active = covariance.rate_rule(rate)
        inverse = torch.linalg.inv(covariance.covariance(factors)).mean(0)
        extra = {
            "beta": self.config.beta,
            "lstar_precision": float(precision_rule(torch.linalg.eigvalsh(inverse) - 1.0).sum()),
            "shared": float(covariance.kl_parts(mean, factors).sum(1).mean() - rate.sum()),
        }
        return Discovery(
            rate.to(torch.float32),
            active,
            flags=() if bool(active.any()) else ("collapsed",),
            extra=extra,
        )

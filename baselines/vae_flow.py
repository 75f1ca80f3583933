"""VAE with an inverse autoregressive flow as its posterior.

Citation
    Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling, "Improved Variational Inference with
    Inverse Autoregressive Flow", 2016 (https://arxiv.org/abs/1606.04934).

Objective
    (mu, log sigma^2, h) = E(x), z_0 = mu + sigma eps, then T steps, each with a masked network of
    its own that also reads h, and the order of coordinates reversed after each:

        g = sigmoid(s(z; h) + 2),   z <- g z + (1 - g) m(z; h)

    Mean over images, one draw per image, NLL of z_T as ``vae``, in nats:

        NLL(x|z_T) + sum_l [ -1/2 eps_l^2 - ln sigma_l + 1/2 z_Tl^2 - sum_t ln g_tl ]

    The bracket is ln q(z_T|x) - ln p(z_T) with p = N(0, I).

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is 1/2 ln(1 + V_l / S_l) of z_0, V
    the variance of mu and S the mean of sigma^2, in nats; the flow mixes coordinates, and active
    units are of z_0 too. ``extra.gamma`` is the decoder variance.

Deviations
    The tables that have a row "VAE + flow" cite this paper (FlexAE's) or nothing (MaskAAE's, whose
    row another table printed first): one method stands for both. NLL, and start and pace of sigma,
    as ``vae``. Ours: 4 steps, networks of two hidden layers of max(128, 2 L), 64 numbers of h
    added to the first of them, last layers that start near zero. The bias of 2 in the gates is that
    of third-party code (the paper, as remembered, has 1 to 2). The code of an image is the flow of
    mu, which is not the posterior's mean. Step size and backbones as ``vae``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from baselines.vae import VAE
from benchmark.nn import backbones
from benchmark.nn.autoregressive import InverseAutoregressiveFlow
from benchmark.nn.gaussian import channel_rate
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise

__all__ = ["VAEFlow"]

CONTEXT = 64
"""Numbers that the encoder tells the flow."""


class VAEFlow(VAE):
    """The VAE with a flow behind the draw of its posterior."""

    @dataclass(frozen=True)
    class Config(VAE.Config):
        flow_steps: Annotated[int, Ge(1)] = 4
        """steps of the flow"""

    def build(self) -> None:
        if self.config.flow_steps < 1:
            raise ValueError(f"flow_steps is 1 or more, got {self.config.flow_steps}; or use vae")
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim + CONTEXT)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.noise = DecoderNoise(self.config.sigma, self.config.gamma)
        self.flow = InverseAutoregressiveFlow(self.latent_dim, self.config.flow_steps, CONTEXT)
        self.build_players()

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean and log-variance of z_0 (B, L) and the context (B, 64)."""
        size = self.latent_dim
        mean, log_var, context = self.encoder(x).split([size, size, CONTEXT], dim=1)
        return mean, log_var, context

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of z_0, (B, L)."""
        return self.heads(x)[:2]

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return one draw of z_T (B, L), and ln q(z_T|x) - ln p(z_T) there, (B,), in nats."""
        mean, log_var, context = self.heads(x)
        eps = torch.randn_like(mean)
        z, log_det = self.flow(mean + torch.exp(0.5 * log_var) * eps, context)
        rate = 0.5 * (z.square() - eps.square() - log_var).sum(1) - log_det
        return z, rate

    def negative_bound(self, x: Tensor) -> dict[str, Tensor]:
        """Return the negative ELBO of images (B, *shape), its two parts and log sigma, 0-d."""
        z, rate = self.draw(x)
        nll, log_sigma = self.nll(x, z)
        kl = rate.mean()
        return {"loss": nll + kl, "nll": nll, "kl": kl, "log_sigma": log_sigma}

    def encode(self, x: Tensor) -> Tensor:
        mean, _, context = self.heads(x)
        return self.flow(mean, context)[0]

    def sampled_code(self, x: Tensor) -> Tensor:
        """Return one draw of z_T, (B, L)."""
        return self.draw(x)[0]

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) and ``kl`` (B,), estimated from one draw of z_T, in nats."""
        z, rate = self.draw(x)
        return {"nll": gaussian_nll(x, self.decoder(z), self.noise.current()), "kl": rate}

    def relevances(self, x: Tensor) -> Tensor:
        """Return the rate of each coordinate of z_0 as a channel, (L,), in nats."""
        return channel_rate(*self.posterior(x))

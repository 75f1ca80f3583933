"""VAE with a VampPrior: the prior is a mixture of the posteriors of trained pseudo-inputs.

Citation
    Tomczak and Welling, "VAE with a VampPrior", 2018 (https://arxiv.org/abs/1705.07120), one
    stochastic layer; constants from the authors' code.

Objective
    Mean over images, one draw of z per image, NLL as ``vae``, in nats:

        NLL(x|z) + b ( ln q(z|x) - ln p(z) ),   p(z) = 1/K sum_k q(z|u_k)

    u_k are K trained pseudo-inputs, read by the same encoder. b rises from 0 to 1 over the first
    ``warm_up`` of the run.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is 1/2 ln(1 + V_l / S_l), V the
    variance of the posterior means and S the mean posterior variance: the rate of a channel, in
    nats, which needs no prior. ``extra.gamma`` is the decoder variance.

Deviations
    The code squashes pseudo-inputs into [0, 1] by a hard tanh, which has no gradient at 0, where
    MNIST's are; here they are trained as they are and set back into [0, 1] after every update
    (vectors: no bound). They start at training images plus noise of 0.01 by default
    (``start=noise``, N(0.05, 0.01^2), is the code's for MNIST). NLL, and start and pace of sigma,
    as ``vae``, not a logistic or Bernoulli one; plain Adam at 1e-3, the code normalises gradients;
    no early stopping; the code's warm-up is 100 of at most 2,000 epochs. Log-variances are kept in
    [-6, 2] as in the code, here for pseudo-inputs too. Samples draw k at random; the code takes
    the first pseudo-inputs in order. K extra encoder passes per update, so one per batch. How the
    tables' row was trained is not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor, nn

from baselines.vae import VAE
from benchmark.method import Batch, Images, Tick
from benchmark.needs import Needs
from benchmark.nn.gaussian import channel_rate, reparameterise

__all__ = ["VampPrior"]

LOG_VAR = (-6.0, 2.0)
"""Bounds of log-variances."""


class PseudoInputs(nn.Module):
    """K trained images ``images`` (K, *shape)."""

    def __init__(self, count: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.images = nn.Parameter(torch.empty(count, *shape))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.images, 0.05, 0.01)


class VampPrior(VAE):
    """The VAE with another prior; its divergence is one draw's."""

    reference = {"mnist": {"epochs": 2000, "batch_size": 100}}

    @dataclass(frozen=True)
    class Config(VAE.Config):
        components: Annotated[int, Ge(1)] = 500
        """pseudo-inputs"""
        start: Annotated[
            Literal["data", "noise"], Needs("start != 'noise' or images", "images in [0, 1]")
        ] = "data"
        """pseudo-inputs at first: training images and a little noise, or noise (images only)"""
        warm_up: Annotated[float, Interval(ge=0, le=1)] = 0.05
        """share of the run in which the weight of the divergence rises to 1"""
        chunks: int = 1
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        if self.config.components < 1:
            raise ValueError(
                f"components are pseudo-inputs, expected 1 or more, got {self.config.components}"
            )
        if self.config.start == "noise" and len(self.shape) != 3:
            raise ValueError(
                f"start=noise is for images in [0, 1], the data are vectors of shape {self.shape}; "
                "use start=data"
            )
        self.pseudo = PseudoInputs(self.config.components, self.shape)
        super().build()

    @torch.no_grad()
    def prepare(self, train: Images) -> None:
        """Start decoder and sigma as ``vae`` does, and pseudo-inputs at training images."""
        super().prepare(train)
        if self.config.start == "data":
            count = self.config.components
            first = next(train.sets(min(count, len(train))))
            images = first[torch.arange(count, device=first.device) % len(first)]
            self.pseudo.images.copy_(images + 0.01 * torch.randn_like(images))
            self.keep_in_range()

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step per chunk; the values of the last chunk are returned."""
        for part in batch.chunk(self.config.chunks):
            values = self.negative_bound(part.x)
            values["loss"] = values["nll"] + self.weight(tick) * values["kl"]
            self.descend(values["loss"], *self.small)
            self.keep_in_range()
        return values

    def weight(self, tick: Tick) -> Tensor:
        """Return b, 0-d."""
        if self.config.warm_up <= 0.0:
            return torch.ones_like(tick.progress)
        return (tick.progress / self.config.warm_up).clamp(max=1.0)

    @torch.no_grad()
    def keep_in_range(self) -> None:
        """Set pseudo-inputs back into [0, 1], images only."""
        if len(self.shape) == 3:
            self.pseudo.images.clamp_(0.0, 1.0)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = super().posterior(x)
        return mean, nn.functional.hardtanh(log_var, *LOG_VAR)

    def log_prior(self, z: Tensor) -> Tensor:
        """Return ln p(z) of codes (B, L), (B,), in nats, without the constant - L/2 ln 2 pi."""
        mean, log_var = self.posterior(self.pseudo.images)
        squares = (z[:, None] - mean).square() * torch.exp(-log_var)
        densities = -0.5 * (squares + log_var).sum(2)
        return densities.logsumexp(1) - math.log(len(mean))

    def divergence(self, mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
        """Return ln q(z|x) - ln p(z) of the draw z, (B,), in nats."""
        own = -0.5 * ((z - mean).square() * torch.exp(-log_var) + log_var).sum(1)
        return own - self.log_prior(z)

    def sample(self, n: int) -> Tensor:
        chosen = torch.randint(len(self.pseudo.images), (n,), device=self.pseudo.images.device)
        images = self.pseudo.images.index_select(0, chosen)
        return self.decode(reparameterise(*self.posterior(images)))

    def relevances(self, x: Tensor) -> Tensor:
        """Return the rate of each coordinate as a channel, (L,), in nats."""
        return channel_rate(*self.posterior(x))

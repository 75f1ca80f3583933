"""VAE with an implicit optimal prior: a classifier stands for the ratio of aggregated posterior and
prior.

Citation
    Takahashi, Iwata, Yamanaka, Yamada, Yagi, "Variational Autoencoder with Implicit Optimal
    Priors", 2019 (https://arxiv.org/abs/1809.05284); constants from the authors' code.

Objective
    T: R^L -> R estimates ln q(z) / p(z), q(z) the posterior averaged over images and p = N(0, I).
    Means over images, one draw of z per image, NLL as ``vae``, in nats:

        model:  NLL(x|z) + b ( KL(q(z|x) || N(0, I)) - T(z) ),        T fixed, without dropout
        ratio:  softplus(-T(z)) + softplus(T(n)),  n ~ N(0, I),       z fixed, with dropout of 1/2

    An outer step is one update of the model, then ``ratio`` updates of T on fresh batches. b rises
    from 0 to 1 over the first ``warm_up`` of the run.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is 1/2 ln(1 + V_l / S_l), V the
    variance of the posterior means and S the mean posterior variance, in nats. ``extra``: the
    decoder variance ``gamma``, and the effective number of the 128 candidates of a sample (near 1
    the sampler is degenerate).

Deviations
    The code takes one epoch of the model, then ten of T; here they alternate by updates. It has a
    Bernoulli likelihood or a Gaussian with a variance per pixel, Adam at 1e-4 for the model, b =
    epoch / 100, and keeps the model of the best validation; ours: NLL, start and pace of sigma and
    step size of ``vae``, b over a tenth of the run, the last model. T: 3 hidden tanh layers of 500,
    256 on vectors and small inputs (ours). The code has no sampler and the tables' protocol is not
    known: a sample is one of 128 draws of N(0, I), chosen with weights exp T, which is the trained
    prior up to that number; ``prior=standard`` draws N(0, I).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.vae import VAE
from benchmark.method import Batch, Discovery, Tick
from benchmark.nn.critics import Glorot
from benchmark.nn.gaussian import channel_rate, reparameterise
from benchmark.nn.optim import Adam
from benchmark.nn.sizes import is_small

__all__ = ["VAEIOP"]

CANDIDATES = 128
"""Draws of N(0, I) from which a sample is chosen."""

_JUDGED = 64
_ROWS = 256


class Ratio(nn.Module):
    """T: (B, L) to (B,)."""

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(Glorot(size, width) for size in (latent_dim, width, width))
        self.last = Glorot(width, 1)

    def forward(self, z: Tensor, dropout: bool = False) -> Tensor:
        for layer in self.hidden:
            z = torch.tanh(layer(z))
        return self.last(F.dropout(z, 0.5, training=dropout)).squeeze(1)


class VAEIOP(VAE):
    """The VAE, and a classifier of its codes."""

    reference = {"mnist": {"epochs": 1000, "batch_size": 100}}

    @dataclass(frozen=True)
    class Config(VAE.Config):
        ratio: Annotated[int, Ge(1)] = 10
        """updates of the ratio's network per update of the model"""
        warm_up: Annotated[float, Interval(ge=0, le=1)] = 0.1
        """share of the run in which the weight of the divergence rises to 1"""
        prior: Literal["resample", "standard"] = "resample"
        """samples: from the trained prior, by weights, or from N(0, I)"""
        lr_ratio: Annotated[float, Ge(0)] = 1e-3
        """step size of the ratio's Adam"""
        chunks: int = 1
        """equal parts of the model's batch, one update each"""

        @property
        def batches_per_step(self) -> int:
            return 1 + self.ratio

    def build(self) -> None:
        if self.config.ratio < 1:
            raise ValueError(f"ratio is a number of updates, 1 or more, got {self.config.ratio}")
        super().build()
        small = is_small(self.shape) or len(self.shape) == 1
        self.ratio = Ratio(self.latent_dim, 256 if small else 500)
        self.ratio_player = self.add_player(
            "ratio", self.ratio, optimiser=Adam(self.config.lr_ratio)
        )

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """Update the model on the first batch, the ratio on each of the others."""
        first, *others = batch.chunk(self.config.batches_per_step)
        weight = self.weight(tick)
        for part in first.chunk(self.config.chunks):
            values = self.negative_bound(part.x)
            values["loss"] = values["nll"] + weight * values["kl"]
            self.descend(values["loss"], *self.small)
        for part in others:
            with torch.no_grad():
                z = reparameterise(*self.posterior(part.x))
            judged = self.ratio_loss(z, torch.randn_like(z))
            self.descend(judged, self.ratio_player)
        return {**values, "ratio": judged}

    def weight(self, tick: Tick) -> Tensor:
        """Return b, 0-d."""
        if self.config.warm_up <= 0.0:
            return torch.ones_like(tick.progress)
        return (tick.progress / self.config.warm_up).clamp(max=1.0)

    def ratio_loss(self, z: Tensor, draws: Tensor) -> Tensor:
        """Return the cross-entropy of telling codes from prior draws, (B, L) both, 0-d, in
        nats."""
        codes, prior = self.ratio(z, dropout=True), self.ratio(draws, dropout=True)
        return F.softplus(-codes).mean() + F.softplus(prior).mean()

    def divergence(self, mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
        """Return KL(q(z|x) || N(0, I)) - T(z) of the draw z, (B,), in nats."""
        return super().divergence(mean, log_var, z).sum(1) - self.ratio(z)

    def sample(self, n: int) -> Tensor:
        device = self.noise.log_sigma.device
        if self.config.prior == "standard":
            return self.decode(torch.randn(n, self.latent_dim, device=device))
        parts = [self.resampled(min(_ROWS, n - start)) for start in range(0, n, _ROWS)]
        return self.decode(torch.cat(parts))

    def candidates(self, n: int) -> tuple[Tensor, Tensor]:
        """Return draws of N(0, I) (n, 128, L) and T there, (n, 128)."""
        device = self.noise.log_sigma.device
        draws = torch.randn(n, CANDIDATES, self.latent_dim, device=device)
        return draws, self.ratio(draws.flatten(0, 1)).view(n, CANDIDATES)

    def resampled(self, n: int) -> Tensor:
        """Return n draws (n, L), each one of 128 with weights exp T."""
        draws, logits = self.candidates(n)
        noise = -torch.empty_like(logits).exponential_().log()
        chosen = (logits + noise).argmax(1)
        return draws[torch.arange(n, device=draws.device), chosen]

    def relevances(self, x: Tensor) -> Tensor:
        """Return the rate of each coordinate as a channel, (L,), in nats."""
        return channel_rate(*self.posterior(x))

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        relevance = self.relevances(x)
        weights = self.candidates(_JUDGED)[1].softmax(1)
        extra = {
            "gamma": float(torch.exp(2.0 * self.noise.current())),
            "effective_candidates": float((1.0 / weights.square().sum(1)).mean()),
        }
        active = torch.ones_like(relevance, dtype=torch.bool)
        return Discovery(relevance, active, flags=("no_selection",), extra=extra)

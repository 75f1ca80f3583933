"""Two-stage VAE: a second VAE learns the distribution of the first one's codes.

Citation
    Dai and Wipf, "Diagnosing and Enhancing VAE Models", 2019 (https://arxiv.org/abs/1903.05789);
    networks and constants from the authors' code.

Objective
    First stage: ``vae``. Second stage: the first is frozen, z is a fresh draw of its posterior for
    every image of a batch, and a VAE with u in R^L learns z, in nats, mean over images:

        L (ln g + 1/2 ln 2 pi) + ||z - decode2(u)||^2 / (2 g^2) + KL(q(u|z) || N(0, I))

    g is one trained standard deviation. A sample is decode(decode2(u) + g eps), u ~ N(0, I).

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the first stage's mean KL of
    each dimension, in nats. ``extra``: decoder standard deviations of both stages, and the active
    units of the second.

Deviations
    The code trains 400 and then 800 epochs with Adam at 1e-4 (70 and 70 on CelebA), halved after
    every 150 and 300: ``first_share`` of the steps belong to the first stage, and by default both
    step sizes are halved at 3/8 and 3/4 of their stage (``schedule=constant`` for none, with which
    the first stage is ``vae`` run for its steps, bit for bit). Step size 1e-3 on quarters of the
    batch as in ``vae``. A third of the steps are autoencoder updates: for equal ones run three
    times as many. Second stage: 3 hidden layers of 1024, 256 on vectors and small inputs (ours), a
    linear head on input and last hidden layer together. Theory wants g and sigma to fall to zero;
    both are softly kept above e^-6 here. The authors stretch every image to its own range before
    they take FID; we do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Interval
from torch import Tensor, nn

from baselines.vae import VAE
from benchmark.method import Batch, Discovery, Player, Tick
from benchmark.nn.discovery import active_units
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.noise import DecoderNoise
from benchmark.nn.optim import Adam
from benchmark.nn.pace import LOG_SIGMA
from benchmark.nn.schedules import Schedule, milestones
from benchmark.nn.shortcut import Shortcut

__all__ = ["TwoStageVAE"]

HALVED = (0.375, 0.75)
"""Shares of a stage at which its step size is halved."""


class TwoStageVAE(VAE):
    """The VAE, and after it a VAE of its codes; the phases are called first and second."""

    reference = {
        **{
            name: {"epochs": 1200, "batch_size": 64}
            for name in ("mnist", "fashion-mnist", "cifar10")
        },
        "celeba": {"epochs": 140, "batch_size": 64},
    }

    @dataclass(frozen=True)
    class Config(VAE.Config):
        first_share: Annotated[float, Interval(gt=0, lt=1)] = 0.3333333333333333
        """share of the steps that train the first stage"""
        schedule: Literal["published", "constant"] = "published"
        """of the step sizes: halved at 3/8 and 3/4 of each stage, or none"""

    def build(self) -> None:
        if not 0.0 < self.config.first_share < 1.0:
            raise ValueError(
                f"first_share is a share of the steps, expected more than 0 and less than 1, got "
                f"{self.config.first_share}"
            )
        wanted = round(self.config.first_share * self.steps)
        self.first_steps = min(self.steps - 1, max(1, wanted))
        super().build()
        size = self.latent_dim
        self.encoder2 = Shortcut(size, 2 * size, self.shape)
        self.decoder2 = Shortcut(size, size, self.shape)
        self.noise2 = DecoderNoise("learned")
        second = [self.encoder2, self.decoder2]
        self.second = self._pair("second", second, self.noise2, self.steps - self.first_steps)

    def build_players(self) -> None:
        """Create the first stage's players, those of ``vae`` run for its steps."""
        learned = self.config.sigma == "learned"
        noise = self.noise if learned else None
        self.small = self._pair("first", self.model_parts(), noise, self.first_steps)

    def _pair(
        self, stage: str, parts: Sequence[nn.Module], noise: DecoderNoise | None, steps: int
    ) -> list[Player]:
        """Create the players of a stage of so many steps: its networks, and sigma at its pace."""
        schedule = self._schedule(stage)
        optimiser = Adam(self.config.lr, schedule=schedule)
        players = [self.add_player(stage, *parts, optimiser=optimiser)]
        if noise is not None:
            step_size = self.config.lr_sigma
            rate = LOG_SIGMA.rate(steps * self.config.chunks) if step_size is None else step_size
            optimiser = Adam(rate, schedule=schedule)
            players.append(self.add_player(f"{stage}-sigma", noise, optimiser=optimiser))
        return players

    def _schedule(self, stage: str) -> Schedule | None:
        if self.config.schedule == "constant":
            return None
        share = self.first_steps / max(self.steps, 1)
        start, length = (0.0, share) if stage == "first" else (share, 1.0 - share)
        return milestones(0.5, *(start + length * at for at in HALVED))

    def phase(self, step: int) -> str:
        return "first" if step < self.first_steps else "second"

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One Adam step of the stage in force per chunk; the values of the last chunk are
        returned."""
        for part in batch.chunk(self.config.chunks):
            if tick.phase == "first":
                values = self.negative_bound(part.x)
                self.descend(values["loss"], *self.small, tick=tick)
            else:
                with torch.no_grad():
                    z = reparameterise(*self.posterior(part.x))
                values = self.second_bound(z)
                self.descend(values["loss"], *self.second, tick=tick)
        return values

    def second_bound(self, z: Tensor) -> dict[str, Tensor]:
        """Return the second stage's negative ELBO of codes (B, L), its two parts and ln g, 0-d."""
        mean, log_var = self.encoder2(z).chunk(2, dim=1)
        decoded = self.decoder2(reparameterise(mean, log_var))
        log_sigma = self.noise2(z, decoded)
        nll = gaussian_nll(z, decoded, log_sigma).mean()
        kl = kl_standard(mean, log_var).sum(1).mean()
        return {"loss": nll + kl, "nll": nll, "kl": kl, "log_sigma": log_sigma}

    def sample(self, n: int) -> Tensor:
        u = torch.randn(n, self.latent_dim, device=self.noise2.log_sigma.device)
        spread = self.noise2.current().exp()
        return self.decode(self.decoder2(u) + spread * torch.randn_like(u))

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        relevance = self.relevances(x)
        second = self.encoder2(reparameterise(*self.posterior(x))).chunk(2, dim=1)
        extra = {
            "sigma_first": float(self.noise.current().exp()),
            "sigma_second": float(self.noise2.current().exp()),
            "second_active_units": float(active_units(*second)),
        }
        active = torch.ones_like(relevance, dtype=torch.bool)
        return Discovery(relevance, active, flags=("no_selection",), extra=extra)

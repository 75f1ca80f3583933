"""GECO-L0: a VAE whose latent dimensions pass hard gates, as few as a given reconstruction error
allows.

Citation
    De Boom, Wauthier, Verbelen, Dhoedt, "Dynamic Narrowing of VAE Bottlenecks Using GECO and L0
    Regularization", 2021 (https://arxiv.org/abs/2003.10901). Gates: Li and Ji, L0-ARM, 2019
    (https://arxiv.org/abs/1904.04432). Multiplier: Rezende and Viola, "Taming VAEs", 2018
    (https://arxiv.org/abs/1810.00597). Schedule: the GECO rows of RENs, 2022
    (https://arxiv.org/abs/2205.13061).

Objective
    min over encoder, decoder and gamma, max over lambda >= 0, of the mean over images of

        sum_l nu_l KL_l + l0 ||nu||_0 + lambda C,    C = ||x - decode(z nu)||^2 - tau
        nu_l in {0, 1},    P(nu_l = 1) = p_l = sigmoid(7 gamma_l)

    Squared errors sum over the D numbers of an image and have no 1/2, KL_l = KL(q(z_l|x) || N(0,
    1)) in nats; l0 is nats per open gate. tau = D tau_per_pixel, from the training data unless
    given: rho times the squared error per number of the mean training image. Gates are open and
    untouched until a batch has mean C < 0. Then they are drawn per image; gamma follows the ARM
    estimate for KL and lambda C, from two decoder passes with the same z, and the exact gradient of
    the expected L0 norm wherever the batch has mean C <= 0. lambda = softplus(r)^2, value of C from
    its moving average, gradient from the batch. The last tenth of the steps is phase
    ``consolidate``: fixed gates p > 0.5, all else trains on.

Discovery
    L* = #{l : p_l > 0.5}; relevance is p. Flags: ``constraint_never_met`` (no gate ever moved, L* =
    L is no discovery), ``collapsed`` (L* = 0), ``undecided`` (0.1 < p_l < 0.9 for more than a tenth
    of the gates), ``constraint_not_tight`` (``constraint`` below is off zero by more than a tenth
    of tau, so that L* is not that of tau: the run was too short). L* is a function of tau:
    ``extra`` has ``tau_per_pixel``, beside ``expected_open`` (sum of p), ``lambda`` and
    ``constraint``, the moving average of C per number at the end (above 0: tau is not kept). A
    closed dimension's posterior is the prior N(0, 1): that is what its KL of zero means, and its
    decoder input is 0.

Deviations
    The method section and code of De Boom et al. were not at hand; latch, start at p = 0.9, l0 = 1,
    KL as a plain sum (``kl=mean_open`` divides by the open gates), tau from data and consolidation
    are ours. A constraint first met while consolidating counts as never met. Gates are drawn per
    image (``shared_u``: per batch, as the L0-ARM code does; then take gate_lr = 0.01). Four updates
    per batch, as in the VAE here. Gates and r step at Adam's 1e-3, in runs of fewer than 30,000
    updates up to ten times faster, as they would otherwise end before either has arrived; 300 outer
    steps are still too few to read L* (``timing.updates.gate`` of a record says how often gates
    moved). RENs' reconstruction errors are the best hint at their tau; ``--budget paper`` fixes
    schedules only, so pass tau_per_pixel = 0.0122 (MNIST), 0.0106 (Fashion-MNIST) or 0.0245
    (dSprites) with it. The decoder starts at the mean training image, which is ours (nn/start.py).
    Step sizes: nn/pace.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.nn import backbones
from benchmark.nn.constraint import Constraint
from benchmark.nn.gates import (
    HardGates,
    antithetic_gates,
    arm_gradient,
    l0_gradient,
    open_gates,
    undecided_gates,
)
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.pace import LAGRANGE
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["GecoL0"]


class GecoL0(Method):
    """Gates multiply z before the decoder; three players: the VAE, the gates, the multiplier."""

    prunes = True
    conformance = {"tau_per_pixel": 10.0}  # the gates move only once the constraint was met
    reference = {
        "mnist": {"epochs": 100, "batch_size": 100},
        "fashion-mnist": {"epochs": 100, "batch_size": 100},
        "sprites": {"epochs": 100, "batch_size": 128},
        "dsprites": {"epochs": 100, "batch_size": 128},
        "circle": {"epochs": 1500, "batch_size": 128},
        "one-moon": {"epochs": 1500, "batch_size": 128},
    }

    tau_per_pixel: Tensor

    @dataclass(frozen=True)
    class Config:
        tau_per_pixel: Annotated[float, Ge(0)] = 0.0
        """squared error per number that the constraint allows; 0: from the training data"""
        rho: Annotated[float, Ge(0)] = 0.25
        """share of the variance that may be lost, where tau comes from the data"""
        l0: Annotated[float, Ge(0)] = 1.0
        """price of an open gate, in nats"""
        start: Annotated[float, Interval(gt=0, lt=1)] = 0.9
        """probability of an open gate at the start"""
        kl: Literal["sum", "mean_open"] = "sum"
        """gated KL: its sum over dimensions, or that divided by the number of open gates"""
        shared_u: bool = False
        """one draw of the gates per update instead of one per image"""
        consolidate: Annotated[float, Interval(ge=0, le=1)] = 0.1
        """share of the steps at the end with fixed gates"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam for encoder and decoder"""
        gate_lr: Annotated[float, Ge(0)] = 0.0
        """step size of Adam for gamma; 0: from the number of updates, 1e-3 from 30,000 on"""
        multiplier_lr: Annotated[float, Ge(0)] = 0.0
        """step size of Adam for r; 0: from the number of updates, 1e-3 from 30,000 on"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        config = self.config
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.gates, self.constraint = HardGates(self.latent_dim, config.start), Constraint()
        if min(config.tau_per_pixel, config.rho) < 0.0 or not 0.0 <= config.consolidate <= 1.0:
            raise ValueError(
                "expected tau_per_pixel >= 0, rho >= 0 and consolidate in [0, 1], "
                f"got {config.tau_per_pixel}, {config.rho}, {config.consolidate}"
            )
        self.register_buffer("tau_per_pixel", torch.tensor(config.tau_per_pixel))
        self.model = self.add_player("model", self.encoder, self.decoder, optimiser=Adam(config.lr))
        paced = LAGRANGE.rate(self.steps * config.chunks)
        self.gate = self.add_player("gate", self.gates, optimiser=Adam(config.gate_lr or paced))
        self.ascent = self.add_player(
            "multiplier", self.constraint, optimiser=Adam(config.multiplier_lr or paced)
        )

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image; set tau from its squared error, unless tau
        is given."""
        mean, variance = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)
        if self.config.tau_per_pixel == 0.0:
            self.tau_per_pixel.fill_(self.config.rho * float(variance))

    def phase(self, step: int) -> str:
        return (
            "consolidate"
            if step >= math.ceil((1.0 - self.config.consolidate) * self.steps - 1e-9)
            else "select"
        )

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One update of every player per chunk; the values of the last chunk are returned."""
        for part in batch.chunk(self.config.chunks):
            values = self.update(part.x, select=tick.phase == "select")
        p = self.gates.probability()
        state = {"average": self.constraint.average, "lambda": self.constraint.multiplier(), "p": p}
        return {
            **values,
            **state,
            "expected_open": p.sum(),
            "undecided": undecided_gates(p).float().sum(),
        }

    def update(self, x: Tensor, *, select: bool) -> dict[str, Tensor]:
        """Take one step of the VAE, the gates (while selecting, once the constraint was met) and
        the multiplier, in this order."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        z, kl = reparameterise(mean, log_var), kl_standard(mean, log_var)
        p, weight = self.gates.probability(), self.constraint.multiplier()
        u = torch.rand_like(kl[:1] if self.config.shared_u else kl)
        first, second = antithetic_gates(p, u)
        drawn = first if select else open_gates(p)
        gates = (drawn | ~self.constraint.ever_met).to(z.dtype)
        error, rate = self.costs(x, z, kl, gates)
        violation = error.mean().detach()
        slope = (
            self.gate_gradient(x, z, kl, second.to(z.dtype), u, rate + weight * error)
            if select
            else None
        )
        self.descend(rate.mean() + weight * self.constraint.observe(error.mean()), self.model)
        if slope is not None:
            self.gate.apply(
                [slope + self.config.l0 * (violation <= 0) * l0_gradient(p)],
                when=self.constraint.ever_met,
            )
        self.ascent.apply([self.constraint.ascent_gradient()])
        if select:
            self.constraint.latch(violation)
        return {"constraint": violation, "kl": rate.mean().detach()}

    def costs(self, x: Tensor, z: Tensor, kl: Tensor, gates: Tensor) -> tuple[Tensor, Tensor]:
        """Return C and the gated KL of each image, (B,) each, for gates (B, L), (1, L) or (L,)."""
        error = squared_error(x, self.decoder(z * gates)) - x[0].numel() * self.tau_per_pixel
        rate = (gates * kl).sum(1)
        return error, rate / gates.sum(-1).clamp_min(1.0) if self.config.kl == "mean_open" else rate

    @torch.no_grad()
    def gate_gradient(
        self, x: Tensor, z: Tensor, kl: Tensor, second: Tensor, u: Tensor, cost: Tensor
    ) -> Tensor:
        """Return the ARM gradient (L,) of KL + lambda C, ``cost`` (B,) for the first draw, from one
        more decoder pass for the second."""
        error, rate = self.costs(x, z, kl, second)
        other = rate + self.constraint.multiplier() * error
        if self.config.shared_u:
            cost, other = cost.mean(0, keepdim=True), other.mean(0, keepdim=True)
        return arm_gradient(cost, other, u)

    def mask(self) -> Tensor:
        """Return the gates in force, bool (L,); all of them until the constraint was met."""
        return open_gates(self.gates.probability()) | ~self.constraint.ever_met

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance (B, L); of a closed dimension 0 and 0, the prior."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean * self.mask(), log_var * self.mask()

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z * self.mask())

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.latent_dim, device=self.tau_per_pixel.device))

    def discover(self, x: Tensor) -> Discovery:
        p, active = self.gates.probability(), self.mask()
        tau = float(self.tau_per_pixel)
        constraint = float(self.constraint.average) / math.prod(self.shape)
        flags = {
            "constraint_never_met": not bool(self.constraint.ever_met),
            "collapsed": not bool(active.any()),
            "undecided": int(undecided_gates(p).sum()) > 0.1 * self.latent_dim,
            "constraint_not_tight": abs(constraint) > 0.1 * tau,
        }
        extra = {
            "expected_open": float(p.sum()),
            "tau_per_pixel": tau,
            "lambda": float(self.constraint.multiplier()),
            "constraint": constraint,
        }
        return Discovery(
            p, active, flags=tuple(name for name, raised in flags.items() if raised), extra=extra
        )

"""Are inferred codes unique? Rotation of the codes that many small models find for the same data in
the plane.

Citation
    Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
    (https://arxiv.org/abs/2002.00041), figure 1 and appendix C.

Objective
    Codes z in the plane give ``x = nu(W z) + noise`` (standard deviation 0.05). Every trial fits a
    decoder ``nu(A z) + b`` with Gaussian posteriors N(C x + d, Sigma), or one of its own for every
    point, by gradient descent on all points:

        mean_n [ 1/2 E ||x_n - nu(A z) - b||^2 + beta KL_n ],   beta = 0.05^2

    with one draw of z per point and step, which is beta times the negative ELBO, up to a constant.
    Rate 0.1, divided by 10 after every n steps, 5 n steps in all; 20 trials each for n = 100, 500,
    1,000 ... 9,000 and 100 each for n = 10,000 and 20,000. ``steps`` says how far up this ladder a
    run goes: 100,000 is all of it. Against favour for the axes, C = O1 C' and Sigma = O2 D' D'' O2'
    with a random rotation of each trial; a diagonal posterior keeps the diagonal of Sigma only.

Discovery
    Angle of a trial: that of the orthogonal Procrustes map from its posterior means to the codes,
    up to order and sign of the axes. ``angle`` is measured against V'z with W = U S V', because a
    diagonal posterior turns the codes to V and not to the axes of z where the columns of W are not
    orthogonal; ``angle-to-codes`` against z. ``favoured-angle`` is where the bound predicts it.
    Groups: all trials, the tenth with the highest ELBO, and the longest. The claim: with diagonal
    posteriors the best trials agree, with full ones they do not: ``concentration-best`` is the
    concentration of the second group.

Deviations
    The paper gives neither initial values, nor the decoder's variance (the data's, here), nor the
    size of the gradient of a posterior of a point (that of the point's own loss; its 1/N share in
    the mean would hardly move). The diagonal of D' is the exponential of what is trained: with the
    number itself a step across 0 makes a trial infinite. Data and W are drawn once per run, so that
    trials have comparable ELBOs; codes have mean 0 and covariance I exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor, nn

from benchmark.method import Batch, Images, Tick
from benchmark.metrics.base import Measurement
from benchmark.needs import Needs
from benchmark.studies.angles import concentration, favoured_angle, procrustes, turn_angle
from benchmark.studies.plane import (
    NOISE,
    NONLINEARITIES,
    Posterior,
    bound,
    draw_codes,
    draw_mixing,
    expected_error,
    random_turns,
    squared_error,
)
from benchmark.study import Outcome, Study

__all__ = ["Uniqueness", "ladder"]

LADDER = ((100, 20), (500, 20), *((1000 * k, 20) for k in range(1, 10)), (10000, 100), (20000, 100))
"""Steps at the first rate, and how many trials take them."""

RATES = 5
"""Rates in turn, each a tenth of the one before."""

FIRST_RATE = 0.1


def ladder(steps: int, trials: int = 0) -> list[tuple[int, int]]:
    """Return the rungs (n, trials) that fit into ``steps``; with ``trials`` more than 0, so many on
    each. ``ValueError`` where none ends there."""
    rungs = [(n, trials or count) for n, count in LADDER if RATES * n <= steps]
    if not rungs or RATES * rungs[-1][0] != steps:
        raise ValueError(
            f"a ladder of {steps} steps does not end with a rung; "
            f"choose {RATES} times one of {', '.join(str(n) for n, _ in LADDER)}"
        )
    return rungs


class Uniqueness(Study):
    """All trials in one tensor, the longest first; those that are done keep their bits."""

    draws_data = True
    reference = {"own-data": {"steps": 100_000}}

    length: Tensor
    x: Tensor
    codes: Tensor
    weight: Tensor
    turn_mean: Tensor
    turn_covariance: Tensor

    @dataclass(frozen=True)
    class Config:
        nu: Literal["identity", "tanh", "elu", "sigmoid"] = "identity"
        """nonlinearity of data and decoder"""
        covariance: Literal["diagonal", "full"] = "diagonal"
        """correlations of the posterior"""
        amortised: bool = True
        """one linear encoder and covariance per trial, or a mean and covariance for every point"""
        mixing: Literal["orthogonal", "printed"] = "orthogonal"
        """W with columns of norm 2 and 1: orthogonal, or normal entries as the paper prints it"""
        points: Annotated[int, Ge(1), Needs("latent_dim == 2", "the plane, L = 2")] = 4000
        """points in the plane"""
        trials: Annotated[
            int,
            Ge(0),
            Needs(
                "steps in (500, 2500, 100000) or 0 < steps <= 50000 and steps % 5000 == 0",
                "a rung to end with: 500, 2500, 100000 steps, or 5000 to 50000 by 5000",
            ),
        ] = 0
        """trials on every rung; 0: the paper's 20, and 100 on the two longest"""

    def build(self) -> None:
        if self.latent_dim != 2:
            raise ValueError(
                f"the study is one of the plane, got a latent size of {self.latent_dim}; "
                "leave latent_dims out, or say [2]"
            )
        self.rungs = ladder(self.steps, self.config.trials)
        lengths = torch.cat([torch.full((count,), n) for n, count in reversed(self.rungs)])
        self.ends = (RATES * lengths).tolist()
        self.register_buffer("length", lengths)
        self.register_buffer("x", torch.zeros(2, self.config.points))
        self.register_buffer("codes", torch.zeros(2, self.config.points, dtype=torch.float64))
        self.register_buffer("weight", torch.zeros(2, 2, dtype=torch.float64))
        drawn = [self.initial(count) for _, count in self.rungs]
        start = {name: torch.cat([trial[name] for trial in reversed(drawn)]) for name in drawn[0]}
        for name in ("turn_mean", "turn_covariance"):
            self.register_buffer(name, start.pop(name))
        self.trained = nn.ParameterDict(start)
        self.local = () if self.config.amortised else ("mean", "entries")

    def initial(self, count: int) -> dict[str, Tensor]:
        """Draw the rotations and initial values of ``count`` trials; a longer ladder draws the same
        ones first."""
        size = 1 if self.config.amortised else self.config.points
        values = {
            "turn_mean": random_turns(count),
            "turn_covariance": random_turns(count),
            "A": torch.randn(count, 2, 2) * 0.5**0.5,
            "b": torch.zeros(count, 2, 1),
            "entries": 0.1 * torch.randn(count, 3, size),
        }
        if self.config.amortised:
            return {
                **values,
                "C": torch.randn(count, 2, 2) * 0.5**0.5,
                "d": torch.zeros(count, 2, 1),
            }
        return {**values, "mean": torch.randn(count, 2, size)}

    def prepare(self, train: Images) -> None:
        """Draw the data; on the CPU, so that every device has the same."""
        codes, weight = draw_codes(self.config.points), draw_mixing(self.config.mixing)
        noise = NOISE * torch.randn(2, self.config.points, dtype=torch.float64)
        self.codes.copy_(codes)
        self.weight.copy_(weight)
        self.x.copy_(NONLINEARITIES[self.config.nu](weight @ codes) + noise)

    def phase(self, step: int) -> str:
        """How many trials are still under way."""
        return str(sum(step < end for end in self.ends))

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One gradient step of every trial under way; infinite ones are counted, not averaged."""
        live = int(tick.phase)
        leaves = {
            name: value[:live].detach().requires_grad_() for name, value in self.trained.items()
        }
        posterior = self.posterior_of(leaves, self.x, live)
        error = squared_error(
            self.x,
            posterior.at(torch.randn(live, *self.x.shape, device=self.x.device)),
            leaves["A"],
            leaves["b"],
            self.config.nu,
        )
        loss = 0.5 * error + NOISE**2 * posterior.kl()
        grads = torch.autograd.grad(loss.sum(), list(leaves.values()))
        rate = FIRST_RATE * 10.0 ** -(tick.step // self.length[:live]).to(torch.float32).view(
            -1, 1, 1
        )
        with torch.no_grad():
            for (name, value), grad in zip(self.trained.items(), grads, strict=True):
                value[:live].sub_(rate * grad * (self.config.points if name in self.local else 1.0))
        finite = loss.detach().isfinite()
        mean = torch.where(finite, loss.detach(), 0.0).sum() / finite.sum().clamp_min(1)
        return {"loss": mean, "diverged": live - finite.sum()}

    def posterior_of(self, values: dict[str, Tensor], x: Tensor, live: int) -> Posterior:
        """Return the posteriors of the first ``live`` trials with these parameters."""
        kind = values["A"].dtype
        mean = (
            (self.turn_mean[:live].to(kind) @ values["C"]) @ x + values["d"]
            if self.config.amortised
            else values["mean"]
        )
        return Posterior(
            mean,
            values["entries"],
            self.turn_covariance[:live].to(kind),
            diagonal=self.config.covariance == "diagonal",
        )

    @torch.no_grad()
    def outcome(self, test: object) -> Outcome:
        values = {name: value.double() for name, value in self.trained.items()}
        x, nu = self.x.double(), self.config.nu
        posterior = self.posterior_of(values, x, len(self.length))
        elbo = bound(expected_error(x, posterior, values["A"], values["b"], nu), posterior.kl())
        error = squared_error(x, posterior.mean, values["A"], values["b"], nu) / 2.0
        kept = elbo.isfinite() & posterior.mean.isfinite().all(-1).all(-1)
        axes = torch.linalg.svd(self.weight)[2]
        means = posterior.mean[kept]
        angles = {
            "angle": turn_angle(procrustes(axes @ self.codes, means)),
            "angle-to-codes": turn_angle(procrustes(self.codes, means)),
        }
        measurements = summary(elbo[kept], angles, self.length[kept])
        count = len(means)
        values_only = {  # type: dict[str, tuple[Tensor | float, str, str]]
            "mse": (
                error[kept].mean(),
                "squared data units",
                "posterior means, mean over pixels, points and trials",
            ),
            "diverged": (len(kept) - kept.sum(), "trials", "trials that left the finite numbers"),
            "favoured-angle": (
                self.favoured(axes),
                "degrees",
                "where the second-order bound puts the codes of the true decoder, against V'z",
            ),
        }
        measurements |= {
            name: Measurement(float(value), unit, count, text)
            for name, (value, unit, text) in values_only.items()
        }
        measurements["concentration-best"] = measurements["concentration[trials=best]"]
        arrays = {
            "elbo": elbo[kept],
            "length": self.length[kept],
            **{name.replace("-", "_"): angle for name, angle in angles.items()},
        }
        return Outcome(measurements, {name: array.cpu().numpy() for name, array in arrays.items()})

    def favoured(self, axes: Tensor) -> float:
        """Return the angle that a diagonal posterior favours, against V'z: that of the true
        decoder's Jacobians, ``nu'(W z) W V``."""
        turned = self.weight @ axes.mT
        with torch.enable_grad():
            before = (self.weight @ self.codes).requires_grad_()
            slope = torch.autograd.grad(NONLINEARITIES[self.config.nu](before).sum(), before)[0]
        matrix = slope.mT.unsqueeze(2) * turned
        return favoured_angle(matrix.mT @ matrix, NOISE**2)


def summary(elbo: Tensor, angles: dict[str, Tensor], length: Tensor) -> dict[str, Measurement]:
    """Return, for all trials, the tenth of highest ELBO and the longest: the median ELBO, the
    median size of each angle, and its concentration."""
    order = elbo.argsort(descending=True)
    groups = {
        "all": order,
        "best": order[: max(1, len(order) // 10)],
        "longest": torch.nonzero(length == length.max()).flatten(),
    }
    measurements = {}  # type: dict[str, Measurement]
    for group, index in groups.items():
        put = {  # type: dict[str, tuple[Tensor | float, str, str]]
            f"elbo[trials={group}]": (
                elbo[index].median(),
                "nats per point",
                "median over trials, Gauss-Hermite quadrature",
            )
        }
        for name, angle in angles.items():
            put[f"{name}[trials={group}]"] = (
                angle[index].abs().median(),
                "degrees",
                "median size over trials; 22.5 where angles are spread evenly",
            )
        put[f"concentration[trials={group}]"] = (
            concentration(angles["angle"][index]),
            "",
            "|mean exp(4 i angle)|: 1 where all angles agree",
        )
        measurements |= {
            name: Measurement(float(value), unit, len(index), text)
            for name, (value, unit, text) in put.items()
        }
    return measurements

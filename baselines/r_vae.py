"""R-VAE: a relevance encoding network on a VAE. The prior precision of each dimension is inferred
from whole sets of images.

Citation
    Iyer, Bhalodia, Elhabian, "RENs: Relevance Encoding Networks", 2022
    (https://arxiv.org/abs/2205.13061), Algorithm 1, on a VAE.

Objective
    alpha_l ~ Gamma(1e-3, rate 1e-4) once per set, z_n | alpha ~ N(0, diag(1/alpha)), x_n | z_n as
    in the VAE. A large batch of B images is a set; its posterior over alpha is Gamma(a, b) with a,
    b from a permutation-invariant network of (x, z). Losses in nats:

        small steps, on quarters:   mean_n [ NLL_n + KL_n(alpha_hat) ]
        joint step, on the batch:   mean_n [ NLL_n + KL_n(alpha) ]
                                    + KL(Gamma(a, b) || Gamma(a0, b0)) / B,  alpha ~ Gamma(a, b)
        KL_n(alpha) = 1/2 sum_l [ alpha_l (mu_l^2 + s_l^2) - 1 - log alpha_l - log s_l^2 ]

    alpha_hat is carried, not trained: after a joint step it is a / b. Joint steps begin after the
    burn-in (phases ``burn-in`` and ``joint``); Adam at 1e-3 for small steps, a second Adam at 1e-5
    for joint ones, over the same parameters and the network's.

Discovery
    v_l = 1 / alpha_l with alpha the mean of a / b over disjoint sets of training images, drawn in
    one fixed shuffled order. L* = the fewest dimensions that hold 95 % of sum v. Relevance is v.
    The paper does not say which alpha: ``extra`` has the count for the mean, the last carried value
    and one posterior draw, with 90 % and 99 %, the participation ratio, the largest ratio of
    neighbouring v (``gap``) and how many lie above it (``gap_position``), and active units. Flags:
    ``degenerate`` where log max v - log min v < 4 / sqrt(B), which one set of B images could not
    tell from 0; ``no_selection`` where no joint step was taken, and L* is L.

    The bound does not say which dimensions are relevant. With alpha integrated out, a set costs

        (a0 + B/2) log(b0 + B m_l / 2) + const   nats per coordinate,   m_l the mean of z_l^2.

    Scale z_l by c and let the decoder undo it: the likelihood stays, the entropy of q gains B log
    c, and the bound's slope in log c is B (b0 - a0 m) / (b0 + B m / 2), about 2 b0 / m - 2 a0 nats
    per *set*. So 1 / alpha = m is fixed by the hyperprior alone, at b0 / a0 = 0.1 for all
    coordinates alike, where L* = ceil(0.95 L) (tests/nn/test_ard.py). What parts them is training:
    a used coordinate keeps its scale because encoder and decoder weights would have to follow; an
    unused one is held slightly inside its prior, alpha_hat follows, and the shrinking goes on. L*
    is therefore read with the length of training, the gap and the null (docs/decisions.md).

Deviations
    The set's KL is counted once per set. Algorithm 1 prints the N(0, I) prior for the small steps;
    alpha_hat is used, as the paper's section 4.2 says (``small_prior=standard`` for the letter).
    The burn-in is never given: a tenth of the epochs, and joint steps come in epochs e > burn_in E
    as the algorithm counts; after that share of the steps where the run has fewer than ten epochs
    or ends before that epoch.
    Between joint steps the mean a / b is carried, not a draw. Sizes of the network are ours. Also
    ours: both optimisers (Adam, moments of their own), the scale B / 2 of a and b that the network
    starts with, and the decoder, which reads z alone where the paper writes p(x | z, alpha). On
    dsprites the schedule's epochs are of the images chosen, 9,000 by default; the paper trained on
    663,552 (``dsprites[count=737280]``), and L* moves with the steps. Where decoder and sigma
    start, and the pace of sigma in short runs, are those of ``vae``; Algorithm 1 starts at log
    sigma = 0 (``sigma_start=one``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from baselines.vae import VAE, per_image
from benchmark.method import Batch, Discovery, Images, Tick
from benchmark.nn.ard import gamma_kl, kl_ard, sample_log_gamma
from benchmark.nn.discovery import active_units
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.likelihood import gaussian_nll
from benchmark.nn.optim import Adam
from benchmark.nn.relevance import Relevance, equal_within_a_set, first_joint_step

__all__ = ["RVAE"]


class RVAE(VAE):
    """Algorithm 1 with the prior of the VAE."""

    null = (
        {"options": {"ren_posterior": "conjugate"}, "relevances": "untrained"},
        {"options": {"ren_scale": "one"}, "relevances": 1.0},
        {"readings": ("lstar-draw",), "relevances": "half-batch"},
        {
            "readings": ("lstar-last",),
            "options": {"alpha_carry": "sample"},
            "relevances": "half-batch",
        },
        {"relevances": "equal"},
    )

    @dataclass(frozen=True)
    class Config(VAE.Config):
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam in the small steps"""
        lr_joint: Annotated[float, Ge(0)] = 1e-5
        """step size of Adam in the joint steps"""
        lr_relevance: Annotated[float, Ge(0)] | None = None
        """step size of Adam for the relevance network; none: that of the joint steps"""
        small_prior: Literal["alpha", "standard"] = "alpha"
        """prior of the small steps: precision alpha_hat, or N(0, I) as Algorithm 1 prints"""
        alpha_carry: Literal["mean", "sample"] = "mean"
        """what a joint step carries into the small steps: a / b, or its draw of alpha"""
        ren_scale: Literal["half-batch", "one"] = "half-batch"
        """factor of the network's a and b"""
        ren_posterior: Literal["learned", "conjugate"] = "learned"
        """posterior of alpha: of the network, or exact given the codes of the set"""
        burn_in: Annotated[float, Interval(ge=0, le=1)] = 0.1
        """share of the epochs without joint steps; 1: never a joint step, which is the model
        without relevance network bit for bit"""

    def build(self) -> None:
        self.first_joint_step = first_joint_step(
            self.config.burn_in, self.steps, self.steps_per_epoch
        )
        super().build()
        scale = 0.5 * self.batch_size if self.config.ren_scale == "half-batch" else 1.0
        shared = self.add_player("joint", self, optimiser=Adam(self.config.lr_joint))
        self.relevance = Relevance(
            math.prod(self.shape), self.latent_dim, posterior=self.config.ren_posterior, scale=scale
        )
        self.joint = [shared]
        if self.relevance.encoder is not None:
            given = self.config.lr_relevance
            rate = self.config.lr_joint if given is None else given
            self.joint += [self.add_player("relevance", self.relevance, optimiser=Adam(rate))]

    def phase(self, step: int) -> str:
        return "joint" if step >= self.first_joint_step else "burn-in"

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """Algorithm 1 on one large batch; the values of the last chunk are returned, and
        alpha_hat."""
        values = super().train_step(batch, tick)
        if tick.phase == "joint":
            self.joint_step(batch)
        return {**values, "alpha": self.relevance.carried}

    def joint_step(self, batch: Batch) -> None:
        """One end-to-end step on the whole batch, the set; then alpha_hat is renewed."""
        mean, log_var = self.posterior(batch.x)
        z = reparameterise(mean, log_var)
        mapped = self.mapped(z)
        a, b = self.alpha_posterior(batch.x, z, mapped[0])
        log_alpha = sample_log_gamma(a, b)
        kl = per_image(self.divergence_given(mean, log_var, mapped, log_alpha)).mean()
        loss = self.nll(batch.x, z)[0] + kl + gamma_kl(a, b).sum() / len(batch)
        self.descend(loss, *self.joint)
        self.relevance.carry(a / b if self.config.alpha_carry == "mean" else log_alpha.exp())

    def mapped(self, z: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the codes z0 (B, L) whose prior precision alpha is, and log |det dz0/dz| (B,)
        where z0 is not z."""
        return z, None

    def divergence_given(
        self, mean: Tensor, log_var: Tensor, mapped: tuple[Tensor, Tensor | None], log_alpha: Tensor
    ) -> Tensor:
        """Return KL(q(z|x) || p(z|alpha)) in nats, (B, L) by coordinate, or (B,) where z0 is not
        z."""
        return kl_ard(mean, log_var, log_alpha)

    def divergence(self, mean: Tensor, log_var: Tensor, z: Tensor) -> Tensor:
        """Return the divergence of the small steps, given alpha_hat."""
        carried = self.relevance.carried
        alpha = carried if self.config.small_prior == "alpha" else torch.ones_like(carried)
        return self.divergence_given(mean, log_var, self.mapped(z), alpha.log())

    def alpha_posterior(self, x: Tensor, z: Tensor, z0: Tensor) -> tuple[Tensor, Tensor]:
        """Return a and b (L,) of the set of images x with codes z, and z0 where alpha acts."""
        return self.relevance.posterior(x, z, z0)

    @torch.no_grad()
    def conclude(self, train: Images) -> None:
        """Take alpha as the mean over disjoint sets of training images drawn without order; without
        joint steps it stays 1."""
        if self.first_joint_step < self.steps:
            sets = train.sets(self.batch_size)
            self.relevance.summarise([self.set_posterior(x) for x in sets])

    def set_posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return a and b (L,) of the set of images x (B, *shape), from one draw of their codes."""
        z = reparameterise(*self.posterior(x))
        return self.alpha_posterior(x, z, self.mapped(z)[0])

    def sample(self, n: int) -> Tensor:
        alpha = self.relevance.mean
        return self.decode(torch.randn(n, self.latent_dim, device=alpha.device) / alpha.sqrt())

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and ``kl``, the divergence given the alpha that
        samples have, in nats."""
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        nll = gaussian_nll(x, self.decoder(z), self.noise.current())
        kl = self.divergence_given(mean, log_var, self.mapped(z), self.relevance.mean.log())
        return {"nll": nll, "kl": kl}

    def lstar_so_far(self, x: Tensor) -> Tensor | None:
        """Count by the precision that is carried into the small steps; without joint steps there is
        none."""
        return None if self.first_joint_step >= self.steps else self.relevance.carried_count()

    def discover(self, x: Tensor) -> Discovery:
        """Without a joint step no precision was estimated: all dimensions, ``no_selection``."""
        variance, active, extra = self.relevance.verdict()
        extra["active_units"] = float(active_units(*self.posterior(x)))
        if self.first_joint_step >= self.steps:
            return Discovery(variance, torch.ones_like(active), ("no_selection",), extra)
        degenerate = equal_within_a_set(variance, self.batch_size)
        return Discovery(variance, active, ("degenerate",) if degenerate else (), extra)

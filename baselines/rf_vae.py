"""RF-VAE: a VAE with an indicator of relevance per dimension, for its KL and total correlation.

Citation
    Kim, Wang, Sahu, Pavlovic, "Relevance Factor VAE: Learning and Identifying Disentangled
    Factors", 2019 (https://arxiv.org/abs/1902.01568), by the objective of the authors' code
    (https://github.com/seqam-lab/rfvae). Total correlation after Kim, Mnih, "Disentangling by
    Factorising", 2018 (https://arxiv.org/abs/1802.05983).

Objective
    Indicators r_j = sigmoid(l_j), l trained; z = mean + exp(log_var / 2) eps goes to the decoder,
    r*z to a discriminator D with two logits (0: joint, 1: columns permuted). In nats, mean over the
    images n of a batch, sums over pixels and dimensions j:

        E, Dec, l:  mean_n NLL_n + sum_j lambda(r_j) mean_n KL_nj + gamma TC
                        + eta_s sum_j r_j + eta_h sum_j H(r_j)
                    lambda(r) = 10 - 9.9 r,   H(r) = -r log r - (1 - r) log(1 - r)
                    TC = mean_n [ D_0(r*z_n) - D_1(r*z_n) ]
        D:          1/2 [ CE(D(r*z), 0) + CE(D(permuted r*z), 1) ]   on a second batch, encoded anew

    gamma = 6.4, eta_s = 1, eta_h = 100. NLL: Bernoulli for images; for vectors Gaussian with sigma
    = 0.3. Adam: D at 1e-4, betas (0.5, 0.9). Phases: ``warm-up`` (l stands still for the first
    tenth of the steps), ``waiting`` (l stands still until the KL has settled) and ``train``.

Discovery
    L* = number of r_j > 0.5; relevance is r. ``extra.lstar_above_mean`` has the count that RENs
    take, r_j strictly above the mean of r, in [1, L - 1] unless all are equal;
    ``extra.lstar_above_half`` the first again. Flags: ``degenerate``, all r on one side of 1/2, so
    that none is told from the others and the count above the mean is noise; ``undecided``, more
    than a tenth of the r_j in (0.1, 0.9); ``warm_up_too_short``, the indicators began before the KL
    had settled. ``extra.active_kl``: dimensions of more than 0.1 nats mean KL (none: flag
    ``collapsed``); ``extra.relevant_collapsed``: those of r_j > 0.5 with less.

Deviations
    The paper's text was not at hand: the code decides. Its step sizes, 1e-4 for E, Dec and l, need
    some 3e5 steps (``mode=reference``). In ``mode=relative`` E and Dec have 1e-3 (latent-8, L = 16,
    5,000 steps: MSE 0.013, with 1e-4 0.089) and l max(1e-4, 10 / steps), so that r can cross in any
    run. l waits for the KL: r_j rises for good if it sees more than eta_s / 9.9 = 0.1 nats when it
    starts to move, and an encoder that has hardly learned has more in every dimension. After
    ``warm_up`` it waits until averages of each dimension's KL over some 50 and 200 steps differ by
    no more than a tenth and none lies within a factor of two of 0.1 nats, at most for three
    quarters of the run (``latest``). Unused dimensions of latent-8 fall below 0.1 nats after some
    1,400 steps and settle after 2,000; in 3,000 steps L* is 8 (three seeds, MSE 0.023 to 0.025).
    The Bernoulli NLL takes the logits in front of the shared decoder's sigmoid. The weights are
    scaled for 64x64 images: grey 8x8 digits hold 13.5 nats between their mean image and a perfect
    copy, too few for 5.05 per nat, so the posterior falls to the prior and the reconstruction to
    the mean image (MSE 0.0727 in 300 steps, as the mean image); with ``lambda_max=1`` it is 0.035.
    The Gaussian's sigma is given, not learned: learned from 1, it makes a posterior at the prior
    stable. L* depends on sigma, and 0.3 is meant for numbers of variance 1: circle and one-moon
    have standard deviations of 0.72 and 0.33 and are not scaled. Choose it without looking at L*.
    The entropy is written in l with its exact gradient -l r (1 - r). D is small for inputs of up to
    64 numbers (nn/critics.py). Ours: the decoder starts at the mean image (nn/start.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor, nn

from benchmark.method import Batch, Discovery, Images, Method, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones
from benchmark.nn.bernoulli import GivenLikelihood
from benchmark.nn.critics import discriminator, permute_columns
from benchmark.nn.discovery import above_half, above_mean, many_undecided, one_sided
from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.indicators import (
    Indicators,
    SettlingKL,
    binary_entropy,
    discriminator_loss,
    first_indicator_step,
    kl_threshold,
    kl_weight,
    total_correlation,
)
from benchmark.nn.optim import Adam
from benchmark.nn.pace import INDICATORS
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["RFVAE"]


class RFVAE(Method):
    """Three players: the model {E, Dec}, the indicators {l}, and the discriminator {D}."""

    null = ({"relevances": "equal", "share": 1.0},)

    reference = {
        "mnist": {"epochs": 100, "batch_size": 64},
        "fashion-mnist": {"epochs": 100, "batch_size": 64},
        "sprites": {"epochs": 100, "batch_size": 64},
        "dsprites": {"epochs": 100, "batch_size": 64},
        "circle": {"epochs": 1500, "batch_size": 64},
        "one-moon": {"epochs": 1500, "batch_size": 64},
    }

    indicators_kind: ClassVar[type[nn.Module]] = Indicators
    indicator_betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    indicators: Any
    entropy_sign: ClassVar[float] = 1.0
    rule = staticmethod(above_half)
    is_degenerate = staticmethod(one_sided)
    is_undecided = staticmethod(many_undecided)

    @dataclass(frozen=True)
    class Config:
        likelihood: Annotated[
            Literal["auto", "bernoulli", "gaussian"],
            Needs("likelihood != 'bernoulli' or images", "images in [0, 1]"),
        ] = "auto"
        """of the decoder; auto: Bernoulli for images, Gaussian for vectors"""
        sigma: Annotated[float, Ge(1e-100)] = 0.3
        """standard deviation of the Gaussian likelihood"""
        gamma: Annotated[float, Ge(0)] = 6.4
        """weight of the total correlation"""
        eta_s: Annotated[float, Ge(0)] = 1.0
        """weight of the sum of the indicators"""
        eta_h: Annotated[float, Ge(0)] = 100.0
        """weight of their entropy"""
        lambda_min: Annotated[float, Ge(0)] = 0.1
        """KL weight of a relevant dimension, r = 1"""
        lambda_max: Annotated[float, Ge(0)] = 10.0
        """KL weight of an irrelevant dimension, r = 0"""
        mode: Literal["relative", "reference"] = "relative"
        """step sizes and warm-up for runs of any length, or the code's, for 100,000 and more"""
        lr: Annotated[float, Ge(0)] | None = None
        """step size of Adam for encoder and decoder; none: 1e-3, in mode reference 1e-4"""
        lr_indicators: Annotated[float, Ge(0)] | None = None
        """step size of Adam for the indicators; none: max(1e-4, 10 / steps), 1e-4 in reference"""
        lr_discriminator: Annotated[float, Ge(0)] = 1e-4
        """step size of Adam for the discriminator"""
        warm_up: Annotated[float, Interval(ge=0, lt=1)] = 0.1
        """share of the steps before the indicators may train; not in mode reference"""
        latest: Annotated[float, Interval(ge=0, lt=1)] = 0.75
        """share of the steps after which the indicators train although the KL has not settled; 0:
        they wait for ``warm_up`` alone; not in mode reference"""
        batches_per_step: Annotated[int, Ge(1)] = 2
        """batches of a step: one for the model and the indicators, one for the discriminator"""

    def build(self) -> None:
        config = self.config
        reference = config.mode == "reference"
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.likelihood = GivenLikelihood(config.likelihood, self.shape, config.sigma)
        self.indicators = self.indicators_kind(self.latent_dim)
        self.discriminator = discriminator(self.latent_dim, self.shape)
        threshold = kl_threshold(config.eta_s, config.lambda_min, config.lambda_max)
        self.kl = SettlingKL(self.latent_dim, threshold)
        warm_up, latest = self.waits()
        self.first_indicator_step = first_indicator_step(warm_up, self.steps)
        self.last_waiting_step = first_indicator_step(max(warm_up, latest), self.steps)
        self.may_wait = self.last_waiting_step > self.first_indicator_step
        lr = config.lr if config.lr is not None else 1e-4 if reference else 1e-3
        rate = (
            config.lr_indicators
            if config.lr_indicators is not None
            else INDICATORS.published
            if reference
            else INDICATORS.rate(self.steps)
        )
        self.add_player("model", self.encoder, self.decoder, optimiser=Adam(lr))
        paced = Adam(rate, betas=self.indicator_betas)
        self.add_player("indicators", self.indicators, optimiser=paced)
        self.add_player(
            "discriminator",
            self.discriminator,
            optimiser=Adam(config.lr_discriminator, betas=(0.5, 0.9)),
        )

    def waits(self) -> tuple[float, float]:
        """Return shares of the steps: before one no indicator trains, after the other all do."""
        config = self.config
        return (0.0, 0.0) if config.mode == "reference" else (config.warm_up, config.latest)

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        mean, _ = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)

    def phase(self, step: int) -> str:
        if step < self.first_indicator_step:
            return "warm-up"
        return "waiting" if step < self.last_waiting_step else "train"

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """Step model and indicators on the first batch, then the discriminator on the second."""
        first, second = batch.chunk(self.config.batches_per_step)
        values, codes = self.objective(first.x)
        self.kl.observe(values["kl_of_dimensions"], tick.step, judge=tick.phase == "waiting")
        self.move(values["loss"], tick.phase)
        self.constrain()
        values["discriminator"] = self.discriminator_objective(codes, second.x)
        self.descend(values["discriminator"], self.players["discriminator"])
        return {**values, "relevance": self.indicators()}

    def move(self, loss: Tensor, phase: str) -> None:
        """Step the model, and the indicators if it is their time."""
        model, indicators = self.players["model"], self.players["indicators"]
        if phase != "waiting":
            self.descend(loss, *((model, indicators) if phase == "train" else (model,)))
            return
        grads = torch.autograd.grad(loss, [*model.tensors, *indicators.tensors])
        model.apply(grads[: len(model.tensors)])
        indicators.apply(grads[len(model.tensors) :], when=self.kl.settled)

    def constrain(self) -> None:
        """Keep the indicators where they are defined; logits need nothing."""

    def objective(self, x: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Return the loss of model and indicators on images (B, *shape) with its parts, 0-d or
        (L,), the KL unweighted; and the codes r*z (B, L), detached."""
        config = self.config
        mean, log_var = self.posterior(x)
        z = reparameterise(mean, log_var)
        r = self.indicators()
        nll = self.likelihood(x, self.decoder, z).mean()
        kl = kl_standard(mean, log_var).mean(0)
        codes = r * z
        correlation = total_correlation(self.discriminator(codes))
        entropy = self.entropy(r).sum()
        loss = (
            nll
            + self.weighted_kl(r, kl)
            + config.gamma * correlation
            + config.eta_s * r.sum()
            + self.entropy_sign * config.eta_h * entropy
        )
        values = {
            "loss": loss,
            "nll": nll,
            "kl": kl.sum(),
            "kl_of_dimensions": kl,
            "total_correlation": correlation,
            "entropy": entropy,
        }
        return values, codes.detach()

    def weighted_kl(self, r: Tensor, kl: Tensor) -> Tensor:
        """Return sum_j lambda(r_j) KL_j of the batch's mean KL (L,), 0-d."""
        return (kl_weight(r, self.config.lambda_min, self.config.lambda_max) * kl).sum()

    def entropy(self, r: Tensor) -> Tensor:
        """Return the entropy of each indicator (L,), in nats."""
        return binary_entropy(self.indicators.logits)

    def discriminator_objective(self, codes: Tensor, x: Tensor) -> Tensor:
        """Return the discriminator's loss on images (B, *shape), 0-d: their codes r*z against the
        same, permuted, all constants. The model's own ``codes`` are not used."""
        with torch.no_grad():
            fresh = self.indicators() * reparameterise(*self.posterior(x))
            permuted = permute_columns(fresh)
        return discriminator_loss(self.discriminator(fresh), self.discriminator(permuted))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        return mean, log_var

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.randn(n, self.latent_dim, device=next(self.parameters()).device))

    def terms(self, x: Tensor) -> dict[str, Tensor]:
        """Return ``nll`` (B,) with one draw of z and ``kl`` (B, L), unweighted, in nats."""
        mean, log_var = self.posterior(x)
        return {
            "nll": self.likelihood(x, self.decoder, reparameterise(mean, log_var)),
            "kl": kl_standard(mean, log_var),
        }

    def discover(self, x: Tensor) -> Discovery:
        relevance = self.indicators.exact()
        relevant, used = self.rule(relevance), kl_standard(*self.posterior(x)).mean(0) > 0.1
        counts = {
            "lstar_above_half": above_half(relevance),
            "lstar_above_mean": above_mean(relevance),
            "active_kl": used,
            "relevant_collapsed": relevant & ~used,
        }
        flags = {
            "degenerate": self.is_degenerate(relevance),
            "undecided": self.is_undecided(relevance),
            "collapsed": not bool(used.any()),
            "warm_up_too_short": self.may_wait and not bool(self.kl.settled),
        }
        return Discovery(
            relevance,
            relevant,
            flags=tuple(flag for flag, holds in flags.items() if holds),
            extra={name: float(mask.sum()) for name, mask in counts.items()},
        )

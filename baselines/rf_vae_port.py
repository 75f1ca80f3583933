"""RF-VAE as a third-party port has it, the code RENs took for their RF-VAE rows: not the authors'
objective, kept to reproduce those rows.

Citation
    https://github.com/ThomasMrY/RF-VAE, a port of Kim, Wang, Sahu, Pavlovic, "Relevance Factor VAE:
    Learning and Identifying Disentangled Factors", 2019 (https://arxiv.org/abs/1902.01568).
    ``rf-vae`` is the authors' objective. Rule: "RENs: Relevance Encoding Networks", 2022
    (https://arxiv.org/abs/2205.13061).

Objective
    The indicators r_j are parameters themselves, starting at 1/2; z goes to the decoder, r*z to a
    discriminator D with two logits (0: joint, 1: columns permuted). In nats, mean over the images n
    of a batch:

        E, Dec, r:  mean_n NLL_n + mean_j lambda(r_j) mean_n sum_k KL_nk + gamma TC
                        + eta_s sum_j r_j - eta_h sum_j H(r_j)
                    lambda(r) = 10 - 9.9 r,   H(r) = -r log r - (1 - r) log(1 - r)
                    TC = mean_n [ D_0(r*z_n) - D_1(r*z_n) ]
        D:          1/2 [ CE(D(r*z), 0) + CE(D(r*permuted z'), 1) ]

    z is as drawn for the model, z' of a second batch. gamma = eta_s = eta_h = 6.4. r has its own
    Adam, as D has, betas (0.5, 0.9). Two differences from the authors' decide what r means: the
    entropy has the other sign, so r is driven to 1/2 and not to 0 or 1; and the KL is summed over
    dimensions before it meets lambda, so its pull on r, -9.9 KL / L, is the same for every
    dimension. Only the total correlation tells dimensions apart.

Discovery
    L* = number of r_j strictly above the mean of r, as RENs take it: in [1, L - 1] unless all are
    equal; relevance is r. ``extra.lstar_above_half`` has the count of r_j > 0.5,
    ``extra.lstar_above_mean`` the first again. Flag ``degenerate``: all r within 1e-3 of each
    other, so that the count is noise. ``extra.active_kl``: dimensions of more than 0.1 nats mean KL
    (none: flag ``collapsed``); ``extra.relevant_collapsed``: of those counted in L*, the ones with
    less.

Deviations
    What RENs changed in the port, and its settings there, are unknown; it asserts 64x64 images,
    ours takes any. r is moved back into [1e-6, 1 - 1e-6] after each step, because outside (0, 1)
    the entropy is NaN for good (``clamp=false``: as published). The port runs a second backward
    pass for r after the model's step, an error in current torch; one pass gives the same gradient.
    Step sizes are 1e-4, the port's defaults, in ``mode=reference`` (its scripts for dSprites at
    gamma 6.4 and 3DChairs give r 0.1: ``lr_indicators=0.1``); in ``mode=relative`` r has max(1e-4,
    10 / steps), encoder and decoder 1e-3. ``warm_up`` is 0 as in the port: its entropy term is
    convex in r, so nothing locks in. NLL, the logits it takes, the given sigma on vectors, what
    becomes of digits, and the small D are as in ``rf-vae``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor

from baselines.rf_vae import RFVAE
from benchmark.nn.critics import permute_columns
from benchmark.nn.discovery import above_mean, is_degenerate
from benchmark.nn.gaussian import reparameterise
from benchmark.nn.indicators import (
    RawIndicators,
    discriminator_loss,
    kl_weight,
    negative_entropy,
)

__all__ = ["RFVAEPort"]


class RFVAEPort(RFVAE):
    """RF-VAE with indicators that are parameters themselves, one KL weight for all dimensions and
    the entropy's sign turned."""

    null = ({"relevances": "untrained"},)

    indicators_kind = RawIndicators
    indicator_betas = (0.5, 0.9)
    entropy_sign = -1.0
    rule = staticmethod(above_mean)
    is_degenerate = staticmethod(is_degenerate)

    @staticmethod
    def is_undecided(relevance: Tensor) -> bool:
        """Never: the entropy pulls every r to 1/2."""
        return False

    @dataclass(frozen=True)
    class Config(RFVAE.Config):
        eta_s: Annotated[float, Ge(0)] = 6.4
        """weight of the sum of the indicators"""
        eta_h: Annotated[float, Ge(0)] = 6.4
        """weight of their negative entropy"""
        mode: Literal["relative", "reference"] = "relative"
        """step sizes for runs of any length, or the port's, which take 100,000 steps and more"""
        warm_up: Annotated[float, Interval(ge=0, lt=1)] = 0.0
        """share of the steps before the indicators may train"""
        latest: Annotated[float, Interval(ge=0, lt=1)] = 0.0
        """share of the steps after which they train although the KL has not settled; 0: they wait
        for ``warm_up`` alone"""
        batches_per_step: Annotated[int, Ge(1)] = 2
        """batches of a step: one for the model, the indicators and the joint codes, one for the
        permuted codes"""
        clamp: bool = True
        """keep the indicators inside (0, 1); false: as published, which ends in NaN where one
        leaves"""

    def waits(self) -> tuple[float, float]:
        return self.config.warm_up, self.config.latest

    def constrain(self) -> None:
        if self.config.clamp:
            self.indicators.clamp()

    def weighted_kl(self, r: Tensor, kl: Tensor) -> Tensor:
        """Return mean_j lambda(r_j) times the KL summed over dimensions, 0-d."""
        return kl_weight(r, self.config.lambda_min, self.config.lambda_max).mean() * kl.sum()

    def entropy(self, r: Tensor) -> Tensor:
        return -negative_entropy(r)

    def discriminator_objective(self, codes: Tensor, x: Tensor) -> Tensor:
        """Return the discriminator's loss, 0-d, of the model's codes r*z (B, L) and the permuted
        codes of images (B, *shape), all constants."""
        with torch.no_grad():
            permuted = self.indicators() * permute_columns(reparameterise(*self.posterior(x)))
        return discriminator_loss(self.discriminator(codes), self.discriminator(permuted))

"""FlexAE: a Wasserstein autoencoder whose prior is a trained generator; FlexAE-SR also smooths what
lies between codes.

Citation
    Mondal, Asnani, Singla, AP, "FlexAE: Flexibly Learning Latent Priors for Wasserstein
    Auto-Encoders", 2021, and its reference code (https://github.com/dair-iitd/FlexAE), which holds
    FlexAE-SR only.

Objective
    Deterministic encoder E and decoder, generator G of codes from n ~ N(0, I_L), critic C of codes.
    One outer step, each line with an Adam of its own (step size in units of ``lr``; betas), GP the
    mean of (norm of the slope - 1)^2 on the segments between both arguments:

        E, decoder   2     0.9, 0.999   mean over images of ||x - decode(E(x))||^2
        C, 5 times   1     0,   0.9     mean C(G(n)) - mean C(E(x)) + 10 GP(G(n), E(x))
        G            2     0,   0.9     - mean C(G(n))
        E            0.1   0,   0.9     mean C(E(x))

    The square is summed over the D numbers of an image. C sees new x and n each time, G the last n,
    E the last x.

    Codes score high, generated ones low. ``image_critic`` (FlexAE-SR) adds a critic K of images and
    pairs x' with each x of C's steps:
    y = decode(a E(x) + (1 - a) E(x')), a uniform on [0, 1] for each pair.

        K, 5 times   2     0.5, 0.9     mean K(y) - mean K(x) + 10 GP(y, x)
        E, decoder   2     0.5, 0.9     - mean K(y),   the last pairs, before G and E

    Batches of one outer step, in the order of use: 1 to reconstruct, 5 for the critics, and with K
    the 5 partners x'.

Discovery
    None: L* = L by definition (flag ``no_selection``). Relevance is the variance of each coordinate
    of E(x). ``extra`` describes the spectrum of the codes' covariance, which is no L*: the
    directions that hold 95 % of the variance (``code_pca_95``) and their participation ratio;
    ``generated_...`` are the same of as many draws of G(n). Flag ``critic_unsettled``: the mean
    distance that C sees, over the last fifth of the run, differs from that over the fifth before by
    more than a quarter of the larger; with ``image_critic``, C's or K's.

Deviations
    FlexAE itself is not in the public code: it is FlexAE-SR less K. The paper's objective has one
    weight between reconstruction and divergence, the code has none: its balance lies in the step
    sizes, kept here. Encoder and decoder are the shared ones, without batch normalisation; G, C and
    K are the code's (4 x 1024; two convolutions and 1024), small on inputs of up to 64 numbers and
    vectors (3 x 256; 2 x 256); the dense layers of K start Glorot-normal where the code's are
    Glorot-uniform, and the critics have no bias on their output, which no loss can move. n has L
    numbers, as in the code; the paper allows more. ``generator`` names six sizes of our own for the
    paper's bias-variance experiment, whose sizes are unknown. The code stretches images before its
    FID and reports the best checkpoint on the test set; here neither. The decoder starts at the
    mean training image, which is ours (nn/start.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from benchmark.method import Batch, Discovery, Images, Method, Player, Tick
from benchmark.nn import backbones
from benchmark.nn.critics import image_critic, latent_critic, latent_generator
from benchmark.nn.discovery import cumulative_rule, participation_ratio
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.nn.plateau import CRITIC_UNSETTLED, Plateau
from benchmark.nn.slopes import distance_and_penalty
from benchmark.nn.start import image_moments, start_at_mean

__all__ = ["FlexAE"]

CRITIC_STEPS = 5

_PENALTY = 10.0

_GENERATORS = {
    "auto": None,
    "affine": (),
    "1x32": (32,),
    "1x128": (128,),
    "2x256": (256,) * 2,
    "4x512": (512,) * 4,
    "4x1024": (1024,) * 4,
}

Network = Callable[[Tensor], Tensor]


class FlexAE(Method):
    """FlexAE, and with an image critic FlexAE-SR."""

    reference = {
        "mnist": {"steps": 130_001, "batch_size": 128},
        "fashion-mnist": {"steps": 130_001, "batch_size": 128},
        "cifar10": {"steps": 130_001, "batch_size": 128},
        "celeba": {"steps": 130_001, "batch_size": 128},
    }

    @dataclass(frozen=True)
    class Config:
        image_critic: bool = False
        """a critic of decoded interpolations between codes, which makes it FlexAE-SR"""
        generator: Literal["auto", "affine", "1x32", "1x128", "2x256", "4x512", "4x1024"] = "auto"
        """hidden layers of the prior's generator; auto: 4x1024 on images, 3x256 on inputs of up to
        64 numbers and vectors"""
        lr: Annotated[float, Ge(0)] = 1e-4
        """base step size of the players' Adams, which run at 2, 1 and 0.1 times it"""

        @property
        def batches_per_step(self) -> int:
            """1 to reconstruct, one for each step of the critic, and with an image critic as many
            partners."""
            return 1 + CRITIC_STEPS * (2 if self.image_critic else 1)

    def build(self) -> None:
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.generator = latent_generator(
            self.latent_dim, self.shape, _GENERATORS[self.config.generator]
        )
        self.critic = latent_critic(self.latent_dim, self.shape)
        self.plateau = Plateau()
        lr = self.config.lr
        self.reconstructing = self.add_player(
            "reconstruction", self.encoder, self.decoder, optimiser=Adam(2.0 * lr)
        )
        self.judging = self.add_player("critic", self.critic, optimiser=Adam(lr, (0.0, 0.9)))
        self.generating = self.add_player(
            "generator", self.generator, optimiser=Adam(2.0 * lr, (0.0, 0.9))
        )
        self.encoding = self.add_player(
            "encoder", self.encoder, optimiser=Adam(0.1 * lr, (0.0, 0.9))
        )
        if self.config.image_critic:
            self.image_critic = image_critic(self.shape)
            self.image_plateau = Plateau()
            self.judging_images = self.add_player(
                "image_critic", self.image_critic, optimiser=Adam(2.0 * lr, (0.5, 0.9))
            )
            self.smoothing = self.add_player(
                "smoothing", self.encoder, self.decoder, optimiser=Adam(2.0 * lr, (0.5, 0.9))
            )

    def prepare(self, train: Images) -> None:
        """Start the decoder at the mean training image."""
        mean, _ = image_moments(train.batches(1000))
        start_at_mean(self.decoder, mean)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One outer step. ``wasserstein`` is mean C(E(x)) - mean C(G(n)) on the last batch of the
        critic, ``image_wasserstein`` K's."""
        first, *others = (part.x for part in batch.chunk(self.config.batches_per_step))
        images, partners = torch.cat(others[:CRITIC_STEPS]), others[CRITIC_STEPS:]
        loss = squared_error(first, self.decode(self.encode(first))).mean()
        self.descend(loss, self.reconstructing)
        codes = last_with_gradient(self.encode, images)
        noise = images.new_empty(len(images), self.latent_dim).normal_()
        generated = last_with_gradient(self.generator, noise)
        values = self.judge(self.critic, self.judging, codes, generated)
        if self.config.image_critic:
            seen = self.smooth(images, codes, torch.cat(partners))
            values |= {f"image_{name}": value for name, value in seen.items()}
            codes = [self.encode(others[CRITIC_STEPS - 1])]
            self.image_plateau.add(values["image_wasserstein"], tick.progress)
        self.plateau.add(values["wasserstein"], tick.progress)
        self.approach(codes[-1], generated[-1])
        return {"loss": loss, **values}

    def judge(
        self, critic: Network, player: Player, real: Sequence[Tensor], fake: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """One step of a critic on each pair of batches; returns distance and penalty of the last
        one."""
        for high, low in zip(real, fake, strict=True):
            distance, penalty = distance_and_penalty(critic, high, low)
            self.descend(_PENALTY * penalty - distance, player)
        return {"wasserstein": distance, "penalty": penalty}

    def smooth(
        self, images: Tensor, codes: Sequence[Tensor], partners: Tensor
    ) -> dict[str, Tensor]:
        """Train K on what lies between the codes of images and of their partners (5 B, *shape),
        then encoder and decoder on the last pairs; returns K's distance and penalty."""
        with torch.no_grad():
            fake = self.decode(mix(torch.cat(list(codes)), self.encode(partners)))
        real, fake, partner = (  # type: ignore[assignment]  # fake in parts
            x.chunk(CRITIC_STEPS) for x in (images, fake, partners)
        )
        values = self.judge(
            self.image_critic,
            self.judging_images,
            real,
            fake,  # type: ignore[arg-type]  # fake in parts
        )
        self.descend(-self.image_critic(self.between(real[-1], partner[-1])).mean(), self.smoothing)
        return values

    def approach(self, codes: Tensor, generated: Tensor) -> None:
        """Move generated codes up and codes down the critic. Neither loss depends on the other's
        player, so one gradient of their sum is both."""
        on_codes, on_generated = self.critic(torch.cat((codes, generated))).chunk(2)
        self.descend(on_codes.mean() - on_generated.mean(), self.generating, self.encoding)

    def between(self, x: Tensor, partner: Tensor) -> Tensor:
        """Return decoded points (B, *shape) on the segments between the codes of ``x`` and
        ``partner``."""
        return self.decode(mix(*self.encode(torch.cat((x, partner))).chunk(2)))

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)

    def sample(self, n: int) -> Tensor:
        return self.decode(self.generate(n))

    def generate(self, n: int) -> Tensor:
        """Return ``n`` draws of the learned prior, (n, L)."""
        return self.generator(
            torch.randn(n, self.latent_dim, device=next(self.generator.parameters()).device)
        )

    def discover(self, x: Tensor) -> Discovery:
        code = self.encode(x)
        relevance = code.var(0, correction=0)
        extra = {**spread("code", code), **spread("generated", self.generate(len(x)))}
        plateaus = [part for part in self.children() if isinstance(part, Plateau)]
        settled = all(plateau.flat() for plateau in plateaus)
        flags = ("no_selection", *(() if settled else (CRITIC_UNSETTLED,)))
        active = torch.ones_like(relevance, dtype=torch.bool)
        return Discovery(relevance, active, flags=flags, extra=extra)


def last_with_gradient(network: Network, inputs: Tensor) -> list[Tensor]:
    """Return the network's outputs for five equal batches, ``inputs`` (5 B, ...); only the last
    batch's (B, ...) can be differentiated.

    Encoder and generator stand still while the critic trains: what the critic saw last is what
    their own steps need.
    """
    size = len(inputs) // CRITIC_STEPS
    with torch.no_grad():
        before = network(inputs[:-size])
    return [*before.split(size), network(inputs[-size:])]


def mix(z: Tensor, other: Tensor, share: Tensor | None = None) -> Tensor:
    """Return ``share z + (1 - share) other`` (B, L): z itself where ``share`` (B, 1) is 1. By
    default it is drawn uniformly for each row."""
    share = torch.rand_like(z[:, :1]) if share is None else share
    return share * z + (1.0 - share) * other


def spread(name: str, z: Tensor) -> dict[str, float]:
    """Return over how many directions codes (N, L) spread: how many hold 95 % of the variance, and
    the participation ratio."""
    covariance = torch.atleast_2d(torch.cov(z.detach().to("cpu", torch.float64).T, correction=0))
    variances = torch.linalg.eigvalsh(covariance).clamp_min(0.0)
    return {
        f"{name}_pca_95": float(cumulative_rule(variances).sum()),
        f"{name}_participation_ratio": participation_ratio(variances),
    }

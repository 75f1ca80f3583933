"""Least Volume: an autoencoder with a 1-Lipschitz decoder that pays for the volume of its codes.

Citation
    Chen and Fuge, "Compressing Latent Space via Least Volume", ICLR 2024
    (https://arxiv.org/abs/2404.17773).

Objective
    Mean over images, summed over the D numbers of an image, with sd_l the standard deviation of
    coordinate l over the batch (divisor B - 1):

        error(x, decode(encode(x))) + D volume exp(mean_l ln(sd_l + eta))

    error: the binary cross-entropy of the logits in nats (images), the squared error (vectors).
    Every linear map of the decoder has spectral norm one, so codes cannot shrink for nothing: that
    is what makes the geometric mean of sd + eta a price. ``volume`` is for an error averaged over
    numbers, as in the code.

Discovery
    The authors' rule. Coordinates by sd, the least first; l_k is the mean length of x -
    decode(code with the first k of them at their mean), E_k = (l_k - l_0) / (l_L - l_0), and L* =
    #{k >= 1 : E_k >= 0.01}, the coordinates of largest sd. Relevance is sd. Where coordinates
    explain nothing, l_L - l_0 below 1e-6 l_L, L* = 0 and the flag is ``collapsed``. ``extra``: the
    geometric mean of sd + eta, and the share of the error that the counted coordinates explain.

Deviations
    Of the paper abstract and introduction were read; all of the above is from the authors' code
    (Adam 1e-4 with decays 0.9 and 0.99, batches of 100, 300 to 1,000 epochs, volume 1e-3 on MNIST,
    sweeps of 1e-4 to 3e-2). L* follows ``volume`` and the latent size and needs long runs: report
    both. Ours: squared error on vectors, step size 1e-3 for short runs, one division per layer by
    a norm that takes one power iteration per step, samples from the Gaussian of the training codes,
    shared backbones with their activations (the code has LeakyReLU 0.2 throughout), a decoder that
    starts at the mean training image (nn/start.py), and a count on reference images instead of
    training images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from baselines.rae_gmm import RAEGMM
from benchmark.method import Batch, Discovery, Tick
from benchmark.needs import Needs
from benchmark.nn import backbones
from benchmark.nn.bernoulli import bernoulli_nll, in_logits
from benchmark.nn.likelihood import squared_error
from benchmark.nn.lipschitz import iterate, lipschitz_decoder
from benchmark.nn.optim import Adam
from benchmark.nn.spectrum import FittedGaussian

__all__ = ["LeastVolume"]

EXPLAINED = 0.01
"""Share of the explained error that pruning may cost."""

NOTHING = 1e-6
"""Share of the error of the mean code below which coordinates explain nothing."""

ROWS = 512
"""Codes decoded at a time where many are."""


class LeastVolume(RAEGMM):
    """The regularised autoencoder with a decoder of maps of norm one, another price and one
    Gaussian as its prior."""

    prior: FittedGaussian  # type: ignore[assignment]  # in place of the mixture

    null = ({"relevances": "untrained"},)

    reference = {
        "mnist": {"epochs": 400, "batch_size": 100},
        "cifar10": {"epochs": 400, "batch_size": 100},
        "celeba": {"epochs": 1000, "batch_size": 100},
    }

    @dataclass(frozen=True)
    class Config:
        volume: Annotated[
            float, Ge(0), Needs("batch_size >= 2", "two images in a batch at least")
        ] = 1e-3
        """weight of the volume against the error averaged over numbers"""
        eta: Annotated[float, Ge(0)] = 1.0
        """added to every standard deviation"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""

    def build(self) -> None:
        if min(self.config.volume, self.config.eta) < 0.0:
            raise ValueError(
                f"volume and eta cannot be negative, got {self.config.volume} and {self.config.eta}"
            )
        self.encoder = backbones.encoder(self.shape, self.latent_dim)
        self.decoder = lipschitz_decoder(self.latent_dim, self.shape)
        self.prior = FittedGaussian(self.latent_dim)
        optimiser = Adam(self.config.lr, betas=(0.9, 0.99))
        self.model = self.add_player("model", self.encoder, self.decoder, optimiser=optimiser)

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        """One power iteration per layer and one Adam step on the whole batch."""
        iterate(self.decoder)
        return super().train_step(batch, tick)

    def error(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the cross-entropy or the squared error of each image from its code, (B,)."""
        if len(self.shape) == 3:
            return bernoulli_nll(x, in_logits(self.decoder)(z))
        return super().error(x, z)

    def penalty(self, z: Tensor) -> Tensor:
        """Return the price of the volume of codes (B, L), 0-d."""
        return math.prod(self.shape) * self.config.volume * self.volume(z)

    def volume(self, z: Tensor) -> Tensor:
        """Return the geometric mean of sd + eta of codes (B, L), 0-d."""
        return (z.std(0) + self.config.eta).log().mean().exp()

    def pruning_errors(self, x: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the order of the coordinates by sd, the least first (L,), and l_0 to l_L (L + 1,),
        float64."""
        order = torch.argsort(code.std(0), stable=True)
        mean, left = code.mean(0), code.clone()
        lengths = [self._length(x, left)]
        for coordinate in order:
            left[:, coordinate] = mean[coordinate]
            lengths.append(self._length(x, left))
        return order, torch.stack(lengths)

    def _length(self, x: Tensor, code: Tensor) -> Tensor:
        """Return the mean length of the error of images given their codes, 0-d."""
        parts = zip(x.split(ROWS), code.split(ROWS), strict=True)
        errors = [squared_error(part, self.decode(z)).double().sqrt() for part, z in parts]
        return torch.cat(errors).mean()

    @torch.no_grad()
    def discover(self, x: Tensor) -> Discovery:
        code = self.encode(x)
        order, lengths = self.pruning_errors(x, code)
        explained = lengths[-1] - lengths[0]
        active = torch.zeros(self.latent_dim, dtype=torch.bool, device=x.device)
        share = torch.zeros_like(lengths)
        if bool(explained >= NOTHING * lengths[-1]):
            share = (lengths - lengths[0]) / (explained + 1e-12)
            count = int((share[1:] >= EXPLAINED).sum())
            active[order[len(order) - count :]] = True
        extra = {
            "volume": float(self.volume(code)),
            "pruned_share": float(share[self.latent_dim - int(active.sum())]),
        }
        flags = () if bool(active.any()) else ("collapsed",)
        return Discovery(code.std(0), active, flags=flags, extra=extra)

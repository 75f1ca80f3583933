"""Does the decoder's Jacobian take over the block structure of the posterior's covariance? J'J of a
beta-VAE with blocks.

Citation
    Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
    (https://arxiv.org/abs/2002.00041), figures 2 and 7.

Objective
    The network is trained as a beta-VAE whose posterior N(mu, C C') has correlations inside blocks
    of ``block`` neighbouring coordinates only; where blocks do not fill the code the last one is
    smaller. Mean over the batch, in half squared pixel units:

        1/2 E ||x - g(z)||^2 + beta KL,   z ~ N(mu, C C')

Discovery
    The best covariance of a posterior without constraint is (I + J'J / beta)^-1, so a constraint on
    it should shape J. ``off-block`` is the share of the squared entries of the mean of J'J that lie
    outside the blocks, ``off-block[partition=random]`` its median over random partitions into
    blocks of the same sizes, and ``chance`` how many of these do as well (their share; the
    partition itself counts, so it is above 0). ``precision-gap`` is the distance of the mean of (C
    C')^-1 - I from that of J'J / beta, in units of the latter's size (Frobenius norms). The arrays
    hold both means and the matrices of some of the images. The claim: off-block is below chance.

Deviations
    The paper shows matrices and gives no number; the shares are ours. Encoder and decoder are the
    shared ones, without batch normalisation. C has the exponentials of half what the encoder gives
    on its diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt
from torch import Tensor

from baselines.beta_vae import CORRELATED_LIMIT, BetaVAE
from benchmark.datasets.tensors import TensorSplit
from benchmark.metrics.base import Measurement
from benchmark.needs import Needs
from benchmark.nn import backbones, jacobian
from benchmark.nn.likelihood import squared_error
from benchmark.nn.optim import Adam
from benchmark.study import Outcome, Study

__all__ = ["Blocks", "outside_share", "same_block"]

IMAGES = 5000

_PARTITIONS = 1000

_SHOWN = 8

_CHUNK = 250


def same_block(latent_dim: int, block: int) -> Tensor:
    """Return which pairs of coordinates share a block, bool (L, L); the last block is smaller where
    ``block`` does not divide L."""
    group = torch.arange(latent_dim) // block
    return group.unsqueeze(0) == group.unsqueeze(1)


def outside_share(gram: Tensor, inside: Tensor) -> Tensor:
    """Return the share of the squared entries of ``gram`` (..., L, L) where ``inside`` (L, L) is
    false, shape (...)."""
    squares = gram.square()
    return (squares * ~inside).sum((-2, -1)) / squares.sum((-2, -1))


class Blocks(BetaVAE, Study):
    """Trains as ``beta-vae`` does; its factors C are whole matrices (B, 1, L, L), zero outside the
    blocks."""

    reference = {"mnist": {"steps": 5000}}

    inside: Tensor
    below: Tensor

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Gt(0)] = 0.4
        """weight of the divergence against half the squared error summed over pixels"""
        block: Annotated[
            int,
            Ge(2),
            Needs("block < latent_dim <= 32", "a latent size above it, and of 32 at most"),
        ] = 2
        """coordinates in a block of the posterior's covariance"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""

    def build(self) -> None:
        if self.config.beta <= 0.0:
            raise ValueError(f"beta is a variance, expected more than 0, got {self.config.beta}")
        if not 2 <= self.config.block < self.latent_dim <= CORRELATED_LIMIT:
            size = f"a latent size of {self.latent_dim} and blocks of {self.config.block}"
            raise ValueError(
                f"blocks hold 2 coordinates or more of a code of up to {CORRELATED_LIMIT}, "
                f"and there are two or more; got {size}"
            )
        inside = same_block(self.latent_dim, self.config.block)
        self.register_buffer("inside", inside)
        self.register_buffer("below", torch.nonzero(inside.tril(-1)).mT.contiguous())
        self.encoder = backbones.encoder(self.shape, 2 * self.latent_dim + self.below.shape[1])
        self.decoder = backbones.decoder(self.latent_dim, self.shape)
        self.model = self.add_player("model", self, optimiser=Adam(self.config.lr))

    def gaussian(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior's mean (B, L) and factors C (B, 1, L, L)."""
        mean, log_var, below = self.encoder(x).split(
            [self.latent_dim, self.latent_dim, self.below.shape[1]], dim=1
        )
        factors = torch.diag_embed(torch.exp(0.5 * log_var))
        factors = factors.index_put(
            (torch.arange(len(x), device=x.device).unsqueeze(1), *self.below.unsqueeze(1)), below
        )
        return mean, factors.unsqueeze(1)

    @torch.no_grad()
    def outcome(self, test: TensorSplit) -> Outcome:
        """Return the shares of J'J outside the blocks, and the mean matrices, on 5,000
        test images."""
        parts = [self.matrices(x) for x in test.some(IMAGES).split(_CHUNK)]
        grams, precisions = (torch.cat(part).double() for part in zip(*parts, strict=True))
        gram, precision, count = grams.mean(0), precisions.mean(0), len(grams)
        measurements = {
            name: Measurement(float(value), "", count, f"{count} test images: {text}")
            for name, (value, text) in self.numbers(gram, precision).items()
        }
        errors = torch.cat(
            [
                squared_error(x, self.decode(self.encode(x))).double() / x[0].numel()
                for x in test.batches(_CHUNK)
            ]
        )
        text = "test split, decode(encode(x)) with the posterior mean, not clipped"
        measurements["mse"] = Measurement(
            float(errors.mean()), "squared data units", len(errors), text
        )
        arrays = {
            "gram": gram,
            "precision": precision,
            "grams": grams[:_SHOWN],
            "precisions": precisions[:_SHOWN],
            "inside": self.inside,
        }
        return Outcome(measurements, {name: array.cpu().numpy() for name, array in arrays.items()})

    def numbers(self, gram: Tensor, precision: Tensor) -> dict[str, tuple[Tensor, str]]:
        """Return what is measured of the means of J'J and of the inverse covariances, (L, L) both:
        values, 0-d, and what they are."""
        share, shares = self.shares(gram)
        implied = gram / self.config.beta
        excess = precision - torch.eye(self.latent_dim, dtype=torch.float64, device=gram.device)
        return {
            "off-block": (
                share,
                "share of the squared entries of the mean of J'J outside the blocks",
            ),
            "off-block[partition=random]": (
                shares.median(),
                f"the same, median over {_PARTITIONS} random partitions into blocks of the same "
                "sizes",
            ),
            "chance": (
                (1 + (shares <= share).sum()) / (1 + len(shares)),
                "share of random partitions whose off-block is as low",
            ),
            "precision-gap": (
                (excess - implied).norm() / implied.norm(),
                "distance of the mean of (C C')^-1 - I from that of J'J / beta, relative",
            ),
        }

    def matrices(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return J'J at the posterior means and the inverse covariances, (B, L, L) both."""
        mean, factors = self.gaussian(x)
        return jacobian.all_grams(self.decoder, mean), torch.cholesky_inverse(factors.squeeze(1))

    def shares(self, gram: Tensor) -> tuple[Tensor, Tensor]:
        """Return the off-block share of ``gram`` (L, L) and those of random partitions, (1000,)."""
        orders = torch.rand(_PARTITIONS, self.latent_dim, device=gram.device).argsort(1)
        shuffled = gram[orders.unsqueeze(2), orders.unsqueeze(1)]
        return outside_share(gram, self.inside), outside_share(shuffled, self.inside)

"""How close GRAE's objective is to that of a beta-VAE: both, and the step between them, on one
trained network.

Citation
    Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
    (https://arxiv.org/abs/2002.00041), equations 2, 7 and 13, figure 3.

Objective
    The network is trained as a beta-VAE (see `bench show beta-vae`). Then, with mu and Sigma of its
    encoder and J its decoder's Jacobian at mu, mean over test images, in half squared pixel units:

        beta-VAE   1/2 E ||x - g(z)||^2 + beta KL,   z ~ N(mu, Sigma)
        Taylor     1/2 ||x - g(mu)||^2 + 1/2 tr(J'J Sigma) + beta KL
        GRAE       1/2 ||x - g(mu)||^2 + beta/2 ||mu||^2 + beta/2 ln det(I + J'J / beta)

Discovery
    Taylor less GRAE is beta times the divergence of the network's Sigma from the best one, never
    negative. beta-VAE less Taylor is what the decoder's curvature does. The claim: both shrink with
    beta. With ``covariance=block``, ``off-block`` is the share of the squared entries of the mean
    of J'J that lie outside the blocks, beside that of random partitions into blocks of the same
    size.

Deviations
    The paper uses 5,000 test images; ``draws`` of z per image for the first objective are ours.
    Encoder and decoder are the shared ones, without batch normalisation, with ELU in the place of
    ReLU (``activation``), as the paper has them: with ReLU the decoder is piecewise linear, the
    curvature that separates the first two objectives is nowhere but in its kinks and its sigmoid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from baselines.beta_vae import BetaVAE
from baselines.grae import GRAE
from benchmark.datasets.tensors import TensorSplit
from benchmark.metrics.base import Measurement
from benchmark.needs import Needs
from benchmark.nn import covariance, jacobian
from benchmark.nn.likelihood import squared_error
from benchmark.study import Outcome, Study

__all__ = ["Objective", "objectives", "off_block_share", "use_elu"]

IMAGES = 5000

_PARTITIONS = 1000

_CHUNK = 250


@torch.no_grad()
def objectives(network: BetaVAE | GRAE, x: Tensor, draws: int = 32) -> dict[str, Tensor]:
    """Return ``beta-vae``, ``taylor`` and ``grae`` of each image (B,), in half squared pixel units,
    and ``gram``, J'J (B, L, L).

    A GRAE network has no covariance of its own; it is given the best one, with which the last two
    objectives agree.
    """
    beta = network.config.beta
    if isinstance(network, GRAE):
        mean = network.encoder(x)
        grams = jacobian.all_grams(network.decoder, mean)
        spread = jacobian.optimal_covariance(grams, beta)
        factors = torch.linalg.cholesky(spread).unsqueeze(1)
    else:
        mean, factors = network.gaussian(x)
        grams = jacobian.all_grams(network.decoder, mean)
        spread = covariance.covariance(factors)
    at_mean = 0.5 * squared_error(x, network.decoder(mean))
    price = beta * covariance.kl_parts(mean, factors).sum(1)
    drawn = torch.stack(
        [
            0.5 * squared_error(x, network.decoder(covariance.draw(mean, factors)))
            for _ in range(draws)
        ]
    ).mean(0)
    return {
        "beta-vae": drawn + price,
        "taylor": at_mean + 0.5 * (grams * spread).sum((1, 2)) + price,
        "grae": at_mean + 0.5 * beta * (mean.square().sum(1) + jacobian.log_det_term(grams, beta)),
        "gram": grams,
    }


def off_block_share(gram: Tensor, block: int) -> float:
    """Return the share of the squared entries of ``gram`` (L, L) outside its diagonal blocks."""
    size = len(gram) // block
    inside = (
        gram.square()
        .unflatten(0, (size, block))
        .unflatten(2, (size, block))
        .diagonal(dim1=0, dim2=2)
        .sum()
    )
    return 1.0 - float(inside / gram.square().sum())


def use_elu(network: nn.Sequential) -> None:
    """Put ELU in the place of every ReLU and LeakyReLU of ``network``."""
    for index, layer in enumerate(network):
        if isinstance(layer, nn.ReLU | nn.LeakyReLU):
            network[index] = nn.ELU()


class Objective(BetaVAE, Study):
    """Trains as ``beta-vae`` does, with the same options."""

    reference = {"mnist": {"steps": 5000}}

    @dataclass(frozen=True)
    class Config:
        beta: Annotated[float, Gt(0)] = 0.4
        """weight of the divergence against half the squared error summed over pixels"""
        covariance: Annotated[
            Literal["diagonal", "block", "full"],
            Needs("covariance == 'diagonal' or latent_dim <= 32", "a latent size of 32 at most"),
        ] = "diagonal"
        """correlations of the posterior: none, inside blocks, all (latent sizes up to 32)"""
        block: Annotated[
            int,
            Ge(1),
            Needs("covariance != 'block' or latent_dim % block == 0", "a latent size it divides"),
        ] = 2
        """coordinates in a block where covariance is block; divides the latent size"""
        draws: Annotated[int, Ge(1)] = 32
        """codes per image for the objective that is a mean over them"""
        lr: Annotated[float, Ge(0)] = 1e-3
        """step size of Adam"""
        chunks: int = 4
        """equal parts of a batch, one update each"""
        activation: Literal["elu", "relu"] = "elu"
        """nonlinearity of encoder and decoder: the paper's, or that of the shared networks"""

    def build(self) -> None:
        super().build()
        if self.config.activation == "elu":
            for network in (self.encoder, self.decoder):
                use_elu(network)

    @torch.no_grad()
    def outcome(self, test: TensorSplit) -> Outcome:
        """Return the objectives and their gaps on 5,000 test images."""
        parts = [objectives(self, x, self.config.draws) for x in test.some(IMAGES).split(_CHUNK)]
        values = {name: torch.cat([part[name] for part in parts]).double() for name in parts[0]}
        gram = values.pop("gram").mean(0)
        means = {f"objective-{name}": float(value.mean()) for name, value in values.items()}
        for one, other in (("beta-vae", "taylor"), ("taylor", "grae"), ("beta-vae", "grae")):
            means[f"gap-{one}-{other}"] = float((values[one] - values[other]).mean())
        count = len(values["grae"])
        text = f"{count} test images, {self.config.draws} draws of z"
        measurements = {
            name: Measurement(value, "half squared pixel units", count, text)
            for name, value in means.items()
        }
        error, numbers = self.reconstruction_error(test)
        measurements["mse"] = Measurement(
            error,
            "squared data units",
            numbers,
            "test split, decode(encode(x)) with the posterior mean, not clipped",
        )
        return Outcome(measurements | self.blocks(gram, count))

    def reconstruction_error(self, test: TensorSplit) -> tuple[float, int]:
        """Return the mean squared error of a pixel over the test split, and how many images that
        are."""
        errors = torch.cat(
            [
                squared_error(x, self.decoder(self.encode(x))).double() / x[0].numel()
                for x in test.batches(_CHUNK)
            ]
        )
        return float(errors.mean()), len(errors)

    def blocks(self, gram: Tensor, count: int) -> dict[str, Measurement]:
        """Return the off-block share and its median over random partitions; nothing without
        blocks."""
        if self.config.covariance != "block":
            return {}
        orders = [torch.randperm(self.latent_dim, device=gram.device) for _ in range(_PARTITIONS)]
        chance = torch.tensor(
            [off_block_share(gram[order][:, order], self.block) for order in orders]
        ).median()
        text = "share of the squared entries of the mean of J'J outside blocks"
        return {
            "off-block": Measurement(off_block_share(gram, self.block), "", count, text),
            "off-block[partition=random]": Measurement(
                float(chance), "", count, f"{text}: median over {_PARTITIONS} random partitions"
            ),
        }

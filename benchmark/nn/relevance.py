"""What the relevance encoding networks add to a VAE: an encoder of whole sets, the carried
precision, and the dimension counts.

Source: "RENs: Relevance Encoding Networks" (https://arxiv.org/abs/2205.13061). Layer sizes are
ours: the paper shows them as a picture only.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmark.nn.ard import conjugate_posterior, sample_log_gamma
from benchmark.nn.discovery import cumulative_rule, participation_ratio, relevance_gap

__all__ = ["Relevance", "RelevanceEncoder", "equal_within_a_set", "first_joint_step"]

_OFFSET = 1e-4
_SMALLEST = torch.finfo(torch.float32).tiny
_FEATURES = 64


def _mlp(*widths: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def first_joint_step(burn_in: float, steps: int, steps_per_epoch: int) -> int:
    """Return the first outer step with a joint step: the start of epoch floor(burn_in E) + 1,
    counted from 0, of E epochs in all.

    Runs of fewer than ten epochs, and those whose last epoch comes too early for that, begin after
    that share of their steps, because they would otherwise never begin. With ``burn_in`` = 1 it is
    ``steps``: never.
    """
    if not 0.0 <= burn_in <= 1.0:
        raise ValueError(f"burn_in is a share of the epochs, expected 0 to 1, got {burn_in}")
    epochs = steps // steps_per_epoch
    first = (math.floor(burn_in * epochs + 1e-9) + 1) * steps_per_epoch
    return first if epochs >= 10 and first < steps else math.floor(burn_in * steps + 1e-9)


class Head(nn.Linear):
    """Last layer: small weights, and biases at which softplus is 1, so that E[alpha] = a / b starts
    at 1."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        with torch.no_grad():
            self.weight.mul_(0.1)
            self.bias.fill_(math.log(math.e - 1.0))


class RelevanceEncoder(nn.Module):
    """Deep set: pairs (x, z) of a whole batch to concentration and rate (L,) of the Gamma posterior
    of alpha, in any order of the pairs.

    Arguments:
        numbers, latent_dim: sizes of an image and of its code.
        scale: factor c of ``a = c softplus(u)``, ``b = c softplus(v)``. For fixed codes the exact a
            is about B / 2, which c = B / 2 makes the starting point; with c = 1 it takes most of a
            training run to get there.
    """

    def __init__(self, numbers: int, latent_dim: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.of_image = _mlp(numbers, 128, _FEATURES)
        self.of_code = _mlp(latent_dim, 64, _FEATURES)
        self.of_pair = nn.Sequential(nn.LeakyReLU(0.2), *_mlp(2 * _FEATURES, 64, _FEATURES))
        self.of_set = nn.Sequential(nn.LeakyReLU(0.2), nn.Linear(_FEATURES, 64), nn.LeakyReLU(0.2))
        self.head = Head(64, 2 * latent_dim)

    def forward(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return a and b (L,) of the set of images x (B, *shape) with codes z (B, L)."""
        pairs = torch.cat((self.of_image(x.flatten(1)), self.of_code(z)), dim=1)
        u, v = self.head(self.of_set(self.of_pair(pairs).mean(0))).chunk(2)
        return self.scale * nn.functional.softplus(
            u
        ) + _OFFSET, self.scale * nn.functional.softplus(v) + _OFFSET


class Relevance(nn.Module):
    """The posterior of alpha and its summaries, all (L,): ``carried`` into the next small steps
    (starts at 1), ``mean`` over the training set after training, and one ``draw``. Large alpha
    means small prior variance, that is, an irrelevant dimension."""

    carried: Tensor
    mean: Tensor
    draw: Tensor

    def __init__(self, numbers: int, latent_dim: int, *, posterior: str, scale: float) -> None:
        super().__init__()
        self.encoder = (
            RelevanceEncoder(numbers, latent_dim, scale) if posterior == "learned" else None
        )
        for name in ("carried", "mean", "draw"):
            self.register_buffer(name, torch.ones(latent_dim))

    def posterior(self, x: Tensor, z: Tensor, z0: Tensor) -> tuple[Tensor, Tensor]:
        """Return concentration and rate (L,): of the network on (x, z), or exact for the codes
        ``z0`` that alpha governs."""
        return conjugate_posterior(z0) if self.encoder is None else self.encoder(x, z)

    @torch.no_grad()
    def carry(self, alpha: Tensor) -> None:
        """Take ``alpha``, at least 1.2e-38 so that it has a logarithm, into the next steps."""
        self.carried.copy_(alpha.clamp_min(_SMALLEST))

    @torch.no_grad()
    def summarise(self, posteriors: list[tuple[Tensor, Tensor]]) -> None:
        """Set ``mean`` to the mean of a / b over the (a, b) of all sets, and ``draw`` to one draw
        of the last set's posterior, at least 1.2e-38."""
        self.mean.copy_(torch.stack([a / b for a, b in posteriors]).mean(0))
        self.draw.copy_(sample_log_gamma(*posteriors[-1]).exp().clamp_min(_SMALLEST))

    def carried_count(self) -> Tensor:
        """Return how many prior variances 1 / alpha hold 95 % by the carried alpha, 0-d."""
        return cumulative_rule(1.0 / self.carried).sum()

    def verdict(self) -> tuple[Tensor, Tensor, dict[str, float]]:
        """Return prior variances 1 / alpha (L,), which of them hold 95 %, and other readings: the
        same count for other alphas and shares, the participation ratio, the largest gap."""
        variance = 1.0 / self.mean
        readings = {
            "lstar_mean": cumulative_rule(variance),
            "lstar_last": cumulative_rule(1.0 / self.carried),
            "lstar_draw": cumulative_rule(1.0 / self.draw),
            "lstar_90": cumulative_rule(variance, 0.90),
            "lstar_99": cumulative_rule(variance, 0.99),
        }
        gap, position = relevance_gap(variance)
        extra = {name: float(mask.sum()) for name, mask in readings.items()}
        extra |= {
            "participation_ratio": participation_ratio(variance),
            "gap": gap,
            "gap_position": float(position),
        }
        return variance, readings["lstar_mean"], extra


def equal_within_a_set(variance: Tensor, batch_size: int) -> bool:
    r"""Return whether one set of B images could not tell the largest 1 / alpha from the smallest:
    their logarithms differ by less than :math:`4 / \sqrt B`.

    Given the codes of a set, each log alpha is known to :math:`\sqrt{2 / B}`; the bound is two
    standard deviations of the difference of two. A ratio of 1.42 at B = 128, 1.49 at 100.
    """
    v = variance.detach().double()
    return bool(v.max().log() - v.min().log() < 4.0 / math.sqrt(batch_size))

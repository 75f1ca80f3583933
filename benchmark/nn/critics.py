"""Auxiliary networks that belong to adversarial methods, whatever the backbone, and the penalty
that trains them.

| network | images, from the code of | inputs of up to 64 numbers, ours |
|---|---|---|
| latent critic, classifier, generator | 4 x 1024, ReLU, MaskAAE and FlexAE | 3 x 256, ReLU |
| image critic | 2 convolutions, 1024, ReLU, FlexAE | 2 x 256, ReLU |
| discriminator, two logits | 5 x 1000, LeakyReLU 0.2, RF-VAE | 5 x 256, LeakyReLU 0.2 |

Critics have no bias on their output: their losses are differences of means and a gradient's norm,
which are blind to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmark.nn.sizes import halvings, is_small

__all__ = [
    "PiecewiseLinear",
    "Rectifier",
    "discriminator",
    "gradient_penalty",
    "image_critic",
    "interpolate",
    "latent_classifier",
    "latent_critic",
    "latent_generator",
    "permute_columns",
]


class Glorot(nn.Linear):
    """``nn.Linear`` that starts Glorot-normal, biases at zero."""

    def reset_parameters(self) -> None:
        nn.init.xavier_normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class GlorotConvolution(nn.Conv2d):
    """``nn.Conv2d`` that starts Glorot-uniform, biases at zero."""

    def reset_parameters(self) -> None:
        nn.init.xavier_uniform_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Narrow(nn.Linear):
    """``nn.Linear`` that starts at N(0, 0.02^2), biases at zero."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.02)
        nn.init.zeros_(self.bias)


class Rectifier(nn.Module):
    """ReLU as a product with a mask that no gradient sees: the same values and gradients as
    ``nn.ReLU``, bit for bit.

    The slope of a ReLU network does not change between kinks, but ``nn.ReLU`` sends the gradient of
    a gradient back through the whole network as zeros, which made a gradient penalty take half as
    long again.
    """

    def forward(self, x: Tensor) -> Tensor:
        return x * (x > 0).to(x.dtype)


class PiecewiseLinear(nn.Sequential):
    """A critic of dense layers, (B, ...) to (B, 1): every hidden one ends in a ReLU, the output has
    no bias. :mod:`benchmark.nn.slopes` knows its gradient penalty in closed form."""

    def __init__(self, *widths: int) -> None:
        hidden = _dense(nn.ReLU, *widths)
        super().__init__(*hidden, nn.ReLU(), Glorot(widths[-1], 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))


def latent_critic(latent_dim: int, shape: tuple[int, ...]) -> PiecewiseLinear:
    """Return a critic of codes, (B, L) to (B, 1)."""
    return PiecewiseLinear(latent_dim, *_latent_widths(shape))


def latent_classifier(latent_dim: int, shape: tuple[int, ...]) -> nn.Sequential:
    """Return a classifier of codes, (B, L) to one logit (B, 1): the critic of codes with a bias on
    its output."""
    return nn.Sequential(*_dense(nn.ReLU, latent_dim, *_latent_widths(shape), 1))


def latent_generator(
    latent_dim: int, shape: tuple[int, ...], widths: tuple[int, ...] | None = None
) -> nn.Sequential:
    """Return a generator of codes from noise, (B, L) to (B, L); ``widths`` replaces the usual
    hidden layers (none at all: an affine map)."""
    hidden = _latent_widths(shape) if widths is None else widths
    return nn.Sequential(*_dense(nn.ReLU, latent_dim, *hidden, latent_dim))


def image_critic(shape: tuple[int, ...]) -> nn.Sequential:
    """Return a critic of images, (B, *shape) to (B, 1), without normalisation: its penalty needs
    each image's own gradient. A third convolution and more where two would leave more than about
    16x16."""
    if is_small(shape) or len(shape) == 1:
        return PiecewiseLinear(math.prod(shape), 256, 256)
    channels, height, width = shape
    count = max(2, halvings(min(height, width)) - 2)
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((channels, 64, *(128,) * (count - 1))):
        layers += [GlorotConvolution(inputs, outputs, 4, 2, 1), Rectifier()]
    numbers = 128 * (height // 2**count) * (width // 2**count)
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        *_dense(Rectifier, numbers, 1024),
        Rectifier(),
        Glorot(1024, 1, bias=False),
    )


def discriminator(latent_dim: int, shape: tuple[int, ...]) -> nn.Sequential:
    """Return a classifier of codes, (B, L) to two logits (B, 2)."""
    widths = (256,) * 5 if is_small(shape) or len(shape) == 1 else (1000,) * 5
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise((latent_dim, *widths, 2)):
        layers += [Narrow(inputs, outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


def interpolate(start: Tensor, end: Tensor) -> Tensor:
    """Return one uniformly drawn point per row on the segments from ``start`` to ``end``, (B,
    ...)."""
    share = torch.rand(
        len(start), *(1,) * (start.dim() - 1), device=start.device, dtype=start.dtype
    )
    return start + share * (end - start)


def gradient_penalty(critic: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    r"""Return the mean over the batch of :math:`(\|\nabla_p C(p)\|_2 - 1)^2`, 0-d; the norm runs
    over all numbers of a row.

    ``points`` (B, ...) are taken as constants; the result can be differentiated in the critic's
    parameters. Source: Gulrajani et al., "Improved Training of Wasserstein GANs", 2017
    (https://arxiv.org/abs/1704.00028).
    """
    points = points.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return (torch.linalg.vector_norm(slope.flatten(1), dim=1) - 1.0).square().mean()


def permute_columns(z: Tensor) -> Tensor:
    """Return ``z`` (B, L) with the rows of each column permuted independently: a draw from the
    product of the columns' marginals."""
    return z.gather(0, torch.rand_like(z).argsort(0))


def _latent_widths(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (256,) * 3 if is_small(shape) or len(shape) == 1 else (1024,) * 4


def _dense(activation: type[nn.Module], *widths: int) -> list[nn.Module]:
    """Return dense layers with an activation between any two."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Glorot(inputs, outputs), activation()]
    return layers[:-1]

"""Encoders and decoders shared by every method, chosen by the shape of the data alone.

| data | encoder | source |
|---|---|---|
| (2,) | 2-100-50-out | dpVAE and TFVAE code; LeakyReLU 0.2 is ours |
| up to 64 numbers | D-128-128-out, LeakyReLU 0.2 | ours |
| (C, 28, 28) | 4 convolutions to 32x4x4, then 256-256-out, ReLU | dpVAE code |
| (C, 64, 64) | 4 stride-2 convolutions to 32x4x4, then 256-256-out, ReLU | dpVAE code |
| (C, H, W), both from 8 | convolutions to 3 to 5 a side, then 256-256-out, ReLU | ours |

Which convolutions, :mod:`benchmark.nn.sizes` says: each halves both sides, as for 64x64; three of
them take 32x32 to 32x4x4. Decoders mirror the encoders, row and column of an odd side included.
Images end in a sigmoid, vectors in the identity. Weights start as He et al. give them for ReLU,
with LeakyReLU too (https://arxiv.org/abs/1502.01852); biases at zero. torch's own start shrinks the
signal at every layer: on 28x28 MNIST the sigma-VAE's decoder then ends at black images and the
posterior at the prior (measured, docs/decisions.md). Where images are nearly black this start is
not enough: every method's ``prepare`` moves the last bias of its decoder to the mean training image
(nn/start.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from benchmark.nn.sizes import SMALL, convolutions, is_small, misfit

__all__ = ["SMALL", "decoder", "encoder", "is_small"]

_CHANNELS = 32
_WIDTHS = (256, 256)
_SLOPE = 0.2


def he_uniform(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, inputs: float) -> None:
    """Draw the layer's weights uniformly with variance 2 / ``inputs``, the number of inputs each
    output sums over; biases become zero. A weight has the same number whatever its layout."""
    bound = math.sqrt(6.0 / inputs)
    drawn = torch.empty_like(layer.weight, memory_format=torch.contiguous_format)
    with torch.no_grad():
        layer.weight.copy_(nn.init.uniform_(drawn, -bound, bound))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Dense(nn.Linear):
    """``nn.Linear`` that starts as He et al. give it."""

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_features)


class Convolution(nn.Conv2d):
    """``nn.Conv2d`` that starts as He et al. give it; ``channels_last``, which is faster on CPU."""

    def __init__(self, *geometry: Any) -> None:
        super().__init__(*geometry)
        self.to(memory_format=torch.channels_last)

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_channels * math.prod(self.kernel_size))


class TransposedConvolution(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d`` that starts as He et al. give it; with a stride, an output sums over
    that share of the kernel. ``channels_last`` as :class:`Convolution`."""

    def __init__(self, *geometry: Any) -> None:
        super().__init__(*geometry)
        self.to(memory_format=torch.channels_last)

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_channels * math.prod(self.kernel_size) / math.prod(self.stride))


def encoder(shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Return a network from images (B, *shape) to (B, outputs)."""
    if not _convolutional(shape):
        return nn.Sequential(
            nn.Flatten(), *_dense((math.prod(shape), *_hidden(shape), outputs), _leaky)
        )
    plan = convolutions(shape[1:])  # type: ignore[arg-type]  # (H, W)
    layers: list[nn.Module] = []
    channels = shape[0]
    for part in plan:
        layers += [
            Convolution(channels, _CHANNELS, part.kernel, part.stride, part.padding),
            nn.ReLU(),
        ]
        channels = _CHANNELS
    numbers = _CHANNELS * math.prod(plan[-1].after)
    return nn.Sequential(*layers, nn.Flatten(), *_dense((numbers, *_WIDTHS, outputs), nn.ReLU))


def decoder(latent_dim: int, shape: tuple[int, ...]) -> nn.Sequential:
    """Return a network from codes (B, latent_dim) to images (B, *shape)."""
    final: list[nn.Module] = [nn.Sigmoid()] if len(shape) == 3 else []
    if not _convolutional(shape):
        dense = _dense((latent_dim, *reversed(_hidden(shape)), math.prod(shape)), _leaky)
        return nn.Sequential(*dense, nn.Unflatten(1, shape), *final)
    plan = convolutions(shape[1:])  # type: ignore[arg-type]  # (H, W)
    first = (_CHANNELS, *plan[-1].after)
    layers = [
        *_dense((latent_dim, *_WIDTHS, math.prod(first)), nn.ReLU),
        nn.ReLU(),
        nn.Unflatten(1, first),
    ]
    for part in reversed(plan):
        out = shape[0] if part is plan[0] else _CHANNELS
        geometry = (part.kernel, part.stride, part.padding, part.cut)
        layers += [TransposedConvolution(_CHANNELS, out, *geometry), nn.ReLU()]
    return nn.Sequential(*layers[:-1], *final)


def _convolutional(shape: tuple[int, ...]) -> bool:
    """Return whether the networks have convolutions; ``ValueError`` where none fits."""
    reason = misfit(shape)
    if reason is not None:
        raise ValueError(reason)
    return not is_small(shape) and len(shape) == 3


def _hidden(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (100, 50) if math.prod(shape) == 2 else (128, 128) if is_small(shape) else (256, 256)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(_SLOPE)


def _dense(widths: tuple[int, ...], activation: Callable[[], nn.Module]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs), activation()]
    return layers[:-1]

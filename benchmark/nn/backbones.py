"""Encoders and decoders shared by every method, chosen by the shape of the data alone.

| data | encoder | source |
|---|---|---|
| (2,) | 2-100-50-out | dpVAE and TFVAE code; LeakyReLU 0.2 is ours |
| up to 64 numbers | D-128-128-out, LeakyReLU 0.2 | ours |
| (C, 28, 28) | 4 convolutions to 32x4x4, then 256-256-out, ReLU | dpVAE code |
| (C, 32, 32) | 3 stride-2 convolutions to 32x4x4, then 256-256-out, ReLU | ours, after 64x64 |
| (C, 64, 64) | 4 stride-2 convolutions to 32x4x4, then 256-256-out, ReLU | dpVAE code |

Decoders mirror the encoders. Images end in a sigmoid, vectors in the identity. Weights start as He
et al. give them for ReLU, with LeakyReLU too (https://arxiv.org/abs/1502.01852); biases at zero.
torch's own start shrinks the signal at every layer: on 28x28 MNIST the sigma-VAE's decoder then
ends at black images and the posterior at the prior (measured, docs/decisions.md). Where images are
nearly black this start is not enough: every method's ``prepare`` moves the last bias of its decoder
to the mean training image (nn/start.py).
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

__all__ = ["decoder", "encoder", "is_small"]

SMALL = 64
"""Inputs of up to so many numbers (8x8 digits too) use the small vector networks."""

_WIDTHS = (256, 256)
_SLOPE = 0.2

# (channels, kernel, stride, padding) from the image to 32 x 4 x 4
_CONVOLUTIONS: dict[int, tuple[tuple[int, int, int, int], ...]] = {
    28: ((32, 4, 2, 1), (32, 3, 1, 0), (32, 4, 2, 1), (32, 3, 1, 0)),
    32: ((32, 4, 2, 1),) * 3,
    64: ((32, 4, 2, 1),) * 4,
}


def he_uniform(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, inputs: float) -> None:
    """Draw the layer's weights uniformly with variance 2 / ``inputs``, the number of inputs each
    output sums over; biases become zero."""
    bound = math.sqrt(6.0 / inputs)
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class Dense(nn.Linear):
    """``nn.Linear`` that starts as He et al. give it."""

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_features)


class Convolution(nn.Conv2d):
    """``nn.Conv2d`` that starts as He et al. give it."""

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_channels * math.prod(self.kernel_size))


class TransposedConvolution(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d`` that starts as He et al. give it; with a stride, an output sums over
    that share of the kernel."""

    def reset_parameters(self) -> None:
        he_uniform(self, self.in_channels * math.prod(self.kernel_size) / math.prod(self.stride))


def is_small(shape: tuple[int, ...]) -> bool:
    """Return whether data of this shape uses the small vector networks."""
    return math.prod(shape) <= SMALL


def encoder(shape: tuple[int, ...], outputs: int) -> nn.Sequential:
    """Return a network from images (B, *shape) to (B, outputs)."""
    if not _convolutional(shape):
        return nn.Sequential(
            nn.Flatten(), *_dense((math.prod(shape), *_hidden(shape), outputs), _leaky)
        )
    layers: list[nn.Module] = []
    channels = shape[0]
    for width, kernel, stride, padding in _CONVOLUTIONS[shape[1]]:
        layers += [Convolution(channels, width, kernel, stride, padding), nn.ReLU()]
        channels = width
    return nn.Sequential(
        *layers, nn.Flatten(), *_dense((channels * 16, *_WIDTHS, outputs), nn.ReLU)
    )


def decoder(latent_dim: int, shape: tuple[int, ...]) -> nn.Sequential:
    """Return a network from codes (B, latent_dim) to images (B, *shape)."""
    final: list[nn.Module] = [nn.Sigmoid()] if len(shape) == 3 else []
    if not _convolutional(shape):
        dense = _dense((latent_dim, *reversed(_hidden(shape)), math.prod(shape)), _leaky)
        return nn.Sequential(*dense, nn.Unflatten(1, shape), *final)
    plan = _CONVOLUTIONS[shape[1]]
    layers = [
        *_dense((latent_dim, *_WIDTHS, plan[-1][0] * 16), nn.ReLU),
        nn.ReLU(),
        nn.Unflatten(1, (plan[-1][0], 4, 4)),
    ]
    outputs = [shape[0], *(width for width, *_ in plan[:-1])]
    for (width, kernel, stride, padding), out in zip(
        reversed(plan), reversed(outputs), strict=True
    ):
        layers += [TransposedConvolution(width, out, kernel, stride, padding), nn.ReLU()]
    return nn.Sequential(*layers[:-1], *final)


def _convolutional(shape: tuple[int, ...]) -> bool:
    if is_small(shape) or len(shape) == 1:
        return False
    if len(shape) != 3 or shape[1] != shape[2] or shape[1] not in _CONVOLUTIONS:
        raise ValueError(
            f"no backbone for data of shape {shape}; expected vectors (D,), images of up to {SMALL} numbers, or (C, S, S) with S of 28, 32, 64"
        )
    return True


def _hidden(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (100, 50) if math.prod(shape) == 2 else (128, 128) if is_small(shape) else (256, 256)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(_SLOPE)


def _dense(widths: tuple[int, ...], activation: type[nn.Module] | object) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs), activation()]  # type: ignore[operator]
    return layers[:-1]

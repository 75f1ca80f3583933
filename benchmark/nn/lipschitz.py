r"""Decoders that move images no further apart than their codes: every linear map has spectral norm
one.

The norm is that of the map on inputs of the actual size, by power iteration with the map and its
adjoint. The norm of a convolution's kernel as a matrix, which torch's ``spectral_norm`` takes, is
another number: 1.2 to 1.4 or 0.7 times that of our transposed convolutions.

Source: the code of Chen and Fuge, "Compressing Latent Space via Least Volume", ICLR 2024
(https://arxiv.org/abs/2404.17773).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.nn.backbones import Dense, TransposedConvolution, decoder

__all__ = ["UnitDense", "UnitTransposedConvolution", "iterate", "lipschitz_decoder"]

SETTLE = 100
"""Power iterations on the initial weights."""


class _UnitNorm(nn.Module):
    """What both kinds share: ``direction`` is a buffer of unit length in the space of inputs."""

    direction: Tensor
    bias: Tensor | None

    def apply_map(self, x: Tensor) -> Tensor:
        """Return the map of the weights, without bias, of x (B, ...)."""
        raise NotImplementedError

    def apply_adjoint(self, y: Tensor) -> Tensor:
        """Return the adjoint of the map of y (B, ...)."""
        raise NotImplementedError

    @torch.no_grad()
    def iterate(self, count: int = 1) -> None:
        """Turn ``direction`` towards the input that the map stretches most."""
        for _ in range(count):
            turned = self.apply_adjoint(self.apply_map(self.direction))
            self.direction.copy_(turned / torch.linalg.vector_norm(turned))

    def norm(self) -> Tensor:
        """Return the length of the image of ``direction``, 0-d: the map's norm once that has
        settled."""
        return torch.linalg.vector_norm(self.apply_map(self.direction))

    @torch.no_grad()
    def restart(self) -> None:
        """Draw ``direction`` anew and settle it on the weights."""
        self.direction.copy_(torch.randn_like(self.direction))
        self.direction /= torch.linalg.vector_norm(self.direction)
        self.iterate(SETTLE)


class UnitDense(_UnitNorm, Dense):  # type: ignore[misc]  # Dense's bias is never None
    """A dense layer whose weights are divided by their spectral norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        Dense.__init__(self, inputs, outputs)
        self.register_buffer("direction", torch.ones(1, inputs) / inputs**0.5)

    def reset_parameters(self) -> None:
        Dense.reset_parameters(self)
        if hasattr(self, "direction"):
            self.restart()

    def apply_map(self, x: Tensor) -> Tensor:
        return x @ self.weight.T

    def apply_adjoint(self, y: Tensor) -> Tensor:
        return y @ self.weight

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight / self.norm(), self.bias)


class UnitTransposedConvolution(_UnitNorm, TransposedConvolution):
    """A transposed convolution whose kernel is divided by the norm of its map on inputs of
    ``size`` (H, W)."""

    def __init__(self, size: tuple[int, int], *geometry: object) -> None:
        TransposedConvolution.__init__(self, *geometry)
        start = torch.ones(1, self.in_channels, *size)
        self.register_buffer("direction", start / start.numel() ** 0.5)

    def reset_parameters(self) -> None:
        TransposedConvolution.reset_parameters(self)
        if hasattr(self, "direction"):
            self.restart()

    def apply_map(self, x: Tensor) -> Tensor:
        return self._transposed(x, self.weight, None)

    def apply_adjoint(self, y: Tensor) -> Tensor:
        return F.conv2d(y, self.weight, None, self.stride, self.padding)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return self._transposed(x, self.weight / self.norm(), self.bias)

    def _transposed(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        cut = self.output_padding
        return F.conv_transpose2d(
            x,
            weight,
            bias,
            self.stride,
            self.padding,  # type: ignore[arg-type]  # no word
            cut,
        )


def lipschitz_decoder(latent_dim: int, shape: tuple[int, ...]) -> nn.Sequential:
    """Return the shared decoder, the same layers under the same names, with every linear map of
    norm one: ||g(a) - g(b)|| <= ||a - b||, a final sigmoid included."""
    layers: list[nn.Module] = []
    size = (1, 1)
    for layer in decoder(latent_dim, shape):
        if isinstance(layer, nn.Unflatten) and len(shape) == 3:
            size = tuple(layer.unflattened_size)[1:]  # type: ignore[assignment]  # (H, W)
        if isinstance(layer, TransposedConvolution):
            geometry = (layer.kernel_size, layer.stride, layer.padding, layer.output_padding)
            unit = UnitTransposedConvolution(size, layer.in_channels, layer.out_channels, *geometry)
            size = _enlarged(layer, size)
            layers.append(unit)
        else:
            dense = isinstance(layer, Dense)
            layers.append(
                UnitDense(layer.in_features, layer.out_features)  # type: ignore[arg-type]  # Dense
                if dense
                else layer
            )
    return nn.Sequential(*layers)


def iterate(network: nn.Module) -> None:
    """Take one power iteration in every layer of norm one."""
    for layer in network.modules():
        if isinstance(layer, _UnitNorm):
            layer.iterate()


def _enlarged(layer: nn.ConvTranspose2d, size: tuple[int, int]) -> tuple[int, int]:
    """Return the size (H, W) of the layer's output for inputs of ``size``."""
    geometry = zip(
        size, layer.stride, layer.padding, layer.kernel_size, layer.output_padding, strict=True
    )
    rows, columns = (
        (side - 1) * stride - 2 * int(padding) + kernel + cut  # type: ignore[call-overload]  # ints
        for side, stride, padding, kernel, cut in geometry
    )
    return rows, columns

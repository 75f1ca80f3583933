"""The networks of a two-stage VAE's second stage: a linear head that sees the input beside the last
hidden layer. Source: the code of Dai and Wipf, 2019 (https://arxiv.org/abs/1903.05789)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark.nn.backbones import Dense
from benchmark.nn.sizes import is_small

__all__ = ["Shortcut"]


class Shortcut(nn.Module):
    """(B, inputs) to (B, outputs): 3 hidden ReLU layers of 1024 (256 where the data are vectors or
    of up to 64 numbers), and a linear map of input and last hidden layer together."""

    def __init__(self, inputs: int, outputs: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        width = 256 if is_small(shape) or len(shape) == 1 else 1024
        layers: list[nn.Module] = []
        for size in (inputs, width, width):
            layers += [Dense(size, width), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.head = nn.Linear(inputs + width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.cat((x, self.hidden(x)), dim=1))

"""Inverse autoregressive flows: each coordinate is moved and scaled by what the coordinates before
it say, all at once.

Sources: Kingma et al., "Improved Variational Inference with Inverse Autoregressive Flow", 2016
(https://arxiv.org/abs/1606.04934); masks: Germain et al., "MADE", 2015
(https://arxiv.org/abs/1502.03509).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmark.nn.backbones import Dense

__all__ = ["InverseAutoregressiveFlow", "MaskedNetwork"]

GATE_BIAS = 2.0
"""Added to the logits of the gates, so that the flow starts near the identity."""


class MaskedDense(Dense):
    """A dense layer whose weights are multiplied by a 0-1 ``mask`` (outputs, inputs)."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class NearlyZero(MaskedDense):
    """Starts at N(0, 0.01^2), biases at zero."""

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.bias)


class MaskedNetwork(nn.Module):
    """Two numbers m and s per coordinate from the coordinates before it and a context: (B, L) and
    (B, context) to (B, L) both; two hidden ReLU layers of max(128, 2 L)."""

    def __init__(self, latent_dim: int, context: int) -> None:
        super().__init__()
        width = max(128, 2 * latent_dim)
        position = torch.arange(1, latent_dim + 1)
        seen = torch.arange(width) % latent_dim  # a hidden unit of degree d has seen 1..d
        self.first = MaskedDense((seen[:, None] >= position).float())
        self.context = nn.Linear(context, width, bias=False)
        self.second = MaskedDense((seen[:, None] >= seen).float())
        self.last = NearlyZero((position.repeat(2)[:, None] > seen).float())

    def forward(self, z: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.relu(self.first(z) + self.context(h))
        m, s = self.last(torch.relu(self.second(hidden))).chunk(2, dim=1)
        return m, s


class InverseAutoregressiveFlow(nn.Module):
    """``count`` steps z -> g z + (1 - g) m with g = sigmoid(s + ``bias``), the order of the
    coordinates reversed after each."""

    def __init__(self, latent_dim: int, count: int, context: int, bias: float = GATE_BIAS) -> None:
        super().__init__()
        self.steps = nn.ModuleList(MaskedNetwork(latent_dim, context) for _ in range(count))
        self.bias = bias

    def forward(self, z: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last z (B, L) and log|det| of its Jacobian in the first, (B,), given contexts
        h (B, context)."""
        log_det = torch.zeros(len(z), device=z.device, dtype=z.dtype)
        for step in self.steps:
            m, s = step(z, h)
            gate = torch.sigmoid(s + self.bias)
            z = (gate * z + (1.0 - gate) * m).flip(1)
            log_det = log_det + F.logsigmoid(s + self.bias).sum(1)
        return z, log_det

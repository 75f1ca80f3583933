r"""Affine coupling flows between a latent space and the space of a simple prior.

Sources: Dinh, Sohl-Dickstein, Bengio, "Density estimation using Real NVP", 2017
(https://arxiv.org/abs/1605.08803); sizes after the code of Bhalodia, Lee, Elhabian, "dpVAEs: Fixing
Sample Generation for Regularized VAEs", 2020 (https://arxiv.org/abs/1911.10506).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["AffineCoupling", "CouplingFlow"]

_HIDDEN = 64


class PairedLinear(nn.Module):
    """Two linear layers side by side, (2, B, inputs) to (2, B, outputs), each as ``nn.Linear`` and
    started like it; one operation, not two."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(2, 1, outputs))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = self.weight.shape[1] ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)
        nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class AffineCoupling(nn.Module):
    """One coupling: coordinates where ``mask`` is 1 pass and decide how the others are scaled and
    shifted.

    Generative direction: v -> m v + (1 - m) (v exp(s(m v)) + t(m v)). s and t are two networks
    L-64-64-L with LeakyReLU 0.01 and a final tanh, which bounds both by 1: a coordinate is scaled
    by at most e per coupling.
    """

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)
        self.register_buffer("rest", 1.0 - mask)
        layers = (
            PairedLinear(len(mask), _HIDDEN),
            nn.LeakyReLU(),
            PairedLinear(_HIDDEN, _HIDDEN),
            nn.LeakyReLU(),
            PairedLinear(_HIDDEN, len(mask)),
        )
        self.networks = nn.Sequential(*layers, nn.Tanh())

    def forward(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inference direction of ``v`` (B, L) and its log-determinant (B,)."""
        passed = self.mask * v
        s, t = self._scale_and_shift(passed)
        return passed + self.rest * (v - t) * torch.exp(-s), -s.sum(1)

    def inverse(self, v: Tensor) -> Tensor:
        """Return the generative direction of ``v`` (B, L)."""
        passed = self.mask * v
        s, t = self._scale_and_shift(passed)
        return passed + self.rest * (v * torch.exp(s) + t)

    def _scale_and_shift(self, passed: Tensor) -> tuple[Tensor, Tensor]:
        s, t = self.networks(passed.expand(2, *passed.shape)).unbind(0)
        return self.rest * s, t


class CouplingFlow(nn.Module):
    """The bijection g: z -> z0 as ``count`` couplings whose masks alternate between the first
    floor(L / 2) coordinates and the others.

    With an even count, :math:`|\\log|\\det dg/dz|| \\le` count L / 2.
    """

    def __init__(self, latent_dim: int, count: int = 6) -> None:
        super().__init__()
        first = (torch.arange(latent_dim) < latent_dim // 2).float()
        self.couplings = nn.ModuleList(
            AffineCoupling(first if k % 2 == 0 else 1.0 - first) for k in range(count)
        )

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return z0 = g(z) (B, L) and log|det dg/dz| (B,)."""
        log_det = z.new_zeros(len(z))
        for coupling in reversed(self.couplings):
            z, change = coupling(z)
            log_det = log_det + change
        return z, log_det

    def inverse(self, z0: Tensor) -> Tensor:
        """Return z (B, L) with g(z) = z0."""
        for coupling in self.couplings:
            z0 = coupling.inverse(z0)
        return z0

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
    started like it; one operation, not two. ``fan_in``: inputs that the start counts."""

    def __init__(self, inputs: int, outputs: int, fan_in: int | None = None) -> None:
        super().__init__()
        self.fan_in = inputs if fan_in is None else fan_in
        self.weight = nn.Parameter(torch.empty(2, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(2, 1, outputs))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = self.fan_in**-0.5
        for parameter in (self.weight, self.bias):
            with torch.no_grad():
                parameter.uniform_(-bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


class AffineCoupling(nn.Module):
    """One coupling: ``passed`` of the L coordinates pass and decide how the ``changed`` others are
    scaled and shifted.

    Generative direction: v -> v exp(s(u)) + t(u), u those that pass. s and t are two networks
    passed-64-64-changed with LeakyReLU 0.01 and a final tanh, which bounds both by 1: a coordinate
    is scaled by at most e per coupling. They start as the masked networks L-64-64-L of the dpVAE
    code, of which they are the part that is ever used.
    """

    def __init__(self, passed: int, changed: int) -> None:
        super().__init__()
        self.networks = nn.Sequential(
            PairedLinear(passed, _HIDDEN, fan_in=passed + changed),
            nn.LeakyReLU(),
            PairedLinear(_HIDDEN, _HIDDEN),
            nn.LeakyReLU(),
            PairedLinear(_HIDDEN, changed),
            nn.Tanh(),
        )

    def forward(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inference direction of ``v`` (B, changed) given ``u`` (B, passed), and s
        (B, changed), whose sum is minus its log-determinant."""
        s, t = self.scale_and_shift(u)
        return (v - t) * torch.exp(-s), s

    def inverse(self, u: Tensor, v: Tensor) -> Tensor:
        """Return the generative direction of ``v`` (B, changed) given ``u`` (B, passed)."""
        s, t = self.scale_and_shift(u)
        return v * torch.exp(s) + t

    def scale_and_shift(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return s and t (B, changed)."""
        s, t = self.networks(u.expand(2, *u.shape)).unbind(0)
        return s, t


class CouplingFlow(nn.Module):
    """The bijection g: z -> z0 as ``count`` couplings in which the first floor(L / 2) coordinates
    and the others pass by turns.

    With an even count, :math:`|\\log|\\det dg/dz|| \\le` count L / 2.
    """

    def __init__(self, latent_dim: int, count: int = 6) -> None:
        super().__init__()
        self.sizes = (latent_dim // 2, latent_dim - latent_dim // 2)
        self.couplings = nn.ModuleList(
            AffineCoupling(self.sizes[k % 2], self.sizes[1 - k % 2]) for k in range(count)
        )

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return z0 = g(z) (B, L) and log|det dg/dz| (B,)."""
        halves = list(z.split(self.sizes, dim=1))
        scales: list[Tensor] = []
        for k in reversed(range(len(self.couplings))):
            passed, changed = k % 2, 1 - k % 2
            halves[changed], s = self.couplings[k](halves[passed], halves[changed])
            scales.append(s)
        log_det = -torch.cat(scales, dim=1).sum(1)
        return torch.cat(halves, dim=1), log_det

    def inverse(self, z0: Tensor) -> Tensor:
        """Return z (B, L) with g(z) = z0."""
        halves = list(z0.split(self.sizes, dim=1))
        for k, coupling in enumerate(self.couplings):
            passed, changed = k % 2, 1 - k % 2
            halves[changed] = coupling.inverse(  # type: ignore[operator]  # all are AffineCoupling
                halves[passed], halves[changed]
            )
        return torch.cat(halves, dim=1)

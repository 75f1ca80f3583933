"""How far inferred codes in the plane are turned against given ones, up to what no model can know:
order and sign of the axes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["concentration", "favoured_angle", "procrustes", "turn_angle", "turns"]


def turns(angles: Tensor) -> Tensor:
    """Return the rotation matrices (..., 2, 2) by ``angles`` (...) in radians."""
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([torch.stack([cos, -sin], -1), torch.stack([sin, cos], -1)], -2)


def procrustes(codes: Tensor, means: Tensor) -> Tensor:
    """Return the orthogonal matrices O (..., 2, 2) that minimise ``||codes - O means||``, both
    (..., 2, N): U V' of the SVD of codes means'."""
    u, _, vh = torch.linalg.svd(codes @ means.mT)
    return u @ vh


def turn_angle(orthogonal: Tensor) -> Tensor:
    """Return the angle (...) in degrees, in (-45, 45], of orthogonal matrices (..., 2, 2) up to
    signed permutations of the axes they act on."""
    # the first column: a reflection flips the second only
    angle = torch.atan2(orthogonal[..., 1, 0], orthogonal[..., 0, 0]).rad2deg()
    rest = torch.remainder(45.0 - angle, 90.0)
    return 45.0 - torch.where(rest < 90.0, rest, 0.0)  # what lies just below 0 is rounded to 90


def concentration(angles: Tensor) -> float:
    r"""Return how much ``angles`` (T,) in degrees agree modulo 90: :math:`|\mathrm{mean}\, e^{4 i
    \theta}|`, 1 where all are equal, about
    :math:`1 / \sqrt T` where they are spread evenly."""
    quadruple = 4.0 * angles.double().deg2rad()
    return math.hypot(float(quadruple.cos().mean()), float(quadruple.sin().mean()))


def favoured_angle(grams: Tensor, beta: float, step: float = 0.1) -> float:
    """Return the angle in degrees, in (-45, 45], to which a diagonal posterior turns the codes of a
    decoder with these ``J'J`` (N, 2, 2).

    At ``step`` degrees: the minimum over rotations R of ``mean sum_i ln(1 + |J R e_i|^2 / beta)``,
    the price of a diagonal posterior in the second-order bound. On a linear decoder ``W = U S V'``
    it is the angle of V.
    """
    degrees = 45.0 - step * torch.arange(
        round(90.0 / step), dtype=torch.float64, device=grams.device
    )
    axes = turns(degrees.deg2rad())
    stretched = torch.einsum("kai,nab,kbi->kni", axes, grams.double(), axes)
    return float(degrees[torch.log1p(stretched / beta).sum(2).mean(1).argmin()])

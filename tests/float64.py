"""Numbers in float64: drawn once and for all, and equal to the last digits."""

from __future__ import annotations

import torch
from torch import Tensor

F64 = torch.float64
EXACT = {"rtol": 0.0, "atol": 1e-10}
"""A few thousand roundings of 1e-16 in numbers of order 1 to 100."""


def scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=F64)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def rotation(size: int, seed: int = 3) -> Tensor:
    return torch.linalg.qr(numbers(size, size, seed=seed))[0]

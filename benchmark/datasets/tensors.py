"""Splits on a device: the whole stored array is one resident tensor, a batch is an index, and
pixels become float32 only when
asked for. What is handed out is always a copy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmark.datasets.split import Split, shuffled

__all__ = ["TensorSplit"]


class TensorSplit:
    """A :class:`Split` on ``device``; what the trainer draws batches from and what ``prepare`` and
    ``conclude`` see."""

    def __init__(self, split: Split, device: torch.device | str = "cpu") -> None:
        self.shape = split.shape
        self.packed = split.packed
        self.levels = float(split.levels)
        self.stored = torch.from_numpy(split.stored).to(device)
        self.numbers = math.prod(split.shape)

    def __len__(self) -> int:
        return len(self.stored)

    def images(self, index: Tensor) -> Tensor:
        """Return the images at ``index`` (B,), float32 (B, *shape)."""
        return self._decode(self.stored.index_select(0, index))

    def head(self, n: int) -> Tensor:
        """Return the first ``n`` images (all, where there are fewer)."""
        return self._decode(self.stored[:n].clone())

    def batches(self, size: int) -> Iterator[Tensor]:
        """Yield every image once, in order, in chunks of ``size``; the last may be smaller."""
        for start in range(0, len(self), size):
            yield self._decode(self.stored[start : start + size].clone())

    def shuffled(self, size: int) -> Iterator[Tensor]:
        """Yield every image once, in one shuffled order that the length of the split alone decides,
        in chunks of ``size``; the last may be smaller."""
        order = torch.from_numpy(shuffled(len(self))).to(self.stored.device)
        for index in order.split(size):
            yield self.images(index)

    def some(self, n: int) -> Tensor:
        """Return the first ``n`` images of the shuffled order (all, where there are fewer): what
        stands for the whole split, however it is sorted."""
        return next(self.shuffled(n))

    def sets(self, size: int) -> Iterator[Tensor]:
        """Yield disjoint sets of ``size`` images in the shuffled order; images that fill no set are
        left out."""
        return (x for x in self.shuffled(size) if len(x) == size)

    def _decode(self, rows: Tensor) -> Tensor:
        if self.packed:
            shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=rows.device)
            bits = (rows.unsqueeze(-1) >> shifts) & 1
            return bits.flatten(1)[:, : self.numbers].to(torch.float32).view(-1, *self.shape)
        return rows.to(torch.float32).div_(self.levels) if rows.dtype == torch.uint8 else rows

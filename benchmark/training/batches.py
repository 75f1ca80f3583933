"""Which images a step sees: one endless stream of permutations, addressed by epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.spec import derive_seed

__all__ = ["BatchStream"]


class BatchStream:
    """Batch number b holds positions ``b % E`` of the permutation of epoch ``b // E``, E = N //
    batch_size; incomplete last batches are dropped.

    The permutation of an epoch depends on the seed and the epoch alone, so any step can be
    revisited without the steps before it.
    """

    def __init__(
        self, count: int, batch_size: int, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        if not 0 < batch_size <= count:
            raise ValueError(
                f"a batch of {batch_size} cannot be drawn from {count} training images"
            )
        self.count, self.batch_size, self.seed, self.device = count, batch_size, seed, device
        self.per_epoch = count // batch_size
        self._orders: dict[int, Tensor] = {}

    def index(self, step: int, batches: int = 1) -> Tensor:
        """Return the positions of the ``batches`` batches of outer step ``step``, one after the
        other, int64 (batches * batch_size,)."""
        parts = []
        first, last = step * batches, (step + 1) * batches
        while first < last:
            epoch, position = divmod(first, self.per_epoch)
            length = min(last - first, self.per_epoch - position)
            parts.append(
                self._order(epoch)[
                    position * self.batch_size : (position + length) * self.batch_size
                ]
            )
            first += length
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _order(self, epoch: int) -> Tensor:
        if epoch not in self._orders:
            generator = torch.Generator().manual_seed(derive_seed(self.seed, "order", epoch))
            self._orders = {old: order for old, order in self._orders.items() if old == epoch - 1}
            self._orders[epoch] = torch.randperm(self.count, generator=generator).to(self.device)
        return self._orders[epoch]

"""No data at all: what stands where a study draws its own."""

from __future__ import annotations

import numpy as np

from benchmark.datasets.split import Dataset, Split, Splits

__all__ = ["Nothing"]


class Nothing(Dataset):
    """One zero in either split, so that a run has something to hold; studies without a dataset
    never look at it."""

    shape = (1,)
    batch_size = 1
    latent_dims = (2,)

    def load(self) -> Splits:
        """Return splits of one number each."""
        zero = Split(np.zeros((1, 1), dtype=np.float32), (1,))
        return Splits(zero, zero)

"""Real images without a download: 1,797 handwritten digits of 8 x 8 pixels that come with
scikit-learn.

Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), UCI Machine
Learning Repository, https://doi.org/10.24432/C50P49, its test half. Pixels count ink in 4 x 4
blocks, whole numbers 0 to 16; v / 16 is exact in float32. The split is ours: within each class, in
the order of the file, every fifth image is a test image; no random numbers are involved.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from benchmark.datasets.split import Dataset, Split, Splits, every_fifth
from benchmark.spec import BenchError

__all__ = ["Digits"]

LEVELS = 16.0


class Digits(Dataset):
    """1,437 training and 360 test images, ten classes."""

    shape = (1, 8, 8)
    batch_size = 128
    latent_dims = (16,)
    digest = "80a3c2306ec4f19bd82360e4735daf7039ddcd4f89ae26d9d7f1f4bbbb090558"

    def load(self) -> Splits:
        """Return the images, float32 in steps of 1/16; ``BenchError`` where scikit-learn's file is
        not the one this was made with."""
        source = load_digits()
        images = (source.images / LEVELS).astype(np.float32)[:, None]
        labels = source.target.astype(np.int64)
        test = every_fifth(labels)
        splits = Splits(
            *(Split(images[rows], shape=(1, 8, 8), labels=labels[rows]) for rows in (~test, test))
        )
        if splits.digest != self.digest:
            raise BenchError(
                f"the digits of the installed scikit-learn changed: digest {splits.digest}, "
                f"expected {self.digest}; install the scikit-learn this version was tested with, "
                "or leave 'digits' out"
            )
        return splits

"""MNIST, CIFAR-10 and CelebA with few training images: the first ones in the publishers' order.
Test images and files are those of the whole dataset.

For experiments on limited data, as the bias-variance table of FlexAE's authors; how many images
theirs has is unknown, 1,000 are ours. They are datasets of their own, not an option of ``mnist``
and the others, so that the keys of runs on those stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.datasets.celeba import CelebA
from benchmark.datasets.cifar10 import CIFAR10
from benchmark.datasets.mnist import MNIST
from benchmark.datasets.split import Splits
from benchmark.spec import BenchError

__all__ = ["LimitedCIFAR10", "LimitedCelebA", "LimitedMNIST", "limited"]


def limited(splits: Splits, count: int, *, dataset: str) -> Splits:
    """Return ``splits`` with the first ``count`` training images (and their labels) alone;
    ``BenchError`` where there are not so many."""
    if not 1 <= count <= len(splits.train):
        raise BenchError(
            f"option 'train' is {count}; expected 1 to {len(splits.train)}, "
            f"the training images of '{dataset}'"
        )
    arrays = {name: array[:count] for name, array in splits.train.arrays().items()}
    train = replace(splits.train, **arrays)  # type: ignore[arg-type]  # fields by name
    return Splits(train=train, test=splits.test)


class LimitedMNIST(MNIST):
    """As ``mnist``, with few training images."""

    @dataclass(frozen=True)
    class Options:
        """How few."""

        train: int = 1000
        """Training images."""

    def load(self) -> Splits:
        """Return the first training images and all test images; labels are the classes 0 to 9."""
        return limited(super().load(), self.options.train, dataset=self.name)


class LimitedCIFAR10(CIFAR10):
    """As ``cifar10``, with few training images."""

    @dataclass(frozen=True)
    class Options:
        """How few."""

        train: int = 1000
        """Training images."""

    def load(self) -> Splits:
        """Return the first training images and all test images; labels are the classes 0 to 9."""
        return limited(super().load(), self.options.train, dataset=self.name)


class LimitedCelebA(CelebA):
    """As ``celeba``, with few training images."""

    @dataclass(frozen=True)
    class Options:
        """How few."""

        train: int = 1000
        """Training images."""

    def load(self) -> Splits:
        """Return the first training images and all test images."""
        return limited(super().load(), self.options.train, dataset=self.name)

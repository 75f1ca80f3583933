"""What a method takes of the training images before and after training is all of them, or a part in
shuffled order: the beginning of a file that is sorted by class is one class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchmark import registry
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.training.runtime import construct

LIMITS = {"baselines.ard_vae.FIRST": 100}
"""Numbers of images that a method looks at, made small, so that few images are many."""

COUNT, SHAPE = 600, (1, 8, 8)


class Watched(TensorSplit):
    """Notes how many images each pass in the order of the file took."""

    def __init__(self) -> None:
        images = np.random.default_rng(0).random((COUNT, *SHAPE), dtype=np.float32)
        super().__init__(Split(images, SHAPE))
        self.taken: list[int] = []

    def batches(self, size: int) -> Iterator[torch.Tensor]:
        self.taken.append(0)
        for x in super().batches(size):
            self.taken[-1] += len(x)
            yield x


def takes_a_beginning(name: str) -> bool:
    """Whether a method takes less than the whole file in its order."""
    choice = registry.choose("methods", name)
    kind = registry.load(choice.entry.target)
    size = {"latent_dim": 3, "steps": 12, "steps_per_epoch": 4, "batch_size": 16}
    method = construct(kind, kind.Config(**choice.options), 0, shape=SHAPE, **size)
    images = Watched()
    torch.manual_seed(0)
    method.prepare(images)
    method.conclude(images)
    return any(taken < COUNT for taken in images.taken)


@pytest.mark.parametrize("name", [entry.name for entry in registry.METHODS])
def test_no_method_takes_the_beginning_of_the_file_for_the_whole(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit, count in LIMITS.items():
        monkeypatch.setattr(limit, count)
    assert not takes_a_beginning(name)

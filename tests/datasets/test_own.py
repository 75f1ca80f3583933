"""Arrays, tensors and torch Datasets from Python become a dataset with the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from benchmark import dataset, registry
from benchmark.datasets.split import Splits
from benchmark.planning.jobs import instance
from benchmark.spec import BenchError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(20, 4)).astype(np.float32)
IMAGES = RNG.integers(0, 256, (20, 9, 10, 3), dtype=np.uint8)


def load(reference: str) -> Splits:
    return instance(registry.choose("datasets", reference), Path()).load()


def test_arrays_are_kept_as_they_are(tmp_path: Path) -> None:
    reference = dataset("mine", X[:15], X[15:], folder=tmp_path / "data", intrinsic_dim=2)
    assert reference == f'npz:"{tmp_path}/data/mine.npz"[intrinsic_dim=2]'
    splits = load(reference)
    assert np.array_equal(splits.train.stored, X[:15])
    assert np.array_equal(splits.test.stored, X[15:])


def test_without_a_test_split_every_fifth_is_held_out_class_by_class(tmp_path: Path) -> None:
    labels = np.array([0] * 10 + [1] * 10)
    splits = load(dataset("mine", X, train_labels=labels, folder=tmp_path))
    assert splits.test.labels is not None and splits.test.labels.tolist() == [0, 0, 1, 1]
    assert np.array_equal(splits.test.stored, X[[0, 5, 10, 15]])


@pytest.mark.parametrize(
    "images",
    [
        torch.from_numpy(X),
        TensorDataset(torch.from_numpy(X)),
        list(X),
        TensorDataset(torch.from_numpy(X), torch.zeros(20)),  # no whole numbers, so no labels
    ],
)
def test_tensors_and_torch_datasets_give_the_same_data(tmp_path: Path, images: Any) -> None:
    expected = load(dataset("array", X, folder=tmp_path)).digest
    assert load(dataset("given", images, folder=tmp_path)).digest == expected


def test_labels_of_a_torch_dataset_are_taken(tmp_path: Path) -> None:
    labels = torch.arange(20) % 2
    pairs = TensorDataset(torch.from_numpy(X), labels)
    splits = load(dataset("mine", pairs, pairs, folder=tmp_path))
    assert splits.train.labels is not None and splits.train.labels.tolist() == labels.tolist()


def test_channels_may_come_last(tmp_path: Path) -> None:
    splits = load(dataset("mine", IMAGES, folder=tmp_path))
    assert splits.train.shape == (3, 9, 10)
    assert np.array_equal(splits.test.stored[1], np.moveaxis(IMAGES[5], 2, 0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (X[:5], "'train' has 5 items, too few to hold some out; give 'test' as well"),
        (X[0], r"'train' has shape \(4,\); expected vectors"),
        (np.full((9, 2), np.nan), "'train' holds numbers that are not finite"),
        ((x for x in X), "'train' is a generator; expected an array, a tensor, or a torch Dataset"),
        (TensorDataset(torch.zeros(0, 2)), "'train' is an empty dataset"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(
    tmp_path: Path, values: Any, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        dataset("mine", values, folder=tmp_path)
    with pytest.raises(BenchError, match="'a/b' is no name for a dataset"):
        dataset("a/b", X, folder=tmp_path)
    assert not list(tmp_path.iterdir())

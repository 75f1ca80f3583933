"""Few training images: the first ones of the whole dataset, its test images, and keys of their
own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets.limited import limited
from benchmark.datasets.split import Split, Splits
from benchmark.planning.jobs import instance
from benchmark.spec import BenchError, MissingData


def whole(count: int = 30) -> Splits:
    images = np.random.default_rng(0).integers(0, 256, (count + 5, 1, 4, 4), dtype=np.uint8)
    labels = np.arange(count + 5) % 10
    return Splits(
        *(
            Split(images[rows], (1, 4, 4), labels=labels[rows])
            for rows in (slice(count), slice(count, None))
        )
    )


def test_the_first_training_images_are_kept_with_their_labels_and_every_test_image() -> None:
    splits = whole()
    few = limited(splits, 7, dataset="mnist")
    assert len(few.train) == 7 and np.array_equal(few.train.stored, splits.train.stored[:7])
    assert np.array_equal(few.train.labels, np.arange(7))
    assert few.test is splits.test and few.digest != splits.digest
    assert limited(splits, 30, dataset="mnist").digest == splits.digest


@pytest.mark.parametrize("count", [0, 31])
def test_more_images_than_there_are_is_an_error(count: int) -> None:
    with pytest.raises(BenchError, match=f"option 'train' is {count}; expected 1 to 30"):
        limited(whole(), count, dataset="mnist")


def test_mnist_limited_is_the_beginning_of_mnist(data_dir: Path) -> None:
    few, all_images = (
        instance(registry.choose("datasets", name), data_dir).load()
        for name in ("mnist-limited[train=200]", "mnist")
    )
    assert (
        np.array_equal(few.train.stored, all_images.train.stored[:200]) and len(few.test) == 10_000
    )


@pytest.mark.parametrize("name", ["mnist", "cifar10", "celeba"])
def test_limited_datasets_have_the_facts_of_the_whole_ones_and_name_them_where_data_is_missing(
    name: str, tmp_path: Path
) -> None:
    whole, limited = (
        registry.find("datasets", dataset).source.constants for dataset in (name, f"{name}-limited")
    )
    assert whole == limited
    with pytest.raises(MissingData, match=f"bench data fetch {name}`"):
        instance(registry.choose("datasets", f"{name}-limited"), tmp_path).load()

"""Re-rendered dSprites: the split, the factors, the small images, the pinned bits, and that
none is drawn in vain."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.datasets import sprites as module
from benchmark.datasets.rendering import GRID, render
from benchmark.datasets.split import Split, Splits
from benchmark.datasets.sprites import TOTAL, Sprites, divide, factors_of
from benchmark.datasets.tensors import TensorSplit
from benchmark.spec import BenchError

PINNED = {
    64: "6af17859512957a1b734078f6f80f85b810ddc7759ccb2d43e361bfa5f2a88b7",
    32: "46d8b44c03297f91615199ecdb5a991fe541767bf653eba2fd95b660f1e769c4",
}


def load(**options: int) -> Splits:
    return Sprites(Sprites.Options(**options)).load()


def number(split: Split) -> np.ndarray:
    """The place of each image in the canonical order."""
    assert split.factors is not None
    return np.ravel_multi_index(tuple(split.factors.astype(np.int64).T), GRID)


@pytest.fixture(scope="module")
def sprites() -> Splits:
    return Sprites().load()


def test_the_default_is_9000_to_1000_different_images(sprites: Splits) -> None:
    assert (len(sprites.train), len(sprites.test)) == (9000, 1000)
    for split in (sprites.train, sprites.test):
        assert split.packed and split.shape == Sprites.shape and split.stored.shape[1:] == (512,)
        assert split.factors is not None and split.factors.dtype == np.uint8
    assert len(np.unique(np.concatenate((number(sprites.train), number(sprites.test))))) == 10_000


def test_all_images_are_663552_to_73728_as_in_the_paper() -> None:
    train, test = divide(TOTAL)
    assert (len(train), len(test)) == (663_552, 73_728)
    assert np.array_equal(np.sort(np.concatenate((train, test))), np.arange(737_280))


def test_a_smaller_count_is_the_beginning_of_a_larger_one() -> None:
    every = np.concatenate(divide(TOTAL))
    for count in (10, 999, 10_000):
        train, test = divide(count)
        assert len(train) == 9 * count // 10
        assert np.array_equal(np.concatenate((train, test)), every[:count])


def test_the_canonical_order_turns_the_last_factor_fastest() -> None:
    assert factors_of(np.array([0, 1, 32, 1024, 40_960, 245_760, 737_279])).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0],
        [2, 5, 39, 31, 31],
    ]


def test_factors_belong_to_their_images(sprites: Splits) -> None:
    for split in (sprites.train, sprites.test):
        assert split.factors is not None
        assert np.array_equal(render(split.factors), split.stored)


def test_every_factor_value_is_drawn_in_proportion(sprites: Splits) -> None:
    assert sprites.train.factors is not None
    for column, values in zip(sprites.train.factors.T, GRID, strict=True):
        counts = np.bincount(column, minlength=values)
        assert len(counts) == values
        assert np.abs(counts - 9000 / values).max() < 5 * np.sqrt(
            9000 / values
        )  # five standard deviations of a fair draw


def test_the_split_decodes_to_the_drawn_pixels(sprites: Splits) -> None:
    images = TensorSplit(sprites.test).images(torch.arange(100))
    assert images.shape == (100, 1, 64, 64)
    assert np.array_equal(
        images.numpy().reshape(100, -1), np.unpackbits(sprites.test.stored[:100], axis=1)
    )


def test_small_images_are_block_means_exactly(sprites: Splits) -> None:
    small = load(size=32)
    for whole, split in ((sprites.train, small.train), (sprites.test, small.test)):
        assert (
            split.shape == (1, 32, 32)
            and split.stored.max() == 4
            and np.array_equal(number(split), number(whole))
        )
        means = torch.nn.functional.avg_pool2d(
            TensorSplit(whole).head(500), 2
        )  # quarters are exact in float32: no tolerance
        assert torch.equal(TensorSplit(split).head(500), means)


@pytest.mark.parametrize("size", [64, 32])
def test_the_bits_are_the_pinned_ones(size: int) -> None:
    assert load(size=size).digest == PINNED[size]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 48}, "option 'size' is 48; expected 64 or 32"),
        ({"count": 9}, "option 'count' is 9; expected 10 to 737280 (all images)"),
        ({"count": TOTAL + 1}, "option 'count' is 737281; expected 10 to 737280 (all images)"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(BenchError) as caught:
        Sprites.Options(**options)
    assert str(caught.value) == message


def test_the_smallest_count_has_a_test_image() -> None:
    splits = load(count=10)
    assert (len(splits.train), len(splits.test)) == (9, 1)


@pytest.mark.parametrize("count", [10, 300])
def test_only_the_images_asked_for_are_drawn(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    drawn: list[int] = []

    def counted(factors: np.ndarray) -> np.ndarray:
        drawn.append(len(factors))
        return render(factors)

    monkeypatch.setattr(module, "render", counted)
    load(count=count)
    assert drawn == [count]


@pytest.mark.slow
def test_every_image_loads_once() -> None:
    splits = load(count=TOTAL)
    assert splits.digest == "5e9a46e189429f504276a79158a8cd0142a03bca0c77631bd47c44bfaebaf1cb"
    everything = np.concatenate((number(splits.train), number(splits.test)))
    assert np.array_equal(np.sort(everything), np.arange(TOTAL))

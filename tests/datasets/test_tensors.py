"""Splits on a device decode to what NumPy decodes; batches are every image once, in order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit

RNG = np.random.default_rng(11)
COUNT = 23


def split_and_images(kind: str, shape: tuple[int, ...]) -> tuple[Split, np.ndarray]:
    """A split of 23 images and the float32 images it stands for, by NumPy alone."""
    if kind == "float":
        stored = RNG.standard_normal((COUNT, *shape)).astype(np.float32)
        return Split(stored, shape), stored.copy()
    if kind == "uint8":
        stored = RNG.integers(0, 256, (COUNT, *shape), dtype=np.uint8)
        return Split(stored, shape), stored.astype(np.float32) / np.float32(255)
    if kind == "levels":
        stored = RNG.integers(0, 5, (COUNT, *shape), dtype=np.uint8)
        return Split(stored, shape, levels=4), stored.astype(np.float32) / np.float32(4)
    bits = RNG.integers(0, 2, (COUNT, *shape), dtype=np.uint8)
    return Split(np.packbits(bits.reshape(COUNT, -1), axis=1), shape, packed=True), bits.astype(
        np.float32
    )


CASES = pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("float", (5,)),
        ("float", (1, 8, 8)),
        ("uint8", (1, 4, 6)),
        ("uint8", (3, 4, 4)),
        ("levels", (1, 4, 4)),
        ("packed", (1, 8, 8)),
        ("packed", (1, 3, 5)),
    ],
)


@CASES
def test_decoding_equals_numpy(kind: str, shape: tuple[int, ...]) -> None:
    split, images = split_and_images(kind, shape)
    tensors = TensorSplit(split)
    index = torch.tensor([3, 0, 22, 3])
    decoded = tensors.images(index)
    assert len(tensors) == len(split) == COUNT
    assert decoded.dtype == torch.float32 and decoded.shape == (4, *shape)
    assert np.array_equal(
        decoded.numpy(), images[index.numpy()]
    )  # one division, correctly rounded in both: no tolerance


@CASES
@pytest.mark.parametrize("size", [1, 7, COUNT, 100])
def test_batches_cover_everything_once_in_order(
    kind: str, shape: tuple[int, ...], size: int
) -> None:
    split, images = split_and_images(kind, shape)
    batches = list(TensorSplit(split).batches(size))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1) and 0 < len(
        batches[-1]
    ) <= size
    assert np.array_equal(torch.cat(batches).numpy(), images)


@CASES
def test_sets_are_disjoint_shuffled_and_the_same_every_time(
    kind: str, shape: tuple[int, ...]
) -> None:
    split, images = split_and_images(kind, shape)
    size = COUNT // 3
    sets = list(TensorSplit(split).sets(size))
    assert [len(one) for one in sets] == [size] * (COUNT // size)
    again = torch.cat(list(TensorSplit(split).sets(size)))
    assert torch.equal(torch.cat(sets), again)
    order = np.concatenate(
        [np.flatnonzero((images == row).all(axis=tuple(range(1, images.ndim)))) for row in again]
    )
    assert len(set(order.tolist())) >= len(again) and (np.diff(order) < 0).any()
    assert list(TensorSplit(split).sets(COUNT + 1)) == []


@CASES
@pytest.mark.parametrize("n", [1, 10, COUNT, COUNT + 1])
def test_head_is_the_beginning(kind: str, shape: tuple[int, ...], n: int) -> None:
    split, images = split_and_images(kind, shape)
    assert np.array_equal(TensorSplit(split).head(n).numpy(), images[:n])


@CASES
@pytest.mark.parametrize("n", [1, 10, COUNT, COUNT + 1])
def test_some_images_are_those_of_the_first_sets(kind: str, shape: tuple[int, ...], n: int) -> None:
    split, _ = split_and_images(kind, shape)
    singles = list(TensorSplit(split).sets(1))[:n]
    assert torch.equal(TensorSplit(split).some(n), torch.cat(singles))


def test_some_images_of_a_sorted_file_are_of_every_class() -> None:
    """A thousand classes of ten; a tenth of the rows has as many of either half, by chance
    alone."""
    classes = np.repeat(np.arange(1000, dtype=np.float32), 10)[:, None]
    drawn = TensorSplit(Split(classes, (1,))).some(1000).flatten()
    assert len(drawn.unique()) > 500 and 400 < int((drawn < 500).sum()) < 600


@CASES
def test_changing_a_batch_leaves_the_data_alone(kind: str, shape: tuple[int, ...]) -> None:
    split, images = split_and_images(kind, shape)
    tensors = TensorSplit(split)
    tensors.images(torch.arange(COUNT)).zero_()
    assert np.array_equal(tensors.images(torch.arange(COUNT)).numpy(), images)


def test_bytes_reach_zero_and_one_exactly() -> None:
    ends = Split(np.array([[[[0, 255]]]], dtype=np.uint8), (1, 1, 2))
    assert TensorSplit(ends).head(1).flatten().tolist() == [0.0, 1.0]


def test_levels_reach_their_fractions_exactly() -> None:
    quarters = Split(np.array([[[[0, 1, 2, 3, 4]]]], dtype=np.uint8), (1, 1, 5), levels=4)
    assert TensorSplit(quarters).head(1).flatten().tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_what_is_handed_out_is_a_copy() -> None:
    split = Split(np.ones((6, 2), np.float32), (2,))
    tensors = TensorSplit(split)
    for handed in (tensors.head(3), next(tensors.batches(4)), tensors.images(torch.tensor([0, 1]))):
        handed.zero_()
    assert (split.stored == 1).all()

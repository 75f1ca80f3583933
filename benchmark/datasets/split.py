"""Data at rest: splits of float, uint8 or bit-packed NumPy arrays. Free of torch;
:mod:`benchmark.datasets.tensors` puts them on a device."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmark.spec import derive_seed

__all__ = ["Dataset", "Split", "Splits", "array_digest", "every_fifth", "input_of", "shuffled"]


@dataclass(frozen=True)
class Split:
    """N images or vectors of ``shape``.

    ``stored`` is float32 (N, *shape), or uint8 (N, *shape) standing for 0 to 1 in steps of 1 /
    ``levels``, or, where ``packed``, uint8 (N, ceil(D / 8)) of bits. ``labels`` (N,) and
    ``factors`` (N, F) are for evaluation only.
    """

    stored: np.ndarray
    shape: tuple[int, ...]
    packed: bool = False
    labels: np.ndarray | None = None
    factors: np.ndarray | None = None
    levels: int = 255

    def __len__(self) -> int:
        return len(self.stored)

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """Return the images at ``rows`` (n,) as float64 (n, D), as methods see them."""
        stored = self.stored[rows]
        if self.packed:
            return np.unpackbits(stored, axis=1, count=math.prod(self.shape)).astype(np.float64)
        scale = self.levels if stored.dtype == np.uint8 else 1
        return stored.reshape(len(stored), -1).astype(np.float64) / scale

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array of the split, by name."""
        return {
            name: array
            for name in ("stored", "labels", "factors")
            if (array := getattr(self, name)) is not None
        }

    def layout(self) -> dict[str, np.ndarray]:
        """How ``stored`` is to be read, as one named array: ``shape``, with ``packed`` and
        ``levels`` in the name where they are not the default."""
        name = (
            f"shape{'.packed' if self.packed else ''}"
            f"{f'.levels={self.levels}' if self.levels != 255 else ''}"
        )
        return {name: np.array(self.shape)}


def shuffled(count: int) -> np.ndarray:
    """Return the positions 0 to ``count`` - 1 in one order that ``count`` alone decides. Files are
    often sorted by class, so a part of a split is taken in this order."""
    stream = np.random.Generator(np.random.PCG64(derive_seed(0, "sets", count)))
    return stream.permutation(count)


def every_fifth(labels: np.ndarray) -> np.ndarray:
    """Return which images (N,) are test images: every fifth, counted class after class, so each
    class is split 80/20 to within one image.

    >>> every_fifth(np.array([1, 0, 0, 0, 0, 0, 1, 1]))
    array([ True,  True, False, False, False, False, False, False])
    """
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[np.argsort(labels, kind="stable")[::5]] = True
    return chosen


def array_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the sha256 of the arrays' names, types, shapes and bytes (little endian, C order), 64
    hex digits."""
    hasher = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        hasher.update(f"{name}:{plain.dtype.str}{plain.shape}\x1f".encode())
        hasher.update(plain.data)
    return hasher.hexdigest()


@dataclass(frozen=True)
class Splits:
    """A loaded dataset. ``digest`` is taken of the arrays of both splits, their roles and shapes,
    and is part of every run's key."""

    train: Split
    test: Split
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        roles = {"train": self.train, "test": self.test}
        parts = [
            (f"{role}.{name}", array)
            for role, split in roles.items()
            for name, array in (split.layout() | split.arrays()).items()
        ]
        object.__setattr__(self, "digest", array_digest(dict(parts)))


def input_of(splits: Splits) -> dict[str, Any]:
    """Return what a record says of a model's input: the ``shape`` of one image or vector, how many
    there are in ``train`` and ``test``, the stored ``type`` (``float32``, ``uint8`` or ``bits``)
    and the ``levels`` that stored numbers are divided by, 1 where they are taken as they are."""
    train = splits.train
    kind = "bits" if train.packed else str(train.stored.dtype)
    return {
        "shape": [int(size) for size in train.shape],
        "train": len(splits.train),
        "test": len(splits.test),
        "type": kind,
        "levels": train.levels if kind == "uint8" else 1,
    }


class Dataset:
    """Base class of datasets. ``Options`` is a frozen dataclass of literals; :meth:`load` does the
    work.

    The class attributes are literals, because ``bench list`` and ``bench show`` read them from the
    text: ``shape``, ``batch_size`` (the papers' large batch), ``latent_dims`` (swept by default;
    the first is the quick one), ``intrinsic_dim`` (None: unknown), ``takes_file`` (the name is
    followed by ``:FILE``).
    """

    @dataclass(frozen=True)
    class Options:
        """None."""

    shape: ClassVar[tuple[int, ...] | None] = None
    batch_size: ClassVar[int] = 128
    latent_dims: ClassVar[tuple[int, ...]] = (16,)
    intrinsic_dim: ClassVar[int | None] = None
    takes_file: ClassVar[bool] = False

    options: Any

    def __init__(
        self, options: Any = None, *, data_dir: Path | None = None, argument: str | None = None
    ) -> None:
        self.options = options if options is not None else self.Options()
        self.data_dir = data_dir
        self.argument = argument

    def load(self) -> Splits:
        """Return the splits, checked against their pinned checksums. Missing or changed files raise
        ``BenchError``."""
        raise NotImplementedError

    def fetch(self) -> None:
        """Download the files into ``data_dir``; datasets that need no download do nothing."""

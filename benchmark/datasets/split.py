"""Data at rest: splits of float, uint8 or bit-packed NumPy arrays. Free of torch; :mod:`benchmark.datasets.tensors` puts them on a device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

__all__ = ["Dataset", "Split", "Splits", "array_digest"]


@dataclass(frozen=True)
class Split:
    """N images or vectors of ``shape``.

    ``stored`` is float32 (N, *shape), or uint8 (N, *shape) standing for 0 to 1 in steps of 1/255, or, where ``packed``, uint8
    (N, ceil(D / 8)) of bits. ``labels`` (N,) and ``factors`` (N, F) are for evaluation only.
    """

    stored: np.ndarray
    shape: tuple[int, ...]
    packed: bool = False
    labels: np.ndarray | None = None
    factors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.stored)

    def arrays(self) -> list[np.ndarray]:
        """Every array of the split, in a fixed order."""
        return [array for array in (self.stored, self.labels, self.factors) if array is not None]


def array_digest(*arrays: np.ndarray) -> str:
    """Return the sha256 of the arrays' types, shapes and bytes (little endian, C order), 64 hex digits."""
    hasher = hashlib.sha256()
    for array in arrays:
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        hasher.update(f"{plain.dtype.str}{plain.shape}".encode())
        hasher.update(plain.tobytes())
    return hasher.hexdigest()


@dataclass(frozen=True)
class Splits:
    """A loaded dataset. ``digest`` is taken of the decoded arrays of both splits and is part of every run's key."""

    train: Split
    test: Split
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", array_digest(*self.train.arrays(), *self.test.arrays()))


class Dataset:
    """Base class of datasets. ``Options`` is a frozen dataclass of literals; :meth:`load` does the work.

    The class attributes are literals, because ``bench list`` and ``bench show`` read them from the text: ``shape``, ``batch_size`` (the papers'
    large batch), ``latent_dims`` (swept by default; the first is the quick one), ``intrinsic_dim`` (None: unknown), ``takes_file`` (the name
    is followed by ``:FILE``).
    """

    Options: ClassVar[type]
    shape: ClassVar[tuple[int, ...] | None] = None
    batch_size: ClassVar[int] = 128
    latent_dims: ClassVar[tuple[int, ...]] = (16,)
    intrinsic_dim: ClassVar[int | None] = None
    takes_file: ClassVar[bool] = False

    def __init__(self, options: Any = None, *, data_dir: Path | None = None, argument: str | None = None) -> None:
        self.options = options if options is not None else self.Options()
        self.data_dir = data_dir
        self.argument = argument

    def load(self) -> Splits:
        """Return the splits, checked against their pinned checksums. Missing or changed files raise ``BenchError``."""
        raise NotImplementedError

    def fetch(self) -> None:
        """Download the files into ``data_dir``; datasets that need no download do nothing."""

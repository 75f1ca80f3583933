"""MNIST and Fashion-MNIST: 60,000 training and 10,000 test images of 28 x 28 bytes, ten classes,
the publishers' split and order.

Sources: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998); H. Xiao,
K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
Algorithms" (2017), https://arxiv.org/abs/1708.07747. Files lie as torchvision puts them,
``<data_dir>/MNIST/raw`` and ``<data_dir>/FashionMNIST/raw``, plain or gzipped; their idx format is
read here. The pinned sha256 digests were taken of files whose md5 digests are the published ones.
The batch size and latent dimensions are those of "RENs" (arXiv 2205.13061).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.datasets.files import locate, read_verified
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError

__all__ = ["MNIST", "FashionMNIST", "parse_idx"]

UNSIGNED_BYTE = 0x08
"""The code of the only element type these files use."""

_MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

_FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def parse_idx(data: bytes, name: str, *, ndim: int) -> np.ndarray:
    """Return the array in idx bytes: uint8, ``ndim`` axes, writable.

    The format: two zero bytes, the element type, the number of axes, each axis as a big-endian
    32-bit integer, then the elements in C order and nothing after them. Anything else is a
    ``BenchError`` that calls the file ``name``.
    """
    expected = bytes((0, 0, UNSIGNED_BYTE, ndim))
    start = 4 + 4 * ndim
    if data[:4] != expected or len(data) < start:
        beginning = data[:start].hex() or "nothing"
        raise BenchError(
            f"'{name}' is no idx file of bytes with {ndim} axes: it begins with {beginning}, "
            f"expected {expected.hex()} and {ndim} lengths"
        )
    shape = tuple(map(int, np.frombuffer(data, ">u4", ndim, offset=4)))
    if len(data) - start != math.prod(shape):
        raise BenchError(
            f"'{name}' holds {len(data) - start} bytes after its header, "
            f"expected {math.prod(shape)} for shape {shape}"
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


class _Idx(Dataset):
    """What both share: four idx files, images beside labels, in a folder that torchvision knows by
    the name of its class."""

    name: ClassVar[str]
    folder: ClassVar[str]
    sha256: ClassVar[dict[str, str]]

    def load(self) -> Splits:
        """Return the publishers' split; labels are the classes 0 to 9."""
        folder = self._root() / self.folder / "raw"
        paths = locate(folder, self.sha256, dataset=self.name)
        return Splits(train=self._split("train", paths), test=self._split("t10k", paths))

    def fetch(self) -> None:
        """Have torchvision download the four files into ``data_dir`` and unpack them (it takes
        gzipped ones that are there already)."""
        from torchvision import datasets

        root = self._root()
        try:
            getattr(datasets, self.folder)(str(root), train=False, download=True)
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise BenchError(
                f"could not fetch '{self.name}' into '{root}': {reason}; "
                f"check the network and the folder, or copy {', '.join(self.sha256)} (plain or "
                f".gz) into '{root / self.folder / 'raw'}'"
            ) from None

    def _root(self) -> Path:
        if self.data_dir is None:
            raise BenchError(
                f"'{self.name}' needs a data folder: give --data-dir or set $BENCH_DATA, "
                f"then run `bench data fetch {self.name}`"
            )
        return self.data_dir

    def _split(self, part: str, paths: dict[str, Path]) -> Split:
        images, labels = (
            self._array(f"{part}-{kind}-idx{ndim}-ubyte", paths, ndim)
            for kind, ndim in (("images", 3), ("labels", 1))
        )
        return Split(images[:, None], shape=(1, *images.shape[1:]), labels=labels.astype(np.int64))

    def _array(self, file: str, paths: dict[str, Path], ndim: int) -> np.ndarray:
        return parse_idx(
            read_verified(paths[file], self.sha256[file], dataset=self.name),
            str(paths[file]),
            ndim=ndim,
        )


class MNIST(_Idx):
    """Handwritten digits."""

    name = "mnist"
    folder = "MNIST"
    shape = (1, 28, 28)
    batch_size = 100
    latent_dims = (16, 32)
    train_count = 60_000
    sha256: ClassVar[dict[str, str]] = _MNIST_SHA256


class FashionMNIST(_Idx):
    """Articles of clothing."""

    name = "fashion-mnist"
    folder = "FashionMNIST"
    shape = (1, 28, 28)
    batch_size = 100
    latent_dims = (32, 64)
    train_count = 60_000
    sha256: ClassVar[dict[str, str]] = _FASHION_SHA256

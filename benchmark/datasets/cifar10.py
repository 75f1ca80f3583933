"""CIFAR-10: 50,000 training and 10,000 test photographs of 32 x 32 pixels in colour, ten classes,
the publisher's split and order.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009),
https://www.cs.toronto.edu/~kriz/cifar.html. The *binary* version is read, because the Python
version is pickled: ``<data_dir>/CIFAR10/cifar-10-binary.tar.gz``, whose md5 is the one on that
page, or, where it is not there, the files unpacked from it,
``<data_dir>/CIFAR10/cifar-10-batches-bin/*.bin``. The page has no digests of those; their sha256 is
what a public loader of the same archive gives (TorchVision for Ruby). Nothing could be downloaded
where this was written, so neither was measured here. The batch size and latent dimensions are ours;
128 is that of FlexAE's experiments.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import ClassVar

import numpy as np

from benchmark.datasets.download import download, present, root, verify_md5
from benchmark.datasets.files import locate, read_verified
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError

__all__ = ["CIFAR10", "parse_records"]

RECORD = 1 + 3 * 32 * 32
"""Bytes of a record: the class, then 1,024 red, 1,024 green and 1,024 blue pixels, row after
row."""


def parse_records(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, 3, 32, 32), uint8, and labels (N,), int64. Anything but whole records is a
    ``BenchError`` that calls the file ``name``."""
    if not data or len(data) % RECORD:
        raise BenchError(
            f"'{name}' holds {len(data)} bytes, expected a multiple of {RECORD}; "
            "delete it and run `bench data fetch cifar10`"
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    return records[:, 1:].reshape(-1, 3, 32, 32).copy(), records[:, 0].astype(np.int64)


class CIFAR10(Dataset):
    """50,000 training and 10,000 test images."""

    name: ClassVar[str] = "cifar10"
    url: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    archive: ClassVar[str] = "cifar-10-binary.tar.gz"
    md5: ClassVar[str] = "c32a1d4ab5d03f1284b67883e8d87530"
    members: ClassVar[str] = "cifar-10-batches-bin"
    shape = (3, 32, 32)
    batch_size = 100
    latent_dims = (128, 64)
    train_count = 50_000
    sha256: ClassVar[dict[str, str]] = {
        "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    }

    def load(self) -> Splits:
        """Return the publisher's split; labels are the classes 0 to 9."""
        contents = self._contents()
        *train, test = (parse_records(contents[name], name) for name in self.sha256)
        return Splits(train=_split(train), test=_split([test]))

    def fetch(self) -> None:
        """Download the archive, 170 MB, into ``data_dir``; one that is there is verified."""
        download(self.url, self._folder() / self.archive, md5=self.md5, dataset=self.name)

    def _folder(self) -> Path:
        return root(self.data_dir, dataset=self.name) / "CIFAR10"

    def _contents(self) -> dict[str, bytes]:
        """The bytes of the six files by name, from the archive or, where that is not there, from
        its folder."""
        archive, unpacked = self._folder() / self.archive, self._folder() / self.members
        if unpacked.is_dir() and not archive.is_file():
            paths = locate(unpacked, self.sha256, dataset=self.name)
            return {
                name: read_verified(path, self.sha256[name], dataset=self.name)
                for name, path in paths.items()
            }
        return self._unpack(
            verify_md5(present(archive, dataset=self.name), self.md5, dataset=self.name)
        )

    def _unpack(self, archive: Path) -> dict[str, bytes]:
        """The bytes of the six members, read in memory: nothing is extracted."""
        wanted = {f"{self.members}/{name}": name for name in self.sha256}
        with tarfile.open(archive, "r:gz") as source:
            members = {
                wanted[member.name]: source.extractfile(member)
                for member in source
                if member.isfile() and member.name in wanted
            }
            contents = {name: file.read() for name, file in members.items() if file is not None}
        missing = [name for name in self.sha256 if name not in contents]
        if missing:
            raise BenchError(
                f"'{archive}' lacks {', '.join(missing)}; delete it and run "
                f"`bench data fetch {self.name}`"
            )
        return contents


def _split(parts: list[tuple[np.ndarray, np.ndarray]]) -> Split:
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Split(images, shape=(3, 32, 32), labels=labels)

"""Features of the images of one run, each set computed once; those of real images are kept in a
folder for every run on the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch import Tensor

from benchmark.datasets.tensors import TensorSplit
from benchmark.extractors import cnn, inception
from benchmark.extractors.extractor import Network
from benchmark.files import atomic_write, read_plain
from benchmark.metrics.base import Absent, Extractor, Images

__all__ = ["MOST", "Features", "Source", "other_images"]

MOST = 10_000
"""Images of each kind at most; fewer where the test split has fewer."""

LARGEST = 1_000_000_000
"""Bytes of a file of kept features that are read, at most."""

REAL = ("test", "train")

Streams = Mapping[Images, Callable[[int], Iterable[Tensor]]]


@dataclass(frozen=True)
class Source:
    """Where a run's images come from: digest of the data (empty: unknown), folder of downloaded
    files, folder that keeps features.

    ``frugal``: Inception is not used on a CPU, where it takes minutes.
    """

    data: str = ""
    data_dir: Path | None = None
    cache: Path | None = None
    frugal: bool = False


class Features:
    """Features by extractor and kind of image; ``streams`` give the first n images of each kind in
    chunks, ``count`` is n."""

    def __init__(self, streams: Streams, count: int, source: Source, device: torch.device) -> None:
        self.streams, self.count, self.source, self.device = streams, count, source, device
        self._networks: dict[str, Network | str] = {}
        self._found: dict[tuple[str, Images], np.ndarray] = {}

    def extractor(self, kind: str) -> Extractor:
        """Return what the extractor of ``kind`` (``inception`` or ``cnn``) is; ``Absent`` where
        there is none for these data, or no weights."""
        return self._network(kind).about

    def features(self, kind: str, of: Images) -> np.ndarray:
        """Return the features of the first ``count`` images of a kind, float32 (n, dim)."""
        if (kind, of) not in self._found:
            self._found[kind, of] = (
                self._kept(kind, of)
                if of in REAL and self.source.cache and self.source.data
                else self._compute(kind, of)
            )
        return self._found[kind, of]

    def _network(self, kind: str) -> Network:
        if kind not in self._networks:
            if kind == "inception" and self.source.frugal and self.device.type == "cpu":
                raise Absent(
                    "Inception takes minutes on a CPU, so a run leaves it out there; "
                    "`bench evaluate` adds it"
                )
            try:
                found = (
                    cnn.for_data(self.source.data)
                    if kind == "cnn"
                    else inception.from_folder(self.source.data_dir, self.source.cache)
                )
                self._networks[kind] = found.to(self.device)
            except Absent as reason:
                self._networks[kind] = str(reason)
        network = self._networks[kind]
        if isinstance(network, str):
            raise Absent(network)
        return network

    def _compute(self, kind: str, of: Images) -> np.ndarray:
        return self._network(kind).features(self.streams[of](self.count), self.count)

    def _kept(self, kind: str, of: Images) -> np.ndarray:
        """Read the features of real images from the folder, or compute and keep them; a file that
        cannot be read is written again."""
        assert self.source.cache is not None
        about = self.extractor(kind)
        machine = f"{self.device.type}-torch-{torch.__version__}"
        path = self.source.cache / (
            f"{about.name}-{about.digest}-{of}-{self.source.data[:16]}-"
            f"shuffled{self.count}-{machine}.safetensors"
        )
        try:
            found = load(read_plain(path, LARGEST))["features"]
            if found.shape == (self.count, about.dim):
                return found
        except (OSError, KeyError, SafetensorError):
            pass
        found = self._compute(kind, of)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, save({"features": found}))
        return found


def other_images(train: TensorSplit, count: int, chunk: int) -> Iterator[Tensor]:
    """Yield ``count`` training images drawn without replacement, the same for every run; ``Absent``
    where there are fewer.

    They stand for a perfect generator: their distance to the test images is the floor of every
    distance between samples and test images.
    """
    if len(train) < count:
        raise Absent(
            f"there are {len(train)} training images, fewer than the {count} test images they are "
            "compared with"
        )
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(train))[:count]
    for index in torch.from_numpy(order).to(train.stored.device).split(chunk):
        yield train.images(index)

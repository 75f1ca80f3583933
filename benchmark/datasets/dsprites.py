"""dSprites, the original file: 737,280 binary images of 64 x 64 pixels, a square, ellipse or heart
for every combination of five factors.

Source: L. Matthey, I. Higgins, D. Hassabis, A. Lerchner, "dSprites: Disentanglement testing Sprites
dataset" (2017), https://github.com/google-deepmind/dsprites-dataset, Apache-2.0. The archive lies
in ``<data_dir>/dsprites``. Of its members only the plain arrays ``imgs`` and ``latents_classes``
are read; ``metadata``, which is pickled, is never touched.

The md5 below is the one that many public loaders give for this archive. The publisher gives none,
and the file could not be fetched where this was written, so nobody here has seen the two agree; a
file with another md5 is refused. Layout and order are checked besides, and that pixels are 0 or 1.

Options, factors, split and ``intrinsic_dim`` are those of ``sprites``, so that both can be compared
image by image; its page tells what is known of their differences. All 3 GB of pixels are unpacked
for any number of images, since the chosen ones lie all over the archive.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, ClassVar

import numpy as np

from benchmark.datasets.download import download, present, root, verify_md5
from benchmark.datasets.rendering import GRID, SIDE
from benchmark.datasets.sprites import Selection, Sprites, factors_of
from benchmark.spec import BenchError

__all__ = ["DSprites", "read_images"]

COMMIT = "fa310c66517cfc1939d77fe17c725154efc97127"
FILE = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
CHUNK = 4096
"""Images read at a time."""


def read_images(path: Path, index: np.ndarray, grid: tuple[int, ...] = GRID) -> np.ndarray:
    """Return the images ``index`` (N,) of the archive ``path``, packed (N, 512), reading it once
    from first to last.

    ``BenchError`` where the archive is not the grid of images in canonical order.
    """
    total = int(np.prod(grid))
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("latents_classes.npy") as member:
                classes = np.lib.format.read_array(member, allow_pickle=False)
            if not np.array_equal(classes[:, 1:], factors_of(np.arange(total), grid)):
                raise ValueError("its latents_classes are not the factor grid in canonical order")
            with archive.open("imgs.npy") as member:
                return _pick(member, index, total)
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        reason = " ".join(str(error).split())
        raise BenchError(
            f"'{path}' is not the dSprites archive: {reason}; delete it and run "
            "`bench data fetch dsprites`"
        ) from None


def _pick(member: IO[bytes], index: np.ndarray, total: int) -> np.ndarray:
    """Return the images ``index`` of the array in ``member``, packed."""
    shape, fortran, dtype = _header(member)
    if (shape, fortran, dtype) != ((total, SIDE, SIDE), False, np.dtype(np.uint8)):
        raise ValueError(
            f"its imgs are {dtype} of shape {shape}, expected uint8 of shape ({total}, {SIDE}, "
            f"{SIDE})"
        )
    order = np.argsort(index)
    bounds = np.searchsorted(index[order], np.arange(0, total + CHUNK, CHUNK))
    packed = np.empty((len(index), SIDE * SIDE // 8), dtype=np.uint8)
    for number, (begin, end) in enumerate(pairwise(bounds)):
        images = np.frombuffer(member.read(CHUNK * SIDE * SIDE), dtype=np.uint8).reshape(
            -1, SIDE * SIDE
        )
        rows = order[begin:end]
        chosen = images[index[rows] - number * CHUNK]
        if chosen.size and chosen.max() > 1:
            raise ValueError("its imgs are not binary")
        packed[rows] = np.packbits(chosen, axis=1)
    return packed


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, order and type of the npy array in ``member``, which is then at its first
    element."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    return read[np.lib.format.read_magic(member)](member)


class DSprites(Sprites):
    """9,000 training and 1,000 test images, or as many as asked for."""

    name: ClassVar[str] = "dsprites"
    url: ClassVar[str] = (
        f"https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/{COMMIT}/{FILE}"
    )
    md5: ClassVar[str] = "7da33b31b13a06f4b04a70402ce90c2e"
    shape = (1, 64, 64)
    batch_size = 128
    latent_dims = (10, 15)
    intrinsic_dim = 5

    @dataclass(frozen=True)
    class Options(Selection):
        """Smaller images and more of them."""

        size: int = 64
        """Pixels along each side: 64, or 32 (means of 2 x 2 pixels, so there are five grey
        values)."""
        count: int = 10000
        """Images in all, nine tenths of them for training; 737280 takes every image (663,552 and
        73,728)."""

    def images(self, index: np.ndarray) -> np.ndarray:
        """Return the images ``index`` (N,) of the archive, packed (N, 512)."""
        path = present(self._path(), dataset=self.name)
        return read_images(verify_md5(path, self.md5, dataset=self.name), index, self.grid)

    def fetch(self) -> None:
        """Download the archive, 26 MB, into ``data_dir``; one that is there is verified."""
        download(self.url, self._path(), md5=self.md5, dataset=self.name)

    def _path(self) -> Path:
        return root(self.data_dir, dataset=self.name) / "dsprites" / FILE

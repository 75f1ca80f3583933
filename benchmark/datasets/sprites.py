"""dSprites, re-rendered: a white square, ellipse or heart on black, in every combination of 6
scales, 40 orientations and 32 x 32 positions.

Nothing is downloaded: the images are drawn by :mod:`benchmark.datasets.rendering`, where the rule
and its origin are told. Compared with the dSprites of Matthey et al. (2017), what is known is this:

* 320 frames of the animation published with it agree in every pixel; the rule was fitted to them.
  So do 86 images of the published notebook, which were held out.
* Its mean pixel, quoted as 0.042494423521889584 in public code, is exactly 128,328,862 ones; here
  there are 128,328,864, of 3.02e9 pixels. The rule that a centre on a bottom edge is inside was
  chosen with this number.
* Not proven is equality bit for bit. Plausible variants of the arithmetic change 46 to 87 pixels,
  so up to about 100 of the 737,280 images may differ from the original in one pixel. For the
  original file itself take ``dsprites``.

| factor | values |
|---|---|
| shape | square, ellipse, heart |
| scale | 0.5, 0.6, 0.7, 0.8, 0.9, 1 |
| orientation | 40 angles, 2 pi k / 39; the last is the first again |
| posX, posY | 32 positions of the centre, 16 + 32 k / 31 pixels from the left and from the top |

So 1/40 of the images are in the set twice, also across the split.

``factors`` are these five, as indices, and ``intrinsic_dim`` says five: so many change an image.
"RENs" (arXiv 2205.13061, section 5.2), whose batch size, latent dimensions and sizes of the splits
are taken, speak of six factors, for the archive also has a column for the colour, which is white in
every image. As a set in pixel space the images form three pieces, one for each shape,
of four dimensions each, one of which is a circle: a method that finds 4 or 6 may be as right. The
split is ours, 90/10 along one permutation drawn from PCG64(42); a smaller ``count`` takes the
beginning of that permutation first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmark.datasets.generate import generator
from benchmark.datasets.rendering import GRID, SIDE, render
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError

__all__ = ["TOTAL", "Selection", "Sprites", "as_split", "divide", "factors_of"]

SEED = 42
TOTAL = math.prod(GRID)
FEWEST = 10
"""The smallest count that gives a test image."""

SIZES = (64, 32)
CHUNK = 4096
"""Images unpacked at a time."""


@dataclass(frozen=True)
class Selection:
    """Options of both kinds of sprites: how large the images are, and how many of them are
    taken."""

    size: int = 64
    count: int = 10000

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise BenchError(
                f"option 'size' is {self.size}; expected {' or '.join(map(str, SIZES))}"
            )
        if not FEWEST <= self.count <= TOTAL:
            raise BenchError(
                f"option 'count' is {self.count}; expected {FEWEST} to {TOTAL} (all images)"
            )


def divide(count: int, total: int = TOTAL) -> tuple[np.ndarray, np.ndarray]:
    """Return which images, by their number in canonical order, are for training (9/10 of ``count``,
    rounded down) and for test (the others).

    >>> [len(part) for part in divide(737280)]
    [663552, 73728]
    """
    order = generator(SEED).permutation(total)[:count]
    train = 9 * count // 10
    return order[:train], order[train:]


def factors_of(index: np.ndarray, grid: tuple[int, ...] = GRID) -> np.ndarray:
    """Return the factor values (N, 5) of the images ``index`` (N,), as indices: shape, scale,
    orientation, posX, posY, uint8.

    >>> factors_of(np.array([737279]))
    array([[ 2,  5, 39, 31, 31]], dtype=uint8)
    """
    return np.stack(np.unravel_index(index, grid), axis=1).astype(np.uint8)


def as_split(packed: np.ndarray, factors: np.ndarray, size: int) -> Split:
    """Return the split of packed 64 x 64 images (N, 512), as they are or, at ``size`` 32, as means
    of blocks of 2 x 2 pixels: 0, 1/4 ... 1."""
    if size == SIDE:
        return Split(packed, shape=(1, SIDE, SIDE), packed=True, factors=factors)
    block = SIDE // size
    counts = np.empty((len(packed), 1, size, size), dtype=np.uint8)
    for start in range(0, len(packed), CHUNK):
        rows = slice(start, start + CHUNK)
        pixels = np.unpackbits(packed[rows], axis=1).reshape(-1, 1, SIDE, SIDE)
        counts[rows] = sum(
            pixels[:, :, i::block, j::block] for i in range(block) for j in range(block)
        )
    return Split(counts, shape=(1, size, size), factors=factors, levels=block * block)


class Sprites(Dataset):
    """9,000 training and 1,000 test images, or as many as asked for."""

    grid: ClassVar[tuple[int, ...]] = GRID
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

    def load(self) -> Splits:
        """Return the splits: bits at size 64, counts of 0 to 4 ones at size 32."""
        parts = divide(self.options.count, math.prod(self.grid))
        images = np.split(self.images(np.concatenate(parts)), [len(parts[0])])
        train, test = (
            as_split(packed, factors_of(index, self.grid), self.options.size)
            for packed, index in zip(images, parts, strict=True)
        )
        return Splits(train=train, test=test)

    def images(self, index: np.ndarray) -> np.ndarray:
        """Return the images ``index`` (N,) of the canonical order, packed (N, 512)."""
        return render(factors_of(index, self.grid))

"""The sprites of ``sprites`` with some factors held still: binary images whose number of moving
factors is an option.

Freed in this order: position across and position down (n = 2, 1,024 images), orientation (n = 3, 39
angles, 39,936 images), scale (n = 4, 239,616 images). What is not free stands at the heart, the
largest scale and angle 0. The 40th orientation is the first again and is left out, so no image is
there twice. ``every_shape`` adds the factor shape, the fifth: three values make three pieces of
dimension n, not a dimension, which is why it is an option of its own. One factor alone has 32 or 39
images, fewer than a batch: ``bars[intrinsic_dim=1]`` is an image of one dimension.

Pixels are on or off, so two positions a pixel apart differ by a whole edge, and the squared
distance grows as the shift: nearest neighbours see a set that is rougher than a manifold, and
estimates come out above n. ``bars`` are the smooth counterpart.

The split is 90/10 along one permutation drawn from PCG64(42), as that of ``sprites``, of the images
that are free; a smaller ``count`` takes the beginning of that permutation first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmark.datasets.rendering import FACTORS, GRID, render
from benchmark.datasets.split import Dataset, Splits
from benchmark.datasets.sprites import FEWEST, SIZES, as_split, divide
from benchmark.spec import BenchError

__all__ = ["FreedSprites", "freed_grid"]

ORDER = ("posX", "posY", "orientation", "scale")
"""The factors in the order in which they are freed."""

STILL = {"shape": 2, "scale": 5, "orientation": 0, "posX": 16, "posY": 16}
"""The index of each factor where it is not free: heart, scale 1, angle 0, about the middle."""

ANGLES = 39
"""Orientations that differ."""


def freed_grid(n: int, *, every_shape: bool) -> tuple[tuple[int, ...], ...]:
    """Return the indices that each factor takes, in the order of the canonical grid.

    >>> [len(values) for values in freed_grid(3, every_shape=False)]
    [1, 1, 39, 32, 32]
    """
    free = {*ORDER[:n], *(("shape",) if every_shape else ())}
    sizes = dict(zip(FACTORS, GRID, strict=True)) | {"orientation": ANGLES}
    return tuple(tuple(range(sizes[name])) if name in free else (STILL[name],) for name in FACTORS)


class FreedSprites(Dataset):
    """9,000 training and 1,000 test images of a heart in every position, orientation and scale, or
    as the options say."""

    shape = (1, 32, 32)
    batch_size = 128
    latent_dims = (16, 8)
    intrinsic_dim = 4

    @dataclass(frozen=True)
    class Options:
        """Which factors are free, and how many images are taken."""

        intrinsic_dim: int = 4
        """Factors that are free besides the shape, 2 to 4, in the order posX, posY, orientation,
        scale: shown beside L*, and what lstar-error is of."""
        every_shape: bool = False
        """Whether squares and ellipses stand beside hearts: three pieces instead of one."""
        size: int = 32
        """Pixels along each side: 32 (means of 2 x 2 pixels), or 64."""
        count: int = 10000
        """Images in all, nine tenths of them for training; fewer where there are not so many."""

        def __post_init__(self) -> None:
            if not 2 <= self.intrinsic_dim <= len(ORDER):
                raise BenchError(
                    f"option 'intrinsic_dim' is {self.intrinsic_dim}; expected 2 to {len(ORDER)} "
                    "(one factor has fewer images than a batch: take bars[intrinsic_dim=1])"
                )
            if self.size not in SIZES:
                expected = " or ".join(map(str, SIZES))
                raise BenchError(f"option 'size' is {self.size}; expected {expected}")
            if self.count < FEWEST:
                raise BenchError(f"option 'count' is {self.count}; expected {FEWEST} or more")

    def load(self) -> Splits:
        """Return the splits; ``factors`` are the indices of all five factors, as in ``sprites``."""
        grid = freed_grid(self.options.intrinsic_dim, every_shape=self.options.every_shape)
        shape = tuple(map(len, grid))
        total = math.prod(shape)
        train, test = (
            np.stack(
                [
                    np.array(values, dtype=np.uint8)[index]
                    for values, index in zip(grid, np.unravel_index(rows, shape), strict=True)
                ],
                axis=1,
            )
            for rows in divide(min(self.options.count, total), total)
        )
        size = self.options.size
        return Splits(
            train=as_split(render(train), train, size), test=as_split(render(test), test, size)
        )

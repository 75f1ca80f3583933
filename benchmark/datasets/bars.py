"""Images of one soft bar whose place, turn, size, shape and light vary without steps: manifolds of
images of known dimension.

The canvas is [-1, 1] x [-1, 1]. With (u, v) the coordinates of a pixel's centre about the centre
of the bar, turned with it, and half sides a and b, a pixel is

    g S((a - |u|) / w + 1/2) S((b - |v|) / w + 1/2),    S(t) = t^3 (6 t^2 - 15 t + 10) on [0, 1]

w = 0.15 is the width of an edge, 2.4 pixels of 32. S has two continuous derivatives, so the image
is a differentiable function of its factors, which binary images (``sprites``) are not: there the
squared distance of two images grows as the shift, not as its square, and estimates of the
dimension come out too high.

| factor, freed in this order | range, uniform | where it is not free |
|---|---|---|
| x, y of the centre | -0.35 to 0.35 | 0 |
| turn t, cos = (1 - t^2) / (1 + t^2), sin = 2 t / (1 + t^2) | -1 to 1 | 0 |
| size a / 0.4 | 0.7 to 1.1 | 0.9 |
| ratio b / a | 0.3 to 0.6 | 0.45 |
| light g | 0.5 to 1 | 0.75 |

A turn from -1 to 1 is half a turn, which brings the bar back. The first n are free; ``factors`` are
those. Only +, -, *, / are used, so the bits are the same on every machine. Streams are addressed as
those of ``manifold``: PCG64 of a seed derived from 0 and the split, so more points begin with the
same points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.datasets.generate import generator
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError, derive_seed

__all__ = ["RANGES", "Bars", "bars"]

SEED = 0
TEST = 2_000
EDGE, SIDE_AT_ONE = 0.15, 0.4
CHUNK = 1024
"""Images drawn at a time, so that intermediate arrays stay in the cache."""

RANGES = np.array([(-0.35, 0.35), (-0.35, 0.35), (-1.0, 1.0), (0.7, 1.1), (0.3, 0.6), (0.5, 1.0)])
"""Least and most of each factor: x, y, turn, size, ratio, light."""

FEWEST_POINTS, MOST_POINTS = 200, 100_000
SIZES = (24, 28, 32, 64)


def bars(factors: np.ndarray, size: int) -> np.ndarray:
    """Return images (N, 1, ``size``, ``size``), float64 from 0 to 1, of all six factors (N, 6)."""
    centres = (2.0 * np.arange(size) + 1.0) / size - 1.0
    x, y, turn, scale, ratio, light = (column[:, None, None] for column in factors.T)
    across, down = centres[None, None, :] - x, centres[None, :, None] - y
    cosine, sine = (1.0 - turn * turn) / (1.0 + turn * turn), 2.0 * turn / (1.0 + turn * turn)
    half = SIDE_AT_ONE * scale
    along = _edge(half - np.abs(cosine * across + sine * down))
    beside = _edge(half * ratio - np.abs(cosine * down - sine * across))
    return (light * along * beside)[:, None]


def _edge(depth: np.ndarray) -> np.ndarray:
    """Return S(depth / w + 1/2): 0 outside, 1 inside, smooth between."""
    t = np.clip(depth / EDGE + 0.5, 0.0, 1.0)
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


class Bars(Dataset):
    """10,000 training and 2,000 test images, or as many as asked for."""

    shape = (1, 32, 32)
    batch_size = 128
    latent_dims = (16, 8, 32)
    intrinsic_dim = 4

    @dataclass(frozen=True)
    class Options:
        """How many factors are free, and how the images are taken."""

        intrinsic_dim: int = 4
        """Factors that are free, 1 to 6, in the order x, y, turn, size, ratio, light: the dimension
        of the manifold, shown beside L*, and what lstar-error is of."""
        size: int = 32
        """Pixels along each side: 24, 28, 32 or 64."""
        points: int = 10000
        """Training images, 200 to 100,000."""

        def __post_init__(self) -> None:
            for name, value, least, most in (
                ("intrinsic_dim", self.intrinsic_dim, 1, len(RANGES)),
                ("points", self.points, FEWEST_POINTS, MOST_POINTS),
            ):
                if not least <= value <= most:
                    raise BenchError(f"option '{name}' is {value}; expected {least} to {most}")
            if self.size not in SIZES:
                raise BenchError(
                    f"option 'size' is {self.size}; expected one of {', '.join(map(str, SIZES))}"
                )

    def load(self) -> Splits:
        """Return the splits, float32 images of shape (1, size, size)."""
        return Splits(
            train=self._drawn("train", self.options.points), test=self._drawn("test", TEST)
        )

    def _drawn(self, role: str, count: int) -> Split:
        stream = generator(derive_seed(SEED, "bars", role))
        shares = np.full((count, len(RANGES)), 0.5)
        free = self.options.intrinsic_dim
        shares[:, :free] = stream.random((count, len(RANGES)))[:, :free]
        factors = RANGES[:, 0] + shares * (RANGES[:, 1] - RANGES[:, 0])
        size = self.options.size
        images = np.empty((count, 1, size, size), dtype=np.float32)
        for start in range(0, count, CHUNK):
            images[start : start + CHUNK] = bars(factors[start : start + CHUNK], size)
        return Split(images, shape=(1, size, size), factors=factors[:, :free].astype(np.float32))

"""Vectors on a manifold whose dimension, and what may hide it, are options: what counts of
dimensions are calibrated on.

The map is that of ``latent-8``, with another dimension n and another size D of the vectors:

    z ~ N(0, diag(s^2))        h = phi(A1 z + b1)        x = A2 h + b2 (+ noise)
    phi(t) = t for t > 0, (1 - c) t below, c the option ``curvature``

A1 (D, n) and A2 (D, D) have orthonormal columns times sqrt(D/n) and 1; b1, b2 ~ N(0, 1/4). Each
step is injective for c < 1, so x lies on a piecewise linear manifold of dimension n, for c = 0 on a
plane. The deviations s fall in equal steps from ``scale_ratio`` to 1 and have mean square 1.

Of several ``parts`` each has a map of its own and a centre with features ~ N(0, 4); vector i
belongs to part i modulo their number. Features are standardised within a part by its training
vectors, then noise and centre are added, then all features are standardised by the training
split: ``noise`` is a share of a feature's standard deviation in its part.

Every stream is addressed: PCG64 of a seed derived from 0 and a name (``map`` and the number of the
part, ``codes`` or ``noise`` and the split). So more points begin with the same points, another
noise moves the same points, and the centre of a suite's design differs from its neighbours in one
thing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from benchmark.datasets.generate import Noisy, generator, standardise
from benchmark.datasets.latent import Map, draw_map
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError, derive_seed

__all__ = ["Component", "Manifold", "deviations", "draw_part"]

SEED = 0
TEST = 2_000
"""Test vectors, whatever the number of training vectors."""

LARGEST_DIM, LARGEST_AMBIENT, FEWEST_POINTS, MOST_POINTS, MOST_PARTS = 64, 128, 200, 200_000, 10


@dataclass(frozen=True)
class Component:
    """One connected part of the data: its map, and the centre (D,) that is added to its vectors."""

    map: Map
    centre: np.ndarray


def draw_part(number: int, n: int, ambient: int, slope: float) -> Component:
    """Return the part of this number, counted from 0, from a stream of its own."""
    stream = _stream("map", number)
    drawn = draw_map(stream, n, ambient, slope)
    return Component(drawn, 2.0 * stream.standard_normal(ambient))


def deviations(n: int, ratio: float) -> np.ndarray:
    """Return the standard deviations (n,) of the codes: from ``ratio`` down to 1 in equal steps,
    brought to mean square 1.

    >>> [round(float(value), 3) for value in deviations(3, 3.0)]
    [1.389, 0.926, 0.463]
    """
    raw = [ratio - (ratio - 1.0) * index / max(1, n - 1) for index in range(n)]
    mean_square = math.fsum(value * value for value in raw) / n
    return np.array(raw) / math.sqrt(mean_square)


def _stream(*address: str | int) -> np.random.Generator:
    return generator(derive_seed(SEED, "manifold", *address))


class Manifold(Dataset):
    """10,000 training and 2,000 test vectors of 64 numbers on a manifold of dimension 8, with 5 %
    of noise, or as the options say; ``factors`` are the true codes."""

    shape = (64,)
    batch_size = 128
    latent_dims = (16, 8, 32)
    intrinsic_dim = 8

    @dataclass(frozen=True)
    class Options(Noisy):
        """What the manifold is like, and how well it is seen."""

        intrinsic_dim: int = 8
        """Dimension n of the manifold, 1 to 64 and not above D: shown beside L*, and what
        lstar-error is of."""
        ambient: int = 64
        """Numbers of a vector, D, 2 to 128."""
        noise: float = 0.05
        """Standard deviation of isotropic Gaussian noise, as a share of a feature's own."""
        curvature: float = 0.8
        """How sharply the manifold is folded: 0 is a plane, below 1; latent-8 has 0.8."""
        points: int = 10000
        """Training vectors, 200 to 200,000."""
        scale_ratio: float = 1.0
        """Largest standard deviation of a code over the smallest, 1 or more."""
        parts: int = 1
        """Disconnected parts, each of dimension n, 1 to 10."""

        def __post_init__(self) -> None:
            super().__post_init__()
            whole = {
                "ambient": (2, LARGEST_AMBIENT),
                "intrinsic_dim": (1, min(LARGEST_DIM, self.ambient)),
                "points": (FEWEST_POINTS, MOST_POINTS),
                "parts": (1, MOST_PARTS),
            }
            for name, (least, most) in whole.items():
                _check(name, getattr(self, name), least <= getattr(self, name) <= most, least, most)
            _check("curvature", self.curvature, 0 <= self.curvature < 1, 0, "less than 1")
            finite = math.isfinite(self.scale_ratio)
            _check("scale_ratio", self.scale_ratio, finite and self.scale_ratio >= 1, 1, "more")

    def load(self) -> Splits:
        """Return the training vectors that were asked for and 2,000 test vectors (D,), float32."""
        options = self.options
        scale = deviations(options.intrinsic_dim, options.scale_ratio)
        codes = [
            scale * _stream("codes", role).standard_normal((count, options.intrinsic_dim))
            for role, count in (("train", options.points), ("test", TEST))
        ]
        x_train, x_test = standardise(*self._vectors(*codes))
        return Splits(train=_split(x_train, codes[0]), test=_split(x_test, codes[1]))

    def _vectors(self, *codes: np.ndarray) -> list[np.ndarray]:
        """Return the vectors of training and test codes, part by part, with noise."""
        options = self.options
        vectors = [
            options.noise * _stream("noise", role).standard_normal((len(z), options.ambient))
            for role, z in zip(("train", "test"), codes, strict=True)
        ]
        for number in range(options.parts):
            part = draw_part(number, options.intrinsic_dim, options.ambient, 1 - options.curvature)
            own = [slice(number, None, options.parts)] * 2
            clean = standardise(*(part.map(z[rows]) for z, rows in zip(codes, own, strict=True)))
            for x, rows, signal in zip(vectors, own, clean, strict=True):
                x[rows] += signal + (part.centre if options.parts > 1 else 0.0)
        return vectors


def _check(name: str, value: float, holds: bool, least: float, most: float | str) -> None:
    if not holds:
        raise BenchError(f"option '{name}' is {value}; expected {least} to {most}")


def _split(x: np.ndarray, z: np.ndarray) -> Split:
    return Split(x.astype(np.float32), shape=x.shape[1:], factors=z.astype(np.float32))

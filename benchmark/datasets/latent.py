"""Vectors on a manifold of known dimension n: what a count of latent dimensions can be held
against.

The slides that compare MaskAAE, FlexAE and other regularised autoencoders show two synthetic sets,
of true latent size 8 and 16, and give no recipe. Ours keeps what they assume, a Lipschitz map f
that needs all n coordinates:

    z ~ N(0, I_n), or uniform of the same variance        x = A2 LeakyReLU_0.2(A1 z + b1) + b2 (+
    noise)

A1 (64, n) and A2 (64, 64) have orthonormal columns times sqrt(64/n) and 1; b1, b2 ~ N(0, 1/4). Each
step is injective, so x lies on an n-dimensional piecewise linear manifold in 64 dimensions.
Features are standardised with the statistics of the training split. One float64 stream, PCG64(0),
gives A1, b1, A2, b2, then 50,000 training, 10,000 validation (unused) and 10,000 test codes, then
the noise of training and test split.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from benchmark.datasets.generate import Noisy, affine, generator, orthonormal, standardise
from benchmark.datasets.split import Dataset, Split, Splits
from benchmark.spec import BenchError

__all__ = ["Latent8", "Latent16", "Map", "draw_map"]

SEED = 0
AMBIENT = 64
TRAIN, VALIDATION, TEST = 50_000, 10_000, 10_000
SLOPE = 0.2
LAWS = ("normal", "uniform")


class Map(NamedTuple):
    """f: z (N, n) -> x (N, D), before standardisation; ``slope`` is that of its leaky ReLU. The
    same bits on every machine; pure."""

    a1: np.ndarray
    b1: np.ndarray
    a2: np.ndarray
    b2: np.ndarray
    slope: float = SLOPE

    def __call__(self, z: np.ndarray) -> np.ndarray:
        hidden = affine(z, self.a1, self.b1)
        return affine(np.where(hidden > 0, hidden, self.slope * hidden), self.a2, self.b2)


def draw_map(
    stream: np.random.Generator, n: int, ambient: int = AMBIENT, slope: float = SLOPE
) -> Map:
    """Return the map from n to ``ambient`` numbers, with a hidden layer as wide, whose weights are
    the next draws of ``stream``, in the order A1, b1, A2, b2."""
    a1 = _weight(stream, ambient, n)
    b1 = 0.5 * stream.standard_normal(ambient)
    a2 = _weight(stream, ambient, ambient)
    b2 = 0.5 * stream.standard_normal(ambient)
    return Map(a1, b1, a2, b2, slope)


def _weight(stream: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return orthonormal(stream.standard_normal((rows, columns))) * math.sqrt(rows / columns)


def _codes(stream: np.random.Generator, law: str, shape: tuple[int, int]) -> np.ndarray:
    if law == "normal":
        return stream.standard_normal(shape)
    return (2 * stream.random(shape) - 1) * math.sqrt(3)


class _Latent(Dataset):
    """What both share: everything but n. ``factors`` are the true codes."""

    shape = (64,)

    @dataclass(frozen=True)
    class Options(Noisy):
        """How the codes are distributed, and how far the data stray from the manifold."""

        law: Literal["normal", "uniform"] = "normal"
        """Distribution of the true codes: standard normal, or uniform on [-sqrt 3, sqrt 3]; zero
        mean and unit variance both."""
        noise: float = 0.0
        """Standard deviation of isotropic Gaussian noise added to x before it is standardised
        (features then measure 0.4 to 1)."""

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.law not in LAWS:
                raise BenchError(f"option 'law' is '{self.law}'; expected {' or '.join(LAWS)}")

    def load(self) -> Splits:
        """Return 50,000 training and 10,000 test vectors (64,), float32."""
        assert self.intrinsic_dim is not None
        stream = generator(SEED)
        f = draw_map(stream, self.intrinsic_dim)
        train, _, test = (
            _codes(stream, self.options.law, (count, self.intrinsic_dim))
            for count in (TRAIN, VALIDATION, TEST)
        )
        noisy = [
            f(z) + self.options.noise * stream.standard_normal((len(z), AMBIENT))
            for z in (train, test)
        ]
        x_train, x_test = standardise(*noisy)
        return Splits(train=_split(x_train, train), test=_split(x_test, test))


def _split(x: np.ndarray, z: np.ndarray) -> Split:
    return Split(x.astype(np.float32), shape=(AMBIENT,), factors=z.astype(np.float32))


class Latent8(_Latent):
    """True dimension 8."""

    batch_size = 128
    latent_dims = (16, 8, 32)
    intrinsic_dim = 8


class Latent16(_Latent):
    """True dimension 16."""

    batch_size = 128
    latent_dims = (32, 16, 64)
    intrinsic_dim = 16

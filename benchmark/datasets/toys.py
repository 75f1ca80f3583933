"""Noisy curves in the plane, one dimension in two, after K. Iyer, R. Bhalodia, S. Elhabian, "RENs:
Relevance Encoding Networks" (arXiv 2205.13061).

A circle of radius 1, and one moon, its upper half. The angle is uniform, isotropic Gaussian noise
has a standard deviation given as a fraction of the radius (the paper shows 10 % in figure 4 and, in
its appendix, 5 % and 7 % in figure 6 and 1 % in figure 7); 4,096 training points. Ours: the uniform
law of the angle and 1,024 fresh test points. One float64 stream, PCG64(42), gives angles and noise
of the training split, then of the test split, so every noise level moves the same points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from benchmark.datasets.generate import Noisy, generator
from benchmark.datasets.split import Dataset, Split, Splits

__all__ = ["Circle", "OneMoon"]

SEED = 42
TRAIN, TEST = 4096, 1024


class _Arc(Dataset):
    """What both share: everything but ``turn``, the angle the arc spans. ``factors`` are the angles
    of the points before noise."""

    turn: ClassVar[float]
    shape = (2,)
    batch_size = 128
    latent_dims = (2,)
    intrinsic_dim = 1

    @dataclass(frozen=True)
    class Options(Noisy):
        """How far the points stray from the curve."""

        noise: float = 0.1
        """Standard deviation of the noise, as a fraction of the radius."""

    def load(self) -> Splits:
        """Return 4,096 training and 1,024 test points (2,), float32."""
        stream = generator(SEED)
        return Splits(train=self._points(stream, TRAIN), test=self._points(stream, TEST))

    def _points(self, stream: np.random.Generator, count: int) -> Split:
        angle = self.turn * stream.random((count, 1))
        x = np.hstack((np.cos(angle), np.sin(angle))) + self.options.noise * stream.standard_normal(
            (count, 2)
        )
        return Split(x.astype(np.float32), shape=(2,), factors=angle.astype(np.float32))


class Circle(_Arc):
    """The whole circle."""

    turn = 2 * math.pi


class OneMoon(_Arc):
    """The upper half of the circle."""

    turn = math.pi

"""Data that no calibration has seen, of known dimension or of none, for ``bench dims``: drawn anew,
by other maps than those of ``manifold``, ``bars`` and ``sprites``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.datasets.generate import generator, orthonormal
from benchmark.datasets.own import dataset
from benchmark.spec import derive_seed

__all__ = ["GENERATED", "Unseen", "blobs", "drawn_ellipses", "ellipses", "embedded", "written"]

TRAIN, TEST = 4_000, 1_000
SIDE, EDGE = 24, 0.16
"""Pixels along each side of an ellipse's image, and the width of its edge on a canvas from -1
to 1."""


@dataclass(frozen=True)
class Unseen:
    """A set of ``draw(stream, count)`` items; ``truth`` is its dimension, None where there is no
    manifold."""

    name: str
    truth: int | None
    draw: Callable[[np.random.Generator, int], np.ndarray]


def embedded(points: np.ndarray, size: int, noise: float = 0.002) -> np.ndarray:
    """Return ``points`` (N, k) turned into vectors of ``size`` numbers by a fixed map with
    orthonormal columns, with Gaussian noise of ``noise`` times their root mean square."""
    stream = generator(derive_seed(0, "unseen", "map", size))
    basis = orthonormal(stream.standard_normal((size, points.shape[1])))
    vectors = points @ basis.T
    scale = noise * math.sqrt(float(np.mean(vectors**2)))
    return vectors + scale * stream.standard_normal(vectors.shape)


def swiss_roll(stream: np.random.Generator, count: int) -> np.ndarray:
    """A sheet rolled up, in 20 numbers: (t cos t, h, t sin t), t from 1.5 to 4.5 pi, h to 21."""
    t = 1.5 * math.pi * (1.0 + 2.0 * stream.random(count))
    height = 21.0 * stream.random(count)
    return embedded(np.stack((t * np.cos(t), height, t * np.sin(t)), axis=1), 20)


def torus(stream: np.random.Generator, count: int) -> np.ndarray:
    """A tube of radius 1 around a circle of radius 3, in 10 numbers."""
    around, along = 2.0 * math.pi * stream.random((2, count))
    radius = 3.0 + np.cos(around)
    points = (radius * np.cos(along), radius * np.sin(along), np.sin(around))
    return embedded(np.stack(points, axis=1), 10)


def sphere(stream: np.random.Generator, count: int) -> np.ndarray:
    """Unit vectors of six numbers, S^5, in 30 numbers."""
    normal = stream.standard_normal((count, 6))
    return embedded(normal / np.linalg.norm(normal, axis=1, keepdims=True), 30)


def blobs(stream: np.random.Generator, count: int) -> np.ndarray:
    """Five isotropic Gaussian clouds in 10 numbers: every direction is as good as any other."""
    centres = 5.0 * generator(derive_seed(0, "unseen", "centres")).standard_normal((5, 10))
    return centres[stream.integers(0, 5, count)] + stream.standard_normal((count, 10))


def drawn_ellipses(factors: np.ndarray) -> np.ndarray:
    """Return images (N, 24, 24) from 0 to 1 of ellipses with x, y, angle and long half axis
    ``factors`` (N, 4); the short one is half as long."""
    centres = (2.0 * np.arange(SIDE) + 1.0) / SIDE - 1.0
    x, y, angle, half = (column[:, None, None] for column in factors.T)
    across, down = centres[None, None, :] - x, centres[None, :, None] - y
    along = np.cos(angle) * across + np.sin(angle) * down
    beside = np.cos(angle) * down - np.sin(angle) * across
    radius = np.sqrt((along / half) ** 2 + (2.0 * beside / half) ** 2)
    inside = np.clip(half * (1.0 - radius) / EDGE + 0.5, 0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)


def ellipses(stream: np.random.Generator, count: int) -> np.ndarray:
    """Ellipses of four continuous factors: place, turn (up to 60 degrees either way), size."""
    low = np.array([-0.3, -0.3, -math.pi / 3, 0.4])
    high = np.array([0.3, 0.3, math.pi / 3, 0.65])
    return drawn_ellipses(low + (high - low) * stream.random((count, 4)))


GENERATED: Mapping[str, Unseen] = {
    unseen.name: unseen
    for unseen in (
        Unseen("swiss-roll-20", 2, swiss_roll),
        Unseen("ellipses-24", 4, ellipses),
        Unseen("torus-10", 2, torus),
        Unseen("sphere-5-in-30", 5, sphere),
        Unseen("blobs-10", None, blobs),
    )
}


def written(unseen: Unseen, folder: Path, train: int = TRAIN, test: int = TEST) -> Path:
    """Write the set to ``folder`` and return its npz file."""
    arrays = [
        unseen.draw(generator(derive_seed(0, "unseen", unseen.name, role)), count).astype(
            np.float32
        )
        for role, count in (("train", train), ("test", test))
    ]
    dataset(unseen.name, *arrays, folder=folder)
    return folder / f"{unseen.name}.npz"

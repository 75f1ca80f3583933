"""Images as one picture of tiles, and vectors as points in a plane. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["POINTS", "Plane", "in_pairs", "in_rows", "is_image", "mosaic"]

POINTS = 400
"""Points of a cloud that are drawn at most."""


def is_image(arrays: np.ndarray) -> bool:
    """Return whether the array holds images, (n, C, H, W), rather than vectors, (n, D)."""
    return arrays.ndim == 4


def mosaic(images: np.ndarray, columns: int, *, pairs: bool = False) -> np.ndarray:
    """Return images (n, C, H, W), uint8 or in [0, 1], row by row as one picture (h, w, 3), uint8,
    with white gaps between them.

    The gap is a tenth of an image, at least one pixel. With ``pairs`` the gap below every second
    row is twice as wide.
    """
    if images.dtype != np.uint8:
        images = np.nan_to_num(np.clip(images, 0.0, 1.0) * 255.0).round().astype(np.uint8)
    colours = images[:, :3] if images.shape[1] >= 3 else np.repeat(images[:, :1], 3, axis=1)
    count, _, height, width = colours.shape
    gap = max(1, max(height, width) // 10)
    rows = -(-count // columns)
    tops = [row * (height + gap) + (row // 2 * gap if pairs else 0) for row in range(rows)]
    picture = np.full((tops[-1] + height, columns * (width + gap) - gap, 3), 255, dtype=np.uint8)
    for index, tile in enumerate(colours):
        top, left = tops[index // columns], index % columns * (width + gap)
        picture[top : top + height, left : left + width] = tile.transpose(1, 2, 0)
    return picture


def in_pairs(upper: np.ndarray, lower: np.ndarray, columns: int) -> np.ndarray:
    """Return two arrays of images (n, C, H, W) as one picture of whole rows of ``columns``, a row
    of ``upper`` above the same row of ``lower``; one row where there are fewer."""
    count = min(len(upper), len(lower))
    columns = min(columns, count)
    rows = [
        images[start : start + columns]
        for start in range(0, count // columns * columns, columns)
        for images in (upper, lower)
    ]
    return mosaic(np.concatenate(rows), columns, pairs=True)


def in_rows(images: np.ndarray) -> np.ndarray:
    """Return images (rows, columns, C, H, W) as one picture."""
    return mosaic(images.reshape(-1, *images.shape[2:]), images.shape[1])


@dataclass(frozen=True)
class Plane:
    """A plane through data: ``centre`` (D,), two orthonormal ``directions`` (2, D), and the
    ``limits`` of the region to show."""

    centre: np.ndarray
    directions: np.ndarray
    limits: tuple[tuple[float, float], tuple[float, float]]

    @classmethod
    def of(cls, vectors: np.ndarray) -> Plane:
        """Return the plane of vectors (n, D) itself for D = 2, else that of their first two
        principal directions.

        The sign of a direction is chosen so that its largest component is positive. The region is a
        square a quarter wider than the data.
        """
        rows = np.asarray(vectors, dtype=np.float64).reshape(len(vectors), -1)
        size = rows.shape[1]
        centre = np.zeros(size) if size <= 2 else rows.mean(0)
        directions = np.eye(2, size) if size <= 2 else _principal(rows - centre)
        points = (rows - centre) @ directions.T
        middle = (points.max(0) + points.min(0)) / 2
        half = max(float(np.ptp(points, axis=0).max()) * 5 / 8, 1e-6)
        left, low = middle - half
        right, high = middle + half
        return cls(centre, directions, ((float(left), float(right)), (float(low), float(high))))

    def project(self, vectors: np.ndarray) -> np.ndarray:
        """Return the points (n, 2) of vectors (n, D)."""
        rows = np.asarray(vectors, dtype=np.float64).reshape(len(vectors), -1)
        return (rows - self.centre) @ self.directions.T

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Return which of ``points`` (n, 2) lie within the limits, (n,)."""
        (left, right), (low, high) = self.limits
        inside = (points > [left, low]) & (points < [right, high])
        return np.asarray(inside.all(1))


def _principal(centred: np.ndarray) -> np.ndarray:
    directions = np.linalg.svd(centred, full_matrices=False)[2][:2]
    directions = np.pad(directions, ((0, 2 - len(directions)), (0, 0)))
    signs = np.sign(directions[np.arange(2), np.abs(directions).argmax(1)])
    return directions * np.where(signs == 0, 1.0, signs)[:, None]

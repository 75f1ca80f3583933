"""Which convolutions lead from an image of any size to about 4x4, by its shape alone. Imports no
torch: planning refuses here what no network fits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SMALL", "Convolved", "convolutions", "halvings", "is_small", "misfit"]

SMALL = 64
"""Inputs of up to so many numbers (8x8 digits too) use the small vector networks."""

LEAST = 8
"""Height and width from which an image has convolutions."""

_LAST = 5
"""Sides up to so long are not halved again."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Convolved:
    """One convolution of images of size ``before`` to size ``after``, (H, W) each."""

    kernel: Pair
    stride: Pair
    padding: Pair
    before: Pair
    after: Pair

    @property
    def cut(self) -> Pair:
        """Rows and columns at the end that the transposed convolution of ``after`` lacks against
        ``before``: 1 where an odd side was halved."""
        rows, columns = (
            before - ((after - 1) * stride - 2 * padding + kernel)
            for before, after, stride, padding, kernel in zip(
                self.before, self.after, self.stride, self.padding, self.kernel, strict=True
            )
        )
        return rows, columns


def is_small(shape: tuple[int, ...]) -> bool:
    """Return whether data of this shape uses the small vector networks."""
    return math.prod(shape) <= SMALL


def misfit(shape: tuple[int, ...]) -> str | None:
    """Return why no network fits data of this shape, None where one does."""
    images = len(shape) == 3 and min(shape[1:]) >= LEAST
    if is_small(shape) or len(shape) == 1 or images:
        return None
    return (
        f"no network for data of shape {shape}; expected vectors (D,), anything of up to {SMALL} "
        f"numbers, or images (C, H, W) of height and width {LEAST} or more"
    )


def halvings(side: int) -> int:
    """Return how often a side is halved, rounded down, until 3 to 5 are left.

    >>> [halvings(side) for side in (8, 11, 12, 32, 64, 178)]
    [1, 1, 2, 3, 4, 5]
    """
    return 0 if side <= _LAST else 1 + halvings(side // 2)


def convolutions(size: Pair) -> tuple[Convolved, ...]:
    """Return the convolutions of an image of ``size`` (H, W), each side down to 3 to 5.

    A halved side has kernel 4, stride 2 and padding 1, the other one kernel 3, stride 1 and padding
    1: of two unequal sides the longer one is halved alone at first. 28x28 has the four convolutions
    of the dpVAE code, every other one of them without padding.
    """
    if size == (28, 28):
        geometry = (((4, 4), (2, 2), (1, 1)), ((3, 3), (1, 1), (0, 0))) * 2
        sizes = [size, *((side, side) for side in (14, 12, 6, 4))]
        return tuple(
            Convolved(*layer, *ends) for layer, ends in zip(geometry, pairwise(sizes), strict=True)
        )
    left = (halvings(size[0]), halvings(size[1]))
    layers = []
    for remaining in range(max(left), 0, -1):
        rows, columns = (count >= remaining for count in left)
        after = (size[0] // 2 if rows else size[0], size[1] // 2 if columns else size[1])
        layers.append(
            Convolved(
                (4 if rows else 3, 4 if columns else 3),
                (2 if rows else 1, 2 if columns else 1),
                (1, 1),
                size,
                after,
            )
        )
        size = after
    return tuple(layers)

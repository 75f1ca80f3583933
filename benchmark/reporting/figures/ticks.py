"""Ticks at the numbers that were run, and the labels among them that have room."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

__all__ = ["number_ticks"]

_LOGARITHMIC = 8.0
"""How many times the smallest number the largest is from where on the axis is logarithmic."""

_LETTER, _GAP = 0.055, 0.03
"""Inches of a letter of a tick's label, and between two labels."""


def number_ticks(axes: Axes, numbers: Sequence[float], width: float) -> None:
    """Put a tick at each of ``numbers``, ascending, on the x axis of a panel whose axis has
    ``width`` inches, and write the first, the last, and those between that have room.

    The axis is logarithmic where the numbers span more than a factor of eight; where they begin at
    0, from the second on (``symlog``).
    """
    positive = [number for number in numbers if number > 0.0]
    if len(positive) > 1 and positive[-1] >= _LOGARITHMIC * positive[0]:
        if numbers[0] > 0.0:
            axes.set_xscale("log")
        elif numbers[0] == 0.0:
            axes.set_xscale("symlog", linthresh=positive[0])
    positions = axes.xaxis.get_transform().transform(list(numbers))
    span = float(positions[-1] - positions[0]) or 1.0
    centres = [width * float(position - positions[0]) / span for position in positions]
    axes.set_xticks(list(numbers), _labels([f"{number:g}" for number in numbers], centres))
    axes.xaxis.set_minor_locator(NullLocator())


def _labels(texts: Sequence[str], centres: Sequence[float]) -> list[str]:
    """Return ``texts``, empty where they would reach into the last one or one before; ``centres``
    are in inches."""
    halves = [0.5 * _LETTER * len(text) + 0.5 * _GAP for text in texts]
    last_begins, end = centres[-1] - halves[-1], -math.inf
    labels = []
    for text, centre, half in zip(texts[:-1], centres, halves, strict=False):
        fits = end <= centre - half and centre + half <= last_begins
        labels.append(text if fits else "")
        end = centre + half if fits else end
    return [*labels, texts[-1]]

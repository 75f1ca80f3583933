"""The legend of a figure, below its panels: measured, so that it never leaves the canvas."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from benchmark.reporting.figures.style import FAINT, FONT, plain

__all__ = ["legend"]

_NOTE_SIZE = 7.0
"""Points of the remark that stands with a legend."""

_HANDLE, _LINE = 5.2 / 72.0, 0.17
"""Of a legend: inches that stand before and between its texts for each point of its type (handle
2, its gap 0.8, between columns 2, borders 0.4), and inches of a line of 8 points."""


def legend(figure: Figure, handles: Sequence[Artist], columns: int, note: str = "") -> None:
    """Put a legend below all panels, where it covers no data, in at most ``columns`` columns and as
    many as fit; a remark stands with it.

    The figure grows by the legend's height. Where the legend would be taller than the panels, its
    type shrinks, it may take more columns, and at last the figure is widened.
    """
    if not handles:
        text = _wrapped(note, figure.get_figwidth(), _NOTE_SIZE)
        figure.supxlabel(text, x=0.01, ha="left", fontsize=_NOTE_SIZE, color=FAINT)
        return
    labels = [str(handle.get_label()) for handle in handles]
    room = figure.get_figheight()
    shape = _shape(labels, columns, figure.get_figwidth(), room)
    figure.set_figwidth(shape.width)
    for handle, label in zip(handles, labels, strict=True):
        handle.set_label(_wrapped(label, shape.width - shape.size * _HANDLE, shape.size))
    title = _wrapped(note, shape.width, _NOTE_SIZE)
    drawn = figure.legend(
        handles=list(handles),
        loc="outside lower center",
        ncols=shape.columns,
        fontsize=shape.size,
        title=title or None,
        alignment="left",
    )
    drawn.get_title().set(fontsize=_NOTE_SIZE, color=FAINT)
    lines = title.count("\n") + 1 if title else 0
    figure.set_figheight(room + max(0.0, shape.height + lines * _LINE - _LINE))


@dataclass(frozen=True)
class _LegendShape:
    """Columns and type size of a legend, its height, and the width of its figure, in inches."""

    columns: int
    size: float
    height: float
    width: float


def _shape(labels: Sequence[str], columns: int, width: float, room: float) -> _LegendShape:
    """Return the first shape, of those from the most readable on, whose legend is no taller than
    ``room``; the widest figure's where there is none."""
    shape = None
    for wide in (width, *(grown for grown in (8.0, 11.0, 14.0) if grown > width)):
        for size, most in ((8.0, columns), (7.0, columns), (6.0, len(labels))):
            shape = _fitting(labels, most, wide, size)
            if shape.height <= room:
                return shape
    assert shape is not None
    return shape


def _fitting(labels: Sequence[str], most: int, width: float, size: float) -> _LegendShape:
    """Return the shape with as many columns, ``most`` at most, as ``width`` inches hold; labels are
    dealt to columns as matplotlib does, and wrapped where one alone is too long."""
    texts = [_wrapped(label, width - size * _HANDLE, size) for label in labels]
    widths = [max(_text_width(line, size) for line in text.split("\n")) for text in texts]
    for count in range(min(most, len(texts)), 0, -1):
        across = sum(float(column.max()) for column in np.array_split(widths, count))
        if across + count * size * _HANDLE <= width or count == 1:
            break
    depth = max(
        sum(text.count("\n") + 1 for text in column)
        for column in (list(part) for part in np.array_split(np.array(texts, dtype=object), count))
    )
    return _LegendShape(count, size, depth * _LINE * size / 8.0, width)


def _text_width(text: str, size: float) -> float:
    """Return the width of one line in the house's typeface at ``size`` points, in inches."""
    if not text:
        return 0.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        font = FontProperties(family=FONT, size=size)
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72.0 + 0.02


def _wrapped(text: str, width: float, size: float) -> str:
    """Return ``text`` in lines of at most ``width`` inches, broken inside words if it must be."""
    text = plain(text, 1000)
    characters = len(text)
    while characters > 8:
        lines = textwrap.wrap(text, characters) or [""]
        longest = max(_text_width(line, size) for line in lines)
        if longest <= width:
            return "\n".join(lines)
        characters = min(characters - 1, int(max(map(len, lines)) * width / longest))
    return "\n".join(textwrap.wrap(text, 8))

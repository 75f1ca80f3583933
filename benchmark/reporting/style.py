"""How every figure looks: one typeface, one palette, and for each method the same colour and marker
wherever it appears."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from benchmark.registry import entries
from benchmark.reporting.document import clip
from benchmark.reporting.selection import base_name
from benchmark.spec import BenchError

__all__ = [
    "BAND",
    "DATA",
    "FAINT",
    "FORMATS",
    "INK",
    "PALETTE",
    "Look",
    "house",
    "image",
    "legend",
    "looks",
    "message",
    "panels",
    "plain",
]

PALETTE = (
    "#0173b2",
    "#de8f05",
    "#029e73",
    "#d55e00",
    "#cc78bc",
    "#ca9161",
    "#fbafe4",
    "#949494",
    "#ece133",
    "#56b4e9",
)
"""The palette ``colorblind`` of seaborn; methods after the tenth take the same colours at 60 % of
their lightness."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
"""Eleven, so that colours and markers do not repeat together."""

DATA, INK = "#cfcfcf", "#333333"
"""The colours of data and of text."""

BAND = "#e9e9e9"
"""What is estimated of the data, behind everything."""

FAINT = "#767676"
"""Remarks: the lightest grey that reads well on white (contrast 4.5)."""

FORMATS = ("png", "pdf", "svg")

_FONT = "DejaVu Sans"

_NOTE_SIZE = 7.0
"""Points of the remark that stands with a legend."""

_HANDLE, _LINE = 5.2 / 72.0, 0.17
"""Of a legend: inches that stand before and between its texts for each point of its type (handle
2, its gap 0.8, between columns 2, borders 0.4), and inches of a line of 8 points."""

_RC: dict[str, Any] = {
    "font.family": _FONT,
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "svg.hashsalt": "bench",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class Look:
    """The colour and marker of a method or of a variant of one."""

    colour: str
    marker: str


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method label; variants of a method share its colour, and each after
    the first has the next marker.

    A registered method's place in the registry decides, so it looks the same in every figure;
    others follow in the order of their names.
    """
    known = [entry.name for entry in entries("methods")]
    labels = sorted(set(methods))
    known += sorted({base_name(label) for label in labels} - set(known))
    variants: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        variants[base_name(label)].append(label)
    return {
        label: _look(known.index(base), place)
        for base, found in variants.items()
        for place, label in enumerate(found)
    }


def _look(place: int, variant: int) -> Look:
    colour = PALETTE[place % len(PALETTE)]
    if place // len(PALETTE) % 2:
        colour = "#" + "".join(
            f"{int(colour[start : start + 2], 16) * 3 // 5:02x}" for start in (1, 3, 5)
        )
    return Look(colour, MARKERS[(place + variant) % len(MARKERS)])


@contextmanager
def house(dpi: int = 200) -> Iterator[None]:
    """Draw in the house style, whatever the user's own settings are, with ``dpi`` pixels to an
    inch."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_RC, "figure.dpi": dpi, "savefig.dpi": dpi})
        yield


def plain(text: str, limit: int = 44) -> str:
    """Return ``text`` on one line, clipped, and never taken for mathematics."""
    return clip(text, limit).replace("$", r"\$")


def panels(count: int, columns: int, *, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` panels of ``width`` x ``height`` inches, wrapped after
    ``columns``."""
    across = min(count, columns)
    down = -(-count // across)
    figure = Figure(figsize=(across * width, down * height + 0.5), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for unused in axes[count:]:
        unused.set_axis_off()
    return figure, axes[:count]


def message(axes: Axes, text: str) -> None:
    """Write ``text`` into an empty panel."""
    axes.text(
        0.5,
        0.5,
        plain(text),
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        fontsize=7,
    )


def legend(figure: Figure, handles: Sequence[Artist], columns: int, note: str = "") -> None:
    """Put a legend below all panels, where it covers no data, in at most ``columns`` columns and as
    many as fit; a remark stands with it.

    The figure grows by the legend's height. Where the legend would be taller than the panels, its
    type shrinks, it may take more columns, and at last the figure is widened.
    """
    if not handles:
        lines = _wrapped(note, figure.get_figwidth(), _NOTE_SIZE)
        figure.supxlabel(lines, x=0.01, ha="left", fontsize=_NOTE_SIZE, color=FAINT)
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
    widths = [max(text_width(line, size) for line in text.split("\n")) for text in texts]
    for count in range(min(most, len(texts)), 0, -1):
        across = sum(float(column.max()) for column in np.array_split(widths, count))
        if across + count * size * _HANDLE <= width or count == 1:
            break
    depth = max(
        sum(text.count("\n") + 1 for text in column)
        for column in (list(part) for part in np.array_split(np.array(texts, dtype=object), count))
    )
    return _LegendShape(count, size, depth * _LINE * size / 8.0, width)


def text_width(text: str, size: float) -> float:
    """Return the width of one line in the house's typeface at ``size`` points, in inches."""
    if not text:
        return 0.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        font = FontProperties(family=_FONT, size=size)
        width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / 72.0 + 0.02


def _wrapped(text: str, width: float, size: float) -> str:
    """Return ``text`` in lines of at most ``width`` inches, broken inside words where it must be."""
    text = plain(text, 1000)
    characters = len(text)
    while characters > 8:
        lines = textwrap.wrap(text, characters) or [""]
        longest = max(text_width(line, size) for line in lines)
        if longest <= width:
            return "\n".join(lines)
        characters = min(characters - 1, int(max(map(len, lines)) * width / longest))
    return "\n".join(textwrap.wrap(text, 8))


def image(figure: Figure, kind: str) -> bytes:
    """Return the file of ``figure`` as png, pdf or svg; the same figure gives the same bytes."""
    if kind not in FORMATS:
        raise BenchError(
            f"cannot draw a '.{kind}' file; expected a name that ends in {', '.join('.' + each for each in FORMATS)}"
        )
    undated = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[
        kind
    ]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing"
        )  # a name in another script shows as boxes
        _lay_out(figure)
        figure.savefig(buffer, format=kind, metadata=undated)
    return buffer.getvalue()


def _lay_out(figure: Figure) -> None:
    """Place the panels once; ``savefig`` would draw the whole figure one time more to do it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)

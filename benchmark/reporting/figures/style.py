"""How every figure looks: one typeface, one palette, and for each method the same colour and marker
wherever it appears."""

from __future__ import annotations

import io
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.names import base_name, rank
from benchmark.registry import entries
from benchmark.reporting.tables.document import clip
from benchmark.spec import BenchError

__all__ = [
    "BAND",
    "DATA",
    "FAINT",
    "FONT",
    "FORMATS",
    "INK",
    "PALETTE",
    "Look",
    "house",
    "image",
    "looks",
    "message",
    "panels",
    "plain",
    "row_note",
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

FONT = "DejaVu Sans"
"""The typeface of every figure, which comes with matplotlib."""

_RC: dict[Any, Any] = {
    "font.family": FONT,
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


_VARIANTS = 8
"""Variants of a method in its own colour, as many as there are lines; the next are lighter."""


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method label; variants of a method share its colour (the ninth and
    further ones a lighter one), and each after the first has the next marker.

    A registered method's place in the registry decides, so it looks the same in every figure;
    others follow in the order of their names.
    """
    in_order = [entry.name for entry in entries("methods")]
    labels = sorted(set(methods), key=lambda label: rank("methods", label))
    in_order += sorted({base_name(label) for label in labels} - set(in_order))
    variants: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        variants[base_name(label)].append(label)
    return {
        label: _look(in_order.index(base), index)
        for base, variant_labels in variants.items()
        for index, label in enumerate(variant_labels)
    }


def _look(index: int, variant: int) -> Look:
    colour = PALETTE[index % len(PALETTE)]
    if index // len(PALETTE) % 2:
        colour = "#" + "".join(
            f"{int(colour[start : start + 2], 16) * 3 // 5:02x}" for start in (1, 3, 5)
        )
    if variant // _VARIANTS % 2:
        red, green, blue = matplotlib.colors.to_rgb(colour)
        lighter = (0.5 + 0.5 * red, 0.5 + 0.5 * green, 0.5 + 0.5 * blue)
        colour = matplotlib.colors.to_hex(lighter)
    return Look(colour, MARKERS[(index + variant) % len(MARKERS)])


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


def row_note(axes: Axes, row: float, text: str) -> None:
    """Write ``text`` to the right of a panel, at the height ``row`` of its data."""
    axes.annotate(
        plain(text),
        (1.0, row),
        (6, 0),
        axes.get_yaxis_transform(),
        "offset points",
        va="center",
        color=FAINT,
        size=7,
    )


def image(figure: Figure, kind: str) -> bytes:
    """Return the file of ``figure`` as png, pdf or svg; the same figure gives the same bytes."""
    if kind not in FORMATS:
        raise BenchError(
            f"cannot draw a '.{kind}' file; expected a name that ends in "
            f"{', '.join('.' + suffix for suffix in FORMATS)}"
        )
    undated = {"png": "Software", "pdf": "CreationDate", "svg": "Date"}[kind]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # a name in another script shows as boxes
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        _lay_out(figure)
        figure.savefig(buffer, format=kind, metadata={undated: None})
    return buffer.getvalue()


def _lay_out(figure: Figure) -> None:
    """Place the panels once; ``savefig`` would draw the whole figure one time more to do it."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)

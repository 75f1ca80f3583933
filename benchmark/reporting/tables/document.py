"""A table as a document: columns, groups of rows, notes and where its numbers come from. Renderers
only write it down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from benchmark.reporting.statistics.estimate import Estimate, Written, written

__all__ = [
    "ABSENT",
    "LONG",
    "NAME",
    "SIGNS",
    "Cell",
    "Column",
    "Note",
    "Row",
    "Table",
    "clip",
    "marks_in_words",
    "spans",
]

ABSENT = "–"
"""What stands where there is nothing to show."""

NAME, LONG = 64, 600
"""Characters of a name, and of prose, that a cell shows."""

SIGNS: Mapping[str, str] = {
    "†": "by definition",
    "‡": "stale",
    "§": "flagged",
    "¶": "remark",
    "‖": "inside the null",
    "#": "hardly better than the mean image",
    "?": "doubtful",
}
"""What marks say in two or three words, where no notes stand below; letters tell protocols apart
and have none."""


@dataclass(frozen=True)
class Column:
    """A column. ``raw`` names the fields it has in a CSV file; ``metric`` marks columns of
    estimates, ``direction`` what is better there.

    ``over`` is a heading that neighbouring columns share; ``wide`` says that prose stands below,
    which may take several lines.
    """

    title: str
    raw: tuple[str, ...]
    align: Literal["left", "right"] = "left"
    metric: str | None = None
    direction: Literal["min", "max", "none"] = "none"
    over: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """What stands in one place: an estimate, or ``text``. ``note`` follows in brackets; ``marks``
    point at notes below the table.

    ``raw`` is what a CSV file holds here: as many values as the column has raw names, at full
    precision. ``best`` is set bold; ``rank`` 2 and 3 (second and third, underlined and italic) are
    for layouts of the papers alone. ``long`` text is not shortened to the length of a name.
    """

    text: str = ""
    estimate: Estimate | None = None
    raw: tuple[str | int | float | None, ...] = ()
    note: str = ""
    marks: tuple[str, ...] = ()
    best: bool = False
    rank: Literal[0, 2, 3] = 0
    long: bool = False

    @property
    def clipped(self) -> str:
        """The text as renderers write it: one line, shortened."""
        return clip(self.text, LONG if self.long else NAME)

    @property
    def number(self) -> Written | None:
        """The estimate with the digits it supports."""
        return None if self.estimate is None else written(self.estimate)


@dataclass(frozen=True)
class Row:
    """One row and the keys of the runs behind it."""

    cells: tuple[Cell, ...]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """A line below the table; ``mark`` is the sign that points at it, or nothing."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table. ``groups`` are rows that belong together (one dataset each); ``provenance`` are
    lines on how its numbers were measured."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    groups: tuple[tuple[Row, ...], ...]
    notes: tuple[Note, ...] = ()
    provenance: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in order."""
        return tuple(row for group in self.groups for row in group)


def marks_in_words(*cells: Cell) -> str:
    """Return what the marks of cells say: ``stale, inside the null``; empty where they have
    none."""
    signs = dict.fromkeys(sign for cell in cells for sign in cell.marks)
    return ", ".join(SIGNS[sign] for sign in signs if sign in SIGNS)


def spans(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Return the headings above the titles with the number of columns each covers, from left to
    right; none where no column has one.

    >>> on_mnist = [Column(name, (name,), over="MNIST") for name in "ab"]
    >>> spans([Column("Method", ("m",)), *on_mnist])
    [('', 1), ('MNIST', 2)]
    """
    headings = [
        (over, len(list(group))) for over, group in groupby(column.over for column in columns)
    ]
    return headings if any(over for over, _ in headings) else []


def clip(text: str, limit: int = 64) -> str:
    """Return ``text`` on one line without control characters, its middle left out where it is
    longer than ``limit``.

    >>> clip("a\\nb"), clip("x" * 30 + "end", 20)
    ('a b', 'xxxxxxxxxxxxx…xxxend')
    """
    line = " ".join(
        "".join(character if character.isprintable() else " " for character in text).split()
    )
    return line if len(line) <= limit else f"{line[: limit - 7]}…{line[-6:]}"

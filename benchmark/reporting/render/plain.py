"""Plain text: aligned columns for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from benchmark.reporting.tables.document import Cell, Column, Table, clip

__all__ = ["render"]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_WIDTH = 100
"""Columns after which notes are broken."""

_BEST = "*"
"""Stands before what other formats set bold."""


def render(table: Table) -> str:
    """Return ``table`` as a caption, rows whose columns stand below each other, an empty line
    between groups, and one line per note."""
    heads = [_title(column) for column in table.columns]
    groups = [[[_cell(cell) for cell in row.cells] for row in group] for group in table.groups]
    lines = [heads, *(row for group in groups for row in group)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    aligned = [_line(heads, table.columns, widths)]
    for group in groups:
        aligned += ["", *(_line(row, table.columns, widths) for row in group)]
    notes = [
        textwrap.fill(
            f"{note.mark} {clip(note.text, 2000)}".strip(), _WIDTH, subsequent_indent="  "
        )
        for note in table.notes
    ]
    texts = [clip(table.caption, 2000), "", *aligned, *([""] if notes else []), *notes]
    return "\n".join(texts) + "\n"


def _line(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        text.rjust(width) if column.align == "right" else text.ljust(width)
        for text, column, width in zip(texts, columns, widths, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _title(column: Column) -> str:
    over = f"{clip(column.over)}: " if column.over else ""
    return over + clip(column.title) + {"min": " ↓", "max": " ↑", "none": ""}[column.direction]


def _cell(cell: Cell) -> str:
    number = cell.number
    if number is None:
        text = cell.shown
    else:
        text = (
            number.value if number.half_width is None else f"{number.value} ± {number.half_width}"
        )
        if number.exponent:
            power = str(number.exponent).translate(_SUPERSCRIPT)
            text = f"({text}) × 10{power}" if number.half_width else f"{text} × 10{power}"
    note = f" ({clip(cell.note)})" if cell.note else ""
    return (_BEST if cell.best else "") + text + "".join(cell.marks) + note

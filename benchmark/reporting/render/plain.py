"""Plain text: aligned columns for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from benchmark.reporting.render.cell_writer import ARROWS, Writer
from benchmark.reporting.tables.document import Cell, Column, Table, clip

__all__ = ["render"]

_WIDTH = 100
"""Columns after which notes are broken."""


class _Plain(Writer):
    """A star stands before what other formats set bold."""

    first = ("*", "")

    def escape(self, text: str) -> str:
        return text

    def value(self, text: str, *, best: bool) -> str:
        return text

    def number(self, cell: Cell) -> str:
        return ("*" if cell.best else "") + super().number(cell)


_PLAIN = _Plain()


def render(table: Table) -> str:
    """Return ``table`` as a caption, rows whose columns stand below each other, an empty line
    between groups, and one line per note."""
    heads = [_title(column) for column in table.columns]
    groups = [
        [[_PLAIN.cell(cell) for cell in row.cells] for row in group] for group in table.groups
    ]
    lines = [heads, *(row for group in groups for row in group)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [_line(heads, table.columns, widths)]
    for group in groups:
        aligned += ["", *(_line(row, table.columns, widths) for row in group)]
    notes = [
        textwrap.fill(
            f"{note.mark} {clip(note.text, 2000)}".strip(), _WIDTH, subsequent_indent="  "
        )
        for note in table.notes
    ]
    texts = [clip(table.caption, 2000), "", *aligned]
    if notes:
        texts += ["", *notes]
    return "\n".join(texts) + "\n"


def _line(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = [
        text.rjust(width) if column.align == "right" else text.ljust(width)
        for text, column, width in zip(texts, columns, widths, strict=True)
    ]
    return "  ".join(parts).rstrip()


def _title(column: Column) -> str:
    over = f"{clip(column.over)}: " if column.over else ""
    return over + clip(column.title) + ARROWS[column.direction]

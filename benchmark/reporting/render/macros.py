r"""LaTeX macros for the numbers of a table, so that a text quotes what the records say:
``\benchSummaryDigitsLOneSixVaeMSE``."""

from __future__ import annotations

import re
from collections import Counter

from benchmark.reporting.render.latex import comment, escape, number
from benchmark.reporting.tables.document import Cell, Column, Row, Table, marks_in_words

__all__ = ["name_of", "render"]

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")

_NAMING = ("dataset", "latent_dim", "budget", "method")
"""Columns that name a row, by their raw names."""


def _letters(text: str) -> str:
    """Return ``text`` as letters alone, digits by name, each word with a capital: what a control
    sequence may consist of."""
    starred = text.replace("*", " star ")
    spelled = re.sub(r"\d", lambda digit: f" {_DIGITS[int(digit[0])]} ", starred)
    return "".join(word[:1].upper() + word[1:] for word in re.findall("[A-Za-z]+", spelled))


def name_of(table: Table, row: Row, column: Column) -> str:
    r"""Return the name of a number's macro, without the backslash: table, what names the row,
    headings of the column."""
    heads = [
        f"L {cell.text}" if head.title == "L" else cell.text
        for cell, head in zip(row.cells, table.columns, strict=True)
        if head.raw[0] in _NAMING
    ]
    return "bench" + "".join(map(_letters, (table.name, *heads, column.over, column.title)))


def _value(cell: Cell) -> str:
    return rf"\ensuremath{{{number(cell)}}}" if cell.estimate is not None else escape(cell.clipped)


def render(table: Table) -> str:
    """Return one ``\\newcommand`` per number, the runs behind each row, the protocol and the marks
    of numbers in comments; names that would clash are numbered."""
    lines = [
        comment(line)
        for line in (f"Numbers of the table {table.name}; {table.caption}", *table.provenance)
    ]
    seen: Counter[str] = Counter()
    for row in table.rows:
        lines.append(comment(f"runs: {' '.join(row.keys) or 'none'}"))
        pairs = list(zip(row.cells, table.columns, strict=True))
        heads = [cell for cell, column in pairs if column.metric is None]
        for cell, column in pairs:
            if column.metric is not None:
                name = name_of(table, row, column)
                seen[name] += 1
                again = f"Again{_letters(str(seen[name]))}" if seen[name] > 1 else ""
                words = marks_in_words(*heads, cell)
                marks = f" {comment(words)}" if words else ""
                lines.append(rf"\newcommand{{\{name}{again}}}{{{_value(cell)}}}{marks}")
    return "\n".join(lines) + "\n"

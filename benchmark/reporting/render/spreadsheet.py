"""CSV: raw numbers at full precision, one row per cell, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io

from benchmark.reporting.tables.document import Row, Table, marks_in_words

__all__ = ["guard", "render"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_UNSEEN = "\N{REPLACEMENT CHARACTER}"


def guard(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula, no terminal for commands, and
    every file can hold it.

    An apostrophe stands before what would begin a formula; characters that cannot be seen, but line
    ends and tabs, become U+FFFD.

    >>> guard("=1+1"), guard("vae"), guard("a\\x1b[31m")
    ("'=1+1", 'vae', 'a�[31m')
    """
    seen = "".join(
        character if character.isprintable() or character in "\n\t" else _UNSEEN
        for character in text
    )
    begins = seen.startswith(_FORMULA) or seen.lstrip(f"{_UNSEEN} \n\t").startswith(_FORMULA)
    return f"'{seen}" if begins else seen


def _field(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return guard(value) if isinstance(value, str) else repr(value)


def render(table: Table) -> str:
    """Return ``table`` as comma-separated values with a header; the last fields hold the marks of
    the row in words, by column, and its run keys. Notes are left out."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [guard(name) for column in table.columns for name in column.raw]
    writer.writerow([*names, "marks", "runs"])
    for row in table.rows:
        values = [_field(value) for cell in row.cells for value in cell.raw]
        writer.writerow([*values, guard(_marks(table, row)), " ".join(row.keys)])
    return buffer.getvalue()


def _marks(table: Table, row: Row) -> str:
    """The marks of a row: ``lstar: stale, inside the null; active-units: remark``."""
    marked = zip(table.columns, row.cells, strict=True)
    words = ((column.raw[0], marks_in_words(cell)) for column, cell in marked)
    return "; ".join(f"{name}: {text}" for name, text in words if text)

"""CSV: raw numbers at full precision, one row per cell, for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io

from benchmark.reporting.document import Table

__all__ = ["guard", "render"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guard(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula: an apostrophe stands before what would begin one.

    >>> guard("=1+1"), guard("vae")
    ("'=1+1", 'vae')
    """
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def _field(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return guard(value) if isinstance(value, str) else repr(value)


def render(table: Table) -> str:
    """Return ``table`` as comma-separated values with a header; the last field holds the run keys of the row. Notes are left out."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(guard(name) for column in table.columns for name in column.raw), "runs"])
    for row in table.rows:
        writer.writerow([*(_field(value) for cell in row.cells for value in cell.raw), " ".join(row.keys)])
    return buffer.getvalue()

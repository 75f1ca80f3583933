"""What ``bench run --all`` ends with: the first lines of the table, and what to type next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

__all__ = ["NEXT", "answer_text", "first_lines"]

NEXT = "next: bench table    bench figure lstar    bench report"

LEFT_OUT = ("Dataset", "n (est.)", "Seeds")
"""Columns of the table that the first lines leave out, so that they fit a terminal."""


def first_lines(results: Path, dataset: str) -> None:
    """Print the answer of ``dataset`` and the next commands, or why there is no table."""
    from benchmark.spec import BenchError

    try:
        click.echo(f"\n{answer_text(results, dataset)}\n{NEXT}")
    except BenchError as error:
        click.echo(f"no table: {error}", err=True)


def answer_text(results: Path, dataset: str) -> str:
    """Return what each method found on ``dataset``: one aligned row per method, and what the marks
    mean. :class:`BenchError` where there is no finished run of it."""
    from benchmark.controls import References
    from benchmark.names import metric_of
    from benchmark.records import load_records
    from benchmark.reporting import named_tables
    from benchmark.reporting.catalogue.tables import ANSWER
    from benchmark.reporting.cells.selection import Filters, select
    from benchmark.reporting.render import plain

    records = select(load_records(results), Filters(datasets=[dataset]), str(results))
    measured = {metric_of(name) for record in records for name in record.measurements}
    asked = [metric for metric in ANSWER if metric in measured]
    table = named_tables.build("summary", records, asked, references=References(results))
    kept = [index for index, column in enumerate(table.columns) if column.title not in LEFT_OUT]
    rows = tuple(
        replace(row, cells=tuple(row.cells[index] for index in kept)) for row in table.rows
    )
    columns = tuple(table.columns[index] for index in kept)
    notes = tuple(note for note in table.notes if note.mark)
    return plain.render(
        replace(table, caption=dataset, columns=columns, groups=(rows,), notes=notes)
    )

"""What ``bench run --all`` ends with: the first lines of the table, and what to type next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

__all__ = ["ANSWER", "first_lines"]

ANSWER = ("lstar", "gap", "mse", "fd-raw", "active-units")
"""The metrics of the first table anyone sees."""

LEFT_OUT = ("Dataset", "n (est.)", "Seeds")
"""Columns of the table that the first lines leave out, so that they fit a terminal."""


def first_lines(results: Path, dataset: str) -> None:
    """Print the rows of ``dataset``, aligned, with the meaning of their marks, and the next
    commands."""
    from benchmark.records import load_records
    from benchmark.references import References
    from benchmark.reporting import tables
    from benchmark.reporting.render import plain
    from benchmark.reporting.selection import Filters, select
    from benchmark.spec import BenchError

    try:
        records = select(load_records(results), Filters(datasets=[dataset]), str(results))
        measured = {name.partition("[")[0] for record in records for name in record.measurements}
        asked = [metric for metric in ANSWER if metric in measured]
        table = tables.build("summary", records, asked, references=References(results))
    except BenchError as error:
        click.echo(f"no table: {error}", err=True)
        return
    kept = [place for place, column in enumerate(table.columns) if column.title not in LEFT_OUT]
    rows = tuple(
        replace(row, cells=tuple(row.cells[place] for place in kept)) for row in table.rows
    )
    columns = tuple(table.columns[place] for place in kept)
    notes = tuple(note for note in table.notes if note.mark)
    first = replace(table, caption=dataset, columns=columns, groups=(rows,), notes=notes)
    click.echo(f"\n{plain.render(first)}", nl=False)
    click.echo("\nnext: bench table    bench figure lstar    bench report")

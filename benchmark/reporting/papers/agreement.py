"""The published value beside ours, and whether the two agree."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from benchmark.names import base_name
from benchmark.reporting.cells.readings import READ_AS, twin
from benchmark.reporting.papers.printed import Printed, published
from benchmark.reporting.statistics.estimate import Estimate
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table
from benchmark.spec import Record

__all__ = ["PAPER_NOTE", "agreement", "beside", "beside_paper", "extended", "other_budget"]

PAPER_NOTE = Note(
    "In brackets: the published value (? where it is doubtful), and whether our 95% interval holds "
    "it (agrees) or lies below or above it; one seed, or seeds without spread, cannot tell. "
    "Counts: whether it lies between our smallest and largest, where one more seed would not in "
    "2 of n + 1 cases. Runs of another budget than the paper's schedule are not compared. Most "
    "sources print single runs, and none states how FID was measured."
)


def agreement(ours: Estimate, value: float) -> str:
    """Return whether a published value lies in our interval: ``agrees``, ``ours lower``, ``ours
    higher``; ``cannot tell`` of one seed, or of seeds whose interval has no width. Of counts, where
    it lies: ``within our range``, ``below our range``, ``above our range``.

    >>> agreement(Estimate(1.0, 0.2, 3), 1.1), agreement(Estimate(1.0, 0.2, 3), 2.0)
    ('agrees', 'ours lower')
    >>> agreement(Estimate(1.0, None, 1), 2.0)
    'cannot tell'
    """
    if ours.n > 1 and ours.extremes is not None:
        low, high = ours.extremes
        if value < low:
            return "below our range"
        return "above our range" if value > high else "within our range"
    if not ours.half_width:
        return "cannot tell"
    if ours.low <= value <= ours.high:
        return "agrees"
    return "ours lower" if ours.mean < value else "ours higher"


def other_budget(spec: Mapping[str, Any]) -> str:
    """Return ``another budget`` where a run was trained by another schedule than its paper's;
    empty where it was not, and of closed forms, which are not trained.

    >>> other_budget({"budget": "short", "steps": 4680})
    'another budget'
    >>> other_budget({"budget": "quick", "steps": 0})
    ''
    """
    return "another budget" if spec["steps"] and spec["budget"] != "paper" else ""


def beside(cell: Cell, figure: Printed | None, *, other: str = "") -> Cell:
    """Return ``cell`` with a published figure in brackets and two more raw values: the figure and
    the verdict.

    ``other`` says what makes the two something else (``another metric``, ``another rule``,
    ``another budget``): they are shown then, and not compared.
    """
    if figure is None:
        return replace(cell, raw=(*cell.raw, None, None))
    absent, verdict = math.isnan(figure.value), "not measured"
    if cell.estimate is not None:
        verdict = "no number" if absent else other or agreement(cell.estimate, figure.value)
    number = figure.text if absent else f"{figure.value:g}"
    text = f"paper {number}{'?' if figure.suspect else ''}"
    if cell.estimate is not None:
        text += f": {verdict}"
    return replace(
        cell,
        note="; ".join(filter(None, (cell.note, text))),
        raw=(*cell.raw, None if absent else figure.value, verdict),
    )


def extended(column: Column) -> Column:
    """Return the column with the raw names of published values and verdicts."""
    return replace(column, raw=(*column.raw, f"{column.raw[0]} paper", f"{column.raw[0]} verdict"))


def _figures() -> Mapping[tuple[str, str, int, str], Printed]:
    """The first published figure of each method, dataset, latent size and metric."""
    first: dict[tuple[str, str, int, str], Printed] = {}
    for figure in published():
        if figure.latent_dim is not None and figure.origin != "pca_reference":
            first.setdefault(
                (figure.method, figure.dataset, figure.latent_dim, figure.metric), figure
            )
    return first


def beside_paper(table: Table, records: Iterable[Record]) -> Table:
    """Return a table of one row per cell (``summary``), made of ``records``, with published values
    beside ours, wherever method, dataset and latent size were printed."""
    names = {
        column.raw[0]: column_index
        for column_index, column in enumerate(table.columns)
        if column.metric is None
    }
    if not {"dataset", "latent_dim", "method"} <= set(names):
        return table
    figures = _figures()
    budgets = {record.key: other_budget(record.spec) for record in records}
    by_column: dict[int, dict[int, tuple[Printed, str]]] = defaultdict(dict)
    for row_index, row in enumerate(table.rows):
        dataset, size, method = (
            row.cells[names[name]].raw[0] for name in ("dataset", "latent_dim", "method")
        )
        for column_index, column in enumerate(table.columns):
            where = (
                base_name(str(dataset)),
                size if isinstance(size, int) else 0,
                column.metric or "",
            )
            figure = figures.get((str(method), *where)) or figures.get((twin(str(method)), *where))
            if figure is not None:
                by_column[column_index][row_index] = (
                    figure,
                    "another rule"
                    if (base_name(str(method)), column.metric) in READ_AS
                    else next((budgets[key] for key in row.keys), ""),
                )
    return _with(table, by_column)


def _with(table: Table, by_column: Mapping[int, Mapping[int, tuple[Printed, str]]]) -> Table:
    """Return ``table`` with the figures of ``by_column``: column -> row -> figure, and what makes
    it something else; other columns stay as they are."""
    row_index = -1
    groups: list[tuple[Row, ...]] = []
    for group in table.groups:
        rows = []
        for row in group:
            row_index += 1
            cells = list(row.cells)
            for column_index, by_row in by_column.items():
                figure, other = by_row.get(row_index, (None, ""))
                cells[column_index] = beside(cells[column_index], figure, other=other)
            rows.append(replace(row, cells=tuple(cells)))
        groups.append(tuple(rows))
    columns = tuple(
        extended(column) if column_index in by_column else column
        for column_index, column in enumerate(table.columns)
    )
    sources = sorted({figure.where for rows in by_column.values() for figure, _ in rows.values()})
    notes = [Note("No published value belongs here.")]
    if by_column:
        notes = [PAPER_NOTE, Note(f"Published values: {'; '.join(sources)}.")]
    return replace(table, columns=columns, groups=tuple(groups), notes=(*table.notes, *notes))

"""The published value beside ours, and whether the two agree."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmark.names import base_name
from benchmark.reporting.cells.readings import READ_AS, twin
from benchmark.reporting.papers.printed import Printed, published
from benchmark.reporting.statistics.estimate import Estimate
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table

__all__ = ["PAPER_NOTE", "agreement", "beside", "beside_paper", "extended"]

PAPER_NOTE = Note(
    "In brackets: the published value (? where it is doubtful), and whether our 95% interval holds "
    "it (agrees) or lies below or above it; one seed, "
    "or seeds without spread, cannot tell. Counts: whether it lies between our smallest and "
    "largest, where one more seed would not in 2 of n + 1 "
    "cases. Most sources print single runs, and none states how FID was measured."
)


def agreement(found: Estimate, value: float) -> str:
    """Return whether a published value lies in our interval: ``agrees``, ``ours lower``, ``ours
    higher``; ``cannot tell`` of one seed, or of seeds whose interval has no width. Of counts, where
    it lies: ``within our range``, ``below our range``, ``above our range``.

    >>> agreement(Estimate(1.0, 0.2, 3), 1.1), agreement(Estimate(1.0, 0.2, 3), 2.0), agreement(Estimate(1.0, None, 1), 2.0)
    ('agrees', 'ours lower', 'cannot tell')
    """
    if found.n > 1 and found.extremes is not None:
        low, high = found.extremes
        side = "below" if value < low else "above" if value > high else "within"
        return f"{side} our range"
    if not found.half_width:
        return "cannot tell"
    if found.low <= value <= found.high:
        return "agrees"
    return "ours lower" if found.mean < value else "ours higher"


def beside(cell: Cell, figure: Printed | None, *, other: str = "") -> Cell:
    """Return ``cell`` with a published figure in brackets and two more raw values: the figure and
    the verdict.

    ``other`` says what makes the two something else (``another metric``, ``another rule``): they
    are shown then, and not compared.
    """
    if figure is None:
        return replace(cell, raw=(*cell.raw, None, None))
    absent, verdict = math.isnan(figure.value), "not measured"
    if cell.estimate is not None:
        verdict = "no number" if absent else other or agreement(cell.estimate, figure.value)
    number = figure.text if absent else f"{figure.value:g}"
    text = f"paper {number}{'?' if figure.suspect else ''}" + (
        f": {verdict}" if cell.estimate is not None else ""
    )
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
    found: dict[tuple[str, str, int, str], Printed] = {}
    for each in published():
        if each.latent_dim is not None and each.origin != "pca_reference":
            found.setdefault((each.method, each.dataset, each.latent_dim, each.metric), each)
    return found


def beside_paper(table: Table) -> Table:
    """Return a table of one row per cell (``summary``) with published values beside ours, wherever
    method, dataset and latent size were printed."""
    names = {
        column.raw[0]: place for place, column in enumerate(table.columns) if column.metric is None
    }
    if not {"dataset", "latent_dim", "method"} <= set(names):
        return table
    known = _figures()
    found: dict[int, dict[int, tuple[Printed, str]]] = defaultdict(dict)
    for index, row in enumerate(table.rows):
        dataset, size, method = (
            row.cells[names[name]].raw[0] for name in ("dataset", "latent_dim", "method")
        )
        for place, column in enumerate(table.columns):
            where = (
                base_name(str(dataset)),
                size if isinstance(size, int) else 0,
                column.metric or "",
            )
            figure = known.get((str(method), *where)) or known.get((twin(str(method)), *where))
            if figure is not None:
                found[place][index] = (
                    figure,
                    "another rule" if (base_name(str(method)), column.metric) in READ_AS else "",
                )
    return _with(table, found)


def _with(table: Table, found: Mapping[int, Mapping[int, tuple[Printed, str]]]) -> Table:
    """``found`` maps columns to rows to figures and what makes them something else; other columns
    stay as they are."""
    index = -1
    groups: list[tuple[Row, ...]] = []
    for group in table.groups:
        rows = []
        for row in group:
            index += 1
            known = [
                found[place].get(index, (None, "")) if place in found else None
                for place in range(len(row.cells))
            ]
            cells = [
                cell if one is None else beside(cell, one[0], other=one[1])
                for cell, one in zip(row.cells, known, strict=True)
            ]
            rows.append(replace(row, cells=tuple(cells)))
        groups.append(tuple(rows))
    columns = tuple(
        extended(column) if place in found else column for place, column in enumerate(table.columns)
    )
    sources = sorted({figure.where for rows in found.values() for figure, _ in rows.values()})
    notes: Sequence[Note] = (
        (PAPER_NOTE, Note(f"Published values: {'; '.join(sources)}."))
        if found
        else (Note("No published value belongs here."),)
    )
    return replace(table, columns=columns, groups=tuple(groups), notes=(*table.notes, *notes))

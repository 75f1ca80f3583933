"""The published tables as their sources print them, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from benchmark.reporting.cells.titles import direction
from benchmark.reporting.papers.layouts import Layout, layout
from benchmark.reporting.papers.printed import Printed, file_of
from benchmark.reporting.tables.document import Cell, Note, Row, Table
from benchmark.reporting.tables.notes import NO_SELECTION

__all__ = ["DOUBT", "places", "printed_table"]

DOUBT = "?"
"""The mark of a published figure that its transcription doubts."""


def places(figures: Iterable[Printed | None], metric: str) -> list[int]:
    """Return the place of each figure of a column, 1 for the best; equal figures share a place, and
    where there is no figure stands 0.

    The places are those of the printed numbers; the transcriptions hold no type face.
    """
    sign = -1.0 if direction(metric) == "max" else 1.0
    values = [
        None if figure is None or math.isnan(figure.value) else sign * figure.value
        for figure in figures
    ]
    return [
        0 if value is None else 1 + sum(other is not None and other < value for other in values)
        for value in values
    ]


def printed_table(name: str) -> Table:
    """Return a published table as it is printed, number by number, its first, second and third
    marked where the source marks them."""
    shape = layout(name)
    grid, lines, slots = shape.grid(), shape.lines(), shape.slots()
    ranked = {
        slot: places([grid.get((line, slot)) for line in lines], slot[2])
        for slot in slots
        if slot[2] in shape.marked
    }
    rows = []
    for index, line in enumerate(lines):
        heads = [Cell(text, raw=(text,)) for text in line]
        cells = [
            _printed(grid.get((line, slot)), ranked[slot][index] if slot in ranked else 0)
            for slot in slots
        ]
        rows.append(
            Row(
                (*heads, *cells),
                tuple(
                    dict.fromkeys(figure.where for (row, _), figure in grid.items() if row == line)
                ),
            )
        )
    return Table(
        shape.name,
        f"{shape.caption} As printed.",
        shape.columns(),
        (tuple(rows),),
        tuple(_notes(shape)),
        _provenance(shape),
    )


def _printed(figure: Printed | None, standing: int) -> Cell:
    if figure is None:
        return Cell("–", raw=(None, None, 0, None))
    marks = []
    if figure.metric == "lstar" and figure.by_definition:
        marks.append(NO_SELECTION)
    if figure.suspect:
        marks.append(DOUBT)
    second_or_third: Mapping[int, Literal[2, 3]] = {2: 2, 3: 3}
    return Cell(
        figure.text,
        raw=(None if math.isnan(figure.value) else figure.value, None, 1, figure.text),
        marks=tuple(marks),
        best=standing == 1,
        rank=second_or_third.get(standing, 0),
    )


_REMARKS: Mapping[str, str] = {
    "ren_table2": "MSE is headed 10e-2 and read as 1e-2.",
    "mivae_accuracy": "Accuracy in percent.",
}
"""What must be said of a table beside its numbers, by the file of its figures."""


def _notes(shape: Layout) -> Iterator[Note]:
    figures = shape.figures
    if any(figure.note.startswith("sd ") for figure in figures):
        yield Note("Means of five runs; standard deviations stand in the file of the figures.")
    else:
        yield Note("Single runs without error bars, as the source prints them.")
    if shape.marked:
        yield Note(
            "Bold, underlined, italic: first, second and third of a column, by the printed numbers."
        )
    if shape.origin in _REMARKS:
        yield Note(_REMARKS[shape.origin])
    if any(figure.inferred for figure in figures):
        yield Note("The source's row labels are lost; datasets are inferred from their order.")
    if any(figure.by_definition for figure in figures):
        yield Note("by definition, not found.", NO_SELECTION)
    if any(figure.suspect for figure in figures):
        yield Note("doubtful: see the file of the figures.", DOUBT)


def _provenance(shape: Layout) -> tuple[str, ...]:
    figures = shape.figures
    doubts = [
        f"{figure.spelling}, {figure.data}, L = {figure.latent_dim}, {figure.text}: {figure.note}"
        for figure in figures
        if figure.suspect
    ]
    return (
        *dict.fromkeys(figure.where for figure in figures),
        file_of(shape.origin),
        *doubts,
    )

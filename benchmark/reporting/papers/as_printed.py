"""The published tables as their sources print them, number by number."""

from __future__ import annotations

import math
from collections.abc import Iterable
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
        None if each is None or math.isnan(each.value) else sign * each.value for each in figures
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
                tuple(dict.fromkeys(each.where for (row, _), each in grid.items() if row == line)),
            )
        )
    return Table(
        shape.name,
        f"{shape.caption} As printed.",
        shape.columns(),
        (tuple(rows),),
        _notes(shape),
        _provenance(shape),
    )


def _printed(figure: Printed | None, place: int) -> Cell:
    if figure is None:
        return Cell("–", raw=(None, None, 0, None))
    by_definition = figure.metric == "lstar" and figure.by_definition
    marks = (*((NO_SELECTION,) if by_definition else ()), *((DOUBT,) if figure.suspect else ()))
    second_or_third: Literal[0, 2, 3] = 2 if place == 2 else 3 if place == 3 else 0
    return Cell(
        figure.text,
        raw=(None if math.isnan(figure.value) else figure.value, None, 1, figure.text),
        marks=marks,
        best=place == 1,
        place=second_or_third,
    )


def _notes(shape: Layout) -> tuple[Note, ...]:
    figures = shape.figures
    repeated = any(each.note.startswith("sd ") for each in figures)
    texts = [
        "Means of five runs; standard deviations stand in the file of the figures."
        if repeated
        else "Single runs without error bars, as the source prints them."
    ]
    texts += (
        ["Bold, underlined, italic: first, second and third of a column, by the printed numbers."]
        if shape.marked
        else []
    )
    texts += ["MSE is headed 10e-2 and read as 1e-2."] if shape.origin == "ren_table2" else []
    texts += ["Accuracy in percent."] if shape.origin == "mivae_accuracy" else []
    texts += (
        ["The source's row labels are lost; datasets are inferred from their order."]
        if any(each.inferred for each in figures)
        else []
    )
    found = [Note(text) for text in texts]
    found += (
        [Note("by definition, not found.", NO_SELECTION)]
        if any(each.by_definition for each in figures)
        else []
    )
    return (
        *found,
        *(
            [Note("doubtful: see the file of the figures.", DOUBT)]
            if any(each.suspect for each in figures)
            else []
        ),
    )


def _provenance(shape: Layout) -> tuple[str, ...]:
    figures = shape.figures
    doubts = [
        f"{each.spelling}, {each.data}, L = {each.latent_dim}, {each.text}: {each.note}"
        for each in figures
        if each.suspect
    ]
    return (
        *dict.fromkeys(each.where for each in figures),
        file_of(shape.origin),
        *doubts,
    )

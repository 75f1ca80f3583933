"""A table document as the report's pages show it: cells with what they are sorted by, columns that
can be filtered, links to the runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchmark.controls import References
from benchmark.names import labels, metric_of, rank
from benchmark.planning.suites import suites
from benchmark.reporting import named_tables
from benchmark.reporting.catalogue.tables import ANSWER, TABLES
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.papers.filling import printed_lines
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.render import html
from benchmark.reporting.tables.document import Cell, Column, Row, Table, clip
from benchmark.spec import BenchError, Record

__all__ = [
    "TableView",
    "ViewCell",
    "ViewColumn",
    "ViewRow",
    "answer",
    "choices",
    "document_view",
    "filled_tables",
    "heading",
]

_FEW = 40
"""Different texts of a column up to which it can be filtered by one of them."""


@dataclass(frozen=True)
class ViewColumn:
    """A column: its heading, whether it holds numbers, names the row or holds prose, and the texts
    it can be filtered by."""

    heading: Markup
    number: bool = False
    names_row: bool = False
    wide: bool = False
    choices: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class ViewCell:
    """What stands in a cell, and what it is sorted by: a number, a text, or None for nothing, which
    always comes last."""

    content: Markup
    sort: str | float | None = None


@dataclass(frozen=True)
class ViewRow:
    """A row of cells; ``state`` is a class of the page's style."""

    cells: tuple[ViewCell, ...]
    state: str = ""


@dataclass(frozen=True)
class TableView:
    """A table for the page: ``files`` are the same table in other formats, as (name, address)."""

    name: str
    title: str
    caption: str
    columns: tuple[ViewColumn, ...]
    groups: tuple[tuple[ViewRow, ...], ...]
    notes: tuple[Markup, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.groups))


def heading(name: str) -> str:
    """Return the heading of a table or figure; tables of papers are called what one types to get
    them."""
    if name in LAYOUTS:
        return name
    return name.replace("-", " ").capitalize().replace("Lstar", "L*")


def filled_tables(
    records: Sequence[Record], references: References | None = None
) -> tuple[list[Table], list[tuple[str, str]]]:
    """Return every table of the catalogue that can be made of ``records``, and the names of the
    others with the reason: of layouts, those that show no line of their source."""
    tables, refused = [], []
    for name in TABLES:
        try:
            table = named_tables.build(name, records, references=references)
        except BenchError as error:
            refused.append((name, str(error)))
            continue
        rows = table.rows[: len(printed_lines(LAYOUTS[name]))] if name in LAYOUTS else table.rows
        if any(row.keys for row in rows) or (rows and name not in LAYOUTS):
            tables.append(table)
        else:
            refused.append((name, _unfilled(name)))
    return tables, refused


def _unfilled(name: str) -> str:
    """Return why a table shows nothing, in one line, with the suite that would fill it: one of a
    source before one of ours."""
    feeding = sorted(
        (suite for suite in suites() if name in suite.tables),
        key=lambda suite: (suite.source.startswith("ours"), suite.tables.index(name)),
    )
    if name in LAYOUTS and feeding:
        return f"nothing of it was run; `bench run --suite {feeding[0].name}` does"
    return "no run of these has anything to show in it"


def answer(records: Sequence[Record], references: References | None = None) -> list[Table]:
    """Return a table per dataset of known dimension: what each method found, beside the truth and
    the null, and at what error."""
    by_dataset: dict[str, list[Record]] = {}
    for record in records:
        if intrinsic_dim(labels(record.spec)[1]) is not None:
            by_dataset.setdefault(record.spec["dataset"], []).append(record)
    tables_of: list[Table] = []
    for runs in (
        by_dataset[name] for name in sorted(by_dataset, key=lambda name: rank("datasets", name))
    ):
        measured = {metric_of(metric) for record in runs for metric in record.measurements}
        asked = [metric for metric in ANSWER if metric in measured]
        if "lstar" in asked:
            tables_of.append(named_tables.build("summary", runs, asked, references=references))
    return tables_of


def document_view(
    table: Table, seeds: Mapping[str, int], files: Sequence[tuple[str, str]]
) -> TableView:
    """Return ``table`` with a last column that links to the runs of each row, by their
    ``seeds``."""
    columns = [
        _column(column, [row.cells[index] for row in table.rows])
        for index, column in enumerate(table.columns)
    ]
    groups = tuple(tuple(_row(row, seeds) for row in group) for group in table.groups)
    notes = tuple(
        Markup("{}{}").format(Markup(html.mark(note.mark)), note.text) for note in table.notes
    )
    runs = ViewColumn(Markup("Runs"), label="Runs")
    return TableView(
        table.name,
        heading(table.name),
        table.caption,
        (*columns, runs),
        groups,
        notes,
        tuple(files),
    )


def _column(column: Column, cells: Sequence[Cell]) -> ViewColumn:
    words: tuple[str, ...] = ()
    if column.align == "left" and not column.wide and column.title != "Null":
        words = choices(text for text in map(_sort, cells) if isinstance(text, str))
    over = Markup("<small>{}</small> ").format(clip(column.over)) if column.over else Markup()
    number = column.align == "right"
    return ViewColumn(
        over + Markup(html.heading(column)),
        number,
        column.title in ("Method", "Claim"),
        column.wide,
        words,
        f"{column.over} {column.title}".strip(),
    )


def choices(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the different texts in the order they come, none where there is no choice, or too much
    of it."""
    different = tuple(dict.fromkeys(texts))
    return different if 1 < len(different) <= _FEW else ()


def _row(row: Row, seeds: Mapping[str, int]) -> ViewRow:
    links = Markup(" ").join(
        Markup('<a href="runs/{0}.html" title="{0}">seed {1}</a>').format(key, seeds[key])
        for key in row.keys
        if key in seeds
    )
    return ViewRow(
        (
            *(ViewCell(Markup(html.content(cell)), _sort(cell)) for cell in row.cells),
            ViewCell(links, len(row.keys) or None),
        )
    )


def _sort(cell: Cell) -> str | float | None:
    if cell.estimate is not None:
        return cell.estimate.mean if math.isfinite(cell.estimate.mean) else None
    value = cell.raw[0] if cell.raw else cell.text
    return None if isinstance(value, float) and not math.isfinite(value) else value

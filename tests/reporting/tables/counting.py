"""Runs with a count, the counts of untrained networks, and a cell as it reads."""

from __future__ import annotations

from collections.abc import Sequence

from reporting.making import record

from benchmark.controls import DimensionReference, InitialCounts
from benchmark.reporting.tables.document import Table
from benchmark.spec import Record


def counted(
    method: str, lstar: float, dataset: str = "latent-8", size: int = 16, **fields: object
) -> Record:
    return record(
        method, dataset, size, values={"mse": 1.0, "lstar": lstar, "lstar-90": lstar}, **fields
    )


def initial(run: Record, values: Sequence[int], absent: str = "") -> InitialCounts:
    return InitialCounts(run.spec, run.code, values, 512, 1.0, absent)


def cell(table: Table, title: str, method: str) -> tuple[str, tuple[str, ...]]:
    """Text and marks of the cell of ``method`` in the column ``title``."""
    titles = [column.title for column in table.columns]
    texts = [row.cells[titles.index("Method")].text for row in table.rows]
    row = table.rows[[text.partition("[")[0] for text in texts].index(method)]
    marked = row.cells[titles.index(title)]
    return marked.text, marked.marks


def reference(run: Record, **estimates: list[float]) -> DimensionReference:
    return DimensionReference(
        "latent-8", run.spec["data"], 2000, 2, estimates, {}, {"95": 18, "99": 35}, 50_000
    )

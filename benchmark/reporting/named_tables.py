"""Tables by name, from records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark import registry
from benchmark.controls import References
from benchmark.reporting.catalogue.entries import check
from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.papers.agreement import beside_paper
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.tables.document import Table
from benchmark.spec import Record

__all__ = ["build"]


def build(
    name: str,
    records: Iterable[Record],
    metrics: Sequence[str] = (),
    references: References | None = None,
    *,
    paper: bool = False,
) -> Table:
    """Return the table called ``name`` of ``records``, with the named metrics only (empty: all that
    were measured).

    ``references`` are those of the results folder; by default, those that come with the package.
    ``paper`` sets published values beside ours.
    """
    check("table", TABLES, name)
    target = TABLES[name].target
    if not target:
        return filled_table(name, records, metrics, references, paper=paper)
    records = list(records)
    table: Table = registry.load(target)(records, metrics, references or References())
    return beside_paper(table, records) if paper else table

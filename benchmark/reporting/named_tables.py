"""Tables by name: of each the function from records to a
:class:`~benchmark.reporting.tables.document.Table`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from benchmark.controls import References
from benchmark.reporting.catalogue import TABLES, check
from benchmark.reporting.papers.agreement import beside_paper
from benchmark.reporting.papers.filled import filled_table
from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.tables.dimensions import dimensions
from benchmark.reporting.tables.document import Table
from benchmark.reporting.tables.intrinsic import estimates
from benchmark.reporting.tables.summary import summary
from benchmark.spec import Record

__all__ = ["BUILDERS", "build"]


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
    if name in LAYOUTS:
        return filled_table(name, records, metrics, references, paper=paper)
    table = BUILDERS[name](records, metrics, references or References())
    return beside_paper(table) if paper else table


BUILDERS: Mapping[str, Callable[[Iterable[Record], Sequence[str], References], Table]] = {
    "summary": summary,
    "dimensions": partial(dimensions, summary),
    "references": estimates,
}

"""One protocol per metric: where a metric was measured in several ways, the commonest one, or an
error that says what to choose."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from benchmark.names import is_reference
from benchmark.options import parse_reference
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import title
from benchmark.spec import BenchError, Record

__all__ = ["measured_as", "one_protocol", "refuse_mixing"]


def one_protocol(records: Iterable[Record]) -> list[Record]:
    """Return ``records`` with one measurement of each metric: of several, the one whose id most
    runs of that dataset have.

    >>> one_protocol([])
    []
    """
    records = list(records)
    counts: Counter[tuple[str, str]] = Counter(
        (record.spec["data"], identifier)
        for record in records
        for identifier in record.measurements
    )
    return [_kept(record, counts) for record in records]


def _kept(record: Record, counts: Counter[tuple[str, str]]) -> Record:
    names: dict[str, list[str]] = defaultdict(list)
    for identifier in record.measurements:
        names[parse_reference(identifier)[0]].append(identifier)
    if all(len(identifiers) == 1 for identifiers in names.values()):
        return record
    chosen = {
        max(
            identifiers,
            key=lambda identifier: (counts[record.spec["data"], identifier], identifier),
        )
        for identifiers in names.values()
    }
    return replace(
        record,
        measurements={
            identifier: measurement
            for identifier, measurement in record.measurements.items()
            if identifier in chosen
        },
    )


def measured_as(cells: Iterable[Replicates]) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Return, by metric and dataset, the measurement ids of ``cells`` and the methods of each;
    references are left out."""
    methods_by_id: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for cell in cells:
        for metric, identifier in cell.ids.items():
            if not is_reference(metric):
                methods_by_id[metric, cell.dataset][identifier].append(cell.method)
    return methods_by_id


def refuse_mixing(cells: Iterable[Replicates], named: Iterable[str] = ()) -> None:
    """Raise :class:`BenchError` where cells of one dataset were measured by several protocols in
    one metric, unless all their ids were ``named``."""
    for (metric, dataset), ids in measured_as(cells).items():
        if len(ids) > 1 and not set(ids) <= set(named):
            protocols = "; ".join(
                f"{identifier} of {', '.join(dict.fromkeys(methods))}"
                for identifier, methods in ids.items()
            )
            raise BenchError(
                f"{title(metric)} on {dataset} was measured by {len(ids)} protocols, "
                f"which are not comparable: {protocols}. Choose one with "
                f"--metrics '{next(iter(ids))}', measure the rest alike with `bench evaluate`, "
                "or name all of them to `bench table summary`"
            )

"""One protocol per metric: where a metric was measured in several ways, the commonest one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from benchmark.options import parse_reference
from benchmark.spec import Record

__all__ = ["one_protocol"]


def one_protocol(records: Iterable[Record]) -> list[Record]:
    """Return ``records`` with one measurement of each metric: of several, the one whose id most runs of that dataset have.

    >>> one_protocol([])
    []
    """
    records = list(records)
    counts: Counter[tuple[str, str]] = Counter((record.spec["data"], identifier) for record in records for identifier in record.measurements)
    return [_kept(record, counts) for record in records]


def _kept(record: Record, counts: Counter[tuple[str, str]]) -> Record:
    names: dict[str, list[str]] = defaultdict(list)
    for identifier in record.measurements:
        names[parse_reference(identifier)[0]].append(identifier)
    if all(len(found) == 1 for found in names.values()):
        return record
    chosen = {max(found, key=lambda each: (counts[record.spec["data"], each], each)) for found in names.values()}
    return replace(record, measurements={identifier: found for identifier, found in record.measurements.items() if identifier in chosen})

"""The table ``dimensions``: what each method makes of its latent space, by the readings that its
rule leaves open, beside truth and chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchmark.controls import References
from benchmark.names import labels
from benchmark.reporting.cells.readings import readings
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.reporting.tables.document import Table
from benchmark.reporting.tables.summary import summary
from benchmark.spec import Record

__all__ = ["dimensions", "with_readings"]

_KEPT = ("lstar", "lstar-90", "lstar-99", "lstar-error", "active-units")


def with_readings(record: Record) -> Record:
    """Return the record with dimension counts only, the further readings of its rule among them.

    Where the dimension of the data is known, ``lstar-error`` is filled in for records made before
    it was measured.
    """
    kept = {name: measurement for name, measurement in record.measurements.items() if name in _KEPT}
    further = readings(record)
    intrinsic = intrinsic_dim(labels(record.spec)[1])
    if intrinsic is not None and "lstar" in kept:
        further["lstar-error"] = {**kept["lstar"], "value": abs(kept["lstar"]["value"] - intrinsic)}
    return replace(record, measurements={**further, **kept})


def dimensions(
    records: Iterable[Record], metrics: Sequence[str], references: References | None = None
) -> Table:
    """Return the table, which is ``summary`` of the dimension counts of ``records``."""
    table = summary([with_readings(record) for record in records], metrics, references)
    return replace(table, name="dimensions")

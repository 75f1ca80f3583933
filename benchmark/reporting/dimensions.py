"""The table ``dimensions``: what each method makes of its latent space, by every reading of its rule, beside truth and chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmark.metrics.null import null_intervals
from benchmark.reporting.document import ABSENT, Cell, Column, Note, Row, Table
from benchmark.spec import Record

__all__ = ["READINGS", "dimensions"]

READINGS: Mapping[str, str] = {"lstar_mean": "lstar-mean", "lstar_last": "lstar-last", "lstar_draw": "lstar-draw"}
"""Further readings of a method's rule, as its discovery's ``extra`` names them, and as columns."""

_KEPT = ("lstar", "lstar-90", "lstar-99", "active-units")


def with_readings(record: Record) -> Record:
    """Return the record with dimension counts only, the further readings of its rule among them."""
    kept = {name: found for name, found in record.measurements.items() if name in _KEPT}
    extra = (record.discovery or {}).get("extra", {})
    base: dict[str, Any] = {"unit": "dimensions", "n": 0, "protocol": "discovery"}
    return replace(record, measurements={**kept, **{column: {**base, "value": extra[name]} for name, column in READINGS.items() if name in extra}})


def with_null(table: Table, records: Iterable[Record]) -> Table:
    """Return ``table`` with a column of null intervals."""
    specs = {record.key: record.spec for record in records}
    groups = tuple(tuple(replace(row, cells=(*row.cells, _null(row, specs))) for row in group) for group in table.groups)
    note = Note(
        "Null: 5th to 95th percentile of the method's rule when every alpha is drawn from the same Gamma(k, k), "
        "for k = 0.693, 1 and half the batch; an L* inside says nothing."
    )
    return replace(table, columns=(*table.columns, Column("Null", ("null",))), groups=groups, notes=(*table.notes, note))


def _null(row: Row, specs: Mapping[str, Mapping[str, Any]]) -> Cell:
    spec = specs[row.keys[0]] if row.keys else None
    found = {} if spec is None else null_intervals(spec["method"], spec["latent_dim"], spec["batch_size"])
    text = ", ".join(f"{low}–{high}" for low, _, high in found.values()) or ABSENT
    return Cell(text, raw=(text if found else None,))


def dimensions(summary: Callable[[Iterable[Record], Sequence[str]], Table], records: Iterable[Record], metrics: Sequence[str]) -> Table:
    """Return the table, built by ``summary`` from the dimension counts of ``records``."""
    counted = [with_readings(record) for record in records]
    return replace(with_null(summary(counted, metrics), counted), name="dimensions")

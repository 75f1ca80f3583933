"""The null of a cell's L*: what the method's rule gives where there is nothing to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.controls import References
from benchmark.identity import READINGS
from benchmark.metrics.base import Absent
from benchmark.metrics.dimension import relevance_gap
from benchmark.metrics.null import Null, declared_null, null_rows, resolved, untrained_null
from benchmark.reporting.cells.replicates import Replicates
from benchmark.spec import BenchError

__all__ = ["COUNTED", "COUNTS", "NO_NULL", "Nulls", "gap_of", "nulls_of"]

COUNTED = ("lstar", *READINGS.values(), "lstar-90", "lstar-99")
"""Readings of a method's rule, each of which may have a null of its own."""


COUNTS = (*COUNTED, "lstar-error", "active-units")
"""Metrics that count dimensions: where one of them stands in a table, so do the null and the
dimensions of the data."""


@dataclass(frozen=True)
class Nulls:
    """The nulls of a method's rule by reading (``lstar``, ``lstar-draw``); ``absent``: why there
    are none."""

    readings: Mapping[str, Null] = field(default_factory=dict)
    absent: str = ""

    @property
    def untrained(self) -> bool:
        """Whether untrained networks gave them."""
        return any(null.networks for null in self.readings.values())

    @property
    def text(self) -> str:
        """The null of L*: ``≥ 15, gap ≤ 1.23``; empty where there is none."""
        return self.readings["lstar"].text if "lstar" in self.readings else ""


NO_NULL = Nulls()
"""Of methods that select nothing, or are not trained: neither chance nor an untrained network says
anything of them."""


_UNCOUNTED = Nulls(absent="not counted")


def nulls_of(runs: Replicates, references: References) -> Nulls:
    """Return the nulls of a cell: those its method declares, else that of untrained networks where
    they were counted."""
    spec = runs.spec
    if not runs.finished or spec["steps"] == 0 or "no_selection" in runs.flags:
        return NO_NULL
    discovery = next(iter(runs.discoveries.values()), None)
    rows, size = null_rows(spec["method"], discovery), spec["latent_dim"]
    try:
        declared = {
            reading: declared_null(size, *factors)
            for reading in COUNTED
            if (factors := resolved(rows, reading, spec["config"], spec["batch_size"]))
        }
    except ValueError as error:
        raise BenchError(f"the null of '{spec['method']}' cannot be read: {error}") from None
    if "lstar" in declared:
        return Nulls(declared)
    counts = references.initial(spec, runs.code)
    if counts is None or (counts.outdated and not runs.stale):
        return _UNCOUNTED
    if not counts.values:
        return Nulls(absent=counts.absent)
    return Nulls({"lstar": untrained_null(size, counts.values, counts.gaps)})


def gap_of(discovery: Mapping[str, Any] | None) -> float | None:
    """The gap of a run's relevances; None where there are none that have one."""
    try:
        relevance = (discovery or {}).get("relevance")
        return relevance_gap(relevance)[0] if relevance else None
    except Absent:
        return None

"""One measured cell of a table."""

from __future__ import annotations

from typing import Any

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import is_count
from benchmark.reporting.tables.document import ABSENT, Cell

__all__ = ["estimate_cell", "raw_names"]


def raw_names(name: str, metric: str) -> tuple[str, ...]:
    """Return what the raw values of :func:`estimate_cell` are called in the column ``name``."""
    spread = "by seed" if is_count(metric) else "half width"
    return name, f"{name} {spread}", f"{name} n", f"{name} id"


def estimate_cell(runs: Replicates, metric: str, best: bool, marks: tuple[str, ...] = ()) -> Cell:
    """Return mean and interval of a metric as a cell, ``marks`` pointing at notes; an empty cell
    where no run has it. A count is raw with the value of each seed in place of a half width."""
    interval = runs.estimate(metric)
    if interval is None:
        return Cell(ABSENT, raw=(None, None, 0, None))
    values = runs.values[metric]
    spread: Any = interval.half_width
    if interval.extremes:
        spread = " ".join(f"{value:g}" for value in values)
    raw: tuple[Any, ...] = (interval.mean, spread, interval.n, runs.ids[metric])
    return Cell(
        estimate=interval,
        raw=raw,
        note="" if interval.n == runs.finished else f"n = {interval.n}",
        marks=marks,
        best=best,
    )

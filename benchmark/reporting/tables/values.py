"""One measured cell of a table, and which of several is the best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import direction, is_count
from benchmark.reporting.statistics.estimate import clearly_best
from benchmark.reporting.tables.document import ABSENT, Cell
from benchmark.spec import NO_BETTER_THAN_MEAN

__all__ = ["best_of", "estimate_cell", "raw_names"]


def raw_names(name: str, metric: str) -> tuple[str, ...]:
    """Return what the raw values of :func:`estimate_cell` are called in the column ``name``."""
    spread = "by seed" if is_count(metric) else "half width"
    return name, f"{name} {spread}", f"{name} n", f"{name} id"


def best_of(cells: Sequence[Replicates], metric: str) -> Replicates | None:
    """Return the cell whose value is clearly best among those that have one, by intervals or paired
    tests; never a stale one or one that is hardly better than the mean image.

    None where none is, or where they were measured by more than one protocol. Counts have no
    intervals, and are compared by permutations of their pairs.
    """
    rivals = [runs for runs in cells if metric in runs.values]
    if len({runs.ids[metric] for runs in rivals}) != 1:
        return None
    intervals = filter(None, (runs.estimate(metric) for runs in rivals))
    best = clearly_best(list(intervals), direction(metric))
    if best is None and all(len(runs.values[metric]) > 1 for runs in rivals):
        # scipy.stats, which most tables do without
        from benchmark.reporting.statistics.significance import best_of_pairs

        best = best_of_pairs(
            [dict(zip(runs.seeds[metric], runs.values[metric], strict=True)) for runs in rivals],
            direction(metric),
            counts=is_count(metric),
        )
    if best is None or rivals[best].is_stale(metric):
        return None
    return None if NO_BETTER_THAN_MEAN in rivals[best].harness_flags else rivals[best]


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

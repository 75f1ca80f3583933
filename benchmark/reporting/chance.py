"""What stands beside a cell's L*: its null, what the rule gives where nothing was found, and how
many dimensions the data have by estimate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from benchmark.metrics.null import RULES, null_intervals
from benchmark.references import DimensionReference, References
from benchmark.reporting.document import ABSENT, Cell, Column, Note
from benchmark.reporting.replicates import Replicates
from benchmark.reporting.selection import base_name

__all__ = ["BAND_COLUMN", "COUNTS", "NO_NULL", "NULL_COLUMN", "Beside", "Null", "null_of"]

SHARES: Mapping[str, float] = {
    "lstar": 0.95,
    "lstar-mean": 0.95,
    "lstar-last": 0.95,
    "lstar-draw": 0.95,
    "lstar-90": 0.90,
    "lstar-99": 0.99,
}
"""Counts that the rule on relevances alone gives, and the share of the total each is about."""

COUNTS = (*SHARES, "lstar-error", "active-units")
"""Metrics that count dimensions: where one of them stands in a table, so do the null and the
dimensions of the data."""


@dataclass(frozen=True)
class Null:
    """Intervals (5th, 50th, 95th percentile) of a rule's counts where there is nothing to find, by
    metric; ``absent``: why there are none."""

    intervals: Mapping[str, Sequence[tuple[int, int, int]]] = field(default_factory=dict)
    absent: str = ""
    initial: bool = False

    def holds(self, metric: str, value: float) -> bool:
        """Return whether ``value`` of ``metric`` lies inside one of its intervals."""
        return any(low <= value <= high for low, _, high in self.intervals.get(metric, ()))

    @property
    def text(self) -> str:
        """The intervals of L*: ``1–12, 4–14, 15–16``; empty where there are none."""
        return ", ".join(
            str(low) if low == high else f"{low}–{high}"
            for low, _, high in self.intervals.get("lstar", ())
        )


NO_NULL = Null()
"""Of methods that select nothing, or are not trained: neither chance nor an untrained network says
anything of them."""


def null_of(runs: Replicates, references: References) -> Null:
    """Return the null of a cell: of a rule on relevances alone by chance relevances, else that of
    untrained networks where they were counted."""
    spec = runs.spec
    if not runs.finished or spec["steps"] == 0 or "no_selection" in runs.flags:
        return NO_NULL
    if spec["method"] in RULES:
        size = (spec["method"], spec["latent_dim"], spec["batch_size"])
        return Null(
            {
                metric: tuple(null_intervals(*size, share=share).values())
                for metric, share in SHARES.items()
            }
        )
    found = references.initial(spec, runs.code)
    if found is None:
        return Null(absent="not counted")
    return (
        Null({"lstar": [found.interval]}, initial=True)
        if found.interval
        else Null(absent=found.absent)
    )


@dataclass(frozen=True)
class Beside:
    """Null and dimension references of the cells of one table."""

    cells: Sequence[Replicates]
    references: References

    @cached_property
    def _nulls(self) -> dict[tuple[str, ...], Null]:
        return {cell.keys: null_of(cell, self.references) for cell in self.cells}

    @cached_property
    def dimensions(self) -> Mapping[str, DimensionReference | None]:
        """The dimension reference of each dataset, by label."""
        data = {cell.dataset: cell.data for cell in self.cells}
        return {dataset: self.references.dimension(each) for dataset, each in data.items()}

    def null(self, runs: Replicates | None) -> Null:
        """Return the null of a cell of the table; that of no cell is empty."""
        return NO_NULL if runs is None else self._nulls.get(runs.keys, NO_NULL)

    def inside(self, runs: Replicates, metric: str) -> bool:
        """Return whether the mean of ``metric`` over the seeds lies inside the cell's null."""
        if metric not in SHARES:
            return False
        null = self.null(runs)
        found = runs.estimate(metric) if metric in null.intervals else None
        return found is not None and null.holds(metric, found.mean)

    def null_cell(self, runs: Replicates | None) -> Cell:
        """Return the cell's intervals, and in CSV files whether its L* lies inside."""
        text = self.null(runs).text
        inside = (
            ("yes" if self.inside(runs, "lstar") else "no")
            if runs is not None and text and "lstar" in runs.values
            else None
        )
        return Cell(text or ABSENT, raw=(text or None, inside))

    @property
    def has_null(self) -> bool:
        """Whether any cell has a null."""
        return any(null.intervals for null in self._nulls.values())

    @property
    def has_band(self) -> bool:
        """Whether the dimension of any dataset was estimated."""
        return any(found and found.band for found in self.dimensions.values())

    def band(self, dataset: str) -> Cell:
        """Return the spread of the estimators' means as a cell: ``6.8–8.2``."""
        found = self.dimensions.get(dataset)
        if found is None or found.band is None:
            return Cell(ABSENT, raw=(None, None))
        return Cell("–".join(f"{end:.1f}" for end in found.band), raw=found.band)

    def notes(self) -> Iterable[Note]:
        """Yield what the columns mean, and what is missing with the command that makes it."""
        nulls = self._nulls.values()
        if self.has_null:
            parts = [
                "when every alpha is drawn from the same Gamma(k, k), for k = 0.693, 1 and half the batch"
            ] * any(null.intervals and not null.initial for null in nulls) + [
                "of untrained networks of other methods"
            ] * any(null.initial for null in nulls)
            yield Note(f"Null: 5th to 95th percentile of the method's rule {', and '.join(parts)}.")
        uncounted = sorted(
            {
                base_name(cell.method)
                for cell in self.cells
                if self.null(cell).absent == "not counted"
            }
        )
        if uncounted:
            yield Note(
                f"No null of {', '.join(uncounted)}: no untrained networks were counted (`bench evaluate --null` does that)."
            )
        for reason in sorted({null.absent for null in nulls} - {"", "not counted"}):
            names = sorted({cell.method for cell in self.cells if self.null(cell).absent == reason})
            yield Note(f"No null of {', '.join(names)}: {reason}.")
        if self.has_band:
            yield Note(
                "n (est.): smallest and largest mean of the estimators of intrinsic dimension (`bench table references`)."
            )
        unknown = [dataset for dataset, found in self.dimensions.items() if found is None]
        if unknown:
            yield Note(
                f"The dimension of {', '.join(unknown)} was not estimated (`bench data dims` does that)."
            )


NULL_COLUMN = Column("Null", ("null", "lstar inside null"))
BAND_COLUMN = Column("n (est.)", ("dimension estimate low", "dimension estimate high"), "right")

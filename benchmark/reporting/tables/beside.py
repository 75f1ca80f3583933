"""What stands beside an L*: its null, what the rule gives where there is nothing to find, and how
many dimensions the data have by estimate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.controls import DimensionReference, References
from benchmark.names import base_name
from benchmark.reporting.cells.nulls import NO_NULL, Nulls, gap_of, nulls_of
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.tables.document import ABSENT, Cell, Column, Note

__all__ = [
    "BAND_COLUMN",
    "NULL_COLUMN",
    "Beside",
]


@dataclass(frozen=True)
class Beside:
    """Null and dimension references of the cells of one table."""

    cells: Sequence[Replicates]
    references: References

    @cached_property
    def _nulls(self) -> dict[tuple[str, ...], Nulls]:
        return {cell.keys: nulls_of(cell, self.references) for cell in self.cells}

    @cached_property
    def dimensions(self) -> Mapping[str, DimensionReference | None]:
        """The dimension reference of each dataset, by label."""
        data = {cell.dataset: cell.data for cell in self.cells}
        return {dataset: self.references.dimension(digest) for dataset, digest in data.items()}

    def null(self, runs: Replicates | None) -> Nulls:
        """Return the nulls of a cell of the table; those of no cell are empty."""
        return NO_NULL if runs is None else self._nulls.get(runs.keys, NO_NULL)

    def inside(self, runs: Replicates, metric: str) -> bool:
        """Return whether the count ``metric`` of any seed of the cell is inside its null."""
        return self.count_inside(runs, metric) > 0

    def count_inside(self, runs: Replicates, metric: str) -> int:
        """Return how many seeds of the cell have a count ``metric`` inside its null."""
        null = self.null(runs).readings.get(metric)
        if null is None:
            return 0
        values = zip(runs.seeds.get(metric, ()), runs.values.get(metric, ()), strict=True)
        return sum(null.holds(value, gap_of(runs.discoveries.get(seed))) for seed, value in values)

    def null_cell(self, runs: Replicates | None) -> Cell:
        """Return the null of the cell's L*, and in CSV files whether its L* lies inside."""
        null = self.null(runs).readings.get("lstar")
        if null is None:
            return Cell(ABSENT, raw=(None, None, None))
        inside = None
        if runs is not None and "lstar" in runs.values:
            inside = "yes" if self.inside(runs, "lstar") else "no"
        return Cell(null.text, raw=(null.low, null.gap, inside))

    @property
    def has_null(self) -> bool:
        """Whether any cell has a null."""
        return any(null.text for null in self._nulls.values())

    @property
    def has_band(self) -> bool:
        """Whether the dimension of any dataset was estimated."""
        return any(reference and reference.band for reference in self.dimensions.values())

    def band(self, dataset: str) -> Cell:
        """Return the spread of the estimators' means as a cell: ``6.8–8.2``."""
        reference = self.dimensions.get(dataset)
        if reference is None or reference.band is None:
            return Cell(ABSENT, raw=(None, None))
        return Cell("–".join(f"{end:.1f}" for end in reference.band), raw=reference.band)

    def notes(self) -> Iterable[Note]:
        """Yield what the columns mean, and what is missing with the command that makes it."""
        nulls = self._nulls.values()
        if self.has_null:
            yield Note(_null_note(self._nulls.values()))
        uncounted = sorted(
            {
                base_name(cell.method)
                for cell in self.cells
                if self.null(cell).absent == "not counted"
            }
        )
        if uncounted:
            yield Note(
                f"No null of {', '.join(uncounted)}: no untrained networks were counted, or "
                "by other code than is installed (`bench evaluate --null` does that)."
            )
        for reason in sorted({null.absent for null in nulls} - {"", "not counted"}):
            names = sorted({cell.method for cell in self.cells if self.null(cell).absent == reason})
            yield Note(f"No null of {', '.join(names)}: {reason}.")
        if self.has_band:
            yield Note(
                "n (est.): smallest and largest mean of the estimators of intrinsic dimension "
                "(`bench table references`)."
            )
        unknown = [dataset for dataset, reference in self.dimensions.items() if reference is None]
        if unknown:
            yield Note(
                f"The dimension of {', '.join(unknown)} was not estimated (`bench data dims` does "
                "that)."
            )


def _null_note(nulls: Iterable[Nulls]) -> str:
    """What the column says, and where its figures come from."""
    sources = {
        null.networks: f"the extremes of {null.networks} untrained networks"
        if null.networks
        else "the 5th percentile of counts and the 95th of gaps of chance relevances"
        for cell_nulls in nulls
        for null in cell_nulls.readings.values()
    }
    return (
        "Null: where there is nothing to find, the method's rule gives so many dimensions at "
        "least, and the largest ratio of neighbouring relevances (gap) is so large at most: "
        f"{'; '.join(text for _, text in sorted(sources.items()))}. "
        "A tenth of the dimensions may be dead by accident."
    )


NULL_COLUMN = Column("Null", ("null lstar at least", "null gap at most", "lstar inside null"))
BAND_COLUMN = Column("n (est.)", ("dimension estimate low", "dimension estimate high"), "right")

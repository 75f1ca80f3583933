"""Reference rows: the error of the mean image, and the floor of a distance between samples and real
images, which is what other real images get. One row of each per dataset, from the same records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from benchmark.names import REFERENCE_ROWS, base_of, is_reference
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.statistics.estimate import estimate
from benchmark.reporting.tables.document import ABSENT, Cell, Column

__all__ = ["NOTES", "Floors", "floor_rows", "floors"]

NOTES: Mapping[str, str] = {
    "mean image": (
        "error of the mean training image on the test split: what a model that encodes nothing "
        "gets at best."
    ),
    "real data (floor)": (
        "other real images in place of samples, from the training split, as many as samples: "
        "what a perfect generator would get."
    ),
}
"""What the reference rows hold, by label."""

Floors = Mapping[tuple[str, str], Mapping[str, Mapping[str, float]]]
"""(Dataset, label of the row) -> metric -> the metric's measurement id -> value."""


def floors(cells: Iterable[Replicates]) -> Floors:
    """Return the references that the finished runs of each dataset carry. Runs agree; where two
    machines differ in a bit, the mean stands."""
    values_by_row: dict[tuple[str, str], dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for cell in cells:
        for metric, values in cell.values.items():
            if is_reference(metric):
                row = cell.dataset, _label(metric)
                values_by_row[row][base_of(metric)][base_of(cell.ids[metric])] += values
    return {
        row: {
            metric: {identifier: fmean(values) for identifier, values in sorted(ids.items())}
            for metric, ids in metrics.items()
        }
        for row, metrics in values_by_row.items()
    }


def _label(metric: str) -> str:
    return next(label for end, label in REFERENCE_ROWS.items() if metric.endswith(end))


def floor_rows(
    dataset: str,
    label: str,
    lowest: Floors,
    heads: Sequence[Column],
    head: Mapping[str, Cell],
    names: Sequence[str],
    marks: Mapping[tuple[str, str], str],
) -> list[tuple[Cell, ...]]:
    """Return the cells of the reference rows of one dataset and ``label``: one row, and where the
    dataset was measured by several protocols one for each.

    ``head`` gives the cells of columns that belong to the dataset; the others are empty in these
    rows.
    """
    values = lowest.get((dataset, label), {})
    ids = {
        name: sorted(values.get(name, {}), key=lambda known_id: marks.get((dataset, known_id), ""))
        for name in names
    }
    first = [
        head.get(column.title, Cell(ABSENT, raw=(None,) * len(column.raw))) for column in heads
    ]
    rows = []
    for index in range(max(map(len, ids.values()), default=0)):
        cells = []
        for name in names:
            identifier = ids[name][index] if index < len(ids[name]) else None
            value = None if identifier is None else values[name][identifier]
            cells.append(_floor_cell(value, identifier, marks.get((dataset, identifier or ""))))
        rows.append((*first, *cells))
    return rows


def _floor_cell(value: float | None, identifier: str | None, mark: str | None) -> Cell:
    """Return the cell of a reference measured as ``identifier``; empty where there is none."""
    if value is None:
        return Cell(ABSENT, raw=(None, None, 0, None))
    return Cell(
        estimate=estimate((value,)),
        raw=(value, None, None, identifier),
        marks=(mark,) if mark else (),
    )

"""Reference rows: the error of the mean image, and the floor of a distance between samples and real
images, which is what other real images get. One row of each per dataset, read from the same records.
"""

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
    found: dict[tuple[str, str], dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for cell in cells:
        for metric, values in cell.values.items():
            if is_reference(metric):
                row = cell.dataset, _label(metric)
                found[row][base_of(metric)][base_of(cell.ids[metric])] += values
    return {
        row: {
            metric: {identifier: fmean(values) for identifier, values in sorted(ids.items())}
            for metric, ids in metrics.items()
        }
        for row, metrics in found.items()
    }


def _label(metric: str) -> str:
    return next(label for end, label in REFERENCE_ROWS.items() if metric.endswith(end))


def floor_rows(
    dataset: str,
    label: str,
    found: Floors,
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
    ids = {
        name: sorted(
            found.get((dataset, label), {}).get(name, {}),
            key=lambda known: marks.get((dataset, known), ""),
        )
        for name in names
    }
    rows = []
    for place in range(max(map(len, ids.values()), default=0)):
        cells = [
            head.get(column.title, Cell(ABSENT, raw=(None,) * len(column.raw))) for column in heads
        ]
        for name in names:
            known = ids[name][place] if place < len(ids[name]) else None
            if known is None:
                cells.append(Cell(ABSENT, raw=(None, None, 0, None)))
                continue
            value = found[dataset, label][name][known]
            mark = marks.get((dataset, known))
            cells.append(
                Cell(
                    estimate=estimate((value,)),
                    raw=(value, None, None, known),
                    marks=(mark,) if mark else (),
                )
            )
        rows.append(tuple(cells))
    return rows

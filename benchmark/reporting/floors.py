"""The floor of a distance between samples and real images: what other real images get. One row per
dataset, read from the same records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from benchmark.reporting.document import ABSENT, Cell, Column
from benchmark.reporting.replicates import Replicates
from benchmark.reporting.selection import base_of, is_floor
from benchmark.reporting.statistics import estimate

__all__ = ["LABEL", "Floors", "floor_rows", "floors"]

LABEL = "real data (floor)"

Floors = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Dataset -> metric -> the metric's measurement id -> floor."""


def floors(cells: Iterable[Replicates]) -> Floors:
    """Return the floors that the finished runs of each dataset carry. Runs agree; where two
    machines differ in a bit, the mean stands."""
    found: dict[str, dict[str, dict[str, list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for cell in cells:
        for metric, values in cell.values.items():
            if is_floor(metric):
                found[cell.dataset][base_of(metric)][base_of(cell.ids[metric])] += values
    return {
        dataset: {
            metric: {identifier: fmean(values) for identifier, values in sorted(ids.items())}
            for metric, ids in metrics.items()
        }
        for dataset, metrics in found.items()
    }


def floor_rows(
    dataset: str,
    found: Floors,
    heads: Sequence[Column],
    head: Mapping[str, Cell],
    names: Sequence[str],
    marks: Mapping[tuple[str, str], str],
) -> list[tuple[Cell, ...]]:
    """Return the cells of the floor rows of one dataset: one row, and where the dataset was
    measured by several protocols one for each.

    ``head`` gives the cells of columns that belong to the dataset; the others are empty in these
    rows.
    """
    ids = {
        name: sorted(
            found.get(dataset, {}).get(name, {}), key=lambda known: marks.get((dataset, known), "")
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
            value = found[dataset][name][known]
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

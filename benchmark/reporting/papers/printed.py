"""The published numbers, as package data holds them: what each source printed, under the names the
benchmark uses (:mod:`benchmark.reporting.papers.spellings`).

The files in ``benchmark/data/paper`` carry every figure as printed, with its source and a note
where it is doubtful.
"""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TypeVar

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.papers.spellings import (
    DATASETS,
    IN_TABLE,
    METHODS,
    METRICS,
    as_run,
)
from benchmark.spec import BenchError

__all__ = ["Printed", "cells_of", "file_of", "published"]

NONE = "NA"
"""What a source prints where there is no number."""

SEVERAL = ("newer_methods",)
"""Files that hold several tables. They come last: where two sources print a method, a run stands
beside the earlier one."""


@dataclass(frozen=True)
class Printed:
    """One published figure. ``text`` is what was printed, ``value`` the same in the unit the metric
    has here.

    ``origin`` is the file it stands in, with a hyphen and the table where a file holds several;
    ``method``, ``dataset`` and ``metric`` are our names, ``spelling`` and ``data`` the source's
    names of method and dataset. ``value`` is nan where the source prints that there is none
    (``NA``).
    """

    origin: str
    source: str
    table: str
    dataset: str
    method: str
    latent_dim: int | None
    metric: str
    text: str
    value: float
    note: str
    spelling: str
    data: str = ""

    @property
    def suspect(self) -> bool:
        """Whether the note doubts the figure itself."""
        return "SUSPECT" in self.note or "perhaps near trivial-predictor" in self.note

    @property
    def inferred(self) -> bool:
        """Whether the dataset is inferred, not printed."""
        return "inferred" in self.note

    @property
    def by_definition(self) -> bool:
        """Whether the figure counts all dimensions because the method selects none."""
        return "by definition" in self.note or "no rule applied" in self.note

    @property
    def where(self) -> str:
        """The place in the source, for people: ``REN arXiv:2205.13061, Table 1``."""
        return f"{self.source}, {'Table ' if self.table.isdecimal() else ''}{self.table}"


_Value = TypeVar("_Value")


def _mapped(names: Mapping[str, _Value], name: str, what: str, origin: str) -> _Value:
    if name not in names:
        raise BenchError(
            f"{origin}.csv names the {what} '{name}', which is not mapped; "
            "add it to benchmark/reporting/papers/spellings.py"
        )
    return names[name]


def _printed(origin: str, row: Mapping[str, str]) -> Printed:
    name = IN_TABLE.get((origin, row["metric"]), row["metric"])
    metric, unit = _mapped(METRICS, name, "metric", origin)
    dataset = _mapped(DATASETS, row["dataset"], "dataset", origin)
    _mapped(METHODS, row["method"], "method", origin)
    return Printed(
        origin=origin,
        source=row["source"],
        table=row["table"],
        dataset=dataset,
        method=as_run(row["method"], dataset, origin),
        latent_dim=int(row["L"]) if row["L"] else None,
        metric=metric,
        text=row["value"],
        value=math.nan if row["value"] == NONE else float(Decimal(row["value"]) * unit),
        note=row["unit_note"],
        spelling=row["method"],
        data=row["dataset"],
    )


@cache
def published() -> tuple[Printed, ...]:
    """Return every published figure, file by file in the order of their names, those of ``SEVERAL``
    last, rows in the order of the source."""
    folder = resources.files("benchmark").joinpath("data/paper")
    files = {
        file.name.removesuffix(".csv"): file
        for file in folder.iterdir()
        if file.name.endswith(".csv")
    }
    figures: list[Printed] = []
    for name in sorted(files, key=lambda name: (name in SEVERAL, name)):
        lines = files[name].read_text(encoding="utf-8").splitlines()
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            origin = f"{name}-{row['table']}" if name in SEVERAL else name
            figures.append(_printed(origin, row))
    return tuple(figures)


def file_of(origin: str) -> str:
    """Return where the figures of ``origin`` stand, within the project.

    >>> file_of("ren_table1"), file_of("newer_methods-2")
    ('benchmark/data/paper/ren_table1.csv', 'benchmark/data/paper/newer_methods.csv')
    """
    return f"benchmark/data/paper/{origin.partition('-')[0]}.csv"


def cells_of(figures: Iterable[Printed]) -> list[Replicates]:
    """Return published figures as the cells that tables and claims are made of: one run each, the
    source as its budget.

    ``spec["printed"]`` keeps each figure with its text and note. Figures of two sources never meet
    in a cell.
    """
    groups: dict[tuple[str, str, int, str], list[Printed]] = defaultdict(list)
    for figure in figures:
        groups[figure.source, figure.dataset, figure.latent_dim or 0, figure.method].append(figure)
    return [_cell(*key, of_cell) for key, of_cell in groups.items()]


def _cell(
    source: str, dataset: str, latent_dim: int, method: str, printed: list[Printed]
) -> Replicates:
    by_definition = any(figure.by_definition for figure in printed)
    by_metric: dict[str, Printed] = {}
    for figure in printed:
        if not math.isnan(figure.value):
            by_metric.setdefault(figure.metric, figure)
    return Replicates(
        method,
        dataset,
        "as printed",
        latent_dim,
        source,
        keys=tuple(dict.fromkeys(figure.where for figure in printed)),
        statuses=("done",),
        stale=False,
        flags=frozenset({"no_selection"} if by_definition else ()),
        values={metric: (figure.value,) for metric, figure in by_metric.items()},
        ids={metric: metric for metric in by_metric},
        spec={
            "method": method,
            "steps": 0 if method == "pca" else 1,
            "batch_size": 0,
            "printed": by_metric,
        },
    )

"""The published numbers, as package data holds them: what each source printed, under the names the
benchmark uses (:mod:`benchmark.reporting.papers.spellings`).

The files in ``benchmark/data/paper`` carry every figure as printed, with its source and a note
where it is doubtful.
"""

from __future__ import annotations

import csv
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
    METHODS,
    METRICS,
    as_run,
)
from benchmark.spec import BenchError

__all__ = ["Printed", "cells_of", "published"]


@dataclass(frozen=True)
class Printed:
    """One published figure. ``text`` is what was printed, ``value`` the same in the unit the metric
    has here.

    ``origin`` is the file it stands in; ``method``, ``dataset`` and ``metric`` are our names,
    ``spelling`` and ``data`` the source's names of method and dataset.
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
    def where(self) -> str:
        """The place in the source, for people: ``REN arXiv:2205.13061, Table 1``."""
        return f"{self.source}, {'Table ' if self.table.isdecimal() else ''}{self.table}"


_Value = TypeVar("_Value")


def _mapped(names: Mapping[str, _Value], name: str, what: str, origin: str) -> _Value:
    if name not in names:
        raise BenchError(
            f"{origin}.csv names the {what} '{name}', which is not mapped; add it to benchmark/reporting/papers/spellings.py"
        )
    return names[name]


def _printed(origin: str, row: Mapping[str, str]) -> Printed:
    metric, unit = _mapped(METRICS, row["metric"], "metric", origin)
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
        value=float(Decimal(row["value"]) * unit),
        note=row["unit_note"],
        spelling=row["method"],
        data=row["dataset"],
    )


@cache
def published() -> tuple[Printed, ...]:
    """Return every published figure, file by file in the order of their names, rows in the order of
    the source."""
    found: list[Printed] = []
    for file in sorted(
        resources.files("benchmark").joinpath("data/paper").iterdir(), key=lambda each: each.name
    ):
        if file.name.endswith(".csv"):
            lines = [
                line
                for line in file.read_text(encoding="utf-8").splitlines()
                if not line.startswith("#")
            ]
            found += [
                _printed(file.name.removesuffix(".csv"), row) for row in csv.DictReader(lines)
            ]
    return tuple(found)


def cells_of(figures: Iterable[Printed]) -> list[Replicates]:
    """Return published figures as the cells that tables and claims are made of: one run each, the
    source as its budget.

    ``spec["printed"]`` keeps each figure with its text and note. Figures of two sources never meet
    in a cell.
    """
    groups: dict[tuple[str, str, int, str], list[Printed]] = defaultdict(list)
    for each in figures:
        groups[each.source, each.dataset, each.latent_dim or 0, each.method].append(each)
    return [_cell(*place, found) for place, found in groups.items()]


def _cell(
    source: str, dataset: str, latent_dim: int, method: str, found: list[Printed]
) -> Replicates:
    by_definition = any("by definition" in each.note for each in found)
    figures: dict[str, Printed] = {}
    for each in found:
        figures.setdefault(each.metric, each)
    return Replicates(
        *(method, dataset, "as printed", latent_dim, source),
        keys=tuple(dict.fromkeys(each.where for each in found)),
        statuses=("done",),
        stale=False,
        flags=frozenset({"no_selection"} if by_definition else ()),
        values={metric: (each.value,) for metric, each in figures.items()},
        ids={metric: metric for metric in figures},
        spec={
            "method": method,
            "steps": 0 if method == "pca" else 1,
            "batch_size": 0,
            "printed": figures,
        },
    )

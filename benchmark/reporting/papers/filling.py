"""Which runs stand in which place of a published table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark import registry
from benchmark.names import base_name, rank
from benchmark.options import parse_reference
from benchmark.reporting.cells.readings import (
    DATASET_STAND_INS,
    METRIC_STAND_INS,
    READ_AS,
    twin,
)
from benchmark.reporting.cells.replicates import Replicates, name_of
from benchmark.reporting.papers.agreement import other_budget
from benchmark.reporting.papers.layouts import Address, Layout
from benchmark.reporting.papers.printed import Printed
from benchmark.reporting.papers.spellings import as_run

__all__ = ["Filling", "RowName", "Runs", "Slot", "common_label", "printed_lines"]

RowName = tuple[str, ...]
"""What the head cells of a row say, as printed."""

Slot = tuple[str, str, str]
"""A column: the heading above it, its own, and the metric."""


@dataclass(frozen=True)
class Runs:
    """The cells that may stand in a layout: of one budget, by method, dataset and latent size."""

    layout: Layout
    cells: Mapping[tuple[str, str, int], Replicates]

    @classmethod
    def of(cls, layout: Layout, cells: Iterable[Replicates]) -> Runs:
        """Take the budget that has most of what the layout asks for, of equals the longest;
        closed-form methods stand beside all."""
        wanted = {figure.dataset for figure in layout.figures}
        for dataset in list(wanted):
            wanted.update(DATASET_STAND_INS.get(dataset, ()))
        concerned = [
            cell
            for cell in cells
            if base_name(cell.dataset) in wanted and cell.spec["kind"] == "train"
        ]
        counts = Counter(cell.budget for cell in concerned if cell.spec["steps"])
        steps = {cell.budget: cell.spec["steps"] for cell in concerned}
        budget = max(counts, key=lambda name: (counts[name], steps[name]), default=None)
        kept = [cell for cell in concerned if cell.budget == budget or not cell.spec["steps"]]
        return cls(layout, {(name_of(cell), cell.dataset, cell.latent_dim): cell for cell in kept})

    def labels(self, dataset: str) -> list[str]:
        """Return the labels under which a printed dataset was run: itself, else its stand-in; plain
        ones before those with options."""
        for name in (dataset, *DATASET_STAND_INS.get(dataset, ())):
            labels = {label for _, label, _ in self.cells if base_name(label) == name}
            if labels:
                return sorted(labels, key=lambda label: (label != name, label))
        return []

    def find(self, method: str, dataset: str, size: int | None) -> Replicates | None:
        """Return the cell of a method on a printed dataset; where the source prints no size, of the
        layout's size or the largest there is."""
        for label in self.labels(dataset):
            sizes = sorted(size for _, other, size in self.cells if other == label)
            preferred = (self.layout.sizes or {}).get(dataset)
            usual = preferred if preferred in sizes else sizes[-1]
            cell = self.cells.get((method, label, size or usual))
            if cell is not None:
                return cell
        return None


def printed_lines(layout: Layout) -> list[RowName]:
    """Return the printed lines of a layout whose method is registered here, the first of its
    rows."""
    registered = {entry.name for entry in registry.entries("methods")}
    figures = {layout.line(figure): figure for figure in layout.figures}
    return [
        line
        for line, figure in figures.items()
        if layout.rows == "datasets" or base_name(figure.method) in registered
    ]


@dataclass(frozen=True)
class Filling:
    """A layout and the runs that fill it. A line is known by its printed names; below the source's
    stand lines of our own, by method label."""

    layout: Layout
    runs: Runs

    @property
    def by_dataset(self) -> bool:
        """Whether the lines of the layout are datasets, not methods."""
        return self.layout.rows == "datasets"

    @cached_property
    def addresses(self) -> Mapping[tuple[RowName, Slot], Address]:
        """What stands in each place, those the source leaves empty among them."""
        return self._addresses_by_dataset() if self.by_dataset else self._addresses_by_method()

    def _addresses_by_dataset(self) -> dict[tuple[RowName, Slot], Address]:
        layout, figures = self.layout, self.layout.figures
        data = {layout.line(figure): (figure.dataset, figure.latent_dim) for figure in figures}
        columns = {layout.slot(figure): (figure.method, figure.metric) for figure in figures}
        return {
            (line, slot): (method, dataset, size, metric)
            for line, (dataset, size) in data.items()
            for slot, (method, metric) in columns.items()
        }

    def _addresses_by_method(self) -> dict[tuple[RowName, Slot], Address]:
        layout, figures = self.layout, self.layout.figures
        datasets = list(dict.fromkeys(figure.dataset for figure in figures))
        methods = {
            (layout.line(figure), dataset): as_run(figure.spelling, dataset, figure.origin)
            for figure in figures
            for dataset in datasets
        }
        methods |= {((name,), dataset): name for name in self.further for dataset in datasets}
        columns = {
            layout.slot(figure): (figure.dataset, figure.latent_dim, figure.metric)
            for figure in figures
        }
        return {
            (line, slot): (method, *column)
            for (line, dataset), method in methods.items()
            for slot, column in columns.items()
            if column[0] == dataset
        }

    @cached_property
    def lines(self) -> list[RowName]:
        """The printed lines whose method is registered here."""
        return printed_lines(self.layout)

    @cached_property
    def further(self) -> list[str]:
        """Further methods of the choice, which the source does not print."""
        if self.by_dataset:
            return []
        printed = {figure.method for figure in self.layout.figures}
        methods = {method for method, _, _ in self.runs.cells} - printed
        return sorted(methods, key=lambda name: rank("methods", name))

    @property
    def all_lines(self) -> list[RowName]:
        """The printed lines, and those of further methods below them."""
        return [*self.lines, *((method,) for method in self.further)]

    @property
    def missing(self) -> list[str]:
        """The printed names of methods that are not registered here."""
        return [" ".join(line) for line in self.layout.lines() if line not in self.lines]

    def cell(self, line: RowName, slot: Slot) -> Replicates | None:
        """The runs that belong in a place."""
        method, dataset, size, _ = self.addresses[line, slot]
        return self.runs.find(method, dataset, size)

    def cells(self, slot: Slot) -> list[Replicates]:
        """The runs that belong in a column."""
        cells = (self.cell(line, slot) for line in self.all_lines)
        return [cell for cell in cells if cell is not None]

    def metric(self, slot: Slot) -> str:
        """The metric of a column: the one printed, or what most of its cells have in its stead."""
        family = METRIC_STAND_INS.get(slot[2], (slot[2],))
        cells = self.cells(slot)
        return max(family, key=lambda name: sum(name in cell.values for cell in cells))

    def reading(self, line: RowName, slot: Slot, metric: str) -> str:
        """The reading of a metric that stands in a place: the one the printed figures are of, where
        runs have it."""
        cell = self.cell(line, slot)
        name = self._printed_reading(line, slot, metric)
        return name if cell is not None and name in cell.values else metric

    def difference(self, line: RowName, slot: Slot, name: str) -> str:
        """What makes the reading ``name`` something else than the printed figure; empty where they
        are the same."""
        if name == self._printed_reading(line, slot, slot[2]):
            cell = self.cell(line, slot)
            return "" if cell is None else other_budget(cell.spec)
        return "another rule" if name == slot[2] else "another metric"

    def _printed_reading(self, line: RowName, slot: Slot, metric: str) -> str:
        return READ_AS.get((base_name(self.addresses[line, slot][0]), metric), metric)

    def figure(self, line: RowName, slot: Slot) -> Printed | None:
        """The published figure of a place, also for the variants of a printed method."""
        method, dataset, size, metric = self.addresses[line, slot]
        figures = {
            (figure.method, figure.dataset, figure.latent_dim, figure.metric): figure
            for figure in self.layout.figures
        }
        own = figures.get((method, dataset, size, metric))
        return own or figures.get((twin(method), dataset, size, metric))

    def settings(self, line: RowName) -> dict[str, str]:
        """Dataset -> label of the method of a line."""
        return {
            dataset: method
            for (other, _), (method, dataset, *_) in self.addresses.items()
            if other == line
        }

    def settings_in_words(self, line: RowName) -> str:
        """What a line is on each dataset, where its options differ; else empty."""
        labels = self.settings(line)
        if self.by_dataset or len(set(labels.values())) == 1:
            return ""
        words = "; ".join(f"{label} on {dataset}" for dataset, label in labels.items())
        return f"{common_label(list(labels.values()))} stands for {words}: as the source ran it."


def common_label(labels: Sequence[str]) -> str:
    """Return one label for variants of a method: options whose values differ are ``*``.

    >>> common_label(["vae", "vae"]), common_label(["vae[gamma=1]", "vae[gamma=2]"])
    ('vae', 'vae[gamma=*]')
    """
    if len(set(labels)) == 1:
        return labels[0]
    options = sorted({option for text in labels for option in parse_reference(text)[1]})
    return f"{base_name(labels[0])}[{','.join(f'{option}=*' for option in options)}]"

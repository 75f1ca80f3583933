"""The layouts of the papers, filled with what runs measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from benchmark import registry
from benchmark.controls import References
from benchmark.names import base_name, rank
from benchmark.options import parse_reference
from benchmark.reporting.cells.nulls import COUNTS
from benchmark.reporting.cells.protocols import refuse_mixing
from benchmark.reporting.cells.readings import (
    DATASET_STAND_INS,
    METRIC_STAND_INS,
    READ_AS,
    readings,
    twin,
)
from benchmark.reporting.cells.replicates import Replicates, gather, name_of
from benchmark.reporting.cells.titles import direction, title
from benchmark.reporting.papers.agreement import PAPER_NOTE, beside, extended
from benchmark.reporting.papers.layouts import Address, Layout, layout
from benchmark.reporting.papers.printed import Printed
from benchmark.reporting.papers.spellings import as_run
from benchmark.reporting.tables import notes
from benchmark.reporting.tables.beside import Beside
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table
from benchmark.reporting.tables.values import best_of, estimate_cell, raw_names
from benchmark.spec import Record

__all__ = ["filled_table", "printed_lines"]


RowName = tuple[str, ...]

Slot = tuple[str, str, str]


@dataclass(frozen=True)
class Runs:
    """The cells that may stand in a layout: of one budget, by method, dataset and latent size."""

    shape: Layout
    cells: Mapping[tuple[str, str, int], Replicates]

    @classmethod
    def of(cls, shape: Layout, cells: Iterable[Replicates]) -> Runs:
        """Take the budget that has most of what the layout asks for, of equals the longest;
        closed-form methods stand beside all."""
        wanted = {each.dataset for each in shape.figures}
        wanted |= {other for dataset in wanted for other in DATASET_STAND_INS.get(dataset, ())}
        found = [
            cell
            for cell in cells
            if base_name(cell.dataset) in wanted and cell.spec["kind"] == "train"
        ]
        counts = Counter(cell.budget for cell in found if cell.spec["steps"])
        steps = {cell.budget: cell.spec["steps"] for cell in found}
        budget = max(counts, key=lambda name: (counts[name], steps[name]), default=None)
        kept = [cell for cell in found if cell.budget == budget or not cell.spec["steps"]]
        return cls(shape, {(name_of(cell), cell.dataset, cell.latent_dim): cell for cell in kept})

    def labels(self, dataset: str) -> list[str]:
        """Return the labels under which a printed dataset was run: itself, else its stand-in; plain
        ones before those with options."""
        for name in (dataset, *DATASET_STAND_INS.get(dataset, ())):
            found = {label for _, label, _ in self.cells if base_name(label) == name}
            if found:
                return sorted(found, key=lambda label: (label != name, label))
        return []

    def find(self, method: str, dataset: str, size: int | None) -> Replicates | None:
        """Return the cell of a method on a printed dataset; where the source prints no size, of the
        layout's size or the largest there is."""
        for label in self.labels(dataset):
            sizes = sorted(found for _, where, found in self.cells if where == label)
            preferred = (self.shape.sizes or {}).get(dataset)
            chosen = size or (preferred if preferred in sizes else sizes[-1])
            if (method, label, chosen) in self.cells:
                return self.cells[method, label, chosen]
        return None


def printed_lines(shape: Layout) -> list[RowName]:
    """Return the printed lines of a layout whose method is registered here, the first of its
    rows."""
    known = {entry.name for entry in registry.entries("methods")}
    figures = {shape.line(figure): figure for figure in shape.figures}
    return [
        line
        for line, figure in figures.items()
        if shape.rows == "datasets" or base_name(figure.method) in known
    ]


@dataclass(frozen=True)
class Filling:
    """A layout and the runs that fill it. A line is known by its printed names; below the source's
    stand lines of our own, by method label."""

    shape: Layout
    runs: Runs

    @cached_property
    def addresses(self) -> Mapping[tuple[RowName, Slot], Address]:
        """What stands in each place, those the source leaves empty among them."""
        figures = self.shape.figures
        if self.shape.rows == "datasets":
            whose = {self.shape.line(each): (each.dataset, each.latent_dim) for each in figures}
            what = {self.shape.slot(each): (each.method, each.metric) for each in figures}
            return {
                (line, slot): (what[slot][0], *whose[line], what[slot][1])
                for line in whose
                for slot in what
            }
        datasets = {each.dataset for each in figures}
        methods = {
            (self.shape.line(each), dataset): as_run(each.spelling, dataset, each.origin)
            for each in figures
            for dataset in datasets
        }
        methods |= {((name,), dataset): name for name in self.others for dataset in datasets}
        where = {
            self.shape.slot(each): (each.dataset, each.latent_dim, each.metric) for each in figures
        }
        return {
            (line, slot): (method, *where[slot])
            for (line, dataset), method in methods.items()
            for slot in where
            if where[slot][0] == dataset
        }

    @cached_property
    def lines(self) -> list[RowName]:
        """The printed lines whose method is registered here."""
        return printed_lines(self.shape)

    @cached_property
    def others(self) -> list[str]:
        """Further methods of the choice, which the source does not print."""
        if self.shape.rows == "datasets":
            return []
        printed = {each.method for each in self.shape.figures}
        return sorted(
            {method for method, _, _ in self.runs.cells} - printed,
            key=lambda name: rank("methods", name),
        )

    @property
    def missing(self) -> list[str]:
        """The printed names of methods that are not registered here."""
        return [" ".join(line) for line in self.shape.lines() if line not in self.lines]

    def cell(self, line: RowName, slot: Slot) -> Replicates | None:
        """The runs that belong in a place."""
        return self.runs.find(*self.addresses[line, slot][:3])

    def metric(self, slot: Slot) -> str:
        """The metric of a column: the one printed, or what most of its cells have in its stead."""
        family = METRIC_STAND_INS.get(slot[2], (slot[2],))
        cells = [
            found
            for line in [*self.lines, *((name,) for name in self.others)]
            if (found := self.cell(line, slot))
        ]
        return max(family, key=lambda name: sum(name in cell.values for cell in cells))

    def reading(self, line: RowName, slot: Slot, metric: str) -> str:
        """The reading of a metric that stands in a place: the one the printed figures are of, where
        runs have it."""
        runs = self.cell(line, slot)
        name = self._printed_reading(line, slot, metric)
        return name if runs is not None and name in runs.values else metric

    def other(self, line: RowName, slot: Slot, name: str) -> str:
        """What makes the reading ``name`` something else than the printed figure; empty where they
        are the same."""
        if name == self._printed_reading(line, slot, slot[2]):
            return ""
        return "another rule" if name == slot[2] else "another metric"

    def _printed_reading(self, line: RowName, slot: Slot, metric: str) -> str:
        return READ_AS.get((base_name(self.addresses[line, slot][0]), metric), metric)

    def told_settings(self, line: RowName) -> str:
        """What a line is on each dataset, where its options differ; else empty."""
        labels = self.settings(line)
        if self.shape.rows == "datasets" or len(set(labels.values())) == 1:
            return ""
        told = "; ".join(f"{label} on {dataset}" for dataset, label in labels.items())
        return f"{common_label(list(labels.values()))} stands for {told}: as the source ran it."

    def figure(self, line: RowName, slot: Slot) -> Printed | None:
        """The published figure of a place, also for the variants of a printed method."""
        method, dataset, size, metric = self.addresses[line, slot]
        figures = {
            (each.method, each.dataset, each.latent_dim, each.metric): each
            for each in self.shape.figures
        }
        place = (dataset, size, metric)
        return figures.get((method, *place)) or figures.get((twin(method), *place))

    def head(self, line: RowName) -> list[Cell]:
        """The cells that name a line: methods by our labels."""
        if self.shape.rows == "datasets":
            return [Cell(text, raw=(text,)) for text in line]
        text = common_label(list(self.settings(line).values()))
        return [Cell(text, raw=(text,))]

    def settings(self, line: RowName) -> dict[str, str]:
        """Dataset -> label of the method of a line."""
        return {
            dataset: method
            for (other, _), (method, dataset, *_) in self.addresses.items()
            if other == line
        }


def common_label(labels: Sequence[str]) -> str:
    """Return one label for variants of a method: options whose values differ are ``*``.

    >>> common_label(["vae", "vae"]), common_label(["vae[gamma=1]", "vae[gamma=2]"])
    ('vae', 'vae[gamma=*]')
    """
    if len(set(labels)) == 1:
        return labels[0]
    options = sorted({option for text in labels for option in parse_reference(text)[1]})
    return f"{base_name(labels[0])}[{','.join(f'{option}=*' for option in options)}]"


def filled_table(
    name: str,
    records: Iterable[Record],
    metrics: Sequence[str] = (),
    references: References | None = None,
    *,
    paper: bool = False,
) -> Table:
    """Return the layout ``name`` with our values; ``paper`` adds the published value and a verdict
    in brackets.

    Methods of the layout that are not registered here have no row; other methods of the choice
    stand in rows of their own below.
    """
    shape = layout(name)
    cells = gather(map(_with_readings, records), [*metrics, *(READ_AS.values() if metrics else ())])
    filling = Filling(shape, Runs.of(shape, cells))
    used = {slot: filling.metric(slot) for slot in shape.slots()}
    chance = Beside(cells if set(used.values()) & set(COUNTS) else (), references or References())
    parts = (filling.lines, [(method,) for method in filling.others])
    best = (
        {}
        if shape.rows == "datasets"
        else {
            slot: _best(filling, [*parts[0], *parts[1]], slot, metric)
            for slot, metric in used.items()
        }
    )
    groups = tuple(
        tuple(_row(filling, line, used, best, chance, paper) for line in part)
        for part in parts
        if part
    )
    shown = list(
        {
            id(each): each for line, slot in filling.addresses if (each := filling.cell(line, slot))
        }.values()
    )
    measured = [
        replace(
            cell, ids={metric: cell.ids[metric] for metric in used.values() if metric in cell.ids}
        )
        for cell in shown
    ]
    refuse_mixing(measured)
    table = Table(
        shape.name,
        f"{shape.caption} Layout of the paper, values of our runs{_budgets(shown)}.",
        _columns(shape, used, paper),
        groups,
    )
    texts = (
        *notes.notes(table, measured, {}),
        *replace(chance, cells=shown if chance.cells else ()).notes(),
        *_remarks(filling, shown, used, paper),
    )
    return replace(
        table,
        notes=texts,
        provenance=notes.provenance(measured, list(dict.fromkeys(used.values()))),
    )


def _best(filling: Filling, lines: Iterable[RowName], slot: Slot, metric: str) -> Replicates | None:
    return best_of([found for line in lines if (found := filling.cell(line, slot))], metric)


def _columns(shape: Layout, used: Mapping[Slot, str], paper: bool) -> tuple[Column, ...]:
    columns = shape.columns()
    heads, rest = columns[: len(shape.heads())], columns[len(shape.heads()) :]
    found = [
        replace(
            column,
            metric=metric,
            direction=direction(metric),
            raw=raw_names(column.raw[0], metric),
        )
        for column, metric in zip(rest, used.values(), strict=True)
    ]
    return (*heads, *(map(extended, found) if paper else found))


def _row(
    filling: Filling,
    line: RowName,
    used: Mapping[Slot, str],
    best: Mapping[Slot, Replicates | None],
    chance: Beside,
    paper: bool,
) -> Row:
    cells = filling.head(line)
    keys: list[str] = []
    for slot, metric in used.items():
        runs = filling.cell(line, slot)
        name = filling.reading(line, slot, metric)
        cell = _filled(
            runs, name, runs is not None and runs is best.get(slot), chance, flagged=metric
        )
        cells.append(
            beside(cell, filling.figure(line, slot), other=filling.other(line, slot, name))
            if paper
            else cell
        )
        keys += runs.keys if runs else ()
    return Row(tuple(cells), tuple(dict.fromkeys(keys)))


def _with_readings(record: Record) -> Record:
    """Return ``record`` with those readings of its rule that printed figures are of."""
    found = {name: each for name, each in readings(record).items() if name in READ_AS.values()}
    return replace(record, measurements={**record.measurements, **found}) if found else record


def _filled(
    runs: Replicates | None, metric: str, best: bool, chance: Beside, *, flagged: str
) -> Cell:
    if runs is None:
        return Cell("missing", raw=(None, None, 0, None))
    if not runs.finished:
        return Cell(runs.trouble, raw=(None, None, 0, None))
    signs: tuple[str | None, ...] = (
        notes.flag_mark(flagged, runs),
        notes.CHANCE if chance.inside(runs, metric) else None,
    )
    signs += (
        notes.REMARK if runs.remarks.get(metric) else None,
        notes.STALE if runs.is_stale(metric) else None,
        *notes.run_marks(runs),
    )
    cell = estimate_cell(runs, metric, best, tuple(filter(None, signs)))
    return replace(cell, note="; ".join(filter(None, (cell.note, runs.trouble))))


def _budgets(shown: Sequence[Replicates]) -> str:
    budgets = list(dict.fromkeys(cell.budget for cell in shown if cell.spec["steps"]))
    return f" (budget {', '.join(budgets)})" if budgets else ""


def _read(filling: Filling, used: Mapping[Slot, str]) -> list[tuple[str, str, str]]:
    """Return method, metric and reading wherever another reading than the method's own stands."""
    lines = [*filling.lines, *((name,) for name in filling.others)]
    found = [
        (filling.addresses[line, slot][0], metric, filling.reading(line, slot, metric))
        for line in lines
        for slot, metric in used.items()
    ]
    return list(dict.fromkeys(each for each in found if each[1] != each[2]))


def _remarks(
    filling: Filling, shown: Sequence[Replicates], used: Mapping[Slot, str], paper: bool
) -> list[Note]:
    """Return what is other here than in the paper: metrics, data, sizes, rows."""
    others = {title(slot[2]): title(metric) for slot, metric in used.items() if metric != slot[2]}
    found = [
        Note(f"{metric} stands where the paper has {printed}.")
        for printed, metric in others.items()
    ]
    found += [
        Note(f"{title(metric)} of {method} is {title(name)} here, as the source counts.")
        for method, metric, name in _read(filling, used)
    ]
    found += [Note(text) for text in map(filling.told_settings, filling.lines) if text]
    stood = {
        each.dataset: labels[0]
        for each in filling.shape.figures
        if (labels := filling.runs.labels(each.dataset)) and labels[0] != each.dataset
    }
    found += (
        [Note(f"Data: {'; '.join(f'{label} for {dataset}' for dataset, label in stood.items())}.")]
        if stood
        else []
    )
    if any(each.latent_dim is None for each in filling.shape.figures) and shown:
        sizes = sorted({(cell.dataset, cell.latent_dim) for cell in shown})
        found += [
            Note(
                f"The paper gives no latent sizes; here {', '.join(f'L = {size} on {dataset}' for dataset, size in sizes)}."
            )
        ]
    found += (
        [Note(f"Rows of the paper whose methods are not here: {', '.join(filling.missing)}.")]
        if filling.missing
        else []
    )
    return [*found, *([PAPER_NOTE] if paper else [])]

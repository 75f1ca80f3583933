"""The layouts of the papers, filled with what runs measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.controls import References
from benchmark.reporting.cells.nulls import COUNTS
from benchmark.reporting.cells.protocols import refuse_mixing
from benchmark.reporting.cells.readings import READ_AS, readings
from benchmark.reporting.cells.replicates import Replicates, gather
from benchmark.reporting.cells.titles import direction, title
from benchmark.reporting.papers.agreement import PAPER_NOTE, beside, extended
from benchmark.reporting.papers.filling import Filling, RowName, Runs, Slot, common_label
from benchmark.reporting.papers.layouts import layout
from benchmark.reporting.papers.orders import order_notes
from benchmark.reporting.tables import notes
from benchmark.reporting.tables.beside import Beside
from benchmark.reporting.tables.best import best_of
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table
from benchmark.reporting.tables.values import estimate_cell, raw_names
from benchmark.spec import Record

__all__ = ["filled_table"]


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
    further = READ_AS.values() if metrics else ()
    cells = gather(map(_with_readings, records), [*metrics, *further])
    shape = layout(name)
    filling = Filling(shape, Runs.of(shape, cells))
    used = {slot: filling.metric(slot) for slot in shape.slots()}
    counts_dimensions = bool(set(used.values()) & set(COUNTS))
    null = Beside(cells if counts_dimensions else (), references or References())
    return _FilledLayout(filling, used, null, paper).table()


def _with_readings(record: Record) -> Record:
    """Return ``record`` with those readings of its rule that printed figures are of."""
    printed = {
        name: measurement
        for name, measurement in readings(record).items()
        if name in READ_AS.values()
    }
    return replace(record, measurements={**record.measurements, **printed})


@dataclass(frozen=True)
class _FilledLayout:
    """A filled layout as a table. ``used``: the metric of each column; ``null``: what counts are
    read beside; ``paper``: with published figures."""

    filling: Filling
    used: Mapping[Slot, str]
    null: Beside
    paper: bool

    def table(self) -> Table:
        """The table, its notes and its provenance."""
        shape = self.filling.layout
        cells_shown = self._shown()
        measured = [replace(cell, ids=self._ids(cell)) for cell in cells_shown]
        refuse_mixing(measured)
        table = Table(
            shape.name,
            f"{shape.caption} Layout of the paper, values of our runs{_budgets(cells_shown)}.",
            self._columns(),
            self._groups(),
        )
        null = replace(self.null, cells=cells_shown if self.null.cells else ())
        below = [*notes.notes(table, measured, {}), *null.notes()]
        below += map(Note, _remarks(self.filling, cells_shown, self.used))
        if self.paper:
            below += [PAPER_NOTE, *map(Note, order_notes(self.filling, self.used))]
        return replace(
            table,
            notes=tuple(below),
            provenance=notes.provenance(measured, list(dict.fromkeys(self.used.values()))),
        )

    def _shown(self) -> list[Replicates]:
        """The runs that stand in the table, each once."""
        cells = (self.filling.cell(line, slot) for line, slot in self.filling.addresses)
        return list({id(cell): cell for cell in cells if cell is not None}.values())

    def _ids(self, cell: Replicates) -> dict[str, str]:
        """Those of a cell's identifiers of measurements whose metric the table shows."""
        return {metric: cell.ids[metric] for metric in self.used.values() if metric in cell.ids}

    def _columns(self) -> tuple[Column, ...]:
        columns = self.filling.layout.columns()
        count = len(self.filling.layout.heads())
        filled = [
            replace(
                column,
                metric=metric,
                direction=direction(metric),
                raw=raw_names(column.raw[0], metric),
            )
            for column, metric in zip(columns[count:], self.used.values(), strict=True)
        ]
        if self.paper:
            filled = list(map(extended, filled))
        return (*columns[:count], *filled)

    def _groups(self) -> tuple[tuple[Row, ...], ...]:
        """The rows of the source, and those of further methods."""
        best = {}
        if not self.filling.by_dataset:
            best = {
                slot: best_of(self.filling.cells(slot), metric)
                for slot, metric in self.used.items()
            }
        further = [(method,) for method in self.filling.further]
        groups = [lines for lines in (self.filling.lines, further) if lines]
        return tuple(tuple(self._row(line, best) for line in lines) for lines in groups)

    def _row(self, line: RowName, best: Mapping[Slot, Replicates | None]) -> Row:
        cells = _head(self.filling, line)
        keys: list[str] = []
        for slot, metric in self.used.items():
            runs = self.filling.cell(line, slot)
            reading = self.filling.reading(line, slot, metric)
            is_best = runs is not None and runs is best.get(slot)
            cell = _filled(runs, reading, is_best, self.null, flagged=metric)
            if self.paper:
                difference = self.filling.difference(line, slot, reading)
                cell = beside(cell, self.filling.figure(line, slot), other=difference)
            cells.append(cell)
            if runs is not None:
                keys += runs.keys
        return Row(tuple(cells), tuple(dict.fromkeys(keys)))


def _head(filling: Filling, line: RowName) -> list[Cell]:
    """The cells that name a line: methods by our labels."""
    if filling.by_dataset:
        return [Cell(text, raw=(text,)) for text in line]
    text = common_label(list(filling.settings(line).values()))
    return [Cell(text, raw=(text,))]


def _filled(
    runs: Replicates | None, metric: str, best: bool, null: Beside, *, flagged: str
) -> Cell:
    if runs is None:
        return Cell("missing", raw=(None, None, 0, None))
    if not runs.finished:
        return Cell(runs.trouble, raw=(None, None, 0, None))
    signs: tuple[str | None, ...] = (
        notes.flag_mark(flagged, runs),
        notes.CHANCE if null.inside(runs, metric) else None,
        notes.REMARK if runs.remarks.get(metric) else None,
        notes.STALE if runs.is_stale(metric) else None,
        *notes.run_marks(runs),
    )
    cell = estimate_cell(runs, metric, best, tuple(filter(None, signs)))
    return replace(cell, note="; ".join(filter(None, (cell.note, runs.trouble))))


def _budgets(cells_shown: Sequence[Replicates]) -> str:
    budgets = list(dict.fromkeys(cell.budget for cell in cells_shown if cell.spec["steps"]))
    return f" (budget {', '.join(budgets)})" if budgets else ""


def _other_readings(filling: Filling, used: Mapping[Slot, str]) -> list[tuple[str, str, str]]:
    """Return method, metric and reading wherever another reading than the method's own stands."""
    readings_used = [
        (filling.addresses[line, slot][0], metric, filling.reading(line, slot, metric))
        for line in filling.all_lines
        for slot, metric in used.items()
    ]
    return [
        (method, metric, reading)
        for method, metric, reading in dict.fromkeys(readings_used)
        if reading != metric
    ]


def _remarks(
    filling: Filling, cells_shown: Sequence[Replicates], used: Mapping[Slot, str]
) -> Iterator[str]:
    """Yield what is other here than in the paper: metrics, data, sizes, rows."""
    stand_ins = {
        title(slot[2]): title(metric) for slot, metric in used.items() if metric != slot[2]
    }
    for printed, metric in stand_ins.items():
        yield f"{metric} stands where the paper has {printed}."
    for method, metric, reading in _other_readings(filling, used):
        yield f"{title(metric)} of {method} is {title(reading)} here, as the source counts."
    yield from filter(None, map(filling.settings_in_words, filling.lines))
    yield from _remarks_on_data(filling, cells_shown)
    if filling.missing:
        yield f"Rows of the paper whose methods are not here: {', '.join(filling.missing)}."


def _remarks_on_data(filling: Filling, cells_shown: Sequence[Replicates]) -> Iterator[str]:
    """Yield which data stand for the source's, and the sizes where it prints none."""
    figures = filling.layout.figures
    labels = {figure.dataset: filling.runs.labels(figure.dataset)[:1] for figure in figures}
    replaced = [
        f"{label} for {dataset}"
        for dataset, first in labels.items()
        for label in first
        if label != dataset
    ]
    if replaced:
        yield f"Data: {'; '.join(replaced)}."
    if any(figure.latent_dim is None for figure in figures) and cells_shown:
        sizes = sorted({(cell.dataset, cell.latent_dim) for cell in cells_shown})
        words = ", ".join(f"L = {size} on {dataset}" for dataset, size in sizes)
        yield f"The paper gives no latent sizes; here {words}."

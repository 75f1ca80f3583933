"""The table of every cell and metric, which the other tables of runs are cut from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark import registry
from benchmark.controls import References
from benchmark.names import REFERENCE_ROWS, base_name, is_reference, metric_of, rank
from benchmark.reporting.cells.absences import reasons
from benchmark.reporting.cells.nulls import COUNTS
from benchmark.reporting.cells.protocols import refuse_mixing
from benchmark.reporting.cells.replicates import Replicates, gather
from benchmark.reporting.cells.titles import direction, intrinsic_dim, order, title
from benchmark.reporting.tables import floors, notes
from benchmark.reporting.tables.beside import BAND_COLUMN, NULL_COLUMN, Beside
from benchmark.reporting.tables.best import best_of
from benchmark.reporting.tables.document import ABSENT, Cell, Column, Row, Table
from benchmark.reporting.tables.values import estimate_cell, raw_names
from benchmark.spec import BenchError, Record

__all__ = ["summary"]


@dataclass(frozen=True)
class SummaryLine:
    """A row in the making: what names it, and its replicates (None: no run was made)."""

    dataset: str
    latent_dim: int
    budget: str
    method: str
    runs: Replicates | None


def summary(
    records: Iterable[Record], metrics: Sequence[str] = (), references: References | None = None
) -> Table:
    """One row per cell, grouped by dataset, then latent size, then method; one column per metric,
    mean over seeds and 95 % t interval.

    :class:`BenchError` where one dataset's values of a metric were measured by several protocols;
    where ``metrics`` names every one of them they stand side by side, with letters and nothing
    bold.
    """
    records = list(records)
    cells = gather(records, metrics)
    _check_metrics(metrics, cells, records)
    refuse_mixing(cells, metrics)
    lines = _with_missing(cells)
    names = _names(cells, metrics)
    budgets = dict.fromkeys(line.budget for line in lines)
    dims = {line.dataset: intrinsic_dim(line.dataset) for line in lines}
    beside = Beside(cells if set(names) & set(COUNTS) else (), references or References())
    heads = _head_columns(len(budgets) > 1, bool(set(dims.values()) - {None}), beside.has_band)
    parts = _Parts(heads, names, dims, beside, notes.protocol_marks(cells))
    groups: dict[str, list[Row]] = defaultdict(list)
    for block in _blocks(lines):
        best = {name: _best(block, name) for name in names}
        for line in block:
            groups[line.dataset].append(parts.row(line, best))
    lowest = floors.floors(cells)
    for dataset, group in groups.items():
        group += parts.floor_rows(dataset, lowest)
    columns = (*heads, *map(_metric_column, names))
    if beside.has_null:
        columns = (*columns, NULL_COLUMN)
    budget = "budget" if len(budgets) == 1 else "budgets"
    caption = f"Mean over seeds; {budget} {', '.join(budgets)}."
    table = Table("summary", caption, columns, tuple(map(tuple, groups.values())))
    below = (*notes.notes(table, cells, parts.marks), *beside.notes())
    return replace(table, notes=below, provenance=notes.provenance(cells, names))


@dataclass(frozen=True)
class _Parts:
    """What every row is made of: leading columns, metrics, known dimensions, what stands beside L*,
    and the letters of protocols by dataset and measurement id."""

    heads: tuple[Column, ...]
    names: Sequence[str]
    dims: Mapping[str, int | None]
    beside: Beside
    marks: Mapping[tuple[str, str], str]

    def row(self, line: SummaryLine, best: Mapping[str, str | None]) -> Row:
        """Return the row of ``line``; ``best`` names the best method of its block by metric."""
        cells = (
            *_head_cells(line, self.heads, self.dims, self.beside),
            *_metric_cells(line, self.names, best, self.marks, self.beside),
            *self._null(line.runs),
        )
        return Row(cells, line.runs.keys if line.runs else ())

    def floor_rows(self, dataset: str, lowest: floors.Floors) -> list[Row]:
        """Return the reference rows of a dataset."""
        head = {
            "Dataset": Cell(dataset, raw=(dataset,)),
            "n": _known_dim(self.dims[dataset]),
            BAND_COLUMN.title: self.beside.band(dataset),
        }
        rows: list[Row] = []
        for label in REFERENCE_ROWS.values():
            head["Method"] = Cell(label, raw=(label,))
            for cells in floors.floor_rows(
                dataset, label, lowest, self.heads, head, self.names, self.marks
            ):
                rows.append(Row((*cells, *self._null(None))))
        return rows

    def _null(self, runs: Replicates | None) -> tuple[Cell, ...]:
        return (self.beside.null_cell(runs),) if self.beside.has_null else ()


def _names(cells: Sequence[Replicates], metrics: Sequence[str]) -> list[str]:
    """Return the metrics that have a column: those measured, but no references, which have a row; a
    reference asked for by name has both."""
    measured = {name for cell in cells for name in cell.values}
    asked = set(map(base_name, metrics))
    return order(
        {name for name in measured if not is_reference(name) or name in asked} or asked or {"mse"}
    )


def _with_missing(cells: Sequence[Replicates]) -> list[SummaryLine]:
    """Return a line per cell, and one without runs for each method of the table wherever at least
    two others were run and it was not."""
    methods = sorted({cell.method for cell in cells}, key=lambda name: rank("methods", name))
    by_setting: dict[tuple[str, int, str], dict[str, Replicates]] = defaultdict(dict)
    for cell in cells:
        by_setting[cell.setting][cell.method] = cell
    # A closed-form method takes no steps, so what it did under one budget stands for all.
    closed = {
        (cell.dataset, cell.latent_dim, cell.method) for cell in cells if cell.spec["steps"] == 0
    }
    return [
        SummaryLine(*setting, method, cells_by_method.get(method))
        for setting, cells_by_method in by_setting.items()
        for method in methods
        if method in cells_by_method
        or (
            len(cells_by_method) > 1
            and not _in_other_form(method, cells_by_method)
            and (*setting[:2], method) not in closed
        )
    ]


def _in_other_form(method: str, labels: Iterable[str]) -> bool:
    """Whether the method stands there under a label that only tells steps or batch size apart
    (``vae (50 steps)``)."""
    return any(method.partition(" (")[0] == other.partition(" (")[0] for other in labels)


def _check_metrics(
    metrics: Sequence[str], cells: Sequence[Replicates], records: Sequence[Record]
) -> None:
    """Raise :class:`BenchError` where finished runs lack a metric that was asked for."""
    present = {name for cell in cells for name in cell.values}
    if not any(cell.finished for cell in cells):
        return
    for wanted in metrics:
        if base_name(wanted) not in present:
            measured = {
                metric_of(identifier) for record in records for identifier in record.measurements
            }
            raise BenchError(
                f"no finished run of this choice has the metric '{wanted}' "
                f"({_why_lacking(base_name(wanted), records)}); "
                f"there are {', '.join(order(measured)) or 'none'}"
            )


def _why_lacking(name: str, records: Sequence[Record]) -> str:
    """Return why ``records`` lack the metric ``name``, else what to do about it."""
    reason = reasons(name, records)
    if reason:
        return reason
    if any(entry.name == name for entry in registry.METRICS):
        return f"measure it with `bench evaluate --metrics {name}`"
    return "see `bench list metrics`"


def _blocks(lines: Sequence[SummaryLine]) -> list[list[SummaryLine]]:
    blocks: dict[tuple[str, int, str], list[SummaryLine]] = defaultdict(list)
    for line in lines:
        blocks[line.dataset, line.latent_dim, line.budget].append(line)
    return list(blocks.values())


def _best(block: Sequence[SummaryLine], metric: str) -> str | None:
    """Return the method of a block whose value is clearly best."""
    winner = best_of([line.runs for line in block if line.runs], metric)
    return None if winner is None else winner.method


def _head_columns(with_budget: bool, with_dims: bool, with_band: bool) -> tuple[Column, ...]:
    columns = [Column("Dataset", ("dataset",))]
    if with_dims:
        columns.append(Column("n", ("intrinsic dimension",), "right"))
    if with_band:
        columns.append(BAND_COLUMN)
    columns.append(Column("L", ("latent_dim",), "right"))
    if with_budget:
        columns.append(Column("Budget", ("budget",)))
    return (
        *columns,
        Column("Method", ("method",)),
        Column("Seeds", ("seeds finished", "seeds", "status", "stale"), "right"),
    )


def _metric_column(metric: str) -> Column:
    return Column(
        title(metric),
        raw_names(metric, metric),
        "right",
        metric,
        direction(metric),
    )


def _head_cells(
    line: SummaryLine, columns: Sequence[Column], dims: Mapping[str, int | None], beside: Beside
) -> list[Cell]:
    intrinsic = dims[line.dataset]
    marks = notes.run_marks(line.runs)
    if line.runs and line.runs.stale:
        marks = (notes.STALE, *marks)
    cells = {
        "Dataset": Cell(line.dataset, raw=(line.dataset,)),
        "n": _known_dim(intrinsic),
        BAND_COLUMN.title: beside.band(line.dataset),
        "L": Cell(str(line.latent_dim), raw=(line.latent_dim,)),
        "Budget": Cell(line.budget, raw=(line.budget,)),
        "Method": Cell(
            line.method,
            raw=(line.method,),
            marks=marks,
        ),
        "Seeds": _seeds(line.runs),
    }
    return [cells[column.title] for column in columns]


def _known_dim(intrinsic: int | None) -> Cell:
    return Cell(ABSENT if intrinsic is None else str(intrinsic), raw=(intrinsic,))


def _seeds(runs: Replicates | None) -> Cell:
    if runs is None:
        return Cell("0", raw=(0, 0, "missing", None))
    done, count = runs.finished, len(runs.keys)
    raw = (done, count, runs.trouble or "done", "yes" if runs.stale else "no")
    return Cell(str(done) if done == count else f"{done}/{count}", raw=raw, note=runs.trouble)


def _metric_cells(
    line: SummaryLine,
    names: Sequence[str],
    best: Mapping[str, str | None],
    letters: Mapping[tuple[str, str], str],
    beside: Beside,
) -> list[Cell]:
    runs = line.runs
    if runs is None or not runs.finished:
        status = "missing" if runs is None else ", ".join(dict.fromkeys(runs.statuses))
        return [
            Cell(status if index == 0 else ABSENT, raw=(None, None, 0, None))
            for index in range(len(names))
        ]
    cells = []
    for name in names:
        signs = (
            notes.flag_mark(name, runs),
            notes.CHANCE if beside.inside(runs, name) else None,
            notes.REMARK if runs.remarks.get(name) else None,
            notes.STALE if name in runs.stale_metrics and not runs.stale else None,
            letters.get((line.dataset, runs.ids.get(name, ""))),
        )
        cells.append(
            estimate_cell(runs, name, best[name] == line.method, tuple(filter(None, signs)))
        )
    return cells

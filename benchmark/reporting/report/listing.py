"""Tables of single runs for the index page: all runs, and what each study measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from benchmark.names import budget_rank, labels, rank
from benchmark.reporting.cells.titles import title
from benchmark.reporting.report.overview import duration
from benchmark.reporting.report.views import TableView, ViewCell, ViewColumn, ViewRow, choices
from benchmark.reporting.tables.document import clip
from benchmark.spec import FLAGS, Record

__all__ = ["in_order", "runs_view", "study_views"]

_MEASURED = ("mse", "lstar", "active-units")
"""What the list of runs shows of what was measured."""


def in_order(records: Sequence[Record]) -> list[Record]:
    """Return ``records`` by dataset, latent size, budget, method and seed, datasets and methods in
    the order of the registry."""

    def position(record: Record) -> tuple[Any, ...]:
        spec, (method, dataset) = record.spec, labels(record.spec, record.given)
        where = rank("datasets", dataset), spec["latent_dim"], budget_rank(spec["budget"])
        return *where, rank("methods", method), spec["seed"], record.key

    return sorted(records, key=position)


def runs_view(records: Sequence[Record]) -> TableView:
    """Return a row per run with a link to its page."""
    named = [(record, *labels(record.spec, record.given)) for record in records]
    heads = [
        ("Run", ()),
        ("Method", choices(method for _, method, _ in named)),
        ("Dataset", choices(dataset for _, _, dataset in named)),
        ("Budget", choices(record.spec["budget"] for record in records)),
        ("Status", choices(record.status for record in records)),
    ]
    columns = [
        ViewColumn(Markup(name), names_row=name == "Run", choices=words, label=name)
        for name, words in heads
    ]
    columns += [_number(name) for name in ("L", "Seed", *map(title, _MEASURED), "Training")]
    rows = tuple(_run_row(record, method, dataset) for record, method, dataset in named)
    caption = (
        "Every run with its page: curves, pictures, protocol of each number, "
        "and the command that makes it again."
    )
    return TableView("runs", "Runs", caption, tuple(columns), (rows,))


def _number(name: str) -> ViewColumn:
    return ViewColumn(Markup.escape(name), number=True, label=name)


def _run_row(record: Record, method: str, dataset: str) -> ViewRow:
    spec, seconds = record.spec, record.timing.get("train_seconds")
    state = Markup('<span class="status {}">{}</span>').format(record.status, record.status)
    state += Markup("").join(map(_flag, record.flags))
    cells = [
        _link(record),
        _text(method),
        _text(dataset),
        _text(spec["budget"]),
        ViewCell(state, record.status),
    ]
    cells += [ViewCell(Markup(spec[name]), spec[name]) for name in ("latent_dim", "seed")]
    cells += [_measurement(record, name) for name in _MEASURED]
    if seconds is None:
        cells.append(ViewCell(Markup("–")))
    else:
        cells.append(ViewCell(Markup.escape(duration(seconds)), seconds))
    return ViewRow(tuple(cells), "" if record.status == "done" else "failed")


def _link(record: Record) -> ViewCell:
    link = Markup('<a href="runs/{0}.html" title="{0}">{1}</a>')
    return ViewCell(link.format(record.key, record.key[-12:]), record.key)


def _flag(flag: str) -> Markup:
    meaning = FLAGS.get(flag, flag)
    return Markup(' <span class="status flag">{}</span>').format(meaning)


def _text(text: str) -> ViewCell:
    return ViewCell(Markup.escape(clip(text)), text)


def _measurement(record: Record, name: str) -> ViewCell:
    if name not in record.measurements:
        return ViewCell(Markup("–"))
    value = record.measurements[name]["value"]
    return ViewCell(Markup.escape(f"{value:.4g}"), value)


def study_views(records: Sequence[Record]) -> list[TableView]:
    """Return a table per study among ``records``: a row per run, a column per measurement."""
    studies: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.spec["kind"] != "train":
            studies[record.spec["kind"]].append(record)
    return [
        _study_view(index, name, runs) for index, (name, runs) in enumerate(sorted(studies.items()))
    ]


def _study_view(index: int, name: str, records: Sequence[Record]) -> TableView:
    """Return the table of the runs of study ``name``; ``index`` numbers it on the page."""
    measured = list(
        dict.fromkeys(identifier for record in records for identifier in record.measurements)
    )
    columns = [
        ViewColumn(
            Markup(text), number=text in ("L", "Seed"), names_row=text == "Study", label=text
        )
        for text in ("Run", "Study", "Dataset", "L", "Seed", "Status")
    ]
    units = dict.fromkeys(
        f"{identifier}: {', '.join(filter(None, map(measurement.get, ('unit', 'protocol'))))}"
        for record in records
        for identifier, measurement in record.measurements.items()
    )
    return TableView(
        f"study-{index + 1}",
        name,
        "An experiment that is no method on a dataset.",
        (*columns, *map(_number, measured)),
        (tuple(_study_row(record, measured) for record in records),),
        tuple(map(Markup.escape, units)),
    )


def _study_row(record: Record, measured: Sequence[str]) -> ViewRow:
    study, dataset = labels(record.spec, record.given)
    cells = [_link(record), _text(study), _text(dataset)]
    cells += [
        ViewCell(Markup(record.spec[name]), record.spec[name]) for name in ("latent_dim", "seed")
    ]
    cells.append(_text(record.status))
    cells += [_measurement(record, identifier) for identifier in measured]
    return ViewRow(tuple(cells), "" if record.status == "done" else "failed")

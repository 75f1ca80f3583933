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

    def place(record: Record) -> tuple[Any, ...]:
        spec, (method, dataset) = record.spec, labels(record.spec, record.given)
        where = rank("datasets", dataset), spec["latent_dim"], budget_rank(spec["budget"])
        return *where, rank("methods", method), spec["seed"], record.key

    return sorted(records, key=place)


def runs_view(records: Sequence[Record]) -> TableView:
    """Return a row per run with a link to its page."""
    named = [(record, *labels(record.spec, record.given)) for record in records]
    offered = [
        choices(texts)
        for texts in zip(*((m, d, r.spec["budget"], r.status) for r, m, d in named), strict=True)
    ] or [()] * 4
    heads = [
        ("Run", ()),
        ("Method", offered[0]),
        ("Dataset", offered[1]),
        ("Budget", offered[2]),
        ("Status", offered[3]),
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
    link = Markup('<a href="runs/{0}.html" title="{0}">{1}</a>').format(
        record.key, record.key[-12:]
    )
    state = Markup('<span class="status {}">{}</span>').format(record.status, record.status)
    state += Markup("").join(map(_flag, record.flags))
    cells = [
        ViewCell(link, record.key),
        _text(method),
        _text(dataset),
        _text(spec["budget"]),
        ViewCell(state, record.status),
    ]
    cells += [ViewCell(Markup(spec[name]), spec[name]) for name in ("latent_dim", "seed")]
    cells += [_measurement(record, name) for name in _MEASURED]
    cells.append(
        ViewCell(Markup("–"))
        if seconds is None
        else ViewCell(Markup.escape(duration(seconds)), seconds)
    )
    return ViewRow(tuple(cells), "" if record.status == "done" else "failed")


def _flag(flag: str) -> Markup:
    meaning = FLAGS.get(flag, flag)
    return Markup(' <span class="status flag">{}</span>').format(meaning)


def _text(text: str) -> ViewCell:
    return ViewCell(Markup.escape(clip(text)), text)


def _measurement(record: Record, name: str) -> ViewCell:
    found = record.measurements.get(name)
    return (
        ViewCell(Markup("–"))
        if found is None
        else ViewCell(Markup.escape(f"{found['value']:.4g}"), found["value"])
    )


def study_views(records: Sequence[Record]) -> list[TableView]:
    """Return a table per study among ``records``: a row per run, a column per measurement."""
    studies: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.spec["kind"] != "train":
            studies[record.spec["kind"]].append(record)
    return [
        _study_view(place, name, found)
        for place, (name, found) in enumerate(sorted(studies.items()))
    ]


def _study_view(place: int, name: str, records: Sequence[Record]) -> TableView:
    measured = list(
        dict.fromkeys(identifier for record in records for identifier in record.measurements)
    )
    words = [
        (column, column == "Study", column in ("L", "Seed"))
        for column in ("Run", "Study", "Dataset", "L", "Seed", "Status")
    ]
    columns = [
        ViewColumn(Markup(text), number=number, names_row=names, label=text)
        for text, names, number in words
    ]
    rows = []
    for record in records:
        (study, dataset), spec = labels(record.spec, record.given), record.spec
        link = Markup('<a href="runs/{0}.html" title="{0}">{1}</a>').format(
            record.key, record.key[-12:]
        )
        cells = [
            ViewCell(link, record.key),
            _text(study),
            _text(dataset),
            *(ViewCell(Markup(spec[n]), spec[n]) for n in ("latent_dim", "seed")),
        ]
        cells += [
            _text(record.status),
            *(_measurement(record, identifier) for identifier in measured),
        ]
        rows.append(ViewRow(tuple(cells), "" if record.status == "done" else "failed"))
    units = dict.fromkeys(
        f"{i}: {r.measurements[i]['unit']}, {r.measurements[i]['protocol']}"
        for r in records
        for i in r.measurements
    )
    notes = tuple(map(Markup.escape, units))
    return TableView(
        f"study-{place + 1}",
        name,
        "An experiment that is no method on a dataset.",
        (*columns, *map(_number, measured)),
        (tuple(rows),),
        notes,
    )

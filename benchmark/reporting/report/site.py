"""The pages of a report, filled from templates. Text from records is escaped by jinja; nothing on a
page is loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from threadpoolctl import threadpool_limits

import benchmark
from benchmark.calibration.data_answer import DataAnswer, read_answers
from benchmark.controls import References
from benchmark.reporting.claims.table import claims_table
from benchmark.reporting.claims.verdicts import verdicts
from benchmark.reporting.figures.material import Material
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.report import (
    dimensions,
    drawings,
    failures,
    listing,
    methods,
    overview,
    runs,
    views,
)
from benchmark.reporting.report.pictures import data_uri
from benchmark.reporting.tables.document import Table
from benchmark.spec import Record

__all__ = ["dimensions_page", "site"]

ANSWERING = ("lstar", "lstar-vs-steps")
"""Figures that a report begins with."""

_FORMATS = {"tex": "latex", "csv": "csv"}

_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no page may hold: control characters and halves of characters."""


def site(records: Sequence[Record], results: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the report of ``records``, whose folders lie in ``results``: path and
    content, ``index.html`` last.

    The same records give the same bytes: there is no time on the pages but those that the records
    tell.
    """
    # The projections are tiny: threads would wait for each other, and their rounding depends on how
    # many there are.
    with threadpool_limits(1):
        yield from _files(listing.in_order(records), results)


def _files(ordered: Sequence[Record], results: Path) -> Iterator[tuple[str, bytes]]:
    # Figures take longest: the rest is written meanwhile.
    with drawings.drawings(Material.of(ordered, results)) as drawn:
        trained = [record for record in ordered if record.spec["kind"] == "train"]
        tables: list[Table] = []
        judged: list[Table] = []
        refused: list[tuple[str, str]] = []
        references = References(results)
        if trained:
            tables, refused = views.filled_tables(trained, references)
        if ordered:
            judged.append(claims_table(verdicts(ordered, references=references), "records"))
        for table in judged + tables:
            for suffix, kind in _FORMATS.items():
                yield f"tables/{table.name}.{suffix}", RENDERERS[kind](table).encode()
        for index, record in enumerate(ordered):
            before = ordered[index - 1].key if index > 0 else None
            after = ordered[index + 1].key if index + 1 < len(ordered) else None
            page = runs.run_page(record, results / record.key)
            text = _fill("run.html", page=page, before=before, after=after)
            yield f"runs/{record.key}.html", text
        answers = read_answers(results)
        if answers:
            seeds = {record.key: record.spec["seed"] for record in ordered}
            yield "dimensions.html", dimensions_page(answers, seeds)
        figures = drawn() if ordered else []
        written = _Written(judged, tables, refused, figures)
        yield "index.html", _index(ordered, trained, written, answers, results)


def dimensions_page(answers: Sequence[DataAnswer], seeds: Mapping[str, int] | None = None) -> bytes:
    """Return the page "How many dimensions" of ``answers``; ``seeds`` are those of the runs whose
    pages stand beside it, by their keys."""
    views_of_answers = dimensions.answer_views(answers, seeds or {})
    return _fill("dimensions.html", answers=views_of_answers, report=seeds is not None)


@dataclass(frozen=True)
class _Written:
    """What the catalogue gave: the tables of claims, those that could be filled, the names of the
    others with the reason, and the figures."""

    judged: Sequence[Table]
    tables: Sequence[Table]
    refused: Sequence[Any]
    figures: Sequence[drawings.Drawing]


def _index(
    ordered: Sequence[Record],
    trained: Sequence[Record],
    written: _Written,
    answered: Sequence[DataAnswer],
    results: Path,
) -> bytes:
    seeds = {record.key: record.spec["seed"] for record in ordered}
    answers = views.answer(trained, References(results))
    drawn = [figure for figure in written.figures if figure.png]

    def with_files(tables: Sequence[Table]) -> list[views.TableView]:
        return [
            views.document_view(
                table, seeds, [(suffix, f"tables/{table.name}.{suffix}") for suffix in _FORMATS]
            )
            for table in tables
        ]

    return _fill(
        "index.html",
        count=len(ordered),
        reach=overview.reach(ordered),
        answer=[views.document_view(table, seeds, ()) for table in answers],
        claims=with_files(written.judged),
        plan=overview.plan(ordered),
        coverage=overview.coverage(trained),
        tables=with_files(written.tables),
        refused=written.refused,
        studies=listing.study_views(ordered),
        pictures=[figure for figure in drawn if figure.name in ANSWERING],
        figures=[figure for figure in drawn if figure.name not in ANSWERING],
        undrawn=[figure for figure in written.figures if not figure.png],
        methods=methods.method_notes(ordered),
        failures=failures.failures(ordered, results),
        runs=listing.runs_view(ordered),
        dimensions=[answer.dataset for answer in answered],
        environment=overview.environment(ordered),
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("benchmark", "data/report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = data_uri
    environment.filters["heading"] = views.heading
    return environment


@cache
def _inlined() -> dict[str, Any]:
    """Style and script as they stand on every page, and the policy that lets these two run and
    nothing else load or run."""
    folder = resources.files("benchmark").joinpath("data", "report")
    style, script = (
        folder.joinpath(name).read_text(encoding="utf-8") for name in ("style.css", "script.js")
    )
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{hashes[0]}'; "
        f"script-src 'sha256-{hashes[1]}'; base-uri 'none'; form-action 'none'"
    )
    return {
        "style": Markup(style),
        "script": Markup(script),
        "policy": policy,
        "version": benchmark.__version__,
    }


def _fill(template: str, **context: Any) -> bytes:
    text = _environment().get_template(template).render(**_inlined(), **context)
    return _NO_TEXT.sub("\ufffd", text).encode()

"""A report begins with the answer, and says in one line what of a paper was not run."""

from __future__ import annotations

import re
from pathlib import Path

from reporting.making import record, store
from reporting.report.site_records import full

from benchmark.reporting.papers.layouts import LAYOUTS
from benchmark.reporting.report.site import site
from benchmark.reporting.report.views import answer, filled_tables
from benchmark.spec import Record


def runs() -> list[Record]:
    """Two methods where eight dimensions are true, one on digits, where nobody knows."""
    return [
        record("pca", "latent-8", values={"mse": 0.1, "lstar": 9.0, "active-units": 16.0}),
        record("grae", "latent-8", values={"mse": 0.2, "lstar": 8.0, "active-units": 8.0}),
        record("pca", "digits", values={"mse": 0.3, "lstar": 4.0}),
    ]


def index(records: list[Record], folder: Path) -> str:
    store(folder, records)
    return dict(site(records, folder))["index.html"].decode()


def test_the_answer_comes_first(tmp_path: Path) -> None:
    page = index(runs(), tmp_path)
    sections = re.findall(r'<section id="([a-z]+)" aria', page)
    assert sections[0] == "answer"
    assert sections.index("answer") < sections.index("tables") < sections.index("plan")
    first = page[page.index('id="answer"') : page.index('id="tables"')]
    assert 'id="figure-lstar"' in first
    assert "latent-8" in first and "grae" in first
    later = page[page.index('id="tables"') :]
    assert 'id="figure-lstar"' not in later


def test_datasets_of_unknown_dimension_have_no_table_of_the_answer(tmp_path: Path) -> None:
    (table,) = answer(runs())
    assert [row.cells[0].text for row in table.rows if row.keys] == ["latent-8"] * 2
    assert {"L*", "MSE"} <= {column.title for column in table.columns}
    assert answer(runs()[2:]) == []
    assert answer([record("vae", "latent-8", values={"mse": 1.0})]) == []


def test_layouts_of_which_nothing_was_run_are_a_line_each() -> None:
    tables, refused = filled_tables(runs())
    assert not {table.name for table in tables} & set(LAYOUTS)
    reasons = dict(refused)
    assert set(LAYOUTS) <= set(reasons)
    assert "bench run --suite ren-tables" in reasons["ren-1"]
    assert all(len(reason) < 200 for reason in reasons.values())
    with_one = [record("vae", "mnist", 16, values={"mse": 0.01}, budget="paper")]
    assert "ren-2" in {table.name for table in filled_tables([*runs(), *with_one])[0]}
    of_another = [record("mi-vae-joint", "mnist", 16, values={"mse": 0.01, "accuracy": 0.5})]
    names = {table.name for table in filled_tables(of_another)[0]}
    assert names & set(LAYOUTS) == {"mivae"}  # the others would be lines of nothing but "missing"


def test_an_empty_report_says_what_to_do(tmp_path: Path) -> None:
    page = index([], tmp_path)
    assert "bench run --all" in page and 'id="answer"' not in page
    assert 'id="answer"' in index(full(), tmp_path / "full")

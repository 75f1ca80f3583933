"""Reports of little: no record, failures alone, one run with nothing beside it, damaged arrays."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import record, store
from reporting.report.parsed import Page
from reporting.report.site_records import full, site_of, written

from benchmark.controls import InitialCounts, References
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.claims.verdicts import verdicts
from benchmark.reporting.figures import draw
from benchmark.reporting.report import drawings


@pytest.mark.usefixtures("few_figures")
def test_a_figure_that_fails_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, dpi: int) -> bytes:
        raise IndexError("too many indices")

    monkeypatch.setattr(drawings, "FIGURES", {"curves": FIGURES["curves"]})
    monkeypatch.setattr(draw, "draw", broken)
    page = Page(site_of(store(tmp_path, [record()]), [record()])["index.html"].decode())
    assert "failed: IndexError: too many indices" in page.text and "Summary" in page.text


@pytest.mark.usefixtures("few_figures")
def test_cells_are_sorted_by_what_they_mean(tmp_path: Path) -> None:
    page = site_of(written(tmp_path, full()), full())["index.html"].decode()
    row = next(
        row
        for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
        if ">r-vae<" in row and "10<sup>-9</sup>" in row
    )
    assert 'data-sort="1e-09"' in row and 'data-sort="digits"' in row and 'data-sort="16"' in row
    assert "seed 0</a>" in row


def test_no_record_at_all(tmp_path: Path) -> None:
    files = site_of(tmp_path, [])
    page = Page(files["index.html"].decode())
    assert (
        set(files) == {"index.html"}
        and page.faults == []
        and "bench run --all" in page.text
        and not page.all("table")
    )


@pytest.mark.usefixtures("few_figures")
def test_nothing_but_failures(tmp_path: Path) -> None:
    records = [replace(record(seed=seed, status="failed"), error="no memory") for seed in (0, 1)]
    page = Page(site_of(written(tmp_path, records), records)["index.html"].decode())
    assert (
        page.faults == [] and page.text.count("no memory") == 4 and "0/2" in page.text
    )  # the error and, in the log, its line


@pytest.mark.usefixtures("few_figures")
def test_tables_stand_beside_the_untrained_networks_of_the_results_folder(tmp_path: Path) -> None:
    run = record("grae", values={"mse": 1.0, "lstar": 16.0})
    References(tmp_path).write(InitialCounts(run.spec, run.code, [16] * 32, 512, 1.0))
    files = site_of(store(tmp_path, [run]), [run])
    (row,) = csv.DictReader(io.StringIO(files["tables/summary.csv"].decode()))
    assert (row["null lstar at least"], row["lstar inside null"]) == ("15", "yes")
    assert "nothing to find" in Page(files["index.html"].decode()).text


@pytest.mark.usefixtures("few_figures")
def test_one_record_without_anything_beside_it(tmp_path: Path) -> None:
    files = site_of(store(tmp_path, [record()]), [record()])
    index, run = (
        Page(files["index.html"].decode()),
        Page(files[f"runs/{record().key}.html"].decode()),
    )
    assert (
        "Report on 1 run " in index.text
        and "1 method on 1 dataset." in index.text
        and "1 row " in index.text
    )
    assert index.faults == run.faults == [] and "Curves" not in run.text


@pytest.mark.usefixtures("few_figures")
def test_unreadable_arrays_are_said_and_stop_nothing(tmp_path: Path) -> None:
    records = full()[:1]
    folder = written(tmp_path, records)
    (folder / records[0].key / "curves.npz").write_bytes(b"PK nonsense")
    page = Page(site_of(folder, records)[f"runs/{records[0].key}.html"].decode())
    assert "is no readable npz file" in page.text and "Pictures" in page.text


@pytest.mark.usefixtures("few_figures")
def test_claims_about_a_study_are_judged_where_nothing_else_was_run(tmp_path: Path) -> None:
    """The verdict is that of the command line."""
    gaps = {0.02: 0.1, 0.4: 0.5, 1.0: 2.5}
    records = [
        record(
            *("grae-objective", "mnist", 12, 0),
            kind="grae-objective",
            config={"beta": beta, "block": 2, "covariance": "diagonal"},
            values={"gap-taylor-grae": gap},
        )
        for beta, gap in gaps.items()
    ]
    files = site_of(store(tmp_path, records), records)
    judged = {
        verdict.claim.name: verdict for verdict in verdicts(records) if verdict.ruling != "not run"
    }
    row = next(
        row
        for row in csv.DictReader(io.StringIO(files["tables/claims.csv"].decode()))
        if row["claim"] == "grae-gap-shrinks-with-beta"
    )
    assert row["verdict"] == judged["grae-gap-shrinks-with-beta"].ruling != "not run"
    index = Page(files["index.html"].decode())
    assert index.faults == [] and "What the sources claim" in index.text
    assert "1 experiment." in index.text and "method on" not in index.text.partition("Tables")[0]

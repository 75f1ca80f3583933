"""An L* stands beside what chance gives: inside its null it is marked, in every table and every
format."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from reporting.making import record

from benchmark.metrics.null import null_interval
from benchmark.references import DimensionReference, InitialCounts, References
from benchmark.reporting import notes
from benchmark.reporting.catalogue import TABLES
from benchmark.reporting.document import Table
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.tables import build
from benchmark.spec import BenchError, Record

SIGN = {"markdown": "‖", "html": "<sup>‖</sup>", "latex": r"\textsuperscript{$\|$}"}


def counted(
    method: str, lstar: float, dataset: str = "latent-8", size: int = 16, **given: object
) -> Record:
    return record(
        method, dataset, size, values={"mse": 1.0, "lstar": lstar, "lstar-90": lstar}, **given
    )  # type: ignore[arg-type]


def initial(made: Record, values: Sequence[int], absent: str = "") -> InitialCounts:
    return InitialCounts(made.spec, made.code, values, 512, 1.0, absent)


def cell(table: Table, title: str, method: str) -> tuple[str, tuple[str, ...]]:
    """Text and marks of the cell of ``method`` in the column ``title``."""
    titles = [column.title for column in table.columns]
    (row,) = [row for row in table.rows if row.cells[titles.index("Method")].text == method]
    found = row.cells[titles.index(title)]
    return found.text, found.marks


@pytest.mark.parametrize(
    ("lstar", "size", "inside"),
    [(6, 16, True), (16, 16, True), (1, 16, True), (31, 32, True), (28, 32, False), (1, 1, True)],
)
def test_lstar_of_a_rule_on_relevances_is_marked_inside_any_of_its_intervals(
    lstar: int, size: int, inside: bool
) -> None:
    made = counted("r-vae", lstar, size=size)
    intervals = [null_interval(size, k) for k in (0.693, 1.0, 64.0)]
    assert any(low <= lstar <= high for low, _, high in intervals) == inside
    for name in ("summary", "dimensions"):
        assert (notes.CHANCE in cell(build(name, [made]), "L*", "r-vae")[1]) == inside


def test_every_table_and_every_format_shows_the_mark_and_explains_it(tmp_path: Path) -> None:
    made = [counted("r-vae", 9), counted("vae", 16, flags=["no_selection"])]
    for name in set(TABLES) & {"summary", "dimensions"}:
        table = build(name, made)
        for kind, sign in SIGN.items():
            text = RENDERERS[kind](table)
            assert sign in text and "nothing to find" in text and "Gamma(k, k)" in text, (
                name,
                kind,
            )
        rows = {row["method"]: row for row in csv.DictReader(io.StringIO(RENDERERS["csv"](table)))}
        assert (rows["r-vae"]["null"], rows["r-vae"]["lstar inside null"]) == (
            "1–12, 4–14, 15–16",
            "yes",
        )
        assert (rows["vae"]["null"], rows["vae"]["lstar inside null"]) == ("", "")


@pytest.mark.parametrize(
    ("lstar", "inside"), [(4, False), (5, True), (8, True), (12, True), (13, False)]
)
def test_lstar_is_marked_inside_the_interval_of_untrained_networks(
    tmp_path: Path, lstar: int, inside: bool
) -> None:
    made = counted("rf-vae", lstar)
    References(tmp_path).write(
        initial(made, [3, 3, 5, *[8] * 26, 12, 14, 14])
    )  # 5 and 95 % of 32 values: the third from each end
    table = build("summary", [made], references=References(tmp_path))
    assert cell(table, "Null", "rf-vae")[0] == "5–12"
    assert (cell(table, "L*", "rf-vae")[1] == (notes.CHANCE,)) == inside
    assert any("untrained networks" in note.text for note in table.notes)


def test_counts_of_other_code_or_another_cell_do_not_stand_beside_a_run(tmp_path: Path) -> None:
    made = counted("rf-vae", 8)
    References(tmp_path).write(initial(counted("rf-vae", 8, size=8), [8] * 32))
    References(tmp_path).write(InitialCounts(made.spec, "0" * 16, [8] * 32, 512, 1.0))
    table = build("summary", [made], references=References(tmp_path))
    assert cell(table, "L*", "rf-vae")[1] == ()
    assert any(
        "No null of rf-vae" in note.text and "bench evaluate --null" in note.text
        for note in table.notes
    )
    References(tmp_path).write(
        initial(counted("rf-vae", 8, seed=3), [8] * 32)
    )  # the seed is no part of a cell
    assert cell(build("summary", [made], references=References(tmp_path)), "L*", "rf-vae")[1] == (
        notes.CHANCE,
    )


def test_methods_that_select_nothing_or_are_not_trained_have_no_null(tmp_path: Path) -> None:
    made = [
        counted("vae", 16, flags=["no_selection"]),
        counted("pca", 9, steps=0),
        record("grae", "latent-8", status="diverged"),
    ]
    table = build("summary", made, references=References(tmp_path))
    assert "Null" not in [column.title for column in table.columns]
    assert not any("null" in note.text.lower() for note in table.notes)
    assert notes.CHANCE not in {
        mark for row in table.rows for each in row.cells for mark in each.marks
    }


def test_a_rule_without_a_value_on_untrained_networks_is_told_with_its_reason(
    tmp_path: Path,
) -> None:
    made = counted("grae", 9)
    References(tmp_path).write(initial(made, [], "relevances are not finite"))
    table = build("summary", [made], references=References(tmp_path))
    assert cell(table, "L*", "grae")[1] == ()
    assert any(note.text == "No null of grae: relevances are not finite." for note in table.notes)


def reference(made: Record, **estimates: list[float]) -> DimensionReference:
    return DimensionReference(
        "latent-8", made.spec["data"], 2000, 2, estimates, {}, {"95": 18, "99": 35}, 50_000
    )


def test_tables_of_counts_show_the_band_of_the_estimators(tmp_path: Path) -> None:
    made = counted("pca", 9, steps=0)
    References(tmp_path).write(reference(made, twonn=[8.0, 8.4], corrint=[6.7, 6.9]))
    table = build("summary", [made], references=References(tmp_path))
    assert cell(table, "n (est.)", "pca")[0] == "6.8–8.2"
    assert "n (est.)" not in [
        column.title for column in build("summary", [made], ["mse"], References(tmp_path)).columns
    ]


@pytest.mark.parametrize("written", [None, {}])
def test_missing_estimates_are_told_with_the_command_that_makes_them(
    tmp_path: Path, written: dict[str, list[float]] | None
) -> None:
    made = counted("pca", 9, steps=0)
    if written is not None:
        References(tmp_path).write(reference(made))  # no estimator gave a value
    table = build("dimensions", [made], references=References(tmp_path))
    assert "n (est.)" not in [column.title for column in table.columns]
    assert any("bench data dims" in note.text for note in table.notes) == (written is None)


def test_the_table_of_references_shows_every_estimator_and_tells_what_is_missing(
    tmp_path: Path,
) -> None:
    made, other = counted("pca", 9, steps=0), record("pca", "digits", data="e" * 64)
    References(tmp_path).write(replace(reference(made, mle=[8.0, 8.4]), absent={"twonn": "no"}))
    table = build("references", [made, other], references=References(tmp_path))
    titles = [column.title for column in table.columns]
    assert titles == [
        "Dataset",
        "n",
        "TwoNN",
        "MLE",
        "local PCA",
        "CorrInt",
        "n (est.)",
        "PCA-95",
        "PCA-99",
        "Draws",
    ]
    texts = {row.cells[0].text: [each.text for each in row.cells[1:]] for row in table.rows}
    assert texts["latent-8"] == [
        "8",
        "–",
        "8.2 ± 0.3",
        "–",
        "–",
        "8.2–8.2",
        "18",
        "35",
        "2 × 2,000",
    ]
    assert set(texts["digits"]) == {"–"}
    told = [note.text for note in table.notes]
    assert "No TwoNN on latent-8: no." in told and any(
        "digits was not estimated (`bench data dims`" in text for text in told
    )
    for render in RENDERERS.values():
        assert "latent-8" in render(table)
    with pytest.raises(BenchError, match="leave --metrics out"):
        build("references", [made], ["mse"])


def test_a_table_of_mnist_runs_shows_distance_error_counts_null_band_and_floor(
    tmp_path: Path,
) -> None:
    (file,) = [
        each
        for each in resources.files("benchmark").joinpath("data", "references").iterdir()
        if each.name.startswith("dimensions-mnist-")
    ]
    known = DimensionReference.from_json(file.read_text(encoding="utf-8"))
    fd = "fd-cnn[extractor=cnn-mnist-0a,n=10000,reference=10000,split=test]"
    values = {
        "mse": 0.01,
        fd: 40.0,
        fd.replace("fd-cnn", "fd-cnn-floor", 1): 0.5,
        "lstar": 9.0,
        "active-units": 12.0,
    }
    made = [
        record(method, "mnist", data=known.data, values=values) for method in ("r-vae", "maskaae")
    ]
    References(tmp_path).write(initial(made[1], [15, *[16] * 31]))
    table = build("summary", made, references=References(tmp_path))
    titles = [column.title for column in table.columns]
    assert titles == [
        "Dataset",
        "n (est.)",
        "L",
        "Method",
        "Seeds",
        "MSE",
        "FD-CNN",
        "L*",
        "Active units",
        "Null",
    ]
    low, high = known.band or (0.0, 0.0)
    assert low < 13 < high  # TwoNN and MLE of the literature lie between 11 and 14
    shown = {row.cells[3].text: [each.text for each in row.cells] for row in table.rows}
    assert {texts[1] for texts in shown.values()} == {f"{low:.1f}–{high:.1f}"}
    assert {method: texts[-1] for method, texts in shown.items()} == {
        "r-vae": "1–12, 4–14, 15–16",
        "maskaae": "16",
        "real data (floor)": "–",
    }
    assert [cell(table, "L*", method)[1] for method in ("r-vae", "maskaae")] == [
        (notes.CHANCE,),
        (),
    ]
    assert any("n=10000" in note.text and "FD-CNN" in note.text for note in table.notes)


def test_layouts_of_papers_mark_it_too(tmp_path: Path) -> None:
    made = [
        record(method, "mnist", 16, values={"mse": 1.0, "fd-cnn": 2.0, "lstar": 6.0})
        for method in ("r-dpvae", "geco-l0")
    ]
    References(tmp_path).write(initial(made[1], [6] * 32))
    for references, expected in ((None, 1), (References(tmp_path), 2)):
        table = build("ren-1", made, references=references)
        assert (
            sum(notes.CHANCE in each.marks for row in table.rows for each in row.cells) == expected
        )
        assert any("nothing to find" in note.text for note in table.notes)

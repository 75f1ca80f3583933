"""An L* stands beside what chance gives: inside its null it is marked, in every table and every
format."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import inside_null, record
from reporting.tables.counting import cell, counted, initial

from benchmark.controls import InitialCounts, References
from benchmark.identity import harness_code
from benchmark.metrics.null import null_gap
from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.cells.nulls import nulls_of
from benchmark.reporting.cells.replicates import gather
from benchmark.reporting.named_tables import build
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.tables import notes
from benchmark.spec import BenchError

SIGN = {"markdown": "‖", "html": "<sup>‖</sup>", "latex": r"\textsuperscript{$\|$}"}


EQUAL = [1.0] * 16
FIND = [1.7] * 8 + [0.4] + [0.1] * 7
"""What R-VAE learns of latent-8: eight 1/alpha near 1.7, seven near 0.1, one between."""


def chances(lstar: float, relevance: Sequence[float], **fields: object) -> set[bool]:
    """Whether each table marks the L* of such a run, and what the same question to its record
    says."""
    run = counted("r-vae", lstar, relevance=relevance, **fields)
    tables = [build(name, [run]) for name in ("summary", "dimensions")]
    marked = [notes.CHANCE in cell(table, "L*", "r-vae")[1] for table in tables]
    return {*marked, inside_null(run, References())}


@pytest.mark.parametrize(
    ("lstar", "relevance", "inside"),
    [
        (9, FIND, False),
        (8, [1.0] * 8 + [0.0] * 8, False),
        (14, [1.0] * 14 + [0.001] * 2, False),
        (16, EQUAL, True),
        (15, [1.0] * 15 + [0.0], True),  # one dead dimension of 16 is no find
        (16, [1.0] * 15 + [0.9], True),
        (13, [1.2**-index for index in range(16)], True),  # few, but where they end is anyone's
        (9, [], False),  # without relevances the count decides alone
        (15, [], True),
    ],
)
def test_an_lstar_is_marked_unless_it_is_below_its_null_and_its_gap_beyond(
    lstar: int, relevance: list[float], inside: bool
) -> None:
    assert chances(lstar, relevance) == {inside}


def test_the_null_is_that_of_the_options_of_the_run() -> None:
    """Draws at concentration 1 leave 4 of 16 and gaps of 20, so that the same find is chance."""
    assert chances(9, FIND, config={"ren_scale": "one"}) == {True}
    assert chances(3, [1.0] * 3 + [0.001] * 13, config={"ren_scale": "one"}) == {False}
    run = counted("r-vae", 9, relevance=FIND, config={"ren_posterior": "conjugate"})
    assert inside_null(run, References()) is None  # untrained networks decide, not counted here


def test_each_reading_has_its_own_null() -> None:
    (runs,) = gather([counted("r-dpvae", 9)])
    nulls = nulls_of(runs, References()).readings
    assert nulls["lstar"] == nulls["lstar-mean"] == nulls["lstar-last"]
    assert nulls["lstar"].low == 15 == nulls["lstar-draw"].low + 1
    assert nulls["lstar-90"].low == 14 and nulls["lstar-99"].low == 15


def test_a_cell_is_marked_where_one_seed_is_inside() -> None:
    runs = [
        counted("r-vae", lstar, relevance=relevance, seed=seed)
        for seed, (lstar, relevance) in enumerate([(9, FIND), (9, FIND), (16, EQUAL)])
    ]
    assert cell(build("summary", runs), "L*", "r-vae")[1] == (notes.CHANCE,)
    assert cell(build("summary", runs[:2]), "L*", "r-vae")[1] == ()


def test_a_method_of_ones_own_that_declares_a_null_gets_the_mark(tmp_path: Path) -> None:
    """The record carries what the class declared; the file need not be there."""
    rows = [{"relevances": "equal", "share": 1.0}]
    for lstar, relevance, inside in ((16, EQUAL, True), (8, [1.0] * 8 + [0.1] * 8, False)):
        run = counted("mine", lstar, relevance=relevance)
        declaring = replace(run, discovery={**(run.discovery or {}), "null": rows})
        assert inside_null(run, References()) is None
        assert inside_null(declaring, References()) == inside
        assert (notes.CHANCE in cell(build("summary", [declaring]), "L*", "mine")[1]) == inside


def test_a_null_that_means_nothing_is_told_by_the_name_of_the_method() -> None:
    run = counted("mine", 9)
    rows = [{"relevances": "sometimes"}]
    declaring = replace(run, discovery={**(run.discovery or {}), "null": rows})
    with pytest.raises(BenchError, match=r"null of 'mine' .*'sometimes'"):
        build("summary", [declaring])


def test_every_table_and_every_format_shows_the_mark_and_explains_it(tmp_path: Path) -> None:
    runs = [
        counted("r-vae", 16, relevance=EQUAL),
        counted("vae", 16, flags=["no_selection"]),
        counted("r-dpvae", 9, relevance=FIND),
    ]
    for name in set(TABLES) & {"summary", "dimensions"}:
        table = build(name, runs)
        for kind, sign in SIGN.items():
            text = RENDERERS[kind](table)
            assert sign in text and "nothing to find" in text and "by accident" in text, (
                name,
                kind,
            )
        rows = {row["method"]: row for row in csv.DictReader(io.StringIO(RENDERERS["csv"](table)))}
        names = ("null lstar at least", "null gap at most", "lstar inside null")
        gap = repr(null_gap(16, 64.0))
        assert [rows["r-vae"][key] for key in names] == ["15", gap, "yes"]
        assert [rows["r-dpvae"][key] for key in names] == ["15", gap, "no"]
        assert [rows["vae"][key] for key in names] == ["", "", ""]
        assert cell(table, "Null", "r-vae")[0] == f"≥ 15, gap ≤ {float(gap):.3g}"


@pytest.mark.parametrize(
    ("lstar", "gap", "inside"),
    [(4, 3.0, True), (2, 3.0, False), (2, 2.0, True), (3, 3.0, True), (12, 9.0, True)],
)
def test_lstar_is_marked_inside_the_extremes_of_untrained_networks(
    tmp_path: Path, lstar: int, gap: float, inside: bool
) -> None:
    relevance = [gap] * 5 + [1.0] * 11
    run = counted("maskaae", lstar, relevance=relevance)
    counts = initial(run, [3, 3, 5, *[8] * 26, 12, 14, 14])
    References(tmp_path).write(replace(counts, gaps=[1.5] * 31 + [2.0]))
    table = build("summary", [run], references=References(tmp_path))
    assert cell(table, "Null", "maskaae")[0] == "≥ 3, gap ≤ 2"
    assert (cell(table, "L*", "maskaae")[1] == (notes.CHANCE,)) == inside
    assert inside_null(run, References(tmp_path)) == inside
    assert any("extremes of 32 untrained networks" in note.text for note in table.notes)


def test_untrained_networks_counted_before_gaps_were_judge_by_the_count_alone(
    tmp_path: Path,
) -> None:
    for lstar, inside in ((4, False), (5, True)):
        run = counted("maskaae", lstar, relevance=EQUAL)
        References(tmp_path).write(initial(run, [5, *[8] * 31]))
        table = build("summary", [run], references=References(tmp_path))
        assert cell(table, "Null", "maskaae")[0] == "≥ 5"
        assert (cell(table, "L*", "maskaae")[1] == (notes.CHANCE,)) == inside


def test_counts_by_another_harness_stand_beside_stale_runs_alone(tmp_path: Path) -> None:
    """What is stale keeps what it was read beside; a fresh run is to be counted anew."""
    for harness, code, stands in (
        (harness_code(), None, True),
        ("0" * 16, None, False),
        ("0" * 16, "of-yesterday", True),
    ):
        run = counted("maskaae", 9, relevance=EQUAL, code=code)
        References(tmp_path).write(replace(initial(run, [8] * 32), harness=harness))
        table = build("summary", [run], references=References(tmp_path))
        assert ("Null" in [column.title for column in table.columns]) == stands
        assert (notes.CHANCE in cell(table, "L*", "maskaae")[1]) == stands
        noted = any("by other code than is installed (`bench" in note.text for note in table.notes)
        assert noted != stands


def test_counts_of_other_code_or_another_cell_do_not_stand_beside_a_run(tmp_path: Path) -> None:
    run = counted("maskaae", 8)
    References(tmp_path).write(initial(counted("maskaae", 8, size=8), [8] * 32))
    References(tmp_path).write(InitialCounts(run.spec, "0" * 16, [8] * 32, 512, 1.0))
    table = build("summary", [run], references=References(tmp_path))
    assert cell(table, "L*", "maskaae")[1] == ()
    assert any(
        "No null of maskaae" in note.text and "bench evaluate --null" in note.text
        for note in table.notes
    )
    References(tmp_path).write(
        initial(counted("maskaae", 8, seed=3), [8] * 32)
    )  # the seed is no part of a cell
    assert cell(build("summary", [run], references=References(tmp_path)), "L*", "maskaae")[1] == (
        notes.CHANCE,
    )


def test_methods_that_select_nothing_or_are_not_trained_have_no_null(tmp_path: Path) -> None:
    runs = [
        counted("vae", 16, flags=["no_selection"]),
        counted("pca", 9, steps=0),
        record("grae", "latent-8", status="diverged"),
    ]
    table = build("summary", runs, references=References(tmp_path))
    assert "Null" not in [column.title for column in table.columns]
    assert not any("null" in note.text.lower() for note in table.notes)
    assert notes.CHANCE not in {
        mark for row in table.rows for tabled in row.cells for mark in tabled.marks
    }


def test_a_rule_without_a_value_on_untrained_networks_is_told_with_its_reason(
    tmp_path: Path,
) -> None:
    run = counted("grae", 9)
    References(tmp_path).write(initial(run, [], "relevances are not finite"))
    table = build("summary", [run], references=References(tmp_path))
    assert cell(table, "L*", "grae")[1] == ()
    assert any(note.text == "No null of grae: relevances are not finite." for note in table.notes)


def test_layouts_of_papers_mark_it_too(tmp_path: Path) -> None:
    runs = [
        record(method, "mnist", 16, values={"mse": 1.0, "fd-cnn": 2.0, "lstar": 15.0})
        for method in ("r-dpvae", "geco-l0")
    ]
    References(tmp_path).write(initial(runs[1], [15] * 32))
    for references, expected in ((None, 1), (References(tmp_path), 2)):
        table = build("ren-1", runs, references=references)
        assert (
            sum(notes.CHANCE in entry.marks for row in table.rows for entry in row.cells)
            == expected
        )
        assert any("nothing to find" in note.text for note in table.notes)

"""The summary table: what stands in its cells, and what it refuses to say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from reporting.making import FD, record, seeds

from benchmark.reporting.cells.titles import direction, intrinsic_dim, order, title, unit
from benchmark.reporting.tables.document import Cell, Table, clip
from benchmark.reporting.tables.summary import summary
from benchmark.spec import STATUSES, BenchError, Record


def rows(table: Table) -> list[dict[str, str]]:
    """Every row as it reads: column title -> text."""

    def text(cell: Cell) -> str:
        number = cell.number
        printed = (
            cell.text
            if number is None
            else number.value + (f" ± {number.half_width}" if number.half_width else "")
        )
        return (
            printed
            + "".join(cell.marks)
            + (f" ({cell.note})" if cell.note else "")
            + (" best" if cell.best else "")
        )

    return [
        {column.title: text(cell) for column, cell in zip(table.columns, row.cells, strict=True)}
        for row in table.rows
    ]


def notes(records: Iterable[Record]) -> str:
    return "\n".join(f"{note.mark} {note.text}" for note in summary(records).notes)


def test_a_row_is_a_cell_and_a_number_is_its_mean_and_interval() -> None:
    (row,) = rows(summary(seeds([0.010, 0.011, 0.012])))
    assert row == {
        "Dataset": "digits",
        "L": "16",
        "Method": "vae",
        "Seeds": "3",
        "MSE": "0.0110 ± 0.0025",
    }


def test_rows_are_grouped_by_dataset_then_size_then_method_in_registry_order() -> None:
    records = [
        record(method, dataset, size)
        for dataset in ("mine", "circle", "digits")
        for size in (16, 2)
        for method in ("zeta", "vae", "pca")
    ]
    table = summary(records)
    read = [(row["Dataset"], row["L"], row["Method"]) for row in rows(table)]
    assert read == [
        (dataset, size, method)
        for dataset in ("digits", "circle", "mine")
        for size in ("2", "16")
        for method in ("pca", "vae", "zeta")
    ]
    assert [len(group) for group in table.groups] == [6, 6, 6]


def test_columns_are_the_metrics_that_were_measured_in_their_order() -> None:
    values = dict.fromkeys(
        ["active-units", "zeta", "lstar-99", FD, "lstar-90", "lstar", "mse-sampled", "mse"], 1.0
    )
    table = summary([record(values=values)])
    titles = ["MSE", "MSE (sampled)", "FD", "L*", "L*90", "L*99", "Active units", "zeta"]
    assert [column.title for column in table.columns][4:] == titles
    assert [
        column.metric
        for column in summary([record(values=values)], ["lstar", "fd-raw"]).columns
        if column.metric
    ] == ["fd-raw", "lstar"]


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "done"])
def test_a_run_that_is_not_done_is_shown_and_never_averaged_over(status: str) -> None:
    broken = record(seed=2, status=status, values={"mse": 1e9})
    (row,) = rows(summary([*seeds([2.0, 2.0]), broken]))
    assert (row["Seeds"], row["MSE"]) == (f"2/3 (1 {status})", "2")
    (row,) = rows(summary([broken]))
    assert (row["Seeds"], row["MSE"]) == (f"0/1 (1 {status})", status)
    assert "only those are averaged over" in notes([broken])


def test_a_method_that_was_not_run_where_others_were_is_missing() -> None:
    table = summary(
        [
            record("pca"),
            record("vae"),
            record("mine"),
            record("pca", "circle"),
            record("vae", "circle"),
            record("vae", "one-moon"),
        ]
    )
    missing = [
        (row["Dataset"], row["Method"], row["Seeds"])
        for row in rows(table)
        if row["MSE"] == "missing"
    ]
    assert missing == [
        ("circle", "mine", "0")
    ]  # one-moon saw one method alone: nothing to compare, nothing missing


def test_a_closed_form_method_is_not_missing_under_another_budget() -> None:
    records = [
        record("pca", steps=0, batch_size=0),
        record("vae", budget="steps-9", steps=9),
        record("mine", budget="steps-9", steps=9),
    ]
    assert "missing" not in {row["MSE"] for row in rows(summary(records))}


def test_stale_cells_are_marked_and_never_best() -> None:
    fresh, stale = seeds([2.0, 2.1, 2.2], "pca"), seeds([1.0, 1.1, 1.2], "vae", code="of-yesterday")
    pca, vae = rows(summary([*fresh, *stale]))
    assert (pca["Method"], vae["Method"]) == ("pca", "vae‡")
    assert "best" not in pca["MSE"] + vae["MSE"]
    assert "‡ stale" in notes(stale) and "‡" not in notes(fresh)


def test_a_stale_number_is_marked_by_itself_and_never_best() -> None:
    fresh = seeds([2.0, 2.1, 2.2], "pca")
    metrics = {**fresh[0].metrics, "mse": "0" * 16}
    old = [replace(run, metrics=metrics) for run in seeds([1.0, 1.1, 1.2], "vae")]
    pca, vae = rows(summary([*fresh, *old]))
    assert (pca["Method"], vae["Method"]) == ("pca", "vae") and vae["MSE"].endswith("‡")
    assert "best" not in pca["MSE"] + vae["MSE"] and "‡" not in pca["MSE"]
    assert "‡ stale" in notes(old) and "‡" not in notes(fresh)


def test_best_needs_separate_intervals_and_two_seeds() -> None:
    low, high = seeds([1.0, 1.1, 1.2], "vae"), seeds([2.0, 2.1, 2.2], "pca")
    assert [row["MSE"] for row in rows(summary([*low, *high]))] == [
        "2.10 ± 0.25",
        "1.10 ± 0.25 best",
    ]
    assert "Bold" in notes([*low, *high])
    for overlapping in (seeds([1.1, 1.2, 1.4], "pca"), seeds([9.0], "pca")):
        assert "best" not in str(rows(summary([*low, *overlapping])))
        assert "Bold" not in notes([*low, *overlapping])
    apart = summary([*low, *seeds([2.0, 2.1, 2.2], "pca", latent_dim=8)])
    assert "best" not in str(rows(apart))  # another latent size is no rival


def test_dimension_counts_have_no_best() -> None:
    table = summary([*seeds([1.0, 1.0], "vae", "lstar"), *seeds([9.0, 9.0], "pca", "lstar")])
    assert [row["L*"] for row in rows(table)] == ["9", "1"]


def test_lstar_by_definition_carries_a_dagger_and_other_flags_a_section_sign() -> None:
    records = [
        record("vae", values={"lstar": 16.0, "lstar-90": 3.0}, flags=["no_selection"]),
        record("pca", values={"lstar": 7.0, "lstar-90": 3.0}, flags=["undecided"]),
    ]
    read = rows(summary(records))
    assert [(row["L*"], row["L*90"]) for row in read] == [("7§", "3"), ("16†", "3")]
    assert "† by definition, not found" in notes(records) and "(undecided; see" in notes(records)


def test_protocols_that_differ_by_dataset_are_told_in_a_note() -> None:
    other = "fd-raw[n=1024,reference=1024,split=test]"
    records = [
        record(values={FD: 1.0}),
        record("vae", "circle", values={other: 1.0}),
        record("vae", "one-moon", values={other: 1.0}),
    ]
    assert (
        "FD: n=360, reference=360, split=test on digits; n=1024, reference=1024, "
        "split=test on circle, one-moon." in notes(records)
    )
    assert [row["FD"] for row in rows(summary(records))] == ["1", "1", "1"]


def test_two_protocols_within_a_dataset_are_refused_with_an_explanation_unless_both_are_named() -> (
    None
):
    other = "fd-raw[n=1024,reference=1024,split=test]"
    records = [
        *seeds([1.0, 1.1], "vae", FD),
        *seeds([900.0, 900.2], "pca", other),
        record("grae", "circle", values={other: 1.0}),
    ]
    with pytest.raises(
        BenchError,
        match=(
            r"FD on digits was measured by 2 protocols.*n=1024.* of pca; "
            r".*n=360.* of vae.*--metrics.*bench evaluate"
        ),
    ):
        summary(records)
    assert [row["FD"] for row in rows(summary(records, [FD]))][1] == "1.1 ± 0.6"
    both = summary(records, [FD, other])
    assert [row["FD"] for row in rows(both)][:2] == ["900.1 ± 1.3a", "1.1 ± 0.6b"]
    notes_text = " ".join(str(note) for note in both.notes)
    assert f"measured as {other}." in notes_text and f"measured as {FD}." in notes_text


def test_two_protocols_within_a_cell_are_an_error() -> None:
    with pytest.raises(BenchError, match="never averaged"):
        summary([record(values={FD: 1.0, "fd-raw[n=9]": 2.0})])


def test_several_budgets_have_a_column_and_one_has_none() -> None:
    assert "Budget" not in rows(summary([record()]))[0]
    read = rows(summary([record(budget="short", steps=9), record()]))
    assert [row["Budget"] for row in read] == ["quick", "short"]


def test_known_intrinsic_dimension_has_a_column_where_any_is_known() -> None:
    assert "n" not in rows(summary([record()]))[0]
    assert [
        row["n"]
        for row in rows(summary([record(), record("vae", "latent-8"), record("vae", "not-here")]))
    ] == ["–", "8", "–"]
    assert (intrinsic_dim("circle[noise=0.5]"), intrinsic_dim("digits")) == (1, None)


def test_a_metric_that_some_finished_seeds_lack_says_over_how_many_it_is() -> None:
    (row,) = rows(summary([*seeds([1.0, 1.0]), record(seed=2, values={"lstar": 4.0})]))
    assert (row["MSE"], row["L*"]) == ("1 (n = 2)", "4 (n = 1)")


def test_unknown_metric_names_what_there_is() -> None:
    with pytest.raises(
        BenchError, match=r"'nac' \(measure it with `bench evaluate --metrics nac`\); there are mse"
    ):
        summary([record()], ["nac"])
    assert rows(summary([record(status="failed")], ["lstar"]))[0]["L*"] == "failed"


def test_provenance_leads_to_every_run() -> None:
    records = [*seeds([1.0, 2.0]), record(status="failed", seed=5)]
    table = summary(records)
    assert all(run.key in "\n".join(table.provenance) for run in records)
    assert {key for row in table.rows for key in row.keys} == {run.key for run in records}


def test_metrics_tell_units_and_directions() -> None:
    assert (title("mse"), unit("mse"), direction("mse"), direction("lstar")) == (
        "MSE",
        "squared data units",
        "min",
        "none",
    )
    assert (title("other"), unit("other"), direction("other")) == ("other", "", "none")
    assert order(["zeta", "alpha", "lstar", "mse"]) == ["mse", "lstar", "alpha", "zeta"]


def test_clip_keeps_one_line_of_limited_length() -> None:
    assert clip("a\n\tb\x00c\u2028d") == "a b c d"
    assert len(clip("x" * 500)) == 64
    assert clip("short") == "short"

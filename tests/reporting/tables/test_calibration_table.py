"""The table of bias, spread and failures by n/L and noise; empty cells say what they are."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from reporting.making import record
from reporting.tables.test_summary import rows
from reporting.trial_records import estimated, on_manifold

from benchmark.controls import References
from benchmark.reporting.cells.trials import trials_of
from benchmark.reporting.named_tables import build
from benchmark.reporting.statistics.share import share_interval
from benchmark.reporting.tables.calibration import calibration, levels, pooled_spread
from benchmark.reporting.tables.document import Table
from benchmark.spec import UNSETTLED, BenchError


def notes(table: Table) -> str:
    return "\n".join(note.text for note in table.notes)


def raw(table: Table, title: str) -> list[tuple[object, ...]]:
    position = [column.title for column in table.columns].index(title)
    return [row.cells[position].raw for row in table.rows]


def test_a_row_is_a_voice_at_a_level() -> None:
    runs = [
        *on_manifold("geco-l0", [8, 8, 10]),
        *on_manifold("geco-l0", [16, 20], 32, intrinsic_dim=16),
        *on_manifold("geco-l0", [8, 12], noise=0.2),
        *on_manifold("geco-l0", [2], intrinsic_dim=2),
    ]
    table = calibration(runs)
    read = rows(table)
    assert [(row["n"], row["n/L"], row["Noise"], row["Data"]) for row in read] == [
        ("2", "1/8", "5 %", "1"),
        ("8, 16", "1/2", "5 %", "2"),
        ("8", "1/2", "20 %", "1"),
    ]
    assert [row["Voice"] for row in read] == ["geco-l0"] * 3
    assert [row["L*/n"] for row in read] == ["1.00", "1.00–1.25", "1.00–1.50"]
    ratios = [1.0, 1.0, 1.25, 1.0, 1.25]
    bias = math.exp(np.log(ratios).mean()) - 1
    assert raw(table, "Bias")[1] == (pytest.approx(bias),)
    assert [row["Bias"] for row in read] == ["+0 %", f"+{100 * bias:.0f} %", "+22 %"]
    assert sum(len(row.keys) for row in table.rows) == len(runs)


def test_the_spread_is_pooled_over_seeds_and_not_over_data() -> None:
    apart = [*on_manifold("grae", [4, 4]), *on_manifold("grae", [12, 12], parts=2)]
    moving = [*on_manifold("grae", [4, 12]), *on_manifold("grae", [4, 12], parts=2)]
    single = [*on_manifold("grae", [4]), *on_manifold("grae", [12], parts=2)]
    assert [rows(calibration(runs))[0]["Spread"] for runs in (apart, moving, single)] == [
        "0 %",
        "78 %",  # ln 3 / sqrt 2
        "–",
    ]
    trials = trials_of(moving, References())
    assert pooled_spread(trials) == pytest.approx(math.log(3) / math.sqrt(2))
    assert pooled_spread(trials_of(single, References())) is None


def test_failures_are_counted_by_reason_and_are_no_part_of_the_bias() -> None:
    runs = [
        *on_manifold("grae", [8, 8]),
        *on_manifold("grae", [3, 3], flags=["collapsed"], parts=2),
        *on_manifold("grae", [3], harness_flags=[UNSETTLED], parts=3),
    ]
    table = calibration(runs)
    (row,) = rows(table)
    assert row["Bias"] == "+0 %" and row["Failed"] == "3/5 (15 to 95 %)"
    assert row["Why"] == "2 collapsed, 1 unsettled"
    (failed,) = raw(table, "Failed")
    assert failed == (3, 5, *share_interval(3, 5))
    (clean,) = rows(calibration(runs[:2]))
    assert clean["Failed"] == "0/2 (0 to 84 %)" and clean["Why"] == "–"


def test_empty_cells_say_whether_nothing_was_run_or_nothing_answered() -> None:
    runs = [
        *on_manifold("geco-l0", [8]),
        *on_manifold("geco-l0", [8], 32),
        *on_manifold("grae", [8], status="diverged"),
    ]
    read = rows(calibration(runs))
    assert [(row["Voice"], row["n/L"], row["Bias"], row["Failed"]) for row in read] == [
        ("geco-l0", "1/4", "+0 %", "0/1 (0 to 98 %)"),
        ("geco-l0", "1/2", "+0 %", "0/1 (0 to 98 %)"),
        ("grae", "1/4", "not run", "–"),
        ("grae", "1/2", "no answer", "1/1 (3 to 100 %)"),
    ]
    assert [(row["n"], row["Data"], row["L*/n"], row["Spread"]) for row in read[2:]] == [
        ("–", "0", "–", "–"),
        ("8", "1", "–", "–"),
    ]


def test_estimators_have_rows_by_n_and_say_how_they_come_about(tmp_path: Path) -> None:
    runs = [*on_manifold("geco-l0", [8]), *on_manifold("geco-l0", [4], intrinsic_dim=4)]
    estimated(tmp_path, {"twonn": [6.0, 6.0]})
    references = estimated(tmp_path, {"twonn": [5.0, 5.0]}, intrinsic_dim=4)
    table = build("calibration", runs, references=references)
    read = [row for row in rows(table) if row["Voice"] == "TwoNN"]
    assert [(row["n"], row["n/L"], row["Bias"], row["Spread"]) for row in read] == [
        ("4", "–", "+25 %", "0 %"),
        ("8", "–", "-25 %", "0 %"),
    ]
    assert "bench data dims" not in notes(table)
    assert "made by `bench data dims`" in notes(build("calibration", runs))


def test_levels_stand_in_order() -> None:
    runs = [
        *on_manifold("geco-l0", [8], 8),
        *on_manifold("geco-l0", [8], 64),
        *on_manifold("geco-l0", [8], noise=0.2),
        *on_manifold("geco-l0", [8], noise=0.0),
    ]
    assert list(levels(trials_of(runs, References()))) == [
        (0.125, 0.05, None),
        (0.5, 0.0, None),
        (0.5, 0.2, None),
        (1.0, 0.05, None),
    ]


def test_one_answer_of_all_is_judged_where_there_are_data_enough(tmp_path: Path) -> None:
    stream = np.random.default_rng(0)
    runs = []
    for n in range(1, 25):
        for method, factor in (("geco-l0", 1.0), ("grae", 1.2), ("irmae", 0.8)):
            count = max(1.0, round(n * factor * math.exp(0.1 * stream.normal())))
            runs += on_manifold(method, [count], 64, intrinsic_dim=n)
    few = notes(calibration(runs[: 3 * 19]))
    assert "needs 20 datasets of known dimension to be judged; there are 19." in few
    enough = notes(calibration(runs))
    assert "of 24 intervals hold n (24 datasets), median width" in enough
    assert "needs 20 datasets" not in enough and " alone " in enough


def test_without_data_of_known_dimension_the_table_says_what_to_run() -> None:
    table = calibration([record("geco-l0", "digits", values={"lstar": 9.0})])
    assert not table.rows and "bench run --suite known-dimension" in notes(table)


def test_metrics_are_not_to_be_chosen() -> None:
    with pytest.raises(BenchError, match="leave --metrics out"):
        calibration(on_manifold("geco-l0", [8]), ["mse"])

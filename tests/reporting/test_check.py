"""The gate's verdicts on made-up runs: what is worse, what is not, what nobody can tell, and what
was never compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.reporting.baseline import Baseline, make, read
from benchmark.reporting.check import Judgement, check, exit_status
from benchmark.spec import BenchError, Record
from tests.reporting.making import record, seeds

HERE = {"packages": {"torch": "2.9"}, "cpu": "A", "device": "cpu", "threads": 1}
THERE = {**HERE, "cpu": "B"}
VALUES = (0.50, 0.52, 0.48, 0.51, 0.49)
SPREAD = float(np.std(VALUES, ddof=1))


def runs(
    values: Sequence[float], environment: dict[str, Any] = HERE, **kwargs: Any
) -> list[Record]:
    return [replace(each, environment=environment) for each in seeds(values, **kwargs)]


def judged(baseline: Baseline, records: Sequence[Record], **kwargs: Any) -> Judgement:
    (found,) = check(baseline, records, **kwargs)
    return found


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    return make(runs(VALUES))


def test_same_bits_on_the_same_machine_class_are_not_worse(baseline: Baseline) -> None:
    found = judged(baseline, runs(VALUES))
    assert (found.verdict, found.p, found.reason) == ("not worse", None, "same bits in every seed")


@pytest.mark.parametrize(("step", "verdict"), [(1.0, "worse"), (0.0, "better")])
def test_one_bit_on_the_same_machine_class_is_a_change(
    baseline: Baseline, step: float, verdict: str
) -> None:
    changed = [*VALUES[:-1], float(np.nextafter(VALUES[-1], step))]
    assert judged(baseline, runs(changed)).verdict == verdict
    assert judged(baseline, runs(changed), exact=False).verdict == "not worse"
    assert judged(baseline, runs(changed, THERE)).verdict == "not worse"


def test_on_another_machine_seeds_are_tested(baseline: Baseline) -> None:
    (cell,) = baseline.cells
    for shift, verdict in (
        (6 * SPREAD, "worse"),
        (-6 * SPREAD, "better"),
        (0.0, "not worse"),
        (1.2 * SPREAD, "cannot tell"),
    ):
        found = judged(baseline, runs([value + shift for value in VALUES], THERE))
        assert (found.verdict, found.p is not None) == (verdict, True)
        assert "cpu A -> B" in found.causes
    assert cell.effect == pytest.approx(
        1.78 * SPREAD, rel=0.05
    )  # one cell, five seeds: the value of the t test


def test_direction_is_the_metrics(baseline: Baseline) -> None:
    accuracy = make(runs([0.9, 0.91, 0.89, 0.92, 0.88], metric="accuracy"), ["accuracy"])
    assert (
        judged(accuracy, runs([0.8, 0.81, 0.79, 0.82, 0.78], THERE, metric="accuracy")).verdict
        == "worse"
    )
    assert (
        judged(accuracy, runs([0.95, 0.96, 0.97, 0.96, 0.95], THERE, metric="accuracy")).verdict
        == "better"
    )


def test_a_metric_without_a_better_side_is_left_out_and_where_named_may_move_to_neither() -> None:
    records = runs([16.0, 16.0, 16.0, 15.0, 16.0], metric="lstar")
    with pytest.raises(BenchError, match="better side"):
        make(records)
    guarded = make(records, ["lstar"])
    for moved in (8.0, 24.0):
        assert (
            judged(
                guarded, runs([moved, moved, moved + 1, moved, moved], THERE, metric="lstar")
            ).verdict
            == "worse"
        )


def test_changed_defaults_are_compared_and_named_and_not_lost(baseline: Baseline) -> None:
    """The key changes with a default; the runs are found by what one types."""
    changed = runs([value + 0.2 for value in VALUES], THERE, steps=299)
    found = judged(baseline, changed)
    assert found.verdict == "worse" and "steps 300 -> 299" in found.causes


@pytest.mark.parametrize("shift", [0.2, -0.2])
def test_other_data_are_never_an_improvement(baseline: Baseline, shift: float) -> None:
    found = judged(baseline, runs([value + shift for value in VALUES], data="e" * 64))
    assert (found.verdict, found.reason) == ("worse", "moved, and the data are others")
    same = judged(baseline, runs(VALUES, data="e" * 64))
    assert same.verdict == "cannot tell" and "the data are others" in same.reason


def test_rounding_of_cells_without_spread_is_not_worse() -> None:
    flat = make(runs([0.5] * 5))
    assert judged(flat, runs([0.5 * (1 + 2e-7)] * 5, THERE)).verdict == "not worse"
    assert judged(flat, runs([0.5 * (1 + 1e-3)] * 5, THERE)).verdict == "worse"


def test_missing_or_broken_runs_are_no_verdict(baseline: Baseline) -> None:
    good = runs(VALUES)
    killed = record(seed=4, status="killed")
    other = record(seed=4, values={"mse-other": 1.0})
    stale = replace(good[4], code="0" * 16)
    twice = [*good, *runs(VALUES[:1], steps=299)]
    for records in (
        good[:4],
        [*good[:4], killed],
        [*good[:4], other],
        [*good[:4], stale],
        twice,
        [],
    ):
        found = judged(baseline, records)
        assert (found.verdict, exit_status([found])) == ("no verdict", 3)


def test_a_diverged_run_is_worse(baseline: Baseline) -> None:
    diverged = record(seed=4, status="diverged")
    infinite = replace(record(seed=4, values={}), absent={"mse": "the value is not finite"})
    for bad in (diverged, infinite):
        found = judged(baseline, [*runs(VALUES)[:4], bad])
        assert (found.verdict, exit_status([found])) == ("worse", 1)


def test_exit_status(baseline: Baseline) -> None:
    (cell,) = baseline.cells
    verdicts = {
        name: Judgement(cell, name, "")
        for name in ("worse", "not worse", "better", "cannot tell", "no verdict")
    }  # type: ignore[arg-type]
    for names, plain, strict in (
        (("not worse", "better"), 0, 0),
        (("not worse", "cannot tell"), 0, 3),
        (("better", "no verdict"), 3, 3),
        (("worse", "no verdict"), 1, 1),
    ):
        given = [verdicts[name] for name in names]
        assert (exit_status(given), exit_status(given, strict=True)) == (plain, strict)


@pytest.mark.parametrize(
    ("records", "metrics", "message"),
    [
        (runs(VALUES[:2]), [], "2 seeds could never be found worse"),
        (runs([0.02, 0.0, 0.01, 0.03, 0.0], metric="accuracy"), ["accuracy"], "end below zero"),
        (runs([0.0] * 5), [], "neither size nor spread"),
        ([*runs(VALUES), record(seed=5, status="failed")], [], "ended as 'failed'"),
        (
            [replace(each, code="0" * 16) for each in runs(VALUES)],
            [],
            "is not the one that trained it",
        ),
        (
            [*runs(VALUES), *runs(VALUES, steps=299)],
            [],
            "different specs or codes, or copies of one run, have one name",
        ),
        (runs(VALUES), ["fd-raw"], "no run measured 'fd-raw'"),
    ],
)
def test_a_baseline_that_could_not_do_its_work_is_refused(
    records: list[Record], metrics: list[str], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        make(records, metrics)


def test_a_baseline_is_read_as_it_was_written_and_damage_is_told(
    baseline: Baseline, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(baseline.to_json(), encoding="utf-8")
    assert read(path) == baseline
    renamed = baseline.to_json().replace('"mean"', '"average"')
    for text, message in (
        ("{", "not JSON"),
        ('{"schema": 9}', "another schema"),
        (renamed, "not readable"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BenchError, match=message):
            read(path)
    with pytest.raises(BenchError, match="bench baseline"):
        read(tmp_path / "nowhere.json")

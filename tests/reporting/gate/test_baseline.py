"""A baseline that could not do its work is refused; one that is written is read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from reporting.gate.judging import VALUES, runs
from reporting.making import record

from benchmark.reporting.gate.baseline import make
from benchmark.reporting.gate.baseline_file import Baseline, read
from benchmark.spec import BenchError, Record


@pytest.mark.parametrize(
    ("records", "metrics", "message"),
    [
        (runs(VALUES[:2]), [], "2 seeds could never be found worse"),
        (runs([0.02, 0.0, 0.01, 0.03, 0.0], metric="accuracy"), ["accuracy"], "end below zero"),
        (runs([0.0] * 5), [], "neither size nor spread"),
        ([*runs(VALUES), record(seed=5, status="failed")], [], "ended as 'failed'"),
        (
            [replace(run, code="0" * 16) for run in runs(VALUES)],
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


def test_a_baseline_of_the_first_schema_is_read_and_tested_as_today(
    baseline: Baseline, tmp_path: Path
) -> None:
    document = json.loads(baseline.to_json())
    document["schema"] = 1
    document["cells"][0] |= {"test": "welch", "effect": 0.001}
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert read(path) == baseline


ODD = (("mean", None), ("runs", [1]), ("unit", ["a"]), ("direction", "up"), ("test", "odd"))


def edited(baseline: Baseline, name: str, value: object) -> tuple[str, str]:
    """A baseline whose first cell was edited, and what is said of it."""
    document = json.loads(baseline.to_json())
    document["cells"][0][name] = value
    return json.dumps(document), f"not readable: '{name}' of cell 0 is"


def test_a_baseline_is_read_as_it_was_written_and_damage_is_told(
    baseline: Baseline, tmp_path: Path
) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(baseline.to_json(), encoding="utf-8")
    assert read(path) == baseline
    for written, message in (
        ("{", "not JSON"),
        ('{"schema": 9}', "another schema"),
        (baseline.to_json().replace('"mean"', '"average"'), "not readable"),
        *(edited(baseline, name, value) for name, value in ODD),
    ):
        path.write_text(written, encoding="utf-8")
        with pytest.raises(BenchError, match=message):
            read(path)
    with pytest.raises(BenchError, match="bench baseline"):
        read(tmp_path / "nowhere.json")

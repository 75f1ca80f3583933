"""The project's own gate: its baseline can be read, guards what CI runs, and would close."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.reporting.gate.baseline_file import Baseline, read
from benchmark.reporting.gate.check import check, exit_status
from benchmark.spec import Record

ROOT = Path(__file__).resolve().parents[1]


def records(baseline: Baseline, factor: float, cpu: str) -> list[Record]:
    """The runs of the baseline as a later day might see them: mse times ``factor``, on the
    processor ``cpu``."""
    by_key: dict[str, Record] = {}
    for cell in baseline.cells:
        for seed, run in cell.runs.items():
            machine = {**baseline.machines[run.machine], "cpu": cpu}
            blank = Record(
                {**cell.spec, "seed": int(seed)}, run.key, cell.code, "done", environment=machine
            )
            value = run.value * (factor if cell.metric == "mse" else 1.0)
            facts = {"value": value, "unit": cell.unit, "n": 1, "protocol": ""}
            record = by_key.setdefault(run.key, blank)
            by_key[run.key] = replace(
                record, measurements={**record.measurements, cell.metric: facts}
            )
    return list(by_key.values())


def test_the_golden_baseline_guards_what_ci_runs_and_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    baseline = read(ROOT / "tests" / "golden" / "baseline.json")
    assert {(cell.method, cell.dataset, len(cell.runs)) for cell in baseline.cells} == {
        (method, dataset, 5)
        for method in ("vae", "dpvae", "grae")
        for dataset in ("digits", "circle")
    }
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "--methods vae,dpvae,grae --datasets digits,circle --steps 100 --seeds 5" in script
    assert {cell.budget for cell in baseline.cells} == {"steps-100"}
    here = next(iter(baseline.machines.values()))["cpu"]
    monkeypatch.setattr("benchmark.reporting.gate.check.outdated", lambda record: "")
    monkeypatch.setattr("benchmark.reporting.gate.check.outdated_metrics", lambda record: ())
    assert exit_status(check(baseline, records(baseline, 1.0, here)), strict=True) == 0
    assert exit_status(check(baseline, records(baseline, 1.0, "another")), strict=True) == 0
    assert exit_status(check(baseline, records(baseline, 1.0001, here))) == 1
    assert exit_status(check(baseline, records(baseline, 1.5, "another"))) == 1

"""A calibration from records: what is heard is what ``bench dims`` would hear."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_calibration import fake_calibration
from reporting.making import record, store
from reporting.trial_records import estimated, on_manifold

from benchmark.calibration.calibration import packaged
from benchmark.dims.calibrating import calibration_of, chosen_calibration
from benchmark.identity import code_of
from benchmark.spec import UNSETTLED, BenchError, Record


def runs(count: int = 24) -> list[Record]:
    """Two methods, two seeds of each, on so many datasets of dimensions 1 to ``count``; the second
    seed is far off."""
    stream = np.random.default_rng(0)
    records = []
    for n in range(1, count + 1):
        for method, factor in (("geco-l0", 1.0), ("grae", 1.2), ("irmae", 0.8)):
            counted = max(1.0, round(n * factor * math.exp(0.05 * stream.normal())))
            records += on_manifold(method, [counted, 60.0], 64, intrinsic_dim=n)
    return records


def test_one_seed_is_heard_and_all_count_as_failures(tmp_path: Path) -> None:
    unsettled = on_manifold("irmae", [5.0], 64, intrinsic_dim=25, harness_flags=[UNSETTLED])
    store(tmp_path, [*runs(), *unsettled])
    estimated(tmp_path, {"twonn": [3.0, 3.2]}, intrinsic_dim=4)
    calibration = calibration_of(tmp_path)
    assert calibration.error.datasets == 25 and calibration.error.answered == 24
    said = {
        statement.voice: statement.count
        for case in calibration.cases
        if case.truth == 4
        for statement in case.statements
    }
    assert said["TwoNN"] == pytest.approx(3.1) and set(said) >= {"geco-l0", "grae", "irmae"}
    assert all(
        statement.count < 60.0 for case in calibration.cases for statement in case.statements
    )
    assert calibration.failures["irmae"] == (1, 49) and calibration.failures["grae"] == (0, 48)
    assert calibration.codes["grae"] == code_of("grae") and "TwoNN" not in calibration.codes


def measured_on(run: Record) -> dict[str, Any]:
    """The data of a run, and an answer on them."""
    return {"values": {"lstar": 4.0}, "options": run.spec["options"], "data": run.spec["data"]}


def test_runs_of_other_budgets_and_of_other_code_are_not_heard(tmp_path: Path) -> None:
    kept = runs()
    longer = [
        record("vaease", "manifold", 64, budget="short", **measured_on(run)) for run in kept[::2]
    ]
    older = [record("mi-vae", "manifold", 64, code="other", **measured_on(run)) for run in kept]
    store(tmp_path, [*kept, *longer, *older])
    assert set(calibration_of(tmp_path).spreads) == {"geco-l0", "grae", "irmae"}


def test_too_few_datasets_are_told_with_the_folder_and_what_to_run(tmp_path: Path) -> None:
    store(tmp_path, runs(5))
    with pytest.raises(BenchError, match="there are 5 datasets") as refusal:
        calibration_of(tmp_path)
    assert str(tmp_path) in str(refusal.value)
    assert "bench run --suite known-dimension" in str(refusal.value)


def test_a_path_is_a_file_or_a_folder(tmp_path: Path) -> None:
    store(tmp_path / "runs", runs())
    learned = calibration_of(tmp_path / "runs")
    assert chosen_calibration(tmp_path / "runs") == learned
    (tmp_path / "calibration.json").write_text(fake_calibration().to_json())
    assert chosen_calibration(tmp_path / "calibration.json") == fake_calibration()


PUBLISHED = Path(__file__).parents[2] / "results" / "published" / "known-dimension"


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the calibration's records are not published")
def test_what_comes_with_the_package_is_what_the_published_records_say() -> None:
    """``bench calibrate --results results/published/known-dimension -o
    benchmark/data/calibration.json`` writes it again."""
    shipped = packaged()
    assert shipped is not None and shipped.to_json() == calibration_of(PUBLISHED).to_json()

"""The document of a calibration: what it holds, that it comes back equal, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_calibration import BIAS, fake_calibration, fake_cases

from benchmark.calibration.calibration import Calibration, packaged, read_calibration
from benchmark.calibration.combination import leave_one_out
from benchmark.calibration.error import error_of, voice_errors
from benchmark.spec import BenchError


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return fake_calibration()


def test_it_comes_back_equal_and_answers_alike(calibration: Calibration) -> None:
    again = Calibration.from_json(calibration.to_json())
    assert again == calibration
    said = calibration.cases[0].statements
    assert again.combination.answer(said) == calibration.combination.answer(said)
    assert again.to_json() == calibration.to_json()


def test_its_error_is_that_of_datasets_left_out(calibration: Calibration) -> None:
    assert calibration.error == error_of(calibration.cases, leave_one_out(calibration.cases))
    assert calibration.error.datasets == 25 and calibration.error.answered == 25
    assert calibration.alone == voice_errors(calibration.cases)


def test_voices_that_scatter_less_are_trusted_more(calibration: Calibration) -> None:
    spreads = calibration.spreads
    assert set(spreads) == set(BIAS)
    assert spreads["TwoNN"] < spreads["local PCA"] < spreads["PCA-99"]


def test_too_few_datasets_are_refused() -> None:
    cases = fake_cases(19)
    with pytest.raises(BenchError, match="there are 19 datasets of known dimension, 20 are needed"):
        Calibration.of(cases, {}, "", {})
    assert Calibration.of(fake_cases(20), {}, "", {}).error.datasets == 20
    silent = [replace(case, statements=()) for case in fake_cases(20)]
    with pytest.raises(BenchError, match="no voice was heard"):
        Calibration.of(silent, {}, "", {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 0}, "schema is 0, this version reads 1"),
        ({"level": "high"}, "expected a finite number"),
        ({"level": 1.5}, "expected a number between 0 and 1"),
        ({"cases": [{"dataset": "x", "dimension": 0.0, "said": []}]}, "the dimension of 'x' is 0"),
        ({"cases": [{"dataset": "x", "dimension": 1.0, "said": [["v", -1.0, None]]}]}, "says -1"),
        ({"cases": [{"dataset": "x", "dimension": 1.0, "said": [["v"]]}]}, "expected a list"),
        ({"alone": {"v": [1]}}, "expected two numbers"),
        ({"more": 1}, "unknown field 'more'"),
    ],
)
def test_what_is_no_calibration_is_refused_in_one_line(
    calibration: Calibration, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**json.loads(calibration.to_json()), **change}))
    with pytest.raises(BenchError) as refusal:
        read_calibration(path)
    assert message in str(refusal.value) and "bench calibrate" in str(refusal.value)


def test_one_by_a_later_version_is_told_as_such(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({**json.loads(calibration.to_json()), "schema": 2}))
    with pytest.raises(BenchError, match="written by a newer version") as refusal:
        read_calibration(path)
    assert "make one" not in str(refusal.value)


def test_a_file_that_is_not_there_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot read the calibration"):
        read_calibration(tmp_path / "nowhere.json")
    (tmp_path / "text.json").write_text("not json")
    with pytest.raises(BenchError, match="is no calibration"):
        read_calibration(tmp_path / "text.json")


def test_what_comes_with_the_package_says_its_own_error() -> None:
    """Once it is there; until then `bench dims` says that nothing is calibrated."""
    shipped = packaged()
    if shipped is None:
        pytest.skip("no calibration comes with the package yet")
    assert shipped.error == error_of(shipped.cases, leave_one_out(shipped.cases, shipped.level))
    assert shipped.to_json() == Calibration.from_json(shipped.to_json()).to_json()

"""Weighing what voices say: an answer, none without a calibration, none where they differ too much;
whoever is left out says why. And a question asked in earnest, of a plane in 20 numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_calibration import BIAS, fake_calibration

from benchmark.calibration.calibration import Calibration
from benchmark.calibration.data_answer import DataAnswer, VoiceReport
from benchmark.datasets.own import dataset
from benchmark.dims.answering import Question, ask
from benchmark.dims.weighing import NOT_CALIBRATED, weighed
from benchmark.planning.reuse import Settings
from benchmark.spec import BenchError

FACTS = DataAnswer("mine", "d" * 64, 4000, 64, (), 0.95)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return fake_calibration()


def everyone(n: float, factors: dict[str, float] | None = None) -> list[VoiceReport]:
    """What the calibrated voices say of data of dimension n, each as it is off on average."""
    factors = factors or {}
    sizes = {"pca": 16, "irmae": 16}
    return [
        VoiceReport(voice, sizes.get(voice), n * factor * factors.get(voice, 1.0))
        for voice, (factor, _) in BIAS.items()
    ]


def test_voices_that_agree_give_an_answer(calibration: Calibration) -> None:
    answer = weighed(everyone(5.0), calibration, FACTS)
    assert answer.value == pytest.approx(5.0, rel=0.1)
    assert answer.low is not None and answer.high is not None
    assert answer.low < 5.0 < answer.high < 2.0 * answer.low
    assert answer.provision in (8, 16) and not answer.absent
    assert sum(report.weight or 0.0 for report in answer.voices) == pytest.approx(1.0)
    assert all(report.corrected == pytest.approx(5.0, rel=0.3) for report in answer.voices)
    weights = [report.weight for report in answer.voices]
    assert weights == sorted(weights, reverse=True)  # type: ignore[type-var]  # none is None
    assert answer.error["datasets"] == 25


def test_without_a_calibration_there_are_voices_and_no_answer() -> None:
    answer = weighed(everyone(5.0), None, FACTS)
    assert answer.value is None and answer.absent == NOT_CALIBRATED and not answer.error
    assert {report.voice for report in answer.voices} == set(BIAS)
    assert all(report.corrected is None and report.weight is None for report in answer.voices)


def test_voices_that_differ_more_than_ever_give_none(calibration: Calibration) -> None:
    apart = {"TwoNN": 4.0, "MLE": 0.25, "CorrInt": 5.0, "irmae": 0.2}
    answer = weighed(everyone(5.0, apart), calibration, FACTS)
    assert answer.value is answer.low is answer.high is answer.provision is None
    assert "the voices differ more than on 96 % of the 25 datasets" in answer.absent
    assert answer.voices and answer.error


def test_who_is_left_out_says_why_and_does_not_count(calibration: Calibration) -> None:
    lying = VoiceReport("irmae", 32, 30.0, "unsettled", key="irmae-mine")
    stranger = VoiceReport("stranger", 16, 30.0)
    answer = weighed([*everyone(5.0), lying, stranger], calibration, FACTS)
    assert answer.value == weighed(everyone(5.0), calibration, FACTS).value
    reasons = {
        (report.voice, report.latent_dim): report.left_out
        for report in answer.voices
        if report.left_out
    }
    assert reasons == {
        ("irmae", 32): "unsettled",
        ("stranger", 16): "heard on 0 datasets of known dimension, 3 are needed",
    }
    assert [report.voice for report in answer.voices[-2:]] == ["irmae", "stranger"]


def test_nobody_to_be_heard_is_no_answer(calibration: Calibration) -> None:
    silent = [replace(report, left_out="collapsed") for report in everyone(5.0)]
    answer = weighed(silent, calibration, FACTS)
    assert answer.value is None and answer.absent == "there is no voice"


def test_an_interval_that_reaches_all_numbers_says_that_no_manifold_is_seen(
    calibration: Calibration,
) -> None:
    full = weighed(everyone(5.0), calibration, replace(FACTS, numbers=5))
    assert full.value is not None
    assert any("no manifold of fewer dimensions is seen" in remark for remark in full.remarks)
    assert not weighed(everyone(5.0), calibration, FACTS).remarks


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A plane of three dimensions in 20 numbers, 300 rows of which 240 train."""
    pytest.importorskip("skdim", reason="scikit-dimension is not installed (pip install '.[dims]')")
    stream = np.random.default_rng(0)
    rows = stream.normal(size=(300, 3)) @ stream.normal(size=(3, 20))
    rows += 0.01 * stream.normal(size=rows.shape)
    rows /= rows.std(0)
    return dataset("plane", rows, folder=tmp_path_factory.mktemp("data"))


def test_a_question_is_answered_and_the_runs_stay(
    plane: str, tmp_path: Path, calibration: Calibration
) -> None:
    question = Question(plane, tmp_path, Settings(tmp_path, "cpu"), methods=["pca"])
    heard: list[str] = []
    answer = ask(question, calibration, tell=heard.append)
    assert (answer.items, answer.numbers, answer.dataset) == (240, 20, "npz:plane")
    voices = {report.voice for report in answer.voices}
    assert {"TwoNN", "MLE", "local PCA", "CorrInt", "PCA-95", "PCA-99", "pca"} == voices
    (run,) = (report for report in answer.voices if report.key)
    assert (tmp_path / run.key / "record.json").is_file() and run.latent_dim == 16
    assert (answer.value is None) is bool(answer.absent)
    assert any("240 items of 20 numbers" in text for text in heard)
    assert not any("not done in time" in remark for remark in answer.remarks)
    again = ask(question, calibration)
    assert replace(again, seconds=0.0) == replace(answer, seconds=0.0)


def test_runs_that_are_not_done_in_time_are_left_out(
    plane: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.dims.answering.SHARE", -1e9)  # time is up, and is left
    question = Question(
        plane,
        tmp_path,
        Settings(tmp_path, "cpu"),
        methods=["irmae"],
        latent_dims=(4,),
        minutes=1e-6,
    )
    answer = ask(question, None)
    (run,) = (report for report in answer.voices if report.voice == "irmae")
    assert run.left_out == "not done in 1e-06 minutes" and run.count is None
    assert (
        "runs that were not done in time: 1; the same command goes on with them" in answer.remarks
    )


def test_a_method_that_is_none_is_told_before_anything_is_read(tmp_path: Path) -> None:
    question = Question("npz:nowhere.npz", tmp_path, Settings(tmp_path), methods=["gare"])
    with pytest.raises(BenchError, match="unknown method 'gare'"):
        ask(question, None)

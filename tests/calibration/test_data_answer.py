"""The answer on somebody's data as a document: it comes back equal, damage is named, the latent
size to provision."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.calibration.data_answer import (
    DataAnswer,
    VoiceReport,
    provisioned,
    read_answers,
    write_answer,
)
from benchmark.records import UnreadableRecord
from benchmark.spec import BenchError

ANSWER = DataAnswer(
    "npz:mine",
    "d" * 64,
    4000,
    64,
    (
        VoiceReport("TwoNN", None, 7.5, corrected=8.0, weight=1.0),
        VoiceReport("grae", 16, 3.0, "unsettled", key="grae-mine"),
    ),
    0.95,
    8.0,
    7.0,
    9.5,
    provision=16,
    error={"datasets": 31},
    remarks=("much is equal",),
)


def test_an_answer_comes_back_equal(tmp_path: Path) -> None:
    assert DataAnswer.from_json(ANSWER.to_json()) == ANSWER
    none = replace(ANSWER, value=None, low=None, high=None, provision=None, absent="silence")
    write_answer(tmp_path, none)
    write_answer(tmp_path, ANSWER)  # of the same data: in the place of the other
    assert read_answers(tmp_path) == [ANSWER]
    assert [report.voice for report in ANSWER.heard] == ["TwoNN"]
    assert read_answers(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": 0}, "schema is 0.*delete it"),
        ({"low": None}, "some are null and some are not"),
        ({"voices": [{"voice": 1}]}, "expected"),
        ({"items": -1}, "expected a whole number from 0"),
    ],
)
def test_a_damaged_one_is_left_out_by_name(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = write_answer(tmp_path, ANSWER)
    path.write_text(json.dumps({**json.loads(ANSWER.to_json()), **change}))
    with pytest.warns(UnreadableRecord, match=reason):
        assert read_answers(tmp_path) == []


def test_one_by_a_later_version_is_kept_and_nobody_is_told_to_delete_it(tmp_path: Path) -> None:
    path = write_answer(tmp_path, ANSWER)
    newer = json.dumps({**json.loads(ANSWER.to_json()), "schema": 7})
    path.write_text(newer)
    with pytest.warns(UnreadableRecord, match="schema is 7.*upgrade") as warned:
        assert read_answers(tmp_path) == []
    assert "delete" not in str(warned[0].message)
    with pytest.raises(BenchError, match="written by a newer version"):
        write_answer(tmp_path, ANSWER)
    assert path.read_text() == newer


def test_the_size_to_provision_holds_twice_the_answer_and_the_interval() -> None:
    assert [provisioned(n, 1.2 * n) for n in (0.4, 1.0, 3.9, 4.0, 4.1, 16.0)] == [
        1,
        2,
        8,
        8,
        16,
        32,
    ]
    assert provisioned(8.0, 16.0) == 16 and provisioned(8.0, 16.1) == 32

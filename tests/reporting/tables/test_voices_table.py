"""The answer on somebody's data in words, as a table and as a picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.calibration.data_answer import DataAnswer, VoiceReport
from benchmark.reporting.figures.voices import drawn_answer
from benchmark.reporting.render import RENDERERS
from benchmark.reporting.tables.voices import headline, trust_in_words, voices

ANSWER = DataAnswer(
    "npz:mine",
    "d" * 64,
    4000,
    64,
    (
        VoiceReport("TwoNN", None, 7.5, "", 8.1, 0.7),
        VoiceReport("grae", 16, 8.0, "", 7.9, 0.3, "grae-mine-L16"),
        VoiceReport("grae", 32, 9.0, "", 7.9, 0.3, "grae-mine-L32"),
        VoiceReport("r-vae", 16, 15.0, "inside the null"),
        VoiceReport("maskaae", left_out="no time: about 300 s of a core more (--minutes)"),
    ),
    0.95,
    8.04,
    7.0,
    9.5,
    provision=32,
    error={"datasets": 31, "answered": 31, "held": 29, "width": 2.1, "absolute": 0.4},
    remarks=("3 of 2,000 items are nearly equal",),
)
NONE = replace(ANSWER, value=None, low=None, high=None, provision=None, absent="too few", error={})


def test_the_answer_is_one_sentence_and_its_worth_another() -> None:
    assert headline(ANSWER) == (
        "npz:mine: about 8.0 dimensions, 95 % interval 7.0 to 9.5; provision L = 32"
    )
    assert headline(NONE) == "npz:mine: no answer: too few"
    assert "On 31 datasets" in trust_in_words(ANSWER) and "29 intervals" in trust_in_words(ANSWER)
    assert trust_in_words(NONE) == ""


@pytest.mark.parametrize("form", RENDERERS)
def test_every_format_shows_who_counts_and_who_does_not(form: str) -> None:
    text = RENDERERS[form](voices(ANSWER))
    for word in ("TwoNN", "inside the null", "no time"):
        assert word in text
    if form == "text":
        lines = [line.split() for line in text.splitlines()]
        assert ["TwoNN", "–", "7.5", "8.1", "70", "%", "–"] in lines
        assert ["grae", "32", "9.0", "7.9", "30", "%", "–"] in lines
        assert ["r-vae", "16", "15.0", "–", "–", "inside", "the", "null"] in lines


def test_groups_part_those_that_count_from_the_others() -> None:
    counts = [len(group) for group in voices(ANSWER).groups]
    assert counts == [3, 2]
    assert [len(group) for group in voices(replace(ANSWER, voices=())).groups] == []


@pytest.mark.parametrize("answer", [ANSWER, NONE, replace(NONE, voices=())])
def test_the_picture_has_equal_bytes_twice(answer: DataAnswer) -> None:
    png = drawn_answer(answer, dpi=60)
    assert png.startswith(b"\x89PNG") and drawn_answer(answer, dpi=60) == png

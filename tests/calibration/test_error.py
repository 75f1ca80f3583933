"""The error of answers on data that were left out, and of single voices."""

from __future__ import annotations

import math

import pytest
from calibration.simulated import LIAR, drawn_cases

from benchmark.calibration.combination import CombinedAnswer, leave_one_out
from benchmark.calibration.error import error_of, voice_errors
from benchmark.calibration.voices import Case, Statement


def test_the_error_is_that_of_the_answers() -> None:
    cases = [Case(f"data {n}", n, ()) for n in (2.0, 4.0, 8.0, 16.0)]
    answers = {
        "data 2.0": CombinedAnswer(2.0, 1.5, 3.0),
        "data 4.0": CombinedAnswer(5.0, 4.5, 6.0),
        "data 8.0": CombinedAnswer(4.0, 3.0, 9.0),
        "data 16.0": CombinedAnswer(absent="there is no voice"),
    }
    error = error_of(cases, answers)
    assert (error.datasets, error.answered, error.held) == (4, 3, 2)
    assert error.coverage == pytest.approx(2 / 3)
    assert (error.width, error.absolute) == (1.5, 1.0)
    logs = [0.0, math.log(1.25), math.log(0.5)]
    assert error.logarithmic == pytest.approx(math.sqrt(sum(x * x for x in logs) / 3))
    nothing = error_of(cases[3:], answers)
    assert (nothing.datasets, nothing.answered) == (1, 0)
    assert math.isnan(nothing.coverage) and math.isnan(nothing.width)


def test_a_voice_errs_by_its_worst_latent_size() -> None:
    cases = [
        Case("a", 4.0, (Statement("r", 4.0, 16), Statement("r", 7.0, 32), Statement("e", 3.5))),
        Case("b", 8.0, (Statement("r", 9.0, 16),)),
    ]
    assert voice_errors(cases) == {"e": (1, 0.5), "r": (2, 2.0)}
    assert voice_errors([]) == {}


def test_the_combination_beats_every_voice_that_errs() -> None:
    cases = drawn_cases(5, 30)
    error = error_of(cases, leave_one_out(cases))
    assert error.answered == 30 and error.coverage >= 0.9
    voices = voice_errors(cases)
    assert error.absolute < min(median for voice, (_, median) in voices.items() if voice != "exact")
    assert voices[LIAR][1] > 5 * error.absolute

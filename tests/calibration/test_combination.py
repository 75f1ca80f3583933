"""The combination of voices: its interval holds the truth as often as it says, a voice that lies
weighs little, and without voices there is no answer."""

from __future__ import annotations

import numpy as np
import pytest
from calibration.simulated import LIAR, drawn_case, drawn_cases

from benchmark.calibration.combination import (
    LEVEL,
    Combination,
    fewest_cases,
    fit,
    leave_one_out,
)
from benchmark.calibration.voices import Case, Statement


@pytest.fixture(scope="module")
def fitted() -> Combination:
    return fit(drawn_cases(7, 40))


def everyone(n: float, size: int = 16, **counts: float) -> list[Statement]:
    """What the simulated voices say of n dimensions where none errs by chance."""
    said = {"biased": 1.5 * n, "short": n**0.85, "shorter": n**0.8, **counts}
    sized = {"exact", "growing", LIAR}
    return [
        Statement(voice, count, size if voice in sized else None) for voice, count in said.items()
    ]


def test_the_interval_holds_unseen_data_in_nine_cases_of_ten() -> None:
    """At level 0.95, over eight calibrations of 40 datasets and 40 fresh datasets each: the
    standard error of the share is about 0.02."""
    held, widths = [], []
    for seed in range(8):
        stream = np.random.default_rng(100 + seed)
        combination = fit([drawn_case(stream, f"data {number}") for number in range(40)])
        for _ in range(40):
            case = drawn_case(stream, "new")
            answer = combination.answer(case.statements)
            assert answer.low is not None and answer.high is not None
            held.append(answer.holds(case.truth))
            widths.append(answer.high / answer.low)
    assert LEVEL == 0.95 and 0.90 <= np.mean(held) < 1.0
    assert np.median(widths) < 1.6  # of 1 to 32 dimensions: the interval says something


def test_a_narrower_level_holds_less_often(fitted: Combination) -> None:
    cases = drawn_cases(7, 40)
    stream = np.random.default_rng(8)
    fresh = [drawn_case(stream, "new") for _ in range(60)]
    held = [
        np.mean([fit(cases, level).answer(case.statements).holds(case.truth) for case in fresh])
        for level in (0.5, 0.95)
    ]
    assert held[0] < 0.7 < held[1]


def test_the_answer_is_near_the_truth_and_the_shares_are_of_one(fitted: Combination) -> None:
    for n in (2.0, 8.0, 16.0):
        answer = fitted.answer(everyone(n, 32))
        assert answer.value == pytest.approx(n, rel=0.12)
        assert answer.low is not None and answer.high is not None
        assert answer.low < answer.value < answer.high
        assert sum(answer.shares.values()) == pytest.approx(1.0) and not answer.left_out
        assert all(value == pytest.approx(n, rel=0.25) for value in answer.corrected.values())


def test_a_voice_that_lied_in_the_calibration_weighs_little(fitted: Combination) -> None:
    honest = fitted.answer(everyone(8.0))
    misled = fitted.answer(everyone(8.0, liar=1.5))
    assert misled.shares[LIAR] < 0.05 < min(misled.shares[voice] for voice in honest.shares)
    assert misled.value == pytest.approx(honest.value, rel=0.03)


def test_a_good_voice_that_lies_here_weighs_less_than_it_did(fitted: Combination) -> None:
    right = fitted.answer(everyone(8.0, exact=8.0))
    wrong = fitted.answer(everyone(8.0, exact=2.0))
    assert right.shares["exact"] > 0.25 > wrong.shares["exact"] > 0
    assert wrong.value is not None and wrong.value > 6.0  # the mean by records alone would be lower


def test_voices_that_disagree_widen_the_interval(fitted: Combination) -> None:
    agreed = fitted.answer(everyone(8.0))
    apart = fitted.answer(everyone(8.0, biased=40.0, short=3.0))
    assert agreed.low and agreed.high and apart.low and apart.high
    assert apart.high / apart.low > 2 * agreed.high / agreed.low


def test_two_sizes_of_one_voice_weigh_no_more_than_one(fitted: Combination) -> None:
    one = fitted.answer(everyone(8.0, exact=8.0))
    said = [*everyone(8.0, exact=8.0), *everyone(8.0, 32, exact=8.0)[-1:]]
    both = fitted.answer(said)
    assert both.shares["exact"] == pytest.approx(one.shares["exact"], rel=0.02)


def test_without_a_voice_there_is_no_answer_and_the_reason_is_said(fitted: Combination) -> None:
    nobody = fitted.answer([])
    assert (nobody.value, nobody.low, nobody.high) == (None, None, None)
    assert nobody.absent == "there is no voice" and not nobody.holds(8.0)
    strangers = fitted.answer([Statement("stranger", 8.0)])
    assert strangers.value is None and strangers.absent == "no voice can be heard"
    assert strangers.left_out == {
        "stranger": "heard on 0 datasets of known dimension, 3 are needed"
    }
    mixed = fitted.answer([*everyone(8.0), Statement("stranger", 1.0)])
    assert mixed.value is not None and set(mixed.left_out) == {"stranger"}


def test_too_few_datasets_give_no_interval() -> None:
    few = fewest_cases(LEVEL)
    assert few == 19
    assert fit(drawn_cases(3, few)).answer(everyone(8.0)).value is not None
    short = fit(drawn_cases(3, few - 1)).answer(everyone(8.0))
    assert short.value is None
    assert short.absent == "calibrated on 18 datasets, 19 are needed for an interval at level 0.95"
    assert fit([]).answer(everyone(8.0)).absent == "no voice can be heard"


def test_the_order_of_cases_and_voices_does_not_matter(fitted: Combination) -> None:
    cases = [
        Case(case.name, case.truth, case.statements[::-1]) for case in drawn_cases(7, 40)[::-1]
    ]
    one, other = fitted.answer(everyone(8.0)), fit(cases).answer(everyone(8.0)[::-1])
    assert one.value == pytest.approx(other.value) and one.low == pytest.approx(other.low)
    assert one.high == pytest.approx(other.high)


def test_leaving_one_out_never_sees_it() -> None:
    cases = drawn_cases(4, 21)
    answers = leave_one_out(cases)
    assert set(answers) == {case.name for case in cases}
    changed = [Case(cases[0].name, 3 * cases[0].truth, cases[0].statements), *cases[1:]]
    assert leave_one_out(changed[:1] + cases[1:])[cases[0].name] == answers[cases[0].name]
    others = fit(cases[1:]).answer(cases[0].statements)
    assert others == answers[cases[0].name]


def test_names_given_twice_and_truths_that_are_none_are_refused() -> None:
    case = drawn_cases(0, 1)[0]
    with pytest.raises(ValueError, match="named twice"):
        fit([case, case])
    with pytest.raises(ValueError, match="not above 0"):
        fit([Case("nothing", 0.0, case.statements)])


def test_voices_that_differ_as_on_no_known_data_are_told(fitted: Combination) -> None:
    alike = fitted.answer(everyone(8.0))
    assert alike.agreement > 0.5
    apart = fitted.answer([*everyone(8.0), Statement("exact", 80.0, 128)])
    assert apart.agreement == pytest.approx(1 / (1 + len(fitted.ratios)))
    assert len(fitted.ratios) == len(fitted.scores)
    assert fit([]).answer([]).agreement == 1.0


def test_data_of_the_same_kind_seldom_seem_strange() -> None:
    """A share p of them has an agreement of p or less, about: 240 fresh datasets."""
    shares = []
    for seed in range(6):
        stream = np.random.default_rng(200 + seed)
        combination = fit([drawn_case(stream, f"data {number}") for number in range(40)])
        shares += [
            combination.answer(drawn_case(stream, "new").statements).agreement for _ in range(40)
        ]
    assert np.mean(np.array(shares) <= 0.05 + 1e-9) < 0.12
    assert 0.3 < np.median(shares) < 0.7

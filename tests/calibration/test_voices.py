"""The model of a voice finds its correction and its spread, and starts at none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from calibration.simulated import LIAR, drawn_cases

from benchmark.calibration.voices import (
    PRIOR,
    SPREAD,
    Case,
    Statement,
    VoiceModel,
    arranged,
    fit_voices,
)


def model_of(cases: list[Case]) -> tuple[VoiceModel, tuple[str, ...]]:
    said = arranged(cases)
    return fit_voices(said, said.case >= 0), said.voices


def one_voice(counts: dict[float, float], size: int | None = None) -> list[Case]:
    """A case per truth with the count of one voice."""
    return [
        Case(f"data {truth}", truth, (Statement("voice", count, size),))
        for truth, count in counts.items()
    ]


def corrected(model: VoiceModel, said: Statement) -> float:
    features = np.array(said.features)
    return math.exp(features[1] + float(features @ model.coefficients[0]))


def test_a_voice_that_is_right_is_left_as_it_is_and_its_spread_is_small() -> None:
    model, _ = model_of(one_voice({float(n): float(n) for n in range(1, 33)}))
    assert np.allclose(model.coefficients, 0, atol=1e-9)
    assert model.spreads[0] == pytest.approx(SPREAD * math.sqrt(2 / 34))
    assert model.counts[0] == 32


@pytest.mark.parametrize(
    ("factor", "power", "size"), [(1.5, 1.0, None), (1.0, 0.8, None), (1.3, 0.9, 64)]
)
def test_a_voice_that_errs_by_a_rule_is_corrected(
    factor: float, power: float, size: int | None
) -> None:
    model, _ = model_of(one_voice({n: factor * n**power for n in map(float, range(1, 33))}, size))
    for n in (2.0, 8.0, 24.0):
        said = Statement("voice", factor * n**power, size)
        # the prior holds back: corrections of 50 % and of a power of 0.8 come within 5 %
        assert corrected(model, said) == pytest.approx(n, rel=0.05)
        assert abs(math.log(said.count / n)) > 0.05


def test_a_voice_that_grows_with_the_latent_size_is_corrected_by_the_room_it_had() -> None:
    cases = [
        Case(f"{n} at {size}", n, (Statement("voice", n * (size / n) ** 0.4, size),))
        for n in (2.0, 4.0, 8.0)
        for size in (16, 32, 64)
    ]
    model, _ = model_of(cases)
    assert model.coefficients[0, 2] < -0.2
    for size in (16, 64):
        assert corrected(model, Statement("voice", 8 * (size / 8) ** 0.4, size)) == pytest.approx(
            8.0, rel=0.12
        )


def test_one_gross_error_moves_the_correction_little_and_the_spread_much() -> None:
    counts = {float(n): float(n) for n in range(1, 21)}
    right, _ = model_of(one_voice(counts))
    wrong, _ = model_of(one_voice({**counts, 20.0: 2.0}))
    said = Statement("voice", 8.0)
    assert corrected(wrong, said) == pytest.approx(8.0, rel=0.1)
    assert wrong.spreads[0] > 4 * right.spreads[0]


def test_without_a_statement_a_voice_has_the_prior() -> None:
    said = arranged(drawn_cases(0, 12))
    model = fit_voices(said, np.zeros(len(said.targets), dtype=bool))
    assert (model.coefficients == 0).all() and (model.spreads == SPREAD).all()
    assert (model.counts == 0).all() and PRIOR.shape == (3,)


def test_the_liar_has_the_largest_spread_and_the_exact_voice_the_smallest() -> None:
    model, voices = model_of(drawn_cases(1, 40))
    spread = dict(zip(voices, model.spreads, strict=True))
    assert max(spread, key=lambda voice: spread[voice]) == LIAR
    assert min(spread, key=lambda voice: spread[voice]) == "exact"
    assert spread[LIAR] > 5 * spread["exact"]
    counts = dict(zip(voices, model.counts, strict=True))
    assert counts["biased"] == 40 and 5 < counts["exact"] < 35


def test_leaving_out_is_the_same_as_never_having_seen() -> None:
    cases = drawn_cases(2, 15)
    said = arranged(cases)
    without = fit_voices(said, said.case != 4)
    fresh, voices = model_of([case for number, case in enumerate(cases) if number != 4])
    assert voices == said.voices
    assert np.allclose(without.coefficients, fresh.coefficients, rtol=0, atol=1e-12)
    assert np.allclose(without.spreads, fresh.spreads, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", [0.0, -1.0, math.nan, math.inf])
def test_a_count_that_is_none_is_refused(count: float) -> None:
    with pytest.raises(ValueError, match="expected a finite count above 0"):
        Statement("voice", count)
    with pytest.raises(ValueError, match="expected 1 or more"):
        Statement("voice", 1.0, 0)

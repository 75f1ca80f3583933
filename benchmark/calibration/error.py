"""How good a combination of voices is, by the answers on datasets it has not seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmark.calibration.combination import CombinedAnswer
from benchmark.calibration.voices import Case

__all__ = ["LeftOutError", "error_of", "voice_errors"]


@dataclass(frozen=True)
class LeftOutError:
    """Of the answers on datasets that were left out: how many there are and how many could be
    ``answered``, how many intervals hold the truth, their median width in dimensions, the median
    absolute error in dimensions, and the root mean square of ln(answer / truth). NaN of nothing."""

    datasets: int
    answered: int
    held: int
    width: float
    absolute: float
    logarithmic: float

    @property
    def coverage(self) -> float:
        """The share of intervals that hold the truth; NaN without one."""
        return self.held / self.answered if self.answered else math.nan


def error_of(cases: Sequence[Case], answers: Mapping[str, CombinedAnswer]) -> LeftOutError:
    """Return the error of ``answers``, which :func:`leave_one_out` gives by the names of
    ``cases``."""
    rows = [
        (case.truth, answer.value, answer.high - answer.low, answer.holds(case.truth))
        for case in cases
        if (answer := answers[case.name]).value is not None
        and answer.low is not None
        and answer.high is not None
    ]
    if not rows:
        return LeftOutError(len(cases), 0, 0, math.nan, math.nan, math.nan)
    return LeftOutError(
        len(cases),
        len(rows),
        sum(holds for *_, holds in rows),
        median(width for *_, width, _ in rows),
        median(abs(value - truth) for truth, value, *_ in rows),
        _root_mean_square([math.log(value / truth) for truth, value, *_ in rows]),
    )


def voice_errors(cases: Sequence[Case]) -> dict[str, tuple[int, float]]:
    """Return of each voice, uncorrected, on how many datasets it was heard and its median absolute
    error there in dimensions: what a combination must beat. Of several statements on one dataset
    the largest error counts."""
    errors: dict[str, list[float]] = {}
    for case in cases:
        worst: dict[str, float] = {}
        for said in case.statements:
            error = float(abs(said.count - case.truth))
            worst[said.voice] = max(error, worst.get(said.voice, 0.0))
        for voice, error in worst.items():
            errors.setdefault(voice, []).append(error)
    return {voice: (len(values), median(values)) for voice, values in sorted(errors.items())}


def _root_mean_square(values: Sequence[float]) -> float:
    return math.sqrt(math.fsum(value * value for value in values) / len(values))

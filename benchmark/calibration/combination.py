r"""One answer of many voices, with an interval that holds the dimension of unseen data in the share
of cases it says.

*The answer.* Each statement, corrected, says t_i with spread s_i
(:mod:`benchmark.calibration.voices`); k statements of one voice (two latent sizes) weigh 1/k each.
The answer on the logarithmic scale is Huber's estimate of their location: a voice far from the
others weighs less here, whatever its record. Its scale is

.. math:: u = \Big(\sum w_i\Big)^{-1/2}
    \max\Big(1, \sqrt{\tfrac{1}{K-1} \sum w_i (t_i - \hat t)^2}\Big)

with Birge's ratio: voices that disagree more than their spreads allow widen it.

*The interval.* u alone knows nothing of errors that voices share. So every dataset of known
dimension is left out in turn: the others give \hat t_{-i}, u_{-i}, and its score is
R_i = |ln n_i - \hat t_{-i}(x_i)| / u_{-i}(x_i). The interval of new data x, at level 1 - alpha,
goes from the floor(alpha (m + 1))-th smallest of \hat t_{-i}(x) - R_i u_{-i}(x) to the
ceil((1 - alpha)(m + 1))-th smallest of \hat t_{-i}(x) + R_i u_{-i}(x). It holds ln n with
probability 1 - 2 alpha at least, about 1 - alpha in practice, where x is of the same kind as the m
datasets; of other kinds nothing is promised.

Sources: R. T. Birge, "The calculation of errors by the method of least squares", 1932. R. F.
Barber, E. J. Candes, A. Ramdas, R. J. Tibshirani, "Predictive inference with the jackknife+", 2021.
NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmark.calibration.voices import (
    HUBER,
    Case,
    Statement,
    Statements,
    VoiceModel,
    arranged,
    fit_voices,
)

__all__ = ["LEVEL", "Combination", "CombinedAnswer", "fewest_cases", "fit", "leave_one_out"]

LEVEL = 0.95
"""How often an interval is to hold the truth: as all intervals of tables."""

FEWEST_DATASETS = 3
"""A voice that was heard on fewer datasets of known dimension is left out."""

_ROUNDS = 25
"""Of reweighting in the estimate of location."""


@dataclass(frozen=True)
class CombinedAnswer:
    """How many dimensions data have: ``value`` and the ends of the interval, all None where there
    is no answer, and then ``absent`` says why.

    ``shares`` is the weight of each voice, 1 in all; ``corrected`` what each said, corrected (the
    geometric mean over latent sizes); ``left_out`` the reason for each voice that does not count.

    ``agreement`` is the share of the datasets of known dimension, these data counted among them, on
    which the voices differ from each other at least as much: data on which it is small are of
    another kind than those, and the interval promises nothing.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    absent: str = ""
    shares: Mapping[str, float] = field(default_factory=dict)
    corrected: Mapping[str, float] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    agreement: float = 1.0

    def holds(self, truth: float) -> bool:
        """Return whether the interval holds ``truth``; False where there is none."""
        return self.low is not None and self.high is not None and self.low <= truth <= self.high


@dataclass(frozen=True)
class _Location:
    """The estimate of location, its scale, the weight of each statement, 1 in all, and Birge's
    ratio: how much statements differ over how much their spreads allow."""

    centre: float
    scale: float
    shares: np.ndarray
    ratio: float


@dataclass(frozen=True)
class Combination:
    """The estimator, fitted. ``model`` is that of all cases, ``models`` those without each case,
    ``scores`` the R_i of the cases that could be judged, by their number, ``ratios`` Birge's ratio
    of each of these."""

    said: Statements
    model: VoiceModel
    models: tuple[VoiceModel, ...]
    scores: Mapping[int, float]
    level: float = LEVEL
    ratios: Mapping[int, float] = field(default_factory=dict)

    def answer(self, statements: Sequence[Statement]) -> CombinedAnswer:
        """Return the answer that the voices allow."""
        left_out = self._left_out(statements)
        heard = [said for said in statements if said.voice not in left_out]
        if not heard:
            return CombinedAnswer(
                absent="no voice can be heard" if statements else "there is no voice",
                left_out=left_out,
            )
        combined, corrected = self._combined(self.model, heard)
        ends = self._interval(heard)
        if ends is None:
            return CombinedAnswer(
                absent=f"calibrated on {len(self.scores)} datasets, {fewest_cases(self.level)} are "
                f"needed for an interval at level {self.level:g}",
                left_out=left_out,
            )
        voices = list(dict.fromkeys(said.voice for said in heard))
        own = {voice: np.array([said.voice == voice for said in heard]) for voice in voices}
        return CombinedAnswer(
            math.exp(combined.centre),
            math.exp(ends[0]),
            math.exp(ends[1]),
            shares={voice: float(combined.shares[rows].sum()) for voice, rows in own.items()},
            corrected={voice: math.exp(corrected[rows].mean()) for voice, rows in own.items()},
            left_out=left_out,
            agreement=self._agreement(combined.ratio),
        )

    def _agreement(self, ratio: float) -> float:
        """Return the share of the cases, new data counted, whose ratio is at least ``ratio``: at
        most p in a share p of data of the same kind."""
        alike = sum(other >= ratio for other in self.ratios.values())
        return (1 + alike) / (1 + len(self.ratios))

    def _left_out(self, statements: Sequence[Statement]) -> dict[str, str]:
        counts = dict(zip(self.said.voices, self.model.counts.tolist(), strict=True))
        return {
            said.voice: f"heard on {counts.get(said.voice, 0)} datasets of known dimension, "
            f"{FEWEST_DATASETS} are needed"
            for said in statements
            if counts.get(said.voice, 0) < FEWEST_DATASETS
        }

    def _combined(
        self, model: VoiceModel, heard: Sequence[Statement]
    ) -> tuple[_Location, np.ndarray]:
        """Return the location of statements under ``model``, and what each says, corrected."""
        row_of = {voice: index for index, voice in enumerate(self.said.voices)}
        rows = np.array([row_of[said.voice] for said in heard])
        features = np.array([said.features for said in heard])
        corrected = features[:, 1] + (features * model.coefficients[rows]).sum(axis=1)
        together = np.array([(rows == row).sum() for row in rows])
        return _location(corrected, model.spreads[rows], 1.0 / together), corrected

    def _interval(self, heard: Sequence[Statement]) -> tuple[float, float] | None:
        """Return the ends of the interval on the logarithmic scale; None where there are too few
        scores for one at this level."""
        count = len(self.scores)
        last = math.ceil(self.level * (count + 1) - 1e-9)
        if last > count:
            return None
        lows, highs = np.empty(count), np.empty(count)
        for row, (case, score) in enumerate(self.scores.items()):
            combined, _ = self._combined(self.models[case], heard)
            lows[row] = combined.centre - score * combined.scale
            highs[row] = combined.centre + score * combined.scale
        return float(np.sort(lows)[count - last]), float(np.sort(highs)[last - 1])


def _location(values: np.ndarray, spreads: np.ndarray, shares: np.ndarray) -> _Location:
    """Return Huber's estimate of the location of ``values`` (K,) with ``spreads`` (K,), each
    weighing ``shares`` (K,) of a voice, from their weighted median on."""
    precision = shares / spreads**2
    order = np.argsort(values)
    share = np.cumsum(precision[order]) / precision.sum()
    centre = float(values[order][np.searchsorted(share, 0.5)])
    weights = precision
    for _ in range(_ROUNDS):
        far = np.abs(values - centre) / (HUBER * spreads)
        weights = precision / np.maximum(1.0, far)
        centre = float((weights * values).sum() / weights.sum())
    spare = shares.sum() - 1.0
    disagreement = (weights * (values - centre) ** 2).sum() / spare if spare > 1e-9 else 1.0
    scale = math.sqrt(max(1.0, disagreement) / weights.sum())
    return _Location(centre, scale, weights / weights.sum(), math.sqrt(disagreement))


def fewest_cases(level: float = LEVEL) -> int:
    """Return how many datasets of known dimension an interval at ``level`` needs.

    >>> fewest_cases(0.9), fewest_cases(0.95)
    (9, 19)
    """
    return math.ceil(level / (1.0 - level) - 1e-9)


def fit(cases: Sequence[Case], level: float = LEVEL) -> Combination:
    """Return the estimator fitted on datasets of known dimension; :class:`ValueError` where two of
    them have one name, or a truth is not above 0."""
    names = [case.name for case in cases]
    if len(set(names)) < len(names):
        raise ValueError(f"datasets are named twice among {', '.join(names)}; one case for each")
    if not all(case.truth > 0 for case in cases):
        raise ValueError("a dimension is not above 0; leave data of unknown dimension out")
    said = arranged(cases)
    models = tuple(fit_voices(said, said.case != number) for number in range(len(cases)))
    bare = Combination(said, fit_voices(said, said.case >= 0), models, {}, level)
    scores, ratios = {}, {}
    for number, (case, model) in enumerate(zip(cases, models, strict=True)):
        counts = dict(zip(said.voices, model.counts.tolist(), strict=True))
        heard = [
            statement for statement in case.statements if counts[statement.voice] >= FEWEST_DATASETS
        ]
        if heard:
            combined, _ = bare._combined(model, heard)
            scores[number] = abs(math.log(case.truth) - combined.centre) / combined.scale
            ratios[number] = combined.ratio
    return Combination(said, bare.model, models, scores, level, ratios)


def leave_one_out(cases: Sequence[Case], level: float = LEVEL) -> dict[str, CombinedAnswer]:
    """Return the answer on each dataset, by name, of the estimator fitted on all others, which has
    never seen it: what its error and coverage are measured on."""
    return {
        case.name: fit([other for other in cases if other is not case], level).answer(
            case.statements
        )
        for case in cases
    }

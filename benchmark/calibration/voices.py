r"""What each voice's count is worth: a correction and a spread, fitted on data of known dimension.

A voice is an estimator of intrinsic dimension, a share of principal components, or a method. Of a
statement of voice v, a count c > 0 at latent size L (estimators have none), let

.. math:: y = \ln c, \quad h = \ln (L / c), \quad \ln n = y + a_v + b_v y + g_v h + e

n the dimension of the data. The coefficients are those of a regression with Huber's weights, drawn
towards 0 (the voice is right as it stands) as far as a normal prior of deviations
:data:`PRIOR` asks. e has the spread s_v,

.. math:: s_v^2 = \frac{\nu s_0^2 + \sum e^2}{\nu + m_v}

over the voice's m_v statements, all of them: a voice that is right in nine cases of ten and far
off in the tenth cannot be told from others of the kind where it is far off, so its spread is large.
s_0 = 0.3 and nu = 2 stand for a voice of which little is known.

Sources: P. J. Huber, "Robust estimation of a location parameter", 1964. NumPy only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Case", "Statement", "Statements", "VoiceModel", "arranged", "fit_voices"]

PRIOR = np.array([0.5, 0.25, 0.25])
"""Deviations of the prior of a_v, b_v and g_v."""

SPREAD, STRENGTH = 0.3, 2.0
"""s_0, the spread on the logarithmic scale of a voice of which nothing is known, and nu, how many
statements that counts as."""

HUBER = 1.345
"""Residuals beyond so many spreads weigh less; 95 % efficient where errors are normal."""

ROUNDS = 12
"""Of reweighting; coefficients then stand still to four digits."""


@dataclass(frozen=True)
class Statement:
    """What one voice says of one dataset: a count above 0, and the latent size it was given (None
    of estimators and principal components). :class:`ValueError` where the count is no such."""

    voice: str
    count: float
    latent_dim: int | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.count) and self.count > 0):
            raise ValueError(
                f"'{self.voice}' says {self.count}; expected a finite count above 0: leave a voice "
                "without one out"
            )
        if self.latent_dim is not None and self.latent_dim < 1:
            raise ValueError(f"latent size {self.latent_dim} of '{self.voice}'; expected 1 or more")

    @property
    def features(self) -> tuple[float, float, float]:
        """1, y and h."""
        logarithm = math.log(self.count)
        room = 0.0 if self.latent_dim is None else math.log(self.latent_dim) - logarithm
        return 1.0, logarithm, room


@dataclass(frozen=True)
class Case:
    """A dataset of known dimension ``truth`` and what the voices say of it."""

    name: str
    truth: float
    statements: tuple[Statement, ...]


@dataclass(frozen=True)
class Statements:
    """K statements of V voices on M datasets as arrays: ``features`` (K, 3), ``targets`` (K,) of
    ln n - y, ``voice`` and ``case`` (K,) the indices of each one's voice and dataset."""

    voices: tuple[str, ...]
    features: np.ndarray
    targets: np.ndarray
    voice: np.ndarray
    case: np.ndarray


@dataclass(frozen=True)
class VoiceModel:
    """The coefficients a, b, g of each voice (V, 3), their spreads (V,), and of how many datasets
    each was learned (V,)."""

    coefficients: np.ndarray
    spreads: np.ndarray
    counts: np.ndarray


def arranged(cases: Sequence[Case]) -> Statements:
    """Return the statements of ``cases`` as arrays, voices in the order of the alphabet."""
    rows = [(number, said) for number, case in enumerate(cases) for said in case.statements]
    voices = tuple(sorted({said.voice for _, said in rows}))
    row_of = {voice: index for index, voice in enumerate(voices)}
    features = np.array([said.features for _, said in rows]).reshape(-1, 3)
    truths = np.log([cases[number].truth for number, _ in rows])
    return Statements(
        voices,
        features,
        truths - features[:, 1],
        np.array([row_of[said.voice] for _, said in rows], dtype=np.int64),
        np.array([number for number, _ in rows], dtype=np.int64),
    )


def fit_voices(said: Statements, kept: np.ndarray) -> VoiceModel:
    """Return the model of every voice from the statements (K,) that are ``kept``; a voice without
    one has the prior's: no correction, the spread s_0."""
    shape = len(said.voices), len(said.targets)
    own = np.zeros(shape)
    own[said.voice, np.arange(shape[1])] = kept
    count = own.sum(axis=1)
    spreads = np.full(shape[0], SPREAD)
    weights = np.ones(shape[1])
    coefficients = np.zeros((shape[0], 3))
    for _ in range(ROUNDS):
        coefficients = _ridge(own * weights, said, spreads)
        residuals = said.targets - (said.features * coefficients[said.voice]).sum(axis=1)
        spreads = np.sqrt((STRENGTH * SPREAD**2 + own @ residuals**2) / (STRENGTH + count))
        far = np.abs(residuals) / (HUBER * spreads[said.voice])
        weights = 1.0 / np.maximum(1.0, far)
    return VoiceModel(coefficients, spreads, _datasets(said, kept))


def _ridge(own: np.ndarray, said: Statements, spreads: np.ndarray) -> np.ndarray:
    """Return the coefficients (V, 3) of the regressions with weights ``own`` (V, K) and the prior
    that a voice of spread s sees as s^2 / deviation^2 on the diagonal."""
    outer = said.features[:, :, None] * said.features[:, None, :]
    gram = np.einsum("vk,kij->vij", own, outer)
    gram += np.eye(3) * (spreads[:, None, None] / PRIOR) ** 2
    moments = own @ (said.features * said.targets[:, None])
    return np.linalg.solve(gram, moments[:, :, None])[:, :, 0]


def _datasets(said: Statements, kept: np.ndarray) -> np.ndarray:
    """Return of how many datasets each voice (V,) has a statement that is kept."""
    pairs = {(voice, case) for voice, case in zip(said.voice[kept], said.case[kept], strict=True)}
    return np.bincount([voice for voice, _ in pairs], minlength=len(said.voices))

"""A small calibration made up for tests: voices of known bias on 25 datasets of known dimension."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np

from benchmark.calibration.calibration import Calibration
from benchmark.calibration.voices import Case, Statement
from benchmark.identity import code_of, harness_code

__all__ = ["BIAS", "fake_calibration", "fake_cases"]

BIAS: Mapping[str, tuple[float, float]] = {
    "TwoNN": (0.95, 0.05),
    "MLE": (0.9, 0.05),
    "local PCA": (1.1, 0.1),
    "CorrInt": (0.85, 0.1),
    "PCA-95": (1.2, 0.2),
    "PCA-99": (1.4, 0.2),
    "pca": (1.5, 0.1),
    "irmae": (1.0, 0.15),
}
"""Voice -> the factor it is off by, and its scatter on the logarithmic scale."""

METHODS = ("pca", "irmae")


def fake_cases(count: int = 25, seed: int = 0) -> list[Case]:
    """So many datasets of dimensions 1 to 8 and what the voices say of them, methods at L = 16."""
    stream = np.random.default_rng(seed)
    cases = []
    for number in range(count):
        n = float(1 + number % 8)
        said = tuple(
            Statement(
                voice,
                float(n * factor * math.exp(scatter * stream.normal())),
                16 if voice in METHODS else None,
            )
            for voice, (factor, scatter) in BIAS.items()
        )
        cases.append(Case(f"data {number}", n, said))
    return cases


def fake_calibration(codes: Mapping[str, str] | None = None) -> Calibration:
    """The document of these cases, the methods calibrated with the installed code unless ``codes``
    says another."""
    installed = {name: str(code_of(name)) for name in METHODS}
    return replace(_measured(), codes=codes or installed)


@cache
def _measured() -> Calibration:
    """The cases with their error, which takes seconds."""
    cases = fake_cases()
    return Calibration.of(cases, {}, harness_code(), dict.fromkeys(METHODS, (2, len(cases))))

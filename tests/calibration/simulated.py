"""Voices made up for tests of the combination: exact, biased, short of high dimensions, growing
with the latent size, and one that lies."""

from __future__ import annotations

import math

import numpy as np

from benchmark.calibration.voices import Case, Statement

DIMENSIONS = (1, 2, 4, 8, 16, 32)
LIAR = "liar"


def drawn_case(stream: np.random.Generator, name: str) -> Case:
    """A dataset of known dimension and what six voices say of it; the two that are short share an
    error, and the exact one is silent in half of the cases."""
    n = float(stream.choice(DIMENSIONS))
    size = max(16, 2 ** math.ceil(math.log2(2 * n)))
    shared = 0.05 * stream.normal()
    counts = {
        "exact": n * math.exp(0.02 * stream.normal()),
        "biased": 1.5 * n * math.exp(0.1 * stream.normal()),
        "short": n**0.85 * math.exp(0.08 * stream.normal() + shared),
        "shorter": n**0.8 * math.exp(0.08 * stream.normal() + shared),
        "growing": min(size, n * (size / n) ** 0.3 * math.exp(0.1 * stream.normal())),
        LIAR: stream.uniform(1, size),
    }
    if stream.random() < 0.5:
        del counts["exact"]
    sized = {"exact", "growing", LIAR}
    return Case(
        name,
        n,
        tuple(
            Statement(voice, float(count), size if voice in sized else None)
            for voice, count in counts.items()
        ),
    )


def drawn_cases(seed: int, count: int) -> list[Case]:
    """So many cases from one seeded stream."""
    stream = np.random.default_rng(seed)
    return [drawn_case(stream, f"data {number}") for number in range(count)]

"""What a rule for L* gives when there is nothing to find: the interval beside which a discovered
number of dimensions is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np

__all__ = ["DRAWS", "RULES", "null_interval", "null_intervals"]

DRAWS = 10_000
"""Chance relevances per interval."""

RULES: Mapping[str, tuple[float, ...]] = {"r-vae": (0.693, 1.0), "r-dpvae": (0.693, 1.0)}
"""Methods whose rule reads relevances alone, and the concentrations of their null: a softplus at
zero and 1, to which half the batch is added."""


@cache
def null_interval(
    latent_dim: int, concentration: float, share: float = 0.95, seed: int = 0
) -> tuple[int, int, int]:
    """Return the 5th, 50th and 95th percentile of the 95 % rule on prior variances 1 / alpha when
    alpha_l ~ Gamma(k, rate k) for every l.

    All dimensions are alike then, so whatever the rule finds is chance. 10,000 seeded draws of
    alpha (L,).
    """
    shares = _chance_shares(latent_dim, concentration, seed)
    counts = np.argmax(shares >= share - 1e-9, axis=1) + 1
    low, middle, high = np.percentile(counts, [5, 50, 95], method="nearest")
    return int(low), int(middle), int(high)


@lru_cache(maxsize=4)
def _chance_shares(latent_dim: int, concentration: float, seed: int) -> np.ndarray:
    """Return which share of the summed variance the largest 1, 2, ... L of chance variances hold,
    (10,000, L)."""
    stream = np.random.Generator(np.random.PCG64(seed))
    alpha = stream.gamma(concentration, 1.0 / concentration, size=(DRAWS, latent_dim))
    variance = np.sort(1.0 / alpha.clip(min=1e-8), axis=1)[:, ::-1]
    return np.cumsum(variance, axis=1) / variance.sum(axis=1, keepdims=True)


def null_intervals(
    method: str, latent_dim: int, batch_size: int, share: float = 0.95
) -> dict[float, tuple[int, int, int]]:
    """Return the null intervals of a method's rule by concentration k; empty for methods without a
    null of this kind."""
    concentrations = RULES.get(method)
    if concentrations is None:
        return {}
    return {k: null_interval(latent_dim, k, share) for k in (*concentrations, batch_size / 2)}

r"""What a rule for L* gives when there is nothing to find, beside which a discovered number of
dimensions is to be read.

A null has two sides, and a discovery is beyond both: it counts *fewer* dimensions than chance
leaves, and its relevances have a larger *gap* (:func:`benchmark.metrics.dimension.relevance_gap`).
A tenth of the dimensions may be dead by accident, so that one dead dimension of 16 is no find.

A method declares what its relevances are where nothing was learned as the class constant ``null``:
rows, of which the first that fits the reading of the rule and the options of the run counts.

    null = (
        {"options": {"ren_scale": "one"}, "relevances": 1.0},
        {"readings": ("lstar-draw",), "relevances": "half-batch"},
        {"relevances": "equal"},
    )

``relevances`` is the concentration k of Gamma(k, k), of which every 1 / relevance is a draw
(``half-batch``: k = B / 2); ``equal``, told apart no better than draws at k = B / 2; or
``untrained``, what untrained networks give, as where nothing is declared. ``share`` is how much of
the summed relevance the rule keeps: 0.95 unless a row says otherwise, 1 for rules that keep all of
equal relevances.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeGuard

import numpy as np

from benchmark import registry
from benchmark.spec import BenchError

__all__ = [
    "DRAWS",
    "SHARES",
    "Null",
    "accidents",
    "declared_null",
    "null_gap",
    "null_interval",
    "null_rows",
    "resolved",
    "untrained_null",
]

DRAWS = 10_000
"""Chance relevances per null."""

SHARES: Mapping[str, float] = {"lstar-90": 0.90, "lstar-99": 0.99}
"""Counts that are the rule at another share, and that share."""

_DEFAULT_SHARE = 0.95

_NIL = 1e-3
"""As in :func:`benchmark.metrics.dimension.relevance_gap`."""


@dataclass(frozen=True)
class Null:
    """Where there is nothing to find, a rule gives ``low`` dimensions at least, or relevances whose
    gap is ``gap`` at most (None: gaps were not simulated).

    ``networks``: of how many untrained networks these are the extremes; 0 where they are the 5th
    percentile of counts and the 95th of gaps of chance relevances.
    """

    low: int
    gap: float | None
    networks: int = 0

    def holds(self, count: float, gap: float | None = None) -> bool:
        """Return whether a ``count`` is what chance gives: not below ``low``, or with no ``gap``
        beyond the null's. Without a gap of either the count decides alone."""
        return count >= self.low or (
            gap is not None and self.gap is not None and gap <= self.gap * (1.0 + 1e-9)
        )

    @property
    def text(self) -> str:
        """Both sides in a few characters: ``≥ 15, gap ≤ 1.4``."""
        return f"≥ {self.low}" + ("" if self.gap is None else f", gap ≤ {self.gap:.3g}")


def accidents(latent_dim: int) -> int:
    """Return how many of L dimensions may be dead without anything having been found: floor(L /
    10)."""
    return latent_dim // 10


def null_rows(method: str, discovery: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a run's ``method``: those its ``discovery`` carries, else those of the
    registered class, read without import; none where neither says anything."""
    declared = (discovery or {}).get("null")
    return _registered_rows(method) if declared is None else declared


@cache
def _registered_rows(method: str) -> tuple[Mapping[str, Any], ...]:
    try:
        return tuple(registry.find("methods", method).source.constants.get("null", ()))
    except BenchError:
        return ()


def resolved(
    rows: Iterable[Mapping[str, Any]],
    reading: str,
    options: Mapping[str, Any],
    batch_size: int,
) -> tuple[float, float, float] | None:
    """Return what a method's ``rows`` say of a ``reading`` (``lstar``, ``lstar-draw``) under
    ``options``: the concentration of its counts (infinite: equal relevances), that of its gaps, and
    the share its rule keeps; None where untrained networks are to be asked.

    ``ValueError`` names a word in a row that means nothing.
    """
    all_rows = list(rows)
    for row in all_rows:
        _check_row(row)
    for row in all_rows:
        if reading not in row.get("readings", (reading,)) or any(
            options.get(name) != value for name, value in row.get("options", {}).items()
        ):
            continue
        relevances = row["relevances"]
        share = SHARES.get(reading, row.get("share", _DEFAULT_SHARE))
        if relevances == "untrained":
            return None
        if relevances in ("equal", "half-batch"):
            half = max(batch_size, 1) / 2.0
            return (math.inf if relevances == "equal" else half), half, share
        return float(relevances), float(relevances), share
    return None


_CONCENTRATIONS = 1e-2, 1e6
"""Beyond these draws of Gamma(k, k) are all nought, or all one, to floating-point numbers."""


def _check_row(row: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` where a row of ``null`` has a part that means nothing."""
    if not isinstance(row, Mapping):
        raise ValueError(f"'null' holds {row!r}; expected rows like {{'relevances': 'equal'}}")
    if wrong := set(row) - {"readings", "options", "relevances", "share"}:
        raise ValueError(f"a row of 'null' has no field '{min(wrong)}'")
    relevances, share = row.get("relevances"), row.get("share", 1.0)
    low, high = _CONCENTRATIONS
    if relevances not in ("equal", "half-batch", "untrained") and not (
        _is_number(relevances) and low <= relevances <= high
    ):
        raise ValueError(
            f"'null' says that relevances are {relevances!r}; expected 'equal', 'half-batch', "
            f"'untrained' or a number from {low:g} to {high:g}"
        )
    if not (_is_number(share) and 0.0 < share <= 1.0):
        raise ValueError(f"'null' has the share {share!r}; expected a number above 0, at most 1")
    if not isinstance(row.get("readings", ()), list | tuple):
        raise ValueError(
            f"'null' has the readings {row['readings']!r}; expected a list, as in ('lstar-draw',)"
        )
    if not isinstance(row.get("options", {}), Mapping):
        raise ValueError(
            f"'null' has the options {row['options']!r}; expected values by name, as in "
            "{'ren_scale': 'one'}"
        )


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


@cache
def declared_null(latent_dim: int, counts: float, gaps: float, share: float) -> Null:
    """Return the null of a declared reading, from what :func:`resolved` returned.

    A tenth of the dimensions are taken for dead where dimensions are counted, none where the gap
    among the others is. Equal relevances give ceil(share L'), L' the dimensions that are alive.
    """
    alive = latent_dim - accidents(latent_dim)
    low = (
        math.ceil(share * alive - 1e-9)
        if math.isinf(counts)
        else null_interval(alive, counts, share)[0]
    )
    return Null(low, null_gap(latent_dim, gaps))


def untrained_null(latent_dim: int, counts: Sequence[int], gaps: Sequence[float]) -> Null:
    """Return the null of n untrained networks, by their ``counts`` (n,) and ``gaps`` (n,): the
    extremes. The next network lies beyond one of them in 1 of n + 1 cases.

    Where ``gaps`` is empty, they were counted before gaps were.
    """
    low = min(*counts, latent_dim - accidents(latent_dim))
    return Null(low, max(gaps) if gaps else None, len(counts))


@cache
def null_interval(
    latent_dim: int, concentration: float, share: float = 0.95, seed: int = 0
) -> tuple[int, int, int]:
    """Return the 5th, 50th and 95th percentile of the cumulative rule on prior variances 1 / alpha
    when alpha_l ~ Gamma(k, rate k) for every l.

    All dimensions are alike then, so whatever the rule finds is chance. 10,000 seeded draws of
    alpha (L,).
    """
    variance = _chance_variances(latent_dim, concentration, seed)
    shares = np.cumsum(variance, axis=1) / variance.sum(axis=1, keepdims=True)
    counts = np.argmax(shares >= share - 1e-9, axis=1) + 1
    low, middle, high = np.percentile(counts, [5, 50, 95], method="nearest")
    return int(low), int(middle), int(high)


@cache
def null_gap(latent_dim: int, concentration: float, seed: int = 0) -> float:
    """Return the 95th percentile of the largest ratio of neighbouring sorted variances, drawn as
    for :func:`null_interval`; 1 for a single dimension."""
    if latent_dim < 2:
        return 1.0
    variance = _chance_variances(latent_dim, concentration, seed)
    kept = np.maximum(variance / variance[:, :1], _NIL)
    return float(np.percentile((kept[:, :-1] / kept[:, 1:]).max(axis=1), 95))


@lru_cache(maxsize=4)
def _chance_variances(latent_dim: int, concentration: float, seed: int) -> np.ndarray:
    """Return chance variances, largest first, (10,000, L)."""
    stream = np.random.Generator(np.random.PCG64(seed))
    alpha = stream.gamma(concentration, 1.0 / concentration, size=(DRAWS, latent_dim))
    return np.sort(1.0 / alpha.clip(min=1e-8), axis=1)[:, ::-1]

"""How often the gate is wrong: on real seeds, a pool of 64 of three smoke cells, and on drawn ones
of every kind that a benchmark meets.

Nothing changed between a baseline and its later day, so every *worse* is a false alarm; a shift is
a change to be found as often as said. The tables of docs/statistics.md are those of the slow tests.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reporting.making import record

from benchmark.reporting.gate.baseline import make
from benchmark.reporting.gate.check import Judgement, check
from benchmark.reporting.statistics import worsening
from benchmark.reporting.statistics.significance import holm
from benchmark.reporting.statistics.worsening import NEGLIGIBLE
from benchmark.spec import Record

POOL: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "pool.json").read_text(encoding="utf-8")
)["cells"]
ALPHA, FEW, MANY = 0.05, 400, 5000

KINDS = ("continuous", "count", "collapsing", "mixed")


# ---- seeds


def drawn(kind: str, cells: int, seeds: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Values before and now (2, draws, cells, seeds) of runs that nothing changed between.

    continuous: normal or log-normal seeds, whose pairs are independent in every other cell and
    correlated (0.9) in the rest; count: 8 or 9 mostly, or nearly always one number; collapsing: one
    seed in five, or one in two, is at another value, in every other cell exactly there.
    """
    if kind == "mixed":
        parts = [drawn(part, cells // 3, seeds, draws, rng) for part in KINDS[:3]]
        return np.concatenate(parts, axis=2)
    noise = rng.standard_normal((2, draws, cells, seeds))
    odd = np.arange(cells)[:, None] % 2 == 1
    if kind == "count":
        return np.where(odd, np.round(8.5 + 0.7 * noise), np.round(16.0 + 0.25 * noise))
    if kind == "collapsing":
        chance = np.where(np.arange(cells)[:, None] % 4 < 2, 0.2, 0.5)
        collapsed = rng.random(noise.shape) < chance
        return 0.3 + np.where(collapsed, 0.5 + np.where(odd, 0.0, 0.01) * noise, 0.02 * noise)
    shared = 0.9 * noise[:1] + math.sqrt(1 - 0.9**2) * noise
    continuous = np.where(odd, shared, noise)
    skewed = np.arange(cells)[:, None] % 4 >= 2
    return np.where(skewed, np.exp(0.5 * continuous), 1.0 + 0.05 * continuous)


def pooled(seeds: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Two groups of seeds of the pool without repetition, as ``drawn`` gives them."""
    values = np.array([cell["values"] for cell in POOL])
    order = rng.permuted(np.tile(np.arange(values.shape[1]), (draws, 1)), axis=1)
    return np.stack(
        [
            values[:, order[:, :seeds]].swapaxes(0, 1),
            values[:, order[:, seeds : 2 * seeds]].swapaxes(0, 1),
        ]
    )


# ---- the gate, for all draws at once


def p_of_worse(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """The p values (draws, cells) of the gate, uncorrected, for values (draws, cells, seeds)."""
    rows, later = old.reshape(-1, old.shape[-1]), new.reshape(-1, old.shape[-1])
    groups: Mapping[worsening.Test, list[int]] = defaultdict(list)
    for index, (before, after) in enumerate(zip(rows.tolist(), later.tolist(), strict=True)):
        groups[worsening.choose(before, after)].append(index)
    rounding = NEGLIGIBLE * np.abs(rows.mean(1, keepdims=True))
    p = np.empty(len(rows))
    for test, index in groups.items():
        p[index] = worsening.p_values((rows + rounding)[index], later[index], test)
    return p.reshape(old.shape[:2])


def called_worse(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Which cells are called worse in each draw, bool (draws, cells)."""
    return np.array([holm(list(row)) for row in p_of_worse(old, new)]) <= ALPHA


def false_alarms(values: np.ndarray) -> float:
    """The share of checks in which any cell was called worse."""
    return float(called_worse(*values).any(1).mean())


@cache
def template(cell: int, seed: int, machine: str) -> Record:
    return replace(
        record("vae", "digits", cell + 1, seed=seed),
        environment={"packages": {"torch": "2.9"}, "cpu": machine, "device": "cpu"},
    )


def runs(values: np.ndarray, machine: str) -> list[Record]:
    """Runs that measured ``values`` (cells, seeds): a latent size for each cell."""
    facts = {"unit": "", "n": 1, "protocol": ""}
    return [
        replace(template(cell, seed, machine), measurements={"mse": {"value": value, **facts}})
        for cell, row in enumerate(values.tolist())
        for seed, value in enumerate(row)
    ]


def through_the_gate(old: np.ndarray, new: np.ndarray) -> list[Judgement]:
    return check(make(runs(old, "A"), alpha=ALPHA), runs(new, "B"))


# ---- error rates


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_the_draws_below_are_judged_as_the_gate_judges_them(kind: str, shift: float) -> None:
    old, new = drawn(kind, 6, 5, 4, np.random.default_rng(0))
    new = new + shift * np.round(old.std())
    for before, after, worse in zip(old, new, called_worse(old, new), strict=True):
        called = [judgement.verdict == "worse" for judgement in through_the_gate(before, after)]
        assert called == worse.tolist()


def within_alpha(rate: float, draws: int) -> bool:
    return rate <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / draws)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [3, 5])
def test_false_alarms_stay_within_the_stated_level(kind: str, seeds: int) -> None:
    assert within_alpha(false_alarms(drawn(kind, 6, seeds, FEW, np.random.default_rng(1))), FEW)


@pytest.mark.slow
@pytest.mark.parametrize("cells", [6, 24])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [3, 5])
def test_false_alarms_of_many_draws(kind: str, seeds: int, cells: int) -> None:
    rate = false_alarms(drawn(kind, cells, seeds, MANY, np.random.default_rng(2)))
    assert rate <= ALPHA


@pytest.mark.parametrize("seeds", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_false_alarms_of_real_seeds(seeds: int) -> None:
    draws = MANY if seeds == 5 else FEW
    assert len(POOL) == 6 and {len(set(cell["values"])) for cell in POOL} == {64}
    assert within_alpha(false_alarms(pooled(seeds, draws, np.random.default_rng(3))), draws)

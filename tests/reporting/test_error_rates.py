"""How often the gate is wrong, measured on real seeds: a pool of 64 seeds of three smoke cells,
from which baselines and later runs are drawn.

Nothing changed between two draws, so every *worse* is a false alarm; a shift of two standard
deviations is a change to be found as often as said.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.reporting import regression
from benchmark.reporting.baseline import NEGLIGIBLE, make
from benchmark.reporting.check import Judgement, check
from benchmark.reporting.comparison import holm
from benchmark.spec import Record
from tests.reporting.making import record

POOL: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "golden" / "pool.json").read_text(encoding="utf-8")
)["cells"]
PLACES = sorted({(cell["method"], cell["dataset"], cell["latent_dim"]) for cell in POOL})
SEEDS, ALPHA, CELLS = 5, 0.05, len(POOL)


@cache
def template(place: tuple[str, str, int], seed: int, machine: str) -> Record:
    return replace(
        record(*place, seed=seed),
        environment={"packages": {"torch": "2.9"}, "cpu": machine, "device": "cpu"},
    )


def runs(chosen: np.ndarray, machine: str, shift: float = 0.0) -> list[Record]:
    """Runs of seeds 0 to 4 that measured what the ``chosen`` seeds of the pool did, moved by
    ``shift`` standard deviations of the pool."""
    found = []
    for place in PLACES:
        cells = [
            cell for cell in POOL if (cell["method"], cell["dataset"], cell["latent_dim"]) == place
        ]
        for seed, index in enumerate(chosen):
            values = {
                cell["metric"]: cell["values"][index]
                + shift * float(np.std(cell["values"], ddof=1))
                for cell in cells
            }
            facts = {
                name: {"value": value, "unit": "", "n": 1, "protocol": ""}
                for name, value in values.items()
            }
            found.append(replace(template(place, seed, machine), measurements=facts))
    return found


def drawn(count: int) -> np.ndarray:
    """Ten seeds of the pool without repetition, ``count`` times: five for a baseline, five for a
    later day."""
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(len(POOL[0]["values"]))[: 2 * SEEDS] for _ in range(count)])


def through_the_gate(chosen: np.ndarray, shift: float) -> list[Judgement]:
    return check(make(runs(chosen[:SEEDS], "A"), alpha=ALPHA), runs(chosen[SEEDS:], "B", shift))


def found_worse(chosen: np.ndarray, shift: float) -> np.ndarray:
    """Which cells are called worse in each draw, bool (R, cells), computed for all draws at
    once."""
    p = []
    for cell in POOL:
        values = np.asarray(cell["values"])
        old, new = values[chosen[:, :SEEDS]], values[chosen[:, SEEDS:]] + shift * values.std(ddof=1)
        rounding = NEGLIGIBLE * np.abs(old.mean(1, keepdims=True))
        p.append(regression._permutation(np.hstack([old + rounding, new]), SEEDS))
    return np.array([holm(list(row)) for row in np.stack(p, 1)]) <= ALPHA


def name(cell: dict[str, Any]) -> str:
    return f"{cell['method']} on {cell['dataset']}, L = {cell['latent_dim']}, {cell['metric']}"


def test_the_pool_holds_enough_seeds_of_three_cells() -> None:
    assert len(PLACES) == 3 and {len(set(cell["values"])) for cell in POOL} == {64}


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_the_draws_below_are_judged_as_the_gate_judges_them(shift: float) -> None:
    few = drawn(20)
    for chosen, worse in zip(few, found_worse(few, shift), strict=True):
        said = {each.cell.name: each.verdict == "worse" for each in through_the_gate(chosen, shift)}
        assert said == {name(cell): bool(found) for cell, found in zip(POOL, worse, strict=True)}


def test_false_alarms_stay_within_the_stated_level() -> None:
    count = 2000
    rate = found_worse(drawn(count), 0.0).any(1).mean()
    assert rate <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / count)


def test_two_standard_deviations_are_found_as_often_as_is_stated() -> None:
    """Power is stated for normal seeds at the first step of Holm; its later steps find more."""
    level = ALPHA / CELLS
    test = regression.choose(SEEDS, SEEDS, level)
    assert test == "permutation"
    stated = regression.power(2.0, SEEDS, SEEDS, level, test)
    assert found_worse(drawn(2000), 2.0).mean(0).min() >= stated - 0.05

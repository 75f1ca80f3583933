"""How often a verdict on a claim is wrong: every kind of claim, on drawn seeds of which it is just
not true (a false *supported*) or just true (a false *contradicted*).

Just not true: one comparison is at its boundary and all others come out as claimed by far. Just
true: every comparison is at its boundary, where the most can come out the other way by chance. The
table of docs/statistics.md is that of the slow test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pytest
from reporting.making import record

from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.claims.claims import KINDS, Claim, _claim
from benchmark.reporting.claims.verdicts import judge

FEW, MANY = 200, 5000
FAR = 20.0

METHODS = ("vae", "dpvae", "grae", "pca-like", "flexae", "wae-gan")
Means = Mapping[tuple[str, int], tuple[float, float]]
"""(method, latent size) -> means of the metric and of the one beside it, in standard deviations."""


def make_claim(kind: str) -> Claim:
    """A claim of ``kind`` with three comparisons or more where its kind can have them."""
    fields: dict[str, object] = {"methods": ["vae"], "places": {"digits": [16]}}
    if kind in ("below", "above", "close"):
        fields["than"] = ["dpvae", "grae", "flexae"]
    if kind in ("rises", "falls", "constant"):
        fields |= {"methods": list(METHODS[:3]), "places": {"digits": [8, 16]}}
    if kind in ("close", "constant"):
        fields["tolerance"] = 2.0
    if kind == "valley":
        fields["methods"] = list(METHODS)
    if kind == "steeper":
        fields |= {"methods": ["vae", "dpvae"], "beside": "nac"}
    base = {"where": "here", "text": "So it is.", "kind": kind, "metric": "mse"}
    return _claim("it", "somebody", {**base, **fields})


def just_not_true(kind: str) -> Means:
    """Means of which one comparison is at the boundary, all others far on the claimed side."""
    ours, far = ("vae", 16), FAR if kind != "above" else -FAR
    if kind in ("below", "above"):
        rivals = {"dpvae": 0.0, "grae": far, "flexae": far}
    elif kind == "close":
        rivals = {"dpvae": 2.0, "grae": 0.0, "flexae": 0.0}
    elif kind == "valley":
        others = dict.fromkeys(METHODS[1:-1], 0.0)
        return {(m, 16): (v, 0.0) for m, v in {"vae": 0.0, **others, "wae-gan": FAR}.items()}
    elif kind == "steeper":
        return {("vae", 16): (0.0, 0.0), ("dpvae", 16): (1.0, 1.0)}
    else:
        step = {"rises": FAR, "falls": -FAR, "constant": 0.0}[kind]
        boundary = 2.0 if kind == "constant" else 0.0
        steps = dict(zip(METHODS, (boundary, step, step), strict=False))
        return {
            (method, size): (steps[method] * (size == 16), 0.0)
            for method in steps
            for size in (8, 16)
        }
    return {ours: (0.0, 0.0)} | {(m, 16): (v, 0.0) for m, v in rivals.items()}


def just_true(kind: str) -> Means:
    """Means of which every comparison is at the boundary."""
    if kind == "close":
        return {("vae", 16): (0.0, 0.0)} | {
            (m, 16): (2.0, 0.0) for m in ("dpvae", "grae", "flexae")
        }
    if kind == "constant":
        return {(m, size): (2.0 * (size == 16), 0.0) for m in METHODS[:3] for size in (8, 16)}
    if kind in ("rises", "falls"):
        return {(m, size): (0.0, 0.0) for m in METHODS[:3] for size in (8, 16)}
    return {(method, 16): (0.0, 0.0) for method in METHODS}


@cache
def specification(method: str, size: int) -> Mapping[str, object]:
    return record("vae", "digits", size).spec | {"method": method}


def cells(means: Means, seeds: int, paired: bool, rng: np.random.Generator) -> list[Replicates]:
    """The cells of one draw; where they are not ``paired``, no two have a seed in common. A seed of
    ``paired`` cells shares half of its variance."""
    shared = rng.standard_normal(seeds) if paired else np.zeros(seeds)
    scale = math.sqrt(0.5) if paired else 1.0
    drawn = []
    for index, ((method, size), centres) in enumerate(means.items()):
        values = {
            metric: tuple((centre + scale * (shared + rng.standard_normal(seeds))).tolist())
            for metric, centre in zip(("mse", "nac"), centres, strict=True)
        }
        start = 0 if paired else 100 * index
        numbers = tuple(range(start, start + seeds))
        drawn.append(
            Replicates(
                method,
                "digits",
                "d" * 64,
                size,
                "quick",
                keys=(f"{method}-{size}",),
                statuses=("done",) * seeds,
                stale=False,
                flags=frozenset({"no_selection"}),
                values=values,
                ids={metric: metric for metric in values},
                spec=specification(method, size),
                seeds=dict.fromkeys(values, numbers),
            )
        )
    return drawn


def rate(kind: str, means: Means, rulings: Sequence[str], draws: int, seeds: int) -> float:
    """How often a claim gets one of ``rulings``; every other draw is of unpaired seeds, where the
    kind does without pairs."""
    claim, rng = make_claim(kind), np.random.default_rng(KINDS.index(kind))
    hits = 0
    for draw in range(draws):
        paired = draw % 2 == 0 or kind == "steeper"
        hits += judge(claim, cells(means, seeds, paired, rng)).ruling in rulings
    return hits / draws


def within(measured: float, stated: float, draws: int) -> bool:
    return measured <= stated + 3 * math.sqrt(stated * (1 - stated) / draws)


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts_are_wrong_as_seldom_as_stated(kind: str) -> None:
    assert within(rate(kind, just_not_true(kind), ("supported",), FEW, 3), 0.025, FEW)
    assert within(rate(kind, just_true(kind), ("contradicted",), FEW, 3), 0.05, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_error_rates_of_many_draws(kind: str, seeds: int) -> None:
    assert within(rate(kind, just_not_true(kind), ("supported",), MANY, seeds), 0.025, MANY)
    assert within(rate(kind, just_true(kind), ("contradicted",), MANY, seeds), 0.05, MANY)


@pytest.mark.parametrize("kind", KINDS)
def test_either_ruling_can_be_reached(kind: str) -> None:
    """What is true by far is supported, what is wrong by far contradicted, at five seeds."""
    near = {"close": 0.0, "constant": 0.0}.get(kind, FAR)
    means = just_not_true(kind)
    true: dict[tuple[str, int], tuple[float, float]] = {}
    wrong: dict[tuple[str, int], tuple[float, float]] = {}
    for (method, size), _ in means.items():
        if kind in ("rises", "falls", "constant"):
            far = -FAR if kind == "falls" else FAR
            true[method, size] = ((near and far) * (size == 16), 0.0)
            wrong[method, size] = ((far if kind == "constant" else -far) * (size == 16), 0.0)
        elif kind == "steeper":
            true[method, size] = (FAR * (method == "dpvae"), 0.0)
            wrong[method, size] = (0.0, FAR * (method == "dpvae"))
        elif kind == "valley":
            inner = method in METHODS[1:-1]
            true[method, size], wrong[method, size] = (-FAR * inner, 0.0), (FAR * inner, 0.0)
        else:
            rival, sign = method != "vae", -1.0 if kind == "above" else 1.0
            true[method, size] = (near * sign * rival, 0.0)
            wrong[method, size] = ((FAR if kind == "close" else -FAR) * sign * rival, 0.0)
    assert rate(kind, true, ("supported",), 50, 5) > (0.5 if near else 0.2)
    assert rate(kind, wrong, ("contradicted",), 50, 5) > 0.9

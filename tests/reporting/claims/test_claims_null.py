"""Claims on L* rest on what was found, not on what chance leaves: equal relevances, and networks
that nobody trained, support none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from reporting.making import record

from benchmark.reporting.claims.claims import Claim, claims
from benchmark.reporting.claims.verdicts import Verdict, verdicts
from benchmark.spec import Record

SEEDS = 6
UNTRAINED = ("r-vae", "r-dpvae", "rf-vae", "maskaae", "geco-l0")


def named(name: str) -> Claim:
    return next(claim for claim in claims() if claim.name == name)


def run(
    method: str,
    dataset: str,
    size: int,
    seed: int,
    lstar: float,
    relevance: Sequence[float],
    **config: float,
) -> Record:
    """A finished run that kept ``lstar`` dimensions of such relevances; its other metrics are those
    of a decoder at the mean image, whichever the method."""
    metrics = {metric for claim in claims() for metric in claim.metrics} - {"lstar"}
    values = dict.fromkeys(sorted(metrics), 1.0 + 0.01 * seed) | {"lstar": lstar}
    finished = record(method, dataset, size, seed, values=values, config=config)
    return replace(finished, discovery={**(finished.discovery or {}), "relevance": list(relevance)})


def cells() -> Iterator[tuple[str, int]]:
    """Every dataset and latent size that a claim names, stand-ins left out."""
    named_cells = {
        (dataset, size)
        for claim in claims()
        for dataset, sizes in claim.places.items()
        for size in sizes or (16,)
    }
    yield from sorted(named_cells)


def equal(size: int, seed: int) -> list[float]:
    """Relevances that nothing tells apart but their draws, Gamma(64)."""
    return (1.0 / np.random.default_rng(seed).gamma(64.0, 1 / 64.0, size)).tolist()


def judged(name: str, runs: Sequence[Record]) -> Verdict:
    (verdict,) = verdicts(runs, [named(name)])
    return verdict


def sizes_of(name: str) -> Iterator[tuple[str, int]]:
    for dataset, sizes in named(name).places.items():
        for size in sizes:
            yield dataset, size


@pytest.mark.parametrize("name", ["ren-lstar-below-size", "ren-lstar-grows-with-size"])
@pytest.mark.parametrize("dead", [0, 1, 3])
def test_equal_relevances_support_no_bottleneck_and_no_growth(name: str, dead: int) -> None:
    """31 of 32 and 61 of 64 are below the latent size, and grow with it; 95 % of equal relevances
    are so many."""
    runs = [
        run(
            "r-dpvae",
            dataset,
            size,
            seed,
            math.ceil(0.95 * size) - (seed < dead),
            equal(size, seed),
        )
        for dataset, size in sizes_of(name)
        for seed in range(SEEDS)
    ]
    verdict = judged(name, runs)
    assert verdict.ruling in ("cannot tell", "contradicted"), verdict.reason
    assert not any(finding.outcome == "holds" for finding in verdict.findings)


def test_a_bottleneck_with_a_gap_is_supported_and_grows() -> None:
    def bottleneck(dataset: str, size: int, seed: int) -> Record:
        count = size // 3 + seed % 2
        relevance = [1.0] * count + [1e-3] * (size - count)
        return run("r-dpvae", dataset, size, seed, count, relevance)

    for name in ("ren-lstar-below-size", "ren-lstar-grows-with-size"):
        runs = [
            bottleneck(dataset, size, seed)
            for dataset, size in sizes_of(name)
            for seed in range(SEEDS)
        ]
        ruling = judged(name, runs)
        assert ruling.ruling == "supported", ruling.reason


def test_one_seed_inside_its_null_is_told() -> None:
    name, runs = "ren-lstar-below-size", []
    for dataset, size in sizes_of(name):
        for seed in range(SEEDS):
            kept = size // 2 + seed % 2
            relevance = equal(size, seed) if seed == 0 else [1.0] * kept + [1e-3] * (size - kept)
            runs.append(run("r-dpvae", dataset, size, seed, kept, relevance))
    verdict = judged(name, runs)
    assert verdict.ruling == "cannot tell"
    assert "1 of 6 seeds are inside their null, so nothing was found" in verdict.reason


@pytest.mark.parametrize(
    ("flags", "harness_flags", "words"),
    [
        (["collapsed"], [], "flagged collapsed, so nothing was found"),
        (["of_my_own"], [], "flagged of_my_own"),
        ([], ["unsettled"], "flagged unsettled"),
        ([], [], None),
    ],
)
def test_a_flagged_count_supports_nothing(
    flags: list[str], harness_flags: list[str], words: str | None
) -> None:
    """No dimension left at any latent size is no constancy."""
    name, runs = "ren-geco-lstar-constant-mnist", []
    for dataset, size in sizes_of(name):
        for seed in range(SEEDS + 2):
            finished = run("geco-l0", dataset, size, seed, 0, [1e-4] * size, tau_per_pixel=0.0122)
            flagged = {**(finished.discovery or {}), "flags": flags if seed == 0 else []}
            runs.append(replace(finished, discovery=flagged, flags=harness_flags))
    verdict = judged(name, runs)
    assert verdict.ruling == ("supported" if words is None else "cannot tell"), verdict.reason
    assert words is None or words in verdict.reason


@pytest.mark.parametrize("method", UNTRAINED)
def test_an_untrained_network_supports_no_claim(method: str) -> None:
    """Alone, and beside every other method as untrained as it is."""
    others = sorted({label for claim in claims() for label in claim.labels} | set(UNTRAINED))
    methods = [name for name in others if name.isascii() and "[" not in name and name[0].isalpha()]
    for chosen in ([method], [name for name in methods if name not in ("L", "n", "null")]):
        runs = [
            run(name, dataset, size, seed, size - (seed % 2) * (size > 16), equal(size, seed))
            for name in chosen
            for dataset, size in cells()
            for seed in range(SEEDS)
        ]
        for verdict in verdicts(runs):
            if method in verdict.claim.labels:
                assert not verdict.ruling.startswith("supported"), (
                    verdict.claim.name,
                    verdict.reason,
                )

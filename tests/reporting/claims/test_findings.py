"""What each kind of claim asks of the records, and what its comparisons take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reporting.claims.claiming import HIGH, LOW, NEAR, counts, judged, make_claim
from reporting.making import record, seeds

from benchmark.spec import Record


def test_seeds_without_spread_prove_no_more_than_their_number() -> None:
    """A sign test of equal differences: p = 1/4 with three pairs, 1/32 with six."""
    for count, ruling in ((3, "cannot tell"), (5, "cannot tell"), (6, "supported")):
        verdict = judged(make_claim(), seeds([8.0] * count), seeds([9.0] * count, "dpvae"))
        assert verdict.ruling == ruling and "sign test (no spread)" in verdict.reason
        near = make_claim("close", tolerance=2)
        assert judged(near, seeds([8.0] * count), seeds([8.0] * count, "dpvae")).ruling == ruling


def test_ties_are_no_contradiction() -> None:
    for count in (3, 10):
        tied = seeds([8.0] * count), seeds([8.0] * count, "dpvae")
        assert judged(make_claim(), *tied).ruling == "cannot tell"
        assert judged(make_claim("above"), *tied).ruling == "cannot tell"


def test_the_lowest_of_a_valley_pays_for_being_chosen() -> None:
    """p = 0.03 beside either end, four methods to choose from."""
    ends = seeds([1.07, 2.10, 3.13]), seeds([1.13, 2.07, 3.10], "dpvae")
    inner = seeds([1.0, 2.0, 3.0], "grae")
    others = [seeds([value + 9.0 for value in HIGH], name) for name in ("pca", "wae-gan", "r-vae")]
    alone = make_claim("valley", ["vae", "grae", "dpvae"], ())
    assert judged(alone, *ends, inner).ruling == "supported"
    chosen = make_claim("valley", ["vae", "grae", "pca", "wae-gan", "r-vae", "dpvae"], ())
    verdict = judged(chosen, *ends, inner, *others)
    assert verdict.ruling == "cannot tell" and "the lowest of 4" in verdict.reason


def test_sameness_needs_an_interval_inside_the_tolerance() -> None:
    claim = make_claim(
        "constant", ["maskaae"], (), metric="lstar", tolerance=2, places={"digits": [16, 32]}
    )
    assert judged(claim, counts({16: [8, 8, 9], 32: [8, 9, 9]})).ruling == "supported"
    assert judged(claim, counts({16: [8, 8, 9], 32: [14, 15, 16]})).ruling == "contradicted"
    assert judged(claim, counts({16: [8, 8, 9], 32: [8, 11, 14]})).ruling == "cannot tell"
    assert judged(claim, counts({16: [8, 8, 9]})).ruling == "not run"
    close = make_claim("close", relative=0.1)
    assert (
        judged(close, seeds([1.0, 1.1, 1.2]), seeds([1.01, 1.12, 1.2], "dpvae")).ruling
        == "supported"
    )
    assert judged(close, seeds(LOW), seeds(HIGH, "dpvae")).ruling == "contradicted"


def test_counts_are_set_beside_the_latent_size_and_the_truth() -> None:
    below = make_claim("below", ["maskaae"], ["L"], metric="lstar", places={"latent-8": [16]})
    assert judged(below, counts({16: [8, 9, 8]}, dataset="latent-8")).ruling == "supported"
    assert judged(below, counts({16: [16, 16, 16]}, dataset="latent-8")).ruling == "cannot tell"
    near = make_claim(
        "close", ["maskaae"], ["n"], metric="lstar", tolerance=2, places={"latent-8": [16]}
    )
    assert judged(near, counts({16: [8, 8, 9]}, dataset="latent-8")).ruling == "supported"
    assert judged(near, counts({16: [13, 14, 13]}, dataset="latent-8")).ruling == "contradicted"
    assert (
        judged(replace(near, places={"digits": [16]}), counts({16: [8, 8, 9]})).ruling == "not run"
    )


def test_rises_falls_and_valleys() -> None:
    rises = make_claim("rises", ["vae"], (), places={"digits": [8, 16, 32]})
    runs = (seeds(LOW, latent_dim=8), seeds(NEAR, latent_dim=16), seeds(HIGH, latent_dim=32))
    assert judged(rises, *runs).ruling == "supported"
    assert judged(replace(rises, kind="falls"), *runs).ruling == "contradicted"
    valley = make_claim("valley", ["vae", "grae", "dpvae"], ())
    assert (
        judged(valley, seeds(HIGH), seeds(LOW, "grae"), seeds(HIGH, "dpvae")).ruling == "supported"
    )
    assert (
        judged(valley, seeds(LOW), seeds(HIGH, "grae"), seeds(HIGH, "dpvae")).ruling
        == "contradicted"
    )


def test_growth_of_one_metric_is_set_beside_that_of_another() -> None:
    def both(method: str, own: Sequence[float], other: Sequence[float]) -> list[Record]:
        return [
            record(method, "digits", seed=seed, values={"mse": a, "nac": b})
            for seed, (a, b) in enumerate(zip(own, other, strict=True))
        ]

    steeper = make_claim("steeper", ["vae", "grae"], (), beside="nac")
    start = both("vae", [1.0, 1.1, 1.2], [5.0, 5.1, 5.2])
    assert (
        judged(steeper, start, both("grae", [3.0, 3.1, 3.3], [6.0, 6.1, 6.2])).ruling == "supported"
    )
    assert (
        judged(steeper, start, both("grae", [2.0, 2.1, 2.2], [7.0, 7.1, 7.3])).ruling
        == "contradicted"
    )
    assert (
        judged(steeper, start, both("grae", [-3.0, -3.1, -3.3], [6.0, 6.1, 6.2])).ruling
        == "contradicted"
    )
    assert (
        judged(
            replace(steeper, magnitude=True),
            start,
            both("grae", [-3.0, -3.1, -3.3], [6.0, 6.1, 6.2]),
        ).ruling
        == "supported"
    )
    assert judged(steeper, start).ruling == "not run"
    elsewhere = [
        replace(run, spec={**run.spec, "seed": 7}, key=f"{run.key}-7")
        for run in both("grae", [3.0], [6.0])
    ]
    assert "no seed was run with both" in judged(steeper, start, elsewhere).reason


def test_sizes_of_signed_values_are_compared_where_the_claim_says_so() -> None:
    runs = seeds(LOW), seeds([-value for value in HIGH], "dpvae")
    assert judged(make_claim(), *runs).ruling == "contradicted"
    assert judged(make_claim(magnitude=True), *runs).ruling == "supported"


def test_than_may_be_half_the_latent_size_or_any_number() -> None:
    assert (
        judged(
            make_claim(than=["L/2"], metric="lstar"), seeds([5.0, 6.0, 5.0], metric="lstar")
        ).ruling
        == "supported"
    )
    assert (
        judged(
            make_claim(than=["L/2"], metric="lstar"), seeds([11.0, 12.0, 11.0], metric="lstar")
        ).ruling
        == "contradicted"
    )
    assert judged(make_claim(than=["0.1"]), seeds([0.01, 0.02, 0.03])).ruling == "supported"
    assert judged(make_claim(than=["0.1"]), seeds([0.3, 0.4, 0.5])).ruling == "contradicted"


def test_methods_that_were_run_at_other_sizes_are_compared_where_they_were_run() -> None:
    claim = make_claim(methods=["vae", "grae"], than=["3"], places={"digits": []})
    verdict = judged(claim, seeds(LOW, latent_dim=8), seeds(LOW, "grae", latent_dim=16))
    assert verdict.ruling == "supported" and [finding.outcome for finding in verdict.findings] == [
        "holds",
        "holds",
    ]


def test_studies_are_judged_by_their_own_names_and_defaults() -> None:
    defaults = {
        "beta": 0.4,
        "covariance": "diagonal",
        "block": 2,
        "draws": 32,
        "lr": 1e-3,
        "chunks": 4,
    }
    claim = make_claim(
        "below", ["grae-objective[beta=0.1]"], ["grae-objective"], metric="gap-taylor-grae"
    )
    runs = [
        seeds(
            values,
            "grae-objective",
            "gap-taylor-grae",
            kind="grae-objective",
            config={**defaults, "beta": beta},
        )
        for beta, values in ((0.1, LOW), (0.4, HIGH))
    ]
    assert judged(claim, *runs).ruling == "supported"

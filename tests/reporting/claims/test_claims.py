"""Claims are read strictly and judged by tests: what is claimed is supported, contradicted or open
for the reasons said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from reporting.making import record, seeds

from benchmark import registry
from benchmark.names import label
from benchmark.options import parse_reference
from benchmark.planning.jobs import OWN_DATA
from benchmark.planning.suites import Suite, suites
from benchmark.reporting.claims.claims import KINDS, Claim, _claim, claims
from benchmark.reporting.claims.table import as_json, as_text, claims_table, claims_tables, counted
from benchmark.reporting.claims.verdicts import Verdict, judge, published_verdicts, verdicts
from benchmark.reporting.papers import printed, spellings
from benchmark.reporting.render import RENDERERS
from benchmark.spec import BenchError, Record

LOW, HIGH, NEAR = [1.0, 1.1, 1.05], [2.0, 2.2, 2.15], [1.02, 1.04, 1.15]


def claim(
    kind: str = "below",
    methods: Sequence[str] = ("vae",),
    than: Sequence[str] = ("dpvae",),
    **fields: Any,
) -> Claim:
    base: Mapping[str, Any] = {
        "where": "Table 1",
        "text": "So it is.",
        "metric": "mse",
        "places": {"digits": [16]},
    }
    return _claim(
        "it", "somebody", {**base, "kind": kind, "methods": methods, "than": than, **fields}
    )


def verdict(said: Claim, *runs: Sequence[Record]) -> Verdict:
    (ruled,) = verdicts([run for group in runs for run in group], [said])
    return ruled


# ---- what comes with the package


def test_there_are_claims_of_every_source_with_what_a_reader_needs() -> None:
    every = claims()
    assert len(every) >= 20 and len({said.name for said in every}) == len(every)
    assert {said.source.partition(" ")[0] for said in every} == {
        "REN",
        "MaskAAE",
        "FlexAE",
        "ARD-VAE",
        "Dai,",
        "MI-VAE",
        "GRAE",
    }
    assert {said.kind for said in every} == set(KINDS)
    assert all(said.where and said.text.endswith((".", ")")) for said in every)
    assert all(
        bool(said.silent) != bool(said.tables) for said in every
    )  # published figures bear on it, or it says why not
    origins = {figure.origin for figure in printed.published()}
    assert {table for said in every for table in said.tables} <= origins


def test_claims_name_methods_and_datasets_that_exist() -> None:
    methods = {
        entry.name for room in ("methods", "studies") for entry in registry.entries(room)
    } | set(spellings.METHODS.values())
    for said in claims():
        labels = {
            spellings.as_run(name, dataset) for name in said.labels for dataset in said.places
        }
        assert {parse_reference(name)[0] for name in labels} <= {
            parse_reference(name)[0] for name in methods
        }, said.name
        for dataset in set(said.places) - {OWN_DATA.name}:
            registry.choose("datasets", dataset)


RULINGS = {
    "supported so far": {
        "ren-fid-worsens-with-size",
        "gamma-learned-generates-better",
        "gamma-fixed-reconstructs-alike",
        "sigma-learned-fid-below-unit",
    },
    "contradicted": {
        "ren-fid-lowest",
        "ren-maskaae-lstar-constant-sprites",
        "ren-mse-improves-with-size",
        "ren-mse-above-others",
        "flexae-recall-highest",
    },
    "cannot tell": {said.name for said in claims() if said.silent},
}


@pytest.mark.parametrize("ruled", published_verdicts(), ids=lambda ruled: ruled.claim.name)
def test_published_figures_decide_every_claim_they_bear_on(ruled: Verdict) -> None:
    expected = next(
        (ruling for ruling, names in RULINGS.items() if ruled.claim.name in names), "supported"
    )
    assert ruled.ruling == expected and ruled.reason
    undecided = [finding for finding in ruled.findings if finding.outcome == "open"]
    assert all(
        len(set(finding.why.split(" against "))) == 1 for finding in undecided
    )  # equal figures


def test_the_text_of_ren_is_contradicted_by_its_table_at_four_places() -> None:
    (ruled,) = published_verdicts([said for said in claims() if said.name == "ren-fid-lowest"])
    fails = [finding for finding in ruled.findings if finding.outcome == "fails"]
    assert sorted(finding.text.partition(", REN")[0] for finding in fails) == [
        "r-dpvae against dpvae, L = 10, dsprites",
        "r-dpvae against dpvae, L = 15, dsprites",
        "r-dpvae against dpvae, L = 16, mnist",
        "r-dpvae against dpvae, L = 64, fashion-mnist",
    ]
    assert len(ruled.findings) == 30


def test_a_verdict_says_where_it_rests_on_doubtful_figures() -> None:
    (ruled,) = published_verdicts([said for said in claims() if said.name == "ren-mse-above-pca"])
    assert "doubtful figure in 1 of them" in ruled.reason
    assert [finding.why for finding in ruled.findings if finding.doubt] == [
        "0.0459 against 0.02686 (doubtful figure)"
    ]


def test_suites_name_claims_and_run_what_they_compare() -> None:
    """Every method a claim is about is run by the suite that names the claim, on each of its places
    or their stand-ins."""
    by_name = {said.name: said for said in claims()}
    registered = {entry.name for entry in registry.METHODS}
    named = [(suite, name) for suite in suites() for name in suite.claims]
    assert {name for _, name in named} >= {
        "ren-fid-lowest",
        "maskaae-lstar-near-n",
        "gamma-learned-generates-better",
        "mivae-accuracy",
    }
    for suite, name in named:
        said, ran = by_name[name], set(_runs(suite))
        for dataset, sizes in said.places.items():
            labels = {spellings.as_run(method, dataset) for method in said.labels}
            methods = {spellings.as_run(method, dataset) for method in said.methods}
            here = {method for method in labels if parse_reference(method)[0] in registered}
            stand_ins = {
                stand_in
                for stand_in in (dataset, said.stand_ins.get(dataset))
                if any(stand_in == where for _, where, _ in ran)
            }
            assert len(said.places) > 1 or stand_ins, (suite.name, name, dataset)
            for stand_in in stand_ins:
                ran_sizes = {
                    size for method, where, size in ran if where == stand_in and method in methods
                }
                assert ran_sizes >= set(sizes), (suite.name, name, stand_in)
                assert {method for method, where, _ in ran if where == stand_in} >= here, (
                    suite.name,
                    name,
                    stand_in,
                )


def _runs(suite: Suite) -> Iterator[tuple[str, str, int]]:
    """Label, dataset and latent size of every cell of a suite; what a stage takes from an earlier
    one is a ``*``."""
    for stage in suite.stages:
        for reference, dataset, size in product(
            stage.grid.methods,
            stage.grid.datasets or [OWN_DATA.name],
            stage.grid.latent_dims or [2],
        ):
            choice = registry.choose(stage.grid.room, reference)
            yield (
                label(
                    stage.grid.room,
                    choice.name,
                    {**choice.options, **dict.fromkeys(stage.take, "*")},
                ),
                dataset,
                size,
            )


# ---- from records


def test_an_order_is_supported_contradicted_or_open() -> None:
    assert verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "supported"
    assert verdict(claim(), seeds(HIGH), seeds(LOW, "dpvae")).ruling == "contradicted"
    assert verdict(claim("above"), seeds(HIGH), seeds(LOW, "dpvae")).ruling == "supported"
    assert verdict(claim(), seeds(LOW), seeds(NEAR, "dpvae")).ruling == "cannot tell"
    assert verdict(claim(margin=0.5), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "supported"
    assert verdict(claim(margin=1.08), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "cannot tell"
    assert verdict(claim(margin=3.0), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "contradicted"


def test_what_three_seeds_can_never_show_is_said() -> None:
    ruled = verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae"))
    assert "a permutation test of 3 pairs can never give p below 0.25" in ruled.reason
    single = verdict(claim(), seeds(LOW[:1]), seeds(HIGH[:1], "dpvae"))
    assert single.ruling == "cannot tell" and "one seed" in single.reason


def test_support_needs_every_comparison_and_no_correction_contradiction_needs_one_and_holm() -> (
    None
):
    """Three comparisons of p = 0.03 each."""
    ours = [1.0, 2.0, 3.0]
    others = {"dpvae": [1.07, 2.10, 3.13], "pca": [1.13, 2.07, 3.10], "grae": [1.10, 2.13, 3.07]}
    rivals = [seeds(values, name) for name, values in others.items()]
    said = claim(than=list(others))
    assert verdict(said, seeds(ours), *rivals).ruling == "supported"
    ruled = verdict(replace(said, kind="above"), seeds(ours), *rivals)
    assert ruled.ruling == "cannot tell" and "after Holm" in ruled.reason
    assert (
        verdict(replace(said, kind="above", than=["pca"]), seeds(ours), *rivals).ruling
        == "contradicted"
    )


def test_a_claim_whose_rivals_are_missing_is_supported_so_far_at_most() -> None:
    said = claim(than=["dpvae", "injflow", "vae-iop"])
    ruled = verdict(said, seeds(LOW), seeds(HIGH, "dpvae"))
    assert ruled.ruling == "supported so far" and "1 of 3 comparisons hold" in ruled.reason
    assert "2 more could not be made (not run)" in ruled.reason
    assert verdict(said, seeds(HIGH), seeds(LOW, "dpvae")).ruling == "contradicted"
    (wide,) = (entry for entry in claims() if entry.name == "flexae-fid-lowest")
    rivals = [
        seeds(HIGH, name, "fid", dataset="mnist") for name in ("beta-vae", "wae-gan", "maskaae")
    ]
    so_far = verdict(wide, seeds(LOW, "flexae", "fid", dataset="mnist"), *rivals)
    assert so_far.ruling == "supported so far" and "3 of 36 comparisons hold" in so_far.reason


def test_a_ruling_stands_beside_its_means_n_and_test() -> None:
    paired = verdict(claim(), seeds([*LOW, 9.0]), seeds(HIGH, "dpvae"))
    assert "1.05 against 2.117, means of 3 pairs; paired t test, p = 0.00098" in paired.reason
    apart = [
        replace(run, spec={**run.spec, "seed": run.spec["seed"] + 9}, key=f"{run.key}-9")
        for run in seeds(HIGH, "dpvae")
    ]
    assert "means of 3 and 3 seeds; Welch's t test" in verdict(claim(), seeds(LOW), apart).reason
    number = verdict(claim(than=["L"]), seeds(LOW))
    assert "1.05, mean of 3 seeds, against 16 (L)" in number.reason


def test_seeds_without_spread_prove_no_more_than_their_number() -> None:
    """A sign test of equal differences: p = 1/4 with three pairs, 1/32 with six."""
    for count, ruling in ((3, "cannot tell"), (5, "cannot tell"), (6, "supported")):
        ruled = verdict(claim(), seeds([8.0] * count), seeds([9.0] * count, "dpvae"))
        assert ruled.ruling == ruling and "sign test (no spread)" in ruled.reason
        near = claim("close", tolerance=2)
        assert verdict(near, seeds([8.0] * count), seeds([8.0] * count, "dpvae")).ruling == ruling


def test_ties_are_no_contradiction() -> None:
    for count in (3, 10):
        tied = seeds([8.0] * count), seeds([8.0] * count, "dpvae")
        assert verdict(claim(), *tied).ruling == "cannot tell"
        assert verdict(claim("above"), *tied).ruling == "cannot tell"


def test_the_lowest_of_a_valley_pays_for_being_chosen() -> None:
    """p = 0.03 beside either end, four methods to choose from."""
    ends = seeds([1.07, 2.10, 3.13]), seeds([1.13, 2.07, 3.10], "dpvae")
    inner = seeds([1.0, 2.0, 3.0], "grae")
    others = [seeds([value + 9.0 for value in HIGH], name) for name in ("pca", "wae-gan", "r-vae")]
    alone = claim("valley", ["vae", "grae", "dpvae"], ())
    assert verdict(alone, *ends, inner).ruling == "supported"
    chosen = claim("valley", ["vae", "grae", "pca", "wae-gan", "r-vae", "dpvae"], ())
    ruled = verdict(chosen, *ends, inner, *others)
    assert ruled.ruling == "cannot tell" and "the lowest of 4" in ruled.reason


def test_nothing_is_judged_by_runs_that_are_not_there() -> None:
    assert verdict(claim(), seeds(LOW)).ruling == "not run"
    assert verdict(claim()).ruling == "not run"
    broken = [record("dpvae", seed=seed, status="diverged") for seed in range(3)]
    ruled = verdict(claim(), seeds(LOW), broken)
    assert ruled.ruling == "not run" and "3 diverged" in ruled.reason
    ruled = verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae", code="of-yesterday"))
    assert ruled.ruling == "not run" and "stale" in ruled.reason
    for other in ({"harness": "0" * 16}, {"metrics": {"mse": "0" * 16}}):
        old = [replace(run, **other) for run in seeds(HIGH, "dpvae")]
        ruled = verdict(claim(), seeds(LOW), old)
        assert ruled.ruling == "not run" and "stale" in ruled.reason
    ruled = verdict(claim(metric="nac"), seeds(LOW), seeds(HIGH, "dpvae"))
    assert ruled.ruling == "not run" and "'nac' was not measured" in ruled.reason


def test_part_of_the_places_is_judged_and_the_rest_is_counted() -> None:
    said = claim(places={"digits": [16, 32], "mnist": [16]})
    ruled = verdict(said, seeds(LOW), seeds(HIGH, "dpvae"))
    assert (
        ruled.ruling == "supported so far"
        and "1 of 3 comparisons hold" in ruled.reason
        and "2 more could not be made" in ruled.reason
    )
    both = verdict(
        said,
        seeds(LOW),
        seeds(HIGH, "dpvae"),
        seeds(HIGH, latent_dim=32),
        seeds(LOW, "dpvae", latent_dim=32),
    )
    assert both.ruling == "contradicted"


def test_runs_of_two_budgets_or_two_data_never_meet() -> None:
    long = {"budget": "short", "steps": 900}
    assert verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae", **long)).ruling == "not run"
    assert verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae", data="e" * 64)).ruling == "not run"
    # Of two budgets with all that is asked for, the longer one stands.
    ruled = verdict(
        claim(), seeds(LOW), seeds(HIGH, "dpvae"), seeds(HIGH, **long), seeds(LOW, "dpvae", **long)
    )
    assert ruled.ruling == "contradicted" and "short" in ruled.findings[0].text
    # Of two, the one that can decide.
    assert (
        verdict(claim(), seeds(LOW), seeds(HIGH, "dpvae"), seeds(HIGH, **long)).ruling
        == "supported"
    )


def test_variants_are_other_methods() -> None:
    assert (
        verdict(claim(), seeds(LOW, config={"gamma": 0.5}), seeds(HIGH, "dpvae")).ruling
        == "not run"
    )
    gamma = claim(than=["vae[gamma=*,sigma=fixed]"])
    fixed = seeds(
        HIGH,
        config={"gamma": 0.01, "sigma": "fixed"},
        taken={"gamma": "vae: discovery.extra.gamma"},
    )
    assert verdict(gamma, seeds(LOW), fixed).ruling == "supported"


def test_a_stand_in_metric_is_used_and_named() -> None:
    fid = claim(metric="fid")
    ruled = verdict(
        fid, seeds(LOW, metric="fd-cnn[n=360]"), seeds(HIGH, "dpvae", metric="fd-cnn[n=360]")
    )
    assert ruled.ruling == "supported" and ruled.metrics == ("fd-cnn[n=360]",)
    mixed = [
        record(name, seed=seed, values={"fid": low, "fd-raw": high})
        for name, low, high in (("vae", 1.0, 9.0), ("dpvae", 2.0, 3.0))
        for seed in (0, 1, 2)
    ]
    assert verdict(fid, mixed).metrics == ("fid",)
    apart = verdict(
        fid, seeds(LOW, metric="fid[n=1000]"), seeds(HIGH, "dpvae", metric="fid[n=5000]")
    )
    assert apart.ruling == "cannot tell" and "not compared" in apart.reason


def test_a_metric_measured_in_two_ways_is_judged_by_the_commonest() -> None:
    runs = seeds(LOW, metric="fid[n=1000]") + seeds(HIGH, "dpvae", metric="fid[n=1000]")
    both = [
        replace(
            run,
            measurements={
                **run.measurements,
                "fid[n=50]": {"value": 5.0 - run.spec["seed"], "unit": "", "n": 50},
            },
        )
        for run in runs[:2]
    ]
    ruled = verdict(claim(metric="fid"), both, runs[2:])
    assert ruled.ruling == "supported" and ruled.metrics == ("fid[n=1000]",)


def test_a_stand_in_dataset_is_used_where_the_claim_allows_it() -> None:
    said = claim(places={"dsprites": [16]}, stand_ins={"dsprites": "sprites"})
    runs = (seeds(LOW, dataset="sprites"), seeds(HIGH, "dpvae", dataset="sprites"))
    assert (
        verdict(said, *runs).ruling == "supported"
        and "sprites" in verdict(said, *runs).findings[0].text
    )
    assert verdict(claim(places={"dsprites": [16]}), *runs).ruling == "not run"


def test_a_place_may_be_one_variant_of_a_dataset_and_a_method_what_a_source_ran_there() -> None:
    noisy = {"dataset": "circle", "options": {"noise": 0.05}}
    runs = [*seeds(LOW, **noisy), *seeds(HIGH, "dpvae", **noisy)]
    said = claim(places={"circle[noise=0.05]": [16]})
    assert verdict(said, runs).ruling == "supported"
    assert verdict(claim(places={"circle[noise=0.07]": [16]}), runs).ruling == "not run"
    assert verdict(claim(places={"circle": [16]}), runs).ruling == "supported"
    said = claim(than=("GECO",), places={"mnist": [16]})
    at_tau = seeds(HIGH, "geco-l0", dataset="mnist", config={"tau_per_pixel": 0.0122})
    vae = seeds(LOW, dataset="mnist")
    assert verdict(said, vae, at_tau).ruling == "supported"
    assert verdict(said, vae, seeds(HIGH, "geco-l0", dataset="mnist")).ruling == "not run"


def test_methods_that_stand_for_one_printed_row_are_compared_once_on_paper() -> None:
    (ruled,) = published_verdicts(
        [said for said in claims() if said.name == "ren-fid-below-rf-vae"]
    )
    assert len(ruled.findings) == 6 and ruled.ruling == "supported"
    assert {"rf-vae", "rf-vae-port"} == set(ruled.claim.than)


def test_a_closed_form_method_stands_beside_every_budget_and_needs_one_seed() -> None:
    pca = seeds([2.0], "pca", steps=0, batch_size=0)
    said = claim(than=["pca"])
    assert verdict(said, seeds(LOW, budget="short", steps=900), pca).ruling == "supported"
    assert verdict(claim("above", ["pca"], ["vae"]), seeds(LOW), pca).ruling in (
        "supported",
        "cannot tell",
    )


def counts(
    by_size: Mapping[int, Sequence[int]], method: str = "maskaae", dataset: str = "digits"
) -> list[Record]:
    return [
        run
        for size, of_size in by_size.items()
        for run in seeds(map(float, of_size), method, "lstar", latent_dim=size, dataset=dataset)
    ]


def test_sameness_needs_an_interval_inside_the_tolerance() -> None:
    said = claim(
        "constant", ["maskaae"], (), metric="lstar", tolerance=2, places={"digits": [16, 32]}
    )
    assert verdict(said, counts({16: [8, 8, 9], 32: [8, 9, 9]})).ruling == "supported"
    assert verdict(said, counts({16: [8, 8, 9], 32: [14, 15, 16]})).ruling == "contradicted"
    assert verdict(said, counts({16: [8, 8, 9], 32: [8, 11, 14]})).ruling == "cannot tell"
    assert verdict(said, counts({16: [8, 8, 9]})).ruling == "not run"
    close = claim("close", relative=0.1)
    assert (
        verdict(close, seeds([1.0, 1.1, 1.2]), seeds([1.01, 1.12, 1.2], "dpvae")).ruling
        == "supported"
    )
    assert verdict(close, seeds(LOW), seeds(HIGH, "dpvae")).ruling == "contradicted"


def test_counts_are_set_beside_the_latent_size_and_the_truth() -> None:
    below = claim("below", ["maskaae"], ["L"], metric="lstar", places={"latent-8": [16]})
    assert verdict(below, counts({16: [8, 9, 8]}, dataset="latent-8")).ruling == "supported"
    assert verdict(below, counts({16: [16, 16, 16]}, dataset="latent-8")).ruling == "cannot tell"
    near = claim(
        "close", ["maskaae"], ["n"], metric="lstar", tolerance=2, places={"latent-8": [16]}
    )
    assert verdict(near, counts({16: [8, 8, 9]}, dataset="latent-8")).ruling == "supported"
    assert verdict(near, counts({16: [13, 14, 13]}, dataset="latent-8")).ruling == "contradicted"
    assert (
        verdict(replace(near, places={"digits": [16]}), counts({16: [8, 8, 9]})).ruling == "not run"
    )


def test_rises_falls_and_valleys() -> None:
    rises = claim("rises", ["vae"], (), places={"digits": [8, 16, 32]})
    runs = (seeds(LOW, latent_dim=8), seeds(NEAR, latent_dim=16), seeds(HIGH, latent_dim=32))
    assert verdict(rises, *runs).ruling == "supported"
    assert verdict(replace(rises, kind="falls"), *runs).ruling == "contradicted"
    valley = claim("valley", ["vae", "grae", "dpvae"], ())
    assert (
        verdict(valley, seeds(HIGH), seeds(LOW, "grae"), seeds(HIGH, "dpvae")).ruling == "supported"
    )
    assert (
        verdict(valley, seeds(LOW), seeds(HIGH, "grae"), seeds(HIGH, "dpvae")).ruling
        == "contradicted"
    )


def test_growth_of_one_metric_is_set_beside_that_of_another() -> None:
    def both(method: str, own: Sequence[float], other: Sequence[float]) -> list[Record]:
        return [
            record(method, "digits", seed=seed, values={"mse": a, "nac": b})
            for seed, (a, b) in enumerate(zip(own, other, strict=True))
        ]

    steeper = claim("steeper", ["vae", "grae"], (), beside="nac")
    start = both("vae", [1.0, 1.1, 1.2], [5.0, 5.1, 5.2])
    assert (
        verdict(steeper, start, both("grae", [3.0, 3.1, 3.3], [6.0, 6.1, 6.2])).ruling
        == "supported"
    )
    assert (
        verdict(steeper, start, both("grae", [2.0, 2.1, 2.2], [7.0, 7.1, 7.3])).ruling
        == "contradicted"
    )
    assert (
        verdict(steeper, start, both("grae", [-3.0, -3.1, -3.3], [6.0, 6.1, 6.2])).ruling
        == "contradicted"
    )
    assert (
        verdict(
            replace(steeper, magnitude=True),
            start,
            both("grae", [-3.0, -3.1, -3.3], [6.0, 6.1, 6.2]),
        ).ruling
        == "supported"
    )
    assert verdict(steeper, start).ruling == "not run"
    elsewhere = [
        replace(run, spec={**run.spec, "seed": 7}, key=f"{run.key}-7")
        for run in both("grae", [3.0], [6.0])
    ]
    assert "no seed was run with both" in verdict(steeper, start, elsewhere).reason


def test_sizes_of_signed_values_are_compared_where_the_claim_says_so() -> None:
    runs = seeds(LOW), seeds([-value for value in HIGH], "dpvae")
    assert verdict(claim(), *runs).ruling == "contradicted"
    assert verdict(claim(magnitude=True), *runs).ruling == "supported"


def test_than_may_be_half_the_latent_size_or_any_number() -> None:
    assert (
        verdict(claim(than=["L/2"], metric="lstar"), seeds([5.0, 6.0, 5.0], metric="lstar")).ruling
        == "supported"
    )
    assert (
        verdict(
            claim(than=["L/2"], metric="lstar"), seeds([11.0, 12.0, 11.0], metric="lstar")
        ).ruling
        == "contradicted"
    )
    assert verdict(claim(than=["0.1"]), seeds([0.01, 0.02, 0.03])).ruling == "supported"
    assert verdict(claim(than=["0.1"]), seeds([0.3, 0.4, 0.5])).ruling == "contradicted"


def test_methods_that_were_run_at_other_sizes_are_compared_where_they_were_run() -> None:
    said = claim(methods=["vae", "grae"], than=["3"], places={"digits": []})
    ruled = verdict(said, seeds(LOW, latent_dim=8), seeds(LOW, "grae", latent_dim=16))
    assert ruled.ruling == "supported" and [finding.outcome for finding in ruled.findings] == [
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
    said = claim(
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
    assert verdict(said, *runs).ruling == "supported"


def test_equal_printed_figures_are_no_order() -> None:
    cells = printed.cells_of(
        [
            replace(figure, value=1.0)
            for figure in printed.published()
            if figure.origin == "ren_table1"
        ]
    )
    said = next(entry for entry in claims() if entry.name == "ren-fid-below-vae")
    assert judge(said, cells, printed=True).ruling == "cannot tell"


# ---- reading


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "beneath"}, "kind 'beneath'"),
        ({"than": []}, "nothing to compare with"),
        ({"kind": "constant", "than": []}, "no 'tolerance'"),
        ({"kind": "valley", "than": []}, "fewer than three"),
        ({"kind": "steeper", "than": [], "methods": ["vae", "grae"]}, "no metric 'beside'"),
        ({"places": {}}, "no places"),
        ({"tolerence": 1}, "did you mean 'tolerance'"),
    ],
)
def test_a_claim_that_cannot_be_judged_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BenchError, match="claim 'it'") as caught:
        claim(**fields)
    assert words in str(caught.value)


def test_a_claim_that_lacks_something_is_refused() -> None:
    with pytest.raises(BenchError, match="lacks where, text, metric, methods, places"):
        _claim("it", "somebody", {"kind": "below"})


# ---- writing


def test_verdicts_are_written_in_every_format() -> None:
    every = published_verdicts()
    table = claims_table(every, "published figures")
    apart = {(ruled.claim.source, ruled.claim.claimed) for ruled in every}
    assert len(table.rows) == len(every) and len(table.groups) == len(apart)
    assert all(len({row.cells[0].text for row in group}) == len(group) for group in table.groups)
    for render in RENDERERS.values():
        text = render(table)
        assert (
            "contradicted" in text and "the lowest FID of all methods on all three datasets" in text
        )
    pages = claims_tables(every, "published figures")
    names = [row.cells[0].text for page in pages for row in page.rows]
    assert names == [row.cells[0].text for row in table.rows] and len(names) == len(every)
    assert all(len(page.groups) == 1 and len(page.rows) <= 12 for page in pages)
    read = json.loads(as_json(every))
    assert [ruled["ruling"] for ruled in read] == [ruled.ruling for ruled in every]
    assert read[0]["claim"]["name"] == every[0].claim.name and read[0]["findings"]
    assert counted(every) == COUNTED
    assert counted(every) in as_text(every) and "6.57 against 4.62" in as_text(every, every=True)


COUNTED = (
    "20 supported, 2 supported so far, 4 contradicted, 38 cannot tell; "
    "orderings nobody claimed: 19 supported, 2 supported so far, 1 contradicted, 4 cannot tell"
)

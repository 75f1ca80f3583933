"""What is said of a claim by the runs there are: which are judged together, and by how many."""

from __future__ import annotations

from dataclasses import replace

from reporting.claims.claiming import HIGH, LOW, NEAR, judged, make_claim
from reporting.making import record, seeds

from benchmark.reporting.claims.claims import claims


def test_an_order_is_supported_contradicted_or_open() -> None:
    assert judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "supported"
    assert judged(make_claim(), seeds(HIGH), seeds(LOW, "dpvae")).ruling == "contradicted"
    assert judged(make_claim("above"), seeds(HIGH), seeds(LOW, "dpvae")).ruling == "supported"
    assert judged(make_claim(), seeds(LOW), seeds(NEAR, "dpvae")).ruling == "cannot tell"
    assert judged(make_claim(margin=0.5), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "supported"
    assert judged(make_claim(margin=1.08), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "cannot tell"
    assert judged(make_claim(margin=3.0), seeds(LOW), seeds(HIGH, "dpvae")).ruling == "contradicted"


def test_what_three_seeds_can_never_show_is_said() -> None:
    verdict = judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae"))
    assert "a permutation test of 3 pairs can never give p below 0.25" in verdict.reason
    single = judged(make_claim(), seeds(LOW[:1]), seeds(HIGH[:1], "dpvae"))
    assert single.ruling == "cannot tell" and "one seed" in single.reason


def test_support_needs_every_comparison_and_no_correction_contradiction_needs_one_and_holm() -> (
    None
):
    """Three comparisons of p = 0.03 each."""
    ours = [1.0, 2.0, 3.0]
    others = {"dpvae": [1.07, 2.10, 3.13], "pca": [1.13, 2.07, 3.10], "grae": [1.10, 2.13, 3.07]}
    rivals = [seeds(values, name) for name, values in others.items()]
    claim = make_claim(than=list(others))
    assert judged(claim, seeds(ours), *rivals).ruling == "supported"
    verdict = judged(replace(claim, kind="above"), seeds(ours), *rivals)
    assert verdict.ruling == "cannot tell" and "after Holm" in verdict.reason
    assert (
        judged(replace(claim, kind="above", than=["pca"]), seeds(ours), *rivals).ruling
        == "contradicted"
    )


def test_a_claim_whose_rivals_are_missing_is_supported_so_far_at_most() -> None:
    claim = make_claim(than=["dpvae", "injflow", "vae-iop"])
    verdict = judged(claim, seeds(LOW), seeds(HIGH, "dpvae"))
    assert verdict.ruling == "supported so far" and "1 of 3 comparisons hold" in verdict.reason
    assert "2 more could not be made (not run)" in verdict.reason
    assert judged(claim, seeds(HIGH), seeds(LOW, "dpvae")).ruling == "contradicted"
    (wide,) = (entry for entry in claims() if entry.name == "flexae-fid-lowest")
    rivals = [
        seeds(HIGH, name, "fid", dataset="mnist") for name in ("beta-vae", "wae-gan", "maskaae")
    ]
    so_far = judged(wide, seeds(LOW, "flexae", "fid", dataset="mnist"), *rivals)
    assert so_far.ruling == "supported so far" and "3 of 36 comparisons hold" in so_far.reason


def test_a_ruling_stands_beside_its_means_n_and_test() -> None:
    paired = judged(make_claim(), seeds([*LOW, 9.0]), seeds(HIGH, "dpvae"))
    assert "1.05 against 2.117, means of 3 pairs; paired t test, p = 0.00098" in paired.reason
    apart = [
        replace(run, spec={**run.spec, "seed": run.spec["seed"] + 9}, key=f"{run.key}-9")
        for run in seeds(HIGH, "dpvae")
    ]
    assert (
        "means of 3 and 3 seeds; Welch's t test" in judged(make_claim(), seeds(LOW), apart).reason
    )
    number = judged(make_claim(than=["L"]), seeds(LOW))
    assert "1.05, mean of 3 seeds, against 16 (L)" in number.reason


def test_nothing_is_judged_by_runs_that_are_not_there() -> None:
    assert judged(make_claim(), seeds(LOW)).ruling == "not run"
    assert judged(make_claim()).ruling == "not run"
    broken = [record("dpvae", seed=seed, status="diverged") for seed in range(3)]
    verdict = judged(make_claim(), seeds(LOW), broken)
    assert verdict.ruling == "not run" and "3 diverged" in verdict.reason
    verdict = judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae", code="of-yesterday"))
    assert verdict.ruling == "not run" and "stale" in verdict.reason
    for other in ({"harness": "0" * 16}, {"metrics": {"mse": "0" * 16}}):
        old = [replace(run, **other) for run in seeds(HIGH, "dpvae")]
        verdict = judged(make_claim(), seeds(LOW), old)
        assert verdict.ruling == "not run" and "stale" in verdict.reason
    verdict = judged(make_claim(metric="nac"), seeds(LOW), seeds(HIGH, "dpvae"))
    assert verdict.ruling == "not run" and "'nac' was not measured" in verdict.reason


def test_part_of_the_places_is_judged_and_the_rest_is_counted() -> None:
    claim = make_claim(places={"digits": [16, 32], "mnist": [16]})
    verdict = judged(claim, seeds(LOW), seeds(HIGH, "dpvae"))
    assert (
        verdict.ruling == "supported so far"
        and "1 of 3 comparisons hold" in verdict.reason
        and "2 more could not be made" in verdict.reason
    )
    both = judged(
        claim,
        seeds(LOW),
        seeds(HIGH, "dpvae"),
        seeds(HIGH, latent_dim=32),
        seeds(LOW, "dpvae", latent_dim=32),
    )
    assert both.ruling == "contradicted"


def test_runs_of_two_budgets_or_two_data_never_meet() -> None:
    long = {"budget": "short", "steps": 900}
    assert judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae", **long)).ruling == "not run"
    assert judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae", data="e" * 64)).ruling == "not run"
    # Of two budgets with all that is asked for, the longer one stands.
    verdict = judged(
        make_claim(),
        seeds(LOW),
        seeds(HIGH, "dpvae"),
        seeds(HIGH, **long),
        seeds(LOW, "dpvae", **long),
    )
    assert verdict.ruling == "contradicted" and "short" in verdict.findings[0].text
    # Of two, the one that can decide.
    assert (
        judged(make_claim(), seeds(LOW), seeds(HIGH, "dpvae"), seeds(HIGH, **long)).ruling
        == "supported"
    )


def test_variants_are_other_methods() -> None:
    assert (
        judged(make_claim(), seeds(LOW, config={"gamma": 0.5}), seeds(HIGH, "dpvae")).ruling
        == "not run"
    )
    gamma = make_claim(than=["vae[gamma=*,sigma=fixed]"])
    fixed = seeds(
        HIGH,
        config={"gamma": 0.01, "sigma": "fixed"},
        taken={"gamma": "vae: discovery.extra.gamma"},
    )
    assert judged(gamma, seeds(LOW), fixed).ruling == "supported"


def test_a_stand_in_metric_is_used_and_named() -> None:
    fid = make_claim(metric="fid")
    verdict = judged(
        fid, seeds(LOW, metric="fd-cnn[n=360]"), seeds(HIGH, "dpvae", metric="fd-cnn[n=360]")
    )
    assert verdict.ruling == "supported" and verdict.metrics == ("fd-cnn[n=360]",)
    mixed = [
        record(name, seed=seed, values={"fid": low, "fd-raw": high})
        for name, low, high in (("vae", 1.0, 9.0), ("dpvae", 2.0, 3.0))
        for seed in (0, 1, 2)
    ]
    assert judged(fid, mixed).metrics == ("fid",)
    apart = judged(
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
    verdict = judged(make_claim(metric="fid"), both, runs[2:])
    assert verdict.ruling == "supported" and verdict.metrics == ("fid[n=1000]",)


def test_a_stand_in_dataset_is_used_where_the_claim_allows_it() -> None:
    claim = make_claim(places={"dsprites": [16]}, stand_ins={"dsprites": "sprites"})
    runs = (seeds(LOW, dataset="sprites"), seeds(HIGH, "dpvae", dataset="sprites"))
    assert (
        judged(claim, *runs).ruling == "supported"
        and "sprites" in judged(claim, *runs).findings[0].text
    )
    assert judged(make_claim(places={"dsprites": [16]}), *runs).ruling == "not run"


def test_a_place_may_be_one_variant_of_a_dataset_and_a_method_what_a_source_ran_there() -> None:
    noisy = {"dataset": "circle", "options": {"noise": 0.05}}
    runs = [*seeds(LOW, **noisy), *seeds(HIGH, "dpvae", **noisy)]
    claim = make_claim(places={"circle[noise=0.05]": [16]})
    assert judged(claim, runs).ruling == "supported"
    assert judged(make_claim(places={"circle[noise=0.07]": [16]}), runs).ruling == "not run"
    assert judged(make_claim(places={"circle": [16]}), runs).ruling == "supported"
    claim = make_claim(than=("GECO",), places={"mnist": [16]})
    at_tau = seeds(HIGH, "geco-l0", dataset="mnist", config={"tau_per_pixel": 0.0122})
    vae = seeds(LOW, dataset="mnist")
    assert judged(claim, vae, at_tau).ruling == "supported"
    assert judged(claim, vae, seeds(HIGH, "geco-l0", dataset="mnist")).ruling == "not run"


def test_a_closed_form_method_stands_beside_every_budget_and_needs_one_seed() -> None:
    pca = seeds([2.0], "pca", steps=0, batch_size=0)
    claim = make_claim(than=["pca"])
    assert judged(claim, seeds(LOW, budget="short", steps=900), pca).ruling == "supported"
    assert judged(make_claim("above", ["pca"], ["vae"]), seeds(LOW), pca).ruling in (
        "supported",
        "cannot tell",
    )

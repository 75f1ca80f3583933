"""Answers on data of known dimension, and the runs that are none: every reason seen on and off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from reporting.making import record, seeds
from reporting.trial_records import estimated, on_manifold

from benchmark.calibration.combination import fit
from benchmark.controls import References
from benchmark.reporting.cells.trials import (
    DISPUTED,
    INSIDE,
    NO_COUNT,
    NOTHING,
    Trial,
    cases_of,
    trials_of,
)
from benchmark.spec import NO_BETTER_THAN_MEAN, UNSETTLED, Record


def only(records: list[Record]) -> Trial:
    (trial,) = trials_of(records, References())
    return trial


def test_a_trial_is_a_cell_with_its_truth_and_noise() -> None:
    trial = only(on_manifold("geco-l0", [8, 8, 9]))
    assert (trial.voice, trial.dataset, trial.n, trial.latent_dim) == ("geco-l0", "manifold", 8, 16)
    assert (trial.noise, trial.counts, trial.runs, trial.failed) == (0.05, (8.0, 8.0, 9.0), 3, 0)
    assert trial.ratios == (1.0, 1.0, 1.125) and not trial.failures and len(trial.keys) == 3
    other = only(on_manifold("geco-l0", [3], intrinsic_dim=4, noise=0.2))
    assert (other.n, other.noise) == (4, 0.2)
    assert other.dataset == "manifold[intrinsic_dim=4,noise=0.2]"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"flags": ["collapsed"]}, "collapsed"),
        ({"harness_flags": [UNSETTLED]}, "unsettled"),
        ({"harness_flags": [NO_BETTER_THAN_MEAN]}, "no better than mean"),
        ({"status": "diverged"}, "diverged"),
    ],
)
def test_a_run_that_is_no_answer_counts_as_failed_by_its_reason(
    settings: dict[str, object], reason: str
) -> None:
    good = on_manifold("geco-l0", [8, 8])
    bad = [
        replace(run, spec={**run.spec, "seed": 2}, key=run.key + "x")
        for run in on_manifold("geco-l0", [7], **settings)  # type: ignore[arg-type]  # names
    ]
    trial = only([*good, *bad])
    assert (trial.counts, trial.runs, trial.failed) == ((8.0, 8.0), 3, 1)
    assert trial.failures == {reason: 1}
    assert only(good).failures == {} and only(good).failed == 0


def test_several_reasons_of_one_run_are_one_failure() -> None:
    trial = only(on_manifold("grae", [7], flags=["collapsed"], harness_flags=[UNSETTLED]))
    assert trial.failures == {"collapsed": 1, "unsettled": 1} and trial.failed == 1


def test_a_count_inside_its_null_is_no_answer() -> None:
    # all relevances alike, as where r-vae learned nothing: its own null says so
    (run,) = on_manifold("r-vae", [15])
    equal = replace(run, discovery={**(run.discovery or {}), "relevance": [1.0] * 16})
    assert only([equal]).failures == {INSIDE: 1}
    assert only(on_manifold("r-vae", [8])).failures == {}


def test_no_dimension_at_all_and_no_count_are_no_answers() -> None:
    assert only(on_manifold("geco-l0", [0])).failures == {NOTHING: 1}
    (run,) = on_manifold("geco-l0", [8])
    assert only([replace(run, measurements={})]).failures == {NO_COUNT: 1}


def test_what_keeps_all_by_definition_or_has_no_truth_is_no_trial() -> None:
    assert trials_of(on_manifold("vae", [16], flags=["no_selection"]), References()) == []
    assert trials_of(seeds([8.0], "geco-l0", "lstar", dataset="digits"), References()) == []
    for dataset in DISPUTED:
        assert trials_of([record("geco-l0", dataset, values={"lstar": 5.0})], References()) == []
    assert len(trials_of([record("geco-l0", "circle", values={"lstar": 1.0})], References())) == 1


def test_runs_of_other_code_are_left_out() -> None:
    runs = on_manifold("geco-l0", [8, 9])
    assert trials_of([replace(run, code="other") for run in runs], References()) == []
    trial = only([runs[0], replace(runs[1], code="other")])
    assert (trial.counts, trial.runs) == ((8.0,), 1)


def test_estimators_and_components_are_voices_of_their_data(tmp_path: Path) -> None:
    references = estimated(tmp_path, {"twonn": [7.5, 8.0, 8.5], "mle": [7.0, 7.1]})
    runs = [*on_manifold("geco-l0", [8]), *on_manifold("geco-l0", [8], 32)]
    trials = {trial.voice: trial for trial in trials_of(runs, references) if not trial.latent_dim}
    assert set(trials) == {"TwoNN", "MLE", "local PCA", "CorrInt", "PCA-95", "PCA-99"}
    assert trials["TwoNN"].counts == (7.5, 8.0, 8.5) and trials["TwoNN"].failed == 0
    assert (trials["MLE"].runs, trials["MLE"].failures) == (3, {"no estimate": 1})
    assert (trials["CorrInt"].counts, trials["CorrInt"].failed) == ((), 3)
    assert trials["PCA-95"].counts == (12.0,) and trials["PCA-95"].n == 8
    none = estimated(tmp_path / "flat", {"twonn": [8.0]}, {"95": 0, "99": 1})
    flat = {trial.voice: trial for trial in trials_of(runs, none)}
    assert flat["PCA-95"].failures == {NOTHING: 1} and flat["PCA-99"].counts == (1.0,)


def test_several_budgets_are_several_voices() -> None:
    runs = on_manifold("geco-l0", [8])
    spec = {**runs[0].spec, "budget": "short", "steps": 900}
    other = replace(runs[0], spec=spec, key="another")
    assert [trial.voice for trial in trials_of([*runs, other], References())] == [
        "geco-l0, quick",
        "geco-l0, short",
    ]


def test_cases_hold_what_each_voice_said_at_each_size(tmp_path: Path) -> None:
    references = estimated(tmp_path, {"twonn": [7.0, 9.0]})
    runs = [*on_manifold("geco-l0", [8, 9]), *on_manifold("geco-l0", [10], 32)]
    runs += on_manifold("grae", [7], flags=["collapsed"])
    runs += on_manifold("grae", [4], intrinsic_dim=4)
    cases = {case.name: case for case in cases_of(trials_of(runs, references))}
    assert [case.truth for case in cases.values()] == [8.0, 4.0]
    said = {
        (statement.voice, statement.latent_dim): statement.count
        for statement in cases["manifold"].statements
    }
    assert said == {
        ("geco-l0", 16): 8.5,
        ("geco-l0", 32): 10.0,
        ("TwoNN", None): 8.0,
        ("PCA-95", None): 12.0,
        ("PCA-99", None): 20.0,
    }  # grae failed there, estimators without a value are silent
    assert fit(list(cases.values())).said.voices == ("PCA-95", "PCA-99", "TwoNN", "geco-l0", "grae")

"""The gate's verdicts on made-up runs: what is worse, what is not, what nobody can tell, and what
was never compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from reporting.gate.judging import SPREAD, THERE, VALUES, runs
from reporting.making import record

from benchmark.reporting.gate.baseline import make
from benchmark.reporting.gate.baseline_file import Baseline
from benchmark.reporting.gate.check import Judgement, check, exit_status
from benchmark.reporting.gate.formats import cells_text, text
from benchmark.spec import BenchError, Record


def judged(baseline: Baseline, records: Sequence[Record], **kwargs: Any) -> Judgement:
    (judgement,) = check(baseline, records, **kwargs)
    return judgement


def test_same_bits_on_the_same_machine_class_are_not_worse(baseline: Baseline) -> None:
    judgement = judged(baseline, runs(VALUES))
    assert (judgement.verdict, judgement.p, judgement.reason) == (
        "not worse",
        None,
        "same bits in every seed",
    )


@pytest.mark.parametrize("step", [1.0, 0.0])
def test_a_moved_bit_is_rounding_on_every_machine(baseline: Baseline, step: float) -> None:
    changed = [*VALUES[:-1], float(np.nextafter(VALUES[-1], step))]
    judgement = judged(baseline, runs(changed))
    assert (judgement.verdict, judgement.p) == ("not worse", None)
    assert "1 of 5 seeds have other bits" in judgement.reason and "by rounding" in judgement.reason
    assert judged(baseline, runs(changed), exact=False).verdict == "not worse"
    assert judged(baseline, runs(changed, THERE)).verdict == "not worse"


@pytest.mark.parametrize(("factor", "verdict"), [(1.001, "worse"), (0.999, "better")])
def test_bits_that_moved_further_are_tested(
    baseline: Baseline, factor: float, verdict: str
) -> None:
    """Every seed by a thousandth, a fortieth of the spread: seen since seeds are pairs."""
    for exact in (True, False):
        judgement = judged(baseline, runs([value * factor for value in VALUES]), exact=exact)
        assert judgement.verdict == verdict and judgement.p is not None
        assert ("other bits on the same machine class" in judgement.reason) == exact


def test_bits_that_moved_to_both_sides_are_no_worsening(baseline: Baseline) -> None:
    """A refactor that reorders sums: each seed goes its own way."""
    moved = [value + 0.002 * side for value, side in zip(VALUES, (1, -1, 1, -1, 0.2), strict=True)]
    judgement = judged(baseline, runs(moved))
    assert judgement.verdict == "not worse" and judgement.p is not None


def test_on_another_machine_seeds_are_tested(baseline: Baseline) -> None:
    (cell,) = baseline.cells
    for shift, verdict in (
        (6 * SPREAD, "worse"),
        (-6 * SPREAD, "better"),
        (0.0, "not worse"),
    ):
        judgement = judged(baseline, runs([value + shift for value in VALUES], THERE))
        assert (judgement.verdict, judgement.p is not None) == (verdict, True)
        assert "cpu A -> B" in judgement.causes
    shuffled = [value + 1.2 * SPREAD for value in (0.51, 0.48, 0.52, 0.50, 0.49)]
    assert judged(baseline, runs(shuffled, THERE)).verdict == "cannot tell"
    assert cell.test == "paired" and cell.effect == pytest.approx(2.18 * SPREAD, rel=0.05)


def test_counts_have_a_smallest_p_and_say_how_many_seeds_they_need() -> None:
    """8, 8, 8 against 9, 9, 9 is one division of twenty, however equal the seeds."""
    counts = make(runs([8.0] * 3, metric="lstar-error"), ["lstar-error"])
    judgement = judged(counts, runs([9.0] * 3, THERE, metric="lstar-error"))
    assert (judgement.verdict, judgement.p) == ("worse", pytest.approx(1 / 20))
    sizes = (8, 16)
    two = [run for size in sizes for run in runs([8.0] * 3, metric="lstar-error", latent_dim=size)]
    moved = [
        run
        for size in sizes
        for run in runs([9.0 - (size == 16)] * 3, THERE, metric="lstar-error", latent_dim=size)
    ]
    both = make(two, ["lstar-error"])
    assert [cell.effect for cell in both.cells] == [None, None]
    verdicts = check(both, moved)
    assert [judgement.verdict for judgement in verdicts] == ["cannot tell", "cannot tell"]
    assert (
        "p = 0.05 at least, and 0.025 is asked for among 2 cells: 4 seeds would tell"
        in verdicts[0].reason
    )
    assert "4 seeds would not (permutation)" in cells_text(both)
    few = "(permutation): 3 seeds far apart give p = 0.05, never less; "
    assert f"{few}2 cells ask for 0.025: 4 seeds or more, so make more" in cells_text(both)
    assert f"{few}1 cells ask for 0.05: 3 seeds or more\n" in cells_text(counts)


def test_direction_is_the_metrics(baseline: Baseline) -> None:
    accuracy = make(runs([0.9, 0.91, 0.89, 0.92, 0.88], metric="accuracy"), ["accuracy"])
    assert (
        judged(accuracy, runs([0.8, 0.81, 0.79, 0.82, 0.78], THERE, metric="accuracy")).verdict
        == "worse"
    )
    assert (
        judged(accuracy, runs([0.95, 0.96, 0.97, 0.96, 0.95], THERE, metric="accuracy")).verdict
        == "better"
    )


def test_a_metric_without_a_better_side_is_left_out_and_where_named_may_move_to_neither() -> None:
    records = runs([16.0, 16.0, 16.0, 15.0, 16.0], metric="lstar")
    with pytest.raises(BenchError, match="better side"):
        make(records)
    guarded = make(records, ["lstar"])
    for moved in (8.0, 24.0):
        assert (
            judged(
                guarded, runs([moved, moved, moved + 1, moved, moved], THERE, metric="lstar")
            ).verdict
            == "worse"
        )


def test_changed_defaults_are_compared_and_named_and_not_lost(baseline: Baseline) -> None:
    """The key changes with a default; the runs are found by what one types."""
    changed = runs([value + 0.2 for value in VALUES], THERE, steps=299)
    judgement = judged(baseline, changed)
    assert judgement.verdict == "worse" and "steps 300 -> 299" in judgement.causes


@pytest.mark.parametrize("shift", [0.2, -0.2])
def test_other_data_are_never_an_improvement(baseline: Baseline, shift: float) -> None:
    judgement = judged(baseline, runs([value + shift for value in VALUES], data="e" * 64))
    assert (judgement.verdict, judgement.reason) == ("worse", "moved, and the data are others")
    same = judged(baseline, runs(VALUES, data="e" * 64))
    assert same.verdict == "cannot tell" and "the data are others" in same.reason


def test_rounding_of_cells_without_spread_is_not_worse() -> None:
    flat = make(runs([0.5] * 5))
    assert judged(flat, runs([0.5 * (1 + 2e-7)] * 5, THERE)).verdict == "not worse"
    assert judged(flat, runs([0.5 * (1 + 1e-3)] * 5, THERE)).verdict == "worse"


def test_missing_or_broken_runs_are_no_verdict(baseline: Baseline) -> None:
    good = runs(VALUES)
    killed = record(seed=4, status="killed")
    other = record(seed=4, values={"mse-other": 1.0})
    stale = replace(good[4], code="0" * 16)
    twice = [*good, *runs(VALUES[:1], steps=299)]
    for records in (
        good[:4],
        [*good[:4], killed],
        [*good[:4], other],
        [*good[:4], stale],
        twice,
        [],
    ):
        judgement = judged(baseline, records)
        assert (judgement.verdict, exit_status([judgement])) == ("no verdict", 3)


@pytest.mark.parametrize(("diverged", "verdict"), [(1, "cannot tell"), (4, "worse")])
def test_diverged_seeds_are_tested_within_alpha(
    baseline: Baseline, diverged: int, verdict: str
) -> None:
    """One of five may be chance (p = 1/4, twice), four are not."""
    bad = [record(seed=seed, status="diverged") for seed in range(diverged)]
    infinite = [
        replace(run, status="done", absent={"mse": "the value is not finite"}) for run in bad
    ]
    for broken in (bad, infinite):
        judgement = judged(baseline, [*broken, *runs(VALUES)[diverged:]])
        assert (judgement.verdict, judgement.p is not None) == (verdict, True)
        assert f"{diverged} of 5 seeds have no finite value (" in judgement.reason


def test_seeds_beside_a_diverged_one_are_still_tested(baseline: Baseline) -> None:
    worse = [replace(run, environment=THERE) for run in runs([v + 0.3 for v in VALUES])]
    judgement = judged(baseline, [record(seed=0, status="diverged"), *worse[1:]])
    assert judgement.verdict == "worse"


def test_advice_names_what_leads_to_a_verdict(baseline: Baseline) -> None:
    """A finished run that lacks the metric is skipped by the call that made it."""
    good = runs(VALUES)
    unmeasured = replace(good[4], measurements={})
    evaluate, run, fresh = "bench evaluate --metrics mse", "bench run --methods", "fresh folder"
    for records, present, missing in (
        ([*good[:4], unmeasured], [evaluate, "--force", run], [fresh]),
        (good[:4], [run], [evaluate, "--force", fresh]),
        ([*good, *runs(VALUES[:1], steps=299)], [fresh], [evaluate, run]),
        (good, [], [evaluate, run, fresh]),
    ):
        advice = text(check(baseline, records), baseline)
        assert all(words in advice for words in present), advice
        assert not any(words in advice for words in missing), advice


def test_exit_status(baseline: Baseline) -> None:
    (cell,) = baseline.cells
    verdicts = {
        name: Judgement(cell, name, "")
        for name in ("worse", "not worse", "better", "cannot tell", "no verdict")
    }
    for names, plain, strict in (
        (("not worse", "better"), 0, 0),
        (("not worse", "cannot tell"), 0, 3),
        (("better", "no verdict"), 3, 3),
        (("worse", "no verdict"), 1, 1),
    ):
        judgements = [verdicts[name] for name in names]
        assert (exit_status(judgements), exit_status(judgements, strict=True)) == (plain, strict)

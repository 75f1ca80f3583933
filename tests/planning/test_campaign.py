"""The campaign: suites of suites, what they run, how far they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_records import record

from benchmark.planning.expected import EVALUATION, FULL_TIER, expected_seconds
from benchmark.planning.jobs import plan
from benchmark.planning.progress import address, done_by, parts, planned
from benchmark.planning.stages import together
from benchmark.planning.suites import Grid, read_suite
from benchmark.spec import BenchError, RunSpec


def suite_file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(f'summary = "mine"\n{text}')
    return str(path)


def test_a_stage_that_names_a_suite_stands_for_its_stages_scaled(tmp_path: Path) -> None:
    text = '[[stage]]\nsuite = "gamma"\nseeds = 2\ndatasets = ["mnist"]\n'
    stages = read_suite(suite_file(tmp_path, text)).stages
    own = [stage for stage in read_suite("gamma").stages if "mnist" in stage.grid.datasets]
    assert [stage.grid.methods for stage in stages] == [stage.grid.methods for stage in own]
    assert {tuple(stage.grid.datasets) for stage in stages} == {("mnist",)}
    assert {stage.grid.seeds for stage in stages} == {2}
    assert [dict(stage.take) for stage in stages] == [dict(stage.take) for stage in own]
    assert {stage.part for stage in stages} == {"gamma"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('suite = "gama"', "did you mean 'gamma'"),
        ('suite = "gamma"\nmethods = ["vae"]', "unknown key 'methods'"),
        ('suite = "gamma"\ndatasets = ["digits"]', "leaves nothing of the suite 'gamma'"),
    ],
)
def test_mistakes_in_what_is_included_are_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        read_suite(suite_file(tmp_path, f"[[stage]]\n{line}\n"))


def test_parts_run_one_after_the_other() -> None:
    groups = together(read_suite("campaign").stages)
    firsts = [group[0].part.partition("/")[0] for group in groups]
    assert firsts == sorted(firsts) and len(set(firsts)) == 8
    assert all(len({stage.part for stage in group}) == 1 for group in groups)


def test_full_metrics_are_paid_for_by_the_budgets_that_measure_them() -> None:
    jobs = {
        budget: plan(Grid(["pca"], ["circle"], budget=budget), Path())[0]
        for budget in ("quick", "short")
    }
    assert expected_seconds(jobs["quick"]) == EVALUATION
    assert expected_seconds(jobs["short"]) == EVALUATION + FULL_TIER[0]


def test_progress_counts_what_records_have_done(tmp_path: Path) -> None:
    text = '[[stage]]\nmethods = ["vae", "pca"]\ndatasets = ["circle"]\nseeds = 2\n'
    runs = planned(read_suite(suite_file(tmp_path, text)), tmp_path)
    (before,) = parts(runs, set())
    assert (before.runs, before.done) == (4, 0) and before.hours_left == before.hours > 0
    spec = next(run.job.spec for run in runs if run.job.spec.method == "vae")
    done_run = record(RunSpec(**spec.document()))
    assert address(spec.document()) == address(done_run.spec)
    (after,) = parts(runs, done_by([done_run]))
    assert after.done == 1 and after.hours_left < after.hours
    (stale,) = parts(runs, done_by([record(RunSpec(**spec.document()), code="0" * 16)]))
    assert stale.done == 0


def test_data_that_says_its_size_need_not_be_here(tmp_path: Path) -> None:
    runs = planned(read_suite("campaign-b-images"), tmp_path)
    assert len(runs) == 66 and {run.job.spec.budget for run in runs} == {"short"}

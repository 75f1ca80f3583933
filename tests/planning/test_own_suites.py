"""Suites of one's own: schedules, stages, data that is not here, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import bench
from suite_plans import jobs_of

from benchmark.budgets import BUDGETS, QUICK_STEPS
from benchmark.planning import stages as stages_module
from benchmark.planning.stages import available, open_runs, resolve, together
from benchmark.planning.suites import read_suite, scaled
from benchmark.records import Store
from benchmark.spec import BenchError, MissingData

STAGE = '[[stage]]\nmethods = ["pca"]\ndatasets = ["circle"]\n'


def suite_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_schedule_says_what_a_budget_means(tmp_path: Path) -> None:
    text = (
        STAGE.replace("pca", "vae")
        + "schedule = { paper = { epochs = 2, batch_size = 64 }, smoke = { steps = 7 } }\n"
    )
    suite = read_suite(str(suite_file(tmp_path, text)))
    by_budget = {}
    for budget in BUDGETS:
        (job,) = jobs_of(scaled(suite, budget=budget))
        by_budget[budget] = (job.spec.budget, job.spec.steps, job.spec.batch_size)
    assert (
        by_budget["paper"] == ("paper", 2 * 4096 // 64, 64)
        and by_budget["smoke"] == ("smoke", 7, 128)
        and by_budget["quick"] == ("quick", QUICK_STEPS["circle"], 128)
    )
    (job,) = jobs_of(scaled(suite, budget="paper", steps=5))
    assert (job.spec.budget, job.spec.steps, job.spec.batch_size) == ("steps-5", 5, 64)


def test_stages_run_together_up_to_one_that_takes_values(tmp_path: Path) -> None:
    take = (
        STAGE.replace("pca", "vae[sigma=fixed]")
        + 'take = { gamma = "vae: discovery.extra.gamma" }\n'
    )
    parts = together(read_suite(str(suite_file(tmp_path, STAGE + STAGE + take + STAGE))).stages)
    assert [len(part) for part in parts] == [2, 2] and parts[1][0].take


def test_stages_without_their_data_are_set_aside_and_the_others_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = (
        "[[stage]]\n"
        'methods = ["pca", "vae"]\n'
        'datasets = ["circle", "celeba"]\n'
        "latent_dims = [1, 2]\n"
        "seeds = 3\n"
        'budget = "smoke"\n'
    )
    (stage,) = read_suite(str(suite_file(tmp_path, text))).stages
    here, absent = available(stage, tmp_path, {})
    assert here is not None and list(here.grid.datasets) == ["circle"]
    assert [(missing.dataset, missing.runs) for missing in absent] == [
        ("celeba", 12)
    ] and "bench data fetch celeba" in absent[0].reason
    assert len(resolve(open_runs(here, tmp_path), Store(tmp_path / "runs"))[0]) == 12

    def nothing(*_: object) -> None:
        raise MissingData("nothing here")

    monkeypatch.setattr(stages_module, "described", nothing)
    gone, absent = available(stage, tmp_path, {})
    assert gone is None and {missing.dataset for missing in absent} == {"circle", "celeba"}


def test_runs_without_data_are_told_and_counted_and_the_others_run(tmp_path: Path) -> None:
    text = (
        STAGE.replace('["circle"]', '["circle", "mnist", "cifar10"]')
        + "seeds = 2\n"
        + STAGE.replace("circle", "mnist")
        + "latent_dims = [3]\n"
    )
    path = suite_file(tmp_path, text)
    done = bench(tmp_path, "run", "--suite", str(path), "--budget", "smoke", "--seeds", "1")
    assert done.returncode == 1
    assert (
        "no data mnist: 2 runs left out" in done.stderr
        and "no data cifar10: 1 runs left out" in done.stderr
    )
    assert "bench data fetch mnist" in done.stderr
    assert (
        "4 runs: 1 done now, 0 finished before, 0 failed, 3 left out for want of data"
        in done.stdout
    )
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert record.spec["budget"] == "smoke" and record.status == "done"


def test_a_mistake_in_the_last_stage_is_told_before_the_first_runs(tmp_path: Path) -> None:
    path = suite_file(tmp_path, STAGE + STAGE.replace('"pca"', '"vaee"'))
    done = bench(tmp_path, "run", "--suite", str(path))
    assert (
        done.returncode == 2
        and "unknown method 'vaee'" in done.stderr
        and not (tmp_path / "results").exists()
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STAGE + "schedule = 3\n", "expected { paper = "),
        (
            STAGE + "schedule = { papper = { steps = 3 } }\n",
            "unknown key 'papper'.*did you mean 'paper'",
        ),
        (STAGE + "schedule = { paper = { batch_size = 3 } }\n", "expected 'epochs' or 'steps'"),
        (
            STAGE + "schedule = { paper = { steps = 3, epochs = 1 } }\n",
            "expected 'epochs' or 'steps'",
        ),
        (STAGE + "schedule = { paper = { steps = 3, size = 1 } }\n", "unknown key 'size'"),
        (STAGE + "schedule = { paper = { steps = 0 } }\n", "expected a whole number from 1"),
        ("tables = 3\n" + STAGE, "'tables' in suite .* is 3; expected a list of names in quotes"),
        ("tables = [1]\n" + STAGE, "expected a list of names in quotes"),
        ("source = 3\n" + STAGE, "'source' in suite .* is 3; expected text"),
        ("stage = [1]\n", r"has no \[\[stage\]\]"),
        ("claim = ['x']\n" + STAGE, "unknown key 'claim'.*did you mean 'claims'"),
    ],
)
def test_mistakes_in_what_a_suite_says_of_itself_are_named(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        read_suite(str(suite_file(tmp_path, text)))

"""The suites that come with the package: readable, planned without their data, and scaled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from suite_plans import jobs_of

from benchmark.budgets import QUICK_STEPS
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.stages import available
from benchmark.planning.suites import Grid, read_suite, scaled, suites
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.reporting.catalogue.tables import TABLES
from benchmark.reporting.claims.claims import claims
from benchmark.running.job import execute

NAMES = [
    *(
        "ardvae-tables",
        "campaign",
        "campaign-a-vectors",
        "campaign-b-images",
        "campaign-c-claims",
        "campaign-d-sprites",
        "campaign-e-rivals",
        "campaign-f-sizes",
        "campaign-g-options",
        "campaign-h-more",
    ),
    *(
        "flexae-bias-variance",
        "flexae-table3",
        "flexae-table4",
        "gamma",
        "gamma-slices",
        "geco-tau",
        "grae-beta",
        "grae-fid",
        "grae-jacobian",
        "grae-objective",
        "grae-uniqueness",
    ),
    *(
        "grae-uniqueness-paper",
        "headline",
        "headline-more",
        "headline-sprites",
        "known-dimension",
        "maskaae-mask",
        "maskaae-mnist",
        "maskaae-nac",
        "maskaae-sizes",
        "maskaae-synthetic",
        "maskaae-table1",
        "mivae-gaussian",
        "mivae-joint",
    ),
    *("newer", "ren-celeba", "ren-fig1", "ren-tables", "ren-toy"),
]


def test_every_suite_is_here_and_says_where_it_comes_from_and_what_it_feeds() -> None:
    assert [suite.name for suite in suites()] == NAMES
    for suite in suites():
        assert suite.summary and len(suite.summary) < 130 and suite.source
        assert set(suite.tables) <= set(TABLES) and set(suite.figures) <= set(FIGURES)
        assert set(suite.claims) <= {claim.name for claim in claims()}
        assert suite.tables or suite.figures


@pytest.mark.parametrize("budget", [None, "smoke", "quick", "short"])
@pytest.mark.parametrize("name", NAMES)
def test_every_suite_plans_as_it_is_and_scaled(
    name: str, budget: str | None, no_data: None
) -> None:
    suite = read_suite(name)
    suite = suite if budget is None else scaled(suite, budget=budget, seeds=1)
    jobs = [job for stage in suite.stages if not stage.take for job in plan(stage.grid, Path())]
    distinct = {job.spec.key for job in jobs}
    assert jobs and (len(distinct) == len(jobs) or any(stage.part for stage in suite.stages))
    assert {job.spec.budget for job in jobs} == {budget} or budget is None
    if budget == "smoke":
        assert {job.spec.steps for job in jobs} <= {0, 20, 500}
    if budget is None:
        assert all(job.spec.steps * job.spec.batch_size >= 1000 for job in jobs if job.spec.steps)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if not name.startswith(("headline", "campaign"))]
)
def test_suites_have_three_seeds(name: str, no_data: None) -> None:
    """The paper's figure of FID against beta is of five runs; slices of an objective are drawn by
    the seed, and a sign test needs six of them."""
    seeds = {"grae-fid": 5, "gamma-slices": 8, "known-dimension": 5}.get(name, 3)
    assert {job.spec.seed for job in jobs_of(read_suite(name))} == set(range(seeds))


@pytest.mark.parametrize(
    ("method", "settings", "expected"),
    [
        ("vae", {}, 128),
        ("maskaae", {}, 64),
        ("wae-gan", {}, 64),
        ("flexae", {}, 128),
        ("maskaae", {"batch_size": 32}, 32),
        ("maskaae", {"schedule": {"quick": {"steps": 300, "batch_size": 100}}}, 100),
        ("maskaae", {"schedule": {"quick": {"steps": 300}}}, 64),
    ],
)
def test_a_method_may_state_its_own_images_per_batch(
    method: str, settings: dict[str, Any], expected: int
) -> None:
    """The dataset's 128 gives way to the method's; a schedule and --batch-size override both."""
    (job,) = plan(Grid([method], ["circle"], **settings), Path())
    steps = settings.get("schedule", {}).get("quick", {}).get("steps", QUICK_STEPS["circle"])
    assert (job.spec.batch_size, job.spec.steps) == (expected, steps)


def test_epochs_are_counted_in_the_methods_own_batches() -> None:
    jobs = plan(Grid(["vae", "maskaae"], ["circle"], [2], budget="short"), Path())
    steps = {job.spec.method: (job.spec.batch_size, job.spec.steps) for job in jobs}
    assert steps == {"vae": (128, 10 * (4096 // 128)), "maskaae": (64, 10 * (4096 // 64))}


def test_the_record_says_what_was_drawn(tmp_path: Path) -> None:
    """Eight batches of 64 an outer step, as planned."""
    (job,) = plan(Grid(["maskaae"], ["circle"], [2], steps=3), Path())
    record = execute(job, Settings(tmp_path))
    assert record is not None and record.spec["batch_size"] == 64
    assert record.timing["images_seen"] == 3 * 8 * 64


def test_scaling_replaces_what_is_asked_and_another_budget_drops_steps() -> None:
    suite = read_suite("grae-uniqueness")
    assert scaled(suite).stages == suite.stages
    assert [stage.grid.steps for stage in scaled(suite, seeds=2).stages] == [100_000]
    assert [
        (stage.grid.steps, stage.grid.budget) for stage in scaled(suite, budget="smoke").stages
    ] == [(None, "smoke")]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_one_run_of_every_suite_works_at_smoke(name: str, data_dir: Path, tmp_path: Path) -> None:
    for stage in scaled(read_suite(name), budget="smoke", seeds=1).stages:
        here, _ = available(stage, data_dir, {})
        if here is not None:
            record = execute(plan(here.grid, data_dir)[0], Settings(tmp_path, device="cpu"))
            assert (
                record is not None and record.status == "done" and record.spec["budget"] == "smoke"
            ), record
            return
    pytest.skip(f"no dataset of '{name}' is in '{data_dir}'")

"""The suites that come with the package: readable, planned without their data, with the grids that
were published; and suites of one's own."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from benchmark import registry
from benchmark.budgets import BUDGETS, QUICK_STEPS
from benchmark.names import label
from benchmark.planning import jobs as suite_module
from benchmark.planning import stages as stages_module
from benchmark.planning.jobs import Described, Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.stages import available, resolve, together
from benchmark.planning.suites import Grid, Suite, read_suite, scaled, suites
from benchmark.records import Store
from benchmark.reporting.catalogue import FIGURES, TABLES
from benchmark.reporting.claims.claims import claims
from benchmark.reporting.papers.printed import published
from benchmark.running.job import execute
from benchmark.spec import BenchError, MissingData

NAMES = [
    *(
        "ardvae-tables",
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

TRAIN = {
    "circle": 4096,
    "one-moon": 4096,
    "latent-8": 50_000,
    "latent-16": 50_000,
    "sprites": 9000,
    "digits": 1437,
    "own-data": 1,
}

ELSEWHERE = ("vae-vampprior", "vae-iop", "ae-gmm", "vae-flow", "injflow", "injflow-gmm")
"""Methods that only the sources ran."""

STAGE = '[[stage]]\nmethods = ["pca"]\ndatasets = ["circle"]\n'


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planning believes that every dataset is here with as many training images as it has."""

    def described(choice: registry.Choice, data_dir: Path, seen: object) -> Described:
        count = (
            choice.options.get("train")
            or choice.entry.source.constants.get("train_count")
            or TRAIN[choice.entry.name]
        )
        return Described(f"{choice.name}{dict(choice.options)}", count)

    for module in (suite_module, stages_module):
        monkeypatch.setattr(module, "described", described)


def jobs_of(suite: Suite) -> list[Job]:
    return [job for stage in suite.stages for job in plan(stage.grid, Path())]


def grid_of(suite: Suite) -> dict[str, set[tuple[str, int]]]:
    """Dataset -> methods and latent sizes."""
    grid: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for job in jobs_of(suite):
        grid[job.spec.dataset].add((job.spec.method, job.spec.latent_dim))
    return grid


def sizes_of(suite: Suite) -> dict[str, set[int]]:
    return {dataset: {size for _, size in cells} for dataset, cells in grid_of(suite).items()}


def suite_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def bench(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_suite_is_here_and_says_where_it_comes_from_and_what_it_feeds() -> None:
    assert [suite.name for suite in suites()] == NAMES
    for suite in suites():
        assert suite.summary and len(suite.summary) < 130 and suite.source
        assert set(suite.tables) <= set(TABLES) and set(suite.figures) <= set(FIGURES)
        assert set(suite.claims) <= {claim.name for claim in claims()}
        assert suite.tables or suite.figures


@pytest.mark.parametrize(
    ("origin", "names", "renamed", "absent"),
    [
        ("ren_table1", ["ren-tables"], {"dsprites": "sprites"}, set()),
        ("ren_table2", ["ren-tables"], {"dsprites": "sprites"}, set()),
        (
            "maskaae_table1_fid",
            ["maskaae-table1"],
            {},
            set(),
        ),
        ("maskaae_table2_nac", ["maskaae-nac"], {}, set()),
        (
            "flexae_table3_fid",
            ["flexae-table3"],
            {},
            set(),
        ),
        ("flexae_table4_precision_recall", ["flexae-table4"], {}, set()),
        ("newer_methods-1", ["ardvae-tables"], {}, {"wae", "beta-tcvae"}),
        ("newer_methods-2", ["ardvae-tables"], {}, set()),
        ("newer_methods-4", ["ardvae-tables"], {}, set()),
        (
            "newer_methods-5",
            ["ardvae-tables"],
            {"dsprites": "sprites"},
            {
                *("beta-tcvae", "dip-vae-i", "dip-vae-ii", "vae[sigma=fixed]", "rae-gmm"),
                "ard-vae[beta=5.0]",
            },
        ),
        ("newer_methods-generative", ["ardvae-tables"], {}, {"wae", "beta-tcvae"}),
        (
            "flexae_table5_bias_variance",
            ["flexae-bias-variance"],
            {name: f"{name}-limited" for name in ("mnist", "cifar10", "celeba")},
            set(),
        ),
    ],
)
def test_every_printed_cell_of_a_method_that_is_here_has_its_runs(
    origin: str, names: list[str], renamed: dict[str, str], absent: set[str], no_data: None
) -> None:
    """The published figures' own keys: dataset, method with its options, latent size where the
    source gives one."""
    planned = {
        (job.spec.dataset, label("methods", job.spec.method, job.spec.config), size)
        for name in names
        for job in jobs_of(read_suite(name))
        for size in (job.spec.latent_dim, None)
    }
    printed = [figure for figure in published() if figure.origin == origin]
    assert printed
    missing = {
        (renamed.get(figure.dataset, figure.dataset), figure.method, figure.latent_dim)
        for figure in printed
    } - planned
    assert {method for _, method, _ in missing} == absent


@pytest.mark.parametrize("budget", [None, "smoke", "quick", "short"])
@pytest.mark.parametrize("name", NAMES)
def test_every_suite_plans_as_it_is_and_scaled(
    name: str, budget: str | None, no_data: None
) -> None:
    suite = read_suite(name)
    suite = suite if budget is None else scaled(suite, budget=budget, seeds=1)
    jobs = [job for stage in suite.stages if not stage.take for job in plan(stage.grid, Path())]
    assert jobs and len({job.spec.key for job in jobs}) == len(jobs)
    assert {job.spec.budget for job in jobs} == {budget} or budget is None
    if budget == "smoke":
        assert {job.spec.steps for job in jobs} <= {0, 20, 500}
    if budget is None:
        assert all(job.spec.steps * job.spec.batch_size >= 1000 for job in jobs if job.spec.steps)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("headline")])
def test_suites_have_three_seeds(name: str, no_data: None) -> None:
    """The paper's figure of FID against beta is of five runs; slices of an objective are drawn by
    the seed, and a sign test needs six of them."""
    seeds = {"grae-fid": 5, "gamma-slices": 8}.get(name, 3)
    assert {job.spec.seed for job in jobs_of(read_suite(name))} == set(range(seeds))


def test_ren_suites_have_the_published_grids(no_data: None) -> None:
    tables = read_suite("ren-tables")
    assert sizes_of(tables) == {"mnist": {16, 32}, "fashion-mnist": {32, 64}, "sprites": {10, 15}}
    rows = {"pca", "vae", "dpvae", "r-vae", "r-dpvae", "rf-vae", "rf-vae-port", "geco-l0"}
    rows |= {"maskaae"}
    assert all(
        cells == {(row, size) for row in rows for size in sizes_of(tables)[dataset]}
        for dataset, cells in grid_of(tables).items()
    )
    epochs = {job.spec.dataset: TRAIN.get(job.spec.dataset, 60_000) for job in jobs_of(tables)}
    assert all(
        job.spec.steps == 100 * (epochs[job.spec.dataset] // job.spec.batch_size)
        for job in jobs_of(tables)
        if job.spec.steps
    )
    assert {job.spec.options["noise"] for job in jobs_of(read_suite("ren-toy"))} == {
        0.01,
        0.05,
        0.07,
        0.1,
    }
    assert {job.spec.steps for job in jobs_of(read_suite("ren-toy"))} == {0, 1500 * 32, 1500 * 64}
    assert sizes_of(read_suite("ren-fig1")) == {"mnist": {2, 4, 8, 16, 32, 64, 128}}
    assert sizes_of(read_suite("ren-celeba")) == {"celeba": {100, 128}}


def test_other_suites_have_the_published_grids(no_data: None) -> None:
    nac = {
        "latent-8": {16},
        "latent-16": {32},
        "mnist": {64},
        "fashion-mnist": {128},
        "cifar10": {256},
        "celeba": {256},
    }
    assert sizes_of(read_suite("maskaae-nac")) == nac
    assert {job.spec.steps for job in jobs_of(read_suite("maskaae-nac"))} == {500_000}
    assert 110 in sizes_of(read_suite("maskaae-mnist"))["mnist"]
    assert set(sizes_of(read_suite("maskaae-table1"))) == {
        "mnist",
        "fashion-mnist",
        "cifar10",
        "celeba",
    }
    for name in ("maskaae-mask", "maskaae-mnist", "maskaae-nac", "maskaae-table1", "ren-tables"):
        kinds = {
            job.spec.config["schedule"]
            for job in jobs_of(read_suite(name))
            if job.spec.method == "maskaae"
        }
        assert kinds == {"reference"}, name
    assert sizes_of(read_suite("maskaae-mask")) == {"mnist": {32, 64, 110}}
    synthetic = grid_of(read_suite("maskaae-synthetic"))
    assert all(
        {method for method, _ in cells} == {"maskaae", "wae-gan"} for cells in synthetic.values()
    )
    assert (
        min(size for _, size in synthetic["latent-8"])
        < 8
        < 16
        < max(size for _, size in synthetic["latent-16"])
    )
    for name in ("flexae-table3", "flexae-table4"):
        assert set(sizes_of(read_suite(name))) == {"mnist", "cifar10", "celeba"}
    assert {job.spec.key for job in jobs_of(read_suite("flexae-table4"))} < {
        job.spec.key for job in jobs_of(read_suite("flexae-table3"))
    }
    ladder = {
        (job.spec.dataset, job.spec.config["generator"])
        for job in jobs_of(read_suite("flexae-bias-variance"))
    }
    assert len(ladder) == 18 and all(dataset.endswith("-limited") for dataset, _ in ladder)
    cells = {
        (job.spec.config["beta"], job.spec.config["block"], job.spec.latent_dim)
        for job in jobs_of(read_suite("grae-jacobian"))
    }
    assert cells == {
        (0.2, 2, 8),
        (0.4, 2, 8),
        (1.0, 2, 8),
        (0.6, 3, 8),
        (0.6, 2, 12),
        (0.4, 3, 12),
        (0.8, 3, 20),
    }
    assert {job.spec.config["mi_weight"] for job in jobs_of(read_suite("mivae-joint"))} >= {
        0.0,
        8.0,
    }


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
    assert len(resolve(here, tmp_path, Store(tmp_path / "runs"))[0]) == 12

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

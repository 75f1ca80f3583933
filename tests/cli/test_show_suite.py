"""The page of a suite: what it runs, what that costs, what is not here and how to get it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.budgets import quick_steps
from benchmark.cli import cli
from benchmark.planning.preview import outline
from benchmark.planning.stages import available, open_runs, resolve
from benchmark.planning.suites import read_suite, suites
from benchmark.records import Store
from benchmark.spec import BenchError

MINE = """
summary = "mine"
claims = ["gamma-learned-generates-better"]
[[stage]]
methods = ["pca", "vae"]
datasets = ["circle", "dsprites"]
latent_dims = [1, 2]
seeds = 2
budget = "short"
[[stage]]
methods = ["vae[sigma=fixed]"]
datasets = ["circle"]
take = { gamma = "vae: discovery.extra.gamma" }
"""


def show(name: str, data_dir: Path) -> str:
    done = CliRunner().invoke(
        cli, ["show", name, "--data-dir", str(data_dir)], catch_exceptions=False
    )
    assert done.exit_code == 0
    return done.output


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(MINE, encoding="utf-8")
    return path


def test_a_suite_whose_data_is_absent_still_says_what_it_would_cost_and_how_to_get_it(
    tmp_path: Path,
) -> None:
    text = show("ren-celeba", tmp_path)
    assert "celeba, L = 100, 128: no data" in text and "run `bench data fetch celeba`" in text
    steps = 18 * 100 * (162_770 // 100)
    assert f"Cost: 18 runs, {steps:,} outer steps, {100 * steps:,} images" in text
    assert (
        "Run: bench run --suite ren-celeba --data-dir DIR\n" in text and "arXiv 2205.13061" in text
    )


@pytest.mark.parametrize(
    ("kind", "near"), [("table", "sumary"), ("figure", "sample"), ("claim", "ren-fid-lowst")]
)
def test_a_suite_that_feeds_what_is_not_known_is_refused_before_anything_runs(
    mine: Path, tmp_path: Path, kind: str, near: str
) -> None:
    lines = [
        line
        for line in mine.read_text(encoding="utf-8").splitlines()
        if not line.startswith(f"{kind}s = ")
    ]
    mine.write_text(f'{kind}s = ["{near}"]\n' + "\n".join(lines), encoding="utf-8")
    for call in (
        ["show", str(mine)],
        ["run", "--suite", str(mine), "--results", str(tmp_path / "runs")],
    ):
        with pytest.raises(BenchError, match=f"unknown {kind} '{near}'; did you mean"):
            CliRunner().invoke(cli, call, catch_exceptions=False, standalone_mode=False)
    assert not (tmp_path / "runs").exists()


def test_a_name_with_options_leads_to_the_name(tmp_path: Path) -> None:
    with pytest.raises(
        BenchError, match=r"'vae\[sigma=fixed\]' is no method.*; `bench show vae` lists its options"
    ):
        CliRunner().invoke(
            cli,
            ["show", "vae[sigma=fixed]", "--results", str(tmp_path)],
            catch_exceptions=False,
            standalone_mode=False,
        )


def test_a_suite_of_ones_own_is_shown_by_its_file(mine: Path, tmp_path: Path) -> None:
    text = show(str(mine), tmp_path)
    epochs = 10 * (4096 // 128)
    assert f"8 runs: 2 seeds, budget short, {4 * epochs:,} outer steps" in text, (
        "pca takes no steps"
    )
    assert "dsprites, L = 1, 2: no data" in text and "and 8 runs of unknown length" in text
    assert (
        "with gamma from vae: discovery.extra.gamma" in text
        and "Feeds: claims gamma-learned-generates-better" in text
    )
    assert (
        f"Cost: 17 runs, {4 * epochs + quick_steps('circle'):,} outer steps" in text
        and f"File: {mine}" in text
    )


def test_a_page_counts_the_runs_that_bench_run_would_make(mine: Path, tmp_path: Path) -> None:
    suite = read_suite(str(mine))
    lines = outline(suite, tmp_path)
    ready = [
        resolve(open_runs(present, tmp_path), Store(tmp_path))
        for stage in suite.stages
        if (present := available(stage, tmp_path, {})[0])
    ]
    assert sum(line.runs for line in lines if not line.absent) == sum(
        len(jobs) + len(waiting) for jobs, waiting in ready
    )
    assert sum(line.steps or 0 for line in lines) == sum(
        job.spec.steps
        for jobs, waiting in ready
        for job in (*jobs, *(blocked.job for blocked in waiting))
    )


def test_a_study_and_a_suite_of_one_name_are_shown_both(tmp_path: Path) -> None:
    text = show("grae-uniqueness", tmp_path)
    assert (
        "Discovery" in text
        and "Suite grae-uniqueness: are codes unique?" in text
        and "96 runs: 3 seeds" in text
    )
    assert "[points=500,trials=10,nu=identity" in text and "(30 more)" in text


@pytest.mark.parametrize(
    "name",
    [
        suite.name
        for suite in suites()
        if suite.name not in ("ren-tables", "ren-toy", "maskaae-synthetic", "maskaae-nac")
    ],
)
def test_every_suite_has_a_page_without_any_data(name: str, tmp_path: Path) -> None:
    text = show(name, tmp_path)
    assert (
        re.search(r"Cost: [1-9][\d,]* runs, [1-9][\d,]* outer steps, [1-9][\d,]* images", text)
        and "unknown length" not in text
    )


def test_an_unknown_name_is_answered_with_the_closest_suite(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["show", "ren-table"])
    assert "did you mean 'ren-tables'?" in str(done.exception)

"""Budget quick gives each dataset the steps at which methods separate there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark import registry
from benchmark.budgets import QUICK_ELSEWHERE, QUICK_STEPS, quick_steps
from benchmark.cli.list import list_command
from benchmark.cli.show import show
from benchmark.planning.jobs import Grid, plan
from benchmark.planning.suites import narrowed, read_suite


@pytest.mark.parametrize("dataset", ["latent-8", "digits", "circle"])
def test_quick_means_the_steps_of_the_table(dataset: str) -> None:
    (job,) = plan(Grid(["vae"], [dataset], [2], 1, "quick"), Path("nowhere"))
    assert (job.spec.budget, job.spec.steps) == ("quick", QUICK_STEPS[dataset])


def test_the_table_names_datasets_and_others_have_steps_too() -> None:
    assert set(QUICK_STEPS) <= {entry.name for entry in registry.DATASETS}
    assert quick_steps("mnist") == QUICK_ELSEWHERE and "mnist" not in QUICK_STEPS


def test_list_and_show_print_the_steps() -> None:
    text = CliRunner().invoke(list_command, ["budgets"]).output
    assert all(f"{name} {count:,}" in text for name, count in QUICK_STEPS.items())
    page = CliRunner().invoke(show, ["latent-8"]).output
    assert f"Quick budget: {QUICK_STEPS['latent-8']:,} outer steps" in page


def test_all_is_the_suite_headline_and_can_be_narrowed() -> None:
    suite = read_suite("headline")
    headline = [entry.name for entry in registry.METHODS if entry.headline]
    assert [list(stage.grid.methods) for stage in suite.stages] == [headline] * 2
    assert [list(stage.grid.datasets) for stage in suite.stages] == [
        ["latent-8"],
        ["digits", "circle"],
    ]
    fewer = narrowed(suite, methods=["pca"])
    assert [list(stage.grid.methods) for stage in fewer.stages] == [["pca"]] * 2
    other = narrowed(suite, datasets=["one-moon"], latent_dims=[2])
    (stage,) = other.stages
    assert (list(stage.grid.datasets), list(stage.grid.latent_dims)) == (["one-moon"], [2])
    assert list(stage.grid.methods) == headline
    assert narrowed(suite) == suite


@pytest.mark.parametrize("name", ["headline-more", "headline-sprites"])
def test_the_other_offline_data_have_suites_of_their_own(name: str) -> None:
    headline = [entry.name for entry in registry.METHODS if entry.headline]
    assert [list(stage.grid.methods) for stage in read_suite(name).stages] == [headline]

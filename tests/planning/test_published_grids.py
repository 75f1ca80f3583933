"""Suites have the grids that were published: methods, sizes and schedules of the sources' tables
and figures."""

from __future__ import annotations

from collections import defaultdict

import pytest
from suite_plans import TRAIN, jobs_of

from benchmark.names import label
from benchmark.planning.suites import Suite, read_suite
from benchmark.reporting.papers.printed import published


def grid_of(suite: Suite) -> dict[str, set[tuple[str, int]]]:
    """Dataset -> methods and latent sizes."""
    grid: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for job in jobs_of(suite):
        grid[job.spec.dataset].add((job.spec.method, job.spec.latent_dim))
    return grid


def sizes_of(suite: Suite) -> dict[str, set[int]]:
    return {dataset: {size for _, size in cells} for dataset, cells in grid_of(suite).items()}


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


def test_maskaae_suites_have_the_published_grids(no_data: None) -> None:
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


def test_flexae_suites_have_the_published_grids(no_data: None) -> None:
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


def test_grae_and_mivae_suites_have_the_published_grids(no_data: None) -> None:
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

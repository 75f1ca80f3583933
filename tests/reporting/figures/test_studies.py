"""Figures of studies show the measurements and arrays of their records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting.making import leave_study, record, store, study

from benchmark.reporting.cells.selection import Filters, select
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.slices import slices
from benchmark.reporting.figures.studies import block_structure, objective_closeness, rotation
from benchmark.spec import BenchError, Record

BETAS = (0.1, 1.0)


def study_runs() -> list[Record]:
    """Two seeds of ``grae-objective`` and ``grae-jacobian`` at two betas, and ``grae-uniqueness``
    with both posteriors."""
    runs = []
    for beta in BETAS:
        for seed in (0, 1):
            gaps = {
                f"gap-{pair}": beta + seed
                for pair in ("beta-vae-taylor", "taylor-grae", "beta-vae-grae")
            }
            values = {
                f"objective-{name}": 2.0 * beta + seed for name in ("beta-vae", "taylor", "grae")
            }
            runs.append(
                study(
                    "grae-objective",
                    seed,
                    values={**gaps, **values},
                    beta=beta,
                    covariance="block",
                    block=2,
                )
            )
            shares = {"off-block": 0.25, "off-block[partition=random]": 0.5}
            runs.append(study("grae-jacobian", seed, values=shares, beta=beta, block=2))
    for gamma in (10.0, 0.001):
        config = {"gamma": gamma, "informative": 3, "inputs": 4}
        runs.append(study("gamma-slices", values={"minima": 1.0}, **config))
    for covariance in ("diagonal", "full"):
        runs.append(
            study(
                "grae-uniqueness",
                values={},
                nu="tanh",
                covariance=covariance,
                amortised=True,
                mixing="orthogonal",
            )
        )
    return runs


def study_arrays(record: Record) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(record.spec["seed"])
    if record.spec["kind"] == "grae-jacobian":
        return {
            "gram": rng.normal(size=(4, 4)),
            "grams": rng.normal(size=(8, 4, 4)),
            "precisions": rng.normal(size=(8, 4, 4)),
            "precision": np.eye(4),
            "inside": np.kron(np.eye(2), np.ones((2, 2))).astype(bool),
        }
    if record.spec["kind"] == "gamma-slices":
        position = np.linspace(-1.25, 1.25, 11)
        return {"position": position, "objective": np.abs(position - 0.25) * 3.0 + 7.0}
    return {
        "elbo": rng.normal(size=60),
        "angle": rng.uniform(-45, 45, 60),
        "length": np.full(60, 500),
    }


@pytest.fixture
def material(tmp_path: Path) -> Material:
    for run in study_runs():
        leave_study(store(tmp_path, [run]), run, **study_arrays(run))
    return Material.of(study_runs(), tmp_path)


def test_objectives_and_gaps_are_means_over_seeds_against_beta(material: Material) -> None:
    figure = objective_closeness(material)
    above, below = figure.axes
    for axes, expected in ((above, [0.7, 2.5]), (below, [0.6, 1.5])):
        lines = [
            line
            for line in axes.lines
            if line.get_linestyle() == "-" and list(line.get_xdata()) == list(BETAS)
        ]
        assert len(lines) == 3
        np.testing.assert_allclose(np.asarray(lines[0].get_ydata(), dtype=float), expected)
    assert above.get_title() == "digits, L = 4, blocks of 2"


def test_blocks_show_both_matrices_and_what_chance_gives(material: Material) -> None:
    figure = block_structure(material)
    assert len(figure.axes) == 12  # a row per beta, the first seed: means and two test images
    expected = study_arrays(study_runs()[1])
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), expected["precision"])
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), expected["gram"])
    for image in (0, 1):
        for offset, name in ((0, "precisions"), (1, "grams")):
            panel = figure.axes[2 + 2 * image + offset]
            np.testing.assert_array_equal(panel.images[0].get_array(), expected[name][image])
            assert f"image {image + 1}" in panel.get_title()
    assert figure.axes[7].get_title() == "outside blocks 0.25, by chance 0.50"
    assert [line.get_ydata()[0] for line in figure.axes[1].lines if line.get_xdata()[0] == 0] == [
        1.5
    ]  # between the blocks
    assert figure.axes[1].images[0].get_clim() == (
        -np.abs(expected["gram"]).max(),
        np.abs(expected["gram"]).max(),
    )


def test_slices_go_from_their_minimum_to_their_maximum(material: Material) -> None:
    (axes,) = slices(material).axes
    assert axes.get_title() == "L = 4, 3 informative, 4 inputs, seed 0"
    curves = [line for line in axes.lines if len(line.get_xdata()) == 11]
    assert len(curves) == 2  # a line per gamma
    for line in curves:
        heights = np.asarray(line.get_ydata())
        assert heights.min() == 0.0 and heights.max() == 1.0
    dashed = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    assert dashed == [0.25, 0.25]


def test_rotation_has_a_point_per_trial(material: Material) -> None:
    figure = rotation(material)
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == [
        "diagonal, amortised\nW orthogonal",
        "full, amortised\nW orthogonal",
    ]
    arrays = study_arrays(study_runs()[-1])
    np.testing.assert_allclose(
        panels[1].collections[0].get_offsets(), np.column_stack([arrays["elbo"], arrays["angle"]])
    )
    cut = float(panels[1].get_xlim()[0])
    assert f"{(arrays['elbo'] < cut).sum()} further left" in [
        text.get_text() for text in panels[1].texts
    ]


def test_trials_of_one_length_need_no_colours(tmp_path: Path) -> None:
    """A logarithmic bar of one length has ticks like 1.002 x 10^2."""
    runs = [run for run in study_runs() if run.spec["kind"] == "grae-uniqueness"]
    for lengths, bars in (([500], 0), ([100, 500], 1)):
        for run in runs:
            arrays = study_arrays(run) | {"length": np.resize(lengths, 60)}
            leave_study(store(tmp_path, [run]), run, **arrays)
        figure = rotation(Material.of(runs, tmp_path))
        assert len(figure.axes) == len(runs) + bars
        note = figure.get_supxlabel()
        assert note == ("" if bars else "every trial: 500 steps at the first rate")


def test_rows_of_blocks_begin_with_the_smallest_latent_size(tmp_path: Path) -> None:
    runs = [
        record(
            "grae-jacobian",
            "digits",
            size,
            kind="grae-jacobian",
            config={"beta": 0.4, "block": 2},
            values={"off-block": 0.25, "off-block[partition=random]": 0.5},
        )
        for size in (20, 8, 12)
    ]
    for run in runs:
        leave_study(store(tmp_path, [run]), run, **study_arrays(run))
    figure = block_structure(Material.of(runs, tmp_path))
    rows = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert [row.partition("L = ")[2].partition(",")[0] for row in rows] == ["8", "12", "20"]
    heading, first = figure.axes[1].title, figure.axes[7].title
    assert "\n" in heading.get_text() and heading.get_fontsize() == first.get_fontsize()


def test_without_the_study_they_say_how_to_run_it(tmp_path: Path) -> None:
    for draw in (objective_closeness, block_structure, rotation):
        with pytest.raises(
            BenchError, match=r"no finished run of the study.*bench run --suite grae-"
        ):
            draw(Material.of([], tmp_path))
    with pytest.raises(BenchError, match="bench run --suite grae-objective"):
        select([], Filters(), "runs", study="grae-objective")
    assert len(select(study_runs(), Filters(), "runs", study="grae-uniqueness")) == 2

"""Sweeps show means with their intervals, and L* beside what it is read with."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from reporting.figures.drawn import SIZES, legend_labels, lines, records
from reporting.making import record, seeds

from benchmark.controls import DimensionReference, References
from benchmark.metrics.null import declared_null
from benchmark.reporting.figures import style
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.options import metric_vs_option
from benchmark.reporting.figures.sweeps import lstar_vs_latent_dim, metric_vs_latent_dim
from benchmark.reporting.statistics.estimate import estimate
from benchmark.spec import BenchError


def test_sweep_draws_means_against_latent_size_and_skips_what_is_not_done(
    material: Material,
) -> None:
    figure = metric_vs_latent_dim(material)
    assert [axes.get_title() for axes in figure.axes] == ["digits", "circle", "latent-8"]
    kept = {"pca": {2: (0, 1, 2), 8: (0, 2), 16: (0, 1, 2)}, "vae": dict.fromkeys(SIZES, (0, 1, 2))}
    expected = [
        [estimate([(1 + seed / 10) / size for seed in seeds]).mean for size, seeds in sizes.items()]
        for sizes in kept.values()
    ]
    assert [list(line) for line in lines(figure.axes[0])] == [
        pytest.approx(values) for values in expected
    ]
    assert [len(line) for line in lines(figure.axes[1])] == [
        3,
        2,
    ]  # the cell that diverged is not drawn
    assert legend_labels(figure) == ["pca", "vae"]


def test_sweep_ticks_are_the_latent_sizes_on_a_binary_axis(material: Material) -> None:
    axes = metric_vs_latent_dim(material).axes[0]
    assert axes.get_xscale() == "log" and axes.xaxis.get_transform().base == 2
    assert [
        (tick, label.get_text())
        for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    ] == [
        (2, "2"),
        (8, "8"),
        (16, "16"),
    ]


def test_sweep_error_bars_are_the_interval(material: Material) -> None:
    axes = metric_vs_latent_dim(material).axes[0]
    segments = axes.collections[1].get_segments()  # the vae line: three finished seeds everywhere
    halves = [estimate([(1 + seed / 10) / size for seed in range(3)]).half_width for size in SIZES]
    assert [(top - bottom) / 2 for (_, bottom), (_, top) in segments] == pytest.approx(halves)


def test_sweep_of_dimensions_shows_the_known_ones_and_hollow_markers(folder: Path) -> None:
    figure = metric_vs_latent_dim(Material.of(records(), folder, ["lstar"]))
    dashed = [
        line.get_ydata()[0]
        for axes in figure.axes
        for line in axes.lines
        if list(line.get_xdata()) == [0, 1]
    ]
    assert dashed == [1, 8]
    assert {"intrinsic dimension", "by definition, not found"} <= set(legend_labels(figure))
    hollow = {
        line.get_color() for line in figure.axes[0].lines if line.get_markerfacecolor() == "white"
    }
    assert hollow == {style.looks(["vae"])["vae"].colour}


def test_lstar_stands_beside_truth_estimates_chance_and_the_whole_code(tmp_path: Path) -> None:
    runs = [
        record("r-vae", "latent-8", size, seed, values={"mse": 1.0, "lstar": 3.0 + seed})
        for size in SIZES
        for seed in range(3)
    ]
    References(tmp_path).write(
        DimensionReference(
            "latent-8", "d" * 64, 9, 1, {"mle": [7.5], "twonn": [8.5]}, {}, {"95": 8}, 9
        )
    )
    figure = lstar_vs_latent_dim(Material.of(runs, tmp_path))
    axes = figure.axes[0]
    mean = next(
        line for line in axes.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 3
    )
    assert list(mean.get_ydata()) == [4.0, 4.0, 4.0]
    whole = next(line for line in axes.lines if line.get_linestyle() == ":")
    np.testing.assert_array_equal(whole.get_xdata(), whole.get_ydata())
    bars = [list(line.get_ydata()) for line in axes.lines if line.get_linewidth() == 5.0]
    lows = [declared_null(size, math.inf, 64.0, 0.95).low for size in SIZES]
    assert bars == [[low, size] for low, size in zip(lows, SIZES, strict=True)]
    (band,) = axes.patches
    assert (band.get_y(), band.get_y() + band.get_height()) == (7.5, 8.5)
    assert {"L* = L", "intrinsic dimension", "estimates of the dimension of the data"} <= set(
        legend_labels(figure)
    )
    plain = lstar_vs_latent_dim(
        Material.of(
            [record("vae", "one-moon", 2, values={"mse": 1.0, "lstar": 1.0})], tmp_path / "empty"
        )
    )
    assert not any("null" in text or "estimates" in text for text in legend_labels(plain))


def test_a_metric_against_the_option_that_varies(folder: Path) -> None:
    runs = [
        record(
            "grae",
            "digits",
            8,
            seed,
            values={"mse": beta * (1 + seed)},
            config={"beta": beta, "chunks": 4},
        )
        for beta in (1.0, 0.1)
        for seed in (0, 1)
    ]
    runs += [
        record("beta-vae", "digits", 8, values={"mse": 0.5}, config={"beta": 0.4, "chunks": 4})
    ]  # one value only: not drawn
    figure = metric_vs_option(Material.of(runs, folder))
    (axes,) = figure.axes
    line = next(line for line in axes.lines if len(line.get_xdata()) == 2)
    np.testing.assert_allclose([line.get_xdata(), line.get_ydata()], [[0.1, 1.0], [0.15, 1.5]])
    assert (
        axes.get_xlabel() == "beta"
        and axes.get_xscale() == "log"
        and legend_labels(figure) == ["grae"]
    )
    with pytest.raises(BenchError, match="two values of a numeric option"):
        metric_vs_option(Material.of(runs[-1:], folder))


def test_differences_of_rounding_look_like_none_and_numbers_stand_in_full(folder: Path) -> None:
    runs = [
        record(
            "grae",
            "digits",
            8,
            values={"mse": 0.687 + 1e-5 * beta},
            config={"beta": beta, "chunks": 4},
        )
        for beta in (1.0, 2.0)
    ]
    (axes,) = metric_vs_option(Material.of(runs, folder)).axes
    low, high = axes.get_ylim()
    assert low < 0.687 < high and 0.013 < high - low < 0.015
    assert axes.yaxis.get_major_formatter().get_useOffset() is False


def test_sweep_names_what_was_measured(folder: Path) -> None:
    with pytest.raises(BenchError, match=r"'fd-raw'; there are lstar, mse"):
        metric_vs_latent_dim(Material.of(records(), folder, ["fd-raw"]))
    with pytest.raises(BenchError, match="shows one metric"):
        metric_vs_latent_dim(Material.of(records(), folder, ["mse", "lstar"]))


def test_budgets_have_lines_of_their_own(folder: Path) -> None:
    chosen = [*seeds([1.0, 2.0]), *seeds([3.0, 4.0], budget="short", steps=9)]
    assert legend_labels(metric_vs_latent_dim(Material.of(chosen, folder))) == [
        "vae, quick",
        "vae, short",
    ]

"""The picture of the answer: every seed, the truth, the null, and an honest order of rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from reporting.making import record

from benchmark.controls import DimensionReference, References
from benchmark.reporting.figures.answer import by_distance, lstar
from benchmark.reporting.figures.material import Material
from benchmark.spec import UNSETTLED, BenchError, Record


def counts(
    method: str, values: list[float], flags: list[str] | None = None, size: int = 16
) -> list[Record]:
    return [
        record(
            method, "latent-8", size, seed, values={"mse": 1.0, "lstar": value}, flags=flags or ()
        )
        for seed, value in enumerate(values)
    ]


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def marks(axes: Axes, row: int) -> list[float]:
    """Counts whose marks stand in a row."""
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    points = [
        (x, y)
        for line in dots
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
        if abs(y - row) < 0.5
    ]
    assert len(set(points)) == len(points)  # no mark hides another
    return sorted(x for x, _ in points)


def test_every_seed_is_a_mark_and_the_nearest_answer_comes_first(tmp_path: Path) -> None:
    runs = [
        *counts("pca", [10.0, 10.0, 10.0]),
        *counts("vae", [16.0], ["no_selection"]),
        *counts("rf-vae", [8.0, 8.0, 8.0], ["degenerate"]),
        *counts("grae", [8.0, 8.0, 9.0]),
        record("mi-vae", "latent-8", 16, status="diverged"),
    ]
    (axes,) = lstar(Material.of(runs, tmp_path)).axes
    assert rows(axes) == ["grae", "pca", "rf-vae", "vae", "mi-vae"]
    assert marks(axes, 0) == [8.0, 8.0, 9.0]
    assert marks(axes, 1) == [10.0, 10.0, 10.0]
    assert marks(axes, 4) == []
    texts = [text.get_text() for text in axes.texts]
    assert "degenerate" in texts and "1 diverged" in texts
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[16.0]]
    assert [list(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "--"] == [
        [8, 8]
    ]


def test_without_a_known_dimension_rows_are_in_the_order_of_counts(tmp_path: Path) -> None:
    runs = [
        record(method, "digits", 16, values={"mse": 1.0, "lstar": value})
        for method, value in (("pca", 14.0), ("grae", 4.0), ("mi-vae", 7.0))
    ]
    material = Material.of(runs, tmp_path)
    (axes,) = lstar(material).axes
    assert rows(axes) == ["grae", "mi-vae", "pca"]
    assert not [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [cell.method for cell in by_distance(material.cells, 14)] == ["pca", "mi-vae", "grae"]


def test_estimates_are_a_band_and_every_latent_size_is_a_panel(tmp_path: Path) -> None:
    references = References(tmp_path)
    estimates = {"mle": [7.5], "twonn": [8.5]}
    references.write(DimensionReference("latent-8", "d" * 64, 9, 1, estimates, {}, {"95": 8}, 9))
    runs = counts("pca", [9.0]) + counts("pca", [11.0], size=32)
    figure = lstar(Material.of(runs, tmp_path))
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "latent-8, L = 16",
        "latent-8, L = 32",
    ]
    for axes, size in zip(figure.axes, (16, 32), strict=True):
        (band,) = axes.patches
        assert (band.get_x(), band.get_x() + band.get_width()) == (7.5, 8.5)
        ticks = np.asarray(axes.get_xticks())
        assert {0, 8, size} <= set(ticks[(ticks >= 0) & (ticks <= size)])


def test_flags_of_the_harness_count_too(tmp_path: Path) -> None:
    moving = replace(counts("grae", [8.0])[0], flags=(UNSETTLED,))
    (axes,) = lstar(Material.of([*counts("pca", [12.0]), moving], tmp_path)).axes
    assert rows(axes) == ["pca", "grae"]
    assert UNSETTLED in [text.get_text() for text in axes.texts]


def test_panels_of_known_dimension_come_first_and_many_flags_are_counted(tmp_path: Path) -> None:
    runs = [
        record("pca", "digits", 16, values={"mse": 1.0, "lstar": 4.0}),
        *counts("rf-vae", [0.0], ["collapsed", "degenerate", "warm_up_too_short"]),
    ]
    first, second = lstar(Material.of(runs, tmp_path)).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == [
        "latent-8, L = 16",
        "digits, L = 16",
    ]
    assert "collapsed + 2" in [text.get_text() for text in first.texts]


def test_nothing_to_show_is_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="has an L\\*"):
        lstar(Material.of([record("vae", "latent-8", values={"mse": 1.0})], tmp_path))


def test_the_null_is_a_bar_from_its_fewest_dimensions_to_all(tmp_path: Path) -> None:
    figure = lstar(Material.of(counts("r-vae", [9.0]) + counts("pca", [9.0]), tmp_path))
    (bar,) = figure.axes[0].patches
    assert (bar.get_x(), bar.get_x() + bar.get_width()) == (14.75, 16.25)

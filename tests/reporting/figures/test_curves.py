"""Curves show every seed, their mean, and where a run ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting.figures.drawn import legend_labels, lines, records
from reporting.making import leave, record, store

from benchmark.reporting.figures.curves import curves
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError


def test_curves_draw_every_seed_and_the_mean_of_the_finished(
    material: Material, folder: Path
) -> None:
    figure = curves(material)
    assert [axes.get_title() for axes in figure.axes] == [
        "digits, L = 16",
        "circle, L = 16",
        "latent-8, L = 16",
    ]
    axes = figure.axes[0]
    assert len(axes.lines) == 8  # 2 methods x (3 seeds + their mean)
    logged = [
        np.load(folder / run.key / "curves.npz")["loss"]
        for run in records()
        if (run.spec["method"], run.spec["dataset"], run.spec["latent_dim"])
        == ("vae", "digits", 16)
    ]
    drawn = [line.get_ydata() for line in axes.lines[4:]]
    np.testing.assert_allclose(drawn[:3], logged)
    np.testing.assert_allclose(drawn[3], np.mean(logged, axis=0))


def test_curves_sum_what_is_logged_per_dimension(folder: Path) -> None:
    chosen = [run for run in records() if run.spec["dataset"] == "digits"]
    figure = curves(Material.of(chosen, folder, ["kl", "loss"]))
    assert [axes.get_ylabel() for axes in figure.axes] == ["kl\n(sum over dimensions)", "loss"]
    logged = np.load(
        folder / next(run.key for run in chosen if run.spec["latent_dim"] == 16) / "curves.npz"
    )["kl"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), logged.sum(1))


def test_curves_name_what_was_logged(folder: Path) -> None:
    with pytest.raises(
        BenchError, match=r"'los'; did you mean 'loss'\? \(there are kl, log_sigma, loss"
    ):
        curves(Material.of(records(), folder, ["los"]))
    with pytest.raises(BenchError, match="closed-form"):
        curves(Material.of([record("pca", "one-moon")], folder))


def test_the_mean_of_curves_is_over_finished_runs(tmp_path: Path) -> None:
    runs = [record(seed=0), record(seed=1), record(seed=2, status="diverged")]
    for run in runs:
        leave(store(tmp_path, [run]), run)
    drawn = lines(curves(Material.of(runs, tmp_path)).axes[0])
    assert len(drawn) == 4
    np.testing.assert_allclose(drawn[3], (drawn[0] + drawn[1]) / 2)


def test_a_run_that_did_not_finish_ends_in_a_cross(tmp_path: Path) -> None:
    broken = record(status="diverged")
    leave(store(tmp_path, [broken]), broken, steps=3)
    figure = curves(Material.of([broken], tmp_path))
    assert [line.get_marker() for line in figure.axes[0].lines] == ["", "x"]
    assert "ended before it was done" in legend_labels(figure)

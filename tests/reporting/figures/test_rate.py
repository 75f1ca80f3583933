"""The slope of twice the divergence against log gamma, and the figure that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reporting.making import leave, record, store

from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.rate import rate, slope
from benchmark.spec import BenchError, Record


def course(dimensions: int, count: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """log gamma from 0 to -4, and the rate of a linear VAE with ``dimensions`` informative ones of
    variance 100 and one of variance 0.5, which is given up on: 1/2 log(variance / gamma) each."""
    log_gamma = np.linspace(0.0, -4.0, count)
    return log_gamma, 0.5 * dimensions * (np.log(100.0) - log_gamma)


def run(
    folder: Path, seed: int = 0, config: dict[str, object] | None = None, **curves: object
) -> Record:
    finished = record("vae", "digits", 4, seed, config=config or {})
    leave(store(folder, [finished]), finished, image=(1, 8, 8))
    np.savez(folder / finished.key / "curves.npz", **curves)
    return finished


@pytest.mark.parametrize("dimensions", [1, 8])
def test_the_slope_counts_informative_dimensions(dimensions: int) -> None:
    log_gamma, kl = course(dimensions)
    rise = slope(-log_gamma, 2.0 * kl, 16)
    assert rise == pytest.approx(dimensions)


def test_the_slope_is_that_of_the_last_quarter() -> None:
    log_gamma, kl = course(3)
    kl[:30] += np.random.default_rng(0).normal(size=30)
    assert slope(-log_gamma, 2.0 * kl, 16) == pytest.approx(3.0)


@pytest.mark.parametrize(
    "fall", [np.zeros(20), np.linspace(0.0, 0.3, 20), np.full(20, np.nan), np.zeros(1)]
)
def test_there_is_none_where_gamma_stands_still(fall: np.ndarray) -> None:
    assert slope(fall, np.arange(float(len(fall))), 16) is None


def test_there_is_none_that_no_optimum_has() -> None:
    log_gamma, kl = course(9)
    assert slope(-log_gamma, 2.0 * kl, 8) is None and slope(-log_gamma, -2.0 * kl, 16) is None
    assert slope(-log_gamma, 2.0 * kl, 9) == pytest.approx(9.0)


def test_a_line_per_run_that_learned_gamma_and_a_mark_per_run_that_had_it(tmp_path: Path) -> None:
    log_gamma, kl = course(3)
    steps = np.arange(1, 41) * 10
    runs = [
        run(tmp_path, seed, step=steps, kl=np.stack([kl, 0.0 * kl], 1), log_sigma=0.5 * log_gamma)
        for seed in (0, 1)
    ]
    for gamma, end in ((0.1, 5.0), (0.01, 9.0)):
        still = np.full(40, 0.5 * np.log(gamma))
        config = {"sigma": "fixed", "gamma": gamma}
        runs.append(run(tmp_path, 0, config, step=steps, kl=np.full(40, end), log_sigma=still))
    (axes,) = rate(Material.of(runs, tmp_path)).axes
    learned = [line for line in axes.lines if len(line.get_xdata()) == 40]
    assert len(learned) == 2
    np.testing.assert_allclose(learned[0].get_ydata(), 2.0 * kl)
    (marks,) = [line for line in axes.lines if line.get_marker() not in ("", "None")]
    np.testing.assert_allclose(marks.get_xdata(), [-np.log(0.1), -np.log(0.01)])
    np.testing.assert_allclose(marks.get_ydata(), [10.0, 18.0])
    (text,) = axes.texts
    assert text.get_text() == "vae: r hat 3.0, 3.0"


def test_fixed_variances_have_one_marker_in_every_panel_and_in_the_legend(tmp_path: Path) -> None:
    runs = []
    for dataset, gammas in (("digits", (0.1, 1.0)), ("circle", (0.02, 0.5))):
        for gamma in gammas:
            fixed = record("vae", dataset, 4, config={"sigma": "fixed", "gamma": gamma})
            leave(store(tmp_path, [fixed]), fixed, image=(1, 8, 8))
            runs.append(fixed)
    figure = rate(Material.of(runs, tmp_path))
    drawn = {str(line.get_marker()) for axes in figure.axes for line in axes.lines}
    handles = figure.legends[0].legend_handles
    assert len(figure.axes) == 2 and len(drawn) == 1
    assert str(handles[0].get_marker()) in drawn  # type: ignore[union-attr]  # a line


def test_two_methods_have_two_lines_also_where_budgets_differ(tmp_path: Path) -> None:
    """As in suite ``gamma``, whose latent-8 has steps of its own."""
    runs = [
        record("vae", "digits", 4, config={"sigma": "learned"}),
        record("vae", "digits", 4, config={"sigma": "optimal"}),
        record("vae", "circle", 4, config={"sigma": "learned"}, budget="short"),
    ]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    figure = rate(Material.of(runs, tmp_path))
    handles: list[Any] = figure.legends[0].legend_handles
    styles = {handle.get_label(): handle.get_linestyle() for handle in handles}
    assert styles["vae"] != styles["vae[sigma=optimal]"]


def test_without_a_decoder_variance_there_is_nothing_to_draw(tmp_path: Path) -> None:
    finished = run(tmp_path, step=np.arange(3), kl=np.ones(3))
    with pytest.raises(BenchError, match="decoder's variance"):
        rate(Material.of([finished], tmp_path))

"""Ticks of the numbers that suites sweep: each has one, and no label stands over another."""

from __future__ import annotations

import tomllib
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from reporting.making import record, study

from benchmark.reporting.figures import style
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.options import metric_vs_option
from benchmark.reporting.figures.studies import objective_closeness

SWEPT = {
    (option, tuple(sorted(map(float, values))))
    for path in resources.files("benchmark").joinpath("data", "suites").iterdir()
    for stage in tomllib.loads(path.read_text(encoding="utf-8"))["stage"]
    for option, values in stage.get("sweep", {}).items()
    if len(values) > 1
    and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
}
"""Options of the suites and the numbers that they take."""


def meeting(axes: Axes, figure: Figure) -> list[tuple[str, str]]:
    """Labels of the x axis that stand over each other."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    labels = [
        (label.get_text(), label.get_window_extent(renderer))
        for label in axes.get_xticklabels()
        if label.get_text()
    ]
    return [(one, two) for (one, a), (two, b) in pairwise(labels) if a.overlaps(b)]


def test_suites_sweep_numbers() -> None:
    assert {"beta", "gamma", "mi_weight", "tau_per_pixel"} <= {option for option, _ in SWEPT}


@pytest.mark.parametrize(("option", "numbers"), sorted(SWEPT))
def test_labels_of_swept_options_do_not_meet(
    option: str, numbers: tuple[float, ...], tmp_path: Path
) -> None:
    runs = [
        record(dataset=dataset, latent_dim=8, config={option: number}, values={"mse": 0.5})
        for dataset in ("digits", "mnist", "circle")
        for number in numbers
    ]
    with style.house(100):
        figure = metric_vs_option(Material.of(runs, tmp_path))
        assert [meeting(axes, figure) for axes in figure.axes] == [[], [], []]
    (axes, *_) = figure.axes
    assert list(axes.get_xticks()) == list(numbers)
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert texts[0] and sum(map(bool, texts)) >= min(3, len(numbers))
    places = axes.transData.transform([(number, 0.5) for number in numbers])[:, 0]
    widest = max(places) - min(places)
    gaps = [after - before for before, after in pairwise(places)]
    assert min(gaps) > 0.02 * widest, "two numbers stand at one place: another scale of the axis"


@pytest.mark.parametrize(
    "betas", sorted(numbers for option, numbers in SWEPT if option == "beta" and len(numbers) > 3)
)
def test_labels_of_the_study_of_objectives_do_not_meet(
    betas: tuple[float, ...], tmp_path: Path
) -> None:
    runs = [
        study(
            "grae-objective",
            values=dict.fromkeys(("objective-beta-vae", "gap-taylor-grae"), beta),
            beta=beta,
            covariance="block",
            block=block,
        )
        for beta in betas
        for block in (1, 2, 3)
    ]
    with style.house(100):
        figure = objective_closeness(Material.of(runs, tmp_path))
        assert [meeting(axes, figure) for axes in figure.axes] == [[]] * 6


def test_counts_have_ticks_at_whole_numbers_and_no_marker_is_cut(tmp_path: Path) -> None:
    runs = [
        record(dataset="latent-8", config={"beta": beta}, values={"lstar": count})
        for beta, count in ((0.02, 8.0), (0.2, 8.0), (1.6, 5.0))
    ]
    (axes,) = metric_vs_option(Material.of(runs, tmp_path, ["lstar"])).axes
    assert all(float(tick).is_integer() for tick in axes.get_yticks())
    low, high = axes.get_ylim()
    assert low == 0.0 and high >= 1.05 * 8.0

"""What is said of a run stands beside what is shown of it, and variants of a method can be told
apart."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from reporting.figures.test_fit import outside
from reporting.making import leave, record, store

from benchmark.reporting.figures import style
from benchmark.reporting.figures.draw import figure_of
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.remarks import WARNING
from benchmark.spec import NO_BETTER_THAN_MEAN, Record

LONG = {"tau_per_pixel": 0.0106}


def remarks(figure: Figure) -> list[str]:
    return [
        text.get_text().replace("\n", " ")
        for axes in figure.axes
        for text in axes.texts
        if text.get_color() == WARNING
    ]


def covered(figure: Figure) -> list[str]:
    """Remarks and headings that lie over a panel, or over each other."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    panels = [axes.get_window_extent(renderer) for axes in figure.axes]
    words = [
        (text.get_text(), text.get_window_extent(renderer))
        for axes in figure.axes
        for text in (axes.title, *axes.texts)
        if text is axes.title or text.get_color() == WARNING
    ]
    words = [(text, box) for text, box in words if text]
    over = [text for text, box in words if any(box.overlaps(panel) for panel in panels)]
    return over + [
        f"{first} and {second}"
        for (first, one), (second, other) in combinations(words, 2)
        if one.overlaps(other)
    ]


def hollow_and_not(folder: Path, methods: int) -> list[Record]:
    """Runs of ``methods`` methods, the first of which reconstructs the mean image and has a name
    that is too long for a panel."""
    flags = [NO_BETTER_THAN_MEAN]
    runs = [record("geco-l0", latent_dim=2, config=LONG, harness_flags=flags)]
    runs += [record(f"method-{index}", latent_dim=2) for index in range(methods - 1)]
    for run in runs:
        leave(store(folder, [run]), run, image=(1, 8, 8))
    return runs


@pytest.mark.parametrize("methods", [2, 9])
@pytest.mark.parametrize("name", ["samples", "interpolations", "neighbours", "curves", "traces"])
def test_a_remark_lies_over_no_picture_and_no_heading(
    name: str, methods: int, tmp_path: Path
) -> None:
    with style.house(100):
        figure = figure_of(name, Material.of(hollow_and_not(tmp_path, methods), tmp_path))
        assert covered(figure) == [] and outside(figure) == []
    (remark,) = remarks(figure)
    assert remark.startswith("hardly better than the mean image")


def test_the_check_sees_a_remark_over_a_picture() -> None:
    with style.house(100):
        figure, (axes,) = style.panels(1, 1, width=2.0, height=2.0)
        axes.text(0.5, 0.9, "over it", color=WARNING, transform=axes.transAxes)
        assert covered(figure) == ["over it"]


def test_options_that_fit_on_no_line_with_the_name_have_one_of_their_own(tmp_path: Path) -> None:
    figure = figure_of("samples", Material.of(hollow_and_not(tmp_path, 9), tmp_path))
    titles = [axes.get_title() for axes in figure.axes]
    assert "geco-l0\n[tau_per_pixel=0.0106]" in titles and "method-0" in titles


def test_variants_of_a_method_have_lines_of_their_own(tmp_path: Path) -> None:
    """Nine as in suite ``mivae-gaussian``; two alike could not be told apart in a legend."""
    runs = [record(config={"gamma": 0.1 * (index + 1)}) for index in range(9)]
    for run in runs:
        leave(store(tmp_path, [run]), run)
    material = Material.of(runs, tmp_path)
    assert len(set(material.dashes().values())) == 8
    for name in ("curves", "metric-vs-latent-dim"):
        figure = figure_of(name, material)
        handles: list[Any] = figure.legends[0].legend_handles  # the pattern has no public name
        drawn = {
            (str(handle.get_color()), str(handle._unscaled_dash_pattern)) for handle in handles
        }
        assert len(drawn) == 9


def test_variants_of_which_each_dataset_has_its_own_stand_in_one_row(tmp_path: Path) -> None:
    """As GECO in suite ``ren-tables``; but not where one dataset has two of them."""
    runs = [
        record("geco-l0", dataset, config={"tau_per_pixel": tau})
        for dataset, tau in (("digits", 0.0106), ("mnist", 0.0122), ("sprites", 0.0245))
    ]
    runs += [record("vae", dataset) for dataset in ("digits", "mnist", "sprites")]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    figure = figure_of("interpolations", Material.of(runs, tmp_path))
    assert len(figure.axes) == 6 and not [text for axes in figure.axes for text in axes.texts[1:]]
    assert "tau_per_pixel=0.0106] on digits" in figure.get_supxlabel().replace("\n", " ")
    other = record("geco-l0", "digits", config={"tau_per_pixel": 0.5})
    leave(store(tmp_path, [other]), other, image=(1, 8, 8))
    apart = figure_of("interpolations", Material.of([*runs, other], tmp_path))
    assert len(apart.axes) == 3 * 5 and apart.get_supxlabel() == ""

"""Answers over the truth against n/L, noise and n, and the share of runs without one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from reporting.making import record, store
from reporting.trial_records import estimated, on_manifold

from benchmark.reporting.figures.calibration import calibration, commonest
from benchmark.reporting.figures.draw import draw
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import house
from benchmark.spec import BenchError, Record


def drawn(folder: Path, runs: list[Record]) -> Figure:
    with house():
        return calibration(Material.of(runs, store(folder, runs)))


def lines(figure: Figure, panel: int) -> dict[str, np.ndarray]:
    """Colour -> the means of each voice of a panel, from left to right."""
    heights = {}
    for container in figure.axes[panel].containers:
        line = container[0]
        heights[str(line.get_color())] = np.asarray(line.get_ydata())
    return heights


def runs_of_one() -> list[Record]:
    return [
        *on_manifold("geco-l0", [8, 10]),
        *on_manifold("geco-l0", [4, 4], intrinsic_dim=4),
        *on_manifold("geco-l0", [16, 16], noise=0.2),
    ]


def test_means_are_those_of_the_answers(tmp_path: Path) -> None:
    figure = drawn(tmp_path, runs_of_one())
    (by_room,) = lines(figure, 0).values()
    assert by_room == pytest.approx([1.0, math.sqrt(1.25)])  # noise 20 % is not in this panel
    (by_noise,) = lines(figure, 1).values()
    assert by_noise == pytest.approx([math.sqrt(1.25), 2.0])  # n = 4 is not in this one
    (failed,) = lines(figure, 2).values()
    assert failed == pytest.approx([0.0, 0.0])
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == [
        "methods, noise 5 %",
        "methods, n/L = 0.5",
        "no answer, noise 5 %",
        "estimators",
    ]


def test_failed_runs_raise_the_share_and_leave_the_ratios(tmp_path: Path) -> None:
    runs = [*on_manifold("geco-l0", [8, 8]), *on_manifold("geco-l0", [2], parts=2, flags=["zero"])]
    figure = drawn(tmp_path, runs)
    (ratios,), (shares,) = (lines(figure, panel).values() for panel in (0, 2))
    assert ratios == pytest.approx([1.0]) and shares == pytest.approx([1 / 3])


def test_panels_without_an_answer_say_so(tmp_path: Path) -> None:
    figure = drawn(tmp_path / "one", on_manifold("geco-l0", [8], flags=["collapsed"]))
    texts = [[text.get_text() for text in panel.texts] for panel in figure.axes]
    assert texts == [["no answer"], ["no answer"], [], ["no answer"]]
    full = drawn(tmp_path / "two", on_manifold("geco-l0", [8]))
    assert [[text.get_text() for text in panel.texts] for panel in full.axes][:3] == [[], [], []]


def test_estimators_stand_by_n(tmp_path: Path) -> None:
    runs = runs_of_one()
    estimated(tmp_path, {"twonn": [4.0, 4.0]})
    estimated(tmp_path, {"twonn": [4.0, 4.0]}, intrinsic_dim=4)
    figure = drawn(tmp_path, runs)
    values = [list(heights) for heights in lines(figure, 3).values()]
    assert pytest.approx([1.0, 0.5]) in values
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        *("geco-l0", "TwoNN", "MLE", "local PCA", "CorrInt", "PCA-95", "PCA-99"),
        "the dimension",
    ]


def test_it_draws_what_published_runs_have_and_refuses_others(tmp_path: Path) -> None:
    runs = [record("geco-l0", "circle", 2, values={"lstar": 1.0})]
    material = Material.of(runs, store(tmp_path, runs))
    assert draw("calibration", material).startswith(b"\x89PNG")
    unknown = [record("geco-l0", "digits", values={"lstar": 9.0})]
    with pytest.raises(BenchError, match="bench run --suite known-dimension"):
        drawn(tmp_path / "unknown", unknown)


def test_the_commonest_value() -> None:
    assert commonest([0.05, 0.2, 0.05]) == 0.05 and commonest([1.0, 2.0]) == 1.0
    assert commonest([]) is None and commonest([None, None, 1.0]) is None

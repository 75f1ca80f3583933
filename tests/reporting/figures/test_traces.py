"""Traces and information are what was logged."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from reporting.making import leave, record, store

from benchmark.reporting.figures.information import information
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.style import looks
from benchmark.reporting.figures.traces import traces
from benchmark.spec import BenchError, Record


def run(folder: Path, method: str, active: list[bool], **curves: np.ndarray) -> Record:
    """A finished run that logged ``curves`` at three steps."""
    finished = record(method, "digits", len(active))
    assert finished.discovery is not None
    finished.discovery["active"] = active
    leave(store(folder, [finished]), finished, image=(1, 8, 8))
    np.savez(folder / finished.key / "curves.npz", step=np.array([10, 20, 30]), **curves)
    return finished


def test_a_line_per_dimension_in_colour_where_it_counts(tmp_path: Path) -> None:
    mask = np.array([[0.9, 0.5], [0.95, 0.2], [1.0, 0.0]])
    figure = traces(
        Material.of([run(tmp_path, "maskaae", [True, False], mask=mask, loss=np.ones(3))], tmp_path)
    )
    (axes,) = figure.axes
    idle, counting = axes.lines  # what counts is drawn last
    np.testing.assert_array_equal(counting.get_ydata(), mask[:, 0])
    np.testing.assert_array_equal(idle.get_ydata(), mask[:, 1])
    assert counting.get_color() == looks(["maskaae"])["maskaae"].colour != idle.get_color()
    assert list(counting.get_xdata()) == [10, 20, 30] and axes.get_ylabel() == "maskaae\nmask"


def test_precisions_are_drawn_as_variances(tmp_path: Path) -> None:
    alpha = np.array([[1.0, 1.0], [2.0, 4.0], [10.0, 100.0]])
    (axes,) = traces(
        Material.of([run(tmp_path, "r-vae", [True, True], alpha=alpha)], tmp_path)
    ).axes
    np.testing.assert_allclose([line.get_ydata() for line in axes.lines], 1.0 / alpha.T)
    assert axes.get_yscale() == "log" and axes.get_ylabel() == "r-vae\nprior variance"


def test_gates_are_one_line_and_unknown_methods_are_drawn_by_their_own_names(
    tmp_path: Path,
) -> None:
    runs = [
        run(
            tmp_path,
            "geco-l0",
            [True, True],
            expected_open=np.array([2.0, 1.5, 1.0]),
            loss=np.ones(3),
        ),
        run(tmp_path, "my-own", [True, False], weight=np.ones((3, 2))),
        run(tmp_path, "vae", [True, True], loss=np.ones(3)),
    ]
    figure = traces(Material.of(runs, tmp_path))
    assert [axes.get_ylabel() for axes in figure.axes] == ["geco-l0\nopen gates", "my-own\nweight"]
    assert [len(axes.lines) for axes in figure.axes] == [1, 2]
    assert (
        figure.legends[0].get_title().get_text() == "Not shown, nothing logged per dimension: vae"
    )
    with pytest.raises(BenchError, match="nothing logged per dimension"):
        traces(Material.of(runs[-1:], tmp_path))


def test_information_has_its_ceiling_and_only_methods_with_a_bound(tmp_path: Path) -> None:
    runs = [
        run(
            tmp_path,
            "mi-vae-joint",
            [True, True],
            mi=np.array([0.1, 1.0, 2.0]),
            kl_c=np.array([0.0, 1.0, 2.2]),
            kl=np.ones(3),
        ),
        run(tmp_path, "vae", [True, True], kl=np.array([9.0, 9.0, 9.0])),
    ]
    runs[0].spec["config"]["categories"] = 10
    figure = information(Material.of(runs, tmp_path))
    bound, category, code = figure.axes
    np.testing.assert_array_equal(bound.lines[0].get_ydata(), [0.1, 1.0, 2.0])
    np.testing.assert_array_equal(category.lines[0].get_ydata(), [0.0, 1.0, 2.2])
    assert [line.get_ydata()[0] for axes in (bound, category) for line in axes.lines[1:]] == [
        pytest.approx(math.log(10))
    ] * 2
    assert len(code.lines) == 1 and list(code.lines[0].get_ydata()) == [1.0, 1.0, 1.0]
    with pytest.raises(BenchError, match="--methods mi-vae,mi-vae-joint"):
        information(Material.of(runs[1:], tmp_path))

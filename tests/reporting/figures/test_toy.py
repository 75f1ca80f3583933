"""The toy figure: one row per cell of data in the plane, five panels that show the arrays of the
run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting.making import leave, record, store

from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.figures import style
from benchmark.reporting.figures.material import Material
from benchmark.reporting.figures.toy import PANELS, toy
from benchmark.spec import BenchError


def material(folder: Path, *runs: tuple[str, str, int]) -> Material:
    records = [record(method, dataset, size) for method, dataset, size in runs]
    store(folder, records)
    for run in records:
        leave(folder, run, image=(1, 8, 8) if run.spec["dataset"] == "digits" else None)
    return Material.of(records, folder)


def test_rows_are_the_cells_in_the_plane_and_no_others(tmp_path: Path) -> None:
    with style.house():
        figure = toy(
            material(tmp_path, ("pca", "circle", 2), ("vae", "circle", 2), ("vae", "digits", 16))
        )
    assert len(figure.axes) == 2 * len(PANELS)
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == list(PANELS)
    assert sorted(axes.get_ylabel() for axes in figure.axes if "circle" in axes.get_ylabel()) == [
        "pca\ncircle",
        "vae\ncircle",
    ]


def test_panels_show_the_arrays_of_the_run(tmp_path: Path) -> None:
    drawn_from = material(tmp_path, ("vae", "circle", 2))
    arrays = read_arrays(tmp_path / drawn_from.cells[0].keys[0] / "artifacts.npz")
    with style.house():
        data, reconstruction, samples, latent, error = toy(drawn_from).axes
    drawn = [
        np.asarray(axes.collections[-1].get_offsets())
        for axes in (data, reconstruction, samples, latent)
    ]
    for points, name in zip(drawn, ("inputs", "reconstructions", "samples", "codes"), strict=True):
        np.testing.assert_allclose(points, arrays[name], rtol=1e-6)
    distance = np.linalg.norm(arrays["inputs"] - arrays["reconstructions"], axis=1)
    assert error.get_xlabel() == f"mean distance {distance.mean():.3g}"
    (steps,) = error.patches
    assert steps.get_data().values.sum() == len(distance)


def test_a_single_latent_dimension_is_drawn_against_the_angle(tmp_path: Path) -> None:
    with style.house():
        latent = toy(material(tmp_path, ("vae", "one-moon", 1))).axes[3]
    assert latent.get_ylabel() == "angle"


def test_without_data_in_the_plane_it_says_what_to_choose(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="--datasets circle,one-moon"):
        toy(material(tmp_path, ("vae", "digits", 16)))

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


def many(latent_dims: tuple[int, ...], methods: int) -> list[tuple[str, str, int]]:
    names = ["pca", *(f"vae[gamma=0.{number},sigma=fixed]" for number in range(1, methods))]
    data = ["circle", "circle[noise=0.05]", "one-moon"]
    cells = [(name, data_, size) for name in names for data_ in data for size in latent_dims]
    return [cell for cell in cells if cell != ("pca", "one-moon", 2)]


def test_more_cells_than_fit_are_reconstructions_by_method_and_data(tmp_path: Path) -> None:
    few, more = material(tmp_path / "few", *many((2,), 5)), material(tmp_path, *many((2,), 6))
    with style.house():
        assert len(toy(few).axes) == 14 * len(PANELS)
        figure = toy(more)
    assert len(figure.axes) == 6 * 3
    titles = [axes.get_title() for axes in figure.axes[:3]]
    assert [title.split("[")[0] for title in titles] == ["circle", "circle", "one-moon"]
    assert len(set(titles)) == 3
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[2] == "no run" and labels.count("no run") == 1
    assert sum(label.startswith("mean distance") for label in labels) == 17


def test_columns_name_the_latent_size_where_there_are_several(tmp_path: Path) -> None:
    with style.house():
        figure = toy(material(tmp_path, *many((2, 3), 4)))
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 6 and sum(title.endswith("L = 3") for title in titles) == 3


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

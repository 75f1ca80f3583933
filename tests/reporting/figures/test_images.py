"""Grids of images show the stored arrays, a row per method and a column per dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting.figures.drawn import records, texts
from reporting.making import images, leave, record, store

from benchmark.reporting.figures.images import (
    interpolations,
    neighbours,
    reconstructions,
    samples,
    traversals,
)
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError


def test_grids_have_a_row_per_method_and_a_column_per_dataset(material: Material) -> None:
    figure = samples(material)
    shape = figure.axes[0].get_gridspec().get_geometry()
    assert shape == (3, 3)  # test data, pca, vae
    assert [axes.get_title() for axes in figure.axes[:3]] == [
        "digits\nL = 16",
        "circle\nL = 16",
        "latent-8\nL = 16",
    ]
    assert [text for text in texts(figure) if text in ("test data", "pca", "vae")] == [
        "test data",
        "pca",
        "vae",
    ]
    assert "3 diverged" in texts(figure)
    assert reconstructions(material).axes[0].get_gridspec().get_geometry() == (2, 3)


def test_grids_show_every_size_that_is_named_and_wrap(folder: Path) -> None:
    figure = samples(Material.of(records(), folder, every_size=True))
    assert figure.axes[0].get_gridspec().get_geometry() == (
        6,
        5,
    )  # 9 columns in two blocks of 3 rows


def test_samples_show_the_stored_images_and_points(material: Material, folder: Path) -> None:
    figure = samples(material)
    kept = next(
        run
        for run in records()
        if (run.spec["method"], run.spec["dataset"], run.spec["latent_dim"])
        == ("vae", "digits", 16)
    )
    stored = np.load(folder / kept.key / "artifacts.npz")["samples"]
    picture = figure.axes[6].images[0].get_array()
    np.testing.assert_array_equal(picture[:8, :8, 0], stored[0, 0])
    points = np.load(
        folder
        / next(
            run.key
            for run in records()
            if run.spec["dataset"] == "circle" and run.spec["latent_dim"] == 16
        )
        / "artifacts.npz"
    )
    np.testing.assert_allclose(
        figure.axes[4].collections[1].get_offsets(), points["samples"], rtol=1e-6
    )


def test_paths_and_neighbours_show_the_stored_arrays(material: Material, folder: Path) -> None:
    keys = {
        run.spec["dataset"]: run.key
        for run in reversed(records())
        if (run.spec["method"], run.spec["latent_dim"]) == ("pca", 16)
    }
    image, plane = (
        np.load(folder / keys[dataset] / "artifacts.npz") for dataset in ("digits", "circle")
    )
    for draw_paths, name in ((traversals, "traversals"), (interpolations, "interpolations")):
        first, second = draw_paths(material).axes[:2]
        picture = first.images[0].get_array()
        np.testing.assert_array_equal(
            picture[9:17, 18:26, 0], image[name][1, 2, 0]
        )  # second row, third step; tiles of 8 with a gap of 1
        drawn = [line.get_xydata() for line in second.lines if len(line.get_xdata()) == 8]
        np.testing.assert_allclose(drawn, plane[name], rtol=1e-6)
    first, second = neighbours(material).axes[:2]
    np.testing.assert_array_equal(
        first.images[0].get_array()[9:17, :8, 0], image["neighbours"][0, 0]
    )
    np.testing.assert_allclose(second.collections[2].get_offsets(), plane["neighbours"], rtol=1e-6)
    np.testing.assert_allclose(second.collections[3].get_offsets(), plane["samples"][:8], rtol=1e-6)


def test_many_methods_on_few_datasets_are_turned_and_balanced(tmp_path: Path) -> None:
    runs = [record(f"method-{number}") for number in range(9)]
    for run in runs:
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    figure = samples(Material.of(runs, tmp_path))
    assert figure.axes[0].get_gridspec().get_geometry() == (2, 5)  # test data and nine methods
    assert [axes.get_title() for axes in figure.axes][:3] == ["test data", "method-0", "method-1"]


def test_methods_without_an_array_are_named_below(folder: Path, tmp_path: Path) -> None:
    old, new = record("vae"), record("pca")
    for run in (old, new):
        leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    arrays = dict(np.load(tmp_path / old.key / "artifacts.npz"))
    np.savez(
        tmp_path / old.key / "artifacts.npz",
        **{name: array for name, array in arrays.items() if name != "interpolations"},
    )
    figure = interpolations(Material.of([old, new], tmp_path))
    assert figure.get_supxlabel() == "Not shown, no interpolations: vae"
    with pytest.raises(BenchError, match="interpolations in its artifacts"):
        interpolations(Material.of([old], tmp_path))


def test_no_artifacts_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"artifacts\.npz"):
        samples(Material.of([record()], tmp_path))


def test_colour_images_keep_their_colours(tmp_path: Path) -> None:
    run = record(dataset="cifar10")
    leave(store(tmp_path, [run]), run, image=(3, 8, 8))
    picture = samples(Material.of([run], tmp_path)).axes[0].images[0].get_array()
    np.testing.assert_array_equal(picture[:8, :8], images(40, (3, 8, 8), 0)[0].transpose(1, 2, 0))

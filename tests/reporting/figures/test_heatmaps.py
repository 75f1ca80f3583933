"""Heat maps show the stored matrices, categories in the order that matches the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from reporting.making import leave, record, store

from benchmark.reporting.cells.arrays import read_arrays
from benchmark.reporting.figures.heatmaps import (
    categories,
    category_probabilities,
    code_covariance,
    jacobian,
    tidy_order,
)
from benchmark.reporting.figures.images import category_traversals, rewarded, rewarded_line
from benchmark.reporting.figures.material import Material
from benchmark.spec import BenchError


@pytest.fixture
def material(tmp_path: Path) -> Material:
    run = record("mi-vae-joint", "digits", 4)
    leave(store(tmp_path, [run]), run, image=(1, 8, 8))
    return Material.of([run], tmp_path)


def arrays(material: Material) -> dict[str, np.ndarray]:
    return read_arrays(material.store.folder(material.cells[0].keys[0]) / "artifacts.npz")


def test_matrices_are_drawn_around_zero(material: Material) -> None:
    for draw, name in ((code_covariance, "code_covariance"), (jacobian, "jacobian_gram")):
        (axes,) = draw(material).axes
        matrix = arrays(material)[name]
        np.testing.assert_array_equal(axes.images[0].get_array(), matrix)
        reach = np.abs(matrix).max()
        assert axes.images[0].get_clim() == (-reach, reach)
        assert axes.get_xlabel() == f"scale ±{reach:.2g}"


def test_a_matrix_that_is_not_finite_is_drawn_without_a_crash(material: Material) -> None:
    stored = arrays(material)
    stored["jacobian_gram"] = np.full((4, 4), np.nan)
    np.savez(material.store.folder(material.cells[0].keys[0]) / "artifacts.npz", **stored)
    assert jacobian(material).axes[0].images[0].get_clim() == (-1.0, 1.0)


def test_order_puts_most_on_the_diagonal() -> None:
    counts = np.array([[0, 9, 0], [1, 0, 8], [2, 2, 2], [7, 0, 1]])
    assert tidy_order(counts).tolist() == [3, 0, 1, 2]


def test_counts_are_written_where_they_belong(material: Material) -> None:
    stored = arrays(material)
    axes = categories(material).axes[0]
    counts = stored["contingency"].astype(int)[tidy_order(stored["contingency"].astype(int))]
    written = {
        (int(text.get_position()[1]), int(text.get_position()[0])): int(text.get_text())
        for text in axes.texts
        if text.get_text().isdecimal()
    }
    assert written == {
        (row, column): counts[row, column] for row, column in zip(*np.nonzero(counts), strict=True)
    }
    np.testing.assert_allclose(axes.images[0].get_array(), counts / counts.sum(0))
    heights = [patch.get_height() for patch in axes.child_axes[0].patches]
    np.testing.assert_allclose(
        heights, stored["category_histogram"].sum(0) / stored["category_histogram"].sum()
    )


def test_rewarded_components_fill_a_plane_and_a_line(material: Material) -> None:
    for draw, name, row, column in (
        (rewarded, "rewarded_plane", 1, 6),
        (rewarded_line, "rewarded_line", 2, 7),
    ):
        picture = draw(material).axes[0].images[0].get_array()
        tile = picture[9 * row : 9 * row + 8, 9 * column : 9 * column + 8, 0]
        np.testing.assert_array_equal(tile, arrays(material)[name][row, column, 0])


def test_category_traversals_have_a_column_per_category(material: Material) -> None:
    picture = category_traversals(material).axes[0].images[0].get_array()
    np.testing.assert_array_equal(
        picture[9:17, 63:71, 0], arrays(material)["category_traversals"][1, 7, 0]
    )


def test_probabilities_are_drawn_over_training_the_uncertain_ones_low(material: Material) -> None:
    path = material.store.folder(material.cells[0].keys[0]) / "curves.npz"
    others = {name: values for name, values in read_arrays(path).items() if name[:3] != "pi_"}
    np.savez(path, **others)
    with pytest.raises(BenchError, match="no categorical variable"):
        category_probabilities(material)
    shares = np.random.default_rng(0).dirichlet(np.ones(10), 5).T
    logged = {f"pi_{tenth}": row for tenth, row in enumerate(shares)}
    np.savez(path, **others, **logged)
    (axes,) = category_probabilities(material).axes
    np.testing.assert_allclose(axes.images[0].get_array(), shares)
    assert axes.images[0].origin == "lower"
    assert axes.images[0].get_extent() == [0.0, 50.0, 0.0, 1.0]

"""Tiles lie where they belong, and planes are those of the data."""

from __future__ import annotations

import numpy as np
import pytest
from reporting.making import images, vectors

from benchmark.reporting.figures.mosaic import Plane, in_pairs, in_rows, is_image, mosaic


def test_tiles_are_the_images_row_by_row_on_white() -> None:
    stack = images(5, (3, 4, 6))
    picture = mosaic(stack, 3)
    assert picture.shape == (2 * 4 + 1, 3 * 6 + 2, 3)
    for index, image in enumerate(stack):
        top, left = index // 3 * 5, index % 3 * 7
        np.testing.assert_array_equal(
            picture[top : top + 4, left : left + 6], image.transpose(1, 2, 0)
        )
    assert (picture[4] == 255).all() and (picture[5:, 14:] == 255).all()


def test_floats_are_shown_like_the_bytes_they_stand_for() -> None:
    stack = images(4, (1, 3, 3))
    np.testing.assert_array_equal(mosaic(stack / 255.0, 2), mosaic(stack, 2))
    np.testing.assert_array_equal(
        mosaic(np.full((1, 1, 2, 2), np.nan), 1), np.zeros((2, 2, 3), np.uint8)
    )


def test_pairs_stand_above_each_other_with_a_wider_gap_below() -> None:
    upper, lower = images(4, (1, 3, 3), 0), images(4, (1, 3, 3), 1)
    picture = in_pairs(upper, lower, 2)[:, :, 0]
    np.testing.assert_array_equal(picture[:3, :3], upper[0, 0])
    np.testing.assert_array_equal(picture[4:7, :3], lower[0, 0])
    np.testing.assert_array_equal(picture[9:12, :3], upper[2, 0])


@pytest.mark.parametrize(("count", "across", "rows"), [(7, 3, 2), (2, 2, 1), (9, 3, 3)])
def test_pairs_are_whole_rows_of_both_one_row_where_there_are_fewer(
    count: int, across: int, rows: int
) -> None:
    upper, lower = images(count, (1, 2, 2), 0), images(count + 3, (1, 2, 2), 1)
    picture = in_pairs(upper, lower, 3)[:, :, 0]
    assert picture.shape == (2 * 3 * rows - 1 + rows - 1, across * 3 - 1)
    np.testing.assert_array_equal(picture[:2, -2:], upper[across - 1, 0])
    np.testing.assert_array_equal(picture[3:5, :2], lower[0, 0])


def test_rows_of_images_stand_below_each_other() -> None:
    stack = images(6, (1, 2, 2)).reshape(2, 3, 1, 2, 2)
    np.testing.assert_array_equal(in_rows(stack)[3:5, 6:8, 0], stack[1, 2, 0])


def test_points_on_the_edge_of_a_plane_lie_outside() -> None:
    plane = Plane.of(np.array([[0.0, 0.0], [8.0, 8.0]]))
    assert plane.limits == ((-1.0, 9.0), (-1.0, 9.0))
    points = np.array([[0.0, 0.0], [-1.0, 0.0], [8.9, 8.9], [0.0, 9.0], [np.nan, 0.0]])
    assert plane.contains(points).tolist() == [True, False, True, False, False]


def test_points_of_the_plane_are_themselves() -> None:
    points = vectors(20, 2) + 5.0
    np.testing.assert_allclose(Plane.of(points).project(points), points)
    np.testing.assert_allclose(Plane.of(vectors(9, 1)).project(vectors(9, 1))[:, 1], 0.0)


def test_plane_of_vectors_is_that_of_the_first_two_principal_directions() -> None:
    data = vectors(200, 6) * np.array([1, 5, 1, 9, 1, 1])
    plane = Plane.of(data)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-12)
    variances = np.linalg.eigvalsh(np.cov(data, rowvar=False, dtype=np.float64))[::-1]
    np.testing.assert_allclose(
        np.cov(plane.project(data), rowvar=False), np.diag(variances[:2]), atol=1e-9 * variances[0]
    )
    assert plane.directions[0, 3] > 0 and plane.directions[1, 1] > 0
    np.testing.assert_allclose(Plane.of(data[::-1]).directions, plane.directions, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 2), (1, 7), (5, 2)])
def test_region_is_a_square_that_holds_the_data_even_if_it_is_one_point(
    shape: tuple[int, int],
) -> None:
    data = np.ones(shape, np.float32)
    plane = Plane.of(data)
    (left, right), (low, high) = plane.limits
    assert right - left == pytest.approx(high - low) and right > left
    points = plane.project(data)
    assert (points >= [left, low]).all() and (points <= [right, high]).all()


def test_images_are_told_from_vectors_by_their_shape() -> None:
    assert is_image(images(2, (1, 3, 3))) and not is_image(vectors(2, 3))

"""Moments that pass by in chunks are those of the whole, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics.moments import Moments


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.lists(st.integers(0, 60), max_size=4), st.floats(-1e4, 1e4))
def test_cutting_and_permuting_change_nothing(seed: int, cuts: list[int], offset: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(offset, 1.0, size=(60, 5)) @ rng.normal(size=(5, 5))
    expected = np.cov(rows, rowvar=False)
    tolerance = 1e-12 * (np.square(rows).max() + 1)
    moments = Moments(5)
    moments.update(np.split(rows[rng.permutation(60)], sorted(cuts)))
    assert moments.n == 60
    np.testing.assert_allclose(moments.mean, rows.mean(0), atol=tolerance)
    np.testing.assert_allclose(moments.covariance, expected, atol=tolerance)
    first, second = Moments.of(rows[:17], chunk=4), Moments.of(rows[17:])
    first.merge(second)
    np.testing.assert_allclose(first.covariance, expected, atol=tolerance)


def test_float32_rows_are_added_in_float64() -> None:
    rows = np.full((100_000, 1), 0.1, np.float32) + np.float32(1000)
    moments = Moments.of(rows)
    assert moments.mean[0] == pytest.approx(float(rows[0, 0]), abs=1e-9) and moments.covariance[
        0, 0
    ] == pytest.approx(0.0, abs=1e-12)
    assert moments.mean.dtype == moments.covariance.dtype == np.float64


def test_one_row_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="needs two vectors at least, got 1"):
        _ = Moments.of(np.ones((1, 3))).covariance

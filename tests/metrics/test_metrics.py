"""Metrics against closed forms and references, and their direction on models that are worse by
construction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics.base import Absent, Measurement
from benchmark.metrics.dimension import (
    ACTIVE_UNITS,
    LSTAR,
    LSTAR_90,
    LSTAR_99,
    LSTAR_ERROR,
    active_units,
)
from benchmark.metrics.frechet import FD_RAW, frechet_distance, moments
from benchmark.metrics.reconstruction import MSE, MSE_SAMPLED, MSE_SPREAD

RNG = np.random.default_rng(0)


def evidence(**parts: Any) -> Any:
    return SimpleNamespace(**parts)


def gaussian(
    n: int, d: int = 5, shift: float = 0.0, scale: float = 1.0, seed: int = 0
) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, size=(n, d))


def test_frechet_between_diagonal_gaussians_has_a_closed_form() -> None:
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    mean = np.array([1.0, 0.0, -2.0])
    expected = 5.0 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(mean, np.diag(a), np.zeros(3), np.diag(b)) == pytest.approx(
        expected, abs=1e-12
    )


def test_frechet_equals_the_matrix_square_root_form() -> None:
    from scipy.linalg import sqrtm

    (m, c), (n, d) = (
        moments(gaussian(200) @ RNG.normal(size=(5, 5))),
        moments(gaussian(200, shift=1.0, seed=1)),
    )
    expected = np.square(m - n).sum() + np.trace(c + d - 2 * sqrtm(c @ d).real)
    assert frechet_distance(m, c, n, d) == pytest.approx(expected, rel=1e-9)


def test_frechet_survives_singular_covariances() -> None:
    flat = gaussian(100) * np.array([1, 1, 0, 0, 0])
    value = frechet_distance(*moments(flat), *moments(gaussian(100, seed=2)))
    assert np.isfinite(value) and value > 0
    assert frechet_distance(*moments(np.ones((10, 5))), *moments(np.ones((20, 5)))) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 10.0))
def test_frechet_is_symmetric_zero_on_itself_rotation_invariant_and_scales_with_the_square(
    seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(40, 4)) @ rng.normal(size=(4, 4)), rng.normal(1.0, 2.0, size=(50, 4))
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    value = frechet_distance(*moments(x), *moments(y))
    tolerance = 1e-9 * (np.trace(np.cov(x.T)) + np.trace(np.cov(y.T)) + 10)
    assert frechet_distance(*moments(y), *moments(x)) == pytest.approx(value, abs=tolerance)
    assert frechet_distance(*moments(x), *moments(x)) == pytest.approx(
        0.0, abs=1e-6 * tolerance / 1e-9
    )
    assert frechet_distance(*moments(x @ rotation), *moments(y @ rotation)) == pytest.approx(
        value, abs=tolerance
    )
    assert frechet_distance(*moments(scale * x), *moments(scale * y)) == pytest.approx(
        scale**2 * value, abs=tolerance * max(1, scale**2)
    )


def sampler(vectors: np.ndarray, shape: tuple[int, ...] = (5,)) -> Any:
    return evidence(shape=shape, test_vectors=gaussian(400), sample_vectors=lambda n: vectors[:n])


def test_fd_raw_grows_when_samples_collapse_or_are_noisier() -> None:
    good, collapsed, noisy = (
        gaussian(400, seed=3),
        np.zeros((400, 5)) + 1e-3 * gaussian(400, seed=3),
        gaussian(400, scale=2.0, seed=3),
    )
    values = [FD_RAW.measure(sampler(vectors))[1].value for vectors in (good, collapsed, noisy)]
    assert values[0] < 0.2 < min(values[1:])
    assert FD_RAW.direction == "min"


def test_fd_raw_names_its_protocol_and_refuses_images() -> None:
    identifier, measured = FD_RAW.measure(sampler(gaussian(400, seed=3)))
    assert identifier == "fd-raw[n=400,reference=400,split=test]"
    assert measured.n == 400
    with pytest.raises(Absent, match="up to 64 numbers, this has 784"):
        FD_RAW.measure(sampler(gaussian(400), shape=(1, 28, 28)))
    with pytest.raises(Absent, match="not finite"):
        FD_RAW.measure(sampler(np.full((400, 5), np.nan)))


def test_mse_is_the_mean_over_images_and_sampled_mse_needs_a_posterior() -> None:
    both = evidence(squared_error=np.array([1.0, 3.0]), sampled_squared_error=None)
    assert MSE.measure(both)[1].value == 2.0
    with pytest.raises(Absent, match="no posterior"):
        MSE_SAMPLED.measure(both)


def test_dimension_counts() -> None:
    parts = evidence(
        relevance=np.array([90.0, 5.0, 4.5, 0.5]),
        active=np.array([True, True, False, False]),
        reference_count=7,
    )
    assert [metric.measure(parts)[1].value for metric in (LSTAR, LSTAR_90, LSTAR_99)] == [2, 1, 3]
    assert LSTAR.measure(parts)[1].n == 7


@pytest.mark.parametrize(("true_dim", "expected"), [(2, 0.0), (5, 3.0), (1, 1.0)])
def test_error_of_lstar_is_its_distance_from_the_known_dimension(
    true_dim: int, expected: float
) -> None:
    parts = evidence(
        active=np.array([True, False, True]), intrinsic_dim=true_dim, reference_count=7
    )
    assert (LSTAR_ERROR.measure(parts)[1].value, LSTAR_ERROR.direction) == (expected, "min")


def test_error_of_lstar_needs_a_known_dimension() -> None:
    with pytest.raises(Absent, match="not known"):
        LSTAR_ERROR.measure(
            evidence(active=np.array([True]), intrinsic_dim=None, reference_count=7)
        )


def test_active_units_are_scale_free_and_handle_deterministic_codes() -> None:
    v, s = np.array([1.0, 0.1, 0.0, 2.0]), np.array([0.2, 0.9, 1.0, 1.9])
    assert active_units(v, s) == active_units(100 * v, 100 * s) == 2
    assert active_units(np.array([1.0, 1e-12, 0.0]), np.zeros(3)) == 1
    parts = evidence(code_moments=(v, s), code_centre=np.zeros(4), squared_error=np.zeros(11))
    measured = ACTIVE_UNITS.measure(parts)[1]
    assert (measured.value, measured.n, measured.remark) == (2.0, 11, "")


@pytest.mark.parametrize("scale", [1e-8, 1e-5, 1.0, 1e6])
def test_active_units_of_deterministic_codes_do_not_depend_on_their_scale(scale: float) -> None:
    codes = scale * gaussian(200, 4) * np.array([1.0, 1.0, 1e-3, 1e-6])
    parts = evidence(
        code_moments=(codes.var(0), np.zeros(4)), code_centre=codes.mean(0), squared_error=codes
    )
    measured = ACTIVE_UNITS.measure(parts)[1]
    assert measured.value == 3.0 and "every coordinate that moves" in measured.remark


def test_what_rounding_leaves_of_a_constant_code_is_no_active_unit() -> None:
    codes = (7.0 + 1e-7 * gaussian(200, 3)).astype(np.float32).astype(float)
    assert codes.var(0).any()
    assert active_units(codes.var(0), np.zeros(3), codes.mean(0)) == 0
    assert active_units(np.zeros(3), np.zeros(3), np.zeros(3)) == 0


def test_one_test_image_has_no_active_units() -> None:
    parts = evidence(
        code_moments=(np.zeros(2), np.zeros(2)), code_centre=np.ones(2), squared_error=np.zeros(1)
    )
    with pytest.raises(Absent, match="two test images at least, there is 1"):
        ACTIVE_UNITS.measure(parts)


def test_a_measurement_without_a_unit_says_so() -> None:
    """Shares have none; a record whose measurement lacks the field is invalid."""
    plain = {"value": 0.5, "unit": "", "n": 7, "protocol": ""}
    assert Measurement(**plain).document() == plain
    noted = plain | {"remark": "collapsed", "noise": 0.0}
    assert Measurement(**noted).document() == noted


def test_the_spread_of_errors_is_that_of_all_but_the_outermost() -> None:
    errors = np.arange(101.0)
    errors[-3:] = 1e6
    identifier, measured = MSE_SPREAD.measure(evidence(squared_error=RNG.permutation(errors)))
    assert (
        identifier == "mse-spread" and measured.value == pytest.approx(90.0) and measured.n == 101
    )
    assert MSE_SPREAD.measure(evidence(squared_error=np.full(9, 2.0)))[1].value == 0.0

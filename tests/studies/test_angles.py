"""Angles of codes: known rotations are found, what no model can know is removed, and the predicted
angle is that of the theory."""

from __future__ import annotations

import math

import pytest
import torch

from benchmark.nn.jacobian import hadamard_term
from benchmark.studies.angles import concentration, favoured_angle, procrustes, turn_angle, turns

F64 = torch.float64


def apart(angle: float, other: float) -> float:
    """Degrees between two angles modulo 90: which side of the cut at 45 a last bit falls on is the
    processor's."""
    return abs((angle - other + 45.0) % 90.0 - 45.0)


def turn(degrees: float) -> torch.Tensor:
    return turns(torch.tensor(degrees, dtype=F64).deg2rad())


@pytest.mark.parametrize("degrees", [-44.0, -10.0, 0.0, 7.5, 45.0])
def test_the_angle_between_codes_and_means_is_found(degrees: float) -> None:
    codes = torch.randn(2, 300, dtype=F64)
    rotation = procrustes(codes, turn(degrees).mT @ codes)
    torch.testing.assert_close(rotation, turn(degrees))
    assert apart(float(turn_angle(rotation)), degrees) <= 1e-9


@pytest.mark.parametrize("degrees", [-44.0, 0.0, 30.0])
def test_order_and_sign_of_the_models_axes_change_no_angle(degrees: float) -> None:
    codes = torch.randn(2, 300, dtype=F64)
    means = turn(degrees).mT @ codes
    for rows in ([0, 1], [1, 0]):
        for signs in ([1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]):
            other = means[rows] * torch.tensor(signs, dtype=F64)[:, None]
            assert apart(float(turn_angle(procrustes(codes, other))), degrees) <= 1e-9


def test_procrustes_is_the_best_orthogonal_map() -> None:
    codes, means = torch.randn(2, 50, dtype=F64), torch.randn(2, 50, dtype=F64)
    best = (codes - procrustes(codes, means) @ means).norm()
    flip = torch.diag(torch.tensor([1.0, -1.0], dtype=F64))
    every = torch.cat(
        [
            turns(torch.linspace(0, 2 * math.pi, 500, dtype=F64)),
            turns(torch.linspace(0, 2 * math.pi, 500, dtype=F64)) @ flip,
        ]
    )
    assert float(best) <= float((codes - every @ means).norm(dim=(1, 2)).min()) + 1e-12


def test_angles_lie_in_a_quarter_turn_with_45_and_without_minus_45() -> None:
    angles = turn_angle(turns(torch.linspace(-7, 7, 1001, dtype=F64)))
    assert float(angles.min()) > -45.0 and float(angles.max()) <= 45.0
    assert apart(turn_angle(torch.tensor([[1.0, -1.0], [1.0, 1.0]])).item(), 45.0) <= 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_lies_a_last_bit_beyond_45_degrees_stays_in_the_quarter_turn(
    dtype: torch.dtype,
) -> None:
    """45 less an angle a last bit above 45 is just below 0, and its remainder rounds to 90."""
    for sine in (1.0, math.nextafter(1.0, 2.0), 1.0 + 1e-7, 1.0 - 1e-7):
        angle = float(turn_angle(torch.tensor([[1.0, -sine], [sine, 1.0]], dtype=dtype)))
        assert -45.0 < angle <= 45.0
        assert apart(angle, 45.0) <= 2e-5


def test_concentration_knows_equal_and_spread_angles_across_the_seam() -> None:
    assert concentration(torch.tensor([44.9, -44.9, 45.0])) > 0.999
    assert concentration(torch.arange(-45.0, 45.0, 0.5)) < 1e-6
    assert concentration(torch.tensor([10.0, 10.0])) == pytest.approx(1.0)


@pytest.mark.parametrize("beta", [1e-4, 0.0025, 0.1])
def test_a_diagonal_posterior_favours_the_right_singular_vectors_of_a_linear_decoder(
    beta: float,
) -> None:
    for seed in range(3):
        w = torch.randn(2, 2, generator=torch.Generator().manual_seed(seed), dtype=F64)
        grams = (w.mT @ w).unsqueeze(0)
        expected = float(turn_angle(torch.linalg.svd(w)[2].mT))
        assert apart(favoured_angle(grams, beta), expected) <= 0.051  # half a step of the grid
        best = turn(favoured_angle(grams, beta))
        price = hadamard_term(best.mT @ grams @ best, beta)
        assert all(
            float(hadamard_term(turn(d).mT @ grams @ turn(d), beta) - price) >= -1e-6
            for d in range(-45, 46, 5)
        )

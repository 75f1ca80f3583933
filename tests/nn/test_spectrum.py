"""Ranks read off the spectrum of codes, and the Gaussian fitted to them."""

from __future__ import annotations

import pytest
import torch

from benchmark.nn.spectrum import FittedGaussian, code_spectrum, gap_rule, project, share_rule

F64 = torch.float64


def codes_of_rank(rank: int, size: int = 6, count: int = 200) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(count, rank, generator=generator, dtype=F64)
    return factors @ torch.randn(rank, size, generator=generator, dtype=F64)


@pytest.mark.parametrize("rank", [1, 3, 5])
def test_codes_of_a_rank_have_their_gap_there_and_no_more_large_values(rank: int) -> None:
    values, _ = code_spectrum(codes_of_rank(rank))
    ratio, count = gap_rule(values)
    assert count == rank and ratio > 1e6
    assert share_rule(values) <= rank


def test_rules_do_not_depend_on_scale_or_rotation() -> None:
    codes = codes_of_rank(6) * torch.tensor([1.0, 0.5, 0.2, 1e-3, 1e-4, 1e-5], dtype=F64)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)).double())[
        0
    ]
    values, moved = code_spectrum(codes)[0], code_spectrum(37.0 * codes @ turn)[0]
    torch.testing.assert_close(moved, 37.0**2 * values, rtol=1e-9, atol=1e-9)
    assert share_rule(values) == share_rule(moved) == 2
    assert gap_rule(values)[1] == gap_rule(moved)[1]


def test_equal_and_zero_spectra_have_no_gap() -> None:
    assert gap_rule(torch.ones(4, dtype=F64)) == (1.0, 4)
    assert gap_rule(torch.ones(1, dtype=F64)) == (1.0, 1)
    assert gap_rule(torch.zeros(4, dtype=F64)) == (1.0, 0)
    assert share_rule(torch.zeros(4, dtype=F64)) == 0


def test_one_percent_itself_does_not_count() -> None:
    assert share_rule(torch.tensor([1.0, 0.01, 0.0099], dtype=F64)) == 1
    assert share_rule(torch.tensor([1.0, 0.0101, 0.0099], dtype=F64)) == 2


def test_projection_keeps_codes_of_that_rank_and_leaves_the_mean_of_others() -> None:
    codes = codes_of_rank(2) + 3.0
    _, vectors = code_spectrum(codes)
    torch.testing.assert_close(project(codes, vectors, 2), codes, rtol=0, atol=1e-9)
    torch.testing.assert_close(project(codes, vectors, 0), codes.mean(0).expand_as(codes))


def test_the_fitted_gaussian_has_the_moments_of_its_codes() -> None:
    codes, prior = codes_of_rank(4) + 2.0, FittedGaussian(6)
    torch.manual_seed(0)
    assert torch.equal(prior.draw(3), (torch.manual_seed(0), torch.randn(3, 6))[1])
    prior.fit(codes)
    torch.testing.assert_close(prior.mean.double(), codes.mean(0), rtol=1e-6, atol=1e-6)
    covariance = (prior.factor @ prior.factor.T).double()
    torch.testing.assert_close(covariance, codes.T.cov(), rtol=1e-5, atol=1e-5)

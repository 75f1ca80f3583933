"""Gaussian posteriors in blocks against dense matrices and torch's distributions. Float64."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmark.nn import covariance
from benchmark.nn.gaussian import kl_standard

F64 = torch.float64
L = 6
BLOCKS = [1, 2, 3, 6]


def posterior(block: int, count: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(block)
    raw = torch.randn(count, covariance.head_size(L, block), generator=generator, dtype=F64)
    return torch.randn(count, L, generator=generator, dtype=F64), covariance.factor(raw, L, block)


def dense(mean: Tensor, factors: Tensor) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(
        mean,
        torch.stack(
            [torch.block_diag(*(block @ block.mT for block in blocks)) for blocks in factors]
        ),
    )


@pytest.mark.parametrize("block", BLOCKS)
def test_factors_are_lower_triangular_with_positive_diagonal(block: int) -> None:
    _, factors = posterior(block)
    assert factors.shape == (4, L // block, block, block)
    assert torch.equal(factors, factors.tril())
    assert bool((factors.diagonal(dim1=-2, dim2=-1) > 0).all())
    assert int((factors[0] != 0).sum()) == covariance.head_size(L, block)


@pytest.mark.parametrize("block", BLOCKS)
def test_covariance_is_block_diagonal_and_its_diagonal_the_marginal_variance(block: int) -> None:
    mean, factors = posterior(block)
    torch.testing.assert_close(
        covariance.covariance(factors), dense(mean, factors).covariance_matrix
    )
    torch.testing.assert_close(covariance.marginal_variance(factors), dense(mean, factors).variance)


@pytest.mark.parametrize("block", BLOCKS)
def test_parts_of_the_divergence_add_up_to_torchs_and_are_not_negative(block: int) -> None:
    mean, factors = posterior(block)
    standard = torch.distributions.MultivariateNormal(
        torch.zeros(L, dtype=F64), torch.eye(L, dtype=F64)
    )
    parts = covariance.kl_parts(mean, factors)
    torch.testing.assert_close(
        parts.sum(1), torch.distributions.kl_divergence(dense(mean, factors), standard)
    )
    alone = kl_standard(mean, covariance.marginal_variance(factors).log())
    assert bool((parts >= alone - 1e-12).all())
    assert bool((parts.sum(1) > alone.sum(1) + 1e-3).all()) == (block > 1)


def test_blocks_of_one_are_the_diagonal_posterior() -> None:
    raw = torch.randn(3, L, dtype=F64)
    factors = covariance.factor(raw, L, 1)
    torch.testing.assert_close(covariance.marginal_variance(factors), raw.exp())
    torch.testing.assert_close(covariance.kl_parts(raw, factors), kl_standard(raw, raw))


@pytest.mark.parametrize("block", BLOCKS)
def test_draws_have_mean_and_covariance(block: int) -> None:
    mean, factors = posterior(block, count=1)
    torch.manual_seed(0)
    count = 40_000
    z = covariance.draw(mean.expand(count, L), factors.expand(count, *factors.shape[1:]))
    expected = covariance.covariance(factors)[0]
    scale = expected.diagonal().sqrt()
    torch.testing.assert_close(
        (z.mean(0) - mean[0]) / scale, torch.zeros(L, dtype=F64), rtol=0.0, atol=5 / count**0.5
    )  # five standard errors
    torch.testing.assert_close(
        torch.cov(z.mT) / scale / scale[:, None],
        expected / scale / scale[:, None],
        rtol=0.0,
        atol=5 * (2 / count) ** 0.5,
    )


def test_blocks_that_do_not_fill_the_code_are_refused() -> None:
    with pytest.raises(ValueError, match="blocks of 4 coordinates do not fill a code of 6"):
        covariance.head_size(6, 4)


def test_rate_rule_is_half_the_logarithm_of_the_precision_rule() -> None:
    assert pytest.approx(0.047655, abs=1e-6) == covariance.ACTIVE_NATS
    assert covariance.rate_rule(torch.tensor([0.0, 0.0476, 0.0477, 3.0])).tolist() == [
        False,
        False,
        True,
        True,
    ]

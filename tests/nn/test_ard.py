"""Gamma posteriors of prior precisions: invariants I5 to I7 and I10, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from float64 import F64, scalar
from torch import Tensor

from benchmark.nn.ard import (
    HYPERPRIOR,
    conjugate_posterior,
    gamma_kl,
    kl_ard,
    rate_ard,
    sample_log_gamma,
)
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.likelihood import gaussian_nll

A0, B0 = HYPERPRIOR
PAIRS = [
    (1.0, 1.0, 5.339851),
    (2.0, 1.0, 5.761735),
    (0.5, 0.25, 4.863046),
    (50.0, 50.0, 7.450239),
    (64.0, 6.4, 7.572993),
    (A0, B0, 0.0),
]


@pytest.mark.parametrize(("a", "b", "expected"), PAIRS)
def test_gamma_kl_values_and_torch(a: float, b: float, expected: float) -> None:
    value = gamma_kl(scalar(a), scalar(b))
    reference = torch.distributions.kl_divergence(
        torch.distributions.Gamma(scalar(a), scalar(b)),
        torch.distributions.Gamma(scalar(A0), scalar(B0)),
    )
    assert float(value) == pytest.approx(expected, abs=1e-6)
    torch.testing.assert_close(value, reference, rtol=0, atol=1e-10)


def test_gamma_kl_equals_monte_carlo() -> None:
    torch.manual_seed(0)
    q, p = (
        torch.distributions.Gamma(scalar(2.0), scalar(1.0)),
        torch.distributions.Gamma(scalar(A0), scalar(B0)),
    )
    draws = q.sample((200_000,))
    values = q.log_prob(draws) - p.log_prob(draws)
    assert float(gamma_kl(scalar(2.0), scalar(1.0))) == pytest.approx(
        float(values.mean()), abs=4 * float(values.std()) / 200_000**0.5
    )


def test_conjugate_posterior_maximises_the_bound_and_reaches_the_evidence() -> None:
    torch.manual_seed(1)
    z = torch.randn(100, 3, dtype=F64) * torch.tensor([0.1, 1.0, 5.0], dtype=F64)
    size, squares = len(z), z.square().sum(0)

    def bound(a: Tensor, b: Tensor) -> Tensor:
        """E_q log p(Z | alpha) - KL, per dimension."""
        expected_log = torch.digamma(a) - b.log()
        return (
            0.5 * size * (expected_log - math.log(2 * math.pi))
            - 0.5 * squares * a / b
            - gamma_kl(a, b)
        )

    a, b = conjugate_posterior(z)
    torch.testing.assert_close(a, torch.full((3,), A0 + 50.0, dtype=F64))
    torch.testing.assert_close(b, B0 + 0.5 * squares)
    evidence = (
        torch.lgamma(a)
        - math.lgamma(A0)
        + A0 * math.log(B0)
        - a * b.log()
        - 0.5 * size * math.log(2 * math.pi)
    )
    torch.testing.assert_close(bound(a, b), evidence, rtol=1e-10, atol=1e-9)
    for factor in (0.9, 1.1):
        assert (bound(factor * a, b) < bound(a, b)).all()
        assert (bound(a, factor * b) < bound(a, b)).all()


def test_kl_over_draws_of_alpha_has_the_analytic_mean() -> None:
    torch.manual_seed(2)
    mean, log_var = torch.randn(1, 1, dtype=F64), torch.randn(1, 1, dtype=F64)
    a, b = scalar(2.0), scalar(3.0)
    values = kl_ard(mean, log_var, sample_log_gamma(a.expand(100_000, 1), b.expand(100_000, 1)))
    expected = 0.5 * (
        a / b * (mean.square() + log_var.exp()) - 1 - (torch.digamma(a) - b.log()) - log_var
    )
    assert float(values.mean()) == pytest.approx(
        float(expected), abs=3 * float(values.std()) / 100_000**0.5
    )


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_unit_precision_gives_the_standard_kl_bit_for_bit(dtype: torch.dtype) -> None:
    torch.manual_seed(6)
    mean, log_var = torch.randn(50, 7, dtype=dtype), torch.randn(50, 7, dtype=dtype)
    assert torch.equal(
        kl_ard(mean, log_var, torch.zeros(7, dtype=dtype)), kl_standard(mean, log_var)
    )


def test_kl_equals_torch_for_any_precision() -> None:
    torch.manual_seed(7)
    mean, log_var, alpha = (
        torch.randn(5, 3, dtype=F64),
        torch.randn(5, 3, dtype=F64),
        torch.rand(3, dtype=F64) + 0.1,
    )
    prior = torch.distributions.Normal(torch.zeros(3, dtype=F64), alpha.rsqrt())
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, torch.exp(0.5 * log_var)), prior
    )
    torch.testing.assert_close(kl_ard(mean, log_var, alpha.log()), expected, rtol=1e-12, atol=1e-12)


def test_rate_without_a_flow_has_the_kl_as_its_mean_for_any_precision() -> None:
    torch.manual_seed(8)
    mean, log_var, alpha = (
        torch.randn(1, 3, dtype=F64),
        torch.randn(1, 3, dtype=F64),
        torch.rand(3, dtype=F64) + 0.1,
    )
    z = mean + torch.exp(0.5 * log_var) * torch.randn(200_000, 3, dtype=F64)
    rates = rate_ard(log_var, z, torch.zeros(200_000, dtype=F64), alpha.log())
    assert float(rates.mean()) == pytest.approx(
        float(kl_ard(mean, log_var, alpha.log()).sum()), abs=4 * float(rates.std()) / 200_000**0.5
    )


def linear_gaussian() -> tuple[Tensor, ...]:
    torch.manual_seed(9)
    w = torch.linalg.qr(torch.randn(6, 3, dtype=F64))[0] * torch.tensor([2.0, 1.0, 0.3], dtype=F64)
    return (
        w,
        torch.randn(6, dtype=F64),
        torch.tensor([0.5, 2.0, 5.0], dtype=F64),
        scalar(0.4),
        torch.randn(4, 6, dtype=F64),
    )


def negative_bound(
    x: Tensor, w: Tensor, m: Tensor, alpha: Tensor, sigma: Tensor, mean: Tensor, log_var: Tensor
) -> Tensor:
    """NLL + KL per point with the expectation over z taken exactly (2L points integrate a quadratic
    without error)."""
    steps = math.sqrt(len(alpha)) * torch.diag_embed(torch.exp(0.5 * log_var))
    nll = torch.stack(
        [
            gaussian_nll(x, (mean + sign * step) @ w.T + m, sigma.log())
            for step in steps
            for sign in (1, -1)
        ]
    ).mean(0)
    return nll + kl_ard(mean, log_var.expand_as(mean), alpha.log()).sum(1)


def test_exact_posterior_of_a_linear_model_reaches_the_evidence() -> None:
    w, m, alpha, sigma, x = linear_gaussian()
    precision = alpha + w.square().sum(0) / sigma.square()
    mean = (x - m) @ w / (sigma.square() * precision)
    covariance = w @ torch.diag(1 / alpha) @ w.T + sigma.square() * torch.eye(6, dtype=F64)
    evidence = torch.distributions.MultivariateNormal(m, covariance).log_prob(x)
    torch.testing.assert_close(
        -negative_bound(x, w, m, alpha, sigma, mean, -precision.log()), evidence, rtol=0, atol=1e-9
    )


def test_rescaling_a_latent_and_its_precision_leaves_the_bound_unchanged() -> None:
    """So 1 / alpha is the learned scale of a dimension; only KL(alpha) prefers one scale, by
    thousandths of a nat."""
    w, m, alpha, sigma, x = linear_gaussian()
    torch.manual_seed(10)
    mean, log_var = torch.randn(4, 3, dtype=F64), torch.randn(3, dtype=F64)
    c = torch.tensor([0.1, 3.0, 20.0], dtype=F64)
    one = negative_bound(x, w, m, alpha, sigma, mean, log_var)
    other = negative_bound(x, w / c, m, alpha / c.square(), sigma, mean * c, log_var + 2 * c.log())
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-11)
    a, b = torch.full((3,), 64.0, dtype=F64), torch.full((3,), 64.0, dtype=F64)
    change = gamma_kl(a, b * c.square()) - gamma_kl(a, b)
    torch.testing.assert_close(
        change, 2 * A0 * c.log() + a / b * B0 * (c.pow(-2) - 1), rtol=0, atol=1e-12
    )
    assert float(change.abs().max()) < 0.02


@pytest.mark.parametrize("size", [16, 128])
def test_only_the_hyperprior_fixes_the_scale_of_a_code_and_alike_for_all(size: int) -> None:
    """With alpha integrated out, scaling a code by c (the entropy gains B log c) changes the bound
    at B (b0 - a0 m) / (b0 + B m / 2) nats per log c: 0 at m = b0 / a0, whatever the coordinate."""
    torch.manual_seed(11)
    z = torch.randn(size, 4, dtype=F64)
    z = z / z.square().mean(0).sqrt() * torch.tensor([1e-2, 0.1, 1.0, 10.0], dtype=F64).sqrt()
    log_c = torch.zeros(4, dtype=F64, requires_grad=True)
    a, b = conjugate_posterior(z * log_c.exp())
    evidence = torch.lgamma(a) - a * b.log() + size * log_c
    (slope,) = torch.autograd.grad(evidence.sum(), log_c)
    m = z.square().mean(0)
    torch.testing.assert_close(slope, size * (B0 - A0 * m) / (B0 + 0.5 * size * m))
    torch.testing.assert_close(slope, 2 * B0 / m - 2 * A0, rtol=2e-3, atol=1e-7)
    assert float(slope[0]) > 0.0 > float(slope[2:].max()) and abs(float(slope[1])) < 1e-12
    assert float(slope.abs().max()) < 0.03

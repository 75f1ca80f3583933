"""Gamma posteriors of prior precisions: invariants I5 to I7, I10, I11 and I13, in float64 unless
they are about float32."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
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

F64 = torch.float64
A0, B0 = HYPERPRIOR


def scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=F64)


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


SHAPES = pytest.mark.parametrize("concentration", [1e-3, 0.01, 0.1, 1.0, 50.0])
COUNT = 200_000


@SHAPES
def test_log_draws_have_the_distribution_of_log_gamma(concentration: float) -> None:
    """SciPy's moments and distribution function; E log alpha is digamma(a) - log b."""
    torch.manual_seed(3)
    draws = sample_log_gamma(scalar(concentration).expand(COUNT), scalar(2.0).expand(COUNT)).numpy()
    reference = scipy.stats.loggamma(concentration, loc=-math.log(2.0))
    mean, variance, kurtosis = map(float, reference.stats("mvk"))
    assert draws.mean() == pytest.approx(mean, abs=5 * math.sqrt(variance / COUNT))
    assert draws.var() == pytest.approx(
        variance, abs=5 * variance * math.sqrt((kurtosis + 2.0) / COUNT)
    )
    assert scipy.stats.kstest(draws[:10_000], reference.cdf).pvalue > 1e-3


@SHAPES
def test_gradients_of_log_draws_are_those_of_their_moments(concentration: float) -> None:
    """d E log alpha / da = trigamma(a), d E (log alpha)^2 / da from finite differences of SciPy's
    moments; every draw moves by -1 / b with the rate."""
    torch.manual_seed(3)
    a = scalar(concentration).expand(COUNT).clone().requires_grad_()
    b = scalar(2.0).expand(COUNT).clone().requires_grad_()
    draws = sample_log_gamma(a, b)
    to_a, to_b = torch.autograd.grad(draws.sum(), (a, b))
    torch.testing.assert_close(to_b, torch.full_like(to_b, -0.5), rtol=1e-12, atol=0)
    step = 1e-4 * concentration

    def moment(order: int) -> float:
        def at(value: float) -> float:
            reference = scipy.stats.loggamma(value, loc=-math.log(2.0))
            mean, variance = map(float, reference.stats("mv"))
            return mean if order == 1 else variance + mean**2

        return (at(concentration + step) - at(concentration - step)) / (2.0 * step)

    for order, gradients in ((1, to_a), (2, 2.0 * draws.detach() * to_a)):
        error = 5 * float(gradients.std()) / COUNT**0.5
        assert float(gradients.mean()) == pytest.approx(moment(order), abs=error)
    assert moment(1) == pytest.approx(float(scipy.special.polygamma(1, concentration)), rel=1e-5)


@SHAPES
def test_gradient_of_each_log_draw_is_the_implicit_one(concentration: float) -> None:
    """dG/da = -(dF/da) / f for G ~ Gamma(a + 1), by finite differences of SciPy's distribution
    function, and E / a^2 for the exponential part."""
    a = scalar(concentration).expand(200).clone().requires_grad_()
    torch.manual_seed(8)
    draws = sample_log_gamma(a, torch.ones(200, dtype=F64))
    (grad,) = torch.autograd.grad(draws.sum(), a)
    torch.manual_seed(8)
    gamma = torch._standard_gamma(a.detach() + 1.0).numpy()
    exponential = torch.empty(200, dtype=F64).exponential_().numpy()
    assert np.allclose(draws.detach(), np.log(gamma) - exponential / concentration, rtol=1e-12)
    shape, step = concentration + 1.0, 1e-5
    slope = scipy.special.gammainc(shape + step, gamma) - scipy.special.gammainc(
        shape - step, gamma
    )
    implicit = -slope / (2.0 * step) / scipy.stats.gamma(shape).pdf(gamma)
    expected = implicit / gamma + exponential / concentration**2
    assert np.allclose(grad.numpy(), expected, rtol=1e-3)


def test_no_draw_stops_at_a_bound_in_single_precision() -> None:
    """At a = 0.01 four draws in five are below 1e-8, two below float32; all have a logarithm, and
    a gradient of their own."""
    torch.manual_seed(4)
    a = torch.full((10_000,), 0.01, requires_grad=True)
    draws = sample_log_gamma(a, torch.ones(10_000))
    (gradients,) = torch.autograd.grad(draws.sum(), a)
    assert bool(torch.isfinite(draws).all()) and len(draws.unique()) > 9_990
    assert bool(torch.isfinite(gradients).all()) and float(gradients.min()) > 0.0
    shares = [float((draws < bound).float().mean()) for bound in (math.log(1e-8), -87.3)]
    assert shares == pytest.approx([0.83, 0.42], abs=0.02)
    small = kl_ard(torch.ones(1, 1), torch.zeros(1, 1), draws.min().detach())
    assert float(small) == pytest.approx(-0.5 - 0.5 * float(draws.min().detach()), rel=1e-6)


def test_the_hyperprior_is_useless_to_sample_from() -> None:
    torch.manual_seed(5)
    draws = torch.distributions.Gamma(torch.tensor(A0), torch.tensor(B0)).sample((10_000,))
    assert float((draws < 1e-30).float().mean()) > 0.9


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

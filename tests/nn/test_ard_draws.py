"""Draws of log precisions, and their gradients: invariants I11 and I13, in float64 unless they
are about float32."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from float64 import F64, scalar

from benchmark.nn.ard import (
    HYPERPRIOR,
    kl_ard,
    sample_log_gamma,
)

A0, B0 = HYPERPRIOR
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

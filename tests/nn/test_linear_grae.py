"""GRAE and the beta-VAE of linear decoders: closed forms of their objectives and of what they
learn, in float64 throughout."""

from __future__ import annotations

import math

import pytest
import torch
from float64 import EXACT, F64, numbers, rotation
from torch import Tensor, nn

from benchmark.nn import jacobian
from benchmark.nn.likelihood import squared_error

B, L, D = 5, 4, 7


def linear(beta: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """W (D, L), b (D,), points x (B, D) and the codes h (B, L) that minimise GRAE's objective."""
    w, b, x = numbers(D, L), numbers(D, seed=1), numbers(B, D, seed=2)
    precision = w.mT @ w + beta * torch.eye(L, dtype=F64)
    return w, b, x, torch.linalg.solve(precision, w.mT @ (x - b).mT).mT


def grae(x: Tensor, h: Tensor, w: Tensor, b: Tensor, beta: float) -> Tensor:
    decode = nn.Linear(L, D).double()
    decode.weight.data, decode.bias.data = w, b
    grams = jacobian.all_grams(decode, h)
    return 0.5 * squared_error(x, h @ w.mT + b) + 0.5 * beta * (
        h.square().sum(1) + jacobian.log_det_term(grams, beta)
    )


@pytest.mark.parametrize("beta", [0.05, 0.4, 3.0])
def test_grae_on_a_linear_decoder_is_the_marginal_likelihood(beta: float) -> None:
    w, b, x, h = linear(beta)
    marginal = torch.distributions.MultivariateNormal(
        b, w @ w.mT + beta * torch.eye(D, dtype=F64)
    ).log_prob(x)
    torch.testing.assert_close(
        grae(x, h, w, b, beta),
        -beta * marginal - 0.5 * beta * D * math.log(2 * math.pi * beta),
        **EXACT,
    )
    codes = h.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(
        (0.5 * squared_error(x, codes @ w.mT + b) + 0.5 * beta * codes.square().sum(1)).sum(), codes
    )
    assert float(gradient.abs().max()) < 1e-12


def beta_vae(x: Tensor, h: Tensor, w: Tensor, b: Tensor, beta: float, covariance: Tensor) -> Tensor:
    """Exact loss 1/2 E ||x - g(z)||^2 + beta KL of a linear decoder."""
    error = squared_error(x, h @ w.mT + b) + (w.mT @ w * covariance).sum()
    kl = 0.5 * (h.square().sum(1) + covariance.trace() - L - torch.logdet(covariance))
    return 0.5 * error + beta * kl


@pytest.mark.parametrize("beta", [0.05, 0.4, 3.0])
def test_a_beta_vae_pays_more_than_grae_by_the_divergence_from_the_best_covariance(
    beta: float,
) -> None:
    w, b, x, h = linear(beta)
    root = numbers(L, L, seed=5)
    any_covariance = root @ root.mT + 0.1 * torch.eye(L, dtype=F64)
    precision = jacobian.posterior_precision(w.mT @ w, beta)
    gap = beta_vae(x, h, w, b, beta, any_covariance) - grae(x, h, w, b, beta)
    divergence = torch.distributions.kl_divergence(
        torch.distributions.MultivariateNormal(torch.zeros(L, dtype=F64), any_covariance),
        torch.distributions.MultivariateNormal(
            torch.zeros(L, dtype=F64), precision_matrix=precision
        ),
    )
    torch.testing.assert_close(gap, (beta * divergence).expand(B), rtol=1e-10, atol=1e-10)
    expected = (
        0.5
        * beta
        * (torch.trace(precision @ any_covariance) - torch.logdet(precision @ any_covariance) - L)
    )
    torch.testing.assert_close(gap, expected.expand(B), rtol=1e-10, atol=1e-10)
    assert bool((gap > 1e-3 * beta).all())


@pytest.mark.parametrize("beta", [0.05, 0.4, 3.0])
def test_at_the_best_covariance_both_agree_and_its_gradient_vanishes(beta: float) -> None:
    w, b, x, h = linear(beta)
    best = jacobian.optimal_covariance((w.mT @ w).unsqueeze(0), beta)[0].requires_grad_()
    loss = beta_vae(x, h, w, b, beta, best)
    torch.testing.assert_close(loss, grae(x, h, w, b, beta), **EXACT)
    (gradient,) = torch.autograd.grad(loss.sum(), best)
    assert float(gradient.abs().max()) < 1e-10


def test_beta_is_the_variance_of_the_pixels_not_its_inverse() -> None:
    """The posterior of a linear model with pixel variance s has precision I + W'W / s: GRAE's for s
    = beta and for no other."""
    w, _, _, _ = linear(0.4)
    joint = torch.distributions.MultivariateNormal(
        torch.zeros(D, dtype=F64), w @ w.mT + 0.4 * torch.eye(D, dtype=F64)
    ).covariance_matrix
    posterior = torch.eye(L, dtype=F64) - w.mT @ torch.linalg.solve(
        joint, w
    )  # conditional covariance of a joint Gaussian
    torch.testing.assert_close(
        jacobian.optimal_covariance((w.mT @ w).unsqueeze(0), 0.4)[0], posterior, **EXACT
    )
    assert (
        float((jacobian.optimal_covariance((w.mT @ w).unsqueeze(0), 2.5)[0] - posterior).norm())
        > 0.1
    )


EIGENVALUES = torch.tensor(
    [5.0, 3.0, 2.0, 1.2, 0.7, 0.45, *torch.linspace(0.04, 0.01, 14).tolist()], dtype=F64
)
"""Of the covariance of 20-dimensional data: 6, 6, 4 lie above 1.1 beta for beta 0.1, 0.4, 1."""


def data(count: int = 100) -> Tensor:
    """Centred points (count, 20) whose covariance (divisor N) has exactly these eigenvalues."""
    raw = numbers(count, 20)
    return (
        torch.linalg.qr(raw - raw.mean(0))[0]
        * math.sqrt(count)
        * EIGENVALUES.sqrt()
        @ rotation(20).mT
    )


def descended(x: Tensor, beta: float, size: int = 10) -> tuple[Tensor, Tensor]:
    """Encoder (size, 20) and decoder (20, size) of the exact linear GRAE, from a random start."""
    parts = [
        (0.3 * numbers(size, 20, seed=7)).requires_grad_(),
        (0.3 * numbers(20, size, seed=8)).requires_grad_(),
    ]
    optimiser = torch.optim.LBFGS(
        parts,
        max_iter=1000,
        tolerance_grad=1e-7,
        tolerance_change=1e-13,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        h = x @ parts[0].mT
        volume = jacobian.log_det_term((parts[1].mT @ parts[1]).unsqueeze(0), beta).squeeze()
        loss = 0.5 * (
            squared_error(x, h @ parts[1].mT).mean() + beta * (h.square().sum(1).mean() + volume)
        )
        loss.backward()
        return loss

    optimiser.step(closure)
    return parts[0].detach(), parts[1].detach()


@pytest.mark.parametrize(("beta", "expected"), [(0.1, 6), (0.4, 6), (1.0, 4)])
def test_trained_linear_grae_is_probabilistic_pca_and_its_count_that_of_pca(
    beta: float, expected: int
) -> None:
    x = data()
    encoder, decoder = descended(x, beta)
    s = EIGENVALUES[:10]
    axes, singular, right = torch.linalg.svd(decoder, full_matrices=False)
    tolerance = {
        "rtol": 1e-3,
        "atol": 1e-3,
    }  # descent ends where the gradient is 1e-7; unused directions are flat, W enters squared
    torch.testing.assert_close(singular.square(), (s - beta).clamp_min(0.0), **tolerance)
    values, vectors = jacobian.principal_axes((decoder.mT @ decoder).unsqueeze(0), beta)
    torch.testing.assert_close(1.0 + values, (s / beta).clamp_min(1.0), **tolerance)
    codes = (x @ encoder.mT) @ right.mT
    torch.testing.assert_close(codes.square().mean(0), (1.0 - beta / s).clamp_min(0.0), **tolerance)
    pca = int((torch.linalg.eigvalsh(x.mT @ x / len(x)) > 1.1 * beta).sum())
    assert int(jacobian.precision_rule(values).sum()) == pca == expected
    assert axes.shape == (20, 10) and torch.allclose(vectors.mT @ vectors, torch.eye(10, dtype=F64))

"""Identities of the Gaussian decoder (invariants I1 to I3 of the sigma-VAE) in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from benchmark.nn.gaussian import kl_standard, reparameterise
from benchmark.nn.likelihood import gaussian_nll, optimal_log_sigma, softclip, squared_error

F64 = torch.float64


@pytest.fixture
def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.rand(7, 1, 4, 5, generator=generator, dtype=F64) for _ in range(2))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 0.002476), (-1.0, -0.993285), (-3.0, -2.951413), (-6.0, -5.306853), (-20.0, -5.9999992)],
)
def test_softclip_values(value: float, expected: float) -> None:
    assert float(softclip(torch.tensor(value, dtype=F64))) == pytest.approx(expected, abs=1e-6)


def test_softclip_never_falls_below_its_floor() -> None:
    assert float(torch.exp(softclip(torch.tensor(-1e6, dtype=F64)))) == pytest.approx(
        math.exp(-6.0)
    )


def test_nll_equals_the_log_density_of_torch(batch: tuple[Tensor, Tensor]) -> None:
    x, reconstruction = batch
    log_sigma = torch.tensor(-0.7, dtype=F64)
    expected = (
        -torch.distributions.Normal(reconstruction, log_sigma.exp()).log_prob(x).flatten(1).sum(1)
    )
    torch.testing.assert_close(
        gaussian_nll(x, reconstruction, log_sigma), expected, rtol=1e-12, atol=0
    )


def test_optimal_sigma_gives_the_closed_form_batch_nll(batch: tuple[Tensor, Tensor]) -> None:
    x, reconstruction = batch
    nll = gaussian_nll(x, reconstruction, optimal_log_sigma(x, reconstruction)).sum()
    mse = (x - reconstruction).square().mean()
    torch.testing.assert_close(
        nll, 0.5 * x.numel() * (1 + torch.log(2 * math.pi * mse)), rtol=1e-12, atol=0
    )


def test_optimal_sigma_is_the_best_one(batch: tuple[Tensor, Tensor]) -> None:
    x, reconstruction = batch
    best = optimal_log_sigma(x, reconstruction)
    for offset in (-0.01, 0.01):
        assert (
            gaussian_nll(x, reconstruction, best + offset).sum()
            > gaussian_nll(x, reconstruction, best).sum()
        )


@pytest.mark.parametrize("clipped", [False, True])
def test_gradient_ignores_whether_optimal_sigma_is_detached_unless_clipped(
    batch: tuple[Tensor, Tensor], clipped: bool
) -> None:
    x, reconstruction = batch
    gradients = []
    for detach in (False, True):
        variable = reconstruction.clone().requires_grad_()
        log_sigma = optimal_log_sigma(x, variable) - (6.0 if clipped else 0.0)
        log_sigma = softclip(log_sigma) if clipped else log_sigma
        nll = gaussian_nll(x, variable, log_sigma.detach() if detach else log_sigma).sum()
        gradients.append(torch.autograd.grad(nll, variable)[0])
    assert torch.allclose(*gradients, rtol=1e-9, atol=1e-12) is not clipped


def test_loss_equals_the_learnable_gamma_form_up_to_constants(batch: tuple[Tensor, Tensor]) -> None:
    """I3: Dai et al. write the doubled objective in terms of gamma = sigma^2 without constants."""
    x, reconstruction = batch
    generator = torch.Generator().manual_seed(1)
    mean, log_var = (torch.randn(7, 3, generator=generator, dtype=F64) for _ in range(2))
    log_sigma, numbers, kappa = torch.tensor(-1.3, dtype=F64), x[0].numel(), mean.shape[1]
    gamma = torch.exp(2 * log_sigma)
    theirs = (
        squared_error(x, reconstruction) / gamma
        + numbers * torch.log(gamma)
        + (log_var.exp() - log_var + mean.square()).sum(1)
    )
    ours = gaussian_nll(x, reconstruction, log_sigma) + kl_standard(mean, log_var).sum(1)
    residue = theirs - 2 * ours + numbers * math.log(2 * math.pi) - kappa
    torch.testing.assert_close(residue, torch.zeros(7, dtype=F64), rtol=0, atol=1e-10)


def test_kl_equals_torch_and_is_zero_at_the_prior() -> None:
    generator = torch.Generator().manual_seed(2)
    mean, log_var = (torch.randn(5, 4, generator=generator, dtype=F64) for _ in range(2))
    posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
    expected = torch.distributions.kl_divergence(
        posterior, torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    )
    torch.testing.assert_close(kl_standard(mean, log_var), expected, rtol=1e-12, atol=1e-14)
    assert not kl_standard(torch.zeros(2, 3), torch.zeros(2, 3)).any()


def test_reparameterised_draws_have_the_posterior_moments() -> None:
    torch.manual_seed(3)
    mean, log_var = torch.tensor([[1.0, -2.0]], dtype=F64), torch.tensor([[0.0, -2.0]], dtype=F64)
    draws = reparameterise(mean.expand(200_000, 2), log_var.expand(200_000, 2))
    torch.testing.assert_close(
        draws.mean(0), mean[0], rtol=0, atol=0.01
    )  # four standard errors of the wider coordinate
    torch.testing.assert_close(
        draws.var(0), log_var[0].exp(), rtol=0.013, atol=0
    )  # four standard errors

"""The sigma-VAE objective on linear networks is probabilistic PCA (invariant I12). Float64;
expectations over z are exact, taken over 2L points mu +- sqrt(L) s_l e_l, which integrate a
quadratic without error."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from benchmark.metrics.dimension import active_units
from benchmark.nn.gaussian import kl_standard
from benchmark.nn.likelihood import gaussian_nll

F64 = torch.float64
EIGENVALUES = torch.tensor([4.0, 2.0, 1.0, 0.25, 0.1], dtype=F64)


def data(eigenvalues: Tensor) -> tuple[Tensor, Tensor]:
    """Centred points (200, D) whose covariance (divisor N) has exactly these eigenvalues, and the
    eigenvectors (D, D) as columns."""
    generator = torch.Generator().manual_seed(0)
    u = torch.linalg.qr(
        torch.randn(len(eigenvalues), len(eigenvalues), generator=generator, dtype=F64)
    )[0]
    raw = torch.randn(200, len(eigenvalues), generator=generator, dtype=F64)
    white = torch.linalg.qr(raw - raw.mean(0))[0] * math.sqrt(200)
    return white * eigenvalues.sqrt() @ u.T, u


def loss(x: Tensor, encoder: Tensor, log_var: Tensor, decoder: Tensor, log_gamma: Tensor) -> Tensor:
    """Exact negative ELBO per point of mu = x E', x_hat = z W', one posterior variance per
    dimension."""
    mean, size = x @ encoder.T, len(log_var)
    steps = math.sqrt(size) * torch.diag(torch.exp(0.5 * log_var))
    nll = torch.stack(
        [
            gaussian_nll(x, (mean + sign * step) @ decoder.T, 0.5 * log_gamma)
            for step in steps
            for sign in (1, -1)
        ]
    ).mean(0)
    return (nll + kl_standard(mean, log_var.expand_as(mean)).sum(1)).mean()


def optimum(
    gamma: float, size: int, u: Tensor, eigenvalues: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Encoder, posterior log-variances and decoder that the theory gives."""
    lam = eigenvalues[:size]
    scale = (lam - gamma).clamp_min(0.0).sqrt()
    log_var = torch.where(lam > gamma, math.log(gamma) - lam.log(), torch.zeros_like(lam))
    return (
        (scale / lam.clamp_min(1e-300)).unsqueeze(1) * u[:, :size].T,
        log_var,
        u[:, :size] * scale,
    )


@pytest.mark.parametrize("gamma", [0.2, 0.6, 1.5])
def test_theoretical_optimum_is_stationary_and_its_active_units_are_the_eigenvalues_above_gamma(
    gamma: float,
) -> None:
    x, u = data(EIGENVALUES)
    encoder, log_var, decoder = (
        part.clone().requires_grad_() for part in optimum(gamma, 4, u, EIGENVALUES)
    )
    gradients = torch.autograd.grad(
        loss(x, encoder, log_var, decoder, torch.tensor(gamma, dtype=F64).log()),
        (encoder, log_var, decoder),
    )
    assert max(float(gradient.abs().max()) for gradient in gradients) < 1e-12
    codes = (x @ encoder.T).detach().numpy()
    assert active_units(codes.var(0), log_var.exp().detach().numpy()) == sum(
        v > 2 * gamma for v in EIGENVALUES[:4].tolist()
    )
    assert int((codes.var(0) > 1e-9).sum()) == min(4, sum(v > gamma for v in EIGENVALUES.tolist()))


def test_descent_from_a_random_start_reaches_the_theoretical_loss() -> None:
    x, u = data(EIGENVALUES)
    log_gamma = torch.tensor(0.5, dtype=F64).log()
    generator = torch.Generator().manual_seed(1)
    parts = [
        torch.randn(shape, generator=generator, dtype=F64).mul_(0.3).requires_grad_()
        for shape in ((4, 5), (4,), (5, 4))
    ]
    optimiser = torch.optim.LBFGS(
        parts,
        max_iter=2000,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(x, *parts, log_gamma)
        value.backward()
        return value

    optimiser.step(closure)
    best = loss(x, *optimum(0.5, 4, u, EIGENVALUES), log_gamma)
    assert float(loss(x, *parts, log_gamma).detach() - best) == pytest.approx(0.0, abs=1e-7)
    assert int(((x @ parts[0].T).var(0) > 1e-4).sum()) == 3  # eigenvalues 4, 2, 1 exceed 0.5


def test_learned_gamma_is_the_mean_of_the_discarded_eigenvalues() -> None:
    x, u = data(EIGENVALUES)
    expected = EIGENVALUES[3:].mean()
    log_gamma = expected.log().requires_grad_()
    parts = [part.requires_grad_() for part in optimum(float(expected), 3, u, EIGENVALUES)]
    gradients = torch.autograd.grad(loss(x, *parts, log_gamma), (*parts, log_gamma))
    assert max(float(gradient.abs().max()) for gradient in gradients) < 1e-12


def test_noise_free_data_of_rank_r_drives_gamma_down_and_the_rate_up_by_r() -> None:
    eigenvalues = torch.tensor([4.0, 1.0, 0.0, 0.0], dtype=F64)
    x, u = data(eigenvalues)
    rates, losses, gammas = [], [], (1e-3, 1e-4, 1e-5)
    for gamma in gammas:
        encoder, log_var, decoder = optimum(gamma, 3, u, eigenvalues)
        codes = x @ encoder.T
        rates.append(2 * float(kl_standard(codes, log_var.expand_as(codes)).sum(1).mean()))
        losses.append(
            float(loss(x, encoder, log_var, decoder, torch.tensor(gamma, dtype=F64).log()))
        )
        assert active_units(codes.var(0).numpy(), log_var.exp().numpy()) == 2
    slopes = [
        (rates[i + 1] - rates[i]) / (math.log(gammas[i + 1]) - math.log(gammas[i]))
        for i in range(2)
    ]
    assert slopes == pytest.approx([-2.0, -2.0], abs=1e-2)  # 2 KL = -r log gamma + O(gamma)
    assert losses == sorted(losses, reverse=True)  # no minimum: only the floor stops gamma

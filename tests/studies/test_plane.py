"""Gaussians of the plane: codes and mixing of a trial, posteriors, and the bound by quadrature."""

from __future__ import annotations

import pytest
import torch

from benchmark.studies.angles import turn_angle
from benchmark.studies.plane import (
    NOISE,
    Posterior,
    bound,
    draw_codes,
    draw_mixing,
    expected_error,
    random_turns,
    squared_error,
)

F64 = torch.float64


def test_codes_are_white_and_columns_have_norms_2_and_1() -> None:
    codes = draw_codes(500)
    torch.testing.assert_close(codes @ codes.mT / 500, torch.eye(2, dtype=F64))
    torch.testing.assert_close(codes.mean(1), torch.zeros(2, dtype=F64), rtol=0.0, atol=1e-12)
    for kind, right in (("printed", False), ("orthogonal", True)):
        w = draw_mixing(kind)
        torch.testing.assert_close(w.norm(dim=0), torch.tensor([2.0, 1.0], dtype=F64))
        assert (abs(float(w[:, 0] @ w[:, 1])) < 1e-12) == right
        assert (abs(float(turn_angle(torch.linalg.svd(w)[2].mT))) < 1e-9) == right, (
            "V is the identity only for orthogonal columns"
        )


def dense(posterior: Posterior, trial: int) -> torch.distributions.MultivariateNormal:
    columns = torch.stack([posterior.first[trial, :, 0], posterior.second[trial, :, 0]], 1)
    whole = columns @ columns.mT
    return torch.distributions.MultivariateNormal(
        posterior.mean[trial].mT, torch.diag(whole.diagonal()) if posterior.diagonal else whole
    )


@pytest.mark.parametrize("diagonal", [True, False])
def test_posterior_is_the_gaussian_it_says(diagonal: bool) -> None:
    torch.manual_seed(0)
    turn, entries = random_turns(3).double(), torch.randn(3, 3, 1, dtype=F64)
    posterior = Posterior(torch.randn(3, 2, 5, dtype=F64), entries, turn, diagonal=diagonal)
    standard = torch.distributions.MultivariateNormal(
        torch.zeros(2, dtype=F64), torch.eye(2, dtype=F64)
    )
    for trial in range(3):
        lower = torch.tensor(
            [
                [entries[trial, 0].exp().item(), 0.0],
                [entries[trial, 1].item(), entries[trial, 2].exp().item()],
            ],
            dtype=F64,
        )
        sigma = turn[trial] @ lower @ lower.mT @ turn[trial].mT
        own = dense(posterior, trial)
        torch.testing.assert_close(
            own.covariance_matrix[0], torch.diag(sigma.diagonal()) if diagonal else sigma
        )
        torch.testing.assert_close(
            posterior.kl()[trial], torch.distributions.kl_divergence(own, standard).mean()
        )
    noise = torch.randn(3, 2, 200_000, dtype=F64)
    wide = Posterior(torch.zeros(3, 2, 200_000, dtype=F64), entries, turn, diagonal=diagonal)
    drawn, expected = (
        torch.stack([torch.cov(z) for z in wide.at(noise)]),
        torch.stack([dense(wide, t).covariance_matrix[0] for t in range(3)]),
    )
    scale = expected.diagonal(dim1=1, dim2=2).max(1).values.view(3, 1, 1)
    torch.testing.assert_close(
        drawn / scale, expected / scale, rtol=0.0, atol=5 * (2 / 200_000) ** 0.5
    )  # five standard errors


def test_elbo_of_the_exact_posterior_is_the_marginal_likelihood() -> None:
    torch.manual_seed(0)
    w, codes = draw_mixing("printed"), draw_codes(40)
    x = w @ codes + NOISE * torch.randn(2, 40, dtype=F64)
    precision = torch.eye(2, dtype=F64) + w.mT @ w / NOISE**2
    mean = torch.linalg.solve(precision, w.mT @ x / NOISE**2)
    lower = torch.linalg.cholesky(torch.linalg.inv(precision))
    entries = torch.stack([lower[0, 0].log(), lower[1, 0], lower[1, 1].log()]).view(1, 3, 1)
    flat = {"weight": w.unsqueeze(0), "bias": torch.zeros(1, 2, 1, dtype=F64), "nu": "identity"}
    marginal = torch.distributions.MultivariateNormal(
        torch.zeros(2, dtype=F64), w @ w.mT + NOISE**2 * torch.eye(2, dtype=F64)
    )
    full = Posterior(
        mean.unsqueeze(0), entries, torch.eye(2, dtype=F64).unsqueeze(0), diagonal=False
    )
    elbo = bound(expected_error(x, full, **flat), full.kl())
    torch.testing.assert_close(elbo[0], marginal.log_prob(x.mT).mean(), rtol=1e-9, atol=1e-9)
    diagonal = Posterior(
        mean.unsqueeze(0), entries, torch.eye(2, dtype=F64).unsqueeze(0), diagonal=True
    )
    assert (
        float(bound(expected_error(x, diagonal, **flat), diagonal.kl())[0]) < float(elbo[0]) - 0.01
    )


def test_quadrature_agrees_with_many_draws() -> None:
    torch.manual_seed(0)
    posterior = Posterior(
        torch.randn(1, 2, 3, dtype=F64),
        0.3 * torch.randn(1, 3, 1, dtype=F64) - 1.0,
        random_turns(1).double(),
        diagonal=False,
    )
    x, weight, bias = (
        torch.randn(2, 3, dtype=F64),
        torch.randn(1, 2, 2, dtype=F64),
        torch.zeros(1, 2, 1, dtype=F64),
    )
    drawn = torch.stack(
        [
            squared_error(x, posterior.at(torch.randn(1, 2, 3, dtype=F64)), weight, bias, "tanh")[0]
            for _ in range(20_000)
        ]
    )
    exact = expected_error(x, posterior, weight, bias, "tanh")[0]
    assert abs(float(drawn.mean() - exact)) < 5 * float(drawn.std()) / 20_000**0.5

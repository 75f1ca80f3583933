"""Jacobian terms against automatic differentiation, closed forms of linear models, and limits.
Float64 throughout."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from benchmark.nn import jacobian
from benchmark.nn.likelihood import squared_error

F64 = torch.float64
EXACT = {
    "rtol": 0.0,
    "atol": 1e-10,
}  # a few thousand roundings of 1e-16 in numbers of order 1 to 100
B, L, D = 5, 4, 7


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def network(seed: int = 0) -> nn.Sequential:
    """A smooth decoder (L,) -> (1, 1, D) whose weights are large enough to bend."""
    net = nn.Sequential(
        nn.Linear(L, 9), nn.ELU(), nn.Linear(9, D), nn.Sigmoid(), nn.Unflatten(1, (1, 1, D))
    ).double()
    with torch.no_grad():
        for position, parameter in enumerate(net.parameters()):
            parameter.copy_(numbers(*parameter.shape, seed=10 * seed + position))
    return net


def rotation(size: int, seed: int = 3) -> Tensor:
    return torch.linalg.qr(numbers(size, size, seed=seed))[0]


def one_by_one(decode: nn.Module, z: Tensor) -> Tensor:
    return torch.stack(
        [torch.func.jacfwd(lambda row: decode(row.unsqueeze(0)).flatten())(row) for row in z]
    )


def test_jacobian_is_that_of_each_image_alone() -> None:
    decode, z = network(), numbers(B, L)
    images, matrix = jacobian.jacobian(decode, z)
    torch.testing.assert_close(matrix, one_by_one(decode, z), **EXACT)
    torch.testing.assert_close(images, decode(z), **EXACT)
    torch.testing.assert_close(
        jacobian.all_grams(decode, z.repeat(300, 1)),
        jacobian.gram(matrix).repeat(300, 1, 1),
        **EXACT,
    )


def test_sampled_column_is_that_column_of_each_image() -> None:
    decode, z = network(), numbers(B, L)
    index = torch.tensor([3, 0, 1, 1, 2])
    images, column = jacobian.sampled_column(decode, z, jacobian.axis_columns(index, L))
    torch.testing.assert_close(column, one_by_one(decode, z)[torch.arange(B), :, index], **EXACT)
    torch.testing.assert_close(images, decode(z), **EXACT)


def test_batch_statistics_mix_images_into_each_others_columns() -> None:
    """Why decoders here have no batch normalisation."""
    decode = nn.Sequential(
        nn.Linear(L, 9), nn.BatchNorm1d(9, track_running_stats=False), nn.Linear(9, D)
    ).double()
    z, index = numbers(B, L), torch.tensor([3, 0, 1, 1, 2])
    _, column = jacobian.sampled_column(decode, z, jacobian.axis_columns(index, L))
    full = torch.func.jacfwd(lambda codes: decode(codes))(z)
    own = full[torch.arange(B), :, torch.arange(B), index]
    assert float(((column - own).norm() / own.norm()).detach()) > 0.05
    foreign = torch.einsum("bdcl,cl->bd", full, jacobian.axis_columns(index, L).double())
    torch.testing.assert_close(column, foreign, **EXACT)


def test_log_det_is_bounded_by_hadamard_and_equal_for_orthogonal_columns() -> None:
    grams = jacobian.gram(numbers(B, D, L))
    assert bool(
        (jacobian.hadamard_term(grams, 0.3) > jacobian.log_det_term(grams, 0.3) + 1e-3).all()
    )
    orthogonal = jacobian.gram(rotation(D)[:, :L].expand(B, D, L) * numbers(B, 1, L))
    torch.testing.assert_close(
        jacobian.hadamard_term(orthogonal, 0.3), jacobian.log_det_term(orthogonal, 0.3), **EXACT
    )


def test_log_det_is_torchs() -> None:
    grams = jacobian.gram(numbers(B, D, L))
    torch.testing.assert_close(
        jacobian.log_det_term(grams, 0.3),
        torch.logdet(torch.eye(L, dtype=F64) + grams / 0.3),
        **EXACT,
    )


def test_turning_the_code_changes_the_bound_and_not_the_log_det() -> None:
    matrix = numbers(B, D, L)
    before, after = jacobian.gram(matrix), jacobian.gram(matrix @ rotation(L))
    torch.testing.assert_close(
        jacobian.log_det_term(before, 0.3), jacobian.log_det_term(after, 0.3), **EXACT
    )
    assert bool(
        (
            (jacobian.hadamard_term(before, 0.3) - jacobian.hadamard_term(after, 0.3)).abs() > 1e-3
        ).all()
    )


def test_log_det_equals_the_bound_in_the_singular_basis() -> None:
    matrix = numbers(B, D, L)
    turned = jacobian.gram(matrix @ torch.linalg.svd(matrix)[2].mT)
    torch.testing.assert_close(
        jacobian.hadamard_term(turned, 0.3),
        jacobian.log_det_term(jacobian.gram(matrix), 0.3),
        **EXACT,
    )


def test_sampled_term_is_unbiased_for_the_bound() -> None:
    matrix = numbers(B, D, L)
    mean = torch.stack(
        [jacobian.sampled_term(matrix[:, :, column], L, 0.3) for column in range(L)]
    ).mean(0)
    torch.testing.assert_close(mean, jacobian.hadamard_term(jacobian.gram(matrix), 0.3), **EXACT)


def test_large_beta_leaves_the_norm_of_the_jacobian() -> None:
    matrix, beta = numbers(B, D, L), 1e5
    volume, norm = (
        0.5 * beta * jacobian.log_det_term(jacobian.gram(matrix), beta),
        0.5 * matrix.square().sum((1, 2)),
    )
    torch.testing.assert_close(
        volume, norm, rtol=1e-3, atol=0.0
    )  # the next term is |J|^4 / (4 beta), here 1e-4 of it


def test_a_picture_shown_twice_doubles_pixel_term_and_gram() -> None:
    decode, z, x = network(), numbers(B, L), numbers(B, 1, 1, D, seed=1)

    def twice(codes: Tensor) -> Tensor:
        return torch.cat([decode(codes)] * 2, -1)

    torch.testing.assert_close(
        jacobian.all_grams(twice, z), 2.0 * jacobian.all_grams(decode, z), **EXACT
    )
    torch.testing.assert_close(
        squared_error(torch.cat([x, x], -1), twice(z)), 2.0 * squared_error(x, decode(z)), **EXACT
    )


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


def test_principal_axes_diagonalise_the_mean_gram_and_have_fixed_signs() -> None:
    grams = jacobian.gram(numbers(B, D, L))
    values, vectors = jacobian.principal_axes(grams, 0.3)
    torch.testing.assert_close(
        vectors.mT @ grams.mean(0) @ vectors / 0.3, torch.diag(values), **EXACT
    )
    assert values.tolist() == sorted(values.tolist(), reverse=True)
    assert bool((vectors.gather(0, vectors.abs().argmax(0, keepdim=True)) > 0).all())


def test_precision_rule_is_strict_and_knows_unused_directions() -> None:
    assert jacobian.precision_rule(
        torch.tensor([0.2, 0.1 + 1e-12, 0.05, 0.0], dtype=F64)
    ).tolist() == [True, True, False, False]
    assert jacobian.precision_rule(torch.tensor([1.5, 1.0, 0.5], dtype=F64), 2.0).tolist() == [
        True,
        False,
        False,
    ]
    assert 0.5 * math.log(jacobian.ACTIVE_PRECISION) == pytest.approx(0.047655, abs=1e-6)

"""Jacobian terms against automatic differentiation, in float64 throughout."""

from __future__ import annotations

import math

import pytest
import torch
from float64 import EXACT, F64, numbers, rotation
from torch import Tensor, nn

from benchmark.nn import jacobian
from benchmark.nn.likelihood import squared_error

B, L, D = 5, 4, 7


def network(seed: int = 0) -> nn.Sequential:
    """A smooth decoder (L,) -> (1, 1, D) whose weights are large enough to bend."""
    net = nn.Sequential(
        nn.Linear(L, 9), nn.ELU(), nn.Linear(9, D), nn.Sigmoid(), nn.Unflatten(1, (1, 1, D))
    ).double()
    with torch.no_grad():
        for position, parameter in enumerate(net.parameters()):
            parameter.copy_(numbers(*parameter.shape, seed=10 * seed + position))
    return net


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

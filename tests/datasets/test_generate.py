"""Arithmetic of generated data: equal to the linear algebra it replaces, within rounding."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.datasets import generate

RNG = np.random.default_rng(7)


@pytest.mark.parametrize("shape", [(1, 1), (8, 3), (64, 16), (64, 64)])
def test_orthonormal_is_the_q_of_qr_with_positive_diagonal(shape: tuple[int, int]) -> None:
    matrix = RNG.standard_normal(shape)
    q = generate.orthonormal(matrix)
    r = q.T @ matrix
    assert np.allclose(q.T @ q, np.eye(shape[1]), rtol=0, atol=1e-14)  # 64 roundings of 1e-16
    assert np.allclose(q @ r, matrix, rtol=0, atol=1e-13)
    assert np.allclose(np.tril(r, -1), 0, rtol=0, atol=1e-13) and (np.diag(r) > 0).all()


def test_orthonormal_survives_nearly_dependent_columns() -> None:
    matrix = np.ones((20, 3)) + 1e-9 * RNG.standard_normal((20, 3))
    q = generate.orthonormal(matrix)
    assert np.allclose(
        q.T @ q, np.eye(3), rtol=0, atol=1e-14
    )  # a single Gram-Schmidt pass loses 1e-16 / 1e-9 = 1e-7


@pytest.mark.parametrize("rows", [1, generate.BLOCK, 2 * generate.BLOCK + 3])
def test_affine_equals_the_matrix_product(rows: int) -> None:
    x, weight, bias = (
        RNG.standard_normal((rows, 5)),
        RNG.standard_normal((7, 5)),
        RNG.standard_normal(7),
    )
    assert np.allclose(generate.affine(x, weight, bias), x @ weight.T + bias, rtol=0, atol=1e-14)


def test_affine_does_not_depend_on_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = (
        RNG.standard_normal((50, 64)),
        RNG.standard_normal((9, 64)),
        RNG.standard_normal(9),
    )
    whole = generate.affine(x, weight, bias)
    monkeypatch.setattr(generate, "BLOCK", 7)
    assert np.array_equal(generate.affine(x, weight, bias), whole)
    assert np.array_equal(generate.affine(x[20:21], weight, bias), whole[20:21])


@pytest.mark.parametrize(("terms", "total"), [((1.0, 1e16, -1e16), 0.0), ((1e16, -1e16, 1.0), 1.0)])
def test_affine_adds_from_first_to_last(terms: tuple[float, ...], total: float) -> None:
    assert generate.affine(np.array([terms]), np.ones((1, 3)), np.zeros(1)).item() == total


def test_standardise_uses_the_first_array_only() -> None:
    train, other = (
        RNG.standard_normal((100, 3)) * [1, 5, 0.1] + [0, 3, -2],
        RNG.standard_normal((40, 3)),
    )
    first, second = generate.standardise(train, other)
    assert np.allclose(first.mean(axis=0), 0, rtol=0, atol=1e-14) and np.allclose(
        first.std(axis=0), 1, rtol=0, atol=1e-14
    )
    assert np.allclose(second * train.std(axis=0) + train.mean(axis=0), other, rtol=0, atol=1e-14)


def test_generator_is_pcg64_of_the_seed() -> None:
    assert np.array_equal(
        generate.generator(3).random(5), np.random.Generator(np.random.PCG64(3)).random(5)
    )

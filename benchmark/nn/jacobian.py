"""Terms of a decoder's Jacobian: one sampled column, the exact matrix, log-determinants, and the
posterior covariance they imply.

Around a code h a decoder g is nearly linear, ``g(h + d) = g(h) + J d``. With Gaussian pixels of
variance beta and a standard normal prior the posterior there has precision ``A = I + J'J / beta``,
and its log-determinant is the price of the code. ``J'J`` is called the Gram matrix.

Source: Kumar and Poole, "On Implicit Regularization in beta-VAEs", ICML 2020
(https://arxiv.org/abs/2002.00041), equations 11 to 14.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = [
    "ACTIVE_PRECISION",
    "all_grams",
    "axis_columns",
    "column_energies",
    "gram",
    "hadamard_term",
    "jacobian",
    "log_det_term",
    "optimal_covariance",
    "posterior_precision",
    "precision_rule",
    "principal_axes",
    "sampled_column",
    "sampled_term",
]

Decoder = Callable[[Tensor], Tensor]

ACTIVE_PRECISION = 1.1
"""Mean posterior precision above which a direction counts: data variance of 1.1 times the noise, a
rate of half its logarithm, 0.0477 nats."""

_TANGENTS = 2048
"""Tangents carried at once where many images are passed, so that memory does not grow with them."""

# The first product makes torch compile its own rules, and warn about how it does so.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    torch.func.jvp(torch.exp, (torch.zeros(()),), (torch.ones(()),))


def axis_columns(index: Tensor, latent_dim: int) -> Tensor:
    """Return the unit vectors (B, L) along the coordinates ``index`` (B,)."""
    zeros = torch.zeros(len(index), latent_dim, device=index.device)
    return zeros.scatter(1, index.unsqueeze(1), 1.0)


def sampled_column(decode: Decoder, z: Tensor, tangent: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``decode(z)`` (B, *shape) and ``J t`` (B, D), one forward-mode product for the whole
    batch.

    Arguments:
        decode: a map that treats images one by one. Batch statistics couple them: a product with
            one tangent per image would then hold parts of other images' Jacobians.
        z, tangent: codes and directions (B, L); a unit vector gives a column.
    """
    images, column = torch.func.jvp(  # type: ignore[misc]  # two without has_aux
        decode, (z,), (tangent.to(z.dtype),)
    )
    return images, column.flatten(1)


def jacobian(decode: Decoder, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``decode(z)`` (B, *shape) and its Jacobians (B, D, L): L forward-mode products,
    batched."""

    def along(axis: Tensor) -> tuple[Tensor, Tensor]:
        return torch.func.jvp(  # type: ignore[return-value]  # two without has_aux
            decode, (z,), (axis.expand_as(z),)
        )

    axes = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    images, columns = torch.func.vmap(
        along,
        out_dims=(None, 0),  # type: ignore[arg-type]  # torch takes None: not mapped
    )(axes)
    return images, columns.flatten(2).permute(1, 2, 0)


def gram(matrix: Tensor) -> Tensor:
    """Return ``J'J`` (B, L, L) of Jacobians (B, D, L)."""
    return matrix.transpose(1, 2) @ matrix


def all_grams(decode: Decoder, codes: Tensor) -> Tensor:
    """Return ``J'J`` (N, L, L) at ``codes`` (N, L), a few images at a time."""
    size = max(1, _TANGENTS // codes.shape[1])
    return torch.cat([gram(jacobian(decode, part)[1]) for part in codes.split(size)])


def column_energies(decode: Decoder, codes: Tensor) -> tuple[Tensor, Tensor]:
    r"""Return two energies of each column of the Jacobians at ``codes`` (N, L), (L,) both, float64:
    :math:`\frac1N \sum_i \sum_d J_{dl}^2` and :math:`\sum_d (\frac1N \sum_i |J_{dl}|)^2`.

    The first is never less; they agree where all Jacobians do, up to signs, as those of a linear
    map. A few images at a time.
    """
    square = absolute = torch.zeros((), dtype=torch.float64, device=codes.device)
    for part in codes.split(max(1, _TANGENTS // codes.shape[1])):
        matrix = jacobian(decode, part)[1].double()
        square = square + matrix.square().sum((0, 1))
        absolute = absolute + matrix.abs().sum(0)
    return square / len(codes), (absolute / len(codes)).square().sum(0)


def posterior_precision(grams: Tensor, beta: float) -> Tensor:
    """Return ``A = I + J'J / beta`` (B, L, L)."""
    return torch.eye(grams.shape[-1], dtype=grams.dtype, device=grams.device) + grams / beta


def optimal_covariance(grams: Tensor, beta: float) -> Tensor:
    """Return the covariance that minimises the second-order bound, ``(I + J'J / beta)^-1`` (B, L,
    L); equation 11."""
    return torch.linalg.inv(posterior_precision(grams, beta))


def log_det_term(grams: Tensor, beta: float) -> Tensor:
    """Return ``logdet(I + J'J / beta)`` (B,), from a Cholesky factor and without a host read."""
    factor = torch.linalg.cholesky_ex(posterior_precision(grams, beta))[0]
    return 2.0 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def hadamard_term(grams: Tensor, beta: float) -> Tensor:
    """Return ``sum_i ln(1 + |J_i|^2 / beta)`` (B,), J_i the columns: the bound of Hadamard on the
    log-determinant, equal to it where the columns are orthogonal. Equation 14."""
    return torch.log1p(grams.diagonal(dim1=-2, dim2=-1) / beta).sum(-1)


def sampled_term(column: Tensor, latent_dim: int, beta: float) -> Tensor:
    """Return ``L ln(1 + |J_c|^2 / beta)`` (B,) for columns (B, D) drawn uniformly: unbiased for
    :func:`hadamard_term`."""
    return latent_dim * torch.log1p(column.square().sum(1) / beta)


def principal_axes(grams: Tensor, beta: float) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues (L,) of the mean of ``J'J / beta``, largest first, and its
    eigenvectors (L, L) as columns, in float64.

    Rounding below zero is cut off. The entry of largest size in each eigenvector is positive.
    """
    values, vectors = torch.linalg.eigh(grams.double().mean(0) / beta)
    values, vectors = values.flip(0).clamp_min(0.0), vectors.flip(1)
    largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return values, vectors * torch.where(largest < 0.0, -1.0, 1.0)


def precision_rule(eigenvalues: Tensor, threshold: float = ACTIVE_PRECISION) -> Tensor:
    r"""Return which directions the images tell something about, a bool mask (L,): :math:`1 + l_i >
    1.1`.

    On linear decoders at their optimum :math:`1 + l_i = \max(s_i / \beta, 1)` with s the
    eigenvalues of the data covariance, so the rule counts the principal components of variance
    above 1.1 beta.

    Arguments:
        eigenvalues: of the mean of ``J'J / beta``, shape (L,).
        threshold: on the precision; a direction that is not used has exactly 1.
    """
    return 1.0 + eigenvalues > threshold

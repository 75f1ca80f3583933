"""The spectrum of a code: eigenvalues of the covariance of codes, the rules that read a rank off
them, and the Gaussian that they and the mean make."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FittedGaussian", "code_spectrum", "gap_rule", "project", "share_rule"]

_NIL = 1e-12
"""Share of the largest eigenvalue below which an eigenvalue counts as that share."""


def code_spectrum(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues (L,) of the covariance (divisor N - 1) of codes (N, L), largest first,
    and its eigenvectors (L, L) as columns, in float64. Rounding below zero is cut off."""
    size = codes.shape[1]
    values, vectors = torch.linalg.eigh(codes.double().T.cov().reshape(size, size))
    return values.flip(0).clamp_min(0.0), vectors.flip(1)


def share_rule(values: Tensor, share: float = 0.01) -> int:
    r"""Return how many eigenvalues (L,), largest first, exceed ``share`` times the largest:
    :math:`\#\{i : s_i > 0.01\, s_1\}`; 0 where all are 0."""
    return int((values > share * values[0]).sum())


def gap_rule(values: Tensor) -> tuple[float, int]:
    r"""Return the largest ratio of neighbouring eigenvalues (L,), largest first, and how many lie
    above it.

    .. math:: \max_k \frac{w_k}{w_{k+1}}, \quad w = \max(s, 10^{-12} s_1)

    The first of several. Equal eigenvalues, and fewer than two, have no gap: (1.0, L); (1.0, 0)
    where all are 0.
    """
    if not bool(values[0] > 0):
        return 1.0, 0
    w = (values / values[0]).clamp_min(_NIL)
    if len(w) < 2 or bool(w[-1] == 1.0):
        return 1.0, len(w)
    ratios = w[:-1] / w[1:]
    return float(ratios.max()), int(ratios.argmax()) + 1


def project(codes: Tensor, vectors: Tensor, count: int) -> Tensor:
    """Return codes (N, L) with all but the first ``count`` of the directions ``vectors`` (L, L, as
    columns) at their mean."""
    kept = vectors[:, :count].to(codes.dtype)
    mean = codes.mean(0)
    return mean + (codes - mean) @ kept @ kept.T


class FittedGaussian(nn.Module):
    """The Gaussian with mean and covariance of given codes; N(0, I) until :meth:`fit`."""

    mean: Tensor
    factor: Tensor

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(latent_dim))
        self.register_buffer("factor", torch.eye(latent_dim))

    @torch.no_grad()
    def fit(self, codes: Tensor) -> None:
        """Take mean and covariance of codes (N, L)."""
        values, vectors = code_spectrum(codes)
        self.mean.copy_(codes.double().mean(0))
        self.factor.copy_(vectors * values.sqrt())

    def draw(self, n: int) -> Tensor:
        """Return n draws (n, L)."""
        noise = torch.randn(n, len(self.mean), device=self.mean.device, dtype=self.mean.dtype)
        return self.mean + noise @ self.factor.T

"""Principal component analysis, the linear yardstick of every reconstruction table.

Citation
    Hotelling, "Analysis of a complex of statistical variables into principal components", 1933.
    Bishop, "Pattern Recognition and Machine Learning", 2006, section 12.1.

Objective
    The orthonormal directions W (L x D) that minimise the mean of ||x - m - W'W (x - m)||^2 over
    the training images, in closed form: the leading eigenvectors of the training covariance
    (divisor N, accumulated in float64). Reconstructions are not clipped to [0, 1].

Discovery
    Relevance of a dimension: its explained variance (an eigenvalue). L*: the fewest of the L
    dimensions that hold 95 % of the variance these L dimensions explain, the rule RENs apply to
    1/alpha. ``extra.explained`` is the share of the *data's* variance that all L dimensions
    explain, and ``extra.pca_95`` the fewest that explain 95 % of it; where L does not reach that,
    it is absent.

Deviations
    Samples need a prior, which PCA has not: codes are drawn from N(0, diag(explained variance)),
    without residual noise.
    Signs of the eigenvectors are fixed (the entry of largest size is positive).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.method import Discovery, Images, Method
from benchmark.nn.discovery import cumulative_rule

__all__ = ["PCA"]


class PCA(Method):
    """Closed form: :meth:`prepare` does all the work."""

    closed_form = True
    latent_dim_within_data = True

    mean: Tensor
    components: Tensor
    variance: Tensor
    spectrum: Tensor

    @dataclass(frozen=True)
    class Config:
        """PCA has nothing to choose."""

    def build(self) -> None:
        numbers = torch.Size(self.shape).numel()
        if self.latent_dim > numbers:
            raise ValueError(
                f"PCA finds at most {numbers} dimensions in data of shape {self.shape}, "
                f"asked for {self.latent_dim}"
            )
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("components", torch.zeros(self.latent_dim, numbers))
        self.register_buffer("variance", torch.zeros(self.latent_dim))
        self.register_buffer("spectrum", torch.zeros(numbers))

    def prepare(self, train: Images) -> None:
        mean, covariance = _moments(train)
        values, vectors = torch.linalg.eigh(covariance)
        values, vectors = values.flip(0).clamp_min(0.0), vectors.flip(1).T
        largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
        self.mean.copy_(mean)
        self.components.copy_((vectors * largest.sign())[: self.latent_dim])
        self.variance.copy_(values[: self.latent_dim])
        self.spectrum.copy_(values)

    def encode(self, x: Tensor) -> Tensor:
        return (x.flatten(1) - self.mean) @ self.components.T

    def decode(self, z: Tensor) -> Tensor:
        return (z @ self.components + self.mean).view(-1, *self.shape)

    def sample(self, n: int) -> Tensor:
        return self.decode(
            self.variance.sqrt() * torch.randn(n, self.latent_dim, device=self.variance.device)
        )

    def discover(self, x: Tensor) -> Discovery:
        spectrum = self.spectrum.double()
        extra = (
            {"explained": float(self.variance.double().sum() / spectrum.sum())}
            if spectrum.any()
            else {}
        )
        needed = int(cumulative_rule(spectrum).sum())
        if 0 < needed <= self.latent_dim:
            extra["pca_95"] = float(needed)
        return Discovery(self.variance, cumulative_rule(self.variance), extra=extra)


def _moments(train: Images) -> tuple[Tensor, Tensor]:
    """Return mean (D,) and covariance (D, D, divisor N) of the images in float64, in two passes
    over them."""
    count = len(train)
    mean = sum(x.flatten(1).double().sum(0) for x in train.batches(5_000)) / count
    covariance = 0.0  # type: Tensor | float
    for x in train.batches(5_000):
        centred = x.flatten(1).double() - mean
        covariance = covariance + centred.T @ centred
    return mean, covariance / count  # type: ignore[return-value]  # there are images

"""Mixtures of Gaussians with full covariances, fitted to codes by expectation maximisation in
float64 with torch's own random numbers: a method may touch no others, so no library's fit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["GaussianMixture"]

RIDGE = 1e-6
"""Added to every variance."""

_LLOYD = 20
_ROWS = 8192


class GaussianMixture(nn.Module):
    """K Gaussians in L dimensions as buffers: ``weights`` (K,), ``means`` (K, L), ``factors``
    (K, L, L), lower Cholesky. N(0, I) until :meth:`fit`; ``iterations`` and ``log_density``, the
    mean in nats per code, tell of the fit."""

    weights: Tensor
    means: Tensor
    factors: Tensor
    iterations: Tensor
    log_density: Tensor

    def __init__(self, components: int, latent_dim: int) -> None:
        super().__init__()
        if components < 1:
            raise ValueError(f"a mixture has components, expected 1 or more, got {components}")
        eye = torch.eye(latent_dim, dtype=torch.float64)
        uniform = torch.full((components,), 1.0 / components, dtype=torch.float64)
        self.register_buffer("weights", uniform)
        self.register_buffer("means", torch.zeros(components, latent_dim, dtype=torch.float64))
        self.register_buffer("factors", eye.repeat(components, 1, 1))
        self.register_buffer("iterations", torch.zeros((), dtype=torch.int64))
        self.register_buffer("log_density", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def fit(self, codes: Tensor, *, tolerance: float = 1e-3, limit: int = 2000) -> None:
        """Fit to codes (N, L): k-means++ and 20 rounds of k-means, then EM until the mean
        log-density changes by less than ``tolerance``, ``limit`` iterations at most. Where there
        are fewer codes than components, the rest keep no weight."""
        z = codes.to(self.means)
        self._maximise(z, self._clusters(z))
        before = -math.inf
        for iteration in range(1, limit + 1):
            densities = self.joint_log_density(z)
            total = densities.logsumexp(1)
            now = float(total.mean())
            self._maximise(z, (densities - total[:, None]).exp())
            self.iterations.fill_(iteration)
            if abs(now - before) < tolerance:
                break
            before = now
        self.log_density.copy_(self.joint_log_density(z).logsumexp(1).mean())

    def joint_log_density(self, z: Tensor) -> Tensor:
        """Return the logarithm of weight times density of each component, (N, K), at codes (N,
        L)."""
        return torch.cat([self._joint(part) for part in z.to(self.means).split(_ROWS)])

    def _joint(self, z: Tensor) -> Tensor:
        size = z.shape[1]
        away = (z[:, None] - self.means).movedim(0, 2)  # (K, L, N)
        whitened = torch.linalg.solve_triangular(self.factors, away, upper=False)
        scale = self.factors.diagonal(dim1=1, dim2=2).log().sum(1) + 0.5 * size * math.log(
            2.0 * math.pi
        )
        return self.weights.log() - scale - 0.5 * whitened.square().sum(1).T

    def draw(self, n: int) -> Tensor:
        """Return n draws (n, L), float32."""
        chosen = torch.multinomial(self.weights, n, replacement=True)
        noise = torch.randn(n, self.means.shape[1], device=self.means.device).to(self.means)
        turned = torch.einsum("nij,nj->ni", self.factors.index_select(0, chosen), noise)
        return (self.means.index_select(0, chosen) + turned).float()

    def _clusters(self, z: Tensor) -> Tensor:
        """Return hard responsibilities (N, K) of k-means from a k-means++ start."""
        count = min(len(self.weights), len(z))
        first = torch.randint(len(z), (1,), device=z.device)
        centres = z.index_select(0, first)
        for _ in range(count - 1):
            nearest = torch.cdist(z, centres).square().min(1).values
            weights = nearest if bool(nearest.sum() > 0) else torch.ones_like(nearest)
            centres = torch.cat([centres, z.index_select(0, torch.multinomial(weights, 1))])
        for _ in range(_LLOYD):
            labels = torch.cdist(z, centres).argmin(1)
            members = nn.functional.one_hot(labels, count).to(z)
            sizes = members.sum(0)
            moved = members.T @ z / sizes.clamp_min(1.0)[:, None]
            centres = torch.where((sizes > 0)[:, None], moved, centres)
        labels = torch.cdist(z, centres).argmin(1)
        return nn.functional.one_hot(labels, len(self.weights)).to(z)

    def _maximise(self, z: Tensor, responsibilities: Tensor) -> None:
        """Take weights, means and covariances from responsibilities (N, K)."""
        sizes = responsibilities.sum(0)
        soft = sizes + 10.0 * torch.finfo(z.dtype).eps
        self.weights.copy_(sizes / sizes.sum())
        self.means.copy_(responsibilities.T @ z / soft[:, None])
        ridge = RIDGE * torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        for k in range(len(soft)):
            away = z - self.means[k]
            covariance = (responsibilities[:, k, None] * away).T @ away / soft[k]
            self.factors[k] = torch.linalg.cholesky(covariance + ridge)

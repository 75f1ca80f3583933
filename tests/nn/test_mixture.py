"""Mixtures fitted by EM: against scikit-learn's densities, closed forms and moments of samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture as Reference

from benchmark.nn.mixture import RIDGE, GaussianMixture

F64 = torch.float64


def clusters(count: int = 600) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[4.0, 0.0, 0.0], [-4.0, 1.0, 0.0], [0.0, 0.0, 5.0]])
    noise = torch.randn(count, 3, generator=generator) * torch.tensor([1.0, 0.3, 0.6])
    return centres[torch.arange(count) % 3] + noise


def fitted(codes: torch.Tensor, components: int) -> GaussianMixture:
    torch.manual_seed(0)
    mixture = GaussianMixture(components, codes.shape[1])
    mixture.fit(codes)
    return mixture


def test_densities_are_scikit_learns() -> None:
    codes = clusters()
    mixture = fitted(codes, 3)
    reference = Reference(3)
    reference.weights_, reference.means_ = mixture.weights.numpy(), mixture.means.numpy()
    covariance = (mixture.factors @ mixture.factors.mT).numpy()
    reference.covariances_ = covariance
    reference.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(covariance)).swapaxes(1, 2)
    ours = mixture.joint_log_density(codes).logsumexp(1)
    np.testing.assert_allclose(ours, reference.score_samples(codes.double().numpy()), rtol=1e-9)
    best = Reference(3, random_state=0).fit(codes.double().numpy())
    assert float(ours.mean()) == pytest.approx(best.score(codes.double().numpy()), abs=1e-3)


def test_one_component_is_mean_and_covariance() -> None:
    codes = clusters()
    mixture = fitted(codes, 1)
    torch.testing.assert_close(mixture.means[0], codes.double().mean(0))
    covariance = codes.double().T.cov(correction=0) + RIDGE * torch.eye(3, dtype=F64)
    torch.testing.assert_close(mixture.factors[0] @ mixture.factors[0].T, covariance)


def test_the_log_density_never_falls() -> None:
    codes = clusters()
    values = []
    for limit in range(1, 9):
        torch.manual_seed(3)
        mixture = GaussianMixture(5, 3)
        mixture.fit(codes, tolerance=0.0, limit=limit)
        assert int(mixture.iterations) == limit
        values.append(float(mixture.log_density))
    assert all(later >= earlier - 1e-5 for earlier, later in pairwise(values))
    assert values[-1] > values[0]


def test_samples_have_the_moments_of_the_mixture() -> None:
    codes = clusters()
    mixture = fitted(codes, 3)
    drawn = mixture.draw(200_000)
    assert drawn.dtype == torch.float32
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), rtol=0, atol=0.05)
    torch.testing.assert_close(drawn.T.cov(), codes.T.cov(correction=0), rtol=0.02, atol=0.1)


def test_before_a_fit_it_is_standard_and_few_codes_leave_components_empty() -> None:
    mixture = GaussianMixture(4, 3)
    assert float(mixture.draw(50_000).std()) == pytest.approx(1.0, abs=0.02)
    few = fitted(clusters()[:2], 4)
    assert int((few.weights > 0).sum()) == 2 and bool(torch.isfinite(few.draw(100)).all())
    with pytest.raises(ValueError, match="expected 1 or more, got 0"):
        GaussianMixture(0, 3)

"""PCA is the best linear autoencoder; its numbers are known in closed form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from harness import split
from sklearn.decomposition import PCA as Reference

from baselines.pca import PCA
from benchmark.datasets.split import Split
from benchmark.datasets.tensors import TensorSplit
from benchmark.training.runtime import construct


def fitted(data: Split, latent_dim: int) -> PCA:
    method = construct(PCA, PCA.Config(), 0, shape=data.shape, latent_dim=latent_dim)
    method.prepare(TensorSplit(data))
    return method


@pytest.fixture(scope="module")
def data() -> Split:
    raw = split(500, 6).stored * np.array([3.0, 2.0, 1.0, 0.5, 0.2, 0.1], dtype=np.float32) + 0.7
    return Split(raw, (6,))


def test_equals_scikit_learn(data: Split) -> None:
    method, reference = (
        fitted(data, 3),
        Reference(3, svd_solver="full").fit(data.stored.astype(np.float64)),
    )
    x = torch.from_numpy(data.stored)
    np.testing.assert_allclose(
        method.decode(method.encode(x)),
        reference.inverse_transform(reference.transform(data.stored)),
        atol=1e-5,
    )  # float32
    np.testing.assert_allclose(
        method.variance, reference.explained_variance_ * 499 / 500, rtol=1e-5
    )
    assert method.discover(x).extra["explained"] == pytest.approx(
        reference.explained_variance_ratio_.sum(), rel=1e-5
    )


def test_error_is_the_sum_of_the_discarded_eigenvalues(data: Split) -> None:
    x = torch.from_numpy(data.stored)
    for latent_dim in (1, 3, 6):
        method = fitted(data, latent_dim)
        error = (x - method.decode(method.encode(x))).double().square().sum(1).mean()
        assert float(error) == pytest.approx(
            float(method.spectrum[latent_dim:].double().sum()), rel=1e-4, abs=1e-10
        )


def test_discovery_applies_the_95_percent_rule_to_explained_variance(data: Split) -> None:
    discovery = fitted(data, 4).discover(torch.from_numpy(data.stored))
    share = np.cumsum(discovery.relevance.numpy()) / discovery.relevance.numpy().sum()
    assert int(discovery.active.sum()) == int(np.argmax(share >= 0.95)) + 1
    assert discovery.extra["pca_95"] == 3.0
    assert "pca_95" not in fitted(data, 1).discover(torch.from_numpy(data.stored)).extra


def test_samples_have_the_modelled_moments(data: Split) -> None:
    method = fitted(data, 6)
    torch.manual_seed(0)
    samples = method.sample(100_000)
    torch.testing.assert_close(
        samples.mean(0), torch.from_numpy(data.stored).mean(0), rtol=0, atol=0.04
    )  # four standard errors of std 3
    torch.testing.assert_close(
        torch.cov(samples.T),
        torch.cov(torch.from_numpy(data.stored).T, correction=0),
        rtol=0,
        atol=0.17,
    )  # 9 sqrt(2 / n) x 4


def test_signs_are_fixed(data: Split) -> None:
    components = fitted(data, 4).components
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    assert bool((largest > 0).all())


def test_constant_data_has_nothing_to_explain() -> None:
    discovery = fitted(Split(np.ones((20, 6), np.float32), (6,)), 3).discover(torch.ones(5, 6))
    assert not discovery.active.any() and discovery.extra == {}


def test_more_dimensions_than_numbers_is_an_error(data: Split) -> None:
    with pytest.raises(ValueError, match="at most 6 dimensions"):
        fitted(data, 7)


@pytest.mark.parametrize(
    ("name", "latent_dim", "expected"),
    [
        ("MNIST", 16, 0.02686),
        ("MNIST", 32, 0.01683),
        ("FashionMNIST", 32, 0.01514),
        ("FashionMNIST", 64, 0.01037),
    ],
)
def test_known_errors_on_real_images(
    data_dir: Path, name: str, latent_dim: int, expected: float
) -> None:
    from harness import CPU

    from benchmark.datasets import mnist
    from benchmark.evaluation.evaluator import Evaluator

    splits = getattr(mnist, name)(data_dir=data_dir).load()
    method = fitted(splits.train, latent_dim)
    error = Evaluator(method, TensorSplit(splits.test), seed=0, device=CPU).squared_error
    assert error.mean() == pytest.approx(expected, abs=1e-4)
    assert len(error) == 10_000

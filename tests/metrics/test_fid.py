"""Distances of features: against closed forms and references, their direction, what they say of
themselves, and what theory says of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_fid.fid_score import calculate_frechet_distance

from benchmark.metrics import fid
from benchmark.metrics.base import Absent, Extractor, Metric
from benchmark.metrics.fid import (
    FD_CNN,
    FD_CNN_FLOOR,
    FD_CNN_RECONSTRUCTION,
    FID,
    FID_FLOOR,
    FID_RECONSTRUCTION,
)
from benchmark.metrics.frechet import FD_RAW, FD_RAW_FLOOR, frechet_distance, moments
from benchmark.metrics.kid import KID, KID_CNN, KID_CNN_FLOOR, KID_FLOOR, kernel_distance

DIM = 6
ALL = [
    FID,
    FID_RECONSTRUCTION,
    FID_FLOOR,
    FD_CNN,
    FD_CNN_RECONSTRUCTION,
    FD_CNN_FLOOR,
    KID,
    KID_FLOOR,
    KID_CNN,
    KID_CNN_FLOOR,
]


def gaussian(n: int, seed: int, *, scale: float = 1.0, dim: int = DIM) -> np.ndarray:
    return np.random.default_rng(seed).normal(1.0, scale, size=(n, dim)).astype(np.float32)


def evidence(n: int = 400, dim: int = DIM, **replaced: np.ndarray) -> Any:
    parts = {"test": gaussian(n, 0, dim=dim), "train": gaussian(n, 1, dim=dim), **replaced}
    extractors = {
        "cnn": Extractor("cnn-digits", "0123abcd", dim, "none", "none"),
        "inception": Extractor("inception", "6726825d", dim, "299", "uint8"),
    }
    return SimpleNamespace(
        feature_count=n, extractor=extractors.__getitem__, features=lambda kind, of: parts[of]
    )


def image_of(metric: Metric) -> str:
    return (
        "train"
        if metric.name.endswith("floor")
        else "reconstructions"
        if metric.name.endswith("reconstruction")
        else "samples"
    )


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_each_metric_is_worse_for_a_collapsed_and_for_a_noisy_generator(metric: Metric) -> None:
    noise = np.random.default_rng(9).normal(0.0, 1.5, size=(400, DIM)).astype(np.float32)
    good, collapsed, noisy = (
        gaussian(400, 3),
        np.repeat(gaussian(1, 3), 400, 0),
        gaussian(400, 3) + noise,
    )
    values = [
        metric.measure(evidence(**{image_of(metric): images}))[1].value
        for images in (good, collapsed, noisy)
    ]
    assert values[0] < 0.2 * min(values[1:])
    assert metric.direction == ("none" if metric.name.endswith("floor") else "min")


def test_ids_carry_the_protocol() -> None:
    parts = evidence(samples=gaussian(400, 3))
    assert FID.measure(parts)[0] == (
        "fid[extractor=inception-6726825d,resize=299,rounding=uint8,n=400,reference=400,split=test]"
    )
    assert KID_CNN.measure(parts)[0] == (
        "kid-cnn[extractor=cnn-digits-0123abcd,resize=none,rounding=none,n=400,reference=400,"
        "split=test]"
    )
    assert (
        FD_CNN_FLOOR.measure(parts)[0].partition("[")[2]
        == FD_CNN.measure(parts)[0].partition("[")[2]
    )


def test_the_floor_is_that_of_real_images_and_the_same_for_every_method() -> None:
    first, second = (
        evidence(samples=gaussian(400, 3)),
        evidence(samples=gaussian(400, 4, scale=3.0)),
    )
    assert FD_CNN_FLOOR.measure(first) == FD_CNN_FLOOR.measure(second)
    assert (
        FD_CNN_FLOOR.measure(first)[1].value
        == FD_CNN.measure(evidence(samples=gaussian(400, 1)))[1].value
    )


def test_collapse_and_singular_covariances_are_told_and_no_error() -> None:
    flat = gaussian(400, 3) * np.array([1, 1, 1, 0, 0, 0], np.float32)
    by_set = {
        "constant": FD_CNN.measure(evidence(samples=np.ones((400, DIM), np.float32)))[1],
        "flat": FD_CNN.measure(evidence(samples=flat))[1],
        "few": FD_CNN.measure(evidence(5, samples=gaussian(5, 3)))[1],
        "two": FD_CNN.measure(evidence(2, samples=gaussian(2, 3)))[1],
        "good": FD_CNN.measure(evidence(samples=gaussian(400, 3)))[1],
    }
    assert all(np.isfinite(measured.value) for measured in by_set.values())
    assert by_set["constant"].remark == "collapsed: all images have the same features"
    assert by_set["flat"].remark == "the covariance is singular: rank 3 of 6, the reference has 6"
    assert (
        by_set["few"].remark
        == "covariances are singular: 5 images for 6 features, ranks 4 and 4 (reference)"
    )
    assert by_set["two"].n == 2 and "ranks 1 and 1" in by_set["two"].remark
    assert by_set["good"].remark == "" and "remark" not in by_set["good"].document()


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_one_image_is_absent_and_so_is_what_has_no_extractor(metric: Metric) -> None:
    with pytest.raises(Absent, match="two test images at least"):
        metric.measure(evidence(1, samples=gaussian(1, 3)))

    def none(kind: str) -> Extractor:
        raise Absent("no weights")

    with pytest.raises(Absent, match="no weights"):
        metric.measure(SimpleNamespace(feature_count=400, extractor=none))


@pytest.mark.parametrize(("n", "dim"), [(500, 8), (30, 50), (200, 64)])
def test_the_distance_is_the_one_of_pytorch_fid(n: int, dim: int) -> None:
    rng = np.random.default_rng(dim)
    mix = rng.normal(size=(dim, dim)) / np.sqrt(dim)
    x, y = rng.normal(size=(n, dim)) @ mix, rng.normal(0.3, 1.2, size=(n, dim))
    (m, c), (k, d) = moments(x), moments(y)
    ridge = (
        1e-3 * np.eye(dim) if n <= dim else 0.0
    )  # its square root of a singular product is only good to the root of the rounding error
    try:
        expected = calculate_frechet_distance(m, c + ridge, k, d + ridge)
    except TypeError as error:  # SciPy 1.18 took the argument away that it uses
        pytest.skip(f"pytorch-fid cannot take a matrix square root with this SciPy: {error}")
    assert frechet_distance(m, c + ridge, k, d + ridge) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.2, 5.0))
def test_features_permuted_rotated_and_scaled_behave_as_theory_says(
    seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4)), rng.normal(1.0, 1.0, size=(60, 4))
    rotation, order = np.linalg.qr(rng.normal(size=(4, 4)))[0], rng.permutation(60)

    def fd(a: np.ndarray, b: np.ndarray) -> float:
        distance = fid.feature_distance(evidence(60, 4, samples=a, test=b), "cnn", "samples")
        return distance[0]

    size = 1.0 + float(np.square(x).max() + np.square(y).max())
    assert fd(x[order], y) == pytest.approx(fd(x, y), abs=1e-9 * size)
    assert fd(x @ rotation, y @ rotation) == pytest.approx(fd(x, y), abs=1e-8 * size)
    assert fd(scale * x, scale * y) == pytest.approx(
        scale**2 * fd(x, y), abs=1e-8 * size * max(1.0, scale**2)
    )
    assert kernel_distance(x[order], y) == pytest.approx(kernel_distance(x, y), abs=1e-10 * size**3)
    assert kernel_distance(x @ rotation, y @ rotation) == pytest.approx(
        kernel_distance(x, y), abs=1e-10 * size**3
    )
    assert kernel_distance(x, y) == pytest.approx(kernel_distance(y, x), abs=1e-10 * size**3)


def test_kid_is_the_u_statistic_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = gaussian(13, 0).astype(float), gaussian(9, 1, scale=2.0).astype(float)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(a @ b / DIM + 1.0) ** 3

    within = [
        np.mean([kernel(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j])
        for z in (x, y)
    ]
    expected = sum(within) - 2.0 * np.mean([kernel(a, b) for a in x for b in y])
    for block in (1, 4, 1000):
        monkeypatch.setattr("benchmark.metrics.kid.BLOCK", block)
        assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-12)


def test_kid_is_unbiased() -> None:
    """x is -1 or 1 and y is 0 or 2, with equal chances, and k = (ab + 1)^3.

    E k(x, x') = (8 + 0) / 2; E k(y, y') = (1 + 1 + 1 + 125) / 4 = 32; E k(x, y) = (1 + 1 + 27 - 1)
    / 4 = 7; so the distance is 4 + 32 - 14 = 22.
    """
    rng = np.random.default_rng(0)
    draws = [
        kernel_distance(2.0 * rng.integers(0, 2, (3, 1)) - 1.0, 2.0 * rng.integers(0, 2, (4, 1)))
        for _ in range(4000)
    ]
    error = np.std(draws) / np.sqrt(len(draws))
    assert error < 0.6
    assert np.mean(draws) == pytest.approx(22.0, abs=4 * error)
    same = [kernel_distance(rng.normal(size=(3, 2)), rng.normal(size=(4, 2))) for _ in range(4000)]
    assert (
        np.mean(same) == pytest.approx(0.0, abs=4 * np.std(same) / np.sqrt(len(same)))
        and min(same) < 0.0
    )


def test_the_floor_in_raw_space_is_that_of_training_vectors() -> None:
    vectors = {"test": gaussian(300, 0).astype(float), "train": gaussian(300, 1).astype(float)}
    parts = SimpleNamespace(
        shape=(DIM,), test_vectors=vectors["test"], train_vectors=lambda n: vectors["train"][:n]
    )
    identifier, floor = FD_RAW_FLOOR.measure(parts)
    assert identifier == "fd-raw-floor[n=300,reference=300,split=test]"
    samples = SimpleNamespace(
        shape=(DIM,), test_vectors=vectors["test"], sample_vectors=lambda n: vectors["train"][:n]
    )
    assert floor.value == FD_RAW.measure(samples)[1].value

"""Metrics of samples beside test data: what a collapsed and a noisy generator do to each, and
evidence they cannot use."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmark.metrics.base import Absent, Extractor, Metric
from benchmark.metrics.correlation import NAC, normalised_absolute_correlation
from benchmark.metrics.discrepancy import BANDWIDTHS, PROJECTIONS
from benchmark.metrics.generation import (
    COVERAGE,
    DENSITY,
    MMD,
    PRD_PRECISION,
    PRD_RECALL,
    PRECISION,
    RECALL,
    SLICED_WASSERSTEIN,
)
from benchmark.metrics.manifold import neighbours
from benchmark.metrics.prd import CLUSTERS, RUNS

N, D = 300, 3
ALL = (
    PRD_PRECISION,
    PRD_RECALL,
    PRECISION,
    RECALL,
    COVERAGE,
    SLICED_WASSERSTEIN,
    DENSITY,
    MMD,
)


def heaps(seed: int, count: int = N, kinds: int = 6, spread: float = 0.3) -> np.ndarray:
    """Points around ``kinds`` of six corners of a cube."""
    rng = np.random.default_rng(seed)
    corners = 4.0 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1]])
    return corners[rng.integers(0, kinds, count)] + spread * rng.normal(size=(count, D))


class Vectors:
    """Evidence of a generator of vectors."""

    def __init__(self, samples: np.ndarray, reference: np.ndarray | None = None) -> None:
        self.test_vectors = heaps(0) if reference is None else reference
        self.samples, self.shape, self.done = samples, (D,), {}

    def sample_vectors(self, n: int) -> np.ndarray:
        return self.samples[:n]

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        return self.done.setdefault(name, make())


def value(metric: Metric, samples: np.ndarray, reference: np.ndarray | None = None) -> float:
    return metric.measure(Vectors(samples, reference))[1].value


GOOD = heaps(1)
COLLAPSED = heaps(2, kinds=1)  # one heap of six, as the data have it
NOISY = heaps(1) + 3.0 * np.random.default_rng(3).normal(size=(N, D))


# which failures a metric sees: F_1/8 weighs recall a little too; recall is not lowered by samples
# that are too wide alone
@pytest.mark.parametrize(
    ("metric", "collapse", "noise"),
    [
        (PRD_PRECISION, True, True),
        (PRD_RECALL, True, False),
        (PRECISION, False, True),
        (RECALL, True, False),
        (COVERAGE, True, True),
        (DENSITY, False, True),
        (SLICED_WASSERSTEIN, True, True),
        (MMD, True, True),
    ],
    ids=lambda case: case.name if isinstance(case, Metric) else None,
)
def test_direction_by_a_collapsed_and_a_noisy_generator(
    metric: Metric, collapse: bool, noise: bool
) -> None:
    sign = {"max": 1.0, "min": -1.0}[metric.direction]
    good, collapsed, noisy = (sign * value(metric, samples) for samples in (GOOD, COLLAPSED, NOISY))
    margin = 0.1 * max(abs(good), abs(collapsed), abs(noisy))
    assert (collapsed < good - margin) == collapse
    assert (noisy < good - margin) == noise


def test_a_perfect_generator_has_the_best_values() -> None:
    for metric, best in zip(ALL, (1, 1, 1, 1, 1, 0), strict=False):
        assert value(metric, heaps(0)) == pytest.approx(best, abs=1e-6)
    assert value(MMD, heaps(0)) < 0.0  # unbiased: below zero where both are the same points


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_order_of_samples_changes_nothing(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    assert value(metric, rng.permutation(GOOD), rng.permutation(heaps(0))) == pytest.approx(
        value(metric, GOOD), abs=1e-12
    )


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_evidence_that_cannot_be_used_is_absent_with_a_reason(metric: Metric) -> None:
    with pytest.raises(Absent, match="samples are not finite"):
        value(metric, np.where(np.arange(N)[:, None] == 7, np.nan, GOOD))
    with pytest.raises(Absent, match="test images are not finite"):
        value(metric, GOOD, np.full((N, D), np.inf))
    with pytest.raises(Absent, match="1 test images and 1 samples; 6 of each are needed"):
        value(metric, GOOD[:1], heaps(0)[:1])
    wide = Vectors(np.zeros((9, 65)), np.zeros((9, 65)))
    wide.shape = (65,)
    with pytest.raises(Absent, match="up to 64 numbers, these have 65"):
        metric.measure(wide)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_constant_samples_and_constant_data_do_not_crash(metric: Metric) -> None:
    worst = value(metric, np.full((N, D), 100.0))
    assert np.isfinite(worst) and (worst == 0.0 if metric.direction == "max" else worst > 0.1)
    if metric is MMD:
        with pytest.raises(Absent, match="coincide"):
            value(metric, GOOD, np.ones((N, D)))
    else:
        best = N / 5 if metric is DENSITY else 1.0 if metric.direction == "max" else 0.0
        assert value(metric, np.ones((N, D)), np.ones((N, D))) == pytest.approx(best, abs=1e-6)


def test_id_carries_space_count_and_split() -> None:
    identifier, measured = MMD.measure(Vectors(GOOD))
    assert (
        identifier == f"mmd[space=raw,n={N},reference={N},split=test,widths=0.5-1-2]"
        and measured.n == N
    )


def test_settings_in_the_ids_are_those_in_use() -> None:
    assert (BANDWIDTHS, PROJECTIONS, CLUSTERS, RUNS) == ((0.5, 1.0, 2.0), 256, 20, 10)
    settings = inspect.signature(neighbours).parameters
    assert [settings[name].default for name in ("k", "k_coverage")] == [3, 5]


class Images(Vectors):
    """Evidence of a generator of images, seen by the extractors in ``kinds``."""

    feature_count = N

    def __init__(self, samples: np.ndarray, *kinds: str) -> None:
        super().__init__(samples)
        self.shape, self.kinds = (1, 8, 8), kinds

    def extractor(self, kind: str) -> Extractor:
        if kind not in self.kinds:
            raise Absent(f"no {kind} here")
        return Extractor(kind, "0123abcd", D, "none", "uint8")

    def features(self, kind: str, of: str) -> np.ndarray:
        assert kind in self.kinds
        return (heaps(0) if of == "test" else self.samples).astype(np.float32)


def test_images_are_compared_in_the_features_of_the_network_that_knows_them_best() -> None:
    for kinds, used in ((("cnn", "inception"), "cnn"), (("inception",), "inception")):
        identifier, measured = PRECISION.measure(Images(GOOD, *kinds))
        assert identifier == (
            f"precision[extractor={used}-0123abcd,resize=none,rounding=uint8,n={N},"
            f"reference={N},split=test,k=3]"
        )
        assert measured.value == pytest.approx(value(PRECISION, GOOD), abs=0.01)
    with pytest.raises(Absent, match="no inception here"):
        PRECISION.measure(Images(GOOD))


def correlated(rho: float, n: int = 10_000) -> np.ndarray:
    x, y = np.random.default_rng(0).normal(size=(2, n))
    return np.stack((x, rho * x + np.sqrt(1 - rho**2) * y), 1)


def test_nac_of_hand_made_codes() -> None:
    x = np.random.default_rng(0).normal(size=(50, 1))
    assert normalised_absolute_correlation(np.hstack((x, x))) == pytest.approx(1.0)
    assert normalised_absolute_correlation(np.hstack((x, -7.0 * x + 3.0))) == pytest.approx(1.0)
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert normalised_absolute_correlation(square) == pytest.approx(0.0, abs=1e-15)
    assert normalised_absolute_correlation(
        np.column_stack((square, square[:, 0]))
    ) == pytest.approx(1 / 3)  # one pair of three
    assert normalised_absolute_correlation(correlated(0.6)) == pytest.approx(0.6, abs=0.02)


def test_nac_of_independent_codes_is_the_sampling_floor() -> None:
    codes = np.random.default_rng(0).normal(size=(10_000, 30))
    assert normalised_absolute_correlation(codes) == pytest.approx(
        np.sqrt(2 / (np.pi * 10_000)), rel=0.1
    )


def test_nac_ignores_scale_and_order_of_the_dimensions() -> None:
    codes = np.random.default_rng(0).normal(size=(200, 4)) @ np.random.default_rng(1).normal(
        size=(4, 4)
    )
    expected = normalised_absolute_correlation(codes)
    assert normalised_absolute_correlation(
        codes[::-1, [2, 0, 3, 1]] * [1e-3, 5.0, -1.0, 1e3] + 9.0
    ) == pytest.approx(expected, rel=1e-9)


class Codes:
    def __init__(self, codes: np.ndarray, active: list[bool]) -> None:
        self.codes, self.active = codes, np.array(active)


def test_nac_counts_active_dimensions_and_names_constant_ones() -> None:
    codes = np.column_stack((correlated(0.6, 2000), np.zeros(2000), np.ones(2000)))
    identifier, measured = NAC.measure(Codes(codes, [True, True, True, False]))
    assert identifier == "nac[n=2000,split=test]" and measured.value == pytest.approx(0.6, abs=0.03)
    assert measured.remark == "1 of 3 active dimensions constant, left out"
    with pytest.raises(Absent, match="2 active dimensions, 1 of them constant"):
        NAC.measure(Codes(codes, [True, False, True, False]))
    with pytest.raises(Absent, match="not finite"):
        NAC.measure(Codes(np.where(codes == 1.0, np.nan, codes), [True] * 4))

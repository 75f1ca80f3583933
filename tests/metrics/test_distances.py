"""Neighbour and kernel metrics against brute force, closed forms, and what theory says of permuted,
rotated and scaled points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from benchmark.metrics import distances
from benchmark.metrics.discrepancy import BANDWIDTHS, median_distance, mmd, sliced_wasserstein
from benchmark.metrics.manifold import Neighbours, neighbours, radii

SEEDS = st.integers(0, 2**31)


def points(
    seed: int, n: int = 60, d: int = 4, shift: float = 0.0, scale: float = 1.0
) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, size=(n, d))


def rotation(seed: int, d: int = 4) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def whole(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.concatenate([block for _, block in distances.blocks(a, b)])


def test_distances_equal_brute_force_and_twins_are_at_zero() -> None:
    a, b = points(0, 30) + 1e3, points(1, 40) + 1e3
    np.testing.assert_allclose(whole(a, b), cdist(a, b, "sqeuclidean"), rtol=1e-9)
    twins = points(2, 50, 300)
    computed = whole(twins, twins[::-1])
    assert not computed[np.arange(50), 49 - np.arange(50)].any() and (computed >= 0.0).all()
    assert not whole(np.full((3, 2), 0.1), np.full((4, 2), 0.1)).any()


def test_number_of_rows_in_a_block_changes_nothing_but_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    a, b = points(0, 90), points(1, 80, scale=1.3)
    before = neighbours(reference=a, evaluated=b), mmd(a, b, 2.0)
    monkeypatch.setattr(distances, "ROWS", 7)
    assert neighbours(reference=a, evaluated=b) == before[0]
    assert mmd(a, b, 2.0) == pytest.approx(before[1], abs=1e-13)


def reaches(vectors: np.ndarray, k: int) -> np.ndarray:
    gaps = cdist(vectors, vectors)
    return np.array([np.sort(np.delete(row, i))[k - 1] for i, row in enumerate(gaps)])


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("seed", range(3))
def test_neighbour_metrics_equal_brute_force(k: int, seed: int) -> None:
    real, fake = points(seed, 50), points(seed + 9, 40, shift=0.7)
    np.testing.assert_allclose(np.sqrt(radii(real, k)[0]), reaches(real, k), rtol=1e-9)
    across = cdist(fake, real)
    of_real, of_fake = across <= reaches(real, k), cdist(real, fake) <= reaches(fake, k)
    wide = across <= reaches(real, k + 2)
    assert neighbours(reference=real, evaluated=fake, k=k, k_coverage=k + 2) == Neighbours(
        precision=np.mean([any(of_real[j]) for j in range(40)]),
        recall=np.mean([any(of_fake[i]) for i in range(50)]),
        density=pytest.approx(wide.sum() / ((k + 2) * 40)),
        coverage=np.mean([any(wide[:, i]) for i in range(50)]),
    )


def test_a_set_lies_in_its_own_support_and_far_sets_in_none() -> None:
    real = points(0)
    support = neighbours(reference=real, evaluated=real)
    assert (support.precision, support.recall, support.coverage) == (1.0, 1.0, 1.0)
    assert neighbours(reference=real, evaluated=real + 100.0) == Neighbours(0.0, 0.0, 0.0, 0.0)
    ones = np.ones((9, 2))
    assert neighbours(reference=ones, evaluated=ones).precision == 1.0


def test_density_counts_the_balls_that_a_sample_lies_in() -> None:
    """Seven data on a line at 0, 1, ... 6: the ball around i reaches to its fifth neighbour, 5, 4,
    3, 3, 3, 4, 5 away. A sample at 3 lies in all seven balls, one at 8 in those of 5 and 6."""
    line = np.arange(7.0)[:, None]
    for where, density, coverage in (([3], 7 / 5, 1), ([8], 2 / 5, 2 / 7), ([3, 8], 9 / 10, 1)):
        samples = np.resize(np.array(where, dtype=float), (6, 1))
        support = neighbours(reference=line, evaluated=samples)
        assert (support.density, support.coverage) == pytest.approx((density, coverage))


def test_density_of_a_perfect_generator_is_one_in_the_mean() -> None:
    densities = [
        neighbours(reference=points(seed, 300), evaluated=points(99 + seed, 300)).density
        for seed in range(20)
    ]
    assert np.mean(densities) == pytest.approx(1.0, abs=4 * np.std(densities) / np.sqrt(20))


def test_density_sees_through_an_outlier_where_precision_does_not() -> None:
    """One datum far away has a ball that holds everything."""
    real = np.concatenate((points(0), [[50.0, 0.0, 0.0, 0.0]]))
    support = neighbours(reference=real, evaluated=points(1) + np.array([20.0, 0.0, 0.0, 0.0]))
    assert support.precision == 1.0 and support.density < 0.25


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(0.01, 100.0))
def test_neighbour_metrics_ignore_order_rotation_shift_and_scale(seed: int, scale: float) -> None:
    rng, turn = np.random.default_rng(seed), rotation(seed)
    real, fake = points(seed), points(seed + 1, shift=0.5)
    plain = neighbours(reference=real, evaluated=fake)
    mixed = neighbours(reference=rng.permutation(real), evaluated=rng.permutation(fake))
    moved = neighbours(reference=scale * real @ turn + 3.0, evaluated=scale * fake @ turn + 3.0)
    assert plain == mixed == moved


def test_too_few_vectors_for_a_neighbour() -> None:
    with pytest.raises(ValueError, match="3 vectors have no 3-th neighbour; expected 4 at least"):
        neighbours(reference=points(1, 3), evaluated=points(0), k_coverage=3)


def both(a: np.ndarray, b: np.ndarray) -> Neighbours:
    return neighbours(reference=a, evaluated=b)


@pytest.mark.parametrize("function", [both, lambda a, b: mmd(a, b, 1.0), sliced_wasserstein])
def test_wrong_shapes_are_refused(function) -> None:
    with pytest.raises(ValueError, match="vectors have shapes"):
        function(points(0, d=3), points(0, d=4))


def test_sliced_wasserstein_in_one_dimension_is_the_wasserstein_distance() -> None:
    p = points(0, 200, 1)
    assert sliced_wasserstein(p, p[::-1]) == pytest.approx(0.0, abs=1e-12)
    assert sliced_wasserstein(p, p + 2.5) == pytest.approx(2.5, rel=1e-12)
    assert sliced_wasserstein(p, 3.0 * p) == pytest.approx(
        2.0 * np.sqrt(np.square(p).mean()), rel=1e-12
    )
    q = np.array([[0.0], [1.0], [5.0]])
    assert sliced_wasserstein(q, np.array([[4.0], [1.0], [1.0]])) == pytest.approx(
        np.sqrt((1 + 0 + 1) / 3), rel=1e-12
    )


def test_sliced_wasserstein_of_a_shift_and_of_gaussians() -> None:
    p, shift = points(0, 500, 6), np.array([3.0, 0, 0, 0, -4.0, 0])
    exact = np.sqrt(
        25.0 / 6
    )  # |v|^2 / d in the mean over all directions; 256 of them are within 10 %
    assert sliced_wasserstein(p, p + shift) == pytest.approx(exact, rel=0.1)
    q = points(
        1, 20_000, 6, scale=2.0
    )  # every projection is N(0, 1) against N(0, 4), whose distance is 1
    assert sliced_wasserstein(points(0, 20_000, 6), q) == pytest.approx(1.0, abs=0.02)


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(0.01, 100.0))
def test_sliced_wasserstein_is_symmetric_scales_and_ignores_order_and_a_common_shift(
    seed: int, scale: float
) -> None:
    rng, p, q = np.random.default_rng(seed), points(seed), points(seed + 1, shift=1.0)
    value = sliced_wasserstein(p, q)
    assert sliced_wasserstein(q, p) == pytest.approx(value, rel=1e-9)
    assert sliced_wasserstein(rng.permutation(p), q) == pytest.approx(value, rel=1e-9)
    assert sliced_wasserstein(scale * p, scale * q) == pytest.approx(scale * value, rel=1e-9)
    assert sliced_wasserstein(p + 5.0, q + 5.0) == pytest.approx(value, rel=1e-9)
    turn = rotation(seed)
    assert sliced_wasserstein(p @ turn, q @ turn) == pytest.approx(
        value, rel=0.15
    )  # other directions of the same pair


def brute_mmd(p: np.ndarray, q: np.ndarray, width: float) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(
            np.mean([np.exp(-np.square(x - y).sum() / (2 * (b * width) ** 2)) for b in BANDWIDTHS])
        )

    pp = [kernel(p[i], p[j]) for i in range(len(p)) for j in range(len(p)) if i != j]
    qq = [kernel(q[i], q[j]) for i in range(len(q)) for j in range(len(q)) if i != j]
    return float(np.mean(pp) + np.mean(qq) - 2 * np.mean([kernel(x, y) for x in p for y in q]))


@pytest.mark.parametrize("width", [0.3, 1.0, 4.0])
def test_mmd_equals_brute_force(width: float) -> None:
    p, q = points(0, 15), points(1, 12, shift=0.5)
    assert mmd(p, q, width) == pytest.approx(brute_mmd(p, q, width), abs=1e-12)


def test_median_distance_equals_brute_force() -> None:
    p = points(0, 41)
    assert median_distance(p) == pytest.approx(
        np.median(cdist(p, p)[np.triu_indices(41, 1)]), rel=1e-9
    )


def test_mmd_has_mean_zero_where_both_are_of_one_distribution() -> None:
    values = np.array([mmd(points(2 * i, 20), points(2 * i + 1, 20), 2.0) for i in range(400)])
    error = values.std() / np.sqrt(len(values))
    assert abs(values.mean()) < 4 * error
    assert (values < 0).any()
    biased = 2 / 20 * (1 - 0.5)  # what the diagonal would add, about: the test can tell
    assert biased > 8 * error


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(0.01, 100.0))
def test_mmd_is_symmetric_and_ignores_order_rotation_and_scale(seed: int, scale: float) -> None:
    rng, p, q, turn = (
        np.random.default_rng(seed),
        points(seed),
        points(seed + 1, shift=0.5),
        rotation(seed),
    )
    value, width = mmd(p, q, 1.7), scale * 1.7
    assert mmd(q, p, 1.7) == pytest.approx(value, abs=1e-12)
    assert mmd(rng.permutation(p), rng.permutation(q), 1.7) == pytest.approx(value, abs=1e-12)
    assert mmd(scale * p @ turn, scale * q @ turn, width) == pytest.approx(value, abs=1e-9)
    assert median_distance(scale * p @ turn) == pytest.approx(scale * median_distance(p), rel=1e-9)


def test_mmd_grows_with_the_gap() -> None:
    p, width = points(0, 300), median_distance(points(0, 300))
    values = [mmd(p, points(1, 300, shift=shift), width) for shift in (0.0, 0.5, 1.0, 3.0)]
    assert abs(values[0]) < 0.01 and np.all(np.diff(values) > 0.01)
    with pytest.raises(ValueError, match="two at least"):
        mmd(p[:1], p, width)

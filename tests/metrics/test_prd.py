"""PRD on hand-made histograms, where the curve has a closed form, and on point sets whose clusters
are plain to see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.metrics.prd import (
    ANGLES,
    Curve,
    clustering_noise,
    curve,
    f_score,
    histograms,
    mean_curve,
    prd_runs,
)

SLOPES = np.tan(np.linspace(1e-10, np.pi / 2 - 1e-10, ANGLES))


def prd(*, reference: np.ndarray, evaluated: np.ndarray) -> Curve:
    return mean_curve(prd_runs(reference=reference, evaluated=evaluated))


def shares(weights: list[float]) -> np.ndarray:
    return np.array(weights) / np.sum(weights)


def test_equal_histograms_have_the_whole_square() -> None:
    pair = curve(reference=shares([1, 2, 3]), evaluated=shares([1, 2, 3]))
    np.testing.assert_allclose(pair.precision, np.minimum(SLOPES, 1.0), atol=1e-12)
    np.testing.assert_allclose(pair.recall, np.minimum(1.0 / SLOPES, 1.0), atol=1e-12)
    assert pair.recall_like == pytest.approx(
        1.0, abs=1e-6
    ) and pair.precision_like == pytest.approx(1.0, abs=1e-6)


def test_disjoint_histograms_have_nothing() -> None:
    pair = curve(reference=shares([1, 1, 0, 0]), evaluated=shares([0, 0, 1, 1]))
    assert not pair.precision.any() and not pair.recall.any()
    assert (pair.recall_like, pair.precision_like) == (0.0, 0.0)


def test_samples_on_half_of_the_data_are_precise_but_recall_half() -> None:
    pair = curve(reference=shares([1, 1, 1, 1]), evaluated=shares([1, 1, 0, 0]))
    np.testing.assert_allclose(pair.precision, np.minimum(SLOPES / 2, 1.0), atol=1e-12)
    np.testing.assert_allclose(pair.recall, np.minimum(1.0 / SLOPES, 0.5), atol=1e-12)
    assert pair.precision.max() == pytest.approx(1.0) and pair.recall.max() == pytest.approx(0.5)
    assert pair.precision_like == pytest.approx(
        0.985, abs=5e-4
    ) and pair.recall_like == pytest.approx(0.504, abs=5e-4)


def test_data_on_half_of_the_samples_is_the_mirror_image() -> None:
    pair = curve(reference=shares([1, 1, 0, 0]), evaluated=shares([1, 1, 1, 1]))
    assert pair.precision.max() == pytest.approx(0.5) and pair.recall.max() == pytest.approx(1.0)
    assert pair.precision_like == pytest.approx(
        0.504, abs=5e-4
    ) and pair.recall_like == pytest.approx(0.985, abs=5e-4)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4),
    st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4),
)
def test_swapping_the_histograms_swaps_the_scores(p: list[float], q: list[float]) -> None:
    first, second = shares([*p, 1.0]), shares([*q, 1.0])
    forth, back = curve(reference=first, evaluated=second), curve(reference=second, evaluated=first)
    assert forth.recall_like == pytest.approx(back.precision_like, abs=1e-6)
    assert forth.precision_like == pytest.approx(back.recall_like, abs=1e-6)
    assert (
        min(forth.recall_like, forth.precision_like) >= 0.0
        and max(forth.recall_like, forth.precision_like) <= 1.0 + 1e-9
    )


def test_histograms_are_named_in_every_call() -> None:
    with pytest.raises(TypeError):
        curve(shares([1]), shares([1]))
    with pytest.raises(TypeError):
        prd_runs(np.zeros((3, 2)), np.zeros((3, 2)))


def test_f_score_is_the_weighted_harmonic_mean() -> None:
    point = Curve(np.array([0.8]), np.array([0.2]))
    assert f_score(point, 1.0) == pytest.approx(2 * 0.8 * 0.2 / 1.0)
    assert f_score(point, 8.0) == pytest.approx(
        65 / (1 / 0.8 + 64 / 0.2), rel=1e-6
    )  # heavy on recall
    assert f_score(point, 1 / 8) == pytest.approx((1 + 1 / 64) / (1 / 0.8 + 1 / 64 / 0.2), rel=1e-6)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0.5, 0.5], [1.0]),
        ([0.5, 0.6], [0.5, 0.5]),
        ([np.nan, 1.0], [0.5, 0.5]),
        ([1.5, -0.5], [0.5, 0.5]),
    ],
)
def test_what_is_no_histogram_is_refused(p: list[float], q: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        curve(reference=np.array(p), evaluated=np.array(q))


def heaps(counts: list[int], seed: int = 0, spread: float = 1e-3) -> np.ndarray:
    """Points in tight heaps far apart on a line of the plane: ``counts[i]`` of them around (10 i,
    0)."""
    rng = np.random.default_rng(seed)
    centres = np.repeat([[10.0 * i, 0.0] for i in range(len(counts))], counts, axis=0)
    return centres + spread * rng.normal(size=centres.shape)


def test_clusters_find_heaps_and_count_them() -> None:
    counts = [5 * (i + 1) for i in range(20)]
    p, q = histograms(heaps(counts), heaps(counts[::-1], seed=1), 0)
    assert sorted(np.round(p * sum(counts)).tolist()) == counts
    np.testing.assert_allclose(
        p + q, 105 / 1050
    )  # each heap holds 105 points of both, so every cluster is one heap


def test_a_generator_that_misses_half_of_the_heaps() -> None:
    pair = prd(reference=heaps([20] * 20), evaluated=heaps([40] * 10, seed=1))
    assert pair.precision_like == pytest.approx(
        0.985, abs=5e-3
    ) and pair.recall_like == pytest.approx(0.504, abs=5e-3)


def test_order_of_rows_and_role_of_sets_change_no_bit() -> None:
    rng = np.random.default_rng(3)
    p, q = rng.normal(size=(200, 3)), rng.normal(0.5, 1.2, size=(200, 3))
    forward, swapped = prd(reference=p, evaluated=q), prd(reference=q, evaluated=p)
    shuffled = prd(reference=p[rng.permutation(200)], evaluated=q[rng.permutation(200)])
    assert np.array_equal(forward.precision, shuffled.precision) and np.array_equal(
        forward.recall, shuffled.recall
    )
    assert forward.recall_like == pytest.approx(
        swapped.precision_like, abs=1e-9
    ) and forward.precision_like == pytest.approx(swapped.recall_like, abs=1e-9)


def test_same_points_and_constant_points_are_well_defined() -> None:
    points = np.random.default_rng(0).normal(size=(100, 2))
    assert prd(reference=points, evaluated=points).recall_like == pytest.approx(1.0, abs=1e-6)
    assert prd(
        reference=np.ones((50, 3)), evaluated=np.ones((50, 3))
    ).precision_like == pytest.approx(1.0, abs=1e-6)
    assert prd(reference=np.ones((50, 3)), evaluated=np.zeros((50, 3))).precision_like == 0.0


def test_the_noise_of_the_clusterings_is_the_standard_error_of_their_scores() -> None:
    """Heaps that are plain to see are the same in every clustering; a cloud is cut differently."""
    rng = np.random.default_rng(0)
    clouds = prd_runs(reference=rng.normal(size=(300, 3)), evaluated=rng.normal(0.4, 1, (300, 3)))
    scores = [points.recall_like for points in clouds]
    noise = clustering_noise(clouds, lambda points: points.recall_like)
    assert noise == pytest.approx(np.std(scores, ddof=1) / np.sqrt(10)) and noise > 1e-4
    plain = prd_runs(reference=heaps([20] * 20), evaluated=heaps([20] * 20, seed=1))
    assert clustering_noise(plain, lambda points: points.recall_like) < 1e-12

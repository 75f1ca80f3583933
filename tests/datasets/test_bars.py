"""Soft bars: a smooth function of their free factors, of the stated rank, found by TwoNN."""

from __future__ import annotations

import numpy as np
import pytest
from known_dimension import jacobian, two_nn

from benchmark.datasets.bars import RANGES, Bars, bars
from benchmark.spec import BenchError

PINNED = {
    1: "cda426b616a56170861e09c870d649feb4d0625d14560d8238367f4be28709a7",
    4: "3c79fba2002618638ea407669b56efe844746292eb20b0a651442454ae852107",
    6: "579ec062096ad3082e7a9e26ac1589da76d15d437dc63cd74427a6361e961274",
}
MIDDLE = RANGES.mean(axis=1)


def of(n: int, **options: int) -> Bars:
    return Bars(Bars.Options(intrinsic_dim=n, **{"points": 4000, **options}))


def within(count: int, n: int) -> np.ndarray:
    """Factors (count, 6) of which n are drawn, within 95 % of their ranges."""
    shares = np.full((count, len(RANGES)), 0.5)
    shares[:, :n] = np.random.default_rng(n).uniform(0.025, 0.975, size=(count, n))
    return RANGES[:, 0] + shares * (RANGES[:, 1] - RANGES[:, 0])


@pytest.mark.parametrize("n", PINNED)
def test_the_digest_is_the_same_on_every_machine(n: int) -> None:
    assert of(n, points=500).load().digest == PINNED[n]


@pytest.mark.parametrize("size", [24, 28, 32, 64])
def test_sizes_types_and_an_empty_rim(size: int) -> None:
    splits = of(6, size=size, points=300).load()
    for split, count in ((splits.train, 300), (splits.test, 2000)):
        assert split.stored.shape == (count, 1, size, size) and split.stored.dtype == np.float32
        assert split.stored.min() == 0.0 and 0.5 < split.stored.max() <= 1.0
        rim = np.ones((size, size), dtype=bool)
        rim[1:-1, 1:-1] = False
        assert (split.stored[:, 0, rim] == 0.0).all()  # no bar leaves the canvas
        assert split.factors is not None and split.factors.shape == (count, 6)


@pytest.mark.parametrize("n", range(1, 7))
def test_the_jacobian_has_rank_n(n: int) -> None:
    for factors in within(20, n):

        def image(z: np.ndarray, fixed: np.ndarray = factors[n:]) -> np.ndarray:
            return bars(np.hstack((z, np.tile(fixed, (len(z), 1)))), 32)

        width = (RANGES[:n, 1] - RANGES[:n, 0])[None, :]
        scaled = jacobian(image, factors[:n]) * width
        singular = np.linalg.svd(scaled, compute_uv=False)
        assert np.linalg.matrix_rank(scaled, tol=1e-4) == n
        assert singular[-1] / singular[0] > 0.03  # the least seen is 0.055, at n = 6


def test_the_image_is_differentiable_where_binary_images_are_not() -> None:
    """The squared distance falls as the square of the shift."""
    still = MIDDLE[None, :]
    steps = []
    for shift in (0.02, 0.01, 0.005):
        moved = still + np.array([shift, 0, 0, 0, 0, 0])
        steps.append(((bars(moved, 32) - bars(still, 32)) ** 2).sum())
    assert steps[0] / steps[1] == pytest.approx(4.0, rel=0.1)
    assert steps[1] / steps[2] == pytest.approx(4.0, rel=0.03)


def test_half_a_turn_brings_the_bar_back() -> None:
    ends = np.tile(MIDDLE, (3, 1))
    ends[:, 2] = (-1.0, 1.0, 0.0)
    first, last, middle = bars(ends, 32)
    assert np.allclose(first, last, rtol=0, atol=1e-12)
    assert np.abs(first - middle).max() > 0.5


def test_a_bar_is_where_its_factors_say() -> None:
    factors = np.tile(MIDDLE, (2, 1))
    factors[1, :2] = (0.25, -0.25)
    images = bars(factors, 32)[:, 0]
    centres = (2 * np.arange(32) + 1) / 32 - 1
    mass = images.sum(axis=(1, 2))
    across, down = (images.sum(axis=axis) @ centres / mass for axis in (1, 2))
    assert np.allclose(across, (0.0, 0.25), rtol=0, atol=1e-9)
    assert np.allclose(down, (0.0, -0.25), rtol=0, atol=1e-9)
    bright = factors.copy()
    bright[:, 5] *= 1.2
    assert np.allclose(bars(bright, 32)[:, 0], 1.2 * images)


@pytest.mark.parametrize("n", range(1, 7))
def test_two_nn_finds_n(n: int) -> None:
    # 10 %: seen are 1.02, 1.98, 3.18, 4.30, 5.23, 6.21; the standard error is 1.7 %
    assert two_nn(of(n).load().train.stored) == pytest.approx(n, rel=0.1)


def test_what_is_not_free_stands_still_and_more_points_begin_with_the_same() -> None:
    few, many = (of(2, points=points).load().train for points in (300, 900))
    assert few.factors is not None and many.factors is not None and few.factors.shape == (300, 2)
    assert np.array_equal(few.stored, many.stored[:300])
    rest = np.hstack((few.factors.astype(float), np.tile(MIDDLE[2:], (300, 1))))
    assert np.abs(bars(rest, 32) - few.stored).max() < 1e-5  # factors are kept as float32


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"intrinsic_dim": 7}, "option 'intrinsic_dim' is 7; expected 1 to 6"),
        ({"points": 5}, "option 'points' is 5; expected 200 to 100000"),
        ({"size": 30}, "option 'size' is 30; expected one of 24, 28, 32, 64"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Bars.Options(**options)

"""Vectors of any dimension: the map has that rank, TwoNN finds it where there is no noise, and each
option changes one thing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from known_dimension import jacobian, two_nn

from benchmark.datasets.manifold import TEST, Manifold, deviations, draw_part
from benchmark.datasets.split import Splits
from benchmark.spec import BenchError

PINNED = {
    "centre": "32b131e44a2649b353b94d394582db4c8ec38d20af82a50ed778b84d2134aa90",
    "one": "27dcd3dc2dfa20e52a35f5e930641ac9bc9592606ca50e4ada56af59e6d5fbc6",
    "parts": "25f6c34281547c16b1f613bf739f0fb1aa6f98aad80e2606fa940a23ce34f619",
}
OPTIONS = {
    "centre": {},
    "one": {"intrinsic_dim": 1, "ambient": 8, "curvature": 0.5, "points": 1000},
    "parts": {"parts": 3, "scale_ratio": 4.0, "points": 3000, "noise": 0.0},
}


@cache
def loaded(**options: float) -> Splits:
    return Manifold(Manifold.Options(**options)).load()


def standardised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("name", PINNED)
def test_the_digest_is_the_same_on_every_machine(name: str) -> None:
    assert loaded(**OPTIONS[name]).digest == PINNED[name]


def test_sizes_and_types() -> None:
    splits = loaded(intrinsic_dim=3, ambient=20, points=500)
    for split, count in ((splits.train, 500), (splits.test, TEST)):
        assert split.stored.shape == (count, 20) and split.shape == (20,)
        assert split.stored.dtype == np.float32
        assert split.factors is not None and split.factors.shape == (count, 3)


@pytest.mark.parametrize("curvature", [0.0, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
def test_the_jacobian_has_rank_n(n: int, curvature: float) -> None:
    part = draw_part(0, n, 64, 1 - curvature)
    for z in np.random.default_rng(n).normal(size=(20, n)):
        singular = np.linalg.svd(jacobian(part.map, z), compute_uv=False)
        assert np.linalg.matrix_rank(jacobian(part.map, z), tol=1e-6) == n
        # A1 and A2 keep lengths up to a factor; the slopes shrink by 1 - c at most
        assert singular[-1] / singular[0] >= (1 - curvature) * (1 - 1e-6)


def test_without_curvature_the_data_fill_a_plane_of_n_dimensions_and_with_it_more() -> None:
    def spectrum(curvature: float) -> np.ndarray:
        data = loaded(curvature=curvature, noise=0.0, points=2000).train.stored.astype(float)
        return np.linalg.eigvalsh(np.cov(data.T))[::-1]

    flat, folded, sharp = spectrum(0.0), spectrum(0.8), spectrum(0.95)
    assert flat[8] < 1e-10 < flat[7]
    left = [values[8:].sum() / values.sum() for values in (flat, folded, sharp)]
    assert left[0] < 1e-10 < 0.05 < left[1] < left[2]


@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_two_nn_finds_n_where_there_is_no_noise(n: int) -> None:
    # 10 %: seen are 1.00, 2.09, 4.08 and 8.15; the standard error at 4,000 points is 1.7 %
    x = loaded(intrinsic_dim=n, noise=0.0).train.stored[:4000]
    assert two_nn(x) == pytest.approx(n, rel=0.1)


def test_two_nn_falls_short_of_high_dimensions_as_it_is_known_to() -> None:
    high = [two_nn(loaded(intrinsic_dim=n, noise=0.0).train.stored[:4000]) for n in (16, 32)]
    assert 8.8 < high[0] < 15.5 < high[1] < 28.0


def test_noise_moves_the_same_points_off_the_manifold() -> None:
    clean, little, much = (loaded(noise=noise) for noise in (0.0, 0.05, 0.2))
    for other in (little, much):
        assert other.train.factors is not None and clean.train.factors is not None
        assert np.array_equal(other.train.factors, clean.train.factors)
    counts = [two_nn(splits.train.stored[:4000]) for splits in (clean, little, much)]
    assert counts[0] < counts[1] < counts[2] and counts[2] > 10.0
    signal = standardised(clean.train.stored.astype(float))
    off = much.train.stored.astype(float) * np.sqrt(1 + 0.2**2) - signal
    assert off.std() == pytest.approx(0.2, rel=0.02)  # a share of a feature's deviation, which is 1


def test_more_points_begin_with_the_same_codes() -> None:
    few, many = loaded(points=500).train.factors, loaded(points=2000).train.factors
    assert few is not None and many is not None
    assert np.array_equal(few, many[:500])


def test_codes_have_the_deviations_that_the_ratio_says() -> None:
    assert np.allclose(deviations(5, 1.0), 1.0, rtol=0, atol=1e-15)
    assert deviations(1, 7.0) == pytest.approx([1.0])
    scale = deviations(8, 10.0)
    assert scale[0] / scale[-1] == pytest.approx(10.0)
    assert np.mean(scale**2) == pytest.approx(1.0) and np.allclose(np.diff(scale, n=2), 0)
    codes = loaded(scale_ratio=10.0, points=2000).train.factors
    assert codes is not None
    # six standard errors of a deviation of 2,000 normal numbers
    assert np.allclose(codes.std(axis=0) / scale, 1.0, rtol=0, atol=6 / np.sqrt(2 * 2000))


def test_parts_are_apart_and_one_part_is_not() -> None:
    data = loaded(parts=3, noise=0.0, points=3000).train.stored.astype(float)
    own = np.arange(len(data)) % 3
    centres = np.stack([data[own == part].mean(axis=0) for part in range(3)])
    nearest = np.argmin(np.linalg.norm(data[:, None] - centres, axis=2), axis=1)
    assert np.array_equal(nearest, own)
    for one, other in ((0, 1), (0, 2), (1, 2)):  # a plane between two parts leaves a gap
        axis = (centres[other] - centres[one]) / np.linalg.norm(centres[other] - centres[one])
        gap = (data[own == other] @ axis).min() - (data[own == one] @ axis).max()
        assert gap > 2.0
    assert two_nn(data) == pytest.approx(8, rel=0.15)
    single = loaded(noise=0.0).train.stored[:3000]
    assert np.linalg.norm(single[own == 0].mean(axis=0) - single[own == 1].mean(axis=0)) < 1.0


def test_every_option_changes_the_data() -> None:
    changes = {"intrinsic_dim": 4, "ambient": 32, "noise": 0.1, "curvature": 0.5, "points": 500}
    changes |= {"scale_ratio": 2.0, "parts": 2}
    digests = {loaded(**{name: value}).digest for name, value in changes.items()}
    assert len(digests | {loaded().digest}) == len(changes) + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "option 'noise' is -1.0"),
        ({"intrinsic_dim": 0}, "option 'intrinsic_dim' is 0; expected 1 to 64"),
        ({"intrinsic_dim": 9, "ambient": 8}, "option 'intrinsic_dim' is 9; expected 1 to 8"),
        ({"ambient": 129}, "option 'ambient' is 129; expected 2 to 128"),
        ({"curvature": 1.0}, "option 'curvature' is 1.0; expected 0 to less than 1"),
        ({"points": 10}, "option 'points' is 10; expected 200 to 200000"),
        ({"scale_ratio": 0.5}, "option 'scale_ratio' is 0.5; expected 1 to more"),
        ({"scale_ratio": float("inf")}, "option 'scale_ratio' is inf"),
        ({"parts": 0}, "option 'parts' is 0; expected 1 to 10"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        Manifold.Options(**options)

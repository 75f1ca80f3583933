"""Circle and one moon: radius, angle and noise have the stated laws; the same points on every
machine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.datasets.split import Dataset, Split
from benchmark.datasets.toys import Circle, OneMoon
from benchmark.spec import BenchError

TOYS = [Circle, OneMoon]
TURN = {Circle: 2 * math.pi, OneMoon: math.pi}
PINNED = {
    Circle: "737df94d4dca4f23a34af153ba159bad42060dc7fee1771c58f8f9bd0794e7f6",
    OneMoon: "cebc85352863438ff76ea73a6068ed750901b5c7152338f4af41266f911b0f26",
}


def load(kind: type[Dataset], noise: float = 0.1) -> tuple[Split, Split]:
    splits = kind(kind.Options(noise=noise)).load()
    return splits.train, splits.test


def angles(split: Split) -> np.ndarray:
    assert split.factors is not None
    return split.factors[:, 0].astype(np.float64)


def on_curve(split: Split) -> np.ndarray:
    return np.stack((np.cos(angles(split)), np.sin(angles(split))), axis=1)


@pytest.mark.parametrize("kind", TOYS)
def test_sizes_and_types(kind: type[Dataset]) -> None:
    train, test = load(kind)
    assert train.stored.shape == (4096, *kind.shape) and test.stored.shape == (1024, *kind.shape)
    assert train.stored.dtype == test.stored.dtype == np.float32
    assert not {point.tobytes() for point in train.stored} & {
        point.tobytes() for point in test.stored
    }


@pytest.mark.parametrize("kind", TOYS)
def test_the_digest_is_the_same_on_every_machine(kind: type[Dataset]) -> None:
    assert kind().load().digest == kind().load().digest == PINNED[kind]


@pytest.mark.parametrize("kind", TOYS)
def test_noise_changes_the_digest_but_not_the_angles(kind: type[Dataset]) -> None:
    plain, noisy = (kind(kind.Options(noise=noise)).load() for noise in (0.05, 0.1))
    assert plain.digest != noisy.digest
    assert np.array_equal(angles(plain.train), angles(noisy.train)) and np.array_equal(
        angles(plain.test), angles(noisy.test)
    )


@pytest.mark.parametrize("kind", TOYS)
def test_without_noise_points_lie_on_the_curve_at_their_angle(kind: type[Dataset]) -> None:
    for split in load(kind, noise=0.0):
        # float32 rounds the angle (below 2 pi, half an ulp 2.4e-7) and the point (3e-8)
        assert np.abs(split.stored - on_curve(split)).max() < 3e-7


@pytest.mark.parametrize("kind", TOYS)
def test_angles_are_uniform_over_the_arc(kind: type[Dataset]) -> None:
    for split in load(kind):
        uniform = np.sort(angles(split)) / TURN[kind]
        assert uniform.min() >= 0 and uniform.max() < 1
        distance = np.abs(uniform - (np.arange(len(uniform)) + 0.5) / len(uniform)).max()
        assert distance < 1.95 / math.sqrt(len(uniform))  # Kolmogorov-Smirnov at the 0.1 % level


@pytest.mark.parametrize("kind", TOYS)
@pytest.mark.parametrize("noise", [0.01, 0.1])
def test_noise_is_isotropic_gaussian_of_the_given_deviation(
    kind: type[Dataset], noise: float
) -> None:
    train, _ = load(kind, noise)
    error = (train.stored - on_curve(train)) / noise
    radial = (error * on_curve(train)).sum(axis=1)
    # Five standard errors at N = 4096: sqrt(1/N) = 0.016 (mean, correlation), sqrt(1/2N) = 0.011
    # (deviation), sqrt(24/N) = 0.077 (kurtosis).
    assert np.abs(error.mean(axis=0)).max() < 0.08
    assert np.abs(error.std(axis=0) - 1).max() < 0.055
    assert abs(np.corrcoef(error.T)[0, 1]) < 0.08
    assert abs((radial**4).mean() / (radial**2).mean() ** 2 - 3) < 0.39


@pytest.mark.parametrize("kind", TOYS)
def test_the_mean_radius_is_that_of_a_noisy_circle(kind: type[Dataset]) -> None:
    radius = np.linalg.norm(load(kind, 0.1)[0].stored, axis=1)
    # E r = 1 + noise^2 / 2 + O(noise^4), its standard error is 0.1 / sqrt(4096) = 0.0016: five of
    # them
    assert radius.mean() == pytest.approx(1.005, abs=0.008)
    assert radius.std() == pytest.approx(0.1, rel=0.055)


def test_one_moon_is_the_upper_half_and_the_circle_is_whole() -> None:
    moon, circle = load(OneMoon, 0.0)[0].stored, load(Circle, 0.0)[0].stored
    assert moon[:, 1].min() >= 0 and moon[:, 0].min() < -0.99
    assert all(
        (np.sign(circle) == corner).all(axis=1).any()
        for corner in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    )


@pytest.mark.parametrize("kind", TOYS)
@pytest.mark.parametrize("noise", [-0.1, math.nan, math.inf])
def test_impossible_noise_is_refused(kind: type[Dataset], noise: float) -> None:
    with pytest.raises(
        BenchError, match=r"option 'noise' is .*expected a finite number, 0 .* or more"
    ):
        kind.Options(noise=noise)

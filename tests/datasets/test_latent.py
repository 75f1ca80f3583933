"""Vectors of known dimension: the map is injective, the dimension is the stated one by rank, by
TwoNN and not by PCA."""

from __future__ import annotations

import numpy as np
import pytest
from known_dimension import jacobian, two_nn

from benchmark.datasets.generate import generator
from benchmark.datasets.latent import SEED, SLOPE, Latent8, Latent16, Map, draw_map
from benchmark.datasets.split import Dataset, Splits
from benchmark.spec import BenchError

KINDS = [Latent8, Latent16]
PINNED = {
    Latent8: "382f5c097bbfc457ed74d25163b82172d82acf2dbdd5bcb857b34768fa141f27",
    Latent16: "4ed7664f74d228ab3c6538238092fc245c9c07f2278d517a08e230741235bee0",
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[Dataset]:
    return request.param


@pytest.fixture(scope="module")
def splits(kind: type[Dataset]) -> Splits:
    return kind().load()


@pytest.fixture(scope="module")
def f(kind: type[Dataset]) -> Map:
    return draw_map(generator(SEED), dimension(kind))


def dimension(kind: type[Dataset]) -> int:
    assert kind.intrinsic_dim is not None
    return kind.intrinsic_dim


def codes(splits: Splits) -> np.ndarray:
    assert splits.test.factors is not None
    return splits.test.factors.astype(np.float64)


def test_sizes_and_types(kind: type[Dataset], splits: Splits) -> None:
    for split, count in ((splits.train, 50_000), (splits.test, 10_000)):
        assert split.stored.shape == (count, *kind.shape) and split.stored.dtype == np.float32
        assert split.factors is not None and split.factors.shape == (count, dimension(kind))


def test_the_digest_is_the_same_on_every_machine(kind: type[Dataset], splits: Splits) -> None:
    assert splits.digest == kind().load().digest == PINNED[kind]


def test_weights_are_orthonormal_up_to_their_scale(kind: type[Dataset], f: Map) -> None:
    n = dimension(kind)
    assert np.allclose(f.a1.T @ f.a1, np.eye(n) * 64 / n, rtol=0, atol=1e-12)
    assert np.allclose(f.a2.T @ f.a2, np.eye(64), rtol=0, atol=1e-12)
    assert (
        0.3 < np.concatenate((f.b1, f.b2)).std() < 0.7
    )  # 0.5 within 6 standard errors, 0.5 / sqrt(2 * 128)


def test_the_map_can_be_inverted(f: Map, splits: Splits) -> None:
    z = codes(splits)[:1000]
    hidden = (f(z) - f.b2) @ np.linalg.pinv(f.a2).T
    before = np.where(hidden > 0, hidden, hidden / SLOPE)
    assert np.allclose((before - f.b1) @ np.linalg.pinv(f.a1).T, z, rtol=0, atol=1e-12)


def test_jacobian_has_rank_n_and_is_well_conditioned(
    kind: type[Dataset], f: Map, splits: Splits
) -> None:
    n = dimension(kind)
    for z in codes(splits)[:100]:
        slopes = np.where(f.a1 @ z + f.b1 > 0, 1.0, SLOPE)
        numerical = jacobian(f, z)
        singular = np.linalg.svd(numerical, compute_uv=False)
        assert np.linalg.matrix_rank(numerical) == n
        # |A1 v| and |A2 v| do not depend on v's direction, so only the slopes (1 or 0.2) shrink;
        # the least found is 0.41 (n = 8), 0.26 (n = 16)
        assert singular[-1] / singular[0] > SLOPE
        assert np.allclose(
            numerical, (f.a2 * slopes) @ f.a1, rtol=0, atol=1e-8
        )  # differences of x ~ 1: 1e-16 / 1e-6


def test_data_are_the_standardised_images_of_their_codes(f: Map, splits: Splits) -> None:
    assert splits.train.factors is not None
    raw = f(splits.train.factors.astype(np.float64))
    x = (f(codes(splits)) - raw.mean(axis=0)) / raw.std(axis=0)
    assert (
        np.abs(x - splits.test.stored).max() < 2e-6
    )  # codes and data are float32: 1e-7 of numbers up to 6


def test_training_features_are_standardised_and_test_features_are_not_quite(splits: Splits) -> None:
    train, test = (split.stored.astype(np.float64) for split in (splits.train, splits.test))
    # Rounding to float32 moves each number by at most 2.4e-7 (numbers below 8), and mean and
    # deviation by no more.
    assert np.abs(train.mean(axis=0)).max() < 3e-7 and np.abs(train.std(axis=0) - 1).max() < 3e-7
    assert (
        1e-4 < np.abs(test.mean(axis=0)).max() < 0.06
    )  # statistics of 10,000 others: 0.01, six standard errors


def test_linear_pca_needs_more_than_n_dimensions(kind: type[Dataset], splits: Splits) -> None:
    spectrum = np.linalg.eigvalsh(np.cov(splits.train.stored.T.astype(np.float64)))[::-1]
    share = np.cumsum(spectrum) / spectrum.sum()
    assert np.searchsorted(share, 0.95) + 1 > 1.5 * dimension(kind)
    assert (
        share[dimension(kind) - 1] < 0.93
    )  # a plane of n dimensions misses 9 to 11 % of the variance


def test_two_nn_finds_n(kind: type[Dataset], splits: Splits) -> None:
    # 15 %: the bias of TwoNN at 5,000 points; its standard error is n / sqrt(4500) = 1.5 %
    assert two_nn(splits.train.stored[:5000]) == pytest.approx(dimension(kind), rel=0.15)


def test_two_nn_of_this_file_knows_a_flat_cube_from_a_full_one() -> None:
    cube = np.random.default_rng(0).random((5000, 5))
    assert two_nn(cube) == pytest.approx(5, rel=0.08)
    assert two_nn(np.hstack((cube[:, :2], cube[:, :2] ** 2))) == pytest.approx(2, rel=0.08)


def test_two_nn_of_scikit_dimension_finds_n(kind: type[Dataset], splits: Splits) -> None:
    skdim = pytest.importorskip("skdim", reason="scikit-dimension is in the extra [dims]")
    assert skdim.id.TwoNN().fit(splits.train.stored[:5000]).dimension_ == pytest.approx(
        dimension(kind), rel=0.15
    )


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_codes_have_zero_mean_unit_variance_and_the_kurtosis_of_their_law(law: str) -> None:
    z = codes(Latent8(Latent8.Options(law=law)).load())
    # Six standard errors of N = 10,000: 0.01 of a mean and a correlation, up to 0.014 of a
    # variance, up to 0.1 of a fourth moment.
    assert np.abs(z.mean(axis=0)).max() < 0.06
    assert np.abs(np.cov(z.T) - np.eye(8)).max() < 0.085
    assert (z**4).mean() == pytest.approx({"normal": 3.0, "uniform": 1.8}[law], abs=0.25)
    assert (np.abs(z).max() <= np.float32(3**0.5)) == (law == "uniform")


def test_options_change_the_digest_and_noise_leaves_the_manifold() -> None:
    digests = {
        Latent8(Latent8.Options(law=law, noise=noise)).load().digest
        for law in ("normal", "uniform")
        for noise in (0.0, 0.1)
    }
    assert len(digests) == 4 and PINNED[Latent8] in digests
    noisy = Latent8(Latent8.Options(noise=0.5)).load().train
    assert two_nn(noisy.stored[:5000]) > 1.5 * 8
    assert (
        np.abs(noisy.stored.std(axis=0) - 1).max() < 1e-5
    )  # still standardised; float32 sums of 50,000 numbers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": -1.0}, "option 'noise' is -1.0"),
        ({"law": "cauchy"}, "expected normal or uniform"),
    ],
)
def test_impossible_options_are_refused(
    kind: type[Dataset], options: dict[str, object], message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        kind.Options(**options)

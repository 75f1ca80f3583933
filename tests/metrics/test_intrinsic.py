"""Estimates of intrinsic dimension: right on known data, the same each time, and absent with a
reason where there is nothing to estimate."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.controls import References
from benchmark.datasets.split import Split, Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.metrics import intrinsic
from benchmark.metrics.intrinsic import (
    ESTIMATORS,
    dimension_reference,
    drawn,
    nearly_equal,
    pca_dimensions,
)
from benchmark.planning.jobs import instance, load
from benchmark.spec import BenchError

pytest.importorskip("skdim", reason="scikit-dimension is not installed (pip install '.[dims]')")


def flat(dim: int, count: int = 1200, numbers: int = 20) -> Split:
    """Gaussian vectors of equal variance in a subspace."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(numbers, dim)))[0]
    return Split((rng.normal(size=(count, dim)) @ axes.T).astype(np.float32), (numbers,))


def named(name: str, data_dir: Path = Path()) -> Splits:
    return load(instance(registry.choose("datasets", name), data_dir))


def test_estimators_find_the_dimension_of_a_subspace() -> None:
    reference = dimension_reference("flat", Splits(flat(4), flat(4, 10)), draws=2)
    assert set(reference.estimates) == set(ESTIMATORS) and not reference.absent
    assert all(reference.mean(name) == pytest.approx(4, rel=0.15) for name in ESTIMATORS)
    assert (reference.points, reference.pca, reference.images) == (600, {"95": 4, "99": 4}, 1200)


@pytest.mark.parametrize(
    ("variances", "expected"),
    [([94.0, 5.0, 0.9, 0.1], (2, 2)), ([94.0, 4.0, 1.5, 0.5], (2, 3)), ([1.0], (1, 1))],
)
def test_principal_components_are_counted_until_their_share(
    variances: list[float], expected: tuple[int, int]
) -> None:
    rows = np.concatenate([np.diag(np.sqrt(variances)), -np.diag(np.sqrt(variances))]).astype(
        np.float32
    )
    counts, images = pca_dimensions(Split(rows + 3, (len(variances),)))
    assert (counts["95"], counts["99"], images) == (*expected, 2 * len(variances))


def test_components_of_large_images_come_from_inner_products(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    split = Split(
        (np.random.default_rng(0).normal(size=(30, 60)) * np.geomspace(1, 30, 60)).astype(
            np.float32
        ),
        (60,),
    )
    whole = pca_dimensions(split)
    monkeypatch.setattr(intrinsic, "_MOST_NUMBERS", 59)
    assert pca_dimensions(split) == whole and whole[0]["95"] < whole[0]["99"]
    monkeypatch.setattr(intrinsic, "_MOST_NUMBERS", 10)
    assert pca_dimensions(split)[1] == 10


def test_estimates_of_digits_are_those_that_come_with_the_package() -> None:
    splits = named("digits")
    shipped = References().dimension(splits.digest)
    assert shipped is not None
    again = dimension_reference(
        "digits", splits, draws=1
    )  # draws are addressed: the first is the same however many follow
    assert again.pca == shipped.pca and again.points == shipped.points
    assert {name: values[0] for name, values in again.estimates.items()} == pytest.approx(
        {name: values[0] for name, values in shipped.estimates.items()}, rel=1e-3
    )  # rounding of sums differs between processors; a threshold of local PCA may turn once in 200


@pytest.mark.parametrize("name", ["digits", "circle", "one-moon", "latent-8", "latent-16"])
def test_dimensions_of_offline_data_come_with_the_package_and_hold_what_is_known(name: str) -> None:
    reference = References().dimension(named(name).digest)
    assert reference is not None and reference.band is not None and not reference.absent
    true_dim = registry.find("datasets", name).source.constants.get("intrinsic_dim")
    if name.startswith("latent"):
        assert reference.band[0] <= true_dim <= reference.band[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sprites", "sprites[size=32]", "mnist", "fashion-mnist"])
def test_dimensions_of_images_come_with_the_package(name: str, data_dir: Path) -> None:
    reference = References().dimension(named(name, data_dir).digest)
    assert reference is not None and reference.band is not None and not reference.absent


@pytest.mark.slow
def test_estimates_of_latent_8_hold_its_dimension() -> None:
    reference = dimension_reference("latent-8", named("latent-8"))
    assert reference.band is not None and reference.band[0] <= 8 <= reference.band[1]
    assert reference.mean("twonn") == pytest.approx(8, rel=0.15)


def test_draws_are_seeded_distinct_and_differ() -> None:
    split = flat(4)
    first, second = drawn(split, 2, 50)
    assert len(first) == 50 and not np.array_equal(np.sort(first, 0), np.sort(second, 0))
    assert np.array_equal(first, next(drawn(split, 1, 50)))
    twice = Split(np.concatenate([split.stored[:40]] * 2), (20,))
    assert len(next(drawn(twice, 1, 80))) < 40 == len(twice) // 2


@pytest.mark.parametrize("count", [2, 30, 400])
def test_constant_or_few_images_give_a_reason_and_no_number(count: int) -> None:
    split = Split(np.full((count, 3), 0.5, dtype=np.float32), (3,))
    reference = dimension_reference("constant", Splits(split, split))
    assert (
        set(reference.absent) == set(ESTIMATORS)
        and reference.band is None
        and reference.pca == {"95": 0, "99": 0}
    )
    assert all("distinct images" in reason for reason in reference.absent.values())


def test_vectors_are_what_methods_see() -> None:
    rng = np.random.default_rng(0)
    bits = Split(rng.integers(0, 256, (7, 3)).astype(np.uint8), (1, 4, 5), packed=True)
    pixels, levels = (
        Split(rng.integers(0, 5, (7, 1, 2, 2)).astype(np.uint8), (1, 2, 2), levels=levels)
        for levels in (255, 4)
    )
    for split in (bits, pixels, levels, flat(2, 7)):
        expected = TensorSplit(split).head(7).flatten(1).double().numpy()[[4, 1]]
        assert np.allclose(split.vectors(np.array([4, 1])), expected, atol=1e-7)


def test_without_scikit_dimension_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "skdim.id", None)
    with pytest.raises(BenchError, match=r"pip install '\.\[dims\]' in a checkout"):
        dimension_reference("flat", Splits(flat(2), flat(2, 10)))


def test_nearly_equal_images_are_counted() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3))
    apart = Split(rows.astype(np.float32), (3,))
    assert nearly_equal(apart) == (0, 20)
    many = np.random.default_rng(1).normal(size=(90, 3))
    many[80:] = many[0] + 1e-9 * np.arange(10)[:, None]
    near, count = nearly_equal(Split(many, (3,)))
    assert count == 45 and 2 <= near <= 11

"""Sprites of which some factors are free: which vary, that no image is there twice, and that the
set is rougher than a manifold."""

from __future__ import annotations

import numpy as np
import pytest
from known_dimension import two_nn

from benchmark.datasets.rendering import render
from benchmark.datasets.split import Splits
from benchmark.datasets.sprites import Sprites
from benchmark.datasets.sprites_freed import FreedSprites, freed_grid
from benchmark.spec import BenchError

PINNED = {
    (2, False): "31c6d1fe6f2eccef8a7547f903495aecbd479fbafc271844b0710d2fd496aede",
    (4, False): "8010d9030f3e95e618af09a747a39337f2bbc9ee87dbbc555665a2e71363cb4d",
    (4, True): "a074f54386ec309dfef1512c2df4ac6a1c079909094429bf48eee3237309e8ad",
}
VARYING = {2: {3, 4}, 3: {2, 3, 4}, 4: {1, 2, 3, 4}}
"""Columns of the factors that vary, by n."""


def of(n: int, **options: object) -> Splits:
    chosen = FreedSprites.Options(intrinsic_dim=n, **options)  # type: ignore[arg-type]  # names
    return FreedSprites(chosen).load()


@pytest.mark.parametrize(("n", "every_shape"), PINNED)
def test_the_digest_is_the_same_on_every_machine(n: int, every_shape: bool) -> None:
    assert of(n, every_shape=every_shape, count=1000).digest == PINNED[n, every_shape]


@pytest.mark.parametrize("every_shape", [False, True])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_the_free_factors_vary_and_no_other(n: int, every_shape: bool) -> None:
    factors = of(n, every_shape=every_shape, count=2000).train.factors
    assert factors is not None
    varying = {column for column in range(5) if len(np.unique(factors[:, column])) > 1}
    assert varying == VARYING[n] | ({0} if every_shape else set())
    grid = freed_grid(n, every_shape=every_shape)
    assert all(set(factors[:, column]) <= set(grid[column]) for column in range(5))


def test_images_are_the_sprites_of_their_factors() -> None:
    split = of(4, every_shape=True, size=64, count=500).train
    assert split.factors is not None and split.packed
    assert np.array_equal(render(split.factors), split.stored)
    small = of(4, every_shape=True, count=500).train
    assert small.levels == 4 and small.stored.max() == 4 and small.shape == (1, 32, 32)
    blocks = split.vectors(np.arange(450)).reshape(450, 32, 2, 32, 2)
    assert np.array_equal(
        blocks.mean(axis=(2, 4)), small.vectors(np.arange(450)).reshape(450, 32, 32)
    )


def test_all_positions_are_there_once_and_split_nine_to_one() -> None:
    splits = of(2)
    assert (len(splits.train), len(splits.test)) == (921, 103)
    both = np.vstack(
        [split.stored.reshape(len(split), -1) for split in (splits.train, splits.test)]
    )
    assert len(np.unique(both, axis=0)) == 1024
    assert (len(of(3, count=39_936).train), len(of(3, count=10**9).train)) == (35_942, 35_942)


def test_no_image_is_there_twice_though_sprites_has_some() -> None:
    split = of(3, size=64, count=39_936).train
    assert len(np.unique(split.stored, axis=0)) == len(split)
    whole = Sprites(Sprites.Options(count=100_000)).load().train
    assert len(np.unique(whole.stored, axis=0)) < len(whole)


def test_neighbours_see_more_than_n_dimensions() -> None:
    # seen: 6.0 at n = 3, 7.3 at n = 4; bars of 3 and 4 give 3.2 and 4.3
    three, four = (two_nn(of(n).train.vectors(np.arange(4000))) for n in (3, 4))
    assert 4.5 < three < four < 9.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"intrinsic_dim": 1}, r"expected 2 to 4 .*bars\[intrinsic_dim=1\]"),
        ({"intrinsic_dim": 5}, "option 'intrinsic_dim' is 5; expected 2 to 4"),
        ({"size": 48}, "option 'size' is 48; expected 64 or 32"),
        ({"count": 3}, "option 'count' is 3; expected 10 or more"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(BenchError, match=message):
        FreedSprites.Options(**options)

"""The sets that no calibration has seen have the dimension that is said of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from known_dimension import jacobian, two_nn
from unseen_data import GENERATED, blobs, drawn_ellipses, written

from benchmark.arrays import read_npz

STREAM = np.random.default_rng


@pytest.mark.parametrize("name", GENERATED)
def test_a_set_is_written_as_asked_and_twice_alike(name: str, tmp_path: Path) -> None:
    files = [
        written(GENERATED[name], tmp_path / part, 300, 50).read_bytes() for part in ("one", "two")
    ]
    assert files[0] == files[1]
    with (tmp_path / "one" / f"{name}.npz").open("rb") as file:
        arrays = read_npz(file, 10**8)
    assert len(arrays["train"]) == 300 and len(arrays["test"]) == 50
    assert not np.array_equal(arrays["train"][:50], arrays["test"])
    assert np.isfinite(arrays["train"]).all()


@pytest.mark.parametrize("name", ["swiss-roll-20", "torus-10", "sphere-5-in-30", "blobs-10"])
def test_neighbours_see_the_dimension(name: str) -> None:
    unseen = GENERATED[name]
    points = unseen.draw(STREAM(0), 3000)
    expected = 10 if unseen.truth is None else unseen.truth
    assert two_nn(points) == pytest.approx(expected, rel=0.15 if unseen.truth else 0.3)


def test_ellipses_are_images_of_four_factors_that_all_matter() -> None:
    images = GENERATED["ellipses-24"].draw(STREAM(0), 100)
    assert images.shape == (100, 24, 24) and images.min() >= 0.0 and images.max() <= 1.0
    assert (images[:, [0, -1]] < 0.5).all()  # none is cut off
    factors = np.array([0.1, -0.1, 0.4, 0.5])
    slopes = jacobian(drawn_ellipses, factors)
    values = np.linalg.svd(slopes, compute_uv=False)
    assert values.shape == (4,) and values[-1] > 0.05 * values[0]


def test_blobs_are_round_in_every_direction() -> None:
    points = blobs(STREAM(0), 5000)
    near = points[np.linalg.norm(points - points[0], axis=1) < 5.0]
    values = np.linalg.eigvalsh(np.cov(near.T))
    assert len(near) > 300 and values[-1] < 2.0 * values[0]

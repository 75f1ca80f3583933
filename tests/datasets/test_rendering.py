"""The rasteriser against counting crossings pixel by pixel, its edge rule, and the images against
genuine ones and against the checked set."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from benchmark.datasets.rendering import (
    GRID,
    ORIENTATIONS,
    SCALES,
    SHAPES,
    SIDE,
    fill,
    render,
    vertices,
)
from benchmark.datasets.sprites import TOTAL, factors_of

RNG = np.random.default_rng(5)
CENTRE = 256 * np.arange(SIDE) + 128
FULL_SHA256 = "2c612e5234d21c2b576c375ebe1faa1b363ab97d340164c5d2dcf27f35dd5eb6"
SUBSET_SHA256 = "e1a7e3102ad71e54d3adff15b6e9d56001913abbf1bd5333d20c8fd85142cabb"


def pixels(packed: np.ndarray) -> np.ndarray:
    """Packed images (N, 512) as (N, 64, 64) of 0 and 1."""
    return np.unpackbits(packed, axis=1).reshape(-1, SIDE, SIDE)


def grid(
    shape: str, scale: slice | int = slice(None), orientation: slice | int = slice(None)
) -> np.ndarray:
    """All images of a shape at some scales and orientations: (..., 32, 32, 64, 64), the last four
    axes posX, posY, row, column."""
    chosen = np.arange(TOTAL).reshape(GRID)[SHAPES.index(shape), scale, orientation]
    return pixels(render(factors_of(chosen.ravel()))).reshape(*chosen.shape, SIDE, SIDE)


def drawn(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What ``fill`` gives, as pixels."""
    return pixels(fill(x, y).astype(">u8").view(np.uint8).reshape(len(x), -1))


def counted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One polygon (V,) by definition: a pixel is inside where an odd number of edges crosses its
    row at or left of its centre."""
    inside = np.zeros((SIDE, SIDE), dtype=bool)
    for x0, y0, x1, y1 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        rows = ((y0 < CENTRE) & (y1 >= CENTRE))[:, None]
        left = (CENTRE - x0) * (y1 - y0) >= ((CENTRE - y0) * (x1 - x0))[:, None]
        inside ^= rows & left
    return inside


def test_sprites_equal_counting_crossings() -> None:
    for factors in factors_of(RNG.integers(0, TOTAL, 60)):
        shape, scale, orientation, across, down = factors
        x, y = np.rint(vertices(SHAPES[shape])[:, scale, orientation]).astype(np.int64)
        assert np.array_equal(pixels(render(factors[None]))[0], counted(x[across], y[down]))


@pytest.mark.parametrize("coarse", [1, 128], ids=["anywhere", "on-centres-and-borders"])
def test_any_polygon_equals_counting_crossings(coarse: int) -> None:
    x, y = coarse * RNG.integers(0, SIDE * 256 // coarse, (2, 200, 7))
    assert all(
        np.array_equal(image, counted(*polygon))
        for image, polygon in zip(drawn(x, y), zip(x, y, strict=True), strict=True)
    )


def test_centres_on_a_left_and_a_bottom_edge_are_inside() -> None:
    low, high = CENTRE[10], CENTRE[14]
    image = drawn(np.array([[low, high, high, low]]), np.array([[low, low, high, high]]))[0]
    expected = np.zeros_like(image)
    expected[11:15, 10:14] = 1
    assert np.array_equal(image, expected)


def test_neighbours_share_no_pixel_and_leave_none_out() -> None:
    x, y = 128 * RNG.integers(0, 2 * SIDE, (2, 300, 3))
    split = (x[:, 0] + x[:, 1]) // 256 * 128, (y[:, 0] + y[:, 1]) // 256 * 128
    on_edge = (x[:, 1] - x[:, 0]) * (split[1] - y[:, 0]) == (y[:, 1] - y[:, 0]) * (
        split[0] - x[:, 0]
    )
    x, y, split = x[on_edge], y[on_edge], tuple(weights[on_edge] for weights in split)
    assert len(x) > 30
    whole = drawn(x, y)
    halves = [
        drawn(np.stack((split[0], x[:, k], x[:, 2]), 1), np.stack((split[1], y[:, k], y[:, 2]), 1))
        for k in (0, 1)
    ]
    assert np.array_equal(halves[0] + halves[1], whole)


def test_no_vertex_is_near_a_tie_of_its_rounding() -> None:
    for shape in SHAPES:
        x = vertices(shape)
        assert x.dtype == np.float64 and x.min() > 0 and x.max() < SIDE * 256
        assert (
            np.abs(x - np.floor(x) - 0.5).min() > 1e-7
        )  # double precision errs by 1e-11: the rounding is the same everywhere


def test_other_sines_and_cosines_draw_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [np.rint(vertices(shape)) for shape in SHAPES]
    noise = np.random.default_rng(0)
    for name in ("sin", "cos"):
        exact = getattr(np, name)
        monkeypatch.setattr(
            np,
            name,
            lambda t, exact=exact: (
                exact(t) * (1 + 4 * np.finfo(float).eps * noise.uniform(-1, 1, np.shape(t)))
            ),
        )
    assert all(
        np.array_equal(np.rint(vertices(shape)), rounded)
        for shape, rounded in zip(SHAPES, before, strict=True)
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_last_orientation_is_the_first(shape: str) -> None:
    assert ORIENTATIONS[39] == pytest.approx(2 * np.pi)
    assert np.array_equal(grid(shape, 2, 0), grid(shape, 2, 39))


def test_mirrored_ellipses_are_ellipses() -> None:
    upright = grid("ellipse", orientation=0)
    assert np.array_equal(upright, upright[:, :, ::-1, ::-1])


def test_mirrored_squares_are_squares_except_where_an_edge_meets_centres() -> None:
    upright = grid("square", orientation=0)
    x, y = np.rint(vertices("square"))[:, :, 0]
    free = ~(x % 256 == 128).any(axis=-1)
    mirrored = upright[:, ::-1, :, :, ::-1]
    assert free.sum() > 150 and not free.all()
    assert np.array_equal(upright[free], mirrored[free])
    assert (
        (upright[~free] != mirrored[~free]).any(axis=(2, 3)).all()
    )  # there left edges count and right edges do not
    sides = (
        np.ptp(np.ceil((x - 128) / 256), axis=-1)[:, :, None]
        * np.ptp(np.floor((y - 128) / 256), axis=-1)[:, None]
    )
    assert np.array_equal(upright.sum(axis=(3, 4)), sides)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0, 5])
def test_the_mean_number_of_pixels_is_the_area(shape: str, scale: int) -> None:
    x, y = vertices(shape)[:, scale, 7, 0] / 256
    area = abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    assert grid(shape, scale, 7).sum(axis=(2, 3)).mean() == pytest.approx(
        area, rel=2e-3
    )  # 1,024 positions; the worst is off by 0.13 %


def test_images_do_not_depend_on_their_company() -> None:
    factors = factors_of(RNG.integers(0, TOTAL, 50))
    together = render(factors)
    assert np.array_equal(together, np.vstack([render(row[None]) for row in factors]))
    assert np.array_equal(together[::-1], render(factors[::-1]))
    assert render(factors[:0]).shape == (0, 512)


def test_every_61st_image_has_the_pinned_bits() -> None:
    packed = render(factors_of(np.arange(0, TOTAL, 61)))
    assert hashlib.sha256(pixels(packed)).hexdigest() == SUBSET_SHA256


def test_images_equal_every_genuine_one(data_dir: Path) -> None:
    images, classes = arrays(data_dir, "dsprites_genuine_406.npz", "imgs", "latents_classes")
    assert len(images) == 406
    assert np.array_equal(pixels(render(classes[:, 1:])), images)


def test_images_equal_the_checked_set(data_dir: Path) -> None:
    (packed,) = arrays(data_dir, "dsprites_rerendered_packed.npz", "imgs_packed")
    index = RNG.integers(0, TOTAL, 3000)
    assert np.array_equal(render(factors_of(index)), packed[index])


@pytest.mark.slow
def test_all_images_have_the_checked_digest_and_number_of_ones() -> None:
    hasher, ones = hashlib.sha256(), 0
    for start in range(0, TOTAL, 8192):
        images = pixels(render(factors_of(np.arange(start, min(start + 8192, TOTAL)))))
        hasher.update(images)
        ones += int(np.count_nonzero(images))
    assert hasher.hexdigest() == FULL_SHA256
    assert ones == 128_328_862 + 2  # the original has 128,328,862


def arrays(data_dir: Path, file: str, *names: str) -> list[np.ndarray]:
    path = data_dir / "dsprites" / file
    if not path.is_file():
        pytest.skip(f"no {file} in '{path.parent}'; set BENCH_DATA to run this test")
    with np.load(path, allow_pickle=False) as source:
        return [source[name] for name in names]


def test_values_are_those_of_the_original(data_dir: Path) -> None:
    scale, orientation = arrays(data_dir, "dsprites_rerendered_packed.npz", "scale", "orientation")
    np.testing.assert_allclose(SCALES, scale, atol=1e-15)
    np.testing.assert_allclose(ORIENTATIONS, orientation, atol=1e-15)

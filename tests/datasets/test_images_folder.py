"""Folders of images: pixels as they are, splits and classes by folders, one line for each
mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.planning.jobs import instance
from benchmark.spec import BenchError

RNG = np.random.default_rng(5)


def grey(height: int = 9, width: int = 12) -> np.ndarray:
    return RNG.integers(0, 256, (height, width), dtype=np.uint8)


def rgb(height: int = 9, width: int = 12) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def write(folder: Path, images: Mapping[str, np.ndarray]) -> None:
    for name, pixels in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def load(folder: Path, options: str = "") -> Splits:
    return instance(registry.choose("datasets", f'images:"{folder}"{options}'), folder).load()


def test_pixels_are_kept_in_the_order_of_paths_and_every_fifth_is_held_out(tmp_path: Path) -> None:
    images = {f"{index:02}.png": grey() for index in range(10)}
    write(tmp_path, images)
    (tmp_path / "notes.txt").write_text("left out")
    splits = load(tmp_path)
    whole = np.stack([images[name] for name in sorted(images)])[:, None]
    test = np.arange(10) % 5 == 0
    assert splits.train.shape == (1, 9, 12) and splits.train.labels is None
    assert np.array_equal(splits.train.stored, whole[~test])
    assert np.array_equal(splits.test.stored, whole[test])


def test_folders_are_classes_each_split_alike(tmp_path: Path) -> None:
    write(tmp_path, {f"{kind}/{i}.png": rgb() for kind in ("cat", "dog") for i in range(5)})
    splits = load(tmp_path)
    assert splits.train.shape == (3, 9, 12)
    assert splits.train.labels is not None and splits.test.labels is not None
    assert splits.train.labels.tolist() == [0] * 4 + [1] * 4
    assert splits.test.labels.tolist() == [0, 1]


def test_folders_train_and_test_are_the_splits(tmp_path: Path) -> None:
    images = {f"train/a/{i}.png": rgb() for i in range(3)} | {"train/b/0.png": rgb()}
    images |= {f"test/b/{i}.png": rgb() for i in range(2)}
    write(tmp_path, images)
    splits = load(tmp_path)
    assert (len(splits.train), len(splits.test)) == (4, 2)
    assert splits.test.labels is not None and splits.test.labels.tolist() == [1, 1]
    assert np.array_equal(splits.test.stored[1], np.moveaxis(images["test/b/1.png"], 2, 0))


def test_grey_among_colours_is_colour_unless_grey_is_asked_for(tmp_path: Path) -> None:
    images = {f"{i}.png": grey() if i else rgb() for i in range(6)}
    write(tmp_path, images)
    splits = load(tmp_path)
    assert splits.train.shape == (3, 9, 12)
    assert np.array_equal(splits.train.stored[0], np.repeat(images["1.png"][None], 3, axis=0))
    assert load(tmp_path, "[colour=grey]").train.shape == (1, 9, 12)


def test_size_cuts_the_centred_square_and_scales_it(tmp_path: Path) -> None:
    pixels = np.zeros((16, 32), dtype=np.uint8)
    pixels[:, 8:24] = 200  # the centred square; what lies beside it is cut off
    write(tmp_path, {f"{i}.png": pixels for i in range(6)})
    splits = load(tmp_path, "[size=8]")
    assert splits.train.shape == (1, 8, 8)
    assert (splits.train.stored == 200).all()


def test_any_size_is_planned_and_the_key_follows_the_options(tmp_path: Path) -> None:
    from benchmark.planning.jobs import Grid, plan

    write(tmp_path, {f"{i}.png": rgb(17, 23) for i in range(10)})
    names = [f'images:"{tmp_path}"', f'images:"{tmp_path}"[intrinsic_dim=3]']
    jobs = [
        plan(Grid(["vae"], [name], steps=1, batch_size=4), tmp_path / "data")[0] for name in names
    ]
    assert jobs[0].spec.key != jobs[1].spec.key and jobs[0].spec.data == jobs[1].spec.data
    assert jobs[1].spec.options["intrinsic_dim"] == 3


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        ({"1.png": grey()}, "", "holds 1 images; expected at least two files ending in .bmp"),
        (
            {f"{i}.png": grey(9, 9 + (i == 3)) for i in range(6)},
            "",
            r"'.*3.png' has 10 x 9 pixels, 5 of 6",
        ),
        ({f"{i}.png": grey() for i in range(4)}, "", "holds 4 items, too few to hold some out"),
        ({f"{i}.png": grey() for i in range(6)}, "[size=0]", "option 'size' is 0"),
        ({f"{i}.png": grey() for i in range(6)}, "[intrinsic_dim=0]", "'intrinsic_dim' is 0"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, images: Mapping[str, np.ndarray], options: str, message: str
) -> None:
    write(tmp_path, images)
    with pytest.raises(BenchError, match=message) as error:
        load(tmp_path, options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n torn"])
def test_a_damaged_image_is_named(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, {f"{i}.png": grey() for i in range(6)})
    (tmp_path / "4.png").write_bytes(content)
    with pytest.raises(BenchError, match=r"cannot read '.*4\.png' as an image"):
        load(tmp_path)


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    write(tmp_path, {f"{i}.png": grey() for i in range(6)})
    whole = (tmp_path / "4.png").read_bytes()
    (tmp_path / "4.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BenchError, match=r"cannot read '.*4\.png' as an image"):
        load(tmp_path)


def test_no_folder_and_no_colon_are_told() -> None:
    with pytest.raises(BenchError, match="there is no folder '/nowhere'; expected images:FOLDER"):
        load(Path("/nowhere"))
    with pytest.raises(BenchError, match="expected images:FOLDER"):
        registry.choose("datasets", "images")

"""CelebA: the crop, the split and the file that fetch leaves, on a handful of images made here."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark import registry
from benchmark.datasets.celeba import CelebA, face, partition
from benchmark.datasets.tensors import TensorSplit
from benchmark.spec import BenchError, MissingData

PARTS = {
    "000001.jpg": 0,
    "000002.jpg": 0,
    "000003.jpg": 1,
    "000004.jpg": 2,
    "000005.jpg": 0,
    "000006.jpg": 2,
}
TRAIN, TEST = ["000001.jpg", "000002.jpg", "000005.jpg"], ["000004.jpg", "000006.jpg"]
PHOTOS = dict(
    zip(
        PARTS,
        np.random.default_rng(0).integers(0, 256, (len(PARTS), 218, 178, 3), dtype=np.uint8),
        strict=True,
    )
)


def photo(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels)


def install(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write images and the list of the split in the layout of torchvision, without loss, and pin
    them; return their folder."""
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for name, pixels in PHOTOS.items():
        photo(pixels).save(folder / "img_align_celeba" / name, format="png")
    text = "".join(f"{name} {part}\n" for name, part in PARTS.items())
    (folder / "list_eval_partition.txt").write_text(text, encoding="ascii")
    monkeypatch.setattr(
        CelebA, "list_md5", hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    )
    monkeypatch.setattr(CelebA, "counts", (len(TRAIN), len(TEST)))
    return folder


def test_the_partition_keeps_the_order_of_the_list() -> None:
    assert partition("".join(f"{name} {part}\n" for name, part in PARTS.items())) == (TRAIN, TEST)


def test_a_face_is_the_scaled_centre_and_nothing_else() -> None:
    pixels = PHOTOS["000001.jpg"].copy()
    kept = face(photo(pixels))
    assert kept.shape == (3, 64, 64) and kept.dtype == np.uint8
    pixels[:39], pixels[179:], pixels[:, :19], pixels[:, 159:] = 0, 255, 255, 0
    assert np.array_equal(face(photo(pixels)), kept)
    pixels[39:179, 19:159] = (10, 20, 30)
    assert np.array_equal(
        face(photo(pixels)),
        np.broadcast_to(np.array([10, 20, 30], np.uint8)[:, None, None], (3, 64, 64)),
    )


def test_scaling_is_bilinear_and_averages_over_all_pixels_below() -> None:
    pixels = PHOTOS["000002.jpg"]
    centre = torch.from_numpy(pixels[39:179, 19:159].copy()).permute(2, 0, 1)[None].double()
    expected = torch.nn.functional.interpolate(centre, (64, 64), mode="bilinear", antialias=True)[
        0
    ].numpy()
    assert (
        np.abs(face(photo(pixels)) - expected).max() <= 1
    )  # Pillow rounds after each of its two passes


def test_mirrored_photographs_give_mirrored_faces() -> None:
    pixels = PHOTOS["000001.jpg"]
    assert np.array_equal(face(photo(pixels[:, ::-1].copy())), face(photo(pixels))[:, :, ::-1])


def test_fetch_decodes_once_and_load_reads_what_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path, monkeypatch)
    before = set(folder.iterdir())
    celeba = CelebA(data_dir=tmp_path)
    celeba.fetch()
    assert {path.name for path in set(folder.iterdir()) - before} == {
        "celeba64.npy",
        "celeba64.npy.sha256",
    }
    splits = celeba.load()
    for split, names in ((splits.train, TRAIN), (splits.test, TEST)):
        assert split.shape == CelebA.shape and split.stored.dtype == np.uint8
        assert np.array_equal(split.stored, np.stack([face(photo(PHOTOS[name])) for name in names]))
    monkeypatch.setattr(CelebA, "_decode", lambda *_: pytest.fail("decoded again"))
    celeba.fetch()
    assert celeba.load().digest == splits.digest


def test_changing_loaded_images_leaves_the_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    CelebA(data_dir=tmp_path).fetch()
    splits = CelebA(data_dir=tmp_path).load()
    TensorSplit(splits.train).stored.zero_()
    splits.test.stored[:] = 0
    assert CelebA(data_dir=tmp_path).load().digest == splits.digest != CelebA.list_md5


@pytest.mark.parametrize("damage", ["byte", "cut", "sidecar", "empty-sidecar"])
def test_a_changed_file_is_refused(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path, monkeypatch)
    CelebA(data_dir=tmp_path).fetch()
    path, noted = folder / "celeba64.npy", folder / "celeba64.npy.sha256"
    content = path.read_bytes()
    if damage == "byte":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        path.write_bytes(content[:-1])
    else:
        noted.write_bytes(b"" if damage == "empty-sidecar" else b"\xff" * 64)
    with pytest.raises(
        BenchError,
        match=(
            r"^'[^\n]*celeba64.npy' has the wrong checksum: [^\n]*; "
            r"delete it and run `bench data fetch celeba`$"
        ),
    ):
        CelebA(data_dir=tmp_path).load()


def test_a_file_of_another_shape_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    CelebA(data_dir=tmp_path).fetch()
    monkeypatch.setattr(CelebA, "counts", (162_770, 19_962))
    with pytest.raises(
        BenchError,
        match=(
            r"holds uint8 of shape \(5, 3, 64, 64\), "
            r"expected uint8 of shape \(182732, 3, 64, 64\); delete it and run"
        ),
    ):
        CelebA(data_dir=tmp_path).load()


def test_missing_files_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(
        MissingData,
        match=(
            r"data of 'celeba' is missing: looked for '.*celeba64.npy'; "
            r"run `bench data fetch celeba`"
        ),
    ):
        CelebA(data_dir=tmp_path).load()
    with pytest.raises(BenchError, match="'celeba' needs a data folder"):
        CelebA().load()


@pytest.mark.parametrize("damage", ["missing", "no-image", "other-size"])
def test_a_photograph_that_cannot_be_used_leaves_nothing_behind(
    damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path, monkeypatch)
    before = {path.name for path in folder.iterdir()}
    path = folder / "img_align_celeba" / TEST[0]
    path.unlink()
    if damage == "no-image":
        path.write_bytes(b"no image")
    elif damage == "other-size":
        photo(PHOTOS[TEST[0]][:200]).save(path, format="png")
    with pytest.raises(
        BenchError,
        match=(
            r"^could not make '[^\n]*celeba64.npy': [^\n]*; "
            r"see to the file or the disk and fetch again$"
        ),
    ):
        CelebA(data_dir=tmp_path).fetch()
    assert {path.name for path in folder.iterdir()} == before


def test_another_list_of_the_split_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install(tmp_path, monkeypatch)
    (folder / "list_eval_partition.txt").write_text("000001.jpg 2\n", encoding="ascii")
    with pytest.raises(
        BenchError, match=r"list_eval_partition.txt' has the wrong checksum: md5 is"
    ):
        CelebA(data_dir=tmp_path).fetch()


def test_fetch_without_gdown_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        BenchError,
        match=r"gdown is needed; run pip install '\.\[celeba\]' in a checkout .* and fetch again",
    ):
        CelebA(data_dir=tmp_path).fetch()


def test_fetch_downloads_through_torchvision_and_a_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(root: str, **arguments: object) -> None:
        assert root == str(tmp_path) and arguments["download"] is True
        raise RuntimeError("Too many users\n have viewed this file")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setitem(
        sys.modules, "torchvision", SimpleNamespace(datasets=SimpleNamespace(CelebA=offline))
    )
    with pytest.raises(
        BenchError,
        match=(
            r"^could not fetch 'celeba' into '[^\n]*': Too many users have viewed this file; "
            r"[^\n]*$"
        ),
    ):
        CelebA(data_dir=tmp_path).fetch()


def test_name_and_list_are_those_of_registry_and_torchvision() -> None:
    from torchvision.datasets import CelebA as Reference

    assert registry.load(registry.find("datasets", CelebA.name).target) is CelebA
    assert {name: md5 for _, md5, name in Reference.file_list}[
        "list_eval_partition.txt"
    ] == CelebA.list_md5
    assert Reference.base_folder == "celeba"

"""The original dSprites archive: read from archives of the same make written here, refused where
anything is off, compared where it is at hand."""

from __future__ import annotations

import hashlib
import io
import urllib.request
import zipfile
from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets import dsprites
from benchmark.datasets.dsprites import FILE, DSprites, read_images
from benchmark.datasets.rendering import render
from benchmark.datasets.sprites import TOTAL, Sprites, factors_of
from benchmark.spec import BenchError, MissingData

GRID = (3, 2, 4, 5, 4)
COUNT = 480
FACTORS = factors_of(np.arange(COUNT), GRID)
PACKED = render(FACTORS)


IMAGES = np.unpackbits(PACKED, axis=1).reshape(-1, 64, 64)
CLASSES = np.hstack((np.zeros((COUNT, 1), np.int64), FACTORS.astype(np.int64)))


def archive(**changes: np.ndarray) -> bytes:
    """An npz of the original's make for a small grid: images, classes with the colour first, and a
    pickled ``metadata``."""
    metadata = np.array({"must": "not be read"}, dtype=object)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, **({"imgs": IMAGES, "latents_classes": CLASSES, "metadata": metadata} | changes)
    )
    return buffer.getvalue()


class Small(DSprites):
    """The same on the small grid."""

    grid = GRID


def install(root: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> Path:
    path = root / "dsprites" / FILE
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    monkeypatch.setattr(Small, "md5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    return path


@pytest.mark.parametrize("chunk", [7, 480, 4096])
def test_chosen_images_arrive_in_the_order_asked_for(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dsprites, "CHUNK", chunk)
    path = install(tmp_path, monkeypatch, archive())
    for index in (
        np.random.default_rng(0).permutation(COUNT),
        np.array([479, 0, 3]),
        np.array([5]),
    ):
        assert np.array_equal(read_images(path, index, GRID), PACKED[index])


def test_the_splits_are_those_of_sprites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Drawn(Sprites):
        grid = GRID

    install(tmp_path, monkeypatch, archive())
    for size in (64, 32):
        original = Small(Small.Options(size=size, count=100), data_dir=tmp_path).load()
        assert (len(original.train), len(original.test)) == (90, 10)
        assert original.digest == Drawn(Drawn.Options(size=size, count=100)).load().digest


def test_the_pickled_member_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, archive())
    opened: list[str] = []
    real = zipfile.ZipFile.open

    def spy(self: zipfile.ZipFile, name: str, *args: object, **kwargs: object) -> object:
        opened.append(name)
        return real(self, name, *args, **kwargs)

    monkeypatch.setattr(zipfile.ZipFile, "open", spy)
    Small(Small.Options(count=100), data_dir=tmp_path).load()
    assert opened == ["latents_classes.npy", "imgs.npy"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imgs": IMAGES * 255}, "its imgs are not binary"),
        (
            {"imgs": IMAGES[:-1]},
            r"its imgs are uint8 of shape \(479, 64, 64\), expected uint8 of shape \(480, 64, 64\)",
        ),
        ({"imgs": IMAGES.astype(bool)}, r"its imgs are bool of shape \(480, 64, 64\)"),
        ({"imgs": np.asfortranarray(IMAGES)}, "its imgs are uint8"),
        ({"imgs": IMAGES.astype(object)}, "its imgs are object"),
        ({"latents_classes": CLASSES[::-1]}, "its latents_classes are not the factor grid"),
        ({"latents_classes": CLASSES[0]}, "too many indices"),
        ({"latents_classes": CLASSES.astype(object)}, "Object arrays cannot be loaded"),
    ],
    ids=["bytes", "short", "bool", "fortran", "objects", "reversed", "flat", "pickled"],
)
def test_another_archive_is_refused_in_one_line(
    changes: dict[str, np.ndarray], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, archive(**changes))
    with pytest.raises(
        BenchError,
        match=(
            rf"(?s)^'[^\n]*' is not the dSprites archive: [^\n]*{message}[^\n]*; "
            r"delete it and run `bench data fetch dsprites`$"
        ),
    ):
        Small(Small.Options(count=100), data_dir=tmp_path).load()


GOOD = archive()


@pytest.mark.parametrize("chunk", [96, 4096])  # the last read ends with the array, or asks for more
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        GOOD[:-40],
        GOOD[:3000] + bytes([GOOD[3000] ^ 1]) + GOOD[3001:],
        GOOD.replace(b"imgs.npy", b"imgz.npy"),
    ],
    ids=["empty", "text", "cut-off", "flipped", "renamed"],
)
def test_a_damaged_archive_is_one_line(
    content: bytes, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dsprites, "CHUNK", chunk)
    path = install(tmp_path, monkeypatch, content)
    with pytest.raises(BenchError, match=r"^[^\n]* is not the dSprites archive: [^\n]+$"):
        read_images(path, np.arange(COUNT), GRID)


def test_a_wrong_checksum_is_refused_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, monkeypatch, archive())
    monkeypatch.setattr(Small, "md5", DSprites.md5)
    with pytest.raises(
        BenchError,
        match=(
            f"'{path}' has the wrong checksum: md5 is .*, expected {DSprites.md5}; "
            "delete it and run"
        ),
    ):
        Small(Small.Options(count=100), data_dir=tmp_path).load()


def test_a_missing_archive_or_folder_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(
        MissingData,
        match=(
            f"data of 'dsprites' is missing: looked for '{tmp_path}.*{FILE}'; "
            "run `bench data fetch dsprites`"
        ),
    ):
        DSprites(data_dir=tmp_path).load()
    with pytest.raises(BenchError, match="'dsprites' needs a data folder"):
        DSprites().load()


def test_fetch_puts_the_archive_where_load_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive()
    answer = io.BytesIO(content)
    answer.url = DSprites.url
    monkeypatch.setattr(Small, "md5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    monkeypatch.setattr(
        urllib.request,
        "urlopen",
        lambda url, timeout: answer if url == DSprites.url else pytest.fail(url),
    )
    small = Small(Small.Options(count=100), data_dir=tmp_path)
    small.fetch()
    assert len(small.load().train) == 90
    small.fetch()  # there already: the answer, which is read to its end, is not needed again


def test_the_name_in_messages_is_the_registered_one() -> None:
    assert registry.load(registry.find("datasets", DSprites.name).target) is DSprites
    assert DSprites.url.startswith(
        "https://raw.githubusercontent.com/google-deepmind/dsprites-dataset/"
    ) and DSprites.url.endswith(FILE)


def test_options_mean_the_same_as_for_sprites() -> None:
    fields = [
        registry.find("datasets", name).source.fields("Options") for name in ("sprites", "dsprites")
    ]
    assert fields[0] == fields[1]


@pytest.mark.slow
def test_the_original_has_the_published_mean_and_hardly_differs_from_the_rendering(
    data_dir: Path,
) -> None:
    if not (data_dir / "dsprites" / FILE).is_file():
        pytest.skip(
            f"no {FILE} in '{data_dir / 'dsprites'}'; "
            "run `bench data fetch dsprites` and set BENCH_DATA to run this test"
        )
    index = np.arange(TOTAL)
    packed = DSprites(data_dir=data_dir).images(index)
    assert np.bitwise_count(packed).sum(dtype=np.int64) == 128_328_862
    assert (
        np.bitwise_count(packed ^ render(factors_of(index))).sum(dtype=np.int64) <= 200
    )  # 46 to 87 are expected of a different arithmetic

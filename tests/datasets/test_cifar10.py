"""CIFAR-10: the binary format on archives made here, whole or unpacked; every damage is one
line."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets.cifar10 import CIFAR10, parse_records
from benchmark.datasets.split import Splits
from benchmark.spec import BenchError, MissingData

NAMES = list(CIFAR10.sha256)
IMAGES = np.random.default_rng(0).integers(0, 256, (len(NAMES), 4, 3, 32, 32), dtype=np.uint8)
LABELS = np.random.default_rng(1).integers(0, 10, (len(NAMES), 4), dtype=np.uint8)


def records(images: np.ndarray, labels: np.ndarray) -> bytes:
    """The format by its definition: a byte for the class, then red, green and blue, row after
    row."""
    parts = []
    for image, label in zip(images, labels, strict=True):
        parts += [
            bytes([label]),
            *(image[channel, row].tobytes() for channel in range(3) for row in range(32)),
        ]
    return b"".join(parts)


CONTENTS = {name: records(IMAGES[k], LABELS[k]) for k, name in enumerate(NAMES)}


def tar(names: list[str]) -> bytes:
    """A gzipped archive in the publisher's layout: a folder, a text file, the batches in another
    order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as target:
        folder = tarfile.TarInfo("cifar-10-batches-bin")
        folder.type = tarfile.DIRTYPE
        target.addfile(folder)
        for name, content in {
            "batches.meta.txt": b"airplane\n",
            **{name: CONTENTS[name] for name in reversed(names)},
        }.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            target.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def install(root: Path, monkeypatch: pytest.MonkeyPatch, names: list[str] = NAMES) -> Path:
    """Write an archive and pin it; return its path."""
    path, content = root / "CIFAR10" / CIFAR10.archive, tar(names)
    path.parent.mkdir()
    path.write_bytes(content)
    monkeypatch.setattr(CIFAR10, "md5", hashlib.md5(content, usedforsecurity=False).hexdigest())
    return path


def unpack(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the files as they come out of an archive and pin them; return their folder."""
    folder = root / "CIFAR10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    monkeypatch.setattr(
        CIFAR10,
        "sha256",
        {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()},
    )
    return folder


def check(splits: Splits) -> None:
    for split, batches in ((splits.train, slice(0, 5)), (splits.test, slice(5, 6))):
        assert (
            split.stored.dtype == np.uint8
            and split.stored.flags.writeable
            and split.stored.flags.c_contiguous
        )
        assert split.shape == CIFAR10.shape and np.array_equal(
            split.stored, IMAGES[batches].reshape(-1, 3, 32, 32)
        )
        assert (
            split.labels is not None
            and split.labels.dtype == np.int64
            and np.array_equal(split.labels, LABELS[batches].ravel())
        )


def test_the_archive_is_read_in_order_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, monkeypatch)
    check(CIFAR10(data_dir=tmp_path).load())
    assert list(path.parent.iterdir()) == [path]


def test_unpacked_files_are_the_same_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whole").mkdir()
    unpack(tmp_path / "apart", monkeypatch)
    install(tmp_path / "whole", monkeypatch)
    apart, whole = (CIFAR10(data_dir=tmp_path / name).load() for name in ("apart", "whole"))
    check(apart)
    assert apart.digest == whole.digest


def test_a_changed_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = install(tmp_path, monkeypatch)
    path.write_bytes(path.read_bytes()[:-1])
    message = (
        f"'{re.escape(str(path))}' has the wrong checksum: md5 is .*, expected {CIFAR10.md5}; "
        "delete it and run `bench data fetch cifar10`"
    )
    with pytest.raises(BenchError, match=message):
        CIFAR10(data_dir=tmp_path).load()


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_byte_in_any_unpacked_file_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = unpack(tmp_path, monkeypatch) / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(
        BenchError,
        match=(
            f"{name}' has the wrong checksum: .*expected {CIFAR10.sha256[name]}; delete it and run"
        ),
    ):
        CIFAR10(data_dir=tmp_path).load()


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        MissingData,
        match=(
            f"data of 'cifar10' is missing: looked for '.*{CIFAR10.archive}'; "
            "run `bench data fetch cifar10`"
        ),
    ):
        CIFAR10(data_dir=tmp_path).load()
    with pytest.raises(BenchError, match="'cifar10' needs a data folder"):
        CIFAR10().load()
    (unpack(tmp_path, monkeypatch) / "data_batch_3.bin").unlink()
    with pytest.raises(
        MissingData, match=r"looked in '.*cifar-10-batches-bin' for data_batch_3.bin"
    ):
        CIFAR10(data_dir=tmp_path).load()


def test_an_archive_without_a_batch_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, NAMES[1:])
    with pytest.raises(
        BenchError, match=r"lacks data_batch_1\.bin; delete it and run `bench data fetch cifar10`"
    ):
        CIFAR10(data_dir=tmp_path).load()


@pytest.mark.parametrize("data", [b"", CONTENTS[NAMES[0]][:-1], CONTENTS[NAMES[0]] + b"?"])
def test_broken_records_are_one_line(data: bytes) -> None:
    with pytest.raises(
        BenchError,
        match=(
            rf"^'x' holds {len(data)} bytes, expected a multiple of 3073; "
            r"delete it and run [^\n]*$"
        ),
    ):
        parse_records(data, "x")


def test_fetch_puts_the_archive_where_load_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install(tmp_path, monkeypatch)
    answer = io.BytesIO(path.read_bytes())
    answer.url = CIFAR10.url
    path.unlink()
    monkeypatch.setattr(
        urllib.request,
        "urlopen",
        lambda url, timeout: answer if url == CIFAR10.url else pytest.fail(url),
    )
    CIFAR10(data_dir=tmp_path).fetch()
    check(CIFAR10(data_dir=tmp_path).load())


def test_the_name_in_messages_is_the_registered_one() -> None:
    assert registry.load(registry.find("datasets", CIFAR10.name).target) is CIFAR10


@pytest.mark.slow
def test_the_real_archive_holds_ten_even_classes_with_the_known_means(data_dir: Path) -> None:
    if not (data_dir / "CIFAR10").is_dir():
        pytest.skip(
            f"no CIFAR10 in '{data_dir}'; "
            "run `bench data fetch cifar10` and set BENCH_DATA to run this test"
        )
    splits = CIFAR10(data_dir=data_dir).load()
    for split, per_class in ((splits.train, 5000), (splits.test, 1000)):
        assert split.labels is not None and np.bincount(split.labels).tolist() == [per_class] * 10
    means = splits.train.stored.mean(axis=(0, 2, 3)) / 255
    assert means == pytest.approx(
        [0.4914, 0.4822, 0.4465], abs=5e-5
    )  # the usual normalisation constants, given to four digits

"""Files are found plain or gzipped, verified by the bytes they unpack to, and never written."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

from benchmark.datasets.files import locate, read_verified
from benchmark.spec import BenchError

CONTENT = b"ten bytes!" * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()
REMEDY = r"delete it and run `bench data fetch mnist`$"


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_plain_and_gzipped_files_satisfy_one_pin(tmp_path: Path) -> None:
    forms = {"a": CONTENT, "b.gz": gzip.compress(CONTENT), "c.gz": gzip.compress(CONTENT, 1)}
    for name, content in forms.items():
        assert read_verified(write(tmp_path / name, content), SHA256, dataset="mnist") == CONTENT


def test_the_plain_form_is_preferred(tmp_path: Path) -> None:
    packed = write(tmp_path / "a.gz", b"")
    assert locate(tmp_path, ["a"], dataset="mnist") == {"a": packed}
    plain = write(tmp_path / "a", b"")
    assert locate(tmp_path, ["a"], dataset="mnist") == {"a": plain}


def test_every_missing_file_is_named_with_both_ways_out(tmp_path: Path) -> None:
    write(tmp_path / "here", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BenchError) as caught:
        locate(tmp_path, ["one", "here", "folder"], dataset="mnist")
    message = str(caught.value)
    assert f"looked in '{tmp_path}' for one, folder (or the same with .gz)" in message
    assert (
        "`bench data fetch mnist`" in message
        and "--data-dir" in message
        and "$BENCH_DATA" in message
    )
    assert "\n" not in message


def test_a_wrong_checksum_names_file_and_both_digests(tmp_path: Path) -> None:
    digest = hashlib.sha256(CONTENT + b"!").hexdigest()
    for path in (
        write(tmp_path / "a", CONTENT + b"!"),
        write(tmp_path / "a.gz", gzip.compress(CONTENT + b"!")),
    ):
        with pytest.raises(
            BenchError,
            match=(
                f"'{re.escape(str(path))}' has the wrong checksum: .* is {digest}, "
                f"expected {SHA256}; {REMEDY}"
            ),
        ):
            read_verified(path, SHA256, dataset="mnist")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        CONTENT,
        gzip.compress(CONTENT)[:-1],
        gzip.compress(CONTENT)[:10] + b"\xff" * 30,
        gzip.compress(CONTENT)[:-8] + bytes(8),
    ],
    ids=["empty", "not-gzip", "cut-off", "bad-stream", "bad-crc"],
)
def test_damaged_gzip_is_one_line_with_the_word_checksum(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "a.gz", content)
    with pytest.raises(BenchError, match=f"(?s)^[^\n]*checksum[^\n]*{REMEDY}"):
        read_verified(path, SHA256, dataset="mnist")


def test_an_unreadable_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=f"cannot read '.*': Is a directory; .*{REMEDY}"):
        read_verified(tmp_path, SHA256, dataset="mnist")


def test_reading_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", gzip.compress(CONTENT))
    read_verified(path, SHA256, dataset="mnist")
    assert list(tmp_path.iterdir()) == [path]

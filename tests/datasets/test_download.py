"""Downloads arrive whole, right and over https, or leave nothing behind; none of it uses the
network."""

from __future__ import annotations

import hashlib
import http.client
import io
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.datasets.download import download, present, root, verify_md5
from benchmark.spec import BenchError, MissingData

URL = "https://example.org/data.bin"
CONTENT = b"ten bytes!" * 300_000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class Answer(io.BytesIO):
    """What ``urlopen`` returns: bytes, and where they came from in the end."""

    def __init__(self, content: bytes, url: str = URL) -> None:
        super().__init__(content)
        self.url = url


class Broken(Answer):
    """A connection that ends after the first block."""

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if self.tell() > 1 << 20:
            raise http.client.IncompleteRead(b"", 5)
        return block


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Answer]) -> list[str]:
    """Have ``urlopen`` answer with what ``answer`` makes; return the list of addresses it is asked
    for."""
    asked: list[str] = []

    def urlopen(url: str, timeout: float) -> Answer:
        assert timeout > 0
        asked.append(url)
        return answer()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def test_a_file_arrives_whole_in_a_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_with(monkeypatch, lambda: Answer(CONTENT))
    path = tmp_path / "new" / "folder" / "data.bin"
    download(URL, path, md5=MD5, dataset="cifar10")
    assert path.read_bytes() == CONTENT and list(path.parent.iterdir()) == [path] and asked == [URL]


def test_a_file_that_is_there_is_verified_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer_with(monkeypatch, lambda: Answer(CONTENT))
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    download(URL, path, md5=MD5, dataset="cifar10")
    path.write_bytes(b"mine")
    with pytest.raises(
        BenchError,
        match=(
            f"wrong checksum: md5 is .*, expected {MD5}; "
            "delete it and run `bench data fetch cifar10`"
        ),
    ):
        download(URL, path, md5=MD5, dataset="cifar10")
    assert path.read_bytes() == b"mine" and not asked


def refuse() -> Answer:
    raise urllib.error.URLError("Name or service\n not known")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: Answer(CONTENT[:-1]), "what arrived has md5"),
        (
            lambda: Answer(CONTENT, "http://example.org/data.bin"),
            "leads to http://example.org/data.bin, which is not https",
        ),
        (lambda: Broken(CONTENT), "IncompleteRead"),
        (refuse, "Name or service not known"),
    ],
    ids=["damaged", "plain-http", "cut-off", "offline"],
)
def test_a_failed_download_is_one_line_and_leaves_nothing(
    answer: Callable[[], Answer], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, answer)
    folder = tmp_path / "data" / "raw"  # not there yet, and not there after
    with pytest.raises(BenchError) as caught:
        download(URL, folder / "data.bin", md5=MD5, dataset="cifar10")
    message = str(caught.value)
    assert (
        message.startswith(f"could not fetch 'cifar10' from {URL}: ")
        and reason in message
        and "\n" not in message
    )
    assert f"copy data.bin into '{folder}'" in message
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_keeps_folders_that_were_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_with(monkeypatch, refuse)
    (tmp_path / "data").mkdir()
    with pytest.raises(BenchError):
        download(URL, tmp_path / "data" / "raw" / "data.bin", md5=MD5, dataset="cifar10")
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_missing_files_and_folders_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        MissingData,
        match=(
            r"data of 'cifar10' is missing: .*data.bin'; "
            r"run `bench data fetch cifar10`, .*--data-dir or \$BENCH_DATA"
        ),
    ):
        present(tmp_path / "data.bin", dataset="cifar10")
    with pytest.raises(
        BenchError, match=r"'cifar10' needs a data folder: give --data-dir or set \$BENCH_DATA"
    ):
        root(None, dataset="cifar10")
    with pytest.raises(
        BenchError, match=r"cannot read .*: Is a directory; make it readable, or delete it"
    ):
        verify_md5(tmp_path, MD5, dataset="cifar10")

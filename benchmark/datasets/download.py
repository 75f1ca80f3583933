"""Files from the network: into the data folder whole and verified, or not at all. Only ``fetch`` of
a dataset comes here; loading never does."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from benchmark.spec import BenchError, MissingData

__all__ = ["download", "present", "root", "verify_md5"]

BLOCK = 1 << 20
"""Bytes read at a time."""

PATIENCE = 60
"""Seconds without an answer after which a download is given up."""


def root(data_dir: Path | None, *, dataset: str) -> Path:
    """Return the data folder; ``BenchError`` where none was given."""
    if data_dir is None:
        raise BenchError(
            f"'{dataset}' needs a data folder: give --data-dir or set $BENCH_DATA, "
            f"then run `bench data fetch {dataset}`"
        )
    return data_dir


def present(path: Path, *, dataset: str) -> Path:
    """Return ``path``; ``MissingData`` where there is no such file."""
    if not path.is_file():
        remedy = (
            f"run `bench data fetch {dataset}`, or say with --data-dir or $BENCH_DATA where it lies"
        )
        raise MissingData(f"data of '{dataset}' is missing: looked for '{path}'; {remedy}")
    return path


def verify_md5(path: Path, md5: str, *, dataset: str) -> Path:
    """Return ``path``; ``BenchError`` where the md5 of its bytes is not the one published."""
    return _verify(path, ("md5", md5), dataset)


def _verify(path: Path, pinned: tuple[str, str], dataset: str) -> Path:
    kind, expected = pinned
    remedy = f"delete it and run `bench data fetch {dataset}`"
    try:
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, lambda: _hasher(kind)).hexdigest()
    except OSError as error:
        raise BenchError(
            f"cannot read '{path}': {error.strerror or error}; make it readable, or {remedy}"
        ) from None
    if checksum != expected:
        raise BenchError(
            f"'{path}' has the wrong checksum: {kind} is {checksum}, expected {expected}; {remedy}"
        )
    return path


def download(url: str, path: Path, *, dataset: str, md5: str = "", sha256: str = "") -> None:
    """Put what ``url`` (https) gives at ``path``: written beside it, verified, then renamed. A file
    that is there already is verified and kept.

    Give the checksum that is published, ``md5`` or ``sha256``.
    """
    kind, expected = pinned = ("sha256", sha256) if sha256 else ("md5", md5)
    if path.is_file():
        _verify(path, pinned, dataset)
        return
    partial = path.with_name(f"{path.name}.part")
    new = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        checksum = _receive(url, partial, kind)
        if checksum != expected:
            raise OSError(f"what arrived has {kind} {checksum}, expected {expected}")
        partial.replace(path)
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BenchError(
            f"could not fetch '{dataset}' from {url}: {reason}; check the network and the folder, "
            f"or copy {path.name} into '{path.parent}'"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
        if not path.exists():
            _remove_empty(new)


def _remove_empty(folders: Iterable[Path]) -> None:
    """Remove the folders that are there and hold nothing, the deepest first."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _receive(url: str, path: Path, kind: str) -> str:
    """Write the answer of ``url`` to ``path`` and return its checksum."""
    hasher = _hasher(kind)
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer, path.open("wb") as file:
        if not answer.url.startswith("https://"):
            raise OSError(f"it leads to {answer.url}, which is not https")
        while block := answer.read(BLOCK):
            hasher.update(block)
            file.write(block)
    return hasher.hexdigest()


def _hasher(kind: str) -> hashlib._Hash:
    """A new checksum. md5 detects damage and mistakes; it protects from no attack, and is what some
    publishers give."""
    return hashlib.new(kind, usedforsecurity=False)

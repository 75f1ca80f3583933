"""Files from the network: into the data folder whole and verified, or not at all. Only ``fetch`` of a dataset comes here; loading never does."""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
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
        raise BenchError(f"'{dataset}' needs a data folder: give --data-dir or set $BENCH_DATA, then run `bench data fetch {dataset}`")
    return data_dir


def present(path: Path, *, dataset: str) -> Path:
    """Return ``path``; ``MissingData`` where there is no such file."""
    if not path.is_file():
        remedy = f"run `bench data fetch {dataset}`, or say with --data-dir or $BENCH_DATA where it lies"
        raise MissingData(f"data of '{dataset}' is missing: looked for '{path}'; {remedy}")
    return path


def verify_md5(path: Path, md5: str, *, dataset: str) -> Path:
    """Return ``path``; ``BenchError`` where the md5 of its bytes is not the one published."""
    remedy = f"delete it and run `bench data fetch {dataset}`"
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, _md5).hexdigest()
    except OSError as error:
        raise BenchError(f"cannot read '{path}': {error.strerror or error}; make it readable, or {remedy}") from None
    if found != md5:
        raise BenchError(f"'{path}' has the wrong checksum: md5 is {found}, expected {md5}; {remedy}")
    return path


def download(url: str, path: Path, *, md5: str, dataset: str) -> None:
    """Put what ``url`` (https) gives at ``path``: written beside it, verified, then renamed. A file that is there already is verified and kept."""
    if path.is_file():
        verify_md5(path, md5, dataset=dataset)
        return
    partial = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        found = _receive(url, partial)
        if found != md5:
            raise OSError(f"what arrived has md5 {found}, expected {md5}")
        partial.replace(path)
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BenchError(
            f"could not fetch '{dataset}' from {url}: {reason}; check the network and the folder, or copy {path.name} into '{path.parent}'"
        ) from None
    finally:
        partial.unlink(missing_ok=True)


def _receive(url: str, path: Path) -> str:
    """Write the answer of ``url`` to ``path`` and return its md5."""
    hasher = _md5()
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer, path.open("wb") as file:
        if not answer.url.startswith("https://"):
            raise OSError(f"it leads to {answer.url}, which is not https")
        while block := answer.read(BLOCK):
            hasher.update(block)
            file.write(block)
    return hasher.hexdigest()


def _md5() -> hashlib._Hash:
    """An md5 that detects damage and mistakes; it protects from no attack, and is what the publishers give."""
    return hashlib.md5(usedforsecurity=False)

"""Reading files that were fetched once: plain or gzipped, checked against a pinned checksum, never
written."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterable
from pathlib import Path

from benchmark.spec import BenchError, MissingData

__all__ = ["locate", "read_verified"]


def locate(folder: Path, names: Iterable[str], *, dataset: str) -> dict[str, Path]:
    """Return where each of ``names`` lies in ``folder``, plain or (second choice) with ``.gz``.

    ``BenchError`` lists every name that is missing and says how to fetch ``dataset``.
    """
    forms = {
        name: [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
        for name in names
    }
    missing = [name for name, paths in forms.items() if not paths]
    if missing:
        raise MissingData(
            f"data of '{dataset}' is missing: looked in '{folder}' for {', '.join(missing)} (or "
            f"the same with .gz); run `bench data fetch {dataset}`, "
            "or say with --data-dir or $BENCH_DATA where it lies"
        )
    return {name: paths[0] for name, paths in forms.items()}


def read_verified(path: Path, sha256: str, *, dataset: str) -> bytes:
    """Return the bytes in ``path``, unpacked where it ends in ``.gz``; ``BenchError`` where their
    sha256 is not the one pinned.

    The checksum is of the unpacked bytes, so one pin serves both forms.
    """
    remedy = f"delete it and run `bench data fetch {dataset}`"
    try:
        data = path.read_bytes()
        plain = _unpacked(data) if path.suffix == ".gz" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BenchError(
            f"'{path}' is damaged, its checksum cannot be taken ({' '.join(str(error).split())}); "
            f"{remedy}"
        ) from None
    except OSError as error:
        raise BenchError(
            f"cannot read '{path}': {error.strerror or error}; make it readable to take its "
            f"checksum, or {remedy}"
        ) from None
    checksum = hashlib.sha256(plain).hexdigest()
    if checksum != sha256:
        raise BenchError(
            f"'{path}' has the wrong checksum: sha256 of its unpacked bytes is {checksum}, "
            f"expected {sha256}; {remedy}"
        )
    return plain


LARGEST = 1_000_000_000
"""Bytes of an unpacked file; every file that is pinned has fewer."""


def _unpacked(data: bytes) -> bytes:
    """Return the bytes in a gzip file; ``BadGzipFile`` where there are too many."""
    with gzip.open(io.BytesIO(data)) as file:
        plain = file.read(LARGEST + 1)
    if len(plain) > LARGEST:
        raise gzip.BadGzipFile(f"unpacked it has more than {LARGEST:,} bytes")
    return plain

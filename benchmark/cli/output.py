"""Writing what was made to the file a user named."""

from __future__ import annotations

from pathlib import Path

from benchmark.files import atomic_write
from benchmark.spec import BenchError

__all__ = ["save"]


def save(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all; :class:`BenchError` where that is not
    possible."""
    try:
        atomic_write(path, data)
    except OSError as error:
        raise BenchError(
            f"cannot write '{path}': {error.strerror}; name a file in a folder that exists and can "
            "be written"
        ) from None

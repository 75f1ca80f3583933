"""Reading the arrays a run left beside its record: ``curves.npz`` and ``artifacts.npz``. Pickle is
never read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmark.arrays import UnreadableArrays, read_npz
from benchmark.files import open_plain
from benchmark.spec import BenchError

__all__ = ["read_arrays"]

LARGEST = 1_000_000_000
"""Bytes of the arrays of one run, unpacked; those that runs leave are a hundredth of it."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the named arrays of an npz file, none where there is no file; :class:`BenchError`
    where it cannot be read."""
    try:
        with open_plain(path, LARGEST) as file:
            return read_npz(file, LARGEST)
    except FileNotFoundError:
        return {}
    except (OSError, UnreadableArrays) as error:
        reason = getattr(error, "strerror", None) or error
        raise BenchError(
            f"'{path}' is no readable npz file of plain arrays ({reason}); "
            "delete its folder and run `bench run` again"
        ) from None

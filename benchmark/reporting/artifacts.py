"""Reading the arrays a run left beside its record: ``curves.npz`` and ``artifacts.npz``. Pickle is
never read."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from benchmark.spec import BenchError

__all__ = ["read_arrays"]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the named arrays of an npz file, none where there is no file; :class:`BenchError`
    where it cannot be read."""
    try:
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BenchError(
            f"'{path}' is no readable npz file of plain arrays ({error}); delete its folder and run `bench run` again"
        ) from None

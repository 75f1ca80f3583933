"""Arrays of your own: ``npz:FILE``, written by ``numpy.savez(FILE, train=..., test=...)``,
optionally with ``train_labels`` and ``test_labels``.

| array | means |
|---|---|
| float (N, D) | vectors of any finite numbers |
| float (N, H, W) or (N, C, H, W), C = 1 or 3 | images of numbers from 0 to 1 |
| uint8 (N, H, W) or (N, C, H, W), C = 1 or 3 | images of bytes, 255 is 1 (not 0 and 1) |

Floats are kept as float32. Pickled objects are never read. The split is yours; the digest of the
arrays, not the path, is part of every run's key. A path with commas or brackets is put in double
quotes, which the shell must not take away: 'npz:"a,b[1].npz"'.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmark.arrays import UnreadableArrays, read_npz
from benchmark.datasets.given import Given
from benchmark.datasets.split import Split, Splits
from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["Npz", "as_stored", "checked_labels", "read_arrays"]

NAMES = ("train", "test", "train_labels", "test_labels")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an npz file by name; every name must be known, ``train`` and ``test``
    must be there."""
    if not path.is_file():
        raise BenchError(
            f"there is no file '{path}'; expected npz:FILE, written by numpy.savez(FILE, "
            "train=..., test=...)"
        )
    try:
        with path.open("rb") as file:
            arrays = read_npz(file, _memory())
    except (OSError, UnreadableArrays) as error:
        reason = getattr(error, "strerror", None) or error
        raise BenchError(
            f"cannot read '{path}' as npz ({reason}); write plain arrays with numpy.savez(FILE, "
            "train=..., test=...)"
        ) from None
    for name in arrays:
        if name not in NAMES:
            raise BenchError(
                f"'{path}' holds an array '{name}'{suggest(name, NAMES)} (expected "
                f"{', '.join(NAMES)}); write it again without"
            )
    for name in ("train", "test"):
        if name not in arrays:
            present = ", ".join(arrays) or "none"
            raise BenchError(
                f"'{path}' has no array '{name}' (it has {present}); "
                "write it with numpy.savez(FILE, train=..., test=...)"
            )
    return arrays


def _memory() -> int:
    """Bytes of memory of this machine: arrays that have more cannot be trained on here."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def as_stored(array: np.ndarray, where: str) -> np.ndarray:
    """Return ``array`` as a split stores it: float32 or uint8, (N, D) or (N, C, H, W).
    ``BenchError`` names ``where`` and what is wrong."""
    _check_layout(array, where)
    if array.dtype == np.uint8:
        _check_bytes(array, where)
        stored = array
    else:
        with np.errstate(over="ignore"):
            stored = array.astype(np.float32)
        _check_values(stored, where)
    return np.ascontiguousarray(stored[:, None] if stored.ndim == 3 else stored)


def _check_layout(array: np.ndarray, where: str) -> None:
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise BenchError(f"{where} has type {array.dtype}; expected float, or uint8 for images")
    if array.ndim not in (2, 3, 4) or array.size == 0 or len(array) < 2:
        raise BenchError(
            f"{where} has shape {array.shape}; expected vectors (N, D), or images (N, H, W) or (N, "
            "C, H, W), and at least two of them"
        )
    if array.ndim == 2 and array.dtype == np.uint8:
        raise BenchError(
            f"{where} is uint8 of shape {array.shape}; bytes stand for images (N, H, W) or (N, C, "
            "H, W), give vectors (N, D) as float"
        )
    if array.ndim == 4 and array.shape[1] not in (1, 3):
        raise BenchError(
            f"{where} has shape {array.shape}; expected (N, C, H, W) with 1 or 3 channels C, "
            "so move the channels to the second axis"
        )


def _check_bytes(array: np.ndarray, where: str) -> None:
    if array.max() == 1:
        raise BenchError(
            f"{where} is uint8 and holds 0 and 1 only; bytes stand for 0 to 1 in steps of 1/255, "
            "so these would be black: multiply them by 255, or give them as float"
        )


def _check_values(stored: np.ndarray, where: str) -> None:
    if not np.isfinite(stored).all():
        raise BenchError(
            f"{where} holds numbers that are not finite in float32; remove or scale them"
        )
    if stored.ndim > 2 and (stored.min() < 0 or stored.max() > 1):
        raise BenchError(
            f"{where} holds pixels from {stored.min():g} to {stored.max():g}; "
            "expected floats from 0 to 1 (or uint8), so scale them"
        )


def checked_labels(labels: np.ndarray, count: int, where: str) -> np.ndarray:
    """Return ``labels`` (count,) of whole numbers as int64; ``BenchError`` names ``where`` and what
    is wrong."""
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise BenchError(
            f"{where} is {labels.dtype} of shape {labels.shape}; expected whole numbers of shape "
            f"({count},)"
        )
    if labels.max() > np.iinfo(np.int64).max:
        raise BenchError(
            f"{where} holds {labels.max()}, more than an int64 can; number the classes from 0"
        )
    return labels.astype(np.int64)


class Npz(Given):
    """The arrays of the file."""

    def load(self) -> Splits:
        """Return the split the file gives."""
        path = self.path("npz", "npz:FILE")
        arrays = read_arrays(path)
        train, test = (self._split(path, arrays, name) for name in ("train", "test"))
        if train.shape != test.shape or train.stored.dtype != test.stored.dtype:
            raise BenchError(
                f"'train' in '{path}' holds {train.stored.dtype} of shape {train.shape} and 'test' "
                f"{test.stored.dtype} of shape {test.shape}; expected the same in both"
            )
        return Splits(train=train, test=test)

    def _split(self, path: Path, arrays: dict[str, np.ndarray], name: str) -> Split:
        stored = as_stored(arrays[name], f"'{name}' in '{path}'")
        labels = arrays.get(f"{name}_labels")
        if labels is not None:
            labels = checked_labels(labels, len(stored), f"'{name}_labels' in '{path}'")
        return Split(stored, shape=stored.shape[1:], labels=labels)

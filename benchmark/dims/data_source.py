"""What ``bench dims DATA`` is given: a file, a folder of images, or the name of a dataset."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np

from benchmark import registry
from benchmark.arrays import UnreadableArrays, read_npz
from benchmark.datasets.npz import as_stored, read_arrays
from benchmark.datasets.own import dataset
from benchmark.datasets.split import array_digest
from benchmark.files import read_plain
from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["reference_of"]

TABLES = (".csv", ".parquet")
ARRAYS = (".npz", ".npy")

LARGEST = 64_000_000_000
"""Bytes of an array file."""

EXPECTED = (
    "expected a file (.csv, .parquet, .npz, .npy), a folder of images, or a dataset of "
    "`bench list datasets`"
)


def reference_of(text: str, scratch: Path) -> str:
    """Return the dataset that ``text`` stands for, as ``bench run --datasets`` takes it.

    A registered name stands for itself, options and ``npz:FILE`` included. Arrays of a file are
    kept below ``scratch``, vectors of them brought to mean 0 and standard deviation 1 column by
    column (one that does not vary is only centred), as the data of the calibration are.
    ``BenchError`` says what was given and what is expected.
    """
    name = text.partition("[")[0].partition(":")[0]
    names = [entry.name for entry in registry.entries("datasets")]
    path = Path(text).expanduser()
    suffix = path.suffix.lower()
    if name in names or suffix == ".py" or ":" in text:
        return text
    if path.is_dir():
        return f'images:"{_quotable(path)}"'
    if suffix not in TABLES + ARRAYS:
        if path.is_file():
            raise BenchError(f"'{text}' ends in '{suffix}'; {EXPECTED}")
        raise BenchError(f"there is nothing called '{text}'{suggest(name, names)}; {EXPECTED}")
    if not path.is_file():
        raise BenchError(f"there is no file '{text}'; {EXPECTED}")
    if suffix in TABLES:
        return f'{suffix[1:]}:"{_quotable(path)}"'
    return _kept(path, scratch)


def _quotable(path: Path) -> Path:
    if '"' in str(path):
        raise BenchError(f"the name of '{path}' holds a double quote; rename it")
    return path


def _kept(path: Path, scratch: Path) -> str:
    """Write the arrays in the file ``path`` as methods take them, and return what they are
    called."""
    arrays = _read(path)
    for role in ("train", "test"):
        if role in arrays:
            arrays[role] = as_stored(_numbers(arrays[role]), f"'{role}' in '{path}'")
    if arrays["train"].ndim == 2:
        arrays = _standardised(arrays)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-") or "data"
    return dataset(
        name,
        arrays["train"],
        arrays.get("test"),
        train_labels=arrays.get("train_labels"),
        test_labels=arrays.get("test_labels"),
        folder=scratch / array_digest(arrays)[:12],
    )


def _numbers(array: np.ndarray) -> np.ndarray:
    """Return rows of whole numbers as floats; anything else as it is."""
    if array.ndim == 2 and array.dtype.kind in "iub":
        return array.astype(np.float64)
    return array


def _read(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays in a file by name, at least ``train``; a single one is that, whatever its
    name."""
    if path.suffix.lower() == ".npz":
        with path.open("rb") as file:
            try:
                arrays = read_npz(file, LARGEST)
            except UnreadableArrays as error:
                raise BenchError(
                    f"cannot read '{path}' as npz ({error}); write plain arrays with "
                    "numpy.savez(FILE, train=..., test=...)"
                ) from None
        return {"train": next(iter(arrays.values()))} if len(arrays) == 1 else read_arrays(path)
    try:
        array = np.load(io.BytesIO(read_plain(path, LARGEST)), allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise BenchError(
            f"cannot read '{path}' as npy ({reason}); write a plain array with numpy.save(FILE, "
            "array)"
        ) from None
    if not isinstance(array, np.ndarray):
        raise BenchError(f"'{path}' is an npz archive; call it so: {path.stem}.npz")
    return {"train": array}


def _standardised(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return vectors less the mean of those in ``train``, over their standard deviation."""
    train = arrays["train"].astype(np.float64)
    mean, spread = train.mean(0), train.std(0)
    scale = np.where(spread > 0, spread, 1.0)
    return {
        name: ((array - mean) / scale).astype(np.float32) if name in ("train", "test") else array
        for name, array in arrays.items()
    }

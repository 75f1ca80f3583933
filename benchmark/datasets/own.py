"""Data of your own from Python: arrays, tensors or a torch ``Dataset``, kept as an npz file, so
that runs, the command line and replays read the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets.given import FEWEST
from benchmark.datasets.npz import as_stored, checked_labels
from benchmark.datasets.split import every_fifth
from benchmark.files import atomic_write
from benchmark.spec import BenchError

__all__ = ["dataset", "write_npz"]


def dataset(
    name: str,
    train: Any,
    test: Any = None,
    *,
    train_labels: Any = None,
    test_labels: Any = None,
    intrinsic_dim: int | None = None,
    folder: str | Path = "data",
) -> str:
    """Write ``folder/name.npz`` and return what ``run`` and ``bench run --datasets`` call it,
    ``npz:folder/name.npz``.

    Arguments:
        name: of the file, and in tables: ``npz:name``.
        train, test: vectors (N, D), images (N, H, W), (N, C, H, W) or (N, H, W, C), C = 1 or 3, as
            arrays or tensors; or torch Datasets of such items, alone or followed by a label.
            Without ``test`` every fifth item is held out, class by class.
        train_labels, test_labels: whole numbers (N,); those of a torch Dataset are taken from it.
        intrinsic_dim: the dimension of the data, where it is known.

    ``BenchError`` says what is wrong with the data, before anything is written.
    """
    if not name or set(name) & set('/\\[],"=:'):
        raise BenchError(f"'{name}' is no name for a dataset; expected letters, digits and hyphens")
    arrays = _arrays("train", train, train_labels)
    if test is not None:
        arrays |= _arrays("test", test, test_labels)
    else:
        arrays = _held_out(arrays)
    path = Path(folder) / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_npz(path, arrays)
    options = "" if intrinsic_dim is None else f"[intrinsic_dim={intrinsic_dim}]"
    return f'npz:"{path}"{options}'


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays to an npz file, whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    atomic_write(path, buffer.getvalue())


def _arrays(role: str, values: Any, labels: Any) -> dict[str, np.ndarray]:
    """Return the images or vectors of one split as a split stores them, and their labels."""
    items, own = _gathered(role, values)
    stored = as_stored(_channels_first(items), f"'{role}'")
    arrays = {role: stored}
    labels = own if labels is None else _plain(labels)
    if labels is not None:
        arrays[f"{role}_labels"] = checked_labels(labels, len(stored), f"'{role}_labels'")
    return arrays


def _gathered(role: str, values: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what a split was given as one array, and the labels that a torch Dataset has."""
    if hasattr(values, "shape") and hasattr(values, "dtype"):
        return _plain(values), None
    if isinstance(values, list | tuple):
        return np.stack([_plain(value) for value in values]), None
    if not (hasattr(values, "__getitem__") and hasattr(values, "__len__")):
        raise BenchError(
            f"'{role}' is a {type(values).__name__}; expected an array, a tensor, "
            "or a torch Dataset with a length"
        )
    items = [values[index] for index in range(len(values))]
    if not items:
        raise BenchError(f"'{role}' is an empty dataset; expected at least two items")
    if not isinstance(items[0], tuple | list):
        return np.stack([_plain(item) for item in items]), None
    labels = [np.asarray(_plain(item[1])) for item in items if len(item) > 1]
    whole = len(labels) == len(items) and all(
        label.ndim == 0 and label.dtype.kind in "iu" for label in labels
    )
    return np.stack([_plain(item[0]) for item in items]), np.stack(labels) if whole else None


def _plain(values: Any) -> np.ndarray:
    """Return an array, a tensor on any device or a PIL image as a NumPy array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def _channels_first(items: np.ndarray) -> np.ndarray:
    """Return images (N, H, W, C) as (N, C, H, W); anything else as it is."""
    if items.ndim == 4 and items.shape[1] not in (1, 3) and items.shape[3] in (1, 3):
        return np.ascontiguousarray(np.moveaxis(items, 3, 1))
    return items


def _held_out(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays with every fifth item in ``test``, class by class."""
    count = len(arrays["train"])
    if count < FEWEST:
        raise BenchError(
            f"'train' has {count} items, too few to hold some out; give 'test' as well"
        )
    test = every_fifth(arrays.get("train_labels", np.zeros(count, dtype=np.int64)))
    return {
        name.replace("train", role): array[rows]
        for role, rows in (("train", ~test), ("test", test))
        for name, array in arrays.items()
    }

"""Codes of a dataset by a trained model, as arrays (npz) or a table (csv)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark import registry
from benchmark.datasets.split import Split, Splits
from benchmark.models import TrainedModel
from benchmark.planning.jobs import instance, load
from benchmark.registry import Choice
from benchmark.spec import BenchError

__all__ = ["codes_of", "csv_bytes", "npz_arrays", "splits_for"]

_ROWS = 1000
"""Images that are decoded from their stored form at a time."""


def splits_for(model: TrainedModel, dataset: str | None, data_dir: Path) -> Splits:
    """Return the splits of ``dataset``, as on the command line, or of the data of the run where it
    is None; ``BenchError`` where they are not of the shape that the model takes."""
    spec = model.record.spec
    if dataset is not None:
        choice = registry.choose("datasets", dataset)
    elif ":" in spec["dataset"]:
        raise BenchError(
            f"'{spec['dataset']}', the data of the run, was a file of yours; "
            f"name it with --dataset {spec['dataset'].partition(':')[0]}:PATH"
        )
    else:
        choice = Choice(registry.find("datasets", spec["dataset"]), spec["options"])
    splits = load(instance(choice, data_dir))
    if splits.train.shape != model.shape:
        raise BenchError(
            f"'{choice.name}' has shape {splits.train.shape}, the model takes {model.shape}; name "
            "data of the same shape with --dataset"
        )
    return splits


def codes_of(model: TrainedModel, split: Split, *, active: bool = False) -> np.ndarray:
    """Return the codes of every image of ``split``, float32 (N, code_dim); (N, L*) with the
    dimensions alone that the method keeps where ``active``."""
    parts = []
    for start in range(0, len(split), _ROWS):
        rows = np.arange(start, min(start + _ROWS, len(split)))
        codes = model.encode(split.vectors(rows).astype(np.float32))
        parts.append(codes[:, : model.latent_dim][:, model.active] if active else codes)
    return np.concatenate(parts)


def npz_arrays(
    model: TrainedModel, splits: Splits, *, active: bool = False
) -> dict[str, np.ndarray]:
    """Return ``train`` and ``test`` codes and, where there are any, ``train_labels`` and
    ``test_labels``: what ``npz:FILE`` reads as a dataset."""
    arrays = {}
    for role, split in (("train", splits.train), ("test", splits.test)):
        arrays[role] = codes_of(model, split, active=active)
        if split.labels is not None:
            arrays[f"{role}_labels"] = split.labels
    return arrays


def csv_bytes(arrays: Mapping[str, np.ndarray], names: Sequence[str]) -> bytes:
    """Return the arrays of :func:`npz_arrays` as a table: ``split``, ``index`` in it, ``label``
    (empty where there is none) and one column per coordinate, called ``names``."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "index", "label", *names])
    for role in ("train", "test"):
        writer.writerows(_rows(role, arrays[role], arrays.get(f"{role}_labels")))
    return text.getvalue().encode()


def _rows(role: str, codes: np.ndarray, labels: np.ndarray | None) -> Iterator[list[object]]:
    for index, code in enumerate(codes):
        label = "" if labels is None else int(labels[index])
        yield [role, index, label, *map(str, code)]

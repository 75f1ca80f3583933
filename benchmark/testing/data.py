"""What every dataset promises, as named checks. ``bench check-dataset`` runs them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmark import registry
from benchmark.datasets.split import Split, Splits
from benchmark.nn.sizes import misfit
from benchmark.options import resolve
from benchmark.planning.jobs import instance, load
from benchmark.testing.candidate import CheckFailed, Skipped, is_frozen_dataclass

__all__ = ["CHECKS", "DataSource", "DatasetCheck"]

_ROWS = 2000
"""Images of a split that are looked at, at most."""

_FAR = 10.0
"""Vectors whose mean or deviation is further than that from 0 and 1 are not standardised."""


class DataSource:
    """A dataset as ``reference`` names it on the command line, loaded at the first look."""

    def __init__(self, reference: str, data_dir: Path) -> None:
        self.reference, self.data_dir = reference, data_dir
        self.choice = registry.choose("datasets", reference)
        self.kind = registry.load(self.choice.entry.target)

    @cached_property
    def splits(self) -> Splits:
        """The splits, as a run loads them."""
        splits = load(instance(self.choice, self.data_dir))
        if not isinstance(splits, Splits):
            raise CheckFailed(f"load returned {type(splits).__name__}; return Splits(train, test)")
        return splits

    @property
    def parts(self) -> Iterator[tuple[str, Split]]:
        """Both splits with their names."""
        yield "train", self.splits.train
        yield "test", self.splits.test


@dataclass(frozen=True)
class DatasetCheck:
    """A promise and the function that tries to break it."""

    name: str
    promise: str
    run: Callable[[DataSource], None]


def docstring_says_what_it_is(source: DataSource) -> None:
    """The module or the class has a docstring."""
    if not (source.choice.entry.source.doc or source.choice.entry.source.class_doc):
        raise CheckFailed(
            "there is no docstring; say in one what the data are, "
            "where they come from and how they are split: `bench show` prints it"
        )


def options_are_literal(source: DataSource) -> None:
    """``Options`` is a frozen dataclass with literal defaults, each with its meaning."""
    kind, entry = source.kind.Options, source.choice.entry
    if not is_frozen_dataclass(kind):
        raise CheckFailed(
            "Options is not a frozen dataclass; write @dataclass(frozen=True) above it"
        )
    fields = entry.source.fields("Options")
    written = resolve(entry.name, fields, {})
    values = dataclasses.asdict(kind())
    if written != values:
        raise CheckFailed(f"Options() holds {values}, but its text says {written}; write literals")
    silent = [field.name for field in fields if not field.doc]
    if silent:
        raise CheckFailed(
            f"option '{silent[0]}' has no docstring below it; say in one line what it means"
        )


def splits_are_stored_as_said(source: DataSource) -> None:
    """Arrays are float32, uint8 or packed bits, of the shape that the splits say."""
    for role, split in source.parts:
        stored = split.stored
        if split.packed:
            size = -(-int(np.prod(split.shape)) // 8)
            good = stored.dtype == np.uint8 and stored.shape[1:] == (size,)
        else:
            good = stored.dtype in (np.float32, np.uint8) and stored.shape[1:] == split.shape
        if not good or len(split) < 2:
            raise CheckFailed(
                f"'{role}' stores {stored.dtype} of shape {stored.shape} for images of shape "
                f"{split.shape}; expected float32 or uint8 of shape (N, "
                f"{', '.join(map(str, split.shape))}) with N of 2 or more"
            )
    train, test = source.splits.train, source.splits.test
    if (train.shape, train.stored.dtype, train.levels) != (
        test.shape,
        test.stored.dtype,
        test.levels,
    ):
        raise CheckFailed(
            f"'train' holds {train.stored.dtype} of shape {train.shape}, "
            f"'test' {test.stored.dtype} of shape {test.shape}; expected the same in both"
        )


def class_says_the_shape(source: DataSource) -> None:
    """``shape`` of the class, where it has one, is that of the data."""
    said = source.kind.shape
    if said is None:
        raise Skipped("the class says no shape")
    entry = source.choice.entry
    if source.choice.options != resolve(entry.name, entry.source.fields("Options"), {}):
        raise Skipped("options are given, which may decide the shape")
    if tuple(said) != tuple(source.splits.train.shape):
        raise CheckFailed(f"the class says shape {said}, the data have {source.splits.train.shape}")


def numbers_are_usable(source: DataSource) -> None:
    """Numbers are finite; pixels lie between 0 and 1."""
    for role, split in source.parts:
        values = _values(split)
        if not np.isfinite(values).all():
            raise CheckFailed(f"'{role}' holds numbers that are not finite; remove or replace them")
        if len(split.shape) == 3 and (values.min() < 0 or values.max() > 1):
            raise CheckFailed(
                f"'{role}' holds pixels from {values.min():g} to {values.max():g}; expected 0 to 1"
            )


def vectors_are_standardised(source: DataSource) -> None:
    """Vectors have a mean near 0 and a standard deviation near 1 in every column."""
    if len(source.splits.train.shape) != 1:
        raise Skipped("the data are images")
    values = _values(source.splits.train)
    mean, spread = np.abs(values.mean(0)), values.std(0)
    worst = int(
        np.argmax(np.maximum(mean / _FAR, np.maximum(spread, 1 / np.maximum(spread, 1e-12))))
    )
    if mean[worst] > _FAR or not 1 / _FAR < spread[worst] < _FAR:
        raise CheckFailed(
            f"column {worst + 1} has mean {values.mean(0)[worst]:.3g} and standard deviation "
            f"{spread[worst]:.3g}; bring columns to 0 and 1, or variational methods may diverge"
        )


def splits_share_no_images(source: DataSource) -> None:
    """No test image is a training image."""
    train, test = (
        {np.ascontiguousarray(row).tobytes() for row in split.stored} for _, split in source.parts
    )
    common = len(train & test)
    if common:
        raise CheckFailed(
            f"{common} of {len(test)} different test images are training images too; "
            "leave them out of one, or numbers measure what was memorised"
        )


def labels_fit(source: DataSource) -> None:
    """Labels are whole numbers, one per image, and the test split has no class of its own."""
    labels = [(role, split.labels, len(split)) for role, split in source.parts]
    if all(array is None for _, array, _ in labels):
        raise Skipped("there are no labels")
    for role, array, count in labels:
        if array is None:
            raise CheckFailed(f"'{role}' has no labels, the other split has; give both or none")
        if array.dtype != np.int64 or array.shape != (count,):
            raise CheckFailed(
                f"labels of '{role}' are {array.dtype} of shape {array.shape}; "
                f"expected int64 of shape ({count},)"
            )
    alone = sorted(
        set(labels[1][1].tolist())  # type: ignore[union-attr]  # both were seen
        - set(labels[0][1].tolist())  # type: ignore[union-attr]  # both were seen
    )
    if alone:
        raise CheckFailed(f"class {alone[0]} is in the test split alone; split classes alike")


def a_network_fits(source: DataSource) -> None:
    """The shared networks fit the shape, and a batch fits the training split."""
    reason = misfit(source.splits.train.shape)
    if reason is not None:
        raise CheckFailed(reason)
    if source.kind.batch_size > len(source.splits.train):
        raise CheckFailed(
            f"batch_size is {source.kind.batch_size}, there are {len(source.splits.train)} "
            "training images; say a smaller one in the class, or give --batch-size to `bench run`"
        )


def loads_alike_every_time(source: DataSource) -> None:
    """Loading again, here and in another process, gives the same digest."""
    digests = {
        "here": source.splits.digest,
        "again": load(instance(source.choice, source.data_dir)).digest,
    }
    code = (
        "import sys; from pathlib import Path; from benchmark import registry; "
        "from benchmark.planning.jobs import instance, load; "
        "print(load(instance(registry.choose('datasets', sys.argv[1]), Path(sys.argv[2]))).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, source.reference, str(source.data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(
            "it does not load in another process: "
            f"{(done.stderr.strip().splitlines() or ['?'])[-1]}"
        )
    digests["in another process"] = done.stdout.split()[-1]
    if len(set(digests.values())) > 1:
        summary = ", ".join(f"{digest[:12]} {where}" for where, digest in digests.items())
        raise CheckFailed(
            f"the digest is {summary}; draw from one generator with a fixed seed, "
            "and read files in a sorted order: the digest is part of every run's key"
        )


def _values(split: Split) -> np.ndarray:
    """Return images (n, D) as methods see them, the first of the split."""
    return split.vectors(np.arange(min(len(split), _ROWS)))


CHECKS: tuple[DatasetCheck, ...] = (
    DatasetCheck("docstring", "a docstring says what the data are", docstring_says_what_it_is),
    DatasetCheck("options", "options are literal, each with its meaning", options_are_literal),
    DatasetCheck("arrays", "arrays are stored as the splits say", splits_are_stored_as_said),
    DatasetCheck("shape", "the class says the shape of the data", class_says_the_shape),
    DatasetCheck("numbers", "numbers are finite, pixels from 0 to 1", numbers_are_usable),
    DatasetCheck("standardised", "vectors have mean 0 and deviation 1", vectors_are_standardised),
    DatasetCheck("disjoint", "no test image is a training image", splits_share_no_images),
    DatasetCheck("labels", "labels are whole numbers of classes in both splits", labels_fit),
    DatasetCheck("network", "the shared networks and a batch fit", a_network_fits),
    DatasetCheck("digest", "loading again gives the same digest", loads_alike_every_time),
)
"""Every check, in the order in which they are run and told."""

"""Digests tell data apart; every registered dataset is what its class says, and loads without
torch."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from benchmark import registry
from benchmark.datasets.split import Dataset, Split, Splits, array_digest

OFFLINE = [entry for entry in registry.DATASETS if entry.headline]


def test_digest_depends_on_type_shape_and_every_byte() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    changed = array.copy()
    changed[2, 3] = np.nextafter(changed[2, 3], 100)
    variants = [array, array.astype(np.float64), array.reshape(4, 3), changed]
    assert len({array_digest({"a": array}) for array in variants}) == len(variants)
    assert (
        array_digest({"a": array, "b": array})
        != array_digest({"a": array})
        != array_digest({"b": array})
    )


def test_digest_ignores_byte_order_and_memory_layout() -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert (
        array_digest({"a": array})
        == array_digest({"a": array.astype(">f4")})
        == array_digest({"a": np.asfortranarray(array)})
    )


def test_digest_sees_roles_shapes_labels_and_factors() -> None:
    stored, labels = np.zeros((4, 2), np.float32), np.arange(4)
    plain, labelled, with_factors = (
        Split(stored, (2,)),
        Split(stored, (2,), labels=labels),
        Split(stored, (2,), factors=labels[:, None]),
    )
    packed, tall, coarse = (
        Split(stored, (2,), packed=True),
        Split(stored, (2, 1)),
        Split(stored, (2,), levels=4),
    )
    pairs = [
        (plain, plain),
        (labelled, plain),
        (plain, labelled),
        (with_factors, plain),
        (plain, with_factors),
        (packed, plain),
        (tall, plain),
    ]
    pairs += [(coarse, plain), (plain, coarse)]
    assert len({Splits(train=train, test=test).digest for train, test in pairs}) == len(pairs)


@pytest.mark.parametrize("entry", registry.DATASETS, ids=lambda entry: entry.name)
def test_the_text_of_a_dataset_tells_the_truth(entry: registry.Entry) -> None:
    kind = registry.load(entry.target)
    assert issubclass(kind, Dataset)
    for name in ("shape", "batch_size", "latent_dims", "intrinsic_dim", "takes_file"):
        assert entry.source.constants.get(name, getattr(Dataset, name)) == getattr(kind, name), name
    defaults = {field.name: field.default for field in entry.source.fields("Options")}
    assert defaults == vars(kind.Options())
    assert all(field.doc for field in entry.source.fields("Options")), (
        "every option needs its line in `bench show`"
    )


@pytest.mark.parametrize("entry", OFFLINE, ids=lambda entry: entry.name)
def test_offline_datasets_are_what_they_declare(entry: registry.Entry) -> None:
    kind = registry.load(entry.target)
    splits = kind().load()
    for split in (splits.train, splits.test):
        assert split.shape == kind.shape
        assert split.stored.shape[1:] == (
            (math.ceil(math.prod(kind.shape) / 8),) if split.packed else kind.shape
        )
        counted = split.packed or split.levels != 255
        assert split.stored.dtype == (np.uint8 if counted else np.float32)
        assert np.isfinite(split.stored).all()
        assert split.stored.flags.c_contiguous and split.stored.flags.writeable
        assert (
            split.packed
            or len(kind.shape) == 1
            or (split.stored.min() >= 0 and split.stored.max() <= (split.levels if counted else 1))
        )
        assert all(len(array) == len(split) for array in split.arrays().values())
    assert len(splits.train) > kind.batch_size


def test_datasets_load_without_torch() -> None:
    targets = [entry.target for entry in registry.DATASETS]
    loads = [entry.target for entry in OFFLINE if "latent" not in entry.target]
    code = f"""
import sys
from benchmark import registry
for target in {targets!r}:
    registry.load(target)
for target in {loads!r}:
    registry.load(target)().load()
assert not {{"torch", "torchvision"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

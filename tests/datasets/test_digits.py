"""The digits: exact, fixed, stratified, and guarded by one digest."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmark.datasets.digits import Digits, every_fifth
from benchmark.datasets.split import Splits
from benchmark.spec import BenchError


@pytest.fixture(scope="module")
def digits() -> Splits:
    return Digits().load()


def test_the_split_is_complete_and_80_to_20(digits: Splits) -> None:
    assert (len(digits.train), len(digits.test)) == (1437, 360)
    assert digits.train.stored.shape[1:] == digits.train.shape == digits.test.shape == Digits.shape


def test_pixels_and_labels_are_those_of_scikit_learn_exactly(digits: Splits) -> None:
    source = load_digits()
    test = every_fifth(source.target)
    for split, rows in ((digits.train, ~test), (digits.test, test)):
        assert split.stored.dtype == np.float32
        assert np.array_equal(
            split.stored[:, 0] * 16, source.images[rows]
        )  # v / 16 is exact: no tolerance
        assert split.labels is not None and np.array_equal(split.labels, source.target[rows])


def test_train_and_test_share_no_image(digits: Splits) -> None:
    train, test = (
        {image.tobytes() for image in split.stored} for split in (digits.train, digits.test)
    )
    assert not train & test


def test_each_class_is_split_80_to_20_within_one_image(digits: Splits) -> None:
    assert digits.train.labels is not None and digits.test.labels is not None
    held_out, kept = np.bincount(digits.test.labels), np.bincount(digits.train.labels)
    assert len(held_out) == len(kept) == 10
    assert np.abs(held_out - 0.2 * (held_out + kept)).max() < 1


def test_every_fifth_counts_within_classes_not_along_the_file() -> None:
    labels = np.tile(np.arange(5), 10)
    assert np.array_equal(np.bincount(labels[every_fifth(labels)]), [2, 2, 2, 2, 2])


def test_loading_twice_gives_the_pinned_digest(digits: Splits) -> None:
    assert digits.digest == Digits().load().digest == Digits.digest


def test_a_changed_source_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    source = load_digits()
    source.images[0, 0, 0] += 1
    monkeypatch.setattr("benchmark.datasets.digits.load_digits", lambda: source)
    with pytest.raises(BenchError, match=f"scikit-learn changed: .*expected {Digits.digest}"):
        Digits().load()

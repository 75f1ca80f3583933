"""What DATA stands for: names, tables, folders and arrays; mistakes say what is expected."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.dims.data_source import reference_of
from benchmark.planning.jobs import instance, load
from benchmark.spec import BenchError

RNG = np.random.default_rng(0)


def loaded(text: str, folder: Path) -> Splits:
    """The splits that a text stands for."""
    choice = registry.choose("datasets", reference_of(text, folder / "scratch"))
    return load(instance(choice, folder))


def test_names_stand_for_themselves(tmp_path: Path) -> None:
    for text in ("digits", "manifold[noise=0.1]", "npz:mine.npz", "./mine.py", "images:photos"):
        assert reference_of(text, tmp_path) == text


def test_tables_are_read_as_tables(tmp_path: Path) -> None:
    path = tmp_path / "mine [1].csv"
    path.write_text("a,b\n" + "\n".join(f"{i},{i * i}" for i in range(20)))
    splits = loaded(str(path), tmp_path)
    assert (len(splits.train), len(splits.test)) == (16, 4)


def test_a_folder_is_one_of_images(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(10):
        pixels = RNG.integers(0, 256, (8, 8)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    assert loaded(str(folder), tmp_path).train.shape == (1, 8, 8)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_one_array_is_held_out_and_standardised(tmp_path: Path, suffix: str) -> None:
    rows = 3.0 + 7.0 * RNG.normal(size=(50, 4))
    rows[:, 3] = 5.0
    path = tmp_path / f"my data{suffix}"
    if suffix == ".npy":
        np.save(path, rows)
    else:
        np.savez(path, anything=rows)
    splits = loaded(str(path), tmp_path)
    assert (len(splits.train), len(splits.test)) == (40, 10)
    together = np.concatenate([splits.train.stored, splits.test.stored])
    assert np.allclose(together.mean(0), 0.0, atol=1e-5)
    assert np.allclose(together.std(0), [1.0, 1.0, 1.0, 0.0], atol=1e-5)


def test_splits_of_a_file_stay_and_the_test_rows_do_not_move_the_scale(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    train, test = RNG.normal(size=(30, 3)), 100.0 + RNG.normal(size=(8, 3))
    np.savez(path, train=train, test=test)
    splits = loaded(str(path), tmp_path)
    assert np.allclose(splits.train.stored.std(0), 1.0, atol=1e-5)
    assert splits.test.stored.min() > 50.0
    assert np.array_equal(loaded(f"npz:{path}", tmp_path).train.stored, train.astype(np.float32))


def test_whole_numbers_are_numbers_and_images_stay_as_they_are(tmp_path: Path) -> None:
    np.save(tmp_path / "whole.npy", RNG.integers(0, 9, (40, 3)))
    assert loaded(str(tmp_path / "whole.npy"), tmp_path).train.shape == (3,)
    pixels = RNG.integers(0, 256, (40, 8, 8)).astype(np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    splits = loaded(str(tmp_path / "pixels.npy"), tmp_path)
    assert splits.train.shape == (1, 8, 8) and splits.train.stored.dtype == np.uint8


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    references = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        np.save(folder / "data.npy", RNG.normal(size=(20, 2)))
        references.append(reference_of(str(folder / "data.npy"), tmp_path / "scratch"))
    assert len(set(references)) == 2 and all("data.npz" in text for text in references)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("digitz", "there is nothing called 'digitz'"),
        ("digitz", "did you mean 'digits'?"),
        ("nowhere/mine.npz", "there is no file 'nowhere/mine.npz'; expected a file (.csv"),
        ("nowhere/photos", "there is nothing called 'nowhere/photos'"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_expected(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BenchError) as mistake:
        reference_of(text, tmp_path)
    assert message in str(mistake.value)
    assert "bench list datasets" in str(mistake.value)


def test_files_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("eight dimensions")
    with pytest.raises(BenchError, match=r"ends in '\.txt'; expected a file"):
        reference_of(str(notes), tmp_path)
    for name in ("broken.npz", "broken.npy"):
        (tmp_path / name).write_bytes(b"no arrays")
        with pytest.raises(BenchError, match="cannot read"):
            reference_of(str(tmp_path / name), tmp_path)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(BenchError, match="cannot read"):
        reference_of(str(tmp_path / "objects.npy"), tmp_path)
    np.save(tmp_path / "holes.npy", np.full((20, 2), np.nan))
    with pytest.raises(BenchError, match="not finite"):
        reference_of(str(tmp_path / "holes.npy"), tmp_path)
    np.savez(tmp_path / "two.npz", a=np.zeros((9, 2)), b=np.zeros((9, 2)))
    with pytest.raises(BenchError, match="expected train, test"):
        reference_of(str(tmp_path / "two.npz"), tmp_path)
    assert not (tmp_path / "scratch").exists()

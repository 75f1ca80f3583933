"""Tables of vectors: numbers, classes and splits by columns, one line for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.planning.jobs import instance
from benchmark.spec import BenchError

RNG = np.random.default_rng(7)


def table(rows: int = 20) -> pd.DataFrame:
    """Three columns of numbers far from mean 0, a class in words and a split."""
    numbers = pd.DataFrame(1e4 + 50 * RNG.normal(size=(rows, 3)), columns=["a", "b", "c"])
    return numbers.assign(
        kind=["cat", "dog"] * (rows // 2), part=["train"] * (rows - 4) + ["test"] * 4
    )


def load(path: Path, options: str = "", kind: str = "csv") -> Splits:
    return instance(registry.choose("datasets", f"{kind}:{path}{options}"), path.parent).load()


def saved(folder: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(folder / "mine.csv", index=False)
    return folder / "mine.csv"


def test_columns_say_classes_and_splits(tmp_path: Path) -> None:
    frame = table()
    splits = load(saved(tmp_path, frame), "[label=kind,split=part,standardise=false]")
    expected = frame[["a", "b", "c"]].to_numpy(np.float32)
    assert np.array_equal(splits.train.stored, expected[:-4])
    assert np.array_equal(splits.test.stored, expected[-4:])
    assert splits.train.labels is not None and splits.train.labels.tolist() == [0, 1] * 8


def test_without_a_column_every_fifth_row_is_held_out_class_by_class(tmp_path: Path) -> None:
    splits = load(saved(tmp_path, table().drop(columns="part")), "[label=kind]")
    assert (len(splits.train), len(splits.test)) == (16, 4)
    assert splits.test.labels is not None and np.bincount(splits.test.labels).tolist() == [2, 2]


def test_numbers_are_standardised_by_the_training_rows(tmp_path: Path) -> None:
    frame = table()
    splits = load(saved(tmp_path, frame), "[label=kind,split=part]")
    train = frame[["a", "b", "c"]].to_numpy(np.float32).astype(np.float64)[:-4]
    test = frame[["a", "b", "c"]].to_numpy(np.float32).astype(np.float64)[-4:]
    np.testing.assert_allclose(splits.train.stored.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(splits.train.stored.std(0), 1, rtol=1e-5)
    np.testing.assert_allclose(
        splits.test.stored, (test - train.mean(0)) / train.std(0), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (table(), "[split=part]", "column 'kind' of .* not numbers; leave it out, or name it with"),
        (table(), "[label=kin]", "has no column 'kin'; did you mean 'kind'"),
        (table(), "[label=part,split=kind]", "column 'kind' of .* holds 'cat'; expected train and"),
        (table()[["a", "b"]].assign(b=1.0), "", "column 2 of the numbers in .* holds one value"),
        (table()[["a"]].assign(b=[np.nan] + [1.0] * 19), "", "row 1 of .* in column 'b'"),
        (table(4)[["a", "b"]], "", "holds 4 items, too few to hold some out"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, frame: pd.DataFrame, options: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message) as error:
        load(saved(tmp_path, frame), options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n1,2,3\n", b"\xff\xfe\x00"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(BenchError, match=r"cannot read '.*mine\.csv' as CSV"):
        load(tmp_path / "mine.csv")
    with pytest.raises(BenchError, match=r"there is no file '.*none\.csv'; expected csv:FILE"):
        load(tmp_path / "none.csv")


def test_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pd, "read_parquet", absent)
    (tmp_path / "mine.parquet").touch()
    with pytest.raises(
        BenchError, match=r"needs the package 'pyarrow'.*pip install '\.\[tables\]'"
    ):
        load(tmp_path / "mine.parquet", kind="parquet")


@pytest.mark.extras
def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    frame = table()
    frame.to_parquet(tmp_path / "mine.parquet")
    options = "[label=kind,split=part]"
    from_parquet = load(tmp_path / "mine.parquet", options, kind="parquet")
    assert from_parquet.digest == load(saved(tmp_path, frame), options).digest
    (tmp_path / "mine.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(BenchError, match=r"cannot read '.*mine\.parquet' as Parquet"):
        load(tmp_path / "mine.parquet", kind="parquet")

"""The store of records: whole files or none, in the order of their keys, with the bits they had."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_records import SPEC, full, record

from benchmark.files import atomic_write
from benchmark.records import Store, frame, load_records, read_record
from benchmark.spec import BenchError, Record


def test_write_read_is_the_identity_and_records_come_in_key_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "runs")
    written = [record(replace(SPEC, seed=seed)) for seed in (2, 0, 1)]
    for entry in written:
        store.write(entry)
    assert (
        store.records()
        == load_records(tmp_path / "new" / "runs")
        == sorted(written, key=lambda entry: entry.key)
    )
    assert store.read("nothing") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"spec": replace(SPEC, config={**SPEC.config, "seed": 2**70})},
        {"error": "no file '\udcff.npz'"},
        {"error": 'nul \0, quote ", ü, 漢字, \U0001f600'},
        {
            "timing": {
                "smallest": 5e-324,
                "zero": -0.0,
                "third": 1 / 3,
                "largest": 1.7976931348623157e308,
                "int": 2**64 - 1,
            }
        },
    ],
)
def test_records_of_a_folder_are_what_each_is_alone(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    store = Store(tmp_path)
    store.write(record(**changes))
    (alone,) = (store.read(folder.name) for folder in tmp_path.iterdir())
    (stored,) = store.records()
    assert repr(stored) == repr(alone) == repr(Record.from_json(record(**changes).to_json()))


def test_more_records_than_are_read_at_once_keep_their_order_and_empty_folders_are_none(
    tmp_path: Path,
) -> None:
    written = [record(replace(SPEC, seed=seed)) for seed in range(150)]
    for entry in written:
        Store(tmp_path).write(entry)
    (tmp_path / "references").mkdir()
    (tmp_path / "a-file").write_text("", encoding="utf-8")
    assert load_records(tmp_path) == sorted(written, key=lambda entry: entry.key)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_of_a_folder_keep_their_bits(value: float) -> None:
    assert repr(orjson.loads(json.dumps(value))) == repr(value)


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atomic_write(tmp_path / "a", b"old")
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(
                os if function == "fsync" else Path,
                function,
                lambda *_: (_ for _ in ()).throw(OSError("disk full")),
            )
            with pytest.raises(OSError, match="disk full"):
                atomic_write(tmp_path / "a", b"new")
        assert [path.name for path in tmp_path.iterdir()] == ["a"]
        assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_mode_that_the_umask_leaves(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        atomic_write(tmp_path / "file", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_the_stamp_of_a_record_changes_whenever_it_is_written(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record()
    assert store.stamp(one.key) is None
    stamps = []
    for _ in range(3):
        store.write(one)
        stamps.append(store.stamp(one.key))
    assert len(set(stamps)) == 3 and store.stamp(one.key) == stamps[-1]


def test_a_record_of_before_keeps_its_bytes() -> None:
    """``input`` came later: a record without it is written again without it."""
    document = full()
    assert Record.from_document(copy.deepcopy(document)).input == document["input"]
    del document["input"]
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    assert Record.from_json(text).to_json() == text


def test_records_of_schema_1_are_read_stay_as_they_are_and_are_stale(tmp_path: Path) -> None:
    old = replace(record(), schema=1, harness="", metrics={})
    text = old.to_json()
    assert "harness" not in text and "metrics" not in text
    Store(tmp_path).write(old)
    assert load_records(tmp_path) == [old]
    assert read_record(tmp_path / old.key / "record.json").to_json() == text
    assert frame([old])["stale"].all() and not frame([record()])["stale"].any()


def test_missing_results_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="run `bench run` first"):
        load_records(tmp_path / "nothing")


def test_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BenchError, match="choose another folder with --results"):
        Store(tmp_path / "file" / "runs").ensure_writable()

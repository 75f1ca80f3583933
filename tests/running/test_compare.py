"""Two runs are compared bit by bit: one digit, one bit, one name is seen; what is new is named and
not held against a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from benchmark.records import load_records
from benchmark.running.compare import Gap, compare, within
from benchmark.spec import Record

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "published" / "headline"
RECORD = next(
    record
    for record in load_records(PUBLISHED)
    if record.spec["method"] == "geco-l0" and record.spec["dataset"] == "digits"
)


def leave(folder: Path, **changed: np.ndarray) -> Path:
    folder.mkdir()
    arrays = {"step": np.arange(5), "loss": np.array([1.0, np.nan, 0.5]), **changed}
    np.savez(folder / "curves.npz", **arrays)
    save_file(
        {"method/weight": arrays["loss"]},
        folder / "checkpoint.safetensors",
        metadata={"key": RECORD.key, "seconds": folder.name},
    )
    return folder


def numbers(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every number in a JSON document."""
    if isinstance(value, dict):
        return [
            path_to_number
            for name, inner in value.items()
            for path_to_number in numbers(inner, (*path, name))
        ]
    if isinstance(value, list):
        return [
            path_to_number
            for index, inner in enumerate(value)
            for path_to_number in numbers(inner, (*path, index))
        ]
    return [path] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def edited(path: tuple[Any, ...]) -> Record:
    """The record with the last digit of one number changed, as one would in an editor."""
    document = json.loads(RECORD.to_json())
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    mantissa, exponent, power = repr(parent[path[-1]]).partition("e")
    digits = [
        f"{mantissa[:-1]}{(int(mantissa[-1]) + more) % 10}{exponent}{power}"
        for more in range(1, 10)
    ]
    parent[path[-1]] = next(
        json.loads(text) for text in digits if json.loads(text) != parent[path[-1]]
    )  # the 17th digit need not be another double
    return Record.from_json(json.dumps(document))


RESULTS = [
    path
    for path in numbers(json.loads(RECORD.to_json()))
    if path[0] in ("measurements", "discovery") or path[0] == "timing"
]
COMPARED = [path for path in RESULTS if not str(path[-1]).endswith("_seconds")]


def test_one_edited_digit_is_seen_wherever_it_stands(tmp_path: Path) -> None:
    assert compare(RECORD, RECORD, tmp_path, tmp_path).equal
    assert len(COMPARED) > 30
    assert [
        path for path in COMPARED if compare(edited(path), RECORD, tmp_path, tmp_path).equal
    ] == []


def test_files_are_compared_by_bits_and_nan_equals_nan(tmp_path: Path) -> None:
    first, second = leave(tmp_path / "a"), leave(tmp_path / "b")
    assert compare(RECORD, RECORD, first, second).equal
    third = leave(tmp_path / "c", loss=np.array([1.0, np.nan, np.nextafter(0.5, 1.0)]))
    assert [
        part.name for part in compare(RECORD, RECORD, first, third).parts if part.differing
    ] == ["curves.npz", "checkpoint.safetensors"]


def test_what_is_new_is_named_and_what_is_gone_differs(tmp_path: Path) -> None:
    first, second = leave(tmp_path / "a"), leave(tmp_path / "b", extra=np.zeros(1))
    more = replace(
        RECORD,
        measurements={
            **RECORD.measurements,
            "fd-new": {"value": 1.0, "unit": "", "n": 1, "protocol": ""},
        },
    )
    comparison = compare(RECORD, more, first, second)
    assert comparison.equal
    assert [part.new for part in comparison.parts if part.new] == [("fd-new",), ("extra",)]
    assert not compare(more, RECORD, first, first).equal
    assert not compare(RECORD, RECORD, second, first).equal
    (first / "curves.npz").unlink()
    assert not compare(RECORD, RECORD, second, first).equal
    assert compare(RECORD, RECORD, first, second).equal


def test_a_metric_that_was_absent_and_is_measured_now_differs(tmp_path: Path) -> None:
    without = {
        name: measurement for name, measurement in RECORD.measurements.items() if name != "mse"
    }
    assert not compare(
        replace(RECORD, measurements=without, absent={"mse": "not finite"}),
        RECORD,
        tmp_path,
        tmp_path,
    ).equal


def test_a_damaged_file_is_no_crash(tmp_path: Path) -> None:
    first, second = leave(tmp_path / "a"), leave(tmp_path / "b")
    for name in ("curves.npz", "checkpoint.safetensors"):
        (first / name).write_bytes((first / name).read_bytes()[:50])
    assert not compare(RECORD, RECORD, first, second).equal


def replicates(values: list[float]) -> list[Record]:
    return [
        replace(RECORD, measurements={"mse": {"value": value, "unit": "", "n": 1, "protocol": ""}})
        for value in values
    ]


def test_the_seed_interval_covers_a_fresh_seed_as_often_as_it_says() -> None:
    rng, hits, count = np.random.default_rng(0), 0, 2000
    for _ in range(count):
        *stored, fresh = rng.normal(size=6)
        hits += within([Gap("mse", fresh, fresh)], replicates(stored))[0]
    assert abs(hits / count - 0.95) < 0.02  # four standard errors


def test_without_two_replicates_or_a_value_nothing_is_within() -> None:
    assert not within([Gap("mse", 1.0, 1.0)], replicates([1.0]))[0]
    assert not within([Gap("mse", 1.0, None)], replicates([1.0, 2.0, 3.0]))[0]
    assert not within([], replicates([1.0, 2.0, 3.0]))[0]
    assert within([Gap("mse", 1.0, 2.1)], replicates([1.0, 2.0, 3.0]))[0]
    assert not within([Gap("mse", 100.0, 2.1)], replicates([1.0, 2.0, 3.0]))[0]

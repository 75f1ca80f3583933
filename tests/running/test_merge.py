"""Results of several machines: equal bits are one run, other bits are named and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import bench

from benchmark.records import Store, load_records
from benchmark.running.lock import locked
from benchmark.running.merge import Merged, merge
from benchmark.spec import BenchError, Record

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "published" / "headline"
FIRST, SECOND = load_records(PUBLISHED)[:2]


def leave(results: Path, record: Record, loss: float = 1.0, *, curves: bool = True) -> Path:
    """Write a record, and curves beside it."""
    Store(results).write(record)
    if curves:
        np.savez(results / record.key / "curves.npz", loss=np.array([loss, np.nan]))
    return results


def verdicts(*sources: Path, output: Path) -> list[str]:
    return [joined.verdict for joined in merge(sources, output)]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_runs_of_two_machines_stand_in_one_folder_byte_for_byte(tmp_path: Path) -> None:
    a, b = leave(tmp_path / "a", FIRST), leave(tmp_path / "b", SECOND)
    assert verdicts(a, b, output=tmp_path / "o") == ["added", "added"]
    assert contents(tmp_path / "o") == contents(a) | contents(b)


def test_the_same_run_twice_is_one_whatever_machine_and_time(tmp_path: Path) -> None:
    other = replace(FIRST, environment={}, timing={**FIRST.timing, "train_seconds": 1e9})
    a, b = leave(tmp_path / "a", FIRST), leave(tmp_path / "b", other)
    assert verdicts(a, b, output=tmp_path / "o") == ["added", "same"]
    assert contents(tmp_path / "o") == contents(a)
    assert verdicts(a, b, output=tmp_path / "o") == ["same", "same"]


def one_bit(record: Record) -> Record:
    name, measurement = next(iter(record.measurements.items()))
    value = {**measurement, "value": float(np.nextafter(measurement["value"], np.inf))}
    return replace(record, measurements={**record.measurements, name: value})


@pytest.mark.parametrize(
    ("change", "loss", "reason"),
    [
        (one_bit, 1.0, f"measurements: {next(iter(FIRST.measurements))}"),
        (lambda record: record, 1.0 + 2**-52, "curves.npz: loss"),
        (lambda record: replace(record, code="0" * 64), 1.0, "made by other code: code"),
        (lambda record: replace(record, harness="0" * 64), 1.0, "made by other code: harness"),
        (
            lambda record: replace(record, metrics={**record.metrics, "mse": "0" * 64}),
            1.0,
            "made by other code: mse",
        ),
    ],
)
def test_other_bits_are_named_and_the_first_stays(
    tmp_path: Path, change: Callable[[Record], Record], loss: float, reason: str
) -> None:
    a, b = leave(tmp_path / "a", FIRST), leave(tmp_path / "b", change(FIRST), loss)
    before = contents(b)
    assert list(merge([a, b], tmp_path / "o"))[1:] == [Merged(b, FIRST.key, "differs", reason)]
    assert contents(tmp_path / "o") == contents(a) and contents(b) == before


def test_further_metrics_and_files_are_joined_in_either_order(tmp_path: Path) -> None:
    name = next(iter(FIRST.measurements))
    rest = {metric: value for metric, value in FIRST.measurements.items() if metric != name}
    metrics = {metric: value for metric, value in FIRST.metrics.items() if metric != name}
    poor = replace(FIRST, measurements=rest, metrics=metrics)
    a, b = leave(tmp_path / "a", FIRST, curves=False), leave(tmp_path / "b", poor)
    assert verdicts(a, b, output=tmp_path / "o") == ["added", "joined"]
    assert verdicts(b, a, output=tmp_path / "p") == ["added", "joined"]
    whole = contents(leave(tmp_path / "whole", FIRST))
    assert contents(tmp_path / "o") == whole == contents(tmp_path / "p")


def test_a_run_that_ended_stands_before_one_that_did_not_and_a_checkpoint_is_taken_on(
    tmp_path: Path,
) -> None:
    failed = replace(FIRST, status="killed", error="x", measurements={}, metrics={})
    a, b = leave(tmp_path / "a", failed, 2.0), leave(tmp_path / "b", FIRST)
    assert verdicts(a, b, output=tmp_path / "o") == ["added", "replaced"]
    assert verdicts(b, a, output=tmp_path / "p") == ["added", "older"]
    assert contents(tmp_path / "o") == contents(b) == contents(tmp_path / "p")
    unfinished = tmp_path / "u" / SECOND.key
    unfinished.mkdir(parents=True)
    (unfinished / "checkpoint.safetensors").write_bytes(b"half")
    assert verdicts(tmp_path / "u", output=tmp_path / "o") == ["added"]
    assert verdicts(tmp_path / "u", output=tmp_path / "o") == ["older"]
    done = leave(tmp_path / "d", SECOND)
    assert verdicts(done, output=tmp_path / "o") == ["added"]
    assert contents(tmp_path / "o" / SECOND.key) == contents(done / SECOND.key)


def test_documents_beside_the_runs_come_along(tmp_path: Path) -> None:
    a = leave(tmp_path / "a", FIRST)
    (a / "references").mkdir()
    (a / "references" / "initial-vae-0123456789ab.json").write_text("{}")
    assert verdicts(a, output=tmp_path / "o") == ["added", "added"]
    assert verdicts(a, output=tmp_path / "o") == ["same"]
    assert contents(tmp_path / "o") == contents(a)


def test_a_run_that_is_worked_on_in_the_output_is_left_alone(tmp_path: Path) -> None:
    a = leave(tmp_path / "a", FIRST)
    folder = tmp_path / "o" / FIRST.key
    folder.mkdir(parents=True)
    with locked(folder, lambda: None):
        assert verdicts(a, output=tmp_path / "o") == ["busy"]
    assert verdicts(a, output=tmp_path / "o") == ["added"]


def test_what_is_no_folder_or_the_output_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    a = leave(tmp_path / "a", FIRST)
    with pytest.raises(BenchError, match=r"no results folder '.*b'"):
        list(merge([a, tmp_path / "b"], tmp_path / "o"))
    with pytest.raises(BenchError, match="is the output too"):
        list(merge([a], a))
    assert not (tmp_path / "o").exists()


def test_the_command_names_unreadable_records_and_says_so_by_its_status(tmp_path: Path) -> None:
    a, b = leave(tmp_path / "a", FIRST), leave(tmp_path / "b", SECOND)
    output = str(tmp_path / "o")
    fine = bench(tmp_path, "merge", str(a), "-o", output)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout == f"1 added; records in {output}\n"
    (b / SECOND.key / "record.json").write_text("{")
    (b / "elsewhere").mkdir()
    document = json.loads(FIRST.to_json())
    (b / "elsewhere" / "record.json").write_text(json.dumps(document))
    bad = bench(tmp_path, "merge", str(a), str(b), "-o", output)
    assert bad.returncode == 1 and bad.stdout == f"1 same, 2 unreadable; records in {output}\n"
    assert f"unreadable: {b / SECOND.key}: " in bad.stderr and "truncated" in bad.stderr
    assert f"unreadable: {b / 'elsewhere'}: " in bad.stderr
    assert bench(tmp_path, "merge", "none", "-o", output).returncode == 2

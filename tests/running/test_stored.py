"""Stored runs by what one calls them, and what is said where none or several are meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.planning.jobs import plan
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running.stored import Stored, Unreplayable, job_of, locate
from benchmark.spec import BenchError, Record


@pytest.fixture
def records(tmp_path: Path) -> list[Record]:
    """Three seeds of one method, in the store ``runs``; that of seed 2 is of other code."""
    jobs = plan(Grid(["vae"], ["circle"], [2], seeds=3, budget="smoke"), tmp_path)
    records = [
        Record(job.spec.document(), job.spec.key, code=job.code, harness=job.harness, status="done")
        for job in jobs
    ]
    records[2] = replace(records[2], code="0" * 16)
    for record in records:
        Store(tmp_path / "runs").write(record)
    return records


def test_a_run_is_its_file_its_folder_its_key_or_the_beginning_of_that(
    records: list[Record], tmp_path: Path
) -> None:
    results, key = tmp_path / "runs", records[1].key
    for text in (f"{results}/{key}/record.json", f"{results}/{key}", key, key[:-3]):
        stored = locate(text, results)
        assert (stored.record, stored.folder) == (records[1], results / key)
        assert stored.untouched


def test_none_and_several_are_told(records: list[Record], tmp_path: Path) -> None:
    results = tmp_path / "runs"
    with pytest.raises(BenchError, match="the beginning of 3 runs, the first vae-circle-L2-s0"):
        locate("vae", results)
    with pytest.raises(BenchError, match="'pca' is no record, no folder and no run in"):
        locate("pca", results)
    with pytest.raises(BenchError, match="there is no record"):
        locate("pca.json", results)
    with pytest.raises(BenchError, match="is a folder of runs"):
        locate(str(results), results)


def test_a_file_that_was_edited_is_not_untouched(records: list[Record], tmp_path: Path) -> None:
    file = tmp_path / "runs" / records[0].key / "record.json"
    file.write_text(file.read_text(encoding="utf-8").rstrip(), encoding="utf-8")
    assert not locate(str(file), tmp_path).untouched


def test_other_seeds_are_those_of_the_same_code(records: list[Record], tmp_path: Path) -> None:
    others = [
        locate(record.key, tmp_path / "runs").other_seeds() for record in (records[0], records[2])
    ]
    assert others == [[records[1]], []]


def test_the_job_of_a_record_is_the_one_it_was_planned_as(
    records: list[Record], tmp_path: Path
) -> None:
    (job, *_) = plan(Grid(["vae"], ["circle"], [2], seeds=3, budget="smoke"), tmp_path)
    assert job_of(records[0], tmp_path) == job


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "gone"}, "unknown method 'gone'.*name it with --method FILE.py"),
        ({"config": {"nonsense": 1}}, "the installed 'vae' has no option 'nonsense'"),
        ({"config": {"lr": "fast"}}, "option 'lr' of 'vae' is 'fast', expected"),
        ({"dataset": "npz:mine"}, "were a file, 'npz:mine'; name it with --dataset npz:PATH"),
        ({"dataset": "gone"}, "unknown dataset 'gone'.*name it with --dataset FILE.py"),
    ],
)
def test_what_is_not_here_cannot_be_done_again(
    records: list[Record], tmp_path: Path, change: dict[str, object], message: str
) -> None:
    record = replace(records[0], spec={**records[0].spec, **change})
    with pytest.raises(Unreplayable, match=message):
        job_of(record, tmp_path)


def test_a_file_of_yours_of_another_name_is_a_mistake(
    records: list[Record], tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match="the record is of 'vae', but --method names 'pca'"):
        job_of(records[0], tmp_path, method="pca")
    assert Stored.read(tmp_path / "nowhere" / "record.json") is None

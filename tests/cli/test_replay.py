"""``bench replay`` as its user meets it: a stored run is done again, and what was edited, lost or
made elsewhere is told."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import bench

from benchmark.running.stored import locate
from benchmark.spec import BenchError


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    grid = ("--methods", "vae", "--datasets", "circle", "--budget", "smoke", "--seeds", "4")
    done = bench(folder, "run", *grid)
    assert done.returncode == 0, done.stderr
    return folder / "results" / "runs"


def copy(ran: Path, target: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the store in which the record of seed 0 was edited; the folder of that record."""
    shutil.copytree(ran, target)
    (folder,) = target.glob("*-s0-*")
    document = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    edit(document)
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (folder / "record.json").write_text(
        text if edit in (nothing, older_schema) else text.rstrip(), encoding="utf-8"
    )
    return folder


def nothing(record: dict[str, Any]) -> None: ...


def another_digit(record: dict[str, Any]) -> None:
    text = repr(record["measurements"]["mse"]["value"])
    record["measurements"]["mse"]["value"] = float(text[:-1] + str((int(text[-1]) + 1) % 10))


def another_torch(record: dict[str, Any]) -> None:
    record["environment"]["packages"]["torch"] = "0.0"


def another_digit_and_torch(record: dict[str, Any]) -> None:
    another_digit(record)
    another_torch(record)


def another_digit_and_harness(record: dict[str, Any]) -> None:
    another_digit(record)
    record["harness"] = "0" * 16


def another_digit_and_metric(record: dict[str, Any]) -> None:
    another_digit(record)
    record["metrics"]["mse"] = "0" * 16


def older_schema(record: dict[str, Any]) -> None:
    """As version 0.1 wrote it."""
    for name in ("harness", "metrics", "given", "flags", "input"):
        del record[name]
    record["schema"] = 1


def far_off_and_torch(record: dict[str, Any]) -> None:
    record["measurements"]["active-units"]["value"] += 5
    another_torch(record)


def test_verdicts(ran: Path, tmp_path: Path) -> None:
    edits = (
        *(nothing, another_digit, another_torch, another_digit_and_torch, far_off_and_torch),
        *(another_digit_and_harness, another_digit_and_metric, older_schema),
    )
    folders = [copy(ran, tmp_path / edit.__name__, edit) for edit in edits]
    done = bench(tmp_path, "replay", *map(str, folders))
    assert done.returncode == 1, done.stderr
    heads = [
        line.split(": ", 1)[1]
        for line in done.stdout.splitlines()
        if line.startswith(folders[0].name)
    ]
    assert heads[0] == "bit-equal"
    assert heads[1].startswith("differs, and nothing that the record tells explains it")
    assert heads[2].startswith("bit-equal, although torch 0.0 -> ")
    assert heads[3].startswith("within the seed interval, because torch 0.0 -> ")
    assert heads[4].startswith("differs, because torch 0.0 -> ")
    assert heads[5].startswith("differs, because harness 0000")
    assert heads[6].startswith("within the seed interval, because code of mse 0000")
    assert heads[7].startswith("bit-equal")
    for file in ("curves.npz", "artifacts.npz", "checkpoint.safetensors"):
        assert len(re.findall(rf"{re.escape(file)}: ([1-9]\d*) of \1 equal\n", done.stdout)) == 8
    assert done.stdout.count("record.json is not as this program wrote it") == 6
    assert (
        done.stdout.splitlines()[-1]
        == "8 replayed: 3 bit-equal, 3 differs, 2 within the seed interval"
    )


def test_a_key_in_results_is_replayed_and_the_store_is_left_alone(
    ran: Path, tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in ran.rglob("*")}
    done = bench(tmp_path, "replay", "vae-circle-L2-s1", "--results", str(ran))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bit-equal" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in ran.rglob("*")}
    assert list(tmp_path.iterdir()) == []


def other_data(record: dict[str, Any]) -> None:
    from benchmark.spec import RunSpec

    record["spec"]["data"] = "0" * 64
    record["key"] = RunSpec(**record["spec"]).key


def test_other_data_differ_without_a_run(ran: Path, tmp_path: Path) -> None:
    done = bench(tmp_path, "replay", str(copy(ran, tmp_path / "store", other_data) / "record.json"))
    assert done.returncode == 1
    assert "differs, because the data are others" in done.stdout


def no_such_method(record: dict[str, Any]) -> None:
    from benchmark.spec import RunSpec

    record["spec"]["method"] = "my-vae"
    record["key"] = RunSpec(**record["spec"]).key


def no_noise(record: dict[str, Any]) -> None:
    from benchmark.spec import RunSpec

    record["spec"]["options"]["noise"] = None
    record["key"] = RunSpec(**record["spec"]).key


def unfinished(record: dict[str, Any]) -> None:
    record["status"] = "killed"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (no_such_method, "--method FILE.py"),
        (unfinished, "ended as 'killed'"),
        (no_noise, "option 'noise' of 'circle' is None, expected a finite float"),
    ],
)
def test_what_cannot_be_run_again_is_no_verdict(
    ran: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    done = bench(tmp_path, "replay", str(copy(ran, tmp_path / "store", edit)))
    assert done.returncode == 3, done.stderr
    assert "cannot tell" in done.stdout and message in done.stdout


def another_seed(record: dict[str, Any]) -> None:
    record["spec"]["seed"] = 7


def test_a_folder_of_runs_is_no_run(ran: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is a folder of runs; name those to do again"):
        locate(str(ran), tmp_path)


def test_mistakes_are_one_line_and_exit_2(ran: Path, tmp_path: Path) -> None:
    wrong = str(copy(ran, tmp_path / "store", another_seed))
    for arguments, message in (
        ((wrong,), "key does not belong"),
        (("nonsense",), "bench run"),
        (("none.json",), "no record"),
        ((), "RECORD"),
    ):
        done = bench(tmp_path, "replay", *arguments)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1 and message in done.stderr


def test_a_record_that_cannot_be_read_does_not_stop_the_others(ran: Path, tmp_path: Path) -> None:
    wrong = str(copy(ran, tmp_path / "store", another_seed))
    done = bench(tmp_path, "replay", "nonsense", wrong, "vae-circle-L2-s1", "--results", str(ran))
    assert done.returncode == 3, done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["left out"] * 2
    assert "key does not belong" in done.stderr and "'nonsense' is no record" in done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == "1 replayed, 2 could not be read: 1 bit-equal, 2 cannot tell"

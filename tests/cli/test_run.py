"""``bench run`` as its user meets it: what runs, what is finished, what a shard is, and what is
written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from command import GRID, Done, bench
from schema import SCHEMA

import benchmark
from benchmark import registry
from benchmark.cli import cli
from benchmark.planning.jobs import Grid, plan
from benchmark.records import Store
from benchmark.spec import BenchError


def test_records_of_a_grid_follow_the_schema_and_are_complete(
    finished_grid: tuple[Path, Done],
) -> None:
    folder, done = finished_grid
    assert done.returncode == 0, done.stderr
    records = Store(folder / "results" / "runs").records()
    assert [record.status for record in records] == ["done"] * 4
    for record in records:
        jsonschema.validate(json.loads(record.to_json()), SCHEMA)
        assert record.measurements["mse"]["value"] > 0
        files = {path.name for path in (folder / "results" / "runs" / record.key).iterdir()}
        expected = {"record.json", "artifacts.npz", "checkpoint.safetensors", ".lock"}
        assert files == (expected if record.spec["method"] == "pca" else expected | {"curves.npz"})


def test_second_call_does_nothing(finished_grid: tuple[Path, Done]) -> None:
    folder, _ = finished_grid
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = bench(folder, *GRID)
    assert again.returncode == 0
    assert "0 done now, 4 finished before" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_with_nothing_to_do_the_folder_need_not_be_writable(
    finished_grid: tuple[Path, Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions bind no superuser, so the check that would refuse is replaced by one that
    does."""

    def refuse(self: Store) -> None:
        raise BenchError("cannot write results")

    folder, _ = finished_grid
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Store, "ensure_writable", refuse)
    done = CliRunner().invoke(cli, GRID)
    assert done.exit_code == 0 and "4 finished before" in done.output
    more = CliRunner().invoke(cli, [*GRID[:-1], "3"])
    assert "cannot write results" in str(more.exception)


def test_dry_run_tells_what_is_missing_and_writes_nothing(
    finished_grid: tuple[Path, Done], tmp_path: Path
) -> None:
    folder, _ = finished_grid
    preview = bench(folder, *GRID[:-1], "3", "--dry-run")
    assert "2 to run, 4 finished before" in preview.stdout
    bench(tmp_path, *GRID, "--dry-run")
    assert list(tmp_path.iterdir()) == []


def test_record_of_other_code_is_run_again(
    finished_grid: tuple[Path, Done], tmp_path: Path
) -> None:
    source, _ = finished_grid
    record = next(
        record
        for record in Store(source / "results" / "runs").records()
        if record.spec["method"] == "pca" and record.spec["seed"] == 0
    )
    Store(tmp_path / "results" / "runs").write(
        type(record)(**{**record.__dict__, "code": "0" * 16})
    )
    grid = ("--methods", "pca", "--datasets", "circle", "--budget", "smoke")
    preview = bench(tmp_path, "run", *grid, "--dry-run")
    assert "1 to run, 0 finished before" in preview.stdout


def test_a_run_asked_for_twice_is_one(tmp_path: Path) -> None:
    preview = bench(
        tmp_path, "run", "--methods", "vae,vae[sigma=learned]", "--datasets", "circle", "--dry-run"
    ).stdout
    assert "1 to run, 0 finished before" in preview


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    text = registry.find("methods", "vae").path.read_text(encoding="utf-8")
    for folder, content in (("p", text), ("q", text + "X = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "my_vae.py").write_text(content, encoding="utf-8")
    done = bench(tmp_path, "run", "--methods", "p/my_vae.py,q/my_vae.py", "--datasets", "circle")
    assert done.returncode == 2 and "rename one of" in done.stderr


def test_files_called_like_modules_do_not_disturb_the_runs(tmp_path: Path) -> None:
    for name in ("benchmark.py", "random.py"):
        (tmp_path / name).write_text("raise SystemExit('not this one')\n", encoding="utf-8")
    code = "from benchmark.cli import main; main()"
    arguments = ["run", "--methods", "pca", "--datasets", "circle", "--budget", "smoke"]
    environment = {**os.environ, "PYTHONPATH": str(Path(benchmark.__file__).parents[1])}
    command = [sys.executable, "-P", "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_shards_are_disjoint_and_cover_the_grid(tmp_path: Path) -> None:
    def keys(*options: str) -> set[str]:
        lines = bench(tmp_path, *GRID, "--dry-run", *options).stdout.splitlines()
        return {line.split()[1] for line in lines[:-1]}

    whole, parts = keys(), [keys("--shard", f"{part}/3") for part in (1, 2, 3)]
    assert set.union(*parts) == whole
    assert sum(map(len, parts)) == len(whole) == 4


def test_progress_tells_variants_apart(tmp_path: Path) -> None:
    labels = [
        job.label
        for job in plan(
            Grid(["vae", "vae[sigma=fixed]"], ["circle[noise=0.05]"], [2], seeds=1, budget="smoke"),
            tmp_path,
        )
    ]
    assert labels == [
        f"{method} on circle[noise=0.05], L = 2, seed 0" for method in ("vae", "vae[sigma=fixed]")
    ]


def test_all_ends_with_the_first_lines_of_the_table(tmp_path: Path) -> None:
    grid = ("--all", "--methods", "pca,grae", "--datasets", "circle", "--budget", "smoke")
    done = bench(tmp_path, "run", *grid)
    assert done.returncode == 0, done.stderr
    last = done.stdout[done.stdout.index("records in") :].splitlines()
    head = next(line for line in last if line.startswith("n "))
    assert {"Method", "L*", "MSE", "Active"} <= set(head.split())
    cells = [line.split() for line in last if line.split()[1:2] == ["2"]]  # L
    assert [row[2].rstrip("‡†") for row in cells] == ["pca", "grae"]
    assert cells[1][-1] != "–" and "counting untrained networks" in done.stderr  # its null
    assert "bench report" in last[-1] and "bench figure lstar" in last[-1]
    assert "bench report" not in bench(tmp_path, *GRID).stdout

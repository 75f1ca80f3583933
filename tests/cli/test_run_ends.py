"""``bench run`` where runs end in other ways than done: each has its record, its word and its
status, and the others go on."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from command import GRID, Done, bench
from schema import SCHEMA

from benchmark import registry
from benchmark.records import Store


@pytest.fixture(scope="module")
def mixed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Done]:
    """A grid in which one run fails, one diverges, one is good, and one is a file of one's own."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "my_vae.py").write_text(
        registry.find("methods", "vae").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (folder / "broken.py").write_text(BROKEN, encoding="utf-8")
    return folder, bench(folder, *MIXED)


BROKEN = '''"""A method that fails."""

from baselines.vae import VAE


class Broken(VAE):
    def prepare(self, train):
        raise ValueError("nothing works here")
'''

MIXED = (
    "run",
    "--methods",
    "./broken.py,vae[lr=1e20],vae,./my_vae.py",
    "--datasets",
    "circle",
    "--latent-dims",
    "3",
    "--budget",
    "smoke",
)


def test_failing_runs_leave_their_records_and_the_others_go_on(
    mixed: tuple[Path, Done],
) -> None:
    folder, done = mixed
    assert done.returncode == 1
    records = {
        (record.spec["method"], record.spec["config"].get("lr")): record
        for record in Store(folder / "results" / "runs").records()
    }
    statuses = {key: record.status for key, record in records.items()}
    assert statuses == {
        ("broken", 1e-3): "failed",
        ("vae", 1e20): "diverged",
        ("vae", 1e-3): "done",
        ("my-vae", 1e-3): "done",
    }
    failed = records["broken", 1e-3]
    assert "ValueError: nothing works here" in str(failed.error)
    assert "Traceback" in (folder / "results" / "runs" / failed.key / "log.txt").read_text(
        encoding="utf-8"
    )
    assert failed.key in done.stderr
    assert (folder / "results" / "runs" / records["vae", 1e20].key / "curves.npz").exists()
    page = bench(folder, "show", failed.key).stdout
    assert "failed" in page and "log.txt" in page
    for record in records.values():
        jsonschema.validate(json.loads(record.to_json()), SCHEMA)


def test_failed_runs_are_tried_again_and_diverged_ones_kept(
    mixed: tuple[Path, Done],
) -> None:
    folder, _ = mixed
    preview = bench(folder, *MIXED, "--dry-run").stdout
    assert [line.split()[0] for line in preview.splitlines()[:-1]] == [
        "run",
        "cached",
        "cached",
        "cached",
    ]
    kept = bench(folder, *(part.removeprefix("./broken.py,") for part in MIXED))
    assert kept.returncode == 1
    assert "0 done now, 3 finished before, 1 failed" in kept.stdout


def test_time_limit_leaves_a_record_and_a_later_call_goes_on(tmp_path: Path) -> None:
    arguments = ("run", "--methods", "vae", "--datasets", "circle", "--steps", "200")
    cut = bench(tmp_path, *arguments, "--time-limit", "0.1")
    assert cut.returncode == 1
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert (record.status, record.error) == ("timed-out", "time limit of 0.1 s reached")
    jsonschema.validate(json.loads(record.to_json()), SCHEMA)
    assert bench(tmp_path, *arguments).returncode == 0
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert (record.status, record.timing["outer_steps"]) == ("done", 200)


def test_a_run_with_an_unreadable_record_is_named_left_as_it_is_and_the_others_are_done(
    finished_grid: tuple[Path, Done], tmp_path: Path
) -> None:
    source, _ = finished_grid
    record = Store(source / "results" / "runs").records()[0]
    folder = tmp_path / "results" / "runs" / record.key
    folder.mkdir(parents=True)
    text = record.to_json()[:200]
    (folder / "record.json").write_text(text, encoding="utf-8")
    for arguments in (("table",), ("figure", "curves")):
        done = bench(tmp_path, *arguments)
        assert done.returncode == 2
        assert "truncated" in done.stderr and record.key in done.stderr
        assert len(done.stderr.splitlines()) == 2  # left out; no runs
    dry = bench(tmp_path, *GRID, "--dry-run")
    assert dry.returncode == 0 and f"left    {record.key}: record" in dry.stdout
    assert "3 to run, 0 finished before, 1 left out as unreadable" in dry.stdout
    done = bench(tmp_path, *GRID)
    assert done.returncode == 1, done.stderr
    assert f"left out: {record.key}: record '" in done.stderr and "is truncated" in done.stderr
    assert "4 runs: 3 done now, 0 finished before, 1 failed" in done.stdout
    assert (folder / "record.json").read_text(encoding="utf-8") == text
    assert [path.name for path in folder.iterdir()] == ["record.json"]
    forced = bench(tmp_path, *GRID, "--force")
    assert forced.returncode == 0, forced.stderr
    (kept,) = folder.glob("unreadable-*.json")
    assert kept.read_text(encoding="utf-8") == text
    again = Store(tmp_path / "results" / "runs").read(record.key)
    assert again is not None and dict(again.measurements) == dict(record.measurements)

"""What of a results folder is used again: never anything of an earlier protocol, which is told as
such by every command that meets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from benchmark.cli import cli
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings, earlier, finished
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running.evaluate import Evaluation, chosen_metrics
from benchmark.running.job import execute
from benchmark.running.replay import replay
from benchmark.running.stored import Stored, job_of
from benchmark.spec import PROTOCOL, BenchError, RunSpec
from benchmark.training import checkpoint


@pytest.fixture
def job() -> Job:
    (planned,) = plan(Grid(["pca"], ["circle"], budget="smoke"), Path())
    return planned


@pytest.fixture
def old(job: Job, tmp_path: Path) -> tuple[Store, str]:
    """A store with one run, finished under protocol 1: its record and its checkpoint."""
    store = Store(tmp_path / "runs")
    store.ensure_writable()
    record = execute(job, Settings(store.root, device="cpu"))
    assert record is not None and record.status == "done"
    spec = replace(job.spec, protocol=1)
    store.folder(record.key).rename(store.folder(spec.key))
    store.write(replace(record, spec=spec.document(), key=spec.key))
    return store, spec.key


def test_only_runs_of_an_earlier_protocol_are_told(job: Job, old: tuple[Store, str]) -> None:
    store, key = old
    assert finished(job, store) is None
    assert earlier([job], store) == {key: 1}
    _, other = plan(Grid(["pca"], ["circle"], budget="smoke", seeds=2), Path())
    assert earlier([other], store) == {}
    assert earlier([job], Store(store.root / "nowhere")) == {}
    now = execute(job, Settings(store.root, device="cpu"))
    assert now is not None and now.key != key
    assert earlier([job], store) == {key: 1}


def test_a_checkpoint_without_a_record_is_told_by_its_header(job: Job, tmp_path: Path) -> None:
    """Runs that were interrupted; protocol 1 wrote none into the header."""
    store, stem = Store(tmp_path), job.spec.key.rpartition("-")[0]
    headers = {"0" * 12: {}, "1" * 12: {"protocol": "1"}, "2" * 12: {"protocol": str(PROTOCOL)}}
    for digits, header in headers.items():
        folder = store.folder(f"{stem}-{digits}")
        folder.mkdir()
        checkpoint.write(
            folder / "checkpoint.safetensors", {"x": torch.zeros(1)}, {"key": folder.name, **header}
        )
    store.folder(f"{stem}-{'3' * 12}").mkdir()
    (store.folder(f"{stem}-{'4' * 12}")).mkdir()
    (store.folder(f"{stem}-{'4' * 12}") / "checkpoint.safetensors").write_bytes(b"no header")
    assert earlier([job], store) == {f"{stem}-{'0' * 12}": 1, f"{stem}-{'1' * 12}": 1}


def test_run_tells_it_in_one_line_and_leaves_it_alone(old: tuple[Store, str]) -> None:
    store, key = old
    before = {path: path.read_bytes() for path in store.folder(key).iterdir()}
    grid = ["run", "--methods", "pca", "--datasets", "circle", "--budget", "smoke"]
    preview = CliRunner().invoke(cli, [*grid, "--results", str(store.root), "--dry-run"])
    assert "1 to run, 0 finished before" in preview.output
    (line,) = (line for line in preview.output.splitlines() if line.startswith("earlier protocol"))
    assert key in line and "made by protocol 1" in line and f"by protocol {PROTOCOL}" in line
    assert before == {path: path.read_bytes() for path in store.folder(key).iterdir()}
    fresh = store.root.parent / "fresh"
    assert (
        "earlier"
        not in CliRunner().invoke(cli, [*grid, "--results", str(fresh), "--dry-run"]).output
    )


def test_a_job_of_another_protocol_is_not_trained(job: Job, tmp_path: Path) -> None:
    record = execute(
        replace(job, spec=replace(job.spec, protocol=1)), Settings(tmp_path, device="cpu")
    )
    assert record is not None and record.status == "failed"
    assert f"of protocol 1, this version trains by protocol {PROTOCOL}" in str(record.error)


def test_evaluate_refuses_a_run_of_another_protocol(old: tuple[Store, str]) -> None:
    store, key = old
    with pytest.raises(BenchError, match="is of protocol 1, this version measures"):
        Evaluation(store, chosen_metrics(["sw2"]), store.root / "data").add(key)


def test_replay_runs_by_this_protocol_and_names_the_other(old: tuple[Store, str]) -> None:
    store, key = old
    run = Stored.read(store.folder(key) / "record.json")
    assert run is not None
    (repetition,) = replay([run], lambda record: job_of(record, Path()), workers=1)
    assert job_of(run.record, Path()).spec == replace(RunSpec(**run.record.spec), protocol=PROTOCOL)
    assert ("protocol", 1, PROTOCOL) in [
        (change.name, change.before, change.after) for change in repetition.changes
    ]
    assert repetition.verdict == "bit-equal"

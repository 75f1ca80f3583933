"""Metrics added to finished runs: what stands in the record stays, and what is measured again has
the same bits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from evaluation_runs import evaluation, read
from harness import CPU, Honest

from benchmark import registry
from benchmark.cli import cli
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.features import Source
from benchmark.metrics.base import Absent
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.records import Store
from benchmark.running.compare import compare
from benchmark.running.job import execute
from benchmark.running.replay import measure_alike
from benchmark.training.runtime import construct

QUICK = ["sw2", "nac", "recall"]


def test_core_runs_leave_tier_full_to_evaluate(copied_run: tuple[Store, str]) -> None:
    names = {identifier.partition("[")[0] for identifier in read(*copied_run).measurements} | set(
        read(*copied_run).absent
    )
    assert names == {entry.name for entry in registry.METRICS if entry.headline}


def test_what_is_there_stays_bit_for_bit_and_what_was_asked_for_is_added(
    copied_run: tuple[Store, str],
) -> None:
    store, key = copied_run
    before, files = (
        read(store, key),
        {path.name: path.read_bytes() for path in store.folder(key).iterdir()},
    )
    added = evaluation(store, *QUICK).add(key)
    after = read(store, key)
    assert [identifier.partition("[")[0] for identifier in added.measured] == [
        "recall",
        "sw2",
        "nac",
    ] and added.changed
    assert set(after.measurements) - set(before.measurements) == set(added.measured)
    kept = {name: after.measurements[name] for name in before.measurements}
    assert json.dumps(kept) == json.dumps(before.measurements)
    assert {name: after.metrics[name] for name in before.metrics} == before.metrics
    assert after.metrics.keys() - before.metrics.keys() == {"recall", "sw2", "nac"}
    assert replace(after, measurements=before.measurements, metrics=before.metrics) == before
    assert {
        path.name: path.read_bytes()
        for path in store.folder(key).iterdir()
        if path.name != "record.json"
    } == {name: data for name, data in files.items() if name != "record.json"}


def test_a_second_call_writes_nothing(copied_run: tuple[Store, str]) -> None:
    store, key = copied_run
    evaluation(store, *QUICK).add(key)
    path = store.folder(key) / "record.json"
    before = path.stat().st_ino, path.read_bytes()
    assert not evaluation(store, *QUICK).add(key).changed
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_measuring_again_gives_the_same_bits(copied_run: tuple[Store, str]) -> None:
    """Every measurement of tier core from the checkpoint equals what the run itself measured after
    training."""
    store, key = copied_run
    before = (store.folder(key) / "record.json").read_bytes()
    names = [entry.name for entry in registry.METRICS if entry.headline]
    added = evaluation(store, *names, force=True).add(key)
    assert len(added.measured) >= 10 and not added.changed
    assert (store.folder(key) / "record.json").read_bytes() == before


def test_a_metric_measured_again_replaces_itself_alone(copied_run: tuple[Store, str]) -> None:
    store, key = copied_run
    record = read(store, key)
    wrong = {
        **record.measurements,
        "mse": {**record.measurements["mse"], "value": 7.0},
        "lstar": {**record.measurements["lstar"], "value": 8.0},
    }
    store.write(replace(record, measurements=wrong))
    assert not evaluation(store, "mse", "lstar").add(key).changed
    evaluation(store, "mse", force=True).add(key)
    assert read(store, key) == replace(
        record, measurements={**record.measurements, "lstar": wrong["lstar"]}
    )


def test_a_reason_is_told_and_gives_way_to_a_value(copied_run: tuple[Store, str]) -> None:
    store, key = copied_run
    added = evaluation(store, "mi-bound-category").add(key)
    assert (
        added.absent == {"mi-bound-category": "the method has no categorical variable"}
        and added.measured == []
    )
    assert read(store, key).absent["mi-bound-category"] == "the method has no categorical variable"
    store.write(replace(read(store, key), absent={**read(store, key).absent, "nac": "not then"}))
    evaluation(store, "nac").add(key)
    assert "nac" not in read(store, key).absent and any(
        name.startswith("nac[") for name in read(store, key).measurements
    )


def test_another_environment_is_told_beside_what_was_measured_in_it(
    copied_run: tuple[Store, str],
) -> None:
    store, key = copied_run
    record = read(store, key)
    store.write(replace(record, environment={**record.environment, "device": "NVIDIA H100"}))
    evaluation(store, "nac").add(key)
    environment = read(store, key).environment
    (identifier,) = environment["evaluations"]
    assert (
        identifier.startswith("nac[") and environment["evaluations"][identifier]["device"] == "cpu"
    )
    assert environment["device"] == "NVIDIA H100"


def test_command_says_what_was_added_and_goes_on_after_a_failure(
    copied_run: tuple[Store, str],
) -> None:
    store, key = copied_run
    (job,) = plan(Grid(["pca"], ["digits"]), store.root)
    record = execute(job, Settings(store.root, device="cpu"))
    assert record is not None
    (store.folder(record.key) / "checkpoint.safetensors").unlink()
    where = ("--results", str(store.root), "--device", "cpu")
    done = CliRunner().invoke(cli, ["evaluate", "--metrics", "nac,mi-bound-category", *where])
    assert done.exit_code == 1
    reason = "no mi-bound-category: the method has no categorical variable"
    assert f"{key}: measured nac; {reason}; " in done.stdout
    assert f"failed: {record.key}: '{store.folder(record.key)}' holds no checkpoint" in done.stderr
    assert (
        f"2 runs: 1 records changed, 0 as before, 1 failed; records in {store.root}" in done.stdout
    )
    again = CliRunner().invoke(cli, ["evaluate", "--metrics", "nac", "--methods", "vae", *where])
    assert (
        again.exit_code == 0
        and again.stdout
        == f"1 runs: 0 records changed, 1 as before, 0 failed; records in {store.root}\n"
    )


def test_a_replay_measures_what_was_added_too(
    copied_run: tuple[Store, str], tmp_path: Path
) -> None:
    store, key = copied_run
    evaluation(store, *QUICK).add(key)
    (job,) = plan(Grid(["vae"], ["digits"], steps=3), tmp_path)
    again = Settings(tmp_path / "again", device="cpu")
    assert execute(job, again) is not None
    folders = store.folder(key), again.results / key
    assert not compare(read(store, key), read(Store(again.results), key), *folders).equal
    measure_alike(read(store, key), job, again)
    assert compare(read(store, key), read(Store(again.results), key), *folders).equal


def test_runs_leave_inception_to_evaluate_on_a_cpu(tmp_path: Path) -> None:
    from benchmark.datasets.split import Split
    from benchmark.datasets.tensors import TensorSplit

    test = TensorSplit(Split(np.zeros((9, 6), np.float32), (6,)))
    for frugal, reason in (
        (True, r"minutes on a CPU, so a run leaves it out there; `bench evaluate` adds it"),
        (False, "weights are missing"),
    ):
        method = construct(Honest, Honest.Config(), 0, shape=(6,), latent_dim=3)
        evidence = Evaluator(
            method, test, seed=0, device=CPU, source=Source(data_dir=tmp_path, frugal=frugal)
        )
        with pytest.raises(Absent, match=reason):
            evidence.extractor("inception")


def test_a_run_leaves_the_parts_of_its_elbo(copied_run: tuple[Store, str]) -> None:
    from benchmark.reporting.cells.arrays import read_arrays

    store, key = copied_run
    arrays = read_arrays(store.folder(key) / "artifacts.npz")
    assert arrays["term_nll"].shape == () and arrays["term_kl"].shape == (
        read(store, key).spec["latent_dim"],
    )
    assert (arrays["term_kl"] >= 0).all() and np.isfinite(arrays["term_nll"])


@pytest.mark.slow
def test_a_run_of_a_longer_budget_measures_everything_and_evaluate_gives_the_same_bits(
    tmp_path: Path,
) -> None:
    (job,) = [
        job
        for job in plan(
            Grid(["mi-vae-joint"], ["digits"], latent_dims=[4], budget="short"), tmp_path
        )
        if job.spec.latent_dim == 4
    ]
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None and record.status == "done"
    names = {identifier.partition("[")[0] for identifier in record.measurements}
    assert {
        "prd-recall",
        "recall",
        "coverage",
        "sw2",
        "mmd",
        "kid-cnn",
        "mi-bound-category",
    } <= names
    added = evaluation(Store(tmp_path), force=True).add(record.key)
    assert len(added.measured) == len(record.measurements)
    assert {
        name: Store(tmp_path).read(record.key).measurements[name] for name in record.measurements
    } == record.measurements

"""Metrics added to finished runs: what stands in the record stays, what is measured again has the
same bits, and what does not fit is refused."""

from __future__ import annotations

import fcntl
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
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
from benchmark.running.evaluate import Evaluation, chosen_metrics
from benchmark.running.job import execute
from benchmark.running.replay import measure_alike
from benchmark.spec import BenchError, Record
from benchmark.training import checkpoint
from benchmark.training.runtime import construct

QUICK = ["sw2", "nac", "recall"]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One run of three steps on the digits, metrics of tier core."""
    folder = tmp_path_factory.mktemp("runs")
    (job,) = plan(Grid(["vae"], ["digits"], steps=3), folder)
    record = execute(job, Settings(folder, device="cpu"))
    assert record is not None and record.status == "done"
    return folder, record.key


@pytest.fixture
def run(finished_run: tuple[Path, str], tmp_path: Path) -> tuple[Store, str]:
    """A copy of it."""
    shutil.copytree(finished_run[0] / finished_run[1], tmp_path / finished_run[1])
    return Store(tmp_path), finished_run[1]


def evaluation(
    store: Store, *names: str, force: bool = False, methods: tuple[str, ...] = ()
) -> Evaluation:
    return Evaluation(
        store,
        chosen_metrics(names),
        store.root / "data",
        methods=methods,
        device="cpu",
        force=force,
    )


def read(store: Store, key: str) -> Record:
    record = store.read(key)
    assert record is not None
    return record


def test_core_runs_leave_tier_full_to_evaluate(run: tuple[Store, str]) -> None:
    names = {identifier.partition("[")[0] for identifier in read(*run).measurements} | set(
        read(*run).absent
    )
    assert names == {entry.name for entry in registry.METRICS if entry.headline}


def test_what_is_there_stays_bit_for_bit_and_what_was_asked_for_is_added(
    run: tuple[Store, str],
) -> None:
    store, key = run
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


def test_a_second_call_writes_nothing(run: tuple[Store, str]) -> None:
    store, key = run
    evaluation(store, *QUICK).add(key)
    path = store.folder(key) / "record.json"
    before = path.stat().st_ino, path.read_bytes()
    assert not evaluation(store, *QUICK).add(key).changed
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_measuring_again_gives_the_same_bits(run: tuple[Store, str]) -> None:
    """Every measurement of tier core from the checkpoint equals what the run itself measured after
    training."""
    store, key = run
    before = (store.folder(key) / "record.json").read_bytes()
    names = [entry.name for entry in registry.METRICS if entry.headline]
    added = evaluation(store, *names, force=True).add(key)
    assert len(added.measured) >= 10 and not added.changed
    assert (store.folder(key) / "record.json").read_bytes() == before


def test_a_metric_measured_again_replaces_itself_alone(run: tuple[Store, str]) -> None:
    store, key = run
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


def test_a_reason_is_told_and_gives_way_to_a_value(run: tuple[Store, str]) -> None:
    store, key = run
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


def test_another_environment_is_told_beside_what_was_measured_in_it(run: tuple[Store, str]) -> None:
    store, key = run
    record = read(store, key)
    store.write(replace(record, environment={**record.environment, "device": "NVIDIA H100"}))
    evaluation(store, "nac").add(key)
    environment = read(store, key).environment
    (identifier,) = environment["evaluations"]
    assert (
        identifier.startswith("nac[") and environment["evaluations"][identifier]["device"] == "cpu"
    )
    assert environment["device"] == "NVIDIA H100"


def test_other_code_is_refused(run: tuple[Store, str]) -> None:
    store, key = run
    store.write(replace(read(store, key), code="0" * 16))
    with pytest.raises(
        BenchError,
        match=(
            "installed code of 'vae' is not the one that trained it; make it again with `bench run`"
        ),
    ):
        evaluation(store, "nac").add(key)


def test_other_data_are_refused(run: tuple[Store, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmark.running import evaluate as module

    store, key = run
    monkeypatch.setattr(module, "load", lambda source: type("Other", (), {"digest": "0"})())
    with pytest.raises(BenchError, match="are not those it was trained on"):
        evaluation(store, "nac").add(key)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"key": "other"}, "has key other"),
        ({"code": "1"}, "has code 1"),
        ({"step": "2"}, "has step 2"),
        ({"concluded": "0"}, "has concluded 0"),
    ],
)
def test_a_checkpoint_of_another_or_unfinished_run_is_refused(
    run: tuple[Store, str], header: dict[str, str], message: str
) -> None:
    store, key = run
    path = store.folder(key) / "checkpoint.safetensors"
    checkpointed = checkpoint.read(path)
    assert checkpointed is not None
    checkpoint.write(path, checkpointed[0], {**checkpointed[1], **header})
    before = (store.folder(key) / "record.json").read_bytes()
    with pytest.raises(BenchError, match=message):
        evaluation(store, "nac").add(key)
    assert (store.folder(key) / "record.json").read_bytes() == before


@pytest.mark.parametrize(
    "damage", [lambda path: path.unlink(), lambda path: path.write_bytes(path.read_bytes()[:-9])]
)
def test_a_missing_or_damaged_checkpoint_is_named(run: tuple[Store, str], damage) -> None:
    store, key = run
    damage(store.folder(key) / "checkpoint.safetensors")
    with pytest.raises(
        BenchError,
        match=r"holds no checkpoint that can be read; make it again with `bench run --force`",
    ):
        evaluation(store, "nac").add(key)


def test_a_run_that_is_at_work_is_left_alone(run: tuple[Store, str]) -> None:
    store, key = run
    with (store.folder(key) / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BenchError, match="another process is at work"):
            evaluation(store, "nac").add(key)


def test_a_file_of_ones_own_is_named_again(tmp_path: Path) -> None:
    path = tmp_path / "my_pca.py"
    path.write_text(
        registry.find("methods", "pca").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (job,) = plan(Grid([str(path)], ["digits"]), tmp_path)
    record = execute(job, Settings(tmp_path / "runs", device="cpu"))
    assert record is not None and record.status == "done"
    store = Store(tmp_path / "runs")
    with pytest.raises(
        BenchError,
        match=r"'my-pca' is not registered; if it was a file of yours, name it with --methods",
    ):
        evaluation(store, "nac").add(record.key)
    assert evaluation(store, "nac", methods=(str(path),)).add(record.key).measured == [
        "nac[n=360,split=test]"
    ]


def test_wrong_names_are_answered_with_the_next_step() -> None:
    with pytest.raises(BenchError, match="unknown metric 'recal'; did you mean 'recall'"):
        chosen_metrics(["recal"])
    with pytest.raises(
        BenchError, match=r"is the id of a measurement; give the metric's name, 'nac'"
    ):
        chosen_metrics(["nac[n=360,split=test]"])


def test_command_says_what_was_added_and_goes_on_after_a_failure(run: tuple[Store, str]) -> None:
    store, key = run
    (job,) = plan(Grid(["pca"], ["digits"]), store.root)
    record = execute(job, Settings(store.root, device="cpu"))
    assert record is not None
    (store.folder(record.key) / "checkpoint.safetensors").unlink()
    done = CliRunner().invoke(
        cli,
        [
            "evaluate",
            "--metrics",
            "nac,mi-bound-category",
            "--results",
            str(store.root),
            "--device",
            "cpu",
        ],
    )
    assert done.exit_code == 1
    reason = "no mi-bound-category: the method has no categorical variable"
    assert f"{key}: measured nac; {reason}; " in done.stdout
    assert f"failed: {record.key}: '{store.folder(record.key)}' holds no checkpoint" in done.stderr
    assert (
        f"2 runs: 1 records changed, 0 as before, 1 failed; records in {store.root}" in done.stdout
    )
    again = CliRunner().invoke(
        cli,
        [
            "evaluate",
            "--metrics",
            "nac",
            "--methods",
            "vae",
            "--results",
            str(store.root),
            "--device",
            "cpu",
        ],
    )
    assert (
        again.exit_code == 0
        and again.stdout
        == f"1 runs: 0 records changed, 1 as before, 0 failed; records in {store.root}\n"
    )


def test_a_replay_measures_what_was_added_too(run: tuple[Store, str], tmp_path: Path) -> None:
    store, key = run
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


def test_a_run_leaves_the_parts_of_its_elbo(run: tuple[Store, str]) -> None:
    from benchmark.reporting.cells.arrays import read_arrays

    store, key = run
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

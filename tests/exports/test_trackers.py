"""What trackers are given, and, where their packages are, what their own readers find in their
local stores."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmark.cli import cli
from benchmark.evaluation.artifacts import npz_bytes
from benchmark.exports import trackers
from benchmark.exports.trackers import TRACKERS, Run, export, points, read_run, require
from benchmark.records import Store
from benchmark.spec import BenchError, Record, RunSpec

SPEC = RunSpec(
    "vae", {"sigma": "learned"}, "circle", {"noise": 0.1}, "0" * 64, 2, 0, "steps-4", 4, 8
)
MEASURED = {"unit": "u", "n": 4, "protocol": "test split"}
RECORD = Record(
    SPEC.document(),
    SPEC.key,
    "0" * 16,
    "done",
    measurements={
        "mse": {"value": 0.5, **MEASURED},
        "fd-raw[n=4,split=test]": {"value": 1.5, **MEASURED},
        "kid[n=2]": {"value": 2.0, **MEASURED},
        "kid[n=4]": {"value": 3.0, **MEASURED},
    },
    discovery={"relevance": [1.0, 0.1], "active": [True, False], "flags": [], "extra": {}},
    flags=["unsettled"],
)
CURVES = {
    "step": np.array([2, 4]),
    "loss": np.array([1.0, 0.25]),
    "kl": np.array([[0.5, 0.1], [0.75, np.nan]]),
    "lstar": np.array([2.0]),
    "lstar_step": np.array([3]),
}
VALUES = {
    2: {"loss": 1.0, "kl/00": 0.5, "kl/01": 0.1},
    3: {"lstar": 2.0},
    4: {"loss": 0.25, "kl/00": 0.75},
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    records = Store(tmp_path / "runs")
    records.write(RECORD)
    (records.folder(RECORD.key) / "curves.npz").write_bytes(npz_bytes(CURVES))
    return records


def test_points_are_the_curves_step_by_step_without_what_is_not_finite() -> None:
    assert dict(points(Run(RECORD, CURVES))) == VALUES


def test_parameters_are_flat_and_measurements_by_metric_or_by_id() -> None:
    run = Run(RECORD, {})
    assert run.parameters["config.sigma"] == "learned"
    assert run.parameters["options.noise"] == 0.1 and run.parameters["latent_dim"] == 2
    assert run.measurements == {"mse": 0.5, "fd-raw": 1.5, "kid_n_2": 2.0, "kid_n_4": 3.0}
    assert list(points(run)) == []


@pytest.mark.parametrize("tracker", TRACKERS)
def test_what_is_not_installed_is_named(tracker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        BenchError, match=rf"'{tracker}' is not installed; run pip install '\.\[log"
    ):
        require(tracker)


def test_a_run_that_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(BenchError, match="there is no run 'none'"):
        read_run(store, "none")


@pytest.mark.extras
def test_tensorboard_reads_what_was_exported(store: Store, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = read_run(store, RECORD.key)
    assert export("tensorboard", run, tmp_path / "tb") and not export(
        "tensorboard", run, tmp_path / "tb"
    )
    (file,) = (tmp_path / "tb").rglob("events.out.*")
    events = EventAccumulator(str(file.parent))
    events.Reload()
    by_step: dict[int, dict[str, float]] = {}
    for name in events.Tags()["scalars"]:
        for event in events.Scalars(name):
            by_step.setdefault(event.step, {})[name] = event.value
    measured = {f"measured/{name}": value for name, value in run.measurements.items()}
    expected = {**VALUES, 4: {**VALUES[4], **measured}}
    assert by_step.keys() == expected.keys()
    for step, values in expected.items():
        assert by_step[step] == pytest.approx(values)


@pytest.mark.extras
def test_mlflow_reads_what_was_exported(store: Store, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    run = read_run(store, RECORD.key)
    assert export("mlflow", run, tmp_path / "ml") and not export("mlflow", run, tmp_path / "ml")
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/ml/mlflow.db")
    experiment = client.get_experiment_by_name("lstar-bench")
    (tracked,) = client.search_runs([experiment.experiment_id])
    assert tracked.info.status == "FINISHED" and tracked.info.run_name == RECORD.key
    assert tracked.data.params["config.sigma"] == "learned"
    assert tracked.data.tags["flags"] == "unsettled"
    assert {name: tracked.data.metrics[name] for name in run.measurements} == run.measurements
    history = client.get_metric_history(tracked.info.run_id, "curve/loss")
    assert [(point.step, point.value) for point in history] == [(2, 1.0), (4, 0.25)]


def logged(data: bytes) -> list[bytes]:
    """The records in a .wandb file: a header of 7 bytes, then LevelDB's log of blocks of 32 kB,
    each part with 4 bytes of checksum, 2 of length and 1 of type (1 whole, 2 first, 3 middle,
    4 last)."""
    entries, position = [b""], 7
    while position + 7 <= len(data):
        if 32768 - position % 32768 < 7:
            position += 32768 - position % 32768
        length = int.from_bytes(data[position + 4 : position + 6], "little")
        kind = data[position + 6]
        entries[-1] += data[position + 7 : position + 7 + length]
        entries += [b""] if kind in (1, 4) else []
        position += 7 + length
    return entries[:-1]


@pytest.mark.extras
def test_wandb_stores_what_was_exported(store: Store, tmp_path: Path) -> None:
    """In a process of its own, as users call it: wandb starts a service of its own for each."""
    from wandb.proto import wandb_internal_pb2

    words = ["export", "--to", "wandb", "--results", str(store.root), "-o", str(tmp_path / "wb")]
    done = [
        subprocess.run(
            [sys.executable, "-m", "benchmark", *words], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert "1 run exported, 0 there before" in done[0]
    assert "0 runs exported, 1 there before" in done[1]
    (file,) = (tmp_path / "wb").rglob("run-*.wandb")
    history: list[dict[str, str]] = []
    for data in logged(file.read_bytes()):
        message = wandb_internal_pb2.Record()
        message.ParseFromString(data)
        if message.WhichOneof("record_type") == "history":
            items = message.history.item
            history.append({item.key or item.nested_key[0]: item.value_json for item in items})
    losses = [(int(row["_step"]), float(row["loss"])) for row in history if "loss" in row]
    assert losses == [(2, 1.0), (4, 0.25)]


@pytest.mark.extras
def test_the_command_exports_every_run_once(store: Store, tmp_path: Path) -> None:
    words = [
        "export",
        "--to",
        "tensorboard",
        "--results",
        str(store.root),
        "-o",
        str(tmp_path / "tb"),
    ]
    first, second = (CliRunner().invoke(cli, words, catch_exceptions=False) for _ in range(2))
    assert "1 run exported, 0 there before" in first.output
    assert "0 runs exported, 1 there before" in second.output

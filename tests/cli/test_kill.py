"""Killed at a random step and started again, a run ends with the same bits; and the number of
workers changes nothing."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmark.protocol import checkpoint
from benchmark.records import Store

RUN = (
    "run",
    "--methods",
    "vae",
    "--datasets",
    "circle",
    "--steps",
    "600",
    "--checkpoint-every",
    "0.02",
)


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmark", *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def step_of(folder: Path) -> int:
    """The step of the newest checkpoint, -1 before the first."""
    for path in folder.glob("results/runs/*/checkpoint.safetensors"):
        found = checkpoint.read(path)
        return -1 if found is None else int(found[1]["step"])
    return -1


def results(folder: Path) -> dict[str, object]:
    """Weights, optimiser state, curves, artifacts and measurements of every run in ``folder``."""
    found: dict[str, object] = {}
    for record in Store(folder / "results" / "runs").records():
        tensors, _ = checkpoint.read(
            folder / "results" / "runs" / record.key / "checkpoint.safetensors"
        )  # type: ignore[misc]
        found.update({f"{record.key}/{name}": tensor.numpy() for name, tensor in tensors.items()})
        for file in (folder / "results" / "runs" / record.key).glob("*.npz"):
            with np.load(file) as arrays:
                found.update(
                    {f"{record.key}/{file.name}/{name}": arrays[name] for name in arrays.files}
                )
        found[record.key] = (
            record.status,
            dict(record.measurements),
            record.discovery,
            record.timing["updates"],
            record.timing["outer_steps"],
        )
    return found


def same(a: dict[str, object], b: dict[str, object]) -> bool:
    def equal(x: object, y: object) -> bool:
        return (
            np.array_equal(x, y)
            if isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
            else x == y
        )

    return a.keys() == b.keys() and all(equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("alone")
    assert start(folder, *RUN, "--workers", "1").wait(120) == 0
    return results(folder)


def test_killed_run_started_again_equals_one_left_alone(
    tmp_path: Path, alone: dict[str, object]
) -> None:
    target = random.SystemRandom().randrange(1, 250)
    process = start(tmp_path, *RUN)
    while process.poll() is None and step_of(tmp_path) < target:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    assert 0 < step_of(tmp_path) < 600, "the run ended before it was killed"
    assert not list(tmp_path.glob("results/runs/*/record.json"))
    assert start(tmp_path, *RUN).wait(120) == 0
    assert same(results(tmp_path), alone), f"killed after step {target}"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_leaves_a_checkpoint_and_goes_on(
    tmp_path: Path, alone: dict[str, object], number: int, status: int
) -> None:
    """The signal goes to the whole process group, as Ctrl-C, `timeout` and schedulers send it."""
    process = start(tmp_path, *RUN)
    while process.poll() is None and step_of(tmp_path) < 50:
        time.sleep(0.01)
    os.killpg(process.pid, number)
    assert process.wait(30) == status
    assert step_of(tmp_path) >= 50
    assert not list(tmp_path.glob("results/runs/*/record.json"))
    if number == signal.SIGINT:
        assert start(tmp_path, *RUN).wait(120) == 0
        assert same(results(tmp_path), alone)


def test_two_calls_on_one_folder_share_the_work(tmp_path: Path, alone: dict[str, object]) -> None:
    first, second = start(tmp_path, *RUN), start(tmp_path, *RUN)
    assert first.wait(120) == second.wait(120) == 0
    assert same(results(tmp_path), alone)


def test_a_run_that_waits_for_another_process_can_be_interrupted(tmp_path: Path) -> None:
    key = subprocess.run(
        [sys.executable, "-m", "benchmark", *RUN, "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[1]
    folder = tmp_path / "results" / "runs" / key
    folder.mkdir(parents=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = start(tmp_path, *RUN, "--time-limit", "0.1")
        time.sleep(6.0)  # the run has begun to wait by then; waiting is no part of its time
        assert process.poll() is None
        assert [path.name for path in folder.iterdir()] == [".lock"]
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_two_workers_give_the_same_bits_as_one(tmp_path: Path) -> None:
    grid = ("run", "--methods", "pca,vae", "--datasets", "circle,digits", "--budget", "smoke")
    for workers in ("1", "2"):
        assert start(tmp_path / workers, *grid, "--workers", workers).wait(120) == 0
    one, two = results(tmp_path / "1"), results(tmp_path / "2")
    assert same(one, two)


def test_a_run_whose_process_is_killed_is_recorded_as_killed(tmp_path: Path) -> None:
    process = start(tmp_path, *RUN, "--workers", "1")
    while process.poll() is None and step_of(tmp_path) < 50:
        time.sleep(0.01)
    for entry in Path(
        "/proc"
    ).iterdir():  # the run's own process is the one that holds its lock file open
        try:
            held = (
                [str(link.readlink()) for link in (entry / "fd").iterdir()]
                if entry.name.isdigit()
                else []
            )
        except OSError:
            continue
        if any(name.startswith(str(tmp_path)) and name.endswith(".lock") for name in held):
            os.kill(int(entry.name), signal.SIGKILL)
    assert process.wait(60) == 1
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert record.status == "killed"
    assert "signal 9" in str(record.error)

"""Killed at an exact step and started again, a run ends with the same bits."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from command import PATIENCE, bench

from benchmark.cli import progress
from benchmark.records import Store
from benchmark.training import checkpoint

PAUSING = '''
"""A VAE that stands still before one step."""

import os
import signal
from pathlib import Path

from baselines.vae import VAE


class Pausing(VAE):
    """Stands still before step 40 where a test asks for it, until a signal comes."""

    def phase(self, step):  # called on the host before every step
        reached = os.environ.get("REACHED")
        if step == 40 and reached:
            Path(reached, str(os.getpid())).touch()
            signal.pause()
        return super().phase(step)
'''

RUN = (
    "run",
    "--methods",
    "./pausing.py",
    "--datasets",
    "circle",
    "--steps",
    "120",
    "--checkpoint-every",
    "0",
)
"""A checkpoint before every step, so that the one of a run that stands still is of that step."""


def prepare(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pausing.py").write_text(PAUSING, encoding="utf-8")


def completed(folder: Path, *options: str) -> int:
    """Run to the end in ``folder``, from where an earlier call left off, and return the status.
    The call is made in this process: what is ended by signals has one of its own (``start``)."""
    prepare(folder)
    return bench(folder, *RUN, *options).returncode


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    prepare(folder)
    command = [sys.executable, "-m", "benchmark", *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Return when something has happened while ``process`` runs; fail where it never does."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not happen in ten minutes"
        time.sleep(0.01)


def standing_still(
    folder: Path, *arguments: str, runs: int = 1
) -> tuple[subprocess.Popen[str], list[int]]:
    """Start so many runs and return the call, and the ids of the runs' own processes, which stand
    still before step 40."""
    reached = folder / "reached"
    reached.mkdir()
    process = start(folder, *RUN, *arguments, REACHED=str(reached))
    wait_for(process, lambda: len(list(reached.iterdir())) == runs)
    return process, [int(path.name) for path in reached.iterdir()]


def checkpoints_of(folder: Path) -> list[Path]:
    return list(folder.glob("results/runs/*/checkpoint.safetensors"))


def step_of(path: Path) -> int:
    """The step of a checkpoint."""
    checkpointed = checkpoint.read(path)
    assert checkpointed is not None
    return int(checkpointed[1]["step"])


def records_of(folder: Path) -> list[Path]:
    return list(folder.glob("results/runs/*/record.json"))


def results(folder: Path) -> dict[str, object]:
    """Weights, optimiser state, curves, artifacts and measurements of every run in ``folder``."""
    answers: dict[str, object] = {}
    for record in Store(folder / "results" / "runs").records():
        tensors, _ = checkpoint.read(
            folder / "results" / "runs" / record.key / "checkpoint.safetensors"
        )
        answers.update({f"{record.key}/{name}": tensor.numpy() for name, tensor in tensors.items()})
        for file in (folder / "results" / "runs" / record.key).glob("*.npz"):
            with np.load(file) as arrays:
                answers.update(
                    {f"{record.key}/{file.name}/{name}": arrays[name] for name in arrays.files}
                )
        answers[record.key] = (
            record.status,
            dict(record.measurements),
            record.discovery,
            record.timing["updates"],
            record.timing["outer_steps"],
        )
    return answers


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
    assert completed(folder, "--workers", "1") == 0
    return results(folder)


def test_killed_run_started_again_equals_one_left_alone(
    tmp_path: Path, alone: dict[str, object]
) -> None:
    process, _ = standing_still(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)
    assert [step_of(path) for path in checkpoints_of(tmp_path)] == [40]
    assert not records_of(tmp_path)
    assert completed(tmp_path) == 0
    assert same(results(tmp_path), alone)


INTERRUPT, TERMINATION = (signal.SIGINT, 130), (signal.SIGTERM, 143)
"""Signals of a whole group, and the status that each leaves. By default each meets one of the two
tests below, and both in the slow lane."""


@pytest.mark.parametrize(
    ("number", "status"), [INTERRUPT, pytest.param(*TERMINATION, marks=pytest.mark.slow)]
)
def test_interrupted_run_leaves_a_checkpoint_and_goes_on(
    tmp_path: Path, alone: dict[str, object], number: int, status: int
) -> None:
    """The signal goes to the whole process group, as Ctrl-C, `timeout` and schedulers send it; the
    run ends its step."""
    process, _ = standing_still(tmp_path)
    os.killpg(process.pid, number)
    assert process.wait(PATIENCE) == status
    assert [step_of(path) for path in checkpoints_of(tmp_path)] == [41]
    assert not records_of(tmp_path)
    if number == signal.SIGINT:
        assert completed(tmp_path) == 0
        assert same(results(tmp_path), alone)


def processes_of(session: int) -> Iterator[Path]:
    """The folders in /proc of the processes of a session."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getsid(int(entry.name)) == session:
                yield entry
        except OSError:
            continue


def has_server(session: int) -> bool:
    """Whether the server that runs are forked from has been started, for a moment ago."""
    return any(b"forkserver" in (entry / "cmdline").read_bytes() for entry in processes_of(session))


@pytest.mark.parametrize(
    ("number", "status"), [pytest.param(*INTERRUPT, marks=pytest.mark.slow), TERMINATION]
)
def test_interrupted_in_its_first_moments_it_ends_as_later(
    tmp_path: Path, number: int, status: int
) -> None:
    """While the server imports torch, long before it has read what signals are not for it."""
    process = start(tmp_path, *RUN)
    wait_for(process, lambda: has_server(process.pid))
    os.killpg(process.pid, number)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, stderr
    assert "interrupted; the same command goes on" in stderr and "error" not in stderr
    assert not records_of(tmp_path)


def test_two_calls_on_one_folder_share_the_work(tmp_path: Path, alone: dict[str, object]) -> None:
    """The second begins while the first has the run in hand, and waits for it."""
    first = start(tmp_path, *RUN)
    wait_for(first, lambda: any(path.endswith("/.lock") for path in opened(first.pid)))
    done = bench(tmp_path, *RUN)
    assert first.wait(PATIENCE) == done.returncode == 0
    assert "1 runs: 1 done now" in first.stdout.read()
    assert same(results(tmp_path), alone)


def opened(session: int) -> set[str]:
    """The files that the processes of a session hold open."""
    names: set[str] = set()
    for entry in processes_of(session):
        try:
            names |= {str(link.readlink()) for link in (entry / "fd").iterdir()}
        except OSError:
            continue
    return names


def test_a_run_that_waits_for_another_process_can_be_interrupted(tmp_path: Path) -> None:
    """Waiting is no part of its time."""
    prepare(tmp_path)
    key = bench(tmp_path, *RUN, "--dry-run").stdout.split()[1]
    folder = tmp_path / "results" / "runs" / key
    folder.mkdir(parents=True)
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = start(tmp_path, *RUN, "--time-limit", "0.1")
        wait_for(process, lambda: str(folder / ".lock") in opened(process.pid))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_runs_whose_own_processes_are_ended_are_no_success(tmp_path: Path) -> None:
    """Of two runs one is killed, and recorded as that; the other is told to stop by somebody else,
    and named."""
    process, runs = standing_still(tmp_path, "--seeds", "2", "--workers", "2", runs=2)
    for run, number in zip(runs, (signal.SIGKILL, signal.SIGTERM), strict=True):
        os.kill(run, number)
    out, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "0 done now" in out and "2 failed" in out
    assert "interrupted: pausing-circle" in stderr and "a signal from elsewhere" in stderr
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert record.status == "killed" and "signal 9" in str(record.error)
    (stopped,) = {path.parent for path in checkpoints_of(tmp_path)} - {
        tmp_path / "results" / "runs" / record.key
    }
    assert step_of(stopped / "checkpoint.safetensors") == 41


def test_signals_that_come_together_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """`timeout` sends its signal to the process and to the group; a second Ctrl-C comes later."""
    with progress.signals() as received:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
    assert received == [signal.SIGTERM]
    monkeypatch.setattr(progress, "SAME", 0.0)
    with progress.signals() as received:
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
    assert received == [signal.SIGINT, signal.SIGTERM]

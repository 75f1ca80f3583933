"""Faults from outside, as the user of the command line meets them: a disk that is full, a step that
hangs, an interrupt in the first moments. Each has its message, its status and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import PATIENCE, bench
from odd import TEXT
from strikes import forked

import benchmark
from benchmark.records import Store

HOME = Path(benchmark.__file__).resolve().parents[1]


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs of `&` ignore it
    )


def test_a_disk_of_80_kb_ends_a_run_by_name_and_the_grid_goes_on(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80k", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes a right that this account has not")
    try:
        grid = ("--methods", "vae,pca", "--datasets", "circle", "--steps", "8")
        done = bench(tmp_path, "run", *grid, "--workers", "1", "--results", str(disk / "runs"))
        records = Store(disk / "runs").records()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "2 runs: 1 done now, 0 finished before, 1 failed" in done.stdout
    assert "failed: vae-circle" in done.stderr
    assert done.stderr.count("OSError: [Errno 28] No space left on device") == 1
    pca, vae = records
    assert (pca.status, vae.status, vae.measurements) == ("done", "failed", {})
    assert "No space left on device" in str(vae.error)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_ends_a_step_that_hangs(tmp_path: Path, number: int, status: int) -> None:
    (tmp_path / "odd.py").write_text(TEXT, encoding="utf-8")
    reached, method = tmp_path / "reached", "./odd.py[how=hangs]"
    grid = ("--methods", method, "--datasets", "circle", "--steps", "6", "--checkpoint-every", "0")
    process = start(tmp_path, "run", *grid, ODD_REACHED=str(reached))
    while not reached.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.killpg(process.pid, number)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)  # once is not enough for a step that hangs
    os.killpg(process.pid, number)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert "interrupted; the same command goes on from the last checkpoints" in stderr
    assert "Traceback" not in stderr
    (folder,) = (tmp_path / "results" / "runs").iterdir()
    assert {path.name for path in folder.iterdir()} == {".lock", "checkpoint.safetensors"}


def test_a_server_that_is_killed_while_it_starts_is_started_again(tmp_path: Path) -> None:
    grid = ("--methods", "vae", "--datasets", "circle", "--steps", "6", "--workers", "1")
    process = start(tmp_path, "run", *grid)
    while not (servers := forked(process.pid)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(servers[0], signal.SIGKILL)
    out, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, stderr
    assert "1 runs: 1 done now" in out and "Traceback" not in stderr
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert record.status == "done"


INTERRUPTS = '''
"""Presses Ctrl-C when a module is about to be imported."""

import os
import signal
import sys


def hook(event, arguments):
    if event == "exec" and arguments[0].co_filename.endswith(os.environ["INTERRUPT_AT"]):
        os.kill(os.getpid(), signal.SIGINT)


sys.addaudithook(hook)
'''


def interrupted(folder: Path, at: str, *options: str) -> tuple[int, str, str]:
    """Call `bench run`, interrupted as a module is about to be run for the first time; the status
    and what was printed."""
    (folder / "sitecustomize.py").write_text(INTERRUPTS, encoding="utf-8")
    paths = os.pathsep.join((str(folder), str(HOME)))
    grid = ("--methods", "pca", "--datasets", "circle", "--steps", "8", *options)
    process = start(folder, "run", *grid, PYTHONPATH=paths, INTERRUPT_AT=at)
    out, stderr = process.communicate(timeout=PATIENCE)
    return process.returncode, out, stderr.strip()


@pytest.mark.parametrize(
    "module",
    [
        *("benchmark/cli/__init__.py", "click/__init__.py", "benchmark/cli/run.py"),
        *("numpy/__init__.py", "benchmark/spec.py", "benchmark/registry.py", "rich/progress.py"),
    ],
)
def test_an_interrupt_in_the_first_moments_ends_with_130_and_no_word(
    tmp_path: Path, module: str
) -> None:
    """Whatever is imported just then."""
    assert interrupted(tmp_path, module) == (130, "", "")
    assert not list(tmp_path.glob("results/runs/*/record.json"))


def test_without_an_interrupt_the_call_goes_on(tmp_path: Path) -> None:
    status, out, stderr = interrupted(tmp_path, "no/such/module.py", "--dry-run")
    assert (status, stderr) == (0, "") and "1 to run" in out

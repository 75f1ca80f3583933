"""SIGKILL at any moment, of the group, a worker, the server or the parent: what is done stays done,
with the bits of a run left alone, and nothing is lost, changed or there twice.

The slow lane strikes 300 times (``BENCH_CHAOS_KILLS``). Each strike is drawn from its number, and
with ``BENCH_CHAOS_DIR`` the folder and the count of strikes are kept, so that a lane that was cut
off goes on where it stood.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.records import Store

FEW = ("run", "--methods", "pca,vae", "--datasets", "circle", "--budget", "smoke")
MANY = (
    "run",
    "--methods",
    "pca,vae,dpvae,r-vae,maskaae,geco-l0",
    "--datasets",
    "circle,digits",
    "--budget",
    "smoke",
)
VICTIMS = ("group", "worker", "server", "parent")


def start(folder: Path, grid: tuple[str, ...]) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmark", *grid, "--checkpoint-every", "0.05"]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def forked(session: int) -> list[int]:
    """The server of a session and the runs it forked, in the order of their ids."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            mine = os.getsid(int(entry.name)) == session
            if mine and b"forkserver" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return sorted(found)


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def strike(folder: Path, grid: tuple[str, ...], number: int) -> None:
    """Start the grid, kill what the ``number`` of the strike draws at the moment that it draws, and
    see that nothing of it is left."""
    draw = random.Random(number)
    process, victim = start(folder, grid), VICTIMS[number % len(VICTIMS)]
    end = time.monotonic() + draw.uniform(0.0, 12.0)
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)
    server, *workers = forked(process.pid) or [process.pid]
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        kill(
            {"server": server, "parent": process.pid}.get(victim)
            or draw.choice(workers or [server])
        )
    try:
        process.wait(draw.uniform(0.0, 20.0))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)
    for pid in forked(process.pid):
        kill(pid)


def done(folder: Path) -> dict[str, str]:
    """What every finished run measured, by its key."""
    root = folder / "results" / "runs"
    if not root.is_dir():
        return {}
    records = [record for record in Store(root).records() if record.status == "done"]
    return {
        record.key: json.dumps([dict(record.measurements), record.discovery], sort_keys=True)
        for record in records
    }


def chaos(folder: Path, grid: tuple[str, ...], kills: int) -> None:
    """Strike until there were so many kills; after each, what was done before is done still, and
    everything that is done has the numbers of the grid left alone."""
    if not done(folder / "alone"):
        assert start(folder / "alone", grid).wait(3600) == 0
    alone, count = done(folder / "alone"), folder / "strikes"
    first = int(count.read_text()) if count.exists() else 0
    for number in range(first, kills):
        here = folder / f"struck-{number // 10}"
        before = done(here)
        strike(here, grid, number)
        after = done(here)
        assert before.items() <= after.items() <= alone.items(), f"strike {number}"
        count.write_text(str(number + 1))
        if number % 10 == 9 or number == kills - 1:
            assert start(here, grid).wait(3600) == 0
            assert done(here) == alone, f"strike {number}"
            for name in ("curves.npz", "artifacts.npz"):
                for path in (folder / "alone").glob(f"results/runs/*/{name}"):
                    again = here / path.relative_to(folder / "alone")
                    assert again.read_bytes() == path.read_bytes(), f"strike {number}: {again}"


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    chaos(tmp_path, FEW, 2)


@pytest.mark.slow
def test_hundreds_of_kills_lose_nothing(tmp_path: Path) -> None:
    folder = Path(os.environ.get("BENCH_CHAOS_DIR") or tmp_path)
    chaos(folder, MANY, int(os.environ.get("BENCH_CHAOS_KILLS", "300")))

"""A Slurm cluster of one machine, this one: what runs on it has the bits of `processes`, and what
is lost in the middle costs nothing that was finished."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from equal_bits import assert_equal_bits
from slurm_node import SlurmNode, missing

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.executors import executor_of
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.running.slurm_limits import memory_bytes
from benchmark.spec import BenchError

pytestmark = [pytest.mark.slurm, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]
pytest.importorskip("submitit")
ROOT = Path(__file__).resolve().parents[2]
STEPS = 400
EXECUTOR = "slurm[time=10,mem=1G]"
"""Memory that is named is not measured, which takes half a minute."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmNode]:
    with SlurmNode(tmp_path_factory.mktemp("slurm")) as node:
        yield node


@pytest.fixture
def node(cluster: SlurmNode, monkeypatch: pytest.MonkeyPatch) -> SlurmNode:
    """The cluster, to which this process and those it starts talk."""
    for name, value in {**cluster.environment, "PYTHONPATH": str(ROOT)}.items():
        monkeypatch.setenv(name, value)
    return cluster


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Job], Path]:
    """Four runs, and what `processes` make of them."""
    folder = tmp_path_factory.mktemp("home")
    jobs = plan(Grid(["pca", "vae"], ["circle"], [2], seeds=2, steps=STEPS), folder)
    run_jobs(jobs, Settings(folder / "runs", "cpu"), 1, Events())
    return jobs, folder / "runs"


def command(results: Path, *more: str) -> list[str]:
    grid = ["--methods", "pca,vae", "--datasets", "circle", "--latent-dims", "2", "--seeds", "2"]
    where = ["--results", str(results), "--executor", EXECUTOR, "--device", "cpu"]
    scale = ["--steps", str(STEPS), "--checkpoint-every", "0.1"]
    return [sys.executable, "-m", "benchmark", "run", *grid, *scale, *where, *more]


def wait_until(condition: Callable[[], object], driver: subprocess.Popen[str]) -> None:
    while not condition():
        assert driver.poll() is None, driver.communicate()
        time.sleep(0.05)


class Watch(Events):
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.announcements: list[str] = []

    def announced(self, text: str) -> None:
        self.announcements.append(text)

    def started(self, job: Job) -> None:
        self.heard.append(("started", job.spec.key))

    def ended(self, outcome: JobOutcome) -> None:
        self.heard.append((outcome.status, outcome.job.spec.key))


@contextlib.contextmanager
def in_the_middle(results: Path, act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` while the block runs, as soon as a run has a checkpoint and no record."""
    acted: list[bool] = []

    def watch() -> None:
        while not any(
            not path.with_name("record.json").exists()
            for path in results.glob("vae*/checkpoint.safetensors")
        ):
            time.sleep(0.02)
        act()
        acted.append(True)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    assert acted, "no run was on its way"


def test_a_grid_has_the_bits_of_processes_though_its_machine_is_killed(
    node: SlurmNode, home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    def crash() -> None:
        assert node.processes()
        node.crash()
        node.boot()

    watch = Watch()
    settings = Settings(tmp_path / "runs", "cpu", checkpoint_seconds=0.1)
    with in_the_middle(tmp_path / "runs", crash):
        outcomes = executor_of(EXECUTOR).run_jobs(home[0], settings, 9, watch)
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    assert sorted(watch.heard) == sorted(
        (word, job.spec.key) for job in home[0] for word in ("started", "done")
    )
    assert_equal_bits(*home, tmp_path / "runs")
    assert list((tmp_path / "runs" / ".slurm").iterdir()) == []


def test_a_driver_that_is_killed_redoes_nothing_and_takes_up_the_jobs_that_are_left(
    node: SlurmNode, home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    results = tmp_path / "runs"
    driver = subprocess.Popen(command(results), start_new_session=True, text=True)
    wait_until(lambda: list(results.glob("*/record.json")), driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    finished = {path: path.stat().st_mtime_ns for path in results.glob("*/record.json")}
    assert 0 < len(finished) < 4
    last = last_number(node)
    again = subprocess.run(command(results), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "4 runs:" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert last_number(node) == last
    assert_equal_bits(*home, results)


def test_an_interrupt_cancels_the_jobs_and_the_same_command_goes_on(
    node: SlurmNode, home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    results = tmp_path / "runs"
    driver = subprocess.Popen(
        command(results), text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    wait_until(lambda: list(results.glob("vae*/checkpoint.safetensors")), driver)
    driver.send_signal(signal.SIGINT)
    _, stderr = driver.communicate()
    assert driver.returncode == 130 and "the same command goes on" in stderr
    assert node.ask("squeue", "--noheader") == ""
    again = subprocess.run(command(results), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert_equal_bits(*home, results)


def test_a_run_that_is_cut_off_by_its_time_limit_goes_on_in_another_job(
    node: SlurmNode, home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    def cut_off() -> None:  # what Slurm sends a minute before a time limit
        running = node.ask("squeue", "--states=running", "--noheader", "--format=%i").split()
        node.ask("scancel", "--signal=TERM", *running)

    settings = Settings(tmp_path / "runs", "cpu", checkpoint_seconds=0.1)
    with in_the_middle(tmp_path / "runs", cut_off):
        outcomes = executor_of("slurm[mem=1G]").run_jobs(home[0], settings, 1, Events())
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    assert_equal_bits(*home, tmp_path / "runs")


SLOW = '''
"""A VAE whose steps take a quarter of a second."""

import time

from baselines.vae import VAE


class Slow(VAE):
    """Is slow."""

    def phase(self, step):
        time.sleep(0.25)
        return super().phase(step)
'''


def last_number(node: SlurmNode) -> int:
    numbers = node.ask("squeue", "--states=all", "--noheader", "--format=%i").split()
    return max(map(int, numbers), default=0)


def test_a_limit_of_a_minute_is_a_minute_of_work(node: SlurmNode, tmp_path: Path) -> None:
    """80 seconds of steps: two jobs, three at most on a busy machine. A warning a minute ahead left
    each of them no time."""
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    jobs = plan(Grid([f"{tmp_path}/slow.py"], ["circle"], [2], steps=320), tmp_path)
    settings = Settings(tmp_path / "runs", "cpu", checkpoint_seconds=1.0)
    (outcome,) = executor_of("slurm[time=1,mem=1G]").run_jobs(jobs, settings, 9, Events())
    assert outcome.status == "done", outcome.error
    left = list((tmp_path / "runs" / ".slurm").glob("*_submission.sh"))
    assert len(left) in (1, 2)  # of the jobs before the last


def test_a_job_asks_for_the_memory_and_the_cores_that_a_probe_took(
    node: SlurmNode, home: tuple[list[Job], Path], tmp_path: Path
) -> None:
    watch = Watch()
    jobs = [job for job in home[0] if job.spec.method == "pca"][:1]
    executor_of("slurm").run_jobs(jobs, Settings(tmp_path, "cpu"), 9, watch)
    assert watch.heard == [("started", jobs[0].spec.key), ("done", jobs[0].spec.key)]
    ask = ["squeue", "--noconvert", "--noheader", "--format=%m|%C", f"--jobs={last_number(node)}"]
    memory, cores = node.ask(*ask, "--states=all").split("|")
    assert 600 << 20 < memory_bytes(memory) < 20_000 << 20 and cores == "1"
    probing, text = watch.announcements
    assert probing.startswith("probing 1 of 1 runs")
    gigabytes = round(memory_bytes(memory) / 1e9, 1)
    assert text == f"a run is given 1 core, {gigabytes:.3g} GB of memory"


def test_a_failing_run_fails_as_at_home_and_the_others_are_done(
    node: SlurmNode, tmp_path: Path
) -> None:
    from odd import TEXT

    (tmp_path / "odd.py").write_text(TEXT, encoding="utf-8")
    methods = [f"{tmp_path}/odd.py[how=kills_itself]", "pca"]
    jobs = plan(Grid(methods, ["circle"], [2], steps=6), tmp_path)
    settings = Settings(tmp_path / "runs", "cpu")
    outcomes = executor_of("slurm[mem=1G]").run_jobs(jobs, settings, 9, Events())
    endings = {outcome.job.spec.method: (outcome.status, outcome.error) for outcome in outcomes}
    assert endings["pca"] == ("done", None)
    assert endings["odd"][0] == "killed" and "ended by signal 9" in str(endings["odd"][1])


def test_what_slurm_refuses_is_told_in_a_line(node: SlurmNode, tmp_path: Path) -> None:
    jobs = plan(Grid(["pca"], ["circle"], [2]), tmp_path)
    with pytest.raises(BenchError, match=r"Slurm took no job: .*invalid partition") as error:
        executor_of("slurm[partition=none,mem=1G]").run_jobs(jobs, Settings(tmp_path), 9, Events())
    assert "\n" not in str(error.value)


def test_a_job_has_as_many_workers_as_it_asked_for_cores(node: SlurmNode, tmp_path: Path) -> None:
    script = tmp_path / "script"
    call = "from benchmark.running.cores import usable_cores as count; print(count())"
    script.write_text(f"#!/bin/bash\n{sys.executable} -c '{call}'\n", encoding="utf-8")
    for cores in range(1, (os.cpu_count() or 1) + 1):
        output = tmp_path / str(cores)
        node.ask("sbatch", "--wait", f"--cpus-per-task={cores}", f"--output={output}", str(script))
        assert output.read_text().strip() == str(cores)

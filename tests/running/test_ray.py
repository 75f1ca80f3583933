"""A Ray cluster of three machines on this one: what runs on it has the bits of `processes`, and
what is lost in the middle costs nothing that was finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from equal_bits import assert_equal_bits

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.executors import executor_of
from benchmark.running.processes import Events, JobOutcome, run_jobs

pytestmark = pytest.mark.ray
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A machine of the driver without cores, and two of one core each."""
    testing = pytest.importorskip("ray.cluster_utils")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RAY_worker_niceness", "0")  # 15, so nothing would be done beside others
    cluster = testing.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    cluster.workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield cluster
    cluster.shutdown()


def jobs_of(folder: Path, *methods: str, steps: int = 20) -> list[Job]:
    return plan(Grid([*methods], ["circle"], [2], seeds=2, steps=steps), folder)


def carry_out(cluster: Any, jobs: list[Job], results: Path, events: Events) -> list[JobOutcome]:
    executor = executor_of(f"ray[address={cluster.address}]")
    return executor.run_jobs(jobs, Settings(results, "cpu", checkpoint_seconds=0.0), 9, events)


@pytest.mark.parametrize(
    ("device", "gpus", "gigabytes", "share"),
    [
        ("cpu", 0.25, 0.0, {"num_cpus": 1, "num_gpus": 0}),
        ("cuda", 0.25, 1.5, {"num_cpus": 1, "num_gpus": 0.25, "memory": 1_500_000_000}),
        ("cuda:1", 1.0, 0.0, {"num_cpus": 1, "num_gpus": 1.0}),
    ],
)
def test_a_run_takes_its_share_of_a_machine(
    tmp_path: Path, device: str, gpus: float, gigabytes: float, share: dict[str, float]
) -> None:
    from benchmark.running.ray_cluster import _Driver

    driver = _Driver([], Settings(tmp_path, device), 1, Events(), gpus, gigabytes)
    assert driver._share() == share


class Watch(Events):
    """Notes what it hears; ends a machine when a run is on its way."""

    def __init__(self, cluster: Any = None) -> None:
        self.cluster, self.heard, self.steps = cluster, [], 0

    def started(self, job: Job) -> None:
        self.heard.append(("started", job.spec.key))

    def progressed(self, job: Job, step: int, values: Mapping[str, float]) -> None:
        self.steps += 1
        if self.cluster is not None:
            self.cluster.remove_node(self.cluster.workers.pop(), allow_graceful=False)
            self.cluster = None

    def ended(self, outcome: JobOutcome) -> None:
        self.heard.append((outcome.status, outcome.job.spec.key))


def test_a_grid_on_two_machines_has_the_bits_of_processes_though_one_is_killed(
    cluster: Any, tmp_path: Path
) -> None:
    jobs = jobs_of(tmp_path, "vae", "pca", steps=600)
    watch = Watch(cluster)
    outcomes = carry_out(cluster, jobs, tmp_path / "ray", watch)
    assert watch.cluster is None and len(cluster.workers) == 1  # one was killed
    assert sorted(outcome.status for outcome in outcomes) == ["done"] * 4
    assert sorted(watch.heard) == sorted(
        (word, job.spec.key) for job in jobs for word in ("started", "done")
    )
    run_jobs(jobs, Settings(tmp_path / "home", "cpu"), 1, Events())
    assert_equal_bits(jobs, tmp_path / "home", tmp_path / "ray")


def test_a_failing_run_fails_as_at_home_and_the_others_are_done(
    cluster: Any, tmp_path: Path
) -> None:
    from odd import TEXT

    (tmp_path / "odd.py").write_text(TEXT, encoding="utf-8")
    odd = plan(Grid([f"{tmp_path}/odd.py[how=kills_itself]"], ["circle"], [2], steps=6), tmp_path)
    outcomes = carry_out(cluster, [*odd, *jobs_of(tmp_path, "pca")], tmp_path / "ray", Events())
    endings = {outcome.job.spec.method: (outcome.status, outcome.error) for outcome in outcomes}
    assert endings["pca"] == ("done", None)
    assert endings["odd"][0] == "killed" and "ended by signal 9" in str(endings["odd"][1])


def test_a_driver_that_is_killed_redoes_nothing_that_finished(cluster: Any, tmp_path: Path) -> None:
    grid = ["--methods", "pca,vae", "--datasets", "circle", "--latent-dims", "2", "--seeds", "2"]
    where = ["--results", str(tmp_path / "ray"), "--executor", f"ray[address={cluster.address}]"]
    command = [sys.executable, "-m", "benchmark", "run", *grid, "--steps", "600", *where]
    driver = subprocess.Popen([*command, "--checkpoint-every", "0"], start_new_session=True)
    while not (finished := list((tmp_path / "ray").glob("*/record.json"))):
        assert driver.poll() is None
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in finished} == stamps
    jobs = jobs_of(tmp_path, "pca", "vae", steps=600)
    run_jobs(jobs, Settings(tmp_path / "home", "cpu"), 1, Events())
    assert_equal_bits(jobs, tmp_path / "home", tmp_path / "ray")

"""A Ray cluster of three machines on this one: what runs on it has the bits of `processes`, and
what is lost in the middle costs nothing that was finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from equal_bits import assert_equal_bits

from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.executors import executor_of
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.running.shares import Share, Shares

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


def carry_out(
    cluster: Any,
    jobs: list[Job],
    results: Path,
    events: Events,
    interrupted: Callable[[], int] = lambda: 0,
    more: str = ",mem=1",
) -> list[JobOutcome]:
    """Carry runs out; of a named amount of memory, as measuring it takes half a minute."""
    executor = executor_of(f"ray[address={cluster.address}{more}]")
    settings = Settings(results, "cpu", checkpoint_seconds=0.0)
    return executor.run_jobs(jobs, settings, 9, events, interrupted)


def test_what_is_asked_of_ray_is_measured_or_what_somebody_said(
    cluster: Any, tmp_path: Path
) -> None:
    from benchmark.running.ray_cluster import _asks, _cluster

    jobs, settings, watch = jobs_of(tmp_path, "pca"), Settings(tmp_path, "cpu"), Watch()
    with _cluster(cluster.address):
        measured = _asks(Shares(), jobs, settings, watch, lambda: 0)
        chosen = _asks(Shares(Share(3, 10**9)), jobs, settings, watch, lambda: 0)
    for asks in measured.values():
        assert (asks["num_cpus"], asks["num_gpus"]) == (1, 0)
        assert 500_000_000 < asks["memory"] < 20_000_000_000
    assert set(map(str, chosen.values())) == {str({"num_cpus": 3, "num_gpus": 0, "memory": 10**9})}
    probing, first, second, waiting = watch.announcements
    assert probing.startswith("probing 1 of 2 runs for the memory they take")
    assert first.startswith("a run is given 1 core, ") and "GB of memory" in first
    assert second == "a run is given 3 cores, 1 GB of memory"
    assert waiting.startswith("2 of 2 runs wait for a machine")


class Watch(Events):
    """Notes what it hears; ends a machine when a run is on its way."""

    def __init__(self, cluster: Any = None) -> None:
        self.cluster, self.heard, self.steps = cluster, [], 0
        self.announcements: list[str] = []

    def announced(self, text: str) -> None:
        self.announcements.append(text)

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
    outcomes = carry_out(cluster, jobs, tmp_path / "ray", watch, more="")
    assert any("GB of memory" in text for text in watch.announcements)  # measured
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


def test_an_interrupt_leaves_checkpoints_and_the_same_call_goes_on(
    cluster: Any, tmp_path: Path
) -> None:
    jobs, watch = jobs_of(tmp_path, "vae", steps=600), Watch()
    first = carry_out(cluster, jobs, tmp_path / "ray", watch, lambda: int(watch.steps > 0))
    assert [outcome.status for outcome in first].count("interrupted") >= 1
    assert len(first) == sum(word == "started" for word, _ in watch.heard)
    assert list((tmp_path / "ray").glob("vae*/checkpoint.safetensors"))
    again = carry_out(cluster, jobs, tmp_path / "ray", Events())
    assert [outcome.status for outcome in again] == ["done"] * 2
    run_jobs(jobs, Settings(tmp_path / "home", "cpu"), 1, Events())
    assert_equal_bits(jobs, tmp_path / "home", tmp_path / "ray")


def test_a_driver_that_is_killed_redoes_nothing_that_finished(cluster: Any, tmp_path: Path) -> None:
    grid = ["--methods", "pca,vae", "--datasets", "circle", "--latent-dims", "2", "--seeds", "2"]
    executor = f"ray[address={cluster.address},mem=1]"
    where = ["--results", str(tmp_path / "ray"), "--executor", executor]
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

"""What a grid would cost: which runs one probe stands for, and how a few steps of each phase tell
the time of all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from harness import CPU, Honest, split
from torch import Tensor

from benchmark.cli.run_cost import stand_in
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.planning.jobs import Grid, plan
from benchmark.planning.stages import Waiting
from benchmark.running import probe
from benchmark.running.cost import LIMIT, Cost, CostGroup, groups
from benchmark.running.probe import Probe
from benchmark.training.runtime import construct


class Clock:
    """Stands for the module ``time``: stands still unless it is moved on."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class TwoSpeeds(Honest):
    """Takes 1 ms of a clock a step in the first phase (5 steps) and 10 ms in the second, and counts
    its steps."""

    taken = 0
    clock = Clock()

    def train_step(self, batch: Batch, tick: Tick) -> dict[str, Tensor]:
        self.taken += 1
        self.clock.now += 0.001 if tick.phase == "early" else 0.01
        return super().train_step(batch, tick)


def test_the_time_of_all_steps_is_told_from_a_few_of_each_phase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 1000
    method = construct(
        TwoSpeeds, TwoSpeeds.Config(), 0, shape=(6,), latent_dim=3, steps=steps, steps_per_epoch=6
    )
    assert isinstance(method, TwoSpeeds)
    monkeypatch.setattr(probe, "time", method.clock)
    told: list[Probe] = []
    run = Probe(
        method,
        TensorSplit(split()),
        seed=0,
        steps=steps,
        batch_size=10,
        device=CPU,
        path=tmp_path / "c",
        identity={},
        told=told.append,
    )
    run.fit()
    assert told == [run] and run.step == steps
    assert method.taken < 200
    assert run.train_seconds == pytest.approx(5 * 0.001 + 995 * 0.01, rel=1e-9)
    assert run.curve_bytes == 2 * 101 * (
        8 + 4 * 4
    )  # loss () and scale (3,), in the checkpoint and in curves.npz
    assert (tmp_path / "c").stat().st_size > 0


def test_seeds_and_fractions_share_a_probe_and_the_largest_size_is_tried() -> None:
    methods = ["vae", "vae[lr=0.01]", "vae[chunks=2]", "pca"]
    found = groups(
        plan(Grid(methods, ["circle"], latent_dims=[1, 2], seeds=3, budget="smoke"), Path())
    )
    assert [(len(group.jobs), group.probe.spec.latent_dim, *group.name) for group in found] == [
        (12, 2, "vae", "circle"),
        (6, 2, "vae", "circle"),
        (6, 2, "pca", "circle"),
    ]


def test_cost_scales_with_steps_and_an_unfinished_evaluation_counts_as_the_limit() -> None:
    cost = Cost(training=10.0, evaluation=2.0, steps=100, memory=1, disk=1)
    assert (cost.seconds(100), cost.seconds(300)) == (12.0, 32.0)
    assert Cost(1.0, None, 0, 1, 1).seconds(0) == 1.0 + LIMIT
    jobs = tuple(plan(Grid(["vae"], ["circle"], seeds=3, budget="smoke"), Path()))
    assert CostGroup(jobs, Cost(4.0, 1.0, 20, 1, 1)).seconds == 15.0


def test_a_run_that_waits_for_a_value_is_tried_with_the_default() -> None:
    (job,) = plan(Grid(["vae[sigma=fixed]"], ["circle"], budget="smoke"), Path())
    config = {**job.spec.config, "gamma": None}
    blocked = type(job)(
        type(job.spec)(**{**job.spec.document(), "config": config}),
        job.method,
        job.dataset,
        job.code,
        job.data_dir,
    )
    assert stand_in(Waiting(blocked, "")).spec.config == job.spec.config


def test_the_command_tells_runs_hours_memory_and_disk_and_writes_nothing(tmp_path: Path) -> None:
    arguments = [
        "run",
        "--methods",
        "pca,vae",
        "--datasets",
        "circle",
        "--budget",
        "smoke",
        "--seeds",
        "2",
        "--estimate",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    head, pca, vae, total = done.stdout.splitlines()
    assert head.split() == [
        "method",
        "dataset",
        "runs",
        "cached",
        "one",
        "run",
        "hours",
        "memory",
        "disk",
    ]
    assert (pca.split()[:4], vae.split()[:4]) == (
        ["pca", "circle", "2", "0"],
        ["vae", "circle", "2", "0"],
    )
    assert (
        "MB" in vae
        and total.startswith("4 to run, 0 finished before: ")
        and " hours with " in total
    )
    assert list(tmp_path.iterdir()) == []

"""What a grid would cost: which runs one probe stands for, and how a few steps of each phase tell
the time of all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from command import GRID, bench
from harness import CPU, Honest, split
from torch import Tensor

from benchmark.cli.run_cost import stand_in
from benchmark.datasets.tensors import TensorSplit
from benchmark.method import Batch, Tick
from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Grid, plan
from benchmark.planning.stages import Waiting
from benchmark.running import probe
from benchmark.running.cost import Cost, CostGroup, completed, groups
from benchmark.running.estimate import evaluated_in_full, measure
from benchmark.running.passes import Passes, seconds_per_image
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
    run = Probe(
        method,
        TensorSplit(split()),
        seed=0,
        steps=steps,
        batch_size=10,
        device=CPU,
        path=tmp_path / "c",
        identity={},
    )
    run.fit()
    assert run.step == steps
    assert method.taken < 200
    assert run.step_seconds == pytest.approx(5 * 0.001 + 995 * 0.01, rel=1e-9)
    assert run.curve_bytes == 2 * 101 * (
        8 + 4 * 4
    )  # loss () and scale (3,), in the checkpoint and in curves.npz
    assert (tmp_path / "c").stat().st_size > 0


def test_conclude_sees_some_images_and_its_seconds_are_in_proportion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Concluding(Honest):
        clock = Clock()

        def prepare(self, train: TensorSplit) -> None:
            self.clock.now += 2.0

        def conclude(self, train: TensorSplit) -> None:
            self.clock.now += 0.1 * len(train)

    method = construct(
        Concluding, Concluding.Config(), 0, shape=(6,), latent_dim=3, steps=9, steps_per_epoch=6
    )
    assert isinstance(method, Concluding)
    monkeypatch.setattr(probe, "time", method.clock)
    monkeypatch.setattr(probe, "CONCLUDED", 20)
    train = TensorSplit(split())
    run = Probe(
        method, train, seed=0, steps=9, batch_size=10, device=CPU, path=tmp_path / "c", identity={}
    )
    run.fit()
    assert run.other_seconds == pytest.approx(2.0 + 0.1 * len(train)) and len(train) > 20
    assert run.train is train


def test_runs_alike_share_a_probe_and_the_largest_size_is_tried() -> None:
    methods = ["vae", "vae[lr=0.01]", "vae[chunks=2]", "irmae"]
    jobs = plan(Grid(methods, ["circle"], latent_dims=[3, 4, 5], seeds=3, budget="smoke"), Path())
    assert [
        (len(group.jobs), group.probe.spec.latent_dim, *group.name) for group in groups(jobs)
    ] == [
        (12, 4, "vae", "circle"),
        (6, 4, "vae", "circle"),
        (6, 4, "irmae", "circle"),
        (6, 5, "vae", "circle"),
        (3, 5, "vae", "circle"),
        (3, 5, "irmae", "circle"),
    ]


@pytest.mark.parametrize(("shapes", "count"), [((8, 8), 1), ((8, 9), 2)])
def test_data_of_one_shape_share_a_probe(shapes: tuple[int, int], count: int) -> None:
    jobs = plan(Grid(["pca"], ["circle", "one-moon"], latent_dims=[2], budget="smoke"), Path())
    digests = list(dict.fromkeys(job.spec.data for job in jobs))
    grids = groups(jobs, dict(zip(digests, shapes, strict=True)))
    assert len(grids) == count
    assert grids[0].name == ("pca", "circle, one-moon" if count == 1 else "circle")


def test_metrics_of_tier_full_are_another_probe() -> None:
    grids = [Grid(["pca"], ["circle"], [2], budget=budget) for budget in ("smoke", "short")]
    assert len(groups(job for grid in grids for job in plan(grid, Path()))) == 2


def test_cost_scales_with_steps_and_not_what_comes_before_and_after() -> None:
    cost = Cost(start=4.0, training=10.0, evaluation=2.0, steps=100, memory=1, disk=1)
    assert (cost.seconds(100), cost.seconds(300)) == (16.0, 36.0)
    assert Cost(1.0, 0.0, None, 0, 1, 1).seconds(0) == 1.0
    jobs = tuple(plan(Grid(["vae"], ["circle"], seeds=3, budget="smoke"), Path()))
    assert CostGroup(jobs, cost=Cost(1.0, 3.0, 1.0, 20, 1, 1)).seconds == 15.0


def grids_of_three() -> list[CostGroup]:
    return groups(plan(Grid(["pca", "grae", "vae"], ["circle"], [2], budget="smoke"), Path()))


def test_one_probe_of_data_alike_evaluates_in_full_the_quickest_that_is_trained_by_steps() -> None:
    grids = grids_of_three()
    assert [grids[index].name[0] for index in evaluated_in_full(grids)] == ["vae"]
    assert evaluated_in_full(grids[:1]) == [0]


def test_an_evaluation_is_told_from_one_on_data_alike_at_the_pace_of_each_method() -> None:
    pca, grae, vae = grids_of_three()
    whole = Cost(1.0, 1.0, 5.0, 20, 1, 1, {"encode": 0.01}, {"encode": 100}, arithmetic=4.0)
    slow = Cost(1.0, 1.0, None, 20, 1, 1, {"encode": 0.03, "sample": 9.0})
    probed = completed(
        [replace(pca, error="x"), replace(grae, cost=slow), replace(vae, cost=whole)]
    )
    assert probed[1].cost is not None and probed[1].cost.evaluation == pytest.approx(4.0 + 3.0)
    assert probed[0].cost is None and probed[2].cost == whole
    alone = completed([replace(grae, cost=slow)])
    assert alone[0].cost == slow


def test_an_evaluation_elsewhere_tells_memory_and_disk_too() -> None:
    _, grae, vae = grids_of_three()
    whole = Cost(1.0, 1.0, 5.0, 20, memory=90, disk=70, passes={"encode": 1}, artifacts=60)
    whole = replace(whole, host=90, gpu=0.5)
    greedy, modest = (
        Cost(1.0, 1.0, None, 20, memory=size, disk=10, host=size, gpu=size / 200)
        for size in (120, 80)
    )
    for cost, size in ((greedy, 120), (modest, 90)):
        grae_cost = completed([replace(grae, cost=cost), replace(vae, cost=whole)])[0].cost
        assert grae_cost is not None and grae_cost.disk == 10 + 60
        assert (grae_cost.memory, grae_cost.host) == (size, size)
        assert grae_cost.gpu == max(0.5, size / 200)


def test_what_was_not_probed_is_told_roughly_in_proportion_to_the_table() -> None:
    pca, grae, vae = grids_of_three()
    measured_cost = Cost(0.0, 3 * expected_seconds(vae.probe), 0.0, 20, 7, 8)
    estimated = completed([pca, grae, replace(vae, cost=measured_cost)])
    assert [group.rough for group in estimated] == [True, True, False]
    assert estimated[1].seconds == pytest.approx(3 * expected_seconds(grae.probe))
    assert [group.cost for group in completed([pca, grae])] == [None, None]


@pytest.mark.parametrize("ended", ["interrupted", "limit"])
def test_an_estimate_ends_when_it_is_asked_to_or_its_time_is_up(ended: str) -> None:
    grids = grids_of_three()
    interrupted = (lambda: 1) if ended == "interrupted" else (lambda: 0)
    limit = 600.0 if ended == "interrupted" else 0.0
    results = measure(grids, 1, "cpu", limit=limit, interrupted=interrupted)
    assert [group.cost for group in results] == [None] * 3


class Network(torch.nn.Module):
    """Counts its calls; ``sample`` decodes."""

    def encode(self, x: Tensor) -> Tensor:
        return x

    def decode(self, z: Tensor) -> Tensor:
        return z

    def sample(self, n: int) -> Tensor:
        return self.decode(torch.zeros(n, 2))

    def discover(self, x: Tensor) -> Tensor:
        raise ValueError


def test_images_are_counted_for_the_outer_call_and_a_refusal_is_left_out() -> None:
    network = Network()
    passes = Passes(network, CPU)
    network.sample(7)
    network.encode(torch.zeros(3, 2))
    network.encode(torch.zeros(2, 2))
    assert passes.images == {"sample": 7, "encode": 5}
    assert set(passes.pace) == {"sample", "encode"} and min(passes.pace.values()) > 0
    pace = seconds_per_image(Network(), torch.zeros(3, 2))
    assert {"encode", "decode", "sample"} <= set(pace)


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
    done = bench(tmp_path, *GRID, "--estimate")
    assert done.returncode == 0, done.stderr
    head, pca, vae, total = done.stdout.splitlines()
    assert head.split() == "method dataset L runs cached one run hours memory disk".split()
    size = pca.split()[2]
    assert (pca.split()[:5], vae.split()[:5]) == (
        ["pca", "circle", size, "2", "0"],
        ["vae", "circle", size, "2", "0"],
    )
    assert (
        "MB" in vae
        and total.startswith("4 to run, 0 finished before: ")
        and " hours with " in total
    )
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_estimate_says_so_in_one_line(tmp_path: Path) -> None:
    arguments = ["run", "--methods", "vae", "--datasets", "circle", "--steps", "999", "--estimate"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    assert first.startswith("probing 1 of 1 runs")
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to the whole group
    rest = process.stderr.read()
    assert process.wait(timeout=600) == 130
    assert rest == "interrupted; an estimate writes nothing, so nothing is left\n"

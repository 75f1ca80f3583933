"""What a run is given of a machine of a cluster: what somebody asks for, else what a probe of a run
alike took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.planning.jobs import Job, plan
from benchmark.planning.suites import Grid
from benchmark.running import shares
from benchmark.running.cost import Cost, CostGroup
from benchmark.running.shares import BESIDE, MARGIN, QUANTUM, UNFINISHED, Share, Shares, share_of

GB = 10**9
COST = Cost(1.0, 1.0, 1.0, 9, memory=GB, disk=0, host=GB)


def jobs_of(*methods: str, budget: str = "smoke") -> list[Job]:
    return plan(Grid([*methods], ["circle"], [2], seeds=2, budget=budget), Path())


class Probes:
    """Stands for ``measure``: gives every group the cost of its method, and counts the calls."""

    def __init__(self, **costs: Cost | None) -> None:
        self.costs, self.calls = costs, list[Any]()

    def __call__(
        self, groups: Sequence[CostGroup], workers: int, device: str, interrupted: Any
    ) -> list[CostGroup]:
        self.calls.append(([group.name[0] for group in groups], device))
        return [replace(group, cost=self.costs[group.name[0]]) for group in groups]


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> Probes:
    stand_in = Probes(pca=replace(COST, host=GB // 2), vae=COST)
    monkeypatch.setattr(shares, "measure", stand_in)
    return stand_in


def test_memory_has_a_margin_and_room_for_what_is_beside_a_run() -> None:
    for host in (1, GB, GB + 1, 7 * GB):
        memory_given = share_of(replace(COST, host=host)).memory
        assert memory_given is not None and memory_given % QUANTUM == 0
        assert 0 <= memory_given - (MARGIN * host + BESIDE) < QUANTUM
    unfinished = share_of(replace(COST, evaluation=None)).memory
    assert unfinished is not None and 0 <= unfinished - (UNFINISHED * GB + BESIDE) < QUANTUM
    assert share_of(COST, host=4 * GB) == share_of(replace(COST, host=4 * GB))
    assert share_of(replace(COST, host=0)).memory is None


@pytest.mark.parametrize(
    ("busy", "cores"), [(0.02, 1), (0.98, 1), (1.2, 1), (1.3, 2), (1.99, 2), (3.6, 4)]
)
def test_cores_are_those_that_are_busy(busy: float, cores: int) -> None:
    assert share_of(replace(COST, cores=busy)).cores == cores


@pytest.mark.parametrize(("part", "gpus"), [(0.0, None), (0.02, 0.03), (0.1, 0.13), (0.9, 1.0)])
def test_a_gpu_is_shared_by_its_memory(part: float, gpus: float | None) -> None:
    assert share_of(replace(COST, gpu=part)).gpus == gpus


def test_runs_alike_are_probed_once_and_what_they_are_given_is_told(probes: Probes) -> None:
    said: list[str] = []
    own = Shares()
    jobs = jobs_of("vae", "pca")
    by_key = own.of(jobs, "cpu", said.append)
    assert by_key == {job.spec.key: share_of(probes.costs[job.spec.method] or COST) for job in jobs}
    assert said == [
        "probing 2 of 4 runs for the memory they take, 45 s for all together at most",
        "a run is given 1 core, 1.2 to 1.8 GB of memory",
    ]
    assert own.of(jobs[:1], "cpu", said.append).items() <= by_key.items()
    assert probes.calls == [(["vae", "pca"], "cpu")] and len(said) == 3
    assert own.of([], "cpu", said.append) == {} and len(said) == 3


def test_what_somebody_asks_for_stands_and_nothing_is_probed_for_it(probes: Probes) -> None:
    jobs, said = jobs_of("vae"), list[str]()
    asked = Share(memory=3 * GB)
    assert set(Shares(asked).of(jobs, "cpu", said.append).values()) == {Share(1, 3 * GB)}
    assert probes.calls == [] and said == ["a run is given 1 core, 3 GB of memory"]
    (share,) = set(Shares(Share(cores=4, gpus=0.5)).of(jobs, "cpu").values())
    assert share == Share(4, share_of(COST).memory, 0.5) and len(probes.calls) == 1


def test_what_could_not_be_probed_is_left_to_the_cluster(probes: Probes) -> None:
    said: list[str] = []
    probes.costs["vae"] = None
    by_key = Shares().of(jobs_of("vae", "pca"), "cpu", said.append)
    assert sorted(share.memory or 0 for share in by_key.values())[:2] == [0, 0]
    assert "1.2 GB of memory (2 of 4 runs: what the cluster gives)" in said[-1]
    probes.costs["pca"] = None
    Shares().of(jobs_of("vae", "pca"), "cpu", said.append)
    assert said[-1] == "a run is given 1 core, the memory that the cluster gives"


def test_a_rough_cost_says_nothing_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def rough(groups: Sequence[CostGroup], *_: Any, **__: Any) -> list[CostGroup]:
        return [replace(group, cost=COST, rough=True) for group in groups]

    monkeypatch.setattr(shares, "measure", rough)
    assert set(Shares().of(jobs_of("vae"), "cpu").values()) == {Share(1)}


def test_an_unfinished_evaluation_counts_for_all_on_data_alike(probes: Probes) -> None:
    cut_off = replace(COST, evaluation=None)
    probes.costs |= {"vae": replace(cut_off, host=3 * GB), "pca": replace(cut_off, host=GB)}
    by_key = Shares().of(jobs_of("vae", "pca"), "cpu")
    assert len(set(by_key.values())) == 1
    assert share_of(cut_off, 3 * GB) in by_key.values()


@pytest.mark.parametrize(
    ("device", "has_gpu", "probed_on"),
    [("cpu", True, "cpu"), ("cuda", True, "cuda"), ("cuda", False, "cpu"), ("auto", True, "auto")],
)
def test_probes_are_made_on_the_device_of_the_runs_where_it_is_here(
    probes: Probes, monkeypatch: pytest.MonkeyPatch, device: str, has_gpu: bool, probed_on: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_gpu)
    Shares().of(jobs_of("vae"), device)
    assert probes.calls[0][1] == probed_on


@pytest.mark.parametrize(
    ("given_shares", "text"),
    [
        ([Share(1, GB, 1.0)], "1 core, 1 GB of memory, 1 GPU"),
        ([Share(2, GB, 2.0)] * 2, "2 cores, 1 GB of memory, 2 GPUs"),
        ([Share(1, GB, 0.1), Share(1, GB, 1.0)], "1 core, 1 GB of memory, 0.1 to 1 of a GPU"),
        ([Share(1, 0)], "1 core"),
    ],
)
def test_what_runs_are_given_in_words(given_shares: list[Share], text: str) -> None:
    assert shares.in_words(given_shares) == text


def test_a_real_probe_tells_memory_and_cores() -> None:
    by_key = Shares().of(jobs_of("pca"), "cpu")
    (share,) = set(by_key.values())
    assert share.cores == 1 and share.gpus is None and share.memory is not None
    assert BESIDE + 100_000_000 < share.memory < 20 * GB

"""What a probe says of memory: of the machine, of a GPU, and of one that was cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmark.planning.jobs import Grid, plan
from benchmark.running import estimate, memory, probe
from benchmark.running.cost import Cost, CostGroup, groups

GB = 10**9


def group_of(method: str) -> CostGroup:
    (group,) = groups(plan(Grid([method], ["circle"], [2], budget="smoke"), Path()))
    return group


def test_memory_is_what_linux_says(tmp_path: Path) -> None:
    assert 10_000_000 < memory.peak() < memory.available() + (1 << 40)
    assert memory.peak(1 << 30) == 0  # there is no such process
    (tmp_path / "status").write_text("VmPeak:  9 kB\nVmHWM:\t  123 kB\n", encoding="ascii")
    assert memory.kilobytes(tmp_path / "status", "VmHWM:") == 123
    assert memory.kilobytes(tmp_path / "status", "VmSwap:") == 0


def test_the_part_of_a_gpu_is_of_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    total = SimpleNamespace(total_memory=100 * GB)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: total)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 4 * GB)
    part = probe._gpu_part(torch.device("cuda", 0))
    assert part == pytest.approx((4 * GB + probe.CONTEXT) / (100 * GB))
    assert probe._gpu_part(torch.device("cpu")) == 0.0


@pytest.mark.parametrize(("before", "host"), [(5, 70), (99, 99)])
def test_a_probe_that_is_cut_off_tells_the_memory_that_it_had(
    monkeypatch: pytest.MonkeyPatch, before: int, host: int
) -> None:
    monkeypatch.setattr(estimate.memory, "peak", lambda process: 10 * process)
    group = replace(group_of("vae"), cost=Cost(1.0, 1.0, None, 20, 5, 5, host=before))
    results = [group]
    estimate._cut_off([cut_off(group)], results)
    assert results[0].cost is not None and results[0].cost.host == host
    assert replace(results[0].cost, host=before) == group.cost


def test_a_probe_that_is_cut_off_before_its_first_word_tells_nothing() -> None:
    group = group_of("vae")
    results = [group]
    estimate._cut_off([cut_off(group)], results)
    assert results == [group]


def cut_off(group: CostGroup) -> estimate._RunningProbe:
    """A probe of a group, in a process with the number 7."""
    process, pipe = SimpleNamespace(pid=7), SimpleNamespace()
    return estimate._RunningProbe(process, pipe, 0, group)  # type: ignore[arg-type]  # doubles


def test_a_probe_tells_what_its_run_takes_of_a_machine() -> None:
    (probed,) = estimate.measure([group_of("vae")], 1, "cpu")
    assert probed.cost is not None and probed.cost.host == probed.cost.memory > 10_000_000
    assert probed.cost.gpu == 0.0 and 0.0 <= probed.cost.cores < 2.0
    assert 0 < probed.cost.artifacts < probed.cost.disk

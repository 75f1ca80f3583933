"""Executors by name: which there are, what they need, and what is said where it is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from command import bench

from benchmark.running import executors
from benchmark.running.executors import executor_of
from benchmark.running.processes import run_jobs
from benchmark.spec import BenchError


def test_processes_of_this_machine_are_the_default() -> None:
    executor = executor_of("processes")
    assert executor.run_jobs is run_jobs and executor.local


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("proceses", "unknown executor 'proceses'"),
        ("processes[address=x]", "the executor 'processes' has no option 'address'; it has none"),
        ("ray[adress=x]", "the executor 'ray' has no option 'adress'; did you mean 'address'?"),
        ("slurm[tme=5]", "the executor 'slurm' has no option 'tme'; did you mean 'time'?; it has "),
    ],
)
def test_a_mistake_is_one_line(text: str, message: str) -> None:
    with pytest.raises(BenchError) as error:
        executor_of(text)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_a_missing_library_is_one_line_that_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda name: None)
    with pytest.raises(BenchError) as error:
        executor_of(name)
    message = f"needs the package {package}: pip install 'lstar-bench[{name}]'"
    assert message in str(error.value) and "\n" not in str(error.value)


def test_slurm_needs_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda name: object())
    monkeypatch.setattr(executors, "which", lambda name: None)
    with pytest.raises(BenchError, match="calls `sbatch`, and there is none on the PATH"):
        executor_of("slurm")
    monkeypatch.setattr(executors, "which", lambda name: "/usr/bin/sbatch")
    assert not executor_of("slurm[partition=all,time=1:00:00]").local


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="ray is installed here")
def test_the_command_says_so_before_it_plans_anything(tmp_path: Path) -> None:
    done = bench(tmp_path, "run", "--all", "--executor", "ray[address=local]")
    assert done.returncode == 2 and done.stderr.startswith("bench: error: the executor 'ray' needs")
    assert len(done.stderr.splitlines()) == 1 and list(tmp_path.iterdir()) == []

"""Executors by name: which there are, what they need, and what is said where it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from benchmark.cli import Device
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


WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None  # as where it is not installed
from benchmark.cli import main
main()
"""


@pytest.mark.parametrize(("name", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_the_command_says_so_before_it_plans_anything(
    tmp_path: Path, name: str, package: str
) -> None:
    call = [sys.executable, "-c", WITHOUT, package, "run", "--all", "--executor", name]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    needs = f"bench: error: the executor '{name}' needs the package {package}"
    assert done.returncode == 2 and done.stderr.startswith(needs), done.stderr
    assert len(done.stderr.splitlines()) == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["gpus=0", "gpus=-1", "mem=much", "mem=nan", "gpus=inf"])
def test_a_share_of_a_machine_is_a_number(text: str) -> None:
    name, value = text.split("=")
    with pytest.raises(BenchError, match="expected a number above 0"):
        executors._number({name: value}, name)
    assert executors._number({"gpus": "0.25"}, "gpus") == 0.25
    assert executors._number({}, "gpus") is None


@pytest.mark.parametrize("name", ["ray", "slurm"])
@pytest.mark.parametrize("cores", ["0", "-1", "1.5", "all"])
def test_cores_are_a_whole_number(monkeypatch: pytest.MonkeyPatch, name: str, cores: str) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda name: object())
    with pytest.raises(BenchError, match=f"{name}.cpus={cores}.: expected a whole number from 1"):
        executor_of(f"{name}[cpus={cores}]")
    assert executors._whole(name, {"cpus": "3"}, "cpus") == 3
    assert executors._whole(name, {}, "cpus") is None


@pytest.mark.parametrize("gpus", ["1.5", "2.25"])
def test_ray_gives_a_part_of_one_gpu_or_whole_ones(
    monkeypatch: pytest.MonkeyPatch, gpus: str
) -> None:
    monkeypatch.setattr(executors, "find_spec", lambda name: object())
    with pytest.raises(BenchError, match="a part of one GPU or whole ones"):
        executor_of(f"ray[gpus={gpus}]")


@pytest.mark.parametrize("device", ["cuda:x", "cuda:", "gpu", "cpu:1", "cuda:1000", ""])
def test_a_device_that_cannot_be_is_refused(device: str) -> None:
    with pytest.raises(click.BadParameter, match="is none of auto, cpu, cuda, cuda:N"):
        Device().convert(device, None, None)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:12"])
def test_a_device_may_have_a_number(device: str) -> None:
    assert Device().convert(device, None, None) == device

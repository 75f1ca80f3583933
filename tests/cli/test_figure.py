"""``bench figure``: options, files, and errors that the command group prints in one line."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reporting.making import leave, record, store

from benchmark.cli.figure import figure
from benchmark.records import Store, load_records
from benchmark.reporting.catalogue.figures import FIGURES
from benchmark.spec import BenchError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    runs = [
        record(method, latent_dim=size, values={"mse": 1.0 / size})
        for method in ("pca", "vae")
        for size in (2, 8)
    ]
    store(tmp_path / "runs", runs)
    for run in runs:
        leave(tmp_path / "runs", run, image=(1, 8, 8))
    return tmp_path / "runs"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(figure, [str(argument) for argument in arguments])


def failure(*arguments: object) -> str:
    error = call(*arguments).exception
    assert isinstance(error, BenchError) and "\n" not in str(error)
    return str(error)


def test_stale_runs_and_numbers_are_left_out_and_counted(results: Path, tmp_path: Path) -> None:
    records = load_records(results)
    first, second, *_ = records
    store(results, [replace(first, code="0" * 16)])
    store(results, [replace(second, metrics={"mse": "0" * 16})])
    done = call("metric-vs-latent-dim", "--results", results, "-o", tmp_path / "a.png")
    assert done.exit_code == 0, done.output
    assert "from 3 runs; 1 stale runs left out; stale numbers left out: mse" in done.output
    message = failure("lstar", "--methods", "pca,vae", "--results", results)
    assert "has an L*" in message and "stale numbers left out: mse" in message
    store(results, [replace(record, harness="0" * 16) for record in records])
    message = failure("samples", "--results", results, "-o", tmp_path / "b.png")
    assert "all 4 runs of this choice are stale" in message and "bench run" in message


def test_runs_of_another_version_of_ones_own_file_are_left_out_and_counted(tmp_path: Path) -> None:
    store(tmp_path / "r", [record("mine", seed=i, code=c) for i, c in enumerate("abb")])
    done = call("metric-vs-latent-dim", "--results", tmp_path / "r", "-o", tmp_path / "a.png")
    assert "from 2 runs; 1 runs of other code left out" in done.output


LACKING = {
    "block-structure": "bench run --suite grae-jacobian",
    "objective-closeness": "bench run --suite grae-objective",
    "rotation": "bench run --suite grae-uniqueness",
    "slices": "bench run --suite gamma-slices",
    "calibration": "bench run --suite known-dimension",
    "metric-vs-option": "bench run --methods 'grae[beta=0.1],grae'",
    "lstar": "has an L*",
    "lstar-vs-latent-dim": "there are mse",
}
"""Figures of what the runs here do not have, and what is said then; tests/reporting draws them."""


@pytest.mark.parametrize("name", LACKING)
def test_a_figure_of_what_the_runs_lack_says_what_to_do(
    name: str, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert LACKING[name] in failure(name, "--results", results)
    assert not (tmp_path / f"{name}.png").exists()


@pytest.mark.parametrize("name", sorted(FIGURES.keys() - LACKING))
def test_every_figure_is_drawn_into_a_file_of_its_name(
    name: str, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "toy":  # it needs data in the plane
        for record in Store(results).records():
            leave(results, record)
    result = call(name, "--results", results)
    assert result.exit_code == 0, result.exception
    assert f"wrote {name}.png from 4 runs" in result.stderr
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_filters_choose_runs(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    result = call(
        "samples",
        "--results",
        results,
        "--methods",
        "vae",
        "--latent-dims",
        "2,8",
        "--budget",
        "quick",
        "--datasets",
        "digits",
        "-o",
        path,
    )
    assert "from 2 runs" in result.stderr and path.read_bytes().startswith(b"<?xml")


def test_mistakes_say_what_to_do(results: Path, tmp_path: Path) -> None:
    assert "did you mean 'samples'" in failure("sample", "--results", results)
    assert ".png, .pdf, .svg" in failure("samples", "--results", results, "-o", tmp_path / "a.gif")
    assert "bench run" in failure("samples", "--results", tmp_path / "none")
    assert "there are 2, 8" in failure("samples", "--results", results, "--latent-dims", "3")
    assert "'x'" in failure("samples", "--results", results, "--latent-dims", "2,x")
    assert "there are mse" in failure(
        "metric-vs-latent-dim", "--results", results, "--metric", "kid", "-o", tmp_path / "a.png"
    )
    assert "cannot write" in failure(
        "samples", "--results", results, "-o", tmp_path / "no" / "a.png"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_figure_needs_no_torch(results: Path, tmp_path: Path) -> None:
    arguments = ["curves", "--results", str(results), "-o", str(tmp_path / "a.png")]
    code = (
        "import sys; from benchmark.cli.figure import figure; "
        f"figure({arguments}, standalone_mode=False); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

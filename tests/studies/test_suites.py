"""Studies through `bench run`: suites that name them, records that fit the schema, and runs that
are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from command import bench
from schema import SCHEMA

from benchmark import registry
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings, finished
from benchmark.planning.suites import Grid, read_suite
from benchmark.records import Store
from benchmark.running.job import execute
from benchmark.spec import BenchError
from benchmark.study import Study
from benchmark.training import checkpoint

STAGE = '[[stage]]\nstudies = ["grae-uniqueness[points=40,trials=2]"]\nsteps = 2500\n'


def suite_file(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "mine.toml"
    path.write_text(f'summary = "x"\n{text}', encoding="utf-8")
    return path


@pytest.mark.parametrize("entry", registry.STUDIES, ids=lambda entry: entry.name)
def test_study_entries_load_and_are_documented(entry: registry.Entry) -> None:
    kind = registry.load(entry.target)
    assert issubclass(kind, Study)
    assert all(
        section in entry.source.doc
        for section in ("Citation", "Objective", "Discovery", "Deviations")
    )
    read = {field.name: field.default for field in entry.source.fields("Config")}
    assert read == {name: field.default for name, field in kind.Config.__dataclass_fields__.items()}
    assert all(field.doc for field in entry.source.fields("Config"))


def test_studies_are_listed_and_shown(tmp_path: Path) -> None:
    listed = bench(tmp_path, "list", "studies").stdout
    assert [line.split()[0] for line in listed.splitlines()] == [
        entry.name for entry in registry.STUDIES
    ]
    assert "favoured-angle" in bench(tmp_path, "show", "grae-uniqueness").stdout


def test_the_suite_has_every_cell_of_both_variants_of_w() -> None:
    for name, steps, points in (
        ("grae-uniqueness", 100_000, 500),
        ("grae-uniqueness-paper", 100_000, 4000),
    ):
        (stage,) = read_suite(name).stages
        jobs = plan(stage.grid, Path())
        cells = {
            tuple(job.spec.config[option] for option in ("nu", "mixing", "covariance", "amortised"))
            for job in jobs
        }
        assert len(jobs) == 3 * len(cells) == 3 * 32
        assert {(job.spec.kind, job.spec.steps, job.spec.config["points"]) for job in jobs} == {
            ("grae-uniqueness", steps, points)
        }


def test_sweeps_multiply_names_and_keep_their_options(tmp_path: Path) -> None:
    text = (
        "[[stage]]\n"
        'methods = ["grae[lr=0.01]", "pca"]\n'
        'datasets = ["circle"]\n'
        "sweep = { beta = [0.1, 1] }\n"
    )
    (stage,) = read_suite(str(suite_file(tmp_path, text))).stages
    assert list(stage.grid.methods) == [
        "grae[lr=0.01,beta=0.1]",
        "grae[lr=0.01,beta=1]",
        "pca[beta=0.1]",
        "pca[beta=1]",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STAGE + 'methods = ["pca"]\n', "has both 'methods' and 'studies'"),
        (STAGE + "sweep = { nu = 3 }\n", r"sweep.nu in suite .* is 3; expected a list"),
        (STAGE + "sweep = { nu = [[1]] }\n", "expected a list of numbers, words, true or false"),
        ('[[stage]]\nstudies = "grae-uniqueness"\n', "expected a list"),
        ('[[stage]]\nmethods = ["pca"]\n', "has no 'datasets'"),
    ],
)
def test_mistakes_in_a_stage_of_studies_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        read_suite(str(suite_file(tmp_path, text)))


def test_unknown_studies_are_answered_with_the_next_step(tmp_path: Path) -> None:
    (stage,) = read_suite(
        str(suite_file(tmp_path, '[[stage]]\nstudies = ["grae-uniquenes"]\n'))
    ).stages
    with pytest.raises(
        BenchError,
        match=(
            r"unknown study 'grae-uniquenes'; "
            r"did you mean 'grae-uniqueness'\? \(see `bench list studies`\)"
        ),
    ):
        plan(stage.grid, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            STAGE + 'datasets = ["digits"]\n',
            "'grae-uniqueness' draws its own data; leave 'datasets' out",
        ),
        (
            '[[stage]]\nstudies = ["grae-objective"]\nbudget = "smoke"\n',
            "'grae-objective' needs 'datasets'; name some",
        ),
    ],
)
def test_a_study_gets_a_dataset_exactly_where_it_takes_one(
    tmp_path: Path, text: str, message: str
) -> None:
    (stage,) = read_suite(str(suite_file(tmp_path, text))).stages
    with pytest.raises(BenchError, match=message):
        plan(stage.grid, tmp_path)


def test_methods_without_datasets_are_nothing_to_run() -> None:
    assert plan(Grid(["pca"], []), Path()) == []


def state(results: Path) -> dict[str, object]:
    (record,) = Store(results).records()
    tensors, _ = checkpoint.read(results / record.key / "checkpoint.safetensors")
    with np.load(results / record.key / "artifacts.npz") as arrays:
        contents: dict[str, object] = {name: arrays[name].tobytes() for name in arrays.files}
    return {
        **contents,
        **{name: tensor.numpy().tobytes() for name, tensor in tensors.items()},
        "measurements": dict(record.measurements),
    }


def test_a_killed_study_goes_on_to_the_same_bits_and_leaves_a_valid_record(tmp_path: Path) -> None:
    text = STAGE.replace("2500", "500") + "sweep = { covariance = ['full'], amortised = [false] }\n"
    path, cut, whole = suite_file(tmp_path, text), tmp_path / "cut", tmp_path / "whole"
    options = ("--results", str(cut), "--checkpoint-every", "0.02", "--device", "cpu")
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", "run", "--suite", str(path), *options],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while process.poll() is None and not list(cut.glob("*/checkpoint.safetensors")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    (left,) = cut.glob("*/checkpoint.safetensors")
    assert 0 < int(checkpoint.read(left)[1]["step"]) < 500 and not list(cut.glob("*/record.json"))
    (job,) = plan(read_suite(str(path)).stages[0].grid, tmp_path)
    record, alone = (execute(job, Settings(folder, device="cpu")) for folder in (cut, whole))
    assert record is not None and alone is not None and record.status == alone.status == "done"
    assert state(cut) == state(whole)
    assert finished(job, Store(whole)) == alone
    assert record.spec["kind"] == "grae-uniqueness" and record.discovery is None
    jsonschema.validate(json.loads(record.to_json()), SCHEMA)


def test_a_training_run_without_a_verdict_is_still_no_valid_record(tmp_path: Path) -> None:
    (job,) = plan(Grid(["pca"], ["circle"], budget="smoke"), tmp_path)
    record = execute(job, Settings(tmp_path, device="cpu"))
    assert record is not None
    jsonschema.validate(json.loads(record.to_json()), SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(record.to_json()), "discovery": None}, SCHEMA)

"""The bench in Python: what :mod:`benchmark.api` runs, refuses and warns of."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmark
from benchmark.planning.jobs import Grid, plan
from benchmark.records import UnreadableRecord
from benchmark.spec import BenchError


def test_names_in_python_are_lists(tmp_path: Path) -> None:
    with pytest.raises(
        BenchError, match=r"methods is the text 'vae'; expected a list of names, as \['vae'\]"
    ):
        benchmark.run("vae", ["digits"], results=tmp_path)
    with pytest.raises(BenchError, match="datasets is the text 'digits'"):
        benchmark.run(["vae"], "digits", results=tmp_path)


def test_in_python_an_unreadable_record_is_a_warning_and_the_others_are_done(
    tmp_path: Path,
) -> None:
    (job,) = plan(Grid(["pca"], ["circle"], budget="smoke"), tmp_path)
    (tmp_path / job.spec.key).mkdir()
    (tmp_path / job.spec.key / "record.json").write_text("{", encoding="utf-8")
    with pytest.warns(UnreadableRecord, match=job.spec.key):
        records = benchmark.run(["pca"], ["circle"], seeds=2, budget="smoke", results=tmp_path)
    assert [(record.spec["seed"], record.status) for record in records] == [(1, "done")]


def test_python_runs_suites_and_shards(tmp_path: Path) -> None:
    """The suite of a study in the command's own loop; two shards are the whole grid."""
    small = {"budget": "smoke", "results": tmp_path, "device": "cpu"}
    with pytest.raises(BenchError, match="give methods and datasets, or a suite"):
        benchmark.run(results=tmp_path)
    with pytest.raises(BenchError, match="--shard is '3/2'"):
        benchmark.run(["pca"], ["circle"], shard="3/2", **small)
    grid = (["pca"], ["circle", "one-moon", "latent-8"])
    parts = [benchmark.run(*grid, shard=f"{part}/2", **small) for part in (1, 2)]
    keys = [[record.key for record in records] for records in parts]
    assert list(map(len, keys)) == [2, 1]
    records = benchmark.run(*grid, **small)
    assert {record.key for record in records} == {*keys[0], *keys[1]}
    text = '[[stage]]\nstudies = ["grae-uniqueness[points=40,trials=2]"]\nsteps = 500\n'
    (tmp_path / "mine.toml").write_text(f'summary = "a study"\n{text}')
    study = {"results": tmp_path, "device": "cpu", "suite": str(tmp_path / "mine.toml")}
    (record,) = benchmark.run(**study)
    assert (record.status, record.spec["kind"]) == ("done", "grae-uniqueness")
    assert [again.spec["seed"] for again in benchmark.run(**study, seeds=2)] == [0, 1]

"""Shards of a suite: together they are the suite, each run once, and none needs another."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmark
from benchmark.planning.jobs import Seen
from benchmark.planning.reuse import Settings
from benchmark.planning.shards import shard_of, share
from benchmark.planning.stages import OpenRun, open_runs
from benchmark.planning.suites import read_suite, suites
from benchmark.running.suite import SuiteRun
from benchmark.spec import BenchError

STAGE = (
    '[[stage]]\nmethods = [{methods}]\ndatasets = ["circle", "one-moon"]\nlatent_dims = [2, 3]\n'
    'seeds = 3\nbudget = "smoke"\n'
)
TAKE = 'take = { gamma = "vae: discovery.extra.gamma" }\n'
STAGES = (
    STAGE.format(methods='"grae", "vae"'),
    STAGE.format(methods='"vae[sigma=fixed]", "vae[sigma=fixed,chunks=2]"') + TAKE,
    STAGE.format(methods='"irmae", "vae"'),
)


def runs_of(folder: Path, *stages: str) -> list[list[OpenRun]]:
    file = folder / "mine.toml"
    file.write_text("".join(stages), encoding="utf-8")
    seen: Seen = {}
    return [open_runs(stage, folder, seen) for stage in read_suite(str(file)).stages]


def keys(stages: list[list[OpenRun]]) -> list[str]:
    return [run.job.spec.key for runs in stages for run in runs]


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 50])
def test_shards_together_are_the_suite_each_run_once(tmp_path: Path, parts: int) -> None:
    whole = runs_of(tmp_path, *STAGES)
    shards = [share(whole, (part, parts)) for part in range(1, parts + 1)]
    assert sorted(key for shard in shards for key in keys(shard)) == sorted(keys(whole))
    owner = {key: part for part, shard in enumerate(shards) for key in keys(shard)}
    assert all(len(shard) == len(whole) for shard in shards)
    for part, shard in enumerate(shards):
        for run in (run for runs in shard for run in runs):
            assert owner[run.job.spec.key] == part  # also where two stages have the run
            assert {owner[parent.spec.key] for parent in run.parents.values()} <= {part}
    assert sum(bool(run.parents) for runs in whole for run in runs) == 24


def test_shards_of_runs_that_take_nothing_are_every_nth_of_the_plan(tmp_path: Path) -> None:
    (whole,) = runs_of(tmp_path, STAGES[0])
    assert share([whole], (2, 3)) == [whole[1::3]]


def test_a_run_of_two_parents_brings_them_together(tmp_path: Path) -> None:
    """Two families of three runs are one as soon as one run has a parent in each."""
    (runs,) = runs_of(tmp_path, STAGES[0])
    a, b, c, d, e = (run.job for run in runs[:5])
    apart = [OpenRun(a), OpenRun(b), OpenRun(c, {"x": a}), OpenRun(d, {"x": b})]
    assert len(share([apart], (1, 2))[0]) == len(share([apart], (2, 2))[0]) == 2
    joined = [*apart, OpenRun(e, {"x": c, "y": d})]
    assert share([joined], (1, 2)) == [joined] and share([joined], (2, 2)) == [[]]


def test_shards_of_every_suite_with_stages_are_near_equal(tmp_path: Path) -> None:
    taking = [suite for suite in suites() if any(stage.take for stage in suite.stages)]
    including = ["campaign", "campaign-c-claims"]
    assert [suite.name for suite in taking] == [*including, "gamma"]
    runs = runs_of(tmp_path, *STAGES)
    counts = [len(set(keys(share(runs, (part, 4))))) for part in (1, 2, 3, 4)]
    assert max(counts) - min(counts) <= 3  # one family: vae and what takes its gamma


def test_a_shard_carries_out_its_stages_with_what_its_own_folder_holds(tmp_path: Path) -> None:
    """Two shards in folders of their own leave the records that one command leaves."""
    small = 'methods = [{methods}]\ndatasets = ["circle"]\nlatent_dims = [2]\nseeds = 2\n'
    small += 'budget = "smoke"\n'
    text = "[[stage]]\n" + small.format(methods='"vae"')
    text += "[[stage]]\n" + small.format(methods='"vae[sigma=fixed]"') + TAKE
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    records = [
        benchmark.run(
            suite=str(tmp_path / "mine.toml"),
            shard=f"{part}/2",
            results=tmp_path / str(part),
            device="cpu",
        )
        for part in (1, 2)
    ]
    assert [[record.status for record in shard] for shard in records] == [["done"] * 2] * 2
    assert [{record.spec["seed"] for record in shard} for shard in records] == [{0}, {1}]
    for shard in records:
        parent, child = shard
        assert child.spec["config"]["gamma"] == parent.discovery["extra"]["gamma"]


def test_runs_of_other_shards_neither_run_nor_wait_here(tmp_path: Path) -> None:
    runs_of(tmp_path, STAGES[1])
    suite = read_suite(str(tmp_path / "mine.toml"))
    counts = []
    for part in (1, 2):
        whole = SuiteRun.of_suite(suite, tmp_path, Settings(tmp_path / "runs"))
        whole.shard = (part, 2)
        (only,) = whole.parts()
        counts.append(len(only.waiting))
        assert only.jobs == []
    assert counts == [12, 12]


@pytest.mark.parametrize("text", ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_shard_is_one_line(text: str) -> None:
    with pytest.raises(BenchError, match="expected I/N with 1 <= I <= N"):
        shard_of(text)

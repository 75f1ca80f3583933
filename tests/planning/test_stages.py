"""Suites in stages: a later run takes a number from an earlier one; without it, it is blocked."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import bench

from benchmark.planning.stages import open_runs, resolve
from benchmark.planning.suites import read_suite, suites
from benchmark.records import Store, frame
from benchmark.spec import BenchError

STAGE = '[[stage]]\nmethods = ["{method}"]\ndatasets = ["circle"]\nseeds = 2\nbudget = "smoke"\n'
TAKE = 'take = { gamma = "vae: discovery.extra.gamma" }\n'
FIXED_STAR = (
    'summary = "x"\n' + STAGE.format(method="vae") + STAGE.format(method="vae[sigma=fixed]") + TAKE
)


def suite_file(folder: Path, text: str = FIXED_STAR) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_built_in_suites_are_readable_and_say_what_they_are() -> None:
    assert {suite.name for suite in suites()} >= {"gamma"}
    assert all(suite.summary and suite.stages for suite in suites())


def test_later_stage_takes_its_value_run_by_run(tmp_path: Path) -> None:
    path = suite_file(tmp_path)
    assert bench(tmp_path, "run", "--suite", str(path)).returncode == 0
    records = Store(tmp_path / "results" / "runs").records()
    learned = {
        record.spec["seed"]: record.discovery["extra"]["gamma"]
        for record in records
        if record.spec["config"]["sigma"] == "learned"
    }
    fixed = {
        record.spec["seed"]: record
        for record in records
        if record.spec["config"]["sigma"] == "fixed"
    }
    assert len(learned) == len(fixed) == 2 and learned[0] != learned[1]
    for seed, record in fixed.items():
        assert record.spec["config"]["gamma"] == learned[seed]
        assert record.discovery["extra"]["gamma"] == pytest.approx(learned[seed], rel=1e-6)
        assert record.spec["taken"] == {"gamma": "vae: discovery.extra.gamma"}
    assert set(frame(records)["method"]) == {"vae", "vae[gamma=*,sigma=fixed]"}
    again = bench(tmp_path, "run", "--suite", str(path))
    assert "0 done now, 4 finished before" in again.stdout


def test_without_its_parent_a_run_is_blocked_and_says_by_whom(tmp_path: Path) -> None:
    path = suite_file(tmp_path, STAGE.format(method="vae[sigma=fixed]") + TAKE)
    done = bench(tmp_path, "run", "--suite", str(path))
    assert done.returncode == 1
    records = Store(tmp_path / "results" / "runs").records()
    assert {record.status for record in records} == {"blocked"}
    assert all(
        "vae-circle-L2-s" in str(record.error) and "run it first" in str(record.error)
        for record in records
    )
    waits = bench(tmp_path, "run", "--suite", str(path), "--dry-run").stdout
    assert waits.count("waits") == 2


def test_a_path_that_is_not_in_the_parents_record_blocks_too(tmp_path: Path) -> None:
    first = suite_file(tmp_path, STAGE.format(method="vae"))
    assert bench(tmp_path, "run", "--suite", str(first)).returncode == 0
    (stage,) = read_suite(
        str(
            suite_file(
                tmp_path,
                STAGE.format(method="vae[sigma=fixed]")
                + 'take = { gamma = "vae: discovery.extra.delta" }\n',
            )
        )
    ).stages
    ready, waiting = resolve(open_runs(stage, tmp_path), Store(tmp_path / "results" / "runs"))
    assert not ready
    assert "has no 'discovery.extra.delta'" in waiting[0].reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("summary = ", "is not TOML"),
        (
            'sumary = "x"\n' + STAGE.format(method="vae"),
            "unknown key 'sumary'.*did you mean 'summary'",
        ),
        (STAGE.format(method="vae") + "seed = 3\n", "unknown key 'seed'.*did you mean 'seeds'"),
        ('summary = "x"', r"has no \[\[stage\]\]"),
        ('[[stage]]\ndatasets = ["circle"]\n', "has no 'methods'"),
        ('[[stage]]\nmethods = "vae"\ndatasets = ["circle"]\n', "expected a list"),
        (STAGE.format(method="vae") + 'take = { gamma = "nothing" }\n', "expected 'METHOD: path"),
        (
            STAGE.format(method="vae").replace("seeds = 2", "seeds = -1"),
            "expected a whole number from 1",
        ),
        (STAGE.format(method="vae") + "latent_dims = [0]\n", "expected a whole number from 1"),
        (STAGE.format(method="vae").replace('["vae"]', "[1]"), "expected names in quotes"),
    ],
)
def test_mistakes_in_a_suite_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message):
        read_suite(str(suite_file(tmp_path, text)))


def test_a_parent_that_cannot_be_read_is_the_reason_that_its_run_waits(tmp_path: Path) -> None:
    text = STAGE.format(method="vae") + STAGE.format(method="vae[sigma=fixed]")
    text += 'take = { gamma = "vae: discovery.extra.gamma" }\n'
    stage = read_suite(str(suite_file(tmp_path, text))).stages[1]
    store = Store(tmp_path / "runs")
    _, blocked = resolve(open_runs(stage, tmp_path), store)
    assert "is not run; run it first" in blocked[0].reason
    parent = blocked[0].reason.split()[2]
    (tmp_path / "runs" / parent).mkdir(parents=True)
    (tmp_path / "runs" / parent / "record.json").write_text("{", encoding="utf-8")
    ready, waiting = resolve(open_runs(stage, tmp_path), store)
    assert not ready and len(waiting) == len(blocked)
    assert "its parent cannot be read: record" in waiting[0].reason
    assert waiting[1].reason == blocked[1].reason


def test_unknown_suites_and_mixed_calls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="unknown suite 'gama'; did you mean 'gamma'"):
        read_suite("gama")
    with pytest.raises(BenchError, match="cannot read suite"):
        read_suite(str(tmp_path / "nothing.toml"))
    mixed = bench(tmp_path, "run", "--suite", "gamma", "--methods", "vae")
    assert mixed.returncode == 2 and "--suite has its own grid" in mixed.stderr


def test_a_waiting_run_never_replaces_a_finished_one(tmp_path: Path) -> None:
    """The parent diverges; the ordinary run of the same options, with the default gamma, is done
    and stays so."""
    first = STAGE.format(method='vae[lr=1e20]", "vae[sigma=fixed]').replace(
        "seeds = 2", "seeds = 1"
    )
    later = (
        STAGE.format(method="vae[sigma=fixed]").replace("seeds = 2", "seeds = 1")
        + 'take = { gamma = "vae[lr=1e20]: discovery.extra.gamma" }\n'
    )
    assert (
        bench(tmp_path, "run", "--suite", str(suite_file(tmp_path, first + later))).returncode == 1
    )
    assert sorted(record.status for record in Store(tmp_path / "results" / "runs").records()) == [
        "blocked",
        "diverged",
        "done",
    ]

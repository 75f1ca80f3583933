"""``bench run`` as its user meets it: what runs, what is skipped, what is refused, and how it
leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import benchmark
from benchmark import registry
from benchmark.cli import cli
from benchmark.planning.jobs import Grid, plan
from benchmark.records import Store, UnreadableRecord
from benchmark.spec import BenchError

SCHEMA = json.loads(
    (Path(benchmark.__file__).parent / "data" / "record.schema.json").read_text(encoding="utf-8")
)


def bench(folder: Path, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmark", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False
    )


GRID = ("run", "--methods", "pca,vae", "--datasets", "circle", "--budget", "smoke", "--seeds", "2")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("ran")
    return folder, bench(folder, *GRID)


def test_records_of_a_grid_follow_the_schema_and_are_complete(
    ran: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = ran
    assert done.returncode == 0, done.stderr
    records = Store(folder / "results" / "runs").records()
    assert [record.status for record in records] == ["done"] * 4
    for record in records:
        jsonschema.validate(json.loads(record.to_json()), SCHEMA)
        assert record.measurements["mse"]["value"] > 0
        files = {path.name for path in (folder / "results" / "runs" / record.key).iterdir()}
        expected = {"record.json", "artifacts.npz", "checkpoint.safetensors", ".lock"}
        assert files == (expected if record.spec["method"] == "pca" else expected | {"curves.npz"})


def test_second_call_does_nothing(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = ran
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = bench(folder, *GRID)
    assert again.returncode == 0
    assert "0 done now, 4 finished before" in again.stdout
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_with_nothing_to_do_the_folder_need_not_be_writable(
    ran: tuple[Path, subprocess.CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions bind no superuser, so the check that would refuse is replaced by one that
    does."""

    def refuse(self: Store) -> None:
        raise BenchError("cannot write results")

    folder, _ = ran
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Store, "ensure_writable", refuse)
    done = CliRunner().invoke(cli, GRID)
    assert done.exit_code == 0 and "4 finished before" in done.output
    more = CliRunner().invoke(cli, [*GRID[:-1], "3"])
    assert "cannot write results" in str(more.exception)


def test_dry_run_tells_what_is_missing_and_writes_nothing(
    ran: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, _ = ran
    preview = bench(folder, *GRID[:-1], "3", "--dry-run")
    assert "2 to run, 4 finished before" in preview.stdout
    bench(tmp_path, *GRID, "--dry-run")
    assert list(tmp_path.iterdir()) == []


def test_record_of_other_code_is_run_again(
    ran: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    source, _ = ran
    record = next(
        record
        for record in Store(source / "results" / "runs").records()
        if record.spec["method"] == "pca" and record.spec["seed"] == 0
    )
    Store(tmp_path / "results" / "runs").write(
        type(record)(**{**record.__dict__, "code": "0" * 16})
    )
    preview = bench(
        tmp_path,
        "run",
        "--methods",
        "pca",
        "--datasets",
        "circle",
        "--budget",
        "smoke",
        "--dry-run",
    )
    assert "1 to run, 0 finished before" in preview.stdout


def test_a_run_asked_for_twice_is_one(tmp_path: Path) -> None:
    preview = bench(
        tmp_path, "run", "--methods", "vae,vae[sigma=learned]", "--datasets", "circle", "--dry-run"
    ).stdout
    assert "1 to run, 0 finished before" in preview


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    text = registry.find("methods", "vae").path.read_text(encoding="utf-8")
    for folder, content in (("p", text), ("q", text + "X = 1\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "my_vae.py").write_text(content, encoding="utf-8")
    done = bench(tmp_path, "run", "--methods", "p/my_vae.py,q/my_vae.py", "--datasets", "circle")
    assert done.returncode == 2 and "rename one of" in done.stderr


def test_files_called_like_modules_do_not_disturb_the_runs(tmp_path: Path) -> None:
    for name in ("benchmark.py", "random.py"):
        (tmp_path / name).write_text("raise SystemExit('not this one')\n", encoding="utf-8")
    code = "from benchmark.cli import main; main()"
    arguments = ["run", "--methods", "pca", "--datasets", "circle", "--budget", "smoke"]
    environment = {**os.environ, "PYTHONPATH": str(Path(benchmark.__file__).parents[1])}
    command = [sys.executable, "-P", "-c", code, *arguments]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_shards_are_disjoint_and_cover_the_grid(tmp_path: Path) -> None:
    whole = {
        line.split()[1] for line in bench(tmp_path, *GRID, "--dry-run").stdout.splitlines()[:-1]
    }
    parts = [
        {
            line.split()[1]
            for line in bench(
                tmp_path, *GRID, "--dry-run", "--shard", f"{i}/3"
            ).stdout.splitlines()[:-1]
        }
        for i in (1, 2, 3)
    ]
    assert set.union(*parts) == whole
    assert sum(map(len, parts)) == len(whole) == 4


@pytest.fixture(scope="module")
def mixed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A grid in which one run fails, one diverges, one is good, and one is a file of one's own."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "my_vae.py").write_text(
        registry.find("methods", "vae").path.read_text(encoding="utf-8"), encoding="utf-8"
    )
    (folder / "broken.py").write_text(BROKEN, encoding="utf-8")
    return folder, bench(folder, *MIXED)


BROKEN = '''"""A method that fails."""

from baselines.vae import VAE


class Broken(VAE):
    def prepare(self, train):
        raise ValueError("nothing works here")
'''

MIXED = (
    "run",
    "--methods",
    "./broken.py,vae[lr=1e20],vae,./my_vae.py",
    "--datasets",
    "circle",
    "--latent-dims",
    "3",
    "--budget",
    "smoke",
)


def test_failing_runs_leave_their_records_and_the_others_go_on(
    mixed: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = mixed
    assert done.returncode == 1
    records = {
        (record.spec["method"], record.spec["config"].get("lr")): record
        for record in Store(folder / "results" / "runs").records()
    }
    statuses = {key: record.status for key, record in records.items()}
    assert statuses == {
        ("broken", 1e-3): "failed",
        ("vae", 1e20): "diverged",
        ("vae", 1e-3): "done",
        ("my-vae", 1e-3): "done",
    }
    failed = records["broken", 1e-3]
    assert "ValueError: nothing works here" in str(failed.error)
    assert "Traceback" in (folder / "results" / "runs" / failed.key / "log.txt").read_text(
        encoding="utf-8"
    )
    assert failed.key in done.stderr
    assert (folder / "results" / "runs" / records["vae", 1e20].key / "curves.npz").exists()
    page = bench(folder, "show", failed.key).stdout
    assert "failed" in page and "log.txt" in page
    for record in records.values():
        jsonschema.validate(json.loads(record.to_json()), SCHEMA)


def test_failed_runs_are_tried_again_and_diverged_ones_kept(
    mixed: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = mixed
    preview = bench(folder, *MIXED, "--dry-run").stdout
    assert [line.split()[0] for line in preview.splitlines()[:-1]] == [
        "run",
        "cached",
        "cached",
        "cached",
    ]
    kept = bench(folder, *(part.removeprefix("./broken.py,") for part in MIXED))
    assert kept.returncode == 1
    assert "0 done now, 3 finished before, 1 failed" in kept.stdout


def test_time_limit_leaves_a_record_and_a_later_call_goes_on(tmp_path: Path) -> None:
    arguments = ("run", "--methods", "vae", "--datasets", "circle", "--steps", "1000")
    cut = bench(tmp_path, *arguments, "--time-limit", "0.3")
    assert cut.returncode == 1
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert (record.status, record.error) == ("timed-out", "time limit of 0.3 s reached")
    jsonschema.validate(json.loads(record.to_json()), SCHEMA)
    assert bench(tmp_path, *arguments).returncode == 0
    (record,) = Store(tmp_path / "results" / "runs").records()
    assert (record.status, record.timing["outer_steps"]) == ("done", 1000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "nothing to run: give --all"),
        (("run", "--methods", "vea", "--datasets", "circle"), "did you mean 'vae'?"),
        (("run", "--methods", "vae", "--datasets", "cirle"), "did you mean 'circle'?"),
        (
            ("run", "--methods", "vae[", "--datasets", "circle"),
            "expected a name, or name[option=value,...]",
        ),
        (("run", "--methods", "vae[gamma=big]", "--datasets", "circle"), "expected a finite float"),
        (("run", "--methods", "vae", "--datasets", "circle[noise=-1]"), "noise"),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--budget", "huge"),
            "unknown budget 'huge'",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--latent-dims", "two"),
            "expected whole numbers",
        ),
        (("run", "--methods", "vae", "--datasets", "circle", "--seeds", "0"), "--seeds"),
        (("run", "--methods", "vae", "--datasets", "circle", "--shard", "5/4"), "expected I/N"),
        (
            ("run", "--methods", "vae", "--datasets", "circle", "--batch-size", "5000"),
            "fewer than one batch",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "digits", "--budget", "paper"),
            "no paper schedule for 'digits'",
        ),
        (
            ("run", "--methods", "vae", "--datasets", "mnist", "--data-dir", "nowhere"),
            "bench data fetch mnist",
        ),
        (("run", "--methods", "vae", "--datasets", "npz:nowhere.npz"), "nowhere.npz"),
        (
            (
                "run",
                "--methods",
                "vae",
                "--datasets",
                "circle",
                "--budget",
                "smoke",
                "--results",
                "/proc/x",
            ),
            "--results",
        ),
        (("run", "--nonsense"), "--nonsense"),
        (("run", "--time-limit", "nan"), "'nan' is not a number"),
        (("run", "--checkpoint-every", "NaN"), "'NaN' is not a number"),
        (("run", "--suite", "gamma", "--shard", "1/2"), "--suite has its own grid"),
        (("run", "--suite", "gamma", "--budget", "huge"), "unknown budget 'huge'"),
        (("table", "--results", "/etc/hostname"), "--results"),
        (("nonsense",), "nonsense"),
        (("list", "nonsense"), "nonsense"),
        (("show", "nonsense"), "bench list"),
        (("table", "--results", "nowhere"), "bench run"),
        (("table", "nonsense"), "nonsense"),
        (("figure", "nonsense"), "nonsense"),
        (("data", "fetch", "nonsense"), "unknown dataset"),
    ],
)
def test_mistakes_are_one_line_with_the_next_step_and_exit_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = bench(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("bench: error: ")
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_run_with_an_unreadable_record_is_named_left_as_it_is_and_the_others_are_done(
    ran: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    source, _ = ran
    record = Store(source / "results" / "runs").records()[0]
    folder = tmp_path / "results" / "runs" / record.key
    folder.mkdir(parents=True)
    text = record.to_json()[:200]
    (folder / "record.json").write_text(text, encoding="utf-8")
    for arguments in (("table",), ("figure", "curves")):
        done = bench(tmp_path, *arguments)
        assert done.returncode == 2
        assert "truncated" in done.stderr and record.key in done.stderr
        assert len(done.stderr.splitlines()) == 2  # left out; no runs
    dry = bench(tmp_path, *GRID, "--dry-run")
    assert dry.returncode == 0 and f"left    {record.key}: record" in dry.stdout
    assert "3 to run, 0 finished before, 1 left out as unreadable" in dry.stdout
    done = bench(tmp_path, *GRID)
    assert done.returncode == 1, done.stderr
    assert f"left out: {record.key}: record '" in done.stderr and "is truncated" in done.stderr
    assert "4 runs: 3 done now, 0 finished before, 1 failed" in done.stdout
    assert (folder / "record.json").read_text(encoding="utf-8") == text
    assert [path.name for path in folder.iterdir()] == ["record.json"]
    forced = bench(tmp_path, *GRID, "--force")
    assert forced.returncode == 0, forced.stderr
    (kept,) = folder.glob("unreadable-*.json")
    assert kept.read_text(encoding="utf-8") == text
    again = Store(tmp_path / "results" / "runs").read(record.key)
    assert again is not None and dict(again.measurements) == dict(record.measurements)


def test_progress_tells_variants_apart(tmp_path: Path) -> None:
    labels = [
        job.label
        for job in plan(
            Grid(["vae", "vae[sigma=fixed]"], ["circle[noise=0.05]"], [2], seeds=1, budget="smoke"),
            tmp_path,
        )
    ]
    assert labels == [
        f"{method} on circle[noise=0.05], L = 2, seed 0" for method in ("vae", "vae[sigma=fixed]")
    ]


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


def test_all_ends_with_the_first_lines_of_the_table(tmp_path: Path) -> None:
    grid = ("--all", "--methods", "pca,grae", "--datasets", "latent-8", "--budget", "smoke")
    done = bench(tmp_path, "run", *grid)
    assert done.returncode == 0, done.stderr
    last = done.stdout[done.stdout.index("records in") :].splitlines()
    head = next(line for line in last if line.startswith("n "))
    assert {"Method", "L*", "MSE", "Active"} <= set(head.split())
    assert [line.split()[2].rstrip("‡†") for line in last if " 16 " in line] == ["pca", "grae"]
    (null,) = (line.split()[-1] for line in last if " 16  grae" in line)
    assert null != "–" and "counting untrained networks" in done.stderr
    assert "bench report" in last[-1] and "bench figure lstar" in last[-1]
    assert "bench report" not in bench(tmp_path, *GRID).stdout

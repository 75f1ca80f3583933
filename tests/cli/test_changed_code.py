"""``bench run`` in a copy of the package after an edit: what it measures again, what it trains
again, what it leaves alone, and that no number is lost."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command import Done, bench
from package_copy import PackageCopy

FRECHET = "benchmark/metrics/frechet.py"
TWICE = ("return frechet_distance(*moments(found)", "return 2 * frechet_distance(*moments(found)")


class Runs:
    """Runs of vae on the circle and a copy of the package; ``folder``, ``record`` and ``kept`` are
    those of one seed."""

    def __init__(self, package: PackageCopy, results: Path, seed: int = 0) -> None:
        self.package, self.results, self.seed = package, results, seed

    def arguments(self, methods: str, options: tuple[str, ...]) -> tuple[str, ...]:
        return (
            *("run", "--methods", methods, "--datasets", "circle", "--steps", "3"),
            *("--workers", "1", "--device", "cpu", "--results", str(self.results), *options),
        )

    def here(self, *options: str, methods: str = "vae") -> tuple[str, str]:
        """Call ``bench run`` of the package that is tested; its last line and all of stderr."""
        return _ends_of(bench(self.results.parent, *self.arguments(methods, options)))

    def again(self, *options: str, methods: str = "vae") -> tuple[str, str]:
        """Call ``bench run`` of the copy; its last line and all of stderr."""
        arguments = self.arguments(methods, options)
        return _ends_of(self.package.python("-m", "benchmark", *arguments))

    @property
    def folder(self) -> Path:
        (folder,) = (path.parent for path in self.results.glob(f"*-s{self.seed}-*/record.json"))
        return folder

    @property
    def record(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "record.json").read_text("utf-8"))
        return document

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The records that were replaced."""
        return [json.loads(path.read_text("utf-8")) for path in self.folder.glob("replaced-*")]


def _ends_of(done: Done | subprocess.CompletedProcess[str]) -> tuple[str, str]:
    return done.stdout.strip().splitlines()[-1], done.stderr


def value(record: dict[str, Any], metric: str) -> float:
    (result,) = (
        measurement["value"]
        for name, measurement in record["measurements"].items()
        if name.partition("[")[0] == metric
    )
    return float(result)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("changed")
    runs = Runs(PackageCopy(folder / "copy"), folder / "runs")
    assert runs.here("--seeds", "2")[0].startswith("2 runs: 2 done now, 0 finished before")
    return runs


@pytest.fixture
def runs(first: Runs, tmp_path: Path) -> Runs:
    first.package.restore()
    shutil.copytree(first.results, tmp_path / "runs")
    return Runs(first.package, tmp_path / "runs")


def test_an_edited_metric_is_measured_again_without_training(runs: Runs) -> None:
    """Where there is a checkpoint; seed 1 has none, and is done again."""
    before, checkpoint = runs.record, (runs.folder / "checkpoint.safetensors").stat().st_mtime_ns
    lost = Runs(runs.package, runs.results, seed=1)
    lost_before = lost.record
    (lost.folder / "checkpoint.safetensors").unlink()
    runs.package.edit(FRECHET, *TWICE)
    last, stderr = runs.again("--seeds", "2")
    after = runs.record
    assert last.startswith("2 runs: 1 done now, 1 measured again, 0 finished before")
    assert "changed code: 2 of these runs were measured by other code of a metric" in stderr
    assert value(after, "fd-raw") == 2 * value(before, "fd-raw")
    assert value(lost.record, "fd-raw") == 2 * value(lost_before, "fd-raw")
    assert lost.kept == [lost_before]
    assert (runs.folder / "checkpoint.safetensors").stat().st_mtime_ns == checkpoint
    moved = {
        name for name in before["metrics"] if after["metrics"][name] != before["metrics"][name]
    }
    assert moved == {"fd-raw", "fd-raw-floor"}
    others = {name for name in before["measurements"] if not name.startswith("fd-raw")}
    assert all(after["measurements"][name] == before["measurements"][name] for name in others)
    assert {**after, **{name: before[name] for name in ("measurements", "metrics")}} == before
    assert runs.kept == [before]
    assert runs.again("--seeds", "2")[0].startswith("2 runs: 0 done now, 2 finished before")


@pytest.mark.slow
def test_an_edited_evaluator_measures_everything_again(runs: Runs) -> None:
    before = runs.record
    runs.package.edit(
        "benchmark/evaluation/evaluator.py",
        "return _array((x.double() - reconstruction.double())",
        "return 3 * _array((x.double() - reconstruction.double())",
    )
    assert "1 measured again" in runs.again()[0]
    after = runs.record
    assert value(after, "mse") == pytest.approx(3 * value(before, "mse"), rel=1e-12)
    assert all(after["metrics"][name] != code for name, code in before["metrics"].items())
    assert after["discovery"] == before["discovery"] and after["harness"] == before["harness"]


@pytest.mark.slow
def test_a_metric_that_fails_loses_nothing(runs: Runs) -> None:
    before = runs.record
    runs.package.edit(FRECHET, TWICE[0], "return 1 / 0 + frechet_distance(*moments(found)")
    last, stderr = runs.again()
    assert "1 failed" in last and "measuring again: ZeroDivisionError" in stderr
    assert runs.record == before and runs.kept == []


def test_an_edited_trainer_trains_again(runs: Runs) -> None:
    before = runs.record
    runs.package.edit("benchmark/training/batches.py", '"order", epoch', '"orders", epoch')
    last, stderr = runs.again()
    assert last.startswith("1 runs: 1 done now, 0 finished before")
    assert "were trained by other code of the training loop than is installed" in stderr
    assert runs.record["harness"] != before["harness"] and runs.record["code"] == before["code"]
    assert value(runs.record, "mse") != value(before, "mse") and runs.kept == [before]


@pytest.mark.slow
def test_an_edited_method_trains_again(runs: Runs) -> None:
    before = runs.record
    runs.package.edit("benchmark/nn/gaussian.py", "- 1.0 - log_var)", "- 1 - log_var)")
    last, stderr = runs.again()
    assert last.startswith("1 runs: 1 done now") and "other code of their method" in stderr
    assert runs.record["code"] != before["code"] and runs.record["harness"] == before["harness"]


def test_words_layout_and_moved_modules_leave_a_run_finished(runs: Runs) -> None:
    for path in runs.package.folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace(
            "benchmark.training.batches", "benchmark.training.stream"
        )
        path.write_text(f"# a comment\n{ast.unparse(ast.parse(text))}\n", encoding="utf-8")
    stream = runs.package.folder / "benchmark/training/batches.py"
    stream.rename(stream.with_name("stream.py"))
    last, stderr = runs.again()
    assert last.startswith("1 runs: 0 done now, 1 finished before") and "changed code" not in stderr


@pytest.mark.slow
def test_a_record_of_an_older_schema_is_told_and_kept(runs: Runs) -> None:
    old = {name: runs.record[name] for name in runs.record if name not in ("harness", "metrics")}
    old["schema"] = 1
    (runs.folder / "record.json").write_text(json.dumps(old), encoding="utf-8")
    last, stderr = runs.again()
    assert last.startswith("1 runs: 1 done now") and "records of an older version" in stderr
    assert runs.record["schema"] == 2 and runs.kept == [old]


def test_two_files_of_one_name_replace_each_others_records_and_say_so(
    runs: Runs, tmp_path: Path
) -> None:
    shutil.rmtree(runs.folder)
    text = (runs.package.folder / "baselines/vae.py").read_text(encoding="utf-8")
    for name, source in (("one", text), ("two", text + "\n\nEXTRA = 1\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my_vae.py").write_text(source, encoding="utf-8")
    one, two = (str(tmp_path / name / "my_vae.py") for name in ("one", "two"))
    assert "changed code" not in runs.here(methods=one)[1]
    before = runs.record
    assert before["given"] == [] and before["spec"]["config"]
    last, stderr = runs.here(methods=two)
    assert last.startswith("1 runs: 1 done now")
    assert stderr.count("changed code") == 1 and "by another file of that name" in stderr
    assert runs.kept == [before]

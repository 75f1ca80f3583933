"""``bench table``: options, files, and errors that the command group prints in one line."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reporting.making import record, seeds, store

from benchmark.cli.table import table
from benchmark.spec import BenchError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    runs = [
        *seeds([1.0, 1.1, 1.2]),
        *seeds([2.0, 2.1, 2.2], "pca"),
        record("vae", "circle", values={"lstar": 2.0}),
        record(budget="short", steps=9),
    ]
    return store(tmp_path / "runs", runs)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(table, [str(argument) for argument in arguments])


def failure(*arguments: object) -> str:
    error = call(*arguments).exception
    assert isinstance(error, BenchError) and "\n" not in str(error)
    return str(error)


def test_default_is_the_summary_in_latex_on_stdout(results: Path) -> None:
    result = call("--results", results)
    assert result.exit_code == 0, result.exception
    assert result.output == call("summary", "--format", "latex", "--results", results).output
    assert r"\toprule" in result.output and result.stderr == ""


def test_filters_choose_rows_and_columns(results: Path) -> None:
    result = call(
        "--format",
        "csv",
        "--results",
        results,
        "--methods",
        "pca,vae",
        "--datasets",
        "digits",
        "--budget",
        "quick",
        "--metrics",
        "mse",
    )
    read = list(csv.DictReader(io.StringIO(result.output)))
    assert [(row["method"], row["dataset"], float(row["mse"]), row["mse n"]) for row in read] == [
        ("pca", "digits", pytest.approx(2.1), "3"),
        ("vae", "digits", pytest.approx(1.1), "3"),
    ]
    assert "budget" not in read[0] and "lstar" not in read[0]


def test_latent_sizes_are_chosen_as_elsewhere(tmp_path: Path) -> None:
    runs = [*seeds([1.0, 1.1, 1.2], latent_dim=4), *seeds([2.0, 2.1, 2.2], latent_dim=8)]
    folder = store(tmp_path / "runs", runs)
    both = call("--format", "csv", "--results", folder)
    one = call("--format", "csv", "--results", folder, "--latent-dims", "8")
    latent_sizes = [
        [row["latent_dim"] for row in csv.DictReader(io.StringIO(text))]
        for text in (both.output, one.output)
    ]
    assert latent_sizes == [["4", "8"], ["8"]]
    assert "there are 4, 8" in failure("--results", folder, "--latent-dims", "3")
    assert "'x'" in failure("--results", folder, "--latent-dims", "x")
    assert "--latent-dims chooses" in failure("ren-1", "--on", "paper", "--latent-dims", "8")


@pytest.mark.parametrize(
    ("name", "words"),
    [("t.tex", r"\toprule"), ("t.md", "| Dataset |"), ("t.csv", "dataset,"), ("t.HTML", "<table")],
)
def test_files_are_written_in_the_format_of_their_suffix(
    results: Path, tmp_path: Path, name: str, words: str
) -> None:
    result = call("--results", results, "-o", tmp_path / name)
    assert result.exit_code == 0 and result.stdout == "" and "4 rows from 8 runs" in result.stderr
    assert words in (tmp_path / name).read_text(encoding="utf-8")


def test_format_overrules_the_suffix(results: Path, tmp_path: Path) -> None:
    assert call("--results", results, "--format", "csv", "-o", tmp_path / "t.txt").exit_code == 0
    assert (tmp_path / "t.txt").read_text().startswith("dataset,")


def test_a_failed_call_leaves_the_old_file(results: Path, tmp_path: Path) -> None:
    (tmp_path / "t.md").write_text("old")
    failure("--results", results, "--methods", "none-such", "-o", tmp_path / "t.md")
    assert (tmp_path / "t.md").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "t.md"]


def test_mistakes_say_what_to_do(results: Path, tmp_path: Path) -> None:
    assert "did you mean 'summary'" in failure("sumary", "--results", results)
    assert "bench run" in failure("--results", tmp_path / "none")
    assert "there are pca, vae" in failure("--results", results, "--methods", "grae")
    assert "--format" in failure("--results", results, "-o", tmp_path / "t.xls")
    assert "cannot write" in failure("--results", results, "-o", tmp_path / "no" / "folder.md")
    assert "'nac'" in failure("--results", results, "--metrics", "nac")


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'pandas', 'matplotlib', 'numpy', 'scipy'}"
    code = (
        "import sys, benchmark.cli.table, benchmark.cli.figure; "
        f"assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "NAME" in call("--help").output


def test_a_table_needs_no_torch_and_no_matplotlib(results: Path) -> None:
    code = (
        "import sys; from benchmark.cli.table import table; "
        f"table(['--results', {str(results)!r}], standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; assert not {{'torch', 'matplotlib'}} & set(sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert r"\bottomrule" in done.stdout


def test_published_tables_need_no_records(tmp_path: Path) -> None:
    result = call("ren-1", "--on", "paper", "--format", "markdown", "--results", tmp_path / "none")
    assert result.exit_code == 0 and "| R-dpVAE | <ins>6.57</ins> | 6 | **4.43** |" in result.output
    assert "published figures" in call("ren-2", "--on", "paper", "-o", tmp_path / "t.tex").stderr
    assert "6.57" in call("ren-1", "--on", "paper", "--macros").output
    assert "no published figures" in failure("summary", "--on", "paper")
    assert "--methods chooses among runs" in failure("ren-1", "--on", "paper", "--methods", "vae")
    assert "--paper chooses among runs" in failure("ren-1", "--on", "paper", "--paper")


def test_published_values_and_macros_on_request(tmp_path: Path) -> None:
    folder = store(tmp_path / "runs", seeds([0.01, 0.011, 0.012], dataset="mnist", budget="paper"))
    assert (
        "paper 0.0459?: ours lower"
        in call("--paper", "--format", "markdown", "--results", folder).output
    )
    assert (
        "paper 0.0459?: ours lower"
        in call("ren-2", "--paper", "--format", "html", "--results", folder).output
    )
    text = call("--macros", "--results", folder).output
    assert r"\newcommand{\benchSummaryMnistLOneSixVaeMSE}{\ensuremath{0.0110 \pm 0.0025}}" in text
    assert "leave --format out" in failure("--macros", "--format", "csv", "--results", folder)
    assert "leave --format out" in failure("--macros", "-o", tmp_path / "t.md", "--results", folder)

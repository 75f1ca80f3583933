"""``bench report``: filters, the folder, errors in one line, and what is not imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reporting.making import record, seeds, store

from benchmark.cli.report import report
from benchmark.spec import BenchError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return store(
        tmp_path / "runs",
        [
            *seeds([1.0, 1.1]),
            record("pca", "circle", 2),
            record("grae-objective", kind="grae-objective"),
        ],
    )


def call(results: Path, folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(
        report, ["--results", str(results), "-o", str(folder), *map(str, arguments)]
    )


def failure(*arguments: object) -> str:
    error = call(*arguments).exception
    assert isinstance(error, BenchError) and "\n" not in str(error)
    return str(error)


def test_filters_choose_runs(results: Path, tmp_path: Path) -> None:
    result = call(results, tmp_path / "out", "--methods", "pca", "--latent-dims", "2")
    assert result.exit_code == 0, result.exception
    assert "from 1 runs" in result.stderr and result.stdout == ""
    assert [path.name for path in (tmp_path / "out" / "runs").iterdir()] == [
        f"{record('pca', 'circle', 2).key}.html"
    ]


def test_studies_are_taken_along(results: Path, tmp_path: Path) -> None:
    assert "from 1 runs" in call(results, tmp_path / "out", "--methods", "grae-objective").stderr


def test_an_empty_folder_of_records_gives_a_page(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    assert call(tmp_path / "runs", tmp_path / "out").exit_code == 0
    assert "There is no record" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_mistakes_say_what_to_do(results: Path, tmp_path: Path) -> None:
    assert "bench run" in failure(tmp_path / "none", tmp_path / "out")
    assert "there are pca, vae" in failure(results, tmp_path / "out", "--methods", "grae")
    assert "--latent-dims" in failure(results, tmp_path / "out", "--latent-dims", "two")
    assert "not a report" in failure(results, results)
    assert not (tmp_path / "out").exists()


def test_help_loads_nothing_heavy_and_a_report_no_torch(results: Path, tmp_path: Path) -> None:
    heavy = "{'torch', 'pandas', 'matplotlib', 'numpy', 'jinja2'}"
    arguments = ["--results", str(results), "-o", str(tmp_path / "out")]
    code = (
        "import sys; from benchmark.cli.report import report; "
        f"assert not {heavy} & set(sys.modules); report({arguments!r}, standalone_mode=False)"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

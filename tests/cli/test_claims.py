"""``bench claims``: records or published figures, every format, and errors in one line."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reporting.making import seeds, store

from benchmark.cli.claims import claims
from benchmark.spec import BenchError


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(claims, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def results(tmp_path: Path) -> Path:
    records = [
        record
        for size in (16, 32)
        for record in (*seeds([1.0, 1.1, 1.2], "r-dpvae", "fid", dataset="mnist", latent_dim=size),)
    ]
    records += [
        record
        for size in (16, 32)
        for record in seeds([3.0, 3.1, 3.3], "vae", "fid", dataset="mnist", latent_dim=size)
    ]
    return store(tmp_path / "runs", records)


def test_published_figures_need_no_records(tmp_path: Path) -> None:
    output = call("--on", "paper", "--results", tmp_path / "none").output
    assert "CONTRADICTED      ren-fid-lowest" in output and "38 cannot tell" in output


def test_records_are_judged_and_files_written(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    assert (
        "1 supported so far" in call("ren-fid-below-vae", "--results", results, "-o", path).stderr
    )
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["claim"], row["verdict"], row["metrics"]) == (
        "ren-fid-below-vae",
        "supported so far",
        "fid",
    )
    assert len(row["runs"].split()) == 12
    (read,) = json.loads(call("ren-fid-below-vae", "--results", results, "--format", "json").output)
    assert read["ruling"] == "supported so far"
    for name, words in (
        ("c.md", "| ren-fid-below-vae |"),
        ("c.html", "<table"),
        ("c.tex", r"\toprule"),
        ("c.txt", "supported"),
        ("c.json", "ruling"),
    ):
        call("ren-fid-below-vae", "--results", results, "-o", tmp_path / name)
        assert words in (tmp_path / name).read_text(encoding="utf-8")


def test_mistakes_say_what_to_do(results: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did you mean"):
        call("ren-fid-lowst", "--results", results)
    with pytest.raises(BenchError, match="bench run"):
        call("--results", tmp_path / "none")
    with pytest.raises(BenchError, match="--format"):
        call("--on", "paper", "-o", tmp_path / "claims.pdf")


def test_claims_need_no_torch() -> None:
    code = (
        "import sys; from benchmark.cli.claims import claims; "
        "claims(['--on', 'paper'], standalone_mode=False); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

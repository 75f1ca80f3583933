"""``bench evaluate --null`` says of every cell that it does not count why it does not."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from benchmark.cli import cli
from benchmark.planning.jobs import plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running.job import execute
from benchmark.spec import BenchError


def test_reasons_are_counted(tmp_path: Path) -> None:
    grid = Grid(["pca", "vae", "r-vae"], ["circle"], steps=2)
    for job in plan(grid, tmp_path):
        record = execute(job, Settings(tmp_path, device="cpu"))
        assert record is not None and record.status == "done"
    call = ["evaluate", "--null", "--results", str(tmp_path)]
    done = CliRunner().invoke(cli, call, catch_exceptions=False)
    (line,) = done.output.splitlines()
    assert line.startswith("3 cells: 0 counted, 0 failed, ")
    for reason in (
        "1 not: closed form, so nothing is untrained",
        "1 not: the method keeps every dimension by definition",
        "1 not: the method declares its null",
    ):
        assert reason in line
    chosen = CliRunner().invoke(cli, [*call, "--latent-dims", "2"], catch_exceptions=False)
    assert chosen.output == done.output
    other = CliRunner().invoke(cli, [*call, "--latent-dims", "3"])
    assert isinstance(other.exception, BenchError) and "there are 2" in str(other.exception)

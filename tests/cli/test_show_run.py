"""``bench show KEY``: what one run left, and what of it is stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner
from reporting.making import record, store

from benchmark.cli import cli


def test_a_stale_number_is_told_by_itself_and_a_stale_run_as_a_whole(tmp_path: Path) -> None:
    fresh = record(values={"mse": 0.5, "lstar": 9.0})
    edited = replace(fresh, metrics={**fresh.metrics, "lstar": "0" * 16})
    old = replace(fresh, harness="0" * 16)
    for run, lines in (
        (fresh, set()),
        (edited, {"lstar = 9"}),
        (old, {f"{fresh.key}: done"}),
    ):
        store(tmp_path, [run])
        result = CliRunner().invoke(cli, ["show", run.key, "--results", str(tmp_path)])
        stale = [line for line in result.output.splitlines() if "(stale: " in line]
        assert result.exit_code == 0 and len(stale) == len(lines), result.output
        assert all(line.strip().startswith(tuple(lines)) for line in stale)

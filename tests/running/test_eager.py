"""``--eager`` reaches the processes in which runs take their steps."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from benchmark.cli.run import run
from benchmark.planning.jobs import Job, plan
from benchmark.planning.reuse import Settings
from benchmark.planning.suites import Grid
from benchmark.running import job as job_module
from benchmark.running import lane, worker
from benchmark.running.suite import SuiteRun
from benchmark.training import eager


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put back what processes of runs do with signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return plan(Grid(["pca"], ["circle"], [2]), tmp_path)[0]


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_captures_nothing_where_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, handlers: None, job: Job, tmp_path: Path, asked: bool
) -> None:
    called: list[str] = []
    pipe: Any = SimpleNamespace(send=lambda message: None)
    settings = Settings(tmp_path, "cpu", eager=asked)
    monkeypatch.setattr(eager, "never_capture", lambda: called.append("never"))
    monkeypatch.setattr(job_module, "execute", lambda *arguments: called.append("run"))
    expected = ["never", "run"] if asked else ["run"]
    worker.work(job, settings, pipe)
    assert called == expected
    called.clear()
    lane.work_in_lanes([job], settings, 1, False, pipe)
    assert called == expected


@pytest.mark.parametrize("flags", [["--eager"], []])
def test_the_command_hands_it_on(monkeypatch: pytest.MonkeyPatch, flags: list[str]) -> None:
    class Seen(Exception):
        pass

    def planned(grid: Grid, data_dir: Path, settings: Settings) -> SuiteRun:
        raise Seen(settings.eager, settings.device)

    monkeypatch.setattr(SuiteRun, "of_grid", staticmethod(planned))
    call = ["--methods", "pca", "--datasets", "circle", "--device", "cuda:1", *flags]
    result = CliRunner().invoke(run, call)
    assert isinstance(result.exception, Seen), result.output
    assert result.exception.args == (bool(flags), "cuda:1")

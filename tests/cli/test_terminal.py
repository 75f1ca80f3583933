"""What a terminal shows: help, whole names, any encoding, and a reader that goes away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from command import PATIENCE, bench
from reporting.making import record, store
from rich.console import Console

from benchmark.cli.printable import printable
from benchmark.cli.progress import _Bars, watcher
from benchmark.planning.jobs import Grid, plan


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "benchmark", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize("command", [(), ("data",)])
def test_a_group_alone_prints_its_help(command: tuple[str, ...]) -> None:
    done = process(*command)
    assert done.returncode == 0 and done.stderr == b""
    assert b"Usage: " in done.stdout and b"Commands" in done.stdout
    assert bench(Path(), *command, "no-such-command").returncode == 2


def test_an_encoding_without_the_signs_of_a_table_is_no_traceback(tmp_path: Path) -> None:
    store(tmp_path / "runs", [record("vae", values={"mse": 0.5})])
    arguments = ("table", "--format", "markdown", "--results", str(tmp_path / "runs"))
    plain = process(*arguments, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert plain.returncode == 0 and b"Traceback" not in plain.stderr
    assert b"MSE" in plain.stdout and b"0.5" in plain.stdout
    assert "↓".encode() in process(*arguments, PYTHONIOENCODING="utf-8").stdout


def test_bars_show_options_whole() -> None:
    job = plan(
        Grid(["vae[sigma=optimal]"], ["circle[noise=0.2]"], [2], 1, "smoke"), Path("nowhere")
    )[0]
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    with watcher(1) as lines:
        assert not isinstance(lines, _Bars)  # no terminal here
    assert "vae[sigma=optimal]" in job.label and "circle[noise=0.2]" in job.label
    from benchmark.cli import progress as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Console", lambda **_: console)
        with watcher(1) as bars:
            bars.started(job)
            bars.progressed(job, 3, {"loss": 0.5})
            bars.progress.refresh()
    assert "vae[sigma=optimal]" in screen.getvalue()
    assert "circle[noise=0.2]" in screen.getvalue()


def test_a_line_about_all_runs_is_shown_on_a_terminal_and_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmark.cli import progress as module

    text = "a run is given [1] core"  # brackets are no markup
    with watcher(1) as lines:
        lines.announced(text)
    assert capsys.readouterr().err == f"{text}\n"
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=160)
    monkeypatch.setattr(module, "Console", lambda **_: console)
    with watcher(1) as bars:
        assert isinstance(bars, _Bars)
        bars.announced(text)
    assert text in screen.getvalue()


def test_seeds_are_a_count(tmp_path: Path) -> None:
    done = bench(tmp_path, "run", "--all", "--seeds", "0,1,2")
    assert done.returncode == 2
    assert "how many seeds" in done.stderr and "--seeds 3" in done.stderr
    assert "how many" not in bench(tmp_path, "run", "--all", "--seeds", "x").stderr


def test_runs_one_level_deeper_are_hinted_at(tmp_path: Path) -> None:
    store(tmp_path / "published" / "quick", [record("vae")])
    done = bench(tmp_path, "table", "--results", "published")
    assert done.returncode == 2
    assert str(Path("published", "quick")) in done.stderr
    (tmp_path / "empty").mkdir()
    assert "run `bench run` first" in bench(tmp_path, "table", "--results", "empty").stderr


def test_a_reader_that_goes_away_is_told_and_finished_runs_are_kept(tmp_path: Path) -> None:
    grid = ["--methods", "pca", "--datasets", "circle", "--seeds", "6", "--workers", "1"]
    call = subprocess.Popen(
        [sys.executable, "-m", "benchmark", "run", *grid, "--results", str(tmp_path / "runs")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert call.stdout is not None and call.stderr is not None
    assert call.stdout.readline().startswith(b"[1/6] done")
    call.stdout.close()
    stderr = call.stderr.read().decode()
    assert call.wait(timeout=PATIENCE) == 128 + signal.SIGPIPE
    assert "6 runs on 1 worker" in stderr and "Traceback" not in stderr
    assert "nobody reads the output any more" in stderr
    assert len(list((tmp_path / "runs").glob("*/record.json"))) >= 1


EVIL = "\x1b7\u202e\u2028\x07"


def test_records_of_strangers_print_no_control_characters(tmp_path: Path) -> None:
    """In whatever part of a record they stand, on stdout and stderr."""
    odd = record(f"vae{EVIL}", values={f"mse{EVIL}": 0.5}, config={f"sigma{EVIL}": EVIL})
    odd = replace(odd, error=f"broken {EVIL}", absent={"fid": EVIL}, flags=[EVIL])
    store(tmp_path / "runs", [odd])
    for arguments in (("show", odd.key), ("table", "--format", "text"), ("show", f"x{EVIL}")):
        done = process(*arguments, "--results", str(tmp_path / "runs"), PYTHONIOENCODING="utf-8")
        output = (done.stdout + done.stderr).decode()
        assert "Traceback" not in output
        assert not {*EVIL} & {*output} - {"7"}, arguments
        assert ("\\x1b7\\u202e" in output) == (arguments[0] == "show")


def test_printable_text_is_left_as_it_is() -> None:
    text = "MSE ↓ ± 0.5\t(é)\n"
    assert printable(text) == text
    assert printable("a\rb") == "a\\rb"

"""Calling the bench: in this process, which has imported torch and keeps the server that runs are
forked from, or in a process of its own, where that is the point."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from benchmark.cli import main

PATIENCE = 600.0
"""Seconds that are waited for what is sure to happen, on however busy a machine."""


@dataclass(frozen=True)
class Done:
    """How a call ended: its status and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def bench(folder: Path, *arguments: str) -> Done:
    """Call the entry point in this process, from ``folder``; streams, warnings, arguments and
    environment are as before afterwards."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["bench", *arguments]),
        mock.patch.dict(os.environ),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")  # a process of its own has told no warning yet
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
    return Done(code, out.getvalue(), err.getvalue())


def process(folder: Path, *arguments: str, timeout: float = PATIENCE) -> Done:
    """Call the command in a process of its own, from ``folder``."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmark", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


GRID = ("run", "--methods", "pca,vae", "--datasets", "circle", "--budget", "smoke", "--seeds", "2")
"""A grid of four short runs."""

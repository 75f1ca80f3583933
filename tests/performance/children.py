"""Processes that begin together, once all of them have imported what they need."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence


def seconds_together(
    commands: Sequence[Sequence[str]], env: Mapping[str, str] | None = None
) -> float:
    """Return the seconds from when all processes were let go until the last has ended.

    A process prints the line ``ready`` when it has imported what it needs, and waits for a line on
    its standard input. All are let go before any is waited for.
    """
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        for command in commands
    ]
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
        assert child.returncode == 0
    return time.perf_counter() - begun

"""The memory of this machine and of its processes, as Linux tells it."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

__all__ = ["available", "kilobytes", "peak"]


def peak(process: int | str = "self") -> int:
    """Return the bytes that a process had at most; 0 where the machine does not say."""
    return kilobytes(Path(f"/proc/{process}/status"), "VmHWM:") * 1024


def available() -> int:
    """Return the bytes that are free; a great number where the machine does not say."""
    return (kilobytes(Path("/proc/meminfo"), "MemAvailable:") or sys.maxsize) * 1024


def kilobytes(path: Path, name: str) -> int:
    """Return the number that stands after ``name`` in a file of /proc; 0 where there is none."""
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0

"""Limits of a job as Slurm writes them: time and memory. What leaves no run room to work is
refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from benchmark.spec import BenchError

__all__ = ["check", "memory_bytes", "seconds_before_limit", "time_seconds"]

LEAST = 400_000_000
"""Bytes that Python with torch takes before a run has done anything, about."""

WARNING, WORTH = 60, 600
"""Seconds before a time limit at which a run is asked to stop, and the shortest limit that spares
them."""

ENDLESS = {"0", "-1", "INFINITE", "UNLIMITED"}
"""Time limits that are none."""

_DAYS = re.compile(r"(\d+)-(\d+)(?::(\d+))?(?::(\d+))?")
_TIME = re.compile(r"(?:(\d+):)??(\d+)(?::(\d+))?")
_SIZE = re.compile(r"(\d+)([KMGT]?)B?", re.IGNORECASE)
_UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}


def time_seconds(text: str) -> float:
    """Return the seconds of a time limit as ``sbatch`` reads it, whole minutes rounded up; infinite
    where it is none, ``BenchError`` where it is no time.

    >>> time_seconds("90"), time_seconds("1:30"), time_seconds("4:00:00"), time_seconds("1-12")
    (5400, 120, 14400, 129600)
    """
    if text.upper() in ENDLESS:
        return math.inf
    if match := _DAYS.fullmatch(text):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    elif match := _TIME.fullmatch(text):
        days, (hours, minutes, seconds) = 0, (int(part or 0) for part in match.groups())
    else:
        raise BenchError(
            f"slurm[time={text}]: expected minutes, as in time=90, or a time as in 4:00:00, 1-12 "
            "(days and hours) or 1-12:30:00"
        )
    whole = days * 1440 + hours * 60 + minutes + math.ceil(seconds / 60)
    return 60 * whole or math.inf


def seconds_before_limit(time: str) -> int:
    """Return how long before its limit a job is asked to stop; 0 where the limit is so short that
    Slurm's own signal at the limit has to do, which comes 30 s before it kills (``KillWait``)."""
    return WARNING if time_seconds(time) >= WORTH else 0


def memory_bytes(text: str) -> int:
    """Return the bytes of an amount of memory as ``sbatch`` reads it, megabytes where it has no
    unit; ``BenchError`` where it is none.

    >>> memory_bytes("4G"), memory_bytes("512")
    (4294967296, 536870912)
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise BenchError(f"slurm[mem={text}]: expected megabytes, as in mem=800, or as in mem=4G")
    return int(match[1]) << _UNITS[match[2].upper() or "M"]


def check(options: Mapping[str, str], device: str = "auto") -> None:
    """Raise ``BenchError`` where the options of ``slurm`` are no limits, or leave no run room."""
    if "time" in options:
        time_seconds(options["time"])
    if "mem" in options and 0 < memory_bytes(options["mem"]) < LEAST:
        raise BenchError(
            f"slurm[mem={options['mem']}]: no run fits into that, as Python and torch take about "
            f"{LEAST // 10**6} MB before its first step; give more, or none: it is measured then"
        )
    if device.startswith("cuda") and options.get("gpus") == "0":
        raise BenchError(
            f"slurm[gpus=0] leaves runs on --device {device} without a GPU; give gpus=1, or "
            "--device cpu"
        )

"""How many runs fit on this machine at once."""

from __future__ import annotations

import os

__all__ = ["usable_cores"]


def usable_cores() -> int:
    """Return the number of cores that are this process's to use: those that it is bound to, of
    which a Slurm job that asked for fewer (``SLURM_CPUS_PER_TASK``) has so many."""
    bound = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    granted = os.environ.get("SLURM_CPUS_PER_TASK", "")
    return min(bound, int(granted)) if granted.isdecimal() and int(granted) else bound

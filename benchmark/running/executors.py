"""Where runs are carried out: processes of this machine, lanes of one process, the machines of a
Ray cluster, or jobs of a Slurm cluster.

An executor is a function with the signature of :func:`benchmark.running.processes.run_jobs`; which
one changes no result, as each run is the same function in a process of its own. Results go through
the results folder, which all machines see under the same path.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from typing import Protocol

from benchmark.options import parse_reference, suggest
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.lanes import MOST, run_with
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.running.shares import Share
from benchmark.running.slurm_limits import check
from benchmark.spec import BenchError

__all__ = ["Executor", "RunJobs", "executor_of"]

OPTIONS = {
    "processes": (),
    "lanes": ("runs",),
    "ray": ("address", "cpus", "gpus", "mem"),
    "slurm": ("partition", "account", "qos", "constraint", "time", "mem", "cpus", "gpus"),
}
"""The executors and their options; those of ``slurm`` are handed to ``sbatch`` as they are.
``gpus`` of ``ray`` may be a share of one; its ``mem`` is in GB. What nobody names of memory, cores
and a GPU's share is measured (:mod:`benchmark.running.shares`)."""

PACKAGES = {"ray": "ray", "slurm": "submitit"}
"""What an executor needs; the extra that installs it has the executor's name."""


class RunJobs(Protocol):
    """Carries jobs out, so many at once, and returns how each ended."""

    def __call__(
        self,
        jobs: Sequence[Job],
        settings: Settings,
        workers: int,
        events: Events,
        interrupted: Callable[[], int] = ...,
    ) -> list[JobOutcome]: ...


@dataclass(frozen=True)
class Executor:
    """``run_jobs`` does the work; ``local``: on the cores of this machine, whose number is that of
    the runs at once unless somebody says otherwise; ``most``: so many at once, if there is a
    limit."""

    name: str
    run_jobs: RunJobs
    local: bool
    most: int | None = None


def executor_of(text: str) -> Executor:
    """Return the executor that ``text`` names, as in ``processes``, ``ray[address=auto]``
    or ``slurm[time=4:00:00]``; ``BenchError`` where it is unknown or what it needs is not here."""
    name, options = parse_reference(text)
    if name not in OPTIONS:
        raise BenchError(
            f"unknown executor '{name}'{suggest(name, OPTIONS)}; expected {', '.join(OPTIONS)}"
        )
    allowed = OPTIONS[name]
    for option in options:
        if option not in allowed:
            raise BenchError(
                f"the executor '{name}' has no option '{option}'{suggest(option, allowed)}; it has "
                f"{', '.join(allowed) or 'none'}"
            )
    if name == "processes":
        return Executor(name, run_jobs, local=True)
    if name == "lanes":
        return _of_lanes(options.get("runs", "auto"))
    package = PACKAGES[name]
    if find_spec(package) is None:
        raise BenchError(
            f"the executor '{name}' needs the package {package}: "
            f"pip install 'lstar-bench[{name}]' (in a checkout: pip install '.[{name}]')"
        )
    return Executor(name, _of_cluster(name, options), local=False)


def _of_lanes(runs: str) -> Executor:
    """Return the executor of so many lanes."""
    if runs != "auto" and not (runs.isdecimal() and 1 <= int(runs) <= MOST):
        raise BenchError(f"lanes[runs={runs}]: expected auto, or a number from 1 to {MOST}")
    lanes = None if runs == "auto" else int(runs)
    return Executor("lanes", run_with(lanes), local=False, most=lanes or MOST)


def _of_cluster(name: str, options: Mapping[str, str]) -> RunJobs:
    """Return what carries runs out on a cluster; ``BenchError`` where there is none."""
    cores = _whole(name, options, "cpus")
    if name == "ray":
        memory, gpus = _number(options, "mem"), _number(options, "gpus")
        if gpus is not None and gpus > 1 and gpus % 1:
            raise BenchError(
                f"ray[gpus={options['gpus']}]: Ray gives a part of one GPU or whole ones"
            )
        from benchmark.running.ray_cluster import run_on

        in_bytes = None if memory is None else int(memory * 1e9)
        return run_on(options.get("address", "auto"), Share(cores, in_bytes, gpus))
    check(options)
    if which("sbatch") is None:
        raise BenchError(
            "the executor 'slurm' calls `sbatch`, and there is none on the PATH; call `bench run` "
            "on a machine that submits to the cluster"
        )
    from benchmark.running import slurm

    return slurm.run_with(options)


def _whole(executor: str, options: Mapping[str, str], name: str) -> int | None:
    """Return an option that is a whole number from 1; None where it is not given."""
    text = options.get(name, "1")
    if not (text.isdecimal() and int(text) >= 1):
        raise BenchError(f"{executor}[{name}={text}]: expected a whole number from 1")
    return int(text) if name in options else None


def _number(options: Mapping[str, str], name: str) -> float | None:
    """Return an option of ``ray`` that is a number above 0; None where it is not given."""
    if name not in options:
        return None
    with contextlib.suppress(ValueError):
        if 0 < (number := float(options[name])) < math.inf:
            return number
    raise BenchError(f"ray[{name}={options[name]}]: expected a number above 0, as in {name}=0.5")

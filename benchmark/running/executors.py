"""Where runs are carried out: processes of this machine, the machines of a Ray cluster, or jobs of
a Slurm cluster.

An executor is a function with the signature of :func:`benchmark.running.processes.run_jobs`; which
one changes no result, as each run is the same function in a process of its own. Results go through
the results folder, which all machines see under the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from typing import Protocol

from benchmark.options import parse_reference, suggest
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.spec import BenchError

__all__ = ["Executor", "RunJobs", "executor_of"]

OPTIONS = {
    "processes": (),
    "ray": ("address",),
    "slurm": ("partition", "account", "qos", "constraint", "time", "mem", "gpus"),
}
"""The executors and their options; those of ``slurm`` are handed to ``sbatch`` as they are."""

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
    the runs at once unless somebody says otherwise."""

    name: str
    run_jobs: RunJobs
    local: bool


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
    package = PACKAGES[name]
    if find_spec(package) is None:
        raise BenchError(
            f"the executor '{name}' needs the package {package}: "
            f"pip install 'lstar-bench[{name}]' (in a checkout: pip install '.[{name}]')"
        )
    return Executor(name, _of_cluster(name, options), local=False)


def _of_cluster(name: str, options: Mapping[str, str]) -> RunJobs:
    """Return what carries runs out on a cluster; ``BenchError`` where there is none."""
    if name == "ray":
        from benchmark.running.ray_cluster import run_on

        return run_on(options.get("address", "auto"))
    if which("sbatch") is None:
        raise BenchError(
            "the executor 'slurm' calls `sbatch`, and there is none on the PATH; call `bench run` "
            "on a machine that submits to the cluster"
        )
    from benchmark.running.slurm import run_with

    return run_with(options)

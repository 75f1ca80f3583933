"""Where runs are carried out: processes of this machine, or the machines of a Ray cluster.

An executor is a function with the signature of :func:`benchmark.running.processes.run_jobs`; which
one changes no result, as each run is the same function in a process of its own. Results go through
the results folder, which all machines see under the same path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

from benchmark.options import parse_reference, suggest
from benchmark.planning.jobs import Job
from benchmark.planning.reuse import Settings
from benchmark.running.processes import Events, JobOutcome, run_jobs
from benchmark.spec import BenchError

__all__ = ["Executor", "RunJobs", "executor_of"]


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
    """Return the executor that ``text`` names, as in ``processes`` or ``ray[address=auto]``;
    ``BenchError`` where it is unknown or its library is not installed."""
    name, options = parse_reference(text)
    if name not in ("processes", "ray"):
        known = ("processes", "ray")
        raise BenchError(
            f"unknown executor '{name}'{suggest(name, known)}; expected {' or '.join(known)}"
        )
    allowed = {"address"} if name == "ray" else set()
    if unknown := options.keys() - allowed:
        raise BenchError(
            f"the executor '{name}' has no option '{min(unknown)}'; it has "
            f"{', '.join(allowed) or 'none'}"
        )
    if name == "processes":
        return Executor(name, run_jobs, local=True)
    if find_spec("ray") is None:
        raise BenchError(
            "the executor 'ray' needs the package ray: pip install 'lstar-bench[ray]' (in a "
            "checkout: pip install '.[ray]')"
        )
    from benchmark.running.ray_cluster import run_on

    return Executor(name, run_on(str(options.get("address", "auto"))), local=False)

"""How far a suite is: its runs part by part, which of them records have done, and what the others
are expected to cost. Data that says how many images it has need not be here. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import registry
from benchmark.identity import outdated, outdated_metrics
from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job, Seen
from benchmark.planning.preview import supposed
from benchmark.planning.stages import available, open_runs
from benchmark.planning.suites import Stage, Suite
from benchmark.spec import Record, canonical_json

__all__ = ["PartProgress", "PlannedRun", "address", "done_by", "parts", "planned"]


@dataclass(frozen=True)
class PlannedRun:
    """A run of a suite: the part it belongs to (the suite that the file names there, '' for its own
    stages), its job, and its address. The job's digest of the data is empty where the data was not
    read, so its key is no run's key."""

    part: str
    job: Job
    address: str

    @property
    def seconds(self) -> float:
        """About how many seconds of a core it takes."""
        return expected_seconds(self.job)


def address(spec: Mapping[str, Any]) -> str:
    """Return everything of a spec but the digest of the data and the values of options that are
    taken from earlier runs: what a run is known by before either is."""
    config = {**spec["config"], **dict.fromkeys(spec.get("taken", {}), "*")}
    kept = {name: value for name, value in spec.items() if name != "data"}
    return canonical_json({**kept, "config": config})


def planned(suite: Suite, data_dir: Path) -> list[PlannedRun]:
    """Return the runs of ``suite``, each once, with the first part that has it. Data that is not
    here and does not say how many images it has is left out."""
    seen: Seen = {}
    runs: dict[str, PlannedRun] = {}
    for stage in suite.stages:
        for name in stage.grid.datasets:
            for label, facts in supposed(registry.choose("datasets", name)).items():
                seen.setdefault(label, facts)
        here, _ = available(stage, data_dir, seen)
        for run in open_runs(here, data_dir, seen) if here is not None else ():
            where = address(run.job.spec.document())
            runs.setdefault(where, PlannedRun(_part(stage), run.job, where))
    return list(runs.values())


def _part(stage: Stage) -> str:
    return stage.part.partition("/")[0]


def done_by(records: Iterable[Record]) -> set[str]:
    """Return the addresses of the runs that need not be done again: ended well, by the installed
    code of method, training and metrics."""
    return {
        address(record.spec)
        for record in records
        if record.status in ("done", "diverged")
        and not outdated(record)
        and not outdated_metrics(record)
    }


@dataclass(frozen=True)
class PartProgress:
    """A part of a suite: how many runs it has, how many are done, and about how many hours of a
    core all of them and those that are left take. ``budgets`` by dataset, in words."""

    part: str
    runs: int
    done: int
    hours: float
    hours_left: float
    budgets: Mapping[str, str]


def parts(runs: Sequence[PlannedRun], done: set[str]) -> list[PartProgress]:
    """Return the progress of each part of ``runs``, in their order; ``done`` are addresses."""
    names = list(dict.fromkeys(run.part for run in runs))
    return [_progress(name, [run for run in runs if run.part == name], done) for name in names]


def _progress(name: str, runs: Sequence[PlannedRun], done: set[str]) -> PartProgress:
    left = [run for run in runs if run.address not in done]
    budgets: dict[str, dict[str, None]] = {}
    for run in runs:
        if run.job.spec.steps:
            budgets.setdefault(run.job.spec.dataset, {})[run.job.spec.budget] = None
    return PartProgress(
        name,
        len(runs),
        len(runs) - len(left),
        _hours(runs),
        _hours(left),
        {dataset: ", ".join(names) for dataset, names in budgets.items()},
    )


def _hours(runs: Iterable[PlannedRun]) -> float:
    return sum(run.seconds for run in runs) / 3600.0

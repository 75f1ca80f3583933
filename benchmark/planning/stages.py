"""Stages of a suite: the options that a later stage takes from the records of an earlier one are
resolved run by run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from benchmark import registry
from benchmark.options import suggest
from benchmark.planning.jobs import Job, Seen, budget_of, described, plan
from benchmark.planning.reuse import finished
from benchmark.planning.suites import Stage
from benchmark.records import Store
from benchmark.spec import BenchError, MissingData, Record

__all__ = ["MissingRuns", "OpenRun", "Waiting", "available", "open_runs", "resolve", "together"]


@dataclass(frozen=True)
class OpenRun:
    """A run as planned: its job, in whose spec the options that are taken from earlier runs are
    None, and for each of these the job of the run it is taken from, its parent."""

    job: Job
    parents: Mapping[str, Job] = field(default_factory=dict)


@dataclass(frozen=True)
class Waiting:
    """A job whose parent has no value to take (yet), and why; in its spec the open options are
    None."""

    job: Job
    reason: str

    def record(self) -> Record:
        """The record that says so."""
        return Record(
            spec=self.job.spec.document(),
            key=self.job.spec.key,
            code=self.job.code,
            harness=self.job.harness,
            given=self.job.given,
            status="blocked",
            error=self.reason,
        )


@dataclass(frozen=True)
class MissingRuns:
    """The runs of a stage on one dataset whose data is not here, and what to do about it. Without
    data they have no digest, so no key and no record."""

    dataset: str
    runs: int
    reason: str


def available(stage: Stage, data_dir: Path, seen: Seen) -> tuple[Stage | None, list[MissingRuns]]:
    """Return the stage restricted to datasets whose data is here (None where nothing is left), and
    what became of the others."""
    budget_of(stage.grid)
    here: list[str] = []
    absent: list[MissingRuns] = []
    for dataset in stage.grid.datasets:
        choice = registry.choose("datasets", dataset)
        try:
            described(choice, data_dir, seen)
        except MissingData as reason:
            absent.append(MissingRuns(dataset, _count(stage, choice), str(reason)))
        else:
            here.append(dataset)
    if stage.grid.datasets and not here:
        return None, absent
    return replace(stage, grid=replace(stage.grid, datasets=here)), absent


def _count(stage: Stage, dataset: registry.Choice) -> int:
    """How many runs the stage has on one dataset."""
    declared = dataset.entry.source.constants.get("latent_dims", ())
    sizes = len(set(stage.grid.latent_dims)) or (
        len(declared) if budget_of(stage.grid).sweep else 1
    )
    return sizes * len(set(stage.grid.methods)) * stage.grid.seeds


def together(stages: Sequence[Stage]) -> list[list[Stage]]:
    """Return the stages in groups that can run at once: one that takes values begins a new group,
    for what it takes must be there, and so does one of another part of the suite, for parts stand
    in the order in which they are wanted."""
    groups: list[list[Stage]] = []
    for stage in stages:
        if stage.take or not groups or stage.part != groups[-1][0].part:
            groups.append([])
        groups[-1].append(stage)
    return groups


def open_runs(stage: Stage, data_dir: Path, seen: Seen | None = None) -> list[OpenRun]:
    """Return the runs of a stage as planned; ``seen`` as in
    :func:`benchmark.planning.jobs.plan`."""
    seen = {} if seen is None else seen
    jobs = plan(stage.grid, data_dir, seen)
    parents = {option: _parents(stage, option, data_dir, seen) for option in stage.take}
    unknown = dict.fromkeys(stage.take)
    return [
        OpenRun(
            _with_options(job, unknown, stage.take),
            {option: runs[_place(job)] for option, runs in parents.items()},
        )
        for job in jobs
    ]


def resolve(runs: Sequence[OpenRun], store: Store) -> tuple[list[Job], list[Waiting]]:
    """Return the jobs of ``runs``, the options they take filled in from ``store``, and those that
    wait for a parent."""
    ready: list[Job] = []
    waiting: list[Waiting] = []
    for run in runs:
        take = run.job.spec.taken
        try:
            values = {
                option: _value(store, parent, _path(take[option]))
                for option, parent in run.parents.items()
            }
        except LookupError as reason:
            waiting.append(Waiting(run.job, str(reason.args[0])))
        else:
            ready.append(_with_options(run.job, values, take))
    return ready, waiting


def _place(job: Job) -> tuple[Any, ...]:
    return job.spec.data, job.spec.latent_dim, job.spec.seed


def _parents(stage: Stage, option: str, data_dir: Path, seen: Seen) -> dict[tuple[Any, ...], Job]:
    method = stage.take[option].partition(":")[0].strip()
    return {_place(job): job for job in plan(replace(stage.grid, methods=[method]), data_dir, seen)}


def _path(source: str) -> list[str]:
    """The names along the path of ``method: path.in.its.record``."""
    return source.partition(":")[2].strip().split(".")


def _value(store: Store, parent: Job, path: list[str]) -> float:
    """Return the number at ``path`` in the parent's record; ``LookupError`` with the reason where
    there is none."""
    try:
        record = store.read(parent.spec.key)
    except BenchError as reason:
        raise LookupError(f"its parent cannot be read: {reason}") from None
    state = "not run" if record is None else record.status
    if record is not None and state == "done" and finished(parent, store) is None:
        state = "stale"
    if record is None or state != "done":
        raise LookupError(f"its parent {parent.spec.key} is {state}; run it first")
    value: Any = {part.name: getattr(record, part.name) for part in fields(Record)}
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            raise LookupError(
                f"the record of its parent {parent.spec.key} has no '{'.'.join(path)}'"
            )
        value = value[part]
    if not isinstance(value, (int, float)):
        raise LookupError(
            f"'{'.'.join(path)}' in the record of its parent {parent.spec.key} is no number"
        )
    return float(value)


def _with_options(job: Job, values: Mapping[str, float | None], take: Mapping[str, str]) -> Job:
    if not values:
        return job
    for option in values:
        if option not in job.spec.config:
            raise BenchError(
                f"'{job.spec.method}' has no option '{option}' to take a value "
                f"for{suggest(option, job.spec.config)}"
            )
    config = {**job.spec.config, **values}
    return replace(
        job,
        spec=replace(job.spec, config=config, taken=dict(take)),
        method=replace(job.method, options=config),
    )

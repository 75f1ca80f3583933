"""Stages of a suite: the options that a later stage takes from the records of an earlier one are resolved run by run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from benchmark.options import suggest
from benchmark.protocol.suite import Job, plan
from benchmark.protocol.suites import Stage
from benchmark.records import Store
from benchmark.spec import BenchError, Record

__all__ = ["Waiting", "resolve"]


@dataclass(frozen=True)
class Waiting:
    """A job whose parent has no value to take (yet), and why; in its spec the open options are None."""

    job: Job
    reason: str

    def record(self) -> Record:
        """The record that says so."""
        return Record(spec=self.job.spec.document(), key=self.job.spec.key, code=self.job.code, status="blocked", error=self.reason)


def resolve(stage: Stage, data_dir: Path, store: Store) -> tuple[list[Job], list[Waiting]]:
    """Return the jobs of a stage, the options it takes filled in from ``store``, and those that wait for a parent."""
    jobs = plan(stage.grid, data_dir)
    if not stage.take:
        return jobs, []
    parents = {option: _parents(stage, option, data_dir) for option in stage.take}
    ready: list[Job] = []
    waiting: list[Waiting] = []
    for job in jobs:
        try:
            values = {option: _value(store, parents[option][_place(job)], _path(stage, option)) for option in stage.take}
        except LookupError as reason:
            waiting.append(Waiting(_with_options(job, dict.fromkeys(stage.take), stage.take), str(reason.args[0])))
        else:
            ready.append(_with_options(job, values, stage.take))
    return ready, waiting


def _place(job: Job) -> tuple[Any, ...]:
    return job.spec.data, job.spec.latent_dim, job.spec.seed


def _parents(stage: Stage, option: str, data_dir: Path) -> dict[tuple[Any, ...], Job]:
    method = stage.take[option].partition(":")[0].strip()
    return {_place(job): job for job in plan(replace(stage.grid, methods=[method]), data_dir)}


def _path(stage: Stage, option: str) -> list[str]:
    return stage.take[option].partition(":")[2].strip().split(".")


def _value(store: Store, parent: Job, path: list[str]) -> float:
    """Return the number at ``path`` in the parent's record; ``LookupError`` with the reason where there is none."""
    record = store.read(parent.spec.key)
    if record is None or record.status != "done":
        raise LookupError(f"its parent {parent.spec.key} is {'not run' if record is None else record.status}; run it first")
    found: Any = {each.name: getattr(record, each.name) for each in fields(Record)}
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            raise LookupError(f"the record of its parent {parent.spec.key} has no '{'.'.join(path)}'")
        found = found[part]
    if not isinstance(found, (int, float)):
        raise LookupError(f"'{'.'.join(path)}' in the record of its parent {parent.spec.key} is no number")
    return float(found)


def _with_options(job: Job, values: Mapping[str, float | None], take: Mapping[str, str]) -> Job:
    for option in values:
        if option not in job.spec.config:
            raise BenchError(f"'{job.spec.method}' has no option '{option}' to take a value for{suggest(option, job.spec.config)}")
    config = {**job.spec.config, **values}
    return replace(job, spec=replace(job.spec, config=config, taken=dict(take)), method=replace(job.method, options=config))

"""Suites: grids that belong together, in stages. A later stage may take the value of an option from the runs of an earlier one.

A suite is a TOML file: a ``summary`` and a list of ``[[stage]]`` tables with the fields of :class:`~benchmark.protocol.suite.Grid`, and ``take``,
which says for an option where its number comes from: ``{ gamma = "vae: discovery.extra.gamma" }`` is the number in the record of the same dataset,
latent size, seed and budget of ``vae``. It is resolved run by run and enters the Config, so the key of a run tells its real value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from benchmark.options import suggest
from benchmark.protocol.suite import Grid, Job, plan
from benchmark.records import Store
from benchmark.spec import BenchError, Record

__all__ = ["Stage", "Suite", "Waiting", "read_suite", "resolve", "suites"]


@dataclass(frozen=True)
class Stage:
    """A grid, and where the values of its open options come from: option -> ``method: path.in.its.record``."""

    grid: Grid
    take: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """A named list of stages."""

    name: str
    summary: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Waiting:
    """A job whose parent has no value to take (yet), and why."""

    job: Job
    reason: str

    def record(self) -> Record:
        """The record that says so."""
        return Record(spec=self.job.spec.document(), key=self.job.spec.key, code=self.job.code, status="blocked", error=self.reason)


def suites() -> list[Suite]:
    """Return the suites that come with the package, by name."""
    files = sorted(resources.files("benchmark").joinpath("data", "suites").iterdir(), key=lambda file: file.name)
    return [_parse(Path(file.name).stem, file.read_text(encoding="utf-8"), file.name) for file in files if file.name.endswith(".toml")]


def read_suite(name: str) -> Suite:
    """Return the suite called ``name``, or the one in the file ``name`` where that ends in ``.toml``."""
    if name.endswith(".toml"):
        try:
            return _parse(Path(name).stem, Path(name).read_text(encoding="utf-8"), name)
        except OSError as error:
            raise BenchError(f"cannot read suite '{name}': {error.strerror}") from None
    known = {suite.name: suite for suite in suites()}
    if name not in known:
        raise BenchError(f"unknown suite '{name}'{suggest(name, known)} (see `bench list suites`, or give a file FILE.toml)")
    return known[name]


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
            waiting.append(Waiting(job, str(reason.args[0])))
        else:
            ready.append(_with_options(job, values, stage.take))
    return ready, waiting


def _parse(name: str, text: str, file: str) -> Suite:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"suite '{file}' is not TOML: {error}") from None
    _only(document, {"summary", "stage"}, file)
    stages = document.get("stage")
    if not isinstance(stages, list) or not stages:
        raise BenchError(f"suite '{file}' has no [[stage]]; see benchmark/data/suites/gamma.toml for an example")
    return Suite(name, str(document.get("summary", "")), tuple(_stage(table, file) for table in stages))


def _stage(table: dict[str, Any], file: str) -> Stage:
    kinds = {"methods": list, "datasets": list, "latent_dims": list, "seeds": int, "budget": str, "steps": int, "batch_size": int, "take": dict}
    _only(table, set(kinds), f"{file}, [[stage]]")
    for name, value in table.items():
        if not isinstance(value, kinds[name]):
            raise BenchError(f"'{name}' in suite '{file}' is {value!r}; expected a {kinds[name].__name__}")
    missing = sorted({"methods", "datasets"} - set(table))
    if missing:
        raise BenchError(f"a [[stage]] of suite '{file}' has no '{missing[0]}'; give a list")
    take = table.pop("take", {})
    for option, source in take.items():
        if not isinstance(source, str) or ":" not in source:
            raise BenchError(f"take.{option} in suite '{file}' is {source!r}; expected 'METHOD: path.in.its.record'")
    return Stage(Grid(**table), take)


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise BenchError(f"unknown key '{name}' in suite '{where}'{suggest(name, known)} (expected {', '.join(sorted(known))})")


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
    return float(found)


def _with_options(job: Job, values: Mapping[str, float], take: Mapping[str, str]) -> Job:
    for option in values:
        if option not in job.spec.config:
            raise BenchError(f"'{job.spec.method}' has no option '{option}' to take a value for{suggest(option, job.spec.config)}")
    config = {**job.spec.config, **values}
    return replace(job, spec=replace(job.spec, config=config, taken=dict(take)), method=replace(job.method, options=config))

"""Suites: grids that belong together, in stages, as TOML files say them. Standard library only.

A suite is a TOML file: a ``summary`` and a list of ``[[stage]]`` tables with the fields of :class:`~benchmark.protocol.suite.Grid`, and ``take``,
which says for an option where its number comes from: ``{ gamma = "vae: discovery.extra.gamma" }`` is the number in the record of the same dataset,
latent size, seed and budget of ``vae``. It is resolved run by run and enters the Config, so the key of a run tells its real value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["Grid", "Stage", "Suite", "read_suite", "suites"]


@dataclass(frozen=True)
class Grid:
    """What to run, as it was asked for. ``latent_dims`` empty: the dataset's own; ``steps`` and ``batch_size`` override the budget."""

    methods: Sequence[str]
    datasets: Sequence[str]
    latent_dims: Sequence[int] = ()
    seeds: int = 1
    budget: str = "quick"
    steps: int | None = None
    batch_size: int | None = None


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


def suites() -> list[Suite]:
    """Return the suites that come with the package, by name."""
    files = sorted(resources.files("benchmark").joinpath("data", "suites").iterdir(), key=lambda file: file.name)
    return [_parse(Path(file.name).stem, file.read_text(encoding="utf-8"), file.name) for file in files if file.name.endswith(".toml")]


def read_suite(name: str) -> Suite:
    """Return the suite called ``name``, or the one in the file ``name`` where that ends in ``.toml``."""
    if name.endswith(".toml"):
        try:
            return _parse(Path(name).stem, Path(name).read_text(encoding="utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise BenchError(f"cannot read suite '{name}': {error}") from None
    known = {suite.name: suite for suite in suites()}
    if name not in known:
        raise BenchError(f"unknown suite '{name}'{suggest(name, known)} (see `bench list suites`, or give a file FILE.toml)")
    return known[name]


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
        _check(name, value, file)
    missing = sorted({"methods", "datasets"} - set(table))
    if missing:
        raise BenchError(f"a [[stage]] of suite '{file}' has no '{missing[0]}'; give a list")
    take = table.pop("take", {})
    for option, source in take.items():
        if not isinstance(source, str) or ":" not in source:
            raise BenchError(f"take.{option} in suite '{file}' is {source!r}; expected 'METHOD: path.in.its.record'")
    return Stage(Grid(**table), take)


def _check(name: str, value: Any, file: str) -> None:
    """Whole numbers are at least 1, names are text."""
    texts, numbers = ("methods", "datasets"), ("seeds", "steps", "batch_size", "latent_dims")
    for each in value if isinstance(value, list) else [value]:
        if name in texts and not isinstance(each, str):
            raise BenchError(f"'{name}' in suite '{file}' holds {each!r}; expected names in quotes")
        if name in numbers and (type(each) is not int or each < 1):
            raise BenchError(f"'{name}' in suite '{file}' is {each!r}; expected a whole number from 1")


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise BenchError(f"unknown key '{name}' in suite '{where}'{suggest(name, known)} (expected {', '.join(sorted(known))})")

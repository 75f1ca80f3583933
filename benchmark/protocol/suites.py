"""Suites: grids that belong together, in stages, as TOML files say them. Standard library only.

A suite is a TOML file: a ``summary`` and a list of ``[[stage]]`` tables with the fields of :class:`~benchmark.protocol.suite.Grid`, and ``take``,
which says for an option where its number comes from: ``{ gamma = "vae: discovery.extra.gamma" }`` is the number in the record of the same dataset,
latent size, seed and budget of ``vae``. It is resolved run by run and enters the Config, so the key of a run tells its real value.
``sweep = { beta = [0.1, 0.4] }`` runs every method with every combination of these options. A stage may name ``studies`` instead of methods.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, Literal

from benchmark.options import parse_reference, suggest
from benchmark.spec import BenchError

__all__ = ["Grid", "Stage", "Suite", "read_suite", "suites"]


@dataclass(frozen=True)
class Grid:
    """What to run, as it was asked for. ``latent_dims`` empty: the dataset's own; ``steps`` and ``batch_size`` override the budget.

    ``room``: where ``methods`` are looked up; in ``studies`` no datasets means that they draw their own data.
    """

    methods: Sequence[str]
    datasets: Sequence[str]
    latent_dims: Sequence[int] = ()
    seeds: int = 1
    budget: str = "quick"
    steps: int | None = None
    batch_size: int | None = None
    room: Literal["methods", "studies"] = "methods"


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
    kinds = {"methods": list, "studies": list, "datasets": list, "latent_dims": list}
    kinds |= {"seeds": int, "budget": str, "steps": int, "batch_size": int, "take": dict, "sweep": dict}
    _only(table, set(kinds), f"{file}, [[stage]]")
    for name, value in table.items():
        if not isinstance(value, kinds[name]):
            raise BenchError(f"'{name}' in suite '{file}' is {value!r}; expected a {kinds[name].__name__}")
        _check(name, value, file)
    room = "studies" if "studies" in table else "methods"
    missing = [name for name in ("datasets", "methods") if name not in table]
    if missing and room == "methods":
        raise BenchError(f"a [[stage]] of suite '{file}' has no '{missing[0]}'; give a list")
    if room == "studies" and "methods" in table:
        raise BenchError(f"a [[stage]] of suite '{file}' has both 'methods' and 'studies'; make two stages of it")
    names = _swept(table.pop(room), table.pop("sweep", {}), file)
    table.setdefault("datasets", [])
    take = table.pop("take", {})
    for option, source in take.items():
        if not isinstance(source, str) or ":" not in source:
            raise BenchError(f"take.{option} in suite '{file}' is {source!r}; expected 'METHOD: path.in.its.record'")
    return Stage(Grid(methods=names, room=room, **table), take)


def _swept(names: Sequence[str], sweep: Mapping[str, Any], file: str) -> list[str]:
    """Return every name with every combination of the swept options, the last option fastest."""
    for option, values in sweep.items():
        if not isinstance(values, list) or not all(isinstance(value, (str, int, float)) for value in values):
            raise BenchError(f"sweep.{option} in suite '{file}' is {values!r}; expected a list of numbers, words, true or false")
    found = []
    for name, values in product(names, product(*sweep.values())):
        reference, given = parse_reference(name)
        given |= {option: str(value) for option, value in zip(sweep, values, strict=True)}
        found.append(f"{reference}[{','.join(f'{option}={value}' for option, value in given.items())}]" if given else name)
    return found


def _check(name: str, value: Any, file: str) -> None:
    """Whole numbers are at least 1, names are text."""
    texts, numbers = ("methods", "studies", "datasets"), ("seeds", "steps", "batch_size", "latent_dims")
    for each in value if isinstance(value, list) else [value]:
        if name in texts and not isinstance(each, str):
            raise BenchError(f"'{name}' in suite '{file}' holds {each!r}; expected names in quotes")
        if name in numbers and (type(each) is not int or each < 1):
            raise BenchError(f"'{name}' in suite '{file}' is {each!r}; expected a whole number from 1")


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise BenchError(f"unknown key '{name}' in suite '{where}'{suggest(name, known)} (expected {', '.join(sorted(known))})")

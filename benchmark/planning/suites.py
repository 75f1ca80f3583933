"""Suites: grids that belong together, in stages, as TOML files say them. Standard library only.

A suite is a TOML file. At its top stand texts: ``summary``, ``source`` (paper, table or figure),
``notes`` (what the source leaves open and what was chosen), and lists of names: the ``tables``,
``figures`` and ``claims`` it feeds. Below stands a list of ``[[stage]]`` tables with the fields of
:class:`Grid`, and besides these

* ``sweep = { beta = [0.1, 0.4] }`` runs every method with every combination of these options;
* ``studies`` names studies in the place of ``methods``;
* ``take`` says for an option where its number comes from: ``{ gamma = "vae: discovery.extra.gamma"
  }`` is the number in the record of the same dataset, latent size, seed and budget of ``vae``. It
  is resolved run by run and enters the Config, so the key of a run tells its real value;
* ``schedule = { paper = { epochs = 100, batch_size = 64 } }`` says what a budget means in this
  stage: where the suite's source trains otherwise than the paper of a method, or where a study
  needs more than the steps of a budget.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, Literal

from benchmark.budgets import BUDGETS
from benchmark.options import parse_reference, suggest
from benchmark.spec import BenchError

__all__ = ["Grid", "Stage", "Suite", "narrowed", "read_suite", "scaled", "suites"]

TEXTS = ("summary", "source", "notes")
LISTS = ("tables", "figures", "claims")
LARGEST = 1_000_000_000
"""Of the whole numbers in a suite."""


@dataclass(frozen=True)
class Grid:
    """What to run, as it was asked for. ``latent_dims`` empty: the dataset's own; ``steps`` and
    ``batch_size`` override the budget.

    ``room``: where ``methods`` are looked up; in ``studies`` no datasets means that they draw their
    own data. ``schedule``: by the name of a budget, the ``epochs`` or ``steps`` and the
    ``batch_size`` it stands for here, in the place of those of the budget and of the method.
    """

    methods: Sequence[str]
    datasets: Sequence[str]
    latent_dims: Sequence[int] = ()
    seeds: int = 1
    budget: str = "quick"
    steps: int | None = None
    batch_size: int | None = None
    room: Literal["methods", "studies"] = "methods"
    schedule: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A grid, and where the values of its open options come from: option -> ``method:
    path.in.its.record``."""

    grid: Grid
    take: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """A named list of stages, where it comes from, and the names of the tables, figures and claims
    that are made of its records."""

    name: str
    summary: str
    stages: tuple[Stage, ...]
    source: str = ""
    notes: str = ""
    tables: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


def scaled(suite: Suite, **changes: Any) -> Suite:
    """Return ``suite`` with ``budget``, ``seeds``, ``steps`` or ``batch_size`` of every stage
    replaced; another budget drops their ``steps``."""
    changes = {"steps": None, **changes} if "budget" in changes else changes
    return replace(
        suite,
        stages=tuple(replace(stage, grid=replace(stage.grid, **changes)) for stage in suite.stages),
    )


def narrowed(
    suite: Suite,
    methods: Sequence[str] = (),
    datasets: Sequence[str] = (),
    latent_dims: Sequence[int] = (),
) -> Suite:
    """Return ``suite`` on these methods, datasets and latent sizes in the place of its own; empty
    leaves its own. With datasets it has one stage."""
    replacements = {"methods": methods, "datasets": datasets, "latent_dims": latent_dims}
    changes: dict[str, Any] = {name: value for name, value in replacements.items() if value}
    stages = suite.stages[:1] if datasets else suite.stages
    return replace(
        suite,
        stages=tuple(replace(stage, grid=replace(stage.grid, **changes)) for stage in stages),
    )


def suites() -> list[Suite]:
    """Return the suites that come with the package, by name."""
    files = sorted(
        resources.files("benchmark").joinpath("data", "suites").iterdir(),
        key=lambda file: Path(file.name).stem,
    )
    return [
        _parse(Path(file.name).stem, file.read_text(encoding="utf-8"), file.name)
        for file in files
        if file.name.endswith(".toml")
    ]


def read_suite(name: str) -> Suite:
    """Return the suite called ``name``, or the one in the file ``name`` where that ends in
    ``.toml``."""
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise BenchError(f"cannot read suite '{name}': {error}") from None
        return _parse(Path(name).stem, text, name)
    packaged = {suite.name: suite for suite in suites()}
    if name not in packaged:
        raise BenchError(
            f"unknown suite '{name}'{suggest(name, packaged)} (see `bench list suites`, "
            "or give a file FILE.toml)"
        )
    return packaged[name]


def _parse(name: str, text: str, file: str) -> Suite:
    try:
        document = tomllib.loads(text)
    except (ValueError, OverflowError) as error:
        raise BenchError(f"suite '{file}' is not TOML: {error}") from None
    except RecursionError:
        raise BenchError(f"suite '{file}' is not readable: its values lie too deep") from None
    _only(document, {*TEXTS, *LISTS, "stage"}, file)
    stages = document.pop("stage", None)
    if (
        not isinstance(stages, list)
        or not stages
        or not all(isinstance(table, dict) for table in stages)
    ):
        raise BenchError(
            f"suite '{file}' has no [[stage]]; `bench show gamma` names a file that is an example"
        )
    for key, value in document.items():
        if not (
            isinstance(value, str)
            if key in TEXTS
            else isinstance(value, list) and all(isinstance(item, str) for item in value)
        ):
            raise BenchError(
                f"'{key}' in suite '{file}' is {value!r}; expected "
                f"{'text' if key in TEXTS else 'a list of names in quotes'}"
            )
    keywords: dict[str, Any] = {
        key: " ".join(value.split()) if key in TEXTS else tuple(value)
        for key, value in document.items()
    }
    summary = keywords.pop("summary", "")
    return Suite(name, summary, tuple(_stage(table, file) for table in stages), **keywords)


_KINDS: dict[str, type] = {
    **dict.fromkeys(("methods", "studies", "datasets", "latent_dims"), list),
    **dict.fromkeys(("seeds", "steps", "batch_size"), int),
    **dict.fromkeys(("take", "sweep", "schedule"), dict),
    "budget": str,
}
"""What the values in a stage are."""

_WORDS: dict[type, str] = {
    list: "a list",
    int: "a whole number",
    str: "text in quotes",
    dict: "a table, as { name = value }",
}


def _stage(table: dict[str, Any], file: str) -> Stage:
    _only(table, set(_KINDS), f"{file}, [[stage]]")
    _check_schedule(table.get("schedule", {}), file)
    for name, value in table.items():
        if not isinstance(value, _KINDS[name]):
            raise BenchError(
                f"'{name}' in suite '{file}' is {value!r}; expected {_WORDS[_KINDS[name]]}"
            )
        _check(name, value, file)
    room = _room(table, file)
    names = _swept(table.pop(room), table.pop("sweep", {}), file)
    table.setdefault("datasets", [])
    take = table.pop("take", {})
    for option, source in take.items():
        if not isinstance(source, str) or ":" not in source:
            raise BenchError(
                f"take.{option} in suite '{file}' is {source!r}; expected 'METHOD: "
                "path.in.its.record'"
            )
    return Stage(Grid(methods=names, room=room, **table), take)


def _room(table: Mapping[str, Any], file: str) -> Literal["methods", "studies"]:
    """Return whether a stage runs methods or studies; ``BenchError`` where it is not one of the
    two, or methods have no data."""
    if "studies" not in table:
        for name in ("datasets", "methods"):
            if name not in table:
                raise BenchError(f"a [[stage]] of suite '{file}' has no '{name}'; give a list")
        return "methods"
    if "methods" in table:
        raise BenchError(
            f"a [[stage]] of suite '{file}' has both 'methods' and 'studies'; make two stages of it"
        )
    return "studies"


def _swept(names: Sequence[str], sweep: Mapping[str, Any], file: str) -> list[str]:
    """Return every name with every combination of the swept options, the last option fastest."""
    for option, values in sweep.items():
        if not isinstance(values, list) or not all(
            isinstance(value, (str, int, float)) for value in values
        ):
            raise BenchError(
                f"sweep.{option} in suite '{file}' is {values!r}; expected a list of numbers, "
                "words, true or false"
            )
    expanded = []
    for name, values in product(names, product(*sweep.values())):
        reference, options = parse_reference(name)
        options |= {option: str(value) for option, value in zip(sweep, values, strict=True)}
        expanded.append(
            f"{reference}[{','.join(f'{option}={value}' for option, value in options.items())}]"
            if options
            else name
        )
    return expanded


def _check(name: str, value: Any, file: str) -> None:
    """Whole numbers are at least 1, names are text."""
    texts, numbers = (
        ("methods", "studies", "datasets"),
        ("seeds", "steps", "batch_size", "latent_dims"),
    )
    for item in value if isinstance(value, list) else [value]:
        if name in texts and not isinstance(item, str):
            raise BenchError(f"'{name}' in suite '{file}' holds {item!r}; expected names in quotes")
        if name in numbers and (type(item) is not int or not 1 <= item <= LARGEST):
            raise BenchError(
                f"'{name}' in suite '{file}' is {item!r:.60}; expected a whole number from 1 to "
                f"{LARGEST:,}"
            )


def _check_schedule(schedule: Any, file: str) -> None:
    """By the names of budgets, tables of ``epochs`` or ``steps`` and perhaps ``batch_size``."""
    if not isinstance(schedule, dict):
        raise BenchError(
            f"'schedule' in suite '{file}' is {schedule!r}; expected {{ paper = {{ epochs = 100, "
            "batch_size = 64 } }"
        )
    _only(schedule, set(BUDGETS), f"{file}, schedule")
    for budget, plan in schedule.items():
        where = f"schedule.{budget} in suite '{file}'"
        if not isinstance(plan, dict) or ("epochs" in plan) == ("steps" in plan):
            raise BenchError(
                f"{where} is {plan!r}; expected 'epochs' or 'steps', and perhaps 'batch_size'"
            )
        _only(plan, {"epochs", "steps", "batch_size"}, f"{file}, schedule.{budget}")
        for name, value in plan.items():
            if type(value) is not int or not 1 <= value <= LARGEST:
                raise BenchError(
                    f"'{name}' of {where} is {value!r:.60}; expected a whole number from 1 to "
                    f"{LARGEST:,}"
                )


def _only(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    for name in table:
        if name not in allowed:
            raise BenchError(
                f"unknown key '{name}' in suite '{where}'{suggest(name, allowed)} (expected "
                f"{', '.join(sorted(allowed))})"
            )

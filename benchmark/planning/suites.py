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

A ``[[stage]]`` with ``suite = "NAME"`` stands for the stages of that suite, and for nothing else
of it; ``seeds``, ``budget``, ``steps`` and ``batch_size`` scale them, ``datasets`` keeps these of
its datasets alone. What follows in the file begins when those runs have ended.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any, Literal

from benchmark.options import parse_reference, suggest
from benchmark.planning.suite_checks import allow_only, check_grid
from benchmark.spec import BenchError

__all__ = ["Grid", "Stage", "Suite", "narrowed", "read_suite", "scaled", "suites"]

TEXTS = ("summary", "source", "notes")
LISTS = ("tables", "figures", "claims")
SCALES = ("seeds", "budget", "steps", "batch_size")


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
    path.in.its.record``. ``part``: the suite it stands in where the file names that one, with those
    between them, as ``outer/inner``."""

    grid: Grid
    take: Mapping[str, str] = field(default_factory=dict)
    part: str = ""


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
    return [_packaged(name) for name in _names()]


def _names() -> list[str]:
    """Return the names of the suites that come with the package, in their order."""
    folder = resources.files("benchmark").joinpath("data", "suites")
    files = (file.name for file in folder.iterdir())
    return sorted(name.removesuffix(".toml") for name in files if name.endswith(".toml"))


def _packaged(name: str, within: Sequence[str] = ()) -> Suite:
    """Return the suite of the package called ``name``; ``within`` are the suites of which it is
    a part."""
    folder = resources.files("benchmark").joinpath("data", "suites")
    text = folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _parse(name, text, f"{name}.toml", (*within, name))


def read_suite(name: str) -> Suite:
    """Return the suite called ``name``, or the one in the file ``name`` where that ends in
    ``.toml``."""
    if name.endswith(".toml"):
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise BenchError(f"cannot read suite '{name}': {error}") from None
        return _parse(Path(name).stem, text, name)
    names = _names()
    if name not in names:
        raise BenchError(
            f"unknown suite '{name}'{suggest(name, names)} (see `bench list suites`, "
            "or give a file FILE.toml)"
        )
    return _packaged(name)


def _parse(name: str, text: str, file: str, within: Sequence[str] = ()) -> Suite:
    try:
        document = tomllib.loads(text)
    except (ValueError, OverflowError) as error:
        raise BenchError(f"suite '{file}' is not TOML: {error}") from None
    except RecursionError:
        raise BenchError(f"suite '{file}' is not readable: its values lie too deep") from None
    allow_only(document, {*TEXTS, *LISTS, "stage"}, file)
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
    parsed = (stage for table in stages for stage in _stages(table, file, within))
    return Suite(name, summary, tuple(parsed), **keywords)


def _stages(table: dict[str, Any], file: str, within: Sequence[str]) -> list[Stage]:
    """Return what one ``[[stage]]`` stands for: itself, or the stages of the suite it names."""
    check_grid(table, file)
    return _included(table, file, within) if "suite" in table else [_stage(table, file)]


def _included(table: Mapping[str, Any], file: str, within: Sequence[str]) -> list[Stage]:
    """Return the stages of the suite that ``table`` names, scaled, on the datasets it names."""
    name = table["suite"]
    allow_only(table, ("suite", "datasets", *SCALES), f"{file}, [[stage]] of suite '{name}'")
    if name in within:
        raise BenchError(f"suite '{file}' is a part of itself: it names '{name}'; leave that out")
    names = _names()
    if name not in names:
        raise BenchError(
            f"a [[stage]] of suite '{file}' names the suite '{name}'{suggest(name, names)}; name "
            "one of the package (see `bench list suites`)"
        )
    changes = {key: table[key] for key in SCALES if key in table}
    scaled_suite = scaled(_packaged(name, within), **changes)
    kept = [_kept(stage, table.get("datasets")) for stage in scaled_suite.stages]
    parts = [stage for stage in kept if stage is not None]
    if not parts:
        raise BenchError(
            f"a [[stage]] of suite '{file}' leaves nothing of the suite '{name}'; name some of its "
            "datasets in 'datasets', or leave that out"
        )
    return [replace(stage, part="/".join(filter(None, (name, stage.part)))) for stage in parts]


def _kept(stage: Stage, datasets: Sequence[str] | None) -> Stage | None:
    """Return ``stage`` on those of its datasets that are among ``datasets``, on all of them where
    that is None; None where nothing is left."""
    if datasets is None:
        return stage
    own = [name for name in stage.grid.datasets if name in datasets]
    return replace(stage, grid=replace(stage.grid, datasets=own)) if own else None


def _stage(table: dict[str, Any], file: str) -> Stage:
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

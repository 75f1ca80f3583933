"""Choosing records by method, dataset, budget and latent size. A choice that matches nothing says
what there is instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.names import base_name, budget_rank, label, rank
from benchmark.options import parse_reference, split_list
from benchmark.spec import BenchError, Record

__all__ = [
    "Filters",
    "filters_of",
    "latent_sizes",
    "matches",
    "select",
]

_SHOWN = 20
"""Names an error lists before it stops."""


@dataclass(frozen=True)
class Filters:
    """What to take: names, each with or without options (``vae``, ``vae[sigma=fixed]``), budgets,
    latent sizes; empty takes everything."""

    methods: Sequence[str] = ()
    datasets: Sequence[str] = ()
    budgets: Sequence[str] = ()
    latent_dims: Sequence[int] = ()


def filters_of(texts: Mapping[str, Iterable[str]]) -> Filters:
    """Return the filters that options of the command line ask for, comma-separated ``texts`` by
    the field they fill.

    >>> filters_of({"methods": ["vae,pca"], "latent_dims": ["4,8"]}).latent_dims
    [4, 8]
    """
    names = {kind: split_list(items) for kind, items in texts.items()}
    sizes = latent_sizes(names.pop("latent_dims", []))
    return Filters(**names, latent_dims=sizes)


def _same(value: Any, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == float(value)
        except ValueError:
            return False
    return str(value).lower() == text.lower()


def _name_of_file(reference: str) -> str:
    """Return what the spec of a run made with a file of yours says: ``my-vae`` for ``./my_vae.py``,
    ``npz:data`` for ``npz:/tmp/data.npz``."""
    room, colon, path = reference.rpartition(":")
    stem = Path(path).stem
    return f"{room}:{stem}" if colon else re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")


def matches(wanted: str, name: str, options: Mapping[str, Any]) -> bool:
    """Return whether ``wanted`` stands for ``name`` with ``options``: a bare name takes every
    variant, options in brackets narrow it.

    >>> matches("vae", "vae", {"gamma": 0.5}), matches("vae[gamma=.5]", "vae", {"gamma": 0.5})
    (True, True)
    >>> matches("vae[gamma=1]", "vae", {"gamma": 0.5})
    False
    """
    if wanted in (name, base_name(name)):
        return True
    reference, asked = parse_reference(wanted)
    if reference.endswith(".py") or ":" in reference:
        reference = _name_of_file(reference)
    return reference in (name, base_name(name)) and all(
        key in options and _same(options[key], text) for key, text in asked.items()
    )


def _listed(names: Iterable[str]) -> str:
    labels = list(names)
    return ", ".join(labels[:_SHOWN]) + (
        f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    )


def _tests(
    filters: Filters,
) -> Mapping[str, tuple[Sequence[Any], Callable[[Any, Mapping[str, Any]], bool]]]:
    return {
        "method": (
            filters.methods,
            lambda name, spec: matches(name, spec["method"], spec["config"]),
        ),
        "dataset": (
            filters.datasets,
            lambda name, spec: matches(name, spec["dataset"], spec["options"]),
        ),
        "budget": (filters.budgets, lambda name, spec: name == spec["budget"]),
        "latent size": (filters.latent_dims, lambda name, spec: name == spec["latent_dim"]),
    }


def _names_of(records: Sequence[Record], kind: str) -> list[str]:
    """Return the methods, datasets, budgets or latent sizes that ``records`` have, in order."""
    specs = [record.spec for record in records]
    if kind == "method":
        return sorted(
            {
                label("methods", record.spec["method"], record.spec["config"], record.given)
                for record in records
            },
            key=lambda text: rank("methods", text),
        )
    if kind == "dataset":
        return sorted(
            {label("datasets", spec["dataset"], spec["options"]) for spec in specs},
            key=lambda text: rank("datasets", text),
        )
    if kind == "budget":
        return sorted({spec["budget"] for spec in specs}, key=budget_rank)
    return [str(size) for size in sorted({spec["latent_dim"] for spec in specs})]


def latent_sizes(texts: Iterable[str]) -> list[int]:
    """Return the latent sizes that ``--latent-dims`` names."""
    sizes = list(texts)
    for text in sizes:
        if not text.isdecimal() or int(text) < 1:
            raise BenchError(
                f"--latent-dims holds '{text}'; expected whole numbers from 1, "
                "as in --latent-dims 16,32"
            )
    return [int(text) for text in sizes]


def select(
    records: Iterable[Record],
    filters: Filters,
    where: str,
    *,
    studies: bool = False,
    study: str | None = None,
) -> list[Record]:
    """Return the training runs, with ``studies`` theirs too, among ``records`` that ``filters``
    take, in their order; with ``study`` the runs of that study alone.

    :class:`BenchError` where one name alone, or all filters together, match nothing; ``where`` is
    the folder it names.
    """
    runs = [
        record
        for record in records
        if (record.spec["kind"] == (study or "train")) or (studies and not study)
    ]
    if not runs and study:
        raise BenchError(
            f"there are no runs of the study '{study}' in '{where}'; "
            f"make them with `bench run --suite {study}`, or name --results"
        )
    if not runs:
        raise BenchError(f"there are no runs in '{where}'; {_elsewhere(Path(where))}")
    chosen = _taken(runs, filters, where)
    if not chosen:
        names = "; ".join(f"{kind}s {_listed(_names_of(runs, kind))}" for kind in _tests(filters))
        raise BenchError(
            f"no run in '{where}' has all of what was asked for together; there are {names}; "
            "ask for less, or make them with `bench run`"
        )
    return chosen


def _taken(runs: list[Record], filters: Filters, where: str) -> list[Record]:
    """Return those of ``runs`` that every filter takes; :class:`BenchError` where a name of one
    filter matches none of them."""
    chosen = runs
    for kind, (wanted, test) in _tests(filters).items():
        for name in wanted:
            if not any(test(name, record.spec) for record in runs):
                raise BenchError(
                    f"no run in '{where}' has the {kind} '{name}'; "
                    f"there are {_listed(_names_of(runs, kind))} (`bench run` makes more)"
                )
        if wanted:
            chosen = [
                record for record in chosen if any(test(name, record.spec) for name in wanted)
            ]
    return chosen


def _elsewhere(results: Path) -> str:
    """Return what to do about a results folder without runs: they may lie one level deeper."""
    deeper = sorted({path.parents[1] for path in results.glob("*/*/record.json")})
    if deeper:
        return f"they lie one level deeper: --results {deeper[0]}" + (
            f" (or {', '.join(map(str, deeper[1:3]))})" if len(deeper) > 1 else ""
        )
    return "run `bench run` first, or name another folder with --results"

"""What runs, methods, datasets and metrics are called, and the order in which they stand."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from benchmark import registry
from benchmark.budgets import BUDGETS
from benchmark.options import parse_reference
from benchmark.spec import BenchError, digest

__all__ = [
    "REFERENCE_ROWS",
    "base_name",
    "base_of",
    "budget_rank",
    "cell_of",
    "is_reference",
    "label",
    "labels",
    "metric_of",
    "rank",
]

_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)")
"""A number in a label, as options are written."""

REFERENCE_ROWS: Mapping[str, str] = {
    "-mean-image": "mean image",
    "-floor": "real data (floor)",
}
"""Ends of the names of metrics that say nothing of a method but of its data, in the order of their
rows, and what the rows are called: ``fd-cnn-floor`` stands in the column of ``fd-cnn``."""


@cache
def _defaults(room: registry.Room, name: str) -> Mapping[str, Any]:
    try:
        entry = registry.find(room, name.partition(":")[0])
    except BenchError:
        return {}
    fields = entry.source.fields(registry.OPTIONS_CLASS[room])
    return {**{option.name: option.default for option in fields}, **entry.preset}


def label(
    room: registry.Room,
    name: str,
    options: Mapping[str, Any],
    given_options: Collection[str] | None = None,
) -> str:
    """Return ``name[option=value,...]`` with the options that differ from their defaults: what one
    would type. ``given_options`` names those of a file of yours, whose defaults are not known here;
    without it all of them are written."""
    defaults = _defaults(room, name)
    changed = [
        f"{key}={value}"
        for key, value in sorted(options.items())
        if (
            defaults[key] != value
            if key in defaults
            else given_options is None or key in given_options
        )
    ]
    return f"{name}[{','.join(changed)}]" if changed else name


def labels(
    spec: Mapping[str, Any], given_options: Collection[str] | None = None
) -> tuple[str, str]:
    """Return the labels of a spec's method, or study, and dataset; the values taken from earlier
    runs are ``*``. ``given_options`` as in :func:`label`, of the method."""
    config = {**spec["config"], **dict.fromkeys(spec.get("taken", {}), "*")}
    room: registry.Room = "methods" if spec.get("kind", "train") == "train" else "studies"
    return label(room, spec["method"], config, given_options), label(
        "datasets", spec["dataset"], spec["options"]
    )


def cell_of(spec: Mapping[str, Any]) -> str:
    """Return the name, 12 hex digits, of everything in a spec but the seed and the values taken
    from earlier runs: equal for replicates."""
    config = {**spec["config"], **dict.fromkeys(spec.get("taken", {}), "*")}
    return digest(
        {**{name: value for name, value in spec.items() if name != "seed"}, "config": config}
    )[:12]


def base_name(text: str) -> str:
    """Return the registered name in a label: ``npz`` of ``npz:data``, ``vae`` of
    ``vae[sigma=fixed]`` and of ``vae (50 steps)``."""
    return text.partition(" (")[0].partition("[")[0].partition(":")[0]


@cache
def _ranks(room: registry.Room) -> Mapping[str, int]:
    return {entry.name: index for index, entry in enumerate(registry.entries(room))}


def rank(room: registry.Room, text: str) -> tuple[int, tuple[tuple[str, float], ...]]:
    """Return the sort key of a label: its place in the registry, those that are not registered
    last, then the label, whose numbers count as numbers.

    >>> labels = ["mi-vae[mi_weight=0.01]", "mi-vae[mi_weight=10.0]", "mi-vae[mi_weight=0.0]"]
    >>> sorted(labels, key=lambda text: rank("methods", text))
    ['mi-vae[mi_weight=0.0]', 'mi-vae[mi_weight=0.01]', 'mi-vae[mi_weight=10.0]']
    """
    ranks = _ranks(room)
    words, numbers = _NUMBER.split(text)[::2], _NUMBER.findall(text)
    parts = zip(words, [*map(float, numbers), -1.0], strict=True)
    return ranks.get(base_name(text), len(ranks)), tuple(parts)


def budget_rank(budget: str) -> tuple[int, str]:
    """Return the sort key of a budget: from the shortest to the longest, unknown ones last."""
    names = list(BUDGETS)
    return (names.index(budget) if budget in names else len(names)), budget


@cache
def metric_of(identifier: str) -> str:
    """Return the metric a measurement's id is of: ``fd-raw`` of ``fd-raw[n=1024]``."""
    return parse_reference(identifier)[0]


def is_reference(metric: str) -> bool:
    """Whether ``metric`` is a reference for another: ``fd-cnn-floor`` for ``fd-cnn``."""
    return metric.endswith(tuple(REFERENCE_ROWS))


def base_of(identifier: str) -> str:
    """Return the metric, or measurement id, for which ``identifier`` is a reference; others as they
    are.

    >>> base_of("fid-floor[n=360]"), base_of("mse-mean-image"), base_of("fid")
    ('fid[n=360]', 'mse', 'fid')
    """
    name, bracket, options = identifier.partition("[")
    for end in REFERENCE_ROWS:
        name = name.removesuffix(end)
    return name + bracket + options

"""What may stand in the TOML file of a suite: keys, kinds of values, names, numbers, schedules.
Every mistake is a ``BenchError`` that names the file. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmark.budgets import BUDGETS
from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["LARGEST", "allow_only", "check_grid", "check_schedule"]

LARGEST = 1_000_000_000
"""Of the whole numbers in a suite."""

_KINDS: dict[str, type] = {
    **dict.fromkeys(("methods", "studies", "datasets", "latent_dims"), list),
    **dict.fromkeys(("seeds", "steps", "batch_size"), int),
    **dict.fromkeys(("take", "sweep", "schedule"), dict),
    **dict.fromkeys(("budget", "suite"), str),
}
"""What the values in a stage are."""

_WORDS: dict[type, str] = {
    list: "a list",
    int: "a whole number",
    str: "text in quotes",
    dict: "a table, as { name = value }",
}


def check_grid(table: Mapping[str, Any], file: str) -> None:
    """Check the keys of a ``[[stage]]``, and of what kind their values are."""
    allow_only(table, _KINDS, f"{file}, [[stage]]")
    check_schedule(table.get("schedule", {}), file)
    for name, value in table.items():
        if not isinstance(value, _KINDS[name]):
            raise BenchError(
                f"'{name}' in suite '{file}' is {value!r}; expected {_WORDS[_KINDS[name]]}"
            )
        _check_items(name, value, file)


def _check_items(name: str, value: Any, file: str) -> None:
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


def check_schedule(schedule: Any, file: str) -> None:
    """By the names of budgets, tables of ``epochs`` or ``steps`` and perhaps ``batch_size``."""
    if not isinstance(schedule, dict):
        raise BenchError(
            f"'schedule' in suite '{file}' is {schedule!r}; expected {{ paper = {{ epochs = 100, "
            "batch_size = 64 } }"
        )
    allow_only(schedule, BUDGETS, f"{file}, schedule")
    for budget, plan in schedule.items():
        where = f"schedule.{budget} in suite '{file}'"
        if not isinstance(plan, dict) or ("epochs" in plan) == ("steps" in plan):
            raise BenchError(
                f"{where} is {plan!r}; expected 'epochs' or 'steps', and perhaps 'batch_size'"
            )
        allow_only(plan, ("epochs", "steps", "batch_size"), f"{file}, schedule.{budget}")
        for name, value in plan.items():
            if type(value) is not int or not 1 <= value <= LARGEST:
                raise BenchError(
                    f"'{name}' of {where} is {value!r:.60}; expected a whole number from 1 to "
                    f"{LARGEST:,}"
                )


def allow_only(table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
    """Refuse every key of ``table`` that is not ``allowed``, with the one it is like."""
    names = set(allowed)
    for name in table:
        if name not in names:
            raise BenchError(
                f"unknown key '{name}' in suite '{where}'{suggest(name, names)} (expected "
                f"{', '.join(sorted(names))})"
            )

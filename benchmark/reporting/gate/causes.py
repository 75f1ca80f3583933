"""What is not as it was when the baseline was written: options, data, schedule, code, machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark import registry
from benchmark.machine import machine_class
from benchmark.reporting.gate.baseline_file import Baseline, BaselineCell
from benchmark.spec import BenchError, Record

__all__ = ["causes_of"]


def causes_of(cell: BaselineCell, runs: Sequence[Record], baseline: Baseline) -> tuple[str, ...]:
    """Return what differs between the runs of ``cell`` and ``runs`` of today, a line each."""
    record = runs[0]
    changes = _spec_changes(cell.spec, record.spec)
    if record.code != cell.code:
        changes.append(
            f"code of {record.spec['method']} ({_file(record.spec['method'])} or what it imports) "
            f"{cell.code} -> {record.code}"
        )
    before = baseline.machines[cell.runs[str(record.spec["seed"])].machine]
    after = machine_class(record.environment)
    changes += [
        f"{name} {before[name]} -> {after[name]}"
        for name in before
        if name in after and before[name] != after[name]
    ]
    return tuple(changes)


def _spec_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between two specs; options that stayed open are not compared."""
    changes = []
    for name, before in old.items():
        after = new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            open_options = new.get("taken", {}) if name == "config" else {}
            changes += [
                f"{option} {before.get(option)} -> {after.get(option)}"
                for option in sorted(before.keys() | after.keys())
                if option not in open_options and before.get(option) != after.get(option)
            ]
        elif before != after:
            changes.append(f"{name} {_short(before)} -> {_short(after)}")
    return changes


def _file(method: str) -> str:
    """The source file of a method as the project's tree names it."""
    try:
        path = registry.find("methods", method).path
    except BenchError:
        return "a file of yours"
    return f"{path.parent.name}/{path.name}"


def _short(value: Any) -> str:
    return str(value)[:12]

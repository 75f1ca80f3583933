"""A baseline is made of finished runs: which measurements are guarded, and whether each could be
found worse."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from benchmark.identity import outdated, outdated_metrics
from benchmark.machine import machine_class
from benchmark.names import base_name, budget_rank, metric_of, rank
from benchmark.options import parse_reference
from benchmark.reporting.cells.selection import matches
from benchmark.reporting.cells.titles import direction
from benchmark.reporting.gate.baseline_file import (
    Baseline,
    BaselineCell,
    BaselineRun,
    Typed,
    as_typed,
    smallest_effect,
)
from benchmark.reporting.statistics.estimate import Direction
from benchmark.reporting.statistics.worsening import FEWEST, choose
from benchmark.spec import BenchError, Record, digest

__all__ = ["make"]


def make(
    records: Iterable[Record],
    metrics: Sequence[str] = (),
    *,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Baseline:
    """Return the baseline of finished ``records``: every metric that has a better side, or those
    that ``metrics`` names.

    :class:`BenchError` where a run is unfinished or stale, where seeds differ in more than the
    seed, or where a cell could never be found worse.
    """
    groups: dict[Typed, list[Record]] = defaultdict(list)
    for record in records:
        _usable(record)
        groups[as_typed(record.spec)].append(record)
    guarded = [
        (runs, identifier) for runs in groups.values() for identifier in _identifiers(runs, metrics)
    ]
    _all_used(metrics, {identifier for _, identifier in guarded})
    if not guarded:
        raise BenchError(
            "no run measured a metric that has a better side; name others with --metrics"
        )
    level = alpha / len(guarded)
    cells = [_cell(runs, identifier, level, power) for runs, identifier in guarded]
    cells.sort(key=_order)
    machines = {}
    for runs in groups.values():
        for record in runs:
            machine = machine_class(record.environment)
            machines[_name(machine)] = machine
    return Baseline(tuple(cells), machines, alpha, power)


def _order(cell: BaselineCell) -> tuple[Any, ...]:
    return (
        rank("datasets", cell.dataset),
        cell.latent_dim,
        budget_rank(cell.budget),
        rank("methods", cell.method),
        cell.metric,
    )


def _usable(record: Record) -> None:
    if record.status != "done":
        raise BenchError(
            f"run {record.key} ended as '{record.status}'; a baseline is made of finished runs: "
            "`bench run` tries it again"
        )
    stale = outdated(record)
    if stale:
        raise BenchError(
            f"run {record.key}: {stale}; run the same `bench run` again, then write the baseline"
        )


def _name(machine: Mapping[str, Any]) -> str:
    return digest(machine)[:12]


def _identifiers(runs: Sequence[Record], metrics: Sequence[str]) -> list[str]:
    """The measurement ids of ``runs`` to be guarded."""
    measured = sorted({identifier for record in runs for identifier in record.measurements})
    if not metrics:
        return [
            identifier
            for identifier in measured
            if direction(parse_reference(identifier)[0]) != "none"
        ]
    return [
        identifier
        for identifier in measured
        if any(_wanted(wanted, identifier) for wanted in metrics)
    ]


def _wanted(wanted: str, identifier: str) -> bool:
    name, options = parse_reference(identifier)
    return wanted == identifier or matches(wanted, name, options)


def _all_used(metrics: Sequence[str], identifiers: Collection[str]) -> None:
    for wanted in metrics:
        if not any(_wanted(wanted, identifier) for identifier in identifiers):
            raise BenchError(
                f"no run measured '{wanted}'; ask for others with --metrics "
                "(see `bench list metrics`)"
            )


def _cell(runs: Sequence[Record], identifier: str, level: float, power: float) -> BaselineCell:
    """Return the cell of one measurement of ``runs``, which are typed alike; :class:`BenchError`
    where they do not belong together, lack it, or could never be found worse."""
    runs = sorted(runs, key=lambda record: record.spec["seed"])
    kind, method, dataset, size, budget = as_typed(runs[0].spec)
    title = f"{method} on {dataset}, L = {size}, {identifier}"
    _comparable(title, runs, identifier)
    way = direction(metric_of(identifier))
    values = [record.measurements[identifier]["value"] for record in runs]
    unit = runs[0].measurements[identifier]["unit"]
    effect = smallest_effect(values, way, unit, level, power)
    _can_fail(title, way, values, effect)
    spec = {name: value for name, value in runs[0].spec.items() if name != "seed"}
    if "taken" in spec:
        spec["config"] = {**spec["config"], **dict.fromkeys(spec["taken"], "*")}
    return BaselineCell(
        kind,
        method,
        dataset,
        size,
        budget,
        identifier,
        way,
        unit,
        spec,
        runs[0].code,
        statistics.fmean(values),
        statistics.stdev(values),
        choose(values),
        effect,
        {str(record.spec["seed"]): _seed(record, identifier) for record in runs},
    )


def _seed(record: Record, identifier: str) -> BaselineRun:
    machine = _name(machine_class(record.environment))
    return BaselineRun(record.key, machine, record.measurements[identifier]["value"])


def _comparable(title: str, runs: Sequence[Record], identifier: str) -> None:
    """Refuse ``runs`` of several specs or codes, of too few seeds, and those without a fresh
    measurement ``identifier``."""
    seeds = [record.spec["seed"] for record in runs]
    if len({record.code for record in runs}) > 1 or len(set(seeds)) < len(seeds):
        raise BenchError(
            f"{title}: runs of different specs or codes, or copies of one run, have one name; "
            "make the baseline from a folder of its own (--results)"
        )
    lacking = [record.key for record in runs if identifier not in record.measurements]
    if lacking:
        raise BenchError(
            f"{title}: run {lacking[0]} did not measure it; "
            f"`bench evaluate --metrics {base_name(identifier)}` adds it, "
            "or leave it out with --metrics"
        )
    for record in runs:
        if metric_of(identifier) in outdated_metrics(record):
            raise BenchError(
                f"{title}: run {record.key} was measured by other code of the metric than is "
                "installed; run the same `bench run` again, then write the baseline"
            )
    if len(seeds) < FEWEST:
        raise BenchError(
            f"{title}: {len(seeds)} seeds could never be found worse by any test; make at least 3, "
            "better 5, with `bench run --seeds 5`"
        )


def _can_fail(title: str, way: Direction, values: Sequence[float], effect: float | None) -> None:
    """Refuse a cell that has no room to get worse: a count or share that would have to fall below
    zero."""
    mean = statistics.fmean(values)
    if effect is None or (effect and not (way == "max" and min(values) >= 0 and mean - effect < 0)):
        return
    lost = (
        f"a fall by {effect:.3g} from {mean:.3g} would end below zero"
        if effect
        else "its value has neither size nor spread"
    )
    raise BenchError(
        f"{title}: could never be found worse ({lost}, {len(values)} seeds); make more seeds, "
        "a longer budget, or leave it out (--metrics)"
    )

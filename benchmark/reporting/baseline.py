"""A baseline: what runs measured when all was well, seed by seed, and how much worse each cell
would have to get to be seen. One JSON document.

A cell is a method on a dataset at a latent size and budget, as one would type them, and one
measurement. Later runs are matched by what was typed, not by the run key, so that a changed default
is compared and named instead of being a missing run.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark import __version__
from benchmark.identity import metric_of, outdated, outdated_metrics
from benchmark.options import parse_reference
from benchmark.protocol.machine import machine_class
from benchmark.records import label
from benchmark.reporting.metrics import direction
from benchmark.reporting.regression import Test, choose, detectable
from benchmark.reporting.selection import budget_rank, matches, rank
from benchmark.reporting.statistics import Direction
from benchmark.spec import BenchError, Record, digest

__all__ = ["NEGLIGIBLE", "SCHEMA", "Baseline", "Cell", "Place", "Run", "make", "place_of", "read"]

SCHEMA = 1

NEGLIGIBLE = 1e-5
"""Relative change of a mean below which it is rounding: sums of float32 in another order, on
another processor."""

Place = tuple[str, str, str, int, str]
"""Kind, method and dataset as one would type them, latent size, budget."""


@dataclass(frozen=True)
class Run:
    """One seed: the key of its run, the machine class it was made on (a name in the baseline's
    table), and its value."""

    key: str
    machine: str
    value: float


@dataclass(frozen=True)
class Cell:
    """The seeds of one cell. ``effect`` is the smallest worsening that ``test`` finds with the
    stated power, in units of the metric."""

    kind: str
    method: str
    dataset: str
    latent_dim: int
    budget: str
    metric: str
    direction: Direction
    unit: str
    spec: Mapping[str, Any]
    code: str
    mean: float
    spread: float
    test: Test
    effect: float
    runs: Mapping[str, Run]

    @property
    def place(self) -> Place:
        """Where the runs of the cell are found."""
        return self.kind, self.method, self.dataset, self.latent_dim, self.budget

    @property
    def name(self) -> str:
        """The cell in a few words."""
        return f"{self.method} on {self.dataset}, L = {self.latent_dim}, {self.metric}"


@dataclass(frozen=True)
class Baseline:
    """All cells, the chance of any false alarm (``alpha``) and the power that the effects are
    stated at."""

    cells: tuple[Cell, ...]
    machines: Mapping[str, Mapping[str, Any]]
    alpha: float = 0.05
    power: float = 0.8
    lstar_bench: str = __version__
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the document as indented JSON, keys sorted, ending with a newline."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, allow_nan=False) + "\n"

    @property
    def commands(self) -> list[str]:
        """The calls of ``bench run`` that make the runs to compare with."""
        groups: dict[tuple[str, int, int], tuple[list[str], list[str]]] = {}
        for cell in self.cells:
            seeds = 1 + max(map(int, cell.runs))
            methods, datasets = groups.setdefault((cell.budget, cell.latent_dim, seeds), ([], []))
            methods.extend({cell.method} - set(methods))
            datasets.extend({cell.dataset} - set(datasets))
        return [
            f"bench run --methods '{','.join(methods)}' --datasets '{','.join(datasets)}' --latent-dims {size} --seeds {seeds} {_length(budget)}"
            for (budget, size, seeds), (methods, datasets) in groups.items()
        ]


def _length(budget: str) -> str:
    steps = budget.removeprefix("steps-")
    return f"--steps {steps}" if steps != budget else f"--budget {budget}"


def place_of(spec: Mapping[str, Any]) -> Place:
    """Return the place of a run: what one would type to have it made."""
    config = {**spec["config"], **dict.fromkeys(spec.get("taken", {}), "*")}
    method, dataset = (
        label("methods", spec["method"], config),
        label("datasets", spec["dataset"], spec["options"]),
    )
    return spec["kind"], method, dataset, spec["latent_dim"], spec["budget"]


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
    groups: dict[Place, list[Record]] = defaultdict(list)
    for record in records:
        _usable(record)
        groups[place_of(record.spec)].append(record)
    chosen = {place: _identifiers(runs, metrics) for place, runs in groups.items()}
    _all_used(metrics, {identifier for found in chosen.values() for identifier in found})
    count = sum(map(len, chosen.values()))
    if not count:
        raise BenchError(
            "no run measured a metric that has a better side; name others with --metrics"
        )
    cells = [
        _cell(runs, identifier, alpha / count, power)
        for place, runs in groups.items()
        for identifier in chosen[place]
    ]
    cells.sort(
        key=lambda cell: (
            rank("datasets", cell.dataset),
            cell.latent_dim,
            budget_rank(cell.budget),
            rank("methods", cell.method),
            cell.metric,
        )
    )
    machines = {
        _name(found): found
        for found in (
            machine_class(record.environment) for runs in groups.values() for record in runs
        )
    }
    return Baseline(tuple(cells), machines, alpha, power)


def _order(cell: Cell) -> tuple[Any, ...]:
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
            f"run {record.key} ended as '{record.status}'; a baseline is made of finished runs: `bench run` tries it again"
        )
    stale = outdated(record)
    if stale:
        raise BenchError(
            f"run {record.key}: {stale}; run the same `bench run` again, then write the baseline"
        )


def _name(machine: Mapping[str, Any]) -> str:
    return digest(machine)[:12]


def _identifiers(runs: Sequence[Record], metrics: Sequence[str]) -> list[str]:
    """The measurement ids of one place to be guarded."""
    found = sorted({identifier for record in runs for identifier in record.measurements})
    if not metrics:
        return [
            identifier
            for identifier in found
            if direction(parse_reference(identifier)[0]) != "none"
        ]
    return [
        identifier for identifier in found if any(_wanted(wanted, identifier) for wanted in metrics)
    ]


def _wanted(wanted: str, identifier: str) -> bool:
    name, options = parse_reference(identifier)
    return wanted == identifier or matches(wanted, name, options)


def _all_used(metrics: Sequence[str], found: Iterable[str]) -> None:
    there = sorted(found)
    for wanted in metrics:
        if not any(_wanted(wanted, identifier) for identifier in there):
            raise BenchError(
                f"no run measured '{wanted}'; ask for others with --metrics (see `bench list metrics`)"
            )


def _cell(runs: Sequence[Record], identifier: str, level: float, power: float) -> Cell:
    runs = sorted(runs, key=lambda record: record.spec["seed"])
    kind, method, dataset, size, budget = place_of(runs[0].spec)
    told = f"{method} on {dataset}, L = {size}, {identifier}"
    seeds = [record.spec["seed"] for record in runs]
    if len({record.code for record in runs}) > 1 or len(set(seeds)) < len(seeds):
        raise BenchError(
            f"{told}: runs of different specs or codes, or copies of one run, have one name; make the baseline from a folder of its own (--results)"
        )
    lacking = [record.key for record in runs if identifier not in record.measurements]
    if lacking:
        raise BenchError(
            f"{told}: run {lacking[0]} did not measure it; leave the metric out with --metrics, or run it again"
        )
    metric = metric_of(identifier)
    for record in runs:
        if metric in outdated_metrics(record):
            raise BenchError(
                f"{told}: run {record.key} was measured by other code of the metric than is installed; run the same `bench run` again, then write the baseline"
            )
    way = direction(metric)
    level = level / 2 if way == "none" else level  # it may move to either side
    test = choose(len(seeds), len(seeds), level)
    if test is None:
        raise BenchError(
            f"{told}: {len(seeds)} seeds could never be found worse by any test; make at least 3, better 5, with `bench run --seeds 5`"
        )
    values = [record.measurements[identifier]["value"] for record in runs]
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    effect = detectable(len(seeds), len(seeds), level, test, power) * spread + NEGLIGIBLE * abs(
        mean
    )
    _can_fail(told, way, values, effect, len(seeds))
    found = {
        str(record.spec["seed"]): Run(record.key, _name(machine_class(record.environment)), value)
        for record, value in zip(runs, values, strict=True)
    }
    spec = {name: value for name, value in runs[0].spec.items() if name != "seed"}
    if "taken" in spec:
        spec["config"] = {**spec["config"], **dict.fromkeys(spec["taken"], "*")}
    unit = runs[0].measurements[identifier]["unit"]
    return Cell(
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
        mean,
        spread,
        test,
        effect,
        found,
    )


def _can_fail(
    told: str, way: Direction, values: Sequence[float], effect: float, seeds: int
) -> None:
    """Refuse a cell that has no room to get worse: a count or share that would have to fall below
    zero."""
    mean = statistics.fmean(values)
    if effect == 0 or (way == "max" and min(values) >= 0 and mean - effect < 0):
        lost = (
            f"a fall by {effect:.3g} from {mean:.3g} would end below zero"
            if effect
            else "its value has neither size nor spread"
        )
        raise BenchError(
            f"{told}: could never be found worse ({lost}, {seeds} seeds); make more seeds, a longer budget, or leave it out (--metrics)"
        )


def read(path: Path) -> Baseline:
    """Return the baseline in the file ``path``; :class:`BenchError` says what is wrong with it."""
    again = "write it again with `bench baseline -o FILE`"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(
            f"cannot read baseline '{path}': {error.strerror}; `bench baseline -o FILE` writes one"
        ) from None
    except ValueError as error:
        raise BenchError(f"baseline '{path}' is not JSON ({error}); {again}") from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BenchError(
            f"baseline '{path}' has another schema than {SCHEMA}, which this version reads; {again}"
        )
    try:
        cells = [
            Cell(**{**cell, "runs": {seed: Run(**run) for seed, run in cell["runs"].items()}})
            for cell in document.pop("cells")
        ]
        found = Baseline(tuple(cells), **document)
    except (TypeError, KeyError, AttributeError) as error:
        raise BenchError(f"baseline '{path}' is not readable: {error}; {again}") from None
    unknown = {run.machine for cell in cells for run in cell.runs.values()} - set(found.machines)
    if unknown or not cells:
        raise BenchError(
            f"baseline '{path}' has no cells, or names machines that it does not describe; {again}"
        )
    return found

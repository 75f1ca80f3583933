"""The seeds of each cell, gathered: what tables and figures are made of.

A cell is everything of a spec but the seed. Runs of one cell are replicates and may be averaged;
runs of two cells never are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from typing import Any

from benchmark.identity import outdated
from benchmark.names import base_of, budget_rank, cell_of, labels, metric_of, rank
from benchmark.options import parse_reference
from benchmark.reporting.cells.one_code import Measured, measured, of_one_code
from benchmark.reporting.cells.selection import matches
from benchmark.reporting.cells.titles import is_count
from benchmark.reporting.statistics.estimate import Estimate, estimate
from benchmark.spec import STATUSES, BenchError, Record, digest

__all__ = ["Replicates", "gather", "name_of"]


@dataclass(frozen=True)
class Replicates:
    """The runs of one cell, in the order of their seeds.

    ``method`` and ``dataset`` are labels; where two cells would carry the same, they say what
    differs. ``values`` holds each metric's values over the finished runs, ``ids`` the one
    measurement id they share, ``seeds`` the seeds of the values. ``flags`` are those any finished
    run's discovery raised, ``harness_flags`` those that the harness raised. Runs made by other code
    than is installed are *stale* and never averaged with others: where some runs are not,
    ``left_out`` counts those that are; where all are, ``stale`` is set and the runs of the
    commonest code stand. ``remarks`` are those that stand beside values of a metric, ``code`` is
    the digest of the code of the runs averaged over, ``discoveries`` the verdicts of the runs on
    their latent dimensions, by seed; ``absent`` holds by metric the reasons for which runs have no
    value of it, ``measured`` every metric they have a value of, kept or not.
    """

    method: str
    dataset: str
    data: str
    latent_dim: int
    budget: str
    keys: tuple[str, ...]
    statuses: tuple[str, ...]
    stale: bool
    flags: frozenset[str]
    values: Mapping[str, tuple[float, ...]]
    ids: Mapping[str, str]
    spec: Mapping[str, Any]
    seeds: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    left_out: int = 0
    other_code: int = 0
    stale_metrics: frozenset[str] = frozenset()
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: str = ""
    discoveries: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    measured: frozenset[str] = frozenset()
    harness_flags: frozenset[str] = frozenset()

    def is_stale(self, metric: str) -> bool:
        """Whether the values of a metric were made by other code than is installed: of training, or
        of the metric itself."""
        return self.stale or metric in self.stale_metrics

    @property
    def all_flags(self) -> frozenset[str]:
        """The flags of the methods' own verdicts and of the harness."""
        return self.flags | self.harness_flags

    @property
    def finished(self) -> int:
        """How many runs are done, and made by the code whose runs are averaged over."""
        return self.statuses.count("done") - self.left_out

    @property
    def setting(self) -> tuple[str, int, str]:
        """Dataset, latent size and budget: methods are compared where these are the same."""
        return self.dataset, self.latent_dim, self.budget

    @property
    def trouble(self) -> str:
        """What became of the runs that are not done: ``2 diverged, 1 killed``; empty where all
        are."""
        counts = {**Counter(self.statuses), "done": 0, "of other code": self.other_code}
        counts["stale"] = self.left_out - self.other_code
        words = (*STATUSES, "stale", "of other code")
        return ", ".join(f"{counts[word]} {word}" for word in words if counts.get(word))

    @property
    def name(self) -> str:
        """The cell in a few words, for messages."""
        return f"{self.method} on {self.dataset}, L = {self.latent_dim}, budget {self.budget}"

    def estimate(self, metric: str) -> Estimate | None:
        """Return mean and interval of a metric (of counts, mean and extremes), None where no
        finished run has it."""
        if metric not in self.values:
            return None
        if metric not in self._estimates:
            self._estimates[metric] = estimate(self.values[metric], counts=is_count(metric))
        return self._estimates[metric]

    @cached_property
    def _estimates(self) -> dict[str, Estimate]:
        return {}


@dataclass
class _Open:
    """A cell while its runs are read."""

    spec: Mapping[str, Any]
    method: str
    dataset: str
    runs: list[Record] = field(default_factory=list)

    def close(self, metric_kept: Callable[[str], str | None]) -> Replicates:
        """Return the cell with the measurements that have a metric by ``metric_kept``, which says
        None of those to leave out."""
        runs = sorted(self.runs, key=_seed)
        done = [record for record in runs if record.status == "done"]
        kept, stale = of_one_code(runs)
        spec = {name: value for name, value in self.spec.items() if name != "seed"}
        values, stale_metrics = measured(kept, metric_kept)
        closed = Replicates(
            self.method,
            self.dataset,
            spec["data"],
            spec["latent_dim"],
            spec["budget"],
            keys=tuple(record.key for record in runs),
            statuses=tuple(record.status for record in runs),
            stale=stale,
            flags=_discovery_flags(kept),
            spec=spec,
            stale_metrics=stale_metrics,
            left_out=len(done) - len(kept),
            other_code=sum(not outdated(record) for record in done) - (0 if stale else len(kept)),
            code=kept[0].code if kept else "",
            discoveries={_seed(record): record.discovery for record in kept if record.discovery},
            absent=_absent(kept),
            measured=_measured_names(kept),
            harness_flags=frozenset(flag for record in kept for flag in record.flags),
            **_columns(values),
        )
        _refuse_two_ids(closed.name, values)
        return closed


def _seed(record: Record) -> int:
    seed: int = record.spec["seed"]
    return seed


def _columns(values: Mapping[str, Sequence[Measured]]) -> dict[str, Any]:
    """Return values, seeds, remarks and measurement id of each metric, as fields of a cell."""
    remarks = {
        metric: tuple({text: None for *_, text in rows if text}) for metric, rows in values.items()
    }
    return {
        "values": {
            metric: tuple(value for _, value, _, _ in rows) for metric, rows in values.items()
        },
        "ids": {
            metric: min(identifier for identifier, *_ in rows) for metric, rows in values.items()
        },
        "seeds": {metric: tuple(seed for _, _, seed, _ in rows) for metric, rows in values.items()},
        "remarks": {metric: texts for metric, texts in remarks.items() if texts},
    }


def _discovery_flags(records: Iterable[Record]) -> frozenset[str]:
    """Return the flags that the discoveries of ``records`` raised."""
    return frozenset(
        flag for record in records for flag in (record.discovery or {}).get("flags", ())
    )


def _measured_names(records: Iterable[Record]) -> frozenset[str]:
    """Return every metric that any of ``records`` has a value of."""
    return frozenset(
        identifier.partition("[")[0] for record in records for identifier in record.measurements
    )


def _absent(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    reasons_by_metric: dict[str, dict[str, None]] = defaultdict(dict)
    for record in records:
        for metric, reason in record.absent.items():
            reasons_by_metric[metric][reason] = None
    return {metric: tuple(reasons) for metric, reasons in reasons_by_metric.items()}


def _refuse_two_ids(cell: str, values: Mapping[str, Sequence[Measured]]) -> None:
    for metric in sorted(values):
        identifiers = sorted({identifier for identifier, *_ in values[metric]})
        if len(identifiers) > 1:
            raise BenchError(
                f"{cell}, was measured as {' and '.join(identifiers)}; these are never averaged: "
                f"choose one with --metrics '{identifiers[0]}'"
            )


def gather(records: Iterable[Record], metrics: Sequence[str] = ()) -> list[Replicates]:
    """Return the cells of ``records`` by dataset, data, latent size, budget and method, each in the
    order of the registry.

    ``metrics`` names what to keep (``mse``, ``fd-raw[n=1024]``); empty keeps everything.
    :class:`BenchError` where one cell holds two measurement ids of one metric.
    """
    cells: dict[str, _Open] = {}
    for record in {record.key: record for record in records}.values():
        name = cell_of(record.spec)
        cell = cells.get(name)
        if cell is None:
            cell = cells[name] = _Open(record.spec, *labels(record.spec, record.given))
        cell.runs.append(record)
    metric_kept = cache(partial(_metric_kept, tuple(metrics)))
    closed = _tell_apart([cell.close(metric_kept) for cell in cells.values()])
    return sorted(
        closed,
        key=lambda cell: (
            rank("datasets", cell.dataset),
            cell.latent_dim,
            budget_rank(cell.budget),
            rank("methods", cell.method),
        ),
    )


def _metric_kept(metrics: Sequence[str], identifier: str) -> str | None:
    """Return the metric of a measurement that was asked for, None of others."""
    metric = metric_of(identifier)
    return metric if _wanted(metrics, metric, identifier) else None


def _wanted(metrics: Sequence[str], metric: str, identifier: str) -> bool:
    """Whether a measurement was asked for; the floor of a metric comes with it."""
    names = {metric, identifier, base_of(metric), base_of(identifier)}
    if not metrics or names & set(metrics):
        return True
    options = parse_reference(identifier)[1]
    return any(
        matches(wanted, name, options) for wanted in metrics for name in (metric, base_of(metric))
    )


def _tell_apart(cells: Sequence[Replicates]) -> list[Replicates]:
    """Return ``cells`` with labels that belong to one cell each: datasets say which data, methods
    which steps, batch size or protocol."""
    digests: dict[str, set[str]] = defaultdict(set)
    for cell in cells:
        digests[cell.dataset].add(cell.data)
    named = [
        replace(cell, dataset=f"{cell.dataset} (data {cell.data[:8]})")
        if len(digests[cell.dataset]) > 1
        else cell
        for cell in cells
    ]
    families: dict[tuple[str, str, str], list[Replicates]] = defaultdict(list)
    for cell in named:
        families[cell.method, cell.dataset, cell.budget].append(cell)
    return [renamed for family in families.values() for renamed in _tell_methods_apart(family)]


def _tell_methods_apart(family: list[Replicates]) -> list[Replicates]:
    if max(Counter(cell.latent_dim for cell in family).values()) == 1:
        return family
    words = {"steps": "{} steps", "batch_size": "batch {}", "protocol": "protocol {}"}
    differing = [name for name in words if len({cell.spec.get(name) for cell in family}) > 1]
    labels = [
        ", ".join(words[name].format(cell.spec[name]) for name in differing) for cell in family
    ]
    sizes = [cell.latent_dim for cell in family]
    if max(Counter(zip(sizes, labels, strict=True)).values()) > 1:
        labels = [
            ", ".join(filter(None, (text, f"spec {digest(cell.spec)[:8]}")))
            for cell, text in zip(family, labels, strict=True)
        ]
    return [
        replace(cell, method=f"{cell.method} ({text})")
        for cell, text in zip(family, labels, strict=True)
    ]


def name_of(cell: Replicates) -> str:
    """Return the label of a cell's method as claims write it, without what only tells cells
    apart."""
    return cell.method.partition(" (")[0]

"""What a claim is judged by: the values of its methods on one dataset, all from runs that may be
compared.

Runs are compared where dataset, data and budget are the same. Of several such groups the one stands
that has most of what the claim asks for, and of equals the one with most outer steps. Stale runs
are no evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.controls import References
from benchmark.metrics.null import declared_null, null_rows, resolved
from benchmark.names import base_name
from benchmark.reporting.cells.nulls import COUNTED
from benchmark.reporting.cells.replicates import Replicates, name_of
from benchmark.reporting.claims.claims import Claim
from benchmark.reporting.tables.beside import Beside
from benchmark.reporting.tables.notes import doubts

__all__ = ["Group", "Sample", "concerns", "group_for"]

_DETERMINISTIC = ("mse", "lstar")
"""Metrics of which a closed-form method has one value, whatever the seed."""


@dataclass(frozen=True)
class Sample:
    """The values of one method by seed. ``identifier`` is the measurement id; ``exact``: the value
    is not random, one stands for any seed.

    ``doubt`` says what is doubtful about a published figure. Of a count of dimensions,
    ``null_low`` is what chance leaves at least, where that is known, ``inside_null`` how many
    seeds are what chance gives, and ``flags`` what any run says against its own count.
    """

    name: str
    values: Mapping[int, float]
    identifier: str
    keys: tuple[str, ...] = ()
    exact: bool = False
    doubt: str = ""
    null_low: float | None = None
    inside_null: int = 0
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """The cells of one dataset, data and budget, by method and latent size, and the metric that
    stands for the claim's."""

    dataset: str
    budget: str
    cells: Mapping[tuple[str, int], Replicates]
    metric: str
    references: References | None = None

    @property
    def title(self) -> str:
        """What messages call the group: the dataset and the budget, or the source."""
        return f"{self.dataset}, {self.budget}"

    def sizes(self, methods: Iterable[str]) -> list[int]:
        """Return the latent sizes at which any of ``methods`` stands here."""
        return sorted({size for method, size in self.cells if method in set(methods)})

    def sample(self, method: str, size: int) -> Sample | str:
        """Return the values of a method at a latent size, or why there are none."""
        cell = self.cells.get((method, size))
        if cell is None:
            return "not run"
        if cell.is_stale(self.metric):
            return "stale: made by other code than is installed"
        if not cell.finished:
            return f"no run finished ({cell.trouble})"
        if self.metric not in cell.values:
            return f"'{self.metric}' was not measured"
        values = cell.values[self.metric]
        seeds = cell.seeds.get(self.metric, range(len(values)))
        exact = cell.spec["steps"] == 0 and self.metric in _DETERMINISTIC
        low, inside = _null(cell, self.metric, self.references)
        return Sample(
            method,
            dict(zip(seeds, values, strict=True)),
            cell.ids[self.metric],
            cell.keys,
            exact,
            _doubt(cell, self.metric),
            low,
            inside,
            tuple(sorted(doubts(cell))) if self.metric in COUNTED else (),
        )


def _null(cell: Replicates, metric: str, references: References | None) -> tuple[float | None, int]:
    """What chance leaves at least of a count, and how many seeds are what chance gives; of a
    printed figure, by the options that its method has where none are given."""
    if metric not in COUNTED:
        return None, 0
    if "printed" in cell.spec:
        rows = null_rows(base_name(cell.spec["method"]), None)
        declared = resolved(rows, metric, {}, 1)
        return (declared_null(cell.latent_dim, *declared).low if declared else None), 0
    beside = Beside([cell], references or References())
    null = beside.null(cell).readings.get(metric)
    return (None, 0) if null is None else (null.low, beside.count_inside(cell, metric))


def _doubt(cell: Replicates, metric: str) -> str:
    """What is doubtful about a printed figure; empty for runs of ours."""
    figure = cell.spec.get("printed", {}).get(metric)
    if figure is None:
        return ""
    if figure.suspect:
        return "doubtful figure"
    return "dataset inferred" if figure.inferred else ""


def group_for(
    claim: Claim,
    dataset: str,
    sizes: Sequence[int],
    cells: Iterable[Replicates],
    references: References | None = None,
) -> Group:
    """Return what there is for ``claim`` on ``dataset`` (or its stand-in) at ``sizes``; an empty
    group where no run is of use. A name takes every variant of a dataset, of equals the plain one;
    a label with options (``circle[noise=0.05]``) that one alone."""
    trained: dict[tuple[str, str, str], dict[tuple[str, int], Replicates]] = defaultdict(dict)
    closed_form: dict[tuple[str, str], dict[tuple[str, int], Replicates]] = defaultdict(dict)
    for cell in cells:
        if not concerns(claim, cell, dataset, sizes):
            continue
        if cell.spec["steps"] == 0:  # stands beside every budget
            closed_form[cell.dataset, cell.data][name_of(cell), cell.latent_dim] = cell
        else:
            trained[cell.dataset, cell.data, cell.budget][name_of(cell), cell.latent_dim] = cell
    with_training = {setting[:2] for setting in trained}
    for data in closed_form:
        if data not in with_training:
            trained[*data, "closed form"] = {}
    candidates = [
        _group(claim, label, budget, {**closed_form[label, data], **by_method})
        for (label, data, budget), by_method in trained.items()
    ]
    best = max(candidates, key=lambda group: _worth(group, dataset), default=None)
    if best is None:
        return Group(dataset, "not run", {}, claim.metric)
    return replace(best, references=references)


def concerns(claim: Claim, cell: Replicates, dataset: str, sizes: Sequence[int]) -> bool:
    """Return whether a cell is of a method of ``claim``, of ``dataset`` or its stand-in, and at one
    of ``sizes`` (none: any)."""
    return bool(
        name_of(cell) in claim.labels
        and {cell.dataset, base_name(cell.dataset)} & {dataset, claim.stand_ins.get(dataset)}
        and (not sizes or cell.latent_dim in sizes)
    )


def _group(
    claim: Claim, dataset: str, budget: str, cells: Mapping[tuple[str, int], Replicates]
) -> Group:
    """Return ``cells`` with the metric of the claim that most of them have."""
    counts = {
        metric: sum(metric in cell.values for cell in cells.values() if not cell.is_stale(metric))
        for metric in claim.metrics
    }
    return Group(dataset, budget, cells, max(claim.metrics, key=counts.__getitem__))


def _worth(group: Group, dataset: str) -> tuple[int, int, bool]:
    """How much of a claim a group can decide: cells with a value, then outer steps, then whether it
    is the dataset itself."""
    measured = [
        cell
        for cell in group.cells.values()
        if group.metric in cell.values and not cell.is_stale(group.metric)
    ]
    return (
        len(measured),
        max((cell.spec["steps"] for cell in group.cells.values()), default=0),
        group.dataset == dataset,
    )

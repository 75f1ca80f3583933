"""What claims without a verdict wait for: which runs of a suite would give each its first, and what
those cost, cheapest first.

A run bears on a claim where a verdict would read it, and runs are enough where a verdict would come
of them if they were done: both are asked of the judge itself, with cells whose values are made up.
What the verdict would be cannot be told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark import registry
from benchmark.budgets import BUDGETS
from benchmark.names import labels, metric_of
from benchmark.planning.progress import PlannedRun
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.claims.claims import Claim
from benchmark.reporting.claims.evidence import concerns
from benchmark.reporting.claims.verdicts import judge, labelled
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table
from benchmark.spec import RunSpec

__all__ = ["Offer", "PricedOffer", "cheapest_first", "offers", "wanted_table"]


@dataclass(frozen=True)
class Offer:
    """Runs that give ``claim`` a first verdict once they are all done: those that bear on it in one
    budget, on one dataset, at one latent size where one is enough."""

    claim: Claim
    dataset: str
    latent_dims: tuple[int, ...]
    budget: str
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True)
class PricedOffer:
    """An offer in the order of purchase: the runs that those before it have not paid for, and the
    hours of a core these take, alone and with all before."""

    offer: Offer
    runs: tuple[PlannedRun, ...]
    hours: float
    total_hours: float


def offers(claims: Iterable[Claim], runs: Sequence[PlannedRun]) -> list[Offer]:
    """Return every offer that ``runs`` make for ``claims``, those of printed figures left out."""
    cells = _cells(runs)
    return [
        offer
        for claim in claims
        if not claim.printed_only
        for dataset in claim.places
        for offer in _offers_at(claim, dataset, cells)
    ]


def _offers_at(
    claim: Claim, dataset: str, cells: Mapping[tuple[str, ...], tuple[Replicates, list[PlannedRun]]]
) -> list[Offer]:
    """Return the offers for one place of a claim, by budget and latent size."""
    at_dataset = labelled(claim, dataset, None)
    sizes = claim.places[dataset]
    bearing = [
        (_measured(cell, claim), runs)
        for cell, runs in cells.values()
        if concerns(at_dataset, cell, dataset, sizes)
    ]
    budgets = dict.fromkeys(cell.budget for cell, _ in bearing if cell.spec["steps"])
    return [
        offer
        for budget in budgets
        for chosen in _choices_of_size(claim, sizes, [cell for cell, _ in bearing])
        for offer in _offer(claim, dataset, chosen, budget, bearing)
    ]


def _choices_of_size(
    claim: Claim, sizes: Sequence[int], cells: Iterable[Replicates]
) -> list[tuple[int, ...]]:
    """Return the sets of latent sizes of which one may be enough: each by itself, or all together
    where the claim compares sizes."""
    run = sorted({cell.latent_dim for cell in cells} & set(sizes or [c.latent_dim for c in cells]))
    if claim.kind in ("rises", "falls", "constant"):
        return [tuple(run)]
    return [(size,) for size in run]


def _offer(
    claim: Claim,
    dataset: str,
    sizes: tuple[int, ...],
    budget: str,
    bearing: Sequence[tuple[Replicates, list[PlannedRun]]],
) -> list[Offer]:
    """Return the offer of the cells of one budget at these sizes, closed forms beside; nothing
    where no verdict would come of them."""
    chosen = [
        (cell, runs)
        for cell, runs in bearing
        if cell.latent_dim in sizes and (cell.budget == budget or not cell.spec["steps"])
    ]
    here = replace(claim, places={dataset: list(sizes)})
    if judge(here, [cell for cell, _ in chosen]).ruling == "not run":
        return []
    needed = tuple(run for _, runs in chosen for run in runs)
    return [Offer(claim, dataset, sizes, budget, needed)]


def _cells(
    runs: Sequence[PlannedRun],
) -> dict[tuple[str, ...], tuple[Replicates, list[PlannedRun]]]:
    """Return the cells of ``runs`` as if they were done, without a value, each with its runs."""
    members: dict[tuple[str, ...], list[PlannedRun]] = defaultdict(list)
    for run in runs:
        spec = run.job.spec
        name = (*labels(spec.document(), run.job.given), str(spec.latent_dim), spec.budget)
        members[(*name, str(spec.steps), str(spec.batch_size))].append(run)
    return {
        name: (_cell(name[0], name[1], of_cell[0].job.spec, len(of_cell)), of_cell)
        for name, of_cell in members.items()
    }


def _cell(method: str, dataset: str, spec: RunSpec, seeds: int) -> Replicates:
    """Return a cell of so many seeds without values; ``printed`` lets its null be read from what
    the method declares."""
    kept = {"method": spec.method, "steps": spec.steps, "batch_size": spec.batch_size}
    return Replicates(
        method,
        dataset,
        spec.data,
        spec.latent_dim,
        spec.budget,
        keys=(),
        statuses=("done",) * seeds,
        stale=False,
        flags=frozenset(),
        values={},
        ids={},
        spec={**kept, "kind": spec.kind, "printed": {}},
    )


def _measured(cell: Replicates, claim: Claim) -> Replicates:
    """Return ``cell`` with a made-up value for each seed of those metrics of ``claim`` that its
    budget measures."""
    names = [
        name for name in (*claim.metrics, claim.beside) if name and _is_measured(name, cell.budget)
    ]
    made_up = dict.fromkeys(names, (1.0,) * len(cell.statuses))
    return replace(cell, values=made_up, ids={name: name for name in names})


def _is_measured(metric: str, budget: str) -> bool:
    """Whether runs of a budget measure a metric: those of every run, those of tier full where the
    budget pays for them, and what studies measure, which no list has."""
    entries = {entry.name: entry for entry in registry.METRICS}
    entry = entries.get(metric_of(metric))
    pays = budget in BUDGETS and BUDGETS[budget].full
    return entry is None or entry.headline or pays


def cheapest_first(offered: Iterable[Offer], done: set[str]) -> list[PricedOffer]:
    """Return an offer for each claim in the order that gives most verdicts for the hours: always
    the one next whose runs, without those that are ``done`` (addresses) or paid for, cost
    least."""
    left = list(offered)
    paid, total = set(done), 0.0
    bought: list[PricedOffer] = []
    while left:
        prices = [_price(offer, paid) for offer in left]
        cheapest = min(range(len(left)), key=lambda index: prices[index])
        offer = left[cheapest]
        runs = tuple(run for run in offer.runs if run.address not in paid)
        paid |= {run.address for run in runs}
        total += prices[cheapest] / 3600.0
        bought.append(PricedOffer(offer, runs, prices[cheapest] / 3600.0, total))
        left = [other for other in left if other.claim.name != offer.claim.name]
    return bought


def _price(offer: Offer, paid: set[str]) -> float:
    """The seconds of a core of the runs of an offer that are not paid for."""
    return sum(run.seconds for run in offer.runs if run.address not in paid)


_COLUMNS = (
    Column("Claim", ("claim",)),
    Column("Part", ("part",)),
    Column("First verdict from", ("dataset", "latent_dims", "budget")),
    Column("Runs", ("runs",), "right"),
    Column("Core-hours", ("core_hours",), "right"),
    Column("Verdicts", ("verdicts",), "right"),
    Column("Core-hours so far", ("core_hours_so_far",), "right"),
)


def wanted_table(
    priced: Sequence[PricedOffer], judged: int, without: Sequence[Claim], suite: str
) -> Table:
    """Return the offers as a table; ``judged``: how many claims have a verdict already;
    ``without``: those that no run of the suite would give one."""
    rows = tuple(_row(line, judged + count) for count, line in enumerate(priced, 1))
    notes = [
        "Each line adds the runs that no line above it needs. A first verdict rests on one dataset "
        "and latent size; more of them stand in the same suite. Core-hours are rough: "
        "`bench run --suite NAME --estimate` measures them."
    ]
    if without:
        names = ", ".join(claim.name for claim in without)
        notes.append(f"No run of {suite} gives a verdict on {names}.")
    return Table(
        name="wanted",
        caption=f"Claims without a verdict, and the runs of suite {suite} that would give each its "
        f"first, cheapest first; {judged} have one.",
        columns=_COLUMNS,
        groups=(rows,),
        notes=tuple(map(Note, notes)),
    )


def _row(line: PricedOffer, verdicts: int) -> Row:
    offer = line.offer
    parts = ", ".join(dict.fromkeys(run.part for run in line.runs if run.part)) or "nothing to run"
    sizes = ", ".join(map(str, offer.latent_dims))
    where = f"{offer.dataset}, L = {sizes}, {offer.budget}"
    numbers: tuple[tuple[str, int | float], ...] = (
        (str(len(line.runs)), len(line.runs)),
        (f"{line.hours:.2f}", round(line.hours, 4)),
        (str(verdicts), verdicts),
        (f"{line.total_hours:.2f}", round(line.total_hours, 4)),
    )
    cells = (
        Cell(offer.claim.name, raw=(offer.claim.name,)),
        Cell(parts, raw=(parts,)),
        Cell(where, raw=(offer.dataset, sizes, offer.budget)),
        *(Cell(text, raw=(value,)) for text, value in numbers),
    )
    return Row(cells)

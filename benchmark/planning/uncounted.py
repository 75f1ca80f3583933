"""Of which cells untrained networks are still to be counted: the null of methods that declare none.
Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

from benchmark.budgets import BUDGETS
from benchmark.controls import References
from benchmark.metrics.null import null_rows, resolved
from benchmark.names import cell_of
from benchmark.planning.jobs import Job
from benchmark.records import Store
from benchmark.spec import Record

__all__ = ["needless", "pays_for_full", "uncounted", "wanted"]


def pays_for_full(budget: str) -> bool:
    """Whether runs of a budget measure the metrics of tier full, and their cells are counted."""
    return budget in BUDGETS and BUDGETS[budget].full


def wanted(record: Record) -> bool:
    """Return whether untrained networks say anything beside ``record``: its method was trained,
    selects, and has no null of its own."""
    return not needless(record)


def needless(record: Record) -> str:
    """Return in words why untrained networks say nothing beside ``record``; empty where they do."""
    if record.status != "done" or record.spec["kind"] != "train":
        return "no finished run of a method"
    if record.spec["steps"] == 0:
        return "closed form, so nothing is untrained"
    if "no_selection" in (record.discovery or {}).get("flags", ()):
        return "the method keeps every dimension by definition"
    return "the method declares its null" if _declares(record) else ""


def _declares(record: Record) -> bool:
    rows = null_rows(record.spec["method"], record.discovery)
    try:
        null = resolved(rows, "lstar", record.spec["config"], record.spec["batch_size"])
    except ValueError:  # told where the null is read
        return True
    return null is not None


def uncounted(jobs: Iterable[Job], store: Store, *, every_budget: bool = False) -> list[Job]:
    """Return one of ``jobs`` for each cell that was run, of which untrained networks say something
    and were not counted by the installed code: of budgets that pay for tier full, or of all."""
    references = References(store.root)
    cells: dict[str, Job] = {}
    for job in jobs:
        if not (every_budget or pays_for_full(job.spec.budget)):
            continue
        cell = cell_of(job.spec.document())
        record = None if cell in cells else store.read(job.spec.key)
        if record is None or not wanted(record):
            continue
        counts = references.initial(record.spec, job.code)
        if counts is None or not counts.complete:
            cells[cell] = job
    return list(cells.values())

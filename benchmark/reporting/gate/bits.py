"""Runs of today beside those of the baseline, seed by seed: where bits should agree, do they?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmark.machine import machine_class, same_class
from benchmark.reporting.gate.baseline_file import Baseline, BaselineCell
from benchmark.reporting.statistics.worsening import NEGLIGIBLE
from benchmark.spec import Record

__all__ = ["compared_bits", "pairs_of_seeds", "same_bits_expected"]


def same_bits_expected(cell: BaselineCell, record: Record, baseline: Baseline) -> bool:
    """Return whether a run has the key and the machine class of the baseline's run of its seed."""
    run = cell.runs[str(record.spec["seed"])]
    return run.key == record.key and same_class(
        baseline.machines[run.machine], machine_class(record.environment)
    )


def compared_bits(cell: BaselineCell, runs: Sequence[Record]) -> tuple[str, bool]:
    """Return how bits that should agree do, and whether they moved by more than rounding."""
    pairs = list(pairs_of_seeds(cell, runs))
    changed = sum(before != after for before, after in pairs)
    if not changed:
        return "same bits in every seed", False
    summary = f"{changed} of {len(pairs)} seeds have other bits on the same machine class"
    largest = max(
        abs(after - before) / max(abs(before), abs(after))
        for before, after in pairs
        if before != after
    )
    if largest <= NEGLIGIBLE:
        return f"{summary}, by rounding ({largest:.1g} at most, relative)", False
    return summary, True


def pairs_of_seeds(cell: BaselineCell, runs: Iterable[Record]) -> Iterator[tuple[float, float]]:
    """Yield the values of equal seeds, before and now."""
    for record in runs:
        before = cell.runs[str(record.spec["seed"])].value
        yield before, record.measurements[cell.metric]["value"]

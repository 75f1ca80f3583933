"""Which runs of a cell may be averaged: those of one code, and of one code of each metric."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from benchmark.identity import canonical, measured_by, outdated, outdated_metrics
from benchmark.names import cell_of, metric_of
from benchmark.spec import Record

__all__ = ["Measured", "measured", "of_one_code", "without_other_code"]

Measured = tuple[str, float, int, str]
"""Measurement id, value, seed and remark of one run."""


def of_one_code(runs: Sequence[Record]) -> tuple[list[Record], bool]:
    """Return the finished ones of ``runs`` that one code of method and training loop made, and
    whether that is not the installed code.

    Of codes that may be installed, and else of all, the commonest stands, of equals that of the
    first run. What code of a method is installed that is not registered, nobody can know.
    """
    done = [record for record in runs if record.status == "done"]
    candidates = [record for record in done if not outdated(record)] or done
    if not candidates:
        return [], all(map(outdated, runs))
    codes = Counter(map(_trained_by, candidates))
    code = max(codes, key=codes.__getitem__)
    kept = [record for record in candidates if _trained_by(record) == code]
    return kept, bool(outdated(kept[0]))


def without_other_code(records: Sequence[Record]) -> list[Record]:
    """Return ``records`` without the finished runs that :func:`of_one_code` leaves out of their
    cells, in their order."""
    cells: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda record: record.spec["seed"]):
        cells[cell_of(record.spec)].append(record)
    kept = {record.key for runs in cells.values() for record in of_one_code(runs)[0]}
    return [record for record in records if record.status != "done" or record.key in kept]


def _trained_by(record: Record) -> tuple[str, str]:
    return canonical(record.code), canonical(record.harness)


def measured(
    records: Sequence[Record], metric_kept: Callable[[str], str | None]
) -> tuple[dict[str, list[Measured]], frozenset[str]]:
    """Return the values of each metric that one code of it measured, and the metrics of which that
    is not the installed code. The installed code comes first, then the commonest."""
    values_by_code: dict[str, dict[tuple[bool, str], list[Measured]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for record in records:
        seed, old = record.spec["seed"], outdated_metrics(record)
        for identifier, measurement in record.measurements.items():
            metric, value = metric_kept(identifier), measurement.get("value")
            if metric is not None and value is not None and value == value:
                name = metric_of(identifier)
                code = name in old, canonical(measured_by(record, name)) if name in old else ""
                values_by_code[metric][code].append(
                    (identifier, value, seed, measurement.get("remark", ""))
                )
    chosen = {
        metric: min(codes, key=lambda code: (code[0], -len(codes[code])))
        for metric, codes in values_by_code.items()
    }
    return (
        {metric: values_by_code[metric][code] for metric, code in chosen.items()},
        frozenset(metric for metric, code in chosen.items() if code[0]),
    )

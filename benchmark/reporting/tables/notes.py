"""The lines below a table: units, intervals, protocols, marks; and the comments that say where its
numbers come from."""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from benchmark.names import is_reference
from benchmark.reporting.cells.absences import absences
from benchmark.reporting.cells.protocols import measured_as
from benchmark.reporting.cells.replicates import Replicates
from benchmark.reporting.cells.titles import title, unit
from benchmark.reporting.tables.document import Note, Table
from benchmark.reporting.tables.floors import NOTES
from benchmark.spec import NO_BETTER_THAN_MEAN, PROTOCOL, UNSETTLED

__all__ = [
    "CHANCE",
    "FLAGGED",
    "NO_BETTER",
    "NO_SELECTION",
    "REMARK",
    "STALE",
    "doubts",
    "flag_mark",
    "notes",
    "protocol_marks",
    "provenance",
    "run_marks",
]

NO_SELECTION, STALE, FLAGGED, REMARK, CHANCE, NO_BETTER = "†", "‡", "§", "¶", "‖", "#"


def flag_mark(metric: str, runs: Replicates) -> str | None:
    """Return the mark that flags put on an L*: those the method raised, and ``unsettled``."""
    if metric != "lstar" or not doubts(runs):
        return None
    return NO_SELECTION if "no_selection" in runs.flags else FLAGGED


def doubts(runs: Replicates) -> frozenset[str]:
    """Return the flags that say what to think of an L*."""
    return runs.flags | (runs.harness_flags & {UNSETTLED})


def run_marks(runs: Replicates | None) -> tuple[str, ...]:
    """Return the marks of a whole cell: :data:`NO_BETTER` where a seed reconstructs hardly better
    than the mean image."""
    return (NO_BETTER,) if runs and NO_BETTER_THAN_MEAN in runs.harness_flags else ()


def _protocols(runs: Iterable[Replicates]) -> dict[str, dict[str, list[str]]]:
    """Return, per metric and dataset, the measurement ids that stand in the table."""
    ids_by_dataset: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for (metric, dataset), ids in measured_as(runs).items():
        ids_by_dataset[metric][dataset] = list(ids)
    return ids_by_dataset


def protocol_marks(runs: Sequence[Replicates]) -> dict[tuple[str, str], str]:
    """Return a letter for each (dataset, id) where cells of one dataset were measured by more than
    one protocol; usually none."""
    letters: dict[str, str] = {}
    marks: dict[tuple[str, str], str] = {}
    for datasets in _protocols(runs).values():
        for dataset, ids in datasets.items():
            if len(ids) == 1:
                continue
            for identifier in ids:
                index = len(letters)
                letters.setdefault(
                    identifier, string.ascii_lowercase[index % 26] * (index // 26 + 1)
                )
                marks[dataset, identifier] = letters[identifier]
    return marks


def notes(
    table: Table, runs: Sequence[Replicates], marks: Mapping[tuple[str, str], str]
) -> tuple[Note, ...]:
    """Return the notes that ``table`` needs, and no others."""
    cells = [cell for row in table.rows for cell in row.cells]
    signs = {mark for cell in cells for mark in cell.marks}
    texts = {
        "± is the half width of the 95% t interval over seeds; a number without it rests on one "
        "seed, or on seeds that all agree.": any(
            cell.estimate and cell.estimate.half_width for cell in cells
        ),
        "Counts of dimensions: the smallest to the largest over seeds.": any(
            cell.estimate and cell.estimate.extremes and not cell.estimate.whole for cell in cells
        ),
        "Bold: better than every other method with the same dataset, L and budget, "
        "by separate intervals or paired t tests (Holm, 5%).": any(cell.best for cell in cells),
        "n is the known intrinsic dimension of the data.": any(
            column.title == "n" for column in table.columns
        ),
        **{
            f"{label}: {text}": any(cell.text == label for cell in cells)
            for label, text in NOTES.items()
        },
        "Values with different letters were measured by different protocols: "
        "they are not comparable, and none of them is bold.": bool(marks),
        "Seeds a/b: a of b runs finished and were made by one code, the installed one where it is "
        "known; only those are averaged over.": any(
            cell.finished < len(cell.keys) for cell in runs
        ),
    }
    plain = [Note(text) for text, needed in texts.items() if needed]
    names = dict.fromkeys(column.metric for column in table.columns if column.metric)
    plain += [Note(text) for text in absences(names, runs)]
    return (*plain, *_units(table), *_protocol_notes(runs, marks), *_mark_notes(signs, runs))


def _units(table: Table) -> list[Note]:
    units: dict[str, list[str]] = defaultdict(list)
    for column in table.columns:
        if column.metric is not None and unit(column.metric):
            units[unit(column.metric)].append(title(column.metric))
    if not units:
        return []
    texts = [f"{', '.join(dict.fromkeys(titles))} in {name}" for name, titles in units.items()]
    return [Note(f"Units: {'; '.join(texts)}.")]


def _protocol_notes(runs: Sequence[Replicates], marks: Mapping[tuple[str, str], str]) -> list[Note]:
    lines: list[Note] = []
    for metric, datasets in _protocols(runs).items():
        plain: dict[str, list[str]] = defaultdict(list)
        for dataset, ids in datasets.items():
            if len(ids) == 1 and "[" in ids[0]:
                plain[ids[0]].append(dataset)
        parts = [
            f"{identifier.partition('[')[2][:-1].replace(',', ', ')} on {', '.join(names)}"
            for identifier, names in plain.items()
        ]
        if parts:
            lines.append(Note(f"{title(metric)}: {'; '.join(parts)}."))
    letters = {letter: identifier for (_, identifier), letter in marks.items()}
    return lines + [
        Note(f"measured as {identifier}.", letter) for letter, identifier in letters.items()
    ]


def _mark_notes(signs: set[str], runs: Sequence[Replicates]) -> list[Note]:
    flags = sorted({flag for cell in runs for flag in doubts(cell)} - {"no_selection"})
    texts = {
        NO_SELECTION: "by definition, not found: the method keeps every dimension.",
        STALE: (
            "stale: made by other code of the method, of the training loop or of the metric than "
            "is installed now."
        ),
        CHANCE: (
            "inside the null, in one seed at least: the rule gives as many, "
            "or relevances with no larger gap, where there is nothing to find."
        ),
        FLAGGED: (
            f"flagged in one seed or more: it may be no answer ({', '.join(flags)}; "
            "see docs/record.md)."
        ),
        NO_BETTER: (
            "one seed or more reconstructs hardly better than the mean training image, "
            "by less than a tenth: they encode next to nothing."
        ),
    }
    if REMARK in signs:
        texts[REMARK] = f"{'; '.join(_remarks(runs))}."
    return [Note(text, sign) for sign, text in texts.items() if sign in signs]


def _remarks(runs: Sequence[Replicates]) -> list[str]:
    """Return what was remarked on values, each remark once with the cells it was made on."""
    cells_by_remark: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in runs:
        for metric, remarks in cell.remarks.items():
            if is_reference(metric):
                continue
            for remark in remarks:
                cells_by_remark[metric, remark].append(
                    f"{cell.method} on {cell.dataset}, L = {cell.latent_dim}"
                )
    return [
        f"{title(metric)} of {', '.join(dict.fromkeys(where))}: {remark}"
        for (metric, remark), where in cells_by_remark.items()
    ]


def provenance(runs: Sequence[Replicates], metrics: Sequence[str]) -> tuple[str, ...]:
    """Return lines that lead back to the records: protocol version, measurement ids, and the run
    keys of every cell."""
    versions = sorted({cell.spec.get("protocol", PROTOCOL) for cell in runs})
    ids = _protocols(runs)
    lines = [f"protocol {', '.join(map(str, versions))}"]
    for metric in metrics:
        for dataset, identifiers in ids.get(metric, {}).items():
            lines += [
                f"{identifier} on {dataset}" for identifier in identifiers if "[" in identifier
            ]
    return (*lines, *(f"{cell.name}: {' '.join(cell.keys)}" for cell in runs))

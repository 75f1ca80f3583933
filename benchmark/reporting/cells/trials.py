"""What voices said of data of known dimension: the answers of every method, estimator and share of
principal components, and the runs that gave none, with the reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.calibration.voices import Case, Statement
from benchmark.controls import DimensionReference, References
from benchmark.identity import current
from benchmark.metrics.intrinsic import ESTIMATORS
from benchmark.metrics.null import Null
from benchmark.names import metric_of, rank
from benchmark.reporting.cells.nulls import gap_of, nulls_of
from benchmark.reporting.cells.one_code import without_other_code
from benchmark.reporting.cells.replicates import Replicates, gather
from benchmark.reporting.cells.titles import intrinsic_dim
from benchmark.spec import Record

__all__ = ["DISPUTED", "INSIDE", "Trial", "cases_of", "judged", "trials_of"]

DISPUTED = ("sprites", "dsprites")
"""Data whose dimension is a convention, not a fact (benchmark/datasets/sprites.py says why)."""

INSIDE, NOTHING, NO_COUNT = "inside the null", "nothing found", "no L*"
"""Reasons for which a run is no answer, besides its status and its flags."""


@dataclass(frozen=True)
class Trial:
    """What one voice said of one dataset of dimension ``n`` at one latent size (None of estimators
    and principal components).

    ``counts`` are the answers, one per seed or draw, without those of failed runs; ``runs`` counts
    both. A run fails where it did not end, bears a flag, or counts inside its null; ``failures``
    counts the reasons, of which a run may have several. ``noise`` is the option of the data, None
    where they have none. ``keys`` are those of the runs.
    """

    voice: str
    dataset: str
    n: int
    latent_dim: int | None
    noise: float | None
    counts: tuple[float, ...]
    runs: int
    failures: Mapping[str, int] = field(default_factory=dict)
    keys: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """How many runs gave no answer."""
        return self.runs - len(self.counts)

    @property
    def ratios(self) -> tuple[float, ...]:
        """The answers over n."""
        return tuple(count / self.n for count in self.counts)


def trials_of(records: Iterable[Record], references: References) -> list[Trial]:
    """Return the trials on data of known dimension: of methods that select, in the order of the
    registry, then of the estimators and principal components in ``references``.

    Runs that other code than is installed made are left out.
    """
    kept = [
        record
        for record in without_other_code(current(records))
        if record.spec["kind"] == "train" and record.spec["dataset"] not in DISPUTED
    ]
    by_key = {record.key: record for record in kept}
    cells = [cell for cell in gather(kept, ("lstar",)) if intrinsic_dim(cell.dataset) is not None]
    several = len({cell.budget for cell in cells if cell.spec["steps"]}) > 1
    methods = [
        _of_method(cell, [by_key[key] for key in cell.keys], references, several=several)
        for cell in cells
        if "no_selection" not in cell.flags
    ]
    data = {cell.data: cell for cell in cells}
    others = [trial for cell in data.values() for trial in _of_estimators(cell, references)]
    return [*sorted(methods, key=lambda trial: rank("methods", trial.voice)), *others]


def _of_method(
    cell: Replicates, records: Sequence[Record], references: References, *, several: bool
) -> Trial:
    null = nulls_of(cell, references).readings.get("lstar")
    counts, reasons = [], Counter[str]()
    for record in records:
        count, why = judged(record, null)
        reasons.update(why)
        if count is not None and not why:
            counts.append(count)
    suffix = f", {cell.budget}" if several and cell.spec["steps"] else ""
    return Trial(
        cell.method + suffix,
        cell.dataset,
        _truth(cell),
        cell.latent_dim,
        _noise(cell),
        tuple(counts),
        len(records),
        dict(sorted(reasons.items())),
        cell.keys,
    )


def judged(record: Record, null: Null | None) -> tuple[float | None, list[str]]:
    """Return the L* of a run, and the reasons for which it is no answer."""
    if record.status != "done":
        return None, [record.status]
    flags = {*record.flags, *(record.discovery or {}).get("flags", ())}
    reasons = [flag.replace("_", " ") for flag in sorted(flags)]
    values = [
        measurement.get("value")
        for identifier, measurement in record.measurements.items()
        if metric_of(identifier) == "lstar"
    ]
    count = values[0] if values else None
    if count is None or not math.isfinite(count):
        return None, reasons or [NO_COUNT]
    if null is not None and null.holds(count, gap_of(record.discovery)):
        reasons.append(INSIDE)
    if count < 1 and not reasons:
        reasons.append(NOTHING)
    return float(count), reasons


def _of_estimators(cell: Replicates, references: References) -> list[Trial]:
    """Return the trials of every estimator and share of principal components on a cell's data; none
    where nobody estimated."""
    reference = references.dimension(cell.data)
    if reference is None:
        return []
    trials = [_of_estimator(cell, reference, name) for name in ESTIMATORS]
    for share, count in sorted(reference.pca.items()):
        counts = (float(count),) if count > 0 else ()
        failures = {} if counts else {NOTHING: 1}
        trials.append(_of_data(cell, f"PCA-{share}", counts, 1, failures))
    return trials


def _of_estimator(cell: Replicates, reference: DimensionReference, name: str) -> Trial:
    values = tuple(value for value in reference.estimates.get(name, ()) if value > 0)
    failed = reference.draws - len(values)
    failures = {"no estimate": failed} if failed > 0 else {}
    return _of_data(cell, ESTIMATORS[name][0], values, max(reference.draws, len(values)), failures)


def _of_data(
    cell: Replicates,
    voice: str,
    counts: tuple[float, ...],
    runs: int,
    failures: Mapping[str, int],
) -> Trial:
    return Trial(
        voice, cell.dataset, _truth(cell), None, _noise(cell), tuple(counts), runs, failures
    )


def _truth(cell: Replicates) -> int:
    dimension = intrinsic_dim(cell.dataset)
    assert dimension is not None  # cells of unknown dimension were left out
    return dimension


def _noise(cell: Replicates) -> float | None:
    noise = cell.spec["options"].get("noise")
    number = isinstance(noise, int | float) and not isinstance(noise, bool)
    return float(noise) if number and math.isfinite(noise) else None


def cases_of(trials: Iterable[Trial]) -> list[Case]:
    """Return a case per dataset for :mod:`benchmark.calibration`: what each voice said of it at
    each latent size, the mean over its answers; voices without one are silent."""
    truths: dict[str, int] = {}
    said: dict[str, list[Statement]] = defaultdict(list)
    for trial in trials:
        truths[trial.dataset] = trial.n
        if trial.counts:
            mean = math.fsum(trial.counts) / len(trial.counts)
            said[trial.dataset].append(Statement(trial.voice, mean, trial.latent_dim))
    return [Case(dataset, float(n), tuple(said[dataset])) for dataset, n in truths.items()]

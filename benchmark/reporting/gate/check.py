"""The gate: runs of today against a baseline, cell by cell: worse, not worse, better, or cannot
tell.

- Where every seed has the key of the baseline's run and was made on the same machine class, equal
  bits are *not worse*, and so are bits that moved by rounding (1e-5, relative). No spread is needed
  to judge that. Bits that moved further are tested like other values.
- Elsewhere a one-sided test of equal seeds decides
  (:mod:`benchmark.reporting.statistics.worsening`), with Holm's correction over all cells: the
  chance that any cell is called worse although nothing changed is at most ``alpha``. *Not worse* is
  said where a worsening by the cell's smallest detectable effect can be excluded at level
  ``alpha``; that every cell is not worse then has the same level, without correction (an
  intersection-union test).
- A seed that diverged where none did before is tested as such, within the same ``alpha``.
- Where the data are others than they were, or a metric has no better side, a move to either side
  counts.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.identity import outdated, outdated_metrics
from benchmark.names import metric_of
from benchmark.reporting.gate.baseline_file import Baseline, BaselineCell, Typed, as_typed
from benchmark.reporting.gate.bits import compared_bits, pairs_of_seeds, same_bits_expected
from benchmark.reporting.gate.causes import causes_of
from benchmark.reporting.statistics.significance import holm
from benchmark.reporting.statistics.worsening import (
    FEWEST,
    NEGLIGIBLE,
    Test,
    choose,
    p_diverged,
    p_worse,
    seeds_for,
    smallest_p,
)
from benchmark.spec import Record

__all__ = ["GateVerdict", "Judgement", "Remedy", "check", "exit_status"]

GateVerdict = Literal["worse", "not worse", "better", "cannot tell", "no verdict"]

Remedy = Literal["", "fresh", "run", "evaluate"]
"""What a cell without a verdict lacks: a folder of its own, runs, or a metric of finished runs."""

_INFRASTRUCTURE = ("failed", "killed", "timed-out", "out-of-memory", "blocked")


@dataclass(frozen=True)
class Judgement:
    """What is said of one cell. ``p`` is corrected over cells, None where bits were compared;
    ``causes`` are what else is not as it was; ``remedy`` is what would lead to a verdict."""

    cell: BaselineCell
    verdict: GateVerdict
    reason: str
    mean: float | None = None
    p: float | None = None
    causes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    remedy: Remedy = ""


@dataclass(frozen=True)
class _Evidence:
    """The p values of one cell that are corrected together with those of the others: that it is
    worse, better, and that a worsening by its smallest effect is excluded. ``note`` says what was
    seen before any test."""

    cell: BaselineCell
    runs: tuple[Record, ...]
    values: tuple[float, ...]
    test: Test
    two_sided: bool
    worse: float
    better: float = 1.0
    bounded: float = 1.0
    note: str = ""
    causes: tuple[str, ...] = ()


def check(baseline: Baseline, records: Iterable[Record], *, exact: bool = True) -> list[Judgement]:
    """Return the judgement of every cell of ``baseline``, in its order. ``exact`` False: seeds are
    tested even where bits could be compared."""
    runs: dict[Typed, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        runs[as_typed(record.spec)][record.spec["seed"]].append(record)
    results = [_look(cell, runs[cell.typed], baseline, exact) for cell in baseline.cells]
    tested = [result if isinstance(result, _Evidence) else None for result in results]
    worse = holm([1.0 if evidence is None else evidence.worse for evidence in tested])
    better = holm([1.0 if evidence is None else evidence.better for evidence in tested])
    return [
        _conclude(result, p, q, baseline) if isinstance(result, _Evidence) else result
        for result, p, q in zip(results, worse, better, strict=True)
    ]


def _look(
    cell: BaselineCell,
    runs_by_seed: Mapping[int, Sequence[Record]],
    baseline: Baseline,
    exact: bool,
) -> Judgement | _Evidence:
    """What the runs of one cell say by themselves."""
    runs: list[Record] = []
    for seed in sorted(map(int, cell.runs)):
        fitting = runs_by_seed.get(seed, [])
        if not fitting:
            return Judgement(cell, "no verdict", f"there is no run of seed {seed}", remedy="run")
        if len(fitting) > 1:
            return Judgement(
                cell, "no verdict", f"{len(fitting)} runs of seed {seed} fit", remedy="fresh"
            )
        runs.append(fitting[0])
    causes, keys = causes_of(cell, runs, baseline), tuple(record.key for record in runs)
    for record in runs:
        lacking = _broken(cell, record)
        if lacking is not None:
            return replace(lacking, causes=causes, keys=(record.key,))
    if any(_diverged(cell, record) for record in runs):
        return replace(_divergence(cell, runs), causes=causes)
    note = ""
    if exact and all(same_bits_expected(cell, record, baseline) for record in runs):
        note, moved = compared_bits(cell, runs)
        if not moved:
            values = [record.measurements[cell.metric]["value"] for record in runs]
            return Judgement(
                cell, "not worse", note, statistics.fmean(values), causes=causes, keys=keys
            )
    return replace(_evidence(cell, runs), note=note, causes=causes)


def _broken(cell: BaselineCell, record: Record) -> Judgement | None:
    """A run that says nothing of its metric: it was made by other code, its machine failed, or it
    did not measure it."""
    seed = record.spec["seed"]
    stale = outdated(record)
    if not stale and metric_of(cell.metric) in outdated_metrics(record):
        stale = f"the installed code of '{metric_of(cell.metric)}' is not the one that measured it"
    if stale:
        return Judgement(
            cell,
            "no verdict",
            f"seed {seed} is stale ({stale}); run `bench run` again",
            remedy="run",
        )
    if record.status in _INFRASTRUCTURE:
        return Judgement(
            cell,
            "no verdict",
            f"seed {seed} ended as '{record.status}': {record.error}",
            remedy="run",
        )
    if cell.metric in record.measurements or _diverged(cell, record):
        return None
    others = [
        identifier
        for identifier in record.measurements
        if identifier.partition("[")[0] == cell.metric.partition("[")[0]
    ]
    absent = record.absent.get(cell.metric.partition("[")[0])
    instead = f"it was measured as {others[0]}" if others else absent or "it was not measured"
    return Judgement(
        cell,
        "no verdict",
        f"seed {seed} has no {cell.metric}: {instead}; if that is meant, write the baseline again",
        remedy="" if others or absent else "evaluate",
    )


def _diverged(cell: BaselineCell, record: Record) -> str:
    """Why a run has no finite value, empty where it has one."""
    seed = record.spec["seed"]
    if record.status == "diverged":
        return f"seed {seed} diverged: {record.error}"
    absent = record.absent.get(cell.metric.partition("[")[0], "")
    if "not finite" in absent and cell.metric not in record.measurements:
        return f"{cell.metric} of seed {seed}: {absent}"
    return ""


def _sign(cell: BaselineCell) -> int:
    """Values times this: more is worse."""
    return -1 if cell.direction == "max" else 1


def _oriented(cell: BaselineCell, runs: Sequence[Record]) -> tuple[list[float], list[float]]:
    """Values before and now, by seed: more is worse."""
    pairs = [
        (_sign(cell) * before, _sign(cell) * after) for before, after in pairs_of_seeds(cell, runs)
    ]
    return [before for before, _ in pairs], [after for _, after in pairs]


def _evidence(cell: BaselineCell, runs: Sequence[Record]) -> _Evidence:
    old, new = _oriented(cell, runs)
    rounding, test = NEGLIGIBLE * abs(cell.mean), choose(old, new)
    worse = p_worse([value + rounding for value in old], new, test)
    better = p_worse([value + rounding for value in new], old, test)
    bounded = 1.0
    two_sided = cell.direction == "none" or _other_data(cell, runs)
    if cell.effect is not None:
        bounded = p_worse(new, [value + cell.effect for value in old], test)
        if two_sided:
            fallen = p_worse([value - cell.effect for value in old], new, test)
            bounded = max(bounded, fallen)
    if two_sided:
        worse, better = min(1.0, 2 * min(worse, better)), 1.0
    values = tuple(record.measurements[cell.metric]["value"] for record in runs)
    return _Evidence(cell, tuple(runs), values, test, two_sided, worse, better, bounded)


def _divergence(cell: BaselineCell, runs: Sequence[Record]) -> _Evidence:
    """Seeds that diverged, and those that did not: each of the two p values counts twice, since
    the smaller one is taken."""
    reasons = list(filter(None, (_diverged(cell, record) for record in runs)))
    rest = [record for record in runs if not _diverged(cell, record)]
    p = p_diverged(len(reasons), len(runs))
    if len(rest) >= FEWEST:
        p = min(p, _evidence(cell, rest).worse)
    note = f"{len(reasons)} of {len(runs)} seeds have no finite value ({reasons[0]})"
    worse = min(1.0, 2 * p)
    return _Evidence(cell, tuple(runs), (), "permutation", False, worse, note=note)


def _other_data(cell: BaselineCell, runs: Sequence[Record]) -> bool:
    return any(record.spec["data"] != cell.spec["data"] for record in runs)


def _conclude(evidence: _Evidence, worse: float, better: float, baseline: Baseline) -> Judgement:
    verdict, reason = _verdict(evidence, worse, better, baseline)
    return Judgement(
        evidence.cell,
        verdict,
        "; ".join(filter(None, (evidence.note, reason))),
        statistics.fmean(evidence.values) if evidence.values else None,
        better if verdict == "better" else worse,
        evidence.causes,
        tuple(record.key for record in evidence.runs),
    )


def _verdict(
    evidence: _Evidence, worse: float, better: float, baseline: Baseline
) -> tuple[GateVerdict, str]:
    cell, other_data = evidence.cell, _other_data(evidence.cell, evidence.runs)
    if worse <= baseline.alpha:
        if other_data:
            return "worse", "moved, and the data are others"
        return "worse", "moved" if evidence.two_sided else "worse than seeds explain"
    if better <= baseline.alpha:
        return "better", "better than seeds explain"
    if other_data:
        reason = "the data are others than the baseline's; write it again if that is meant"
        return "cannot tell", reason
    if evidence.bounded <= baseline.alpha and cell.effect is not None:
        return "not worse", f"a worsening by {cell.effect:.3g} is excluded"
    return "cannot tell", _undecided(evidence, baseline)


def _undecided(evidence: _Evidence, baseline: Baseline) -> str:
    """Why neither side was shown: too few seeds for so many cells, or too small a move."""
    cell, seeds = evidence.cell, len(evidence.runs)
    sides = 1 + evidence.two_sided
    smallest, level = smallest_p(seeds, evidence.test), baseline.level / sides
    if evidence.values and smallest > level and evidence.worse <= 1.001 * sides * smallest:
        return (
            f"{seeds} seeds give p = {smallest:.2g} at least, and {level:.2g} is asked for among "
            f"{len(baseline.cells)} cells: {seeds_for(level, evidence.test)} seeds would tell"
        )
    if cell.effect is None or not evidence.values:
        return "neither a worsening nor its absence is shown"
    return (
        "neither a worsening nor its absence is shown; "
        f"a worsening by {cell.effect:.3g} is not excluded"
    )


def exit_status(judgements: Iterable[Judgement], *, strict: bool = False) -> int:
    """Return 1 where a cell is worse, else 3 where one has no verdict (or cannot be told, if
    ``strict``), else 0."""
    verdicts = {judgement.verdict for judgement in judgements}
    if "worse" in verdicts:
        return 1
    return 3 if "no verdict" in verdicts or (strict and "cannot tell" in verdicts) else 0

"""The gate: runs of today against a baseline, cell by cell: worse, not worse, better, or cannot
tell.

- Where every seed has the key of the baseline's run and was made on the same machine class, bits
must agree, and no spread is needed to judge that. - Elsewhere a one-sided test decides
  (:mod:`benchmark.reporting.regression`), with Holm's correction over all cells: the chance that
  any cell is called worse although nothing changed is at most ``alpha``. *Not worse* is said where
  a worsening by the cell's smallest detectable effect can be excluded at level ``alpha``; that
  every cell is not worse then has the same level, without correction (an intersection-union test).
- Where the data are others than they were, or a metric has no better side, a move to either side
  counts.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from benchmark import registry
from benchmark.identity import metric_of, outdated, outdated_metrics
from benchmark.protocol.machine import machine_class, same_class
from benchmark.reporting.baseline import NEGLIGIBLE, Baseline, Cell, Place, place_of
from benchmark.reporting.comparison import holm
from benchmark.reporting.regression import p_worse
from benchmark.spec import BenchError, Record

__all__ = ["Judgement", "Verdict", "check", "exit_status"]

Verdict = Literal["worse", "not worse", "better", "cannot tell", "no verdict"]

_INFRASTRUCTURE = ("failed", "killed", "timed-out", "out-of-memory", "blocked")


@dataclass(frozen=True)
class Judgement:
    """What is said of one cell. ``p`` is corrected over cells, None where bits were compared;
    ``causes`` are what else is not as it was."""

    cell: Cell
    verdict: Verdict
    reason: str
    mean: float | None = None
    p: float | None = None
    causes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Evidence:
    """The p values of one cell that are corrected together with those of the others."""

    cell: Cell
    runs: tuple[Record, ...]
    values: tuple[float, ...]
    worse: float
    better: float
    bounded: float
    two_sided: bool
    causes: tuple[str, ...]


def check(baseline: Baseline, records: Iterable[Record], *, exact: bool = True) -> list[Judgement]:
    """Return the judgement of every cell of ``baseline``, in its order. ``exact`` False: seeds are
    tested even where bits could be compared."""
    there: dict[Place, dict[int, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        there[place_of(record.spec)][record.spec["seed"]].append(record)
    found = [_look(cell, there[cell.place], baseline, exact) for cell in baseline.cells]
    tested = [each if isinstance(each, _Evidence) else None for each in found]
    worse = holm([1.0 if each is None else each.worse for each in tested])
    better = holm([1.0 if each is None else each.better for each in tested])
    return [
        _conclude(each, p, q, baseline.alpha) if isinstance(each, _Evidence) else each
        for each, p, q in zip(found, worse, better, strict=True)
    ]


def _look(
    cell: Cell, there: Mapping[int, Sequence[Record]], baseline: Baseline, exact: bool
) -> Judgement | _Evidence:
    """What the runs of one cell say by themselves."""
    runs: list[Record] = []
    for seed in sorted(map(int, cell.runs)):
        fitting = there.get(seed, [])
        if len(fitting) != 1:
            lost = (
                f"{len(fitting)} runs of seed {seed} fit; compare a fresh folder (--results)"
                if fitting
                else f"there is no run of seed {seed}"
            )
            return Judgement(cell, "no verdict", lost)
        runs.append(fitting[0])
    causes, keys = _causes(cell, runs, baseline), tuple(record.key for record in runs)
    for record in runs:
        said = _ended(cell, record)
        if said is not None:
            return replace(said, causes=causes, keys=(record.key,))
    values = tuple(record.measurements[cell.metric]["value"] for record in runs)
    if exact and all(_same_bits_expected(cell, record, baseline) for record in runs):
        return replace(_exact(cell, runs, values), causes=causes, keys=keys)
    return _evidence(cell, tuple(runs), values, causes)


def _ended(cell: Cell, record: Record) -> Judgement | None:
    """A run that left no value to test: a broken machine gives no verdict, a diverged training is
    worse."""
    seed = record.spec["seed"]
    stale = outdated(record)
    if not stale and metric_of(cell.metric) in outdated_metrics(record):
        stale = f"the installed code of '{metric_of(cell.metric)}' is not the one that measured it"
    if stale:
        return Judgement(
            cell, "no verdict", f"seed {seed} is stale ({stale}); run `bench run` again"
        )
    if record.status in _INFRASTRUCTURE:
        return Judgement(
            cell, "no verdict", f"seed {seed} ended as '{record.status}': {record.error}"
        )
    if record.status == "diverged":
        return Judgement(cell, "worse", f"seed {seed} diverged: {record.error}")
    if cell.metric in record.measurements:
        return None
    absent = record.absent.get(cell.metric.partition("[")[0])
    if absent is not None and "not finite" in absent:
        return Judgement(cell, "worse", f"{cell.metric} of seed {seed}: {absent}")
    others = [
        identifier
        for identifier in record.measurements
        if identifier.partition("[")[0] == cell.metric.partition("[")[0]
    ]
    told = f"it was measured as {others[0]}" if others else absent or "it was not measured"
    return Judgement(
        cell,
        "no verdict",
        f"seed {seed} has no {cell.metric}: {told}; if that is meant, write the baseline again",
    )


def _same_bits_expected(cell: Cell, record: Record, baseline: Baseline) -> bool:
    run = cell.runs[str(record.spec["seed"])]
    return run.key == record.key and same_class(
        baseline.machines[run.machine], machine_class(record.environment)
    )


def _exact(cell: Cell, runs: Sequence[Record], values: Sequence[float]) -> Judgement:
    """Bits are compared: nothing but a change of code can make a difference, so no test is needed
    to see one."""
    old = [cell.runs[str(record.spec["seed"])].value for record in runs]
    mean, changed = statistics.fmean(values), sum(a != b for a, b in zip(old, values, strict=True))
    if not changed:
        return Judgement(cell, "not worse", "same bits in every seed", mean)
    told = f"{changed} of {len(old)} seeds have other bits on the same machine class"
    move = _sign(cell) * math.fsum([*values, *(-value for value in old)])
    if cell.direction == "none" or move >= 0:
        return Judgement(cell, "worse", told, mean)
    return Judgement(cell, "better", told, mean)


def _sign(cell: Cell) -> int:
    """Values times this: more is worse."""
    return -1 if cell.direction == "max" else 1


def _evidence(
    cell: Cell, runs: tuple[Record, ...], values: tuple[float, ...], causes: tuple[str, ...]
) -> _Evidence:
    old = [_sign(cell) * cell.runs[str(record.spec["seed"])].value for record in runs]
    new = [_sign(cell) * value for value in values]
    rounding = NEGLIGIBLE * abs(cell.mean)
    worse = p_worse([value + rounding for value in old], new, cell.test)
    better = p_worse([value + rounding for value in new], old, cell.test)
    bounded = p_worse(new, [value + cell.effect for value in old], cell.test)
    two_sided = cell.direction == "none" or any(
        record.spec["data"] != cell.spec["data"] for record in runs
    )
    if two_sided:
        worse, better = min(1.0, 2 * min(worse, better)), 1.0
        bounded = max(bounded, p_worse([value - cell.effect for value in old], new, cell.test))
    return _Evidence(cell, runs, values, worse, better, bounded, two_sided, causes)


def _conclude(found: _Evidence, worse: float, better: float, alpha: float) -> Judgement:
    cell, mean = found.cell, statistics.fmean(found.values)
    other_data = any(record.spec["data"] != cell.spec["data"] for record in found.runs)
    said: tuple[Verdict, str, float]
    if worse <= alpha:
        moved = (
            "moved, and the data are others"
            if other_data
            else "moved"
            if found.two_sided
            else "worse than seeds explain"
        )
        said = "worse", moved, worse
    elif better <= alpha:
        said = "better", "better than seeds explain", better
    elif other_data:
        said = (
            "cannot tell",
            "the data are others than the baseline's; write it again if that is meant",
            worse,
        )
    elif found.bounded <= alpha:
        said = "not worse", f"a worsening by {cell.effect:.3g} is excluded", worse
    else:
        said = (
            "cannot tell",
            f"neither a worsening nor its absence is shown; a worsening by {cell.effect:.3g} is not excluded",
            worse,
        )
    return Judgement(
        cell,
        said[0],
        said[1],
        mean,
        said[2],
        found.causes,
        tuple(record.key for record in found.runs),
    )


def _causes(cell: Cell, runs: Sequence[Record], baseline: Baseline) -> tuple[str, ...]:
    """What differs from the baseline's runs: options, data, schedule, code, machine."""
    record = runs[0]
    told = []
    for name, before in cell.spec.items():
        after = record.spec.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            open_options = record.spec.get("taken", {}) if name == "config" else {}
            told += [
                f"{option} {before.get(option)} -> {after.get(option)}"
                for option in sorted(before.keys() | after.keys())
                if option not in open_options and before.get(option) != after.get(option)
            ]
        elif before != after:
            told.append(f"{name} {_short(before)} -> {_short(after)}")
    if record.code != cell.code:
        told.append(
            f"code of {record.spec['method']} ({_file(record.spec['method'])} or what it imports) {cell.code} -> {record.code}"
        )
    before = baseline.machines[cell.runs[str(record.spec["seed"])].machine]
    after = machine_class(record.environment)
    told += [
        f"{name} {before[name]} -> {after[name]}"
        for name in before
        if name in after and before[name] != after[name]
    ]
    return tuple(told)


def _file(method: str) -> str:
    """The source file of a method as the project's tree names it."""
    try:
        path = registry.find("methods", method).path
    except BenchError:
        return "a file of yours"
    return f"{path.parent.name}/{path.name}"


def _short(value: Any) -> str:
    return str(value)[:12]


def exit_status(judgements: Iterable[Judgement], *, strict: bool = False) -> int:
    """Return 1 where a cell is worse, else 3 where one has no verdict (or cannot be told, if
    ``strict``), else 0."""
    verdicts = {each.verdict for each in judgements}
    if "worse" in verdicts:
        return 1
    return 3 if "no verdict" in verdicts or (strict and "cannot tell" in verdicts) else 0

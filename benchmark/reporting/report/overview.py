"""What was run, on what, and what became of it: the first and the last part of the index page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from benchmark.names import budget_rank, labels, rank
from benchmark.reporting.tables.document import clip
from benchmark.spec import STATUSES, Record

__all__ = ["Coverage", "Fact", "coverage", "duration", "environment", "plan", "reach"]


@dataclass(frozen=True)
class Fact:
    """A term and what is to be said of it, each with a remark (how many runs) or none."""

    term: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CoverageCell:
    """The runs of one method on one dataset: ``text`` says how many are done of how many, ``state``
    is ``done``, ``partly``, ``none`` or ``gap``, ``counts`` how many ended in which way."""

    text: str
    state: str
    counts: str


@dataclass(frozen=True)
class Coverage:
    """Methods down, datasets across, and in each cell how many runs are done."""

    datasets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[CoverageCell, ...]], ...]


def duration(seconds: float) -> str:
    """Return a length of time in two units at most.

    >>> duration(4.26), duration(75), duration(7322)
    ('4.3 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def reach(records: Sequence[Record]) -> str:
    """Return how many methods were run on how many datasets, and how many experiments (studies) of
    another kind: ``2 methods on 1 dataset, and 1 experiment``."""
    trained = [record for record in records if record.spec["kind"] == "train"]
    methods = {record.spec["method"] for record in trained}
    datasets = {labels(record.spec, record.given)[1] for record in trained}
    studies = {record.spec["kind"] for record in records} - {"train"}
    parts = []
    if trained or not studies:
        parts.append(f"{_count(methods, 'method')} on {_count(datasets, 'dataset')}")
    if studies:
        parts.append(_count(studies, "experiment"))
    return ", and ".join(parts)


def _count(names: Collection[str], word: str) -> str:
    return f"{len(names)} {word}{'' if len(names) == 1 else 's'}"


def plan(records: Sequence[Record]) -> list[Fact]:
    """Return what was run in a few facts: how many runs and what became of them, latent sizes,
    seeds, budgets, work and time."""
    statuses = Counter(record.status for record in records)
    specs = [record.spec for record in records]
    lengths: dict[str, set[int]] = defaultdict(set)
    for spec in specs:
        lengths[spec["budget"]].add(spec["steps"])
    images = sum(record.timing.get("images_seen", 0) for record in records)
    training, evaluation = (
        duration(sum(record.timing.get(f"{part}_seconds", 0.0) for record in records))
        for part in ("train", "evaluate")
    )
    ends = [(f"{statuses[status]} {status}", "") for status in STATUSES if statuses[status]]
    sizes = ", ".join(map(str, sorted({spec["latent_dim"] for spec in specs})))
    seeds = ", ".join(map(str, sorted({spec["seed"] for spec in specs})))
    budgets = [(name, _steps(lengths[name] - {0})) for name in sorted(lengths, key=budget_rank)]
    time = f"{training} of training, {evaluation} of evaluation"
    facts = [
        Fact("Runs", tuple(ends)),
        Fact("Latent sizes", ((f"L = {sizes}", ""),)),
        Fact("Seeds", ((seeds, ""),)),
        Fact("Budgets", tuple(budgets)),
        Fact("Work", ((f"{images:,} images seen in training", ""),)),
        Fact("Time", ((time, "all runs together"),)),
    ]
    return facts if records else []


def _steps(lengths: set[int]) -> str:
    if not lengths:
        return "closed form"
    low, high = min(lengths), max(lengths)
    return f"{low:,} outer steps" if low == high else f"{low:,} to {high:,} outer steps"


def coverage(records: Sequence[Record]) -> Coverage:
    """Return which methods were run on which datasets, each in the order of the registry."""
    runs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        runs[labels(record.spec, record.given)].append(record)
    methods = sorted({method for method, _ in runs}, key=lambda name: rank("methods", name))
    datasets = sorted({dataset for _, dataset in runs}, key=lambda name: rank("datasets", name))
    rows = tuple(
        (clip(method), tuple(_coverage_cell(runs[method, dataset]) for dataset in datasets))
        for method in methods
    )
    return Coverage(tuple(map(clip, datasets)), rows)


def _coverage_cell(records: Sequence[Record]) -> CoverageCell:
    if not records:
        return CoverageCell("–", "gap", "not run")
    counts = Counter(record.status for record in records)
    done = counts["done"]
    words = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    state = "none"
    if done:
        state = "done" if done == len(records) else "partly"
    return CoverageCell(f"{done}/{len(records)}", state, words)


def environment(records: Sequence[Record]) -> list[Fact]:
    """Return packages, machines and commits of ``records``; where runs differ, how many have
    which."""
    environments = [record.environment for record in records if record.environment]
    if not environments:
        return []
    packages = sorted(
        set(chain.from_iterable(environment.get("packages", {}) for environment in environments))
    )
    facts = [_fact(title, environments, take) for title, take in _TAKEN.items()]
    facts += [_fact(name, environments, partial(_version, name)) for name in packages]
    facts.append(
        Fact(
            "Code of the methods",
            _counted(f"{record.spec['method']} {record.code}" for record in records),
        )
    )
    return [fact for fact in facts if fact.values]


def _version(package: str, environment: Mapping[str, Any]) -> str | None:
    return environment.get("packages", {}).get(package)


def _commit(environment: Mapping[str, Any]) -> str | None:
    commit = environment.get("commit")
    if not commit:
        return None
    return f"{commit}, and files that were changed since" if environment.get("dirty") else commit


def _machine(environment: Mapping[str, Any]) -> str | None:
    parts = [environment.get("cpu"), environment.get("cpu_capability"), environment.get("platform")]
    return ", ".join(str(part) for part in parts if part) or None


_YES_OR_NO: Mapping[Any, str] = {True: "yes", False: "no"}

_TAKEN: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "Commit": _commit,
    "L* bench": lambda environment: environment.get("lstar_bench"),
    "Machine": _machine,
    "Device": lambda environment: environment.get("device"),
    "CUDA": lambda environment: environment.get("cuda"),
    "Threads": lambda environment: environment.get("threads"),
    "Deterministic": lambda environment: _YES_OR_NO.get(environment.get("deterministic")),
    "Python": lambda environment: environment.get("python"),
}


def _fact(
    title: str, environments: Sequence[Mapping[str, Any]], take: Callable[[Mapping[str, Any]], Any]
) -> Fact:
    return Fact(
        title,
        _counted(
            str(value) for environment in environments if (value := take(environment)) is not None
        ),
    )


def _counted(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return each text with how many runs have it; without the number where it is the only one."""
    counts = Counter(clip(text, 200) for text in texts)
    several = len(counts) > 1
    return tuple(
        (text, f"{count} run{'s' if count > 1 else ''}" if several else "")
        for text, count in sorted(counts.items())
    )

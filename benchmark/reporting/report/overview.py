"""What was run, on what, and what became of it: the first and the last part of the index page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from benchmark.names import budget_rank, labels, rank
from benchmark.reporting.tables.document import clip
from benchmark.spec import STATUSES, Record

__all__ = ["Coverage", "Fact", "coverage", "duration", "environment", "plan"]


@dataclass(frozen=True)
class Fact:
    """A term and what is to be said of it, each with a remark (how many runs) or none."""

    term: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Place:
    """The runs of one method on one dataset: ``text`` says how many are done of how many, ``state``
    is ``done``, ``partly``, ``none`` or ``gap``."""

    text: str
    state: str
    told: str


@dataclass(frozen=True)
class Coverage:
    """Methods down, datasets across, and in each place how many runs are done."""

    datasets: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Place, ...]], ...]


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


def plan(records: Sequence[Record]) -> list[Fact]:
    """Return what was run in a few facts: how many runs and what became of them, latent sizes,
    seeds, budgets, work and time."""
    statuses = Counter(record.status for record in records)
    specs = [record.spec for record in records]
    lengths: dict[str, set[int]] = defaultdict(set)
    for spec in specs:
        lengths[spec["budget"]].add(spec["steps"])
    images = sum(record.timing.get("images_seen", 0) for record in records)
    times = [
        sum(record.timing.get(f"{part}_seconds", 0.0) for record in records)
        for part in ("train", "evaluate")
    ]
    facts = [
        Fact(
            "Runs",
            tuple((f"{statuses[status]} {status}", "") for status in STATUSES if statuses[status]),
        ),
        Fact(
            "Latent sizes",
            (("L = " + ", ".join(map(str, sorted({spec["latent_dim"] for spec in specs}))), ""),),
        ),
        Fact("Seeds", ((", ".join(map(str, sorted({spec["seed"] for spec in specs}))), ""),)),
        Fact(
            "Budgets",
            tuple((name, _steps(lengths[name] - {0})) for name in sorted(lengths, key=budget_rank)),
        ),
        Fact("Work", ((f"{images:,} images seen in training", ""),)),
        Fact(
            "Time",
            (
                (
                    f"{duration(times[0])} of training, {duration(times[1])} of evaluation",
                    "all runs together",
                ),
            ),
        ),
    ]
    return facts if records else []


def _steps(lengths: set[int]) -> str:
    if not lengths:
        return "closed form"
    low, high = min(lengths), max(lengths)
    return f"{low:,} outer steps" if low == high else f"{low:,} to {high:,} outer steps"


def coverage(records: Sequence[Record]) -> Coverage:
    """Return which methods were run on which datasets, each in the order of the registry."""
    places: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        places[labels(record.spec, record.given)].append(record)
    methods = sorted({method for method, _ in places}, key=lambda name: rank("methods", name))
    datasets = sorted({dataset for _, dataset in places}, key=lambda name: rank("datasets", name))
    rows = tuple(
        (clip(method), tuple(_place(places.get((method, dataset), [])) for dataset in datasets))
        for method in methods
    )
    return Coverage(tuple(map(clip, datasets)), rows)


def _place(records: Sequence[Record]) -> Place:
    if not records:
        return Place("–", "gap", "not run")
    counts = Counter(record.status for record in records)
    done = counts["done"]
    told = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    return Place(
        f"{done}/{len(records)}",
        "done" if done == len(records) else "partly" if done else "none",
        told,
    )


def environment(records: Sequence[Record]) -> list[Fact]:
    """Return packages, machines and commits of ``records``; where runs differ, how many have
    which."""
    there = [record.environment for record in records if record.environment]
    if not there:
        return []
    packages = sorted(set(chain.from_iterable(found.get("packages", {}) for found in there)))
    facts = [_fact(title, there, take) for title, take in _TAKEN.items()]
    facts += [_fact(name, there, partial(_version, name)) for name in packages]
    facts.append(
        Fact(
            "Code of the methods",
            _counted(f"{record.spec['method']} {record.code}" for record in records),
        )
    )
    return [fact for fact in facts if fact.values]


def _version(package: str, environment: Mapping[str, Any]) -> str | None:
    return environment.get("packages", {}).get(package)


def _commit(found: Mapping[str, Any]) -> str | None:
    commit = found.get("commit")
    return (
        None
        if not commit
        else f"{commit}{', and files that were changed since' if found.get('dirty') else ''}"
    )


def _machine(found: Mapping[str, Any]) -> str | None:
    parts = [found.get("cpu"), found.get("cpu_capability"), found.get("platform")]
    return ", ".join(str(part) for part in parts if part) or None


_YES_OR_NO: Mapping[Any, str] = {True: "yes", False: "no"}

_TAKEN: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "Commit": _commit,
    "L* bench": lambda found: found.get("lstar_bench"),
    "Machine": _machine,
    "Device": lambda found: found.get("device"),
    "CUDA": lambda found: found.get("cuda"),
    "Threads": lambda found: found.get("threads"),
    "Deterministic": lambda found: _YES_OR_NO.get(found.get("deterministic")),
    "Python": lambda found: found.get("python"),
}


def _fact(
    title: str, there: Sequence[Mapping[str, Any]], take: Callable[[Mapping[str, Any]], Any]
) -> Fact:
    return Fact(
        title, _counted(str(value) for found in there if (value := take(found)) is not None)
    )


def _counted(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return each text with how many runs have it; without the number where it is the only one."""
    counts = Counter(clip(text, 200) for text in texts)
    several = len(counts) > 1
    return tuple(
        (text, f"{count} run{'s' if count > 1 else ''}" if several else "")
        for text, count in sorted(counts.items())
    )

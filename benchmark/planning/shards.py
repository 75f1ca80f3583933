"""Shards: parts of a suite for several machines, which need nothing of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmark.planning.stages import OpenRun
from benchmark.spec import BenchError

__all__ = ["shard_of", "share"]


def shard_of(text: str) -> tuple[int, int]:
    """Return (I, N) of the text ``I/N``: the I-th of N equal parts of a grid or a suite.

    >>> shard_of("2/4")
    (2, 4)
    """
    part, slash, parts = text.partition("/")
    numbers = slash and part.isdecimal() and parts.isdecimal()
    if not numbers or not 1 <= int(part) <= int(parts):
        raise BenchError(f"--shard is '{text}'; expected I/N with 1 <= I <= N, as in --shard 2/4")
    return int(part), int(parts)


def share(stages: Sequence[Sequence[OpenRun]], shard: tuple[int, int]) -> list[list[OpenRun]]:
    """Return the runs of every stage that belong to ``shard``, (part, parts) from 1.

    Families are dealt out whole, in the order of the plan, each to the shard that has the fewest
    runs by then: a run, those that take a value from it, and all that one of these takes a value
    from. So each run is in one shard and has its parents there, and which shard that is depends on
    the suite alone, not on what was run.
    """
    families = _families([run for runs in stages for run in runs])
    keys = {run.job.spec.key for runs in stages for run in runs}
    sizes = Counter(families[key] for key in keys)
    part, parts = shard
    counts = [0] * parts
    owners: dict[int, int] = {}
    for family in sorted(sizes):
        owners[family] = counts.index(min(counts))
        counts[owners[family]] += sizes[family]
    return [
        [run for run in runs if owners[families[run.job.spec.key]] == part - 1] for runs in stages
    ]


def _families(runs: Sequence[OpenRun]) -> dict[str, int]:
    """Return for each key the number of its family; families are numbered as they first occur."""
    families: dict[str, int] = {}
    for count, run in enumerate(runs):
        keys = [run.job.spec.key, *(parent.spec.key for parent in run.parents.values())]
        joined = {families[key] for key in keys if key in families}
        first = min(joined, default=count)
        if len(joined) > 1:
            families |= {key: first for key, family in families.items() if family in joined}
        families |= dict.fromkeys(keys, first)
    return families

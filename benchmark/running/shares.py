"""What a run is given of a machine of a cluster: cores, memory, a part of a GPU. What somebody asks
for stands; else a run of those alike is probed here, as ``--estimate`` does. What is not known is
left to the cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from benchmark.planning.jobs import Job
from benchmark.running.cores import usable_cores
from benchmark.running.cost import LIMIT, Cost, CostGroup, groups
from benchmark.running.estimate import measure

__all__ = ["Share", "Shares", "in_words", "share_of"]

MARGIN = 1.25
"""Memory of a run over that of a probe, as those that are alike differ a little."""

UNFINISHED = 2.0
"""The same where there was no time for the whole evaluation."""

BESIDE = 500_000_000
"""Bytes of what is at work beside a run: the process that reports, and the server that the run is
forked from."""

QUANTUM = 100_000_000
"""Memory is asked for in multiples of so many bytes."""

SPARE = 0.25
"""Part of a core for which a run is given no further one."""

AT_ONCE = 4
"""Probes at once, at most: where a cluster is called from, others work too."""


@dataclass(frozen=True)
class Share:
    """Cores, bytes of memory and GPUs, which may be a part of one, that a run is given; None: not
    said, or not known."""

    cores: int | None = None
    memory: int | None = None
    gpus: float | None = None

    def over(self, other: Share) -> Share:
        """Return this share, with what it leaves open from ``other``."""
        return Share(
            self.cores if self.cores is not None else other.cores,
            self.memory if self.memory is not None else other.memory,
            self.gpus if self.gpus is not None else other.gpus,
        )


def share_of(cost: Cost, host: int = 0) -> Share:
    """Return the share of a run that costs so much: the cores that were busy, rounded up, and the
    memory with a margin, to the next :data:`QUANTUM`; ``host``: bytes at least.

    >>> share_of(Cost(1.0, 1.0, 1.0, 9, memory=0, disk=0, host=600_000_000, cores=0.98))
    Share(cores=1, memory=1300000000, gpus=None)
    """
    margin = UNFINISHED if cost.evaluation is None else MARGIN
    taken = max(host, cost.host)
    memory = math.ceil((margin * taken + BESIDE) / QUANTUM) * QUANTUM if taken else None
    gpus = min(1.0, math.ceil(100 * margin * cost.gpu) / 100) if cost.gpu else None
    return Share(max(1, math.ceil(cost.cores - SPARE)), memory, gpus)


@dataclass
class Shares:
    """The shares of runs, call after call: ``asked`` is what somebody asks for on behalf of all of
    them, ``probed`` what probes said of each kind of runs, ``default`` what is given where neither
    says anything."""

    asked: Share = Share()
    default: Share = Share(1)
    probed: dict[Hashable, Share] = field(default_factory=dict)

    def of(
        self,
        jobs: Sequence[Job],
        device: str,
        tell: Callable[[str], None] = lambda text: None,
        interrupted: Callable[[], int] = lambda: 0,
    ) -> dict[str, Share]:
        """Return the share of each of ``jobs`` by its key.

        Unless memory was asked for, runs of a kind that no call before saw are probed, for
        :data:`~benchmark.running.cost.LIMIT` seconds at most, on ``device`` where this machine has
        it and on its CPU where not. ``tell`` hears what is done, and what runs are given.
        """
        alike = groups(jobs)
        fresh = [group for group in alike if group.likeness not in self.probed]
        if fresh and self.asked.memory is None:
            tell(
                f"probing {len(fresh)} of {len(jobs)} runs for the memory they take, {LIMIT:.0f} s "
                "for all together at most"
            )
            self._probe(fresh, _device_here(device), interrupted)
        shares: dict[str, Share] = {
            job.spec.key: self._share(group) for group in alike for job in group.jobs
        }
        if shares:
            tell(f"a run is given {in_words(list(shares.values()))}")
        return shares

    def _share(self, group: CostGroup) -> Share:
        probed = self.probed.get(group.likeness, Share())
        return self.asked.over(probed).over(self.default)

    def _probe(
        self, fresh: Sequence[CostGroup], device: str, interrupted: Callable[[], int]
    ) -> None:
        """Probe kinds of runs; what an unfinished evaluation took counts for all on data alike."""
        workers = min(len(fresh), AT_ONCE, usable_cores()) if device == "cpu" else 1
        results = measure(fresh, workers, device, interrupted=interrupted)
        for group in results:
            if group.cost is None or group.rough:
                continue
            beside = (
                other.cost.host
                for other in results
                if other.cost is not None and other.kind == group.kind
            )
            host = max(beside) if group.cost.evaluation is None else 0
            self.probed[group.likeness] = share_of(group.cost, host)


def _device_here(device: str) -> str:
    """Return the device of probes: that of the runs where this machine has it, else the CPU."""
    if device == "cpu":
        return device
    import torch

    return device if torch.cuda.is_available() else "cpu"


def in_words(shares: Sequence[Share]) -> str:
    """Return what runs are given, in words.

    >>> in_words([Share(1, 900_000_000), Share(1, 1_400_000_000), Share(1, 1_400_000_000, 0.25)])
    '1 core, 0.9 to 1.4 GB of memory, 0.25 of a GPU'
    >>> in_words([Share(2, 900_000_000), Share(2)])
    '2 cores, 0.9 GB of memory (1 of 2 runs: what the cluster gives)'
    """
    cores = _range([share.cores or 1 for share in shares])
    memory = [share.memory / 1e9 for share in shares if share.memory]
    gpus = [share.gpus for share in shares if share.gpus is not None]
    words = [f"{cores} core{'s' * (cores != '1')}"]
    unknown = sum(share.memory is None for share in shares)
    if unknown == len(shares):
        words.append("the memory that the cluster gives")
    elif unknown and memory:
        rest = f"{unknown} of {len(shares)} runs: what the cluster gives"
        words.append(f"{_range(memory)} GB of memory ({rest})")
    elif memory:  # 0 is all that the machine has
        words.append(f"{_range(memory)} GB of memory")
    if gpus:
        part = " of a GPU" if min(gpus) < 1 else f" GPU{'s' * (max(gpus) > 1)}"
        words.append(f"{_range(gpus)}{part}")
    return ", ".join(words)


def _range(values: Sequence[float]) -> str:
    """Return the least and the greatest of some values in words, one where they are equal."""
    low, high = f"{min(values):.3g}", f"{max(values):.3g}"
    return low if low == high else f"{low} to {high}"

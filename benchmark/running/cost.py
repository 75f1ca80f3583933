"""What runs cost, and which of them cost the same: one probe stands for a group, and one evaluation
for all groups on data alike."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from benchmark.budgets import BUDGETS
from benchmark.planning.expected import expected_seconds
from benchmark.planning.jobs import Job

__all__ = ["LIMIT", "Cost", "CostGroup", "completed", "groups"]

LIMIT = 45.0
"""Seconds that all probes of an estimate may take together, from when the first has begun."""


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds that do not grow with its steps (loading, building, concluding), seconds
    of its outer ``steps`` and seconds to evaluate (None: not known), bytes of memory and disk.

    ``pace``: seconds per image of each function of the method. Where an evaluation was carried out:
    ``passes``, the images that it handed to each, ``arithmetic``, its other seconds, and
    ``artifacts``, the bytes of disk that it left, which are among ``disk``.

    ``memory`` is of the GPU where runs are on one; ``host`` is the machine's in any case, ``gpu``
    the part of a GPU's memory (0: on none), ``cores`` how many were busy at a time.
    """

    start: float
    training: float
    evaluation: float | None
    steps: int
    memory: int
    disk: int
    pace: Mapping[str, float] = field(default_factory=dict)
    passes: Mapping[str, int] = field(default_factory=dict)
    arithmetic: float = 0.0
    artifacts: int = 0
    host: int = 0
    gpu: float = 0.0
    cores: float = 1.0

    def seconds(self, steps: int) -> float:
        """Seconds of a run of so many steps, without the evaluation where that is not known."""
        share = steps / self.steps if self.steps else 1.0
        return self.start + self.training * share + (self.evaluation or 0.0)

    def evaluated_as(self, other: Cost) -> Cost:
        """Return this cost with the evaluation of ``other``, at this method's own pace: arithmetic
        + the sum over functions of images x seconds per image; with what it left on the disk, and
        the memory that the greedier of the two took."""
        own = sum(count * self.pace.get(name, 0.0) for name, count in other.passes.items())
        return replace(
            self,
            evaluation=other.arithmetic + own,
            disk=self.disk + other.artifacts,
            artifacts=other.artifacts,
            memory=max(self.memory, other.memory),
            host=max(self.host, other.host),
            gpu=max(self.gpu, other.gpu),
        )


@dataclass(frozen=True)
class CostGroup:
    """Runs that one probe stands for; ``kind`` names what is evaluated alike, ``likeness`` what
    makes runs alike; ``rough``: its cost comes from the table of
    :mod:`benchmark.planning.expected`, held to the groups that were probed."""

    jobs: tuple[Job, ...]
    kind: Hashable = None
    cost: Cost | None = None
    error: str = ""
    rough: bool = False
    likeness: Hashable = None

    @property
    def probe(self) -> Job:
        """The run that is tried out."""
        return max(self.jobs, key=lambda job: (job.spec.latent_dim, job.spec.steps))

    @property
    def name(self) -> tuple[str, str]:
        """Method and datasets."""
        datasets = dict.fromkeys(job.spec.dataset for job in self.jobs)
        return self.probe.spec.method, ", ".join(datasets)

    @property
    def seconds(self) -> float:
        """Seconds of all runs, one after the other."""
        if self.cost is None:
            return 0.0
        return sum(self.cost.seconds(job.spec.steps) for job in self.jobs)


def groups(jobs: Iterable[Job], alike: Mapping[str, Hashable] | None = None) -> list[CostGroup]:
    """Return the groups of ``jobs`` in the order in which they first occur: one method with its
    options, fractional ones aside; data of one shape and number of images, as ``alike`` says of
    their digests; one batch size, one tier of metrics, and latent sizes between the same powers of
    two."""
    members: dict[tuple[Any, ...], list[Job]] = {}
    for job in jobs:
        spec = job.spec
        options = tuple(
            sorted(
                (name, value)
                for name, value in spec.config.items()
                if not isinstance(value, float | None)
            )
        )
        data = (alike or {}).get(spec.data, (spec.dataset, spec.data))
        full = spec.budget in BUDGETS and BUDGETS[spec.budget].full
        kind = (spec.kind, data, full)
        size = (spec.latent_dim - 1).bit_length()
        group = (kind, spec.method, job.code, options, spec.batch_size, size)
        members.setdefault(group, []).append(job)
    return [CostGroup(tuple(runs), group[0], likeness=group) for group, runs in members.items()]


def completed(probed: Sequence[CostGroup]) -> list[CostGroup]:
    """Return the groups with what the probes of others tell of them: the evaluation, from the one
    that was carried out on data alike; and where there was no time for a probe, a rough cost."""
    whole: dict[Hashable, Cost] = {}
    for group in probed:
        if group.cost is not None and group.cost.passes:
            whole.setdefault(group.kind, group.cost)
    evaluated = [_evaluated(group, whole.get(group.kind)) for group in probed]
    measured = [group for group in evaluated if group.cost is not None]
    return [_rough(group, measured) for group in evaluated]


def _evaluated(group: CostGroup, whole: Cost | None) -> CostGroup:
    cost = group.cost
    if cost is None or cost.evaluation is not None or whole is None:
        return group
    return replace(group, cost=cost.evaluated_as(whole))


def _rough(group: CostGroup, measured: Sequence[CostGroup]) -> CostGroup:
    """Return ``group`` with a cost in proportion to the table, unless it has one or a reason for
    having none."""
    if group.cost is not None or group.error or not measured:
        return group
    costs = [(other.probe, other.cost) for other in measured if other.cost is not None]
    pace = median(cost.seconds(job.spec.steps) / expected_seconds(job) for job, cost in costs)
    steps = group.probe.spec.steps
    training = pace * expected_seconds(group.probe)
    memory, disk = max(cost.memory for _, cost in costs), max(cost.disk for _, cost in costs)
    return replace(group, cost=Cost(0.0, training, 0.0, steps, memory, disk), rough=True)

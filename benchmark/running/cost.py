"""What runs cost, and which of them cost the same: one probe stands for a group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmark.planning.jobs import Job

__all__ = ["LIMIT", "Cost", "CostGroup", "groups"]

LIMIT = 60.0
"""Seconds a probe may take; one that is still evaluating then tells what it knows."""


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds until it is trained and seconds to evaluate (None: more than the probe
    had), its outer steps, bytes of memory and disk."""

    training: float
    evaluation: float | None
    steps: int
    memory: int
    disk: int

    def seconds(self, steps: int) -> float:
        """Seconds of a run of so many steps."""
        return self.training * (steps / self.steps if self.steps else 1.0) + (
            LIMIT if self.evaluation is None else self.evaluation
        )


@dataclass(frozen=True)
class CostGroup:
    """Runs that one probe stands for: one method on one dataset, the largest latent size, whatever
    the seed and fractional options."""

    jobs: tuple[Job, ...]
    cost: Cost | None = None
    error: str = ""

    @property
    def probe(self) -> Job:
        """The run that is tried out."""
        return max(self.jobs, key=lambda job: (job.spec.latent_dim, job.spec.steps))

    @property
    def name(self) -> tuple[str, str]:
        """Method and dataset."""
        return self.probe.spec.method, self.probe.spec.dataset

    @property
    def seconds(self) -> float:
        """Seconds of all runs, one after the other."""
        return (
            0.0
            if self.cost is None
            else sum(self.cost.seconds(job.spec.steps) for job in self.jobs)
        )


def groups(jobs: Iterable[Job]) -> list[CostGroup]:
    """Return the groups of ``jobs`` in the order in which they first occur."""
    found: dict[tuple[Any, ...], list[Job]] = {}
    for job in jobs:
        options = tuple(
            sorted(
                (name, value)
                for name, value in job.spec.config.items()
                if not isinstance(value, float | None)
            )
        )
        found.setdefault(
            (
                job.spec.kind,
                job.spec.method,
                options,
                job.spec.dataset,
                job.spec.data,
                job.spec.batch_size,
            ),
            [],
        ).append(job)
    return [CostGroup(tuple(members)) for members in found.values()]

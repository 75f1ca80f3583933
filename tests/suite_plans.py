"""Planning suites without their data."""

from __future__ import annotations

from pathlib import Path

from benchmark.planning.jobs import Job, plan
from benchmark.planning.suites import Suite

TRAIN = {
    "circle": 4096,
    "one-moon": 4096,
    "latent-8": 50_000,
    "latent-16": 50_000,
    "sprites": 9000,
    "digits": 1437,
    "own-data": 1,
    "manifold": 10_000,
    "bars": 10_000,
    "sprites-freed": 9000,
}
"""Training images of the datasets that do not state how many they have."""


def jobs_of(suite: Suite) -> list[Job]:
    return [job for stage in suite.stages for job in plan(stage.grid, Path())]

"""About how long a run takes, to start the longest first: a pool whose last run is a long one ends
with idle workers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmark.budgets import BUDGETS
from benchmark.planning.jobs import Job

__all__ = ["EVALUATION", "expected_seconds", "longest_first", "step_milliseconds"]

MILLISECONDS = {
    "vae": (5, 90),
    "beta-vae": (6, 95),
    "dpvae": (17, 105),
    "r-vae": (9, 155),
    "r-dpvae": (25, 160),
    "rf-vae": (13, 230),
    "rf-vae-port": (14, 230),
    "geco-l0": (7, 85),
    "grae": (12, 145),
    "mi-vae": (11, 190),
    "mi-vae-joint": (12, 180),
    "maskaae": (44, 790),
    "wae-gan": (40, 770),
    "flexae": (44, 780),
    "flexae-sr": (65, 4300),
    "irmae": (2, 84),
    "ard-vae": (5, 94),
    "least-volume": (3, 81),
    "vaease": (6, 93),
    "vae-cross-entropy": (5, 90),
    "wae-mmd": (4, 94),
    "aae": (8, 268),
    "two-stage-vae": (9, 128),
    "rae-gmm": (2, 71),
    "ae-gmm": (2, 71),
    "vae-vampprior": (18, 230),
    "vae-flow": (15, 105),
    "vae-iop": (54, 390),
    "injflow": (11, 176),
    "injflow-gmm": (11, 176),
}
"""Measured on one busy core, L = 16, for one outer step of 128 images: on inputs of 64 numbers, and
on 32x32 grey images; from irmae on, processor time over that of vae in the same minutes, times its
figures. Only the order of runs depends on them, so rough figures do."""

UNKNOWN = (12, 160)
"""Of a method that is not in the table, and of a study."""

SMALL, IMAGE = 64, 1024

EVALUATION = 2.0
"""Seconds that a run takes besides its steps, about."""

FULL_TIER = (42.0, 100.0)
"""Seconds that the metrics of tier full take besides, of vectors and of images (measured:
docs/performance.md); of few images, as of digits, less."""


def expected_seconds(job: Job) -> float:
    """Return about how many seconds of a core ``job`` takes: outer steps x milliseconds of the
    method, in proportion to the batch and, for images, to the numbers of an image; and the metrics
    that its budget measures."""
    numbers = _numbers(job)
    milliseconds = step_milliseconds(job.spec.method, numbers)
    evaluation = EVALUATION + (FULL_TIER[numbers > SMALL] if _measures_full_tier(job) else 0.0)
    return evaluation + job.spec.steps * milliseconds / 1000.0 * job.spec.batch_size / 128.0


def step_milliseconds(method: str, numbers: int) -> float:
    """Return about how many milliseconds of a core an outer step of 128 items of ``numbers``
    numbers takes."""
    small, image = MILLISECONDS.get(method, UNKNOWN)
    return small if numbers <= SMALL else image * numbers / IMAGE


def longest_first(jobs: Sequence[Job]) -> list[Job]:
    """Return ``jobs`` by expected seconds, the longest first; equal ones keep their order."""
    return sorted(jobs, key=expected_seconds, reverse=True)


def _measures_full_tier(job: Job) -> bool:
    """Return whether the budget of a method's run measures the metrics of tier full."""
    budget = BUDGETS.get(job.spec.budget)
    return job.spec.kind == "train" and budget is not None and budget.full


def _numbers(job: Job) -> int:
    """Return the numbers of one image: of the dataset's declared shape, of its option ``size`` for
    the sides where it has one, and of a 32x32 image where nothing is declared."""
    shape = job.dataset.entry.source.constants.get("shape")
    if not shape:
        return IMAGE
    size = job.spec.options.get("size")
    return math.prod(shape) if size is None else shape[0] * int(size) ** 2

"""L* of untrained networks and the gap of their relevances: what a method's rule says before it has
learned anything, the null of methods that declare none."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch

from benchmark.controls import InitialCounts, References, untrained_spec
from benchmark.datasets.split import Split, Splits, shuffled
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.identity import harness_code, metric_codes
from benchmark.method import Method
from benchmark.metrics.base import Absent
from benchmark.metrics.dimension import relevance_gap
from benchmark.planning.jobs import Job
from benchmark.planning.uncounted import wanted
from benchmark.spec import Record, derive_seed
from benchmark.training.runtime import build, seed_noise

__all__ = ["IMAGES", "NETWORKS", "count_once", "initial_counts"]

NETWORKS = 32
"""Initialisations that are counted."""

IMAGES = 512
"""Training and test images they see at most: ``discover`` may cost the square of their number."""


def initial_counts(
    job: Job, splits: Splits, device: torch.device, networks: int = NETWORKS
) -> InitialCounts:
    """Return L* of ``networks`` untrained networks of the method, dataset and latent size of
    ``job``, by the method's own rule.

    Network i is drawn, prepared and concluded from streams addressed by i alone, on 512
    training images, and judged on 512 test images: neither the seed of the job nor the
    order of its batches nor the number of networks changes value i. One network is held at a time.
    A rule that fails on an untrained network, or gives relevances that are not finite, leaves no
    values but the reason.
    """
    started = time.perf_counter()
    train, test = (TensorSplit(_some(split), device) for split in (splits.train, splits.test))
    counts: list[tuple[int, float]] = []
    absent = ""
    try:
        for network in range(networks):
            counts.append(_count(job, splits, network, train, test, device))
    except Absent as reason:
        counts, absent = [], f"untrained, {reason}"
    except Exception as error:  # a method that cannot be judged untrained is still worth its runs
        counts, absent = [], " ".join(f"untrained, {type(error).__name__}: {error}".split())
    return InitialCounts(
        untrained_spec(job.spec.document()),
        job.code,
        [count for count, _ in counts],
        len(test),
        round(time.perf_counter() - started, 2),
        absent,
        [round(gap, 6) for _, gap in counts],
        harness_code(),
        metric_codes(dict.fromkeys(("lstar", "gap"))),
    )


def _count(
    job: Job,
    splits: Splits,
    network: int,
    train: TensorSplit,
    test: TensorSplit,
    device: torch.device,
) -> tuple[int, float]:
    """Return L* of an untrained network and the gap of its relevances."""
    seed = derive_seed(0, "untrained", network)
    method: Method = build(replace(job, spec=replace(job.spec, seed=seed)), splits).to(device)
    seed_noise(derive_seed(seed, "prepare"), device)
    method.prepare(train)
    seed_noise(derive_seed(seed, "conclude"), device)
    method.conclude(train)
    evidence = Evaluator(method, test, seed=seed, device=device)
    return int(evidence.active.sum()), relevance_gap(evidence.relevance)[0]


def _some(split: Split) -> Split:
    """Return 512 images at most of the split, however it is sorted."""
    return replace(
        split, stored=split.stored[shuffled(len(split))[:IMAGES]], labels=None, factors=None
    )


def count_once(
    job: Job,
    record: Record,
    splits: Splits,
    results: Path,
    device: torch.device,
    *,
    force: bool = False,
) -> InitialCounts | None:
    """Count for the cell of ``record``, unless that was done (the seed is no part of a cell); what
    was counted now, else None."""
    references = References(results)
    stored = references.initial(record.spec, job.code)
    if not wanted(record) or (not force and stored is not None and stored.complete):
        return None
    counts = initial_counts(job, splits, device)
    references.write(counts)
    return counts

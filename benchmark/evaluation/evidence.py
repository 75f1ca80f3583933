"""What a run is measured by: the evidence about its trained method, the metrics that its budget
pays for, and its discovery as a record holds it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark import registry
from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation.evaluator import Evaluator
from benchmark.evaluation.features import Source
from benchmark.method import Discovery, Method
from benchmark.metrics.base import Metric
from benchmark.planning.jobs import Job
from benchmark.planning.uncounted import pays_for_full
from benchmark.spec import BenchError, canonical_json

__all__ = ["evidence", "evidence_told", "metrics_of", "plain"]


def evidence(
    job: Job,
    method: Method,
    splits: Splits,
    results: Path,
    device: torch.device,
    *,
    frugal: bool = False,
) -> Evaluator:
    """Return the evidence about the trained ``method``, the same after training as from its
    checkpoint. ``frugal``: no Inception on a CPU."""
    train, test = (TensorSplit(split, device) for split in (splits.train, splits.test))
    source = Source(splits.digest, job.data_dir, results / ".features", frugal)
    known: dict[str, Any] = {
        "labels": (splits.train.labels, splits.test.labels),
        "intrinsic_dim": registry.load(job.dataset.entry.target).intrinsic_dim,
    }
    return Evaluator(
        method, test, seed=job.spec.seed, device=device, train=train, source=source, **known
    )


def evidence_told(job: Job, *arguments: Any, **settings: Any) -> Evaluator:
    """Return the :func:`evidence` of ``job``, with the intrinsic dimension that the options of data
    of your own tell. Not part of it, as only such runs know the option: the digests of all others
    stay what they are."""
    evaluator = evidence(job, *arguments, **settings)
    dimension = job.spec.options.get("intrinsic_dim")
    if dimension is not None:
        evaluator.intrinsic_dim = dimension
    return evaluator


def metrics_of(budget: str) -> list[Metric]:
    """Return what a run of ``budget`` measures: every metric where the budget pays for tier full,
    else those of tier core."""
    metrics: list[Metric] = [registry.load(entry.target) for entry in registry.entries("metrics")]
    return [metric for metric in metrics if metric.tier == "core" or pays_for_full(budget)]


def plain(discovery: Discovery, null: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the discovery of a method as a record holds it, with the null it declares."""
    extra = {name: float(value) for name, value in discovery.extra.items()}
    relevance = discovery.relevance.double().tolist()
    if not all(map(math.isfinite, [*relevance, *extra.values()])):
        raise BenchError(
            f"discover returned numbers that are not finite: relevance {relevance}, extra {extra}"
        )
    return {
        "relevance": relevance,
        "active": discovery.active.tolist(),
        "flags": list(discovery.flags),
        "extra": extra,
        **({"null": json.loads(canonical_json(null))} if null else {}),
    }

"""Metrics on evidence: what a record holds of each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmark.evaluation.evaluator import Evaluator
from benchmark.metrics.base import Absent, Metric

__all__ = ["measure"]


def measure(
    evidence: Evaluator, metrics: Iterable[Metric]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return measurements by id, and for each metric that does not apply the reason."""
    measurements: dict[str, dict[str, Any]] = {}
    absent: dict[str, str] = {}
    for metric in metrics:
        try:
            identifier, found = metric.measure(evidence)
        except Absent as reason:
            absent[metric.name] = str(reason)
            continue
        if np.isfinite(found.value):
            measurements[identifier] = found.document()
        else:
            absent[metric.name] = "the value is not finite"
    return measurements, absent

"""What tables and figures know of a metric by its name, and of a dataset: title, unit, direction;
the known dimension."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from benchmark import registry
from benchmark.names import base_name
from benchmark.options import parse_reference
from benchmark.reporting.statistics.estimate import Direction
from benchmark.spec import BenchError

if TYPE_CHECKING:
    from benchmark.metrics.base import Metric

__all__ = ["TITLES", "direction", "intrinsic_dim", "is_count", "order", "title", "unit"]

TITLES: Mapping[str, str] = {
    "mse": "MSE",
    "mse-sampled": "MSE (sampled)",
    "fd-raw": "FD",
    "fid": "FID",
    "fid-reconstruction": "FID (rec.)",
    "kid": "KID",
    "fd-cnn": "FD-CNN",
    "fd-cnn-reconstruction": "FD-CNN (rec.)",
    "kid-cnn": "KID-CNN",
    "lstar": "L*",
    "lstar-mean": "L* (mean)",
    "lstar-last": "L* (last)",
    "lstar-draw": "L* (draw)",
    "lstar-above-half": "L* (r > ½)",
    "lstar-above-mean": "L* (r > mean)",
    "lstar-90": "L*90",
    "lstar-99": "L*99",
    "lstar-error": "|L* − n|",
    "gap": "Gap",
    "gap-at": "Gap at",
    "active-units": "Active units",
    "precision": "Precision",
    "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage",
    "prd-precision": "PRD precision",
    "prd-recall": "PRD recall",
    "sw2": "SW2",
    "mmd": "MMD",
    "nac": "NAC",
    "mi-bound": "MI bound",
    "mi-bound-category": "MI bound (category)",
    "impact": "Impact",
    "mig": "MIG",
    "dci-disentanglement": "DCI D",
    "dci-completeness": "DCI C",
    "dci-informativeness": "DCI I (error)",
    "accuracy": "Accuracy",
    "accuracy-majority": "Accuracy (majority)",
}
"""Column titles, in the order of the columns; other metrics follow under their own names."""


def title(metric: str) -> str:
    """Return what stands above a metric's column."""
    return TITLES.get(metric, metric)


def order(metrics: Iterable[str]) -> list[str]:
    """Return ``metrics`` in the order of their columns: titled ones, then the registry's order,
    then by name."""
    in_order = [
        *TITLES,
        *(entry.name for entry in registry.entries("metrics") if entry.name not in TITLES),
    ]
    return sorted(
        metrics,
        key=lambda name: (in_order.index(name) if name in in_order else len(in_order), name),
    )


def _metric(name: str) -> Metric | None:
    try:
        metric: Metric = registry.load(registry.find("metrics", name).target)
    except BenchError:
        return None
    return metric


def direction(metric: str) -> Direction:
    """Return whether less or more of a metric is better; ``none`` for metrics that are not
    registered here."""
    declared = _metric(metric)
    return "none" if declared is None else declared.direction


def unit(metric: str) -> str:
    """Return the unit of a metric; empty for metrics that are not registered here."""
    declared = _metric(metric)
    return "" if declared is None else declared.unit


def is_count(metric: str) -> bool:
    """Return whether a metric counts dimensions, so that its seeds are integers: those with that
    unit, and further readings of a method's rule."""
    return metric.startswith("lstar-") or unit(metric) == "dimensions"


def intrinsic_dim(dataset: str) -> int | None:
    """Return the known intrinsic dimension of a dataset, by its label, whose options tell that of
    data of yours; None where it is not known."""
    try:
        option = parse_reference(dataset)[1].get("intrinsic_dim", "")
        if option.isdecimal():
            return int(option)
        constants = registry.find("datasets", base_name(dataset)).source.constants
    except BenchError:
        return None
    constant = constants.get("intrinsic_dim")
    return constant if isinstance(constant, int) else None

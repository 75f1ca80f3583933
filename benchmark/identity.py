"""Which code made a record: digests of methods, of the harness that trains and of metrics, and
whether what is installed is still the same.

Two digests are the same where they are equal, or where ``data/equivalent.json`` says that runs of
both gave equal bits (``python -m benchmark.testing.equivalent`` writes it).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from benchmark import registry
from benchmark.names import metric_of
from benchmark.spec import BenchError, Record
from benchmark.syntax import address, digest_of

__all__ = [
    "READINGS",
    "canonical",
    "code_of",
    "current",
    "harness_code",
    "measured_by",
    "metric_code",
    "metric_codes",
    "outdated",
    "outdated_metrics",
    "same",
]

HARNESS = (
    "benchmark.training.trainer:Trainer",
    "benchmark.training.runtime:build",
    "benchmark.training.runtime:make_deterministic",
    "benchmark.running.job:_trainer",
    "benchmark.datasets.tensors:TensorSplit",
    "benchmark.datasets.split:Split",
)
"""What decides training beside the method and the data; what these stand on belongs to it."""

EVALUATOR = (
    "benchmark.evaluation.evaluator:Evaluator",
    "benchmark.evaluation.measuring:measure",
    "benchmark.evaluation.evidence:evidence",
)
"""What hands every metric its evidence."""

FACTORS = ("benchmark.evaluation.factors:hand_factors",)
"""What hands some metrics the factors of the data besides."""

OF_FACTORS = ("mig", "dci-disentanglement", "dci-completeness", "dci-informativeness")
"""Those metrics."""


@cache
def harness_code() -> str:
    """Return the digest of the installed code that decides training."""
    return digest_of(map(address, HARNESS))


@cache
def code_of(method: str, kind: str = "train") -> str | None:
    """Return the digest of the installed code of a registered method, or of a study where ``kind``
    is its name; None where it is not registered (a file of yours)."""
    try:
        return registry.find("methods" if kind == "train" else "studies", method).code
    except BenchError:
        return None


READINGS: Mapping[str, str] = {
    f"lstar_{name.replace('-', '_')}": f"lstar-{name}"
    for name in ("mean", "last", "draw", "above-half", "above-mean")
}
"""Further readings of a method's rule, as its discovery's ``extra`` names them, and as columns:
they are of the discovery that L* counts, so their code is that of L*."""

_DISCOVERED = dict.fromkeys(READINGS.values(), "lstar")


@cache
def metric_code(name: str) -> str | None:
    """Return the digest of a registered metric with the evaluator; None where it is not
    registered."""
    try:
        target = registry.find("metrics", _DISCOVERED.get(name, name)).target
    except BenchError:
        return None
    more = FACTORS if name in OF_FACTORS else ()
    return digest_of(map(address, (target, *EVALUATOR, *more)))


def metric_codes(names: Mapping[str, object]) -> dict[str, str]:
    """Return the digest of each of the registered metrics among ``names``, which may be ids of
    measurements."""
    codes = {name: metric_code(name) for name in map(metric_of, names)}
    return {name: code for name, code in codes.items() if code is not None}


@cache
def same(one: str, other: str) -> bool:
    """Return whether two digests are equal, or stand for code that was seen to give equal bits."""
    classes = _equivalent()
    return one == other or (one in classes and classes[one] == classes.get(other))


@cache
def _equivalent() -> Mapping[str, int]:
    """The class of each digest that the package lists with others."""
    file = resources.files("benchmark").joinpath("data", "equivalent.json")
    if not file.is_file():
        return {}
    listed = json.loads(file.read_text(encoding="utf-8"))["classes"]
    return {
        digest: index
        for index, listed_class in enumerate(listed)
        for digest in listed_class["digests"]
    }


def canonical(digest: str) -> str:
    """Return one digest that stands for all that are the same as ``digest``."""
    classes = _equivalent()
    return f"class {classes[digest]}" if digest in classes else digest


def current(records: Iterable[Record]) -> list[Record]:
    """Return the records that the installed code trained, without the measurements that other code
    made; no discovery where that of L* is one of them."""
    kept = []
    for record in records:
        if outdated(record):
            continue
        old = outdated_metrics(record)
        if old:
            fresh = {
                identifier: measurement
                for identifier, measurement in record.measurements.items()
                if metric_of(identifier) not in old
            }
            discovery = None if "lstar" in old else record.discovery
            record = replace(record, measurements=fresh, discovery=discovery)
        kept.append(record)
    return kept


def outdated(record: Record) -> str:
    """Return what of the code that trained a run is not the installed one, in words; empty where
    all of it is, or where the method is not registered and nobody can know."""
    return _outdated(
        record.spec["method"], record.spec["kind"], record.code, record.harness, record.schema
    )


@cache
def _outdated(method: str, kind: str, code: str, harness: str, schema: int) -> str:
    if schema < 2:
        return "its record is of an older version, which did not say what code trained it"
    installed = code_of(method, kind)
    if installed is not None and not same(code, installed):
        return f"the installed code of '{method}' is not the one that trained it"
    if not same(harness, harness_code()):
        return "the installed code of the training loop is not the one that trained it"
    return ""


def outdated_metrics(record: Record) -> frozenset[str]:
    """Return the metrics of a training run that other code than is installed measured, or found
    absent."""
    if record.spec["kind"] != "train":
        return frozenset()
    names = {*map(metric_of, record.measurements), *(record.absent.keys() & record.metrics.keys())}
    return frozenset(name for name in names if _outdated_metric(name, measured_by(record, name)))


def measured_by(record: Record, metric: str) -> str:
    """Return the digest of the code that made a run's value of ``metric``; empty where its record
    does not say."""
    return record.metrics.get(_DISCOVERED.get(metric, metric), "")


@cache
def _outdated_metric(name: str, code: str) -> bool:
    installed = metric_code(name)
    return installed is not None and not same(code, installed)

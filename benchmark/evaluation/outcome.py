"""From a trained method to what its record says: measurements, discovery, flags, and the arrays
beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.datasets.split import Splits
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import artifacts
from benchmark.evaluation.evidence import evidence_told, metrics_of, plain
from benchmark.evaluation.factors import hand_factors
from benchmark.evaluation.measuring import measure
from benchmark.identity import metric_codes
from benchmark.metrics.reconstruction import no_better_than_mean
from benchmark.planning.jobs import Job
from benchmark.spec import NO_BETTER_THAN_MEAN, UNSETTLED, derive_seed
from benchmark.study import Study
from benchmark.training import runtime
from benchmark.training.trainer import Diverged, Trainer

__all__ = ["Evaluated", "evaluate", "timing_of"]


@dataclass(frozen=True)
class Evaluated:
    """What the evaluation of a trained run hands to its record (``fields``), and the arrays that
    stand beside it."""

    fields: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


def evaluate(job: Job, trainer: Trainer, splits: Splits, results: Path) -> Evaluated:
    """Evaluate what ``trainer`` trained, in the results folder ``results``; :class:`Diverged` where
    it gives no finite numbers."""
    if job.spec.kind == "train":
        return _measured(job, trainer, splits, results)
    return _studied(trainer, splits)


def _measured(job: Job, trainer: Trainer, splits: Splits, results: Path) -> Evaluated:
    """Evaluate a trained method by the metrics that its budget pays for."""
    evaluator = evidence_told(job, trainer.method, splits, results, trainer.device, frugal=True)
    measurements, absent = measure(hand_factors(evaluator, splits), metrics_of(job.spec.budget))
    if "mse" not in measurements:
        raise Diverged(f"the reconstruction error of the trained model: {absent['mse']}")
    terms = {f"term_{name}": values for name, values in evaluator.terms().items()}
    fields = {
        "measurements": measurements,
        "absent": absent,
        "metrics": metric_codes({**measurements, **absent}),
        "discovery": plain(evaluator.discovery, trainer.method.null),
        "flags": _flags(measurements, trainer),
    }
    return Evaluated(fields, {**artifacts.artifacts(evaluator, trainer.train), **terms})


def _studied(trainer: Trainer, splits: Splits) -> Evaluated:
    """Evaluate a trained study, which brings its own measurements."""
    study = trainer.method.eval()
    assert isinstance(study, Study)
    runtime.seed_noise(derive_seed(trainer.seed, "study"), trainer.device)
    outcome = study.outcome(TensorSplit(splits.test, trainer.device))
    bad = [name for name, value in outcome.measurements.items() if not math.isfinite(value.value)]
    if bad:
        raise Diverged(f"{', '.join(bad)} of the trained study not finite")
    measurements = {name: value.document() for name, value in outcome.measurements.items()}
    return Evaluated({"measurements": measurements}, outcome.arrays)


def _flags(measurements: Mapping[str, Mapping[str, Any]], trainer: Trainer) -> list[str]:
    """Return what the harness says of the run, whatever the method says of itself."""
    raised_by_flag = {
        NO_BETTER_THAN_MEAN: no_better_than_mean(measurements),
        UNSETTLED: trainer.unsettled,
    }
    return [flag for flag, raised in raised_by_flag.items() if raised]


def timing_of(trainer: Trainer, evaluate_seconds: float) -> dict[str, Any]:
    """What a record says of time and work: seconds, outer steps, images, updates of each player."""
    return {
        "train_seconds": trainer.seconds,
        "evaluate_seconds": evaluate_seconds,
        "outer_steps": trainer.step,
        "images_seen": trainer.images_seen,
        "updates": {name: player.updates for name, player in trainer.method.players.items()},
    }

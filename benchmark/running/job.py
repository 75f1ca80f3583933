"""One run from its spec to its record: load, construct, train, evaluate, write. Whatever happens
becomes a record or a checkpoint."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmark import registry
from benchmark.budgets import BUDGETS
from benchmark.datasets.split import Splits, input_of
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import artifacts
from benchmark.evaluation.evaluator import Evaluator, measure
from benchmark.evaluation.factors import hand_factors
from benchmark.evaluation.features import Source
from benchmark.evaluation.untrained import count_once
from benchmark.files import atomic_write
from benchmark.identity import harness_code, metric_codes
from benchmark.method import Discovery, Method
from benchmark.metrics.base import Metric
from benchmark.metrics.reconstruction import no_better_than_mean
from benchmark.planning.jobs import Job, instance, load
from benchmark.planning.reuse import Settings, finished, trained
from benchmark.records import Store
from benchmark.running.faults import error_text, one_line, traceback_bytes
from benchmark.running.lock import locked
from benchmark.spec import (
    NO_BETTER_THAN_MEAN,
    PROTOCOL,
    UNSETTLED,
    BenchError,
    Record,
    canonical_json,
    derive_seed,
)
from benchmark.study import Study
from benchmark.training import runtime
from benchmark.training.runtime import build
from benchmark.training.trainer import Diverged, Stopped, Trainer

__all__ = ["TIME_LIMIT", "attempt", "build", "evidence", "evidence_told", "execute", "plain"]

TIME_LIMIT = "time limit"


Progress = Callable[[int, Mapping[str, float]], None]
Stop = Callable[[], str | None]


def execute(
    job: Job,
    settings: Settings,
    stop: Stop = lambda: None,
    progress: Progress = lambda step, values: None,
    begun: Callable[[], None] = lambda: None,
    measured: Callable[[], None] = lambda: None,
) -> Record | None:
    """Carry out ``job`` and return its stored record; None where it was asked to stop (its
    checkpoint is kept).

    Another process at work on the same run is waited for, and its record is taken; ``begun`` is
    called when the wait is over. A run that was trained by the installed code and measured by
    other is measured again from its checkpoint, and ``measured`` is called; where there is no
    checkpoint to do that from, it is done again. An adapter may change the working folder: paths
    are made absolute before one is imported.
    """
    settings = replace(settings, results=settings.results.absolute())
    job = replace(job, data_dir=job.data_dir.absolute())
    store = Store(settings.results)
    folder = store.folder(job.spec.key)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, stop) as held:
        if not held:
            return None
        begun()
        found = None if settings.force else finished(job, store)
        if found is not None:
            return found
        if settings.force:
            (folder / "checkpoint.safetensors").unlink(missing_ok=True)
        renewed = None if settings.force else _renewed(job, settings, store)
        if renewed is not None:
            measured()
            return renewed
        record = attempt(job, settings, stop, progress)
        if record is not None:
            store.write(record)
        return record


def _renewed(job: Job, settings: Settings, store: Store) -> Record | None:
    """Return the record of a run whose numbers were measured again from its checkpoint; None where
    training has to be done. A metric that fails leaves the record as it was, and returns one that
    says so."""
    from benchmark.running.evaluate import Evaluation  # which builds on this module

    record = trained(job, store)
    if record is None or record.status != "done":
        return None
    try:
        return Evaluation(store, (), job.data_dir, device=settings.device).renew(job, record)
    except BenchError:
        return None
    except Exception as error:
        _write_log(store.folder(record.key), error)
        told = f"measuring again: {type(error).__name__}: {error_text(error)}"
        return _ended(record, "failed", told.strip())


def attempt(
    job: Job,
    settings: Settings,
    stop: Stop = lambda: None,
    progress: Progress = lambda step, values: None,
    make: Callable[..., Trainer] = Trainer,
) -> Record | None:
    """Do ``job`` and return its record, not stored; None where it was asked to stop. ``make``
    constructs the trainer. The run's folder exists."""
    folder = Store(settings.results).folder(job.spec.key)
    runtime.make_deterministic()
    device = runtime.resolve_device(settings.device)
    blank = Record(
        spec=job.spec.document(),
        key=job.spec.key,
        code=job.code,
        harness=job.harness,
        given=job.given,
        status="failed",
        environment=runtime.environment(device),
    )
    try:
        return _run(job, settings, device, blank, stop, progress, make)
    except Stopped as reason:
        return (
            _ended(blank, "timed-out", f"time limit of {settings.time_limit:g} s reached")
            if str(reason) == TIME_LIMIT
            else None
        )
    except Diverged as error:
        return _ended(blank, "diverged", str(error))
    except BenchError as error:
        return _ended(blank, "failed", str(error))
    except Exception as error:
        text = error_text(error)
        if _is_out_of_memory(error, text):
            return _ended(blank, "out-of-memory", text or "out of memory")
        _write_log(folder, error)
        return _ended(blank, "failed", f"{type(error).__name__}: {text}".strip())


_OUT_OF_MEMORY = ("not enough memory", "can't allocate memory", "out of memory", "ALLOC_FAILED")
"""How torch's allocators and libraries say it, in errors of no class of their own."""


def _is_out_of_memory(error: Exception, text: str) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and any(words in text for words in _OUT_OF_MEMORY)


def _write_log(folder: Path, error: Exception) -> None:
    """Leave the traceback beside the record, where there is room for it."""
    with contextlib.suppress(OSError):
        atomic_write(folder / "log.txt", traceback_bytes(error))


def _ended(blank: Record, status: str, error: str) -> Record:
    return replace(blank, status=status, error=one_line(error))


def _run(
    job: Job,
    settings: Settings,
    device: torch.device,
    blank: Record,
    stop: Stop,
    progress: Progress,
    make: Callable[..., Trainer],
) -> Record:
    folder = Store(settings.results).folder(job.spec.key)
    if job.spec.protocol != PROTOCOL:
        raise BenchError(
            f"the run is of protocol {job.spec.protocol}, this version trains by protocol {PROTOCOL}; plan it anew with `bench run`"
        )
    if (job.method.entry.code, harness_code()) != (job.code, job.harness):
        raise BenchError(
            f"the code of '{job.spec.method}' or of the training loop changed while the run waited; run the same command again"
        )
    splits = load(instance(job.dataset, job.data_dir))
    if splits.digest != job.spec.data:
        raise BenchError(
            f"the data of '{job.spec.dataset}' changed while the run waited; run the same command again"
        )
    blank = replace(blank, input=input_of(splits))
    trainer = _trainer(job, settings, device, splits, make)
    trainer.stop, trainer.progress = _with_limit(stop, settings.time_limit), progress
    try:
        trainer.fit()
    except Diverged:
        _write_curves(folder, trainer)
        raise
    _write_curves(folder, trainer)
    started = time.perf_counter()
    if job.spec.kind != "train":
        return replace(blank, status="done", **_studied(trainer, splits, folder, started))
    found = evidence_told(job, trainer.method, splits, settings.results, device, frugal=True)
    measurements, absent = measure(hand_factors(found, splits), _metrics(job.spec.budget))
    if "mse" not in measurements:
        raise Diverged(f"the reconstruction error of the trained model: {absent['mse']}")
    terms = {f"term_{name}": values for name, values in found.terms().items()}
    atomic_write(
        folder / "artifacts.npz",
        artifacts.npz_bytes({**artifacts.artifacts(found, trainer.train), **terms}),
    )
    (folder / "log.txt").unlink(missing_ok=True)
    timing = {
        "train_seconds": trainer.seconds,
        "evaluate_seconds": time.perf_counter() - started,
        **_work(trainer),
    }
    record = replace(
        blank,
        status="done",
        measurements=measurements,
        absent=absent,
        metrics=metric_codes({**measurements, **absent}),
        discovery=plain(found.discovery, trainer.method.null),
        timing=timing,
        flags=_flags(measurements, trainer),
    )
    if _pays_for_full(job.spec.budget):
        count_once(job, record, splits, settings.results, device)
    return record


def _studied(trainer: Trainer, splits: Splits, folder: Path, started: float) -> dict[str, Any]:
    """Return what the record of a study says; its arrays are written beside it."""
    study = trainer.method.eval()
    assert isinstance(study, Study)
    runtime.seed_noise(derive_seed(trainer.seed, "study"), trainer.device)
    outcome = study.outcome(TensorSplit(splits.test, trainer.device))
    bad = [name for name, found in outcome.measurements.items() if not math.isfinite(found.value)]
    if bad:
        raise Diverged(f"{', '.join(bad)} of the trained study not finite")
    if outcome.arrays:
        atomic_write(folder / "artifacts.npz", artifacts.npz_bytes(outcome.arrays))
    (folder / "log.txt").unlink(missing_ok=True)
    timing = {
        "train_seconds": trainer.seconds,
        "evaluate_seconds": time.perf_counter() - started,
        **_work(trainer),
    }
    return {
        "measurements": {name: found.document() for name, found in outcome.measurements.items()},
        "timing": timing,
    }


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
    found = evidence(job, *arguments, **settings)
    told = job.spec.options.get("intrinsic_dim")
    if told is not None:
        found.intrinsic_dim = told
    return found


def _metrics(budget: str) -> list[Metric]:
    """Return what a run of ``budget`` measures: every metric where the budget pays for tier full,
    else those of tier core."""
    found: list[Metric] = [registry.load(entry.target) for entry in registry.entries("metrics")]
    return [metric for metric in found if metric.tier == "core" or _pays_for_full(budget)]


def _pays_for_full(budget: str) -> bool:
    return budget in BUDGETS and BUDGETS[budget].full


def _trainer(
    job: Job, settings: Settings, device: torch.device, splits: Splits, make: Callable[..., Trainer]
) -> Trainer:
    spec = job.spec
    return make(
        build(job, splits).to(device),
        TensorSplit(splits.train, device),
        seed=spec.seed,
        steps=spec.steps,
        batch_size=spec.batch_size,
        device=device,
        path=Store(settings.results).folder(spec.key) / "checkpoint.safetensors",
        identity={
            "key": spec.key,
            "protocol": str(spec.protocol),
            "code": job.code,
            "harness": job.harness,
            "device": device.type,
            "torch": torch.__version__,
        },
        checkpoint_seconds=settings.checkpoint_seconds,
    )


def _with_limit(stop: Stop, limit: float | None) -> Stop:
    end = None if limit is None else time.perf_counter() + limit
    return lambda: stop() or (TIME_LIMIT if end is not None and time.perf_counter() > end else None)


def _flags(measurements: Mapping[str, Mapping[str, Any]], trainer: Trainer) -> list[str]:
    """Return what the harness says of the run, whatever the method says of itself."""
    found = {
        NO_BETTER_THAN_MEAN: no_better_than_mean(measurements),
        UNSETTLED: trainer.unsettled,
    }
    return [flag for flag, raised in found.items() if raised]


def _work(trainer: Trainer) -> dict[str, Any]:
    updates = {name: player.updates for name, player in trainer.method.players.items()}
    return {"outer_steps": trainer.step, "images_seen": trainer.images_seen, "updates": updates}


def plain(found: Discovery, null: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the discovery of a method as a record holds it, with the null it declares."""
    extra = {name: float(value) for name, value in found.extra.items()}
    relevance = found.relevance.double().tolist()
    if not all(map(math.isfinite, [*relevance, *extra.values()])):
        raise BenchError(
            f"discover returned numbers that are not finite: relevance {relevance}, extra {extra}"
        )
    return {
        "relevance": relevance,
        "active": found.active.tolist(),
        "flags": list(found.flags),
        "extra": extra,
        **({"null": json.loads(canonical_json(null))} if null else {}),
    }


def _write_curves(folder: Path, trainer: Trainer) -> None:
    """However training ended: the curve of a diverged run shows where."""
    curves = trainer.curves()
    if curves:
        atomic_write(folder / "curves.npz", artifacts.npz_bytes(curves))

"""One run from its spec to its record: load, construct, train, evaluate, write. Whatever happens
becomes a record or a checkpoint."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from benchmark.datasets.split import Splits, input_of
from benchmark.datasets.tensors import TensorSplit
from benchmark.evaluation import artifacts
from benchmark.evaluation.outcome import evaluate, timing_of
from benchmark.files import atomic_write
from benchmark.identity import harness_code
from benchmark.planning.jobs import Job, instance, load
from benchmark.planning.reuse import Settings, finished, trained
from benchmark.records import Store
from benchmark.running.environment import environment
from benchmark.running.evaluate import Evaluation
from benchmark.running.faults import error_text, one_line, traceback_bytes
from benchmark.running.lock import locked
from benchmark.spec import (
    PROTOCOL,
    BenchError,
    Record,
)
from benchmark.training import runtime
from benchmark.training.runtime import build
from benchmark.training.trainer import Diverged, Stopped, Trainer

__all__ = ["TIME_LIMIT", "attempt", "execute"]

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
        earlier = None if settings.force else finished(job, store)
        if earlier is not None:
            return earlier
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
    record = trained(job, store)
    if record is None or record.status != "done":
        return None
    try:
        return Evaluation(store, (), job.data_dir, device=settings.device).renew(job, record)
    except BenchError:
        return None
    except Exception as error:
        _write_log(store.folder(record.key), error)
        reason = f"measuring again: {type(error).__name__}: {error_text(error)}"
        return _ended(record, "failed", reason.strip())


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
    device = runtime.use_device(settings.device)
    blank = Record(
        spec=job.spec.document(),
        key=job.spec.key,
        code=job.code,
        harness=job.harness,
        given=job.given,
        status="failed",
        environment=environment(device),
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
    """Return the record of one run: load, train, evaluate."""
    folder = Store(settings.results).folder(job.spec.key)
    splits = _load_as_planned(job)
    trainer = _trainer(job, settings, device, splits, make)
    trainer.stop, trainer.progress = _with_limit(stop, settings.time_limit), progress
    with _curves_kept(folder, trainer):
        trainer.fit()
    started = time.perf_counter()
    evaluated = evaluate(job, trainer, splits, settings.results)
    if evaluated.arrays:
        atomic_write(folder / "artifacts.npz", artifacts.npz_bytes(evaluated.arrays))
    (folder / "log.txt").unlink(missing_ok=True)
    timing = timing_of(trainer, time.perf_counter() - started)
    return replace(blank, status="done", input=input_of(splits), timing=timing, **evaluated.fields)


def _load_as_planned(job: Job) -> Splits:
    """Return the data of a job; ``BenchError`` where protocol, code or data are not those it was
    planned with."""
    if job.spec.protocol != PROTOCOL:
        raise BenchError(
            f"the run is of protocol {job.spec.protocol}, this version trains by protocol "
            f"{PROTOCOL}; plan it anew with `bench run`"
        )
    if (job.method.entry.code, harness_code()) != (job.code, job.harness):
        raise BenchError(
            f"the code of '{job.spec.method}' or of the training loop changed while the run "
            "waited; run the same command again"
        )
    splits = load(instance(job.dataset, job.data_dir))
    if splits.digest != job.spec.data:
        raise BenchError(
            f"the data of '{job.spec.dataset}' changed while the run waited; run the same command "
            "again"
        )
    return splits


@contextlib.contextmanager
def _curves_kept(folder: Path, trainer: Trainer) -> Iterator[None]:
    """Leave the curves beside the record, also of a run that diverged: they show where."""
    try:
        yield
    except Diverged:
        _write_curves(folder, trainer)
        raise
    _write_curves(folder, trainer)


def _write_curves(folder: Path, trainer: Trainer) -> None:
    curves = trainer.curves()
    if curves:
        atomic_write(folder / "curves.npz", artifacts.npz_bytes(curves))


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
    """Return ``stop`` with a limit of so many seconds from now on. One step is taken however short
    it is, so that call after call comes to an end."""
    end = None if limit is None else time.perf_counter() + limit
    asked = 0

    def reason() -> str | None:
        nonlocal asked
        asked += 1
        late = end is not None and asked > 1 and time.perf_counter() > end
        return stop() or (TIME_LIMIT if late else None)

    return reason

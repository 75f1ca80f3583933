"""When a stored record makes a run unnecessary, and the settings that never change a result.
Imports no torch."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark.files import open_plain
from benchmark.identity import outdated_metrics, same
from benchmark.planning.jobs import Job
from benchmark.records import Store
from benchmark.spec import PROTOCOL, SCHEMA, BenchError, Record

__all__ = ["CHANGES", "Settings", "changed", "divided", "earlier", "finished", "trained"]

_HEADER = 100_000_000
"""Bytes that the header of a safetensors file may have; what says more is damaged."""


@dataclass(frozen=True)
class Settings:
    """How jobs are carried out; none of it changes a result. ``eager``: steps are not captured on a
    GPU either."""

    results: Path
    device: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False
    eager: bool = False


def trained(job: Job, store: Store) -> Record | None:
    """Return the stored record of ``job`` if the same code trained it to the end (or diverged,
    which is an end too)."""
    record = store.read(job.spec.key)
    reusable = (
        record is not None
        and record.schema == SCHEMA
        and record.status in ("done", "diverged")
        and same(record.code, job.code)
        and same(record.harness, job.harness)
    )
    return record if reusable else None


CHANGES = {
    "schema": "have records of an older version, which did not say what code trained them: they "
    "are trained again",
    "file": "were trained by another file of that name, or another version of it: they are "
    "trained again",
    "method": "were trained by other code of their method than is installed: they are trained "
    "again",
    "harness": "were trained by other code of the training loop than is installed: they are "
    "trained again",
    "metrics": "were measured by other code of a metric than is installed: they are measured "
    "again from their checkpoints, and trained again where those are gone",
}
"""What calls for more work on a run that ended well, and what is done about it."""


def changed(job: Job, store: Store) -> str:
    """Return what about the stored record of ``job`` calls for more work, one of :data:`CHANGES`;
    empty where there is no record (or none that can be read), where its run did not end well, and
    where nothing does."""
    record = None
    with contextlib.suppress(BenchError):
        record = store.read(job.spec.key)
    if record is None or record.status not in ("done", "diverged"):
        return ""
    if record.schema < SCHEMA:
        return "schema"
    if not same(record.code, job.code):
        return "file" if job.method.entry.target.endswith(".py") else "method"
    if not same(record.harness, job.harness):
        return "harness"
    return "metrics" if outdated_metrics(record) else ""


def finished(job: Job, store: Store) -> Record | None:
    """Return the stored record of ``job`` if nothing is left to do: trained, and measured by the
    installed metrics."""
    record = trained(job, store)
    return None if record is None or outdated_metrics(record) else record


def divided(
    jobs: Iterable[Job], store: Store, *, force: bool = False
) -> tuple[list[Job], list[Record], dict[str, str]]:
    """Return the jobs to be done, the records that make others unnecessary, and, by their keys, why
    the records of the rest cannot be read: what those hold may be worth more than a run, so they
    are left as they are unless ``force`` is given, which does every job."""
    todo, kept, unreadable = [], [], {}
    for job in jobs:
        record = None
        try:
            record = finished(job, store)
        except BenchError as reason:
            if not force:
                unreadable[str(job.spec.key)] = str(reason)
                continue
        if record is None or force:
            todo.append(job)
        else:
            kept.append(record)
    return todo, kept, unreadable


def earlier(jobs: Iterable[Job], store: Store) -> dict[str, int]:
    """Return the protocol of each run in the store, finished or not, that an earlier protocol than
    this version's made of the jobs' methods, data, sizes, seeds and budgets.

    Their keys are others than those of ``jobs``, so nothing of them is resumed or reused.
    """
    stems = {_stem(job.spec.key) for job in jobs}
    if not store.root.is_dir():
        return {}
    keys = sorted(path.name for path in store.root.iterdir() if _stem(path.name) in stems)
    protocols = {key: _protocol(key, store) for key in keys}
    return {key: made_by for key, made_by in protocols.items() if made_by < PROTOCOL}


def _stem(key: str) -> str:
    """Return the readable part of a key, without its digest."""
    return key.rpartition("-")[0]


def _protocol(key: str, store: Store) -> int:
    """Return the protocol of a run by its record, or by its checkpoint where it has none yet, which
    says nothing of protocol 1; this version's where neither can be read."""
    with contextlib.suppress(BenchError):
        record = store.read(key)
        if record is not None:
            return int(record.spec["protocol"])
    damaged = (ValueError, AttributeError, TypeError, KeyError, RecursionError)
    with contextlib.suppress(OSError, *damaged):
        with open_plain(store.folder(key) / "checkpoint.safetensors", sys.maxsize) as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _HEADER)))
        return int(header["__metadata__"].get("protocol", 1))
    return PROTOCOL

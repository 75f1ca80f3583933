"""When a stored record makes a run unnecessary, and the settings that never change a result.
Imports no torch."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmark.identity import outdated_metrics, same
from benchmark.protocol.suite import Job
from benchmark.records import Store
from benchmark.spec import PROTOCOL, SCHEMA, BenchError, Record

__all__ = ["Settings", "earlier", "finished", "trained"]

_HEADER = 100_000_000
"""Bytes that the header of a safetensors file may have; what says more is damaged."""


@dataclass(frozen=True)
class Settings:
    """How jobs are carried out; none of it changes a result."""

    results: Path
    device: str = "auto"
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    force: bool = False


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


def finished(job: Job, store: Store) -> Record | None:
    """Return the stored record of ``job`` if nothing is left to do: trained, and measured by the
    installed metrics."""
    record = trained(job, store)
    return None if record is None or outdated_metrics(record) else record


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
    with contextlib.suppress(OSError, ValueError, AttributeError):
        with (store.folder(key) / "checkpoint.safetensors").open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(min(length, _HEADER)))
        return int(header["__metadata__"].get("protocol", 1))
    return PROTOCOL

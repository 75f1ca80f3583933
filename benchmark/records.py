"""The store of records: ``<results>/<key>/record.json`` and the files beside it, written whole or
not at all.

``frame`` turns records into one tidy pandas frame, for work of one's own; tables and figures gather
cells from records themselves.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmark.files import atomic_write, read_plain
from benchmark.identity import code_of, outdated, outdated_metrics
from benchmark.names import cell_of, labels, metric_of
from benchmark.spec import BenchError, NewerRecord, Record

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Store",
    "UnreadableRecord",
    "code_of",
    "facts",
    "frame",
    "load_records",
    "read_record",
]


def read_record(path: Path) -> Record | None:
    """Return the record in the file ``path``, or None where there is none; ``BenchError`` where it
    cannot be read."""
    try:
        return Record.from_json(read_plain(path, LARGEST).decode())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BenchError(
            f"cannot read '{path}': {error.strerror}; name a folder of records with --results"
        ) from None
    except RecursionError:
        raise BenchError(
            f"record '{path}' is not readable: its objects lie too deep in each other; "
            "delete its folder and run `bench run` again"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BenchError(
            f"record '{path}' is truncated or not JSON ({error}); "
            "delete its folder and run `bench run` again"
        ) from None
    except NewerRecord as error:
        raise BenchError(
            f"record '{path}' was written by a newer version ({error}): upgrade, or move it away"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(
            f"record '{path}' is not readable: {error}; delete its folder and run `bench run` again"
        ) from None


LARGEST = 32_000_000
"""Bytes of a record; what has more is none."""

_BATCH = 64
"""Files that are read before they are decoded: turn and turn about, with the system between, both
take half as long again."""


def _bytes(path: str) -> bytes:
    """Return what a file holds, nothing where it cannot be read."""
    try:
        return read_plain(path, LARGEST)
    except OSError:
        return b""


class UnreadableRecord(UserWarning):
    """A record that was left out because it cannot be read; its text says which and why."""


def _decoded(path: str, data: bytes) -> Record | None:
    """Return what :func:`read_record` returns, by a decoder that is three times as fast; what that
    refuses is left to read_record to judge, and left out with a warning."""
    try:
        return Record.from_document(orjson.loads(data))
    except (ValueError, TypeError, KeyError, RecursionError):
        try:
            return read_record(Path(path))
        except BenchError as error:
            warnings.warn(f"left out: {error}", UnreadableRecord, stacklevel=2)
            return None


def _other_code(one: Record, other: Record) -> bool:
    """Whether two records of one run were made by different code, of training or of a metric."""
    common = one.metrics.keys() & other.metrics.keys()
    return (one.schema, one.code, one.harness) != (other.schema, other.code, other.harness) or any(
        one.metrics[name] != other.metrics[name] for name in common
    )


class Store:
    """A results folder: one subfolder per run key."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def folder(self, key: str) -> Path:
        """The folder of one run."""
        return self.root / key

    def ensure_writable(self) -> None:
        """Create the folder if need be; ``BenchError`` where nothing can be written."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise BenchError(
                f"cannot write results to '{self.root}': {error.strerror}; "
                "choose another folder with --results"
            ) from None

    def write(self, record: Record) -> None:
        """Store ``record`` under its key, replacing an older one; one that other code made is kept
        beside it as ``replaced-<12 hex of its sha256>.json``, one that cannot be read as
        ``unreadable-<...>.json``."""
        folder = self.folder(record.key)
        folder.mkdir(parents=True, exist_ok=True)
        kind, data = self._to_keep(record)
        if data:
            name = f"{kind}-{hashlib.sha256(data).hexdigest()[:12]}.json"
            atomic_write(folder / name, data)
        atomic_write(folder / "record.json", record.to_json().encode())

    def _to_keep(self, record: Record) -> tuple[str, bytes]:
        """Return what of the older record would be lost, and what it is called; nothing
        where it was no end, or is of the same code."""
        try:
            older = self.read(record.key)
        except BenchError:
            return "unreadable", _bytes(f"{self.folder(record.key)}/record.json")
        if older is not None and older.status == "done" and _other_code(older, record):
            return "replaced", older.to_json().encode()
        return "", b""

    def read(self, key: str) -> Record | None:
        """Return the record of ``key``, or None where there is none; ``BenchError`` where it cannot
        be read."""
        return read_record(self.root.joinpath(key, "record.json"))

    def stamp(self, key: str) -> tuple[int, int] | None:
        """Return what changes whenever the record of ``key`` is written; None where there is
        none."""
        try:
            status = self.root.joinpath(key, "record.json").stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def records(self) -> list[Record]:
        """Return every record of the folder, in the order of their keys; one that cannot be read is
        left out with an :class:`UnreadableRecord` warning that names it."""
        if not self.root.is_dir():
            raise BenchError(
                f"there is no results folder '{self.root}'; run `bench run` first, "
                "or name another with --results"
            )
        with os.scandir(self.root) as entries:
            paths = [
                f"{entry.path}/record.json"
                for entry in sorted(entries, key=lambda entry: entry.name)
                if not entry.is_file()
            ]
        records: list[Record | None] = []
        for start in range(0, len(paths), _BATCH):
            batch = paths[start : start + _BATCH]
            records += map(_decoded, batch, [_bytes(path) for path in batch])
        return [record for record in records if record is not None]


def load_records(results: str | Path = "results/runs") -> list[Record]:
    """Return every record of a results folder. Public API."""
    return Store(Path(results)).records()


def facts(record: Record) -> dict[str, Any]:
    """Return what :func:`frame` says of a record, whatever was measured: its first twelve
    columns."""
    spec = record.spec
    method, dataset = labels(spec, record.given)
    return {
        "key": record.key,
        "cell": cell_of(spec),
        "status": record.status,
        "stale": bool(outdated(record)),
        "method": method,
        "dataset": dataset,
        **{name: spec[name] for name in ("latent_dim", "seed", "budget", "steps", "batch_size")},
        "error": record.error,
    }


def frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row per record and measurement (one row without a metric for a record that
    measured nothing).

    Columns: ``key cell status stale method dataset latent_dim seed budget steps batch_size metric
    id value unit n protocol error``. ``cell`` names everything of the spec but the seed (and the
    value of options taken from an earlier run, shown as ``*``): rows of one cell are replicates,
    rows of two cells never are. ``stale`` says that the installed code of the method, of the
    training loop or of the metric is another than the one that made the number. ``method`` and
    ``dataset`` carry their non-default options.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for record in records:
        base, old = facts(record), outdated_metrics(record)
        for identifier, measurement in record.measurements.items() or [(None, {})]:
            metric = metric_of(identifier) if identifier else None
            rows.append(
                {
                    **base,
                    "stale": base["stale"] or metric in old,
                    "metric": metric,
                    "id": identifier,
                    **{name: measurement.get(name) for name in ("value", "unit", "n", "protocol")},
                }
            )
    run_columns = ["key", "cell", "status", "stale", "method", "dataset", "latent_dim", "seed"]
    about = ["budget", "steps", "batch_size", "error"]
    measured = ["metric", "id", "value", "unit", "n", "protocol"]
    return pd.DataFrame(rows, columns=[*run_columns, *about, *measured])

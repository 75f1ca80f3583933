"""Results folders of several machines into one. Two results of one run are one where all bits that
both hold are equal; where they are not, the one that came first stays and what differs is named.
Sources are only read. No torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.files import atomic_write, read_plain
from benchmark.records import Store, read_record
from benchmark.running.compare import FILES, compare
from benchmark.running.lock import locked
from benchmark.spec import BenchError, Record

__all__ = ["TROUBLE", "Merged", "merge"]

LARGEST = 8_000_000_000
"""Bytes of a file that is copied."""

ENDS = ("done", "diverged")
"""Statuses of a run that is over; one of another status is run again, so it yields to these."""

TROUBLE = ("unreadable", "differs", "busy")
"""Verdicts after which something of a source is not in the output."""

DOCUMENTS = "references"
"""The folder of documents beside the runs, whose names end in a digest of what they depend on."""


@dataclass(frozen=True)
class Merged:
    """What became of one run, or document, of a source: ``added`` to the output, the ``same`` as
    there, ``joined`` with it (further metrics or files), in the place of one that had not ended
    (``replaced``), ``older`` than it in that sense; or one of :data:`TROUBLE`."""

    source: Path
    name: str
    verdict: str
    reason: str = ""


def merge(sources: Sequence[Path], output: Path) -> Iterator[Merged]:
    """Yield what became of every run of ``sources``, in their order, once it stands in the results
    folder ``output``, which may hold runs before. ``BenchError`` before anything is written where
    a source is no folder or is the output."""
    for source in sources:
        if not source.is_dir():
            raise BenchError(f"there is no results folder '{source}'; nothing was merged")
        if output.exists() and source.samefile(output):
            raise BenchError(f"'{source}' is the output too; name it after -o alone")
    store = Store(output)
    store.ensure_writable()
    for source in sources:
        for folder in sorted(path for path in source.iterdir() if path.is_dir()):
            if folder.name == DOCUMENTS:
                yield from _documents(folder, output / DOCUMENTS)
            elif (folder / "record.json").exists() or (folder / FILES[-1]).exists():
                yield _run(folder, store)


def _documents(folder: Path, target: Path) -> Iterator[Merged]:
    """Copy the documents that ``target`` lacks; those of one name say the same."""
    for path in sorted(folder.glob("*.json")):
        if not (target / path.name).exists():
            target.mkdir(parents=True, exist_ok=True)
            atomic_write(target / path.name, read_plain(path, LARGEST))
            yield Merged(folder.parent, path.name, "added")


def _run(folder: Path, store: Store) -> Merged:
    """Bring the run of one folder into ``store``."""
    source, key = folder.parent, folder.name
    try:
        record = read_record(folder / "record.json")
        if record is not None and record.key != key:
            raise BenchError(f"record '{folder}/record.json' is of the run {record.key}")
    except BenchError as error:
        return Merged(source, key, "unreadable", str(error))
    target = store.folder(key)
    target.mkdir(exist_ok=True)
    with locked(target, lambda: "busy") as held:
        if not held:
            return Merged(source, key, "busy", "a process is at work on it in the output")
        try:
            return Merged(source, key, *_settled(folder, record, target, store))
        except BenchError as error:
            return Merged(source, key, "unreadable", f"in the output: {error}")
        except OSError as error:
            return Merged(source, key, "unreadable", f"{error.filename}: {error.strerror}")


def _settled(folder: Path, record: Record | None, target: Path, store: Store) -> tuple[str, str]:
    """Return the verdict on a run and its reason, once what it says was done."""
    present = store.read(target.name)
    if record is None:
        empty = present is None and not (target / FILES[-1]).exists()
        if empty:
            _copy(folder, target, FILES)
        return ("added", "not finished") if empty else ("older", "not finished")
    if present is None or (present.status not in ENDS and record.status in ENDS):
        _replace(folder, record, target)
        return ("added" if present is None else "replaced"), ""
    if record.status not in ENDS:
        return ("older" if present.status in ENDS else "same"), ""
    if reason := _difference(present, record, target, folder):
        return "differs", reason
    return _joined(present, record, target, folder), ""


def _difference(present: Record, record: Record, target: Path, folder: Path) -> str:
    """Return what both hold and is not equal; empty where all is."""
    common = present.metrics.keys() & record.metrics.keys()
    made_by = {
        name: (getattr(present, name), getattr(record, name)) for name in ("code", "harness")
    }
    other = [name for name, (one, two) in made_by.items() if one != two]
    other += sorted(name for name in common if present.metrics[name] != record.metrics[name])
    if other:
        return f"made by other code: {', '.join(other)}"
    common_files = [name for name in FILES if (target / name).exists() and (folder / name).exists()]
    parts = compare(present, record, target, folder).parts
    differing = {
        part.name: [name for name in part.differing if _both(part.name, name, present, record)]
        for part in parts
        if part.name not in FILES or part.name in common_files
    }
    return "; ".join(f"{name}: {_few(names)}" for name, names in differing.items() if names)


def _both(part: str, name: str, present: Record, record: Record) -> bool:
    """Whether what differs is not merely a metric that only one of both has."""
    if part != "measurements":
        return True
    return name in present.measurements and name in record.measurements


def _few(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _joined(present: Record, record: Record, target: Path, folder: Path) -> str:
    """Add the metrics and files that only the second has; whether there were any."""
    new = record.measurements.keys() - present.measurements.keys()
    missing = [name for name in FILES if (folder / name).exists() and not (target / name).exists()]
    _copy(folder, target, missing)
    if new:
        measurements = {**record.measurements, **present.measurements}
        metrics = {**record.metrics, **present.metrics}
        measured = {name.partition("[")[0] for name in measurements}
        absent = {**record.absent, **present.absent}
        absent = {name: why for name, why in absent.items() if name not in measured}
        both = replace(present, measurements=measurements, metrics=metrics, absent=absent)
        atomic_write(target / "record.json", both.to_json().encode())
    return "joined" if new or missing else "same"


def _replace(folder: Path, record: Record, target: Path) -> None:
    """Put a run where none, or one that had not ended, stands: its record last, so that a run that
    is merged by half is not finished."""
    for name in FILES:
        if not (folder / name).exists():
            (target / name).unlink(missing_ok=True)
    _copy(folder, target, [*FILES, *(path.name for path in folder.glob("replaced-*.json"))])
    (target / "log.txt").unlink(missing_ok=True)
    _copy(folder, target, ["log.txt"])
    atomic_write(target / "record.json", record.to_json().encode())


def _copy(folder: Path, target: Path, names: Sequence[str]) -> None:
    for name in names:
        if (folder / name).exists():
            atomic_write(target / name, read_plain(folder / name, LARGEST))

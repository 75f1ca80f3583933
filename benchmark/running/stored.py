"""A stored run, by what a user calls it, and the job that does it again. Imports no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark import registry
from benchmark.files import read_plain
from benchmark.names import cell_of
from benchmark.planning.jobs import OWN_DATA, Job
from benchmark.records import LARGEST, Store, read_record
from benchmark.registry import Choice, Entry
from benchmark.spec import PROTOCOL, BenchError, Record, RunSpec

__all__ = ["Stored", "Unreplayable", "job_of", "locate"]


class Unreplayable(Exception):
    """The run cannot be done again here, and why."""


@dataclass(frozen=True)
class Stored:
    """A record, the folder it lies in, and whether its file is byte for byte what this program
    writes."""

    record: Record
    folder: Path
    untouched: bool = True

    @classmethod
    def read(cls, path: Path) -> Stored | None:
        """Return the record in the file ``path``, None where there is none."""
        record = read_record(path)
        if record is None:
            return None
        text = read_plain(path, LARGEST).decode()
        written = json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
        return cls(record, path.parent, text == written)

    def other_seeds(self) -> list[Record]:
        """The finished runs beside it that differ in the seed alone and were made by the same
        code."""
        own = (self.record.code, self.record.harness, cell_of(self.record.spec))
        return [
            record
            for record in Store(self.folder.parent).records()
            if record.status == "done"
            and record.key != self.record.key
            and (record.code, record.harness, cell_of(record.spec)) == own
        ]


def locate(text: str, results: Path) -> Stored:
    """Return the run that ``text`` names: a record.json, its folder, or the key (its beginning
    suffices) of a run in ``results``."""
    path = Path(text)
    file = path / "record.json" if path.is_dir() else path
    if path.is_dir() and not file.is_file() and next(path.glob("*/record.json"), None):
        raise BenchError(
            f"'{text}' is a folder of runs; name those to do again, as '{text}/KEY', or all of "
            f"them: {path}/*"
        )
    if path.suffix == ".json" or file.is_file():
        stored = Stored.read(file)
        if stored is None:
            raise BenchError(
                f"there is no record '{file}'; name a record.json, its folder, or a key in "
                f"'{results}'"
            )
        return stored
    stored = Stored.read(results / _key(text, results) / "record.json")
    assert stored is not None
    return stored


def _key(beginning: str, results: Path) -> str:
    """Return the key of the one run in ``results`` whose key begins so."""
    folders = (file.parent.name for file in results.glob("*/record.json"))
    keys = sorted(key for key in folders if key.startswith(beginning))
    if len(keys) == 1:
        return keys[0]
    mistake = "is no record, no folder and no run"
    if keys:
        mistake = f"is the beginning of {len(keys)} runs, the first {keys[0]}; give more of the key"
    raise BenchError(
        f"'{beginning}' {mistake} in '{results}' (`bench run` makes records; another folder: "
        "--results)"
    )


def job_of(
    record: Record, data_dir: Path, method: str | None = None, dataset: str | None = None
) -> Job:
    """Return the job that makes ``record`` again, by this version's protocol. ``method`` and
    ``dataset`` are files of yours where the run was made with one.

    :class:`Unreplayable` where the method, an option or the data of the run are not here.
    """
    spec = replace(RunSpec(**record.spec), protocol=PROTOCOL)
    room: registry.Room = "methods" if spec.kind == "train" else "studies"
    try:
        entry = registry.find(room, method or spec.method)
    except BenchError as error:
        hint = "" if method else "; if it was a file of yours, name it with --method FILE.py"
        raise Unreplayable(f"{error}{hint}") from None
    source = _source(spec, dataset)
    if entry.name != spec.method:
        raise BenchError(
            f"the record is of '{spec.method}', but --method names '{entry.name}'; name the file "
            "it was made with"
        )
    _check_options(entry, room, spec.config)
    _check_options(source.entry, "datasets", spec.options)
    return Job(spec, Choice(entry, dict(spec.config)), source, entry.code, data_dir)


def _check_options(entry: Entry, room: registry.Room, values: Mapping[str, object]) -> None:
    """:class:`Unreplayable` where the entry has no option of one of the ``values``, or one that
    does not allow it."""
    fields = entry.source.fields(registry.OPTIONS_CLASS[room])
    options = {field.name: field for field in fields}
    unknown = sorted(values.keys() - options.keys())
    if unknown:
        raise Unreplayable(
            f"the installed '{entry.name}' has no option '{unknown[0]}'; install the version that "
            "made the record"
        )
    for name, value in values.items():
        if not options[name].allows(value):
            raise Unreplayable(
                f"option '{name}' of '{entry.name}' is {value!r:.60}, expected "
                f"{options[name].expected}; the record was edited, or other code made it"
            )


def _source(spec: RunSpec, file: str | None) -> Choice:
    """Return the data of a run; ``file`` names one of yours.

    :class:`Unreplayable` where the data are not here and ``file`` does not say where."""
    if spec.dataset == OWN_DATA.name:
        return OWN_DATA
    if file is not None:
        choice = registry.choose("datasets", file)
        if choice.name == spec.dataset:
            return replace(choice, options=dict(spec.options))
    kind, colon, _ = spec.dataset.partition(":")
    if colon:
        other = "" if file is None else f", not '{file}'"
        raise Unreplayable(
            f"the data of the run were a file, '{spec.dataset}'{other}; name it with --dataset "
            f"{kind}:PATH"
        )
    try:
        return Choice(registry.find("datasets", kind), dict(spec.options))
    except BenchError as error:
        hint = "if it was a file of yours, name it with --dataset FILE.py"
        raise Unreplayable(f"{error}; {hint}") from None

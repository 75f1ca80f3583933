"""Who takes part, by name: the built-in methods, datasets, metrics and studies of
:mod:`benchmark.registered`, entry points of other packages, and files of yours.

Standard library only; an adapter is imported by :func:`load`, never by listing.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmark.options import Field, parse_reference, resolve, suggest
from benchmark.registered.datasets import DATASETS
from benchmark.registered.methods import METHODS
from benchmark.registered.metrics import METRICS
from benchmark.registered.studies import STUDIES
from benchmark.source import Entry, read_class
from benchmark.spec import BenchError

__all__ = [
    "DATASETS",
    "METHODS",
    "METRICS",
    "STUDIES",
    "Choice",
    "Entry",
    "choose",
    "entries",
    "find",
    "load",
]

Room = Literal["methods", "datasets", "metrics", "studies"]

BUILT_IN: Mapping[Room, tuple[Entry, ...]] = {
    "methods": METHODS,
    "datasets": DATASETS,
    "metrics": METRICS,
    "studies": STUDIES,
}

OPTIONS_CLASS = {"methods": "Config", "datasets": "Options", "studies": "Config"}


@cache
def plugins(room: Room) -> tuple[Entry, ...]:
    """Entries that installed packages offer through the entry-point group ``bench.<room>``, by
    name."""
    points = importlib.metadata.entry_points(group=f"bench.{room}")
    taken = {entry.name for entry in BUILT_IN[room]}
    return tuple(
        Entry(
            point.name,
            point.value,
            f"from the package {point.dist.name if point.dist else '?'}",
            headline=False,
        )
        for point in sorted(points, key=lambda point: point.name)
        if point.name not in taken
    )


def entries(room: Room) -> tuple[Entry, ...]:
    """Return every entry of a room: built-ins in the order of their table, then those of other
    packages."""
    return BUILT_IN[room] + plugins(room)


def find(room: Room, name: str) -> Entry:
    """Return the entry called ``name``; for methods and datasets also a file of yours,
    ``./my_vae.py``."""
    if room in _BASES and name.endswith(".py"):
        return _from_file(room, Path(name))
    for entry in BUILT_IN[room]:
        if entry.name == name:
            return entry
    for entry in plugins(room):
        if entry.name == name:
            return entry
    names = [entry.name for entry in entries(room)]
    kind = "study" if room == "studies" else room[:-1]
    raise BenchError(f"unknown {kind} '{name}'{suggest(name, names)} (see `bench list {room}`)")


_BASES = {"methods": "Method", "datasets": "Dataset"}
"""What the class in a file of yours is built on."""


def _from_file(room: Room, path: Path) -> Entry:
    kind, base = room[:-1], _BASES[room]
    if not path.is_file():
        raise BenchError(
            f"there is no {kind} file '{path}'; expected a Python file with one class built on "
            f"{base}"
        )
    source = read_class(path.resolve())
    if source.root != base:
        raise BenchError(
            f"'{path}' holds a class built on {source.root}; expected one built on {base}, as a "
            f"{kind} is"
        )
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    if not path.stem.isascii() or not name:
        example = "my_vae" if room == "methods" else "my_data"
        raise BenchError(
            f"'{path}' gives no name for a {kind}; expected a file called with letters and digits, "
            f"as ./{example}.py"
        )
    if any(entry.name == name for entry in BUILT_IN[room]):
        raise BenchError(
            f"'{path}' would be called '{name}', which is a built-in {kind}; rename the file"
        )
    return Entry(
        name, str(path.resolve()), (source.doc.splitlines() or ["user file"])[0], headline=False
    )


def _readable(stem: str) -> str:
    """Return a file's name without what separates names and options."""
    return re.sub(r'[\[\],"=]', "_", stem)


@dataclass(frozen=True)
class Choice:
    """A named entry with its options resolved: what ``vae[sigma=fixed]`` or ``npz:data.npz`` on the
    command line means.

    ``argument`` is the part after a colon (the file of ``npz:FILE``).
    """

    entry: Entry
    options: Mapping[str, Any]
    argument: str | None = None

    @property
    def name(self) -> str:
        """What a run's spec carries: the registered name, for ``npz:path/to/FILE.npz`` followed by
        the file's stem."""
        if self.argument is None:
            return self.entry.name
        return f"{self.entry.name}:{_readable(Path(self.argument).stem)}"

    def label(self, options: Mapping[str, Any]) -> str:
        """Return the name with those of ``options`` that are not the entry's defaults:
        ``vae[sigma=fixed]``."""
        fields = self.entry.source.fields("Config") or self.entry.source.fields("Options")
        usual = {**{field.name: field.default for field in fields}, **self.entry.preset}
        changed = [
            f"{name}={value}"
            for name, value in sorted(options.items())
            if usual.get(name, ...) != value
        ]
        return f"{self.name}[{','.join(changed)}]" if changed else self.name


def choose(room: Room, text: str) -> Choice:
    """Return what ``text`` on the command line stands for, options checked; :class:`BenchError`
    names the mistake."""
    reference, texts = parse_reference(text)
    name, colon, argument = reference.partition(":")
    entry = find(room, name) if colon else find(room, reference)
    takes_argument = room == "datasets" and bool(entry.source.constants.get("takes_file"))
    if bool(colon) != takes_argument:
        form = f"{entry.name}:{'FOLDER' if entry.name == 'images' else 'FILE'}"
        raise BenchError(
            f"'{text}' cannot be read: expected {form if takes_argument else entry.name} "
            f"(see `bench show {entry.name}`)"
        )
    fields: Iterable[Field] = entry.source.fields(OPTIONS_CLASS[room])
    fixed = sorted(set(texts) & set(entry.preset))
    if fixed:
        raise BenchError(
            f"option '{fixed[0]}' is fixed in '{entry.name}'; choose the method it is a variant of "
            f"(see `bench show {entry.name}`)"
        )
    options = {**resolve(entry.name, fields, texts), **entry.preset}
    _refuse_alias(room, entry, options)
    return Choice(entry, options, argument if colon else None)


def _refuse_alias(room: Room, entry: Entry, options: Mapping[str, Any]) -> None:
    """One run has one name: options that make ``entry`` a registered variant of itself are an error
    that names the variant."""
    for other in BUILT_IN[room]:
        if (
            other.target == entry.target
            and other.preset.items() > entry.preset.items()
            and other.preset.items() <= options.items()
        ):
            preset = ", ".join(f"{name}={value}" for name, value in other.preset.items())
            raise BenchError(
                f"'{entry.name}' with {preset} is called '{other.name}'; choose that method (see "
                f"`bench show {other.name}`)"
            )


@cache
def load(target: str) -> Any:
    """Import and return what ``target`` (``module:attribute`` or a file) points at."""
    module_name, _, attribute = target.partition(":")
    if target.endswith(".py"):
        attribute = read_class(Path(target)).name
        spec = importlib.util.spec_from_file_location(f"bench_user_{Path(target).stem}", target)
        assert spec is not None and spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(
            spec
        )  # dataclasses look their module up
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(module_name)
    return getattr(module, attribute)

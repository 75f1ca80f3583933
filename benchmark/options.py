"""Typed options: ``name[field=value, ...]`` on the command line, checked against the fields of a
``Config`` or ``Options`` class.

The fields are read from source text with ``ast`` (see :mod:`benchmark.source`), so nothing here
imports an adapter. Standard library only.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.needs import Needs
from benchmark.spec import BenchError

__all__ = ["Field", "Range", "parse_reference", "resolve", "split_list", "suggest"]

Scalar = bool | int | float | str | None

_LARGEST = 1.7976931348623157e308

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Range:
    """What a number may be: more than ``gt``, at least ``ge``, less than ``lt``, at most ``le``;
    each None where that side is free. The names are those of ``annotated_types``."""

    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None

    def holds(self, value: float) -> bool:
        """Return whether ``value`` lies in the range."""
        return (
            (self.gt is None or value > self.gt)
            and (self.ge is None or value >= self.ge)
            and (self.lt is None or value < self.lt)
            and (self.le is None or value <= self.le)
        )

    @property
    def words(self) -> str:
        """The range in words: ``more than 0, at most 1``; empty where every number will do."""
        sides = {
            "more than": self.gt,
            "at least": self.ge,
            "less than": self.lt,
            "at most": self.le,
        }
        return ", ".join(f"{side} {end:g}" for side, end in sides.items() if end is not None)


@dataclass(frozen=True)
class Field:
    """One option: its name, type (``bool int float str``), default, allowed values (empty: any),
    whether None is allowed, its meaning, the range of a number, and what else must hold with it."""

    name: str
    type: str
    default: Scalar
    choices: tuple[str, ...] = ()
    optional: bool = False
    doc: str = ""
    range: Range = Range()
    needs: tuple[Needs, ...] = ()

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        kinds = {"bool": "true or false", "str": "text"}
        kind = " or ".join(self.choices) or kinds.get(self.type, f"a finite {self.type}")
        kind = " ".join(filter(None, [kind, self.range.words]))
        return f"{kind} or none" if self.optional else kind

    def parse(self, text: str) -> Scalar:
        """Return ``text`` as a value of this field; ``ValueError`` where it is none."""
        if self.optional and text.lower() == "none":
            return None
        if self.choices and text not in self.choices:
            raise ValueError(text)
        if self.type == "bool":
            if text.lower() not in _TRUTH:
                raise ValueError(text)
            return _TRUTH[text.lower()]
        if self.type in ("int", "float"):
            value = int(text) if self.type == "int" else float(text)
            if not self._within(value):
                raise ValueError(text)
            return value
        return text

    def allows(self, value: object) -> bool:
        """Return whether ``value``, which may come from a file, is one of this field."""
        if value is None:
            return self.optional
        if self.choices:
            return value in self.choices
        if self.type in ("int", "float") and not isinstance(value, bool):
            numbers = int if self.type == "int" else int | float
            return isinstance(value, numbers) and self._within(value)
        return type(value).__name__ == self.type

    def _within(self, value: float) -> bool:
        """Whether a number is in the option's range, and finite where it is a float."""
        finite = self.type == "int" or abs(value) <= _LARGEST
        return finite and self.range.holds(value)


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the candidate closest to ``name``, or nothing; of
    equally close ones the one whose length is nearest."""
    typed = name.lower()
    close = difflib.get_close_matches(typed, list(candidates), n=3, cutoff=0.6)
    if not close:
        return ""
    likeness = {
        candidate: difflib.SequenceMatcher(None, candidate, typed).ratio() for candidate in close
    }
    best = max(
        close, key=lambda candidate: (likeness[candidate], -abs(len(candidate) - len(typed)))
    )
    return f"; did you mean '{best}'?"


def split_list(texts: Iterable[str]) -> list[str]:
    """Return the items of comma-separated ``texts``; commas inside brackets or double quotes do not
    separate.

    >>> split_list(["vae,r-vae[burn_in=0.5,sigma=fixed]", "pca"])
    ['vae', 'r-vae[burn_in=0.5,sigma=fixed]', 'pca']
    """
    all_texts = list(texts)
    items = [
        stripped
        for text in all_texts
        for item in re.findall(r'(?:"[^"]*"|\[[^\[\]]*\]|[^,])+', text)
        if (stripped := item.strip())
    ]
    if all_texts and not items:
        raise BenchError(
            f"the list '{','.join(all_texts)}' is empty; name what you want, as A,B, "
            "or leave the option out to take its default"
        )
    return items


def parse_reference(text: str) -> tuple[str, dict[str, str]]:
    """Split ``name[a=1,b=2]`` into the name and the option texts. Brackets and commas inside double
    quotes belong to the name, the quotes do not.

    >>> parse_reference("circle[noise=0.05]")
    ('circle', {'noise': '0.05'})
    """
    match = re.fullmatch(r'((?:[^\[\]"]|"[^"]*")+)(?:\[([^\[\]]*)\])?', text.strip())
    if match is None:
        raise BenchError(f"cannot read '{text}': expected a name, or name[option=value,...]")
    pairs: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in (match[2] or "").split(","))):
        name, separator, value = item.partition("=")
        if not separator or not name.strip() or not value.strip():
            raise BenchError(f"cannot read '{item}' in '{text}': expected option=value")
        if name.strip() in pairs:
            raise BenchError(f"option '{name.strip()}' is given twice in '{text}'; keep one")
        pairs[name.strip()] = value.strip()
    return match[1].replace('"', "").strip(), pairs


def resolve(owner: str, fields: Iterable[Field], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the value of every field: those in ``texts``, parsed, and the defaults of the
    others."""
    table = {field.name: field for field in fields}
    for name in texts:
        if name not in table:
            available = f"it has {', '.join(table)}" if table else "it has no options"
            raise BenchError(
                f"'{owner}' has no option '{name}'{suggest(name, table)} ({available}; "
                f"see `bench show {owner}`)"
            )
    values: dict[str, Any] = {name: field.default for name, field in table.items()}
    for name, text in texts.items():
        try:
            values[name] = table[name].parse(text)
        except ValueError:
            raise BenchError(
                f"option '{name}' of '{owner}' is '{text}'; expected {table[name].expected} (see "
                f"`bench show {owner}`)"
            ) from None
    return values

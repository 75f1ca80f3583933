"""What the methods of the records say of themselves: the sections of their docstrings, read from
the source without importing it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from benchmark import registry
from benchmark.identity import outdated
from benchmark.names import rank
from benchmark.spec import BenchError, Record

__all__ = ["SECTIONS", "MethodNotes", "block", "method_notes", "sections"]

SECTIONS = ("Citation", "Objective", "Discovery", "Deviations")
"""The sections of a method's docstring."""


@dataclass(frozen=True)
class MethodNotes:
    """What is known of one method: its docstring's sections by title, or ``reason`` where they
    cannot be read here."""

    name: str
    summary: str
    sections: tuple[tuple[str, Markup], ...] = ()
    reason: str = ""
    stale: bool = False


def sections(doc: str) -> dict[str, str]:
    """Return the text of each section of a docstring: a title on a line of its own, the text below
    it indented.

    >>> sections("Summary.\\n\\nDeviations\\n    None.\\n")
    {'Deviations': 'None.'}
    """
    lines_by_title: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in doc.splitlines():
        if line.strip() in SECTIONS and not line[:1].isspace():
            current = lines_by_title.setdefault(line.strip(), [])
        elif line.strip() and not line[:1].isspace():
            current = None
        elif current is not None:
            current.append(line)
    return {
        title: textwrap.dedent("\n".join(of_section)).strip("\n")
        for title, of_section in lines_by_title.items()
    }


def block(text: str) -> Markup:
    """Return text of a docstring as HTML: paragraphs, indented blocks as they stand, ``code``, and
    https addresses as links."""
    parts = re.split(r"\n\s*\n", text)
    return Markup("\n").join(_block(part) for part in parts if part.strip())


def _block(part: str) -> Markup:
    """A part may begin as a paragraph and go on as an indented block, or the other way round."""
    runs: list[tuple[bool, list[str]]] = []
    for line in part.splitlines():
        indented = line.startswith("  ")
        if not runs or runs[-1][0] != indented:
            runs.append((indented, []))
        runs[-1][1].append(line)
    return Markup("\n").join(
        Markup("<pre>{}</pre>").format(textwrap.dedent("\n".join(lines)))
        if indented
        else Markup("<p>{}</p>").format(_prose(" ".join(lines)))
        for indented, lines in runs
    )


def _prose(text: str) -> Markup:
    pieces = re.split(r"(``[^`]+``|https://[^\s)>\"'`]+[^\s)>\"'`.,;:])", text)
    return Markup("").join(map(_piece, pieces))


def _piece(text: str) -> Markup:
    if text.startswith("``") and text.endswith("``") and len(text) > 4:
        return Markup("<code>{}</code>").format(text[2:-2])
    if text.startswith("https://"):
        return Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(text)
    return Markup.escape(text)


def method_notes(records: Iterable[Record]) -> list[MethodNotes]:
    """Return the notes of every method and study among ``records``, in the order of the
    registry."""
    kinds: dict[str, Literal["methods", "studies"]] = {}
    stale: set[str] = set()
    for record in records:
        name = record.spec["method"]
        kinds[name] = "methods" if record.spec["kind"] == "train" else "studies"
        if outdated(record):
            stale.add(name)
    order = sorted(kinds, key=lambda name: (kinds[name], rank(kinds[name], name)))
    return [_notes(kinds[name], name, name in stale) for name in order]


def _notes(room: Literal["methods", "studies"], name: str, stale: bool) -> MethodNotes:
    try:
        entry = registry.find(room, name)
        texts = sections(entry.source.doc)
    except BenchError as error:
        return MethodNotes(
            name,
            "",
            reason=f"Its source is not installed here, so its deviations cannot be read ({error}).",
            stale=stale,
        )
    summary = entry.summary + "".join(
        f"; {option} = {value}" for option, value in entry.preset.items()
    )
    notes = tuple((title, block(texts[title])) for title in SECTIONS if title in texts)
    return MethodNotes(
        name,
        summary,
        notes,
        "" if "Deviations" in texts else "Its docstring names no deviations.",
        stale,
    )

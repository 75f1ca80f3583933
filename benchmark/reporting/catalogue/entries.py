"""A named table and a named figure, as the catalogue holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from benchmark.options import suggest
from benchmark.spec import BenchError

__all__ = ["NamedFigure", "NamedTable", "by_name", "check"]


@dataclass(frozen=True)
class NamedTable:
    """A table: one line about it, and ``target``, the function (``module:function``) from records,
    metrics and references to it; none for the layout of a paper, which
    :mod:`benchmark.reporting.papers.layouts` holds by the same name."""

    name: str
    line: str
    target: str = ""


@dataclass(frozen=True)
class NamedFigure:
    """A figure: one line about it, its caption and alternative text, and ``target``, the function
    (``module:function``) from :class:`~benchmark.reporting.figures.material.Material` to it.
    ``study``: whose records it is drawn from; none for those drawn from runs of methods."""

    name: str
    line: str
    caption: str
    target: str
    study: str = ""


Named = TypeVar("Named", NamedTable, NamedFigure)


def by_name(*entries: Named) -> Mapping[str, Named]:
    """Return the entries by their names, in their order."""
    return {entry.name: entry for entry in entries}


def check(kind: str, names: Collection[str], name: str) -> None:
    """Raise :class:`BenchError` where the table, figure or claim (``kind``) called ``name`` is not
    among ``names``."""
    if name not in names:
        raise BenchError(
            f"unknown {kind} '{name}'{suggest(name, names)} (there are {', '.join(names)})"
        )

"""One registered name, as the tables of this room hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.modules import module_file
from benchmark.source import SourceClass, read_class
from benchmark.syntax import address, digest_of

__all__ = ["Entry"]


@dataclass(frozen=True)
class Entry:
    """One registered name: where its class lives (``module:attribute`` or ``file.py``) and one line
    about it.

    ``headline`` marks the methods of ``bench run --all`` (datasets: those that need no download;
    metrics: those of tier core, in every run); ``preset`` fixes options
    of a variant.
    """

    name: str
    target: str
    summary: str
    headline: bool = True
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The source file."""
        return (
            Path(self.target)
            if self.target.endswith(".py")
            else module_file(self.target.partition(":")[0])
        )

    @property
    def source(self) -> SourceClass:
        """The class as its text shows it."""
        return read_class(self.path, self.target.partition(":")[2] or None)

    @property
    def code(self) -> str:
        """Digest of the whole file and of the definitions it stands on (see
        :mod:`benchmark.syntax`)."""
        return _file_code(self.target.partition(":")[0])


@cache
def _file_code(target: str) -> str:
    return digest_of([address(target)])

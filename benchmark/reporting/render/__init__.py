"""A table document written as LaTeX, Markdown, CSV, HTML or plain text: pure functions from
:class:`Table` to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmark.reporting.render import html, latex, markdown, plain, spreadsheet
from benchmark.reporting.tables.document import Table
from benchmark.spec import BenchError

__all__ = ["RENDERERS", "SUFFIXES", "format_of"]

RENDERERS: Mapping[str, Callable[[Table], str]] = {
    "latex": latex.render,
    "markdown": markdown.render,
    "csv": spreadsheet.render,
    "html": html.render,
    "text": plain.render,
}

SUFFIXES: Mapping[str, str] = {
    ".tex": "latex",
    ".md": "markdown",
    ".csv": "csv",
    ".html": "html",
    ".txt": "text",
}


def format_of(path: Path) -> str:
    """Return the format that a file's suffix stands for."""
    if path.suffix.lower() not in SUFFIXES:
        raise BenchError(
            f"cannot tell the format of '{path}' by its suffix; expected {', '.join(SUFFIXES)}, or "
            "name one with --format"
        )
    return SUFFIXES[path.suffix.lower()]

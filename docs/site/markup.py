"""Text of docstrings, and of what ``bench show`` prints, as Markdown that shows the same words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable

__all__ = ["as_markdown", "blocks", "cell", "mended", "prose", "table"]

ROLE = re.compile(r":(?:class|func|mod|meth|data|attr|obj):`~?([^`]+)`")
INLINE = re.compile(r":math:`([^`]+)`")
DISPLAY = re.compile(r"^( *)\.\. math::(.*\n?(?:\s*\n)?(?:^\1 +\S.*\n?)*)", re.MULTILINE)
EXAMPLE = re.compile(r"(?:^[ ]*>>>.*\n?(?:^(?!\s*$).*\n?)*)+", re.MULTILINE)


def prose(text: str) -> str:
    """Return words of a docstring as Markdown that shows them as they are: ``code`` stays code,
    addresses become links, every other sign stands for itself."""
    pieces = re.split(r"(``[^`]+``|https://[^\s)>\"'`]+[^\s)>\"'`.,;:])", text)
    return "".join(
        piece
        if piece.startswith("``") and piece.endswith("``") and len(piece) > 4
        else f"<{piece}>"
        if piece.startswith("https://")
        else re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", piece)
        for piece in pieces
    )


def cell(text: str) -> str:
    """Return ``text`` as code in a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown of cells that are Markdown."""
    heads = list(heads)
    return "\n".join(
        f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *map(list, lines))
    )


def blocks(text: str) -> str:
    """Return text of a docstring as Markdown: paragraphs, and indented lines as they stand."""
    parts = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        for indented, lines in _runs(part):
            body = textwrap.dedent("\n".join(lines))
            parts.append(f"```text\n{body}\n```" if indented else prose(" ".join(lines)))
    return "\n\n".join(parts)


def _runs(part: str) -> list[tuple[bool, list[str]]]:
    """The lines of a paragraph, divided where indentation begins or ends."""
    runs: list[tuple[bool, list[str]]] = []
    for line in part.splitlines():
        indented = line.startswith(" ")
        if not runs or runs[-1][0] != indented:
            runs.append((indented, []))
        runs[-1][1].append(line)
    return runs


def as_markdown(text: str, level: int = 1) -> str:
    """Return what ``bench show NAME`` prints of a method, study or dataset, as Markdown of the same
    words: a line with indented text right below it is a title."""
    title, _, body = text.partition("\n")
    name, _, summary = title.partition(": ")
    parts = [f"{'#' * level} {name}", prose(summary[:1].upper() + summary[1:] + ".")]
    for heading, inner in _sections(body):
        if heading:
            parts.append(f"{'#' * (level + 1)} {prose(heading)}")
        parts.append(_shape(heading, inner)(textwrap.dedent(inner)))
    return "\n\n".join(parts) + "\n"


def _shape(heading: str, text: str) -> Callable[[str], str]:
    """How the text of a section is written down."""
    if heading == "Options":
        return _options
    rows = heading == "Facts" or heading.startswith("Paper schedules")
    return _facts if rows or "\nCode digest: " in text else blocks


def _sections(text: str) -> list[tuple[str, str]]:
    """(title, text) of each section; the title is empty outside of one."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    lines = ["", *text.splitlines(), ""]
    for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
        if line[:1].strip() and not before and after.startswith("    "):
            sections.append((line, []))
        elif line[:1].strip() and (sections[-1][0] or after.startswith("Code digest: ")):
            sections.append(("", [line]))
        else:
            sections[-1][1].append(line)
    return [(title, "\n".join(body)) for title, body in sections if "".join(body).strip()]


def _options(text: str) -> str:
    """The options as a table; a line is ``name = value    what is allowed``, the lines below say
    what must hold and what it is."""
    lines: list[list[str]] = []
    for line in text.splitlines():
        option = re.fullmatch(r"(\S+) = (.*?)    (.*)", line)
        if option:
            lines.append([cell(option[1]), cell(option[2]), prose(option[3]), ""])
        elif lines and line.strip().startswith("must hold: "):
            lines[-1][2] += f" <br>{prose(line.strip())}"
        elif lines and line.startswith("    "):
            lines[-1][-1] += prose(line.strip())
    return table(("Option", "Default", "Allowed", "Meaning"), lines) if lines else blocks(text)


def _facts(text: str) -> str:
    return "\n".join(f"- {prose(line)}" for line in text.splitlines())


def mended(text: str) -> str:
    """Return a docstring in Markdown.

    >>> print(mended("A :class:`Cost`.\\n\\n>>> 1 + 1\\n2"))
    A `Cost`.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    """
    text = ROLE.sub(r"`\1`", text)
    text = INLINE.sub(lambda match: f"\\({' '.join(match[1].split())}\\)", text)
    text = DISPLAY.sub(lambda match: f"\n\\[\n{' '.join(match[2].split())}\n\\]\n\n", text)
    text = EXAMPLE.sub(lambda match: f"```pycon\n{match[0].rstrip()}\n```\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip()

"""Markdown: a pipe table as GitHub, pandoc and notebooks read it."""

from __future__ import annotations

from benchmark.reporting.render.cell_writer import ARROWS, Writer
from benchmark.reporting.tables.document import Column, Row, Table, clip

__all__ = ["escape", "render"]

_SPECIAL = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    **{character: "\\" + character for character in "\\`*_|~$"},
}


def escape(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is: no emphasis, code, tags, columns,
    mathematics or links.

    >>> escape("a|b <i> *c*")
    'a\\\\|b &lt;i&gt; \\\\*c\\\\*'
    """
    escaped = "".join(_SPECIAL.get(character, character) for character in text)
    return escaped.replace("](", "]&#40;").replace("][", "]&#91;").replace("://", ":&#47;&#47;")


class _Markdown(Writer):
    first, second, third = ("**", "**"), ("<ins>", "</ins>"), ("*", "*")

    def escape(self, text: str) -> str:
        return escape(text)


_MARKDOWN = _Markdown()


def _line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _title(column: Column) -> str:
    over = f"{clip(column.over)}: " if column.over else ""
    return escape(over + clip(column.title)) + ARROWS[column.direction]


def _row(row: Row) -> str:
    return _line([_MARKDOWN.cell(cell) for cell in row.cells])


def render(table: Table) -> str:
    """Return ``table`` as a caption, a pipe table, and one line per note."""
    lines = [escape(clip(table.caption, 2000)), ""]
    lines += [
        _line(list(map(_title, table.columns))),
        _line(["---" if column.align == "left" else "---:" for column in table.columns]),
    ]
    lines += map(_row, table.rows)
    for note in table.notes:
        lines += ["", f"{note.mark} {escape(clip(note.text, 2000))}".strip()]
    return "\n".join(lines) + "\n"

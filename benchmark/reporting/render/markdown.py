"""Markdown: a pipe table as GitHub, pandoc and notebooks read it."""

from __future__ import annotations

from benchmark.reporting.tables.document import Cell, Column, Row, Table, clip

__all__ = ["escape", "render"]

_SPECIAL = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    **{character: "\\" + character for character in "\\`*_|~$"},
}

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def escape(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is: no emphasis, code, tags, columns,
    mathematics or links.

    >>> escape("a|b <i> *c*")
    'a\\\\|b &lt;i&gt; \\\\*c\\\\*'
    """
    escaped = "".join(_SPECIAL.get(character, character) for character in text)
    return escaped.replace("](", "]&#40;").replace("][", "]&#91;").replace("://", ":&#47;&#47;")


def _number(cell: Cell) -> str:
    number = cell.number
    assert number is not None
    value = f"**{number.value}**" if cell.best else number.value
    text = value if number.half_width is None else f"{value} ± {number.half_width}"
    if number.exponent:
        text = (
            f"({text})" if number.half_width is not None else text
        ) + f" × 10{str(number.exponent).translate(_SUPERSCRIPT)}"
    return text


def _emphasised(cell: Cell) -> str:
    before, after = (
        ("**", "**")
        if cell.best
        else {2: ("<ins>", "</ins>"), 3: ("*", "*")}.get(cell.place, ("", ""))
    )
    return before + escape(cell.shown) + after


def _cell(cell: Cell) -> str:
    text = _emphasised(cell) if cell.estimate is None else _number(cell)
    return text + "".join(cell.marks) + (f" ({escape(clip(cell.note))})" if cell.note else "")


def _line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _title(column: Column) -> str:
    over = f"{clip(column.over)}: " if column.over else ""
    return (
        escape(over + clip(column.title)) + {"min": " ↓", "max": " ↑", "none": ""}[column.direction]
    )


def _row(row: Row) -> str:
    return _line([_cell(cell) for cell in row.cells])


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

"""HTML: one self-contained ``<table>`` with a few lines of CSS of its own, for light and dark
pages."""

from __future__ import annotations

import html
import re

from benchmark.reporting.render.cell_writer import ARROWS, Writer
from benchmark.reporting.tables.document import Cell, Column, Row, Table, clip, spans

__all__ = ["content", "heading", "mark", "render"]

_STYLE = """\
.bench-table { --line: #8884; --faint: #666; border-collapse: collapse; \
font: 14px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
.bench-table caption { text-align: left; padding: .4em .7em }
.bench-table th, .bench-table td { padding: .25em .7em; text-align: left; white-space: nowrap }
.bench-table .right { text-align: right }
.bench-table .wide { white-space: normal; min-width: 22em }
.bench-table .over { text-align: center }
.bench-table thead { border-block: 2px solid currentColor }
.bench-table tbody { border-bottom: 1px solid var(--line) }
.bench-table tbody tr:hover { background: #8882 }
.bench-table tfoot { border-top: 2px solid currentColor }
.bench-table tfoot td { white-space: normal; color: var(--faint); font-size: 12px }
@media (prefers-color-scheme: dark) { .bench-table { --faint: #aaa } }"""


def escape(text: str, limit: int = 64) -> str:
    """Return ``text`` on one line with its tags, quotes and ampersands harmless."""
    return html.escape(clip(text, limit), quote=True)


class _Html(Writer):
    """Powers and marks are raised."""

    first, second, third = ("<b>", "</b>"), ("<u>", "</u>"), ("<i>", "</i>")

    def escape(self, text: str) -> str:
        return html.escape(text, quote=True)

    def sign(self, sign: str) -> str:
        return mark(sign)

    def power(self, exponent: int) -> str:
        return f" × 10<sup>{exponent}</sup>"


_HTML = _Html()


def mark(sign: str) -> str:
    """Return the sign that points at a note, raised; nothing for none."""
    return f"<sup>{escape(sign)}</sup>" if sign else ""


def content(cell: Cell) -> str:
    """Return what stands in a cell: its number or text, the signs of its notes, its remark in
    brackets."""
    return _HTML.cell(cell)


def _cell(cell: Cell, column: Column) -> str:
    return f"<td{_right(column)}>{content(cell)}</td>"


def _right(column: Column) -> str:
    if column.wide:
        return ' class="wide"'
    return ' class="right"' if column.align == "right" else ""


def heading(column: Column) -> str:
    """Return what stands above a column, with an arrow towards what is better."""
    text = re.sub(r"L\*(\d+)", r"L*<sub>\1</sub>", escape(column.title))
    return text + ARROWS[column.direction]


def _title(column: Column) -> str:
    return f'<th scope="col"{_right(column)}>{heading(column)}</th>'


def _row(row: Row, columns: tuple[Column, ...]) -> str:
    cells = "".join(_cell(cell, column) for cell, column in zip(row.cells, columns, strict=True))
    title = f' title="{escape(" ".join(row.keys), 4000)}"' if row.keys else ""
    return f"<tr{title}>{cells}</tr>"


def render(table: Table) -> str:
    """Return ``table`` as a fragment that any page can hold; the run keys of a row are its
    tooltip."""
    over = "".join(
        f'<th class="over" colspan="{count}">{escape(text)}</th>'
        for text, count in spans(table.columns)
    )
    head = "".join(map(_title, table.columns))
    bodies = [
        "<tbody>\n" + "\n".join(_row(row, table.columns) for row in group) + "\n</tbody>"
        for group in table.groups
    ]
    whole = f'<td colspan="{len(table.columns)}">'
    notes = [
        f"<tr>{whole}{mark(note.mark)}{escape(note.text, 2000)}</td></tr>" for note in table.notes
    ]
    lines = ['<table class="bench-table">', f"<caption>{escape(table.caption, 2000)}</caption>"]
    lines.append("<thead>")
    if over:
        lines.append(f"<tr>{over}</tr>")
    lines += [f"<tr>{head}</tr>", "</thead>", *bodies]
    if notes:
        lines += ["<tfoot>", *notes, "</tfoot>"]
    lines += ["</table>", "<style>", _STYLE, "</style>"]
    return "\n".join(lines) + "\n"

r"""LaTeX: a ``table`` float in the booktabs style. Pure ASCII, so any engine reads it; needs
``\usepackage{booktabs}`` and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from benchmark.reporting.render.cell_writer import Writer
from benchmark.reporting.tables.document import Cell, Column, Note, Row, Table, clip, spans

__all__ = ["comment", "escape", "number", "render"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{`}",
    "$": r"$\$$",  # in mathematics, where no text companion font is needed
    **{character: "\\" + character for character in "#%&_{}"},
    "±": r"$\pm$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": "$-$",
    "½": r"$\frac12$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
    "†": r"$\dagger$",
    "‡": r"$\ddagger$",
    "§": r"$\S$",
    "¶": r"$\P$",
    "‖": r"$\|$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "ß": r"\ss{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
}

_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0308": '"',
    "\u030a": "r",
    "\u030c": "v",
    "\u0327": "c",
}


def escape(text: str) -> str:
    r"""Return ``text`` so that LaTeX prints it: specials by name, accents by command, any other
    sign by its code point, ``[U+4E2D]``.

    >>> escape("50% of r_vae & é")
    "50\\% of r\\_vae \\& \\'{e}"
    """
    return "".join(map(_character, unicodedata.normalize("NFC", text)))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character if character.isprintable() else " "
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[1] in _ACCENTS:
        return f"\\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return f"[U+{ord(character):04X}]"


def _prose(text: str) -> str:
    """Return one line of text; L* and L*90 stand as mathematics, words between backticks, which are
    to be typed, in a typewriter face."""
    parts = clip(text, 2000).split("`")
    if len(parts) % 2 == 0:  # one without its partner is a sign like others
        parts = ["`".join(parts)]
    written = [
        rf"\texttt{{{escape(part)}}}" if number % 2 else _mathematics(escape(part))
        for number, part in enumerate(parts)
    ]
    return "".join(written)


def _mathematics(text: str) -> str:
    """Return escaped ``text`` with L* and L*90 as mathematics."""
    indexed = re.sub(r"L\*(\d+)", r"$L^*_{\1}$", text)
    return indexed.replace("L*", "$L^*$")


class _Latex(Writer):
    """Numbers are mathematics between dollars, marks are raised."""

    first, second, third = (r"\textbf{", "}"), (r"\underline{", "}"), (r"\textit{", "}")
    plus_minus = r" \pm "

    def escape(self, text: str) -> str:
        return escape(text)

    def words(self, cell: Cell) -> str:
        return _prose(cell.clipped) if cell.long else escape(cell.clipped)

    def sign(self, sign: str) -> str:
        return rf"\textsuperscript{{{escape(sign)}}}" if sign else ""

    def value(self, text: str, *, best: bool) -> str:
        plain = text.replace("–", r"\mbox{--}")
        return rf"\mathbf{{{plain}}}" if best else plain

    def power(self, exponent: int) -> str:
        return rf" \times 10^{{{exponent}}}"

    def number(self, cell: Cell) -> str:
        return f"${super().number(cell)}$"


_LATEX = _Latex()


def number(cell: Cell) -> str:
    """Return the estimate of a cell as mathematics, without the dollars."""
    return _LATEX.number(cell).strip("$")


def _note(note: Note) -> str:
    return rf"\par\smallskip{{\footnotesize {_LATEX.sign(note.mark)}{_prose(note.text)}\par}}"


def _row(row: Row) -> str:
    text = " & ".join(map(_LATEX.cell, row.cells)) + r" \\"
    # LaTeX takes a '[' or '*' at the start of a row for an argument of the line break before it; an
    # empty group stands between.
    return "{}" + text if text.startswith(("[", "*")) else text


def _title(column: Column) -> str:
    arrow = {"min": r" $\downarrow$", "max": r" $\uparrow$", "none": ""}[column.direction]
    return _prose(clip(column.title)) + arrow


def _align(table: Table) -> str:
    wide = sum(column.wide for column in table.columns)
    paragraph = rf"p{{{0.62 / max(wide, 1):.2f}\textwidth}}"
    letters = {"left": "l", "right": "r"}
    return "".join(paragraph if column.wide else letters[column.align] for column in table.columns)


def _spans(columns: Sequence[Column]) -> list[str]:
    """The line of shared headings, and the rules below them."""
    over = spans(columns)
    if not over:
        return []
    heads: list[str] = []
    rules: list[str] = []
    first = 1
    for text, count in over:
        if text:
            heads.append(rf"\multicolumn{{{count}}}{{c}}{{{_prose(clip(text))}}}")
            rules.append(rf"\cmidrule(lr){{{first}-{first + count - 1}}}")
        else:
            heads.append(" & ".join([""] * count))
        first += count
    return [" & ".join(heads) + r" \\", " ".join(rules)]


def comment(line: str) -> str:
    """Return ``line`` as a comment of one line, in ASCII that can be seen."""
    seen = "".join(character if character.isprintable() else " " for character in line)
    return "% " + " ".join(seen.encode("ascii", "backslashreplace").decode().split())


def render(table: Table) -> str:
    """Return ``table`` as a float; its provenance stands above it in comments."""
    groups = "\n\\midrule\n".join("\n".join(map(_row, group)) for group in table.groups)
    lines = [
        *map(comment, (f"{table.name}: needs \\usepackage{{booktabs}}", *table.provenance)),
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3.5pt}",
        rf"\caption{{{_prose(table.caption)}}}",
        rf"\begin{{tabular}}{{{_align(table)}}}",
        r"\toprule",
        *_spans(table.columns),
        " & ".join(map(_title, table.columns)) + r" \\",
        r"\midrule",
        groups,
        r"\bottomrule",
        r"\end{tabular}",
        *map(_note, table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"

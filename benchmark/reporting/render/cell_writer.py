"""What formats that show emphasis have in common: how the content of a cell is put together. A
format says how it sets six things: text, the three places of a column, a sign, and a number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from benchmark.reporting.tables.document import Cell, clip

__all__ = ["ARROWS", "SUPERSCRIPT", "Writer"]

ARROWS: Mapping[str, str] = {"min": " ↓", "max": " ↑", "none": ""}
"""Behind the title of a column, towards what is better."""

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Writer(ABC):
    """Writes cells. ``first``, ``second`` and ``third`` are what stands before and after the text
    of a cell of that place, ``plus_minus`` stands between a value and its half width."""

    first = second = third = ("", "")
    plus_minus = " ± "

    @abstractmethod
    def escape(self, text: str) -> str:
        """Return ``text`` so that the format shows it as it is."""

    def sign(self, sign: str) -> str:
        """Return the sign that points at a note; nothing for none."""
        return sign

    def value(self, text: str, *, best: bool) -> str:
        """Return the digits of an estimate."""
        return _between(self.first, text) if best else text

    def power(self, exponent: int) -> str:
        """Return what stands behind a number that is to be taken times a power of ten."""
        return f" × 10{str(exponent).translate(SUPERSCRIPT)}"

    def words(self, cell: Cell) -> str:
        """Return the text of a cell that holds no number."""
        return self.escape(cell.clipped)

    def number(self, cell: Cell) -> str:
        """Return the estimate of a cell: value, half width, power of ten."""
        number = cell.number
        assert number is not None
        text = self.value(number.value, best=cell.best)
        if number.half_width is not None:
            text += self.plus_minus + number.half_width
        if not number.exponent:
            return text
        base = text if number.half_width is None else f"({text})"
        return base + self.power(number.exponent)

    def emphasised(self, cell: Cell) -> str:
        """Return the text of a cell, set by its place in the column."""
        if cell.best:
            return _between(self.first, self.words(cell))
        places = {2: self.second, 3: self.third}
        return _between(places.get(cell.rank, ("", "")), self.words(cell))

    def cell(self, cell: Cell) -> str:
        """Return what stands in a cell: its number or text, the signs of its notes, its remark in
        brackets."""
        text = self.emphasised(cell) if cell.estimate is None else self.number(cell)
        note = f" ({self.escape(clip(cell.note))})" if cell.note else ""
        return text + "".join(map(self.sign, cell.marks)) + note


def _between(ends: tuple[str, str], text: str) -> str:
    before, after = ends
    return before + text + after
